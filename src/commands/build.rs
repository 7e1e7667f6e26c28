//! Builds the packages of a stack's functions and layers, and checks their code. `plan`, `up`, `dev` and others do this before they plan.

use super::err;
use crate::config::{About, Code, Diagnostic, Diagnostics, Stack};
use crate::local::default_folders;
use crate::package::{self, Built, Finding, Package, Source};
use crate::render;
use crate::yaml::At;
use anyhow::{Result, bail};
use futures_util::{StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many packages are built at a time. Each takes half a megabyte to compress, or a whole `pip` or `npm`.
const BUILDS: usize = 8;

/// Builds the package of every function and layer, and reports all errors at once. On the local cloud, functions run with what this machine
/// has: there an older compiler is right as well.
pub(super) async fn build(stack: &Stack, is_local: bool) -> Result<BTreeMap<String, Package>> {
    let (cache, _) = default_folders()?;
    let all = stack.code();
    let builds = all.iter().map(|code| package(stack, code, &cache));
    let built: Vec<_> = stream::iter(builds).buffered(BUILDS).collect().await;
    let (mut packages, mut unchecked, mut errors) = (BTreeMap::new(), Vec::new(), Vec::new());
    for (code, built) in all.iter().zip(built) {
        match built {
            Ok(built) => {
                let warnings = built.package.warnings.iter();
                warnings.for_each(|text| err(&render::warning(&format!("{}: {text}", code.key))));
                packages.insert(code.key.to_string(), built.package);
                unchecked.extend(built.unchecked);
            }
            Err(error) => errors.push(failed(stack, code, &error)),
        }
    }
    for code in &all {
        let others: Vec<&Package> = code.together_with.iter().filter_map(|key| packages.get(key)).collect();
        let checked = packages.get(&*code.key).map(|own| package::check_with_layers(code.path, own, &others));
        errors.extend(checked.and_then(Result::err).map(|error| failed(stack, code, &error)));
    }
    let checked = syntax(stack, package::check(unchecked, &cache).await, is_local);
    tokio::task::spawn_blocking(move || package::prune(&cache));
    let last = if checked.is_ok() { errors.pop() } else { None };
    errors.iter().for_each(|message| err(&render::error(message, None)));
    checked?;
    last.map_or(Ok(packages), |last| bail!(last))
}

fn failed(stack: &Stack, code: &Code<'_>, error: &package::Error) -> String {
    let place = render::place(&stack.files, Some(code.at));
    format!("{place}cannot package the code of {}: {error}", code.key)
}

async fn package(stack: &Stack, code: &Code<'_>, cache: &Path) -> Result<Built, package::Error> {
    let source = Source {
        folder: &stack.folder,
        code: code.path,
        exclude: code.exclude,
        runtime: code.runtime,
        architecture: code.architecture,
        is_layer: code.is_layer,
        has_layers: code.has_layers,
    };
    package::build(&source, cache, &|line| err(&render::aside(line))).await
}

/// Shows syntax errors that may be none, and fails because of all others.
fn syntax(stack: &Stack, findings: Vec<Finding>, is_local: bool) -> Result<(), Diagnostics> {
    let (errors, doubtful): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.is_certain || is_local);
    if !doubtful.is_empty() {
        let text = diagnostics(&stack.folder, doubtful, About::DoubtfulCode).render(true, render::columns());
        err(&format!("{}\n", text.trim_end()));
    }
    if errors.is_empty() { Ok(()) } else { Err(diagnostics(&stack.folder, errors, About::Code)) }
}

fn diagnostics(folder: &Path, findings: Vec<Finding>, about: About) -> Diagnostics {
    let files: BTreeSet<PathBuf> = findings.iter().map(|finding| finding.file.clone()).collect();
    let files: Vec<PathBuf> = files.into_iter().collect();
    let one = |finding: Finding| {
        let file = files.binary_search(&finding.file).unwrap_or_default();
        // A column that is not known is the first one.
        let (line, column) = (finding.line, finding.column.max(1));
        let at = At { file: u32::try_from(file).unwrap_or(u32::MAX), line, column };
        let Finding { length, message, help, .. } = finding;
        Diagnostic { at, length, message, help: Some(help) }
    };
    let items = findings.into_iter().map(one).collect();
    let shown: Vec<PathBuf> = files.iter().map(|file| shown(folder, file)).collect();
    Diagnostics::of_files(&shown, items).about(about)
}

/// A file of the stack as seen from where the command runs.
fn shown(folder: &Path, file: &Path) -> PathBuf {
    if folder == Path::new(".") { file.to_owned() } else { folder.join(file) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;
    use crate::plan::tests::stacks::{SMALL, stack_in};
    use std::fs;

    fn finding(file: &str, line: u32, column: u32, message: &str) -> Finding {
        Finding {
            file: file.into(),
            line,
            column,
            length: 0,
            message: message.to_owned(),
            help: "fix it".to_owned(),
            is_certain: true,
        }
    }

    /// What is shown of findings in a folder with two files, without the name of that folder.
    fn shown_as(about: About, findings: Vec<Finding>) -> (String, Exit) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.py"), b"# \xfc\nx = ]\n").expect("written");
        fs::write(folder.path().join("b.mjs"), "const = 1;\n").expect("written");
        let shown = diagnostics(folder.path(), findings, about);
        let text = shown.render(false, None).replace(&format!("{}/", folder.path().display()), "");
        (text, shown.exit())
    }

    #[test]
    fn syntax_errors_look_like_those_of_the_stack_file() {
        let findings = vec![
            finding("b.mjs", 1, 7, "Node.js syntax error: Unexpected token '='"),
            finding("a.py", 2, 5, "Python syntax error: unmatched ']'"),
            finding("a.py", 0, 0, "Python syntax error: null bytes"),
            finding("a.py", 2, 5, "Python syntax error: unmatched ']'"),
        ];
        let (text, exit) = shown_as(About::Code, findings);
        insta::assert_snapshot!(text);
        assert_eq!(exit, Exit::Failed);
    }

    #[test]
    fn what_may_be_no_error_is_a_warning() {
        let one = finding("a.py", 2, 5, "Python 3.11 finds a syntax error: unmatched ']'");
        let (text, _) = shown_as(About::DoubtfulCode, vec![one.clone(), Finding { line: 1, ..one }]);
        assert!(text.starts_with("warning: Python 3.11 finds a syntax error"), "{text}");
        assert!(!text.contains("\nerror: ") && !text.contains("errors"), "{text}");
    }

    /// There it would run, or not, with what has found the error.
    #[test]
    fn on_the_local_cloud_it_is_an_error() {
        let stack = stack_in(SMALL, None);
        let doubtful =
            || vec![Finding { is_certain: false, ..finding("a.py", 2, 5, "Python 3.11 finds an error") }];
        assert!(syntax(&stack, doubtful(), false).is_ok());
        assert!(syntax(&stack, doubtful(), true).is_err());
    }

    #[test]
    fn files_are_shown_as_seen_from_here() {
        assert_eq!(shown(Path::new("."), Path::new("app/a.py")), Path::new("app/a.py"));
        assert_eq!(shown(Path::new("sub"), Path::new("app/a.py")), Path::new("sub/app/a.py"));
    }
}
