//! Errors of the command line, in the style of all other errors. Words that users of other tools type get an answer: they are
//! no second names, so there is one name for each thing in scripts and docs.

use crate::render;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands of other tools, with what to type here.
const COMMANDS: &[(&str, &str)] = &[
    ("apply", "up"),
    ("build", "plan"),
    ("call", "invoke"),
    ("create", "up"),
    ("curl", "request"),
    ("delete", "down"),
    ("deploy", "up"),
    ("destroy", "down"),
    ("diff", "plan"),
    ("import", "adopt"),
    ("info", "outputs"),
    ("ls", "list"),
    ("new", "init"),
    ("offline", "dev"),
    ("open", "outputs api.url"),
    ("output", "outputs"),
    ("package", "plan"),
    ("preview", "plan"),
    ("ps", "status"),
    ("refresh", "status"),
    ("remove", "down"),
    ("rm", "down"),
    ("run", "invoke"),
    ("serve", "dev"),
    ("show", "status"),
    ("start", "dev"),
    ("sync", "up --watch"),
    ("synth", "validate"),
    ("tail", "logs --follow"),
    ("teardown", "down"),
    ("test", "check"),
    ("undeploy", "down"),
    ("update", "up"),
    ("watch", "dev"),
];

/// Flags of other tools, with what to do here.
const FLAGS: &[(&str, &str)] = &[
    ("--approve", "to skip the confirmation: --yes"),
    ("--auto-approve", "to skip the confirmation: --yes"),
    ("--data", "to pass an event: --event JSON; the body of a request: --body JSON"),
    ("--dry-run", "to see what would change: provision plan"),
    ("--dryrun", "to see what would change: provision plan"),
    ("--environment", "to name an environment: --env NAME"),
    ("--force", "to skip the confirmation: --yes; to allow data loss: --allow-data-loss NAME"),
    ("--no-confirm-changeset", "to skip the confirmation: --yes"),
    ("--param", "values come from `variables` of an environment: --env NAME"),
    ("--parameter-overrides", "values come from `variables` of an environment: --env NAME"),
    ("--payload", "to pass an event: --event JSON"),
    (
        "--stack-name",
        "the stack's name is `stack` in the stack file; `down` takes --stack NAME without a file",
    ),
    ("--stage", "to name an environment: --env NAME"),
    ("--tail", "to keep streaming: --follow"),
    ("--var", "values come from `variables` of an environment, or from the shell: `${process.NAME}`"),
    ("-H", "to add a header: --header NAME:VALUE"),
    ("-X", "the method comes first: provision request POST /items"),
    ("-auto-approve", "to skip the confirmation: --yes"),
    ("-d", "the body of a request: --body JSON"),
    ("-o", "a plan is saved with --out FILE"),
    ("-s", "to name an environment: --env NAME"),
    ("-w", "to deploy on every save: provision up --watch, or provision dev"),
];

/// An error of the command line, as it is shown.
pub(super) fn error(error: &clap::Error) -> String {
    let rendered = error.render().to_string();
    let (mut message, mut tips, mut usage) = (String::new(), Vec::new(), String::new());
    for paragraph in rendered.trim().split("\n\n") {
        if let Some(line) = paragraph.strip_prefix("Usage: ") {
            usage = line.to_owned();
        } else if let Some(first) = paragraph.strip_prefix("error: ") {
            message = first.to_owned();
        } else if paragraph.starts_with("  tip: ") {
            tips.extend(paragraph.lines().map(|line| line.trim().trim_start_matches("tip: ").to_owned()));
        }
    }
    let command = usage.split([' ', '\n']).take_while(|word| !word.starts_with(['[', '<', '-']));
    let command: Vec<&str> = command.collect();
    let command = if usage.is_empty() { "provision".to_owned() } else { command.join(" ") };
    let see = || format!("see `{command} --help`");
    let help = meant(error).unwrap_or_else(|| if tips.is_empty() { see() } else { tips.join("; ") });
    let usage =
        if usage.is_empty() { usage } else { format!("\n  {}", render::aside(&format!("usage: {usage}"))) };
    render::error(&message, Some(&help)) + &usage
}

