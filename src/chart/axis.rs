//! Axes of the charts: ticks on round numbers of the unit, and the words under them.
//!
//! Pure numbers and words, no pixels. Bytes get ticks on round KiB, MiB, GiB; time on round seconds, minutes, hours and
//! days; counts on whole numbers. [`value_range`] decides what a panel shows of its values, so that a series which
//! hardly moves also looks as if it hardly moves.

use crate::domain::Unit;
use crate::domain::rate;

/// One tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// Where it stands, in the axis' unit.
    pub(super) at: f64,
    /// The words beside it.
    pub(super) label: String,
}

/// One axis: what it spans and where its ticks stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Axis {
    /// The value at the left or the bottom.
    pub(super) low: f64,
    /// The value at the right or the top; above `low`.
    pub(super) high: f64,
    /// The ticks, ascending, all within the span.
    pub(super) ticks: Vec<Tick>,
}

impl Axis {
    /// Where a value stands between the ends, 0 at `low` and 1 at `high`; values outside are held at the nearer end.
    pub(super) fn share(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
}

/// The least and the greatest of some values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// The least.
    pub(super) low: f64,
    /// The greatest.
    pub(super) high: f64,
}

impl Extent {
    /// The extent of no value at all.
    pub(super) const EMPTY: Self = Self { low: f64::INFINITY, high: f64::NEG_INFINITY };

    /// Whether no value was put in.
    pub(super) fn is_empty(self) -> bool {
        self.low > self.high
    }

    /// The extent with one more value; values that are not finite change nothing.
    #[must_use]
    pub(super) fn with(self, value: f64) -> Self {
        if value.is_finite() { Self { low: self.low.min(value), high: self.high.max(value) } } else { self }
    }
}

/// The least span of a panel as a share of its greatest value: what moves by 1 % then fills a tenth of the height.
const LEAST_SHARE: f64 = 0.10;
/// A panel starts at zero where its least value lies below this share of its greatest.
const FROM_ZERO: f64 = 0.4;
/// Room above the greatest and below the least value, as a share of the span.
const PADDING: f64 = 0.05;

/// What a panel shows of values with this extent: padded, never narrower than [`LEAST_SHARE`] of the value or the unit's
/// own floor (1 MiB, 4 counts), from zero where zero is near, and never below zero for values that are not.
pub(super) fn value_range(unit: Unit, extent: Extent) -> Extent {
    if extent.is_empty() {
        return Extent { low: 0.0, high: floor_of(unit) };
    }
    let Extent { mut low, mut high } = extent;
    let not_negative = low >= 0.0;
    let few = unit == Unit::Count && high <= 12.0;
    if not_negative && (few || low <= FROM_ZERO * high) {
        low = 0.0;
    }
    let least = (LEAST_SHARE * low.abs().max(high.abs())).max(floor_of(unit));
    let missing = (least - (high - low)).max(0.0);
    let padding = PADDING * (high - low).max(least);
    high += missing / 2.0 + padding;
    if low != 0.0 {
        low -= missing / 2.0 + padding;
    }
    if not_negative && low < 0.0 {
        // What was to go below zero goes on top, so that the span stays as wide.
        high -= low;
        low = 0.0;
    }
    Extent { low, high }
}

fn floor_of(unit: Unit) -> f64 {
    match unit {
        Unit::Bytes => 1024.0 * 1024.0,
        Unit::Count => 4.0,
        Unit::Milliseconds | Unit::Number => 1.0,
    }
}

