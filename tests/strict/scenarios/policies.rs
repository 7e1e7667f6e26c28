//! The policies that the program makes: those of roles, of functions, and the deploy policy. A linter checks their form,
//! actions, resources and condition keys by AWS's own reference; a simulator evaluates what they allow, and what they do not.

use super::deploy_policy::{ALL, allowing, perform, printed, story};
use super::shipped::well;
use crate::access::{Need, Policies};
use crate::cloud::{ACCOUNT, Cloud, REGION};
use crate::fixture::Fixture;
use crate::python::environment;
use crate::run::{Command, empty, run};
use crate::services::Service;
use crate::services::lambda::callee;
use crate::services::logs::group_arn;
use provision::config::Entry;
use provision::deploy_policy::Task;
use provision::kinds::api::section::Route;
use provision::kinds::function::section::Config;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command as Process, Stdio};

/// What the linter finds in policies, and what the reference has against claims about access control.
fn findings(policies: &[Json], needs: &[Json]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policies");
    let python = environment("policies", &folder.join("requirements.txt"));
    let mut lint = Process::new(python);
    lint.arg("-I")
        .arg(folder.join("lint.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut lint = lint.spawn().expect("the linter");
    let asked = json!({ "policies": policies, "needs": needs }).to_string();
    lint.stdin.take().expect("its input").write_all(asked.as_bytes()).expect("it reads");
    let ran = lint.wait_with_output().expect("the linter ends");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    serde_json::from_slice(&ran.stdout).expect("its findings")
}

/// A policy for the linter.
fn policy(name: String, kind: &str, document: impl Into<Json>) -> Json {
    json!({ "name": name, "type": kind, "document": document.into() })
}

fn parsed(document: &str) -> Json {
    serde_json::from_str(document).expect("a policy")
}

/// A stack that is up.
fn up(stack: &Fixture) -> Cloud {
    well(run(&empty(), Command::Up(stack), None)).cloud
}

/// Every policy of a stack that is up, and those that are printed for it.
fn policies(name: &str, stack: &Fixture) -> Vec<Json> {
    let cloud = up(stack);
    let mut policies = Vec::new();
    for role in cloud.iam.roles.values() {
        policies.push(policy(format!("{name}: trust of {}", role.name), "trust", parsed(&role.trust)));
        let inline = role.policies.iter();
        policies.extend(inline.map(|(inline, document)| {
            policy(format!("{name}: {inline} of {}", role.name), "identity", parsed(document))
        }));
    }
    for (function, settings) in &cloud.lambda.functions {
        let statements = settings.policy.now();
        let document = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
        if !statements.is_empty() {
            policies.push(policy(format!("{name}: function {function}"), "resource", document));
        }
    }
    for tasks in [&[Task::Plan][..], &[Task::Up], &[Task::Down], ALL] {
        let printed = printed(stack, tasks).into_iter();
        policies
            .extend(printed.map(|document| policy(format!("{name}: for {tasks:?}"), "identity", document)));
    }
    policies
}

#[test]
fn a_linter_finds_nothing_in_any_policy() {
    let all: Vec<Json> = Fixture::every().iter().flat_map(|(name, stack)| policies(name, stack)).collect();
    println!("{} policies", all.len());
    assert_eq!(findings(&all, &[]), Vec::<String>::new());
}

#[test]
fn the_linter_finds_what_is_wrong() {
    let allow = |action: &str, resource: &str, condition: Json| {
        let statement = json!({ "Sid": "Wrong", "Effect": "Allow", "Action": action, "Resource": resource,
                                "Condition": condition });
        policy(action.to_owned(), "identity", json!({ "Version": "2012-10-17", "Statement": [statement] }))
    };
    let table = Service::DynamoDb.arn("table/words");
    let key = json!({ "StringEquals": { "iam:PassedToService": "x" } });
    let wrong = [
        allow("dynamodb:GetItems", &table, json!({})),
        allow("lambda:GetFunction", &table, json!({})),
        allow("dynamodb:GetItem", &table, key),
    ];
    let need = json!({ "action": "iam:MakeRole", "resource": "*", "keys": [] });
    let found = findings(&wrong, &[need]);
    for why in
        ["`GetItems` not found", "No resources match", "is not valid for action", "there is no such action"]
    {
        assert_eq!(found.iter().filter(|finding| finding.contains(why)).count(), 1, "{why}: {found:?}");
    }
}

/// Where AWS itself is known to ask for what its reference does not have.
const KNOWN: &[&str] = &[
    // AWS's errors name this path, and this verb, for everything that is created with tags or tagged.
    "apigateway:POST on arn:aws:apigateway:eu-west-1::/tags/",
    // The name of a role that is not there is not resolved to an ARN.
    " on arn:aws:iam::123456789012:role ",
];

/// The permissions that the strict cloud asks for are not made up.
#[test]
fn what_access_control_asks_for_is_in_aws_s_reference() {
    let mut needs: BTreeMap<String, Json> = BTreeMap::new();
    for stack in ["rich", "shipped"].map(|name| Fixture::every().remove(name).expect("a stack")) {
        for (task, cloud) in story(&stack) {
            let ran = perform(task, &stack, &allowing(&cloud, &printed(&stack, ALL)));
            for need in ran.records.iter().flat_map(|record| &record.needs) {
                let keys: BTreeSet<&String> = need.context.iter().map(|(key, _)| key).collect();
                let asked = json!({ "action": need.action, "resource": need.resource, "keys": keys });
                needs.insert(asked.to_string(), asked);
            }
        }
    }
    let needs: Vec<Json> = needs.into_values().collect();
    let mut found = findings(&[], &needs);
    found.retain(|finding| !KNOWN.iter().any(|known| finding.contains(known)));
    println!("{} different needs", needs.len());
    assert_eq!(found, Vec::<String>::new());
}

/// What a function may do: the policies of its role.
fn of_role(cloud: &Cloud, function: &Entry<Config>) -> Policies {
    let role = &cloud.iam.roles[&format!("{}_role", function.name).to_lowercase()];
    let policies: Vec<Json> = role.policies.values().map(|document| parsed(document)).collect();
    Policies::new(&policies)
}

#[test]
fn a_function_may_do_what_it_declares_and_nothing_else() {
    for (name, fixture) in Fixture::every() {
        let (cloud, stack) = (up(&fixture), &fixture.stack);
        let every: BTreeSet<&String> = stack
            .functions()
            .iter()
            .flat_map(|function| function.access.values().flat_map(|grant| &grant.actions))
            .collect();
        for function in stack.functions().iter().filter(|function| function.role.is_none()) {
            let policies = of_role(&cloud, function);
            for (table, action) in
                stack.tables().iter().flat_map(|table| every.iter().map(move |action| (table, *action)))
            {
                let declared =
                    function.access.get(&table.name).is_some_and(|grant| grant.actions.contains(action));
                let need =
                    Need::new(action.as_str(), Service::DynamoDb.arn(&format!("table/{}", table.name)));
                assert_eq!(policies.allows(&need), declared, "{name}: {} and {need:?}", function.name);
            }
            let table = Service::DynamoDb.arn("table/undeclared");
            for action in ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"] {
                assert!(!policies.allows(&Need::new(action, &table)), "{name}: {} {action}", function.name);
            }
            logs_of_its_own(&policies, function);
        }
    }
}

/// A function writes to its own log group, which it cannot make.
fn logs_of_its_own(policies: &Policies, function: &Entry<Config>) {
    let shared = function.logging.as_ref().and_then(|logging| logging.group.as_deref());
    let function = function.name.as_str();
    let group = |name: &str| match shared {
        Some(group) if name == function => group.to_owned(),
        _ => format!("/aws/lambda/{name}"),
    };
    let stream = |name: &str| format!("{}:log-stream:s", group_arn(&group(name)));
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        assert!(policies.allows(&Need::new(action, stream(function))), "{function} {action}");
        assert!(!policies.allows(&Need::new(action, stream("other"))), "{function} {action}");
        assert!(!policies.allows(&Need::new(action, stream(&format!("{function}2")))), "{function} {action}");
    }
    for action in ["logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:GetLogEvents"] {
        assert!(!policies.allows(&Need::new(action, stream(function))), "{function} {action}");
    }
    for (action, resource) in [
        ("iam:PassRole", Service::Iam.arn("role/any")),
        ("lambda:InvokeFunction", Service::Lambda.arn(&format!("function:{function}"))),
        ("s3:GetObject", "arn:aws:s3:::other/1".to_owned()),
    ] {
        assert!(!policies.allows(&Need::new(action, resource)), "{function} {action}");
    }
}

