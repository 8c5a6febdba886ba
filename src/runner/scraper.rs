//! Asks the target's metrics page on a thread of its own, beside sampler and driver, and hands on what was chosen of it.
//!
//! It keeps one connection, so that the target's descriptors do not follow it. A page that cannot be had is said once, and
//! asked again at the next time: a server that restarts comes back into the record.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use reqwest::{Client, Url};
use tokio::runtime::Runtime;

use crate::clock::{Clock, Wake};
use crate::domain::scrape::{Scraped, ScrapedSeries};
use crate::exposition::{self, Pattern, PatternError};

/// How long one page may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest page that is read: a hundred thousand series.
const LARGEST_PAGE: usize = 16 << 20;
/// How many names are told where a chosen one is not on the page.
const NAMES_TOLD: usize = 12;

/// The page, and what is taken from it.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeOptions {
    /// The page.
    pub url: Url,
    /// How often it is asked.
    pub interval: Duration,
    /// What is taken.
    pub series: Vec<ScrapedSeries>,
}

/// Why the page could not be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum ScrapeError {
    /// The address is no `http://` one. It is not repeated, for it may hold a password.
    #[error("--scrape: {0}")]
    Url(String),
    /// A series is not one.
    #[error("--series: {0}")]
    Series(#[from] PatternError),
    /// No time between two looks.
    #[error("--scrape-interval: 0 s is no interval")]
    Interval,
    /// The HTTP client could not be set up.
    #[error("cannot set up the HTTP client for --scrape")]
    Client(#[source] reqwest::Error),
    /// A thread, a pipe or the runtime could not be made.
    #[error("cannot start the thread that asks the metrics page")]
    Start(#[source] io::Error),
}

impl ScrapeOptions {
    /// Reads the page's address.
    ///
    /// # Errors
    /// [`ScrapeError::Url`] where it is none.
    pub fn address(text: &str) -> Result<Url, ScrapeError> {
        text.parse()
            .map_err(|error| ScrapeError::Url(format!("{error}; it looks like this: http://127.0.0.1:8080/metrics")))
    }

    /// Whether the page can be asked as it is written down.
    ///
    /// # Errors
    /// What cannot be, by the name of its flag.
    pub fn check(&self) -> Result<(), ScrapeError> {
        if self.url.scheme() != "http" || !self.url.has_host() {
            return Err(ScrapeError::Url("give an http:// address, as in http://127.0.0.1:8080/metrics".into()));
        }
        if self.interval.is_zero() {
            return Err(ScrapeError::Interval);
        }
        self.patterns().map(drop)
    }

    fn patterns(&self) -> Result<Vec<Pattern>, ScrapeError> {
        self.series.iter().map(|series| Ok(Pattern::parse(&series.source)?)).collect()
    }
}

/// What the scraper has to say.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// What the page said.
    Scraped(Scraped),
    /// A chosen series is not on the page, or the page cannot be had; said once each.
    Missing {
        /// The series.
        name: String,
        /// Why.
        reason: String,
    },
    /// Something worth a line.
    Said(String),
}

/// The thread under way. Dropping it ends it without waiting.
#[derive(Debug)]
pub(super) struct Scraper {
    stop: OwnedFd,
    thread: JoinHandle<()>,
}

impl Scraper {
    /// Ends it; a page that is under way is waited for, at most its timeout.
    pub(super) fn stop(self) {
        drop(self.stop);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

/// Starts asking, at once and then at every interval.
///
/// # Errors
/// [`ScrapeError`] where an option is out of bounds or there is no thread, runtime or client to be had.
pub(super) fn start(
    options: ScrapeOptions,
    clock: Arc<dyn Clock>,
    sink: Box<dyn FnMut(Heard) + Send>,
) -> Result<Scraper, ScrapeError> {
    options.check()?;
    let patterns = options.patterns()?;
    let client = Client::builder()
        .timeout(TIMEOUT)
        .pool_max_idle_per_host(1)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(ScrapeError::Client)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ScrapeError::Start)?;
    let (stopped, stop) =
        rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).map_err(|errno| ScrapeError::Start(errno.into()))?;
    let asking =
        Asking { missing: vec![false; patterns.len()], failing: false, options, patterns, client, runtime, sink };
    let thread = Builder::new()
        .name("soak-scraper".into())
        .spawn(move || asking.run(&clock, &stopped))
        .map_err(ScrapeError::Start)?;
    Ok(Scraper { stop, thread })
}

struct Asking {
    options: ScrapeOptions,
    patterns: Vec<Pattern>,
    client: Client,
    runtime: Runtime,
    sink: Box<dyn FnMut(Heard) + Send>,
    /// Which series were said to be missing.
    missing: Vec<bool>,
    failing: bool,
}

impl Asking {
    fn run(mut self, clock: &Arc<dyn Clock>, stop: &OwnedFd) {
        let mut due = clock.now();
        while clock.wait_until(due, &[stop.as_fd()]) == Wake::Due {
            let at = clock.now();
            match self.runtime.block_on(page(&self.client, &self.options.url)) {
                Ok(page) => {
                    if std::mem::take(&mut self.failing) {
                        (self.sink)(Heard::Said("the metrics page answers again".to_owned()));
                    }
                    let values = exposition::select(&page, &self.patterns);
                    self.tell_missing(&values, &page);
                    (self.sink)(Heard::Scraped(Scraped { at, values }));
                }
                Err(reason) => {
                    if !std::mem::replace(&mut self.failing, true) {
                        (self.sink)(Heard::Said(format!(
                            "the metrics page cannot be read: {reason}; it is asked again"
                        )));
                    }
                }
            }
            // Times that were missed are left out, not made up for.
            let now = clock.now().since_start();
            let behind = now.saturating_sub(due.since_start()).as_secs_f64() / self.options.interval.as_secs_f64();
            due = crate::domain::Elapsed::new(
                due.since_start() + self.options.interval.mul_f64(behind.floor().max(0.0) + 1.0),
            );
        }
    }

    fn tell_missing(&mut self, values: &[Option<f64>], page: &str) {
        for (number, value) in values.iter().enumerate() {
            if value.is_some() || std::mem::replace(&mut self.missing[number], true) {
                continue;
            }
            let names = exposition::names(page);
            let some: Vec<&str> = names.iter().take(NAMES_TOLD).copied().collect();
            let more = if names.len() > NAMES_TOLD { ", ..." } else { "" };
            let series = &self.options.series[number];
            let reason =
                format!("no series on the metrics page is {}; it has {}{more}", series.source, some.join(", "));
            (self.sink)(Heard::Missing { name: series.name.clone(), reason });
        }
    }
}

/// The page's text, or why there is none, without its address.
async fn page(client: &Client, url: &Url) -> Result<String, String> {
    let told = |error: reqwest::Error| {
        let error = error.without_url();
        std::iter::successors(std::error::Error::source(&error), |cause| cause.source())
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string)
    };
    let mut answer = client.get(url.clone()).send().await.map_err(told)?;
    if answer.status() != reqwest::StatusCode::OK {
        return Err(format!("it answered {}", answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > LARGEST_PAGE {
            return Err(format!("it is larger than {} MiB", LARGEST_PAGE >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc;

    use super::*;
    use crate::clock::RealClock;
    use crate::domain::{Role, Unit};

    fn options(url: &str, sources: &[&str]) -> ScrapeOptions {
        let series = |source: &&str| ScrapedSeries {
            name: (*source).to_owned(),
            source: (*source).to_owned(),
            unit: Unit::Count,
            role: Role::Decides,
        };
        ScrapeOptions {
            url: url.parse().unwrap(),
            interval: Duration::from_millis(5),
            series: sources.iter().map(series).collect(),
        }
    }

    fn answer(mut connection: TcpStream, status: &str, body: &str) {
        let mut request = [0; 2048];
        let _ = connection.read(&mut request).unwrap();
        let length = body.len();
        write!(connection, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
    }

    fn listen(options: impl FnOnce(&str) -> ScrapeOptions) -> (TcpListener, Scraper, mpsc::Receiver<Heard>) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://ann:s3cret@{}/metrics?token=s3cret", server.local_addr().unwrap());
        let (sender, heard) = mpsc::channel();
        let sink = Box::new(move |heard| drop(sender.send(heard)));
        let scraper = start(options(&url), Arc::new(RealClock::start()), sink).unwrap();
        (server, scraper, heard)
    }

    #[test]
    fn chosen_series_are_handed_on_and_missing_ones_are_said_once() {
        let (server, scraper, heard) = listen(|url| options(url, &["workers", "absent"]));
        for workers in [3, 4] {
            answer(server.accept().unwrap().0, "200 OK", &format!("workers {workers}\nother 1\n"));
        }
        let heard: Vec<Heard> = heard.iter().take(3).collect();
        let Heard::Missing { name, reason } = &heard[0] else { panic!("{heard:?}") };
        assert!(name == "absent" && reason.contains("other, workers"), "{reason}");
        for (heard, workers) in heard[1..].iter().zip([3.0, 4.0]) {
            let Heard::Scraped(seen) = heard else { panic!("{heard:?}") };
            assert_eq!(seen.values, [Some(workers), None]);
        }
        drop(server);
        scraper.stop();
    }

    #[test]
    fn a_page_that_fails_is_said_once_without_its_secrets_and_comes_back() {
        let (server, scraper, heard) = listen(|url| options(url, &["workers"]));
        for _ in 0..2 {
            answer(server.accept().unwrap().0, "503 Service Unavailable", "");
        }
        answer(server.accept().unwrap().0, "200 OK", "workers 1\n");
        let heard: Vec<Heard> = heard.iter().take(3).collect();
        let words = format!("{heard:?}");
        assert!(matches!(&heard[0], Heard::Said(text) if text.contains("503")), "{words}");
        assert!(matches!(&heard[1], Heard::Said(text) if text.contains("again")), "{words}");
        assert!(matches!(&heard[2], Heard::Scraped(_)) && !words.contains("s3cret"), "{words}");
        drop(server);
        scraper.stop();
    }

    #[test]
    fn what_cannot_be_asked_is_named_by_its_flag() {
        let wrong = |options: ScrapeOptions| options.check().unwrap_err().to_string();
        assert!(wrong(options("https://ann:s3cret@host/", &[])).starts_with("--scrape: give an http:// address"));
        assert!(wrong(options("http://host/", &["a b"])).starts_with("--series: `a b`"));
        let still = ScrapeOptions { interval: Duration::ZERO, ..options("http://host/", &[]) };
        assert!(wrong(still).starts_with("--scrape-interval"));
    }
}
