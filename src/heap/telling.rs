//! Which frames of a stack say something: those of the allocator and of the language's runtime are left out, calls of
//! itself become one, and what has a name is shown by it.

use std::collections::HashMap;

use super::names::{self, Owner};
use super::profile::{Frame, HeapProfile, Location};

/// Frames within which an allocator, with all that is inlined into it, has its own.
const INNER: usize = 32;
/// Frames of a stack without any name that are kept; nothing says which of them matter.
const UNNAMED: usize = 12;
/// Frames that say something and are kept of one stack, the innermost.
const KEPT: usize = 64;

/// The words of frames, each once, and whose code each is.
#[derive(Debug, Default)]
pub(super) struct Labels {
    numbers: HashMap<String, u32>,
    pub(super) texts: Vec<String>,
    pub(super) owners: Vec<Owner>,
    /// The package of each that is a library's.
    packages: Vec<Option<String>>,
}

impl Labels {
    fn number(&mut self, text: String, owner: Owner, package: Option<&str>) -> u32 {
        if let Some(&number) = self.numbers.get(&text) {
            return number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.clone());
        self.owners.push(owner);
        self.packages.push(package.filter(|_| owner == Owner::Library).map(str::to_owned));
        self.numbers.insert(text, number);
        number
    }

    fn package(&self, number: u32) -> Option<&str> {
        self.packages.get(number as usize)?.as_deref()
    }

    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }

    pub(super) fn owner(&self, number: u32) -> Owner {
        self.owners.get(number as usize).copied().unwrap_or(Owner::Unknown)
    }
}

/// The frames of each location of a profile, as numbers of labels.
pub(super) struct Telling {
    locations: Vec<Vec<u32>>,
}

impl Telling {
    pub(super) fn of(profile: &HeapProfile, labels: &mut Labels) -> Self {
        let functions = || profile.locations.iter().flat_map(|location| &location.frames).map(|frame| &frame.function);
        let mut own: Vec<String> = functions().filter_map(|name| names::main_crate(name)).map(str::to_owned).collect();
        own.sort_unstable();
        own.dedup();
        let frames = || profile.locations.iter().flat_map(|location| &location.frames);
        let main_of_go = frames().find(|frame| frame.function == "main.main").map(|frame| frame.file.clone());
        let own = Own { crates: own, main_of_go };
        let numbers = |location: &Location| -> Vec<u32> {
            if location.frames.is_empty() {
                return vec![labels.number(unnamed(location, profile), Owner::Unknown, None)];
            }
            location
                .frames
                .iter()
                .map(|frame| {
                    let package = names::package(&frame.function, &frame.file);
                    labels.number(label(frame), owner(frame, &own), package)
                })
                .collect()
        };
        Self { locations: profile.locations.iter().map(numbers).collect() }
    }

    /// The frames of a stack that say something, innermost first; never none where the stack has any.
    pub(super) fn stack(&self, stack: &[u32], labels: &Labels) -> Vec<u32> {
        let at = |location: &u32| self.locations.get(*location as usize).map(Vec::as_slice).unwrap_or_default();
        let whole: Vec<u32> = stack.iter().flat_map(at).copied().collect();
        // What an allocator calls is the allocator's, whatever its names are.
        let is_allocator = |&frame: &u32| labels.owner(frame) == Owner::Allocator;
        let inner = whole.iter().take(INNER).rposition(is_allocator).map_or(0, |last| last + 1);
        let outer = whole.get(inner..).filter(|outer| !outer.is_empty()).unwrap_or(&whole);
        let all = || outer.iter().copied();
        let is_named = |&frame: &u32| labels.owner(frame) != Owner::Unknown;
        let says = |&frame: &u32| !matches!(labels.owner(frame), Owner::Allocator | Owner::Runtime);
        let mut kept: Vec<u32> = if all().any(|frame| is_named(&frame)) {
            all().filter(says).collect()
        } else {
            all().take(UNNAMED).collect()
        };
        if kept.is_empty() {
            kept = all().filter(|&frame| labels.owner(frame) != Owner::Allocator).collect();
        }
        if kept.is_empty() {
            kept = all().collect();
        }
        kept.dedup();
        fold_libraries(&mut kept, labels);
        kept.truncate(KEPT);
        kept
    }
}

/// Of a run of frames of one library only the call into it is kept, and of the innermost run also where it allocates.
fn fold_libraries(frames: &mut Vec<u32>, labels: &Labels) {
    let mut folded: Vec<u32> = Vec::with_capacity(frames.len());
    for &frame in frames.iter() {
        let package = labels.package(frame);
        let is_same = package.is_some() && folded.last().is_some_and(|&last| labels.package(last) == package);
        if is_same && folded.len() > 1 {
            folded.pop();
        }
        folded.push(frame);
    }
    *frames = folded;
}

/// `function (file:line)`, or `function (in program)` where the file is not known.
fn label(frame: &Frame) -> String {
    let function = names::shown(&frame.function);
    match (frame.file.as_str(), frame.line) {
        ("", _) if frame.object.is_empty() => function,
        ("", _) => format!("{function} (in {})", names::short_file(&frame.object)),
        (file, 0) => format!("{function} ({})", names::short_file(file)),
        (file, line) => format!("{function} ({}:{line})", names::short_file(file)),
    }
}

