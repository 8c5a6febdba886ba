//! What an answer holds and whether it is what the step expects: captures and expectations.

use std::cell::OnceCell;
use std::time::Duration;

use fastrand::Rng;
use hyper::header::SET_COOKIE;
use serde_json::Value;

use super::books::Outcome;
use super::fill;
use super::ledger::Fault;
use super::link::Exchange;
use super::script::{Act, Place};
use super::variables::{Knowledge, Shared, Variables};
use crate::profile::{JsonExpectation, StatusPattern};

/// Bodies that are looked into are kept up to this size.
pub(super) const BODY_LIMIT: usize = 8 << 20;

/// An answer to be looked into. Its JSON is parsed once, and only if somebody asks.
pub(super) struct Answer<'a> {
    exchange: &'a Exchange,
    json: OnceCell<Option<Value>>,
}

impl<'a> Answer<'a> {
    pub(super) fn new(exchange: &'a Exchange) -> Self {
        Self { exchange, json: OnceCell::new() }
    }

    fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| serde_json::from_slice(&self.exchange.body).ok()).as_ref()
    }

    fn header(&self, name: &hyper::header::HeaderName) -> Option<&str> {
        self.exchange.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// What stands at a place.
    pub(super) fn at(&self, place: &Place) -> Option<Value> {
        match place {
            Place::Json(path) => path.query(self.json()?).first().cloned(),
            Place::Header(name) => Some(Value::from(self.header(name)?)),
            Place::Cookie(name) => self.cookie(name).map(Value::from),
        }
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let set = self.exchange.headers.get_all(SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = set.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        pairs.find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().trim_matches('"'))
    }

    fn status(&self) -> u16 {
        self.exchange.status.map_or(0, |status| status.as_u16())
    }

    /// What a complete answer comes to, by the step's expectations.
    pub(super) fn outcome(&self, act: &Act, shared: &Shared, knowledge: &Knowledge, random: &mut Rng) -> Outcome {
        if let Some(outcome) = self.by_status(act) {
            return outcome;
        }
        if let Some(fault) = self.unexpected(act, shared, knowledge, random) {
            return Outcome::Failed(fault);
        }
        let is_redirect = self.exchange.status.is_some_and(|status| status.is_redirection());
        if is_redirect && act.step.expect.status.is_empty() { Outcome::Redirected } else { Outcome::Well }
    }

    /// What the status alone makes of the answer; `None` where it is one that will do.
    pub(super) fn by_status(&self, act: &Act) -> Option<Outcome> {
        let (status, expected) = (self.status(), &act.step.expect.status);
        let is_expected = expected.iter().any(|pattern| match pattern {
            StatusPattern::Exactly(exactly) => status == *exactly,
            StatusPattern::Hundred(hundred) => status / 100 == *hundred,
        });
        if is_expected {
            return None;
        }
        if self.exchange.is_put_off() {
            return Some(Outcome::Limited);
        }
        (!expected.is_empty() || status >= 400).then(|| {
            let words = self.exchange.status.map_or_else(|| status.to_string(), |status| status.to_string());
            Outcome::Failed(Fault::new(format!("status {status}"), words))
        })
    }

    /// The first of the step's expectations that the answer does not fulfil, its status aside.
    fn unexpected(&self, act: &Act, shared: &Shared, knowledge: &Knowledge, random: &mut Rng) -> Option<Fault> {
        for (name, template) in &act.expected_headers {
            let fault = |story: String| Some(Fault::new(format!("expectation header {name}"), story));
            let Some(found) = self.header(name) else { return fault("it is missing".into()) };
            match fill::text(template, shared, knowledge, random) {
                Ok(wanted) if wanted.text == "*" || wanted.text == found => {}
                Ok(_) => return fault(format!("it is not `{template}`")),
                Err(_) => return fault(format!("`{template}` names what is not known")),
            }
        }
        if let Some((least, most)) = act.step.expect.body_bytes
            && !(least..=most).contains(&self.exchange.body_bytes)
        {
            let story = format!("{} bytes, not {least} to {most}", self.exchange.body_bytes);
            return Some(Fault::new("expectation body size", story));
        }
        if !act.json.is_empty() && self.json().is_none() {
            let too_large = self.exchange.body_bytes > BODY_LIMIT as u64;
            let story = if too_large { "the body is too large to be looked into" } else { "the body is no JSON" };
            return Some(Fault::new("expectation json", story));
        }
        for (path, wanted) in &act.json {
            let found = self.json().and_then(|json| path.query(json).first());
            if let Some(story) = mismatch(found, wanted, shared, knowledge, random) {
                return Some(Fault::new(format!("expectation json {path}"), story));
            }
        }
        self.misreported(act)
    }

    /// Where the answer reports a latency of its own that is not the one that was measured.
    fn misreported(&self, act: &Act) -> Option<Fault> {
        let (place, wanted) = act.reported.as_ref()?;
        let measured = self.exchange.service()?;
        let fault = |story: String| Some(Fault::new("expectation reported latency", story));
        let reported = self.at(place).and_then(|value| match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().trim_end_matches("ms").trim_end().parse().ok(),
            _ => None,
        });
        let Some(reported_ms) = reported else { return fault("the answer reports none".into()) };
        let measured_ms = measured.as_secs_f64() * 1e3;
        let allowed = (wanted.within.as_secs_f64() * 1e3).max(wanted.share * measured_ms);
        if (reported_ms - measured_ms).abs() <= allowed {
            return None;
        }
        fault(format!("it reports {reported_ms:.1} ms, and {measured_ms:.1} ms were measured"))
    }

    /// Takes what the step captures.
    ///
    /// # Errors
    /// The first value that is not there.
    pub(super) fn captures(&self, act: &Act, into: &mut Variables) -> Result<(), Fault> {
        for (name, place) in &act.captures {
            let Some(value) = self.at(place) else {
                let story = match place {
                    Place::Json(_) if self.json().is_none() => "the body is no JSON".into(),
                    Place::Json(path) => format!("nothing stands at {path}"),
                    Place::Header(header) => format!("there is no header {header}"),
                    Place::Cookie(cookie) => format!("no cookie {cookie} is set"),
                };
                return Err(Fault::new(format!("capture {name}"), story));
            };
            match into.get_mut(name) {
                Some(known) => *known = value,
                None => drop(into.insert(name.clone(), value)),
            }
        }
        Ok(())
    }
}

