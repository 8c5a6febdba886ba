//! What the server says: the topics of a text, a question about them, and the graph of topics over a session.

use std::collections::BTreeMap;

use serde::Serialize;

/// Words shorter than this carry no topic.
const SHORTEST_TOPIC: usize = 4;
/// Nor do words longer than this, in characters.
const LONGEST_TOPIC: usize = 24;
/// Topics kept of one text.
const TOPICS: usize = 5;
/// Words that are long enough and still no topic.
const EVERYDAY: [&str; 16] = [
    "that", "this", "with", "have", "from", "what", "when", "which", "because", "always", "their", "there", "would",
    "should", "about", "every",
];

/// Sentences for the plain page, which has no text of its own.
const SENTENCES: [&str; 4] = [
    "Every server that runs for months has to return what it takes.",
    "Memory which grows with each request is found by patience, not by luck.",
    "A cache that fills and stays is no leak, though the first hour looks like one.",
    "Threads, files and sockets are resources too, and they run out sooner than memory.",
];

/// What comes back for a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Reply {
    /// A question about the text.
    pub(super) answer: String,
    /// What the text is about, in the order of first appearance.
    pub(super) topics: Vec<String>,
    /// How many words the text has.
    pub(super) words: usize,
}

/// Answers a text with a question, as the one who asks does.
pub(super) fn reply(text: &str, turn: u64) -> Reply {
    let topics = topics(text);
    let answer = match (topics.as_slice(), turn % 3) {
        ([], _) => "Could you say more about that?".to_owned(),
        ([only], _) => format!("What do you mean by {only}?"),
        ([first, .., last], 0) => format!("How would you tell {first} from {last}?"),
        ([first, .., last], 1) => format!("Would {first} still hold without {last}?"),
        ([first, ..], _) => format!("What makes you sure about {first}?"),
    };
    Reply { answer, topics, words: text.split_whitespace().count() }
}

/// The sentence that the plain page thinks about in this turn.
pub(super) fn sentence(turn: u64) -> &'static str {
    SENTENCES[(turn % SENTENCES.len() as u64) as usize]
}

/// What an agent says about a text: a question about it, and then its favourite sentences for as long as it is let.
pub(super) fn talk(text: &str) -> impl Iterator<Item = String> + Send + use<> {
    let opening: Vec<String> = reply(text, 1).answer.split_whitespace().map(str::to_owned).collect();
    let rest = SENTENCES.iter().cycle().flat_map(|sentence| sentence.split_whitespace()).map(str::to_owned);
    opening.into_iter().chain(rest)
}

/// A page about a topic, in plain words.
pub(super) fn essay(number: u64, sentences: u64) -> impl Iterator<Item = &'static str> {
    (number..number + sentences).map(sentence)
}

/// Pairs of statements, by their positions, that share a topic of which one of them denies something.
pub(super) fn conflicts(statements: &[String]) -> Vec<Conflict> {
    let seen: Vec<(Vec<String>, bool)> = statements.iter().map(|text| (topics(text), denies(text))).collect();
    let mut conflicts = Vec::new();
    for (second, (topics, denies)) in seen.iter().enumerate() {
        for (first, (others, other_denies)) in seen[..second].iter().enumerate() {
            if let Some(topic) = topics.iter().find(|topic| others.contains(topic))
                && denies != other_denies
            {
                conflicts.push(Conflict { first, second, topic: topic.clone() });
            }
        }
    }
    conflicts
}

/// Two statements that do not go together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Conflict {
    first: usize,
    second: usize,
    topic: String,
}

fn denies(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.any(|word| ["no", "not", "never", "none", "cannot"].iter().any(|denial| word.eq_ignore_ascii_case(denial)))
}

pub(super) fn topics(text: &str) -> Vec<String> {
    let mut topics: Vec<String> = Vec::with_capacity(TOPICS);
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        if !(SHORTEST_TOPIC..=LONGEST_TOPIC).contains(&word.chars().count()) {
            continue;
        }
        let word = word.to_lowercase();
        if !EVERYDAY.contains(&word.as_str()) && !topics.contains(&word) {
            topics.push(word);
        }
        if topics.len() == TOPICS {
            break;
        }
    }
    topics
}

/// The topics of a session and how often they came up together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Node {
    topic: String,
    turns: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Edge {
    from: String,
    to: String,
    turns: u32,
}

/// The graph of turns, each given by its topics. An edge joins two topics of one turn, in alphabetical order.
pub(super) fn graph<'a>(turns: impl Iterator<Item = &'a [String]>) -> Graph {
    let mut nodes: BTreeMap<&str, u32> = BTreeMap::new();
    let mut edges: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for topics in turns {
        for (position, topic) in topics.iter().enumerate() {
            *nodes.entry(topic).or_default() += 1;
            for other in &topics[position + 1..] {
                *edges.entry((topic.min(other), topic.max(other))).or_default() += 1;
            }
        }
    }
    Graph {
        nodes: nodes.into_iter().map(|(topic, turns)| Node { topic: topic.to_owned(), turns }).collect(),
        edges: edges
            .into_iter()
            .map(|((from, to), turns)| Edge { from: from.to_owned(), to: to.to_owned(), turns })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_the_first_long_words_that_mean_something() {
        assert_eq!(reply("That cache would grow; the CACHE is with us.", 0).topics, ["cache", "grow"]);
        assert_eq!(reply("", 0), Reply { answer: "Could you say more about that?".into(), topics: vec![], words: 0 });
        assert_eq!(reply(&"Überlänge ".repeat(1000), 1).topics, ["überlänge"]);
        assert_eq!(reply("alpha beta gamma delta epsilon zeta", 1).topics.len(), TOPICS);
    }

    #[test]
    fn a_graph_counts_topics_and_pairs_over_the_turns() {
        let turns = [vec!["cache".to_owned(), "leak".to_owned()], vec!["leak".to_owned(), "cache".to_owned()]];
        let graph = graph(turns.iter().map(Vec::as_slice));
        assert_eq!(graph.nodes, [("cache", 2), ("leak", 2)].map(|(topic, turns)| Node { topic: topic.into(), turns }));
        assert_eq!(graph.edges, [Edge { from: "cache".into(), to: "leak".into(), turns: 2 }]);
    }

    #[test]
    fn a_statement_and_its_denial_are_a_conflict() {
        let statements =
            ["The cache grows.", "Threads stay.", "The cache never grows", "A cache grows"].map(String::from);
        let pairs: Vec<_> = conflicts(&statements).into_iter().map(|c| (c.first, c.second, c.topic)).collect();
        assert_eq!(pairs, [(0, 2, "cache".to_owned()), (2, 3, "cache".to_owned())]);
        assert_eq!(conflicts(&[]), []);
    }

    #[test]
    fn talk_starts_with_the_text_and_never_runs_dry() {
        let words: Vec<String> = talk("the cache").take(500).collect();
        assert_eq!((words.len(), words[..5].join(" ").as_str()), (500, "What do you mean by"));
    }
}
