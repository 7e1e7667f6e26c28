//! Lambda's runtimes. AWS adds new ones, so only the form is checked, besides the runtimes that AWS is known to reject; the
//! list of names is for suggestions.

use crate::config::decode::{Value, help};
use crate::suggest;

const KNOWN: [&str; 24] = [
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "provided.al2023",
];

/// The oldest versions that AWS accepts for new and changed functions, and what to use instead of older ones.
const OLDEST: [(&str, [u32; 2], &str); 4] = [
    ("python", [3, 8], "python3.13"),
    ("nodejs", [16, 0], "nodejs22.x"),
    ("ruby", [3, 2], "ruby3.4"),
    ("dotnet", [6, 0], "dotnet8"),
];

/// Other runtimes that AWS rejects, with their successors.
const REJECTED: [(&str, &str); 3] =
    [("go1.x", "provided.al2023"), ("java8", "java21"), ("provided", "provided.al2023")];

/// The value of `runtime`.
pub(crate) fn runtime(value: Value) -> Option<String> {
    let text = value.text()?;
    if let Some(instead) = instead_of_rejected(text) {
        let message = format!("AWS does not accept the runtime `{text}`");
        return value.fail(message, help(format!("use `{instead}`")));
    }
    if is_well_formed(text) {
        return Some(text.to_owned());
    }
    let help =
        meant(text).or_else(|| help("a runtime looks like `python3.13`, `nodejs22.x` or `provided.al2023`"));
    value.fail(format!("unknown runtime `{text}`"), help)
}

/// The runtime to use instead of one that AWS rejects.
fn instead_of_rejected(runtime: &str) -> Option<&'static str> {
    let rejected = REJECTED.iter().find(|(rejected, _)| *rejected == runtime).map(|(_, instead)| *instead);
    rejected.or_else(|| {
        let family = family(runtime);
        let (_, oldest, instead) = OLDEST.iter().find(|(known, ..)| *known == family)?;
        let mut numbers = runtime[family.len()..].split('.').map(str::parse::<u32>);
        let version = [numbers.next()?.ok()?, numbers.next().and_then(Result::ok).unwrap_or_default()];
        (version < *oldest && is_well_formed(runtime)).then_some(*instead)
    })
}

/// The default handler.
pub(crate) fn default_handler(runtime: &str) -> Option<&'static str> {
    match family(runtime) {
        "python" => Some("lambda_function.lambda_handler"),
        "nodejs" => Some("index.handler"),
        "provided" => Some("bootstrap"),
        _ => None,
    }
}

/// The language of a runtime: `python` of `python3.13`.
pub(crate) fn family(runtime: &str) -> &str {
    let end = runtime.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(runtime.len());
    &runtime[..end]
}

fn is_well_formed(runtime: &str) -> bool {
    let family = family(runtime);
    let (version, suffix) = match runtime[family.len()..].split_once('.') {
        Some((version, suffix)) => (version, Some(suffix)),
        None => (&runtime[family.len()..], None),
    };
    let numbered = !version.is_empty() && version.chars().all(|c| c.is_ascii_digit());
    let is_word =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase());
    match family {
        "nodejs" => numbered && suffix == Some("x"),
        "python" | "ruby" => numbered && suffix.is_some_and(is_word),
        "java" | "dotnet" => numbered && suffix.is_none_or(is_word),
        "provided" => version.is_empty() && suffix.is_some_and(is_word),
        _ => false,
    }
}

/// The runtime that was probably meant by a text such as `node20`, `python-3.13` or `Python3.13`.
fn meant(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let letters: String = lower.chars().take_while(char::is_ascii_alphabetic).collect();
    let version: String = lower.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let version = version.trim_matches('.');
    let exact = match (letters.as_str(), version) {
        ("py" | "python", "" | "3") => "python3.13".to_owned(),
        ("node" | "nodejs", "") => "nodejs22.x".to_owned(),
        ("go" | "golang" | "rust" | "provided", _) => "provided.al2023".to_owned(),
        ("node" | "nodejs", version) => format!("nodejs{}.x", version.trim_end_matches(".x")),
        ("py" | "python", version) => format!("python{version}"),
        (family, version) => format!("{family}{version}"),
    };
    if is_well_formed(&exact) && instead_of_rejected(&exact).is_none() {
        return help(format!("did you mean `{exact}`?"));
    }
    suggest::did_you_mean(text, KNOWN)
}
