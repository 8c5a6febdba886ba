//! Series of the target's own metrics page are judged like any other.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use crate::soak::Soak;

/// A metrics page on which one more worker stands each time, served until the test's process ends.
fn growing_page() -> SocketAddr {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    std::thread::spawn(move || {
        for (workers, connection) in server.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let _ = connection.read(&mut [0; 4096]).unwrap();
            let page = format!("# TYPE workers gauge\nworkers {workers}\nidle 3\njobs_total {}\n", workers * 7);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", page.len());
            // soak may have left already.
            let _ = connection.write_all((head + &page).as_bytes());
        }
    });
    address
}

#[test]
fn a_series_of_the_metrics_page_that_grows_fails_the_run_and_a_total_does_not() {
    let page = format!("http://{}/metrics", growing_page());
    let scrape = ["--scrape", &page, "--series", "workers", "--series", "idle", "--series", "jobs=jobs_total"];
    let timing = ["--scrape-interval", "20ms", "--interval", "20ms", "--duration", "5s", "--json", "--", "sleep", "60"];
    let mut soak = Soak::new(scrape).args(timing);
    let answer = soak.run();
    assert_eq!(answer.code, 1, "{}{}", answer.out, answer.err);
    assert_eq!(answer.finding("workers")["verdict"], "growing", "{}", answer.out);
    assert_ne!(answer.finding("idle")["verdict"], "growing", "{}", answer.out);
    assert!(answer.json()["findings"].as_array().unwrap().iter().all(|finding| finding["metric"] != "jobs"));
    let again = Soak::new(["analyze", "--json", soak.run_folder().to_str().unwrap()]).run();
    assert_eq!(again.json()["findings"], answer.json()["findings"]);
}

#[test]
fn a_series_that_the_page_does_not_have_is_said_with_those_that_it_has() {
    let page = format!("http://{}/metrics", growing_page());
    let args = ["--scrape", &page, "--series", "absent", "--duration", "1s", "--", "sleep", "60"];
    let answer = Soak::new(args).run();
    assert_eq!(answer.code, 3, "{}", answer.out);
    assert!(
        answer.err.contains("absent cannot be read") && answer.err.contains("idle, jobs_total, workers"),
        "{}",
        answer.err
    );
}

#[test]
fn a_page_that_cannot_be_asked_is_named_by_its_flag() {
    for (args, said) in [
        (vec!["--scrape", "https://127.0.0.1/", "--series", "x"], "--scrape: give an http:// address"),
        (vec!["--scrape", "http://127.0.0.1/", "--series", "x{"], "--series: the labels of `x{`"),
        (vec!["--scrape", "http://127.0.0.1/"], "--series"),
        (vec!["--series", "x"], "--scrape"),
    ] {
        let answer = Soak::new(args).args(["--", "sleep", "60"]).run();
        assert!(answer.code == 2 && answer.err.contains(said), "{}", answer.err);
    }
}
