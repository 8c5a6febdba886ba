//! From a series to the strokes that are drawn of it: broken at gaps, and thinned to what a pixel column can show.
//!
//! Per column the first, the least, the greatest and the last value stay, which draws the same pixels as all of them
//! (Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014), so that no spike is lost and
//! none is made up.

/// One point of a drawing, in the units of its axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// Seconds since the start.
    pub(super) at_s: f64,
    /// The value in the metric's unit.
    pub(super) value: f64,
}

/// A stretch without a gap: one point stands alone, two and more are joined.
pub(super) type Stroke = Vec<Point>;

/// A step of time beyond this many usual ones is a gap.
const GAP_FACTOR: f64 = 3.0;

/// The part of time that a picture shows and the pixel columns it has for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// The left edge, in seconds since the start.
    pub(super) low_s: f64,
    /// The right edge.
    pub(super) high_s: f64,
    /// Pixel columns between the two.
    pub(super) columns: usize,
}

/// The strokes of a series for a window.
///
/// A gap is a value that is missing where the metric is otherwise read at every instant, a step of time of more than
/// three usual ones, or a change of `incarnation`, where the target became another process. Values that are not finite
/// are missing.
pub(super) fn strokes(elapsed_s: &[f64], values: &[f64], incarnation: Option<&[f64]>, window: Window) -> Vec<Stroke> {
    let known: Vec<usize> = (0..elapsed_s.len().min(values.len()))
        .filter(|&index| values[index].is_finite() && elapsed_s[index].is_finite())
        .collect();
    let usual = Usual::of(elapsed_s, &known);
    let per_second = window.columns.max(1) as f64 / (window.high_s - window.low_s).max(f64::MIN_POSITIVE);
    let mut strokes = Vec::new();
    let mut pen = Pen::default();
    let mut before: Option<usize> = None;
    for index in known {
        let replaced = |before: usize| incarnation.is_some_and(|known| known.get(before) != known.get(index));
        if before.is_some_and(|before| usual.is_gap(elapsed_s, before, index) || replaced(before)) {
            strokes.push(pen.take());
        }
        let column = ((elapsed_s[index] - window.low_s) * per_second).floor();
        pen.add(column, Point { at_s: elapsed_s[index], value: values[index] });
        before = Some(index);
    }
    strokes.push(pen.take());
    strokes.retain(|stroke| !stroke.is_empty());
    strokes
}

/// How far apart the values of a series usually are.
struct Usual {
    seconds: f64,
    instants: usize,
}

impl Usual {
    fn of(elapsed_s: &[f64], known: &[usize]) -> Self {
        let mut steps: Vec<(f64, usize)> =
            known.windows(2).map(|pair| (elapsed_s[pair[1]] - elapsed_s[pair[0]], pair[1] - pair[0])).collect();
        if steps.is_empty() {
            return Self { seconds: f64::INFINITY, instants: usize::MAX };
        }
        let middle = steps.len() / 2;
        let seconds = steps.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0)).1.0;
        let instants = steps.select_nth_unstable_by_key(middle, |step| step.1).1.1;
        Self { seconds, instants }
    }

    fn is_gap(&self, elapsed_s: &[f64], before: usize, index: usize) -> bool {
        let late = elapsed_s[index] - elapsed_s[before] > GAP_FACTOR * self.seconds;
        late || (self.instants == 1 && index - before > 1)
    }
}

/// Collects the points of one stroke, column by column.
#[derive(Default)]
struct Pen {
    stroke: Stroke,
    column: Option<Column>,
}

struct Column {
    number: f64,
    first: Point,
    least: Point,
    greatest: Point,
    last: Point,
}

impl Pen {
    fn add(&mut self, number: f64, point: Point) {
        match &mut self.column {
            Some(column) if column.number == number => {
                if point.value < column.least.value {
                    column.least = point;
                }
                if point.value > column.greatest.value {
                    column.greatest = point;
                }
                column.last = point;
            }
            _ => {
                self.flush();
                self.column = Some(Column { number, first: point, least: point, greatest: point, last: point });
            }
        }
    }

    fn flush(&mut self) {
        let Some(Column { first, least, greatest, last, .. }) = self.column.take() else { return };
        let (early, late) = if least.at_s <= greatest.at_s { (least, greatest) } else { (greatest, least) };
        for point in [first, early, late, last] {
            self.push(point);
        }
    }

    /// Appends a point; on a level stretch only its two ends stay.
    fn push(&mut self, point: Point) {
        if self.stroke.last() == Some(&point) {
            return;
        }
        if let [.., before, middle] = self.stroke[..]
            && before.value.total_cmp(&point.value).is_eq()
            && middle.value.total_cmp(&point.value).is_eq()
        {
            self.stroke.pop();
        }
        self.stroke.push(point);
    }

    fn take(&mut self) -> Stroke {
        self.flush();
        std::mem::take(&mut self.stroke)
    }
}
