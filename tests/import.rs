//! Series that soak did not record: every format by a real sample, and bad input by its message.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its fixture has failed")]
#![expect(clippy::float_cmp, reason = "what is read is exactly what was written")]

use std::io::{BufReader, Read};
use std::path::Path;

use proptest::prelude::*;
use soak::domain::{Role, Series, Unit};
use soak::import::{ImportOptions, Imported, read, read_from};

const MIB: f64 = 1_048_576.0;

fn fixture(name: &str) -> Imported {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/series").join(name);
    read(&path, &ImportOptions::default()).unwrap()
}

fn import(text: &str) -> Imported {
    read_from(text.as_bytes(), "x.csv", &ImportOptions::default()).unwrap()
}

fn refusal(text: &str) -> String {
    let message = read_from(text.as_bytes(), "x.csv", &ImportOptions::default()).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

fn names(imported: &Imported) -> Vec<&str> {
    imported.set.series.iter().map(|series| series.name.as_str()).collect()
}

fn series<'a>(imported: &'a Imported, name: &str) -> &'a Series {
    imported.set.get(name).unwrap()
}

fn deciding(imported: &Imported) -> Vec<&str> {
    let deciding = imported.set.series.iter().filter(|series| series.role == Role::Decides);
    deciding.map(|series| series.name.as_str()).collect()
}

mod formats {
    use super::*;

    #[test]
    fn a_psrecord_log_is_read_in_mib() {
        let imported = fixture("psrecord.txt");
        assert_eq!(imported.set.elapsed_s, [0.0, 0.509, 1.013, 1.516, 2.019, 2.521, 3.033]);
        assert_eq!(series(&imported, "rss").values[1], 15.879 * MIB);
        assert_eq!(names(&imported), ["cpu", "rss", "vms"]);
        assert_eq!(deciding(&imported), ["rss"]);
        assert_eq!(imported.notes, [""; 0]);
    }

    #[test]
    fn a_psrecord_log_with_io_keeps_its_totals_out_of_the_verdict() {
        let imported = fixture("psrecord-io.txt");
        assert_eq!(names(&imported), ["cpu", "rss", "vms", "read", "write", "read_bytes", "write_bytes"]);
        assert_eq!(deciding(&imported), ["rss"]);
    }

    #[test]
    fn a_psrecord_csv_is_read_in_mib_as_well() {
        let imported = fixture("psrecord.csv");
        assert_eq!(series(&imported, "rss").values[0], 1.671_875 * MIB);
        assert_eq!(deciding(&imported), ["procs", "rss"]);
    }

    #[test]
    fn an_mprof_file_starts_at_its_first_sample() {
        let imported = fixture("mprof.dat");
        assert_eq!(imported.set.elapsed_s[0], 0.0);
        assert!((imported.set.elapsed_s[1] - 0.5029).abs() < 1e-3);
        assert_eq!(series(&imported, "rss").values[1], 14.371_094 * MIB);
    }

    #[test]
    fn children_of_an_mprof_file_make_a_tree() {
        let imported = fixture("mprof-children.dat");
        assert_eq!(names(&imported), ["rss", "tree_rss"]);
        assert_eq!(series(&imported, "tree_rss").values[1], (14.710_938 + 2.0 * 12.273_438) * MIB);
        assert!(series(&imported, "tree_rss").values[0].is_nan(), "before the first child there was no tree to sum");
    }

