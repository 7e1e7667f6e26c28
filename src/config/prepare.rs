//! From the trees of the files to the one that is decoded: what the environment has of each file, with all values; the parts
//! joined; and what `defaults` add.

use super::declared::{AnySection, Sections, is_too_large};
use super::decode::{Log, help};
use super::defaults;
use super::environment;
use super::include;
use super::presence::{Absent, Presence};
use super::reference::{Keys, Names};
use super::root::Options;
use super::values::Values;
use crate::yaml::Node;
use semver::{Version, VersionReq};

/// The files joined as they are written: for what is known before anything else.
pub(super) fn as_written(log: &Log, first: &Node, parts: &[Node], sections: Sections) -> Node {
    // What is wrong is reported where the values are joined.
    let quiet = Log::new(log.source());
    let parts: Vec<Node> = parts.iter().map(|part| include::checked(&quiet, part, sections)).collect();
    include::joined(&quiet, first, &parts)
}

/// Whether this program is one that the file asks for.
pub(super) fn is_new_enough(log: &Log, written: &Node) -> bool {
    let Some(wanted) = written.get("requires") else { return true };
    let version = env!("CARGO_PKG_VERSION");
    let text = wanted.text().unwrap_or_default();
    let fits =
        VersionReq::parse(text).map(|wanted| Version::parse(version).is_ok_and(|own| wanted.matches(&own)));
    match fits {
        Ok(true) => return true,
        Ok(false) => {
            let message = format!("this file needs provision {text}, and this is {version}");
            log.report(wanted.span, message, help("install a version that fits, or change `requires`"));
        }
        Err(_) => {
            let message = "`requires` must say which versions of provision fit";
            log.report(wanted.span, message, help(format!("write `requires: \">={version}\"`")));
        }
    }
    false
}

/// The names that values may have. The keys of entries follow when these are known.
pub(super) fn names<'a>(log: &Log, written: &'a Node, options: &Options<'a>) -> Names<'a> {
    let usual = Names::of(written, options);
    let picked = environment::entry(written, options.environment);
    let Some(own) = picked.and_then(|picked| picked.value.get("prefix")) else { return usual };
    let unknown = Names { prefix: None, ..usual };
    let own = Values::new(log, &unknown).value(own).text().map(str::to_owned);
    Names { prefix: own.or_else(|| Names::usual_prefix(options)), ..unknown }
}

/// The whole stack, and the entries that this environment has not.
pub(super) fn whole(
    log: &Log,
    first: &Node,
    parts: &[Node],
    names: &Names,
    options: &Options,
) -> (Node, Absent) {
    let sections = options.sections;
    let presence = Presence::new(log, first, options.environment);
    let values = Values::new(log, names);
    // A value may bring an entry that says where it exists.
    let ready = |file: &Node| {
        let filled = values.file(&presence.file(file, sections), sections);
        if names.variables.is_empty() { filled } else { presence.file(&filled, sections) }
    };
    let part = |part: &Node| defaults::apply(log, &ready(&include::checked(log, part, sections)), sections);
    let parts: Vec<Node> = parts.iter().map(part).collect();
    let joined = include::joined(log, &ready(first), &parts);
    (defaults::apply(log, &joined, sections), presence.into_absent())
}

/// The keys of each section that the file has.
pub(super) fn keys(root: &Node, sections: Sections) -> Keys<'_> {
    let keys = |section: &'static dyn AnySection| {
        let node = root.get(section.key())?;
        let keys = match section.is_single() {
            true => vec![""],
            false if is_too_large(node) => Vec::new(),
            false => node.entries().iter().map(|entry| entry.key.text.as_str()).collect(),
        };
        Some((section.key(), keys))
    };
    sections.iter().filter_map(keys).collect()
}
