//! Every kind of line that the user reads. Most are compared without their styles, which are tested once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod adoptions;
mod calls;
mod lines;
mod lists;
mod pages;
mod pictures;
mod plans;
mod reports;
mod saves;
mod statuses;
mod values;

use crate::model::{Graph, LiveState};
use crate::plan::tests::live_states::{lose, the, world_of};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::{Options, Plan, plan};
use crate::render::plain;
use serde_json::json;

fn made(graph: &Graph, live_state: &LiveState, options: &Options) -> Plan {
    plan(graph, live_state, options).unwrap()
}

/// A plan with all four actions, reasons, losses, a secret and an unknown value.
fn eventful() -> Plan {
    let yaml = SMALL
        .replace("{ TABLE:", "{ TOKEN: hush, URL: \"${api.url}\", TABLE:")
        .replace("partition_key: id", "partition_key: key")
        .replace("    GET /notes/{id}: list\n", "");
    let wanted = graph(&yaml);
    let mut live_state = world_of(&graph(SMALL));
    lose(&mut live_state, "api");
    let group = the(&mut live_state, "log group /aws/lambda/list");
    (group.owner, group.spec) = (crate::model::Owner::Untagged, json!({ "tags": {} }));
    group.contains_data = Some("5120 bytes of logs".to_owned());
    made(&wanted, &live_state, &crate::plan::tests::up())
}
