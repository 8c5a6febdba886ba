//! Differences between numbers that are each known with an error: from sections of a run to a difference with its interval,
//! and what may be said of many differences at once.

use super::line_fit::least_squares;
use super::student_t;

/// A number and how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The number.
    pub value: f64,
    /// Its standard error.
    pub error: f64,
    /// The degrees of freedom of that error.
    pub freedom: f64,
}

/// Fewer sections than this tell too little of their own spread.
pub const FEWEST_SECTIONS: usize = 4;
/// Sections at most: longer ones are less alike their neighbours, and more than about thirty gain next to nothing
/// (Schmeiser 1982).
pub const MOST_SECTIONS: usize = 20;
/// Sections that resemble their neighbours more than this tell no more than if they did so this much.
const MOST_ALIKE: f64 = 0.8;

/// A number of the whole from the same number of each section of it (sectioning: Asmussen and Glynn 2007, III.5): neighbouring
/// samples resemble each other, sections of many samples hardly do. Where they still do, the error is that of the fewer
/// sections which they are worth; its freedom stays theirs, for their likeness was estimated and not assumed. `None` with
/// fewer than [`FEWEST_SECTIONS`].
pub fn sectioned(whole: f64, sections: &[f64]) -> Option<Known> {
    let count = sections.len() as f64;
    if sections.len() < FEWEST_SECTIONS || !whole.is_finite() || sections.iter().any(|section| !section.is_finite()) {
        return None;
    }
    let apart: Vec<f64> = sections.iter().map(|section| section - whole).collect();
    let squares: f64 = apart.iter().map(|one| one * one).sum();
    let products: f64 = apart.windows(2).map(|pair| pair[0] * pair[1]).sum();
    let alike = if squares > 0.0 { (products / squares).clamp(0.0, MOST_ALIKE) } else { 0.0 };
    let worth = count * (1.0 - alike) / (1.0 + alike);
    let variance = squares / (count - 1.0);
    Some(Known { value: whole, error: (variance / worth).sqrt(), freedom: count - 1.0 })
}

/// The same from sections that rise or fall: what stands beside their own line is their spread, for the line is in both of
/// two runs that are looked at over the same time.
pub fn sectioned_beside_line(whole: f64, sections: &[f64]) -> Option<Known> {
    let places: Vec<f64> = (0..sections.len()).map(|at| at as f64).collect();
    let line = least_squares(&places, sections)?;
    let beside: Vec<f64> =
        places.iter().zip(sections).map(|(place, section)| whole + section - line.at(*place)).collect();
    let known = sectioned(whole, &beside)?;
    let count = sections.len() as f64;
    // A line takes two parameters where a level takes one.
    let error = known.error * ((count - 1.0) / (count - 2.0)).sqrt();
    Some(Known { error, freedom: count - 2.0, ..known })
}

/// The difference of two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrast {
    /// The second less the first.
    pub estimate: f64,
    /// Its standard error.
    pub error: f64,
    /// The degrees of freedom of that error.
    pub freedom: f64,
}

impl Contrast {
    /// The second less the first, with Welch's error and Satterthwaite's freedom (Welch 1947).
    pub fn between(first: Known, second: Known) -> Self {
        let (a, b) = (first.error.powi(2), second.error.powi(2));
        let spread = a * a / first.freedom + b * b / second.freedom;
        let freedom = if spread > 0.0 { (a + b).powi(2) / spread } else { first.freedom + second.freedom };
        Self { estimate: second.value - first.value, error: (a + b).sqrt(), freedom: freedom.max(1.0) }
    }

