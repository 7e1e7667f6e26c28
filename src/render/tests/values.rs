//! Values of fields.

use crate::diff::Change;
use crate::model::{ResourceId, Text};
use crate::render::value::change;
use serde_json::{Value as Json, json};

fn shown(from: Option<Json>, to: Option<Json>) -> String {
    change(&Change { path: vec!["field".to_owned()], from, to }, false)
}

fn known(from: Json, to: Json) -> String {
    shown(Some(from), Some(to))
}

#[test]
fn a_changed_value_shows_both_sides() {
    assert_eq!(known(json!(128), json!(256)), "128 → 256");
    assert_eq!(known(json!("a b"), json!("c")), "a b → c");
    assert_eq!(known(json!("on-demand"), json!({ "read": 1 })), "on-demand → {read: 1}");
    assert_eq!(shown(None, Some(true.into())), "true");
    assert_eq!(shown(Some(json!("x")), None), "x → (none)");
}

#[test]
fn a_list_shows_what_comes_and_goes() {
    assert_eq!(known(json!(["a", "b", "c"]), json!(["a", "d"])), "- b  - c  + d");
    assert_eq!(known(json!(["a", "b"]), json!(["b", "a"])), "[a, b] → [b, a]");
    assert_eq!(shown(None, Some(json!(["a"]))), "[a]");
}

#[test]
fn a_secret_shows_that_it_changes_and_nothing_else() {
    let sensitive = |from: Option<Json>, to: Option<Json>| {
        let text =
            change(&Change { path: vec!["environment".to_owned(), "TOKEN".to_owned()], from, to }, true);
        assert!(!text.contains("hush"));
        text
    };
    let hush = || json!("hush");
    assert_eq!(sensitive(None, Some(hush())), "set (value not shown)");
    assert_eq!(sensitive(Some(hush()), None), "removed");
    assert_eq!(sensitive(Some(hush()), Some("hush too".into())), "changed (values not shown)");
    assert_eq!(sensitive(Some(json!(["hush"])), Some(json!(["hush", "x"]))), "changed (values not shown)");
}

#[test]
fn an_unknown_value_says_whose_it_is() {
    let id = Text::reference(&ResourceId::new("integration", "save"), "id");
    assert_eq!(shown(None, Some(json!(id))), "(id of the integration save, known after up)");
    assert_eq!(shown(None, Some(json!(["a", id]))), "[a, (id of the integration save, known after up)]");
    let joined = json!(Text::join(["integrations/".into(), id.clone()]));
    assert_eq!(
        shown(Some(json!("integrations/i1")), Some(joined)),
        "integrations/i1 → integrations/(id of the integration save, known after up)"
    );
    assert_eq!(shown(None, Some(json!({ "a": id }))), "{a: (id of the integration save, known after up)}");
}

#[test]
fn the_hash_of_code_is_not_shown() {
    let path = vec!["code".to_owned()];
    let change = change(&Change { path, from: Some(json!("old")), to: Some("hash".into()) }, false);
    assert_eq!(change, "changed");
}

#[test]
fn signs_that_steer_a_terminal_are_not_passed_on() {
    let text = known(json!("\u{1b}[2Jold\nline"), json!("new"));
    assert!(!text.contains(['\u{1b}', '\n']), "{text:?}");
}
