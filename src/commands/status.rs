//! `status` and `outputs`: how the stack is, and what there is to use. Both only read.

use super::plan::{PlanArgs, Prepared, prepare};
use super::session::{Globals, open};
use super::{Outcome, err, json, out};
use crate::error::Failure;
use crate::exit::Exit;
use crate::model::{AttributeMap, Owner, ResourceId};
use crate::render;
use crate::status::{Health, status as standings};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Shows how everything that is declared stands, and what there is to use.
///
/// # Errors
/// What keeps the plan from being made.
pub async fn status(globals: &Globals) -> Outcome {
    let stack = globals.stack()?;
    let session = open(globals, &stack).await?;
    let Prepared { plan, live_state, .. } = prepare(&session, &PlanArgs::default(), &stack).await?;
    plan.unreadable.iter().for_each(|unreadable| err(&render::unreadable(unreadable)));
    let standings = standings(&plan, &live_state);
    out(&format!("\n{}", render::status(&standings)));
    json(|| render::json::status(&standings));
    out(&render::outputs(&stack, &plan.attributes));
    json(|| render::json::outputs(&stack, &plan.attributes));
    let settled = |health: &Health| matches!(health, Health::InSync | Health::Unmanaged(_));
    match standings.iter().all(|one| settled(&one.health)) {
        true => Ok(Exit::Done),
        false => Ok(Exit::Pending),
    }
}

/// The flags of `outputs`.
#[derive(Debug, Clone, Default, Args)]
pub struct OutputsArgs {
    /// Print this one alone: `api.url`, `api.id`, `functions.NAME`, or `tables.NAME`
    #[arg(value_name = "OUTPUT")]
    pub output: Option<String>,
}

/// Shows what there is to use: the API's URL, its routes, the ARNs.
///
/// # Errors
/// That AWS cannot be read, or that there is no such output.
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
        Some(output) => out(&one(&attributes, output)?),
        None => out(&render::outputs(&stack, &attributes)),
    }
    json(|| render::json::outputs(&stack, &attributes));
    Ok(Exit::Done)
}

/// An output by its name.
fn one(attributes: &AttributeMap, output: &str) -> Result<String> {
    let known: BTreeMap<String, &str> = attributes.iter().flat_map(|(id, live)| named(id, live)).collect();
    let Some(value) = known.get(output) else {
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "the stack is not deployed; deploy it first".to_owned()
        } else {
            format!("there is {}", known.join(", "))
        };
        bail!(Failure::usage(format!("there is no output `{output}`"), known))
    };
    Ok((*value).to_owned())
}

/// The outputs of a resource, by name.
fn named<'a>(id: &ResourceId, live: &'a Json) -> Vec<(String, &'a str)> {
    let attributes: &[(String, &str)] = match id.kind {
        "api" => &[("api.url".to_owned(), "url"), ("api.id".to_owned(), "id")],
        "function" => &[(format!("functions.{}", id.name), "arn")],
        "table" => &[(format!("tables.{}", id.name), "arn")],
        _ => &[],
    };
    let value = |(name, attribute): &(String, &str)| Some((name.clone(), live.get(*attribute)?.as_str()?));
    attributes.iter().filter_map(value).collect()
}
