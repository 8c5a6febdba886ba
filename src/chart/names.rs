//! Names of several inputs, shortened to what tells them apart, because a legend has no room for paths.

/// A short name for each of these; two that are the same get numbers.
pub(super) fn short(names: &[&str]) -> Vec<String> {
    let names: Vec<&str> = names.iter().map(|name| name.trim_end_matches('/')).collect();
    // Folders are told only where the names within them do not tell the inputs apart.
    let files: Vec<&str> = names.iter().map(|name| file_of(name)).collect();
    let files_differ = files.iter().enumerate().all(|(index, file)| !file.is_empty() && !files[..index].contains(file));
    let parts: Vec<Vec<&str>> = if files_differ { &files } else { &names }.iter().map(|name| parts(name)).collect();
    let shortest = parts.iter().map(Vec::len).min().unwrap_or(0);
    let same_at = |index_of: &dyn Fn(&Vec<&str>) -> usize| {
        let mut seen = parts.iter().map(|name| name[index_of(name)]);
        seen.next().is_none_or(|first| seen.all(|other| other == first))
    };
    let first = (0..shortest).take_while(|&index| same_at(&|_| index)).count();
    let last = (0..shortest - first).take_while(|&back| same_at(&|name| name.len() - 1 - back)).count();
    let shortened: Vec<String> = parts.iter().map(|name| between(name, first, last)).collect();
    (0..shortened.len()).map(|index| numbered(&shortened, index)).collect()
}

/// The parts but for the first and the last ones that all names share. A name of which nothing is left is told by its
/// last part.
fn between(name: &[&str], first: usize, last: usize) -> String {
    let left = name[first..name.len() - last].concat();
    let left = left.trim_matches(is_separator);
    if left.is_empty() { file_of(&name.concat()).to_owned() } else { left.to_owned() }
}

fn file_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn numbered(names: &[String], index: usize) -> String {
    let name = &names[index];
    let same = |names: &[String]| names.iter().filter(|other| *other == name).count();
    if same(names) < 2 { name.clone() } else { format!("{name} ({})", same(&names[..=index])) }
}

/// A name in parts that are kept or dropped whole: words, single separators, and of a run's folder its date and its time.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let long = stamp(rest).unwrap_or_else(|| match rest.find(is_separator) {
            Some(0) => rest.chars().next().map_or(1, char::len_utf8),
            Some(end) => end,
            None => rest.len(),
        });
        let (part, after) = rest.split_at(long);
        parts.push(part);
        rest = after;
    }
    parts
}

fn is_separator(letter: char) -> bool {
    matches!(letter, '/' | '-' | '_' | '.' | ' ')
}

/// The length of the date, of the time, or of the T between them, with which a run's folder begins: `2026-11-21T08-00-00Z`.
fn stamp(text: &str) -> Option<usize> {
    let shapes = [("dddd-dd-ddT", "dddd-dd-dd".len()), ("Tdd-dd-ddZ", 1), ("dd-dd-ddZ", "dd-dd-ddZ".len())];
    shapes.into_iter().find(|(shape, _)| fits(text, shape)).map(|(_, long)| long)
}

fn fits(text: &str, shape: &str) -> bool {
    let mut letters = text.bytes();
    shape.bytes().all(|wanted| {
        letters.next().is_some_and(|letter| if wanted == b'd' { letter.is_ascii_digit() } else { letter == wanted })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_all_share_falls_off_at_both_ends() {
        assert_eq!(short(&["traces/go-leak.csv", "traces/go-healthy.csv"]), ["leak", "healthy"]);
        assert_eq!(short(&["before/metrics.csv", "after/metrics.csv"]), ["before", "after"]);
        assert_eq!(short(&["/srv/traces/a.csv", "runs/b", "c"]), ["a.csv", "b", "c"]);
    }

    #[test]
    fn runs_are_told_apart_by_their_time_and_only_where_they_must_by_their_date() {
        let same_day = ["output/2026-11-21T08-00-00Z-api-42", "output/2026-11-21T09-30-00Z-api-43/"];
        assert_eq!(short(&same_day), ["08-00-00Z-api-42", "09-30-00Z-api-43"]);
        let two_days = ["output/2026-11-21T08-00-00Z-api-42", "output/2026-11-22T08-00-00Z-api-42"];
        assert_eq!(short(&two_days), ["2026-11-21", "2026-11-22"]);
    }

    #[test]
    fn the_same_twice_is_numbered_and_a_name_within_another_keeps_itself() {
        assert_eq!(short(&["runs/a", "runs/a"]), ["a (1)", "a (2)"]);
        assert_eq!(short(&["x/run", "x/run-new"]), ["run", "new"]);
        assert_eq!(short(&[]), Vec::<String>::new());
        assert_eq!(short(&["only/one.csv"]), ["one.csv"]);
    }

    proptest! {
        #[test]
        fn no_two_names_are_the_same(names in prop::collection::vec("[ab/._ 日-]{0,6}", 2..12)) {
            let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
            let short = short(&borrowed);
            prop_assert_eq!(short.len(), names.len());
            for (index, name) in short.iter().enumerate() {
                prop_assert!(!short[..index].contains(name), "{:?}", short);
            }
        }
    }
}
