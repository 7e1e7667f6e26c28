//! The program: reads the command line, runs the command, answers an exit status.

use provision::cli::Cli;
use provision::exit::Exit;
use provision::trace;

#[tokio::main]
async fn main() -> Exit {
    trace::on_panic();
    trace::listen();
    match Cli::read() {
        Ok(cli) => cli.run().await,
        Err(exit) => exit,
    }
}
