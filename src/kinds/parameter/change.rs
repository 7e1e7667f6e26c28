//! What Systems Manager is sent for a parameter.

use super::observe::once_shown;
use super::section::OWN_KEY;
use super::{Parameter, Spec, Tier, Type, VALUE_TAG};
use crate::aws::tags::{self, Tags};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result};
use crate::elsewhere::parameters::SSM;
use crate::kind::ObservedOf;
use crate::kinds::{hidden, retry_conflicts};
use crate::model::ResourceId;
use aws_sdk_ssm::types::{ParameterTier, ParameterType, ResourceTypeForTagging, Tag};

/// The tag that tells the value of an encrypted parameter.
pub(super) async fn value_tag(spec: &Spec, version: i64) -> Result<Option<(String, String)>> {
    let Some(value) = &spec.secure_value else { return Ok(None) };
    Ok(Some((VALUE_TAG.to_owned(), format!("{version}:{}", hidden::digest(value).await?))))
}

/// Changes a parameter. Tags have a call of their own, since AWS refuses them together with a new version
/// [aws-facts-services: 10].
pub(super) async fn change(ctx: &Context, observed: &ObservedOf<Parameter>, to: &Spec) -> Result<()> {
    let (id, from) = (&observed.id, &observed.spec);
    let mut set = tags::to_set(&from.tags, &to.tags);
    if (Spec { tags: Tags::new(), ..from.clone() }) != (Spec { tags: Tags::new(), ..to.clone() }) {
        let version = put(ctx, id, to, None).await?;
        // Deleted in the meantime, it was created again, without tags.
        if version == 1 {
            set.clone_from(&to.tags);
        }
        set.extend(value_tag(to, version).await?);
        once_shown(ctx, id, version).await?;
    }
    if set.is_empty() {
        return Ok(());
    }
    // Not every call knows a new parameter at once [aws-facts-services: 10].
    let passing = |error: &Error| {
        let unknown = SSM.is_absent(error).then_some("not every call finds the parameter yet");
        SSM.transient(error).or(unknown)
    };
    retry_if(Backoff::VISIBILITY, ctx.waiting(id), passing, async || {
        let add = ctx.clients.ssm().add_tags_to_resource().resource_type(ResourceTypeForTagging::Parameter);
        add.resource_id(&id.name).set_tags(Some(sent(&set)?)).send().await?;
        Ok(())
    })
    .await
}

/// Creates a parameter with its tags, or without tags makes a new version, and returns its number. What a call leaves out, a new
/// version has from the one before, so everything is said, and an empty text clears [TF].
pub(super) async fn put(ctx: &Context, id: &ResourceId, spec: &Spec, tags: Option<Tags>) -> Result<i64> {
    let Spec { r#type, value, secure_value, tier, description, pattern, kms_key, tags: _ } = spec;
    let conflict = |error: &Error| SSM.transient(error);
    let put = retry_conflicts(ctx, id, conflict, async || {
        let put = ctx.clients.ssm().put_parameter().name(&id.name);
        let put = put.set_value(value.clone().or_else(|| secure_value.clone()));
        let put = put.description(description).allowed_pattern(pattern.as_deref().unwrap_or_default());
        let put = match tier {
            Tier::Standard => put.tier(ParameterTier::Standard),
            Tier::Advanced => put.tier(ParameterTier::Advanced),
        };
        let put = match r#type {
            Type::String => put.r#type(ParameterType::String),
            Type::StringList => put.r#type(ParameterType::StringList),
            Type::SecureString => {
                put.r#type(ParameterType::SecureString).key_id(kms_key.as_deref().unwrap_or(OWN_KEY))
            }
        };
        let put = match &tags {
            Some(tags) => put.set_tags(Some(sent(tags)?)),
            None => put.overwrite(true),
        };
        Ok(put.send().await?.version())
    });
    put.await
}

/// Tags in the form of Systems Manager.
fn sent(tags: &Tags) -> Result<Vec<Tag>> {
    tags.iter().map(|(key, value)| Ok(Tag::builder().key(key).value(value).build()?)).collect()
}
