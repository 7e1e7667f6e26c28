//! The program: reads the command line, runs the command, answers an exit status.

use provision::cli::Cli;
use provision::exit::Exit;

#[tokio::main]
async fn main() -> Exit {
    match Cli::read() {
        Ok(cli) => cli.run().await,
        Err(exit) => exit,
    }
}
