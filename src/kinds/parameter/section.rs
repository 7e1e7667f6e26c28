//! `parameters`.

use super::{Parameter, Spec, Tier, Type};
use crate::config::access::{Access, Level};
use crate::config::declared::{Declared, Referable, keyed};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::names::is_made_of;
use crate::config::section::shape::{scalar, template, text, word};
use crate::config::section::{Keyed, SOME_TEXT, Section, Shape, section};
use crate::config::{Entry, Grant, Part, Template};
use crate::kind::Kind;
use crate::kinds::hidden;
use crate::kinds::key::{kms_key, use_of};
use crate::lower::{Lower, Lowered, Size, Sizes, known_attributes, resource};
use crate::model::{Address, Resource, ResourceId, Text};
use crate::policy::Statement;
use crate::yaml::{Kind as Written, Node};
use serde_json::json;

/// The longest name, and how many levels it may have [M: PutParameter].
const MAX_NAME: usize = 1_011;
const MAX_LEVELS: usize = 15;

section! {
    /// A parameter of Systems Manager. A text or a list stands for its value alone.
    pub struct Config, checked by fits_together {
        /// The value: a text, or a list of texts without commas. `${…}` works, so a parameter can offer to others what AWS
        /// assigns. That of a `secure-string` is never shown and can refer to no other entry; write `${process.NAME}` rather
        /// than the value itself. At most 4,096 characters; in the tier `advanced` 8,192.
        value: Content = content().required("info"),
        /// By default `string`, and `string-list` for a list. AWS encrypts a `secure-string`. A change deletes the parameter
        /// and creates another one.
        kind: Option<Type> = word(&TYPES, |value| value.one_of(&TYPES)).optional().key("type"),
        /// `advanced` costs money and allows larger values. A change back to `standard` deletes the parameter and creates
        /// another one.
        tier: Tier = word(&TIERS, |value| value.one_of(&TIERS)).default(Tier::Standard),
        /// What it is for. `${…}` works.
        description: Template = template().or_empty(),
        /// A regular expression that values must match, also those that others set.
        pattern: Option<String> = text(1_024).optional(),
        /// A key in KMS that encrypts a `secure-string`: its ARN or alias. By default, and with `aws`, it is AWS's own key for
        /// Systems Manager.
        kms_key: Option<String> = kms_key(OWN_KEY).optional(),
    }
}

/// AWS's own key for Systems Manager.
pub(super) const OWN_KEY: &str = "alias/aws/ssm";

const TYPES: [(&str, Type); 3] =
    [("string", Type::String), ("string-list", Type::StringList), ("secure-string", Type::SecureString)];
const TIERS: [(&str, Tier); 2] = [("standard", Tier::Standard), ("advanced", Tier::Advanced)];

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(Template),
    /// Several texts.
    List(Vec<Template>),
}

impl Content {
    fn templates(&self) -> Vec<&Template> {
        match self {
            Content::Text(text) => vec![text],
            Content::List(items) => items.iter().collect(),
        }
    }
}

impl Config {
    /// The type: by default what the value is.
    pub fn r#type(&self) -> Type {
        self.kind.unwrap_or(match self.value {
            Content::Text(_) => Type::String,
            Content::List(_) => Type::StringList,
        })
    }
}

impl Declared for Parameter {
    const ABOUT: &'static str = "Parameters of Systems Manager. The key is the parameter's name in AWS. A path gets the \
                                 environment as its first level: `/shop/level` becomes `/dev/shop/level`. `${…}` names a path in \
                                 quotes: `${parameters[\"/shop/level\"].arn}`.";
    const REFERENCES: &'static [Referable] = &[Referable::known("name"), Referable::known("arn")];
    const PATHS: bool = true;
    const ACCESS: Option<&'static Access> = Some(&ACCESS);
    type Config = Config;

    fn section() -> Shape<Vec<Entry<Config>>> {
        keyed()
    }

    fn templates(parameter: &Entry<Config>) -> Vec<&Template> {
        parameter.value.templates().into_iter().chain([&parameter.description]).collect()
    }

    fn hides(entry: &Node, field: &str) -> bool {
        field == "value" && is_secure(entry)
    }

