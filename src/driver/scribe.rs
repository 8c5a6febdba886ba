//! The scribe: hands what the driver saw to whoever records it, on a thread of its own, because compressing a window's
//! distributions and waiting for a disk would both make requests late.

use std::sync::mpsc::{Receiver, Sender};

use super::books::OpenWindow;
use crate::domain::run::Trend;
use crate::domain::traffic::RequestLine;
use crate::domain::{Elapsed, TrafficTick, Window};

/// Something that the driver saw, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// A second's account.
    Tick(TrafficTick),
    /// What a step did in a window.
    Window(Window),
    /// A stage of the scenario began.
    Phase {
        /// When.
        at: Elapsed,
        /// What it is called.
        name: String,
        /// Whether its values tell of growth.
        trend: Trend,
    },
    /// A request that went well and took long.
    Slow(RequestLine),
    /// A request that failed.
    Failed(RequestLine),
    /// Something worth a sentence.
    Note(String),
    /// The scenario's stages are over. The last one's target is held until the driver is stopped.
    Over,
}

/// Takes what the driver saw, on the scribe's thread.
pub type Sink = Box<dyn FnMut(Seen) + Send>;

/// What goes to the scribe.
#[derive(Debug)]
pub(super) enum Message {
    Seen(Seen),
    Windows(Vec<OpenWindow>),
}

/// Hands everything on until nobody can send any more.
pub(super) fn write(messages: &Receiver<Message>, sink: &mut Sink) {
    while let Ok(message) = messages.recv() {
        match message {
            Message::Seen(seen) => sink(seen),
            Message::Windows(windows) => windows.into_iter().for_each(|open| sink(Seen::Window(closed(open)))),
        }
    }
}

fn closed(open: OpenWindow) -> Window {
    let OpenWindow { mut window, latencies } = open;
    for (measure, latencies) in latencies {
        // A distribution that cannot be compressed costs itself and not the counts beside it.
        if let Ok(text) = latencies.encode() {
            window.latencies.insert(measure, text);
        }
    }
    window
}

/// The driver's end.
#[derive(Clone, Debug)]
pub(super) struct Outlet(Sender<Message>);

impl Outlet {
    pub(super) fn new(sender: Sender<Message>) -> Self {
        Self(sender)
    }

    pub(super) fn tell(&self, seen: Seen) {
        // The scribe ends after the driver; if its sink panicked, that is said at the end.
        let _ = self.0.send(Message::Seen(seen));
    }

    pub(super) fn windows(&self, windows: Vec<OpenWindow>) {
        if !windows.is_empty() {
            let _ = self.0.send(Message::Windows(windows));
        }
    }
}
