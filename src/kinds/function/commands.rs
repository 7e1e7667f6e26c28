//! What `list` and `adopt` ask of functions.

use super::{Function, LAMBDA, log_group, role};
use crate::aws::{Clients, Error, Result, tags};
use crate::error::Failure;
use crate::kind::{Companions, Kind, ObservedOf, Owned};
use crate::model::{Graph, ResourceId};
use futures_util::future::try_join_all;

/// The functions that still exist, with the owners that Lambda says.
pub(super) async fn inventory(clients: &Clients, tagged: Vec<Owned>) -> Result<Vec<Owned>> {
    let existing = tagged.into_iter().map(async |Owned { physical_id, .. }| {
        let get = clients.lambda().get_function().function_name(&physical_id.id);
        let function = LAMBDA.not_found_as_none(get.send().await)?;
        let mark = function.and_then(|function| function.tags?.remove(tags::STACK));
        Ok::<_, Error>(mark.map(|mark| Owned::new(&mark, physical_id)))
    });
    Ok(try_join_all(existing).await?.into_iter().flatten().collect())
}

/// The role and the log group of the names that the stack gives them.
pub(super) fn companions(
    function: &ObservedOf<Function>,
    declared: &Graph,
) -> std::result::Result<Companions, Failure> {
    let (id, spec) = (&function.id, &function.spec);
    let mut companions = Companions::default();
    let own_role = spec.role.rsplit('/').next().unwrap_or_default();
    let role = ResourceId::new(role::Role::NAME, role::name_for(&id.name));
    match declared.get(&role) {
        Some(_) if !own_role.eq_ignore_ascii_case(&role.name) => {
            return Err(Failure::new(
                format!(
                    "{id} has the role {own_role}, but the stack would give it the {role}: a role is adopted with its \
                     function under that name only"
                ),
                format!(
                    "to let the function keep its role, set `role: {}` for it in the stack file; after the adoption you can \
                     remove the key, and `up` creates a role for it",
                    spec.role
                ),
            ));
        }
        Some(_) => companions.ids.push(role),
        None => companions
            .notes
            .push(format!("the role {own_role} is not changed, because the stack file names it")),
    }
    let group = format!("{}{}", log_group::PREFIX, id.name);
    if spec.log_group != group {
        let note = "is not changed; after the next `up` the function logs to";
        companions.notes.push(format!("the log group {} {note} {group}", spec.log_group));
    }
    companions.ids.push(ResourceId::new(log_group::LogGroup::NAME, group));
    Ok(companions)
}
