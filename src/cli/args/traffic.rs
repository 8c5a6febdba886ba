//! The flags of traffic: what is sent, by whom, how often.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::{duration, length, rate};

#[derive(Debug, Args)]
#[command(next_help_heading = "Traffic")]
pub(in crate::cli) struct TrafficArgs {
    /// Send plain GETs to this URL while watching; with --profile, the base address that its paths are appended to
    #[arg(long, value_name = "URL", env = "SOAK_URL", hide_env_values = true)]
    pub(in crate::cli) url: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) load: LoadArgs,
    /// Take series from the target's own metrics page (Prometheus text) into the record; say which with --series
    #[arg(long, value_name = "URL", requires = "series", env = "SOAK_SCRAPE", hide_env_values = true)]
    pub(in crate::cli) scrape: Option<String>,
    /// A series of that page, or NAME=SERIES: with labels in braces and * for anything, if need be; judged for growth unless
    /// it is a total; may be given more than once
    #[arg(long, value_name = "SERIES", requires = "scrape")]
    pub(in crate::cli) series: Vec<String>,
    /// Time between two looks at the metrics page
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration, requires = "scrape")]
    pub(in crate::cli) scrape_interval: Duration,
}

/// How much is sent, for any server and for the demo's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Traffic")]
pub(in crate::cli) struct LoadArgs {
    /// Send the traffic of this profile: a file, or a name from `soak profile list`
    #[arg(long, value_name = "FILE|NAME", env = "SOAK_PROFILE", hide_env = true)]
    pub(in crate::cli) profile: Option<PathBuf>,
    /// The profile's scenario: smoke, baseline, stress, spike, burst, heavy, endurance, soak, steps, blame, or one of its
    /// own
    /// [default: the one that the profile names]
    #[arg(long, value_name = "NAME", requires = "profile", env = "SOAK_SCENARIO", hide_env = true)]
    pub(in crate::cli) scenario: Option<String>,
    /// Turns due per second [default: 20, or the scenario's]
    #[arg(long, value_name = "N", value_parser = rate, env = "SOAK_RATE", hide_env = true)]
    pub(in crate::cli) rate: Option<f64>,
    /// The most users at once; where turns arrive by rate, the most turns under way: further ones wait, and their wait is
    /// counted [default: 4, or the scenario's]
    #[arg(long, value_name = "N", env = "SOAK_USERS", hide_env = true)]
    pub(in crate::cli) users: Option<NonZeroU32>,
    /// How long the load takes to rise at the start; 0s is at once [default: the scenario's]
    #[arg(long, value_name = "TIME", value_parser = length, requires = "profile", env = "SOAK_RAMP_UP", hide_env = true)]
    pub(in crate::cli) ramp_up: Option<Duration>,
    /// Double the scenario's load
    #[arg(long, requires = "profile")]
    pub(in crate::cli) stress: bool,
    /// What arrivals, pauses and picks are drawn from: the same number draws the same
    #[arg(long, value_name = "N", default_value = "1", env = "SOAK_SEED", hide_env = true)]
    pub(in crate::cli) seed: u64,
    /// How long to wait for the server's first answer before the traffic starts; 0s does not wait
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "10s", env = "SOAK_WAIT_READY", hide_env = true)]
    pub(in crate::cli) wait_ready: Duration,
}
