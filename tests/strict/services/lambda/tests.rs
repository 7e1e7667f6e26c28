//! Tests of the rules of event source mappings that no single request shows.

use super::grants::GRANTED;
use super::mapping::IN_TRANSITION;
use crate::clock::BEGINNING;
use crate::cloud::{Cloud, Delays};
use crate::services::{Service, iam, sqs};
use crate::wire::Call;
use serde_json::{Value as Json, json};
use std::time::Duration;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:123456789012:jobs";

pub(super) fn ask(cloud: &mut Cloud, call: &str, params: Json) -> Result<Json, String> {
    let (service, operation) = call.split_once(':').expect("a call");
    let service = Service::of(service).expect("a service");
    let call = Call { service, operation: &service.model().operations[operation], params };
    cloud.handle(&call).map_err(|error| format!("{}: {}", error.code, error.message))
}

pub(super) fn pass(cloud: &mut Cloud, seconds: u64) {
    cloud.now += Duration::from_secs(seconds);
}

pub(super) fn given(name: &str) -> Json {
    let mut given = super::given::values().into_iter().chain(Service::Iam.given());
    given.find(|(other, _)| *other == name).map(|(_, value)| value).expect("a value")
}

/// An account with a queue and a function, whose role may do nothing as yet.
pub(super) fn account() -> Cloud {
    let mut cloud = Cloud { now: BEGINNING, ..Cloud::default() };
    ask(&mut cloud, "sqs:CreateQueue", json!({ "QueueName": "jobs" })).unwrap();
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": given("trust") });
    ask(&mut cloud, "iam:CreateRole", role).unwrap();
    pass(&mut cloud, 60);
    let function = json!({ "FunctionName": "f", "Role": given("role"), "Runtime": "python3.13", "Handler": "f.handler",
        "Code": { "ZipFile": given("zip") } });
    ask(&mut cloud, "lambda:CreateFunction", function).unwrap();
    pass(&mut cloud, 60);
    cloud
}

fn grant(cloud: &mut Cloud) {
    let policy = json!({ "RoleName": "r", "PolicyName": "p", "PolicyDocument": given("policy to receive") });
    ask(cloud, "iam:PutRolePolicy", policy).unwrap();
}

fn create(cloud: &mut Cloud) -> Result<Json, String> {
    ask(cloud, "lambda:CreateEventSourceMapping", json!({ "FunctionName": "f", "EventSourceArn": QUEUE }))
}

/// An account with a mapping that is Enabled, and its id.
fn mapped() -> (Cloud, String) {
    let mut cloud = account();
    grant(&mut cloud);
    pass(&mut cloud, 60);
    let mapping = create(&mut cloud).unwrap();
    pass(&mut cloud, 60);
    (cloud, mapping["UUID"].as_str().unwrap().to_owned())
}

#[test]
fn a_permission_counts_only_after_a_while() {
    let mut cloud = account();
    let missing = "InvalidParameterValueException: The provided execution role does not have permissions to call \
                   ReceiveMessage on SQS";
    assert_eq!(create(&mut cloud).unwrap_err(), missing);
    grant(&mut cloud);
    assert_eq!(create(&mut cloud).unwrap_err(), missing);
    cloud.now += cloud.delays.of(GRANTED);
    assert_eq!(create(&mut cloud).unwrap()["State"], "Creating");
}

/// However long nothing is asked after the change.
#[test]
fn a_permission_counts_from_when_it_was_given() {
    let mut cloud = account();
    grant(&mut cloud);
    pass(&mut cloud, 60);
    create(&mut cloud).unwrap();
}

#[test]
fn a_mapping_in_transition_takes_no_change() {
    let mut cloud = account();
    grant(&mut cloud);
    pass(&mut cloud, 60);
    let id = create(&mut cloud).unwrap()["UUID"].clone();
    let update = || json!({ "UUID": id, "BatchSize": 5 });
    assert_eq!(
        ask(&mut cloud, "lambda:UpdateEventSourceMapping", update()).unwrap_err(),
        "ResourceInUseException: Cannot update the event source mapping because it is in use."
    );
    assert_eq!(
        ask(&mut cloud, "lambda:DeleteEventSourceMapping", json!({ "UUID": id })).unwrap_err(),
        "ResourceInUseException: Cannot delete the event source mapping because it is in use."
    );
    assert_eq!(Service::Lambda.unready(&cloud).len(), 1);
    cloud.now += cloud.delays.of(IN_TRANSITION);
    assert_eq!(ask(&mut cloud, "lambda:UpdateEventSourceMapping", update()).unwrap()["State"], "Updating");
}

