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

impl Window {
    /// The number of the column in which an instant falls.
    fn column(&self, at_s: f64) -> i64 {
        let per_second = self.columns.max(1) as f64 / (self.high_s - self.low_s).max(f64::MIN_POSITIVE);
        ((at_s - self.low_s) * per_second).floor() as i64
    }
}

/// The strokes of a series for a window.
///
/// A gap is a value that is missing where the metric is otherwise read at every instant, a step of time of more than
/// three usual ones, or a change of `incarnation`, where the target became another process. Values that are not finite
/// are missing.
pub(super) fn strokes(elapsed_s: &[f64], values: &[f64], incarnation: Option<&[f64]>, window: Window) -> Vec<Stroke> {
    let mut strokes = Vec::new();
    let mut pen = Pen::default();
    for stretch in stretches(elapsed_s, values, incarnation) {
        for index in stretch {
            pen.add(window.column(elapsed_s[index]), Point { at_s: elapsed_s[index], value: values[index] });
        }
        strokes.push(pen.take());
    }
    strokes
}

/// The middle of a dense series: the median of each column, broken where [`strokes`] is, for a line that can be followed
/// among those of other series.
pub(super) fn middles(elapsed_s: &[f64], values: &[f64], incarnation: Option<&[f64]>, window: Window) -> Vec<Stroke> {
    let median = |column: &[usize]| {
        let mut sorted: Vec<f64> = column.iter().map(|&index| values[index]).collect();
        let middle = sorted.len() / 2;
        let value = *sorted.select_nth_unstable_by(middle, f64::total_cmp).1;
        Point { at_s: f64::midpoint(elapsed_s[column[0]], elapsed_s[column[column.len() - 1]]), value }
    };
    let stroke = |stretch: Vec<usize>| {
        let columns = stretch.chunk_by(|&a, &b| window.column(elapsed_s[a]) == window.column(elapsed_s[b]));
        columns.map(median).collect()
    };
    stretches(elapsed_s, values, incarnation).into_iter().map(stroke).collect()
}

/// The indices of the values that are there, broken at gaps; no stretch is empty.
fn stretches(elapsed_s: &[f64], values: &[f64], incarnation: Option<&[f64]>) -> Vec<Vec<usize>> {
    let known: Vec<usize> = (0..elapsed_s.len().min(values.len()))
        .filter(|&index| values[index].is_finite() && elapsed_s[index].is_finite())
        .collect();
    let usual = Usual::of(elapsed_s, &known);
    let replaced = |a: usize, b: usize| incarnation.is_some_and(|known| known.get(a) != known.get(b));
    known.chunk_by(|&a, &b| !usual.is_gap(elapsed_s, a, b) && !replaced(a, b)).map(<[usize]>::to_vec).collect()
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
    number: i64,
    first: Point,
    least: Point,
    greatest: Point,
    last: Point,
}

impl Pen {
    fn add(&mut self, number: i64, point: Point) {
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

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is drawn are the data's own values")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn every_second(count: usize) -> Vec<f64> {
        (0..count).map(|second| second as f64).collect()
    }

    fn drawn(at: &[f64], values: &[f64], columns: usize) -> Vec<Stroke> {
        let high_s = at.last().copied().unwrap_or(1.0).max(1.0);
        strokes(at, values, None, Window { low_s: 0.0, high_s, columns })
    }

    #[test]
    fn a_spike_of_one_sample_among_43_200_survives() {
        let at = every_second(43_200);
        let mut values: Vec<f64> = at.iter().map(|second| 100.0 + second % 7.0).collect();
        values[12_345] = 900.0;
        let strokes = drawn(&at, &values, 1_394);
        assert!(strokes[0].contains(&Point { at_s: 12_345.0, value: 900.0 }));
        assert!(strokes[0].len() <= 4 * 1_395);
    }