    #[test]
    fn pidstat_is_read_over_its_repeated_headers() {
        let imported = fixture("pidstat-h-r-v.txt");
        assert_eq!(imported.set.elapsed_s, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(names(&imported), ["vms", "rss", "threads", "fds"]);
        assert_eq!(series(&imported, "rss").values[5], 25_908.0 * 1024.0);
        assert_eq!(series(&imported, "fds").values, [5.0; 6]);
        assert_eq!(imported.set.incarnation, Some(vec![11_159.0; 6]));
    }

    #[test]
    fn pidstat_without_h_is_read_and_its_average_is_no_sample() {
        let imported = fixture("pidstat-r.txt");
        assert_eq!(imported.set.elapsed_s, [0.0, 1.0, 2.0]);
        assert_eq!(names(&imported), ["vms", "rss"]);
    }

    #[test]
    fn descriptors_that_pidstat_could_not_count_are_unreadable_and_not_zero() {
        let imported = fixture("pidstat-fds-unreadable.txt");
        assert!(series(&imported, "fds").unreadable.is_some());
        assert!(series(&imported, "fds").values[0].is_nan());
    }

    #[test]
    fn pidstat_goes_on_over_midnight_and_over_a_restart() {
        let text = "#      Time   UID       PID     VSZ     RSS   %MEM  Command\n\
                    23:59:58        0        7    2048    1024   0.06  a b c\n\
                    23:59:59        0        8    2048    1025   0.06  a b c\n\
                    00:00:01        0        8    2048    1026   0.06  a b c\n";
        let imported = import(text);
        assert_eq!(imported.set.elapsed_s, [0.0, 1.0, 3.0]);
        assert_eq!(imported.set.incarnation, Some(vec![7.0, 8.0, 8.0]));
        let twelve_hours = text.replace("23:59:58 ", "11:59:58 PM ").replace("23:59:59 ", "11:59:59 PM ");
        assert_eq!(import(&twelve_hours.replace("00:00:01 ", "12:00:01 AM ")).set.elapsed_s, [0.0, 1.0, 3.0]);
    }

    #[test]
    fn prmon_is_read_in_kib_and_judged_by_pss() {
        let imported = fixture("prmon.txt");
        assert_eq!(imported.set.elapsed_s, [0.0, 30.0, 60.0]);
        assert_eq!(series(&imported, "pss").values[2], 381_151.0 * 1024.0);
        assert_eq!(deciding(&imported), ["procs", "threads", "pss"]);
        assert_eq!(series(&imported, "rss").role, Role::Beside);
    }

    #[test]
    fn json_lines_have_the_names_of_a_csv_and_may_gain_keys() {
        let imported = import(
            "{\"ts\":\"2026-11-21T08:00:00Z\",\"rssBytes\":900000,\"mem\":{\"heap_kb\":7},\"host\":\"a\"}\n\
             {\"ts\":\"2026-11-21T08:00:01Z\",\"rssBytes\":900001,\"mem\":{\"heap_kb\":8},\"fds\":3}\n",
        );
        assert_eq!(imported.set.elapsed_s, [0.0, 1.0]);
        assert_eq!(series(&imported, "rss").values, [900_000.0, 900_001.0]);
        assert_eq!(series(&imported, "mem_heap").values, [7168.0, 8192.0]);
        assert!(series(&imported, "fds").values[0].is_nan());
        assert_eq!(imported.notes, ["column \"host\" holds text (\"a\") and was left out"]);
    }
}

mod columns {
    use super::*;

    #[test]
    fn a_full_table_finds_every_column_its_place() {
        let imported = import(
            "t_s,requests,errors,rss_kb,vms_kb,rss_anon_kb,threads,fds,tree_zombies,tree_anon_kb,tree_close_wait,\
             cpu_ticks,fd_limit,concurrency,pid,swap\n\
             0.00,0,0,35796,42520,22236,1,7,0,22236,0,38,1024,4,9,0\n\
             1.02,5,1,35796,42520,22236,1,7,0,22236,0,39,1024,4,9,0\n",
        );
        assert_eq!(imported.set.turns, Some(vec![0.0, 5.0]));
        assert_eq!(imported.set.concurrency, Some(vec![4.0, 4.0]));
        assert_eq!(imported.set.incarnation, Some(vec![9.0, 9.0]));
        let expected = ["rss_anon", "threads", "fds", "tree_zombies", "tree_rss_anon", "tree_close_wait"];
        assert_eq!(deciding(&imported), expected);
        assert_eq!(series(&imported, "rss_anon").values[0], 22_236.0 * 1024.0);
        assert_eq!(series(&imported, "fds").limit, Some(1024.0));
        assert_eq!(series(&imported, "cpu_ticks").role, Role::Context);
        assert_eq!(series(&imported, "swap").role, Role::Context);
        assert_eq!(series(&imported, "swap").unit, Unit::Bytes);
    }

