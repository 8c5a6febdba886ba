//! Puts the view together: it has the terminal from the start of a run to its end, draws when it is shown something, and
//! goes on without a word where the terminal has gone away.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui_core::layout::Rect;
use ratatui_core::terminal::{Terminal, TerminalOptions, Viewport};
use ratatui_crossterm::CrosstermBackend;

use crate::analysis;
use crate::domain::run::Edge;
use crate::runner::{Remote, Watch};

use super::capture::Captured;
use super::draw;
use super::keys::{Key, Keyboard};
use super::outlook::Outlook;
use super::picture::{Ending, Motion, Page, Palette, Picture};
use super::spark::Glyphs;
use super::table;
use super::terminal;
use super::tty::Tty;

/// How long the last of what was drawn may take to go out.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Lines of others that the picture has room for at most, and that are said again at the end.
const OUTPUT: usize = 20;

/// The view of one run.
pub(in crate::cli) struct LiveView {
    screen: Option<Screen>,
    captured: Captured,
    keyboard: Option<Keyboard>,
    remote: Option<Remote>,
    outlook: Outlook,
    picture: Picture,
    marks: u32,
    disturbances: u32,
    /// Set once the user has asked for the end.
    asked: Arc<AtomicBool>,
    /// What is said on the terminal once it is given back.
    said: Vec<String>,
}

struct Screen {
    terminal: Terminal<CrosstermBackend<Tty>>,
    tty: Tty,
    size: (u16, u16),
}

impl LiveView {
    /// Takes the terminal over; `None` where there is none that a full screen fits on.
    pub(in crate::cli) fn start(
        duration: Option<Duration>,
        warm_up: Option<Duration>,
        options: &analysis::Options,
        asked: Arc<AtomicBool>,
    ) -> Option<Self> {
        if !terminal::is_fit() {
            return None;
        }
        let (captured, instead) = Captured::start().ok()?;
        let screen = Screen::open(&instead).ok()?;
        Some(Self {
            screen: Some(screen),
            captured,
            keyboard: None,
            remote: None,
            outlook: Outlook::new(options, warm_up),
            picture: Picture::new(duration, warm_up, palette(), glyphs()),
            marks: 0,
            disturbances: 0,
            asked,
            said: Vec::new(),
        })
    }

    /// Shows what the run has to tell.
    pub(in crate::cli) fn see(&mut self, seen: Watch<'_>) {
        match seen {
            Watch::Started { folder, target, remote, .. } => {
                let name = target.name.escape_debug();
                let tree = if target.tree { " and its descendants" } else { "" };
                self.picture.target = format!("{name} (pid {}){tree}", target.pid);
                self.picture.folder = folder.display().to_string();
                self.said.push(format!("watched {}; the record is {}", self.picture.target, self.picture.folder));
                let waker = remote.clone();
                // Without its keys the view is still a view; Ctrl-C, though, is one of them.
                match Keyboard::listen(Box::new(move || waker.show())) {
                    Ok(keyboard) => self.keyboard = Some(keyboard),
                    Err(_) => self.give_up(),
                }
                self.remote = Some(remote);
            }
            // A key, a tick of the clock, or the end.
            Watch::Latest(_) => self.press(),
            Watch::Said(text) => {
                self.said.push(format!("soak: {text}"));
                let at = self.picture.glance.now;
                self.picture.happened(at, text.to_owned());
            }
        }
        self.show();
    }

    /// Gives the terminal back, and answers with what is to be said on it.
    pub(in crate::cli) fn close(mut self) -> Vec<String> {
        let mut said = std::mem::take(&mut self.said);
        said.extend(self.captured.last(OUTPUT));
        said
    }

