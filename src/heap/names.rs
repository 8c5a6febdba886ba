//! What the name of a function says: whose code it is, and how it is shown.

/// Whose code a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The allocator, or what stands between a program and it: says nothing.
    Allocator,
    /// The language's runtime and its collections: says nothing.
    Runtime,
    /// A library: says something, but not who in the program is to look.
    Library,
    /// The program.
    Program,
    /// Nobody can tell: it has no name.
    Unknown,
}

/// Crates of the language, and those through which allocations only pass.
const STANDARD: [&str; 5] = ["alloc", "core", "std", "hashbrown", "__gnu_cxx"];
const ALLOCATORS: [&str; 9] = [
    "dhat",
    "soak_heap",
    "backtrace",
    "mintex",
    "tikv_jemallocator",
    "tikv_jemalloc_sys",
    "jemallocator",
    "mimalloc",
    "__rustc",
];

/// The functions of C and C++ that hand out memory, and those of libc that only pass it on.
const MALLOC: [&str; 18] = [
    "malloc",
    "calloc",
    "realloc",
    "reallocarray",
    "memalign",
    "posix_memalign",
    "aligned_alloc",
    "valloc",
    "pvalloc",
    "strdup",
    "strndup",
    "__strdup",
    "__libc_malloc",
    "_int_malloc",
    "operator new",
    "operator new[]",
    "_Znwm",
    "_Znam",
];

/// How the names of functions begin that hand out memory: Rust's own, jemalloc's, mimalloc's and tcmalloc's.
const ALLOCATING: [&str; 9] = [
    "__rust_alloc",
    "__rust_realloc",
    "__rust_dealloc",
    "__rust_no_alloc_shim",
    "__rdl_",
    "__rg_",
    "je_",
    "mi_malloc",
    "tc_",
];

/// What stands below `main` and below a thread's first function.
const BELOW_MAIN: [&str; 9] = [
    "_start",
    "__libc_start_main",
    "__libc_start_call_main",
    "(below main)",
    "start_thread",
    "clone",
    "clone3",
    "__clone3",
    "_dl_init",
];

/// Whose code a function is, by its name alone; `None` where only the file can tell.
pub(super) fn owner_by_name(function: &str) -> Option<Owner> {
    let bare = function.split('(').next().unwrap_or(function).trim_end();
    let versionless = bare.split('@').next().unwrap_or(bare);
    if MALLOC.contains(&versionless) || ALLOCATING.iter().any(|prefix| bare.starts_with(prefix)) {
        return Some(Owner::Allocator);
    }
    // What std puts between itself and the program, without its path where the debug information has none.
    if ["__rust_begin_short_backtrace", "__rust_end_short_backtrace"].iter().any(|name| bare.starts_with(name)) {
        return Some(Owner::Runtime);
    }
    if BELOW_MAIN.contains(&versionless) || BELOW_MAIN.contains(&function) {
        return Some(Owner::Runtime);
    }
    if function.starts_with("runtime.")
        || function.starts_with("runtime/internal")
        || function.starts_with("internal/runtime")
    {
        return Some(Owner::Runtime);
    }
    let crates = crates(function);
    if crates.is_empty() {
        return function.starts_with('<').then_some(Owner::Runtime);
    }
    if crates.iter().all(|name| STANDARD.contains(name) || ALLOCATORS.contains(name)) {
        let passes_on = crates.iter().any(|name| ALLOCATORS.contains(name));
        return Some(if passes_on { Owner::Allocator } else { Owner::Runtime });
    }
    None
}

/// The crates (or C++ namespaces) that a path names: of `<alloc::vec::Vec<T> as server::Keep>::keep` both of its sides.
fn crates(function: &str) -> Vec<&str> {
    let Some(inner) = function.strip_prefix('<') else {
        return head(function).into_iter().collect();
    };
    // The bracket that closes the first, on its own level.
    let mut depth = 1;
    let end = inner.bytes().enumerate().find_map(|(at, byte)| {
        let is_arrow = byte == b'>' && at > 0 && inner.as_bytes().get(at - 1) == Some(&b'-');
        depth += i32::from(byte == b'<') - i32::from(byte == b'>' && !is_arrow);
        (depth == 0).then_some(at)
    });
    let inner = end.and_then(|end| inner.get(..end)).unwrap_or(inner);
    let (own, of_trait) = outer_as(inner);
    head(own).into_iter().chain(of_trait.and_then(head)).collect()
}

/// Splits `A as B` where the ` as ` stands in no inner bracket.
fn outer_as(inner: &str) -> (&str, Option<&str>) {
    let mut depth = 0_i32;
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            b'<' | b'(' | b'[' => depth += 1,
            b'>' | b')' | b']' => depth -= 1,
            b' ' if depth == 0 && inner.get(at..).is_some_and(|rest| rest.starts_with(" as ")) => {
                return (inner.get(..at).unwrap_or_default(), inner.get(at + 4..));
            }
            _ => {}
        }
    }
    (inner, None)
}

