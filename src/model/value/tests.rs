//! Texts with references, and their JSON.

use super::*;
use serde_json::json;
use std::collections::BTreeMap;

fn arn() -> Text {
    Text::reference(&ResourceId::new("table", "notes"), "arn")
}

fn known(reference: &Reference) -> Option<&'static str> {
    (reference.attribute == "arn").then_some("arn:x")
}

#[test]
fn texts_are_joined() {
    assert_eq!(Text::join(["a".into(), "".into(), "b".into()]), "ab".into());
    assert_eq!(Text::join([]), "".into());
    let Text::Template(reference) = arn() else { panic!("a reference") };
    let joined = Text::join(["a".into(), "b".into(), Text::join([arn(), "/x".into()])]);
    let parts = [vec![Part::Text("ab".to_owned())], reference, vec![Part::Text("/x".to_owned())]];
    assert_eq!(joined, Text::Template(parts.concat()));
}

#[test]
fn a_text_reads_back_as_it_was() {
    for text in ["a".into(), arn(), Text::join(["a".into(), arn(), "b".into()])] {
        let json = serde_json::to_value(&text).expect("JSON");
        assert_eq!(Text::deserialize(&json).expect("a text"), text);
        assert_eq!(String::deserialize(&json).is_ok(), text == "a".into(), "{json}");
    }
}

#[test]
fn what_is_no_text_is_refused() {
    for json in [
        json!(1),
        json!({}),
        json!({ "$template": "a" }),
        json!({ "$template": [1] }),
        json!({ "$template": [], "more": 1 }),
        json!({ "template": [] }),
        json!({ "$template": [[["no_such_kind", "a"], "arn"]] }),
    ] {
        assert!(Text::deserialize(&json).is_err(), "{json}");
    }
}

#[test]
fn what_is_known_is_filled_in_and_the_rest_stays() {
    let id = Text::reference(&ResourceId::new("api", ""), "id");
    let desired = json!({ "a": [arn()], "b": Text::join(["x/".into(), arn(), "/".into(), id]), "c": 1 });
    let resolved = resolve(&desired, &known);
    assert_eq!(resolved["a"], json!(["arn:x"]));
    assert_eq!(resolved["b"][TEMPLATE].as_array().expect("parts")[..3], ["x/", "arn:x", "/"]);
    assert_eq!(unresolved(&resolved).map(|reference| reference.attribute), Some("id"));
    let whole = resolve(&resolved, &|_| Some("i"));
    assert_eq!(whole, json!({ "a": ["arn:x"], "b": "x/arn:x/i", "c": 1 }));
    assert_eq!(unresolved(&whole), None);
}

#[test]
fn a_spec_of_texts_reads_back_where_all_is_known() {
    let spec = BTreeMap::from([("a", arn())]);
    let resolved = resolve(&json!(spec), &known);
    let sent: BTreeMap<String, String> = serde_json::from_value(resolved).expect("texts");
    assert_eq!(sent["a"], "arn:x");
}

#[test]
fn a_reference_to_a_child_keeps_the_parents() {
    let api = ResourceId::new("api", "shop");
    let text = Text::reference(&api.child("stage", "dev").child("mapping", "x"), "id");
    let json = serde_json::to_value(&text).expect("JSON");
    assert_eq!(Text::deserialize(&json).expect("the same"), text);
}
