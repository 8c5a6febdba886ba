//! A target that offers to have its heap traced is traced, unless soak is told to leave it alone: the demo server, by the very
//! path that finds any.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::soak::Soak;

/// The lines of this kind in the record of the one run that was made.
fn lines(soak: &Soak, kind: &str) -> Vec<Value> {
    let record = std::fs::read_to_string(soak.run_folder().join("record.jsonl")).unwrap();
    let lines = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

#[test]
fn the_demos_leak_is_named_by_function_and_line_with_what_its_turns_leaked() {
    let args = ["demo", "--fault", "memory-leak", "--heap", "--duration", "12s", "--warm-up", "2s"];
    let mut soak = Soak::new(args).args(["--interval", "50ms", "--rate", "50"]);
    let answer = soak.run();
    assert!(answer.err.contains("the target's heap is traced"), "{}", answer.err);
    assert!(answer.err.contains("heap: 6 snapshots; "), "{}", answer.err);
    assert!(answer.out.contains("heap: "), "{}", answer.out);
    let snapshots = lines(&soak, "heap");
    assert_eq!(snapshots.len(), 6, "{snapshots:?}");
    assert_eq!((&snapshots[0]["moment"], &snapshots[5]["moment"]), (&"settled".into(), &"end".into()));
    let folder = soak.run_folder();
    let diff = Soak::new(["heap", "diff", "--json", folder.to_str().unwrap()]).run();
    assert_eq!(diff.code, 1, "{}{}", diff.out, diff.err);
    let grown = &diff.json()["sites"][0];
    let site = grown["stack"][0].as_str().unwrap();
    assert!(grown["state"] == "growing" && site.starts_with("touched (") && site.contains("damage.rs:"), "{grown}");
    // A turn keeps 4 KiB; a snapshot and the count of turns are a few turns apart. On a busy machine the tracer backs off to
    // sampling; then the estimate has its standard error, of which four are allowed.
    let turns = snapshots[5]["turns"].as_f64().unwrap() - snapshots[0]["turns"].as_f64().unwrap();
    let (leaked, found) = (4096.0 * turns, grown["growth_bytes"].as_f64().unwrap());
    let allowed = 0.1 * leaked + 4.0 * grown["error_bytes"].as_f64().unwrap();
    assert!((found - leaked).abs() < allowed, "{found} of {leaked} bytes over {turns} turns: {grown}");
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(report.contains("damage.rs"), "the report does not name the site");
}

#[test]
fn a_target_is_left_alone_where_soak_is_told_so_or_it_offers_nothing() {
    for (offers, asked) in [("--heap", "--no-heap"), ("--until-stdin-ends", "--plain")] {
        let mut server = Soak::new(["demo-server", offers]);
        let mut child = server.start_fed();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let pid = child.id().to_string();
        let mut soak = Soak::new(["--pid", &pid, "--duration", "2s", "--interval", "50ms", asked]);
        let answer = soak.run();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!answer.err.contains("heap"), "{}", answer.err);
        assert!(lines(&soak, "heap").is_empty());
    }
}

/// The first line that a child writes.
fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    line
}

#[test]
fn a_target_that_becomes_another_program_after_soak_has_come_is_traced_all_the_same() {
    // It offers nothing until it is told to go on.
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo ready; read go; exec \"$0\" demo-server --heap", env!("CARGO_BIN_EXE_soak")]);
    let mut target = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = target.stdin.take().unwrap();
    assert_eq!(first_line(&mut target), "ready\n");
    let mut soak = Soak::new(["--pid", &target.id().to_string(), "--duration", "10s", "--interval", "50ms"]);
    let mut watching = soak.start();
    let mut said = BufReader::new(watching.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains("watching "), "{line}");
    writeln!(input, "go").unwrap();
    let rest: Vec<String> = said.lines().map(|line| line.unwrap()).collect();
    watching.wait().unwrap();
    target.kill().unwrap();
    target.wait().unwrap();
    assert!(rest.iter().any(|line| line.contains("the target's heap is traced")), "{rest:?}");
    let moments: Vec<Value> = lines(&soak, "heap").iter().map(|line| line["moment"].clone()).collect();
    assert!(moments.len() >= 3 && moments.last().unwrap() == "end", "{moments:?}");
}

/// Starts the demo server in a container in small: with its own pids, users, mounts and a program that is nowhere else.
/// `None` where the machine allows no such thing to this user.
fn contained() -> Option<Child> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]);
        command
    };
    if !unshare().args(["mount", "-t", "tmpfs", "none", "/mnt"]).output().is_ok_and(|tried| tried.status.success()) {
        return None;
    }
    // The program is copied before the folder that it may be in is hidden.
    let script = "mount -t tmpfs none /mnt && cp \"$0\" /mnt/contained && mount -t tmpfs none /tmp && \
                  unset XDG_RUNTIME_DIR && exec /mnt/contained demo-server --heap --fault memory-leak";
    let mut command = unshare();
    command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_soak")]).stdin(Stdio::null()).stdout(Stdio::piped());
    Some(command.spawn().unwrap())
}

#[test]
fn a_target_in_a_container_is_found_and_named_by_its_own_files() {
    let Some(mut container) = contained() else {
        eprintln!("skipped: this machine lets nobody make namespaces");
        return;
    };
    let address = first_line(&mut container);
    let url = format!("http://{}/", address.trim());
    let unshare = container.id();
    let children = std::fs::read_to_string(format!("/proc/{unshare}/task/{unshare}/children")).unwrap();
    let pid = children.trim();
    let mut soak = Soak::new(["--pid", pid, "--url", &url, "--rate", "50", "--duration", "8s", "--interval", "50ms"]);
    let answer = soak.run();
    container.kill().unwrap();
    container.wait().unwrap();
    assert!(answer.err.contains("the target's heap is traced"), "{}", answer.err);
    let folder = soak.run_folder();
    assert!(lines(&soak, "heap").len() >= 3, "{}", answer.err);
    // The container is gone, and the names are in the snapshots.
    let diff = Soak::new(["heap", "diff", "--json", folder.to_str().unwrap()]).run().json();
    assert!(diff["sites"].to_string().contains("damage.rs"), "{diff}");
}
