//! What was asked of the target when: each kind of request, counted at the edges of the traffic's windows.

use crate::domain::attribution::RequestKind;
use crate::domain::traffic::Window;

/// Edges nearer to each other than this are one: the same instant, written twice.
const SAME_S: f64 = 1e-6;

/// One kind of request.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    pub(super) kind: RequestKind,
    /// Requests since the start at each edge.
    pub(super) so_far: Vec<f64>,
}

/// All kinds that were sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    /// Where windows began or ended, in seconds since the start, ascending.
    pub(super) edges: Vec<f64>,
    pub(super) kinds: Vec<Kind>,
}

impl Counts {
    /// The kinds of these windows, in the order in which they first came.
    pub(super) fn new(windows: &[Window]) -> Self {
        let is_sound = |window: &&Window| window.from_s.is_finite() && window.to_s > window.from_s;
        let steps = windows.iter().filter(is_sound).filter_map(|window| Some((window, window.step.as_ref()?)));
        let mut edges: Vec<f64> = steps.clone().flat_map(|(window, _)| [window.from_s, window.to_s]).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup_by(|later, earlier| *later - *earlier < SAME_S);
        let mut counts = Self { edges, kinds: Vec::new() };
        for (window, step) in steps {
            let place = counts.place(&window.class, step);
            counts.add(place, window);
        }
        for kind in &mut counts.kinds {
            let mut sum = 0.0;
            for count in &mut kind.so_far {
                sum += *count;
                *count = sum;
            }
        }
        counts
    }

    fn place(&mut self, class: &str, step: &str) -> usize {
        let known = self.kinds.iter().position(|kind| kind.kind.class == class && kind.kind.step == step);
        known.unwrap_or_else(|| {
            let kind = RequestKind { class: class.to_owned(), step: step.to_owned() };
            self.kinds.push(Kind { kind, so_far: vec![0.0; self.edges.len()] });
            self.kinds.len() - 1
        })
    }

    /// Adds a window's requests evenly to the edges that it reaches.
    fn add(&mut self, place: usize, window: &Window) {
        let edge = |at: f64| self.edges.partition_point(|edge| *edge < at - SAME_S);
        let (first, last) = (edge(window.from_s), edge(window.to_s));
        let length = self.edges[last] - self.edges[first];
        for at in first + 1..=last {
            let share = (self.edges[at] - self.edges[at - 1]) / length;
            self.kinds[place].so_far[at] += window.requests as f64 * share;
        }
    }

    /// A count at this instant, by straight lines between the edges.
    pub(super) fn at(&self, so_far: &[f64], time: f64) -> f64 {
        let next = self.edges.partition_point(|edge| *edge < time);
        match (next.checked_sub(1), self.edges.get(next)) {
            (Some(before), Some(after)) => {
                let part = (time - self.edges[before]) / (after - self.edges[before]);
                so_far[before] + part * (so_far[next] - so_far[before])
            }
            (Some(before), None) => so_far[before],
            (None, _) => 0.0,
        }
    }

    /// Requests per second at this instant.
    pub(super) fn pace(&self, so_far: &[f64], time: f64) -> f64 {
        let next = self.edges.partition_point(|edge| *edge < time);
        match next.checked_sub(1) {
            Some(before) if next < self.edges.len() => {
                (so_far[next] - so_far[before]) / (self.edges[next] - self.edges[before])
            }
            _ => 0.0,
        }
    }

    /// The edges from one instant to another, where at least two lie there.
    pub(super) fn within(&self, from_s: f64, to_s: f64) -> std::ops::Range<usize> {
        let first = self.edges.partition_point(|edge| *edge < from_s - SAME_S);
        let end = self.edges.partition_point(|edge| *edge <= to_s + SAME_S);
        first..end.max(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(step: &str, from_s: f64, to_s: f64, requests: u64) -> Window {
        let step = Some(step.to_owned());
        Window { from_s, to_s, class: "normal".into(), step, requests, ..Window::default() }
    }

    #[test]
    fn counts_rise_along_lines_within_a_window_and_rest_where_nothing_came() {
        let windows = [window("a", 0.0, 10.0, 20), window("b", 0.0, 10.0, 5), window("a", 20.0, 30.0, 10)];
        let counts = Counts::new(&windows);
        let a = &counts.kinds[0].so_far;
        let seen: Vec<f64> = [0.0, 5.0, 10.0, 15.0, 25.0, 40.0].map(|at| counts.at(a, at)).into();
        assert_eq!(seen, [0.0, 10.0, 20.0, 20.0, 25.0, 30.0]);
        let paces: Vec<f64> = [5.0, 15.0, 25.0, 31.0].map(|at| counts.pace(a, at)).into();
        assert_eq!(paces, [2.0, 0.0, 1.0, 0.0]);
        assert_eq!((counts.kinds[1].kind.step.as_str(), counts.within(5.0, 25.0)), ("b", 1..3));
    }

    #[test]
    fn windows_of_whole_turns_and_broken_ones_count_nothing() {
        let turns = Window { step: None, ..window("", 0.0, 10.0, 9) };
        let broken = [f64::NAN, 10.0, 11.0].map(|from_s| window("a", from_s, 10.0, 9));
        let counts = Counts::new(&[vec![turns], broken.to_vec()].concat());
        assert!(counts.kinds.is_empty() && counts.edges.is_empty());
        assert!(counts.within(0.0, 10.0).is_empty());
    }
}
