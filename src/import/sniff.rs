//! Which format a stream is in, by its first lines, which stay to be read.

use std::io::BufRead;

use super::column::names_a_time;
use super::error::Fault;
use super::lines::Lines;

/// A format that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Delimited(Dialect),
    JsonLines,
    Psrecord,
    Mprof,
    Pidstat,
}

/// How a table of text separates its fields, and who wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: Delimiter,
    pub(super) writer: Writer,
}

/// What stands between two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    /// One byte.
    Byte(u8),
    /// Any run of blanks.
    Blanks,
}

/// Who wrote a table, which tells the unit of columns whose names do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
    /// Unknown: sizes are in bytes unless the name says otherwise.
    Anyone,
    /// prmon, whose sizes are in KiB and summed over the tree of processes.
    Prmon,
    /// `psrecord --log-format csv`, whose sizes are in MiB.
    PsrecordCsv,
}

/// Looks at the first lines and leaves the one that the reader of the format begins with.
pub(super) fn sniff<R: BufRead>(lines: &mut Lines<R>) -> Result<Format, Fault> {
    loop {
        let Some(line) = lines.next()? else {
            return Err(Fault::Empty);
        };
        let Some(format) = format_of(&line.text)? else {
            continue;
        };
        lines.hold();
        return Ok(format);
    }
}

/// The format that a line begins; `None` for a comment.
fn format_of(text: &str) -> Result<Option<Format>, Fault> {
    let text = text.trim();
    if text.starts_with('{') {
        return Ok(Some(Format::JsonLines));
    }
    if text.starts_with('[') {
        return Err(Fault::JsonArray);
    }
    if ["CMDLINE ", "MEM ", "FUNC ", "CHLD "].iter().any(|word| text.starts_with(word)) {
        return Ok(Some(Format::Mprof));
    }
    if text.starts_with('#') && text.contains("Elapsed time") && text.contains("Real (MB)") {
        return Ok(Some(Format::Psrecord));
    }
    if is_pidstat(text) {
        return Ok(Some(Format::Pidstat));
    }
    let dialect = dialect_of(text);
    // numpy and gnuplot users write the header as a comment.
    if text.starts_with('#') && !super::delimited::names(text, dialect).iter().any(|name| names_a_time(name)) {
        return Ok(None);
    }
    Ok(Some(Format::Delimited(dialect)))
}

/// The banner of sysstat (`Linux 6.1.0 (host) ...`), or a header of pidstat.
fn is_pidstat(text: &str) -> bool {
    let banner = text.starts_with("Linux ") && text.contains('(') && text.contains("CPU)");
    let mut words = text.split_whitespace();
    let header = words.any(|word| word == "UID") && matches!(words.next(), Some("PID" | "TGID"));
    banner || header
}

fn dialect_of(header: &str) -> Dialect {
    let count = |byte: u8| header.bytes().filter(|&it| it == byte).count();
    let most = [b',', b'\t', b';', b'|'].into_iter().rev().max_by_key(|&byte| count(byte));
    let delimiter = match most {
        Some(byte) if count(byte) > 0 => Delimiter::Byte(byte),
        _ if header.trim_start_matches('#').split_whitespace().count() > 1 => Delimiter::Blanks,
        _ => Delimiter::Byte(b','),
    };
    let words: Vec<&str> = header.split(|c: char| c == ',' || c.is_whitespace()).collect();
    let has = |name: &str| words.contains(&name);
    let writer = if has("Time") && has("wtime") && (has("rss") || has("pss") || has("vmem")) {
        Writer::Prmon
    } else if has("elapsed_time") && has("mem_real") {
        Writer::PsrecordCsv
    } else {
        Writer::Anyone
    };
    Dialect { delimiter, writer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniffed(text: &str) -> Format {
        sniff(&mut Lines::new(text.as_bytes())).unwrap()
    }

    fn delimited(delimiter: Delimiter, writer: Writer) -> Format {
        Format::Delimited(Dialect { delimiter, writer })
    }

    #[test]
    fn each_format_is_known_by_its_first_lines() {
        assert_eq!(sniffed("t,value\n"), delimited(Delimiter::Byte(b','), Writer::Anyone));
        assert_eq!(sniffed("t;value;x\n"), delimited(Delimiter::Byte(b';'), Writer::Anyone));
        assert_eq!(sniffed("# made by hand\n\n# t value\n"), delimited(Delimiter::Blanks, Writer::Anyone));
        assert_eq!(sniffed("Time\twtime\tpss\trss\n"), delimited(Delimiter::Byte(b'\t'), Writer::Prmon));
        assert_eq!(
            sniffed("elapsed_time,nproc,cpu,mem_real,mem_virtual\n"),
            delimited(Delimiter::Byte(b','), Writer::PsrecordCsv)
        );
        assert_eq!(sniffed("{\"t\":1}\n"), Format::JsonLines);
        assert_eq!(sniffed("# Elapsed time   CPU (%)     Real (MB)   Virtual (MB)\n"), Format::Psrecord);
        assert_eq!(sniffed("CMDLINE python3 x.py\n"), Format::Mprof);
        assert_eq!(sniffed("Linux 6.1.0 (host) \t11/21/26 \t_x86_64_\t(2 CPU)\n"), Format::Pidstat);
        assert_eq!(sniffed("# Time        UID       PID threads   fd-nr  Command\n"), Format::Pidstat);
    }

    #[test]
    fn nothing_but_comments_is_empty() {
        assert!(matches!(sniff(&mut Lines::new(&b"# a\n# b\n"[..])), Err(Fault::Empty)));
        assert!(matches!(sniff(&mut Lines::new(&b"[{}]"[..])), Err(Fault::JsonArray)));
    }
}
