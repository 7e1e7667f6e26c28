//! "Did you mean …?"

/// Longer texts are not compared: no name is longer, and the time grows with the square of the length.
const MAX_LETTERS: usize = 256;

/// The candidate that a name was probably meant to be.
pub(crate) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > MAX_LETTERS {
        return None;
    }
    let given = given.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= MAX_LETTERS)
        .map(|candidate| (similarity(&given, &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// How similar two words are, from 0 to 1. One wrong or swapped letter makes a short word too different for the measure
/// that serves for longer ones.
fn similarity(given: &str, candidate: &str) -> f64 {
    let similarity = strsim::jaro_winkler(given, candidate);
    let one_slip = given.chars().count() >= 3 && strsim::osa_distance(given, candidate) == 1;
    if one_slip { similarity.max(0.8) } else { similarity }
}

/// "did you mean `x`?", where a candidate is similar enough.
pub(crate) fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(given, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// "did you mean `x`?", or a list of the candidates.
pub(crate) fn did_you_mean_or_list(given: &str, what: &str, candidates: &[&str]) -> Option<String> {
    did_you_mean(given, candidates.iter().copied()).or_else(|| match candidates {
        [] => None,
        [only] => Some(format!("{what}: {}", quoted(&[*only]))),
        _ => Some(format!("{what}: {}", quoted(candidates))),
    })
}

/// "`a`, `b` and `c`", at most a dozen of them.
pub(crate) fn quoted(names: &[&str]) -> String {
    const MAX: usize = 12;
    let all = names.len();
    let mut names: Vec<String> = names.iter().take(MAX).map(|name| format!("`{name}`")).collect();
    if all > MAX {
        return format!("{} and {} more", names.join(", "), all - MAX);
    }
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last}", names.join(", ")),
        Some(only) => only,
        None => String::new(),
    }
}

/// "a, b and c", all of them.
pub(crate) fn listed(items: &[String]) -> String {
    match items {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}