    #[test]
    fn rss_decides_where_anonymous_memory_was_not_read() {
        assert_eq!(deciding(&import("t,rss_kb,vms_kb\n0,900,9000\n1,900,9000\n")), ["rss"]);
        assert_eq!(deciding(&import("t,rss_kb,rss_anon_kb\n0,900,800\n1,900,800\n")), ["rss_anon"]);
    }

    #[test]
    fn unknown_columns_decide_where_nothing_better_is_known() {
        assert_eq!(deciding(&import("t,queue,cache\n0,1,2\n1,2,3\n")), ["queue", "cache"]);
        assert_eq!(deciding(&import("t,queue,rss_kb\n0,1,200\n1,2,300\n")), ["rss"]);
        assert_eq!(deciding(&import("t,heap_mb,threads\n0,1,2\n1,2,3\n")), ["heap", "threads"]);
    }

    #[test]
    fn a_bare_value_has_the_unit_that_the_user_names() {
        let options = ImportOptions { unit: Some(Unit::Bytes) };
        let imported = read_from(&b"t,value\n0,1\n1,2\n"[..], "-", &options).unwrap();
        assert_eq!((series(&imported, "value").unit, series(&imported, "value").role), (Unit::Bytes, Role::Decides));
        assert_eq!(series(&import("t,value\n0,1\n1,2\n"), "value").unit, Unit::Number);
        let beside_swap = import("t,value,swap\n0,1,0\n1,2,0\n");
        assert_eq!(series(&beside_swap, "value").unit, Unit::Bytes, "what is swapped out is memory");
    }

    #[test]
    fn sizes_may_carry_their_unit_in_each_field() {
        let imported = import("time,mem\n2026-01-01 00:00:00,900KiB\n2026-01-01 00:00:10,1.5MiB\n");
        assert_eq!(series(&imported, "mem").values, [921_600.0, 1_572_864.0]);
        assert_eq!(series(&imported, "mem").unit, Unit::Bytes);
    }

    #[test]
    fn requests_that_start_again_at_a_restart_go_on_and_rates_are_no_turns() {
        let imported = import("t,requests,rss_kb\n0,0,200\n1,10,200\n2,0,200\n3,5,200\n");
        assert_eq!(imported.set.turns, Some(vec![0.0, 10.0, 10.0, 15.0]));
        let imported = import("t,requests,rss_kb\n0,9,200\n1,10,200\n2,8,200\n3,11,200\n4,7,200\n");
        assert_eq!(imported.set.turns, None);
        assert_eq!(imported.notes.len(), 1);
    }

    #[test]
    fn spreadsheets_tabs_quotes_and_marks_are_read() {
        let imported = import("\u{feff}\"Time [s]\";\"RSS (kB)\"\r\n\"0\";\"1000,5\"\r\n1;1001,5\r\n");
        assert_eq!(series(&imported, "rss").values, [1000.5 * 1024.0, 1001.5 * 1024.0]);
        assert_eq!(series(&import("# by hand\n# t  value\n0 1\n1   2\n"), "value").values, [1.0, 2.0]);
        assert_eq!(series(&import("t\tvalue\n0\t1\n1\t2\n"), "value").values, [1.0, 2.0]);
    }
}

mod bad_input {
    use super::*;

