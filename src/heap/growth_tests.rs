//! The rule on sites whose truth is known.

use proptest::prelude::*;

use super::growth::{Judged, Window, judge, slope};
use super::merged::Use;
use crate::domain::site::{Amount, SiteState};

fn exact(live: &[u64], allocated: &[u64]) -> Vec<Use> {
    live.iter()
        .zip(allocated)
        .map(|(&live, &allocated)| Use {
            live: Amount { bytes: live, blocks: live / 64 },
            allocated: Amount { bytes: allocated, blocks: allocated / 64 },
            variance: 0.0,
        })
        .collect()
}

fn axis(count: usize) -> Vec<f64> {
    (0..count).map(|at| at as f64).collect()
}

fn judged(live: &[u64]) -> Judged {
    let allocated: Vec<u64> = (1..).map(|at| at * 100_000_000).take(live.len()).collect();
    judge(&Window { x: &axis(live.len()), uses: &exact(live, &allocated), asked: 20 })
}

fn state(live: &[u64]) -> SiteState {
    judged(live).state
}

#[test]
fn a_leak_grows_by_as_much_again_in_the_second_half() {
    let leak = judged(&[200_000, 400_000, 600_000]);
    assert_eq!(leak.state, SiteState::Growing);
    assert!((leak.doubling.unwrap() - 2.0).abs() < 1e-9);
    assert_eq!(state(&[0, 1_000, 2_010, 2_990, 4_020]), SiteState::Growing);
    // Small among large: what it held before says nothing.
    assert_eq!(state(&[90_000_000, 90_001_024, 90_002_048, 90_003_072]), SiteState::Growing);
}

#[test]
fn a_cache_that_turns_over_or_fills_is_no_leak() {
    // The measured one: 4.06 MB, and 4.10 MB in a window twice as long.
    assert_eq!(state(&[4_060_000, 4_030_000, 4_060_000]), SiteState::TurningOver);
    assert_ne!(state(&[4_060_000, 4_100_000, 4_080_000, 4_110_000]), SiteState::Growing);
    assert_eq!(state(&[0, 4_000_000, 4_000_000, 4_000_000, 4_000_000]), SiteState::Filled);
    assert_eq!(state(&[0, 3_000_000, 3_600_000, 3_610_000, 3_605_000]), SiteState::Filled);
    assert_eq!(state(&[0, 400, 640, 784, 870, 922]), SiteState::Undecided);
}

#[test]
fn a_few_blocks_more_are_no_leak_yet_and_a_buffer_that_grows_is_one() {
    let few = judged(&[64, 192, 320]);
    assert_eq!(few.state, SiteState::Undecided);
    assert!(few.reason.starts_with("4 blocks more may be chance"), "{}", few.reason);
    let buffer = |bytes| Use { live: Amount { bytes, blocks: 1 }, variance: 0.0, ..Use::default() };
    let uses = [10_000, 20_000, 30_000, 40_000].map(buffer);
    assert_eq!(judge(&Window { x: &axis(4), uses: &uses, asked: 20 }).state, SiteState::Growing);
}

#[test]
fn a_leak_behind_a_start_up_is_seen() {
    let judged = judged(&[0, 5_000_000, 5_100_000, 5_200_000, 5_300_000, 5_400_000]);
    assert_eq!(judged.state, SiteState::Growing, "{judged:?}");
    assert!(judged.reason.contains("since snapshot 2"), "{}", judged.reason);
}

#[test]
fn two_snapshots_only_say_that_it_grew() {
    let judged = judged(&[100, 200_000]);
    assert_eq!((judged.state, judged.doubling), (SiteState::Grew, None));
    assert!(judged.reason.contains("two snapshots"));
    assert_eq!(state(&[7]), SiteState::Undecided);
}

#[test]
fn a_table_that_doubles_is_undecided_until_it_went_on() {
    let uses: Vec<Use> =
        [1, 1, 2, 2, 4].map(|size: u64| Use { live: Amount { bytes: size << 20, blocks: 1 }, ..Use::default() }).into();
    let judged = judge(&Window { x: &axis(5), uses: &uses, asked: 1 });
    assert_eq!(judged.state, SiteState::Undecided);
    assert!(judged.reason.contains("become larger"), "{}", judged.reason);
}

