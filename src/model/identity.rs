//! The identity of a stack, where it is deployed, and the names of its resources.

use super::Desired;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

/// A stack's identity: its name, and its environment where it has one. Written `<stack>` or `<stack>/<env>`; this
/// exact text is the value of the tag `provision:stack`, and ownership is equality with it, never a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The key `stack` of the stack file.
    pub stack: String,
    /// The value of `--env`.
    pub environment: Option<String>,
    /// What the names of its resources begin with. The identity of a tag has the usual one.
    pub prefix: String,
    /// The names of the entries whose key it is not, by kind and key. The identity of a tag has none.
    pub renamed: Renamed,
}

/// Names by kind and key.
pub type Renamed = BTreeMap<&'static str, BTreeMap<String, AwsName>>;

/// The name that an entry has in AWS, where that is not its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AwsName {
    /// The name of a resource of the stack, without the prefix. `{account}` and `{region}` in it stand for where that is.
    Own(String),
    /// The whole name of a resource of others.
    Existing(String),
}

impl Identity {
    /// The identity of a stack whose environment has the usual prefix.
    pub fn new(stack: impl Into<String>, environment: Option<String>) -> Self {
        let prefix = environment.as_deref().map(Identity::usual_prefix).unwrap_or_default();
        Identity { stack: stack.into(), environment, prefix, renamed: Renamed::new() }
    }

    /// The prefix of an environment whose stack file gives no other one.
    pub fn usual_prefix(environment: &str) -> String {
        format!("{environment}-")
    }

    /// The identity that the tag `provision:stack` holds.
    pub fn of(tag: &str) -> Self {
        let (stack, environment) = tag.split_once('/').map_or((tag, None), |(a, b)| (a, Some(b)));
        Identity::new(stack, environment.map(str::to_owned))
    }

    /// The name that a resource has in AWS.
    pub fn prefixed(&self, name: &str) -> String {
        prefixed(&self.prefix, name)
    }

    /// The name that the entry of a kind with this key has in AWS, see [`Scope::named`].
    pub fn named(&self, kind: &str, key: &str) -> String {
        match self.renamed.get(kind).and_then(|names| names.get(key)) {
            None => self.prefixed(key),
            Some(AwsName::Own(name)) => self.prefixed(name),
            Some(AwsName::Existing(name)) => name.clone(),
        }
    }

    /// The key in the stack file of the resource with this name in AWS; of one that it does not declare, the name without the
    /// prefix.
    pub fn key<'a>(&'a self, kind: &str, name: &'a str) -> &'a str {
        let name = unprefixed(&self.prefix, name);
        let mut renamed = self.renamed.get(kind).into_iter().flatten();
        let is_it = |other: &AwsName| matches!(other, AwsName::Own(own) if is_made_of(own, name));
        renamed.find(|(_, other)| is_it(other)).map_or(name, |(key, _)| key)
    }
}

/// A name with a prefix. A path gets it as its first level: `/shop/level` becomes `/dev/shop/level`.
pub(crate) fn prefixed(prefix: &str, name: &str) -> String {
    match level(prefix) {
        Some(level) if name.starts_with('/') => format!("/{level}{name}"),
        None if name.starts_with('/') => name.to_owned(),
        _ => format!("{prefix}{name}"),
    }
}

/// The name without the prefix, where it has that.
fn unprefixed<'a>(prefix: &str, name: &'a str) -> &'a str {
    match name.strip_prefix('/') {
        Some(path) => {
            let rest = level(prefix).and_then(|level| path.strip_prefix(level));
            rest.filter(|rest| rest.starts_with('/')).unwrap_or(name)
        }
        None => name.strip_prefix(prefix).unwrap_or(name),
    }
}

/// The text before an ending; `{account}` and `{region}` in the ending stand for any.
pub(crate) fn without_ending<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let Some((start, rest)) = ending.split_once("{account}") else { return name.strip_suffix(ending) };
    let (between, end) = rest.split_once("{region}")?;
    let place = name.strip_suffix(end)?;
    place.match_indices(between).find_map(|(at, _)| {
        super::check_region(&place[at + between.len()..]).ok()?;
        let (key, account) = place[..at].split_at_checked(at.checked_sub(12)?)?;
        key.strip_suffix(start).filter(|_| account.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Whether a name is made of a pattern with `{account}` and `{region}`.
fn is_made_of(pattern: &str, name: &str) -> bool {
    match pattern.find('{') {
        None => pattern == name,
        Some(_) => {
            let (key, ending) = pattern.split_at(pattern.find("-{account}").unwrap_or(pattern.len()));
            without_ending(name, ending) == Some(key)
        }
    }
}

/// The first level of the paths of an environment.
fn level(prefix: &str) -> Option<&str> {
    Some(prefix.trim_end_matches(['-', '_'])).filter(|level| !level.is_empty())
}

/// The name in the text that stands in an ARN for the end of a pattern: the opposite of [`Scope::expand`].
pub(crate) fn name_in_arn<'a>(pattern: &str, text: &'a str) -> Cow<'a, str> {
    if pattern.ends_with("{path}") && text.contains('/') {
        return format!("/{text}").into();
    }
    let ending = pattern.rsplit_once("{name}").map_or(0, |(_, ending)| ending.len());
    text.len().checked_sub(ending).and_then(|end| text.get(..end)).unwrap_or(text).into()
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.environment {
            Some(environment) => write!(f, "{}/{environment}", self.stack),
            None => f.write_str(&self.stack),
        }
    }
}

