//! IAM policy documents in one canonical form, so that two that mean the same compare equal: statements by their `Sid`,
//! actions and resources as sorted lists, single-element lists elsewhere as plain values. IAM returns documents
//! URL-encoded and reordered, so text is never compared [aws-facts: IAM, TF].

mod tree;

pub use tree::Tree;

use crate::aws::{Error, Result};
use crate::model::Texts;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// A policy: its statements by `Sid`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent, bound = "T: Texts")]
pub struct Policy<T = String>(pub BTreeMap<String, Statement<T>>);

/// A statement: its members besides the `Sid`. What is read is in canonical form.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent, bound = "T: Texts")]
pub struct Statement<T = String>(pub BTreeMap<String, Tree<T>>);

impl<'de, T: Texts> Deserialize<'de> for Statement<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let members = BTreeMap::<String, Tree<T>>::deserialize(deserializer)?;
        Ok(Statement(members.into_iter().map(canonical).collect()))
    }
}

impl<T: Texts> Statement<T> {
    /// A statement that allows actions, with one more member.
    pub fn allow(
        actions: impl IntoIterator<Item = impl Into<String>>,
        (name, member): (&str, Tree<T>),
    ) -> Self {
        let actions = actions.into_iter().map(|action| Tree::Text(action.into().into()));
        let members = [
            ("Effect", Tree::Text("Allow".to_owned().into())),
            ("Action", Tree::List(actions.collect())),
            (name, member),
        ];
        Statement(members.into_iter().map(|(name, member)| (name.to_owned(), member)).collect())
    }
}

impl Statement {
    /// The statement as JSON.
    pub fn json(&self) -> Json {
        self.0.iter().map(|(name, member)| (name.clone(), member.json())).collect()
    }
}

impl Policy {
    /// Reads a document as IAM returns it, URL-encoded.
    ///
    /// # Errors
    /// A document that is not a policy.
    pub fn decode(operation: &str, document: &str) -> Result<Self> {
        let text = percent_decode_str(document).decode_utf8();
        Policy::read(operation, &text.map_err(|why| unreadable(operation, why))?)
    }

    /// Reads a document that an operation returned.
    ///
    /// # Errors
    /// A document that is not a policy.
    pub fn read(operation: &str, document: &str) -> Result<Self> {
        let unreadable = |why: String| unreadable(operation, why);
        let json: Json = serde_json::from_str(document).map_err(|why| unreadable(why.to_string()))?;
        if !json.is_object() {
            return Err(unreadable("it is not a JSON object".to_owned()));
        }
        let statements = match json.get("Statement") {
            Some(Json::Array(statements)) => statements.clone(),
            Some(statement) => vec![statement.clone()],
            None => Vec::new(),
        };
        let members = |statement: Json| match statement {
            Json::Object(members) => Ok(members),
            _ => Err(unreadable("a statement in it is not a JSON object".to_owned())),
        };
        let statements = statements.into_iter().map(members).collect::<Result<Vec<_>>>()?;
        let named = statements.into_iter().enumerate().map(|(index, members)| named(index, members));
        Ok(Policy(named.collect()))
    }

    /// The size that IAM measures: all characters of the document but white space [aws-facts: IAM].
    pub(crate) fn size(&self) -> usize {
        self.document().chars().filter(|c| !c.is_whitespace()).count()
    }

    /// The document to send.
    pub fn document(&self) -> String {
        let statement = |(sid, statement): (&String, &Statement)| {
            let mut statement = statement.json();
            statement["Sid"] = sid.as_str().into();
            statement
        };
        json!({ "Version": "2012-10-17", "Statement": self.0.iter().map(statement).collect::<Vec<_>>() })
            .to_string()
    }
}

fn unreadable(operation: &str, why: impl std::fmt::Display) -> Error {
    Error::broken(operation, format!("AWS returned an invalid policy: {why}"))
}

/// The statement's name and its other members. Statements of others may have no `Sid`; these are numbered.
fn named(index: usize, mut members: Map<String, Json>) -> (String, Statement) {
    let sid = members.remove("Sid").and_then(|sid| sid.as_str().map(str::to_owned));
    let sid = sid.filter(|sid| !sid.is_empty()).unwrap_or_else(|| format!("statement {}", index + 1));
    (sid, Statement(members.into_iter().map(|(name, member)| canonical((name, member.into()))).collect()))
}