    #[test]
    fn every_refusal_names_the_place_and_the_remedy() {
        let cases = [
            ("", "it is empty"),
            ("t,value\n", "no samples"),
            ("0,1\n1,2\n", "line 1: there are no column names"),
            ("when,rss_kb\n0,1\n", "no column is the time; name it elapsed_s, t or timestamp (found: when, rss_kb)"),
            ("t\n0\n", "no column holds numbers"),
            ("t,host\n0,a\n1,b\n", "no column holds numbers"),
            ("t,rss_kb\n0,200\n1,oops\n2,200\n", "line 3, column \"rss_kb\": \"oops\" is not a number"),
            ("t,rss_kb\n0,oops\n1,200\n", "line 2, column \"rss_kb\": \"oops\" is not a number"),
            ("t,rss_kb\n0,200\n1,-5\n", "line 3, column \"rss_kb\": -5 is negative"),
            ("t,value\n0,1e308\n", "line 2, column \"value\": 1e308 is too large"),
            ("t,rss_kb\n0,200\n1\n2,3\n", "line 3: it has 1 fields where the header has 2"),
            ("t,rss_kb\n0,200\n1,2,3\n2,3\n", "line 3: it has 3 fields where the header has 2"),
            ("t,rss_kb\n0,200\n,300\n", "line 3, column \"t\": \"\" is not a time"),
            ("t,value\n0,\"1\n1,2\n", "line 2: a quote"),
            ("t,rss_kb,rss_mb\n0,1,1\n", "columns \"rss_kb\" and \"rss_mb\" are both rss"),
            ("t,mem\n0,5MiB\n1,7\n", "line 3, column \"mem\": \"7\" breaks with the lines before"),
            ("t,rss\n0,15540\n1,17588\n", "column \"rss\" has no unit"),
            ("t,pid,rss_kb\n0,1,200\n0,2,300\n", "line 3: processes 1 and 2 are sampled at one time"),
            ("[{\"t\":0}]", "it is one JSON array"),
            ("\u{7f}ELF\0\0,\n", "it is not a text file; export its series as CSV first"),
            ("{\"t\":0,\"value\":1}\n{\"t\":\n{\"t\":2}\n", "line 2: it is not a JSON object"),
            (
                "# Elapsed time   CPU (%)     Real (MB)   Virtual (MB)\n0 1\n1 2 3 4\n",
                "line 2: it is not a line of a psrecord",
            ),
        ];
        for (text, expected) in cases {
            let message = refusal(text);
            assert!(message.starts_with("x.csv: "), "{message}");
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }

    #[test]
    fn time_that_goes_back_is_refused_with_its_line() {
        let rows: Vec<String> = (0..40).map(|i| format!("{},1", i % 20)).collect();
        let message = refusal(&format!("t,value\n{}\n", rows.join("\n")));
        assert!(message.contains("line 2") && message.contains("time goes back by"), "{message}");
    }

    #[test]
    fn what_was_not_read_is_missing() {
        let values = &import("t,value\n0,1\n1,NaN\n2,inf\n3,\n4,null\n5,2\n").set.series[0].values;
        assert_eq!(
            values.iter().map(|value| value.is_nan()).collect::<Vec<_>>(),
            [false, true, true, true, true, false]
        );
    }

    #[test]
    fn a_memory_of_zero_was_not_read() {
        let imported = import("t,rss_kb\n0,0\n1,0\n2,0\n");
        assert!(series(&imported, "rss").unreadable.as_ref().unwrap().contains("every sample of it is 0"));
        let imported = import("t,rss_kb\n0,900\n1,0\n2,901\n");
        assert!(series(&imported, "rss").values[1].is_nan());
        assert_eq!(imported.notes.len(), 1);
    }

    #[test]
    fn a_known_column_without_values_is_unreadable() {
        let imported = import("t,rss_kb,fds\n0,900,\n1,900,\n");
        assert!(series(&imported, "fds").unreadable.is_some());
    }

    #[test]
    fn a_last_line_that_was_cut_is_left_out_with_a_note() {
        let imported = import("t,rss_kb,fds\n0,900,3\n1,900,3\n2,9");
        assert_eq!(imported.set.elapsed_s, [0.0, 1.0]);
        assert_eq!(imported.notes, ["line 4 is cut short and was left out"]);
        assert_eq!(import("{\"t\":0,\"value\":1}\n{\"t\":1,\"val").set.elapsed_s, [0.0]);
    }

    #[test]
    fn one_or_two_samples_are_read() {
        assert_eq!(import("t,value\n5,1").set.elapsed_s, [5.0]);
        assert_eq!(import("t,value\n5,1\n6,1\n").set.span_s(), 1.0);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = read(Path::new("no/such.csv"), &ImportOptions::default()).unwrap_err();
        assert!(error.to_string().starts_with("no/such.csv: it cannot be opened"), "{error}");
        let error = read(Path::new("src"), &ImportOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "src: it cannot be opened: is a directory");
    }
}

/// A CSV that is made as it is read.
struct Endless {
    row: u64,
    rows: u64,
    line: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.line.is_empty() && self.row < self.rows {
            self.line = format!("{},{},{}\n", self.row, 1_000_000 + self.row % 7, self.row * 3).into_bytes();
            self.row += 1;
        }
        let taken = self.line.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&self.line[..taken]);
        self.line.drain(..taken);
        Ok(taken)
    }
}

