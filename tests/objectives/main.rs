//! Objectives held to runs whose truth is known: windows made by hand, series made by hand. One file a kind of claim:
//! `rules` on the traffic, `target` on the target's metrics, `signs` on bottlenecks, `reports` on how they are shown.

#![expect(clippy::unwrap_used, reason = "a run that cannot be made has failed the test")]
#![expect(clippy::float_cmp, reason = "the numbers are exact")]

mod reports;
mod rules;
mod signs;
mod target;
mod traffic;

use soak::domain::Objective;

#[test]
fn every_example_of_the_documentation_is_understood() {
    let text = include_str!("../../docs/objectives.md");
    let blocks = text.split("```objectives\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let examples: Vec<&str> =
        blocks.flat_map(str::lines).map(|line| line.split(" # ").next().unwrap().trim()).collect();
    assert!(examples.len() > 40, "{}", examples.len());
    for example in examples {
        if let Err(error) = example.parse::<Objective>() {
            panic!("{example}: {error}");
        }
    }
}