/// The first word of a path that has several: `server` of `&mut server::Cache<T>`.
fn head(path: &str) -> Option<&str> {
    let path = path.trim_start_matches(['&', '*', '[', '(', '<']);
    let path = ["mut ", "const ", "dyn "].iter().fold(path, |path, word| path.strip_prefix(word).unwrap_or(path));
    let (first, _) = path.split_once("::")?;
    let is_word = !first.is_empty() && first.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_word.then_some(first)
}

/// The crate that holds `main`, where this function is it or a closure in it.
pub(super) fn main_crate(function: &str) -> Option<&str> {
    let (name, rest) = function.split_once("::")?;
    let is_main = rest == "main" || rest.starts_with("main::");
    (is_main && !STANDARD.contains(&name) && !ALLOCATORS.contains(&name)).then_some(name)
}

/// The crate of a Rust path, where it has one.
pub(super) fn crate_of(function: &str) -> Option<&str> {
    crates(function).into_iter().find(|name| !STANDARD.contains(name))
}

/// Whose code a file is; `None` where its path does not say.
pub(super) fn owner_by_file(file: &str) -> Option<Owner> {
    let has = |part: &str| file.contains(part);
    if file.starts_with("/rustc/")
        || has("/library/std/src/")
        || has("/library/core/src/")
        || has("/library/alloc/src/")
    {
        return Some(Owner::Runtime);
    }
    if has("/registry/src/") && has("/hashbrown-") {
        return Some(Owner::Runtime);
    }
    if has("/registry/src/") && has("/soak-heap-") {
        return Some(Owner::Allocator);
    }
    let library = ["/registry/src/", "/git/checkouts/", "/pkg/mod/", "/vendor/"].iter().any(|part| has(part));
    let of_go =
        ["/usr/lib/go", "/usr/local/go/src/", "/usr/share/go", "/libexec/src/"].iter().any(|at| file.starts_with(at));
    let of_system = file.starts_with("/usr/src/") || file.starts_with("/usr/include/");
    if library || of_go || of_system {
        return Some(Owner::Library);
    }
    file.starts_with('/').then_some(Owner::Program)
}

/// Whose code a file of Go is that was built with `-trimpath`, so that its name begins with its module's: other modules
/// have a version in it, the standard library has no dot in its first part. `main` is the file of `main.main`.
pub(super) fn owner_of_go(file: &str, main: Option<&str>) -> Option<Owner> {
    let is_go = std::path::Path::new(file).extension().is_some_and(|kind| kind == "go");
    if !is_go || file.starts_with('/') {
        return None;
    }
    let first = |file: &str| file.split('/').next().map(str::to_owned);
    let is_own =
        first(file).is_some_and(|part| part.contains('.')) || main.is_some_and(|main| first(main) == first(file));
    Some(if is_own && !file.contains('@') { Owner::Program } else { Owner::Library })
}

/// The package that a library's frame belongs to, by its file and else by its path; `None` where neither says.
pub(super) fn package<'a>(function: &'a str, file: &'a str) -> Option<&'a str> {
    let after = |part: &str| file.split_once(part).map(|(_, rest)| rest);
    if let Some(rest) = after("/registry/src/").or_else(|| after("/git/checkouts/")) {
        return rest.split('/').nth(1);
    }
    after("/pkg/mod/").and_then(|rest| rest.split('@').next()).or_else(|| crate_of(function))
}

/// Whether a program or library stands where a system keeps its own.
pub(super) fn is_of_system(object: &str) -> bool {
    ["/usr/lib", "/lib", "/usr/libexec"].iter().any(|folder| object.starts_with(folder))
}

/// The longest name that is shown whole; beyond it the generic arguments go.
const LONGEST: usize = 90;

/// A function's name without the hash of Rust's old mangling and without long generic arguments.
pub(super) fn shown(function: &str) -> String {
    let bare = match function.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path,
        _ => function,
    };
    if bare.chars().count() <= LONGEST { bare.to_owned() } else { without_arguments(bare) }
}

/// Takes generic arguments out, but for the outer ones of `<Type as Trait>::function`.
fn without_arguments(name: &str) -> String {
    let mut kept_depth = i32::from(name.starts_with('<'));
    let (mut out, mut depth, mut before) = (String::new(), 0_i32, ' ');
    for letter in name.chars() {
        // The sign of a function's result closes nothing.
        let closes = letter == '>' && before != '-';
        depth -= i32::from(closes);
        if depth <= kept_depth && !(closes && depth == kept_depth) && !(letter == '<' && depth == kept_depth) {
            out.push(letter);
        } else if letter == '<' && depth == kept_depth {
            out.push_str("<..>");
        }
        if closes && depth == 0 {
            kept_depth = 0;
        }
        depth += i32::from(letter == '<');
        before = letter;
    }
    out
}

