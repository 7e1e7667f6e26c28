//! Notifications of buckets: an event of an object starts a function, or is delivered to a queue or a topic. All of a bucket are entries of one
//! document, which S3 replaces as a whole; those of others in it stay.

mod document;
mod filter;
pub(crate) mod section;

pub(in crate::kinds) use self::document::entries;
use self::document::{entry_of, merged, without};
use self::filter::Filter;
use self::section::OfBucket;
use super::bucket::{self, Bucket, S3};
use super::ends::ends_of;
use super::permission::{self, admitted_lately};
use super::{list_each, mark, within};
use crate::aws::wait::{Backoff, retry_if};
use crate::aws::{Context, Error, Result, Service};
use crate::config::trigger::Trigger;
use crate::kind::{
    Features, Kind, Observation, ObservedOf, ObservedOption, OnExisting, OnParentDelete, Parent, ParentKind,
    Permission, Wire,
};
use crate::model::{Owner, ResourceId, Texts};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// A notification.
pub struct Notification;

/// The desired state of a notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec<T = String> {
    /// The ARN of the function, of its alias, of the queue or of the topic.
    pub destination: T,
    /// The events, as AWS names them.
    pub events: BTreeSet<String>,
    /// How the keys of the objects begin.
    pub prefix: String,
    /// How they end.
    pub suffix: String,
}

/// The attributes of a notification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attributes {}

impl Spec {
    fn filter(&self) -> Filter<'_> {
        Filter { events: &self.events, prefix: &self.prefix, suffix: &self.suffix }
    }
}

/// The name that the tag of a bucket has for its notifications: without it, they are not read.
pub(crate) const SETTING: &str = "notifications";

impl Kind for Notification {
    const NAME: &'static str = "notification";
    const SERVICE: &'static Service = &S3;
    const PARENT: Option<ParentKind> = Some(ParentKind::new("bucket", OnParentDelete::Cascade));
    const NAMED_BY_PARENT: bool = true;
    /// S3 looks whether it may deliver when a notification is set, and never again [aws-facts-services: 5].
    const ADMITTED: bool = true;
    const DEPENDS_ON: &'static [&'static str] = &["permission", "queue", "topic", "function", "alias"];
    /// It overwrites what has the same id.
    const ON_EXISTING: OnExisting = OnExisting::Accept;
    /// All are in one document.
    const MAX_PER_PARENT: usize = 1;
    /// Its calls are the bucket's own.
    const PERMISSIONS: &'static [Permission] = &[];
    const FEATURES: Features = Features {
        part_of: |id| started(id).or_else(|| id.parent().cloned()),
        called,
        is_trigger: |id| started(id).is_some(),
        wire: |id, spec| {
            let source = Bucket::ARN.replace("{name}", &id.parent()?.name);
            Wire::new(&source, spec["destination"].as_str()?)
        },
        ..Features::NONE
    };
    type Spec<T: Texts> = Spec<T>;
    type Attributes = Attributes;

    async fn observe(ctx: &Context, buckets: &[Parent]) -> Result<Observation<Self>> {
        let notifying: Vec<Parent> = buckets.iter().filter(|bucket| bucket.has(SETTING)).cloned().collect();
        Ok(list_each(&notifying, async |bucket| {
            let attributes = bucket::Attributes::deserialize(&*bucket.attributes);
            match attributes.ok().and_then(|attributes| attributes.notifications) {
                Some(entries) => Ok(shown(ctx, bucket, entries)),
                None => list(ctx, bucket).await,
            }
        })
        .await?
        .into())
    }

    async fn read(ctx: &Context, name: &str, bucket: Option<&Parent>) -> Result<ObservedOption<Self>> {
        let observed = list(ctx, within(bucket, "bucket")?).await?;
        Ok(observed.into_iter().find(|notification| notification.id.name == name))
    }

    async fn create(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
        set(ctx, id, spec).await
    }

    async fn update(ctx: &Context, observed: &ObservedOf<Self>, to: &Spec) -> Result<Attributes> {
        set(ctx, &observed.id, to).await
    }

    async fn delete(ctx: &Context, observed: &ObservedOf<Self>) -> Result<()> {
        let bucket = bucket_of(&observed.id)?;
        let edited =
            bucket::edit_notifications(ctx, bucket, true, |live| without(live, &observed.physical_id)).await;
        S3.ignore_not_found(edited)
    }
}

/// The entry that a notification starts, as its name says.
fn started(id: &ResourceId) -> Option<ResourceId> {
    let mut words = id.name.split_once(TO)?.1.split(' ');
    let kind = words.next()?;
    let kind = OfBucket::STARTS.iter().find(|known| **known == kind)?;
    Some(ResourceId::new(kind, words.next()?))
}

