//! The `soak` program: everything is in the library; this turns its answer into an exit code.

/// Off, and then one load per allocation; `soak demo --heap` has the demo server's leaks named by its call sites.
#[cfg(target_os = "linux")]
#[global_allocator]
static HEAP: soak_heap::Alloc = soak_heap::Alloc::system();

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    soak::cli::main()
}

// The library has said why this cannot be built; a missing `main` would only add a line to that.
#[cfg(not(target_os = "linux"))]
fn main() {}
