//! From tokens to an objective.

use std::str::FromStr;
use std::time::Duration;

use super::bound::{Bound, Comparison};
use super::error::ObjectiveError;
use super::limit::{self, LimitUnit};
use super::quantity::{self, Count, Quantity, Share, Stat};
use super::tokens::{Clauses, Token, joined, tokens};
use super::{Aspect, Objective, Phases, Scope, k6};
use crate::domain::traffic::Measure;
use crate::domain::{Metric, Unit};

impl FromStr for Objective {
    type Err = ObjectiveError;

    /// Reads an objective such as `p95 < 500ms for turn`.
    ///
    /// # Errors
    /// Says which part cannot be understood, and what may stand there.
    fn from_str(text: &str) -> Result<Self, ObjectiveError> {
        let all = match k6::translated(text)? {
            Some(tokens) => tokens,
            None => tokens(text)?,
        };
        let (mut left, comparison, right) = sides(text, all)?;
        let change = change(&mut left);
        let (head, mut clauses) = Clauses::of(left, right)?;
        let limits = std::mem::take(&mut clauses.head);
        let (head, aspect) = aspect(&head, change, &clauses)?;
        let turns = clauses.over.as_deref().and_then(|over| limit::turns(&joined(over)));
        let written = quantity(head, &limits, turns)?;
        let bound = bound(&written, &aspect, comparison, &limits)?;
        let objective = Self {
            text: text.trim().to_owned(),
            quantity: written,
            aspect,
            bound,
            scope: scope(&clauses)?,
            over: if turns.is_some() { None } else { over(&clauses)? },
        };
        fits(&objective, turns)?;
        Ok(objective)
    }
}

/// What stands left and right of the comparison.
fn sides(text: &str, tokens: Vec<Token>) -> Result<(Vec<Token>, Comparison, Vec<Token>), ObjectiveError> {
    let shown = text.trim().to_owned();
    let (mut left, mut right, mut found) = (Vec::new(), Vec::new(), None);
    for token in tokens {
        match (token, found) {
            (Token::Compare(comparison), None) => found = Some(comparison),
            (Token::Compare(_), Some(_)) => return Err(ObjectiveError::Comparisons(shown)),
            (token, None) => left.push(token),
            (token, Some(_)) => right.push(token),
        }
    }
    let comparison = found.ok_or(ObjectiveError::NoComparison(shown))?;
    Ok((left, comparison, right))
}

/// `falls` or `rises` before the comparison.
#[derive(Clone, Copy)]
enum Change {
    Falls,
    Rises,
}

fn change(left: &mut Vec<Token>) -> Option<Change> {
    // A lone word is what is limited, whatever it says.
    let last = left.last().filter(|_| left.len() > 1)?;
    let change = match last {
        last if last.is("falls") => Change::Falls,
        last if last.is("rises") => Change::Rises,
        _ => return None,
    };
    left.pop();
    Some(change)
}

/// The head without the words of the aspect, and the aspect.
fn aspect<'a>(
    head: &'a [Token],
    change: Option<Change>,
    clauses: &Clauses,
) -> Result<(&'a [Token], Aspect), ObjectiveError> {
    let phases = clauses.from.as_deref().map(phases).transpose()?;
    let drift = match head {
        [first, of, rest @ ..] if first.is("drift") && of.is("of") => Some(rest),
        [first, ..] if first.is("drift") => {
            return Err(ObjectiveError::Clause { clause: "drift", wanted: "of and a quantity: `drift of p95 < 20%`" });
        }
        _ => None,
    };
    match (drift, change, phases) {
        (None, None, None) => Ok((head, Aspect::Value)),
        (Some(rest), None, None) => Ok((rest, Aspect::Drift)),
        (None, Some(Change::Falls), Some(phases)) => Ok((head, Aspect::Falls(phases))),
        (None, Some(Change::Rises), Some(phases)) => Ok((head, Aspect::Rises(phases))),
        (None, None, Some(_)) => {
            Err(ObjectiveError::Clause { clause: "from", wanted: "falls or rises before the comparison" })
        }
        (Some(_), ..) => Err(ObjectiveError::Misfit { clause: "from", quantity: "a drift" }),
        (None, Some(_), None) => Err(ObjectiveError::Clause {
            clause: "falls or rises",
            wanted: "the two phases, such as `p50 falls >= 60% from cold to warm`",
        }),
    }
}