/// What a notification is called within what it starts. One whose name does not say that is known by where it leads.
fn called(id: &ResourceId, observed: Option<&Json>) -> String {
    if started(id).is_some() {
        let bucket = id.parent().map_or("", |bucket| &bucket.name);
        let own = id.name.split_once(" (").map_or("", |(_, own)| own.trim_end_matches(')'));
        return format!("trigger bucket {bucket} {own}").trim_end().to_owned();
    }
    let leads = || observed?["destination"].as_str()?.rsplit(':').next().map(str::to_owned);
    format!("notification to {}", leads().unwrap_or_else(|| id.name.clone()))
}

/// What stands in the name of a notification between the bucket and where it leads.
pub(crate) const TO: &str = " to ";

/// The id of the entry of a notification, which is unique in its bucket: like the `Sid` of a permission it is the only mark that it
/// can bear.
fn id_of(ctx: &Context, name: &str) -> String {
    permission::sid(&ctx.scope.identity, name.split_once(TO).map_or(name, |(_, to)| to))
}

/// The bucket that a notification is a child of.
fn bucket_of(id: &ResourceId) -> Result<&ResourceId> {
    id.parent().ok_or_else(|| Error::internal("the bucket of a notification is unknown"))
}

/// Sets the entry of a notification in the document. S3 looks whether it may deliver, which it may not know yet of a permission
/// that was given a moment ago.
async fn set(ctx: &Context, id: &ResourceId, spec: &Spec) -> Result<Attributes> {
    let (bucket, own) = (bucket_of(id)?, id_of(ctx, &id.name));
    let (mark, entry) = (mark::begin(&ctx.scope.identity), entry_of(&own, spec)?);
    let unknown = |error: &Error| {
        let refused =
            error.is("InvalidArgument") && error.says("Unable to validate the following destination");
        (refused && admitted_lately(ctx, &spec.destination))
            .then_some("S3 does not know of the permission yet")
    };
    retry_if(Backoff::PROPAGATION, ctx.waiting(id), unknown, async || {
        bucket::edit_notifications(ctx, bucket, false, |live| merged(live, (&own, &entry), &mark, spec)).await
    })
    .await?;
    Ok(Attributes {})
}

/// The notifications of a bucket, which are read.
async fn list(ctx: &Context, bucket: &Parent) -> Result<Vec<ObservedOf<Notification>>> {
    let document = S3.not_found_as_none(bucket::notifications(ctx, &bucket.physical_id.id).await)?;
    Ok(shown(ctx, bucket, document.iter().flat_map(entries).collect()))
}

/// The notifications of a bucket with these entries.
fn shown(ctx: &Context, bucket: &Parent, entries: Vec<(String, Spec)>) -> Vec<ObservedOf<Notification>> {
    let name = &bucket.physical_id.id;
    let mark = mark::begin(&ctx.scope.identity);
    let wanted = ctx.scope.wanted(Notification::NAME);
    let wanted = wanted.filter(|wanted| wanted.split_once(TO).is_some_and(|(bucket, _)| bucket == name));
    let by_id: BTreeMap<String, &str> = wanted.map(|name| (id_of(ctx, name), name)).collect();
    let observed = entries.into_iter().map(|(id, spec)| {
        let refs = ends_of(&ctx.scope, &spec.destination);
        // What it starts is part of its name also where it is no longer declared.
        let leads = refs.first().map(|to| format!("{name}{TO}{} {} {id}", to.kind, to.id));
        let (name, owner) = match by_id.get(&id) {
            Some(name) => ((*name).to_owned(), Owner::Ours),
            None if id.starts_with(&mark) => (leads.unwrap_or_else(|| id.clone()), Owner::Ours),
            None => (id.clone(), Owner::Unmanaged("somebody else has set it".to_owned())),
        };
        let mut observed = bucket.child(Notification::NAME, name, id, owner, (spec, Attributes {}));
        observed.refs = refs;
        observed
    });
    observed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_is_a_part_of_what_it_starts_also_where_it_is_no_longer_declared() {
        let bucket = ResourceId::new(Bucket::NAME, "shots");
        let of = |name: &str| {
            let id = bucket.child(Notification::NAME, name);
            (started(&id).map(|of| of.to_string()).unwrap_or_default(), called(&id, None))
        };
        let part = |entry: &str, called: &str| (entry.to_owned(), called.to_owned());
        assert_eq!(of("shots to function resize"), part("function resize", "trigger bucket shots"));
        assert_eq!(
            of("shots to queue jobs (some thumbs)"),
            part("queue jobs", "trigger bucket shots some thumbs")
        );
        assert_eq!(of("shots to topic news provision-8ad5-064a"), part("topic news", "trigger bucket shots"));
        assert_eq!(of("theirs"), part("", "notification to theirs"));
    }
}
