//! Who is blamed for a growth: nobody where time alone made it, whatever lies over it, and the right request where one did.
//! `cargo bench --bench attribution` prints the same over more seeds.

#[path = "support/mixes/mod.rs"]
mod mixes;

use mixes::{GUILTY, INNOCENT, KIB, KINDS, Mix, Server};

/// Runs of each server here; the bench has more.
const SEEDS: u64 = 5;

/// What was blamed in each run of a server, and the intervals of what a request leaves.
fn blamed(server: &Server, mix: Mix) -> Vec<Vec<String>> {
    let runs = (1..=SEEDS).map(|seed| mixes::judged(&mixes::run(server, mix, seed)));
    runs.filter_map(|(grows, attribution)| attribution.filter(|_| grows)).map(|found| mixes::blamed(&found)).collect()
}

#[test]
fn no_request_is_blamed_for_what_comes_with_time() {
    for server in &INNOCENT {
        let blamed = blamed(server, Mix::Spells);
        assert!(blamed.iter().all(Vec::is_empty), "{}: {blamed:?}", server.name);
    }
}

#[test]
fn a_mix_that_hardly_changes_gives_nobody_the_blame_and_says_what_would() {
    let (_, attribution) = mixes::judged(&mixes::run(&GUILTY[0], Mix::Natural, 1));
    let Some(attribution) = attribution else { unreachable!("it grows") };
    assert_eq!(attribution.blame, soak::domain::attribution::Blame::CannotTell);
    assert!(attribution.reason.ends_with("the mix of requests hardly changed"), "{}", attribution.reason);
    assert!(attribution.advice.is_some_and(|advice| advice.contains("--scenario blame")));
}

#[test]
fn whoever_leaks_is_blamed_and_nobody_else() {
    let mut right = 0;
    for server in &GUILTY {
        let truth = |step: &str| KINDS.iter().zip(server.leak).any(|((name, _), leak)| *name == step && leak > 0.0);
        for blamed in blamed(server, Mix::Spells) {
            assert!(blamed.iter().all(|step| truth(step)), "{}: {blamed:?}", server.name);
            right += usize::from(!blamed.is_empty());
        }
    }
    // The collector's heap is left open, and a few beside buffers.
    assert!(right * 10 >= GUILTY.len() * SEEDS as usize * 7, "{right}");
}

#[test]
fn what_a_request_leaves_is_told_with_an_interval_that_holds_it() {
    let server = &GUILTY[1];
    let (_, attribution) = mixes::judged(&mixes::run(server, Mix::Spells, 3));
    let portion = attribution.map(|found| found.portions[0].clone());
    let Some(portion) = portion else { unreachable!("{} grows", server.name) };
    assert_eq!(portion.name, "`store`");
    let told = portion.per_request;
    assert!(told.low < 4.0 * KIB && told.high > 4.0 * KIB && told.high - told.low < 2.0 * KIB, "{told:?}");
    assert!((0.8..1.2).contains(&portion.share.estimate), "{portion:?}");
}

#[test]
fn a_run_without_windows_or_with_one_kind_of_request_blames_nobody() {
    let run = mixes::run(&GUILTY[0], Mix::Spells, 1);
    let only = |wanted: &str| {
        let kept = run.windows.iter().filter(|window| window.step.as_deref() == Some(wanted)).cloned();
        mixes::judged(&mixes::Run { windows: kept.collect(), set: run.set.clone() })
    };
    assert_eq!(only("search"), (true, None));
    assert_eq!(only("nothing"), (true, None));
}

#[test]
fn steps_that_always_come_together_are_blamed_together() {
    let mut run = mixes::run(&GUILTY[0], Mix::Spells, 1);
    let twins: Vec<_> = run.windows.iter().filter(|window| window.step.as_deref() == Some("search")).cloned().collect();
    run.windows.extend(twins.into_iter().map(|window| soak::domain::Window { step: Some("open".into()), ..window }));
    let (_, attribution) = mixes::judged(&run);
    let Some(attribution) = attribution else { unreachable!("it grows") };
    assert_eq!(mixes::blamed(&attribution), ["open", "search"]);
    assert!(
        attribution.reason.starts_with("`search` and `open` are to blame, and cannot be told apart"),
        "{attribution:?}"
    );
    assert!(attribution.reason.contains(" each time ("), "{attribution:?}");
}
