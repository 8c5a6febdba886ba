//! Response times, failures and throughput of each step and of whole turns, from the windows of the traffic.
//!
//! The part of the run that counts is divided into twenty sections of whole windows (or fewer, where there are fewer windows or
//! requests): requests of one moment resemble each other, so a percentile of all requests has no more to say of its own
//! error than the sections' percentiles do.

use std::collections::BTreeMap;

use crate::domain::comparison::Quantity;
use crate::domain::rate::{counted as number_of, grouped};
use crate::domain::traffic::{Measure, Window};
use crate::domain::{Run, Unit};
use crate::stats::contrast::{FEWEST_SECTIONS, Known, MOST_SECTIONS, sectioned};
use crate::stats::latencies::Latencies;
use crate::stats::quantile::median;

use super::super::objectives::reading::needed;
use super::super::objectives::tally::Tally;
use super::super::objectives::timeline::{SLACK_S, When, counted, holds, joined};
use super::Side;
use super::draft::{Draft, Scale};

/// Times that differ by less, in milliseconds, differ by what the scheduler of a busy machine does.
const FLOOR_MS: f64 = 1.0;
/// Shares of failures that differ by less are alike: one request of a thousand.
const FLOOR_SHARE: f64 = 0.001;

/// With fewer answers on any side, not even the 95th percentile can be told.
const RARE: u64 = 80;

/// Class, and the step or whole turns.
type Key = (String, Option<String>);

/// Rows for each step of each class with traffic on any side, and for whole turns of several steps.
pub(super) fn drafts(baselines: &[Side<'_>], candidate: Side<'_>) -> Vec<Draft> {
    let sides: Vec<Side<'_>> = baselines.iter().copied().chain([candidate]).collect();
    let books: Vec<BTreeMap<Key, Book>> = sides.iter().map(books).collect();
    let mut keys: Vec<&Key> = books.iter().flat_map(BTreeMap::keys).collect();
    keys.sort();
    keys.dedup();
    let steps_of = |class: &str| keys.iter().filter(|key| key.0 == class && key.1.is_some()).count();
    let told: Vec<&Key> = keys.iter().copied().filter(|key| key.1.is_some() || steps_of(&key.0) > 1).collect();
    told.into_iter().flat_map(|key| Compared { key, sides: &sides, books: &books }.drafts()).collect()
}

/// What a step did, section by section.
#[derive(Default)]
struct Book {
    responses: Vec<Tally>,
    first_bytes: Vec<Tally>,
    seconds: Vec<f64>,
}

/// The sections of the part of a run that counts: from and to, in seconds since the start.
fn sections(windows: &[Window], warm_up_s: Option<f64>) -> Vec<(f64, f64)> {
    let counting = counted(windows, When::Steady, warm_up_s);
    let mut slots: Vec<(f64, f64)> = Vec::new();
    for (from_s, to_s) in joined(&counting) {
        let inside = windows.iter().filter(|window| holds(&counting, window));
        let mut starts: Vec<f64> =
            inside.map(|window| window.from_s).filter(|at| (from_s - SLACK_S..to_s).contains(at)).collect();
        starts.sort_by(f64::total_cmp);
        starts.dedup_by(|later, earlier| *later - *earlier <= SLACK_S);
        let ends = starts.iter().skip(1).copied().chain([to_s]);
        slots.extend(starts.iter().copied().zip(ends).filter(|(from, to)| to - from > SLACK_S));
    }
    // What is left of a run after its last whole window, waiting for answers, is no moment like the others.
    let lengths: Vec<f64> = slots.iter().map(|(from_s, to_s)| to_s - from_s).collect();
    let usual_s = median(&lengths).unwrap_or(0.0);
    slots.retain(|(from_s, to_s)| to_s - from_s >= usual_s / 2.0);
    let count = MOST_SECTIONS.min(slots.len());
    let edges = |at: usize| (slots[at * slots.len() / count].0, slots[(at + 1) * slots.len() / count - 1].1);
    (0..count).map(edges).collect()
}

fn books(side: &Side<'_>) -> BTreeMap<Key, Book> {
    let Some(Run { windows, .. }) = side.run else { return BTreeMap::new() };
    let sections = sections(windows, side.warm_up_s);
    let counting = counted(windows, When::Steady, side.warm_up_s);
    let seconds: Vec<f64> = sections.iter().map(|(from_s, to_s)| to_s - from_s).collect();
    let mut books: BTreeMap<Key, Book> = BTreeMap::new();
    for window in windows.iter().filter(|window| holds(&counting, window)) {
        let middle = f64::midpoint(window.from_s, window.to_s);
        let section = sections.partition_point(|(_, to_s)| *to_s < middle);
        let is_inside = sections.get(section).is_some_and(|(from_s, _)| *from_s <= middle);
        let book = books.entry((window.class.clone(), window.step.clone())).or_insert_with(|| Book {
            responses: vec![Tally::default(); sections.len()],
            first_bytes: vec![Tally::default(); sections.len()],
            seconds: seconds.clone(),
        });
        if is_inside {
            let whole = if window.step.is_some() { Measure::Response } else { Measure::Turn };
            book.responses[section].add(window, Some(whole));
            book.first_bytes[section].add(window, Some(Measure::Ttfb));
        }
    }
    books
}

/// A step on all sides.
struct Compared<'a> {
    key: &'a Key,
    sides: &'a [Side<'a>],
    books: &'a [BTreeMap<Key, Book>],
}

