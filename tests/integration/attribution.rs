//! Which request is to blame, by the very path that finds the growth: the built-in server leaks in one of three endpoints, or
//! in none, under the scenario `blame`.

use std::fs;

use serde_json::Value;

use crate::soak::{Answer, Soak};

/// Three endpoints, each a class of its own.
const SHOP: &str = r#"
[[class]]
name = "front"
think = "50ms..150ms"

[[class]]
name = "watch"
think = "50ms..150ms"

[[class]]
name = "count"
think = "50ms..150ms"

[[flow.front]]
name = "page"
get = "/"

[[flow.watch]]
name = "health"
get = "/health"

[[flow.count]]
name = "metrics"
get = "/metrics"

[scenario.blame]
users = 12
duration = "60s"
ramp_up = "0s"
spells = "1s"
"#;

/// Two steps of which the second needs what the first captures: none ever comes alone.
const PAIR: &str = r#"
think = "50ms..150ms"

[[class]]
name = "visit"

[[class]]
name = "watch"

[[flow.visit]]
name = "page"
get = "/"
capture = { number = "$.turn" }

[[flow.visit]]
name = "again"
post = "/login"
json = { user = "nobody", password = "page {{number}}" }
expect = 401

[[flow.watch]]
name = "health"
get = "/health"

[scenario.blame]
users = 12
duration = "60s"
ramp_up = "0s"
spells = "1s"
"#;

/// Drives the built-in server with a profile, in the scenario `blame`.
fn blame(profile: &str, faults: &[&str]) -> (Answer, Soak) {
    let mut soak =
        Soak::new(["demo", "--json", "--interval", "100ms", "--profile", "shop.toml", "--scenario", "blame"]);
    fs::write(soak.folder().join("shop.toml"), profile).unwrap();
    for fault in faults {
        soak = soak.args(["--fault", fault]);
    }
    (soak.run(), soak)
}

/// The names of what is blamed.
fn blamed(attribution: &Value) -> Vec<String> {
    let portions = attribution["portions"].as_array().cloned().unwrap_or_default();
    let charged = portions.iter().filter(|portion| portion["charge"] == "to_blame");
    charged.map(|portion| portion["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_one_endpoint_of_three_that_leaks_is_named_with_what_a_request_leaves() {
    let (answer, soak) = blame(SHOP, &["page-leak"]);
    let memory = answer.finding("rss_anon");
    assert_eq!(memory["verdict"], "growing", "{memory}");
    let attribution = &memory["attribution"];
    assert_eq!(
        (&attribution["blame"], blamed(attribution)),
        (&Value::from("requests"), vec!["`page`".into()]),
        "{memory}"
    );
    let per_request = &attribution["portions"][0]["per_request"];
    // 16 KiB, within a wide interval: the machine may be busy.
    let between = |low: f64, high: f64| {
        let (from, to) = (per_request["low"].as_f64().unwrap(), per_request["high"].as_f64().unwrap());
        from < high && to > low
    };
    assert!(between(12_000.0, 22_000.0), "{attribution}");
    assert!(attribution["reason"].as_str().unwrap().starts_with("`page` is to blame: "), "{attribution}");
    // The record tells it again, in every form.
    let run = soak.run_folder();
    let again = Soak::new(["analyze"]).args([&run]).run();
    assert!(again.out.contains("`page` is to blame: "), "{}", again.out);
    assert!(again.out.lines().count() < 25, "{}", again.out);
    for name in ["report.html", "report.md"] {
        let text = fs::read_to_string(run.join(name)).unwrap_or_default();
        assert!(name == "report.md" || text.contains("Which request is to blame?"), "{name}");
    }
    let markdown = Soak::new(["report", "--format", "md"]).args([&run]).run();
    assert!(markdown.out.contains("is to blame: "), "{}", markdown.out);
}

#[test]
fn a_healthy_server_gives_nobody_the_blame() {
    let (answer, _) = blame(SHOP, &[]);
    for finding in answer.json()["findings"].as_array().unwrap() {
        assert_eq!(blamed(&finding["attribution"]), Vec::<String>::new(), "{finding}");
    }
}

#[test]
fn two_steps_that_always_come_together_are_named_together() {
    let (answer, _) = blame(PAIR, &["page-leak"]);
    let memory = answer.finding("rss_anon");
    assert_eq!(blamed(&memory["attribution"]), ["`page` and `again`"], "{memory}");
}

#[test]
fn what_cannot_be_told_apart_is_refused_before_anything_starts() {
    for (profile, args, said) in [
        ("get = \"/\"", &[][..], "one kind of request"),
        (SHOP, &["--duration", "5s"][..], "12 have to fit"),
        ("get = \"/\"\n[scenario.blame]\nspells = \"1500ms\"", &[][..], "whole seconds"),
        ("get = \"/\"\n[scenario.blame]\nspells = \"0s\"", &[][..], "above zero"),
    ] {
        let mut soak = Soak::new(["demo", "--profile", "shop.toml", "--scenario", "blame"]).args(args);
        fs::write(soak.folder().join("shop.toml"), profile).unwrap();
        let answer = soak.run();
        assert_eq!(answer.code, 2, "{}{}", answer.out, answer.err);
        assert!(answer.err.contains(said), "{}", answer.err);
    }
}
