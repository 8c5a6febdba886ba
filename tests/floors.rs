//! Holds the floors of docs/architecture.md: a module imports lower floors only, modules of one floor do not import each
//! other, and the heavy crates stay in the modules that own them.

#![expect(clippy::unwrap_used, reason = "a source that cannot be read has failed the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// The modules by floor, the lowest first.
const FLOORS: [&[&str]; 5] = [
    &["domain", "stats"],
    &["procfs", "clock", "store", "analysis", "chart", "report", "import", "profile", "exposition", "heap"],
    &["target", "sampler", "driver", "tracer"],
    &["runner"],
    &["cli"],
];

/// Crates (and the kernel's `/proc`) that only the named modules may mention.
const OWNED: [(&str, &[&str]); 11] = [
    ("tokio", &["driver", "runner"]),
    ("hyper", &["driver", "runner"]),
    ("reqwest", &["driver", "runner"]),
    ("axum", &["runner"]),
    ("plotters", &["chart"]),
    ("resvg", &["chart"]),
    ("soak_heap", &["cli", "main"]),
    ("clap", &["cli"]),
    ("ratatui_core", &["cli"]),
    ("ratatui_crossterm", &["cli"]),
    ("\"/proc", &["procfs"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

fn module_of(path: &Path, root: &Path) -> String {
    let first = path.strip_prefix(root).unwrap().components().next().unwrap();
    Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
}

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// The code of a file without comments and without its tests, which may use anything.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The modules that a piece of code names by `crate::module`, in single and in braced imports.
fn imported(code: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for (position, _) in code.match_indices("crate::") {
        let rest = &code[position + "crate::".len()..];
        let list = match rest.strip_prefix('{') {
            Some(braced) => top_level_items(braced),
            None => vec![rest.to_owned()],
        };
        modules.extend(list.iter().map(|item| {
            item.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
        }));
    }
    modules.retain(|module| !module.is_empty());
    modules
}

fn top_level_items(braced: &str) -> Vec<String> {
    let (mut depth, mut items, mut item) = (0, Vec::new(), String::new());
    for c in braced.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => items.push(std::mem::take(&mut item)),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                item.push(c);
            }
        }
    }
    items.push(item);
    items
}

#[test]
fn a_module_imports_lower_floors_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut breaches = Vec::new();
    for path in sources(&root) {
        let module = module_of(&path, &root);
        if module == "lib" || module == "main" {
            continue;
        }
        let floor = floor_of(&module).unwrap_or_else(|| panic!("{} stands on no floor", path.display()));
        for other in imported(&code(&path)) {
            if other == module {
                continue;
            }
            let below = floor_of(&other).unwrap_or_else(|| panic!("{}: what is crate::{other}?", path.display()));
            if below >= floor {
                breaches.push(format!("{} (floor {floor}) imports {other} (floor {below})", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn heavy_crates_stay_with_their_owners() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut breaches = Vec::new();
    for path in sources(&root) {
        let (module, code) = (module_of(&path, &root), code(&path));
        for (word, owners) in OWNED {
            let named = code.contains(&format!("{word}::")) || (word.starts_with('"') && code.contains(word));
            if named && !owners.contains(&module.as_str()) {
                breaches.push(format!("{} mentions {word}", path.display()));
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_import_reader_understands_braces() {
    let code = "use crate::{domain::{Bytes, Unit}, stats};\nuse crate::clock::Clock;";
    assert_eq!(imported(code), ["domain", "stats", "clock"]);
}
