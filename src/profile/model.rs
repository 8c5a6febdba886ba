//! What a profile says once it is read: checked, with every default filled in. It is what the driver is given.
//!
//! The forms of the file are `read`'s business; nothing here knows TOML, and nothing here sends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::Objective;
use crate::domain::run::Trend;

use super::template::{JsonTemplate, Template};

/// A whole profile.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The built-in name, or the file's name without its ending.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// How the target is reached.
    pub connection: Connection,
    /// Values that templates may name, the same for everybody.
    pub variables: BTreeMap<String, Template>,
    /// Tables that templates may take a row from.
    pub data: Vec<DataTable>,
    /// On whose behalf users act; empty where there are no tenants.
    pub tenants: Vec<Tenant>,
    /// Steps that come before the first turn.
    pub setup: Vec<Setup>,
    /// The kinds of users, at least one.
    pub classes: Vec<Class>,
    /// The flows by name, in the file's order; every class names one.
    pub flows: Vec<Flow>,
    /// The scenarios by name: the built-in ones with what the file changes, and the file's own.
    pub scenarios: BTreeMap<String, Scenario>,
    /// The scenario that is run where none is asked for.
    pub default_scenario: String,
    /// Limits on latency, errors, availability, resources.
    pub objectives: Vec<Objective>,
    /// Budgets of growth, as `--fail-on` takes them.
    pub budgets: Vec<String>,
    /// Series to take from the target's own metrics page.
    pub scrape: Option<Scrape>,
    /// A request that takes longer is logged as slow.
    pub slow_after: Option<Duration>,
    /// The warm-up that is left out of judgement, where the profile sets it.
    pub warm_up: Option<Duration>,
    /// Values that came from the environment: they may stand in requests and nowhere else.
    pub secrets: Vec<Secret>,
}

/// A value that reaches no file, log or report. It prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a value.
    pub fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself, for the request that needs it and for finding it in what is to be written.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// How the target is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// The base that step paths are appended to; `None` where `--url` must give it.
    pub url: Option<Template>,
    /// Headers of every request.
    pub headers: Vec<(String, Template)>,
    /// The protocol.
    pub http: HttpVersion,
    /// How long a user keeps a connection.
    pub keep: Keep,
    /// Whether cookies that the server sets are kept for the user's next requests.
    pub cookies: Cookies,
    /// A file of certificates (PEM) to trust besides the public ones.
    pub ca: Option<PathBuf>,
    /// A Unix socket to connect to instead of the URL's host and port.
    pub unix_socket: Option<PathBuf>,
    /// How long a request may take where the step does not say.
    pub timeout: Duration,
}

/// The version of HTTP that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: with TLS by ALPN, without by prior knowledge.
    Http2,
}

/// How long a user keeps a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// Each user keeps one for as long as the server does.
    #[default]
    Alive,
    /// Each turn starts on a fresh one.
    PerTurn,
    /// Each request has a fresh one.
    PerRequest,
}

/// What happens to cookies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cookies {
    /// Kept per user, as a browser does.
    #[default]
    Kept,
    /// Not sent back.
    Ignored,
}

/// A table of rows, read when the profile is loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct DataTable {
    /// The name that templates use: `{{NAME.column}}`.
    pub name: String,
    /// The columns, in order.
    pub columns: Vec<String>,
    /// The rows; each has as many values as there are columns.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Which row a turn gets.
    pub pick: Pick,
}

/// Which row of a table a turn gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pick {
    /// The next one, from the start again after the last.
    #[default]
    Sequential,
    /// Any.
    Random,
    /// Each user keeps one: the row of the user's number.
    PerUser,
}

/// On whose behalf users act. User k acts for tenant k modulo their count.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// The name: `{{tenant}}`.
    pub name: String,
    /// Values of its own: `{{tenant.KEY}}`.
    pub variables: BTreeMap<String, Template>,
}

/// Steps before the first turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// For whom they run, and so who sees what they capture.
    pub run: SetupFor,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// For whom setup steps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupFor {
    /// Once; all users see the captures.
    All,
    /// Once per tenant; its users see them.
    Tenant,
    /// Once per user, before its first turn.
    User,
}