    fn instead_of(address: &Address, name: &str) -> Option<&'static str> {
        let Address::Parameter(read) = address else { return None };
        let is_it = read.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
        is_it.then_some("write the value itself, or give `access` to `KEY` and read it where it is needed")
    }
}

/// Whether the entry, as it is written, is encrypted.
fn is_secure(entry: &Node) -> bool {
    entry.get("type").and_then(Node::text) == Some("secure-string")
}

impl Keyed for Config {
    const WHAT: &'static str = "parameter";

    fn pattern() -> String {
        "^(/[A-Za-z0-9_.-]+)+$|^[A-Za-z0-9_.-]+$".to_owned()
    }

    fn short() -> Option<Shape<Self>> {
        let plain = |value| Config {
            value,
            kind: None,
            tier: Tier::Standard,
            description: Template::default(),
            pattern: None,
            kms_key: None,
        };
        Some(content().map(plain))
    }

    fn check_key(value: Value) -> bool {
        let key = value.key.text.as_str();
        let levels: Vec<&str> = key.strip_prefix('/').unwrap_or(key).split('/').collect();
        let reserved = levels[0].to_lowercase();
        let problem = if !levels.iter().all(|level| is_made_of(level, "_.-")) {
            "use letters, digits, `_`, `.` and `-`, and in a path `/` before each level"
        } else if levels.len() > 1 && !key.starts_with('/') {
            "a name with several levels begins with `/`"
        } else if levels.len() > MAX_LEVELS {
            "AWS allows 15 levels"
        // [M: PutParameter]
        } else if reserved.starts_with("aws") || reserved.starts_with("ssm") {
            "names that begin with `aws` or `ssm` are reserved"
        } else if value.cx.scope.names.prefixed(key).len() > MAX_NAME {
            "AWS allows 1,011 characters"
        } else {
            return true;
        };
        value.fail_key::<()>(format!("invalid parameter name `{key}`"), help(problem)).is_some()
    }
}

/// A value: a text or a list of texts.
fn content() -> Shape<Content> {
    let schema = json!({ "oneOf": [scalar(), { "type": "array", "items": scalar(), "minItems": 1 }] });
    Shape::new(schema, |value| match value.node.kind {
        Written::List(_) => {
            let items = value.list(|item| part(item, true))?;
            if items.is_empty() {
                return value.fail("a list needs an item", None);
            }
            Some(Content::List(items))
        }
        _ => part(value, false).map(Content::Text),
    })
}

/// A text as AWS takes it [M: PutParameter].
fn part(value: Value, of_list: bool) -> Option<Template> {
    let text = value.template()?;
    let said: String = text.parts.iter().map(known).collect();
    if said.is_empty() {
        return value
            .fail("a parameter cannot be empty", help("remove it, or write a text that stands for nothing"));
    }
    if of_list && said.contains(',') {
        return value
            .fail("an item of a list cannot contain a comma", help("AWS separates the items with commas"));
    }
    if said.contains("{{") && said.contains("}}") {
        let message = "a parameter cannot contain `{{…}}`: AWS takes it for the name of another parameter";
        return value.fail(message, None);
    }
    Some(text)
}

/// What a part says, as far as it is known.
fn known(part: &Part) -> &str {
    match part {
        Part::Text(text) => text,
        _ => SOME_TEXT,
    }
}

fn fits_together(parameter: &<Config as Section>::Decoded, fields: &mut Fields) {
    let (Some(value), Some(kind)) = (&parameter.value, parameter.kind) else { return };
    let is_list = matches!(value, Content::List(_));
    let secure = kind == Some(Type::SecureString);
    let fits = kind.is_none_or(|kind| (kind == Type::StringList) == is_list);
    if !fits {
        let message = if is_list { "a list has the type `string-list`" } else { "a `string-list` is a list" };
        fields.fail_at(
            "type",
            message.to_owned(),
            help(if is_list { "remove this" } else { "write `value: [a, b]`" }),
        );
    }
    if !secure && matches!(parameter.kms_key, Some(Some(_))) {
        let message = "only a parameter of the type `secure-string` is encrypted".to_owned();
        fields.fail_at("kms_key", message, help("write `type: secure-string`, or remove this"));
    }
    if secure {
        for text in value.templates() {
            hidden::check(text, "value", fields);
        }
    }
}

