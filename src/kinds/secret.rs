//! Secrets of Secrets Manager.

mod change;
mod observe;
mod policy;
pub mod section;

use self::change::{create, delete, put, update};
use self::observe::{describe, read, tags_of};
use super::apart::HAS_POLICY;
use super::read_each;
use crate::aws::tags::{STACK, Tags};
use crate::aws::{Clients, Context, Error, Result, Service};
use crate::elsewhere::secrets::SECRETS_MANAGER;
use crate::kind::{
    AdoptedBy, Features, Kind, Observation, ObservedOf, ObservedOption, On, Output, OwnListing, Owned,
    Parent, Permission, Tagging, TakesValue, Task, UpdateOf, When, Which,
};
use crate::model::{ResourceId, Texts};
use crate::policy::Policy;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

/// A secret.
pub struct Secret;

/// The desired state of a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Texts")]
pub struct Spec<T = String> {
    /// The value, where the stack file gives it. Of an observed secret it is the desired one, or else only a note that it is
    /// another.
    pub value: Option<T>,
    /// How a value is made where there is none. An observed secret that has a value has what is desired here.
    pub generate: Option<Generate>,
    /// The description.
    pub description: T,
    /// The key that encrypts it, unless that is AWS's own for Secrets Manager.
    pub kms_key: Option<String>,
    /// Whom it admits.
    pub resource_policy: Policy<T>,
    /// Until when a secret can be restored whose deletion is scheduled; that of a desired one is not.
    pub scheduled_for_deletion: Option<String>,
    /// The tags that are compared.
    pub tags: Tags<T>,
}

/// What AWS makes a password of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "AWS's own names")]
pub struct Generate {
    pub length: i64,
    pub exclude_characters: String,
    pub exclude_numbers: bool,
    pub exclude_punctuation: bool,
    pub exclude_uppercase: bool,
    pub exclude_lowercase: bool,
    pub include_space: bool,
    pub require_each_included_type: bool,
}

/// The attributes of a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {
    /// The name.
    pub name: String,
    /// The ARN, which ends in six characters of AWS's own.
    pub arn: String,
}

/// For how many days a secret can be restored, where its tag does not say.
const RECOVERY_DAYS: i64 = 7;

const ANY: On = On::new("ReadSecret", Secret::NAME, Which::Any, &[Secret::ARN]);
const DECLARED: On = On::new("Secrets", Secret::NAME, Which::Declared, &[Secret::ARN]);
const OWNED: On = On::new("MarkedSecrets", Secret::NAME, Which::Owned(""), &[Secret::ARN]);
/// Any key, as long as Secrets Manager uses it: the stack file may name an alias, to which no statement applies.
const KEYS: On = On::new(
    "KeysOfSecrets",
    Secret::NAME,
    Which::With("kms_key"),
    &["arn:{partition}:kms:{region}:{account}:key/{name}"],
)
.only("kms:ViaService", "secretsmanager.{region}.{dns}");

impl Kind for Secret {
    const NAME: &'static str = "secret";
    const SERVICE: &'static Service = &SECRETS_MANAGER;
    const SENSITIVE: &'static [&'static str] = &["value"];
    const DATA: Option<&'static str> = Some("its value");
    const SECTION: &'static str = "secrets";
    /// AWS adds six characters to the name [aws-facts-services: 10].
    const ARN: &'static str = "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-??????";
    const PERMISSIONS: &'static [Permission] = &[
        Permission::same("secretsmanager:DescribeSecret", Task::READ, &ANY).when(When::DECLARED),
        // A stack that no longer has a policy is deployed with the deploy policy of when it had one.
        Permission::same("secretsmanager:GetResourcePolicy", Task::READ, &ANY).when(HAS_POLICY),
        Permission::of(
            "secretsmanager:CreateSecret",
            Task::CHANGE,
            &[
                ("secretsmanager:CreateSecret", &DECLARED),
                ("secretsmanager:TagResource", &DECLARED),
                ("kms:GenerateDataKey", &KEYS),
                ("kms:Decrypt", &KEYS),
            ],
        )
        .when(When::DECLARED),
        Permission::same("secretsmanager:GetRandomPassword", Task::CHANGE, &On::EVERYTHING)
            .when(When::Some(|spec| spec["generate"].is_object())),
        Permission::same("secretsmanager:UpdateSecret", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("secretsmanager:PutSecretValue", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("secretsmanager:RestoreSecret", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("secretsmanager:TagResource", Task::CHANGE, &DECLARED).when(When::DECLARED),
        Permission::same("secretsmanager:UntagResource", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("secretsmanager:PutResourcePolicy", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("secretsmanager:DeleteResourcePolicy", Task::CHANGE, &DECLARED).when(HAS_POLICY),
        Permission::same("secretsmanager:DeleteSecret", Task::DELETE, &OWNED).when(When::DECLARED),
    ];
    const TAGGING: Option<Tagging> = Some(Tagging {
        resource_type: "secretsmanager:secret",
        prefix: "secret:",
        own_listing: OwnListing::Never,
    });
    const FEATURES: Features = Features {
        adopted_by: Some(AdoptedBy::Name),
        outputs: &[Output::new("secrets.NAME", "arn")],
        counted: true,
        takes_value: Some(TakesValue { is_given: |spec| spec["value"].is_string(), most: MAX_VALUE }),
        facts: |spec| {
            let source = match spec {
                spec if spec["value"].is_string() => "value of the stack file",
                spec if spec["generate"].is_object() => "generated",
                _ => "no value yet",
            };
            vec![source.to_owned()]
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, _: &[Parent]) -> Result<Observation<Self>> {
        Ok(read_each(ctx.scope.wanted(Self::NAME), |name| read(ctx, name)).await?.into())
    }

    async fn read(ctx: &Context, name: &str, _: Option<&Parent>) -> Result<ObservedOption<Self>> {
        read(ctx, name).await
    }

    fn update_note(update: &UpdateOf<Self>) -> Option<String> {
        let until = update.from.scheduled_for_deletion.as_ref()?;
        Some(format!("it was to be deleted on {until}, and is restored with its value"))
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        create(ctx, id, spec).await
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        update(ctx, observed, to).await?;
        Ok(observed.attributes.clone())
    }

    async fn set_value(ctx: &Context, observed: &ObservedOf<Self>, value: &str) -> Result<()> {
        if let Some(until) = &observed.spec.scheduled_for_deletion {
            return Err(Error::state(format!(
                "it is to be deleted on {until}; run `provision up` first, which restores it"
            )));
        }
        put(ctx, &observed.id, value, None).await
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        delete(ctx, observed).await
    }

    async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
        let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
            let Some(secret) = describe(clients, &physical_id.id).await? else { return Ok(None) };
            // One whose deletion is scheduled exists no more for anybody.
            let mark = tags_of(&secret).remove(STACK).filter(|_| secret.deleted_date().is_none());
            Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
        });
        Ok(try_join_all(existing).await?.into_iter().flatten().collect())
    }
}

/// The bytes that a value can have [M: SecretStringType].
const MAX_VALUE: usize = 65_536;
