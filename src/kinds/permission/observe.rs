//! The permissions of functions and of their aliases, as their policies show them.

use super::names::{Names, base, name, sid_in};
use super::statement::spec;
use super::{Attributes, Permission, Spec};
use crate::aws::{Context, Error, Result};
use crate::kind::{Kind, ObservedOf, Parent};
use crate::kinds::alias::{self, Alias};
use crate::kinds::function::LAMBDA;
use crate::kinds::{mark, remote_subscription, subscription_filter};
use crate::model::{Owner, PhysicalId};
use crate::policy::{Policy, Statement};
use futures_util::future::try_join_all;
use std::collections::BTreeMap;

/// The statements of the policy of a function, or of one of its aliases, by their `Sid`.
pub(super) async fn statements(ctx: &Context, function: &str) -> Result<BTreeMap<String, Statement>> {
    let (function, alias) = alias::parts(function);
    let get = ctx.clients.lambda().get_policy().function_name(function);
    let get = get.set_qualifier(alias.map(str::to_owned));
    let response = LAMBDA.not_found_as_none(get.send().await)?;
    let document = response.and_then(|response| response.policy).unwrap_or_else(|| "{}".to_owned());
    Ok(Policy::read("lambda:GetPolicy", &document)?.0)
}

/// The permissions of a function and of its declared aliases; the policy of another alias goes with that.
pub(super) async fn list(
    ctx: &Context,
    function: &Parent,
    names: &Names<'_>,
) -> Result<Vec<ObservedOf<Permission>>> {
    let own = function.physical_id.id.as_str();
    let aliases = ctx.scope.wanted(Alias::NAME).filter(|alias| alias::parts(alias).0 == own);
    let policies = [own].into_iter().chain(aliases).map(async |called| {
        let statements = statements(ctx, called).await?;
        Ok::<_, Error>(statements.into_iter().map(move |(sid, statement)| (called, sid, statement)))
    });
    let mut observed: Vec<ObservedOf<Permission>> = Vec::new();
    for (called, sid, statement) in try_join_all(policies).await?.into_iter().flatten() {
        let one = read(function, called, &sid, &statement, names);
        match observed.iter_mut().find(|other| other.owner == Owner::Ours && other.id == one.id) {
            Some(other) => other.spec.superseded.push(one.physical_id),
            None => observed.push(one),
        }
    }
    Ok(observed)
}

/// What has come with the permissions of an alias that the stack no longer declares: its policy is read for nothing else.
pub(in crate::kinds) async fn come_with(ctx: &Context, alias: &str) -> Result<Vec<PhysicalId>> {
    let (own, statements) = (mark::begin(&ctx.scope.identity), statements(ctx, alias).await?);
    let ours = statements.iter().filter(|(sid, _)| sid.starts_with(&own));
    let specs = ours.map(|(sid, statement)| spec(alias, base(sid), statement));
    Ok(specs.filter_map(|spec| with(&spec, alias, &own)).collect())
}

/// What may have come with a permission of the stack, with its mark, to call a function or an alias.
fn with(spec: &Spec, called: &str, mark: &str) -> Option<PhysicalId> {
    let (principal, source) = (spec.principal.as_str(), spec.source_arn.as_deref());
    // The owner of a topic that only a `principal` of the stack file admits subscribes by itself.
    let is_for = |what: &str| spec.sid == sid_in(mark, &name(called, Some(what)));
    subscription_filter::of_permission(principal, source, called)
        .or_else(|| remote_subscription::of_permission(principal, source, called, is_for))
}

/// A statement of the policy of a function or, where that is called, of an alias.
fn read(
    function: &Parent,
    called: &str,
    sid: &str,
    statement: &Statement,
    names: &Names,
) -> ObservedOf<Permission> {
    let (name, owner) = match names.wanted(called, sid) {
        Some(name) => (name.to_owned(), Owner::Ours),
        None => (format!("{called} {sid}"), names.owner(sid)),
    };
    let spec = spec(called, base(sid), statement);
    let hints = with(&spec, called, &names.mark);
    let mut observed = function.child(Permission::NAME, name, sid, owner, (spec, Attributes {}));
    let own = PhysicalId::new("function", function.physical_id.id.clone());
    let alias = alias::parts(called).1.map(|_| own.child(Alias::NAME, called));
    observed.refs = [own].into_iter().chain(alias).collect();
    observed.hints = hints.into_iter().collect();
    observed
}

#[cfg(test)]
mod tests {
    use super::super::names::{numbered, old_sid, sid};
    use super::*;
    use crate::model::{Identity, ResourceId};

    fn names<'a>(of: &str, wanted: &'a [&'a str]) -> Names<'a> {
        let identity = Identity::of(of);
        let by_sid =
            wanted.iter().flat_map(|name| [(sid(&identity, name), *name), (old_sid(&identity, name), *name)]);
        Names { mark: crate::kinds::mark::begin(&identity), by_sid: by_sid.collect() }
    }

    fn of(names: &Names, function: &str, sid: &str) -> (String, Owner) {
        let parent =
            Parent::new(&ResourceId::new("function", function), PhysicalId::new("function", function));
        let statement = Statement(BTreeMap::new());
        let observed = read(&parent, function, sid, &statement, names);
        (observed.id.name, observed.owner)
    }

    #[test]
    fn a_permission_is_ours_by_the_hash_of_the_identity() {
        let names = names("shop/prod", &["f for GET /"]);
        let (wanted, earlier) = ("f for GET /", "f for GET /earlier");
        let own = |name: &str| numbered(&sid(&Identity::of("shop/prod"), name), 1);
        assert_eq!(of(&names, "f", &own(wanted)), (wanted.to_owned(), Owner::Ours));
        assert_eq!(of(&names, "f", &own(earlier)).1, Owner::Ours);
        assert_ne!(of(&names, "g", &own(wanted)).0, wanted, "the same statement on another function");
        for other in ["shop", "shop/prod2", "shop/pro"] {
            let theirs = numbered(&sid(&Identity::of(other), wanted), 1);
            let owner = of(&names, "f", &theirs).1;
            assert_eq!(owner, Owner::Unmanaged("another stack created it".to_owned()), "{other}");
        }
    }

    #[test]
    fn a_sid_of_the_old_form_is_ours_only_for_a_wanted_permission() {
        let names = names("shop", &["f for GET /"]);
        let old = |of: &str, name: &str| old_sid(&Identity::of(of), name);
        assert_eq!(of(&names, "f", &old("shop", "f for GET /")), ("f for GET /".to_owned(), Owner::Ours));
        for foreign in [old("shop", "f for GET /earlier"), old("shop/prod", "f for GET /")] {
            assert!(matches!(of(&names, "f", &foreign).1, Owner::Unmanaged(_)), "{foreign}");
        }
    }
}