/// The logical id of a resource: a kind, and a name that is unique for the kind within the parent. The API, of which a stack
/// has one, has the empty name, so that it can be renamed in AWS and stay the same API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// The kind's name, for example `function`.
    pub kind: &'static str,
    /// The name within the kind and the parent; for most kinds the name in AWS.
    pub name: String,
    /// The parent, where the kind has one.
    pub parent: Option<Arc<ResourceId>>,
}

impl ResourceId {
    /// An id of a kind and a name.
    pub fn new(kind: &'static str, name: impl Into<String>) -> Self {
        ResourceId { kind, name: name.into(), parent: None }
    }

    /// The id of a child of this resource.
    pub fn child(&self, kind: &'static str, name: impl Into<String>) -> Self {
        ResourceId { kind, name: name.into(), parent: Some(Arc::new(self.clone())) }
    }

    /// Its name for people and programs. The API, of which a stack has one, is `api`.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() { self.kind } else { &self.name }
    }

    /// The parent.
    pub fn parent(&self) -> Option<&ResourceId> {
        self.parent.as_deref()
    }

    /// The value of the tag `provision:id`: `function.create_item`. Tags take letters, digits, spaces and `_.:/=+-@`, so
    /// the stage `$default` is `stage.default`. The parent needs no mention: a child is found in its parent.
    pub fn tag(&self) -> String {
        let legal = |c: &char| c.is_alphanumeric() || " _.:/=+-@".contains(*c);
        match self.name.as_str() {
            "" => self.kind.to_owned(),
            name => format!("{}.{}", self.kind, name.chars().filter(legal).collect::<String>()),
        }
    }
}

/// A kind's name in words.
pub fn in_words(kind: &str) -> String {
    kind.replace('_', " ")
}

/// `stage dev of api shop`. A parent without a name, and one after which the child is named, needs no mention.
impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = in_words(self.kind);
        match self.name.as_str() {
            "" => f.write_str(&kind)?,
            name => write!(f, "{kind} {name}")?,
        }
        match self.parent() {
            Some(parent) if !self.name.starts_with(&parent.name) => write!(f, " of {parent}"),
            _ => Ok(()),
        }
    }
}

/// Names by kind, each with the desired state of its resource where the stack declares it.
pub type Wanted = BTreeMap<&'static str, BTreeMap<String, Option<Arc<Desired>>>>;

/// The keys of the tags that a stack declares.
#[derive(Debug, Clone, Default)]
pub struct TagKeys {
    /// Those of every resource.
    pub all: BTreeSet<String>,
    /// Those of single resources, besides.
    pub own: BTreeMap<ResourceId, BTreeSet<String>>,
}

/// Entries by kind and key; the key of a section that is one entry is empty.
pub type Protected = BTreeSet<(&'static str, String)>;

/// Where a stack is deployed, and which of its resources to read: all that the observation of AWS needs to know of it.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Whose resources are ours.
    pub identity: Identity,
    /// The partition of the region, for example `aws` or `aws-us-gov`.
    pub partition: String,
    /// The twelve digits of the account.
    pub account: String,
    /// The region.
    pub region: String,
    /// The declared names: they are read regardless of their owner.
    pub wanted: Wanted,
    /// The keys of the tags that are compared.
    pub tag_keys: TagKeys,
    /// The names of resources of others that the stack refers to, by kind. They are read and never changed.
    pub existing: BTreeMap<&'static str, BTreeSet<String>>,
    /// What nothing may delete or replace, as the stack file says.
    pub protected: Protected,
    /// True for `down`: then the search for what we own is as wide as the services allow, and tables are read to find out
    /// whether they contain data.
    pub destroy: bool,
}

impl Scope {
    /// The path of the stack's roles. It only finds candidates: names of roles are unique in an account
    /// whatever their path.
    pub fn role_path(&self) -> String {
        let environment = self.identity.environment.as_deref().unwrap_or("_");
        format!("/provision/{}/{environment}/{}/", self.identity.stack, self.region)
    }

