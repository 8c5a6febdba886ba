//! The series behind the pictures of docs/method.md are judged as that page says.

use std::fs;
use std::path::Path;

use soak::domain::assessment::Shape;
use soak::domain::{Unit, Verdict};

use crate::series::Run;

fn pictured(name: &str) -> (Verdict, Shape) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/method/{name}.csv"));
    let text = fs::read_to_string(path).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let (time, kib) = line.split_once(',').unwrap();
        (time.parse::<f64>().unwrap(), kib.parse::<f64>().unwrap() * 1024.0)
    });
    let (times, values) = rows.unzip();
    let run = Run { times, values, unit: Unit::Bytes, turns: None, concurrency: None, incarnation: None };
    let finding = run.finding();
    (finding.verdict, finding.shape)
}

#[test]
fn each_picture_shows_the_verdict_that_its_text_names() {
    assert_eq!(pictured("stopped"), (Verdict::Steady, Shape::WarmUpThenFlat));
    assert_eq!(pictured("slowing").0, Verdict::Inconclusive);
    assert_eq!(pictured("growing"), (Verdict::Growing, Shape::WarmUpThenGrowing));
    assert_eq!(pictured("sawtooth"), (Verdict::Growing, Shape::SawtoothRising));
    assert_eq!(pictured("behind"), (Verdict::Growing, Shape::WarmUpThenGrowing));
    assert_eq!(pictured("stair"), (Verdict::Growing, Shape::Staircase));
}
