//! What is adopted, and what `up` would do then.

use super::{eventful, plain};
use crate::adopt::Adoption;
use crate::model::Owner;
use crate::plan::tests::live_states::{the, world_of};
use crate::plan::tests::stacks::{SMALL, graph};
use crate::plan::{Blocker, Plan};
use crate::render::{Detail, adoption, json};

fn taken() -> Adoption {
    let mut live_state = world_of(&graph(SMALL));
    let owners = [
        ("role list_role", Owner::Unmanaged("it belongs to the stack `other`".to_owned())),
        ("log group /aws/lambda/list", Owner::Untagged),
        ("function list", Owner::Unmanaged("it was not created by provision".to_owned())),
    ];
    let resources = owners.map(|(name, owner)| {
        let observed = the(&mut live_state, name);
        observed.owner = owner;
        observed.clone()
    });
    Adoption { resources: resources.into(), notes: vec!["the log group /shared stays as it is".to_owned()] }
}

#[test]
fn an_adoption_shows_whose_things_these_are_and_what_up_would_do() {
    let mut then = eventful();
    then.blockers =
        vec![Blocker { id: None, at: None, why: "the plan would lose it".to_owned(), help: String::new() }];
    insta::assert_snapshot!(plain(&adoption(&taken(), &then, Detail::default())), @"
    Will be adopted (only tags change):
      + role list_role  it belongs to the stack `other`
      + log group /aws/lambda/list  it has no ownership tag
      + function list  it was not created by provision
      the log group /shared stays as it is

    The next `up` would then do this:

      -/+ table notes
          AWS cannot change partition_key
          partition_key.name  id → key  (forces replacement)
          will be lost: all of its items
      ~ function save
          environment  + TOKEN  + URL  (values not shown)
          + integration
          ~ permission for POST /notes
              source_arn  arn:aws:execute-api:eu-west-1:123456789012:a8/*/POST/notes → arn:aws:execute-api:eu-west-1:123456789012:(id of the api, known after up)/*/POST/notes
      ~ function list
          ~ log group
              it exists without tags and contains 5120 bytes of logs; it is adopted
              retention_days        30
              tags.provision:for    function.list
              tags.provision:id     log_group./aws/lambda/list
              tags.provision:stack  notes
          + integration
          ~ permission for GET /notes
              source_arn  arn:aws:execute-api:eu-west-1:123456789012:a8/*/GET/notes → arn:aws:execute-api:eu-west-1:123456789012:(id of the api, known after up)/*/GET/notes
          - permission for GET /notes/{id}
              no longer in the stack file
      + api
          + route GET /notes
          + route POST /notes
          + stage $default
    warning: table notes would be replaced, and all of its items would be lost
    warning: it would be blocked: the plan would lose it
    Plan: 6 to create, 4 to update, 1 to replace, 1 to delete, 4 unchanged
    ");
}

#[test]
fn what_is_the_same_already_says_so() {
    let then = Plan { steps: Vec::new(), ..eventful() };
    insta::assert_snapshot!(plain(&adoption(&taken(), &then, Detail::default())), @r#"
    Will be adopted (only tags change):
      + role list_role  it belongs to the stack `other`
      + log group /aws/lambda/list  it has no ownership tag
      + function list  it was not created by provision
      the log group /shared stays as it is

    It matches the stack file; the next `up` will not change it.
    "#);
    insta::assert_snapshot!(json::adoption(&taken()), @r#"
    {"notes":["the log group /shared stays as it is"],"resources":[{"id":"list_role","kind":"role","name":"list_role","owner":"it belongs to the stack `other`"},{"id":"/aws/lambda/list","kind":"log_group","name":"/aws/lambda/list","owner":"it has no ownership tag"},{"id":"list","kind":"function","name":"list","owner":"it was not created by provision"}],"type":"adoption","version":1}
    "#);
}
