//! `completions` and `man`: the command line, described for shells and for `man`.

use super::{Outcome, raw};
use crate::exit::Exit;
use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;

/// The name of the program.
const NAME: &str = "provision";

/// The flags of `completions`.
#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionsArgs {
    /// Shell
    pub shell: Shell,
}

/// Prints a script that completes the command line in a shell.
///
/// # Errors
/// The script is not valid text.
pub fn completions(args: CompletionsArgs, mut program: Command) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, NAME, &mut script);
    print(script)
}

/// Prints the manual page, with every command in it.
///
/// # Errors
/// The page cannot be created.
pub fn man(program: Command) -> Outcome {
    let mut page = Vec::new();
    let program = program.flatten_help(true);
    clap_mangen::Man::new(program).render(&mut page).context("cannot create the manual page")?;
    print(page)
}

fn print(text: Vec<u8>) -> Outcome {
    raw(&String::from_utf8(text)?);
    Ok(Exit::Done)
}
