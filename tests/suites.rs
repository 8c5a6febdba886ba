//! The five founding suites, each run by its one command against the demo server: green on the healthy one, and red for each
//! fault that it is meant to catch, for the right reason.
//!
//! Each run has a server of its own, and the runs go side by side, for they mostly wait. A healthy run takes the minute that
//! its profile gives it; a faulty one is cut short, and is not given the time to warm up. The whole matrix takes some minutes
//! and is asked for by name: `cargo test --test suites -- --ignored --nocapture`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "what is not there has failed the test; a matrix is looked at"
)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

#[path = "support/soak.rs"]
#[expect(dead_code, clippy::panic, reason = "the other tests need more of it")]
mod soak;

use soak::{Answer, Soak};

/// Runs that go side by side. Each keeps a few per cent of a core busy.
const SIDE_BY_SIDE: usize = 12;

/// A suite against a server with this fault, if any, for so long.
#[derive(Clone, Copy, Debug)]
struct Case {
    suite: &'static str,
    fault: Option<&'static str>,
    /// Arguments beside those.
    args: &'static [&'static str],
    /// What is red: each of these texts begins one of the objectives that are crossed, of the metrics that grow, or of the
    /// kinds of signs.
    red: &'static [&'static str],
}

/// As the profile has it.
const fn healthy(suite: &'static str) -> Case {
    Case { suite, fault: None, args: &[], red: &[] }
}

/// Long enough for what `fault` does.
const fn faulty(suite: &'static str, fault: &'static str, red: &'static [&'static str]) -> Case {
    Case { suite, fault: Some(fault), args: &["--duration", "30s", "--warm-up", "1s"], red }
}

impl Case {
    const fn with(self, args: &'static [&'static str]) -> Self {
        Self { args, ..self }
    }

    fn run(self) -> Answer {
        let mut soak = Soak::new(["demo", "--json", "--plain", "--profile", self.suite]).args(self.args);
        if let Some(fault) = self.fault {
            soak = soak.args(["--fault", fault]);
        }
        soak.run()
    }

    /// What is otherwise than the case claims.
    fn wrong(self, answer: &Answer) -> Option<String> {
        let seen = red(&answer.json());
        let missing: Vec<_> =
            self.red.iter().filter(|wanted| !seen.iter().any(|seen| seen.starts_with(**wanted))).collect();
        let code = i32::from(self.fault.is_some());
        (answer.code != code || !missing.is_empty()).then(|| {
            format!("{self:?}\nexit code {}, red: {seen:#?}, missing: {missing:?}\n{}", answer.code, answer.out)
        })
    }
}

/// The objectives that are not met, the metrics that grow beyond their budgets, and the kinds of signs.
fn red(report: &Value) -> Vec<String> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let crossed = list(&report["objectives"]).into_iter().filter(|objective| objective["outcome"] == "crossed");
    let grows = |finding: &Value| finding["verdict"] == "growing" && finding["budget"] != "within";
    let growing = list(&report["findings"]).into_iter().filter(grows);
    let signs = list(&report["performance"]["signs"]).into_iter().map(|sign| format!("sign {}", text(&sign["kind"])));
    let growing = growing.map(|finding| format!("growth of {}", text(&finding["metric"])));
    crossed.map(|objective| text(&objective["text"])).chain(growing).chain(signs).collect()
}

