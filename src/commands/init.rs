//! `init`: creates a starter stack from the files in the folder `init` next to this one, which are a stack themselves, with
//! another name.

use super::{Outcome, ask, err, is_interactive, json, out};
use crate::config;
use crate::error::Failure;
use crate::exit::Exit;
use crate::kinds::sections;
use crate::render::{self, Document};
use crate::text::shell_quoted;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The stack's name in the templates, with which all names in it begin.
const TEMPLATE: &str = "my-stack";

/// What must not be committed. An existing file is not changed.
const IGNORE: (&str, &str) = (".gitignore", include_str!("init/gitignore"));

/// The flags of `init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// Folder to write to; it is created if it does not exist
    #[arg(default_value = ".", value_name = "DIR")]
    pub folder: PathBuf,
    /// Language of the function; asked for in a terminal, else Python
    #[arg(long, value_enum)]
    pub runtime: Option<Language>,
    /// Name of the stack; asked for in a terminal, else the folder's name
    #[arg(long, value_name = "STACK", value_parser = config::stack_name)]
    pub name: Option<String>,
}

/// A language with a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "their names")]
pub enum Language {
    Python,
    Node,
}

impl Language {
    /// The files of the template: path and content.
    fn files(self) -> [(&'static str, &'static str); 2] {
        match self {
            Language::Python => [
                ("stack.yaml", include_str!("init/python/stack.yaml")),
                (
                    "lambdas/hello/lambda_function.py",
                    include_str!("init/python/lambdas/hello/lambda_function.py"),
                ),
            ],
            Language::Node => [
                ("stack.yaml", include_str!("init/node/stack.yaml")),
                ("lambdas/hello/index.mjs", include_str!("init/node/lambdas/hello/index.mjs")),
            ],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::Node => "node",
        }
    }
}

/// Writes a stack with one table, one function and one route. No file is overwritten.
///
/// # Errors
/// A file already exists, or cannot be written.
pub fn init(args: &InitArgs) -> Outcome {
    let folder = &args.folder;
    // Before anything is asked.
    if is_interactive() {
        check_free(folder, &[("stack.yaml", String::new())])?;
    }
    let name = match &args.name {
        Some(name) => name.clone(),
        None => prompt("Name of the stack", &name_of(folder), config::stack_name)?,
    };
    let language = match args.runtime {
        Some(language) => language,
        None => prompt("Language of the function, python or node", "python", |text| {
            Language::from_str(text, true)
        })?,
    };
    let files = contents(language, &name)?;
    check_free(folder, &files)?;
    let ignore = (IGNORE.0, IGNORE.1.to_owned());
    let files: Vec<_> =
        files.into_iter().chain((!exists(&folder.join(IGNORE.0))).then_some(ignore)).collect();
    for (file, text) in &files {
        write(&folder.join(file), text)?;
    }
    let written: Vec<&str> = files.iter().map(|(file, _)| *file).collect();
    out(&shown(folder, &name, &written));
    json(|| {
        Document::new(
            "init",
            json!({ "stack": name, "runtime": language.name(), "folder": folder.display().to_string(), "files": written }),
        )
    });
    Ok(Exit::Done)
}

