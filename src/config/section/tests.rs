//! A section of a test, which has one field of each shape.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::declared::Sections;
use crate::yaml::{Source, compose};
use serde_json::{Value as Json, json};

use super::shape::{Keys, either, flag, list, map, mapping, number, part, pattern, text, word};
use super::{Parts, Section, Shape, object, section};
use crate::config::Options;
use crate::config::code::CodeFiles;
use crate::config::decode::{Cx, Log, Value};
use crate::config::fields::Fields;
use crate::config::reference::{Names, Scope};
use crate::config::sources::Sources;

section! {
    /// A box. It has
    /// two lines.
    struct Boxed, checked by small_ones_are_open {
        /// Its label.
        label: String = text(5).required("tea"),
        /// Its size.
        size: u8 = number("cm", 1..=100).default(10).immutable(),
        /// Whether it is open.
        open: bool = flag().default(false),
        /// What is in it.
        contents: Vec<String> = list(text(9)).or_empty(),
        /// Its color.
        color: Color = word(&COLORS, |value| value.one_of(&COLORS)).default(Color::Red).key("paint"),
        /// Where it stands.
        place: Option<Place> = part("place", Place::ABOUT, either(name(), mapping())).optional(),
        /// What it says inside.
        notes: BTreeMap<String, u32> = map(lower_case(), number("", 0..=i64::MAX)).or_empty().sensitive(),
        /// Its lid.
        lid: Option<String> = pattern("^lid", |value| value.text().map(str::to_owned)).optional().excludes(&["open"]),
    }
}

section! {
    /// A place.
    struct Place {
        /// The shelf.
        shelf: String = text(9).required("top"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Color {
    Red,
    Blue,
}

static COLORS: [(&str, Color); 2] = [("red", Color::Red), ("blue", Color::Blue)];

fn name() -> Shape<Place> {
    text(9).map(|shelf| Place { shelf })
}

fn lower_case() -> Keys {
    Keys::pattern("^[a-z]+$", |value| {
        let fits = value.key.text.chars().all(|c| c.is_ascii_lowercase());
        if fits { Some(()) } else { value.fail_key("write it in lower case", None) }
    })
}

fn small_ones_are_open(boxed: &<Boxed as Section>::Decoded, fields: &mut Fields) {
    if boxed.size.is_some_and(|size| size < 5) && boxed.open == Some(false) {
        fields.fail_at("open", "a small box is open", None);
    }
}

/// Decodes a text: what came out, and the errors with their lines.
fn decode(yaml: &str) -> (Option<Boxed>, Vec<String>) {
    let source = Source::new(yaml);
    let (root, _) = compose(&source).unwrap();
    let sources = Sources::new(Path::new("stack.yaml"), source);
    let log = Log::new(&sources);
    let names = Names::of(
        &root,
        &Options { environment: None, sections: Sections::default(), process: &|_| None, known: None },
    );
    let files = CodeFiles::new(Path::new("."));
    let cx = Cx::new(&log, Scope { names: &names, captures: None }, &files);
    let root = &root.entries()[0];
    let mut fields = Value::new(&cx, root).fields("the box").unwrap();
    let boxed = Boxed::take(&mut fields);
    fields.finish();
    let mut errors = log.into_diagnostics();
    errors.sort();
    let help = |help: Option<String>| help.map(|help| format!(" ({help})")).unwrap_or_default();
    let shown =
        errors.into_iter().map(|error| format!("{}: {}{}", error.at.line, error.message, help(error.help)));
    (boxed, shown.collect())
}

#[test]
fn what_is_absent_has_its_default() {
    let (boxed, errors) = decode("box:\n  label: tea\n");
    assert_eq!(errors, Vec::<String>::new());
    let boxed = boxed.unwrap();
    assert_eq!((boxed.size, boxed.open, boxed.color, boxed.place), (10, false, Color::Red, None));
    assert!(boxed.contents.is_empty() && boxed.notes.is_empty() && boxed.lid.is_none());
}

#[test]
fn every_shape_is_decoded() {
    let yaml = "box:\n  label: tea\n  size: 7\n  open: true\n  contents: [a, b]\n  paint: blue\n  place: { shelf: top }\n  notes: { a: 1 }\n  lid: lid1\n";
    let (boxed, errors) = decode(yaml);
    assert_eq!(errors, Vec::<String>::new());
    let boxed = boxed.unwrap();
    assert_eq!((boxed.label.as_str(), boxed.size, boxed.open, boxed.color), ("tea", 7, true, Color::Blue));
    assert_eq!(boxed.contents, ["a", "b"]);
    assert_eq!(boxed.notes, BTreeMap::from([("a".to_owned(), 1)]));
    let (short, _) = decode("box:\n  label: tea\n  place: top\n");
    assert_eq!(boxed.place, short.unwrap().place);
}

#[test]
fn all_errors_are_reported_at_once() {
    let yaml = "box:\n  labell: tea\n  size: 101\n  open: yes\n  contents: a\n  paint: bleu\n  place: { shelf: '' }\n  notes: { A: x }\n";
    let (boxed, errors) = decode(yaml);
    assert!(boxed.is_none());
    assert_eq!(
        errors,
        [
            "2: unknown key `labell` in the box (did you mean `label`?)",
            "3: `size` must be from 1 to 100 cm, not 101",
            "4: `open` must be `true` or `false`, not `yes` (write `true`)",
            "5: `contents` must be a list, not `a` (write `[\"a\"]`)",
            "6: `paint` must be `red` or `blue`, not `bleu` (did you mean `blue`?)",
            "7: `shelf` cannot be empty",
            "8: write it in lower case",
            "8: `A` must be a whole number, not `x`",
        ]
    );
}

#[test]
fn a_check_runs_on_what_is_valid() {
    let (boxed, errors) = decode("box:\n  size: 3\n  open: false\n  paint: 1\n");
    assert!(boxed.is_none());
    let wanted = [
        "1: missing key `label` in the box (add `label: tea`)",
        "3: a small box is open",
        "4: `paint` must be `red` or `blue`, not `1`",
    ];
    assert_eq!(errors, wanted);
}

#[test]
fn the_schema_has_what_is_stated() {
    let mut parts = Parts::default();
    let schema = object(&Boxed::fields(), &mut parts);
    assert_eq!(Boxed::ABOUT.trim(), "A box. It has two lines.");
    assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["label"])));
    assert_eq!(schema["dependentSchemas"], json!({ "lid": { "properties": { "open": false } } }));
    let mut properties = schema["properties"].clone();
    let size = json!({
        "type": "integer", "minimum": 1, "maximum": 100, "default": 10,
        "description": "Its size. Unit: cm. A change forces replacement.",
    });
    assert_eq!(properties["size"].take(), size);
    assert_eq!(
        properties["paint"].take(),
        json!({ "enum": ["red", "blue"], "default": "red", "description": "Its color." })
    );
    let notes = json!({
        "type": ["object", "null"],
        "additionalProperties": { "type": "integer", "minimum": 0 },
        "propertyNames": { "pattern": "^[a-z]+$" },
        "description": "What it says inside. Its value is never printed.",
    });
    assert_eq!(properties["notes"].take(), notes);
    assert_eq!(
        properties["place"].take(),
        json!({ "$ref": "#/$defs/place", "description": "Where it stands." })
    );
    let forms: Vec<&Json> =
        parts.defined["place"]["oneOf"].as_array().unwrap().iter().map(|form| &form["type"]).collect();
    assert_eq!(forms, [&json!("string"), &json!("object")]);
}
