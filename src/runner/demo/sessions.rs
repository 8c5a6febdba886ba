//! The sessions that the server holds: at most so many, each with its last turns, the longest unused one going first.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;

use super::dialogue::{self, Graph, Reply};
use super::shelf::{Id, Shelf, Sight};

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
    pub(super) id: Id,
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
}

impl Session {
    fn head(&self, id: Id) -> SessionHead {
        SessionHead {
            id,
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
    by_id: Shelf<Id, Session>,
    sight: Sight,
}

impl Sessions {
    pub(super) fn new(sight: Sight) -> Self {
        Self { by_id: Shelf::new(SESSIONS), sight }
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn evicted(&self) -> u64 {
        self.by_id.evicted()
    }

    /// Starts a session under `id`, and lets the longest unused one go where there are too many.
    pub(super) fn create(&mut self, id: Id, title: String, user: Option<String>, now: Duration) -> SessionHead {
        let session = Session { title, user, started: now, turns: 0, kept: VecDeque::new() };
        let head = session.head(id);
        self.by_id.insert(id, session);
        head
    }

    fn find(&mut self, id: &str, user: Option<&str>) -> Option<(Id, &mut Session)> {
        let (id, sight) = (Id::parse(id)?, self.sight);
        let session = self.by_id.use_if(&id, |session| sight.allows(user, session.user.as_deref()))?;
        Some((id, session))
    }

    /// Ends a session.
    pub(super) fn remove(&mut self, id: &str, user: Option<&str>) -> Option<()> {
        let (id, _) = self.find(id, user)?;
        self.by_id.remove(&id).map(drop)
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(3);

    #[test]
    fn the_longest_unused_session_goes_first() {
        let mut sessions = Sessions::new(Sight::Own);
        for id in 0..SESSIONS as u64 {
            sessions.create(Id(id), String::new(), None, NOW);
        }
        assert!(sessions.head(&Id(0).to_string(), None).is_some());
        sessions.create(Id(9_999), String::new(), None, NOW);
        assert_eq!((sessions.len(), sessions.evicted()), (SESSIONS, 1));
        assert!(sessions.head(&Id(0).to_string(), None).is_some());
        assert!(sessions.head(&Id(1).to_string(), None).is_none());
    }

    #[test]
    fn a_session_keeps_its_last_turns_and_the_start_of_long_texts() {
        let mut sessions = Sessions::new(Sight::Own);
        let id = sessions.create(Id(1), "t".into(), None, NOW).id.to_string();
        for _ in 0..100 {
            sessions.turn(&id, None, &"ü".repeat(10_000), NOW).unwrap();
        }
        let export = sessions.export(&id, None).unwrap();
        assert_eq!((export.session.turns, export.dialogue.len()), (100, TURNS));
        assert_eq!((export.dialogue[0].number, export.dialogue[0].text.len()), (69, TEXT));
    }

    #[test]
    fn a_session_of_one_user_does_not_exist_for_another() {
        let mut sessions = Sessions::new(Sight::Own);
        let id = sessions.create(Id(7), String::new(), Some("ann".into()), NOW).id.to_string();
        assert!(sessions.head(&id, Some("ann")).is_some());
        for other in [Some("bob"), None] {
            assert!(sessions.head(&id, other).is_none());
            assert!(sessions.turn(&id, other, "hello", NOW).is_none());
            assert!(sessions.graph(&id, other).is_none() && sessions.export(&id, other).is_none());
            assert!(sessions.remove(&id, other).is_none());
        }
        assert_eq!(sessions.remove(&id, Some("ann")), Some(()));
        assert_eq!((sessions.len(), sessions.remove(&id, Some("ann"))), (0, None));
    }

    #[test]
    fn under_the_fault_everybody_sees_it() {
        let mut sessions = Sessions::new(Sight::All);
        let id = sessions.create(Id(7), String::new(), Some("ann".into()), NOW).id.to_string();
        assert!(sessions.head(&id, Some("bob")).is_some() && sessions.head(&id, None).is_some());
    }
}
