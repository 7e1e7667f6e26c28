//! The program: reads the command line, runs the command, returns an exit status.

use provision::cli::Cli;
use provision::exit::Exit;
use provision::internal_error;

/// Most of the tool's own work is memory for small texts and maps.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> Exit {
    internal_error::on_panic();
    Cli::complete();
    match Cli::read() {
        Ok(cli) => run(cli),
        Err(exit) => exit,
    }
}

/// Runs the command. `--version` and the like need no threads.
#[tokio::main]
async fn run(cli: Cli) -> Exit {
    cli.run().await
}
