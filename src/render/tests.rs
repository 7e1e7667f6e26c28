//! Every kind of line that the user reads. Most are compared without their styles, which are tested once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoptions;
mod calls;
mod lists;
mod plans;
mod reports;
mod saves;
mod statuses;
mod values;

use crate::model::{Graph, World};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::tests::worlds::{lose, the, world_of};
use crate::plan::{Options, Plan, plan};
use serde_json::json;

/// A text without its styles.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn made(graph: &Graph, world: &World, options: &Options) -> Plan {
    plan(graph, world, options).unwrap()
}

/// A plan with all four actions, reasons, losses, a secret and an unknown value.
fn eventful() -> Plan {
    let yaml = SMALL
        .replace("{ TABLE:", "{ TOKEN: hush, URL: \"${api.url}\", TABLE:")
        .replace("partition_key: id", "partition_key: key")
        .replace("    GET /notes/{id}: list\n", "");
    let wanted = graph(&yaml);
    let mut world = world_of(&graph(SMALL));
    lose(&mut world, "api");
    let group = the(&mut world, "log group /aws/lambda/list");
    (group.owner, group.spec) = (crate::model::Owner::Unclaimed, json!({ "tags": {} }));
    group.holds = Some("5120 bytes of logs".to_owned());
    made(&wanted, &world, &crate::plan::tests::up())
}