/// A number, or why there is none.
type Found = Result<Known, String>;

impl Compared<'_> {
    fn drafts(&self) -> Vec<Draft> {
        let time = |quantity: Quantity, share: f64| {
            self.draft(quantity, Scale::Ratio, |book| percentile(&book.responses, share))
        };
        let mut drafts = vec![
            time(Quantity::P50, 0.5),
            time(Quantity::P95, 0.95),
            time(Quantity::P99, 0.99),
            self.draft(Quantity::Failures, Scale::Plain, failures),
            self.draft(Quantity::Throughput, Scale::Plain, throughput),
        ];
        let is_timed = |book: &Book| book.first_bytes.iter().any(|tally| tally.latencies.is_some());
        if self.books.iter().all(|books| books.get(self.key).is_some_and(is_timed)) {
            drafts.push(self.draft(Quantity::FirstByte, Scale::Ratio, |book| percentile(&book.first_bytes, 0.95)));
        }
        self.doubt_where_the_driver_lagged(&mut drafts);
        drafts
    }

    fn draft(&self, quantity: Quantity, scale: Scale, number: impl Fn(&Book) -> Found) -> Draft {
        let found: Vec<Found> = self
            .sides
            .iter()
            .zip(self.books)
            .map(|(side, books)| {
                let of = |why: String| format!("in {}: {why}", side.source);
                let book = books.get(self.key).ok_or_else(|| of("there were no such requests".to_owned()))?;
                number(book).map_err(of)
            })
            .collect();
        let (class, step) = self.key;
        let name = step.as_deref().unwrap_or("whole turns");
        let unit = if scale == Scale::Ratio { Unit::Milliseconds } else { Unit::Number };
        let (candidate, baselines) = found.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
        let mut draft = Draft {
            subject: format!("{class} / {name}"),
            label: if class.is_empty() { name.to_owned() } else { format!("{class} / {name}") },
            quantity,
            unit,
            of: self.of(),
            scale,
            baselines: baselines.iter().flatten().copied().collect(),
            candidate: candidate.and_then(|found| found.as_ref().ok()).copied(),
            floor: match quantity {
                Quantity::Failures => FLOOR_SHARE,
                Quantity::Throughput => 0.0,
                _ => FLOOR_MS,
            },
            least_seen: None,
            doubt: None,
            is_rare: self.books.iter().any(|books| books.get(self.key).is_some_and(is_rare)),
            settled: None,
        };
        if let Some(why) = found.iter().find_map(|found| found.as_ref().err()) {
            draft.prevent(why);
        }
        draft
    }

    /// How many requests, on each side.
    fn of(&self) -> String {
        let requests = |books: &BTreeMap<Key, Book>| {
            let tallies = books.get(self.key).map_or(&[][..], |book| &book.responses);
            grouped(tallies.iter().map(|tally| tally.requests).sum::<u64>() as f64)
        };
        let mut told: Vec<String> = self.books.iter().map(requests).collect();
        told.dedup();
        let noun = if self.key.1.is_some() { "requests" } else { "turns" };
        format!("{noun}, ramps and warm-up left out ({})", told.join(", "))
    }

    /// Times from the due moment hold the driver's own lateness; those from the moment of sending do not.
    fn doubt_where_the_driver_lagged(&self, drafts: &mut [Draft]) {
        let Some(why) = self.sides.iter().find_map(|side| Some(format!("in {} {}", side.source, side.lagged?))) else {
            return;
        };
        for draft in drafts {
            if matches!(draft.quantity, Quantity::P50 | Quantity::P95 | Quantity::P99) {
                draft.doubt = Some(format!("{why}, so times from the due moment tell of the driver too"));
            }
        }
    }
}

