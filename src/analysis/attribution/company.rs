//! Which kinds of request came together, and which came at an even pace: neither can be told apart, from each other or from
//! time itself.

use crate::domain::attribution::RequestKind;

use super::counts::{Counts, Kind};

/// Two kinds whose paces resemble each other so much (the correlation over the windows) came together: what is left is a
/// request here and there that began in one window and ended in the next.
const TOGETHER: f64 = 0.95;
/// A pace that varies by less than this share of itself is even: a straggler at a window's edge varies it as much.
const EVEN: f64 = 0.02;
/// A pace that varies by this share of itself and more was varied on purpose: a kind that comes or does not come, half of
/// the time each, varies by 1. What varies by chance alone, as independent users do, tells kinds apart as well, but hardly
/// what is kept from what is held for a minute.
const VARIED: f64 = 0.5;

/// One kind of request, or several that always came together.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// In words.
    pub(super) name: String,
    pub(super) kinds: Vec<RequestKind>,
    /// Requests of all its kinds since the start, at each edge.
    pub(super) so_far: Vec<f64>,
    /// How often it came between the edges that are looked at: the count of its rarest kind.
    pub(super) count: f64,
    /// Requests of all its kinds for one of the rarest.
    pub(super) each: f64,
    /// The pace's deviation as a share of the pace.
    pub(super) variation: f64,
}

/// The kinds of a stretch of the run.
#[derive(Clone, Debug, Default)]
pub(super) struct Company {
    /// Those that can be told from time.
    pub(super) groups: Vec<Group>,
    /// The names of those that came at an even pace.
    pub(super) even: Vec<String>,
    /// Kinds that came at all.
    pub(super) kinds: usize,
}

/// What a kind did over the windows of the stretch.
struct Paces<'a> {
    kind: &'a Kind,
    count: f64,
    variation: f64,
    /// The paces about their mean, weighted by the root of the window's length.
    deviations: Vec<f64>,
}

impl Company {
    /// Who came with whom between these edges.
    pub(super) fn of(counts: &Counts, edges: &std::ops::Range<usize>) -> Self {
        let came: Vec<Paces<'_>> = counts.kinds.iter().filter_map(|kind| paces(counts, kind, edges)).collect();
        let name = |kind: &RequestKind| {
            let same = came.iter().filter(|other| other.kind.kind.step == kind.step).count();
            if same > 1 { format!("{} / {}", kind.class, kind.step) } else { kind.step.clone() }
        };
        let mut company = Self { kinds: came.len(), ..Self::default() };
        let mut taken = vec![false; came.len()];
        for first in 0..came.len() {
            if taken[first] {
                continue;
            }
            if came[first].variation < EVEN {
                company.even.push(name(&came[first].kind.kind));
                continue;
            }
            let mut members = Vec::new();
            for (at, other) in came.iter().enumerate().skip(first) {
                if !taken[at] && other.variation >= EVEN && alike(&came[first], other) > TOGETHER {
                    taken[at] = true;
                    members.push(other);
                }
            }
            company.groups.push(group(&members, &name));
        }
        company
    }

    /// Whether all kinds were varied, as the scenario `blame` varies them.
    pub(super) fn is_varied(&self) -> bool {
        self.even.is_empty() && self.groups.iter().all(Group::is_varied)
    }
}

impl Group {
    /// Whether it came and went enough to be blamed.
    pub(super) fn is_varied(&self) -> bool {
        self.variation >= VARIED
    }
}

/// `None` for a kind of which fewer than two requests came.
fn paces<'a>(counts: &Counts, kind: &'a Kind, edges: &std::ops::Range<usize>) -> Option<Paces<'a>> {
    let (first, last) = (edges.start, edges.end.checked_sub(1).filter(|last| *last > edges.start)?);
    let count = kind.so_far[last] - kind.so_far[first];
    let mean = count / (counts.edges[last] - counts.edges[first]);
    if count < 2.0 {
        return None;
    }
    let deviation = |at: usize| {
        let length = counts.edges[at] - counts.edges[at - 1];
        ((kind.so_far[at] - kind.so_far[at - 1]) / length - mean) * length.sqrt()
    };
    let deviations: Vec<f64> = (first + 1..=last).map(deviation).collect();
    let squares: f64 = deviations.iter().map(|deviation| deviation * deviation).sum();
    let variation = (squares / (counts.edges[last] - counts.edges[first])).sqrt() / mean;
    Some(Paces { kind, count, variation, deviations })
}

