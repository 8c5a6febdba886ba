//! From a whole page to the readings that were asked for.

use std::collections::BTreeSet;

use super::line;
use super::pattern::Pattern;

/// What the page says to each pattern: the sum of the finite values of all series that it covers, `None` where there is
/// none.
pub fn select(page: &str, patterns: &[Pattern]) -> Vec<Option<f64>> {
    let mut sums = vec![None; patterns.len()];
    for line in page.lines().filter_map(line::read) {
        for (sum, pattern) in sums.iter_mut().zip(patterns) {
            if line.value.is_finite() && pattern.covers(&line) {
                *sum = Some(sum.unwrap_or(0.0) + line.value);
            }
        }
    }
    sums
}

/// The names of all series on the page, each once, sorted: to say what there is where a pattern covers none.
pub fn names(page: &str) -> BTreeSet<&str> {
    page.lines().filter_map(line::read).map(|line| line.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP requests_total How many.\n# TYPE requests_total counter\n\
        requests_total{code=\"200\"} 7\nrequests_total{code=\"500\"} 2\r\n\ngoroutines 12\nbroken NaN\nnot a sample\n";

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::parse(text).unwrap()).collect()
    }

    #[test]
    fn series_that_match_are_added_up_and_missing_ones_are_missing() {
        let asked = patterns(&["requests_total", "requests_total{code=\"5*\"}", "goroutines", "absent", "broken"]);
        assert_eq!(select(PAGE, &asked), [Some(9.0), Some(2.0), Some(12.0), None, None]);
        assert_eq!(select("", &asked), [None; 5]);
    }

    #[test]
    fn the_names_of_a_page_are_told_once_each() {
        assert_eq!(names(PAGE).into_iter().collect::<Vec<_>>(), ["broken", "goroutines", "requests_total"]);
    }
}