/// An axis for values: the range widened to round numbers, with at most `room` steps between ticks.
pub(super) fn value_axis(unit: Unit, range: Extent, room: usize) -> Axis {
    let Extent { low, high } = if range.is_empty() { value_range(unit, range) } else { range };
    let high = if high > low { high } else { low + floor_of(unit).max(low.abs() * f64::EPSILON * 16.0) };
    // One step less than there is room for, because widening to whole steps can add one.
    let wanted = (high - low) / (room.max(2) - 1) as f64;
    let (scale, suffix) = scale_of(unit, low.abs().max(high.abs()), wanted);
    let whole = if unit == Unit::Count && scale < 2.0 { 1.0 } else { 0.0 };
    let (step, decimals) = round_step((wanted / scale).max(whole));
    let (first, last) = ((low / scale / step).floor(), (high / scale / step).ceil());
    let tick = |index: f64| {
        let shown = index * step;
        let label =
            if shown == 0.0 { "0".to_owned() } else { format!("{}{suffix}", rate::with_decimals(shown, decimals)) };
        // 0.3 M is 300,000 and not a little less.
        let at = if unit == Unit::Count { (shown * scale).round() } else { shown * scale };
        Tick { at, label }
    };
    let steps = ((last - first).max(1.0) as usize).min(room.max(2) + 2);
    let ticks: Vec<Tick> = (0..=steps).map(|index| tick(first + index as f64)).collect();
    Axis { low: first * step * scale, high: (first + steps as f64) * step * scale, ticks }
}

/// The size of one labelled unit and its words: GiB where the greatest value reaches one, unless steps of `wanted` would
/// then need more than three decimals.
fn scale_of(unit: Unit, greatest: f64, wanted: f64) -> (f64, &'static str) {
    const BYTES: [(f64, &str); 7] = [
        (1_152_921_504_606_846_976.0, " EiB"),
        (1_125_899_906_842_624.0, " PiB"),
        (1_099_511_627_776.0, " TiB"),
        (1_073_741_824.0, " GiB"),
        (1_048_576.0, " MiB"),
        (1_024.0, " KiB"),
        (1.0, " B"),
    ];
    const PLAIN: [(f64, &str); 6] = [(1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1.0, "")];
    const TIME: [(f64, &str); 4] = [(3_600_000.0, " h"), (60_000.0, " min"), (1_000.0, " s"), (1.0, " ms")];
    let table: &[(f64, &str)] = match unit {
        Unit::Bytes => &BYTES,
        Unit::Count | Unit::Number => &PLAIN,
        Unit::Milliseconds => &TIME,
    };
    let fits = |&&(scale, _): &&(f64, &str)| greatest >= scale && wanted / scale >= 0.001;
    table.iter().find(fits).or(table.last()).copied().unwrap_or((1.0, ""))
}

/// The least of 1, 2, 5, 10, 20, 50 ... (and 0.1, 0.2, 0.5 ...) that reaches `wanted`, and its decimals.
fn round_step(wanted: f64) -> (f64, usize) {
    let wanted = if wanted.is_finite() && wanted > 0.0 { wanted } else { 1.0 };
    let mut power = wanted.log10().floor() as i32;
    loop {
        for digit in [1.0, 2.0, 5.0] {
            let step = digit * 10_f64.powi(power);
            // The tolerance takes 0.1 + 0.2 as 0.3.
            if step >= wanted * (1.0 - 1e-9) {
                return (step, usize::try_from(-power).unwrap_or(0));
            }
        }
        power += 1;
    }
}

const MINUTE: f64 = 60.0;
const HOUR: f64 = 3_600.0;
const DAY: f64 = 86_400.0;

/// The steps between ticks of time, in seconds, from a millisecond to a year.
const TIME_STEPS: [f64; 35] = [
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1.0,
    2.0,
    5.0,
    10.0,
    15.0,
    30.0,
    MINUTE,
    2.0 * MINUTE,
    5.0 * MINUTE,
    10.0 * MINUTE,
    15.0 * MINUTE,
    30.0 * MINUTE,
    HOUR,
    2.0 * HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY,
    2.0 * DAY,
    5.0 * DAY,
    7.0 * DAY,
    14.0 * DAY,
    28.0 * DAY,
    56.0 * DAY,
    182.0 * DAY,
    364.0 * DAY,
];

