//! `release` of a function: its aliases, and how many versions are kept.

use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::is_made_of;
use crate::config::section::shape::{Keys, either, mapping, number, ordered, part, pattern, word};
use crate::config::section::{Section, Shape, section};
use crate::config::{At, Diagnostic, Entries, Entry, did_you_mean_or_list};
use crate::kinds::function;
use crate::suggest;
use crate::yaml::Kind;
use serde::Serialize;

section! {
    /// A release publishes a version of the function with every change of its code or configuration. Routes, triggers and other
    /// callers reach an alias, which stands for one version.
    pub struct Release, checked by has_aliases {
        /// The aliases. Routes and triggers use the first one, unless they name another one.
        aliases: Vec<(String, Alias)> = aliases().required("{ live: {} }"),
        /// How many versions are kept besides those that an alias stands for. Older ones are deleted when a version is
        /// published.
        keep: u32 = number("versions", 1..=100).default(3),
        /// How many instances of the function are kept ready for each alias that does not say otherwise; they cost money all the
        /// time.
        provisioned_concurrency: Option<u32> = number("instances", 1..=i64::from(i32::MAX)).optional(),
    }
}

section! {
    /// An alias of a function.
    pub struct Alias {
        /// `automatic`: every `up` moves the alias to the new version. `manual`: `promote` does that; the first `up` sets it.
        deploy: Deploy = word(&DEPLOYS, |value| value.one_of(&DEPLOYS)).default(Deploy::Automatic),
        /// The share of the invocations that a new version gets at first. The next `promote` gives it all.
        canary: Option<u32> = number("percent", 1..=99).optional(),
        /// How many instances of the function are kept ready; they cost money all the time.
        provisioned_concurrency: Option<u32> = number("instances", 1..=i64::from(i32::MAX)).optional(),
    }
}

/// Who moves an alias to a new version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deploy {
    /// `up`.
    Automatic,
    /// `promote`.
    Manual,
}

const DEPLOYS: [(&str, Deploy); 2] = [("automatic", Deploy::Automatic), ("manual", Deploy::Manual)];

/// How many characters the name of an alias may have [aws-facts-apis: 9, M].
const MAX_NAME: usize = 128;
const NAME: &str = "^[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*$";

/// The name of one alias, or a mapping.
pub(in crate::kinds) fn release() -> Shape<Release> {
    let one = pattern(NAME, |value| {
        let name = value.text()?;
        // A flag would be taken for a name.
        let is_flag =
            matches!(&value.node.kind, Kind::Plain(text) if ["true", "false"].contains(&text.as_str()));
        if is_flag {
            return value.fail("a release needs the name of its alias", help("name it: `release: live`"));
        }
        is_name(name, |message, way| value.fail(message, help(way))).map(|()| name.to_owned())
    });
    let one = one.map(|name| Release {
        aliases: vec![(
            name,
            Alias { deploy: Deploy::Automatic, canary: None, provisioned_concurrency: None },
        )],
        keep: 3,
        provisioned_concurrency: None,
    });
    either(one, mapping())
}

fn aliases() -> Shape<Vec<(String, Alias)>> {
    let check = |alias: Value| is_name(&alias.key.text, |message, way| alias.fail_key(message, help(way)));
    ordered(Keys::pattern(NAME, check), part("alias", Alias::ABOUT, mapping()))
}

fn is_name(name: &str, refuse: impl Fn(String, &str) -> Option<()>) -> Option<()> {
    if !is_made_of(name, "-_") {
        let message = format!("invalid name of an alias `{name}`");
        return refuse(message, &format!("use letters, digits, {}", suggest::quoted(&["-", "_"])));
    }
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        return refuse(format!("`{name}` is the number of a version"), "add a letter");
    }
    if name.len() > MAX_NAME {
        let message = format!("the name of an alias can have {MAX_NAME} characters, not {}", name.len());
        return refuse(message, "shorten it");
    }
    Some(())
}

fn has_aliases(release: &<Release as Section>::Decoded, fields: &mut Fields) {
    let is_empty = fields.value("aliases").is_some_and(|aliases| aliases.node.entries().is_empty());
    if is_empty && release.aliases.is_some() {
        fields.fail_at("aliases", "a release needs an alias", help("name one: `{ live: {} }`"));
    }
}

/// Reports an alias that a function does not have.
pub(in crate::kinds) fn no_alias(
    function: &str,
    alias: &str,
    at: At,
    entries: &Entries,
) -> Option<Diagnostic> {
    let functions: &[Entry<function::section::Config>] = entries.of();
    let release = functions.iter().find(|entry| entry.name == function)?.release.as_ref();
    if release.is_some_and(|release| release.has(alias)) {
        return None;
    }
    let names = release.into_iter().flat_map(|release| &release.aliases).map(|(name, _)| name.as_str());
    let names: Vec<&str> = names.collect();
    let help = match names.as_slice() {
        [] => Some(format!("add `release: {alias}` to the function, or remove `alias`")),
        names => did_you_mean_or_list(alias, &format!("the aliases of `{function}`"), names),
    };
    Some(Diagnostic { at, length: 0, message: format!("`{function}` has no alias `{alias}`"), help })
}

impl Release {
    /// The alias that routes and triggers use which name none.
    pub(in crate::kinds) fn first(&self) -> &str {
        self.aliases.first().map_or("", |(name, _)| name)
    }

    /// True for the name of an alias.
    pub(in crate::kinds) fn has(&self, alias: &str) -> bool {
        self.aliases.iter().any(|(name, _)| name == alias)
    }

    /// How many instances its aliases keep ready.
    pub(in crate::kinds) fn kept_ready(&self) -> u64 {
        self.aliases.iter().filter_map(|(_, alias)| self.kept_ready_of(alias)).map(u64::from).sum()
    }

    /// How many instances one of its aliases keeps ready.
    pub(super) fn kept_ready_of(&self, alias: &Alias) -> Option<u32> {
        alias.provisioned_concurrency.or(self.provisioned_concurrency)
    }

    /// Lets every `up` move every alias at once.
    pub(in crate::kinds) fn move_at_once(&mut self) {
        for (_, alias) in &mut self.aliases {
            (alias.deploy, alias.canary) = (Deploy::Automatic, None);
        }
    }
}
