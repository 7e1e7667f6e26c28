//! `completions` and `man`: the command line, described for shells and for `man`.

use super::{Outcome, raw};
use crate::exit::Exit;
use anyhow::Context;
use clap::{Args, Command};
use clap_complete::Shell;
use clap_complete::env::Shells;

/// The name of the program.
const NAME: &str = "provision";

/// The flags of `completions`.
#[derive(Debug, Clone, Copy, Args)]
pub struct CompletionsArgs {
    /// Shell
    pub shell: Shell,
}

/// The variable with which the script asks this program what to offer: the names in a stack file are not known before.
pub const COMPLETE: &str = "PROVISION_COMPLETE";

/// Prints a script that completes the command line in a shell.
///
/// # Errors
/// The script is not valid text.
pub fn completions(args: CompletionsArgs) -> Outcome {
    let (mut script, shell) = (Vec::new(), args.shell.to_string());
    let shells = Shells::builtins();
    let shell = shells.completer(&shell).with_context(|| format!("there are no completions for {shell}"))?;
    shell.write_registration(COMPLETE, NAME, NAME, NAME, &mut script)?;
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
