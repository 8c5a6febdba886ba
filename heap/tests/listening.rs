//! Programs that listen, as processes of their own: what they do when they are asked, forked, ended, killed and short of
//! descriptors. The program is this very one with another task.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "what is not there has failed the test")]

use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use serde_json::Value;

#[global_allocator]
static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();

/// The bytes of a block that is leaked.
const BLOCK: usize = 1000;

fn main() {
    if std::env::var_os("LISTENING_SERVER").is_some() {
        return server();
    }
    let wanted = std::env::args().nth(1).filter(|name| !name.starts_with('-')).unwrap_or_default();
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(&wanted)) {
        test();
        println!("test {name} ... ok");
    }
}

macro_rules! tests {
    ($($name:ident),* $(,)?) => { &[$((stringify!($name), $name as fn())),*] };
}

#[cfg(not(feature = "dhat"))]
const TESTS: &[(&str, fn())] = tests![
    the_site_that_leaks_is_told_with_every_byte,
    a_client_that_is_killed_amid_a_snapshot_leaves_the_socket_to_the_next,
    a_forked_child_neither_answers_nor_takes_the_socket_along,
    the_socket_goes_however_the_program_ends_and_the_next_one_sweeps_up_after_a_crash,
    a_program_without_descriptors_answers_once_it_has_some,
    a_file_is_written_at_the_end_without_soak,
    a_file_is_written_on_a_signal_and_the_program_goes_on_or_ends_as_ever,
    a_wish_that_cannot_be_granted_is_told_and_costs_nothing_else,
];

#[cfg(feature = "dhat")]
const TESTS: &[(&str, fn())] = tests![the_dhat_crate_writes_its_file_at_the_end_and_says_that_it_has_no_snapshots];

/// The program under test: three lines, and what it is told to do on its standard input.
fn server() {
    let heap = soak_heap::listen();
    println!("{}", heap.socket().map_or_else(|| "none".into(), |path| path.display().to_string()));
    println!("{}", heap.error().map_or_else(|| "fine".into(), ToString::to_string));
    let mut held = Vec::new();
    for line in std::io::stdin().lines() {
        let line = line.unwrap();
        let (what, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let number: usize = number.parse().unwrap();
        match what {
            "leak" => (0..number).for_each(|_| leaks()),
            "fork" => fork(),
            "hoard" => held.extend(std::iter::from_fn(|| fs::File::open("/dev/null").ok())),
            "give-back" => held.clear(),
            "exit" => std::process::exit(3),
            "abort" => std::process::abort(),
            "return" => return,
            other => panic!("{other}"),
        }
        println!("done");
    }
}

#[inline(never)]
fn leaks() {
    std::mem::forget(black_box(vec![1_u8; BLOCK]));
}

/// Has a child end by `exit`, with everything that is done then.
fn fork() {
    // SAFETY: the child calls nothing but `exit`; whatever that runs is what is tested.
    match unsafe { libc::fork() } {
        // SAFETY: as above.
        0 => unsafe { libc::exit(0) },
        child => {
            let mut status = 0;
            // SAFETY: `status` is there to be written.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0);
        }
    }
}

/// A server that runs, with a folder of its own.
struct Server {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    socket: PathBuf,
    error: String,
    folder: Folder,
}

/// A folder that only its owner can enter, shared by servers that are started one after another.
#[derive(Clone)]
struct Folder(std::rc::Rc<tempfile::TempDir>);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Self(folder.into())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn names(&self, ending: &str) -> Vec<String> {
        let names = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(ending)).collect();
        names.sort();
        names
    }

    fn start(&self, variables: &[(&str, &str)]) -> Server {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env("LISTENING_SERVER", "1").env("XDG_RUNTIME_DIR", self.path()).envs(variables.iter().copied());
        let mut child = command.current_dir(self.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (stdin, stdout) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let nothing = (PathBuf::new(), String::new());
        let mut server = Server { child, stdin, stdout, socket: nothing.0, error: nothing.1, folder: self.clone() };
        server.socket = server.line().into();
        server.error = server.line();
        server
    }
}