#[test]
fn what_falls_or_stays_is_said_so() {
    assert_eq!(state(&[5_000_000, 3_000_000, 1_000_000]), SiteState::Shrank);
    let uses = exact(&[5_000, 5_000, 5_000], &[5_000, 5_000, 5_000]);
    assert_eq!(judge(&Window { x: &axis(3), uses: &uses, asked: 1 }).state, SiteState::Steady);
}

#[test]
fn uneven_times_are_weighed() {
    // The last window is four times as long and holds four times the growth.
    let uses = exact(&[0, 100, 200, 600], &[0, 100, 200, 600]);
    assert_eq!(judge(&Window { x: &[0.0, 1.0, 2.0, 6.0], uses: &uses, asked: 5 }).state, SiteState::Growing);
    // As many snapshots, evenly read, would have hidden that it stopped.
    let uses = exact(&[0, 400, 420, 430], &[0, 400, 420, 430]);
    assert_ne!(judge(&Window { x: &[0.0, 1.0, 5.0, 9.0], uses: &uses, asked: 5 }).state, SiteState::Growing);
}

/// What sampling at a mean of 512 KiB sees of 4 KiB blocks.
fn sampled(live: &[u64], seen: f64) -> Vec<Use> {
    live.iter()
        .map(|&bytes| Use {
            live: Amount { bytes, blocks: bytes / 4096 },
            allocated: Amount::default(),
            variance: (bytes as f64).powi(2) / seen,
        })
        .collect()
}

#[test]
fn growth_within_the_error_of_sampling_is_not_called_growth() {
    let live = [1_000_000, 1_200_000, 1_500_000];
    assert_eq!(judge(&Window { x: &axis(3), uses: &sampled(&live, 4.0), asked: 10 }).state, SiteState::Undecided);
    assert_eq!(judge(&Window { x: &axis(3), uses: &sampled(&live, 4000.0), asked: 10 }).state, SiteState::Growing);
}

#[test]
fn a_rate_has_an_interval_that_holds_the_truth() {
    let uses = exact(&[0, 1_010, 1_990, 3_005, 4_000], &[0; 5]);
    let rate = slope(&Window { x: &axis(5), uses: &uses, asked: 1 }, 0, 0.95).unwrap();
    assert!(rate.low < 1_000.0 && 1_000.0 < rate.high && rate.high - rate.low < 60.0, "{rate:?}");
    assert!(slope(&Window { x: &[1.0, 1.0], uses: &uses, asked: 1 }, 0, 0.95).is_none());
}

#[test]
fn of_sites_that_only_waver_hardly_one_is_called_a_leak() {
    let mut random = fastrand::Rng::with_seed(6);
    let asked = 4_000;
    let called = (0..asked).filter(|_| {
        let live: Vec<u64> = (0..6).map(|_| 1_000_000 + random.u64(0..100_000)).collect();
        state(&live) == SiteState::Growing
    });
    // Asked as one of twenty that are to be right together at 95 %: at most 0.25 % of them.
    assert!(called.count() <= asked / 400);
}

proptest! {
    #[test]
    fn nothing_that_can_be_read_panics(
        live in prop::collection::vec(any::<u64>(), 0..7),
        x in prop::collection::vec(-1e300_f64..1e300, 0..7),
        variance in prop::collection::vec(0.0_f64..1e300, 0..7),
    ) {
        let uses: Vec<Use> = live.iter().zip(&variance)
            .map(|(&bytes, &variance)| Use { live: Amount { bytes, blocks: 1 }, allocated: Amount::default(), variance })
            .collect();
        let _ = judge(&Window { x: &x, uses: &uses, asked: 3 });
    }

    #[test]
    fn a_straight_line_of_any_slope_and_base_is_a_leak(
        base in 0_u64..1_000_000_000, step in 64_u64..1_000_000, count in 3_usize..9,
    ) {
        let live: Vec<u64> = (0..count as u64).map(|at| base + at * step).collect();
        prop_assert_eq!(state(&live), SiteState::Growing);
    }
}