/// A file's path as far as it tells: from the folder above the last `src`, or its last two parts.
pub(super) fn short_file(file: &str) -> &str {
    let parts: Vec<(usize, &str)> = file.match_indices('/').collect();
    let from_src =
        file.rfind("/src/").map(|src| file.get(..src).and_then(|head| head.rfind('/')).map_or(0, |at| at + 1));
    let last_two = parts.len().checked_sub(2).and_then(|at| parts.get(at)).map_or(0, |(at, _)| at + 1);
    file.get(from_src.unwrap_or(last_two)..).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_allocator_and_runtime_are_known_by_name() {
        for name in [
            "malloc",
            "operator new(unsigned long)",
            "__rust_alloc",
            "__rustc::__rust_alloc",
            "realloc@@GLIBC_2.2.5",
            "<dhat::Alloc as core::alloc::global::GlobalAlloc>::alloc",
        ] {
            assert_eq!(owner_by_name(name), Some(Owner::Allocator), "{name}");
        }
        for name in [
            "alloc::raw_vec::RawVec<T,A>::grow_one",
            "<alloc::vec::Vec<T> as core::clone::Clone>::clone",
            "<T as core::convert::Into<U>>::into",
            "hashbrown::raw::RawTable<T,A>::reserve_rehash",
            "std::vector<int, std::allocator<int> >::push_back(int const&)",
            "runtime.main",
            "(below main)",
            "start_thread",
            "__rust_begin_short_backtrace<fn(), ()>",
            "<&mut F as core::ops::function::FnOnce<A>>::call_once",
        ] {
            assert_eq!(owner_by_name(name), Some(Owner::Runtime), "{name}");
        }
        for name in [
            "server::cache::put",
            "<server::Cache as core::clone::Clone>::clone",
            "<alloc::vec::Vec<u8> as server::Keep>::keep",
            "main.leak",
            "leak",
            "main",
            "tokio::sync::mpsc::channel",
        ] {
            assert_eq!(owner_by_name(name), None, "{name}");
        }
    }

    #[test]
    fn files_say_whose_code_it_is() {
        assert_eq!(owner_by_file("/rustc/abc/library/alloc/src/vec.rs"), Some(Owner::Runtime));
        assert_eq!(owner_by_file("/home/dev/.cargo/registry/src/index/axum-0.8/src/lib.rs"), Some(Owner::Library));
        assert_eq!(owner_by_file("/usr/lib/go-1.19/src/net/http/server.go"), Some(Owner::Library));
        assert_eq!(owner_by_file("/home/me/server/src/main.rs"), Some(Owner::Program));
        assert_eq!(owner_by_file("src/main.rs"), None);
        assert_eq!(package("new<T>", "/home/dev/.cargo/registry/src/index-1/axum-0.8.1/src/a.rs"), Some("axum-0.8.1"));
        assert_eq!(package("axum::route", "src/a.rs"), Some("axum"));
        assert_eq!(package("f", "f.c"), None);
        let of_go = |file| owner_of_go(file, Some("leaky/main.go"));
        assert_eq!(of_go("compress/flate/inflate.go"), Some(Owner::Library));
        assert_eq!(of_go("github.com/x/y@v1.2.3/y.go"), Some(Owner::Library));
        assert_eq!(of_go("github.com/me/app/y.go"), Some(Owner::Program));
        assert_eq!(of_go("leaky/cache/cache.go"), Some(Owner::Program));
        assert_eq!(of_go("src/main.rs"), None);
    }

    #[test]
    fn names_and_files_are_shown_as_far_as_they_tell() {
        assert_eq!(shown("server::leak::h0123456789abcdef"), "server::leak");
        let long = format!("server::Cache<{0}::{0}::Key<{0}::{0}>,{0}::Value>::put", "deeply_nested_module");
        assert_eq!(shown(&long), "server::Cache<..>::put");
        assert_eq!(shown(&format!("f<{}", "x".repeat(200))), "f<..>");
        let method = format!("<server::Cache<{0}> as core::ops::Fn<({0},)>>::call<{0}>", "deeply_nested_module::Key");
        assert_eq!(shown(&method), "<server::Cache<..> as core::ops::Fn<..>>::call<..>");
        assert_eq!(
            short_file("/home/dev/.cargo/registry/src/index-1/axum-0.8.1/src/routing/mod.rs"),
            "axum-0.8.1/src/routing/mod.rs"
        );
        assert_eq!(short_file("/home/me/x/main.go"), "x/main.go");
        assert_eq!(short_file("leak.c"), "leak.c");
        assert_eq!(main_crate("server::main::{{closure}}"), Some("server"));
        assert_eq!(main_crate("std::rt::lang_start::main"), None);
    }
}
