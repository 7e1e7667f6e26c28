//! `completions` and `man`: what the program says of itself to shells and to `man`.

use super::Outcome;
use crate::exit::Exit;
use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use std::io::Write;

/// The name of the program.
const NAME: &str = "provision";

/// The flags of `completions`.
#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

/// Prints a script that completes the command line in a shell.
///
/// # Errors
/// That it cannot be printed.
pub fn completions(args: CompletionsArgs, mut program: Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, NAME, &mut script);
    print(&script)
}

/// Prints the manual page, with every command in it.
///
/// # Errors
/// That it cannot be printed.
pub fn man(program: Command) -> Outcome {
    let mut page = Vec::new();
    let program = program.flatten_help(true);
    clap_mangen::Man::new(program).render(&mut page).context("the manual page cannot be made")?;
    print(&page)
}

fn print(text: &[u8]) -> Outcome {
    std::io::stdout().write_all(text).context("the output cannot be written")?;
    Ok(Exit::Done)
}
