//! What AWS's refusals mean, by the records of their services. The messages are AWS's own, as recorded.

use super::api::API_GATEWAY;
use super::bucket::S3;
use super::bus::EVENTBRIDGE;
use super::function::LAMBDA;
use super::log_group::LOGS;
use super::queue::SQS;
use super::role::IAM;
use super::schedule_group::SCHEDULER;
use super::state_machine::STEP_FUNCTIONS;
use super::stream::KINESIS;
use super::table::DYNAMODB;
use super::topic::SNS;
use super::{kinds, services};
use crate::aws::{Error, Service};
use crate::elsewhere::parameters::SSM;
use crate::elsewhere::secrets::SECRETS_MANAGER;

#[derive(Debug, PartialEq)]
enum Meaning {
    NotFound,
    Exists,
    Transient,
    Other,
}
use Meaning::{Exists, NotFound, Other, Transient};

static REFUSALS: [(&Service, &str, &str, Meaning); 72] = [
    (&S3, "NoSuchBucket", "The specified bucket does not exist", NotFound),
    (
        &S3,
        "BucketAlreadyOwnedByYou",
        "Your previous request to create the named bucket succeeded and you already own it.",
        Exists,
    ),
    (&S3, "BucketAlreadyExists", "The requested bucket name is not available.", Other),
    (
        &S3,
        "OperationAborted",
        "A conflicting conditional operation is currently in progress against this resource. Please try again.",
        Transient,
    ),
    (&S3, "NoSuchTagSet", "The TagSet does not exist", Other),
    (&SSM, "ParameterNotFound", "Parameter /a not found.", NotFound),
    (&SSM, "InvalidResourceId", "The resource ID isn't valid.", NotFound),
    (&SSM, "ParameterAlreadyExists", "The parameter already exists.", Exists),
    (&SSM, "TooManyUpdates", "There are concurrent updates for a resource.", Transient),
    (
        &SECRETS_MANAGER,
        "ResourceNotFoundException",
        "Secrets Manager can't find the specified secret.",
        NotFound,
    ),
    (&SECRETS_MANAGER, "ResourceExistsException", "the secret a already exists.", Exists),
    (
        &SECRETS_MANAGER,
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
        Exists,
    ),
    (
        &SECRETS_MANAGER,
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
        Other,
    ),
    (&DYNAMODB, "ResourceNotFoundException", "Requested resource not found: Table: t not found", NotFound),
    (&DYNAMODB, "TableNotFoundException", "Table not found: t", NotFound),
    (&DYNAMODB, "ResourceInUseException", "Table already exists: t", Exists),
    (
        &DYNAMODB,
        "ResourceInUseException",
        "Attempt to change a resource which is still in use: Table is being created: t",
        Transient,
    ),
    (&DYNAMODB, "ValidationException", "Time to live is already enabled", Other),
    (&KINESIS, "ResourceNotFoundException", "Stream s under account 1 not found.", NotFound),
    (&KINESIS, "ResourceInUseException", "Stream s under account 1 already exists.", Exists),
    (
        &KINESIS,
        "ResourceInUseException",
        "Stream s under account 1 not ACTIVE, instead in state UPDATING",
        Transient,
    ),
    (
        &KINESIS,
        "LimitExceededException",
        "Only 5 streams can simultaneously be in CREATING or DELETING",
        Transient,
    ),
    (&KINESIS, "LimitExceededException", "This request would exceed the shard limit for the account", Other),
    (
        &LAMBDA,
        "ResourceConflictException",
        "The event source arn (\" arn:aws:kinesis:x:1:stream/s \") and function (\" f \") provided mapping already \
         exists. Please update or delete the existing mapping with UUID u",
        Exists,
    ),
    (&STEP_FUNCTIONS, "StateMachineDoesNotExist", "State Machine Does Not Exist: 'arn'", NotFound),
    (&STEP_FUNCTIONS, "ResourceNotFound", "Resource not found: 'arn'", NotFound),
    (&STEP_FUNCTIONS, "StateMachineAlreadyExists", "State Machine Already Exists: 'arn'", Exists),
    (&STEP_FUNCTIONS, "StateMachineDeleting", "State Machine is being deleted: 'arn'", Transient),
    (&STEP_FUNCTIONS, "InvalidDefinition", "Invalid State Machine Definition", Other),
    (&IAM, "NoSuchEntity", "The role with name r cannot be found.", NotFound),
    (&IAM, "EntityAlreadyExists", "Role with name r already exists.", Exists),
    (&IAM, "ConcurrentModification", "", Transient),
    (&IAM, "DeleteConflict", "Cannot delete entity, must remove referenced objects first.", Other),
    (&LOGS, "ResourceNotFoundException", "The specified log group does not exist.", NotFound),
    (&LOGS, "ResourceAlreadyExistsException", "The specified log group already exists", Exists),
    (
        &LOGS,
        "OperationAbortedException",
        "A conflicting operation is currently in progress against this resource. Please try again.",
        Transient,
    ),
    (&LAMBDA, "ResourceNotFoundException", "Function not found: arn:aws:lambda:x:1:function:f", NotFound),
    (&LAMBDA, "ResourceNotFoundException", "No policy is associated with the given resource.", NotFound),
    (&LAMBDA, "ResourceConflictException", "Function already exist: f", Exists),
    (
        &LAMBDA,
        "ResourceConflictException",
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing \
         statement.",
        Exists,
    ),
    (
        &LAMBDA,
        "ResourceConflictException",
        "Alias already exists: arn:aws:lambda:x:1:function:f:live",
        Exists,
    ),
    (
        &LAMBDA,
        "ResourceConflictException",
        "Failed to create function url config for [functionArn = arn:aws:lambda:x:1:function:f]. Error message: \
         FunctionUrlConfig exists for this Lambda function",
        Exists,
    ),
    (
        &LAMBDA,
        "ResourceConflictException",
        "An event source mapping with SQS arn (\" arn:aws:sqs:x:1:q \") and function (\" f \") already exists. \
         Please update or delete the existing mapping with UUID u",
        Exists,
    ),
    (
        &LAMBDA,
        "ResourceConflictException",
        "The operation cannot be performed at this time. An update is in progress for resource: \
         arn:aws:lambda:x:1:function:f",
        Transient,
    ),
    (
        &LAMBDA,
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest \
         Revision Id",
        Transient,
    ),
    (&API_GATEWAY, "NotFoundException", "Invalid API identifier specified 1:a", NotFound),
    (&API_GATEWAY, "ConflictException", "Route with key GET / already exists for this API", Exists),
    (&API_GATEWAY, "ConflictException", "Stage already exists", Exists),
    (
        &API_GATEWAY,
        "ConflictException",
        "Unable to complete operation due to concurrent modification. Please try again later.",
        Transient,
    ),
    (&API_GATEWAY, "BadRequestException", "Invalid target", Other),
    (&SQS, "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.", NotFound),
    (&SQS, "QueueDoesNotExist", "The specified queue does not exist.", NotFound),
    (
        &SQS,
        "QueueAlreadyExists",
        "A queue already exists with the same name and a different value for attribute VisibilityTimeout",
        Exists,
    ),
    (&SQS, "QueueNameExists", "A queue already exists with the same name and a different value", Exists),
    (
        &SQS,
        "AWS.SimpleQueueService.QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
        Transient,
    ),
    (
        &SQS,
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can",
        Transient,
    ),
    (&EVENTBRIDGE, "ResourceNotFoundException", "Event bus b does not exist.", NotFound),
    (&EVENTBRIDGE, "ResourceNotFoundException", "Rule r does not exist on EventBus default.", NotFound),
    (&EVENTBRIDGE, "ResourceAlreadyExistsException", "Event bus b already exists.", Exists),
    (&EVENTBRIDGE, "ConcurrentModificationException", "", Transient),
    (&EVENTBRIDGE, "ValidationException", "Rule can't be deleted since it has targets.", Other),
    (&SCHEDULER, "ResourceNotFoundException", "Schedule s does not exist.", NotFound),
    (&SCHEDULER, "ConflictException", "Schedule s already exists.", Exists),
    (&SCHEDULER, "ConflictException", "Schedule group g is being deleted.", Transient),
    (&SCHEDULER, "ValidationException", "Invalid Schedule Expression rate(10 seconds).", Other),
    (&SQS, "InvalidAttributeValue", "Invalid value for the parameter Policy.", Other),
    (&SNS, "NotFound", "Topic does not exist", NotFound),
    (&SNS, "ResourceNotFound", "Resource does not exist", NotFound),
    (
        &SNS,
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
        Exists,
    ),
    (
        &SNS,
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
        Exists,
    ),
    (&SNS, "ConcurrentAccess", "Another change of its tags is in progress", Transient),
    (&SNS, "InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound", Other),
];

