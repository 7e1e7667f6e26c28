//! `docs/reference/commands.md`, generated from the command line of the program.

use crate::reference::{compare, page, table};
use clap::{Arg, Command, CommandFactory};
use provision::cli::Cli;
use std::collections::{BTreeMap, BTreeSet};

const SOURCE: &str = include_str!("pages/commands.md");

#[test]
fn the_reference_of_commands_is_that_of_the_program() {
    let mut program = Cli::command();
    program.build();
    let (shared, own): (Vec<&Arg>, Vec<&Arg>) =
        program.get_arguments().partition(|option| option.is_global_set());
    assert!(own.iter().all(|option| is_help(option)), "options of the program itself are on no page");
    let shared_ids: BTreeSet<&str> = shared.iter().map(|option| option.get_id().as_str()).collect();
    let mut parts = BTreeMap::from([
        ("commands".to_owned(), table(&["command", "what it does"], &overview(&program))),
        (
            "options of every command".to_owned(),
            options_table(&shared.into_iter().map(option_row).collect::<Vec<_>>()),
        ),
    ]);
    for command in subcommands(&program) {
        let name = command.get_name();
        parts.insert(format!("about {name}"), about(command));
        parts.insert(format!("options of {name}"), options(command, &shared_ids));
    }
    compare("commands.md", &page(SOURCE, parts));
}

fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| command.get_name() != "help")
}

/// The commands of the program, each with a link to its section.
fn overview(program: &Command) -> Vec<Vec<String>> {
    let row = |command: &Command| {
        let name = command.get_name();
        vec![format!("[`{name}`](#{name})"), command.get_about().unwrap().to_string()]
    };
    subcommands(program).map(row).collect()
}

/// What a command does in one sentence, and the examples of its help.
fn about(command: &Command) -> String {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let examples: String = help.lines().skip(1).map(|line| format!("  {line}\n")).collect();
    format!("{}.\n\n{examples}", command.get_about().unwrap())
}

/// How a command is written, where that says more than its name, and its options and subcommands.
fn options(command: &Command, shared: &BTreeSet<&str>) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let shown = if usage.ends_with(" [OPTIONS]") { String::new() } else { format!("    {usage}\n\n") };
    format!("{shown}{}", options_table(&rows(command, "", shared)))
}

fn options_table(rows: &[Vec<String>]) -> String {
    table(&["option", "what it does"], rows)
}

/// The options of a command and of its subcommands, each after the words that it follows.
fn rows(command: &Command, above: &str, shared: &BTreeSet<&str>) -> Vec<Vec<String>> {
    let own = command.get_arguments().filter(|option| !shared.contains(option.get_id().as_str()));
    let mut all: Vec<Vec<String>> = own.filter(|option| !is_help(option)).map(option_row).collect();
    for command in subcommands(command) {
        all.push(vec![format!("`{}`", command.get_name()), format!("{}.", command.get_about().unwrap())]);
        all.extend(rows(command, &format!("{} ", command.get_name()), shared));
    }
    for row in all.iter_mut().filter(|_| !above.is_empty()) {
        row[0].insert_str(1, above);
    }
    all
}

fn is_help(option: &Arg) -> bool {
    ["help", "version"].contains(&option.get_id().as_str())
}

fn option_row(option: &Arg) -> Vec<String> {
    vec![format!("`{}`", written(option)), meaning(option)]
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
