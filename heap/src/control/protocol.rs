//! What can be asked over the control socket, as docs/heap-protocol.md has it: one line of ASCII a request, one line of
//! JSON an answer.

use crate::json::Text;

/// The version of the protocol that this crate speaks.
pub(crate) const PROTOCOL: u32 = 1;
/// The longest request, in bytes without its end: ten times the longest that there is.
pub(super) const LONGEST: usize = 256;
/// The longest mean distance between samples that makes sense: one sample a GiB.
const LONGEST_PERIOD: u64 = 1 << 30;

/// How often allocations are recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Every one, and fewer where that takes too much time.
    #[default]
    Adaptive,
    /// Every one, whatever it takes.
    Every,
    /// One in this many bytes on average.
    Bytes(u64),
}

/// The form of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// DHAT, version 2.
    Dhat,
    /// A gzip'd pprof profile.
    #[cfg(feature = "pprof")]
    Pprof,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Hello,
    Start(Asked),
    Stop,
    Status,
    Snapshot(Form),
}

/// Reads a request.
///
/// # Errors
/// Why it is none, in a sentence that is fit for a terminal whatever was sent.
pub(super) fn read(line: &[u8]) -> Result<Request, String> {
    let text = std::str::from_utf8(line).ok().filter(|text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    let text = text.ok_or("a request is one line of printable ASCII")?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    match words.as_slice() {
        ["hello", version] => hello(version),
        ["start"] => Ok(Request::Start(Asked::default())),
        ["start", "period", period] => asked(period).map(Request::Start),
        ["stop"] => Ok(Request::Stop),
        ["status"] => Ok(Request::Status),
        ["snapshot", form] => self::form(form).map(Request::Snapshot),
        _ => Err(format!(
            "{} is no request; there are hello {PROTOCOL}, start [period N|every|adaptive], stop, status, snapshot dhat, \
             snapshot pprof",
            Text(text)
        )),
    }
}

fn hello(version: &str) -> Result<Request, String> {
    let crate_version = env!("CARGO_PKG_VERSION");
    match version.parse::<u32>() {
        Ok(PROTOCOL) => Ok(Request::Hello),
        Ok(newer) if newer > PROTOCOL => {
            Err(format!("protocol {newer} is newer than this soak-heap {crate_version}, which speaks {PROTOCOL}"))
        }
        _ => Err(format!("no protocol has this number; this soak-heap {crate_version} speaks {PROTOCOL}")),
    }
}

/// Reads how often allocations are to be recorded: `every`, `adaptive`, or a number of bytes.
pub(crate) fn asked(text: &str) -> Result<Asked, String> {
    match text {
        "every" => Ok(Asked::Every),
        "adaptive" => Ok(Asked::Adaptive),
        number => match number.parse() {
            Ok(1) => Ok(Asked::Every),
            Ok(bytes) if (1..=LONGEST_PERIOD).contains(&bytes) => Ok(Asked::Bytes(bytes)),
            _ => Err(format!("a period is every, adaptive, or a number of bytes from 1 to {LONGEST_PERIOD}")),
        },
    }
}

fn form(text: &str) -> Result<Form, String> {
    match text {
        "dhat" => Ok(Form::Dhat),
        #[cfg(feature = "pprof")]
        "pprof" => Ok(Form::Pprof),
        #[cfg(not(feature = "pprof"))]
        "pprof" => Err("this program's soak-heap was built without its feature pprof".to_owned()),
        _ => Err("the forms of a snapshot are dhat and pprof".to_owned()),
    }
}

/// The answer to a request that cannot be had.
pub(super) fn refusal(reason: &str) -> Vec<u8> {
    format!("{{\"ok\":false,\"error\":{}}}\n", Text(reason)).into_bytes()
}

/// The answer to a request that was followed; `facts` are JSON members.
pub(super) fn answer(facts: &str) -> Vec<u8> {
    let comma = if facts.is_empty() { "" } else { "," };
    format!("{{\"ok\":true{comma}{facts}}}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_of_the_protocol_is_understood() {
        for (line, request) in [
            ("hello 1", Request::Hello),
            ("start", Request::Start(Asked::Adaptive)),
            ("start period adaptive", Request::Start(Asked::Adaptive)),
            ("start period every", Request::Start(Asked::Every)),
            ("start period 1", Request::Start(Asked::Every)),
            ("start period 65536", Request::Start(Asked::Bytes(65536))),
            ("stop", Request::Stop),
            (" status ", Request::Status),
            ("snapshot dhat", Request::Snapshot(Form::Dhat)),
        ] {
            assert_eq!(read(line.as_bytes()), Ok(request), "{line}");
        }
    }

    #[test]
    fn anything_else_is_answered_with_what_there_is() {
        for (line, hint) in [
            (&b""[..], "there are hello 1"),
            (b"GET / HTTP/1.1", "there are hello 1"),
            (b"snapshot", "there are hello 1"),
            (b"snapshot xml", "dhat and pprof"),
            (b"start period 0", "a number of bytes"),
            (b"start period -4", "a number of bytes"),
            (b"start period 99999999999999999999", "a number of bytes"),
            (b"start period 1073741825", "a number of bytes"),
            (b"hello 2", "protocol 2 is newer"),
            (b"hello 0", "no protocol"),
            (b"hello one", "no protocol"),
            (b"\xff\xfe", "printable ASCII"),
            (b"stop\x1b[2J", "printable ASCII"),
            (b"stop\0", "printable ASCII"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(hint), "{line:?}: {error}");
        }
    }

    #[test]
    fn answers_are_one_line_of_json() {
        let line = refusal("no \"x\"\nhere");
        let read: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(read, serde_json::json!({"ok": false, "error": "no \"x\"\nhere"}));
        assert_eq!(line.split(|&byte| byte == b'\n').count(), 2);
        assert_eq!(answer(""), b"{\"ok\":true}\n");
        assert_eq!(answer("\"pid\":3"), b"{\"ok\":true,\"pid\":3}\n");
    }
}