/// An axis for time in seconds from `low` to `high`, which it keeps, with at most `room` steps between ticks.
pub(super) fn time_axis(low: f64, high: f64, room: usize) -> Axis {
    let low = if low.is_finite() { low } else { 0.0 };
    let high = if high.is_finite() && high > low { high } else { low + 1.0 };
    let wanted = (high - low) / room.max(1) as f64;
    let step = TIME_STEPS.into_iter().find(|&step| step >= wanted).unwrap_or_else(|| round_step(wanted / DAY).0 * DAY);
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    let count = ((last - first).max(-1.0) + 1.0) as usize;
    let tick = |index: usize| {
        let at = (first + index as f64) * step;
        Tick { at: at.clamp(low, high), label: time_label(at, step, high) }
    };
    Axis { low, high, ticks: (0..count.min(room + 2)).map(tick).collect() }
}

fn time_label(at: f64, step: f64, high: f64) -> String {
    if at.abs() < step / 2.0 {
        return "0".to_owned();
    }
    if step < 1.0 {
        let decimals = (-step.log10()).ceil().max(0.0) as usize;
        return format!("{at:.decimals$} s");
    }
    let (small, large, ratio) = if step < MINUTE {
        ("s", "min", MINUTE)
    } else if step < HOUR {
        ("min", "h", HOUR)
    } else {
        ("h", "d", DAY)
    };
    let unit = match small {
        "s" => 1.0,
        "min" => MINUTE,
        _ => HOUR,
    };
    let sign = if at < 0.0 { "-" } else { "" };
    let at = at.abs();
    // Up to three days the hours are counted through, as one does of an overnight run.
    let whole = if small == "h" && high <= 3.0 * DAY { 0.0 } else { (at / ratio + 1e-9).floor() };
    let rest = ((at - whole * ratio) / unit).round();
    match (whole > 0.0, rest > 0.0) {
        (true, true) => format!("{sign}{whole:.0} {large} {rest:.0} {small}"),
        (true, false) => format!("{sign}{whole:.0} {large}"),
        (false, _) => format!("{sign}{rest:.0} {small}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MIB: f64 = 1_048_576.0;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    fn values(unit: Unit, low: f64, high: f64) -> Axis {
        value_axis(unit, Extent { low, high }, 6)
    }

    #[test]
    fn bytes_get_round_iec_sizes() {
        assert_eq!(
            labels(&values(Unit::Bytes, 0.0, 95.0 * MIB)),
            ["0", "20 MiB", "40 MiB", "60 MiB", "80 MiB", "100 MiB"]
        );
        let gib = labels(&values(Unit::Bytes, 1.1 * 1024.0 * MIB, 1.4 * 1024.0 * MIB)).join(" ");
        assert_eq!(gib, "1.1 GiB 1.2 GiB 1.3 GiB 1.4 GiB");
        assert_eq!(labels(&values(Unit::Bytes, 0.0, 3_000.0)), ["0", "1 KiB", "2 KiB", "3 KiB"]);
    }

    #[test]
    fn counts_get_whole_numbers() {
        assert_eq!(labels(&values(Unit::Count, 0.0, 3.0)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&values(Unit::Count, 0.0, 8_200.0)), ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]);
        assert_eq!(labels(&values(Unit::Count, 0.0, 9.3e18)), ["0", "2 E", "4 E", "6 E", "8 E", "10 E"]);
    }

    #[test]
    fn durations_get_units_of_time() {
        assert_eq!(
            labels(&values(Unit::Milliseconds, 0.0, 4.2)),
            ["0 ms", "1 ms", "2 ms", "3 ms", "4 ms", "5 ms"].map(zero)
        );
        assert_eq!(labels(&values(Unit::Milliseconds, 0.0, 2_600.0)), ["0", "1 s", "2 s", "3 s"]);
    }

    fn zero(label: &str) -> &str {
        label.strip_prefix("0 ").map_or(label, |_| "0")
    }

    #[test]
    fn time_gets_round_times_of_every_length() {
        let of = |seconds: f64| time_axis(0.0, seconds, 6).ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>();
        assert_eq!(of(2.0), ["0", "0.5 s", "1.0 s", "1.5 s", "2.0 s"]);
        assert_eq!(of(60.0), ["0", "10 s", "20 s", "30 s", "40 s", "50 s", "1 min"]);
        assert_eq!(of(150.0), ["0", "30 s", "1 min", "1 min 30 s", "2 min", "2 min 30 s"]);
        assert_eq!(of(5_400.0), ["0", "15 min", "30 min", "45 min", "1 h", "1 h 15 min", "1 h 30 min"]);
        assert_eq!(of(43_200.0), ["0", "2 h", "4 h", "6 h", "8 h", "10 h", "12 h"]);
        assert_eq!(of(5.0 * 86_400.0), ["0", "1 d", "2 d", "3 d", "4 d", "5 d"]);
        assert_eq!(of(9.0 * 86_400.0), ["0", "2 d", "4 d", "6 d", "8 d"]);
        assert_eq!(time_axis(0.0, 4.0 * 86_400.0, 8).ticks[1].label, "12 h");
        assert_eq!(time_axis(0.0, 4.0 * 86_400.0, 8).ticks[3].label, "1 d 12 h");
    }

    #[test]
    fn a_wiggle_of_one_percent_fills_a_tenth_of_the_height() {
        let range = value_range(Unit::Bytes, Extent { low: 1_000.0 * MIB, high: 1_010.0 * MIB });
        let share = 10.0 * MIB / (range.high - range.low);
        assert!((0.05..=0.1).contains(&share), "{share}");
    }

    #[test]
    fn a_level_series_stands_in_the_middle_of_at_least_the_floor() {
        let range = value_range(Unit::Count, Extent { low: 30.0, high: 30.0 });
        assert!(range.high - range.low >= 4.0 && range.low < 29.0 && range.high > 31.0, "{range:?}");
        let zero = value_range(Unit::Bytes, Extent { low: 0.0, high: 0.0 });
        assert!(zero.low == 0.0 && zero.high >= 0.5 * MIB, "{zero:?}");
    }

    #[test]
    fn an_axis_starts_at_zero_where_zero_is_near() {
        assert!(value_range(Unit::Bytes, Extent { low: 20.0 * MIB, high: 90.0 * MIB }).low == 0.0);
        assert!(value_range(Unit::Bytes, Extent { low: 80.0 * MIB, high: 90.0 * MIB }).low > 0.0);
    }

    fn units() -> impl Strategy<Value = Unit> {
        prop::sample::select(vec![Unit::Bytes, Unit::Count, Unit::Milliseconds, Unit::Number])
    }

    proptest! {
        #[test]
        fn value_ticks_are_few_distinct_ascending_and_span_the_values(
            unit in units(),
            low in prop_oneof![Just(0.0), 0.0..1e3, 0.0..1e19, -1e6..1e6],
            spread in prop_oneof![Just(0.0), 0.0..1.0, 0.0..1e6, 0.0..1e19],
            room in 3_usize..12,
        ) {
            let extent = Extent { low, high: low + spread };
            let axis = value_axis(unit, value_range(unit, extent), room);
            prop_assert!(axis.low <= extent.low && axis.high >= extent.high, "{axis:?}");
            prop_assert!((2..=room + 1).contains(&axis.ticks.len()), "{axis:?}");
            prop_assert!(axis.ticks.windows(2).all(|pair| pair[0].at < pair[1].at && pair[0].label != pair[1].label), "{axis:?}");
            if unit == Unit::Count && axis.high < 1e6 {
                prop_assert!(axis.ticks.iter().all(|tick| tick.at.fract() == 0.0), "{axis:?}");
            }
        }

        #[test]
        fn time_ticks_are_few_distinct_ascending_and_within_the_axis(
            low in prop_oneof![Just(0.0), 0.0..1e5],
            length in prop_oneof![0.01..10.0, 1.0..1e4, 1e3..1e8],
            room in 2_usize..13,
        ) {
            let axis = time_axis(low, low + length, room);
            prop_assert!(axis.ticks.len() <= room + 2, "{axis:?}");
            prop_assert!(axis.ticks.windows(2).all(|pair| pair[0].at < pair[1].at), "{axis:?}");
            prop_assert!(axis.ticks.iter().all(|tick| tick.at >= axis.low && tick.at <= axis.high), "{axis:?}");
            if low == 0.0 {
                prop_assert!(axis.ticks.windows(2).all(|pair| pair[0].label != pair[1].label), "{axis:?}");
            }
        }
    }
}
