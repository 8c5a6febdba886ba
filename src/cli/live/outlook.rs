//! What the run looks like so far: the analysis of the final verdict on a thinned copy of the record, asked seldom.

use std::time::{Duration, Instant};

use crate::analysis::{self, Look};
use crate::domain::{Assessment, Run};
use crate::report;
use crate::runner::Remote;

use super::table;

/// Below this many samples there is nothing to judge.
const LEAST_SAMPLES: usize = 8;
/// How often it judges at most.
const EVERY: Duration = Duration::from_secs(3);
/// A judgement is followed by this many times its own length without one: at most one per cent of a core.
const REST: u32 = 99;

/// The assessment so far, kept until the next is due.
#[derive(Debug)]
pub(in crate::cli) struct Outlook {
    options: analysis::Options,
    due: Instant,
    latest: Option<Assessment>,
}

impl Outlook {
    /// An outlook that judges as the end of the run will.
    pub(in crate::cli) fn new(options: &analysis::Options, warm_up: Option<Duration>) -> Self {
        let options = analysis::Options {
            look: Look::SoFar,
            warm_up_s: options.warm_up_s.or(warm_up.map(|warm_up| warm_up.as_secs_f64())),
            ..options.clone()
        };
        Self { options, due: Instant::now() + EVERY, latest: None }
    }

    /// The latest, judged anew if that is due.
    pub(in crate::cli) fn look(&mut self, remote: &Remote) -> Option<&Assessment> {
        let now = Instant::now();
        if now >= self.due {
            self.latest = self.judge(&remote.thinned());
            self.due = now + EVERY.max(now.elapsed() * (REST + 1));
        }
        self.latest.as_ref()
    }

    /// The word of the verdict so far, judged anew if that is due.
    pub(in crate::cli) fn word(&mut self, remote: &Remote) -> Option<&'static str> {
        self.look(remote).map(|latest| table::overall(latest).word())
    }

    fn judge(&self, run: &Run) -> Option<Assessment> {
        let marked = run.disturbances().into_iter().map(|marked| (marked.from_s, marked.to_s));
        let ignore = self.options.ignore.iter().copied().chain(marked).collect();
        let options = analysis::Options { ignore, caveat: report::caveat(run), ..self.options.clone() };
        (run.samples.len() >= LEAST_SAMPLES).then(|| analysis::assess(&run.series(), &options))
    }
}
