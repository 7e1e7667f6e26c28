//! `secrets`.

use super::{Generate, MAX_VALUE, Secret, Spec, policy};
use crate::aws::tags;
use crate::config::access::{Access, Level};
use crate::config::declared::{Declared, Referable, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::NameRule;
use crate::config::policy::{private_resource_policy, templates_of};
use crate::config::section::shape::{duration, flag, mapping, number, part, scalar, template, text};
use crate::config::section::{Keyed, Section, Shape, section};
use crate::config::{self, Entry, Grant, Json, Template};
use crate::kind::Kind;
use crate::kinds::hidden;
use crate::kinds::key::{as_named, kms_key, use_of};
use crate::lower::{Lower, Lowered, Size, Sizes, resource};
use crate::model::{Address, Resource, ResourceId, Text};
use crate::policy::{Statement, Tree};
use crate::yaml::Kind as Written;
use serde_json::json;

/// The names that AWS takes [recorded: secretsmanager, invalid_secret_name].
const NAME: NameRule = NameRule { what: "secret", others: "-/_+=.@!", min: 1, max: 512, because: "" };

/// AWS's own key for Secrets Manager.
pub(super) const OWN_KEY: &str = "alias/aws/secretsmanager";

/// For how long a secret can be restored [M: DeleteSecret].
const WEEK: i64 = 7 * DAY;
const MONTH: i64 = 30 * DAY;
const DAY: i64 = 24 * 3_600;

section! {
    /// A secret of Secrets Manager. Without `value` and `generate` it has no value until `provision secret set NAME` gives it
    /// one.
    pub struct Config, checked by fits_together {
        /// The value: a text, or a mapping, which is stored as JSON. It is never shown and never read again, and can refer to no
        /// other entry; write `${process.NAME}` rather than the value itself. A value that somebody else sets is replaced.
        value: Option<Content> = content().optional().sensitive().excludes(&["generate"]),
        /// A password that AWS makes up when the secret is created, and never again: a value that it has stays.
        generate: Option<Password> = part("generate", Password::ABOUT, mapping()).optional(),
        /// For how long the secret can be restored once it is deleted: 7 to 30 days. `up` restores it. The local cloud deletes
        /// it at once.
        recovery: i64 = duration(WEEK..=MONTH).refine(whole_days).default(WEEK).shown_as("7 days"),
        /// What it is for. `${…}` works.
        description: Template = template().or_empty(),
        /// A key in KMS that encrypts the value: its ARN or alias. By default, and with `aws`, it is AWS's own key for Secrets
        /// Manager.
        kms_key: Option<String> = kms_key(OWN_KEY).optional(),
        /// Whom the secret admits besides this account, in IAM's own syntax. AWS refuses a policy that admits everybody. The whole
        /// policy is the stack's: what others add to it is removed.
        resource_policy: Vec<config::Statement> = private_resource_policy().or_empty(),
    }
}

section! {
    /// How AWS makes up a password.
    pub struct Password, checked by leaves_something {
        /// How many characters it has.
        length: i64 = number("characters", 1..=4_096).default(32),
        /// Characters that it does not have.
        exclude_characters: Option<String> = text(4_096).optional(),
        /// No digits.
        exclude_numbers: bool = flag().default(false),
        /// No punctuation.
        exclude_punctuation: bool = flag().default(false),
        /// No uppercase letters.
        exclude_uppercase: bool = flag().default(false),
        /// No lowercase letters.
        exclude_lowercase: bool = flag().default(false),
        /// Also blanks.
        include_space: bool = flag().default(false),
        /// At least one character of each sort that it may have.
        require_each_included_type: bool = flag().default(true),
    }
}

/// The value of a secret.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(Template),
    /// A mapping, stored as JSON.
    Json(Json),
}

impl Content {
    fn templates(&self) -> Vec<&Template> {
        match self {
            Content::Text(text) => vec![text],
            Content::Json(json) => json.templates(),
        }
    }
}

