//! k6's spelling of a threshold, `http_req_duration{name:turn}: p(95)<500`, as the same tokens as soak's own.
//!
//! k6 measures `http_req_duration` from sending; here it means the response from the due time, so that a server that
//! hangs cannot hide the requests which it kept from being sent.

use super::error::ObjectiveError;
use super::tokens::{Token, tokens};

/// What a k6 metric is here: the words, and what its `rate` means.
const METRICS: [(&str, &str, Rate); 7] = [
    ("http_req_duration", "response", Rate::None),
    ("http_req_waiting", "ttfb", Rate::None),
    ("iteration_duration", "turn", Rate::None),
    ("http_req_failed", "errors", Rate::Share),
    ("checks", "availability", Rate::Share),
    ("http_reqs", "requests", Rate::PerSecond),
    ("iterations", "turns", Rate::PerSecond),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rate {
    /// It is a length of time and has no rate.
    None,
    /// A share between 0 and 1.
    Share,
    /// So many a second.
    PerSecond,
}

const METRIC: &str = "k6 metrics that soak knows are http_req_duration, http_req_waiting, http_req_failed, http_reqs, \
                      iterations, iteration_duration and checks";
const TAGS: &str = "write tags as {name:STEP}, {class:NAME} or {phase:NAME}, with a comma between them";
const AGGREGATE: &str = "of a length of time write p(95), avg, med, min or max, of http_req_failed and checks rate, of \
                         http_reqs and iterations count or rate";

/// The tokens of a text in k6's spelling; `None` where it is not in that spelling.
///
/// # Errors
/// Where it is, and a part of it is not known.
pub(super) fn translated(text: &str) -> Result<Option<Vec<Token>>, ObjectiveError> {
    let Some((name, tags, rest)) = parts(text) else { return Ok(None) };
    let refuse = |found: &str, wanted| ObjectiveError::K6 { found: found.to_owned(), wanted };
    let (_, words, rate) = METRICS.iter().find(|(metric, ..)| *metric == name).ok_or_else(|| refuse(name, METRIC))?;
    let mut condition = tokens(rest)?.into_iter();
    let (Some(Token::Word(aggregate)), Some(Token::Compare(comparison)), Some(Token::Word(limit)), None) =
        (condition.next(), condition.next(), condition.next(), condition.next())
    else {
        return Err(refuse(rest.trim(), AGGREGATE));
    };
    let number = || limit.parse::<f64>().map_err(|_| refuse(&limit, "write a number behind rate, such as rate<0.01"));
    let (aggregate, limit) = match (rate, aggregate.as_str()) {
        (Rate::None, "rate" | "count") | (Rate::Share, "count") => return Err(refuse(&aggregate, AGGREGATE)),
        (Rate::None, _) => (Some(aggregate), limit),
        (Rate::Share, "rate") => (None, format!("{}%", number()? * 100.0)),
        (Rate::PerSecond, "rate") => (None, format!("{}/s", number()?)),
        (Rate::PerSecond, "count") => (None, limit),
        (Rate::Share | Rate::PerSecond, _) => return Err(refuse(&aggregate, AGGREGATE)),
    };
    let mut found = vec![Token::Word((*words).to_owned())];
    found.extend(aggregate.map(Token::Word));
    found.extend(clauses(tags)?);
    found.extend([Token::Compare(comparison), Token::Word(limit)]);
    Ok(Some(found))
}

/// Metric, tags without their braces, and the condition.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
    let (name, rest) = text.split_at(end);
    let (tags, rest) = match rest.strip_prefix('{') {
        Some(rest) => rest.split_once('}')?,
        None => ("", rest),
    };
    let rest = rest.trim_start().strip_prefix(':')?;
    // A recording rule's name (`job:requests:rate`) is no metric of k6's.
    let is_k6 = METRICS.iter().any(|(metric, ..)| *metric == name) || rest.starts_with(' ') || !tags.is_empty();
    (is_k6 && !name.is_empty()).then_some((name, tags, rest))
}

/// The tags as clauses.
fn clauses(tags: &str) -> Result<Vec<Token>, ObjectiveError> {
    let (mut class, mut step, mut phase) = (None, None, None);
    for tag in tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()) {
        let refuse = || ObjectiveError::K6 { found: tag.to_owned(), wanted: TAGS };
        let (key, value) = tag.split_once(':').ok_or_else(refuse)?;
        let slot = match key.trim() {
            "name" | "step" => &mut step,
            "class" => &mut class,
            "phase" => &mut phase,
            _ => return Err(refuse()),
        };
        let value = value.trim();
        if value.is_empty() || slot.replace(value.to_owned()).is_some() {
            return Err(refuse());
        }
    }
    let word = |text: &str| Token::Word(text.to_owned());
    let mut found = Vec::new();
    if class.is_some() || step.is_some() {
        found.push(word("for"));
    }
    if let Some(class) = class {
        found.extend([word("class"), Token::Quoted(class)]);
        found.extend(step.is_some().then(|| word("step")));
    }
    found.extend(step.map(Token::Quoted));
    if let Some(phase) = phase {
        found.extend([word("in"), Token::Quoted(phase)]);
    }
    Ok(found)
}
