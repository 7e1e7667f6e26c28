//! Values that live elsewhere: read once, together and before anything else; by nobody but those who may; and never shown.

use super::deploy_policy::{ALL, allowing, printed};
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::connector::Record;
use crate::dump::{differences, dump};
use crate::faults::{self, PlannedFault};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, planned, run};
use crate::services::ssm::Parameter;
use provision::deploy_policy::Task;
use provision::outline::Outline;
use provision::render::{self, Detail};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const LEVEL: &str = "/shop/level";
/// What no output may have.
const SECRETS: [&str; 3] = ["open-sesame", "k3y-of-mine", "p4ss-w0rd"];

const SHOP: &str = "stack: shop
variables: { level: '${ssm:/shop/level}' }
tables: { theirs: { existing: '${cloudformation:network.Table}' } }
functions:
  f:
    code: lambdas/create_item
    runtime: python3.13
    memory: ${ssm:/shop/memory}
    timeout: ${ssm:/shop/timeout, 7}
    access: { theirs: read }
    environment:
      LEVEL: at ${var.level}
      KEY: ${ssm:/shop/key}
      DB: 'postgres://u:${secret:shop/db#password}@${secret:shop/db#host}'
      WHOLE: ${secret:shop/whole}
      VPC: ${export:network-vpc}
      USERS: ${stack:core.tables.users.arn}
      URL: ${stack:core.api.url}
      PEOPLE: ${stack:core.tables.people.name}
";