/// A kind of user.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// The name.
    pub name: String,
    /// Its share of the turns, relative to the other classes' weights.
    pub weight: f64,
    /// The flow by its name.
    pub flow: String,
    /// The pause after each turn in the closed model.
    pub think: Think,
}

/// The steps of a turn, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// The name.
    pub name: String,
    /// The steps, at least one.
    pub steps: Vec<Step>,
}

/// One request of a flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The name in reports and objectives: the file's, or method and path before anything is filled in.
    pub name: String,
    /// The method, in capitals.
    pub method: String,
    /// A path that is appended to the base, or a whole URL.
    pub url: Template,
    /// Headers of this step, which override the profile's.
    pub headers: Vec<(String, Template)>,
    /// What is sent.
    pub body: Body,
    /// What is taken from the answer: variable and place.
    pub captures: Vec<(String, Capture)>,
    /// What the answer must be.
    pub expect: Expect,
    /// The pause after the step.
    pub think: Think,
    /// How often the step is done in a row, at least once; `{{repeat}}` counts from 1.
    pub repeat: u32,
    /// What is done when it fails.
    pub retry: Retry,
    /// How long it may take from sending to the last byte.
    pub timeout: Duration,
    /// How the answer comes.
    pub stream: Stream,
    /// Where the client leaves before the end of the answer, on purpose.
    pub leave: Option<Leave>,
    /// Whether the flow goes on after the step failed.
    pub on_failure: OnFailure,
    /// Whether a turn without it is still one.
    pub need: Need,
}

/// Whether a turn can be done without a step. Only such a step may sit out spells by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Need {
    /// It changes something, or a later step uses what it captures.
    #[default]
    Needed,
    /// It is safe (RFC 9110, 9.2.1: GET, HEAD, OPTIONS), and nothing uses what it captures.
    Free,
}

/// Whether a flow goes on after a step that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The turn ends there and counts as failed.
    #[default]
    EndTurn,
    /// The failure is counted, and the next step is done.
    GoOn,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON, with `content-type: application/json`.
    Json(JsonTemplate),
    /// A form, url-encoded.
    Form(Vec<(String, Template)>),
    /// Bytes as they are; the content type is for a header to say.
    Raw(Template),
}

/// Where a captured value stands in the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Capture {
    /// A JSON path (RFC 9535) in the body; the first match counts.
    Json(String),
    /// A header.
    Header(String),
    /// A cookie that the answer sets.
    Cookie(String),
}

/// What the answer must be. An empty one asks for a status of 2xx or 3xx.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// The statuses that will do; empty means any below 400.
    pub status: Vec<StatusPattern>,
    /// JSON path and what stands there.
    pub json: Vec<(String, JsonExpectation)>,
    /// Header and its value; `*` stands for anything.
    pub headers: Vec<(String, Template)>,
    /// Bytes of the body, both ends included.
    pub body_bytes: Option<(u64, u64)>,
    /// A latency that the answer reports, and how far it may be from the measured one.
    pub reported_latency: Option<ReportedLatency>,
    /// The step must fail this way: a timeout that is meant, say. Then anything else is the failure.
    pub failure: Option<String>,
}

/// A status, or a hundred of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusPattern {
    /// This one.
    Exactly(u16),
    /// `2xx`: all of this hundred, by its first digit.
    Hundred(u16),
}

/// What stands at a JSON path.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonExpectation {
    /// Something, whatever it is.
    Exists,
    /// Nothing.
    Absent,
    /// Exactly this, after its templates are filled in.
    Equals(JsonTemplate),
    /// A number between both ends, included.
    Between(f64, f64),
    /// An array or string of at least so many elements or characters.
    AtLeast(u64),
}

/// A latency that the server tells about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportedLatency {
    /// Where it stands: a JSON path or a header, in milliseconds.
    pub at: Capture,
    /// How far it may be from the measured service time, absolutely ...
    pub within: Duration,
    /// ... or as a share of it, whichever is more.
    pub share: f64,
}

/// How long a user pauses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Think {
    /// Not at all.
    #[default]
    None,
    /// Always so long.
    Fixed(Duration),
    /// Anything between the two, all equally likely.
    Uniform(Duration, Duration),
    /// Around the mean with this standard deviation, never below zero.
    Normal(Duration, Duration),
    /// Memoryless with this mean.
    Exponential(Duration),
}