    /// One more number less the mean of several of its kind, with the error of predicting it from their spread. `None` with
    /// fewer than two. Where each of them is known worse than they are spread, that error stands.
    pub fn predicted(several: &[Known], one_more: Known) -> Option<Self> {
        let count = several.len() as f64;
        if several.len() < 2 {
            return None;
        }
        let mean = several.iter().map(|known| known.value).sum::<f64>() / count;
        let variance = several.iter().map(|known| (known.value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let within = several.iter().map(|known| known.error.powi(2)).sum::<f64>() / (count * count);
        let error = (variance * (1.0 + 1.0 / count)).max(within + one_more.error.powi(2)).sqrt();
        Some(Self { estimate: one_more.value - mean, error, freedom: count - 1.0 })
    }

    /// Half the width of the interval that holds the difference with this probability.
    pub fn half_width(self, probability: f64) -> f64 {
        // Without an error there is nothing to widen, and 0 times an unbounded critical value is no number.
        if self.error > 0.0 { self.error * student_t::critical(probability, self.freedom) } else { 0.0 }
    }

    /// How probable so great an estimate is, or a greater one, where the difference is no more than `bound`.
    pub fn chance_above(self, bound: f64) -> f64 {
        let beyond = self.estimate - bound;
        if self.error <= 0.0 {
            return if beyond > 0.0 { 0.0 } else { 1.0 };
        }
        let outside = 1.0 - student_t::central_probability(beyond.abs() / self.error, self.freedom);
        if beyond > 0.0 { outside / 2.0 } else { 1.0 - outside / 2.0 }
    }

    /// The same difference seen from the other side.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { estimate: -self.estimate, ..self }
    }
}

/// Holm's correction (1979): probabilities such that calling every row with less than 5 % calls a wrong one in at most 5 % of
/// the comparisons, however the rows hang together.
pub fn holm(chances: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..chances.len()).collect();
    order.sort_by(|&a, &b| chances[a].total_cmp(&chances[b]));
    let mut adjusted = vec![1.0; chances.len()];
    let mut least = 0.0_f64;
    for (rank, &at) in order.iter().enumerate() {
        least = least.max((chances[at] * (chances.len() - rank) as f64).min(1.0));
        adjusted[at] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(value: f64, error: f64) -> Known {
        Known { value, error, freedom: 9.0 }
    }

    #[test]
    fn independent_sections_have_the_error_of_the_mean_and_alike_ones_a_greater_one() {
        // python3 -c "import numpy; a = [1., -1, 2, -2, 1, -1, 2, -2]; print(numpy.std(a, ddof=1) / 8 ** .5)"
        let swinging = sectioned(0.0, &[1.0, -1.0, 2.0, -2.0, 1.0, -1.0, 2.0, -2.0]).unwrap();
        assert!((swinging.error - 0.597_614_304_667_196_8).abs() < 1e-12 && (swinging.freedom - 7.0).abs() < 1e-12);
        let wandering = sectioned(0.0, &[-2.0, -2.0, -1.0, -1.0, 1.0, 1.0, 2.0, 2.0]).unwrap();
        assert!(wandering.error > 1.5 * swinging.error, "{wandering:?}");
        assert_eq!(sectioned(0.0, &[1.0, 2.0, 3.0]), None);
        assert_eq!(sectioned(f64::NAN, &[1.0; 8]), None);
        assert_eq!(sectioned(3.0, &[3.0; 8]).map(|known| known.error), Some(0.0));
    }

    #[test]
    fn a_line_is_no_spread() {
        let rising: Vec<f64> = (0..10).map(|at| 5.0 * f64::from(at) + f64::from(at % 2)).collect();
        let (level, beside) = (sectioned(22.5, &rising).unwrap(), sectioned_beside_line(22.5, &rising).unwrap());
        assert!(beside.error < level.error / 10.0 && beside.error > 0.1, "{level:?} {beside:?}");
        assert_eq!(sectioned_beside_line(1.0, &[1.0; 3]), None);
    }

    #[test]
    fn two_means_differ_as_welch_says() {
        // python3 -c "from scipy.stats import ttest_ind_from_stats as t; print(t(1, 10 ** .5, 10, 0, 2 * 10 ** .5, 10,
        // equal_var=False)); print((1 + 4) ** 2 / (1 / 9 + 16 / 9))": p = 0.6610, freedom 13.235.
        let contrast = Contrast::between(known(0.0, 2.0), known(1.0, 1.0));
        assert!((contrast.freedom - 13.235_294).abs() < 1e-5, "{contrast:?}");
        let both = 2.0 * contrast.chance_above(0.0);
        assert!((both - 0.661_98).abs() < 2e-3, "{both}");
        assert!((contrast.chance_above(0.0) + contrast.reversed().chance_above(0.0) - 1.0).abs() < 1e-12);
        assert!(contrast.chance_above(1.0) > contrast.chance_above(0.0));
    }

    #[test]
    fn without_an_error_a_difference_is_what_it_is() {
        let exact = Contrast::between(known(12.0, 0.0), known(14.0, 0.0));
        assert!(
            exact.half_width(0.95).abs() <= 0.0 && exact.chance_above(1.0) <= 0.0 && exact.chance_above(2.5) >= 1.0
        );
    }

    #[test]
    fn a_prediction_is_as_wide_as_the_spread_between_those_before() {
        // s = 1, n = 3: error sqrt(4 / 3), t(0.975, 2) = 4.3027.
        let several = [known(9.0, 0.1), known(10.0, 0.1), known(11.0, 0.1)];
        let contrast = Contrast::predicted(&several, known(14.0, 0.1)).unwrap();
        assert!((contrast.half_width(0.95) - 4.302_652_73 * (4.0_f64 / 3.0).sqrt()).abs() < 1e-6, "{contrast:?}");
        assert_eq!(Contrast::predicted(&several[..1], known(1.0, 0.1)), None);
        let alike = [known(10.0, 3.0); 3];
        assert!((Contrast::predicted(&alike, known(10.0, 3.0)).unwrap().error - 12.0_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn of_many_rows_each_must_be_the_less_likely() {
        // R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") is 0.03 0.06 0.06 0.02.
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert!(holm(&[]).is_empty());
    }
}
