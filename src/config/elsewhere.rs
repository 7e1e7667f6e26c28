//! Values that live elsewhere: `${ssm:/shop/level, info}`. What a placeholder names, and where such values may stand.

use super::declared::{Entries, Sections};
use super::decode::{Cx, Log, help};
use super::diagnostic::Diagnostic;
use super::include::CHECKS;
use super::names::is_made_of;
use super::reference::{Error, Names, path, referable};
use super::stack::Elsewhere;
use super::values::is_extension;
use crate::model::{Address, Attribute};
use crate::suggest;
use crate::yaml::{Entry, Kind, Node, Piece};

/// The words with their colon, each with what follows it.
const WORDS: [(&str, &str); 5] = [
    ("ssm:", "/NAME"),
    ("secret:", "NAME"),
    ("cloudformation:", "STACK.Output"),
    ("export:", "NAME"),
    ("stack:", "NAME.tables.KEY.arn"),
];

/// A placeholder that names a value elsewhere, as it is written.
pub(super) struct Written<'a> {
    word: &'static str,
    /// What follows the colon; it may have placeholders of its own.
    pub(super) name: &'a str,
    /// What follows the comma, where there is one.
    pub(super) fallback: Option<&'a str>,
}

impl<'a> Written<'a> {
    /// What stands between `${` and `}`, if it begins with one of the words.
    pub(super) fn of(expression: &'a str) -> Option<Self> {
        let (word, rest) = expression.split_once(':')?;
        let (word, _) = WORDS.iter().find(|(known, _)| known.strip_suffix(':') == Some(word.trim()))?;
        let (name, fallback) = match rest.split_once(',') {
            Some((name, fallback)) => (name, Some(fallback.trim())),
            None => (rest, None),
        };
        Some(Written { word, name: name.trim(), fallback })
    }

    /// Whether what it names is always sensitive. Of a parameter only AWS knows.
    pub(super) fn is_sensitive(&self) -> bool {
        self.word == "secret:"
    }

    /// The address, with its name filled in.
    pub(super) fn address(&self, name: &str, names: &Names) -> Result<Address, Error> {
        let address = match self.word {
            "ssm:" => is_made_of(name, "_.-/:").then(|| Address::Parameter(name.to_owned())),
            "secret:" => secret(name),
            "cloudformation:" => output(name),
            "export:" => is_made_of(name, ":-").then(|| Address::Export(name.to_owned())),
            _ => return attribute(name, names),
        };
        address.ok_or_else(|| {
            let form = WORDS.iter().find(|(word, _)| *word == self.word).map_or("NAME", |(_, form)| form);
            let message = format!("invalid reference `{}{name}`", self.word);
            Error::new(message, format!("write `${{{}{form}}}`", self.word))
        })
    }
}

/// How many bytes of a text lie before the end of a placeholder that begins with it: a name elsewhere may contain placeholders.
pub(super) fn end(expression: &str) -> Option<usize> {
    let plain = expression.find('}')?;
    if Written::of(&expression[..plain]).is_none() {
        return Some(plain);
    }
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        let rest = &expression[at..];
        let close = rest.find('}')?;
        match rest.find("${") {
            Some(open) if open < close => {
                depth += 1;
                at += open + 2;
            }
            _ if depth == 0 => return Some(at + close),
            _ => {
                depth -= 1;
                at += close + 1;
            }
        }
    }
}

/// The word that was meant.
pub(super) fn meant(expression: &str) -> Option<String> {
    let (word, rest) = expression.split_once(':')?;
    let near = suggest::nearest(word.trim(), WORDS.iter().map(|(known, _)| known.trim_end_matches(':')))?;
    Some(format!("did you mean `${{{near}:{rest}}}`?"))
}

fn secret(name: &str) -> Option<Address> {
    let (id, key) = match name.split_once('#') {
        Some((_, "")) => return None,
        Some((id, key)) => (id, Some(key.to_owned())),
        None => (name, None),
    };
    is_made_of(id, "/_+=.@-:").then(|| Address::Secret { id: id.to_owned(), key })
}

fn output(name: &str) -> Option<Address> {
    let (stack, output) = name.split_once('.')?;
    let fits = is_made_of(stack, "-") && is_made_of(output, "");
    fits.then(|| Address::StackOutput { stack: stack.to_owned(), output: output.to_owned() })
}

