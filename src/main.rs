//! The program: reads the command line, runs the command, answers an exit status.

use provision::cli::Cli;
use provision::defect;
use provision::exit::Exit;

/// Planning a large stack is mostly small pieces of memory, and the allocator of a static program is slow at these.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    defect::on_panic();
    match Cli::read() {
        Ok(cli) => run(cli),
        Err(exit) => exit,
    }
}

/// Runs the command. What needs no more than the command line, such as the version, starts no threads.
#[tokio::main]
async fn run(cli: Cli) -> Exit {
    cli.run().await
}
