//! The agents, and the cache of their answers: a text that was asked before costs neither a query nor a model.

use std::sync::Arc;

use serde::Serialize;

use super::dialogue;
use super::shelf::Shelf;

/// Answers kept at once.
const ANSWERS: usize = 512;
/// The words of an answer.
pub(super) const WORDS: usize = 20;
/// What an answer costs that is not in the cache: queries for the agent, the user's history and the sources.
const QUERIES: u64 = 3;

/// One agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Agent {
    pub(super) id: &'static str,
    name: &'static str,
    subject: &'static str,
}

/// All agents.
pub(super) const AGENTS: [Agent; 6] = [
    Agent { id: "memory", name: "Mnemosyne", subject: "what a server keeps" },
    Agent { id: "files", name: "Callimachus", subject: "descriptors and who closes them" },
    Agent { id: "threads", name: "Ariadne", subject: "threads and where they end" },
    Agent { id: "time", name: "Horae", subject: "latency and patience" },
    Agent { id: "limits", name: "Solon", subject: "limits and what happens beyond them" },
    Agent { id: "trends", name: "Pythia", subject: "where a line is going" },
];

/// The agent of this name.
pub(super) fn find(id: &str) -> Option<&'static Agent> {
    AGENTS.iter().find(|agent| agent.id == id)
}

/// What an agent answers to a text.
pub(super) fn answer(agent: &Agent, text: &str) -> Arc<str> {
    let words: Vec<String> = dialogue::talk(text).take(WORDS).collect();
    format!("{}: {}", agent.name, words.join(" ")).into()
}

/// Whether answers are looked up at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caching {
    /// They are.
    On,
    /// They are not: a fault.
    Off,
}

/// The answers that were given last, and what they cost.
#[derive(Debug)]
pub(super) struct Answers {
    by_question: Shelf<(&'static str, String), Arc<str>>,
    caching: Caching,
    pub(super) hits: u64,
    pub(super) lookups: u64,
    pub(super) queries: u64,
}

impl Answers {
    pub(super) fn new(caching: Caching) -> Self {
        Self { by_question: Shelf::new(ANSWERS), caching, hits: 0, lookups: 0, queries: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.by_question.len()
    }

    /// The answer that is known already. Where there is none, its queries are made and counted.
    pub(super) fn look_up(&mut self, agent: &Agent, text: &str) -> Option<Arc<str>> {
        self.lookups += 1;
        let known = match self.caching {
            Caching::On => self.by_question.get(&(agent.id, text.to_owned())).map(|answer| Arc::clone(answer)),
            Caching::Off => None,
        };
        match known {
            Some(_) => self.hits += 1,
            None => self.queries += QUERIES,
        }
        known
    }

    pub(super) fn keep(&mut self, agent: &'static Agent, text: String, answer: Arc<str>) {
        self.by_question.insert((agent.id, text), answer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_twice(caching: Caching) -> Answers {
        let mut answers = Answers::new(caching);
        for text in ["why", "why", "how"] {
            if answers.look_up(&AGENTS[0], text).is_none() {
                answers.keep(&AGENTS[0], text.into(), answer(&AGENTS[0], text));
            }
        }
        answers
    }

    #[test]
    fn a_repeated_text_hits_and_costs_no_query() {
        let mut answers = asked_twice(Caching::On);
        assert_eq!((answers.hits, answers.lookups, answers.queries), (1, 3, 6));
        assert_eq!(answers.look_up(&AGENTS[1], "why"), None, "another agent answers otherwise");
    }

    #[test]
    fn a_cache_that_is_off_never_hits() {
        let answers = asked_twice(Caching::Off);
        assert_eq!((answers.hits, answers.lookups, answers.queries), (0, 3, 9));
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut answers = Answers::new(Caching::On);
        for k in 0..2_000 {
            answers.keep(&AGENTS[0], k.to_string(), answer(&AGENTS[0], "x"));
        }
        assert_eq!(answers.len(), ANSWERS);
    }

    #[test]
    fn agents_are_found_by_their_ids() {
        for agent in &AGENTS {
            assert_eq!(find(agent.id), Some(agent));
        }
        assert_eq!(find("nobody"), None);
    }
}
