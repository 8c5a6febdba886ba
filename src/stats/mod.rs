//! Pure mathematics on slices of `f64`; every formula names its source. The lowest floor: it imports nothing of soak.

pub mod autoregression;
pub mod basis;
pub mod contrast;
pub mod latencies;
pub mod line_fit;
pub mod outliers;
pub mod quantile;
pub mod rank_test;
pub mod student_t;