impl Lowered for Parameter {
    fn lower(parameter: &Entry<Config>, lower: &mut Lower) {
        let id = lower.id(Self::NAME, &parameter.name);
        let arn = lower.scope.expand(Self::ARN, &id.name);
        let Config { value, kind: _, tier, description, pattern, kms_key } = &**parameter;
        let r#type = parameter.r#type();
        let text = match value {
            Content::Text(text) => lower.template(text),
            Content::List(items) => {
                let items = items.iter().map(|item| lower.template(item));
                Text::join(items.enumerate().flat_map(|(at, item)| {
                    let comma: Text = if at == 0 { "" } else { "," }.into();
                    [comma, item]
                }))
            }
        };
        let is_secure = r#type == Type::SecureString;
        let (value, secure_value) = if is_secure { (None, Some(text)) } else { (Some(text), None) };
        let spec = Spec {
            r#type,
            value,
            secure_value,
            tier: *tier,
            description: lower.template(description),
            pattern: pattern.clone(),
            kms_key: kms_key.clone().filter(|key| key != OWN_KEY),
            tags: lower.tags(&id),
        };
        let known_attributes = known_attributes(&id, arn);
        let parameter = resource::<Parameter>(id, parameter.at, &spec);
        lower.resources.push(Resource { known_attributes, ..parameter });
    }

    /// Systems Manager asks KMS in the name of who reads or writes [aws-facts-services: 10]. AWS's own key admits them by itself.
    fn use_of_key(parameter: &Entry<Config>, grant: &Grant, lower: &Lower) -> Option<Statement<Text>> {
        let key = parameter.kms_key.as_deref().filter(|key| *key != OWN_KEY)?;
        let may = |action: &str| grant.allows(&format!("ssm:{action}"));
        let reads = may("GetParameter")
            || may("GetParameters")
            || may("GetParametersByPath")
            || may("GetParameterHistory");
        // Advanced ones have a data key of their own [DG: How Parameter Store uses KMS].
        let writes = if parameter.tier == Tier::Advanced { "kms:GenerateDataKey" } else { "kms:Encrypt" };
        let actions = [reads.then_some("kms:Decrypt"), may("PutParameter").then_some(writes)];
        use_of(key, actions.into_iter().flatten(), Some("ssm"), lower)
    }

    fn check_sizes(parameter: &Entry<Config>, sizes: &mut Sizes) {
        let id = ResourceId::new(Parameter::NAME, sizes.identity.named(Parameter::NAME, &parameter.name));
        let desired = sizes.shortest(&id);
        let value = desired["value"].as_str().or(desired["secure_value"].as_str());
        let (limit, way) = match parameter.tier {
            Tier::Standard => {
                (4_096, "write `tier: advanced`, which costs money and allows 8,192, or shorten it")
            }
            Tier::Advanced => (8_192, "shorten it, or keep it in a secret or a table"),
        };
        let size = value.map_or(0, |text| text.chars().count());
        let value = Size { what: format!("the value of {id}"), size, unit: "characters", limit };
        let description = Size::of_description(&id, &desired, 1_024);
        sizes.check(parameter.at, value, way);
        sizes.check(parameter.at, description, "shorten it: placeholders count with their values");
    }
}

/// The access levels, and every other action that Systems Manager checks against a parameter.
static ACCESS: Access = Access {
    service: "ssm",
    what: "action on parameters",
    levels: &[
        Level { name: "read", actions: &[&["GetParameter", "GetParameters"]], misspelt: &["get"] },
        Level { name: "write", actions: &[&["PutParameter"]], misspelt: &["put", "set"] },
    ],
    others: &[
        "AddTagsToResource",
        "DeleteParameter",
        "DeleteParameters",
        "GetParameterHistory",
        "GetParametersByPath",
        "LabelParameterVersion",
        "ListTagsForResource",
        "RemoveTagsFromResource",
        "UnlabelParameterVersion",
    ],
    ..Access::NONE
};