/// Runs the cases, several at a time, and tells of all that came out otherwise than they claim.
fn hold(cases: &[Case]) {
    let next = Mutex::new(cases.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(cases.len()) {
            scope.spawn(|| {
                loop {
                    // A statement of its own: the lock must not last for as long as the run.
                    let case = next.lock().unwrap().next();
                    let Some(case) = case else { break };
                    let answer = case.run();
                    let fault = case.fault.unwrap_or("healthy");
                    println!("{:14} {fault:18} exit {}: {}", case.suite, answer.code, red(&answer.json()).join("; "));
                    wrong.lock().unwrap().extend(case.wrong(&answer));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const HEALTHY: [Case; 5] = [
    healthy("interview"),
    healthy("socratic-api"),
    healthy("classify-slo"),
    healthy("agents-chat"),
    healthy("auditor"),
];

/// Of each suite the faults that only it can tell, and one of each kind: late, wrong, dishonest, leaking.
const TELLING: [Case; 10] = [
    faulty("interview", "slow-graph", &["p95 < 1s for graph"]),
    faulty("interview", "hoard", &["increase of rss < 1 MB over 1 turn", "growth of rss_anon"]),
    faulty("socratic-api", "slow-conflicts", &["p95 for conflicts"]),
    faulty("socratic-api", "errors", &["errors < 0.1%"]),
    faulty("classify-slo", "false-latency", &["errors < 20% for told latency"]),
    faulty("classify-slo", "tenant-leak", &["errors < 1 for another tenant's result"]),
    faulty("agents-chat", "stutter", &["gap p95 < 100ms for chat"]),
    faulty("agents-chat", "cache-off", &["p50 for ask falls >= 60% from cold to warm"]),
    faulty("agents-chat", "stream-leak", &["increase of demo_streams_open", "growth of rss_anon"]),
    faulty("auditor", "slow-audit", &["p95 for small audit"]),
];

/// The other faults that each suite is meant to catch.
const FURTHER: [Case; 21] = [
    faulty("interview", "slow-turns", &["p95 < 5s for multi-turn"]),
    faulty("interview", "slow-export", &["p95 < 2s for export"]),
    faulty("interview", "errors", &["errors < 1%"]),
    faulty("socratic-api", "slow-login", &["p95 for login"]),
    faulty("socratic-api", "slow-crud", &["p95 for create project", "p95 for list projects", "p95 for delete project"]),
    faulty("socratic-api", "slow-model", &["p95 for question", "p95 < 500ms", "p99 < 2s"]),
    faulty("socratic-api", "slow-quality", &["p95 for quality"]),
    faulty("classify-slo", "slow-classify", &["p50 < 1s for classify", "p95 < 2s for classify"]),
    faulty("classify-slo", "errors", &["availability >= 99.9% for classify"]),
    faulty("classify-slo", "no-retry-after", &["errors < 10% for beyond the rate"]),
    faulty("classify-slo", "tight-limit", &["limited < 1% for classify"]),
    faulty("agents-chat", "slow-ask", &["p95 < 3s for ask"]),
    faulty("agents-chat", "slow-chat", &["p95 < 3s for chat"]),
    faulty("agents-chat", "slow-first-byte", &["ttfb p95 < 500ms for chat"]),
    faulty("agents-chat", "slow-list", &["p95 < 100ms for agents", "p95 < 100ms for page"]),
    faulty("agents-chat", "errors", &["errors < 5%"]),
    faulty("auditor", "errors", &["errors < 1%"]),
    faulty("auditor", "memory-leak", &["growth of rss_anon"]),
    // At full load it would take a gigabyte a minute.
    faulty("auditor", "hoard", &["growth of rss_anon"]).with(&["--duration", "30s", "--warm-up", "1s", "--users", "3"]),
    faulty("auditor", "degrade", &["p50 for small audit rises"]).with(&[]),
    // The knee is one of the signs, which decide nothing; that audits wait for each other is what fails the run.
    faulty("auditor", "single-file", &["sign knee", "p95 for small audit"]).with(&[
        "--scenario",
        "steps",
        "--duration",
        "40s",
        "--warm-up",
        "1s",
    ]),
];

#[test]
fn healthy_servers_are_green_and_telling_faults_are_red_for_the_right_reason() {
    let cases: Vec<Case> = HEALTHY.into_iter().chain(TELLING).collect();
    hold(&cases);
}

#[test]
#[ignore = "takes some minutes: every fault of every suite"]
fn each_fault_that_a_suite_is_meant_to_catch_is_red_for_the_right_reason() {
    hold(&FURTHER);
}

#[test]
#[ignore = "takes some minutes: each healthy suite five times, beside a core that is busy"]
fn a_healthy_server_is_green_again_and_again_beside_a_busy_core() {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        });
        let held = std::panic::catch_unwind(|| (0..5).for_each(|_| hold(&HEALTHY)));
        done.store(true, Ordering::Relaxed);
        if let Err(panic) = held {
            std::panic::resume_unwind(panic);
        }
    });
}