/// `core.tables.t.arn`, `core/prod.api.url`, `core/_.api.url`.
fn attribute(name: &str, names: &Names) -> Result<Address, Error> {
    let invalid = || {
        let form = "write `${stack:NAME.tables.KEY.arn}`, or `${stack:NAME/ENVIRONMENT.tables.KEY.arn}`";
        Error::new(format!("invalid reference `stack:{name}`"), form)
    };
    let (stack, rest) = name.split_once('.').ok_or_else(invalid)?;
    let (stack, environment) = match stack.split_once('/') {
        None => (stack, names.environment),
        Some((stack, "_")) => (stack, None),
        Some((stack, environment)) => (stack, Some(environment)),
    };
    if !is_made_of(stack, "-") || environment.is_some_and(|name| !is_made_of(name, "-")) {
        return Err(invalid());
    }
    if stack == names.stack && environment == names.environment {
        let message = format!("`stack:{name}` refers to this stack itself");
        return Err(Error::new(message, format!("write `${{{rest}}}`")));
    }
    let path = path(rest).ok_or_else(invalid)?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (section, key, attribute) = referable(&path, names).map_err(|error| {
        let (message, other) = (format!("unknown reference `stack:{name}`"), format!("${{stack:{stack}."));
        Error { message, help: error.help.map(|help| help.replace("${", &other)) }
    })?;
    Ok(Address::Attribute(Attribute {
        stack: stack.to_owned(),
        environment: environment.map(str::to_owned),
        section: section.key(),
        kind: section.kind(),
        key: key.to_owned(),
        attribute: attribute.name,
    }))
}

/// Reports sensitive values where they would be shown. True if a value that has not been read, and for which nothing stands, is
/// in a field that may change what the resources are called, or which there are.
pub(super) fn check(log: &Log, root: &Node, sections: Sections) -> bool {
    let mut is_form_unread = false;
    let mut field = |entry: &Entry, is_form: bool| {
        for scalar in scalars(&entry.value) {
            let Kind::Template { pieces, .. } = &scalar.kind else { continue };
            let is_unread = |piece: &Piece| matches!(piece, Piece::Unread { fallback: None, .. });
            is_form_unread |= is_form && pieces.iter().any(is_unread);
            if pieces.iter().any(Piece::is_sensitive) {
                let message = format!("`{}` would show a sensitive value", entry.key.text);
                log.report(scalar.span, message, help(SEEN_NOWHERE));
                log.note_failed(scalar.span);
            }
        }
    };
    for entry in root.entries() {
        let key = entry.key.text.as_str();
        match sections.of(key) {
            None if UNSEEN.contains(&key) || is_extension(key) => {}
            // Nothing depends on an output.
            None => field(entry, key != "outputs"),
            Some(section) => {
                let entries = match section.is_single() {
                    true => std::slice::from_ref(entry),
                    false => entry.value.entries(),
                };
                for entry in entries {
                    match entry.value.kind {
                        Kind::Map(_) => {
                            let shown = |one: &&Entry| !section.hides(&entry.value, &one.key.text);
                            entry.value.entries().iter().filter(shown).for_each(|one| field(one, true));
                        }
                        // A short form.
                        _ => field(entry, false),
                    }
                }
            }
        }
    }
    is_form_unread
}

/// Reports values from elsewhere that are those of the stack's own entries: they exist only after `up`, which would need them.
pub(super) fn check_own(cx: &Cx, log: &Log, sections: Sections, entries: &Entries) {
    let [elsewhere, _] = log.elsewhere();
    for Elsewhere { address, at } in &elsewhere {
        for section in sections.iter() {
            let mut own = section.aws_names(entries).into_iter().filter_map(|(key, name)| {
                Some((key, section.instead_of(address, &cx.scope.names.prefixed(&name))?))
            });
            if let Some((key, way)) = own.next() {
                let message =
                    format!("`${{{address}}}` is the value of `{}.{key}` of this stack", section.key());
                let help = help(format!("it exists only after `up`; {}", way.replace("KEY", key)));
                cx.add(Diagnostic { at: *at, length: 0, message, help });
            }
        }
    }
}

/// Where AWS and this program show no values.
const SEEN_NOWHERE: &str = "such values work in `environment`, in `secrets`, in `parameters` of the type `secure-string`, and in `checks`";

/// What shows no values, or has become a part of entries.
const UNSEEN: [&str; 4] = [CHECKS, "defaults", "variables", "environments"];

/// The scalars in a value.
fn scalars(node: &Node) -> Vec<&Node> {
    match &node.kind {
        Kind::List(items) => items.iter().flat_map(scalars).collect(),
        Kind::Map(entries) => entries.iter().flat_map(|entry| scalars(&entry.value)).collect(),
        _ => vec![node],
    }
}