fn phases(tokens: &[Token]) -> Result<Phases, ObjectiveError> {
    let wanted = ObjectiveError::Clause { clause: "from", wanted: "PHASE to PHASE" };
    let Some(at) = tokens.iter().position(|token| token.is("to")) else { return Err(wanted) };
    let (from, to) = (joined(&tokens[..at]), joined(&tokens[at + 1..]));
    if from.is_empty() || to.is_empty() { Err(wanted) } else { Ok(Phases { from, to }) }
}

/// What is limited. Some names count or take a share, as their limit is written.
fn quantity(head: &[Token], limits: &[Token], turns: Option<f64>) -> Result<Quantity, ObjectiveError> {
    let refuse = || ObjectiveError::Quantity(joined(head));
    if let [only @ Token::Quoted(_)] = head {
        return Ok(Quantity::Level { metric: only.text().to_owned(), stat: Stat::Max });
    }
    let words: Vec<&str> = head.iter().map(Token::text).collect();
    let name = |words: &[&str]| metric(words).ok_or_else(refuse);
    Ok(match words.as_slice() {
        [] => return Err(refuse()),
        ["growth", "of", rest @ ..] => {
            let (_, _, per) = limit::growth(&joined(first_amount(limits)))?;
            Quantity::Growth { metric: name(rest)?, per }
        }
        ["increase", "of", rest @ ..] => Quantity::Increase { metric: name(rest)?, turns },
        [rest @ .., "per", "turn"] => Quantity::PerTurn { metric: name(rest)? },
        [part, "/", whole] => Quantity::Ratio { part: name(&[part])?, whole: name(&[whole])? },
        ["error", "rate"] => Quantity::Share(Share::Failed),
        ["availability"] => Quantity::Share(Share::Available),
        ["throughput"] => Quantity::Throughput(Count::Requests),
        words => {
            if let Some(counted) = quantity::count(words) {
                counted_as(counted, limits)
            } else if quantity::measure(words).is_some() {
                return Err(ObjectiveError::Statistic(words.join(" ")));
            } else {
                one_of_many(words).ok_or_else(refuse)?
            }
        }
    })
}

/// The limit, or the first of several grades without its word.
fn first_amount(limits: &[Token]) -> &[Token] {
    let first = limits.split(|token| *token == Token::Comma).next().unwrap_or(limits);
    match first.split_last() {
        Some((grade, amount)) if ["target", "acceptable", "poor"].iter().any(|word| grade.is(word)) => amount,
        _ => first,
    }
}

/// `errors < 0.1%` is a share, `errors < 3` a count, `requests >= 200/s` a throughput.
fn counted_as(count: Count, limits: &[Token]) -> Quantity {
    let limit = joined(limits);
    match count {
        Count::Failed if limit.contains('%') => Quantity::Share(Share::Failed),
        Count::Limited if limit.contains('%') => Quantity::Share(Share::Limited),
        count if limit.contains('/') => Quantity::Throughput(count),
        count => Quantity::Count(count),
    }
}

/// A statistic with its measure (in either order) or its metric, or a metric alone, whose greatest reading is meant.
fn one_of_many(words: &[&str]) -> Option<Quantity> {
    let split = match words {
        [first, "of", rest @ ..] if !rest.is_empty() => Stat::from_word(first).map(|stat| (stat, rest)),
        [first, rest @ ..] => Stat::from_word(first).map(|stat| (stat, rest)),
        [] => None,
    };
    let split = split.or_else(|| {
        let (last, rest) = words.split_last()?;
        Stat::from_word(last).map(|stat| (stat, rest))
    });
    let Some((stat, rest)) = split else {
        return Some(Quantity::Level { metric: metric(words)?, stat: Stat::Max });
    };
    let measure = if rest.is_empty() { Some(Measure::Response) } else { quantity::measure(rest) };
    match measure {
        Some(_) if stat == Stat::Last => None,
        Some(measure) => Some(Quantity::Latency { measure, stat }),
        None => Some(Quantity::Level { metric: metric(rest)?, stat }),
    }
}

/// A metric's or a series' name: one word, with labels in braces where it has any.
fn metric(words: &[&str]) -> Option<String> {
    let [name] = words else { return None };
    let plain = name.split('{').next().unwrap_or_default();
    let mut letters = plain.chars();
    let begins = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == ':');
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || "_:.-".contains(c));
    (begins && goes_on && !quantity::is_percentile(name)).then(|| (*name).to_owned())
}