/// Why a value is not what it is to be; `None` where it is. Texts of the answer are not repeated: they may be secrets.
fn mismatch(
    found: Option<&Value>,
    wanted: &JsonExpectation,
    shared: &Shared,
    knowledge: &Knowledge,
    random: &mut Rng,
) -> Option<String> {
    let (wanted, is_met) = match wanted {
        JsonExpectation::Exists => ("something".to_owned(), found.is_some()),
        JsonExpectation::Absent => ("nothing".to_owned(), found.is_none()),
        JsonExpectation::Between(least, most) => {
            let number = found.and_then(Value::as_f64);
            (
                format!("a number from {least} to {most}"),
                number.is_some_and(|number| (*least..=*most).contains(&number)),
            )
        }
        JsonExpectation::AtLeast(least) => {
            let count = match found {
                Some(Value::Array(items)) => Some(items.len() as u64),
                Some(Value::String(text)) => Some(text.chars().count() as u64),
                _ => None,
            };
            (format!("at least {least} elements or characters"), count.is_some_and(|count| count >= *least))
        }
        JsonExpectation::Equals(template) => match fill::json(template, shared, knowledge, random) {
            Ok(wanted) => ("the expected value".to_owned(), found.is_some_and(|found| is_equal(found, &wanted))),
            Err(_) => ("a value that is not known".to_owned(), false),
        },
    };
    (!is_met).then(|| format!("{} stands there, not {wanted}", described(found)))
}

/// Equal as JSON, where 1 and 1.0 are the same number.
fn is_equal(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_equal(a, b)))
        }
        (a, b) => a == b,
    }
}

fn described(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(Value::String(text)) => format!("a text of {} characters", text.chars().count()),
        Some(Value::Array(items)) => format!("an array of {}", items.len()),
        Some(Value::Object(_)) => "an object".into(),
        Some(plain) => plain.to_string(),
    }
}

/// A length as a share of a second, for stories.
pub(super) fn shown(length: Duration) -> String {
    format!("{:.1} ms", length.as_secs_f64() * 1e3)
}
