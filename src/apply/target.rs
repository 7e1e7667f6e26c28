//! The resource that a step creates or changes: the calls, and what lost responses and existing resources mean for them.

use crate::aws::wait::{Backoff, Poll, wait_until};
use crate::aws::{Class, Context, Error, Result};
use crate::diff::diff;
use crate::kind::{AnyKind, OnExisting, Parent, Replacement};
use crate::model::{Observed, Owner, ResourceId, Status};
use crate::plan::immutable_changes;
use serde_json::Value as Json;

/// A resource with what its calls need.
pub(super) struct Target<'a> {
    pub(super) kind: &'a dyn AnyKind,
    pub(super) id: &'a ResourceId,
    pub(super) parent: Option<&'a Parent>,
    /// The old resource, which this one replaces and which may still exist.
    pub(super) replaces: Option<&'a Observed>,
}

impl Target<'_> {
    /// The resource as it is now; not the old one that it replaces.
    pub(super) async fn read(&self, ctx: &Context) -> Result<Option<Observed>> {
        let observed = self.kind.read(ctx, &self.id.name, self.parent).await?;
        let is_old = |observed: &Observed| {
            self.replaces.is_some_and(|old| old.key() == observed.key() && self.is_created_first())
        };
        Ok(observed.filter(|observed| !is_old(observed)))
    }

    fn is_duplicate(&self, error: &Error) -> bool {
        self.kind.service().is_duplicate(error)
    }

    fn is_created_first(&self) -> bool {
        self.kind.replacement() != Replacement::DeleteFirst
    }

    /// Changes a resource. One that was pending when it was observed is waited for and read again, since the change in
    /// progress may be the very one that is desired.
    pub(super) async fn update(&self, ctx: &Context, observed: &Observed, spec: &Json) -> Result<Json> {
        if observed.status != Status::Pending {
            return self.kind.update(ctx, observed, spec.clone()).await;
        }
        self.kind.settle(ctx, observed).await?;
        let fresh = self.read(ctx).await?;
        self.kind.update(ctx, fresh.as_ref().unwrap_or(observed), spec.clone()).await
    }

    /// Waits until a resource that is being deleted no longer exists. It may be another owner's, so it is not deleted by us.
    pub(super) async fn wait_until_deleted(&self, ctx: &Context) -> Result<()> {
        wait_until(Backoff::state(ctx.local), ctx.waiting(self.id), async || {
            Ok(match self.read(ctx).await? {
                None => Poll::Ready(()),
                Some(_) => Poll::Pending("the old one is being deleted".to_owned()),
            })
        })
        .await
    }

    /// Creates a resource. "Already exists" and a lost response may both mean that an attempt of our own was applied, so what
    /// exists now decides. Where nothing exists, a lost call is sent once more.
    pub(super) async fn create(&self, ctx: &Context, spec: Json) -> Result<Json> {
        if let Some(taken) = self.taken_silently(ctx).await? {
            let error = Error::state("it already exists");
            return self.resume_existing(ctx, &taken, spec, error).await;
        }
        let first = match self.kind.create(ctx, self.id, spec.clone()).await {
            Err(error) if self.is_duplicate(&error) || error.is_ambiguous() => error,
            result => return result,
        };
        if let Some(observed) = self.find_after_failed_create(ctx).await? {
            return self.resume_existing(ctx, &observed, spec, first).await;
        }
        if !first.is_ambiguous() {
            return Err(first);
        }
        match self.kind.create(ctx, self.id, spec.clone()).await {
            Err(error) if self.is_duplicate(&error) => match self.find_after_failed_create(ctx).await? {
                Some(observed) => self.resume_existing(ctx, &observed, spec, error).await,
                None => Err(error),
            },
            result => result,
        }
    }

    /// A resource of this name that was created after the plan was made, where the create call would take it over or overwrite
    /// it without a word.
    async fn taken_silently(&self, ctx: &Context) -> Result<Option<Observed>> {
        match self.kind.on_existing() {
            OnExisting::Accept => self.read(ctx).await,
            OnExisting::Refuse | OnExisting::Duplicate => Ok(None),
        }
    }

    /// Looks for a resource that may have been created a moment ago, for as long as reads may take to show it. Only that this
    /// time is up means that it does not exist: any other error says nothing of it.
    async fn find_after_failed_create(&self, ctx: &Context) -> Result<Option<Observed>> {
        let looked = wait_until(Backoff::VISIBILITY, ctx.waiting(self.id), async || {
            Ok(match self.read(ctx).await? {
                Some(observed) => Poll::Ready(observed),
                None => Poll::Pending("it may exist already; looking for it".to_owned()),
            })
        });
        match looked.await {
            Err(error) if error.class == Class::Timeout => Ok(None),
            looked => looked.map(Some),
        }
    }

    /// Continues with a resource that an earlier attempt has created. One that would have to be replaced was created by another
    /// run and is in use there: a permission of another API, or a table with other keys. It stays, and the next plan shows the
    /// difference.
    async fn resume_existing(
        &self,
        ctx: &Context,
        observed: &Observed,
        spec: Json,
        error: Error,
    ) -> Result<Json> {
        if let Owner::Unmanaged(owner) = &observed.owner {
            return Err(Error { message: format!("it already exists, and {owner}"), ..error });
        }
        let changes = diff(Some(&observed.spec), &spec);
        if !immutable_changes(self.kind, observed, Some(&spec), &changes).is_empty() {
            return Err(Error::state(
                "another run has created it with other settings; run the command again to see the differences",
            ));
        }
        self.update(ctx, observed, &spec).await
    }
}