#[test]
fn every_service_s_refusals_mean_one_thing() {
    for (service, code, message, meaning) in &REFUSALS {
        let error = Error::refusal("", Some(code), message);
        let found = [
            (service.is_absent(&error), NotFound),
            (service.is_duplicate(&error), Exists),
            (service.transient(&error).is_some(), Transient),
        ];
        let mut found: Vec<Meaning> =
            found.into_iter().filter(|(means, _)| *means).map(|(_, meaning)| meaning).collect();
        if found.is_empty() {
            found.push(Other);
        }
        assert_eq!(found, std::slice::from_ref(meaning), "{}: {code} {message}", service.id);
    }
}

#[test]
fn each_service_stands_once_and_tells_what_does_not_exist() {
    let ids: Vec<&str> = services().iter().map(|service| service.id).collect();
    assert_eq!(
        ids,
        [
            "ApiGatewayV2",
            "CloudWatch Logs",
            "DynamoDB",
            "EventBridge",
            "IAM",
            "Kinesis",
            "Lambda",
            "S3",
            "SFN",
            "SNS",
            "SQS",
            "SSM",
            "Scheduler",
            "Secrets Manager",
        ]
    );
    for kind in kinds() {
        assert!(!kind.service().errors.not_found.is_empty(), "{}", kind.name());
        let known = REFUSALS.iter().any(|(service, ..)| service.id == kind.service().id);
        assert!(known, "no refusal of {} is tested", kind.service().id);
    }
}

#[test]
fn one_kind_runs_code() {
    assert_eq!(kinds().iter().filter(|kind| kind.features().runs_code.is_some()).count(), 1);
    assert_eq!(super::code().0.section(), "functions");
}

#[test]
fn one_kind_takes_a_value() {
    assert_eq!(kinds().iter().filter(|kind| kind.features().takes_value.is_some()).count(), 1);
    assert_eq!(super::takes_value().0.section(), "secrets");
}

#[test]
fn a_request_falls_under_a_quota_that_its_service_has() {
    for service in services() {
        let mut request = aws_smithy_runtime_api::client::orchestrator::HttpRequest::empty();
        request.set_uri("https://example.com/2015-03-31/functions/f").expect("a URL");
        request.headers_mut().insert("x-amz-target", "Logs_20140328.FilterLogEvents");
        let quota = (service.quota_of)(&request);
        assert!(quota.is_none_or(|quota| quota < service.quotas.len()), "{}: {quota:?}", service.id);
    }
}
