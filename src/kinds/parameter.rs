//! Parameters of Systems Manager.

mod change;
mod observe;
pub mod section;

use self::observe::{list_tags, read_all};
use crate::aws::tags::{STACK, Tags};
use crate::aws::{Clients, Context, Error, Result, Service};
use crate::elsewhere::parameters::SSM;
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, OwnListing, Owned,
    Parent, Permission, Tagging, Task, When, Which,
};
use crate::model::{ResourceId, Text, Texts};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

/// A parameter.
pub struct Parameter;

/// The desired state of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// What the value is.
    pub r#type: Type,
    /// The value, unless it is encrypted. The items of a list are separated by commas.
    pub value: Option<T>,
    /// The value where it is encrypted. Of an observed parameter it is the desired one, or else only a note that it is another.
    pub secure_value: Option<T>,
    /// How large it may be.
    pub tier: Tier,
    /// The description.
    pub description: T,
    /// What values must match.
    pub pattern: Option<String>,
    /// The key that encrypts it, unless that is AWS's own for Systems Manager.
    pub kms_key: Option<String>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// A text.
    String,
    /// Several texts.
    StringList,
    /// An encrypted text.
    SecureString,
}

/// How large a parameter may be, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// 4 KB, and free of charge.
    Standard,
    /// 8 KB.
    Advanced,
}

/// The attributes of a parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

/// The tag of an encrypted parameter that tells its value: the version, and a digest of the value of that version.
const VALUE_TAG: &str = "provision:value";

const ANY: On = On::new("ReadParameter", Parameter::NAME, Which::Any, &[Parameter::ARN]);
const DECLARED: On = On::new("Parameters", Parameter::NAME, Which::Declared, &[Parameter::ARN]);
const OWNED: On = On::new("MarkedParameters", Parameter::NAME, Which::Owned(""), &[Parameter::ARN]);
/// Any key, as long as Systems Manager uses it: the stack file may name an alias, to which no statement applies.
const KEYS: On = On::new(
    "KeysOfParameters",
    Parameter::NAME,
    Which::With("kms_key"),
    &["arn:{partition}:kms:{region}:{account}:key/{name}"],
)
.only("kms:ViaService", "ssm.{region}.{dns}");

impl Kind for Parameter {
    const NAME: &'static str = "parameter";
    const SERVICE: &'static Service = &SSM;
    /// [M: HierarchyTypeMismatchException]
    const IMMUTABLE: &'static [&'static str] = &["type"];
    const SENSITIVE: &'static [&'static str] = &["secure_value"];
    const SECTION: &'static str = "parameters";
    /// The ARN of `/a/b` is `parameter/a/b`, that of `a` is `parameter/a` [aws-facts-services: 10].
    const ARN: &'static str = "arn:{partition}:ssm:{region}:{account}:parameter/{path}";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("ssm:GetParameters", Task::READ, &ANY).when(When::DECLARED),
        // It knows no resources [DG: Service Authorization Reference].
        Permission::same("ssm:DescribeParameters", Task::READ, &On::EVERYTHING).when(When::DECLARED),
        Permission::same("ssm:ListTagsForResource", Task::READ, &ANY).when(When::DECLARED),
        Permission::of(
            "ssm:PutParameter",
            Task::CHANGE,
            &[
                ("ssm:PutParameter", &DECLARED),
                ("ssm:AddTagsToResource", &DECLARED),
                ("kms:Encrypt", &KEYS),
                ("kms:GenerateDataKey", &KEYS),
            ],
        )
        .when(When::DECLARED),
        Permission::same("ssm:AddTagsToResource", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("ssm:DeleteParameter", Task::DELETE, &OWNED).when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "ssm:parameter",
        prefix: "parameter/",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("parameters.NAME", "name")],
        counted: true,
        facts: |spec| spec["type"].as_str().map(str::to_owned).into_iter().collect(),
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        let names: Vec<&str> = ctx.scope.wanted(Self::NAME).collect();
        Ok(read_all(ctx, &names).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        Ok(read_all(ctx, &[name]).await?.pop())
    }

    fn immutable_changes(from: &Spec, to: &Spec<Text>) -> Vec<String> {
        // An advanced parameter never becomes a standard one [aws-facts-services: 10].
        let down = from.tier == Tier::Advanced && to.tier == Tier::Standard;
        down.then(|| "tier".to_owned()).into_iter().collect()
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        let mut tags = spec.tags.clone();
        tags.extend(change::value_tag(spec, 1).await?);
        let version = change::put(ctx, id, spec, Some(tags)).await?;
        observe::once_shown(ctx, id, version).await?;
        Ok(attributes(ctx, &id.name))
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        change::change(ctx, observed, to).await?;
        Ok(observed.attributes.clone())
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let delete = ctx.clients.ssm().delete_parameter().name(&observed.physical_id);
        SSM.ignore_not_found(delete.send().await)?;
        observe::once_gone(ctx, &observed.id).await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
            let mark = list_tags(clients, &physical_id.id).await?.and_then(|mut tags| tags.remove(STACK));
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

fn attributes(ctx: &Context, name: &str) -> Attributes {
    Attributes { name: name.to_owned(), arn: ctx.scope.expand(Parameter::ARN, name) }
}