/// An account with everything that the shop refers to but the timeout.
fn account() -> Cloud {
    let core = "stack: core
tables: { users: { partition_key: id }, accounts: { partition_key: id, name: people } }
api: { description: of the core }
";
    let mut cloud = later(&whole(up(&empty(), &Fixture::of(core))).cloud, MINUTE);
    let theirs = "stack: theirs\ntables: { theirs: { partition_key: id } }\n";
    cloud = later(&whole(up(&cloud, &Fixture::of(theirs))).cloud, MINUTE);
    cloud.ssm.put(LEVEL, Parameter::text("info"));
    cloud.ssm.put("/shop/memory", Parameter::text("256"));
    cloud.ssm.put("/shop/key", Parameter::secure(SECRETS[1]));
    cloud.secretsmanager.put("shop/db", &json!({ "password": SECRETS[2], "host": "db.example" }).to_string());
    cloud.secretsmanager.put("shop/whole", SECRETS[0]);
    cloud.cloudformation.put("network", &[("Table", "theirs", None), ("Vpc", "vpc-1", Some("network-vpc"))]);
    cloud
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The calls that read values.
fn reads(records: &[Record]) -> Vec<String> {
    const SERVICES: [&str; 3] = ["ssm:", "secretsmanager:", "cloudformation:"];
    let of_values =
        records.iter().filter(|record| SERVICES.iter().any(|name| record.label.name.starts_with(name)));
    let mut reads: Vec<String> = of_values.map(|record| record.label.name.clone()).collect();
    reads.sort();
    reads
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

fn environment(cloud: &Cloud) -> Json {
    cloud.lambda.functions["f"].configuration["Environment"]["Variables"].clone()
}

#[test]
fn values_are_read_once_and_before_anything_else() {
    let (cloud, shop) = (account(), Fixture::of(SHOP));
    let ran = whole(up(&cloud, &shop));
    let environment = environment(&ran.cloud);
    assert_eq!(environment["LEVEL"], "at info");
    assert_eq!(environment["KEY"], SECRETS[1]);
    assert_eq!(environment["DB"], format!("postgres://u:{}@db.example", SECRETS[2]));
    assert_eq!(environment["WHOLE"], SECRETS[0]);
    assert_eq!(environment["VPC"], "vpc-1");
    assert_eq!(environment["USERS"], "arn:aws:dynamodb:eu-west-1:123456789012:table/users");
    assert!(environment["URL"].as_str().is_some_and(|url| url.starts_with("https://")), "{environment}");
    assert_eq!(environment["PEOPLE"], "people", "a table with a name of its own");
    let function = &ran.cloud.lambda.functions["f"].configuration;
    assert_eq!((&function["MemorySize"], &function["Timeout"]), (&json!(256), &json!(7)));
    assert_eq!(
        reads(&ran.records),
        [
            "cloudformation:DescribeStacks",
            "cloudformation:ListExports",
            "secretsmanager:GetSecretValue",
            "secretsmanager:GetSecretValue",
            "ssm:GetParameters",
        ]
    );
    let last = ran.records.iter().filter(|record| reads(std::slice::from_ref(record)).len() == 1);
    let last = last.filter_map(|record| record.end).max();
    let first_write = ran.records.iter().filter(|record| record.write).map(|record| record.start).min();
    assert!(last < first_write);
    let again = well(up(&later(&ran.cloud, MINUTE), &shop));
    assert_eq!(again.writes(), Vec::<String>::new());
}

#[test]
fn a_value_that_changes_is_a_change_and_is_not_shown() {
    let (cloud, shop) = (account(), Fixture::of(SHOP));
    let mut cloud = later(&whole(up(&cloud, &shop)).cloud, MINUTE);
    cloud.ssm.put(LEVEL, Parameter::text("debug"));
    cloud.secretsmanager.put("shop/whole", "open-sesame-again");
    let plan = planned(&cloud, Command::Plan(&shop));
    let detail = Detail { details: true, ..Default::default() };
    let shown = [render::plan(&Outline::of(&plan), detail), render::json::plan(&plan).to_string()].join("\n");
    assert!(shown.contains("environment") && !shown.contains("open-sesame"), "{shown}");
    assert!(shown.contains("`${ssm:/shop/timeout}` has no value, so its fallback is used"), "{shown}");
    let ran = whole(up(&cloud, &shop));
    assert_eq!(ran.writes(), ["lambda:UpdateFunctionConfiguration f #1"]);
    assert_eq!(environment(&ran.cloud)["WHOLE"], "open-sesame-again");
}

#[test]
fn what_does_not_exist_is_an_error_before_anything_is_made() {
    let shop = Fixture::of(SHOP);
    let mut cloud = empty();
    cloud.secretsmanager.put("shop/db", "no JSON");
    cloud.secretsmanager.put("shop/whole", SECRETS[0]);
    cloud.secretsmanager.schedule_deletion("shop/whole");
    cloud.cloudformation.put("network", &[("Vpc", "vpc-1", None)]);
    let ran = up(&cloud, &shop);
    let errors = errors(&ran);
    for error in [
        "`${ssm:/shop/level}` has no value: there is no such parameter",
        "`${ssm:/shop/memory}` has no value",
        "`${secret:shop/db#password}` has no value: the secret is not a JSON object",
        "`${secret:shop/whole}` has no value: the secret is scheduled for deletion",
        "`${cloudformation:network.Table}` has no value: the stack has no output `Table`, only `Vpc`",
        "`${export:network-vpc}` has no value: there is no such export",
        "`${stack:core/_.tables.users.arn}` has no value: the stack core has no table `users`",
        "`${stack:core/_.api.url}` has no value: the stack core has no api",
        "stack-",
    ] {
        assert!(errors.contains(error), "{error}: {errors}");
    }
    assert!(!errors.contains("/shop/timeout"), "it has a fallback: {errors}");
    assert_eq!(ran.writes(), Vec::<String>::new());
}

#[test]
fn many_parameters_take_one_call_for_ten() {
    let mut cloud = empty();
    let names: Vec<String> = (0..25).map(|number| format!("P{number:02}: '${{ssm:/p{number}}}'")).collect();
    (0..25).for_each(|number| cloud.ssm.put(&format!("/p{number}"), Parameter::text("x")));
    let text = format!(
        "stack: shop\nfunctions: {{ f: {{ code: lambdas/create_item, runtime: python3.13, environment: {{ {} }} }} }}\n",
        names.join(", ")
    );
    let ran = whole(up(&cloud, &Fixture::of(&text)));
    assert_eq!(reads(&ran.records).len(), 3);
}

#[test]
fn a_name_may_depend_on_the_region() {
    let mut cloud = empty();
    cloud.ssm.put("/eu-west-1/level", Parameter::text("info"));
    cloud.ssm.put(LEVEL, Parameter::text("debug"));
    let text = "stack: shop
functions: { f: { code: lambdas/create_item, runtime: python3.13, environment: { AA: '${ssm:/${region}/level}', BB: '${ssm:/shop/level}' } } }
";
    let ran = whole(up(&cloud, &Fixture::of(text)));
    assert_eq!(
        (&environment(&ran.cloud)["AA"], &environment(&ran.cloud)["BB"]),
        (&"info".into(), &"debug".into())
    );
}

/// `down` asks for no value: what was referred to may be gone, and nobody has to be allowed to read it.
#[test]
fn down_needs_no_value() {
    let (before, shop) = (account(), Fixture::of(SHOP));
    let mut cloud = later(&whole(up(&before, &shop)).cloud, MINUTE);
    cloud.ssm = Default::default();
    cloud.secretsmanager = Default::default();
    let ran = well(run(&allowing(&cloud, &printed(&shop, &[Task::Down])), Command::Down(&shop), None));
    assert_eq!(reads(&ran.records), Vec::<String>::new());
    assert_eq!(differences(&dump(&later(&ran.cloud, MINUTE)), &dump(&before)), Vec::<String>::new());
}

/// The statements of the printed policy that allow to read values.
const STATEMENTS: [(&str, &str, &str); 4] = [
    ("ReadParameters", "ssm:GetParameters", "ssm:/shop/"),
    ("ReadSecrets", "secretsmanager:GetSecretValue", "secret:shop/"),
    ("ReadStackOutputs", "cloudformation:DescribeStacks", "cloudformation:network.Table"),
    ("ReadExports", "cloudformation:ListExports", "export:network-vpc"),
];

#[test]
fn the_printed_policy_is_enough_and_no_more() {
    let (cloud, shop) = (account(), Fixture::of(SHOP));
    let policies = printed(&shop, ALL);
    let ran = whole(up(&allowing(&cloud, &policies), &shop));
    assert_eq!(well(up(&later(&ran.cloud, MINUTE), &shop)).writes(), Vec::<String>::new());
    let statement = |sid: &str| {
        let statements = policies.iter().filter_map(|policy| policy["Statement"].as_array()).flatten();
        statements.into_iter().find(|statement| statement["Sid"] == sid).cloned().expect("the statement")
    };
    let parameters = ["key", "level", "memory", "timeout"]
        .map(|name| format!("arn:aws:ssm:eu-west-1:123456789012:parameter/shop/{name}"));
    assert_eq!(statement("ReadParameters")["Resource"], json!(parameters));
    let secrets = ["db", "whole"]
        .map(|name| format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/{name}-??????"));
    assert_eq!(statement("ReadSecrets")["Resource"], json!(secrets));
    for (sid, action, placeholder) in STATEMENTS {
        let mut less = policies.clone();
        for policy in &mut less {
            policy["Statement"].as_array_mut().expect("a list").retain(|statement| statement["Sid"] != sid);
        }
        let ran = up(&allowing(&cloud, &less), &shop);
        let errors = errors(&ran);
        assert!(errors.contains(&format!("cannot read `${{{placeholder}")), "{sid}: {errors}");
        assert!(errors.contains(&format!("{action} failed")), "{sid}: {errors}");
        assert_eq!(ran.writes(), Vec::<String>::new());
    }
}

#[test]
fn a_read_that_goes_wrong_changes_nothing_and_shows_nothing() {
    let (cloud, shop) = (account(), Fixture::of(SHOP));
    let whole_run = whole(up(&cloud, &shop));
    let labels: BTreeSet<_> = whole_run.records.iter().map(|record| record.label.clone()).collect();
    let reads = labels.into_iter().filter(|label| {
        ["ssm:", "secretsmanager:", "cloudformation:"].iter().any(|name| label.name.starts_with(name))
    });
    for at in reads {
        for (kind, times) in faults::ALL {
            let fault = PlannedFault { at: at.clone(), kind: *kind, times: *times };
            let name = fault.to_string();
            let ran = run(&cloud, Command::Up(&shop), Some(fault));
            if let End::Failed(errors) = &ran.end {
                assert_eq!(ran.writes(), Vec::<String>::new(), "{name}");
                let errors = errors.join("\n");
                assert!(errors.contains("cannot read `${"), "{name}: {errors}");
                assert!(!SECRETS.iter().any(|secret| errors.contains(secret)), "{name}: {errors}");
            }
            let again = whole(up(&later(&ran.cloud, MINUTE), &shop));
            let differ = differences(&dump(&again.cloud), &dump(&whole_run.cloud));
            assert_eq!(differ, Vec::<String>::new(), "{name}");
        }
    }
}