#[test]
fn a_file_of_any_length_is_read_in_the_same_room() {
    let reader = Endless { row: 0, rows: 400_000, line: b"t,rss_bytes,turns\n".to_vec() };
    let imported = read_from(BufReader::new(reader), "-", &ImportOptions::default()).unwrap();
    let set = &imported.set;
    assert!((50_000..=100_000).contains(&set.elapsed_s.len()), "{}", set.elapsed_s.len());
    let turns = set.turns.as_ref().unwrap();
    assert!(
        set.elapsed_s.iter().zip(turns).all(|(at, turns)| at * 3.0 == *turns),
        "a row that is kept is a row of the file"
    );
    assert!(imported.notes[0].starts_with("one row in"), "{:?}", imported.notes);
}

fn rows_like() -> impl Strategy<Value = String> {
    let field = prop_oneof![
        "[0-9]{1,4}(\\.[0-9])?",
        Just(String::new()),
        Just("NaN".to_owned()),
        Just("-1".to_owned()),
        Just("1e308".to_owned()),
        Just("\"".to_owned()),
        Just("5MiB".to_owned()),
        "\\PC{0,6}",
    ];
    let header = prop_oneof![
        Just("t,rss_kb,pid"),
        Just("timestamp,value,turns"),
        Just("{\"t\":1,\"a\":2}"),
        Just("# Time UID PID VSZ RSS threads fd-nr Command"),
        Just("CMDLINE x"),
        Just("# Elapsed time CPU (%) Real (MB) Virtual (MB)"),
        Just("Time\twtime\tpss\trss"),
    ];
    let row = proptest::collection::vec(field, 0..8);
    let separator = prop_oneof![Just(","), Just("\t"), Just(" "), Just(";")];
    (header, proptest::collection::vec((row, separator), 0..20)).prop_map(|(header, rows)| {
        let rows: Vec<String> = rows.into_iter().map(|(row, separator)| row.join(separator)).collect();
        format!("{header}\n{}", rows.join("\n"))
    })
}

fn holds(imported: &Imported) {
    let set = &imported.set;
    assert!(set.elapsed_s.windows(2).all(|pair| pair[0] < pair[1]), "times ascend without repeats");
    for series in &set.series {
        assert_eq!(series.values.len(), set.elapsed_s.len());
        assert!(series.values.iter().all(|value| value.is_nan() || value.is_finite()));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(imported) = read_from(&bytes[..], "-", &ImportOptions::default()) {
            holds(&imported);
        }
    }

    #[test]
    fn nothing_that_looks_like_a_table_makes_it_panic(text in rows_like()) {
        match read_from(text.as_bytes(), "-", &ImportOptions::default()) {
            Ok(imported) => holds(&imported),
            Err(error) => assert!(!error.to_string().contains('\n')),
        }
    }
}