/// What is done when a step fails.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// How often it is tried in all; 1 is no retry.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each further one.
    pub backoff: Duration,
    /// The longest pause, also against a Retry-After that asks for more.
    pub longest: Duration,
    /// The share of the pause that is drawn at random, 0 to 1, so that users do not come back all at once.
    pub jitter: f64,
    /// Classes of failure that are tried again, as the failure counts name them: `timeout`, `status 503`, `connection lost`.
    pub on: Vec<String>,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 1,
            backoff: Duration::from_millis(200),
            longest: Duration::from_secs(10),
            jitter: 0.5,
            on: ["timeout", "connection lost", "status 429", "status 503"].map(str::to_owned).into(),
        }
    }
}

/// How the answer comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stream {
    /// As a whole.
    #[default]
    No,
    /// Server-sent events: an event is what a blank line ends and what has data.
    ServerSentEvents,
    /// Chunks: an event is a frame of the body that is not empty.
    Chunks,
}

/// Where a client leaves before the end of the answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leave {
    /// When.
    pub after: LeaveAfter,
    /// In which share of the step's requests, 0 to 1.
    pub share: f64,
}

/// When a client leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaveAfter {
    /// After so many events.
    Events(u32),
    /// So long after sending.
    Time(Duration),
}

/// How many users, how they arrive, how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The name.
    pub name: String,
    /// What it is for, in a sentence.
    pub about: String,
    /// The only class that takes part; `None` for all of them by weight.
    pub class: Option<String>,
    /// Who comes when.
    pub load: Load,
    /// The stages, at least one. Each is a phase of the run.
    pub stages: Vec<Stage>,
    /// Whether all kinds of request come all the time.
    pub mix: Mix,
    /// Budgets of growth in place of the profile's: what a minute of warming up is allowed, a night is not.
    pub budgets: Option<Vec<String>>,
}

/// Whether all kinds of request come all the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// They do, as the weights say.
    #[default]
    Even,
    /// Each comes in half of the spells, drawn at random, and sits out the others.
    Spells {
        /// How long a spell lasts; `None` for a sixtieth of the scenario.
        length: Option<Duration>,
    },
}

/// Who comes when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// So many users, each doing turn after turn with pauses; a stage's target counts users.
    Closed,
    /// Turns arrive whatever becomes of the earlier ones; a stage's target is turns per second.
    Open {
        /// How the arrivals are spaced.
        arrivals: Arrivals,
        /// Turns under way at most; further ones wait, and their wait is counted.
        in_flight: u32,
    },
}

/// How arrivals are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arrivals {
    /// As independent users come: exponential gaps.
    #[default]
    Poisson,
    /// All gaps alike.
    Even,
}

/// A part of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// The phase's name.
    pub name: String,
    /// How long it lasts.
    pub duration: Duration,
    /// Users, or turns per second, at its end.
    pub target: f64,
    /// How it gets there.
    pub ramp: Ramp,
    /// Whether its values tell of growth.
    pub trend: Trend,
}

/// How a stage gets to its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ramp {
    /// At once.
    #[default]
    Jump,
    /// Along a straight line from where the stage before it ended (0 at the start).
    Linear,
}

/// What is taken from the target's own metrics page (Prometheus text).
#[derive(Clone, Debug, PartialEq)]
pub struct Scrape {
    /// The page: a path that is appended to the base, or a whole URL.
    pub url: Template,
    /// How often.
    pub interval: Duration,
    /// Which series, by name with or without labels: `go_goroutines`, `http_requests_total{code="500"}`; `*` stands for
    /// anything.
    pub series: Vec<ScrapeSeries>,
}

/// One series of the metrics page.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeSeries {
    /// The name or pattern on the page; several that match are added up.
    pub source: String,
    /// The name in the record, in reports and objectives.
    pub name: String,
    /// Whether growth of it decides the verdict, or it is only kept for objectives and shown.
    pub judge: Judge,
    /// What it counts.
    pub unit: crate::domain::Unit,
}

/// Whether growth of a scraped series decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judge {
    /// It is shown, and objectives may use it.
    #[default]
    No,
    /// Growth of it is a leak.
    Growth,
}
