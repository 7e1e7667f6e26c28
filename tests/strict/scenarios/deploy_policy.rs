//! The deploy policy: the policy that `iam-policy` prints for a stack is enough for every command, in any state of the
//! stack; no action in it can be left out; and it allows nothing on resources of others.

use super::rich::RICH;
use super::shipped::well;
use crate::access::{Need, Policies};
use crate::budget::{self, ACTIONS, Case, choose, service_of};
use crate::cloud::{ACCOUNT, Cloud, REGION};
use crate::connector::Record;
use crate::drift::drifted;
use crate::dump::dump;
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::iam::LOOSE;
use crate::services::lambda::LATE_LOGS;
use crate::services::s3::Upload;
use provision::config::Location;
use provision::deploy_policy::{Task, calls, documents, statements};
use provision::lower::identity;
use provision::model::Scope;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub(super) const ALL: &[Task] = &[Task::Up, Task::Down];

/// The policies that are printed for tasks on a stack.
pub(super) fn printed(stack: &Fixture, tasks: &[Task]) -> Vec<Json> {
    let location =
        Location { partition: "aws".to_owned(), region: REGION.to_owned(), account: ACCOUNT.to_owned() };
    let stack = stack.at(location);
    let scope = Scope {
        identity: identity(&stack),
        partition: "aws".to_owned(),
        account: ACCOUNT.to_owned(),
        region: REGION.to_owned(),
        wanted: BTreeMap::new(),
        tag_keys: Default::default(),
        existing: BTreeMap::new(),
        protected: BTreeSet::new(),
        destroy: false,
    };
    let documents = documents(&statements(&stack, &scope, tasks));
    documents.iter().map(|document| serde_json::to_value(document).expect("JSON")).collect()
}

/// An account in which the deploying user has these policies and no others.
pub(super) fn allowing(cloud: &Cloud, policies: &[Json]) -> Cloud {
    Cloud { deploy_policy: Some(Arc::new(Policies::new(policies))), ..cloud.clone() }
}

/// The commands on a stack, each with the account that it finds: from nothing, after everything was changed behind the
/// program's back, and in the end, when the functions' last logs bring their groups back.
pub(super) fn story(stack: &Fixture) -> Vec<(Task, Cloud)> {
    let up = later(&well(run(&empty(), Command::Up(stack), None)).cloud, Duration::from_secs(7200));
    let drifted = drifted(&up);
    let mut loose = up;
    loose.delays.set(LATE_LOGS, Duration::from_millis(1_500));
    let roles = loose.iam.roles.values_mut();
    roles.for_each(|role| drop(role.policies.insert("other".to_owned(), LOOSE.to_owned())));
    for bucket in loose.s3.buckets.values_mut() {
        bucket.put("a", 1);
        bucket.uploads.push(Upload { key: "b".to_owned(), id: "u".to_owned() });
    }
    loose.dynamodb.tables.values_mut().for_each(|table| table.protected = false);
    vec![
        (Task::Plan, empty()),
        (Task::Plan, drifted.clone()),
        (Task::Up, empty()),
        (Task::Up, drifted),
        (Task::Down, loose),
    ]
}

pub(super) fn perform(task: Task, stack: &Fixture, cloud: &Cloud) -> Ran {
    let command = match task {
        Task::Plan => Command::Plan(stack),
        Task::Up => Command::Up(stack),
        Task::Down => Command::Down(stack),
    };
    run(cloud, command, None)
}

/// The calls that the deploying user may not make. Step Functions refuses a role that it cannot use with the same code.
fn denied(records: &[Record]) -> Vec<String> {
    let denied = records.iter().filter(|record| record.outcome.starts_with("AccessDenied"));
    let takes_role = ["states:CreateStateMachine", "states:UpdateStateMachine"];
    let of_user = denied.filter(|record| !takes_role.contains(&record.label.name.as_str()));
    of_user.map(ToString::to_string).collect()
}

