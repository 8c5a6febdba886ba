//! How a line of the record looks: `kind` first, then the instant, then what was seen, each name with its unit as suffix.
//!
//! A line is one JSON object. Kinds: `header` (the first line, with `format`), `sample`, `traffic`, `window`, `scraped`,
//! `heap`, `event`. A reader skips kinds and names that it does not know, so a newer soak may add some without a new format number.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};

use crate::domain::run::{Event, EventKind, Header};
use crate::domain::scrape::Scraped;
use crate::domain::traffic::Latency;
use crate::domain::{Elapsed, HeapSnapshot, Metric, Sample, TrafficTick, Window};

/// The number of the format that this version writes. A reader refuses a higher one.
pub(super) const FORMAT: u32 = 1;

/// How every record begins.
pub(super) const HEADER_START: [u8; 16] = *br#"{"kind":"header""#;

/// The header's line as it stands in the file.
#[derive(Serialize, DeriveDeserialize)]
pub(super) struct HeaderLine {
    kind: HeaderKind,
    pub(super) format: u32,
    #[serde(flatten)]
    pub(super) header: Header,
}

#[derive(Serialize, DeriveDeserialize)]
#[serde(rename_all = "snake_case")]
enum HeaderKind {
    Header,
}

#[derive(Serialize, DeriveDeserialize)]
struct EventLine {
    elapsed_s: f64,
    #[serde(flatten)]
    event: EventKind,
}

#[derive(Serialize, DeriveDeserialize)]
struct HeapLine {
    elapsed_s: f64,
    #[serde(flatten)]
    snapshot: HeapSnapshot,
}

#[derive(DeriveDeserialize)]
struct ScrapedLine {
    elapsed_s: f64,
    values: Vec<Option<f64>>,
}

#[derive(DeriveDeserialize)]
struct TrafficLine {
    elapsed_s: f64,
    turns: u64,
    // Records of before there were profiles have neither of these three.
    #[serde(default)]
    requests: Option<u64>,
    errors: u64,
    #[serde(default)]
    limited: u64,
    #[serde(default)]
    users: u32,
    in_flight: u64,
    waiting: u64,
    lag_us: u64,
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
    max_us: Option<u64>,
}

/// Anything that a line after the header can be.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    Sample(Sample),
    Traffic(TrafficTick),
    Scraped(Scraped),
    Heap(HeapSnapshot),
    Window(Box<Window>),
    Event(Event),
    /// A kind that this version does not know.
    Unknown,
}

pub(super) fn write_header(line: &mut Vec<u8>, header: &Header) -> serde_json::Result<()> {
    serde_json::to_writer(
        &mut *line,
        &HeaderLine { kind: HeaderKind::Header, format: FORMAT, header: header.clone() },
    )?;
    line.push(b'\n');
    Ok(())
}

/// Appends a sample's line. It is written by hand because it is the hot path: no allocation beyond the line's own buffer.
pub(super) fn write_sample(line: &mut Vec<u8>, sample: &Sample) {
    start(line, "sample", sample.at);
    number(line, "late_us", micros(sample.lateness));
    for (metric, value) in sample.readings.iter() {
        number(line, metric.wire_name(), value);
    }
    line.extend_from_slice(b"}\n");
}

/// Appends the line of one of the driver's ticks.
pub(super) fn write_traffic(line: &mut Vec<u8>, tick: &TrafficTick) {
    start(line, "traffic", tick.at);
    number(line, "turns", tick.turns);
    number(line, "requests", tick.requests);
    number(line, "errors", tick.errors);
    number(line, "limited", tick.limited);
    number(line, "users", u64::from(tick.users));
    number(line, "in_flight", tick.in_flight);
    number(line, "waiting", tick.waiting);
    number(line, "lag_us", micros(tick.lag));
    if let Some(latency) = tick.latency {
        number(line, "p50_us", micros(latency.p50));
        number(line, "p95_us", micros(latency.p95));
        number(line, "p99_us", micros(latency.p99));
        number(line, "max_us", micros(latency.max));
    }
    line.extend_from_slice(b"}\n");
}