#[test]
fn a_mapping_goes_through_its_states() {
    let (mut cloud, id) = mapped();
    for (enabled, on_the_way, after) in [(false, "Disabling", "Disabled"), (true, "Enabling", "Enabled")] {
        let update = json!({ "UUID": id, "Enabled": enabled });
        assert_eq!(ask(&mut cloud, "lambda:UpdateEventSourceMapping", update).unwrap()["State"], on_the_way);
        cloud.now += cloud.delays.of(IN_TRANSITION);
        let state = ask(&mut cloud, "lambda:GetEventSourceMapping", json!({ "UUID": id })).unwrap();
        assert_eq!(state["State"], after);
    }
    let delete = ask(&mut cloud, "lambda:DeleteEventSourceMapping", json!({ "UUID": id })).unwrap();
    assert_eq!(delete["State"], "Deleting");
    assert!(create(&mut cloud).unwrap_err().ends_with(&id), "its name in all but the id is not free yet");
    pass(&mut cloud, 60);
    let gone = ask(&mut cloud, "lambda:GetEventSourceMapping", json!({ "UUID": id })).unwrap_err();
    assert_eq!(gone, "ResourceNotFoundException: The resource you requested does not exist.");
    assert_ne!(create(&mut cloud).unwrap()["UUID"], id.as_str());
}

#[test]
fn a_second_mapping_of_the_same_queue_and_function_is_refused_with_the_id_of_the_first() {
    let (mut cloud, id) = mapped();
    assert_eq!(
        create(&mut cloud).unwrap_err(),
        format!(
            "ResourceConflictException: An event source mapping with SQS arn (\" {QUEUE} \") and function (\" f \") already \
             exists. Please update or delete the existing mapping with UUID {id}"
        )
    );
}

#[test]
fn a_mapping_outlives_its_function_and_its_queue() {
    let (mut cloud, id) = mapped();
    ask(&mut cloud, "lambda:DeleteFunction", json!({ "FunctionName": "f" })).unwrap();
    let url = json!({ "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs" });
    ask(&mut cloud, "sqs:DeleteQueue", url).unwrap();
    pass(&mut cloud, 60);
    let live = ask(&mut cloud, "lambda:GetEventSourceMapping", json!({ "UUID": id })).unwrap();
    assert_eq!(live["State"], "Enabled");
    let dangling = || Service::Lambda.broken(&cloud).into_iter().filter(|(what, _)| what.contains("mapping"));
    assert_eq!(dangling().count(), 0, "it is not a stack's");
    let resource = live["EventSourceMappingArn"].clone();
    let tag = json!({ "Resource": resource, "Tags": { "provision:stack": "s" } });
    ask(&mut cloud, "lambda:TagResource", tag).unwrap();
    let dangling = Service::Lambda.broken(&cloud).into_iter().filter(|(what, _)| what.contains("mapping"));
    assert_eq!(dangling.count(), 1);
}

#[test]
fn a_function_must_not_be_slower_than_its_queue_is_seen_to_hide_messages() {
    let mut cloud = account();
    grant(&mut cloud);
    pass(&mut cloud, 60);
    let slower = json!({ "FunctionName": "f", "Timeout": 60 });
    ask(&mut cloud, "lambda:UpdateFunctionConfiguration", slower).unwrap();
    let slow = "InvalidParameterValueException: Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds";
    assert_eq!(create(&mut cloud).unwrap_err(), slow);
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs";
    let longer = json!({ "QueueUrl": url, "Attributes": { "VisibilityTimeout": "60" } });
    ask(&mut cloud, "sqs:SetQueueAttributes", longer).unwrap();
    assert_eq!(create(&mut cloud).unwrap_err(), slow, "changes of a queue are seen late");
    pass(&mut cloud, 60);
    create(&mut cloud).unwrap();
}