#[test]
fn what_is_printed_is_enough() {
    for (name, stack) in Fixture::every() {
        for (task, cloud) in story(&stack) {
            for tasks in [&[task][..], ALL] {
                let ran = well(perform(task, &stack, &allowing(&cloud, &printed(&stack, tasks))));
                assert_eq!(denied(&ran.records), Vec::<String>::new(), "{name}: {task:?}");
                match task {
                    Task::Plan => assert_eq!(ran.writes(), Vec::<String>::new(), "{name}"),
                    Task::Up => {
                        assert_eq!(perform(Task::Plan, &stack, &ran.cloud).end, End::Done(0), "{name}")
                    }
                    Task::Down => {
                        let left = dump(&later(&ran.cloud, Duration::from_secs(60)));
                        assert!(left.is_empty(), "{name}: {:?}", left.keys());
                    }
                }
            }
        }
    }
}

#[test]
fn read_permissions_allow_no_write() {
    for (name, stack) in Fixture::every() {
        let looking = printed(&stack, &[Task::Plan]);
        for (task, cloud) in story(&stack).into_iter().filter(|(task, _)| *task != Task::Plan) {
            let ran = perform(task, &stack, &allowing(&cloud, &looking));
            let End::Failed(errors) = &ran.end else { panic!("{name}: {task:?} ends {:?}", ran.end) };
            assert!(errors.iter().any(|error| error.contains("is not authorized to perform")), "{errors:?}");
            assert_eq!(dump(&ran.cloud), dump(&cloud), "{name}: {task:?}");
        }
    }
}

/// Policies without an action in a statement.
fn without(policies: &[Json], sid: &str, action: &str) -> Vec<Json> {
    let mut policies = policies.to_vec();
    let statements = policies.iter_mut().filter_map(|policy| policy["Statement"].as_array_mut()).flatten();
    let named = statements.filter(|statement| statement["Sid"] == sid);
    for actions in named.filter_map(|statement| statement["Action"].as_array_mut()) {
        actions.retain(|other| other != action);
    }
    policies
}

/// Every action in the statements of policies.
fn actions(policies: &[Json]) -> Vec<(String, String)> {
    let statements = policies.iter().filter_map(|policy| policy["Statement"].as_array()).flatten();
    let actions = statements.flat_map(|statement| {
        let actions = statement["Action"].as_array().into_iter().flatten();
        actions.map(|action| (text(&statement["Sid"]), text(action)))
    });
    actions.collect()
}

fn text(json: &Json) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

/// A stack with its runs, and what is printed for it.
struct Printed {
    name: String,
    stack: Fixture,
    story: Vec<(Task, Cloud)>,
    policies: Vec<Json>,
}

impl Printed {
    fn of(name: String, stack: Fixture) -> Self {
        let (story, policies) = (story(&stack), printed(&stack, ALL));
        Printed { name, stack, story, policies }
    }

    /// Every action in a statement, that no other statement allows, with a run that needs it.
    fn actions(&self) -> Vec<(String, String, usize)> {
        let deploy_policy = Policies::new(&self.policies);
        let mut needed: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (index, (task, cloud)) in self.story.iter().enumerate() {
            let ran = perform(*task, &self.stack, &allowing(cloud, &self.policies));
            for need in ran.records.iter().flat_map(|record| &record.needs) {
                if let [sid] = deploy_policy.allowing(need).as_slice() {
                    needed.insert((sid.clone(), need.action.clone()), index);
                }
            }
        }
        let with_run = |(sid, action): (String, String)| match needed.get(&(sid.clone(), action.clone())) {
            Some(run) => (sid, action, *run),
            None => panic!("{}: nothing needs {action} in {sid}", self.name),
        };
        actions(&self.policies).into_iter().map(with_run).collect()
    }