/// `??? (server+0x1234)`: the same in every process of the program, wherever it was loaded.
fn unnamed(location: &Location, profile: &HeapProfile) -> String {
    match profile.module_at(location.address) {
        Some(module) => {
            let name = module.path.file_name().map_or_else(|| "?".into(), |name| name.to_string_lossy());
            let offset = module.in_file(location.address);
            format!("??? ({name}+{offset:#x})")
        }
        None if location.words.is_empty() && location.address == 0 => "[no stack]".to_owned(),
        None if location.words.is_empty() => format!("??? ({:#x})", location.address),
        None => format!("??? ({})", location.words),
    }
}

/// What is known of the program's own code.
struct Own {
    crates: Vec<String>,
    main_of_go: Option<String>,
}

fn owner(frame: &Frame, own: &Own) -> Owner {
    if let Some(owner) = names::owner_by_name(&frame.function) {
        return owner;
    }
    let crate_name = names::crate_of(&frame.function);
    if crate_name.is_some_and(|name| own.crates.iter().any(|own| own == name)) {
        return Owner::Program;
    }
    let of_go = names::owner_of_go(&frame.file, own.main_of_go.as_deref());
    if let Some(owner) = of_go.or_else(|| names::owner_by_file(&frame.file)) {
        return owner;
    }
    if frame.file.is_empty() && names::is_of_system(&frame.object) {
        return Owner::Library;
    }
    // Where it is known which crate holds main, a path of another crate without a whole file name is a library's.
    if crate_name.is_some() && !own.crates.is_empty() { Owner::Library } else { Owner::Program }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(function: &str, file: &str) -> Location {
        let frame = Frame { function: function.into(), file: file.into(), line: 7, ..Frame::default() };
        Location { frames: vec![frame], ..Location::default() }
    }

    fn kept(locations: Vec<Location>) -> Vec<String> {
        let count = u32::try_from(locations.len()).unwrap();
        let profile = HeapProfile { locations, ..HeapProfile::default() };
        let mut labels = Labels::default();
        let telling = Telling::of(&profile, &mut labels);
        let stack: Vec<u32> = (0..count).collect();
        telling.stack(&stack, &labels).into_iter().map(|number| labels.text(number).to_owned()).collect()
    }

    #[test]
    fn allocator_and_runtime_are_left_out_and_recursion_is_one_frame() {
        let stack = vec![
            named("__rust_alloc", ""),
            named("alloc::vec::Vec<T>::push", "/rustc/x/library/alloc/src/vec.rs"),
            named("server::walk", "/home/me/server/src/walk.rs"),
            named("server::walk", "/home/me/server/src/walk.rs"),
            named("core::ops::function::FnOnce::call_once", ""),
            named("server::main", "/home/me/server/src/main.rs"),
            named("std::rt::lang_start", ""),
        ];
        assert_eq!(kept(stack), ["server::walk (server/src/walk.rs:7)", "server::main (server/src/main.rs:7)"]);
    }

    #[test]
    fn a_stack_of_nothing_but_runtime_keeps_it() {
        assert_eq!(kept(vec![named("malloc", ""), named("std::thread::spawn", "")]), ["std::thread::spawn"]);
        assert_eq!(kept(vec![named("malloc", "")]), ["malloc"]);
    }

    #[test]
    fn what_an_allocator_calls_is_the_allocators_and_a_library_is_the_call_into_it() {
        let of = |package: &str| format!("/home/dev/.cargo/registry/src/index-1/{package}/src/lib.rs");
        let stack = vec![
            named("{closure#0}", "/home/me/tracer/src/recorder.rs"),
            named("__rust_alloc", "/home/me/server/src/main.rs"),
            named("new<T>", &of("epoch-1.0.0")),
            named("push", &of("bucket-1.0.0")),
            named("push_all", &of("bucket-1.0.0")),
            named("record", &of("bucket-1.0.0")),
            named("{async_fn#0}", "/home/me/server/src/main.rs"),
        ];
        assert_eq!(
            kept(stack),
            [
                "new<T> (epoch-1.0.0/src/lib.rs:7)",
                "record (bucket-1.0.0/src/lib.rs:7)",
                "{async_fn#0} (server/src/main.rs:7)"
            ]
        );
    }

    #[test]
    fn a_shallow_stack_whose_names_have_no_paths_keeps_the_program() {
        let stack = vec![
            named("__rust_alloc", "/home/me/server/src/main.rs"),
            named("from_elem<u8>", "/rustc/x/library/alloc/src/vec/mod.rs"),
            named("leaks", "/home/me/server/src/main.rs"),
            named("main", "/home/me/server/src/main.rs"),
            named("__rust_begin_short_backtrace<fn(), ()>", "/rustc/x/library/std/src/sys/backtrace.rs"),
            named("std::rt::lang_start_internal", "/rustc/x/library/std/src/rt.rs"),
        ];
        assert_eq!(kept(stack), ["leaks (server/src/main.rs:7)", "main (server/src/main.rs:7)"]);
    }

    #[test]
    fn what_has_no_name_is_shown_by_its_place() {
        let unnamed = Location { address: 0x1234, words: "server+0x34".into(), ..Location::default() };
        assert_eq!(
            kept(vec![unnamed, Location { address: 5, ..Location::default() }]),
            ["??? (server+0x34)", "??? (0x5)"]
        );
    }
}