/// Appends what the target's metrics page said: the values in the order of the header's series.
pub(super) fn write_scraped(line: &mut Vec<u8>, scraped: &Scraped) -> serde_json::Result<()> {
    start(line, "scraped", scraped.at);
    line.extend_from_slice(br#","values":"#);
    serde_json::to_writer(&mut *line, &scraped.values)?;
    line.extend_from_slice(b"}\n");
    Ok(())
}

pub(super) fn write_heap(line: &mut Vec<u8>, snapshot: &HeapSnapshot) -> serde_json::Result<()> {
    line.extend_from_slice(br#"{"kind":"heap","#);
    let body = serde_json::to_vec(&HeapLine { elapsed_s: snapshot.at.as_secs_f64(), snapshot: snapshot.clone() })?;
    line.extend_from_slice(&body[1..]);
    line.push(b'\n');
    Ok(())
}

pub(super) fn write_window(line: &mut Vec<u8>, window: &Window) -> serde_json::Result<()> {
    line.extend_from_slice(br#"{"kind":"window","#);
    let body = serde_json::to_vec(window)?;
    line.extend_from_slice(&body[1..]);
    line.push(b'\n');
    Ok(())
}

pub(super) fn write_event(line: &mut Vec<u8>, event: &Event) -> serde_json::Result<()> {
    line.extend_from_slice(br#"{"kind":"event","#);
    let body = serde_json::to_vec(&EventLine { elapsed_s: event.at.as_secs_f64(), event: event.kind.clone() })?;
    line.extend_from_slice(&body[1..]);
    line.push(b'\n');
    Ok(())
}

fn start(line: &mut Vec<u8>, kind: &str, at: Elapsed) {
    let at = at.since_start();
    // Writing into a Vec cannot fail.
    let _ = write!(line, r#"{{"kind":"{kind}","elapsed_s":{}.{:06}"#, at.as_secs(), at.subsec_micros());
}

fn number(line: &mut Vec<u8>, name: &str, value: u64) {
    let _ = write!(line, r#","{name}":{value}"#);
}

fn micros(length: Duration) -> u64 {
    u64::try_from(length.as_micros()).unwrap_or(u64::MAX)
}

/// Reads one line after the header.
///
/// # Errors
/// Where the line is not the JSON object that its kind asks for.
pub(super) fn read_line(line: &str) -> serde_json::Result<Line> {
    #[derive(DeriveDeserialize)]
    struct Kind {
        kind: String,
    }
    // Nearly every line is a sample, so its kind is seen by its first bytes and not by a parse of its own.
    if line.starts_with(r#"{"kind":"sample""#) {
        return serde_json::from_str::<WireSample>(line).map(|sample| Line::Sample(sample.0));
    }
    let kind: Kind = serde_json::from_str(line)?;
    match kind.kind.as_str() {
        "sample" => serde_json::from_str::<WireSample>(line).map(|sample| Line::Sample(sample.0)),
        "traffic" => serde_json::from_str::<TrafficLine>(line).map(|tick| Line::Traffic(tick.into())),
        "scraped" => serde_json::from_str::<ScrapedLine>(line).map(|scraped| {
            Line::Scraped(Scraped { at: Elapsed::from_secs_f64(scraped.elapsed_s), values: scraped.values })
        }),
        "heap" => serde_json::from_str::<HeapLine>(line).map(|line| {
            let at = Elapsed::from_secs_f64(line.elapsed_s);
            Line::Heap(HeapSnapshot { at, ..line.snapshot })
        }),
        "window" => serde_json::from_str::<Window>(line).map(|window| Line::Window(Box::new(window))),
        "event" => Ok(match serde_json::from_str::<EventLine>(line) {
            Ok(event) => Line::Event(Event { at: Elapsed::from_secs_f64(event.elapsed_s), kind: event.event }),
            // A whole JSON object whose event is not of this version's.
            Err(_) => Line::Unknown,
        }),
        _ => Ok(Line::Unknown),
    }
}

impl From<TrafficLine> for TrafficTick {
    fn from(line: TrafficLine) -> Self {
        let latency = match (line.p50_us, line.p95_us, line.p99_us, line.max_us) {
            (Some(p50), Some(p95), Some(p99), Some(max)) => Some(Latency {
                p50: Duration::from_micros(p50),
                p95: Duration::from_micros(p95),
                p99: Duration::from_micros(p99),
                max: Duration::from_micros(max),
            }),
            _ => None,
        };
        Self {
            at: Elapsed::from_secs_f64(line.elapsed_s),
            turns: line.turns,
            requests: line.requests.unwrap_or(line.turns),
            errors: line.errors,
            limited: line.limited,
            users: line.users,
            in_flight: line.in_flight,
            waiting: line.waiting,
            latency,
            lag: Duration::from_micros(line.lag_us),
        }
    }
}

/// A sample read without an intermediate map: an overnight record has hundreds of thousands of these lines.
struct WireSample(Sample);

impl<'de> Deserialize<'de> for WireSample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SampleVisitor)
    }
}

struct SampleVisitor;

impl<'de> Visitor<'de> for SampleVisitor {
    type Value = WireSample;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sample's line")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut sample = Sample::default();
        let mut timed = false;
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "elapsed_s" => {
                    sample.at = Elapsed::from_secs_f64(map.next_value()?);
                    timed = true;
                }
                "late_us" => sample.lateness = Duration::from_micros(map.next_value()?),
                name => match Metric::from_wire_name(name) {
                    Some(metric) => sample.readings.set_raw(metric, map.next_value()?),
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                },
            }
        }
        if timed { Ok(WireSample(sample)) } else { Err(serde::de::Error::missing_field("elapsed_s")) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::heap::{HeapArena, HeapMoment};
    use crate::domain::run::{Edge, RunEnd, TargetEnd, Trend};
    use crate::domain::traffic::Measure;

    fn sample(micros: u64, late: u64, values: &[(Metric, u64)]) -> Sample {
        let mut sample = Sample {
            at: Elapsed::new(Duration::from_micros(micros)),
            lateness: Duration::from_micros(late),
            ..Sample::default()
        };
        for &(metric, value) in values {
            sample.readings.set_raw(metric, value);
        }
        sample
    }

    fn through(write: impl FnOnce(&mut Vec<u8>)) -> Line {
        let mut line = Vec::new();
        write(&mut line);
        read_line(std::str::from_utf8(&line).unwrap().trim_end()).unwrap()
    }

    #[test]
    fn a_sample_line_is_plain_json_with_units_in_its_names() {
        let mut line = Vec::new();
        write_sample(&mut line, &sample(1_000_093, 93, &[(Metric::Rss, 4096), (Metric::Threads, 3)]));
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "{\"kind\":\"sample\",\"elapsed_s\":1.000093,\"late_us\":93,\"rss_bytes\":4096,\"threads\":3}\n"
        );
    }

    #[test]
    fn scraped_values_come_back_as_they_went() {
        let scraped = Scraped { at: Elapsed::from_secs_f64(2.5), values: vec![Some(12.0), None, Some(0.5)] };
        assert_eq!(through(|line| write_scraped(line, &scraped).unwrap()), Line::Scraped(scraped));
    }

    #[test]
    fn a_snapshot_of_the_heap_comes_back_as_it_went() {
        let mut snapshot = HeapSnapshot {
            at: Elapsed::from_secs_f64(2.5),
            turns: Some(120),
            file: "heap-001.json".into(),
            moment: HeapMoment::End,
            live_bytes: 1 << 40,
            ..HeapSnapshot::default()
        };
        for arena in [None, Some(HeapArena { free_bytes: 3, ..HeapArena::default() })] {
            snapshot.arena = arena;
            assert_eq!(through(|line| write_heap(line, &snapshot).unwrap()), Line::Heap(snapshot.clone()));
        }
        let mut line = Vec::new();
        write_heap(&mut line, &snapshot).unwrap();
        assert!(
            line.starts_with(br#"{"kind":"heap","elapsed_s":2.5,"turns":120,"file":"heap-001.json","moment":"end""#)
        );
    }

    #[test]
    fn events_come_back_as_they_went() {
        let kinds = [
            EventKind::Unreadable { metric: "pss".into(), reason: "no \"permission\"\n".into() },
            EventKind::TreeChanged { joined: 2, left: 1 },
            EventKind::Mark { label: "mark 1".into() },
            EventKind::Phase { name: "ramp \"up\"\n<b>日本".into(), trend: Trend::Counts },
            EventKind::Phase { name: "spike".into(), trend: Trend::LeftOut },
            EventKind::Disturbance { label: "disturbance 1".into(), edge: Edge::Begin },
            EventKind::Ended { end: RunEnd::Complete },
            EventKind::Ended { end: RunEnd::TargetEnded(TargetEnd::Killed { signal: 9, out_of_memory: true }) },
        ];
        for kind in kinds {
            let event = Event { at: Elapsed::from_secs_f64(2.5), kind };
            assert_eq!(through(|line| write_event(line, &event).unwrap()), Line::Event(event));
        }
    }

    #[test]
    fn a_phase_is_an_event_by_its_name() {
        let mut line = Vec::new();
        let kind = EventKind::Phase { name: "ramp up".into(), trend: Trend::Counts };
        write_event(&mut line, &Event { at: Elapsed::from_secs_f64(2.5), kind }).unwrap();
        let expected = "{\"kind\":\"event\",\"elapsed_s\":2.5,\"event\":\"phase\",\"name\":\"ramp up\"}\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn a_window_comes_back_as_it_went() {
        let mut window =
            Window { from_s: 10.0, to_s: 20.0, step: Some("GET /".into()), requests: 3, ..Window::default() };
        window.class = "normal".into();
        window.latencies.insert(Measure::Response, "HISTFAAAAA".into());
        assert_eq!(through(|line| write_window(line, &window).unwrap()), Line::Window(Box::new(window)));
    }

    #[test]
    fn a_tick_of_before_there_were_profiles_has_as_many_requests_as_turns() {
        let old = r#"{"kind":"traffic","elapsed_s":1.0,"turns":20,"errors":1,"in_flight":0,"waiting":0,"lag_us":9}"#;
        let Line::Traffic(tick) = read_line(old).unwrap() else { panic!("not a tick") };
        assert_eq!((tick.turns, tick.requests, tick.limited, tick.users), (20, 20, 0, 0));
        assert_eq!(through(|line| write_traffic(line, &tick)), Line::Traffic(tick));
    }

    #[test]
    fn what_a_newer_version_added_is_skipped() {
        assert_eq!(read_line(r#"{"kind":"census","elapsed_s":1.0,"sockets":4}"#).unwrap(), Line::Unknown);
        assert_eq!(read_line(r#"{"kind":"event","elapsed_s":1.0,"event":"aurora"}"#).unwrap(), Line::Unknown);
        let Line::Sample(read) =
            read_line(r#"{"kind":"sample","elapsed_s":1.5,"late_us":0,"moons":[1,2],"fds":7}"#).unwrap()
        else {
            panic!("not a sample")
        };
        assert_eq!(read, sample(1_500_000, 0, &[(Metric::Fds, 7)]));
    }

    #[test]
    fn a_cut_line_is_an_error_and_no_sample() {
        let mut line = Vec::new();
        write_sample(&mut line, &sample(7_000_000, 1, &[(Metric::Rss, 123_456), (Metric::Fds, 9)]));
        let text = String::from_utf8(line).unwrap();
        let whole = text.trim_end();
        for end in 0..whole.len() {
            assert!(read_line(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
    }

    proptest! {
        #[test]
        fn samples_come_back_as_they_went(micros in 0_u64..1_000_000_000_000, late in 0_u64..9_000_000, rss: u64, fds: u64) {
            let sample = sample(micros, late, &[(Metric::Rss, rss), (Metric::Fds, fds)]);
            let Line::Sample(read) = through(|line| write_sample(line, &sample)) else { panic!("not a sample") };
            prop_assert_eq!(read.readings, sample.readings);
            prop_assert_eq!(read.lateness, sample.lateness);
            // Seconds are read as f64, which rounds the last digits of long runs.
            let error = read.at.as_secs_f64() - sample.at.as_secs_f64();
            prop_assert!(error.abs() < 1e-6);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = read_line(&text);
        }
    }
}