/// The limits and the comparison with what is limited.
fn bound(
    quantity: &Quantity,
    aspect: &Aspect,
    comparison: Comparison,
    limits: &[Token],
) -> Result<Bound, ObjectiveError> {
    let read = |text: &str| read_limit(quantity, aspect, text);
    let parts: Vec<&[Token]> = limits.split(|token| *token == Token::Comma).collect();
    if let [only] = parts.as_slice()
        && !only.last().is_some_and(|token| token.is("target"))
    {
        let (limit, unit) = read(&joined(only))?;
        return Ok(Bound { comparison, limit, target: None, poor: None, unit });
    }
    let (mut target, mut acceptable, mut poor) = (None, None, None);
    let text = joined(limits);
    let wanted = "grades: LIMIT target, LIMIT acceptable, and if you like LIMIT poor";
    let refuse = || ObjectiveError::Limit { found: text.clone(), wanted };
    for part in parts {
        let (grade, amount) = part.split_last().ok_or_else(refuse)?;
        let slot = match grade {
            grade if grade.is("target") => &mut target,
            grade if grade.is("acceptable") => &mut acceptable,
            grade if grade.is("poor") => &mut poor,
            _ => return Err(refuse()),
        };
        if slot.replace(read(&joined(amount))?).is_some() {
            return Err(refuse());
        }
    }
    let (Some((target, unit)), Some((limit, other))) = (target, acceptable) else { return Err(refuse()) };
    let is_alike = unit == other && poor.is_none_or(|(_, third)| third == unit);
    let poor = poor.map(|(poor, _)| poor);
    // The stricter limit must lie within the laxer one.
    let within = |strict: f64, lax: f64| if comparison.is_ceiling() { strict <= lax } else { strict >= lax };
    if !is_alike || !within(target, limit) || poor.is_some_and(|poor| !within(limit, poor)) {
        return Err(ObjectiveError::Grades(text));
    }
    Ok(Bound { comparison, limit, target: Some(target), poor, unit })
}

fn read_limit(quantity: &Quantity, aspect: &Aspect, text: &str) -> Result<(f64, LimitUnit), ObjectiveError> {
    if *aspect != Aspect::Value {
        return limit::share(text).map(|share| (share, LimitUnit::Share));
    }
    match quantity {
        Quantity::Latency { .. } => limit::milliseconds(text).map(|ms| (ms, LimitUnit::Milliseconds)),
        Quantity::Share(_) => limit::share(text).map(|share| (share, LimitUnit::Share)),
        Quantity::Count(_) => limit::count(text).map(|count| (count, LimitUnit::Count)),
        Quantity::Throughput(_) => limit::per_second(text).map(|rate| (rate, LimitUnit::PerSecond)),
        Quantity::Level { metric, .. } | Quantity::Increase { metric, .. } => {
            let (limit, unit) = limit::level(text)?;
            known_unit(metric, unit, text)?;
            Ok((limit, unit))
        }
        Quantity::Growth { .. } => limit::growth(text).map(|(limit, unit, _)| (limit, unit)),
        Quantity::Ratio { .. } => limit::ratio(text),
        Quantity::PerTurn { .. } => limit::level(text).map(|(limit, unit)| match unit {
            LimitUnit::Bytes => (limit, LimitUnit::BytesPerTurn),
            _ => (limit, LimitUnit::NumberPerTurn),
        }),
    }
}

/// A limit of one of soak's own metrics must count what the metric counts.
fn known_unit(name: &str, unit: LimitUnit, text: &str) -> Result<(), ObjectiveError> {
    let Some(metric) = Metric::from_name(name) else { return Ok(()) };
    let wanted = match (metric.unit(), unit) {
        (Unit::Bytes, LimitUnit::Bytes)
        | (Unit::Milliseconds, LimitUnit::Milliseconds | LimitUnit::Number)
        | (Unit::Count | Unit::Number, LimitUnit::Number) => return Ok(()),
        (Unit::Bytes, _) => "an amount of memory with its unit, such as 500 MiB",
        (Unit::Milliseconds, _) => "a time, such as 5s",
        (Unit::Count | Unit::Number, _) => "a number",
    };
    Err(ObjectiveError::Limit { found: text.to_owned(), wanted })
}

/// What may stand behind `for`.
const WHOSE: &str = "the name of a step, `class NAME` or `class NAME step STEP`";