impl Declared for Secret {
    const ABOUT: &'static str = "Secrets of Secrets Manager. The key is the secret's name in AWS.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::assigned("arn")];
    const PATHS: bool = true;
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn templates(secret: &Entry<Config>) -> Vec<&Template> {
        let value = secret.value.iter().flat_map(Content::templates);
        value.chain([&secret.description]).chain(templates_of(&secret.resource_policy)).collect()
    }

    fn instead_of(address: &Address, name: &str) -> Option<&'static str> {
        let Address::Secret { id, .. } = address else { return None };
        (id == name).then_some(
            "give `access` to `KEY` and the function its name, `${secrets.KEY.name}`, to read it with",
        )
    }
}

impl Keyed for Config {
    const WHAT: &'static str = NAME.what;

    fn pattern() -> String {
        NAME.pattern()
    }

    fn check_key(value: Value) -> bool {
        NAME.check(value)
    }
}

fn content() -> Shape<Content> {
    let schema = json!({ "oneOf": [scalar(), { "type": "object", "minProperties": 1 }] });
    Shape::new(schema, |value| match &value.node.kind {
        Written::Map(members) if members.is_empty() => value
            .fail("`value` is empty", help("remove it, and set the value with `provision secret set NAME`")),
        Written::Map(_) => value.json().map(Content::Json),
        Written::Plain(text) | Written::Text(text) if text.is_empty() => value
            .fail("`value` is empty", help("remove it, and set the value with `provision secret set NAME`")),
        _ => value.template().map(Content::Text),
    })
}

fn whole_days(value: Value, seconds: i64) -> Option<i64> {
    if seconds % DAY == 0 {
        return Some(seconds);
    }
    value.fail("`recovery` is a number of whole days", help("write for example `7 days`"))
}

fn fits_together(secret: &<Config as Section>::Decoded, fields: &mut Fields) {
    let Some(Some(value)) = &secret.value else { return };
    value.templates().into_iter().for_each(|text| hidden::check(text, "value", fields));
    if matches!(secret.generate, Some(Some(_))) {
        let message = "a secret has a `value` or is generated, not both";
        fields.fail_at("generate", message, help("remove one of the two"));
    }
}

fn leaves_something(password: &<Password as Section>::Decoded, fields: &mut Fields) {
    let excluded = [
        password.exclude_numbers,
        password.exclude_punctuation,
        password.exclude_uppercase,
        password.exclude_lowercase,
    ];
    let sorts = excluded.iter().filter(|excluded| **excluded == Some(false)).count();
    if sorts == 0 {
        fields.fail_at(
            "exclude_lowercase",
            "nothing is left of which a password can be made",
            help("exclude less"),
        );
        return;
    }
    let each = password.require_each_included_type == Some(true);
    let sorts = sorts + usize::from(password.include_space == Some(true));
    if each && password.length.is_some_and(|length| length < i64::try_from(sorts).unwrap_or(i64::MAX)) {
        let message = format!("a password with a character of each of {sorts} sorts has at least {sorts}");
        fields.fail_at(
            "length",
            message,
            help("write `require_each_included_type: false`, or make it longer"),
        );
    }
}

/// A tree as JSON. Nothing in it is left to be known.
fn known(tree: &Tree<Text>) -> serde_json::Value {
    match tree {
        Tree::Null => serde_json::Value::Null,
        Tree::Bool(flag) => (*flag).into(),
        Tree::Number(number) => number.clone().into(),
        Tree::Text(text) => known_text(text).into(),
        Tree::List(items) => items.iter().map(known).collect(),
        Tree::Map(members) => members.iter().map(|(key, member)| (key.clone(), known(member))).collect(),
    }
}

/// A hidden text refers to names alone, so it is known.
fn known_text(text: &Text) -> String {
    match text {
        Text::Known(text) => text.clone(),
        Text::Template(_) => String::new(),
    }
}

