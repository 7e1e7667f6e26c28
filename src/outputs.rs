//! What a stack offers: its keys, the URL of its requests, and the outputs by name. Pure.

use crate::config::{Part, Stack, Template};
use crate::desired::{lower, offline_scope};
use crate::kind::{AnyKind, Output};
use crate::kinds::{kind, kinds};
use crate::lower::{identity, lookup_part, with_attribute};
use crate::model::{AttributeMap, Graph, Identity, Reference, ResourceId, Scope};
use crate::outline::is_part;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The resources that a stack declares, wherever it will be.
pub fn declared(stack: &Stack) -> Graph {
    lower(stack, &offline_scope(stack, None), &BTreeMap::new())
}

/// The key of a resource in the stack file.
pub fn key<'a>(identity: &'a Identity, id: &'a ResourceId) -> &'a str {
    kind(id.kind).features().key(identity.key(id.kind, &id.name))
}

/// The keys of the resources of a kind in the stack file.
pub fn keys(stack: &Stack, kind: &dyn AnyKind) -> Vec<String> {
    let (graph, identity) = (declared(stack), identity(stack));
    let own = graph.resources.iter().filter(|resource| resource.id.kind == kind.name());
    own.map(|resource| key(&identity, &resource.id).to_owned()).collect()
}

/// The URL to which the stack's checks are sent.
pub fn endpoint(attributes: &AttributeMap) -> Option<&str> {
    let endpoints = kinds().iter().filter_map(|kind| Some((kind.name(), kind.features().endpoint?)));
    let urls = endpoints.flat_map(|(kind, attribute)| {
        let own = attributes.iter().filter(move |(id, _)| id.kind == kind);
        own.filter_map(move |(_, attributes)| attributes.get(attribute)?.as_str())
    });
    urls.into_iter().next()
}

/// The outputs that the stack file declares, as far as the resources that they refer to exist.
pub fn own(stack: &Stack, scope: &Scope, attributes: &AttributeMap) -> BTreeMap<String, String> {
    // Of a resource of others that cannot be read, what follows from its name is known.
    let graph = (!stack.existing.is_empty()).then(|| lower(stack, scope, &BTreeMap::new()));
    let known = |part: &Part| {
        let Part::Attribute { kind, key, attribute } = part else { return None };
        let id = with_attribute(kind, key, attribute, scope);
        graph.as_ref()?.known(&Reference { id, attribute }).map(str::to_owned)
    };
    let value = |template: &Template| -> Option<String> {
        let part = |part: &Part| lookup_part(part, scope, attributes).or_else(|| known(part));
        template.parts.iter().map(part).collect()
    };
    stack.outputs.iter().filter_map(|(name, template)| Some((name.clone(), value(template)?))).collect()
}

/// The outputs by name. Resources go by their keys in the stack file, as in `${functions.NAME}`, so that the name is the same
/// in every environment.
pub fn by_name<'a>(identity: &Identity, attributes: &'a AttributeMap) -> BTreeMap<String, &'a str> {
    let mut outputs = BTreeMap::new();
    // The role of a function is a part of it, and no entry under a key.
    let is_part = |id: &ResourceId| id.parent.is_none() && is_part(id, |of| attributes.contains_key(of));
    for (id, attributes) in attributes.iter().filter(|(id, _)| !is_part(id)) {
        for Output { name, attribute } in kind(id.kind).features().outputs {
            // A part that AWS gives a value, such as the URL of a function, goes by the key of its entry.
            let name = name.replace(Output::KEY, key(identity, id.parent().unwrap_or(id)));
            outputs.extend(attributes.get(attribute).and_then(Json::as_str).map(|value| (name, value)));
        }
    }
    outputs
}

/// All outputs by name: those that the stack file declares, and those of the resources.
pub fn all(stack: &Stack, scope: &Scope, attributes: &AttributeMap) -> BTreeMap<String, String> {
    let mut all = own(stack, scope, attributes);
    let of_resources = by_name(&scope.identity, attributes).into_iter();
    all.extend(of_resources.map(|(name, value)| (name, value.to_owned())));
    all
}