/// A member of a statement in canonical form.
fn canonical<T: Texts>((name, value): (String, Tree<T>)) -> (String, Tree<T>) {
    let is_set = matches!(name.as_str(), "Action" | "NotAction" | "Resource" | "NotResource");
    let value = if is_set { sorted(value) } else { plain(value) };
    (name, value)
}

/// A set as a sorted list. What is unknown comes last, in the order of its references.
fn sorted<T: Texts>(value: Tree<T>) -> Tree<T> {
    let mut items = match value {
        Tree::List(items) => items,
        single => vec![single],
    };
    if items.len() > 1 {
        items.sort_by_cached_key(|item| {
            (item.has_templates(), serde_json::to_string(item).unwrap_or_default())
        });
        items.dedup();
    }
    Tree::List(items)
}

/// Lists of one as the one, lists of more sorted: principals and condition values are sets to IAM as well.
fn plain<T: Texts>(value: Tree<T>) -> Tree<T> {
    match value {
        Tree::Map(members) => {
            Tree::Map(members.into_iter().map(|(key, value)| (key, plain(value))).collect())
        }
        Tree::List(mut items) if items.len() == 1 => items.remove(0),
        Tree::List(_) => sorted(value),
        // Conditions take `true` and `"true"` alike, and IAM returns the text.
        Tree::Bool(flag) => Tree::Text(flag.to_string().into()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ResourceId, Text, resolve, unresolved};

    #[test]
    fn what_means_the_same_reads_the_same() {
        let one = Policy::read(
            "",
            r#"{"Version":"2012-10-17","Statement":{"Sid":"a","Effect":"Allow","Action":"s3:Get*","Resource":["b","a"],
               "Principal":{"Service":["lambda.amazonaws.com"]},"Condition":{"Bool":{"aws:SecureTransport":true}}}}"#,
        );
        let two = Policy::decode(
            "",
            "%7B%22Statement%22%3A%5B%7B%22Resource%22%3A%5B%22a%22%2C%22b%22%5D%2C%22Action%22%3A%5B%22s3%3AGet%2A%22%5D\
             %2C%22Effect%22%3A%22Allow%22%2C%22Sid%22%3A%22a%22%2C%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com\
             %22%7D%2C%22Condition%22%3A%7B%22Bool%22%3A%7B%22aws%3ASecureTransport%22%3A%22true%22%7D%7D%7D%5D%7D",
        );
        assert_eq!(one, two);
        assert!(one.is_ok());
    }

    #[test]
    fn a_document_reads_back_as_it_was() {
        let text = r#"{"Statement":[{"Effect":"Deny","Action":["b:B","a:A"],"Resource":"*"},{"Sid":"x","Effect":"Allow",
                       "NotAction":"c:C","Resource":"*"}]}"#;
        let policy = Policy::read("", text).expect("a policy");
        assert_eq!(policy.0.keys().collect::<Vec<_>>(), ["statement 1", "x"]);
        assert_eq!(Policy::read("", &policy.document()), Ok(policy));
        assert!(Policy::read("", "{").is_err());
    }

    #[test]
    fn what_is_unknown_comes_last_and_is_sorted_once_it_is_known() {
        let arn = Text::reference(&ResourceId::new("table", "t"), "arn");
        let texts = [arn, "b".into(), "a".into()].map(Tree::Text);
        let members = [("Resource".to_owned(), Tree::List(texts.into()))];
        let policy = Policy([("x".to_owned(), Statement(members.into()))].into());
        let read = |json: &Json| {
            let policy = Policy::<Text>::deserialize(json).expect("a policy");
            serde_json::to_value(policy).expect("JSON")
        };
        let normal = read(&serde_json::to_value(policy).expect("JSON"));
        let resources = normal["x"]["Resource"].as_array().expect("a list");
        assert_eq!(resources[..2], [json!("a"), json!("b")]);
        assert!(unresolved(&resources[2]).is_some());
        let resolved = read(&resolve(&normal, &|_| Some("aa")));
        assert_eq!(resolved["x"]["Resource"], json!(["a", "aa", "b"]));
        // What is sent can have no reference.
        assert_eq!(
            Policy::<String>::deserialize(&normal).map_err(|error| error.to_string()),
            Err("the arn of table t is still unknown".to_owned())
        );
    }
}