#[test]
fn statements_of_the_user_s_own_allow_what_they_say() {
    let stack = Fixture::every().remove("rich").expect("the stack");
    let cloud = up(&stack);
    let policies = |name: &str| {
        let function = stack.stack.functions().iter().find(|function| function.name == name);
        of_role(&cloud, function.expect("the function"))
    };
    let picture = Need::new("s3:GetObject", "arn:aws:s3:::pictures/1");
    let detect = Need::new("comprehend:DetectSentiment", format!("arn:aws:comprehend:{REGION}:{ACCOUNT}:x"));
    assert!(policies("save").allows(&picture) && policies("save").allows(&detect));
    assert!(!policies("show").allows(&picture) && !policies("show").allows(&detect));
    assert!(!policies("save").allows(&Need::new("s3:PutObject", "arn:aws:s3:::pictures/1")));
}

#[test]
fn a_service_alone_assumes_its_role_and_the_api_alone_calls_a_function() {
    for (name, fixture) in Fixture::every() {
        let cloud = up(&fixture);
        let machines = cloud.stepfunctions.machines.values();
        let of_machines: BTreeSet<&str> = machines.map(|machine| machine.settings.role.as_str()).collect();
        for role in cloud.iam.roles.values() {
            // A trust policy is about its own role, and names none.
            let trust = Policies::of_a_role(&parsed(&role.trust));
            let assume = Need::new("sts:AssumeRole", role.arn());
            if let Some(group) = role.name.strip_suffix("_schedules") {
                let [own, other] =
                    [group, "other"].map(|group| Service::Scheduler.arn(&format!("schedule-group/{group}")));
                for_its_source_alone(&trust, &assume, "scheduler.amazonaws.com", &own, &other);
            } else if role.name.ends_with(".rules") {
                let [own, other] = ["rule/any", "event-bus/other"].map(|source| Service::Events.arn(source));
                for_its_source_alone(&trust, &assume, "events.amazonaws.com", &own, &other);
            } else {
                let own = assume.clone().with("aws:SourceAccount", Some(ACCOUNT));
                let (service, other) = match of_machines.contains(role.arn().as_str()) {
                    true => ("states.amazonaws.com", "lambda.amazonaws.com"),
                    false => ("lambda.amazonaws.com", "states.amazonaws.com"),
                };
                assert!(trust.let_in(service, &own), "{name}: {}", role.name);
                assert!(!trust.let_in(other, &own), "{name}: {}", role.name);
            }
            assert!(
                !trust.let_in("ec2.amazonaws.com", &assume) && !trust.allows(&assume),
                "{name}: {}",
                role.name
            );
        }
        for (api, settings) in &cloud.apigateway.apis {
            for route in fixture.stack.api().into_iter().flat_map(|api| &api.routes) {
                assert!(settings.routes.values().any(|live| live["RouteKey"] == route.key.as_str()));
                let called = called(&fixture, route);
                called_by_its_routes_alone(&cloud, &called, api, &route.key);
            }
        }
    }
}

