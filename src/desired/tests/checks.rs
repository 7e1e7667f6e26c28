//! What placeholders of checks stand for in a stack that is up.

use crate::config::Part;
use crate::lower::lookup_part;
use crate::plan::plan;
use crate::plan::tests::live_states::world_of;
use crate::plan::tests::stacks::{FULL, lowered, stack_in};
use crate::plan::tests::up;

/// An attribute of an entry.
fn of(kind: &'static str, key: &str, attribute: &'static str) -> Part {
    Part::Attribute { kind, key: key.to_owned(), attribute }
}

#[test]
fn placeholders_find_what_aws_has_assigned() {
    let stack = stack_in(FULL, Some("dev"));
    let (scope, graph) = lowered(&stack);
    let attributes = plan(&graph, &world_of(&graph), &up()).unwrap().attributes;
    let look = |part: Part| lookup_part(&part, &scope, &attributes);
    let cases = [
        (Part::Text("as it is".to_owned()), "as it is"),
        (Part::Region, "eu-central-1"),
        (Part::Account, "012345678901"),
        (of("table", "pages", "name"), "dev-pages"),
        (of("table", "pages", "arn"), "arn:aws:dynamodb:eu-central-1:012345678901:table/dev-pages"),
        (of("function", "save", "name"), "dev-save"),
        (of("function", "save", "arn"), "arn:aws:lambda:eu-central-1:012345678901:function:dev-save"),
    ];
    for (part, expected) in cases {
        assert_eq!(look(part).as_deref(), Some(expected));
    }
    assert!(look(of("api", "", "url")).unwrap().starts_with("https://"));
}

#[test]
fn what_is_not_there_stands_for_nothing() {
    let stack = stack_in(FULL, Some("dev"));
    let (scope, _) = lowered(&stack);
    let look = |part: Part| lookup_part(&part, &scope, &[].into());
    assert_eq!(look(of("api", "", "url")), None);
    assert_eq!(look(of("table", "pages", "name")), None);
    assert_eq!(look(Part::Capture("id".to_owned())), None);
}