/// What the user types in a terminal, asked again until it is valid. Without a terminal, and for an empty line, the default.
fn prompt<T>(question: &str, default: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T> {
    loop {
        let typed = if is_interactive() { ask(&format!("{question} [{default}]:"))? } else { String::new() };
        match read(if typed.is_empty() { default } else { &typed }) {
            Ok(value) => return Ok(value),
            Err(why) if typed.is_empty() => bail!("`{default}` is not valid: {why}"),
            Err(why) => err(&format!("`{typed}` is not valid: {why}")),
        }
    }
}

/// The folder's name, changed to a valid name of a stack.
fn name_of(folder: &Path) -> String {
    let folder = std::path::absolute(folder).unwrap_or_default();
    let own = folder.canonicalize().unwrap_or(folder);
    let own = own.file_name().unwrap_or_default();
    config::stack_name_like(&own.to_string_lossy()).unwrap_or_else(|| TEMPLATE.to_owned())
}

/// The files of a stack with this name.
fn contents(language: Language, name: &str) -> Result<Vec<(&'static str, String)>> {
    // A name such as `null` needs quotes where it is the whole value.
    let (plain, valid) = (format!("\nstack: {name}\n"), serde_yaml::to_string(&json!({ "stack": name }))?);
    let named = |text: &str| text.replace(TEMPLATE, name).replace(&plain, &format!("\n{valid}"));
    let template = language.files().map(|(file, text)| (file, named(text)));
    Ok(template.into_iter().chain([("stack.schema.json", config::schema(sections()))]).collect())
}

/// Fails if any of the files already exists, and names them all.
fn check_free(folder: &Path, files: &[(&str, String)]) -> Result<()> {
    let taken = files.iter().map(|(file, _)| folder.join(file)).filter(|path| exists(path));
    let taken: Vec<String> = taken.map(|path| format!("\n  - {}", in_short(&path))).collect();
    if taken.is_empty() {
        return Ok(());
    }
    bail!(Failure::new(
        format!("these files already exist, and nothing was written:{}", taken.concat()),
        "choose another folder: provision init DIR",
    ))
}

/// A path for people, without a leading `./`.
fn in_short(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// True for anything of this name, even a broken link.
fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn write(path: &Path, text: &str) -> Result<()> {
    let context = || format!("cannot write {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(path)).with_context(context)?;
    let mut file = File::create_new(path).with_context(context)?;
    file.write_all(text.as_bytes()).with_context(context)
}

/// What was written, and the next steps.
fn shown(folder: &Path, name: &str, files: &[&str]) -> String {
    let files: String = files.iter().map(|file| format!("  {}\n", in_short(&folder.join(file)))).collect();
    let here = folder == Path::new(".");
    let enter =
        if here { String::new() } else { format!("  cd {}\n", shell_quoted(&folder.display().to_string())) };
    let steps = [
        ("provision dev", "on this machine, without an AWS account, again on every save"),
        ("provision up --local", "the same once"),
        ("provision up", "in AWS"),
        ("provision down --local", "deletes all of it again"),
    ];
    let steps = steps.map(|(command, what)| format!("  {command:<24}{}\n", render::aside(what)));
    let (stack, next) = (render::emphasis(name), render::emphasis("Next:"));
    format!("Created stack {stack}:\n\n{files}\n{next}\n\n{enter}{}", steps.concat().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_a_name_that_a_stack_can_have() {
        let name = |folder: &str| name_of(Path::new(folder));
        assert_eq!(name("/nowhere/blog"), "blog");
        assert_eq!(name("/nowhere/My Blog_2 (old)"), "my-blog-2-old");
        assert_eq!(name("/nowhere/2026-notes"), "notes");
        assert_eq!(name("/nowhere/Übung"), "bung");
        assert_eq!(name("/nowhere/42"), "my-stack");
        assert_eq!(name("/"), "my-stack");
        assert_eq!(name(&format!("/nowhere/{}-y", "x".repeat(31))), "x".repeat(31));
    }

    #[test]
    fn a_name_that_yaml_takes_for_something_else_is_written_as_text() -> Result<()> {
        let line = |name: &str| -> Result<String> {
            let files = contents(Language::Python, name)?;
            let line = files[0].1.lines().find(|line| line.starts_with("stack:"));
            Ok(line.unwrap_or_default().to_owned())
        };
        assert_eq!(line("blog")?, "stack: blog");
        for name in ["null", "true", "no", "y"] {
            let (line, read) = (line(name)?, json!({ "stack": name }));
            assert_ne!(line, format!("stack: {name}"));
            assert_eq!(serde_yaml::from_str::<serde_json::Value>(&line)?, read);
        }
        Ok(())
    }

    #[test]
    fn what_is_written_is_valid_for_the_longest_names() -> Result<()> {
        for language in Language::value_variants() {
            for name in ["ab".to_owned(), "null".to_owned(), "x".repeat(32)] {
                let folder = tempfile::tempdir()?;
                for (file, text) in contents(*language, &name)? {
                    assert!(!text.contains(TEMPLATE), "{file}");
                    write(&folder.path().join(file), &text)?;
                }
                let environment = "e".repeat(16);
                let options = config::Options {
                    sections: crate::kinds::sections(),
                    environment: Some(&environment),
                    process: &|_| None,
                    known: None,
                };
                let stack = config::load(&folder.path().join("stack.yaml"), &options)?;
                assert_eq!((&stack.name, stack.functions().len(), stack.checks.len()), (&name, 1, 2));
            }
        }
        Ok(())
    }
}
