//! The `soak` program: everything is in the library; this turns its answer into an exit code.

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    soak::cli::main()
}

// The library has said why this cannot be built; a missing `main` would only add a line to that.
#[cfg(not(target_os = "linux"))]
fn main() {}
