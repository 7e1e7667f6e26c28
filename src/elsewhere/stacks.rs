//! Attributes of other stacks of ours: `${stack:core/prod.tables.orders.arn}`. Nothing is stored for this: the resource is found
//! by its name, or else by its tags, and its owner must be that stack.

use super::{Read, each, failed, missing};
use crate::aws::{Access, Connection, Context, Result, Waits};
use crate::kinds::{kind, registry};
use crate::model::{Address, Attribute, Found, Identity, Observed, Owner, in_words};
use std::collections::{BTreeMap, BTreeSet};

/// Addresses, each with the attribute that it names.
type Wanted<'a> = Vec<(&'a Address, &'a Attribute)>;

/// Reads the attributes among these addresses.
pub(super) async fn read(connection: &Connection, addresses: &BTreeSet<&Address>) -> Read {
    let mut by_stack: BTreeMap<(&str, Option<&str>), Wanted> = BTreeMap::new();
    for address in addresses {
        if let Address::Attribute(attribute) = address {
            let stack = (attribute.stack.as_str(), attribute.environment.as_deref());
            by_stack.entry(stack).or_default().push((address, attribute));
        }
    }
    each(by_stack, async |((stack, environment), wanted)| {
        let identity = Identity::new(stack, environment.map(str::to_owned));
        of_stack(connection, identity, &wanted).await
    })
    .await
}

/// Reads attributes of one stack, by kind.
async fn of_stack(connection: &Connection, stack: Identity, wanted: &[(&Address, &Attribute)]) -> Read {
    let mut scope = connection.scope(stack);
    let mut by_kind: BTreeMap<&str, Wanted> = BTreeMap::new();
    for (address, attribute) in wanted {
        by_kind.entry(attribute.kind).or_default().push((address, attribute));
        if !attribute.key.is_empty() {
            let name = scope.identity.prefixed(&attribute.key);
            scope.wanted.entry(attribute.kind).or_default().insert(name, None);
        }
    }
    let ctx = connection.context(scope, Access::Read, BTreeMap::new(), Waits::none());
    each(by_kind, async |(of_kind, wanted)| match kind(of_kind).observe(&ctx, &[]).await {
        Ok((observed, _)) => {
            each(wanted, async |(address, attribute)| {
                vec![(address.clone(), value(&ctx, attribute, &observed).await)]
            })
            .await
        }
        Err(error) => failed(wanted.into_iter().map(|(address, _)| address), &error),
    })
    .await
}

async fn value(ctx: &Context, attribute: &Attribute, observed: &[Observed]) -> Result<Found> {
    let names = [ctx.scope.identity.prefixed(&attribute.key), attribute.key.clone()];
    let is_it = |name: &String| attribute.key.is_empty() || names.contains(name);
    let found = observed.iter().find(|one| is_ours(one) && is_it(&one.physical_id)).cloned();
    let found = match found {
        Some(found) => Some(found),
        None => tagged(ctx, attribute.kind, is_it).await?,
    };
    let Some(found) = found else {
        let (stack, what) = (&ctx.scope.identity, in_words(attribute.kind));
        return missing(match attribute.key.as_str() {
            "" => format!("the stack {stack} has no {what} in this account and region"),
            key => format!("the stack {stack} has no {what} `{key}` in this account and region"),
        });
    };
    match found.attributes.get(attribute.attribute).and_then(|value| value.as_str()) {
        Some(text) => Ok(Found::Text(text.to_owned())),
        None => missing(format!("it has no {} yet", attribute.attribute)),
    }
}

fn is_ours(observed: &Observed) -> bool {
    observed.exists() && observed.owner == Owner::Ours
}

/// A resource by its tags: its name does not begin as usual in its environment, and the key is its whole name. The tagging API is
/// some minutes late, so it is asked last.
async fn tagged(ctx: &Context, of_kind: &str, is_it: impl Fn(&String) -> bool) -> Result<Option<Observed>> {
    let registry = registry();
    let tagged = ctx.tagged().await?.keys().filter_map(|arn| registry.of_arn(arn));
    for candidate in tagged.filter(|one| one.kind == of_kind && is_it(&one.id)) {
        let found = kind(of_kind).find(ctx, &candidate.id).await;
        if let Some(found) = found.map_err(|error| error.about(&candidate.id))?.filter(is_ours) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
