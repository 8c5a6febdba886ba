//! What can be typed after `soak profile`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct ProfileArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ProfileCommand {
    /// Check profiles: each problem as <FILE:LINE:COLUMN>: MESSAGE, and exit code 2
    Check {
        /// The profiles
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Name the shipped profiles
    List,
    /// Print a shipped profile, to start from
    Show {
        /// Its name, as `soak profile list` has it
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Write a profile from a browser's recording of its network panel; secrets become ${NAME}
    FromHar {
        /// The HAR file; `-` reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write a profile from an `OpenAPI` description in JSON: one step for each operation
    FromOpenapi {
        /// The description; `-` reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write a profile from a curl command; secrets become ${NAME}
    FromCurl {
        /// The command in quotes; `-` reads standard input
        #[arg(value_name = "COMMAND", allow_hyphen_values = true)]
        command: String,
    },
}
