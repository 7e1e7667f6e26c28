//! Trees of desired specs, their JSON, and comparisons with observed specs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::model::resolve;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

fn arn() -> Text {
    Text::reference(&ResourceId::new("table", "notes"), "arn")
}

fn id() -> Text {
    Text::reference(&ResourceId::new("api", "shop").child("stage", "dev"), "id")
}

fn known(reference: &Reference) -> Option<&'static str> {
    (reference.attribute == "arn").then_some("arn:x")
}

/// A spec with every form that a spec can have.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    One,
    Other(Text),
    Both { b: u8, a: Text },
}

#[derive(Serialize)]
struct Spec {
    z: Option<u32>,
    y: Option<bool>,
    a: Vec<Text>,
    b: BTreeSet<String>,
    c: BTreeMap<String, Text>,
    d: (i64, f64),
    e: [Form; 3],
}

fn spec() -> Spec {
    Spec {
        z: None,
        y: Some(true),
        a: vec!["x".into(), arn(), Text::join(["x/".into(), arn(), "/".into(), id()])],
        b: ["one".to_owned()].into(),
        c: [("k".to_owned(), id()), ("$template".to_owned(), "x".into())].into(),
        d: (-1, 0.5),
        e: [Form::One, Form::Other(arn()), Form::Both { b: 1, a: "x".into() }],
    }
}

#[test]
fn a_tree_is_the_json_of_its_spec() {
    let tree = Desired::of(&spec()).unwrap();
    let json = serde_json::to_value(spec()).unwrap();
    assert_eq!(tree.json(), json);
    assert_eq!(tree.resolve(&known), resolve(&json, &known));
    let all = |reference: &Reference| Some(if reference.attribute == "arn" { "arn:x" } else { "i" });
    assert_eq!(tree.resolve(&all)["a"], json!(["x", "arn:x", "x/arn:x/i"]));
}

#[test]
fn every_reference_is_found() {
    let attributes: Vec<&str> =
        Desired::of(&spec()).unwrap().references().into_iter().map(|one| one.attribute).collect();
    assert_eq!(attributes, ["arn", "arn", "id", "id", "arn"]);
}

#[test]
fn members_and_texts_are_found() {
    let tree = Desired::of(&spec()).unwrap();
    assert_eq!(tree.get("b"), Some(&Desired::List(vec![Desired::Text("one".into())])));
    assert_eq!(tree.get("c").and_then(|members| members.get("$template")?.as_str()), Some("x"));
    assert_eq!(tree.get("c").and_then(|members| members.get("k")?.as_str()), None, "it is not known yet");
    assert_eq!((tree.get("none"), Desired::Null.get("a")), (None, None));
}

#[test]
fn a_tree_is_compared_with_an_observed_spec() {
    let desired =
        json!({ "a": Text::join(["x/".into(), arn()]), "b": [1, { "c": null, "d": true }], "e": "t" });
    let desired = Desired::of(&desired).unwrap();
    let same = |observed: Json| desired.equals(&observed, &known);
    let equal = json!({ "a": "x/arn:x", "b": [1, { "c": null, "d": true }], "e": "t" });
    assert!(same(equal.clone()));
    for (pointer, other) in [
        ("/a", json!("x/arn:xy")),
        ("/a", json!("x/arn:")),
        ("/a", json!(1)),
        ("/b", json!([1])),
        ("/b/0", json!(2)),
        ("/b/0", json!("1")),
        ("/b/1", json!({ "c": null })),
        ("/b/1", json!({ "c": null, "f": true })),
        ("/b/1/c", json!(false)),
        ("/b/1/d", json!(false)),
        ("/e", json!("T")),
        ("/e", json!(["t"])),
    ] {
        let mut observed = equal.clone();
        *observed.pointer_mut(pointer).unwrap() = other;
        assert!(!same(observed.clone()), "{observed}");
    }
    let unknown = Desired::of(&id()).unwrap();
    assert!(!unknown.equals(&json!(""), &known), "what is unknown equals nothing");
}

#[test]
fn what_is_no_spec_is_refused() {
    #[derive(Serialize)]
    struct Unnamed(u8, u8);
    assert!(Desired::of(&Unnamed(1, 2)).is_err());
    assert!(Desired::of(&BTreeMap::from([(1, 2)])).is_err());
    assert!(Desired::of(&json!({ "$template": [1] })).is_err());
}
