//! Buses, rules and schedules: what real ones do, and what the program does then.

use super::declared::Declared;
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::service::Drift;
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A stack with every setting of buses, rules and schedules.
fn every_setting() -> Fixture {
    Fixture::of(include_str!("../../stacks/buses.yaml"))
}

/// A stack of these buses and triggers of a function, with a queue for what fails.
pub(super) fn stack(buses: &str, triggers: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one
queues: {{ failed: {{}} }}
buses: {buses}
functions:
  worker: {{ code: lambdas/create_item, runtime: python3.13, timeout: 20, triggers: {triggers} }}
"
    ))
}

const RULE: &str = "{ bus: orders, pattern: { source: [shop] } }";
pub(super) const SCHEDULE: &str = "{ schedule: rate(1 hour) }";

pub(super) fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after a first `up`.
pub(super) fn created(stack: &Fixture) -> Cloud {
    later(&whole(up(&empty(), stack)).cloud, MINUTE)
}

/// The account after a change, which is all that a second `up` has to do.
pub(super) fn changed(from: &Cloud, to: &Fixture) -> Cloud {
    let ran = whole(up(from, to));
    let cloud = later(&ran.cloud, MINUTE);
    assert_eq!(well(up(&cloud, to)).writes(), Vec::<String>::new());
    cloud
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

/// Where a call stands among the writes.
fn place(writes: &[String], call: &str) -> usize {
    let found = writes.iter().position(|write| write.starts_with(call));
    found.unwrap_or_else(|| panic!("no {call} in {writes:#?}"))
}

/// What an account has of buses, rules and schedules.
pub(super) fn of_events(cloud: &Cloud) -> Vec<(String, Json)> {
    let is_of = |name: &str| ["event bus ", "rule ", "schedule "].iter().any(|kind| name.starts_with(kind));
    dump(cloud).into_iter().filter(|(name, _)| is_of(name)).collect()
}

#[test]
fn buses_rules_and_schedules_come_up_once_and_go_down() {
    let stack = every_setting();
    let cloud = created(&stack);
    insta::assert_snapshot!("events", serde_json::to_string_pretty(&of_events(&cloud)).expect("JSON"));
    let again = well(up(&cloud, &stack));
    assert_eq!(again.writes(), Vec::<String>::new());
    let down = well(run(&cloud, Command::Down(&stack), None));
    assert!(down.cloud.scheduler.groups.is_empty(), "its deletion is waited for");
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// EventBridge checks nothing when a target is set, so a rule without the permission loses events without a word.
#[test]
fn a_rule_comes_after_its_permission_and_goes_before_it() {
    let with = stack("{ orders: {} }", &format!("[{RULE}, {SCHEDULE}]"));
    let without = stack("{ orders: {} }", "[]");
    let made = whole(up(&empty(), &with));
    let writes = made.writes();
    assert!(place(&writes, "lambda:AddPermission worker") < place(&writes, "events:PutRule function.worker"));
    assert!(
        place(&writes, "iam:PutRolePolicy one_schedules")
            < place(&writes, "scheduler:CreateSchedule function")
    );
    let taken = whole(up(&later(&made.cloud, MINUTE), &without));
    let writes = taken.writes();
    assert!(
        place(&writes, "events:DeleteRule function.worker")
            < place(&writes, "lambda:RemovePermission worker")
    );
    assert!(
        place(&writes, "scheduler:DeleteScheduleGroup one") < place(&writes, "iam:DeleteRole one_schedules")
    );
    let cloud = later(&taken.cloud, MINUTE);
    assert!(
        of_events(&cloud).iter().all(|(name, _)| name.starts_with("event bus")),
        "{:?}",
        of_events(&cloud)
    );
    assert_eq!(well(up(&cloud, &without)).writes(), Vec::<String>::new());
}

/// A queue admits EventBridge before the rule sends there, and until it is gone.
#[test]
fn a_queue_admits_the_rules_that_send_there() {
    let text = |triggers: &str| {
        Fixture::of(&format!("stack: one\nqueues: {{ jobs: {{ triggers: {triggers} }} }}\n"))
    };
    let with = text("[{ bus: default, pattern: { source: [shop] } }]");
    let made = whole(up(&empty(), &with));
    let policy = made.cloud.sqs.queues["jobs"].attributes["Policy"].clone();
    for part in ["events.amazonaws.com", "arn:aws:events:eu-west-1:123456789012:rule/queue.jobs"] {
        assert!(policy.contains(part), "{policy}");
    }
    let writes = made.writes();
    assert!(place(&writes, "sqs:CreateQueue jobs") < place(&writes, "events:PutRule queue.jobs"));
    let taken = whole(up(&later(&made.cloud, MINUTE), &text("[]")));
    let writes = taken.writes();
    assert!(place(&writes, "events:DeleteRule queue.jobs") < place(&writes, "sqs:SetQueueAttributes"));
    assert!(!taken.cloud.sqs.queues["jobs"].attributes.contains_key("Policy"));
}

/// A topic admits EventBridge in the same way, besides those that AWS's own statement admits. A schedule publishes with its role.
#[test]
fn a_topic_admits_the_rules_that_publish_there() {
    let text = |triggers: &str| {
        Fixture::of(&format!("stack: one\ntopics: {{ news: {{ triggers: {triggers} }} }}\n"))
    };
    let with = text("[{ bus: default, pattern: { source: [shop] } }, { schedule: rate(1 hour) }]");
    let made = whole(up(&empty(), &with));
    let policy = |cloud: &Cloud| cloud.sns.topics["news"].attributes["Policy"].clone();
    for part in ["events.amazonaws.com", "rule/topic.news", "sns:Publish", "__default_statement_ID"] {
        assert!(policy(&made.cloud).contains(part), "{}", policy(&made.cloud));
    }
    let writes = made.writes();
    assert!(place(&writes, "sns:CreateTopic news") < place(&writes, "events:PutRule topic.news"));
    let role = &made.cloud.iam.roles["one_schedules"].policies;
    assert!(role.values().any(|text| text.contains("sns:Publish") && text.contains(":news")), "{role:?}");
    let taken = whole(up(&later(&made.cloud, MINUTE), &text("[]")));
    let writes = taken.writes();
    assert!(place(&writes, "events:DeleteRule topic.news") < place(&writes, "sns:SetTopicAttributes"));
    assert!(!policy(&taken.cloud).contains("events.amazonaws.com"), "{}", policy(&taken.cloud));
}

/// What has no policy that could admit EventBridge is reached with one role of the stack, which may do that and nothing else.
#[test]
fn a_rule_delivers_with_the_role_of_the_stack() {
    let of = |triggers: &str, bus: &str| {
        let wait = "{ StartAt: Wait, States: { Wait: { Type: Wait, Seconds: 1, End: true } } }";
        Fixture::of(&format!(
            "stack: one
buses: {{ orders: {{}}, audit: {{ triggers: [{bus}] }} }}
streams: {{ a.clicks: {{ shards: 1, triggers: [{triggers}] }} }}
state_machines: {{ flow: {{ definition: {wait}, triggers: [{triggers}] }} }}
"
        ))
    };
    let (with, without) = (of(RULE, RULE), of("", ""));
    let made = whole(up(&empty(), &with));
    let writes = made.writes();
    for target in ["state_machine.flow", "stream.a..clicks", "bus.audit"] {
        let put = place(&writes, &format!("events:PutTargets {target}"));
        assert!(place(&writes, "iam:PutRolePolicy one.rules") < put, "{writes:#?}");
        let rule = &made.cloud.events.rules[&format!("orders/{target}")];
        let role = rule.targets["provision"]["RoleArn"].as_str().unwrap_or_default();
        assert!(role.ends_with("/one.rules"), "{role}");
    }
    let role = &made.cloud.iam.roles["one.rules"];
    insta::assert_snapshot!("role_of_rules", format!("{}\n{:#?}", role.trust, role.policies));
    let cloud = later(&made.cloud, MINUTE);
    assert_eq!(well(up(&cloud, &with)).writes(), Vec::<String>::new());
    let taken = whole(up(&cloud, &without));
    let writes = taken.writes();
    for target in ["state_machine.flow", "stream.a..clicks", "bus.audit"] {
        let deleted = place(&writes, &format!("events:DeleteRule {target}"));
        assert!(deleted < place(&writes, "iam:DeleteRole one.rules"), "{writes:#?}");
    }
    assert_eq!(well(up(&later(&taken.cloud, MINUTE), &without)).writes(), Vec::<String>::new());
    let down = well(run(&later(&taken.cloud, MINUTE), Command::Down(&without), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// Of what a stream gets, the partition key can be set and taken out again.
#[test]
fn the_partition_key_of_a_rule_can_be_cleared() {
    let of = |key: &str| {
        let rule = RULE.replace(" } }", &format!(" }}{key} }}"));
        Fixture::of(&format!(
            "stack: one\nbuses: {{ orders: {{}} }}\nstreams: {{ clicks: {{ triggers: [{rule}] }} }}\n"
        ))
    };
    let plain = of("");
    let before = created(&plain);
    let set = changed(&before, &of(", partition_key: $.detail.id"));
    assert_eq!(
        set.events.rules["orders/stream.clicks"].targets["provision"]["KinesisParameters"]["PartitionKeyPath"],
        "$.detail.id"
    );
    assert_eq!(differences(&dump(&changed(&set, &plain)), &dump(&before)), Vec::<String>::new());
}

/// What others have set on a rule or a schedule, and a stack file cannot say, stays when the stack changes it.
#[test]
fn what_others_have_set_survives_a_change() {
    let before = stack("{ orders: {} }", &format!("[{RULE}, {SCHEDULE}]"));
    let mut cloud = created(&before);
    let rule = cloud.events.rules.get_mut("orders/function.worker").expect("a rule");
    "theirs".clone_into(&mut rule.description);
    rule.role = Some("arn:aws:iam::123456789012:role/theirs".to_owned());
    let schedule = cloud.scheduler.schedules.values_mut().next().expect("a schedule");
    schedule.settings["Description"] = "theirs".into();
    schedule.settings["KmsKeyArn"] = "arn:aws:kms:eu-west-1:123456789012:key/theirs".into();
    assert_eq!(well(up(&cloud, &before)).writes(), Vec::<String>::new());
    let rule = RULE.replace("[shop]", "[shop, store]");
    let schedule = SCHEDULE.replace("1 hour", "2 hours");
    let ran = whole(up(&cloud, &stack("{ orders: {} }", &format!("[{rule}, {schedule}]"))));
    let rule = &ran.cloud.events.rules["orders/function.worker"];
    assert!(rule.pattern.as_ref().is_some_and(|pattern| pattern.contains("store")), "{rule:?}");
    assert_eq!((rule.description.as_str(), rule.role.is_some()), ("theirs", true));
    let schedule = &ran.cloud.scheduler.schedules.values().next().expect("a schedule").settings;
    assert_eq!(schedule["ScheduleExpression"], "rate(2 hours)");
    assert_eq!((&schedule["Description"], schedule["KmsKeyArn"].is_string()), (&json!("theirs"), true));
}

#[test]
fn every_drift_of_buses_rules_and_schedules_is_undone() {
    let drifts = [Service::Events, Service::Scheduler].into_iter().flat_map(|service| service.drifts());
    let drifts: Vec<&(&str, Drift)> = drifts.collect();
    assert!(drifts.len() > 20, "{}", drifts.len());
    let made = Declared::of(every_setting()).undoes(drifts.clone(), &[0, 1], Duration::ZERO, |_| ());
    assert_eq!(made, 2 * drifts.len());
}

/// Of a bus, a rule and a schedule, every optional field can be taken out again.
#[test]
fn every_optional_field_can_be_cleared() {
    let plain = stack("{ orders: {} }", &format!("[{RULE}, {SCHEDULE}]"));
    let before = created(&plain);
    let expected = dump(&before);
    let of_bus =
        |field: &str| stack(&format!("{{ orders: {{ {field} }} }}"), &format!("[{RULE}, {SCHEDULE}]"));
    let of_rule = |field: &str| {
        let rule = RULE.replace(" } }", &format!(" }}, {field} }}"));
        stack("{ orders: {} }", &format!("[{rule}, {SCHEDULE}]"))
    };
    let of_schedule = |field: &str| {
        let schedule = SCHEDULE.replace(" }", &format!(", {field} }}"));
        stack("{ orders: {} }", &format!("[{RULE}, {schedule}]"))
    };
    let stacks = [
        of_bus("description: of orders"),
        of_bus("kms_key: alias/mine"),
        of_bus("dead_letter: failed"),
        of_bus("resource_policy: [{ Effect: Allow, Principal: \"*\", Action: events:PutEvents }]"),
        of_rule("input: { a: 1 }"),
        of_rule("input: a text"),
        of_rule("input_path: $.detail"),
        of_rule("input_transformer: { paths: { a: $.detail.a }, template: \"<a>\" }"),
        of_rule("retries: 3"),
        of_rule("max_age: 1 hour"),
        of_rule("dead_letter: failed"),
        of_rule("enabled: false"),
        of_schedule("timezone: Europe/Berlin"),
        of_schedule("input: { a: 1 }"),
        of_schedule("flexible: 5 minutes"),
        of_schedule("start: \"2031-01-01T00:00:00Z\""),
        of_schedule("end: \"2031-01-01T00:00:00Z\""),
        of_schedule("retries: 3"),
        of_schedule("max_age: 1 hour"),
        of_schedule("dead_letter: failed"),
        of_schedule("enabled: false"),
    ];
    for with in stacks {
        let set = changed(&before, &with);
        assert!(!differences(&dump(&set), &expected).is_empty(), "{:?}", with.stack.entries);
        let cleared = changed(&set, &plain);
        assert_eq!(differences(&dump(&cleared), &expected), Vec::<String>::new(), "{:?}", with.stack.entries);
    }
}

/// PutRule overwrites silently, and a bus or a group of the wanted name may be another owner's.
#[test]
fn what_others_own_is_left_alone() {
    let stack = stack("{ orders: {} }", &format!("[{}, {SCHEDULE}]", RULE.replace("orders", "default")));
    let make = |service: Service, operation: &str, params: Json| {
        let mut cloud = empty();
        cloud.act(service, operation, &params).expect("a resource");
        later(&cloud, MINUTE)
    };
    let theirs = json!([{ "Key": "provision:stack", "Value": "other" }]);
    let rule = json!({ "Name": "function.worker", "EventPattern": "{\"source\":[\"theirs\"]}" });
    let tagged =
        json!({ "Name": "function.worker", "EventPattern": "{\"source\":[\"theirs\"]}", "Tags": theirs });
    for (cloud, what) in [
        (make(Service::Events, "PutRule", rule), "rule function.worker"),
        (make(Service::Events, "PutRule", tagged), "rule function.worker"),
        (make(Service::Events, "CreateEventBus", json!({ "Name": "orders" })), "bus orders"),
        (make(Service::Scheduler, "CreateScheduleGroup", json!({ "Name": "one" })), "schedule group one"),
    ] {
        let refused = up(&cloud, &stack);
        assert!(errors(&refused).contains(what), "{}", errors(&refused));
        assert_eq!(refused.writes(), Vec::<String>::new());
    }
}

/// What others add to a rule or a bus of ours stays as long as that does.
#[test]
fn targets_and_statements_of_others_are_kept() {
    let rich = stack(
        "{ orders: { resource_policy: [{ Effect: Allow, Principal: \"*\", Action: events:PutEvents }] } }",
        &format!("[{RULE}]"),
    );
    let mut cloud = created(&rich);
    let target = json!({ "Id": "theirs", "Arn": "arn:aws:sqs:eu-west-1:123456789012:theirs" });
    let put = json!({ "Rule": "function.worker", "EventBusName": "orders", "Targets": [target] });
    cloud.act(Service::Events, "PutTargets", &put).expect("a target");
    let admit = json!({ "EventBusName": "orders", "StatementId": "Theirs", "Action": "events:PutEvents", "Principal": "210987654321" });
    cloud.act(Service::Events, "PutPermission", &admit).expect("a statement");
    assert_eq!(well(up(&cloud, &rich)).writes(), Vec::<String>::new());
    let disabled = RULE.replace(" } }", " }, enabled: false }");
    let ran = whole(up(&cloud, &stack("{ orders: {} }", &format!("[{disabled}]"))));
    let rule = &ran.cloud.events.rules["orders/function.worker"];
    assert_eq!((rule.state.as_str(), rule.targets.len()), ("DISABLED", 2));
    let sids: Vec<&Json> = ran.cloud.events.buses["orders"].policy.iter().map(|one| &one["Sid"]).collect();
    assert_eq!(sids, ["Theirs"]);
    let down = well(run(&later(&ran.cloud, MINUTE), Command::Down(&stack("{ orders: {} }", "[]")), None));
    assert!(of_events(&down.cloud).is_empty());
}

/// A bus with a rule of others cannot be deleted, and nothing of theirs is.
#[test]
fn a_rule_of_others_holds_the_bus() {
    let stack = stack("{ orders: {} }", &format!("[{RULE}]"));
    let mut cloud = created(&stack);
    let rule =
        json!({ "Name": "theirs", "EventBusName": "orders", "EventPattern": "{\"source\":[\"theirs\"]}" });
    cloud.act(Service::Events, "PutRule", &rule).expect("a rule");
    let down = run(&cloud, Command::Down(&stack), None);
    assert!(errors(&down).contains("can't be deleted since it has rules"), "{}", errors(&down));
    let left: Vec<&String> = down.cloud.events.rules.keys().collect();
    assert_eq!(left, ["orders/theirs"]);
}

/// A response that is a success may say that a target could not be put, or removed.
#[test]
fn a_change_of_targets_that_fails_in_part_is_repeated() {
    let stack = stack("{ orders: {} }", &format!("[{RULE}]"));
    let mut cloud = empty();
    cloud.events.partly = 2;
    let ran = whole(up(&cloud, &stack));
    assert_eq!(ran.cloud.events.rules["orders/function.worker"].targets.len(), 1);
    let mut cloud = later(&ran.cloud, MINUTE);
    cloud.events.partly = 2;
    let down = well(run(&cloud, Command::Down(&stack), None));
    assert!(of_events(&down.cloud).is_empty());
}

/// The role of the schedules allows what they start, and no more.
#[test]
fn the_role_of_schedules_allows_what_they_start() {
    let cloud = created(&every_setting());
    let role =
        cloud.iam.roles.values().find(|role| role.arn().ends_with("/events_schedules")).expect("a role");
    let policies: Vec<Json> =
        role.policies.values().map(|text| serde_json::from_str(text).expect("a policy")).collect();
    let statements = policies[0]["Statement"].as_array().expect("statements");
    let mut allowed: Vec<(String, String)> = statements
        .iter()
        .map(|statement| (statement["Action"].to_string(), statement["Resource"].to_string()))
        .collect();
    allowed.sort();
    insta::assert_snapshot!("role_of_schedules", format!("{}\n{allowed:#?}", role.trust));
}

/// A bus shows how it logs only once it was changed, and that it does not is no difference [hazards: G9].
#[test]
fn a_bus_that_shows_its_logs_after_a_change_is_in_sync() {
    let described =
        |text: &str| stack(&format!("{{ orders: {{ description: {text} }} }}"), &format!("[{RULE}]"));
    let mut cloud = changed(&created(&described("of old")), &described("of new"));
    let off = json!({ "Level": "OFF", "IncludeDetail": "NONE" });
    cloud.events.buses.get_mut("orders").expect("the bus").log = off.clone();
    assert_eq!(well(up(&cloud, &described("of new"))).writes(), Vec::<String>::new());
    let other = changed(&cloud, &described("of newest"));
    assert_eq!(other.events.buses["orders"].log, off);
}
