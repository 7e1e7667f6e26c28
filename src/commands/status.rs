//! `status` and `outputs`: the state of the stack, and what it offers. Both only read.

use super::plan::{PlanArgs, Prepared, prepare};
use super::session::{Globals, open};
use super::{Outcome, err, json, out};
use crate::error::Failure;
use crate::exit::Exit;
use crate::model::{AttributeMap, Identity, Owner, ResourceId};
use crate::render;
use crate::status::{Health, status as resource_statuses};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Shows the state of every resource, and the outputs.
///
/// # Errors
/// The plan cannot be made.
pub async fn status(globals: &Globals) -> Outcome {
    let stack = globals.stack()?;
    let session = open(globals, &stack).await?;
    let Prepared { plan, live_state, .. } = prepare(&session, &PlanArgs::default(), &stack).await?;
    plan.unreadable.iter().for_each(|unreadable| err(&render::unreadable(unreadable)));
    let statuses = resource_statuses(&plan, &live_state);
    out(&format!("\n{}", render::status(&statuses)));
    json(|| render::json::status(&statuses));
    out(&render::outputs(&stack, &plan.attributes));
    json(|| render::json::outputs(&stack, &plan.attributes));
    let is_settled = |health: &Health| matches!(health, Health::InSync | Health::Unmanaged(_));
    let in_sync = statuses.iter().all(|one| is_settled(&one.health));
    Ok(if in_sync { Exit::Done } else { Exit::Pending })
}

/// The flags of `outputs`.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputsArgs {
    /// Print only this output: `api.url`, `api.id`, `functions.NAME` or `tables.NAME`
    #[arg(value_name = "OUTPUT")]
    pub output: Option<String>,
}

/// Shows the outputs: the API's URL, its routes, the ARNs.
///
/// # Errors
/// AWS cannot be read, or there is no such output.
pub async fn outputs(globals: &Globals, args: &OutputsArgs) -> Outcome {
    let stack = globals.stack()?;
    let session = match args.output {
        Some(_) => globals.session(&stack).await?,
        None => open(globals, &stack).await?,
    };
    let live_state = session.look().await?;
    let ours =
        live_state.observed.into_iter().filter(|observed| observed.owner == Owner::Ours && observed.exists());
    let attributes: AttributeMap = ours.map(|observed| (observed.id, observed.attributes)).collect();
    match &args.output {
        Some(output) => out(&one(&session.scope.identity, &attributes, output)?),
        None => out(&render::outputs(&stack, &attributes)),
    }
    json(|| render::json::outputs(&stack, &attributes));
    Ok(Exit::Done)
}

/// An output by its name.
fn one(identity: &Identity, attributes: &AttributeMap, output: &str) -> Result<String> {
    let known: BTreeMap<String, &str> =
        attributes.iter().flat_map(|(id, attributes)| named(identity, id, attributes)).collect();
    if let Some(value) = known.get(output) {
        return Ok((*value).to_owned());
    }
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    let help = if names.is_empty() {
        "the stack is not deployed; deploy it first".to_owned()
    } else {
        format!("the outputs are {}", names.join(", "))
    };
    bail!(Failure::usage(format!("there is no output `{output}`"), help))
}

/// The outputs of a resource, by name. Functions and tables go by their keys in the stack file, as in `${functions.NAME}`, so
/// that the name is the same in every environment.
fn named<'a>(identity: &Identity, id: &ResourceId, attributes: &'a Json) -> Vec<(String, &'a str)> {
    let key = || identity.unprefixed(&id.name);
    let outputs: &[(String, &str)] = match id.kind {
        "api" => &[("api.url".to_owned(), "url"), ("api.id".to_owned(), "id")],
        "function" => &[(format!("functions.{}", key()), "arn")],
        "table" => &[(format!("tables.{}", key()), "arn")],
        _ => &[],
    };
    let value =
        |(name, attribute): &(String, &str)| Some((name.clone(), attributes.get(*attribute)?.as_str()?));
    outputs.iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn an_output_goes_by_the_key_in_every_environment() {
        for (environment, name) in [(None, "list"), (Some("dev"), "dev-list")] {
            let identity =
                Identity { stack: "small".to_owned(), environment: environment.map(str::to_owned) };
            let id = ResourceId::new("function", name);
            let attributes: AttributeMap = [(id, Arc::new(json!({ "arn": "arn:x" })))].into_iter().collect();
            let found = |output: &str| one(&identity, &attributes, output).map_err(|error| error.to_string());
            assert_eq!(found("functions.list"), Ok("arn:x".to_owned()));
            assert_eq!(
                found("functions.dev-list"),
                Err("there is no output `functions.dev-list`".to_owned())
            );
        }
    }
}
