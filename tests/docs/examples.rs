//! The examples on the pages work: stack files load, and the program accepts the command lines.

use crate::page::{At, pages, root};
use clap::CommandFactory;
use clap::error::ErrorKind;
use provision::cli::Cli;
use provision::config::{self, Options, schema};
use provision::kinds::sections;
use regex::Regex;
use serde_json::Value as Json;
use std::fs;
use std::path::Path;

/// Languages of shell blocks.
const SHELL: &[&str] = &["", "console", "sh", "bash"];

/// The command lines of the program in a text, without the rest of a pipe or a list.
pub(crate) fn command_lines(text: &str) -> Vec<Vec<String>> {
    let command = Regex::new(r"(?m)(?:^(?:\$ )?|\(|&& |; )(?:provision|cargo run --) ([^|;&)>\n]*)").unwrap();
    let words = |found: regex::Captures| shlex::split(&found[1]).unwrap_or_else(|| panic!("{}", &found[1]));
    command.captures_iter(text).map(words).collect()
}

/// Whether it shows the syntax of a command, and is no real command line: `[DIR]`, `<COMMAND>`, `…`.
fn is_pattern(words: &[String]) -> bool {
    words.iter().any(|word| word.starts_with(['[', '<', '…']))
}

/// Why the program rejects a command line.
pub(crate) fn rejection(words: &[String]) -> Option<String> {
    let line = std::iter::once("provision").chain(words.iter().map(String::as_str));
    let error = Cli::command().try_get_matches_from(line).err()?;
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!asked).then(|| format!("provision {}\n{error}", words.join(" ")))
}

#[test]
fn the_program_accepts_every_command_line() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for page in pages() {
        let blocks = page.blocks().into_iter();
        let shell = blocks.filter(|block| SHELL.contains(&block.what.language.as_str()));
        let texts = shell.map(|block| At { line: block.line, what: block.what.text }).chain(page.spans());
        for At { line, what } in texts {
            for words in command_lines(&what).iter().filter(|words| !is_pattern(words)) {
                tried += 1;
                wrong.extend(rejection(words).map(|why| format!("{}: {why}", page.at(line))));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(tried > 30, "only {tried} command lines were found");
}

/// The top-level keys of a mapping.
fn top_level(yaml: &str) -> Vec<&str> {
    let keys = yaml.lines().filter_map(|line| line.split_once(':')).map(|(key, _)| key);
    keys.filter(|key| key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '"')).collect()
}

/// Whether a block is a stack file, or a part of one.
fn is_of_a_stack(yaml: &str) -> bool {
    let schema: Json = serde_json::from_str(&schema(sections())).unwrap();
    let known = schema["properties"].as_object().unwrap();
    let keys = top_level(yaml);
    !keys.is_empty() && keys.iter().all(|key| known.contains_key(*key))
}

/// Writes the code files that a stack file names, so that it loads.
fn write_code(folder: &Path, yaml: &str) {
    let codes = Regex::new(r"code: ([\w./-]+)").unwrap();
    let handlers = Regex::new(r"handler: ([\w/-]+)\.").unwrap();
    let handlers: Vec<&str> = handlers.captures_iter(yaml).map(|found| found.extract::<1>().1[0]).collect();
    for found in codes.captures_iter(yaml) {
        let code = folder.join(&found[1]);
        fs::create_dir_all(&code).unwrap();
        for stem in ["lambda_function", "index"].iter().chain(&handlers) {
            ["py", "mjs"].iter().for_each(|end| fs::write(code.join(format!("{stem}.{end}")), "").unwrap());
        }
    }
}

/// Writes the parts that a stack file includes.
fn write_parts(folder: &Path, yaml: &str) {
    let include = yaml.lines().filter(|line| line.starts_with("include:"));
    let names = Regex::new(r"[\w*./-]+\.yaml").unwrap();
    for name in include.flat_map(|line| names.find_iter(line)) {
        let file = folder.join(name.as_str().replace('*', "a"));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, "").unwrap();
    }
}

/// The errors in a stack file.
fn errors(yaml: &str, environment: Option<&str>) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    write_code(folder.path(), yaml);
    write_parts(folder.path(), yaml);
    let file = folder.path().join("stack.yaml");
    fs::write(&file, yaml).unwrap();
    let options = Options {
        sections: provision::kinds::sections(),
        environment,
        process: &|_| Some(String::new()),
        known: None,
    };
    let errors = config::load(&file, &options).err();
    errors.map_or_else(Vec::new, |errors| errors.items().iter().map(|item| item.message.clone()).collect())
}

/// The errors in a block. A whole file must load, in each of its environments. A part of a file may refer to names that it
/// lacks, but all of its keys must be known.
fn wrong_with(yaml: &str) -> Vec<String> {
    if !top_level(yaml).contains(&"stack") {
        let whole = format!("stack: part\n{yaml}");
        return errors(&whole, None).into_iter().filter(|error| error.starts_with("unknown key")).collect();
    }
    let environments = Regex::new(r"(?m)^  ([a-z]+): *(?:\{|$)").unwrap();
    let listed = yaml.split_once("\nenvironments:\n").map_or("", |(_, rest)| rest);
    let listed = listed.split_inclusive('\n').take_while(|line| line.starts_with(' ')).collect::<String>();
    let named = environments.captures_iter(&listed).map(|found| Some(found[1].to_owned()));
    let either = if listed.is_empty() { vec![None] } else { named.collect() };
    either.iter().flat_map(|environment| errors(yaml, environment.as_deref())).collect()
}

#[test]
fn stack_files_load() {
    let mut wrong = Vec::new();
    let mut loaded = 0;
    for page in pages() {
        for At { line, what: block } in page.blocks() {
            if block.language == "yaml" && is_of_a_stack(&block.text) {
                loaded += 1;
                wrong.extend(
                    wrong_with(&block.text).into_iter().map(|why| format!("{}: {why}", page.at(line))),
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(loaded > 5, "only {loaded} stack files were found");
}

/// The blog begins with the functions that the repository ships: what is taught there is what runs here.
#[test]
fn the_functions_of_the_blog_are_those_of_the_shipped_stack() {
    let (shipped, blog) = (root().join("lambdas"), root().join("examples/blog/lambdas"));
    let mut compared = 0;
    for function in fs::read_dir(shipped).unwrap().map(|entry| entry.unwrap().path()) {
        let copy = blog.join(function.file_name().unwrap());
        for file in fs::read_dir(function).unwrap().map(|entry| entry.unwrap().path()) {
            let copied = copy.join(file.file_name().unwrap());
            assert!(
                fs::read(&file).unwrap() == fs::read(&copied).unwrap_or_default(),
                "{} differs",
                copied.display()
            );
            compared += 1;
        }
    }
    assert!(compared >= 5, "{compared}");
}
