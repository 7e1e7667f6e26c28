//! The key in KMS that encrypts a table. DynamoDB shows the key itself, however it was named [aws-facts-services: 9]. So a tag of
//! the table holds the alias that named it, with the key that the alias led to: as long as the table has this key, the alias
//! is what names it.

use super::change::{change, ready};
use super::observe::attributes;
use super::{Table, sdk_tags};
use crate::aws::tags::{self, Tags};
use crate::aws::{Context, Result};
use crate::kind::ObservedOf;
use crate::model::Scope;
use aws_sdk_dynamodb::types::{SseSpecification, SseStatus, SseType, TableDescription};

/// AWS's own key for DynamoDB, which is in the account. Without a key, a table is encrypted with one of AWS's that is not.
pub(super) const OWN_KEY: &str = "alias/aws/dynamodb";

/// How long the id of a key is: a UUID, or `mrk-` and 32 digits.
const KEY_ID: usize = 36;
/// How long an alias can be that is kept in a tag together with the id of a key.
pub(super) const MAX_ALIAS: usize = 256 - 1 - KEY_ID;

/// What DynamoDB is sent. Its own key is not to be named [M: SSESpecification].
pub(super) fn sent(key: Option<&str>) -> SseSpecification {
    let Some(key) = key else { return SseSpecification::builder().enabled(false).build() };
    let encrypted = SseSpecification::builder().enabled(true).sse_type(SseType::Kms);
    encrypted.set_kms_master_key_id((key != OWN_KEY).then(|| key.to_owned())).build()
}

/// The ARN of the key that a table shows.
fn shown(table: &TableDescription) -> Option<&str> {
    let is_on = |status: &SseStatus| !matches!(status, SseStatus::Disabled | SseStatus::Disabling);
    let encryption = table.sse_description()?;
    encryption.status().is_none_or(is_on).then(|| encryption.kms_master_key_arn())?
}

/// An alias of this account as the stack file names it.
pub(super) fn short<'a>(key: &'a str, scope: &Scope) -> &'a str {
    let own = scope.arn("kms", "");
    key.strip_prefix(own.as_str()).filter(|key| key.starts_with("alias/")).unwrap_or(key)
}

fn is_alias(key: &str) -> bool {
    key.starts_with("alias/") || key.contains(":alias/")
}

/// The key of a table as the stack file names it.
pub(super) fn of(table: &TableDescription, tags: &Tags, scope: &Scope) -> Option<String> {
    // The local cloud shows an alias as it is sent.
    let shown = short(shown(table)?, scope);
    let marked = tags.get(tags::KEY).and_then(|mark| mark.rsplit_once(' '));
    let alias = marked.filter(|(_, id)| id_of(shown) == Some(id)).map(|(alias, _)| alias);
    Some(alias.unwrap_or(shown).to_owned())
}

fn id_of(arn: &str) -> Option<&str> {
    arn.split_once(":key/").map(|(_, id)| id)
}

/// Whether a table is being encrypted with another key.
pub(super) fn is_changing(table: &TableDescription) -> bool {
    let status = table.sse_description().and_then(|encryption| encryption.status());
    matches!(status, Some(SseStatus::Updating | SseStatus::Enabling | SseStatus::Disabling))
}

/// Encrypts a table with another key, and waits until that is done.
pub(super) async fn set(ctx: &Context, observed: &ObservedOf<Table>, to: Option<&str>) -> Result<()> {
    let (id, from) = (&observed.id, observed.spec.kms_key.as_deref());
    let update = ctx.clients.dynamodb().update_table().sse_specification(sent(to));
    let table = match change(ctx, id, update, |table| to.is_none() && shown(table).is_none()).await {
        // An alias that leads to the key that the table has.
        Err(error) if to.is_some() && error.is("Validation") && error.says("already encrypted") => {
            ready(ctx, id).await?
        }
        changed => changed?,
    };
    if from.is_some_and(is_alias) && !to.is_some_and(is_alias) {
        let untag = ctx.clients.dynamodb().untag_resource().resource_arn(&observed.attributes.arn);
        untag.tag_keys(tags::KEY).send().await?;
    }
    mark(ctx, &table, to).await
}

/// Notes the alias of a table's key, with the key that it led to.
pub(super) async fn mark(ctx: &Context, table: &TableDescription, key: Option<&str>) -> Result<()> {
    let Some(alias) = key.filter(|key| is_alias(key)) else { return Ok(()) };
    let Some(id) = shown(table).and_then(id_of) else { return Ok(()) };
    let mark = Tags::from([(tags::KEY.to_owned(), format!("{alias} {id}"))]);
    let tag = ctx.clients.dynamodb().tag_resource().resource_arn(attributes(table)?.arn);
    tag.set_tags(Some(sdk_tags(&mark)?)).send().await?;
    Ok(())
}
