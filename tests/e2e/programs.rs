//! What programs get: exit statuses, and JSON.

use crate::cloud::Cloud;
use crate::ran::Ran;
use crate::stack::SMALL;
use serde_json::{Value as Json, json};

/// The types of the documents, without repetitions in a row.
fn types(documents: &[Json]) -> Vec<&str> {
    let mut types: Vec<&str> = documents.iter().map(|one| one["type"].as_str().unwrap()).collect();
    types.dedup();
    types
}

#[tokio::test]
async fn every_exit_status_means_one_thing() {
    let cloud = Cloud::with(SMALL);
    cloud.run(&["--help"]).ends(0);
    cloud.run(&["--version"]).ends(0);
    cloud.run(&["rise"]).ends(64).says("unrecognized subcommand");
    cloud.run(&["up", "--local", "--env", "No Good"]).ends(64);
    cloud.run(&["plan", "--local", "--detailed-exitcode"]).ends(2).says("17 to create");
    cloud.up();
    cloud.run(&["plan", "--local", "--detailed-exitcode"]).ends(0).changes_nothing();
    Ran::of(&mut cloud.command_on_aws(&["down"]))
        .ends(64)
        .says("cannot ask for confirmation: not a terminal");
    cloud.edit("stack.yaml", "partition_key", "partition_kye");
    cloud.run(&["plan", "--local"]).ends(65).says("did you mean `partition_key`?");
    cloud.run(&["plan", "--local", "--file", "none.yaml"]).ends(65);
}

#[tokio::test]
async fn json_is_all_that_a_program_reads() {
    let cloud = Cloud::with(SMALL);
    let up = cloud.run(&["up", "--local", "--json"]).ends(0).documents();
    assert_eq!(types(&up), ["session", "plan", "event", "report", "outputs", "end"]);
    assert!(up.iter().all(|document| document["version"] == 1));
    let steps = up[1]["steps"].as_array().unwrap();
    let done = up.iter().filter(|document| document["event"] == "done");
    assert_eq!(done.count(), steps.len());
    let [report, outputs, end] = &up[up.len() - 3..] else { panic!("{up:?}") };
    assert_eq!((&report["complete"], report["created"].as_u64()), (&json!(true), Some(17)));
    assert_eq!(outputs["api"]["routes"]["GET /items"], "list");
    assert!(outputs["api"]["url"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!((&end["exit"], &end["errors"]), (&json!(0), &json!([])));

    let plan = cloud.run(&["plan", "--local", "--json"]).ends(0).documents();
    assert_eq!((types(&plan), &plan[1]["steps"]), (vec!["session", "plan", "end"], &json!([])));

    cloud.edit("stack.yaml", "partition_key: uuid", "partition_kye: uuid");
    let wrong = cloud.run(&["plan", "--local", "--json"]).ends(65).documents();
    assert_eq!(types(&wrong), ["end"]);
    let first = &wrong[0]["errors"][0];
    assert_eq!((&first["line"], &first["file"]), (&json!(6), &json!("stack.yaml")));

    let down = cloud.run(&["down", "--local", "--stack", "small", "--json"]).ends(0).documents();
    assert_eq!(types(&down), ["session", "plan", "event", "report", "end"]);
}

#[tokio::test]
async fn a_saved_plan_is_applied_unless_it_is_out_of_date() {
    let cloud = Cloud::with(SMALL);
    cloud
        .run(&["plan", "--local", "--out", "plan.json"])
        .ends(0)
        .says("provision up --plan plan.json --local");
    cloud.edit("stack.yaml", "  list:\n", "  list:\n    memory: 256\n");
    let other = cloud.run(&["up", "--local", "--plan", "plan.json"]).ends(1);
    other.says("create function list: differs from the plan").says("nothing was changed");
    cloud.edit("stack.yaml", "    memory: 256\n", "");
    let up = Ran::of(&mut cloud.command_on_aws(&["up", "--plan", "plan.json"])).ends(1);
    up.says("it was made for the cloud `local cloud`, not for `AWS`").never_says("created");
    cloud.run(&["up", "--local", "--plan", "plan.json"]).ends(0).says("Done: 17 created");
    cloud.run(&["up", "--local", "--plan", "plan.json"]).ends(1).says("create api: no longer needed");
    cloud.run(&["up", "--local", "--plan", "stack.yaml"]).ends(64).says("is not a saved plan");
    cloud.run(&["up", "--local", "--plan", "none"]).ends(64).says("cannot read the saved plan none: No such");
    cloud.run(&["up", "--local", "--plan", "plan.json", "--replace-stack"]).ends(64);
}

#[tokio::test]
async fn the_hint_after_a_saved_plan_has_the_flags_of_the_plan() {
    let cloud = Cloud::with(SMALL);
    let place = ["--local", "--region", "eu-west-1", "--env", "dev", "-f", "./stack.yaml"];
    let saved = cloud.run(&[&["plan", "--out", "my plan.json"][..], &place].concat()).ends(0);
    saved.says(
        "To apply it: provision up --plan 'my plan.json' -f ./stack.yaml --env dev --region eu-west-1 --local\n",
    );
    cloud.up();
    let empty = cloud.run(&["plan", "--local", "--out", "plan.json"]).ends(0).says("No changes");
    empty.never_says("Plan saved").never_says("To apply it");
    let adopted = cloud.run(&["adopt", "table", "notes", "--local"]).ends(0);
    adopted.says("Nothing to adopt: this stack already owns it.");
}

#[tokio::test]
async fn markdown_is_all_that_goes_into_a_comment() {
    let cloud = Cloud::with(SMALL);
    let plan = cloud.run(&["plan", "--local", "--markdown"]).ends(0);
    assert!(plan.out.starts_with("<!-- provision plan small us-east-1 -->\n### Plan for `small`"), "{plan}");
    plan.says("**Plan: 17 to create**").says("+ create function list");
    cloud.up();
    cloud.run(&["plan", "--local", "--markdown"]).ends(0).says("No changes").never_says("<details>");
}

/// Whether a program of this name exists on the machine.
pub(crate) fn is_here(program: &str) -> bool {
    std::process::Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success())
}