    fn press(&mut self) {
        let keys: Vec<Key> = self.keyboard.iter().flat_map(|keyboard| keyboard.pressed.try_iter()).collect();
        for key in keys {
            let picture = &mut self.picture;
            match key {
                // The signal that it sends does the rest.
                Key::End => {}
                Key::Mark => self.mark(),
                Key::Disturbance => self.disturb(),
                Key::Hold if picture.motion == Motion::Held => picture.motion = Motion::Follows,
                Key::Hold => picture.motion = Motion::Held,
                Key::Help if picture.page == Page::Metrics => picture.page = Page::Help,
                Key::Help | Key::Back => picture.page = Page::Metrics,
                Key::Redraw => {
                    if let Some(screen) = &mut self.screen {
                        screen.size = (0, 0);
                    }
                }
                Key::Scroll(lines) => {
                    let last = table::rows(picture).len().saturating_sub(1);
                    picture.scrolled = picture.scrolled.saturating_add_signed(isize::from(lines)).min(last);
                }
            }
        }
    }

    fn mark(&mut self) {
        let Some(remote) = &self.remote else { return };
        self.marks += 1;
        let label = format!("mark {}", self.marks);
        remote.mark(&label);
        let at = remote.glance().now;
        self.picture.happened(at, label);
    }

    fn disturb(&mut self) {
        let Some(remote) = &self.remote else { return };
        let at = remote.glance().now;
        if let Some(label) = self.picture.disturbance.take() {
            remote.disturbance(&label, Edge::End);
            self.picture.happened(at, format!("{label} is over"));
        } else {
            self.disturbances += 1;
            let label = format!("disturbance {}", self.disturbances);
            remote.disturbance(&label, Edge::Begin);
            self.picture.happened(at, format!("{label} begins: the trend leaves it out"));
            self.picture.disturbance = Some(label);
        }
    }

    fn show(&mut self) {
        let Some(screen) = &mut self.screen else { return };
        if !terminal::is_shown() {
            // A panic on another thread has given it back.
            return self.give_up();
        }
        if let Some(remote) = self.remote.as_ref().filter(|_| self.picture.motion == Motion::Follows) {
            self.picture.glance = remote.glance();
            self.picture.output = self.captured.last(OUTPUT);
            if self.picture.ending == Ending::Open {
                self.picture.outlook = self.outlook.look(remote).cloned();
            }
        }
        if self.asked.load(Ordering::Relaxed) {
            self.picture.ending = Ending::Asked;
        }
        // The terminal is gone, as a closed session's is: the run goes on without it.
        if screen.draw(&self.picture).is_err() {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.screen = None;
        self.keyboard = None;
        terminal::restore();
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        // The keys end first: whoever reads the terminal next must get what is typed.
        self.keyboard = None;
        if let Some(screen) = self.screen.take() {
            screen.tty.drain(LAST_WORDS);
        }
        terminal::restore();
    }
}

impl Screen {
    fn open(instead: &OwnedFd) -> io::Result<Self> {
        let mut tty = Tty::open()?;
        let size = tty.size();
        let viewport = Viewport::Fixed(Rect::new(0, 0, size.0, size.1));
        let terminal = Terminal::with_options(CrosstermBackend::new(tty.clone()), TerminalOptions { viewport })?;
        terminal::take(instead)?;
        let opened = io::Write::write_all(&mut tty, terminal::ENTER).and_then(|()| io::Write::flush(&mut tty));
        if let Err(error) = opened {
            terminal::restore();
            return Err(error);
        }
        Ok(Self { terminal, tty, size })
    }

    fn draw(&mut self, picture: &Picture) -> io::Result<()> {
        // While the last frame is on its way, as over a slow line, there is none to be drawn on top of it.
        if !self.tty.has_room()? {
            return Ok(());
        }
        let size = self.tty.size();
        if size != self.size {
            self.size = size;
            self.terminal.resize(Rect::new(0, 0, size.0, size.1))?;
        }
        self.terminal.draw(|frame| draw::draw(frame, picture)).map(|_| ())
    }
}

fn palette() -> Palette {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if refused { Palette::Plain } else { Palette::Colour }
}

/// Blocks, unless the environment says plainly that there is no UTF-8. Where it says nothing, as in most containers,
/// the terminal has it.
fn glyphs() -> Glyphs {
    let kernel_console = std::env::var("TERM").is_ok_and(|term| term == "linux");
    let set =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let other = set.is_some_and(|locale| !locale.to_lowercase().replace('-', "").contains("utf8"));
    if kernel_console || other { Glyphs::Ascii } else { Glyphs::Blocks }
}
