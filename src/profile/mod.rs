//! Traffic profiles: TOML files that say who does what, how often and how well it must go.
//!
//! `file -> profile -> driver`. Reading checks everything that can be known before a request is sent, and fills in every
//! default; the driver is given values. A profile never runs code.

mod builtin;
mod convert;
mod environment;
mod error;
mod known;
mod load;
mod model;
mod overrides;
mod read;
mod scenarios;
mod template;
mod units;

pub use builtin::{builtin_names, builtin_text};
pub use convert::{ConvertError, Draft, from_curl, from_har, from_openapi};
pub use environment::{Environment, ProcessEnvironment};
pub use error::{Problem, ProfileError};
pub use known::Known;
pub use load::check;
pub use model::{
    Arrivals, Body, Capture, Class, Connection, Cookies, DataTable, Expect, Flow, HttpVersion, JsonExpectation, Judge,
    Keep, Leave, LeaveAfter, Load, Mix, Need, OnFailure, Pick, Profile, Ramp, ReportedLatency, Retry, Scenario, Scrape,
    ScrapeSeries, Secret, Setup, SetupFor, Stage, StatusPattern, Step, Stream, Tenant, Think,
};
pub use overrides::{Overrides, Stress};
pub use read::{ANSWER_FAILURES, WAY_FAILURES, known_keys};
pub use template::{JsonTemplate, Piece, Random, Template};
