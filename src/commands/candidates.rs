//! What a shell offers where a name of the stack file is expected. It is asked for at each press of the tab key, so the file is
//! read without a check, and what is wrong with it offers nothing.

use super::stack_file;
use crate::config;
use crate::kind::Output;
use crate::kinds::{code, sections, takes_value};
use crate::outputs;
use crate::requests::requests;
use clap_complete::CompletionCandidate;
use std::collections::{BTreeMap, BTreeSet};

/// Keys by the section of the file.
type Keys = BTreeMap<String, Vec<String>>;

/// The keys of the stack file of the current folder, or of one above.
fn keys() -> Keys {
    let folder = std::env::current_dir().unwrap_or_default();
    config::keys(&stack_file::near(&folder).unwrap_or_else(|| stack_file::DEFAULT.into()))
}

fn candidates(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The functions.
pub(super) fn functions() -> Vec<CompletionCandidate> {
    candidates(keys().remove(code().0.section()).unwrap_or_default())
}

/// The secrets.
pub(super) fn secrets() -> Vec<CompletionCandidate> {
    candidates(keys().remove(takes_value().0.section()).unwrap_or_default())
}

/// What `send` or `put` takes, such as `queue`.
pub(super) fn taking_words(verb: &str) -> Vec<CompletionCandidate> {
    candidates(takes(verb).map(|(_, word)| word.to_owned()))
}

/// The entries that take it.
pub(super) fn taking_keys(verb: &str) -> Vec<CompletionCandidate> {
    let keys = keys();
    candidates(takes(verb).filter_map(|(section, _)| keys.get(section)).flatten().cloned())
}

/// The sections of what a verb is for, with the word for it.
fn takes(verb: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    sections().iter().flat_map(move |section| {
        let acts = section.acts().iter().filter(move |act| act.verb == verb);
        acts.map(move |act| (section.key(), act.word))
    })
}

/// The environments; of a key that stands for several, none can be offered.
pub(super) fn environments() -> Vec<CompletionCandidate> {
    let all = keys().remove("environments").unwrap_or_default();
    candidates(all.into_iter().filter(|name| !name.ends_with('*')))
}

/// The outputs.
pub(super) fn outputs() -> Vec<CompletionCandidate> {
    candidates(names_of_outputs(&keys()))
}

/// Methods of requests.
pub(super) fn methods() -> Vec<CompletionCandidate> {
    candidates(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].map(str::to_owned))
}

/// The paths of the routes.
pub(super) fn paths() -> Vec<CompletionCandidate> {
    let folder = std::env::current_dir().unwrap_or_default();
    let file = stack_file::near(&folder).unwrap_or_else(|| stack_file::DEFAULT.into());
    let process = |name: &str| std::env::var(name).ok();
    let options = config::Options { sections: sections(), environment: None, process: &process, known: None };
    let requests = config::load(&file, &options).ok().and_then(|stack| requests(&stack));
    let routes = requests.into_iter().flatten().map(|request| request.route);
    let paths = routes.filter_map(|route| Some(route.split_once(' ')?.1.to_owned()));
    candidates(paths.collect::<BTreeSet<_>>())
}

fn names_of_outputs(keys: &Keys) -> Vec<String> {
    let of_kinds = outputs::names().into_iter().flat_map(|name| {
        let section = name.split('.').next().unwrap_or_default();
        match keys.get(section) {
            None => Vec::new(),
            Some(keys) if name.contains(Output::KEY) => {
                keys.iter().map(|key| name.replace(Output::KEY, key)).collect()
            }
            Some(_) => vec![name.to_owned()],
        }
    });
    of_kinds.chain(keys.get("outputs").into_iter().flatten().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_those_of_the_file() {
        let keys = |section: &str, keys: &[&str]| {
            (section.to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())
        };
        let all: Keys =
            [keys("api", &["routes"]), keys("functions", &["list", "save"]), keys("outputs", &["site"])]
                .into();
        let functions = ["functions.list", "functions.save", "functions.list.url", "functions.save.url"];
        let all_names = [&["api.url", "api.id"][..], &functions, &["site"]].concat();
        assert_eq!(names_of_outputs(&all), all_names);
    }

    #[test]
    fn each_command_offers_what_it_takes() {
        let words = |verb: &str| takes(verb).collect::<BTreeSet<_>>();
        let sent = [("queues", "queue"), ("topics", "topic"), ("streams", "stream"), ("buses", "bus")];
        assert_eq!(words("send"), sent.into());
        assert_eq!(words("put"), [("buckets", "bucket")].into());
    }
}