/// Whether the step was done too seldom for percentiles, and not for want of time.
fn is_rare(book: &Book) -> bool {
    book.responses.len() >= FEWEST_SECTIONS && book.responses.iter().map(|tally| tally.requests).sum::<u64>() < RARE
}

/// Neighbouring sections put together, so that there are `count` of them.
fn merged(tallies: &[Tally], count: usize) -> Vec<Tally> {
    let part = |at: usize| &tallies[at * tallies.len() / count..(at + 1) * tallies.len() / count];
    (0..count).map(|at| sum(part(at))).collect()
}

fn sum(tallies: &[Tally]) -> Tally {
    tallies.iter().fold(Tally::default(), |mut sum, tally| {
        sum.merge(tally);
        sum
    })
}

/// The logarithm of a percentile in milliseconds, from as many sections as have enough requests each.
fn percentile(tallies: &[Tally], share: f64) -> Found {
    let at = |tally: &Tally| {
        let latencies = tally.latencies.as_ref().filter(|all| all.count() >= needed(share))?;
        latencies.quantile(share).map(|length| Scale::Ratio.of(length.as_secs_f64() * 1000.0))
    };
    let whole = sum(tallies);
    let unread: u64 = whole.unreadable;
    if unread > 0 {
        return Err(format!("{} of the record cannot be read", number_of(unread as usize, "window")));
    }
    let most = tallies.len();
    let tried = (FEWEST_SECTIONS..=most).rev().map(|count| merged(tallies, count).iter().map(at).collect());
    let sections = tried.into_iter().find_map(|sections: Option<Vec<f64>>| sections);
    let known = sections.and_then(|sections| sectioned(at(&whole)?, &sections));
    known.ok_or_else(|| {
        let answered = whole.latencies.as_ref().map_or(0, Latencies::count);
        let (sections, each) = (FEWEST_SECTIONS, grouped(needed(share) as f64));
        if most < sections {
            return format!("the part that counts has {}, and {sections} are needed", number_of(most, "window"));
        }
        format!(
            "too few answers: {each} in each of {sections} sections of the run are needed, and there were {} in all",
            grouped(answered as f64)
        )
    })
}

fn too_short(tallies: &[Tally]) -> String {
    format!("the part that counts has {}, and {FEWEST_SECTIONS} are needed", number_of(tallies.len(), "window"))
}

/// The share of failures: of all requests, with the greater of the sections' error and the binomial one. A success and a
/// failure are added for that (Agresti and Caffo 2000), so that no failure among a few is not taken for none ever.
fn failures(book: &Book) -> Found {
    let tallies = &book.responses;
    let whole = sum(tallies);
    let judged = whole.judged() as f64;
    if judged <= 0.0 {
        return Err("all requests were put off by the server".to_owned());
    }
    let share = whole.failed as f64 / judged;
    let each = judged / tallies.len() as f64;
    // The linearised ratio: sections with more requests weigh more (Cochran 1977, 6.3).
    let apart: Vec<f64> =
        tallies.iter().map(|tally| share + (tally.failed as f64 - share * tally.judged() as f64) / each).collect();
    let known = sectioned(share, &apart).ok_or_else(|| too_short(tallies))?;
    let smoothed = (whole.failed as f64 + 1.0) / (judged + 2.0);
    let binomial = (smoothed * (1.0 - smoothed) / (judged + 2.0)).sqrt();
    Ok(Known { error: known.error.max(binomial), ..known })
}

fn throughput(book: &Book) -> Found {
    let pairs = || book.responses.iter().map(|tally| tally.requests as f64).zip(book.seconds.iter().copied());
    let (requests, seconds) = pairs().fold((0.0, 0.0), |(n, s), (requests, seconds)| (n + requests, s + seconds));
    let rates: Vec<f64> = pairs().map(|(requests, seconds)| requests / seconds).collect();
    sectioned(requests / seconds, &rates).ok_or_else(|| too_short(&book.responses))
}
