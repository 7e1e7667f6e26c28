//! The output of `--help`.

use crate::examples::{command_lines, rejection};
use clap::{Command, CommandFactory};
use provision::cli::Cli;

/// Every command with a help text, by its words after the program's name; for the program itself there are none.
fn every_command() -> Vec<(Vec<String>, Command)> {
    let mut program = Cli::command();
    program.build();
    let mut found = Vec::new();
    let mut waiting = vec![(Vec::new(), program)];
    while let Some((words, command)) = waiting.pop() {
        for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
            waiting
                .push((words.iter().cloned().chain([below.get_name().to_owned()]).collect(), below.clone()));
        }
        found.push((words, command));
    }
    found
}

#[test]
fn every_command_has_examples_that_the_program_accepts() {
    for (words, command) in every_command() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let (title, examples) = help.split_once('\n').unwrap_or_else(|| panic!("{words:?} has no example"));
        assert_eq!(title, "Examples:", "{words:?}");
        for example in examples.lines() {
            let line = example.strip_prefix("  ").unwrap_or_else(|| panic!("{words:?}: {example}"));
            let calls = command_lines(line);
            assert!(calls.iter().any(|given| given.starts_with(&words)), "{words:?}: {example}");
            assert_eq!(calls.iter().find_map(|given| rejection(given)), None);
        }
    }
}

#[test]
fn help_fits_a_terminal_of_80_columns() {
    for (words, mut command) in every_command() {
        for help in [command.render_help(), command.render_long_help()] {
            let help = help.to_string();
            let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(wide.is_empty(), "{words:?}: {wide:#?}");
            assert_eq!(
                help.trim_end().len() + 1,
                help.len(),
                "{words:?}: one line end, and no more: {help:?}"
            );
        }
    }
}

#[test]
fn every_command_is_one_line_of_the_overview() {
    let mut program = Cli::command();
    let overview = program.render_help().to_string();
    for command in program.get_subcommands() {
        let line = format!("{}\n", command.get_about().unwrap());
        assert!(overview.contains(&line), "this is too long for one line:\n{line}");
    }
}

#[test]
fn help_begins_with_the_own_options_of_a_command() {
    for (words, mut command) in every_command().into_iter().filter(|(words, _)| !words.is_empty()) {
        let help = command.render_help().to_string();
        let (own, shared) =
            help.split_once("Options of every command:").unwrap_or_else(|| panic!("{words:?}\n{help}"));
        assert!(!own.contains("--region") && shared.contains("--region"), "{help}");
    }
}
