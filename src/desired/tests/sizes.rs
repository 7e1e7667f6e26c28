//! What is too large is found before any call, and measured as AWS measures it.

use super::functions;
use crate::desired::{check, check_offline};
use crate::kinds::api::STATEMENT;
use crate::kinds::permission;
use crate::model::{Scope, partition_of};
use crate::plan::tests::stacks::{lowered, stack, stack_in};
use serde_json::json;

/// What is wrong with a file whose place is not known yet.
fn wrong(text: &str) -> Vec<String> {
    wrong_in(text, None, None)
}

fn wrong_in(text: &str, environment: Option<&str>, region: Option<&str>) -> Vec<String> {
    let stack = environment.map_or_else(|| stack(text), |name| stack_in(text, Some(name)));
    let found = check_offline(&stack, region);
    found.err().iter().flat_map(|found| found.items()).map(|item| item.message.clone()).collect()
}

fn environment(variables: &[(&str, &str)]) -> String {
    let lines: String =
        variables.iter().map(|(name, value)| format!("\n  {name}: {}", json!(value))).collect();
    functions(&[("f", &format!("environment:{lines}"))])
}

fn too_large(size: usize) -> Vec<String> {
    vec![format!("the environment of function f has {size} bytes as JSON; AWS allows 4096")]
}

#[test]
fn an_environment_is_measured_as_json() {
    let many: Vec<(String, String)> =
        (0..120).map(|index| (format!("VAR_{index:03}"), "x".repeat(22))).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(wrong(&environment(&many)), too_large(120 * (7 + 22 + 6) + 1));
    assert_eq!(wrong(&environment(&many[..117])), Vec::<String>::new());

    let json = format!("[{}]", vec!["\"abcdefgh\""; 350].join(","));
    assert_eq!(json.len(), 3851);
    assert_eq!(wrong(&environment(&[("LIST", &json)])), too_large(3851 + 700 + 11));
    assert_eq!(wrong(&environment(&[("LIST", &"ä".repeat(2045))])), too_large(4090 + 11));
    assert_eq!(wrong(&environment(&[("LIST", &"\n".repeat(2043))])), too_large(4086 + 11));
    assert_eq!(wrong(&environment(&[("LIST", &"x".repeat(4085))])), Vec::<String>::new());
}

#[test]
fn placeholders_count_with_their_values_as_far_as_these_are_known() {
    let text = |filler: usize, placeholder: &str| {
        let filler = "x".repeat(filler);
        format!("{}api: {{}}\n", environment(&[("LIST", &filler), ("URL", placeholder)]))
    };
    // `{"LIST":"…","URL":"…"}` around the values.
    let most = 4096 - 20;
    assert_eq!(wrong(&text(most, "${api.url}")), Vec::<String>::new());
    assert_eq!(wrong(&text(most + 1, "${api.url}")), too_large(4097));
    assert_eq!(wrong(&text(most - 12, "${account}")), Vec::<String>::new());
    assert_eq!(wrong(&text(most - 11, "${account}")), too_large(4097));
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f".len();
    assert_eq!(wrong(&text(most - arn + 1, "${functions.f.arn}")), too_large(4097));
    assert_eq!(wrong(&text(most - arn, "${functions.f.arn}")), Vec::<String>::new());
    let gov = wrong_in(&text(most - arn, "${functions.f.arn}"), None, Some("us-gov-west-1"));
    assert_eq!(gov, too_large(4096 + "-us-gov".len() + "us-gov-west-1".len() - "us-east-1".len()));
}

#[test]
fn once_the_region_is_known_its_length_counts() {
    let filler = "x".repeat(4096 - 11 - "us-east-1".len());
    let stack = stack(&environment(&[("LIST", &format!("{filler}${{region}}"))]));
    let (scope, _) = lowered(&stack);
    assert!(check_offline(&stack, None).is_ok());
    assert!(check(&stack, &scope).is_ok());
    assert!(check(&stack, &Scope { region: "eu-central-1".to_owned(), ..scope }).is_err());
}

/// Lambda's own document with one statement for a route [recorded-aws: GetPolicy].
fn policy_size(scope: &Scope, function: &str, route: &str) -> usize {
    let source = format!("{}abcdefghij{}", scope.arn("execute-api", ""), permission::source(Some(route)));
    let statement = json!({
        "Sid": permission::sid(&scope.identity, &permission::name(function, Some(route))),
        "Effect": "Allow",
        "Principal": { "Service": "apigateway.amazonaws.com" },
        "Action": "lambda:InvokeFunction",
        "Resource": scope.arn("lambda", &format!("function:{function}")),
        "Condition": { "ArnLike": { "AWS:SourceArn": source } },
    });
    statement.to_string().len() + ",".len()
}

#[test]
fn a_permission_for_each_route_takes_no_more_than_is_reckoned_with() {
    for region in ["eu-west-1", "ap-southeast-1", "us-gov-central-1", "eusc-de-east-1"] {
        let (scope, _) = lowered(&stack("stack: demo\n"));
        let scope = Scope { partition: partition_of(region).to_owned(), region: region.to_owned(), ..scope };
        let (function, route) = ("a".repeat(64), "DELETE /items/{id}/{proxy+}");
        let size = policy_size(&scope, &function, route);
        assert!(size <= STATEMENT + function.len() + route.len(), "{region}: {size}");
    }
}

#[test]
fn descriptions_are_measured_with_what_their_placeholders_become() {
    let long = "d".repeat(240);
    let text = functions(&[("f", &format!("description: {long} ${{functions.f.arn}}"))]);
    assert_eq!(wrong(&text), ["the description of function f has 289 characters; AWS allows 256"]);
    let api = format!("stack: demo\napi: {{ description: {} }}\n", "d".repeat(1025));
    assert_eq!(wrong(&api), ["the description of api has 1025 characters; AWS allows 1024"]);
}