impl Lowered for Secret {
    fn lower(secret: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &secret.name);
        let Config { value, generate, recovery, description, kms_key, resource_policy } = &**secret;
        let value = value.as_ref().map(|value| match value {
            Content::Text(text) => known_text(&lower.template(text)),
            Content::Json(json) => known(&lower.json(json)).to_string(),
        });
        let mut tags = lower.tags(&id);
        tags.insert(tags::RECOVERY.to_owned(), (recovery / DAY).to_string().into());
        // Its ARN is known only once it exists, and a policy of a secret is about no other one [DG: Secrets Manager].
        let resource_policy = lower.resource_policy(resource_policy, "*");
        let apart = policy::named(&resource_policy).map(|names| (tags::APART.to_owned(), names.into()));
        tags.extend(apart);
        let key = kms_key.as_ref().map(|key| as_named(key, lower.scope));
        let spec = Spec {
            value: value.map(Text::from),
            generate: generate.as_ref().map(Password::spec),
            description: lower.template(description),
            kms_key: key.filter(|key| key != OWN_KEY),
            resource_policy,
            scheduled_for_deletion: None,
            tags,
        };
        let known_attributes = [("name", id.name.clone())].into_iter().collect();
        let secret = resource::<Secret>(id, secret.at, &spec);
        lower.resources.push(Resource { known_attributes, ..secret });
    }

    /// Secrets Manager asks KMS in the name of who reads or writes [aws-facts-services: 10]. AWS's own key admits them by itself.
    fn use_of_key(secret: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = secret.kms_key.as_deref().filter(|key| *key != OWN_KEY)?;
        let may = |action: &str| grant.allows(&format!("secretsmanager:{action}"));
        let writes = may("PutSecretValue") || may("UpdateSecret");
        let reads = writes || may("GetSecretValue");
        let actions = [reads.then_some("kms:Decrypt"), writes.then_some("kms:GenerateDataKey")];
        use_of(key, actions.into_iter().flatten(), Some("secretsmanager"), lower)
    }

    fn check_sizes(secret: &Entry<Config>, sizes: &mut Sizes) {
        let id = ResourceId::new(Secret::NAME, sizes.identity.named(Secret::NAME, &secret.name));
        let desired = sizes.shortest(&id);
        let size = desired["value"].as_str().map_or(0, str::len);
        let value = Size { what: format!("the value of {id}"), size, unit: "bytes", limit: MAX_VALUE };
        let description = Size::of_description(&id, &desired, 2_048);
        sizes.check(secret.place("value"), value, "keep it in a bucket, and its key here");
        sizes.check(
            secret.place("description"),
            description,
            "shorten it: placeholders count with their values",
        );
        sizes.check_resource_policy(&id, secret.place("resource_policy"));
    }
}

impl Password {
    fn spec(&self) -> Generate {
        let Password {
            length,
            exclude_characters,
            exclude_numbers,
            exclude_punctuation,
            exclude_uppercase,
            exclude_lowercase,
            include_space,
            require_each_included_type,
        } = self;
        Generate {
            length: *length,
            exclude_characters: exclude_characters.clone().unwrap_or_default(),
            exclude_numbers: *exclude_numbers,
            exclude_punctuation: *exclude_punctuation,
            exclude_uppercase: *exclude_uppercase,
            exclude_lowercase: *exclude_lowercase,
            include_space: *include_space,
            require_each_included_type: *require_each_included_type,
        }
    }
}

/// The access levels, and every other action that Secrets Manager checks against a secret.
static ACCESS: Access = Access {
    service: "secretsmanager",
    what: "action on secrets",
    levels: &[
        Level { name: "read", actions: &[&["GetSecretValue"]], misspelt: &["get"] },
        Level { name: "write", actions: &[&["PutSecretValue"]], misspelt: &["put", "set"] },
    ],
    others: &[
        "CancelRotateSecret",
        "CreateSecret",
        "DeleteResourcePolicy",
        "DeleteSecret",
        "DescribeSecret",
        "GetResourcePolicy",
        "ListSecretVersionIds",
        "PutResourcePolicy",
        "RemoveRegionsFromReplication",
        "ReplicateSecretToRegions",
        "RestoreSecret",
        "RotateSecret",
        "StopReplicationToReplica",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
        "ValidateResourcePolicy",
    ],
    ..Access::NONE
};
