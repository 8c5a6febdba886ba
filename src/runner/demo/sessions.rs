//! The sessions that the server holds: at most so many, each with its last turns, the longest unused one going first.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use serde::Serialize;

use super::dialogue::{self, Graph, Reply};

/// Sessions held at once; with full ones that is about 20 MiB, and no more.
const SESSIONS: usize = 1024;
/// Turns kept of one session.
const TURNS: usize = 32;
/// Of a text, at most so many bytes are kept.
const TEXT: usize = 512;

/// One turn of a session, as it is exported.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Turn {
    #[serde(rename = "turn")]
    number: u64,
    at_s: f64,
    text: String,
    #[serde(flatten)]
    reply: Reply,
}

/// A session without its turns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct SessionHead {
    pub(super) id: String,
    title: String,
    user: Option<String>,
    started_s: f64,
    turns: u64,
    kept_turns: usize,
}

/// A session with its turns.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Export {
    #[serde(flatten)]
    session: SessionHead,
    dialogue: Vec<Turn>,
}

#[derive(Debug)]
struct Session {
    title: String,
    user: Option<String>,
    started: Duration,
    turns: u64,
    kept: VecDeque<Turn>,
    used: u64,
}

impl Session {
    fn head(&self, id: u64) -> SessionHead {
        SessionHead {
            id: name(id),
            title: self.title.clone(),
            user: self.user.clone(),
            started_s: self.started.as_secs_f64(),
            turns: self.turns,
            kept_turns: self.kept.len(),
        }
    }
}

/// All sessions. A session belongs to the user who started it; to anybody else it does not exist.
#[derive(Debug)]
pub(super) struct Sessions {
    by_id: HashMap<u64, Session>,
    uses: u64,
    evicted: u64,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self { by_id: HashMap::with_capacity(SESSIONS + 1), uses: 0, evicted: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// Starts a session under `id`, and lets the longest unused one go where there are too many.
    pub(super) fn create(&mut self, id: u64, title: String, user: Option<String>, now: Duration) -> SessionHead {
        self.uses += 1;
        let session = Session { title, user, started: now, turns: 0, kept: VecDeque::new(), used: self.uses };
        let head = session.head(id);
        self.by_id.insert(id, session);
        if self.by_id.len() > SESSIONS
            && let Some(oldest) = self.by_id.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| *id)
        {
            self.by_id.remove(&oldest);
            self.evicted += 1;
        }
        head
    }

    fn find(&mut self, id: &str, user: Option<&str>) -> Option<(u64, &mut Session)> {
        let id = u64::from_str_radix(id, 16).ok()?;
        let session = self.by_id.get_mut(&id).filter(|session| session.user.as_deref() == user)?;
        self.uses += 1;
        session.used = self.uses;
        Some((id, session))
    }

    pub(super) fn head(&mut self, id: &str, user: Option<&str>) -> Option<SessionHead> {
        self.find(id, user).map(|(id, session)| session.head(id))
    }

    /// Adds a turn and answers with its number within the session and the reply.
    pub(super) fn turn(&mut self, id: &str, user: Option<&str>, text: &str, now: Duration) -> Option<(u64, Reply)> {
        let (_, session) = self.find(id, user)?;
        session.turns += 1;
        let reply = dialogue::reply(text, session.turns);
        if session.kept.len() == TURNS {
            session.kept.pop_front();
        }
        session.kept.push_back(Turn {
            number: session.turns,
            at_s: now.as_secs_f64(),
            text: text[..text.floor_char_boundary(TEXT)].to_owned(),
            reply: reply.clone(),
        });
        Some((session.turns, reply))
    }

    pub(super) fn graph(&mut self, id: &str, user: Option<&str>) -> Option<Graph> {
        let (_, session) = self.find(id, user)?;
        Some(dialogue::graph(session.kept.iter().map(|turn| turn.reply.topics.as_slice())))
    }

    pub(super) fn export(&mut self, id: &str, user: Option<&str>) -> Option<Export> {
        let (id, session) = self.find(id, user)?;
        Some(Export { session: session.head(id), dialogue: session.kept.iter().cloned().collect() })
    }
}

fn name(id: u64) -> String {
    format!("{id:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(3);

    #[test]
    fn the_longest_unused_session_goes_first() {
        let mut sessions = Sessions::new();
        for id in 0..SESSIONS as u64 {
            sessions.create(id, String::new(), None, NOW);
        }
        assert!(sessions.head(&name(0), None).is_some());
        sessions.create(9_999, String::new(), None, NOW);
        assert_eq!((sessions.len(), sessions.evicted()), (SESSIONS, 1));
        assert!(sessions.head(&name(0), None).is_some());
        assert!(sessions.head(&name(1), None).is_none());
    }

    #[test]
    fn a_session_keeps_its_last_turns_and_the_start_of_long_texts() {
        let mut sessions = Sessions::new();
        sessions.create(1, "t".into(), None, NOW);
        for _ in 0..100 {
            sessions.turn(&name(1), None, &"ü".repeat(10_000), NOW).unwrap();
        }
        let export = sessions.export(&name(1), None).unwrap();
        assert_eq!((export.session.turns, export.dialogue.len()), (100, TURNS));
        assert_eq!((export.dialogue[0].number, export.dialogue[0].text.len()), (69, TEXT));
    }

    #[test]
    fn a_session_of_one_user_does_not_exist_for_another() {
        let mut sessions = Sessions::new();
        let id = sessions.create(7, String::new(), Some("ann".into()), NOW).id;
        assert!(sessions.head(&id, Some("ann")).is_some());
        for other in [Some("bob"), None] {
            assert!(sessions.head(&id, other).is_none());
            assert!(sessions.turn(&id, other, "hello", NOW).is_none());
            assert!(sessions.graph(&id, other).is_none() && sessions.export(&id, other).is_none());
        }
    }
}