/// One service alone assumes the role, for a source of the account.
fn for_its_source_alone(trust: &Policies, assume: &Need, service: &str, own: &str, other: &str) {
    let of = |source, account| {
        assume.clone().with("aws:SourceArn", Some(source)).with("aws:SourceAccount", Some(account))
    };
    assert!(trust.let_in(service, &of(own, ACCOUNT)), "{own}");
    for wrong in [of(other, ACCOUNT), of(own, "210987654321"), assume.clone()] {
        assert!(!trust.let_in(service, &wrong), "{own}");
    }
    assert!(!trust.let_in("lambda.amazonaws.com", &of(own, ACCOUNT)), "{own}");
}

/// A function of more routes than its policy has room for may be called by any route of the API.
const ONE_STATEMENT_FOR_ALL: usize = 40;

/// What a route calls: a function, or an alias of its release.
fn called(fixture: &Fixture, route: &Route) -> String {
    let mut functions = fixture.stack.functions().iter();
    let function = functions.find(|function| function.name == route.function).expect("its function");
    let first = function.release.as_ref().and_then(|release| Some(&release.aliases.first()?.0));
    let alias = route.alias.as_ref().or(first);
    alias.map_or_else(|| route.function.clone(), |alias| format!("{}:{alias}", route.function))
}

/// The called function, or an alias of it, lets in its routes and nothing else.
fn called_by_its_routes_alone(cloud: &Cloud, function: &str, api: &str, route: &str) {
    let called =
        callee(cloud, &Service::Lambda.arn(&format!("function:{function}"))).expect("what is called");
    let statements = called.policy.now();
    let policy = Policies::new(&[json!({ "Version": "2012-10-17", "Statement": statements })]);
    let call = |source: String| {
        let invoke = Need::new("lambda:InvokeFunction", Service::Lambda.arn(&format!("function:{function}")));
        invoke.with("AWS:SourceArn", Some(&format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{source}")))
    };
    let path = match route.split_once(' ') {
        Some(("ANY", path)) => format!("PATCH{path}"),
        Some((method, path)) => format!("{method}{path}"),
        None => route.to_owned(),
    };
    let own = call(format!("{api}/$default/{path}"));
    assert!(policy.let_in("apigateway.amazonaws.com", &own), "{route}");
    assert!(!policy.let_in("events.amazonaws.com", &own), "{route}");
    let routes = cloud.apigateway.apis[api].routes.len();
    let undeclared =
        (routes <= ONE_STATEMENT_FOR_ALL).then(|| format!("{api}/$default/PATCH/never-declared"));
    for source in undeclared.into_iter().chain([format!("other12345/$default/{path}")]) {
        assert!(!policy.let_in("apigateway.amazonaws.com", &call(source.clone())), "{route}: {source}");
    }
}
