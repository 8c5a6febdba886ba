//! Which series decide. Memory is judged as anonymous memory plus swap: the kernel takes file pages back by itself, and
//! resident pages may be shared. Where no anonymous memory was read, resident memory decides in its place.

use crate::domain::{Role, Series, SeriesSet, Unit};

/// A series as it is judged: with its role for this set, and with swap added where it counts.
#[derive(Clone, Debug)]
pub(super) struct Judged<'a> {
    /// The series as it came.
    pub(super) series: &'a Series,
    /// What its finding means in this set.
    pub(super) role: Role,
    /// The values to judge.
    pub(super) values: Vec<f64>,
}

/// The series of a set that are judged, with their roles.
pub(super) fn judged(set: &SeriesSet) -> Vec<Judged<'_>> {
    let taken = set.series.iter().filter(|series| series.role != Role::Context || series.unreadable.is_some());
    taken
        .map(|series| Judged { series, role: role_in(set, series), values: with_swap(set, series) })
        .filter(|judged| judged.role != Role::Context)
        .collect()
}

fn role_in(set: &SeriesSet, series: &Series) -> Role {
    let name = series.name.as_str();
    if let Some(prefix) = name.strip_suffix("rss_anon") {
        let stands_in = set.get(&format!("{prefix}rss")).is_some_and(has_values);
        return if has_values(series) || !stands_in { series.role } else { Role::Beside };
    }
    if let Some(prefix) = name.strip_suffix("rss") {
        let anonymous = set.get(&format!("{prefix}rss_anon")).is_some_and(has_values);
        return if anonymous { Role::Beside } else { Role::Decides };
    }
    if name.ends_with("vms") { Role::Beside } else { series.role }
}

fn has_values(series: &Series) -> bool {
    series.values.iter().any(|value| value.is_finite())
}

/// Anonymous and resident memory, or a bare column of bytes, with the swap at the same instant: a page that was swapped out is still held.
fn with_swap(set: &SeriesSet, series: &Series) -> Vec<f64> {
    let bare = (series.name == "value" && series.unit == Unit::Bytes).then_some("");
    let prefix = series.name.strip_suffix("rss_anon").or_else(|| series.name.strip_suffix("rss")).or(bare);
    let swap = prefix.and_then(|prefix| set.get(&format!("{prefix}swap")));
    // A swap that was not read at some instant is the last one read: taking it for zero would draw a fall.
    let mut last = swap.and_then(|swap| swap.values.iter().copied().find(|value| value.is_finite())).unwrap_or(0.0);
    let swapped = |at: usize| swap.and_then(|swap| swap.values.get(at)).copied().unwrap_or(f64::NAN);
    let mut total = Vec::with_capacity(series.values.len());
    for (at, value) in series.values.iter().enumerate() {
        if swapped(at).is_finite() {
            last = swapped(at);
        }
        total.push(value + last);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, role: Role, values: &[f64]) -> Series {
        Series {
            name: name.to_owned(),
            label: name.to_owned(),
            unit: Unit::Bytes,
            role,
            values: values.to_vec(),
            limit: None,
            unreadable: None,
        }
    }

    fn set(series: Vec<Series>) -> SeriesSet {
        SeriesSet { elapsed_s: vec![0.0, 1.0], series, ..SeriesSet::default() }
    }

    #[test]
    fn anonymous_memory_decides_with_its_swap_and_rss_stands_beside() {
        let set = set(vec![
            series("rss", Role::Beside, &[9.0, 9.0]),
            series("rss_anon", Role::Decides, &[1.0, 2.0]),
            series("swap", Role::Context, &[5.0, f64::NAN]),
        ]);
        let judged = judged(&set);
        assert_eq!(judged.len(), 2);
        assert_eq!(judged[0].role, Role::Beside);
        assert_eq!((judged[1].role, judged[1].values.as_slice()), (Role::Decides, [6.0, 7.0].as_slice()));
    }

    #[test]
    fn without_anonymous_memory_rss_decides() {
        let set = set(vec![
            series("rss", Role::Beside, &[9.0, 9.0]),
            series("rss_anon", Role::Decides, &[f64::NAN, f64::NAN]),
        ]);
        let judged = judged(&set);
        assert_eq!((judged[0].role, judged[1].role), (Role::Decides, Role::Beside));
    }

    #[test]
    fn virtual_memory_never_decides() {
        let set = set(vec![series("tree_vms", Role::Decides, &[1.0, 2.0])]);
        assert_eq!(judged(&set)[0].role, Role::Beside);
    }
}
