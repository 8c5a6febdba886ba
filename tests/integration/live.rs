//! The live view on a pseudo-terminal: what stands on the screen, what the keys do, and how the terminal is left.
//!
//! Every wait is for something that stands on the screen; the time it may take is far above what a busy machine needs.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use crate::soak::Soak;

const ROWS: usize = 24;
const COLUMNS: usize = 80;
const PATIENCE: Duration = Duration::from_mins(2);

/// As much of a terminal as the view uses: two screens, a cursor, and the few escape sequences that it writes.
struct Screen {
    cells: Vec<Vec<char>>,
    at: (usize, usize),
    is_alternate: bool,
    is_cursor_shown: bool,
    /// Bytes of a character or of an escape sequence that is not yet whole.
    rest: Vec<u8>,
}

impl Screen {
    fn new() -> Self {
        let cells = vec![vec![' '; COLUMNS]; ROWS];
        Self { cells, at: (0, 0), is_alternate: false, is_cursor_shown: true, rest: Vec::new() }
    }

    fn text(&self) -> String {
        self.cells.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned() + "\n").collect()
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while let Some(length) = whole(&self.rest) {
            let piece: Vec<u8> = self.rest.drain(..length).collect();
            match piece.strip_prefix(b"\x1b[") {
                Some(sequence) => self.obey(std::str::from_utf8(sequence).unwrap()),
                None => std::str::from_utf8(&piece).unwrap().chars().for_each(|letter| self.put(letter)),
            }
        }
    }

    fn put(&mut self, letter: char) {
        match letter {
            '\r' => self.at.1 = 0,
            '\n' if self.at.0 + 1 == ROWS => {
                self.cells.rotate_left(1);
                self.cells[ROWS - 1].fill(' ');
            }
            '\n' => self.at.0 += 1,
            letter if letter >= ' ' && self.at.1 < COLUMNS => {
                self.cells[self.at.0][self.at.1] = letter;
                self.at.1 += 1;
            }
            _ => {}
        }
    }

    fn obey(&mut self, sequence: &str) {
        let numbers = || sequence[..sequence.len() - 1].split(';').map(|number| number.parse::<usize>().unwrap_or(1));
        match sequence {
            "?1049h" | "?1049l" => {
                self.is_alternate = sequence.ends_with('h');
                self.clear();
            }
            "?25h" | "?25l" => self.is_cursor_shown = sequence.ends_with('h'),
            "2J" => self.clear(),
            _ if sequence.ends_with('H') => {
                let mut place = numbers();
                let (row, column) = (place.next().unwrap_or(1), place.next().unwrap_or(1));
                self.at = (row.clamp(1, ROWS) - 1, column.clamp(1, COLUMNS) - 1);
            }
            // Colours.
            _ if sequence.ends_with('m') => {}
            other => panic!("the view wrote ESC [ {other}, which this terminal does not know"),
        }
    }

    fn clear(&mut self) {
        self.cells.iter_mut().for_each(|row| row.fill(' '));
        self.at = (0, 0);
    }
}

/// The length of the first whole character or escape sequence.
fn whole(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x1b, b'[', rest @ ..] => rest.iter().position(|byte| (b'@'..=b'~').contains(byte)).map(|end| end + 3),
        [0x1b] | [] => None,
        [first, ..] => {
            let length = match first {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            (bytes.len() >= length).then_some(length)
        }
    }
}

/// A soak on a terminal of its own.
struct Watched {
    keys: File,
    written: Receiver<Vec<u8>>,
    screen: Screen,
    terminal: OwnedFd,
    child: Child,
}

impl Watched {
    fn start(soak: &Soak, size: Winsize) -> (Self, Termios) {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let controller = openpt(flags).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let terminal = ioctl_tiocgptpeer(&controller, flags).unwrap();
        tcsetwinsize(&terminal, size).unwrap();
        let before = tcgetattr(&terminal).unwrap();
        let keys = File::from(controller);
        let mut output = keys.try_clone().unwrap();
        let (sender, written) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let child = soak.start_on(&terminal);
        (Self { keys, written, screen: Screen::new(), terminal, child }, before)
    }

    /// Waits until this holds of the screen.
    fn until(&mut self, what: &str, holds: impl Fn(&Screen) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !holds(&self.screen) {
            match self.written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.feed(&bytes),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("waited for {what}; the screen shows\n{}", self.screen.text())
                }
            }
        }
    }

    fn shows(&mut self, words: &str) {
        self.until(words, |screen| screen.text().contains(words));
    }

    fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).unwrap();
    }
}

impl Drop for Watched {
    /// Only a test that failed gets here before its soak has ended.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// The modes that a program in raw mode changes.
fn modes(termios: &Termios) -> [u32; 4] {
    [termios.input_modes.bits(), termios.output_modes.bits(), termios.control_modes.bits(), termios.local_modes.bits()]
}

#[test]
fn the_live_view_shows_the_run_takes_a_mark_and_leaves_the_terminal_as_it_found_it() {
    // Long enough for any machine; the key ends it.
    let soak = Soak::new(["demo", "--duration", "10m", "--interval", "50ms"]);
    let size = Winsize { ws_row: ROWS as u16, ws_col: COLUMNS as u16, ws_xpixel: 0, ws_ypixel: 0 };
    let (mut watched, before) = Watched::start(&soak, size);

    watched.shows("rss_anon");
    watched.shows("q end and judge");
    assert!(watched.screen.is_alternate && !watched.screen.is_cursor_shown);
    assert!(watched.screen.text().starts_with("soak  soak-demo (pid "), "{}", watched.screen.text());
    assert_ne!(modes(&tcgetattr(&watched.terminal).unwrap()), modes(&before), "the view has no raw mode");

    watched.press("m");
    watched.shows("mark 1");
    watched.press("d");
    watched.shows("d end the disturbance");
    watched.press("d");
    watched.shows("disturbance 1 is over");
    watched.press("q");
    watched.until("the main screen", |screen| !screen.is_alternate);
    let status = watched.child.wait().unwrap();

    assert!(matches!(status.code(), Some(0 | 1 | 3)), "{status}: {}", watched.screen.text());
    watched.until("the cursor", |screen| screen.is_cursor_shown);
    let is_verdict = |line: &str| ["GROWING: ", "STEADY: ", "INCONCLUSIVE: "].iter().any(|word| line.starts_with(word));
    watched.until("the verdict's line", |screen| screen.text().lines().any(is_verdict));
    assert_eq!(modes(&tcgetattr(&watched.terminal).unwrap()), modes(&before));
    let record = std::fs::read_to_string(soak.run_folder().join("record.jsonl")).unwrap();
    assert!(record.contains("\"event\":\"mark\",\"label\":\"mark 1\""), "{record}");
    for edge in ["begin", "end"] {
        let event = format!("\"event\":\"disturbance\",\"label\":\"disturbance 1\",\"edge\":\"{edge}\"");
        assert!(record.contains(&event), "{record}");
    }
    assert!(record.contains("\"why\":\"interrupted\""), "{record}");
}
