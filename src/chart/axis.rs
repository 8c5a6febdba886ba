//! Axes of the charts: ticks on round numbers of the unit, and the words under them.
//!
//! Pure numbers and words, no pixels. Bytes get ticks on round KiB, MiB, GiB; time on round seconds, minutes, hours and
//! days; counts on whole numbers. [`value_range`] decides what a panel shows of its values, so that a series which
//! hardly moves also looks as if it hardly moves.

use crate::domain::Unit;

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
    let least = if unit == Unit::Count && scale < 2.0 { 1.0 } else { 0.0 };
    let (step, decimals) = round_step((wanted / scale).max(least));
    let (first, last) = ((low / scale / step).floor(), (high / scale / step).ceil());
    let tick = |index: f64| {
        let shown = index * step;
        let label = if shown == 0.0 { "0".to_owned() } else { format!("{}{suffix}", grouped(shown, decimals)) };
        Tick { at: shown * scale, label }
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

/// A number with these decimals and a comma between thousands.
pub(super) fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut text = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text.push('.');
        text.push_str(fraction);
    }
    let is_zero = plain.chars().all(|c| matches!(c, '0' | '.'));
    if value < 0.0 && !is_zero { format!("-{text}") } else { text }
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
