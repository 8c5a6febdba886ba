//! Traffic profiles: TOML files that say who does what, how often and how well it must go.
//!
//! `file -> profile -> driver`. Reading checks everything that can be known before a request is sent, and fills in every
//! default; the driver is given values. A profile never runs code.

mod model;
mod template;

pub use model::{
    Arrivals, Body, Capture, Class, Connection, Cookies, DataTable, Expect, Flow, HttpVersion, JsonExpectation, Judge,
    Keep, Leave, LeaveAfter, Load, OnFailure, Pick, Profile, Ramp, ReportedLatency, Retry, Scenario, Scrape,
    ScrapeSeries, Secret, Setup, SetupFor, Stage, StatusPattern, Step, Stream, Tenant, Think,
};
pub use template::{JsonTemplate, Piece, Random, Template};
