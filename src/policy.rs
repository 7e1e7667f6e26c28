//! IAM policy documents in one canonical form, so that two that mean the same compare equal: statements by their `Sid`,
//! actions and resources as sorted lists, single-element lists elsewhere as plain values. IAM returns documents
//! URL-encoded and reordered, so text is never compared [aws-facts: IAM, TF].

use crate::aws::{Error, Result};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// A policy: its statements by `Sid`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Policy(pub BTreeMap<String, Statement>);

/// A statement: its members besides the `Sid`, in canonical form.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Statement(pub BTreeMap<String, Json>);

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let members = BTreeMap::<String, Json>::deserialize(deserializer)?;
        Ok(Statement(members.into_iter().map(canonical).collect()))
    }
}

impl Statement {
    /// The statement as JSON.
    pub fn json(&self) -> Json {
        Json::Object(self.0.clone().into_iter().collect())
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
            let sid = (("Sid").to_owned(), Json::from(sid.clone()));
            Json::Object([sid].into_iter().chain(statement.0.clone()).collect())
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
    (sid, Statement(members.into_iter().map(canonical).collect()))
}

/// A member of a statement in canonical form.
fn canonical((name, value): (String, Json)) -> (String, Json) {
    let is_set = matches!(name.as_str(), "Action" | "NotAction" | "Resource" | "NotResource");
    let value = if is_set { sorted(value) } else { plain(value) };
    (name, value)
}

fn sorted(value: Json) -> Json {
    let mut items = match value {
        Json::Array(items) => items,
        single => vec![single],
    };
    items.sort_by_key(ToString::to_string);
    items.dedup();
    Json::Array(items)
}

/// Lists of one as the one, lists of more sorted: principals and condition values are sets to IAM as well.
fn plain(value: Json) -> Json {
    match value {
        Json::Object(members) => {
            Json::Object(members.into_iter().map(|(key, value)| (key, plain(value))).collect())
        }
        Json::Array(items) if items.len() == 1 => items.into_iter().next().unwrap_or_default(),
        Json::Array(_) => sorted(value),
        // Conditions take `true` and `"true"` alike, and IAM returns the text.
        Json::Bool(flag) => Json::String(flag.to_string()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
