//! Values that live elsewhere: which ones a stack file refers to, and what was found there.

use std::collections::BTreeMap;
use std::fmt;

/// Where a value lives that is not in the stack file. Written as in `${…}`, with all placeholders filled in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// `ssm:NAME`: a parameter of Systems Manager.
    Parameter(String),
    /// `secret:NAME` or `secret:NAME#key`: a secret of Secrets Manager, or one member of its JSON.
    Secret {
        /// Its name, or its ARN.
        id: String,
        /// The member.
        key: Option<String>,
    },
    /// `cloudformation:STACK.Output`: an output of a stack of CloudFormation.
    StackOutput {
        /// The stack's name.
        stack: String,
        /// The output's key.
        output: String,
    },
    /// `export:NAME`: an export of CloudFormation.
    Export(String),
    /// `stack:core/prod.tables.orders.arn`: an attribute of another stack of ours.
    Attribute(Attribute),
}

/// An attribute of an entry of another stack of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// The stack's name.
    pub stack: String,
    /// Its environment, where it has one.
    pub environment: Option<String>,
    /// The section of the entry.
    pub section: &'static str,
    /// The kind of the entry.
    pub kind: &'static str,
    /// The key of the entry; empty in a section that is one entry.
    pub key: String,
    /// The attribute.
    pub attribute: &'static str,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Parameter(name) => write!(f, "ssm:{name}"),
            Address::Secret { id, key: None } => write!(f, "secret:{id}"),
            Address::Secret { id, key: Some(key) } => write!(f, "secret:{id}#{key}"),
            Address::StackOutput { stack, output } => write!(f, "cloudformation:{stack}.{output}"),
            Address::Export(name) => write!(f, "export:{name}"),
            Address::Attribute(attribute) => write!(f, "stack:{attribute}"),
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attribute { stack, environment, section, key, attribute, .. } = self;
        let environment = environment.as_deref().unwrap_or("_");
        match key.as_str() {
            "" => write!(f, "{stack}/{environment}.{section}.{attribute}"),
            key if key.contains(['.', '/']) => {
                write!(f, "{stack}/{environment}.{section}[\"{key}\"].{attribute}")
            }
            key => write!(f, "{stack}/{environment}.{section}.{key}.{attribute}"),
        }
    }
}

/// What was found at an address.
#[derive(Clone, PartialEq, Eq)]
pub enum Found {
    /// A value.
    Text(String),
    /// A value that is never shown.
    Sensitive(String),
    /// Nothing, and why.
    Missing(String),
}

/// A sensitive value has no place in any message.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Found::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Found::Sensitive(_) => f.write_str("Sensitive"),
            Found::Missing(why) => f.debug_tuple("Missing").field(why).finish(),
        }
    }
}

/// What was found, by address.
pub type Values = BTreeMap<Address, Found>;
