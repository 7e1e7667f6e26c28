//! The tree beside what another reader of YAML, by serde, makes of the same text.

use crate::mutate::mutated;
use fastrand::Rng;
use provision::yaml::{Entry, Kind, Node, Source, compose};
use serde_json::Value as Json;

/// Texts whose seldom forms no stack file has.
const TEXTS: &[&str] = &[
    "",
    "--- # nothing\n",
    "%YAML 1.2\n---\na: 1\n...\n",
    "[~, null, Null, NULL, '', 'null', \"~\", !!str null, !!str, ! null]",
    "[true, True, TRUE, 'true', yes, on, !!str true]",
    "[0, -1, 12345678901234567890, 1.5, -2e3, 1.10, '1', !!str 1, ! 1]",
    "[a: b, {a, b: 1}, {}, [], [[x]], 'it''s', \"\\u0041\\n\\x41\", a#b, -x]",
    "a: |\n  b\n   c\n\nd: |-\n  e\nf: >\n  g\n  h\n\n  i\nj: k\n  l\nm: |+\n  n\n\no: >-\n\n p\n",
    "a: b # c\n? d\n: - e\n  -  - f\n     - g\n'h': \"i\\\n  j\"\n",
    "a: &x { b: &y [1, { c: 2 }] }\nd: *x\ne: [*y, *x]\nf: *y\n",
    "a: &x 1\nb: *x\nc: &x 2\nd: *x\n&k e: 1\nf: { *k : *k }\n",
    "a: &x { b: 1, c: 2 }\nd: { b: 3, <<: *x, e: 4 }\nf: { <<: [{ g: 5 }, *x, { b: 6, h: 7 }] }\ni: { <<: ~ }\n",
    "a: { <<: { b: 1 }, <<: { b: 2, c: 3 } }\nd: { '<<': 1 }\n",
    "é: ü\n\u{1f600}: \"\u{1f600}\"\n",
];

/// Why the other reader refuses what is YAML: JSON, which it makes of it, has no such key and no such number.
const NOT_IN_JSON: &[&str] = &["cannot deserialize null into string", "non-finite float"];

/// Whether two readers have read the same. A scalar without quotes is the text that it was written as, whatever the
/// other one took it for.
fn same(node: &Node, other: &Json) -> bool {
    match (&node.kind, other) {
        (Kind::Null, other) => other.is_null(),
        (Kind::Plain(_), Json::Bool(_) | Json::Number(_)) => true,
        (Kind::Plain(text) | Kind::Text(text), other) => other.as_str() == Some(text),
        (Kind::List(items), Json::Array(others)) => {
            items.len() == others.len() && items.iter().zip(others).all(|(item, other)| same(item, other))
        }
        (Kind::Map(entries), Json::Object(others)) => {
            let found =
                |entry: &Entry| others.get(&entry.key.text).is_some_and(|other| same(&entry.value, other));
            entries.len() == others.len() && entries.iter().all(found)
        }
        _ => false,
    }
}

#[test]
fn every_form_is_read_as_another_reader_reads_it() {
    for text in TEXTS {
        let (node, errors) = compose(&Source::new(text)).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
        assert_eq!(errors, [], "{text}");
        let other: Json = serde_yaml::from_str(text).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
        assert!(same(&node, &other), "{text}\n{node:#?}\n{other:#}");
    }
}

#[test]
fn what_is_broken_or_changed_at_random_is_read_as_another_reader_reads_it() {
    let seeds = [include_str!("../../stack.yaml"), include_str!("../stacks/rich.yaml"), TEXTS[9], TEXTS[11]];
    let mut rng = Rng::with_seed(1);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..2_000 {
        let (text, other) = (seeds[rng.usize(..seeds.len())], seeds[rng.usize(..seeds.len())]);
        let Ok(text) = String::from_utf8(mutated(&mut rng, text.as_bytes(), other.as_bytes())) else {
            continue;
        };
        let source = Source::new(&text);
        let composed = compose(&source);
        let other = serde_yaml::from_str::<Json>(source.text());
        match (composed, other) {
            (Ok((node, errors)), Ok(other)) if errors.is_empty() => {
                assert!(same(&node, &other), "{text}\n{node:#?}\n{other:#}");
                read += 1;
            }
            (Ok((_, errors)), Err(wrong)) if errors.is_empty() => {
                let wrong = wrong.to_string();
                assert!(NOT_IN_JSON.iter().any(|known| wrong.contains(known)), "{text}\n{wrong}");
            }
            // A key behind invisible characters is YAML, but never what was meant.
            (Err(wrong), Ok(_)) if wrong.message.contains("(U+") => refused += 1,
            (Err(wrong), Ok(_)) => panic!("{text}\n{wrong:?}"),
            _ => refused += 1,
        }
    }
    assert!(read > 100 && refused > 100, "{read} {refused}");
}