impl Server {
    fn new() -> Self {
        Folder::new().start(&[])
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn tell(&mut self, what: &str) {
        writeln!(self.stdin, "{what}").unwrap();
    }

    fn make(&mut self, what: &str) {
        self.tell(what);
        assert_eq!(self.line(), "done", "{what}");
    }

    fn client(&self) -> Client {
        Client(BufReader::new(UnixStream::connect(&self.socket).unwrap()))
    }

    fn ends(mut self, what: &str) -> ExitStatus {
        self.tell(what);
        self.child.wait().unwrap()
    }

    fn kill(&self, signal: i32) {
        // SAFETY: no memory is involved; the process is our own child, which was not waited for yet.
        assert_eq!(unsafe { libc::kill(self.child.id() as i32, signal) }, 0);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Client(BufReader<UnixStream>);

impl Client {
    fn ask(&mut self, request: &str) -> Value {
        writeln!(self.0.get_mut(), "{request}").unwrap();
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{request}: {error}: {line:?}"))
    }

    fn snapshot(&mut self) -> Value {
        let head = self.ask("snapshot dhat");
        let mut body = vec![0; head["bytes"].as_u64().unwrap_or_else(|| panic!("{head}")) as usize];
        self.0.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }
}

/// Bytes and blocks that are live at sites whose blocks are all of the size that is leaked.
fn leaked(file: &Value) -> (u64, u64) {
    let points = file["pps"].as_array().unwrap().iter().map(|point| {
        let figure = |key: &str| point[key].as_u64().unwrap();
        (figure("tb"), figure("tbk"), figure("ab") == BLOCK as u64 * figure("abk") && figure("tb") > 0)
    });
    points.filter(|(.., is_leak)| *is_leak).fold((0, 0), |sum, (bytes, blocks, _)| (sum.0 + bytes, sum.1 + blocks))
}

fn file_at(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn the_site_that_leaks_is_told_with_every_byte() {
    let mut server = Server::new();
    let mut client = server.client();
    let hello = client.ask("hello 1");
    assert_eq!((&hello["engine"], &hello["tracing"]), (&"soak-heap".into(), &false.into()));
    assert_eq!(hello["pid"], server.child.id());
    server.make("leak 5");
    assert_eq!(client.ask("start period every")["started"], true);
    server.make("leak 70");
    assert_eq!(leaked(&client.snapshot()), (70 * BLOCK as u64, 70));
    server.make("leak 30");
    let file = client.snapshot();
    assert_eq!(leaked(&file), (100 * BLOCK as u64, 100));
    let about = &file["soakHeap"];
    assert_eq!((&about["periodBytes"], &about["dropped"]), (&1.into(), &0.into()));
    let own = std::env::current_exe().unwrap();
    assert!(about["modules"].as_array().unwrap().iter().any(|module| module["path"] == own.to_str().unwrap()));
    assert_eq!(client.ask("stop")["stopped"], true);
    assert_eq!(client.ask("snapshot dhat")["ok"], false);
    assert_eq!(client.ask("status")["tracing"], false);
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn a_client_that_is_killed_amid_a_snapshot_leaves_the_socket_to_the_next() {
    let mut server = Server::new();
    let mut client = server.client();
    client.ask("start period every");
    server.make("leak 10");
    for _ in 0..20 {
        let mut killed = server.client();
        killed.ask("start");
        killed.0.get_mut().write_all(b"snapshot dhat\nsnapshot dhat\n").unwrap();
        // The kernel closes its end in the middle of whatever goes on.
        drop(killed);
    }
    assert_eq!(leaked(&client.snapshot()), (10 * BLOCK as u64, 10));
    server.make("leak 1");
    assert_eq!(leaked(&server.client().snapshot()), (11 * BLOCK as u64, 11));
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn a_forked_child_neither_answers_nor_takes_the_socket_along() {
    let mut server = Server::new();
    let mut client = server.client();
    client.ask("start period every");
    for _ in 0..10 {
        server.make("fork");
        server.make("leak 1");
        assert_eq!(client.ask("hello 1")["pid"], server.child.id());
    }
    assert!(server.socket.exists());
    assert_eq!(leaked(&server.client().snapshot()), (10 * BLOCK as u64, 10));
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn the_socket_goes_however_the_program_ends_and_the_next_one_sweeps_up_after_a_crash() {
    let folder = Folder::new();
    assert!(folder.start(&[]).ends("return").success());
    assert_eq!(folder.names(""), [""; 0]);
    assert_eq!(folder.start(&[]).ends("exit").code(), Some(3));
    assert_eq!(folder.names(""), [""; 0]);
    assert_eq!(folder.start(&[]).ends("abort").signal(), Some(libc::SIGABRT));
    let stale = folder.names(".sock");
    assert_eq!(stale.len(), 1);
    let next = folder.start(&[]);
    assert_eq!(folder.names(""), [next.socket.file_name().unwrap().to_str().unwrap()]);
    assert_ne!(folder.names(""), stale);
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn a_program_without_descriptors_answers_once_it_has_some() {
    let mut server = Server::new();
    server.make("hoard");
    let mut client = server.client();
    server.make("give-back");
    assert_eq!(client.ask("hello 1")["ok"], true);
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn a_file_is_written_at_the_end_without_soak() {
    for end in ["return", "exit"] {
        let folder = Folder::new();
        let wishes = [("SOAK_HEAP_FILE", "heap.json"), ("SOAK_HEAP_PERIOD", "every")];
        let mut server = folder.start(&wishes);
        assert_eq!(server.error, "fine");
        server.make("leak 40");
        // A child that inherits the wish, and ends by `exit`, writes nothing.
        server.make("fork");
        let pid = server.child.id();
        server.ends(end);
        assert_eq!(folder.names(".json"), [format!("heap-{pid}-001.json")]);
        let file = file_at(&folder.path().join(format!("heap-{pid}-001.json")));
        assert_eq!((leaked(&file), &file["pid"]), ((40 * BLOCK as u64, 40), &pid.into()));
        assert_eq!(folder.names(".new"), [""; 0]);
    }
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn a_file_is_written_on_a_signal_and_the_program_goes_on_or_ends_as_ever() {
    let folder = Folder::new();
    let wishes = [("SOAK_HEAP_FILE", "heap.json"), ("SOAK_HEAP_PERIOD", "every"), ("SOAK_HEAP_SIGNAL", "USR2,SIGTERM")];
    let mut server = folder.start(&wishes);
    let pid = server.child.id();
    server.make("leak 4");
    server.kill(libc::SIGUSR2);
    let first = folder.path().join(format!("heap-{pid}-001.json"));
    // The name is there at once, and the file with it when it is whole.
    while !fs::metadata(&first).is_ok_and(|file| file.len() > 0) {
        assert!(server.child.try_wait().unwrap().is_none(), "it ended");
        std::thread::yield_now();
    }
    assert_eq!(leaked(&file_at(&first)), (4 * BLOCK as u64, 4));
    server.make("leak 3");
    server.kill(libc::SIGTERM);
    assert_eq!(server.child.wait().unwrap().signal(), Some(libc::SIGTERM));
    assert_eq!(leaked(&file_at(&folder.path().join(format!("heap-{pid}-002.json")))), (7 * BLOCK as u64, 7));
    assert!(!server.socket.exists());
}

#[cfg_attr(feature = "dhat", expect(dead_code, reason = "another engine, other tests"))]
fn a_wish_that_cannot_be_granted_is_told_and_costs_nothing_else() {
    let folder = Folder::new();
    for (wish, hint) in [
        (("SOAK_HEAP_FILE", "no/such/folder/heap.json"), "SOAK_HEAP_FILE: no/such/folder"),
        (("SOAK_HEAP_PERIOD", "often"), "SOAK_HEAP_PERIOD: a period is"),
        (("SOAK_HEAP_SIGNAL", "USR1"), "SOAK_HEAP_SIGNAL: there is no file"),
    ] {
        let server = folder.start(&[wish]);
        assert!(server.error.contains(hint), "{}", server.error);
        assert_eq!(server.client().ask("status")["tracing"], false);
    }
    // A folder that others can enter is passed over, for one that has to be there or is made.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let server = folder.start(&[]);
    assert!(!server.socket.starts_with(folder.path()), "{}", server.socket.display());
    assert_eq!(server.client().ask("hello 1")["ok"], true);
    drop(server.folder.clone());
}

#[cfg_attr(not(feature = "dhat"), expect(dead_code, reason = "another engine, other tests"))]
fn the_dhat_crate_writes_its_file_at_the_end_and_says_that_it_has_no_snapshots() {
    for end in ["return", "exit"] {
        let folder = Folder::new();
        let mut server = folder.start(&[("SOAK_HEAP_FILE", "heap.json"), ("SOAK_HEAP_SIGNAL", "TERM")]);
        let mut client = server.client();
        assert_eq!(client.ask("hello 1")["engine"], "dhat");
        for request in ["start", "snapshot dhat"] {
            let refused = client.ask(request);
            assert!(refused["error"].as_str().unwrap().contains("at the end"), "{refused}");
        }
        server.make("leak 40");
        let pid = server.child.id();
        if end == "return" {
            server.ends(end);
        } else {
            server.kill(libc::SIGTERM);
            assert_eq!(server.child.wait().unwrap().signal(), Some(libc::SIGTERM));
        }
        let file = file_at(&folder.path().join(format!("heap-{pid}-001.json")));
        let points = file["pps"].as_array().unwrap();
        assert!(points.iter().any(|point| point["eb"] == 40 * BLOCK && point["ebk"] == 40), "{file}");
    }
}