    #[test]
    fn a_missing_value_is_a_gap() {
        let values = [1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0, 7.0];
        let lengths: Vec<usize> = drawn(&every_second(7), &values, 1_000).iter().map(Vec::len).collect();
        assert_eq!(lengths, [3, 3]);
    }

    #[test]
    fn a_metric_that_is_read_now_and_then_has_no_gaps_between() {
        let at = every_second(300);
        let values: Vec<f64> =
            at.iter().enumerate().map(|(index, second)| if index % 30 == 0 { *second } else { f64::NAN }).collect();
        assert_eq!(drawn(&at, &values, 1_000).len(), 1);
    }

    #[test]
    fn a_step_of_time_of_more_than_three_usual_ones_is_a_gap() {
        assert_eq!(drawn(&[0.0, 1.0, 2.0, 3.0, 5.9, 6.9], &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0], 1_000).len(), 1);
        assert_eq!(drawn(&[0.0, 1.0, 2.0, 3.0, 6.1, 7.1], &[1.0, 2.0, 1.0, 2.0, 1.0, 2.0], 1_000).len(), 2);
    }

    #[test]
    fn a_line_breaks_where_the_target_became_another_process() {
        let window = Window { low_s: 0.0, high_s: 5.0, columns: 1_000 };
        let incarnation = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let strokes = strokes(&every_second(6), &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0], Some(&incarnation), window);
        assert_eq!(strokes.len(), 2);
    }

    #[test]
    fn a_level_series_is_two_points() {
        let strokes = drawn(&every_second(10_000), &vec![7.0; 10_000], 1_000);
        assert_eq!(strokes, [[Point { at_s: 0.0, value: 7.0 }, Point { at_s: 9_999.0, value: 7.0 }]]);
    }

    #[test]
    fn nothing_known_draws_nothing() {
        assert!(drawn(&[], &[], 1_000).is_empty());
        assert!(drawn(&every_second(3), &[f64::NAN, f64::INFINITY, f64::NAN], 1_000).is_empty());
    }

    #[test]
    fn the_middle_of_a_dense_series_is_the_median_of_each_column_and_breaks_where_it_does() {
        let mut values: Vec<f64> = (0..1_000).map(|index| if index % 10 == 0 { 900.0 } else { 5.0 }).collect();
        values[499] = f64::NAN;
        let window = Window { low_s: 0.0, high_s: 1_000.0, columns: 20 };
        let middles = middles(&every_second(1_000), &values, None, window);
        assert_eq!(middles.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10]);
        assert!(middles.iter().flatten().all(|point| point.value == 5.0), "{middles:?}");
    }

    proptest! {
        #[test]
        fn what_is_drawn_is_data_in_order_and_keeps_the_extremes_of_every_column(
            values in prop::collection::vec(prop_oneof![9 => 0.0..1e9, 1 => Just(f64::NAN)], 1..400),
            columns in 1_usize..50,
        ) {
            let at = every_second(values.len());
            let points: Vec<Point> = drawn(&at, &values, columns).into_iter().flatten().collect();
            prop_assert!(points.windows(2).all(|pair| pair[0].at_s < pair[1].at_s));
            prop_assert!(points.iter().all(|point| values[point.at_s as usize] == point.value));
            let per_second = columns as f64 / (values.len() as f64 - 1.0).max(1.0);
            for column in 0..=columns {
                let within = |at: f64| (at * per_second).floor() as usize == column;
                let known = || values.iter().zip(&at).filter(|(value, at)| value.is_finite() && within(**at)).map(|(value, _)| *value);
                let kept = || points.iter().filter(|point| within(point.at_s)).map(|point| point.value);
                // A level stretch may pass through a column without a point of its own.
                if kept().count() > 0 {
                    prop_assert_eq!(known().fold(f64::MIN, f64::max), kept().fold(f64::MIN, f64::max));
                    prop_assert_eq!(known().fold(f64::MAX, f64::min), kept().fold(f64::MAX, f64::min));
                }
            }
        }
    }
}