/// The correlation of two paces.
fn alike(one: &Paces<'_>, other: &Paces<'_>) -> f64 {
    let product =
        |a: &Paces<'_>, b: &Paces<'_>| a.deviations.iter().zip(&b.deviations).map(|(a, b)| a * b).sum::<f64>();
    product(one, other) / (product(one, one) * product(other, other)).sqrt()
}

fn group(members: &[&Paces<'_>], name: &impl Fn(&RequestKind) -> String) -> Group {
    let kinds: Vec<RequestKind> = members.iter().map(|member| member.kind.kind.clone()).collect();
    let names: Vec<String> = kinds.iter().map(|kind| format!("`{}`", name(kind))).collect();
    let edges = members.first().map_or(0, |first| first.kind.so_far.len());
    let so_far = (0..edges).map(|at| members.iter().map(|member| member.kind.so_far[at]).sum()).collect();
    let name = listed(&names);
    let count = members.iter().map(|member| member.count).fold(f64::INFINITY, f64::min);
    let each = members.iter().map(|member| member.count).sum::<f64>() / count;
    let variation = members.iter().map(|member| member.variation).fold(f64::INFINITY, f64::min);
    Group { name, kinds, so_far, count, each, variation }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::traffic::Window;

    /// A class, a step, and how many of it come in each window.
    type Row = (&'static str, &'static str, fn(u64) -> u64);

    fn company(rows: &[Row]) -> Company {
        let window = |at: u64, row: &Row| Window {
            from_s: 10.0 * at as f64,
            to_s: 10.0 * (at + 1) as f64,
            class: row.0.into(),
            step: Some(row.1.into()),
            requests: row.2(at),
            ..Window::default()
        };
        let windows: Vec<Window> = (0..40).flat_map(|at| rows.iter().map(move |row| window(at, row))).collect();
        let counts = Counts::new(&windows);
        Company::of(&counts, &counts.within(0.0, 400.0))
    }

    fn names(company: &Company) -> Vec<&str> {
        company.groups.iter().map(|group| group.name.as_str()).collect()
    }

    /// A number that looks drawn.
    fn drawn(at: u64, number: u64) -> u64 {
        (at * 7919 + number * 104_729) * 31 % 97
    }

    #[test]
    fn two_steps_of_one_flow_are_one_group_even_where_a_request_ends_in_the_next_window() {
        let store = |at| drawn(at, 1);
        let fetch = |at| drawn(at, 1) + at % 2;
        let found =
            company(&[("normal", "store", store), ("normal", "fetch", fetch), ("normal", "list", |at| drawn(at, 5))]);
        assert_eq!(names(&found), ["`store` and `fetch`", "`list`"]);
        assert_eq!(found.groups[0].count.round() as u64, (0..40).map(store).sum::<u64>());
    }

    #[test]
    fn what_comes_at_an_even_pace_cannot_be_told_from_time() {
        let found = company(&[("normal", "page", |_| 200), ("normal", "add", |at| 200 * (at / 2 % 2))]);
        assert_eq!((names(&found), found.even.as_slice()), (vec!["`add`"], ["page".to_owned()].as_slice()));
        assert!(!found.is_varied() && found.kinds == 2);
    }

    #[test]
    fn a_group_is_counted_beyond_the_stretch_that_it_was_found_in() {
        let window = |at: u32| Window {
            from_s: f64::from(at),
            to_s: f64::from(at + 1),
            step: Some("a".into()),
            requests: u64::from(at % 2),
            ..Window::default()
        };
        let counts = Counts::new(&(0..30).map(window).collect::<Vec<Window>>());
        let company = Company::of(&counts, &counts.within(5.0, 20.0));
        assert!((counts.at(&company.groups[0].so_far, 30.0) - 15.0).abs() < 1e-9);
    }

    #[test]
    fn a_step_of_two_classes_is_named_with_its_class() {
        let found = company(&[("reader", "login", |at| drawn(at, 1)), ("writer", "login", |at| drawn(at, 7))]);
        assert_eq!(names(&found), ["`reader / login`", "`writer / login`"]);
    }
}