    /// Runs without an action, which must fail and say so.
    fn leave_out(&self, sid: &str, action: &str, run: usize) {
        let ((task, cloud), name) = (&self.story[run], &self.name);
        let ran = perform(*task, &self.stack, &allowing(cloud, &without(&self.policies, sid, action)));
        match &ran.end {
            End::Failed(errors) => {
                let said = errors.iter().any(|error| error.contains(action));
                assert!(said, "{name}: without {action} in {sid}: {errors:?}");
            }
            // A table or a stream that cannot be read counts as full, and here its data loss is allowed.
            End::Done(_) if LOOKS.contains(&action) => assert!(!denied(&ran.records).is_empty()),
            end => panic!("{name}: without {action} in {sid} it ends {end:?}"),
        }
    }
}

/// What `down` looks with whether there is something in it.
const LOOKS: [&str; 4] =
    ["dynamodb:Scan", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"];

#[test]
fn nothing_that_is_printed_can_be_left_out() {
    // A policy also covers what an earlier version of its stack may have left, and only a stack with something of
    // everything has a run in which that is seen.
    let whole = |stack: &Fixture| {
        let stack = &stack.stack;
        let roles = stack.functions().iter().all(|function| function.role.is_none());
        let queues = !stack.entries.of::<provision::kinds::queue::section::Config>().is_empty();
        roles && queues && stack.api().is_some() && !stack.tables().is_empty()
    };
    let every = Fixture::every().into_iter().filter(|(_, stack)| whole(stack));
    let has_mappings = |one: &Printed| one.story.iter().any(|(_, cloud)| !cloud.lambda.mappings.is_empty());
    let every = every.map(|(name, stack)| Printed::of(name, stack)).filter(has_mappings);
    let every: Vec<Printed> = every.collect();
    let all = every.iter().flat_map(|one| one.actions().into_iter().map(move |action| (one, action)));
    let all: Vec<(&Printed, (String, String, usize))> = all.collect();
    // The stack with every setting needs what all others do.
    let is_rich = |one: &Printed| one.name == "rich" || budget::is_full();
    let (rich, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(one, _)| is_rich(one));
    let case = |(one, (sid, action, _)): &(&Printed, (String, String, usize))| Case {
        service: service_of(action),
        name: format!("{}: {action} in {sid}", one.name),
        marks: vec![action.clone(), one.name.clone()],
    };
    let sample = choose(&others.iter().map(case).collect::<Vec<_>>(), ACTIONS);
    let chosen = others.iter().enumerate().filter(|(index, _)| sample.contains(index)).map(|(_, one)| one);
    let chosen: Vec<_> = rich.iter().chain(chosen).collect();
    for (one, (sid, action, run)) in &chosen {
        one.leave_out(sid, action, *run);
    }
    println!("{} of {} actions left out in turn", chosen.len(), rich.len() + others.len());
}

/// A stack whose functions have existing roles, as it is and before.
fn with_existing_role() -> (Fixture, Fixture) {
    let text = |role: &str| {
        format!(
            "stack: small\nfunctions:\n  one:\n    code: lambdas/getAlls\n    runtime: python3.13\n{role}\
             api:\n  routes: {{ GET /: one }}\n"
        )
    };
    (Fixture::of(&text("")), Fixture::of(&text(&format!("    role: {EXISTING}\n"))))
}

/// A role that is not managed by the stack.
const EXISTING: &str = "arn:aws:iam::123456789012:role/others/existing";

/// An account with an unmanaged role, a copy of the only one.
fn with_others_role(cloud: &Cloud) -> Cloud {
    let mut cloud = cloud.clone();
    let mut role = cloud.iam.roles.values().next().cloned().expect("a role");
    (role.name, role.path, role.id) = ("existing".to_owned(), "/others/".to_owned(), "AROAOTHERS".to_owned());
    role.tags.clear();
    cloud.iam.roles.insert("existing".to_owned(), role);
    cloud
}

#[test]
fn a_function_may_be_given_the_role_that_the_stack_file_names() {
    let (before, stack) = with_existing_role();
    let up = with_others_role(&well(run(&empty(), Command::Up(&before), None)).cloud);
    let policies = printed(&stack, ALL);
    let change = well(run(&allowing(&up, &policies), Command::Up(&stack), None));
    assert!(
        change.writes().iter().any(|write| write.starts_with("lambda:UntagResource")),
        "{:?}",
        change.writes()
    );
    let lacking = allowing(&up, &without(&policies, "Functions", "lambda:UntagResource"));
    let End::Failed(errors) = run(&lacking, Command::Up(&stack), None).end else { panic!("it is refused") };
    assert!(errors.iter().any(|error| error.contains("lambda:UntagResource")), "{errors:?}");
    // The policy before the change names no such role.
    let End::Failed(errors) = run(&allowing(&up, &printed(&before, ALL)), Command::Up(&stack), None).end
    else {
        panic!("it is refused")
    };
    assert!(
        errors.iter().any(|error| error.contains("iam:PassRole") && error.contains(EXISTING)),
        "{errors:?}"
    );
}

#[test]
fn a_role_in_an_instance_profile_is_left_to_a_person() {
    let stack = Fixture::shipped();
    let mut up = well(run(&empty(), Command::Up(&stack), None)).cloud;
    let role = up.iam.roles.get_mut("create_item_role").expect("the role");
    role.profiles.insert("others".to_owned());
    let ran = run(&allowing(&up, &printed(&stack, ALL)), Command::Down(&stack), None);
    let End::Failed(errors) = &ran.end else { panic!("{:?}", ran.end) };
    let action = "iam:RemoveRoleFromInstanceProfile";
    assert!(errors.iter().any(|error| error.contains(action)), "{errors:?}");
    assert_eq!(denied(&ran.records).len(), 1);
}

#[test]
fn every_row_is_a_call_that_is_sent_and_every_call_has_a_row() {
    let mut made: BTreeSet<String> = BTreeSet::new();
    let mut take = |ran: Ran| made.extend(ran.records.into_iter().map(|record| record.label.name));
    let every = Fixture::every();
    for stack in ["rich", "shipped"].map(|name| &every[name]) {
        story(stack).iter().for_each(|(task, cloud)| take(perform(*task, stack, cloud)));
    }
    let (before, stack) = with_existing_role();
    let mut up = with_others_role(&well(run(&empty(), Command::Up(&before), None)).cloud);
    take(run(&up, Command::Up(&stack), None));
    for role in up.iam.roles.values_mut() {
        role.profiles.insert("others".to_owned());
    }
    take(run(&up, Command::Down(&before), None));
    // An alias and a subscription that the stack file no longer has.
    let rich = &every["rich"];
    let fewer = RICH.replace(", next: { deploy: manual, provisioned_concurrency: 1 } }, keep", " }, keep");
    let fewer = fewer.replace("    GET /next: { function: all, alias: next }\n", "");
    let subscribed = "      - { topic: news, filter: { kind: [order] }, dead_letter: undelivered }\n";
    let fewer = Fixture::of(&fewer.replace(subscribed, ""));
    let up = later(&well(run(&empty(), Command::Up(rich), None)).cloud, Duration::from_secs(3600));
    take(well(run(&up, Command::Up(&fewer), None)));
    let stated: BTreeSet<String> = calls().map(|(call, _)| call.to_owned()).collect();
    let lacking: Vec<String> = made.difference(&stated).map(|call| lacks(call)).collect();
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    let unsent: Vec<_> = calls().filter(|(call, _)| !made.contains(*call)).collect();
    assert!(unsent.is_empty(), "rows of calls that are never sent, with their kinds: {unsent:?}");
}

/// A call without a row, and the kinds that may have sent it.
fn lacks(call: &str) -> String {
    let prefix = call.split(':').next().unwrap_or_default();
    let kinds = provision::kinds::kinds().iter().filter(|kind| kind.service().prefix == prefix);
    let kinds: Vec<&str> = kinds.map(|kind| kind.name()).collect();
    format!("{call} has no row in the PERMISSIONS of its kind, one of {}", kinds.join(", "))
}

/// What the policy of the shipped stack must not allow: the action, the resource, and a condition key.
const REFUSED: &[(&str, &str, (&str, &str))] = &[
    ("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:123456789012:function:others", OURS),
    ("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:123456789012:function:create_item2", OURS),
    ("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-west-1:210987654321:function:create_item", OURS),
    ("lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:123456789012:function:create_item", OURS),
    ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:123456789012:function:create_item", OURS),
    ("lambda:DeleteFunction", "arn:aws:lambda:eu-west-1:123456789012:function:create_item", THEIRS),
    (
        "lambda:AddPermission",
        "arn:aws:lambda:eu-west-1:123456789012:function:create_item",
        ("lambda:Principal", "*"),
    ),
    ("dynamodb:DeleteTable", "arn:aws:dynamodb:eu-west-1:123456789012:table/tbl_comment", THEIRS),
    ("dynamodb:UpdateTable", "arn:aws:dynamodb:eu-west-1:123456789012:table/others", OURS),
    ("dynamodb:Scan", "arn:aws:dynamodb:eu-west-1:123456789012:table/tbl_comment", THEIRS),
    ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/tbl_comment", OURS),
    (
        "logs:DeleteLogGroup",
        "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/others:log-stream:",
        THEIRS,
    ),
    ("logs:DeleteLogGroup", "arn:aws:logs:eu-west-1:123456789012:log-group:audit:log-stream:", THEIRS),
    ("iam:CreateRole", "arn:aws:iam::123456789012:role/create_item_role", OURS),
    ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/provision/other/_/eu-west-1/a_role", OURS),
    (
        "iam:PutRolePolicy",
        "arn:aws:iam::123456789012:role/provision/http-crud-tutorial/prod/eu-west-1/a_role",
        OURS,
    ),
    (
        "iam:PutRolePolicy",
        "arn:aws:iam::123456789012:role/provision/http-crud-tutorial/_/us-east-1/a_role",
        OURS,
    ),
    (
        "iam:AttachRolePolicy",
        "arn:aws:iam::123456789012:role/provision/http-crud-tutorial/_/eu-west-1/a_role",
        OURS,
    ),
    (
        "iam:PassRole",
        "arn:aws:iam::123456789012:role/provision/http-crud-tutorial/_/eu-west-1/a_role",
        ("iam:PassedToService", "ec2.amazonaws.com"),
    ),
    ("iam:PassRole", EXISTING, ("iam:PassedToService", "lambda.amazonaws.com")),
    ("apigateway:DELETE", "arn:aws:apigateway:eu-west-1::/apis/abc", THEIRS),
    ("apigateway:POST", "arn:aws:apigateway:eu-west-1::/apis/abc/routes", THEIRS),
    ("apigateway:PATCH", "arn:aws:apigateway:us-east-1::/apis/abc", OURS),
    ("apigateway:DELETE", "arn:aws:apigateway:eu-west-1::/restapis/abc", OURS),
    ("s3:GetObject", "arn:aws:s3:::pictures/1", OURS),
];
const OURS: (&str, &str) = ("aws:ResourceTag/provision:stack", "http-crud-tutorial");
const THEIRS: (&str, &str) = ("aws:ResourceTag/provision:stack", "http-crud-tutorial/prod");

#[test]
fn resources_of_others_may_not_be_touched() {
    let deploy_policy = Policies::new(&printed(&Fixture::shipped(), ALL));
    for (action, resource, (key, value)) in REFUSED {
        let need = Need::new(*action, *resource).with(*key, Some(value));
        assert!(!deploy_policy.allows(&need), "{need:?}");
        assert!(!deploy_policy.allows(&Need::new(*action, *resource)), "{action} {resource} without tags");
    }
    let own = "arn:aws:lambda:eu-west-1:123456789012:function:create_item";
    assert!(deploy_policy.allows(&Need::new("lambda:UpdateFunctionCode", own)));
    assert!(deploy_policy.allows(&Need::new("lambda:DeleteFunction", own).with(OURS.0, Some(OURS.1))));
}
