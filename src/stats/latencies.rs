//! Distributions of lengths of time in constant memory: an HDR histogram in microseconds, with the exact maximum beside it.
//!
//! G. Tene's `HdrHistogram` (<https://hdrhistogram.org>): with three digits a value is off by at most 0.1 %. The compressed form
//! (V2 deflate, base64) is the one that other such libraries read.

use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

/// Lengths are told apart from 1 us on ...
const SHORTEST_US: u64 = 1;
/// ... up to a day: behind a server that hangs, a request may wait for hours before it is sent.
const LONGEST_US: u64 = 24 * 3600 * 1_000_000;
/// Three digits: a percentile is off by at most 0.1 %.
const DIGITS: u8 = 3;

/// Why a distribution could not be made, written or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LatenciesError {
    /// No memory of that shape.
    #[error("cannot set up a latency histogram")]
    Create,
    /// It could not be put into its compressed form.
    #[error("cannot compress a latency histogram")]
    Encode,
    /// The text is no histogram in compressed form.
    #[error("not a latency histogram (V2 deflate, base64)")]
    Decode,
}

/// Lengths of time, and how often each came.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u64>,
    max: Duration,
}

impl Latencies {
    /// None yet.
    ///
    /// # Errors
    /// [`LatenciesError::Create`], which constants that are in bounds never meet.
    pub fn new() -> Result<Self, LatenciesError> {
        // It grows with the longest length: one for a server that answers within milliseconds takes a sixth of the memory.
        let mut histogram = Histogram::new(DIGITS).map_err(|_| LatenciesError::Create)?;
        histogram.auto(true);
        Ok(Self { histogram, max: Duration::ZERO })
    }

    /// Adds one. Less than a microsecond counts as one.
    pub fn add(&mut self, length: Duration) {
        let micros = u64::try_from(length.as_micros()).unwrap_or(u64::MAX);
        // Within its bounds it grows as needed, so nothing can fail to fit.
        let _ = self.histogram.record(micros.clamp(SHORTEST_US, LONGEST_US));
        self.max = self.max.max(length);
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        // It grows as needed, so nothing can fail to fit.
        let _ = self.histogram.add(&other.histogram);
        self.max = self.max.max(other.max);
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.histogram.reset();
        self.max = Duration::ZERO;
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The least length that a share of `quantile` (0 to 1) of all does not exceed; `None` where there is none.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        // The histogram answers with the upper edge of a bucket, which may lie above the longest length seen.
        (self.count() > 0).then(|| Duration::from_micros(self.histogram.value_at_quantile(quantile)).min(self.max))
    }

    /// The mean, within the histogram's precision; `None` where there is none.
    pub fn mean(&self) -> Option<Duration> {
        (self.count() > 0).then(|| Duration::from_secs_f64(self.histogram.mean() / 1e6))
    }

    /// The longest; `None` where there is none. After [`Latencies::decode`] it is within the histogram's precision.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.max)
    }

    /// How many were longer than `bound`, within the histogram's precision.
    pub fn longer_than(&self, bound: Duration) -> u64 {
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        self.count() - self.histogram.count_between(0, micros.max(SHORTEST_US))
    }

    /// The compressed form, for the record.
    ///
    /// # Errors
    /// [`LatenciesError::Encode`] where the compressor fails.
    pub fn encode(&self) -> Result<String, LatenciesError> {
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.histogram, &mut bytes).map_err(|_| LatenciesError::Encode)?;
        Ok(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes))
    }

    /// Reads the compressed form.
    ///
    /// # Errors
    /// [`LatenciesError::Decode`] where it is none, or one of other bounds.
    pub fn decode(text: &str) -> Result<Self, LatenciesError> {
        let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text)
            .map_err(|_| LatenciesError::Decode)?;
        let read: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|_| LatenciesError::Decode)?;
        // A foreign histogram may have bounds of its own, and lengths that are none.
        if read.max() > 2 * LONGEST_US {
            return Err(LatenciesError::Decode);
        }
        let mut own = Self::new().map_err(|_| LatenciesError::Decode)?;
        own.max = Duration::from_micros(if read.is_empty() { 0 } else { read.max() });
        own.histogram.add(&read).map_err(|_| LatenciesError::Decode)?;
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::new().unwrap();
        micros.into_iter().for_each(|micros| latencies.add(Duration::from_micros(micros)));
        latencies
    }

    #[test]
    fn nothing_has_no_percentile() {
        let none = Latencies::new().unwrap();
        assert_eq!((none.count(), none.quantile(0.5), none.mean(), none.max()), (0, None, None, None));
        assert_eq!(Latencies::decode(&none.encode().unwrap()).unwrap().count(), 0);
    }

    #[test]
    fn texts_that_are_no_histogram_are_refused() {
        for text in ["", "?", "AAAA", "HISTFAAAAB14nJNpmSzMwMDABMSMQMwMxAA", "bm90IGEgaGlzdG9ncmFt"] {
            assert_eq!(Latencies::decode(text).unwrap_err(), LatenciesError::Decode, "{text}");
        }
    }

    #[test]
    fn what_is_longer_than_a_bound_is_counted() {
        let latencies = of((1..=1000).map(|ms| ms * 1000));
        assert!(latencies.longer_than(Duration::from_millis(900)).abs_diff(100) <= 1);
        assert_eq!(latencies.longer_than(Duration::from_secs(2)), 0);
    }

    proptest! {
        #[test]
        fn percentiles_are_within_a_thousandth_and_survive_the_record(micros in proptest::collection::vec(1_u64..80_000_000_000, 1..300)) {
            let latencies = of(micros.iter().copied());
            let mut sorted = micros;
            sorted.sort_unstable();
            let true_median = sorted[sorted.len().div_ceil(2) - 1] as f64;
            let median = latencies.quantile(0.5).unwrap().as_micros() as f64;
            prop_assert!((median / true_median - 1.0).abs() <= 0.001, "{median} for {true_median}");
            prop_assert_eq!(latencies.max().unwrap().as_micros(), u128::from(*sorted.last().unwrap()));
            let back = Latencies::decode(&latencies.encode().unwrap()).unwrap();
            prop_assert_eq!(back.count(), latencies.count());
            let again = back.quantile(0.5).unwrap().as_micros() as f64;
            prop_assert!((again / median - 1.0).abs() <= 0.001);
        }

        #[test]
        fn two_halves_merge_to_the_whole(left in proptest::collection::vec(1_u64..9_000_000, 0..50), right in proptest::collection::vec(1_u64..9_000_000, 0..50)) {
            let whole = of(left.iter().chain(&right).copied());
            let mut merged = of(left);
            merged.merge(&of(right));
            prop_assert_eq!(merged.count(), whole.count());
            prop_assert_eq!(merged.quantile(0.95), whole.quantile(0.95));
            prop_assert_eq!(merged.max(), whole.max());
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9+/=]{0,80}") {
            let _ = Latencies::decode(&text);
        }
    }
}
