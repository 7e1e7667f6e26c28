//! What a function's role allows: no more than what the stack declares.

use super::{desired, functions, graph_of, the};
use crate::kinds::kind;
use crate::model::Graph;
use crate::plan::tests::stacks::{FULL, stack, stack_in};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

fn policy(graph: &Graph, role: &str) -> Json {
    desired(graph, role)["policies"]["provision"].clone()
}

/// The names of the statements of the role of a function `f` with these lines, next to the tables `tab.1`, `tab_1` and `tab2`.
fn sids(lines: &str) -> Vec<String> {
    let tables = "tables: { tab.1: { partition_key: id }, tab_1: { partition_key: id }, tab2: { partition_key: id } }\n";
    let graph = graph_of(&stack(&(functions(&[("f", lines)]) + tables)));
    policy(&graph, "role f_role").as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_function_may_write_to_its_own_log_and_never_make_one() {
    let graph = graph_of(&stack(&functions(&[("f", "")])));
    let logs = json!({ "Logs": {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": ["${log group /aws/lambda/f.arn}:*"],
    } });
    assert_eq!(policy(&graph, "role f_role"), logs);
}

#[test]
fn access_is_to_the_declared_table_with_the_declared_actions() {
    let graph = graph_of(&stack_in(FULL, Some("dev")));
    assert_eq!(
        policy(&graph, "role dev-save_role")["Tablepages"],
        json!({
            "Effect": "Allow",
            "Action": ["dynamodb:Describe*", "dynamodb:GetItem", "dynamodb:PutItem"],
            "Resource": ["${table dev-pages.arn}"],
        })
    );
}

/// Each setting brings what Lambda needs for it, on as little as AWS allows, and two functions may call each other.
#[test]
fn settings_bring_their_permissions() {
    let point = "arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0123456789abcdef0";
    let settings = [
        "access: { g: invoke }",
        "vpc: { subnets: [subnet-1], security_groups: [sg-1] }",
        &format!("file_system: {{ arn: \"{point}\", path: /mnt/data }}"),
        "kms_key: arn:aws:kms:eu-west-1:123456789012:key/k",
        "durable: { timeout: 1 day }",
        "async: { on_success: g, on_failure: \"arn:aws:s3:::failed\" }",
    ]
    .join("\n");
    let graph = graph_of(&stack(&functions(&[("f", &settings), ("g", "access: { f: invoke }")])));
    let policy = policy(&graph, "role f_role");
    let on = |sid: &str| policy[sid]["Resource"].clone();
    let (f, g) = (
        "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "arn:aws:lambda:eu-west-1:123456789012:function:g",
    );
    assert_eq!(on("Functiong"), json!([g, format!("{g}:*")]));
    let ec2 = |account: &str, what: &str| format!("arn:aws:ec2:eu-west-1:{account}:{what}/*");
    let network = [ec2("123456789012", "network-interface"), ec2("*", "security-group"), ec2("*", "subnet")];
    assert_eq!(on("Network"), json!(network));
    let denied = &policy["NotItsCode"];
    assert_eq!(
        (&denied["Effect"], &denied["Condition"]),
        (&json!("Deny"), &json!({ "ArnEquals": { "lambda:SourceFunctionArn": f } }))
    );
    assert_eq!(
        policy["FileSystem"]["Condition"],
        json!({ "ArnEquals": { "elasticfilesystem:AccessPointArn": point } })
    );
    assert_eq!(on("EnvironmentKey"), json!(["arn:aws:kms:eu-west-1:123456789012:key/k"]));
    assert_eq!(on("Durable"), json!([format!("{f}:*")]));
    assert_eq!(on("Destination"), json!(["arn:aws:s3:::failed/*"]));
}

/// Only reads are about indexes, and a table without any has no such ARN.
#[test]
fn access_to_a_table_covers_the_reads_of_its_indexes() {
    let tables = "tables:
  plain: { partition_key: id }
  global: { partition_key: id, indexes: { by-owner: { partition_key: owner } } }
  local: { partition_key: id, sort_key: at, local_indexes: { by-owner: { sort_key: owner } } }
  theirs: { existing: theirs }
";
    let resources = |access: &str| {
        let graph = graph_of(&stack(&(functions(&[("f", &format!("access: {{ {access} }}"))]) + tables)));
        let policy = policy(&graph, "role f_role");
        let statements = policy.as_object().unwrap().iter().filter(|(sid, _)| *sid != "Logs");
        statements.map(|(sid, one)| format!("{sid}: {}", one["Resource"])).collect::<Vec<_>>()
    };
    let own = |name: &str| format!(r#"Table{name}: ["${{table {name}.arn}}"]"#);
    let with_indexes =
        |name: &str| format!(r#"Table{name}: ["${{table {name}.arn}}","${{table {name}.arn}}/index/*"]"#);
    for level in ["read", "read-write", "[dynamodb:Query]", "[dynamodb:Q*]"] {
        assert_eq!(resources(&format!("plain: {level}")), [own("plain")]);
        assert_eq!(resources(&format!("global: {level}")), [with_indexes("global")]);
        assert_eq!(resources(&format!("local: {level}")), [with_indexes("local")]);
        assert_eq!(resources(&format!("theirs: {level}")), [with_indexes("theirs")]);
    }
    for level in ["write", "[dynamodb:GetItem]", "[dynamodb:Describe*]"] {
        assert_eq!(resources(&format!("global: {level}")), [own("global")]);
    }
}

/// Objects are not the bucket: each action is allowed on what S3 checks it against, and on some of it where that is said.
#[test]
fn access_to_a_bucket_is_about_its_objects_or_some_of_them() {
    let statements = |access: &str| {
        let rest = "buckets: { shots: {} }\n";
        let graph =
            graph_of(&stack(&(functions(&[("f", &format!("access: {{ shots: {access} }}"))]) + rest)));
        let policy = policy(&graph, "role f_role");
        let statements = policy.as_object().unwrap().iter().filter(|(sid, _)| *sid != "Logs");
        let told = statements.map(|(sid, one)| {
            let condition =
                one.get("Condition").map(|condition| format!(" if {condition}")).unwrap_or_default();
            format!("{sid}: {} {}{condition}", one["Action"], one["Resource"])
                .replace("bucket shots-000000000000-us-east-1-an", "shots")
        });
        told.collect::<Vec<_>>()
    };
    let all = [
        "read",
        "[s3:GetObject, s3:ListBucketVersions]",
        "{ read: in/*, write: [thumbs/*, a.txt] }",
        "{ \"s3:GetObject\": in/* }",
        "{ \"s3:ListBucket\": in/* }",
    ];
    let all = all.map(|access| (access, statements(access)));
    insta::assert_snapshot!("buckets", serde_json::to_string_pretty(&all).unwrap());
}

/// AWS checks three of the actions against the stream, and the fourth against nothing less than everything.
#[test]
fn what_reads_a_stream_is_allowed_on_it_and_sends_where_failures_go() {
    let rest = "tables: { orders: { partition_key: id, stream: new-image } }\nqueues: { failed: {} }\n";
    let statements = |lines: &str| {
        let graph = graph_of(&stack(&(functions(&[("f", lines)]) + rest)));
        let policy = policy(&graph, "role f_role");
        let statements = policy.as_object().unwrap().iter().filter(|(sid, _)| *sid != "Logs");
        statements
            .map(|(sid, one)| format!("{sid}: {} {}", one["Action"], one["Resource"]))
            .collect::<Vec<_>>()
    };
    let stream = [
        r#"Tableordersstream: ["dynamodb:DescribeStream","dynamodb:GetRecords","dynamodb:GetShardIterator"] ["${table orders.arn}/stream/*"]"#,
        r#"Tableordersstream2: ["dynamodb:ListStreams"] ["*"]"#,
    ]
    .map(|line| line.replace("ordersstream", "ordersStream"));
    assert_eq!(statements("access: { orders: stream }"), stream);
    assert_eq!(statements("triggers: [{ table: orders }]"), stream);
    let queue = r#"Queuefailed: ["sqs:SendMessage"] ["${queue failed.arn}"]"#.to_owned();
    let told = statements("triggers: [{ table: orders, on_failure: failed }]");
    assert_eq!(told, [[queue].as_slice(), &stream].concat());
    let outside =
        |arn: &str| statements(&format!("triggers: [{{ table: orders, on_failure: '{arn}' }}]"))[0].clone();
    assert_eq!(
        outside("arn:aws:sns:eu-west-1:123456789012:t"),
        r#"Failures: ["sns:Publish"] ["arn:aws:sns:eu-west-1:123456789012:t"]"#
    );
    assert_eq!(
        outside("arn:aws:sqs:eu-west-1:123456789012:q"),
        r#"Failures: ["sqs:SendMessage"] ["arn:aws:sqs:eu-west-1:123456789012:q"]"#
    );
    let bucket = r#"Failures: ["s3:ListBucket","s3:PutObject"] ["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#;
    assert_eq!(outside("arn:aws:s3:::b"), bucket);
}

/// Lambda reads a stream as a function with the level `read` does; a list of all streams takes no less than everything.
#[test]
fn what_reads_a_data_stream_is_allowed_on_it() {
    let rest = "streams: { clicks: { kms_key: alias/clicks } }\n";
    let statements = |lines: &str| {
        let graph = graph_of(&stack(&(functions(&[("f", lines)]) + rest)));
        let policy = policy(&graph, "role f_role");
        let statements = policy.as_object().unwrap().iter().filter(|(sid, _)| *sid != "Logs");
        statements
            .map(|(sid, one)| format!("{sid}: {} {}", one["Action"], one["Resource"]))
            .collect::<Vec<_>>()
    };
    let key = r#"["arn:aws:kms:eu-west-1:123456789012:key/*"]"#;
    let read = [
        r#"Streamclicks: ["kinesis:DescribeStream","kinesis:DescribeStreamSummary","kinesis:GetRecords","kinesis:GetShardIterator","kinesis:ListShards"] ["${stream clicks.arn}"]"#.to_owned(),
        format!(r#"StreamclicksKey: ["kms:Decrypt"] {key}"#),
        r#"StreamclicksList: ["kinesis:ListStreams"] ["*"]"#.to_owned(),
    ];
    assert_eq!(statements("access: { clicks: read }"), read);
    assert_eq!(statements("triggers: [{ stream: clicks }]"), read);
    let put = [
        r#"Streamclicks: ["kinesis:DescribeStreamSummary","kinesis:ListShards","kinesis:PutRecord","kinesis:PutRecords"] ["${stream clicks.arn}"]"#.to_owned(),
        format!(r#"StreamclicksKey: ["kms:GenerateDataKey"] {key}"#),
    ];
    assert_eq!(statements("access: { clicks: put }"), put);
    let consumer =
        r#"StreamclicksConsumer: ["kinesis:SubscribeToShard"] ["${stream clicks.arn}/consumer/*"]"#;
    assert_eq!(statements("access: { clicks: [kinesis:SubscribeToShard] }")[0], consumer);
}

/// Its settings and the functions that it names; in a role of the stack file as in one of its own.
#[test]
fn what_a_state_machine_needs_is_allowed() {
    let machine = "definition:
      StartAt: Call
      States:
        Call: { Type: Task, Resource: \"${functions.f.arn}\", Next: Run }
        Run: { Type: Task, Resource: \"arn:${partition}:states:::ecs:runTask.sync\", End: true }
    tracing: true
    logging: {}
";
    let statements = |rest: &str, role: &str| {
        let machines = format!("state_machines:\n  flow:\n    {machine}{rest}");
        let graph = graph_of(&stack(&(functions(&[("f", "")]) + &machines)));
        let trust = desired(&graph, role)["trust"].to_string();
        assert!(trust.contains(r#""Service":"states.amazonaws.com""#), "{trust}");
        let policy = policy(&graph, role);
        let statements = policy.as_object().unwrap().iter();
        statements
            .map(|(sid, one)| format!("{sid}: {} {}", one["Action"], one["Resource"]))
            .collect::<Vec<_>>()
    };
    let function = r#"Functionf: ["lambda:InvokeFunction"] ["arn:aws:lambda:eu-west-1:123456789012:function:f","arn:aws:lambda:eu-west-1:123456789012:function:f:*"]"#;
    let logs = r#"["logs:CreateLogDelivery","logs:DeleteLogDelivery","logs:DescribeLogGroups","logs:DescribeResourcePolicies","logs:GetLogDelivery","logs:ListLogDeliveries","logs:PutResourcePolicy","logs:UpdateLogDelivery"] ["*"]"#;
    let rules = r#"["events:DescribeRule","events:PutRule","events:PutTargets"] ["arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEvent*"]"#;
    let traces = r#"["xray:GetSamplingRules","xray:GetSamplingTargets","xray:PutTelemetryRecords","xray:PutTraceSegments"] ["*"]"#;
    let expected = |of: &str| {
        [
            function.to_owned(),
            format!("LogDelivery{of}: {logs}"),
            format!("ManagedRules{of}: {rules}"),
            format!("Traces{of}: {traces}"),
        ]
    };
    assert_eq!(statements("", "role flow.states"), expected(""));
    assert_eq!(
        statements("    role: shared\nroles: { shared: { trust: states } }\n", "role shared"),
        expected("flow")
    );
}

/// An execution has an ARN of its own, and a token none.
#[test]
fn access_is_to_a_state_machine_or_its_executions() {
    let machine =
        "state_machines: { flow: { definition: { StartAt: A, States: { A: { Type: Succeed } } } } }\n";
    let statements = |access: &str| {
        let lines = format!("access: {{ flow: {access} }}");
        let policy = policy(&graph_of(&stack(&(functions(&[("f", &lines)]) + machine))), "role f_role");
        let statements = policy.as_object().unwrap().iter().filter(|(sid, _)| *sid != "Logs");
        statements
            .map(|(sid, one)| format!("{sid}: {} {}", one["Action"], one["Resource"]))
            .collect::<Vec<_>>()
    };
    let start = r#"StateMachineflow: ["states:StartExecution","states:StartSyncExecution"] ["arn:aws:states:eu-west-1:123456789012:stateMachine:flow"]"#;
    assert_eq!(statements("start"), [start]);
    let stop = r#"StateMachineflowExecution: ["states:StopExecution"] ["arn:aws:states:eu-west-1:123456789012:execution:flow:*"]"#;
    assert_eq!(statements("[states:StopExecution]"), [stop]);
    let token = r#"StateMachineflowToken: ["states:SendTaskSuccess"] ["*"]"#;
    assert_eq!(statements("[states:SendTaskSuccess]"), [token]);
}

#[test]
fn only_lambda_may_assume_a_role() {
    let graph = graph_of(&stack(&functions(&[("f", "")])));
    let trust = desired(&graph, "role f_role")["trust"].clone();
    assert_eq!(trust.as_object().unwrap().len(), 1);
    assert_eq!(trust["Lambda"]["Principal"], json!({ "Service": "lambda.amazonaws.com" }));
}

#[test]
fn no_role_is_made_beside_one_that_is_named() {
    let graph = graph_of(&stack(&functions(&[("f", "role: arn:aws:iam::123456789012:role/mine")])));
    assert!(graph.resources.iter().all(|resource| resource.id.kind != "role"));
    let function = desired(&graph, "function f");
    assert_eq!(function["role"], "arn:aws:iam::123456789012:role/mine");
    assert!(function["tags"].get("provision:role-id").is_none());
}

#[test]
fn tables_whose_names_differ_in_signs_alone_get_a_statement_each() {
    assert_eq!(
        sids("access: { tab.1: read, tab_1: write, tab2: read }"),
        ["Logs", "Tabletab1", "Tabletab12", "Tabletab2"]
    );
}

#[test]
fn statements_without_a_name_are_numbered() {
    let statement = "  - { Effect: Allow, Action: s3:GetObject, Resource: \"*\" }\n";
    assert_eq!(sids(&format!("policy:\n{statement}{statement}")), ["Logs", "Policy", "Policy2"]);
}

#[test]
fn generated_statements_step_aside_for_the_users_own() {
    let statement =
        |sid: &str| format!("  - {{ {sid}Effect: Allow, Action: s3:GetObject, Resource: \"*\" }}\n");
    let own =
        [statement("Sid: Logs, "), statement(""), statement("Sid: Policy, "), statement("Sid: Tabletab2, ")];
    let sids = sids(&format!("access: {{ tab2: read }}\npolicy:\n{}", own.concat()));
    assert_eq!(sids, ["Logs", "Logs2", "Policy", "Policy2", "Tabletab2", "Tabletab22"]);
}

#[test]
fn a_policy_reads_back_as_it_was_written() {
    let graph = graph_of(&stack_in(FULL, Some("dev")));
    let resource = the(&graph, "role dev-save_role");
    let written = super::written(&resource.desired);
    let normal = kind("role").normalise(&written).unwrap();
    assert_eq!(kind("role").normalise(&normal).unwrap(), normal);
    let detect = &normal["policies"]["provision"]["Detect"];
    assert_eq!(detect["Action"], json!(["comprehend:Detect*", "s3:GetObject"]));
    assert_eq!(detect["Condition"]["StringEquals"]["aws:RequestedRegion"], "eu-central-1");
}

/// SQS asks KMS in the name of who sends and of who receives, so both may use the queue's key, and no more of it than they need.
#[test]
fn who_uses_a_queue_may_use_its_key() {
    let stack = "stack: demo
queues:
  own: { kms_key: alias/mails }
  other: { kms_key: \"arn:aws:kms:us-east-1:123456789012:key/a1\" }
  aws: { kms_key: aws }
functions:
  save:
    code: code
    runtime: python3.13
    access: { own: send, other: receive, aws: send }
  look:
    code: code
    runtime: python3.13
    access: { own: [sqs:GetQueueAttributes], other: [\"sqs:Send*\"] }
  work:
    code: code
    runtime: python3.13
    triggers: [{ queue: other }]
";
    let graph = graph_of(&self::stack(stack));
    let all = ["save", "look", "work"].map(|function| (function, keys(&graph, function)));
    insta::assert_snapshot!("keys", serde_json::to_string_pretty(&all).unwrap());
}

/// DynamoDB asks KMS in the name of who reads, writes or reads a stream, so all of them may use the table's key, through DynamoDB
/// alone. AWS's own key takes no permission.
#[test]
fn who_uses_a_table_may_use_its_key() {
    let stack = "stack: demo
tables:
  own: { partition_key: id, kms_key: alias/tables, stream: keys-only }
  other: { partition_key: id, kms_key: \"arn:aws:kms:us-east-1:123456789012:key/a1\" }
  aws: { partition_key: id, kms_key: aws }
functions:
  save:
    code: code
    runtime: python3.13
    access: { own: write, other: read, aws: read-write }
  look:
    code: code
    runtime: python3.13
    access: { own: [dynamodb:DescribeTable], other: [dynamodb:PartiQLUpdate] }
  work:
    code: code
    runtime: python3.13
    triggers: [{ table: own }]
";
    let graph = graph_of(&self::stack(stack));
    let all = ["save", "look", "work"].map(|function| (function, keys(&graph, function)));
    insta::assert_snapshot!("keys_of_tables", serde_json::to_string_pretty(&all).unwrap());
}

/// The statements of a function's role that are about keys.
fn keys(graph: &Graph, function: &str) -> BTreeMap<String, Json> {
    let statements = policy(graph, &format!("role {function}_role"));
    let statements: BTreeMap<String, Json> = serde_json::from_value(statements).unwrap();
    statements.into_iter().filter(|(_, statement)| statement.to_string().contains("kms:")).collect()
}