#[test]
fn the_policies_of_a_role_are_measured_without_white_space() {
    let statements = |count: usize, resource: &str| {
        let lines: String = (0..count)
            .map(|_| format!("\n  - {{ Effect: Allow, Action: 's3:GetObject', Resource: '{resource}' }}"))
            .collect();
        wrong(&functions(&[("f", &format!("policy:{lines}"))]))
    };
    let long = format!("arn:aws:s3:::{}", "b".repeat(900));
    assert_eq!(statements(10, &long), Vec::<String>::new());
    let [message] = &statements(11, &long)[..] else { panic!("eleven are too many") };
    assert!(message.starts_with("the policy of function f has 11"), "{message}");
    assert!(message.ends_with(" characters without white space; AWS allows 10240"), "{message}");
    let blanks = format!("arn:aws:s3:::{}", "b ".repeat(450));
    assert_eq!(statements(11, &blanks), Vec::<String>::new());
}

#[test]
fn where_a_role_is_named_nothing_is_measured_for_it() {
    let named = "role: arn:aws:iam::123456789012:role/x";
    assert_eq!(wrong(&functions(&[("f", named)])), Vec::<String>::new());
}

#[test]
fn a_policy_has_a_limit_and_is_not_attached_by_name_to_a_role_of_the_stack() {
    let text = |resources: usize, role: &str| {
        let all: Vec<String> =
            (0..resources).map(|number| format!("\"arn:aws:s3:::{number:087}\"")).collect();
        format!(
            "stack: s\nfunctions: {{ f: {{ code: code, runtime: python3.13 }} }}\npolicies:\n  upload:\n    \
             policy: [{{ Effect: Allow, Action: s3:GetObject, Resource: [{}] }}]\n    attach_to: [{role}]\n",
            all.join(", ")
        )
    };
    assert_eq!(wrong(&text(58, "operator")), Vec::<String>::new());
    let found = wrong(&text(60, "operator"));
    assert!(found.len() == 1 && found[0].contains("AWS allows 6144"), "{found:?}");
    let found = wrong(&text(1, "F_Role"));
    assert_eq!(found, ["`F_Role` is a role of this stack, and `attach_to` is for roles of others"]);
}

/// Only the names in AWS show which groups are the same.
#[test]
fn a_function_that_its_own_logs_start_and_a_full_log_group_are_errors() {
    let of = |triggers: &str, more: &str| {
        functions(&[
            ("api", more),
            ("f", &format!("triggers: [{triggers}]")),
            ("g", "triggers: [{ log_group: /all }]"),
            ("h", "triggers: [{ log_group: /all }]"),
        ])
    };
    let plain = "timeout: 5";
    assert_eq!(wrong(&of("{ log_group: { function: api } }", plain)), Vec::<String>::new());
    for own in ["{ function: f }", "/aws/lambda/f"] {
        let found = wrong(&of(&format!("{{ log_group: {own} }}"), plain));
        assert_eq!(found, ["`f` logs to `/aws/lambda/f`, which starts it, again and again"]);
    }
    let twice = wrong(&of("{ log_group: { function: api } }, { log_group: /aws/lambda/api }", plain));
    assert_eq!(twice, ["`/aws/lambda/api` already starts `f`"]);
    let full = wrong(&of("{ log_group: /all }", plain));
    assert_eq!(full, ["`/all` starts more than 2 functions"]);
    let own = functions(&[("f", "recursive_loop: allow\ntriggers: [{ log_group: { function: f } }]")]);
    assert_eq!(wrong(&own), Vec::<String>::new());
}

/// Only the names in AWS show that two names are of one topic, or of one queue.
#[test]
fn a_source_under_two_names_is_an_error() {
    let of = |triggers: &str| {
        let text = format!(
            "{}topics: {{ known: {{ existing: alarms }} }}\nqueues: {{ a: {{ existing: mails }}, b: {{ existing: mails }} }}\n",
            functions(&[("f", &format!("triggers: [{triggers}]"))])
        );
        let stack = stack(&text);
        let found = check(&stack, &lowered(&stack).0).err();
        found.iter().flat_map(|found| found.items()).map(|item| item.message.clone()).collect::<Vec<_>>()
    };
    let scope = lowered(&stack("stack: demo\n")).0;
    let arn = format!("arn:aws:sns:{}:{}:alarms", scope.region, scope.account);
    assert_eq!(of("{ topic: known }, { queue: a }"), Vec::<String>::new());
    let twice = of(&format!("{{ topic: known }}, {{ topic: \"{arn}\" }}"));
    assert_eq!(twice, [format!("the stack file already has remote subscription {arn} to function f")]);
    assert_eq!(
        of("{ queue: a }, { queue: b }"),
        ["the stack file already has event source mails of function f"]
    );
}

/// An archive has the name of its bus in AWS, the environment's prefix included.
#[test]
fn the_name_of_a_bus_with_an_archive_is_short() {
    let text = |length: usize, fields: &str| {
        let name = "b".repeat(length);
        format!("stack: one\nenvironments: {{ dev: {{}} }}\nbuses: {{ {name}: {{ {fields} }} }}\n")
    };
    let long =
        |name: &str| vec![format!("the name of the archive of bus {name} has 49 characters; AWS allows 48")];
    let in_dev = |length: usize, fields: &str| wrong_in(&text(length, fields), Some("dev"), None);
    assert_eq!(in_dev(44, "archive: forever"), Vec::<String>::new());
    assert_eq!(in_dev(45, "archive: forever"), long(&format!("dev-{}", "b".repeat(45))));
    assert_eq!(in_dev(45, ""), Vec::<String>::new());
}
