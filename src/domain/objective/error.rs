//! Why an objective cannot be understood: which part, and what may stand there.

/// Why an objective cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectiveError {
    /// There is nothing to compare.
    #[error("`{0}` compares nothing: write QUANTITY < LIMIT, such as `p95 < 500ms for turn`")]
    NoComparison(String),
    /// There is more than one comparison.
    #[error("`{0}` compares more than once: write one objective for each limit")]
    Comparisons(String),
    /// Equality is no limit.
    #[error("`{0}` asks for one exact value: write <= or >=, such as `errors <= 0`")]
    Equality(String),
    /// A quote is not closed.
    #[error("`{0}` has a quote that is not closed")]
    Quote(String),
    /// What is limited cannot be understood.
    #[error(
        "`{0}` is nothing that can be limited: write a percentile (`p95`, `ttfb p99`), mean, max, errors, availability, \
         throughput, requests, turns, limited, a metric (`max rss`), `growth of rss`, `increase of rss`, `drift of p95`, \
         `A / B` or `A per turn`"
    )]
    Quantity(String),
    /// A measure without its statistic.
    #[error("`{0}` does not say which value of many: write `p95 {0}`, `mean {0}` or `max {0}`")]
    Statistic(String),
    /// The limit cannot be understood.
    #[error("`{found}` is no limit here: write {wanted}")]
    Limit {
        /// What stands there.
        found: String,
        /// What may stand there.
        wanted: &'static str,
    },
    /// The grades are not in order.
    #[error("the grades of `{0}` are out of order: target is the strictest, then acceptable, then poor")]
    Grades(String),
    /// A clause stands twice.
    #[error("`{0}` stands twice")]
    Twice(&'static str),
    /// A clause is empty or malformed.
    #[error("`{clause}` must be followed by {wanted}")]
    Clause {
        /// The clause's word.
        clause: &'static str,
        /// What must follow it.
        wanted: &'static str,
    },
    /// A clause does not fit what is limited.
    #[error("`{clause}` does not fit {quantity}")]
    Misfit {
        /// The clause's word.
        clause: &'static str,
        /// What it does not fit.
        quantity: &'static str,
    },
    /// A part in k6's spelling is not known.
    #[error("`{found}`: {wanted}")]
    K6 {
        /// What stands there.
        found: String,
        /// What may stand there.
        wanted: &'static str,
    },
}