    /// The ARN of a resource in this account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    /// A pattern of ARNs with the stack's own values, and a name: `{partition}`, `{region}`, `{account}`, `{role_path}`, `{name}`;
    /// `{path}` is a name without the slash that it may begin with, and `{dns}` the domain of the partition.
    pub fn expand(&self, pattern: &str, name: &str) -> String {
        let mut arn = String::with_capacity(pattern.len() + name.len());
        let mut rest = pattern;
        while let Some((before, (key, after))) =
            rest.split_once('{').and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            arn += before;
            match key {
                "partition" => arn += &self.partition,
                "region" => arn += &self.region,
                "account" => arn += &self.account,
                "dns" if self.partition == "aws-cn" => arn += "amazonaws.com.cn",
                "dns" => arn += "amazonaws.com",
                "role_path" => arn += &self.role_path(),
                "name" => arn += name,
                "path" => arn += name.strip_prefix('/').unwrap_or(name),
                other => arn.extend(["{", other, "}"]),
            }
            rest = after;
        }
        arn + rest
    }

    /// The name that the entry of a kind with this key has in AWS.
    pub fn named(&self, kind: &str, key: &str) -> String {
        self.expand(&self.identity.named(kind, key), "")
    }

    /// The declared names of a kind.
    pub fn wanted(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.wanted.get(kind).into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// True if the stack declares a tag of a resource; others are not compared.
    pub fn wants_tag(&self, id: &ResourceId, key: &str) -> bool {
        let own = self.tag_keys.own.get(id);
        self.tag_keys.all.contains(key) || own.is_some_and(|keys| keys.contains(key))
    }

    /// True if a resource of this kind and name is declared.
    pub fn wants(&self, kind: &str, name: &str) -> bool {
        self.wanted.get(kind).is_some_and(|names| names.contains_key(name))
    }

    /// A field of the desired state of a declared resource, where it contains nothing that AWS has yet to assign.
    pub fn desired_field(&self, kind: &str, name: &str, field: &str) -> Option<Json> {
        let desired = self.wanted.get(kind)?.get(name)?.as_deref()?.get(field)?;
        desired.references().is_empty().then(|| desired.json())
    }

    /// The desired state of a declared resource, where it contains nothing that AWS has yet to assign.
    pub fn desired(&self, kind: &str, name: &str) -> Option<Json> {
        let desired = self.wanted.get(kind)?.get(name)?.as_deref()?;
        desired.references().is_empty().then(|| desired.json())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gets_its_prefix_and_loses_it_again() {
        for (prefix, name, prefixed) in [
            ("dev-", "level", "dev-level"),
            ("dev-", "/shop/level", "/dev/shop/level"),
            ("dev_", "/level", "/dev/level"),
            ("", "/shop/level", "/shop/level"),
            ("", "level", "level"),
        ] {
            assert_eq!(super::prefixed(prefix, name), prefixed);
            assert_eq!(unprefixed(prefix, prefixed), name);
        }
        assert_eq!(unprefixed("dev-", "/develop/level"), "/develop/level", "another path");
    }

    #[test]
    fn a_name_with_its_place_is_known_by_its_key() {
        let own = "-{account}-{region}-an";
        let of = |name| without_ending(name, own);
        assert_eq!(of("dev-pictures-123456789012-eu-west-1-an"), Some("dev-pictures"));
        assert_eq!(of("pictures-123456789012-us-gov-east-1-an"), Some("pictures"));
        for other in
            ["pictures", "pictures-an", "pictures-1234-eu-west-1-an", "x-123456789012-nowhere-an", "-an"]
        {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(without_ending("jobs.fifo", ".fifo"), Some("jobs"));
        let mut identity = Identity::new("shop", Some("dev".to_owned()));
        let name = AwsName::Own(format!("shots{own}"));
        identity.renamed.insert("bucket", [("pictures".to_owned(), name)].into());
        assert_eq!(identity.key("bucket", "dev-shots-123456789012-eu-west-1-an"), "pictures");
    }

    #[test]
    fn an_arn_names_what_it_was_made_for() {
        let of = |pattern: &str, text: &str| name_in_arn(pattern, text).into_owned();
        let parameters = "arn:{partition}:ssm:{region}:{account}:parameter/{path}";
        assert_eq!(of(parameters, "shop/level"), "/shop/level");
        assert_eq!(of(parameters, "level"), "level");
        let secrets = "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-??????";
        assert_eq!(of(secrets, "shop/db-a1B2c3"), "shop/db");
        assert_eq!(of(secrets, "db"), "db", "shorter than what AWS adds");
        assert_eq!(of("arn:{partition}:sqs:{region}:{account}:{name}", "jobs"), "jobs");
        assert_eq!(of("", "a1b2c3"), "a1b2c3");
    }
}
