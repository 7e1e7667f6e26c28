//! `docs/reference/commands.md`, generated from the command line of the program.

use crate::reference::{MADE, compare, table};
use clap::{Arg, Command, CommandFactory};
use provision::cli::Cli;

const BEGINNING: &str = "\
# Every command

[Commands](../commands.md) explains the commands, the confirmations and the exit status.

";

#[test]
fn the_reference_of_commands_is_that_of_the_program() {
    let mut program = Cli::command();
    program.build();
    let mut page = format!("{MADE}{BEGINNING}{}", usage(&program));
    page += "## Options of every command\n\n";
    page += &options(program.get_arguments().filter(|option| option.is_global_set()));
    for command in program.get_subcommands() {
        page += &section(command, "");
    }
    compare("commands.md", &format!("{}\n", page.trim_end()));
}

/// A command with its subcommands; `help` needs no section.
fn section(command: &Command, above: &str) -> String {
    let name = format!("{above}{}", command.get_name());
    if command.get_name() == "help" {
        return String::new();
    }
    let mut text = format!("## {name}\n\n{}.\n\n{}", command.get_about().unwrap(), usage(command));
    text += &options(command.get_arguments().filter(|option| !option.is_global_set()));
    text += &examples(command);
    for below in command.get_subcommands() {
        text += &section(below, &format!("{name} "));
    }
    text
}

fn usage(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    format!("    {}\n\n", usage.trim_start_matches("Usage: "))
}

fn options<'a>(all: impl Iterator<Item = &'a Arg>) -> String {
    let shown = all.filter(|option| !["help", "version"].contains(&option.get_id().as_str()));
    let rows: Vec<Vec<String>> =
        shown.map(|option| vec![format!("`{}`", written(option)), meaning(option)]).collect();
    table(&["option", "what it does"], &rows)
}

/// An option as it is written: `-f, --file <FILE>`.
fn written(option: &Arg) -> String {
    match option.get_short() {
        Some(short) => format!("-{short}, {option}"),
        None => option.to_string(),
    }
}

/// The description of an option, its values and its default.
fn meaning(option: &Arg) -> String {
    let mut text = format!("{}.", option.get_help().unwrap());
    if !option.get_num_args().is_some_and(|number| number.takes_values()) {
        return text;
    }
    let values: Vec<String> =
        option.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if !values.is_empty() {
        text += &format!(" One of {}.", values.join(", "));
    }
    let defaults: Vec<String> =
        option.get_default_values().iter().map(|value| format!("`{}`", value.display())).collect();
    if !defaults.is_empty() {
        text += &format!(" By default {}.", defaults.join(", "));
    }
    text
}

/// The examples of a command's help.
fn examples(command: &Command) -> String {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip(1).map(|line| format!("  {line}\n"));
    format!("{}\n", lines.collect::<String>())
}

/// The overview on the page about commands, which is written by hand.
#[test]
fn every_command_is_in_the_overview() {
    let page = include_str!("../../docs/commands.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| [`")).collect();
    for command in Cli::command().get_subcommands() {
        let name = format!("`{}`", command.get_name());
        let named =
            rows.iter().filter(|row| row.split(" | ").next().is_some_and(|first| first.contains(&name)));
        assert_eq!(named.count(), 1, "{name}");
    }
}
