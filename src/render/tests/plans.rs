//! Plans, their summary and the reasons against them.

use super::{eventful, made, plain};
use crate::outline::Outline;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::plan::tests::live_states::{lose, the, world_of};
use crate::plan::tests::stacks::{SMALL, graph, lowered, stack};
use crate::plan::tests::{down, up};
use crate::render;

fn shown(plan: &Plan) -> String {
    plain(&format!(
        "{}{}",
        render::plan(&Outline::of(plan), render::Detail::default()),
        render::summary(plan)
    ))
}

#[test]
fn a_plan_tells_what_happens_and_why() {
    insta::assert_snapshot!(shown(&eventful()), @"
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
    Plan: 6 to create, 4 to update, 1 to replace, 1 to delete, 4 unchanged
    ");
}

#[test]
fn a_secret_is_never_shown() {
    for details in [false, true] {
        assert!(
            !render::plan(&Outline::of(&eventful()), render::Detail { details, ..Default::default() })
                .contains("hush")
        );
    }
}

#[test]
fn styles_stress_what_matters() {
    let graph = graph(SMALL);
    let mut live_state = world_of(&graph);
    the(&mut live_state, "table notes").spec["partition_key"]["name"] = "old".into();
    let plan = made(&graph, &live_state, &up());
    let text =
        format!("{}{}", render::plan(&Outline::of(&plan), render::Detail::default()), render::summary(&plan));
    insta::assert_snapshot!(text.replace('\u{1b}', "^"), @"
      ^[35m-/+^[0m table notes
          ^[2mAWS cannot change partition_key^[0m
          partition_key.name  old → id^[31m  (forces replacement)^[0m
          ^[1m^[31mwill be lost:^[0m ^[31mall of its items^[0m
    ^[1mPlan:^[0m 1 to replace, 16 unchanged
    ");
}

#[test]
fn what_goes_with_its_parent_says_so() {
    let text = shown(&made(&crate::model::Graph::default(), &world_of(&graph(SMALL)), &down()));
    assert!(text.contains("- route GET /notes  (with its API)"), "{text}");
    assert!(text.contains("- permission for GET /notes  (with its function)"), "{text}");
}

#[test]
fn a_note_stands_below_the_steps() {
    let mut plan = eventful();
    plan.notes = vec!["one permission for all routes".to_owned()];
    let text = plain(&render::plan(&Outline::of(&plan), render::Detail::default()));
    assert_eq!(text.lines().last(), Some("note: one permission for all routes"));
}

#[test]
fn a_plan_with_nothing_to_do_counts_what_stays() {
    let graph = graph(SMALL);
    let plan = made(&graph, &world_of(&graph), &up());
    assert_eq!(plain(&render::plan(&Outline::of(&plan), render::Detail::default())), "");
    assert_eq!(plain(&render::summary(&plan)), "Plan: 17 unchanged");
}

#[test]
fn refusals_say_where_why_and_what_to_do() {
    let text = render::blockers(&eventful().blockers, &["stack.yaml".into()]);
    insta::assert_snapshot!(plain(&text), @r#"
    error: stack.yaml:4: the plan would replace table notes, and all of its items would be lost
      help: to allow this, add --allow-data-loss tables.notes
    "#);
}

#[test]
fn the_empty_text_is_shown_as_such() {
    let graph = graph(&SMALL.replace("api:", "api:\n  description: The notes"));
    let mut live_state = world_of(&graph);
    the(&mut live_state, "api").spec["description"] = "".into();
    let text = shown(&made(&graph, &live_state, &up()));
    assert!(!text.contains("  → The notes"), "{text}");
}

#[test]
fn values_are_shown_to_who_asks_for_them() {
    assert!(
        render::plan(
            &Outline::of(&eventful()),
            render::Detail { details: true, values: true, ..Default::default() }
        )
        .contains("hush")
    );
}

#[test]
fn no_line_ends_in_blanks() {
    let plan = made(&graph(SMALL), &crate::model::LiveState::default(), &up());
    for line in
        plain(&render::plan(&Outline::of(&plan), render::Detail { details: true, ..Default::default() }))
            .lines()
    {
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn a_plan_in_markdown_is_whole_and_safe() {
    let mut plan = eventful();
    plan.notes.push("@everybody <b>look</b>\n> here".to_owned());
    insta::assert_snapshot!(render::markdown(&Outline::of(&plan), &lowered(&stack(SMALL)).0, &Picture::of(&stack(SMALL)).with_plan(&stack(SMALL), &plan)), @r#"
    <!-- provision plan notes eu-west-1 -->
    ### Plan for `notes` (account 123456789012, eu-west-1)

    **Plan: 6 to create, 4 to update, 1 to replace, 1 to delete, 4 unchanged**

    > [!CAUTION]
    > Blocked: the plan would replace table notes, and all of its items would be lost  
    > to allow this, add --allow-data-loss tables.notes

    > [!WARNING]
    > table notes: will be lost: all of its items

    > [!NOTE]
    > &#64;everybody &lt;b>look&lt;/b> > here

    ```mermaid
    flowchart LR
      n0[("notes")]:::replaced
      n1["save"]:::updated
      n2["list"]:::updated
      n3(["api"]):::created
      n1 -->|"write"| n0
      n2 -->|"read"| n0
      n3 -->|"POST /notes"| n1
      n3 -->|"GET /notes<br>GET /notes/{id}"| n2
      classDef created stroke:#1a7f37,fill:#dafbe1,color:#1f2328
      classDef updated stroke:#9a6700,fill:#fff8c5,color:#1f2328
      classDef replaced stroke:#8250df,fill:#fbefff,color:#1f2328
    ```

    <details><summary>Details</summary>

    ```diff
    ! replace table notes
          AWS cannot change partition_key
          partition_key.name  id → key  (forces replacement)
          will be lost: all of its items
    ! update function save
          environment  + TOKEN  + URL  (values not shown)
    +     create integration
    !     update permission for POST /notes
              source_arn  arn:aws:execute-api:eu-west-1:123456789012:a8/*/POST/notes → arn:aws:execute-api:eu-west-1:123456789012:(id of the api, known after up)/*/POST/notes
    ! update function list
    !     update log group
              it exists without tags and contains 5120 bytes of logs; it is adopted
              retention_days        30
              tags.provision:for    function.list
              tags.provision:id     log_group./aws/lambda/list
              tags.provision:stack  notes
    +     create integration
    !     update permission for GET /notes
              source_arn  arn:aws:execute-api:eu-west-1:123456789012:a8/*/GET/notes → arn:aws:execute-api:eu-west-1:123456789012:(id of the api, known after up)/*/GET/notes
    -     delete permission for GET /notes/{id}
              no longer in the stack file
    + create api
    +     create route GET /notes
    +     create route POST /notes
    +     create stage $default
    ```

    </details>
    "#);
    let unchanged = made(&graph(SMALL), &world_of(&graph(SMALL)), &up());
    insta::assert_snapshot!(render::markdown(&Outline::of(&unchanged), &lowered(&stack(SMALL)).0, &Picture::of(&stack(SMALL))), @r#"
    <!-- provision plan notes eu-west-1 -->
    ### Plan for `notes` (account 123456789012, eu-west-1)

    No changes. Everything matches the stack file.
    "#);
}

#[test]
fn a_large_plan_fits_into_a_comment() {
    let mut plan = eventful();
    plan.steps = plan.steps.iter().cycle().take(5_000).cloned().collect();
    let text = render::markdown(
        &Outline::of(&plan),
        &lowered(&stack(SMALL)).0,
        &Picture::of(&stack(SMALL)).with_plan(&stack(SMALL), &plan),
    );
    assert!(text.len() < 65_536, "{}", text.len());
    assert!(text.contains("lines more: run `provision plan`") && text.ends_with("</details>\n"));
}

/// A function and a queue with a trigger of each sort.
const TRIGGERS: &str = "
stack: demo
buckets: { shots: {} }
topics: { news: {} }
buses: { orders: {} }
queues:
  jobs: { triggers: [{ bucket: shots, events: removed }, { topic: news }] }
functions:
  resize:
    code: code
    runtime: python3.13
    triggers:
      - { bucket: shots, events: created, prefix: in/ }
      - { bucket: shots, events: created, prefix: other/, name: others }
      - { topic: news, filter: { kind: [order] } }
      - { bus: orders, pattern: { source: [shop] }, name: all }
      - { log_group: /others }
      - { queue: jobs }
      - { schedule: rate(1 day) }
      - { principal: iot.amazonaws.com, source: \"arn:aws:iot:eu-central-1:123456789012:rule/x\" }
";

fn in_short(plan: &Plan) -> String {
    let detail = render::Detail { short: true, ..Default::default() };
    plain(&format!("{}{}", render::plan(&Outline::of(plan), detail), render::summary(plan)))
}

#[test]
fn a_trigger_and_its_permission_have_one_line_below_their_entry() {
    let graph = graph(TRIGGERS);
    let plan = made(&graph, &Default::default(), &up());
    insta::assert_snapshot!("triggers_of_a_new_stack", format!("{}\n\n{}", shown(&plan), in_short(&plan)));
    let lines = shown(&plan).lines().filter(|line| line.contains("permission")).count();
    assert_eq!(lines, 5, "four with their triggers, and one that is all of its trigger");
    let (scope, _) = lowered(&stack(TRIGGERS));
    let markdown = render::markdown(&Outline::of(&plan), &scope, &Picture::of(&stack(TRIGGERS)));
    assert!(
        markdown.contains("\n+     create trigger bus orders all  (with its permission)\n"),
        "{markdown}"
    );
    let details = render::Detail { details: true, ..Default::default() };
    let details = plain(&render::plan(&Outline::of(&plan), details));
    assert_eq!(details.lines().filter(|line| line.contains("+ permission for")).count(), 5, "{details}");
}

#[test]
fn so_have_those_that_are_deleted() {
    let (with, without) = (
        graph(TRIGGERS),
        graph(&TRIGGERS.replace("      - { topic: news, filter: { kind: [order] } }\n", "")),
    );
    let plan = made(&without, &world_of(&with), &up());
    insta::assert_snapshot!("a_trigger_that_is_removed", shown(&plan));
    let plan = made(&Default::default(), &world_of(&with), &down());
    insta::assert_snapshot!(
        "triggers_of_a_stack_that_is_deleted",
        format!("{}\n\n{}", shown(&plan), in_short(&plan))
    );
}

#[test]
fn a_permission_without_its_trigger_has_a_line_of_its_own() {
    let graph = graph(TRIGGERS);
    let mut live_state = world_of(&graph);
    lose(&mut live_state, "permission resize for topic news");
    let plan = made(&graph, &live_state, &up());
    for text in [shown(&plan), in_short(&plan)] {
        assert_eq!(
            text.lines().next_back(),
            Some(format!("Plan: 1 to create, {} unchanged", plan.unchanged.len()).as_str())
        );
        assert_eq!(
            text.lines().map(str::trim).take(2).collect::<Vec<_>>(),
            ["~ function resize", "+ permission for topic news"]
        );
    }
}

#[test]
fn one_that_changes_with_its_trigger_stands_below_it() {
    let (before, after) = (
        graph(TRIGGERS),
        graph(&TRIGGERS.replace("code: code\n", "code: code\n    release: { aliases: { live: {} } }\n")),
    );
    let plan = made(&after, &world_of(&before), &up());
    insta::assert_snapshot!("triggers_that_start_an_alias", shown(&plan));
}
