//! How much is read, and that every value stands where it says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::{Error, Kind, MAX_DEPTH, MAX_NODES, Node, Source, compose};

fn read(text: &str) -> Result<Node, Error> {
    let (node, errors) = compose(&Source::new(text))?;
    assert_eq!(errors, []);
    Ok(node)
}

/// Whether a text is read, or refused as too large.
fn fits(text: &str) -> bool {
    match read(text) {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.message, "the file is nested too deeply or has too many values");
            false
        }
    }
}

fn nested(levels: usize, inside: &str) -> String {
    format!("{}{inside}{}", "[".repeat(levels), "]".repeat(levels))
}

#[test]
fn as_many_levels_are_read_as_the_limit_says() {
    assert!(fits(&nested(MAX_DEPTH, "x")));
    assert!(!fits(&nested(MAX_DEPTH + 1, "")));
    assert!(fits(&format!("{}x", "- ".repeat(MAX_DEPTH))));
    assert!(!fits(&format!("{}x", "- ".repeat(MAX_DEPTH + 1))));
    assert!(!fits(&format!("{}x{}", "{ a: ".repeat(MAX_DEPTH + 1), " }".repeat(MAX_DEPTH + 1))));
}

#[test]
fn an_alias_is_as_deep_as_what_it_stands_for() {
    let text = |around| format!("[&a {}, {}]", nested(10, "x"), nested(around, "*a"));
    assert!(fits(&text(MAX_DEPTH - 11)));
    assert!(!fits(&text(MAX_DEPTH - 10)));
}

#[test]
fn as_many_values_are_read_as_the_limit_says() {
    let list = |count| format!("[{}]", "x,".repeat(count));
    assert!(fits(&list(MAX_NODES - 1)));
    assert!(!fits(&list(MAX_NODES)));
    let map = |count| (0..count).map(|key| format!("k{key}: x\n")).collect::<String>();
    assert!(fits(&map(MAX_NODES / 2 - 1)));
    assert!(!fits(&map(MAX_NODES / 2)));
}

#[test]
fn aliases_count_as_often_as_they_are_used() {
    // The list, its first item and what is below that are 12 values; each alias is 11 more.
    let text = |aliases| format!("[&a {{ a: 1, b: 2, c: 3, d: 4, e: 5 }}, {}]", "*a,".repeat(aliases));
    let most = (MAX_NODES - 12) / 11;
    assert!(fits(&text(most)));
    assert!(!fits(&text(most + 1)));
    let merged =
        |aliases| format!("[&a {{ a: 1, b: 2, c: 3, d: 4, e: 5 }}, {}]", "{ <<: *a },".repeat(aliases));
    assert!(!fits(&merged(most)));
}

#[test]
fn what_multiplies_is_refused_before_it_takes_memory() {
    let levels: String = (1..30)
        .map(|level| {
            let before = format!("*a{},", level - 1).repeat(9);
            format!("a{level}: &a{level} [{before}]\n")
        })
        .collect();
    assert!(!fits(&format!("a0: &a0 x\n{levels}")));
}

#[test]
fn every_value_stands_where_it_says() {
    let source = Source::new("\u{feff}é: [ a, 'b', \"c\" ]\r\nd: &x\r\n  e: 1.10\r\nf: *x\r\n");
    let (root, _) = compose(&source).unwrap();
    let place = |node: &Node| {
        let at = source.at(node.span.start);
        (at.line, at.column, source.slice(node.span).to_owned())
    };
    let Kind::List(items) = &root.get("é").unwrap().kind else { panic!("{root:?}") };
    assert_eq!(
        items.iter().map(place).collect::<Vec<_>>(),
        [(1, 6, "a".to_owned()), (1, 9, "'b'".to_owned()), (1, 14, "\"c\"".to_owned()),]
    );
    for key in ["d", "f"] {
        assert_eq!(place(root.get(key).unwrap().get("e").unwrap()), (3, 6, "1.10".to_owned()));
    }
    let keys: Vec<&str> = root.entries().iter().map(|entry| source.slice(entry.key.span)).collect();
    assert_eq!(keys, ["é", "d", "f"]);
}
