//! The committed table of labelled series: two of each of 39 classes. The floors lie slightly under what was reached,
//! so that no later change worsens it unseen; docs/method.md has the figures of the whole.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use soak::domain::{Finding, Unit, Verdict};

use crate::series::Run;

struct Judged {
    class: String,
    leak: bool,
    /// Its slope in units an hour, where it is exact and can be told from the noise.
    slope: Option<f64>,
    detectable: bool,
    finding: Finding,
}

fn judge_all() -> Vec<Judged> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/series");
    let text = fs::read_to_string(folder.join("truth.json")).unwrap();
    let truth: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    truth.iter().map(|(id, truth)| judge(&folder.join(format!("{id}.csv")), truth)).collect()
}

fn judge(path: &Path, truth: &Value) -> Judged {
    let text = fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|field| field.parse().unwrap_or(f64::NAN)).collect()).collect();
    let column = |wanted: &str| {
        let at = names.iter().position(|name| *name == wanted)?;
        Some(rows.iter().map(|row| row[at]).collect::<Vec<f64>>())
    };
    let swap = column("swap").unwrap_or_else(|| vec![0.0; rows.len()]);
    let values = column("value").unwrap().iter().zip(swap).map(|(value, swap)| value + swap).collect();
    let run = Run {
        times: column("t").unwrap(),
        values,
        unit: if truth["unit"] == "bytes" { Unit::Bytes } else { Unit::Count },
        turns: column("turns"),
        concurrency: column("conc"),
        incarnation: column("pid"),
    };
    let is = |name: &str| truth[name].as_bool().unwrap();
    Judged {
        class: truth["class"].as_str().unwrap().to_owned(),
        leak: is("leak"),
        slope: (!is("approx")).then(|| truth["slope_per_s"].as_f64().unwrap() * 3600.0),
        detectable: is("detectable"),
        finding: run.finding(),
    }
}

#[test]
fn the_table_of_labelled_series_holds_its_floors() {
    let all = judge_all();
    let healthy: Vec<&Judged> = all.iter().filter(|one| !one.leak).collect();
    let leaks: Vec<&Judged> = all.iter().filter(|one| one.leak && one.detectable).collect();
    let grows = |one: &&&Judged| one.finding.verdict == Verdict::Growing;
    let alarms: Vec<&str> = healthy.iter().filter(grows).map(|one| one.class.as_str()).collect();
    assert!(alarms.is_empty(), "false alarms: {alarms:?}");
    let found: Vec<&&Judged> = leaks.iter().filter(grows).collect();
    assert!(found.len() + 1 >= leaks.len(), "found {} of {} leaks", found.len(), leaks.len());
    let held = found.iter().filter(|one| {
        let growth = one.finding.growth_per_hour.unwrap();
        one.slope.is_none_or(|slope| growth.low <= slope && slope <= growth.high)
    });
    let held = held.count();
    assert!(held * 100 >= found.len() * 90, "the interval holds the truth in {held} of {}", found.len());
    let open = all.iter().filter(|one| one.finding.verdict == Verdict::Inconclusive).count();
    assert!(open * 20 <= all.len(), "{open} of {} inconclusive", all.len());
}
