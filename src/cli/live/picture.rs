//! What is to be seen, as plain data: the screen fills it, the drawing reads it, and tests need no terminal.

use std::collections::VecDeque;
use std::time::Duration;

use crate::domain::{Assessment, Elapsed};
use crate::runner::Glance;

use super::spark::Glyphs;

/// What the middle of the screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    /// The metrics.
    #[default]
    Metrics,
    /// The keys.
    Help,
}

/// Whether the picture follows the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Motion {
    /// It does.
    #[default]
    Follows,
    /// It was held still; the run goes on.
    Held,
}

/// Whether verdicts are coloured; their words are the same either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Palette {
    /// The terminal's own red, green and yellow.
    Colour,
    /// None, as `NO_COLOR` asks.
    Plain,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) struct Happening {
    /// When.
    pub(super) at: Elapsed,
    /// What.
    pub(super) text: String,
}

/// Happenings that are kept; the record has them all.
const HAPPENINGS: usize = 100;

/// Everything that one frame is drawn from.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// Who is watched.
    pub(super) target: String,
    /// The folder of the record.
    pub(super) folder: String,
    /// How long the run is to last.
    pub(super) duration: Option<Duration>,
    /// The warm-up that the user set.
    pub(super) warm_up: Option<Duration>,
    /// How the run stands.
    pub(super) glance: Glance,
    /// What it looks like so far.
    pub(super) outlook: Option<Assessment>,
    /// What happened, the latest last.
    pub(super) happenings: VecDeque<Happening>,
    /// The last lines that others wrote, such as a target that soak started.
    pub(super) output: Vec<String>,
    /// The disturbance that goes on, where one was marked.
    pub(super) disturbance: Option<String>,
    /// Whether the user has asked for the end.
    pub(super) ending: Ending,
    pub(super) page: Page,
    pub(super) motion: Motion,
    pub(super) palette: Palette,
    pub(super) glyphs: Glyphs,
    /// Metrics that are scrolled past.
    pub(super) scrolled: usize,
}

/// Whether the end was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// Not yet.
    #[default]
    Open,
    /// It was, and the run is being brought to its end.
    Asked,
}

impl Picture {
    /// A picture of nothing as yet.
    pub(super) fn new(duration: Option<Duration>, warm_up: Option<Duration>, palette: Palette, glyphs: Glyphs) -> Self {
        Self {
            target: String::new(),
            folder: String::new(),
            duration,
            warm_up,
            glance: Glance::default(),
            outlook: None,
            happenings: VecDeque::new(),
            output: Vec::new(),
            disturbance: None,
            ending: Ending::default(),
            page: Page::default(),
            motion: Motion::default(),
            palette,
            glyphs,
            scrolled: 0,
        }
    }

    /// Adds something that happened.
    pub(super) fn happened(&mut self, at: Elapsed, text: String) {
        if self.happenings.len() == HAPPENINGS {
            self.happenings.pop_front();
        }
        self.happenings.push_back(Happening { at, text });
    }
}