/// Outputs as variables of an environment, by the name of the variable: `API_URL` for `api.url`.
///
/// # Errors
/// Two outputs with different values that have the same variable: the variable, and both.
pub fn variables(
    outputs: &BTreeMap<String, String>,
) -> std::result::Result<BTreeMap<String, &str>, (String, [&str; 2])> {
    let mut variables: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for (output, value) in outputs {
        let name = variable(output);
        match variables.get(&name) {
            Some((other, same)) if *same != value => return Err((name, [*other, output.as_str()])),
            Some(_) => {}
            None => {
                variables.insert(name, (output.as_str(), value.as_str()));
            }
        }
    }
    Ok(variables.into_iter().map(|(name, (_, value))| (name, value)).collect())
}

/// The name of an output as that of a variable, which has letters, digits and `_`, and no digit first.
fn variable(output: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let name: String = output.chars().map(letter).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The names of all outputs that a stack can have, in the order of the alphabet by section.
pub fn names() -> Vec<&'static str> {
    let mut kinds = kinds().to_vec();
    kinds.sort_by_key(|kind| kind.section());
    kinds.into_iter().flat_map(|kind| kind.features().outputs).map(|output| output.name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::code;
    use crate::plan::tests::stacks::{SMALL, stack_in};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn only_what_takes_requests_has_the_endpoint() {
        let of = |kind: &'static str, attributes: Json| (ResourceId::new(kind, ""), Arc::new(attributes));
        let other = of("table", json!({ "url": "https://other" }));
        let api = of("api", json!({ "id": "a1", "url": "https://api" }));
        assert_eq!(endpoint(&[other.clone(), api].into()), Some("https://api"));
        assert_eq!(endpoint(&[other].into()), None);
    }

    #[test]
    fn an_output_goes_by_the_key_in_every_environment() {
        for (environment, name) in [(None, "list"), (Some("dev"), "dev-list")] {
            let identity = Identity::new("small", environment.map(str::to_owned));
            let id = ResourceId::new("function", name);
            let attributes: AttributeMap = [(id, Arc::new(json!({ "arn": "arn:x" })))].into();
            assert_eq!(by_name(&identity, &attributes), [("functions.list".to_owned(), "arn:x")].into());
        }
    }

    #[test]
    fn an_output_has_no_ending_that_its_key_has_not() {
        let identity = Identity::new("small", Some("dev".to_owned()));
        let id = ResourceId::new("queue", "dev-mails.fifo");
        let attributes: AttributeMap = [(id, Arc::new(json!({ "url": "https://x" })))].into();
        assert_eq!(by_name(&identity, &attributes), [("queues.mails".to_owned(), "https://x")].into());
    }

    #[test]
    fn an_output_is_a_variable_of_one_name() {
        let outputs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let all = outputs(&[("api.url", "u"), ("functions.blog-hello.url", "h"), ("1st", "f"), ("ä", "a")]);
        let expected = [("API_URL", "u"), ("FUNCTIONS_BLOG_HELLO_URL", "h"), ("_1ST", "f"), ("_", "a")];
        let expected = expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(variables(&all), Ok(expected));
        let same = outputs(&[("api.url", "u"), ("api_url", "u")]);
        assert_eq!(variables(&same), Ok([("API_URL".to_owned(), "u")].into()));
        let clash = outputs(&[("queues.a-b", "one"), ("queues.a_b", "two")]);
        assert_eq!(variables(&clash), Err(("QUEUES_A_B".to_owned(), ["queues.a-b", "queues.a_b"])));
    }

    #[test]
    fn keys_are_those_of_the_stack_file_in_every_environment() {
        for environment in [None, Some("dev")] {
            assert_eq!(keys(&stack_in(SMALL, environment), code().0), ["save", "list"]);
        }
    }

    #[test]
    fn every_output_has_the_section_of_its_kind_in_its_name() {
        for kind in kinds() {
            for output in kind.features().outputs {
                let rest = output.name.strip_prefix(kind.section()).and_then(|rest| rest.strip_prefix('.'));
                assert!(rest.is_some(), "{}", output.name);
            }
        }
    }
}
