//! The `soak` program: everything is in the library; this turns its answer into an exit code.

fn main() -> std::process::ExitCode {
    soak::cli::main()
}
