//! `handler`: what Lambda calls must be in the code.

use super::runtime;
use crate::config::code::{Files, Found};
use crate::config::decode::{Value, help};
use crate::suggest;
use std::path::Path;

/// Checks that the file that a handler names is in the code. `at` is where to report it: the handler, or where it is
/// left out, the code.
pub(crate) fn check_handler(
    at: Value,
    found: Found,
    path: &Path,
    handler: &str,
    runtime: &str,
) -> Option<()> {
    let files = match found {
        Found::Code(files) => files,
        Found::Unreadable(why) => {
            return at.fail(format!("cannot read `{}` as a zip: {why}", path.display()), None);
        }
        // The error of the code is already reported.
        Found::Nothing | Found::Outside | Found::EmptyFolder => return None,
    };
    let family = runtime::family(runtime);
    if family == "provided" {
        return check_bootstrap(at, &files);
    }
    let Some(wanted) = Wanted::of(family, handler) else {
        if matches!(family, "python" | "nodejs" | "ruby") {
            return at.fail(
                format!("invalid handler `{handler}`"),
                help("a handler is the name of a file, a dot, and the name of a function in it"),
            );
        }
        return Some(());
    };
    if wanted.exists(&files) {
        return Some(());
    }
    let message = format!("the code has no file {} for the handler `{handler}`", wanted.shown());
    let slashes = handler.replace('\\', "/");
    if slashes != handler && Wanted::of(family, &slashes).is_some_and(|wanted| wanted.exists(&files)) {
        return at.fail(message, help(format!("did you mean `handler: {slashes}`?")));
    }
    let example = || help("write the file without its extension, a dot, and the function in it");
    at.fail(message, wanted.meant(&files).or_else(example))
}

/// Checks that the program that Lambda starts for a custom runtime is in the code, whatever the handler is.
fn check_bootstrap(at: Value, files: &Files) -> Option<()> {
    if files.has("bootstrap") {
        return Some(());
    }
    let help = help(
        "a custom runtime starts the executable `bootstrap` at the top of the code; a layer may bring it",
    );
    at.fail("the code has no file `bootstrap`".to_owned(), help)
}

/// The files of which a handler needs one, and the rest of the handler.
struct Wanted<'a> {
    files: Vec<String>,
    endings: &'static [&'static str],
    function: &'a str,
}

impl<'a> Wanted<'a> {
    fn of(family: &str, handler: &'a str) -> Option<Self> {
        let base = handler.rfind('/').map_or(0, |slash| slash + 1);
        // Python splits `a.b.handler` at the last dot, and takes the others for folders; Node.js and Ruby split at the
        // first dot of the file's name.
        let dot = match family {
            "python" => handler[base..].rfind('.')?,
            "nodejs" | "ruby" => handler[base..].find('.')?,
            _ => return None,
        };
        let (module, function) = (&handler[..base + dot], &handler[base + dot + 1..]);
        if module.is_empty() || module.ends_with('/') || function.is_empty() {
            return None;
        }
        let (module, endings): (String, &[&str]) = match family {
            "python" => (module.replace('.', "/"), &[".py", "/__init__.py"]),
            "nodejs" => (module.to_owned(), &[".js", ".mjs", ".cjs"]),
            _ => (module.to_owned(), &[".rb"]),
        };
        let module = module.trim_start_matches("./");
        let files = endings.iter().map(|ending| format!("{module}{ending}")).collect();
        Some(Self { files, endings, function })
    }

    fn exists(&self, files: &Files) -> bool {
        self.files.iter().any(|name| files.has(name))
    }

    /// The files in words; that a Python module may be a folder needs no mention.
    fn shown(&self) -> String {
        let files: Vec<&str> =
            self.files.iter().filter(|file| !file.ends_with("/__init__.py")).map(String::as_str).collect();
        suggest::quoted(&files).replace(" and ", " or ")
    }

    /// The handler that was probably meant, from the files at the top of the code.
    fn meant(&self, files: &Files) -> Option<String> {
        let top = files.top();
        let modules: Vec<&str> = top
            .iter()
            .filter_map(|name| self.endings.iter().find_map(|end| name.strip_suffix(end)))
            .collect();
        let handler = |module: &str| help(format!("did you mean `handler: {module}.{}`?", self.function));
        let wanted = self.files[0].strip_suffix(self.endings[0])?;
        match modules.as_slice() {
            [only] => handler(only),
            _ => handler(suggest::nearest(wanted, modules.iter().copied())?),
        }
    }
}
