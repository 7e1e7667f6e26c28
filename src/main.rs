//! The program: reads the command line, runs the command, answers an exit status.

use clap::Parser;
use provision::cli::Cli;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("{}", provision::render::failure(&error).trim_end());
            ExitCode::FAILURE
        }
    }
}