/// The answer to a word of another tool.
fn meant(error: &clap::Error) -> Option<String> {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = word(ContextKind::InvalidSubcommand)?;
            let (_, command) = COMMANDS.iter().find(|(other, _)| *other == word)?;
            Some(format!("`{word}` is `provision {command}` here"))
        }
        ErrorKind::UnknownArgument => {
            let word = word(ContextKind::InvalidArg)?;
            let (flag, _) = word.split_once('=').unwrap_or((word, ""));
            FLAGS.iter().find(|(other, _)| *other == flag).map(|(_, what)| (*what).to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::{CommandFactory, Parser};

    fn shown(args: &str) -> String {
        let words = std::iter::once("provision").chain(args.split(' '));
        let wrong = Cli::try_parse_from(words).expect_err("it is wrong");
        anstream::adapter::strip_str(&error(&wrong)).to_string()
    }

    #[test]
    fn a_word_of_another_tool_gets_an_answer() {
        assert_eq!(
            shown("deploy"),
            "error: unrecognized subcommand 'deploy'\n  help: `deploy` is `provision up` here\n  usage: provision [OPTIONS] <COMMAND>"
        );
        assert!(
            shown("info").contains("help: `info` is `provision outputs` here"),
            "not what sounds like it"
        );
        assert!(shown("plan --dry-run").contains("help: to see what would change: provision plan"));
        assert!(shown("up --stage=dev").contains("help: to name an environment: --env NAME"));
        assert!(shown("logs --tail").contains("help: to keep streaming: --follow"));
    }

    #[test]
    fn what_is_misspelt_or_incomplete_is_named() {
        assert!(shown("plna").contains("help: a similar subcommand exists: 'plan'"));
        assert!(shown("up --yess").contains("help: a similar argument exists: '--yes'"));
        assert_eq!(
            shown("invoke"),
            "error: the following required arguments were not provided:\n  <FUNCTION>\n  help: see `provision invoke --help`\n  usage: provision invoke <FUNCTION>"
        );
    }

    #[test]
    fn without_a_usage_the_help_is_that_of_the_program() {
        assert!(shown("plan --out").ends_with("help: see `provision --help`"), "{}", shown("plan --out"));
    }

    /// A word that is a command or a flag here would never get its answer; an answer names commands and flags that exist.
    #[test]
    fn the_words_of_other_tools_are_none_of_ours_and_the_answers_are() {
        let ours = Cli::command();
        for (word, command) in COMMANDS {
            assert!(ours.find_subcommand(word).is_none(), "{word}");
            let args = std::iter::once("provision").chain(command.split(' '));
            let parsed = Cli::try_parse_from(args).map_err(|error| error.kind()).err();
            let is_known = matches!(parsed, None | Some(ErrorKind::MissingRequiredArgument));
            assert!(is_known, "{command}: {parsed:?}");
        }
        let flags: Vec<String> = ours.get_subcommands().flat_map(flags_of).chain(flags_of(&ours)).collect();
        for (flag, answer) in FLAGS {
            assert!(!flags.contains(&(*flag).to_owned()), "{flag}");
            let named = answer.split([' ', ';', ',']).filter(|word| word.starts_with("--"));
            named.for_each(|named| assert!(flags.contains(&named.to_owned()), "{named}"));
        }
    }

    fn flags_of(command: &clap::Command) -> Vec<String> {
        let long = command.get_arguments().filter_map(|arg| Some(format!("--{}", arg.get_long()?)));
        let short = command.get_arguments().filter_map(|arg| Some(format!("-{}", arg.get_short()?)));
        long.chain(short).collect()
    }

    #[test]
    fn both_lists_are_sorted() {
        assert!(COMMANDS.is_sorted() && FLAGS.is_sorted());
    }
}
