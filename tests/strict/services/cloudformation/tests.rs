//! Tests of the rules of stacks, through the SDK's own client: no request can make a stack.

use crate::access::Policies;
use crate::clock::{BEGINNING, Clock};
use crate::cloud::{Cloud, Paging};
use crate::connector::StrictCloud;
use crate::run::client_config;
use crate::services::Service;
use crate::wire::Call;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata};
use serde_json::json;

/// An account with two stacks, and what the client is told of it.
fn account() -> (StrictCloud, Client) {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    cloud.cloudformation.put("network", &[("VpcId", "vpc-1", Some("net-vpc")), ("Note", "a & b", None)]);
    cloud.cloudformation.put("bare", &[]);
    let clock = Clock::at(BEGINNING);
    let strict = StrictCloud::new(cloud, clock, None);
    let client = Client::new(&client_config(&strict, clock));
    (strict, client)
}

#[tokio::test(start_paused = true)]
async fn a_stack_has_outputs() {
    let (strict, client) = account();
    let id = strict.state().cloud.cloudformation.id("network").replace("eu-west-1", strict.region());
    for name in ["network", &id] {
        let stacks = client.describe_stacks().stack_name(name).send().await.unwrap();
        let [stack] = stacks.stacks() else { panic!("{stacks:?}") };
        assert_eq!((stack.stack_id(), stack.stack_name()), (Some(&*id), Some("network")));
        assert_eq!(stack.stack_status().unwrap().as_str(), "CREATE_COMPLETE");
        let output = |nth: usize| {
            let output: &aws_sdk_cloudformation::types::Output = &stack.outputs()[nth];
            (output.output_key().unwrap(), output.output_value().unwrap(), output.export_name())
        };
        assert_eq!((output(0), output(1)), (("VpcId", "vpc-1", Some("net-vpc")), ("Note", "a & b", None)));
        assert!(stack.tags().is_empty() && stack.creation_time().is_some());
    }
    strict.state().cloud.cloudformation.set_status("bare", "ROLLBACK_COMPLETE");
    let stacks = client.describe_stacks().stack_name("bare").send().await.unwrap();
    let stack = &stacks.stacks()[0];
    assert!(stack.outputs.is_none() && stack.stack_status().unwrap().as_str() == "ROLLBACK_COMPLETE");
    assert_eq!(client.describe_stacks().send().await.unwrap().stacks().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_stack_is_refused_as_by_aws() {
    let (_, client) = account();
    for (name, message) in [
        ("none", "Stack with id none does not exist"),
        (
            "my_stack",
            "1 validation error detected: Value 'my_stack' at 'stackName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*",
        ),
    ] {
        let error = client.describe_stacks().stack_name(name).send().await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Some("ValidationError"), Some(message)));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 400, "{}", DisplayErrorContext(&error));
    }
}

#[tokio::test(start_paused = true)]
async fn exports_come_in_pages() {
    let (strict, client) = account();
    let names: Vec<String> = (0..250).map(|number| format!("export-{number:03}")).collect();
    let outputs: Vec<_> = names.iter().map(|name| (&**name, "v", Some(&**name))).collect();
    strict.state().cloud.cloudformation.put("many", &outputs);
    for (paging, sizes) in
        [(Paging::Documented, vec![100, 100, 51]), (Paging::Mean, [vec![2; 125], vec![1]].concat())]
    {
        strict.state().cloud.paging = paging;
        let (mut found, mut seen, mut token) = (Vec::new(), Vec::new(), None);
        loop {
            let page = client.list_exports().set_next_token(token).send().await.unwrap();
            seen.push(page.exports().len());
            found.extend(page.exports().iter().map(|export| export.name().unwrap().to_owned()));
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, sizes);
        let mut all = names.clone();
        all.push("net-vpc".to_owned());
        assert_eq!(found, all);
    }
    let exports = client.list_exports().send().await.unwrap();
    let exporting = exports.exports()[0].exporting_stack_id().unwrap();
    assert_eq!(
        exporting,
        strict.state().cloud.cloudformation.id("many").replace("eu-west-1", strict.region())
    );
}

#[tokio::test(start_paused = true)]
async fn a_stack_and_all_exports_must_be_allowed() {
    let (strict, _) = account();
    let cloud = strict.state().cloud.clone();
    let ask = |resource: &str, operation: &str, name: Option<&str>| {
        let statement = json!({ "Effect": "Allow", "Action": "cloudformation:*", "Resource": resource });
        let policies = Policies::new(&[json!({ "Version": "2012-10-17", "Statement": [statement] })]);
        let service = Service::CloudFormation;
        let params = name.map_or(json!({}), |name| json!({ "StackName": name }));
        let call = Call { service, operation: &service.model().operations[operation], params };
        policies
            .check(&call, &service.needs(&cloud, &call))
            .map_err(|refusal| (refusal.code, refusal.message))
    };
    let stack = |name: &str| format!("arn:aws:cloudformation:eu-west-1:123456789012:stack/{name}/*");
    let id = cloud.cloudformation.id("network");
    for name in ["network", id] {
        ask(&stack("network"), "DescribeStacks", Some(name)).unwrap();
        ask(id, "DescribeStacks", Some(name)).unwrap();
        assert!(ask(&stack("other"), "DescribeStacks", Some(name)).unwrap_err().1.contains(id));
    }
    ask(&stack("none"), "DescribeStacks", Some("none")).unwrap();
    let (code, message) = ask(&stack("network"), "DescribeStacks", Some("none")).unwrap_err();
    assert!(
        code == "AccessDenied" && message.contains(&format!("on resource: {} because", stack("none"))),
        "{message}"
    );
    for operation in ["DescribeStacks", "ListExports"] {
        assert!(ask(&stack("*"), operation, None).is_err(), "{operation}");
        ask("*", operation, None).unwrap();
    }
}