#[test]
fn a_function_or_queue_that_is_too_new_is_told_from_one_that_does_not_exist() {
    let mut cloud = Cloud { delays: Delays::default(), ..account() };
    grant(&mut cloud);
    pass(&mut cloud, 60);
    let function = json!({ "FunctionName": "g", "Role": given("role"), "Runtime": "python3.13", "Handler": "f.handler",
        "Code": { "ZipFile": given("zip") } });
    ask(&mut cloud, "lambda:CreateFunction", function).unwrap();
    let mapping = |function: &str| json!({ "FunctionName": function, "EventSourceArn": QUEUE });
    let new = ask(&mut cloud, "lambda:CreateEventSourceMapping", mapping("g")).unwrap_err();
    assert!(new.starts_with("ResourceNotFoundException: Function not found: arn:"), "{new}");
    let none = ask(&mut cloud, "lambda:CreateEventSourceMapping", mapping("none")).unwrap_err();
    assert_eq!(none, "InvalidParameterValueException: Function does not exist");
    ask(&mut cloud, "sqs:CreateQueue", json!({ "QueueName": "new" })).unwrap();
    let of_new = json!({ "FunctionName": "f", "EventSourceArn": sqs::queue_arn("new") });
    let new = ask(&mut cloud, "lambda:CreateEventSourceMapping", of_new).unwrap_err();
    assert!(new.contains("SQS Error Code: AWS.SimpleQueueService.NonExistentQueue"), "{new}");
}

/// Its filters are read one by one.
#[test]
fn a_key_hides_the_filters_in_lists() {
    let (mut cloud, id) = mapped();
    let filters = json!({ "Filters": [{ "Pattern": "{\"body\":[1]}" }] });
    let update = json!({ "UUID": id, "FilterCriteria": filters, "KMSKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/k" });
    ask(&mut cloud, "lambda:UpdateEventSourceMapping", update).unwrap();
    let list = ask(&mut cloud, "lambda:ListEventSourceMappings", json!({ "FunctionName": "f" })).unwrap();
    assert_eq!(list["EventSourceMappings"][0]["FilterCriteria"], Json::Null);
    let one = ask(&mut cloud, "lambda:GetEventSourceMapping", json!({ "UUID": id })).unwrap();
    assert_eq!(one["FilterCriteria"], filters);
}

/// What a role may do is known by its id, not by its name.
#[test]
fn a_recreated_role_is_another_one() {
    let (mut cloud, id) = mapped();
    let now = cloud.now;
    cloud.iam.roles.values_mut().for_each(|role| {
        role.id = "AROANEW".to_owned();
        role.created = now;
        role.trusted = BEGINNING;
    });
    let update = || json!({ "UUID": id, "BatchSize": 5 });
    let early = ask(&mut cloud, "lambda:UpdateEventSourceMapping", update()).unwrap_err();
    assert!(early.contains("does not have permissions"), "{early}");
    assert!(iam::not_assumable(&cloud, "arn:aws:iam::123456789012:role/r").is_none());
    pass(&mut cloud, 60);
    ask(&mut cloud, "lambda:UpdateEventSourceMapping", update()).unwrap();
}

/// Each setting can be changed by hand, and each change shows.
#[test]
fn every_change_of_a_mapping_by_hand_shows() {
    let (mut cloud, id) = mapped();
    let filters = json!({ "Filters": [{ "Pattern": "{\"body\":[1]}" }] });
    ask(&mut cloud, "lambda:UpdateEventSourceMapping", json!({ "UUID": id, "FilterCriteria": filters }))
        .unwrap();
    let mapping = cloud.lambda.mappings.get_mut(&id).unwrap();
    mapping.tags.insert("provision:stack".to_owned(), "s".to_owned());
    let mut streamed = cloud.clone();
    let stream = json!({
        "EventSourceArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026", "StartingPosition": "LATEST",
    });
    let of_stream = stream.as_object().cloned().unwrap_or_default();
    streamed.lambda.mappings.get_mut(&id).unwrap().configuration.extend(of_stream);
    for (what, change) in super::mapping_by_hand::DRIFTS {
        let mut cloud = if what.contains("of a stream") { streamed.clone() } else { cloud.clone() };
        let before = Service::Lambda.dump(&cloud);
        assert!(change(&mut cloud, "s", 0).is_some(), "{what}");
        assert_ne!(Service::Lambda.dump(&cloud), before, "{what}");
        assert!(change(&mut cloud, "other", 0).is_none(), "{what}");
    }
}