fn scope(clauses: &Clauses) -> Result<Scope, ObjectiveError> {
    let named = |tokens: &[Token], clause, wanted| {
        let name = joined(tokens);
        if name.is_empty() { Err(ObjectiveError::Clause { clause, wanted }) } else { Ok(name) }
    };
    let phase = clauses.phase.as_deref().map(|tokens| named(tokens, "in", "the name of a phase")).transpose()?;
    let Some(whose) = clauses.whose.as_deref() else { return Ok(Scope { phase, ..Scope::default() }) };
    let step = |tokens: &[Token]| named(tokens, "for", WHOSE);
    let (class, step) = match whose {
        [first, rest @ ..] if first.is("class") && !rest.is_empty() => {
            match rest.iter().position(|token| token.is("step")) {
                Some(at) => (Some(step(&rest[..at])?), Some(step(&rest[at + 1..])?)),
                None => (Some(step(rest)?), None),
            }
        }
        [first, rest @ ..] if first.is("step") && !rest.is_empty() => (None, Some(step(rest)?)),
        tokens => (None, Some(step(tokens)?)),
    };
    Ok(Scope { class, step, phase })
}

/// Spans shorter than the record's windows cannot be looked at.
const SHORTEST_MS: f64 = 10_000.0;
/// A week: longer than any run that makes windows of ten seconds sensible.
const LONGEST_MS: f64 = 7.0 * 86_400_000.0;

fn over(clauses: &Clauses) -> Result<Option<Duration>, ObjectiveError> {
    let Some(tokens) = clauses.over.as_deref() else { return Ok(None) };
    let refuse = || ObjectiveError::Clause { clause: "over", wanted: "a time of at least 10s, or a number of turns" };
    let text = joined(tokens);
    let ms = limit::milliseconds(&text).map_err(|_| refuse())?;
    // A bare number could be seconds as well as milliseconds.
    let has_unit = text.contains(char::is_alphabetic);
    if !has_unit || !(SHORTEST_MS..=LONGEST_MS).contains(&ms) {
        return Err(refuse());
    }
    Ok(Some(Duration::from_secs_f64(ms / 1000.0)))
}

/// Whether the clauses fit what is limited.
fn fits(objective: &Objective, turns: Option<f64>) -> Result<(), ObjectiveError> {
    let misfit = |clause, quantity| Err(ObjectiveError::Misfit { clause, quantity });
    let Objective { quantity, aspect, scope, over, .. } = objective;
    let of_the_target = match quantity {
        Quantity::Level { .. } => Some("a metric's level"),
        Quantity::Growth { .. } => Some("a growth"),
        Quantity::Increase { .. } => Some("an increase"),
        Quantity::Ratio { .. } => Some("a ratio of counters"),
        Quantity::PerTurn { .. } => Some("a counter per turn"),
        Quantity::Latency { .. } | Quantity::Share(_) | Quantity::Count(_) | Quantity::Throughput(_) => None,
    };
    let is_whole_turn = matches!(
        quantity,
        Quantity::Latency { measure: Measure::Turn, .. }
            | Quantity::Count(Count::Turns)
            | Quantity::Throughput(Count::Turns)
    );
    match (of_the_target, aspect) {
        (Some(name), _) if scope.class.is_some() || scope.step.is_some() => return misfit("for", name),
        (Some(name), _) if over.is_some() => return misfit("over", name),
        _ if turns.is_some() && !matches!(quantity, Quantity::Increase { .. }) => {
            return misfit("over N turns", "anything but an increase");
        }
        (None, _) if is_whole_turn && scope.step.as_deref().is_some_and(|step| step != "turn") => {
            return misfit("for STEP", "whole turns");
        }
        (_, Aspect::Drift | Aspect::Falls(_) | Aspect::Rises(_)) if over.is_some() => {
            return misfit("over", "a comparison of two parts of the run");
        }
        (_, Aspect::Falls(_) | Aspect::Rises(_)) if scope.phase.is_some() => {
            return misfit("in", "a comparison of two phases");
        }
        _ => {}
    }
    match (quantity, aspect) {
        (Quantity::Growth { .. } | Quantity::Increase { .. }, Aspect::Drift | Aspect::Falls(_) | Aspect::Rises(_)) => {
            misfit("drift, falls and rises", "a growth or an increase")
        }
        (Quantity::Growth { .. }, _) if scope.phase.is_some() => misfit("in", "a growth"),
        (Quantity::Level { .. } | Quantity::Ratio { .. } | Quantity::PerTurn { .. }, Aspect::Drift) => {
            misfit("drift", "a metric of the target: use `growth of`")
        }
        _ => Ok(()),
    }
}
