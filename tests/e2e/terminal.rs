//! The program in a terminal, where it asks before it changes a real account, and shows colours.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, assert_same, dump};
use crate::ran::Ran;
use crate::stack::SMALL;
use crate::unmanaged::create_table;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs a command in a terminal of its own, with its input passed on and its output passed back.
const IN_TERMINAL: &str = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

/// Gives the terminal of a command a size, in rows and columns, before it runs.
const OF_SIZE: &str = "import fcntl, os, struct, sys, termios; \
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', int(sys.argv[1]), int(sys.argv[2]), 0, 0)); \
    os.execvp(sys.argv[3], sys.argv[3:])";

/// The command that runs another one in a terminal.
pub(crate) fn in_terminal(program: &Command) -> Command {
    terminal(program, &[])
}

/// The command that runs another one in a terminal of so many columns, which is high enough for all that it shows.
pub(crate) fn in_terminal_of(columns: u16, program: &Command) -> Command {
    terminal(program, &["python3", "-c", OF_SIZE, "200", &columns.to_string()])
}

fn terminal(program: &Command, through: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.args(["-c", IN_TERMINAL]).args(through).arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // There, screens are those of a person.
    command.env("TERM", "xterm").env_remove("CI").current_dir(program.get_current_dir().unwrap());
    command
}

/// Runs the program in a terminal as if the cloud were the real AWS, and types an answer.
pub(crate) fn ask(cloud: &Cloud, args: &[&str], typed: &str, settings: &[(&str, &str)]) -> Ran {
    let mut command = in_terminal(&cloud.command_on_aws(args));
    command.envs(settings.iter().copied());
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    keyboard.write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran::from(&command, output)
}

#[tokio::test]
async fn up_asks_in_a_terminal_and_takes_only_a_yes() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    for no in ["n\n", "\n", "no\n", "small\n"] {
        let ran = ask(&cloud, &["up"], no, &[]).fails();
        ran.says("Apply these changes to account 000000000000? [y/N]").says("Nothing was changed.");
        assert_empty(&dump(&aws).await);
    }
    ask(&cloud, &["up"], "y\n", &[]).ok().says("17 created");
    ask(&cloud, &["up"], "", &[]).ok().says("No changes").never_says("[y/N]");
    cloud.down();
}

#[tokio::test]
async fn down_asks_for_the_name_of_the_stack() {
    let cloud = Cloud::with(SMALL);
    cloud.up();
    let aws = cloud.aws().await;
    let before = dump(&aws).await;
    for wrong in ["y\n", "\n", "smal\n"] {
        ask(&cloud, &["down"], wrong, &[]).fails().says("Nothing was deleted.");
        assert_same(&before, &dump(&aws).await, "nothing should be touched");
    }
    ask(&cloud, &["down"], "small\n", &[]).ok().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn a_terminal_gets_colours_unless_the_user_wants_none() {
    let cloud = Cloud::with(SMALL);
    ask(&cloud, &["plan"], "", &[]).ok().says("\u{1b}[");
    let plain = ask(&cloud, &["plan"], "", &[("NO_COLOR", "1")]).ok();
    // A line that moves takes itself away, which is no colour.
    let colour = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    assert!(!colour.is_match(&plain.out), "{plain}");
}

#[tokio::test]
async fn init_asks_for_the_name_and_the_language_until_they_are_valid() {
    let cloud = Cloud::with(SMALL);
    let asked = ask(&cloud, &["init", "../notes"], "No Good\nblog\nperl\nnode\n", &[("NO_COLOR", "1")]).ok();
    asked.says("Name of the stack [notes]:").says("`No Good` is not valid").says("Created stack blog");
    assert!(cloud.path("notes/lambdas/hello/index.mjs").exists());
    ask(&cloud, &["init", "../more"], "\n\n", &[("NO_COLOR", "1")]).ok().says("Created stack more");
    assert!(cloud.path("more/lambdas/hello/lambda_function.py").exists());
}

#[tokio::test]
async fn adopt_asks_and_takes_only_a_yes() {
    let cloud = Cloud::with(SMALL);
    let aws = cloud.aws().await;
    // A young table without tags would be looked at again and again.
    create_table(&aws, "notes", &[("team", "blue")]).await;
    let before = dump(&aws).await;
    let ran = ask(&cloud, &["adopt", "table", "notes"], "\n", &[]).fails();
    ran.says("Adopt it? [y/N]").says("Nothing was adopted.");
    assert_same(&before, &dump(&aws).await, "nothing should be touched");
    ask(&cloud, &["adopt", "table", "notes"], "y\n", &[]).ok().says("Adopted 1 resource");
}
