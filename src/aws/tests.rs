//! Clients against a port where nobody listens: what is refused before it is sent, and how failures are told apart.

use super::{Access, Calls, Class, Connection, Error};
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;

fn nobody_listens() -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .endpoint_url("http://127.0.0.1:1")
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .build()
}

#[tokio::test]
async fn an_endpoint_that_refuses_is_told_from_a_lost_answer() {
    let error = Connection::of(nobody_listens(), false, Calls::default()).await.expect_err("nobody listens");
    assert_eq!((error.class, error.operation.as_str()), (Class::Unreachable, "sts:GetCallerIdentity"));
    assert!(error.to_string().starts_with("sts:GetCallerIdentity failed: no connection"), "{error}");
    assert!(!error.is_ambiguous());
}

#[tokio::test]
async fn reading_clients_send_no_write_of_any_service() {
    let calls = Calls::default();
    let connection = Connection::unchecked(nobody_listens(), false, calls.clone());
    let clients = connection.clients(Access::Read);
    let refused: [Error; 5] = [
        clients.dynamodb.delete_table().table_name("t").send().await.expect_err("a write").into(),
        clients.iam.delete_role().role_name("r").send().await.expect_err("a write").into(),
        clients.logs.delete_log_group().log_group_name("g").send().await.expect_err("a write").into(),
        clients.lambda.delete_function().function_name("f").send().await.expect_err("a write").into(),
        clients.api.delete_api().api_id("a").send().await.expect_err("a write").into(),
    ];
    for error in refused {
        assert_eq!(error.class, Class::ReadOnly, "{error}");
    }
    assert_eq!((calls.reads(), calls.writes()), (0, 0), "what is not sent is not counted");
    let read = clients.lambda.get_function().function_name("f").send().await.expect_err("nobody listens");
    assert_eq!(Error::from(read).class, Class::Unreachable, "a read is sent");
}

#[tokio::test]
async fn a_missing_region_is_told_before_any_call() {
    let config = nobody_listens().into_builder().region(None).build();
    let error = Connection::of(config, false, Calls::default()).await.expect_err("no region");
    assert!(error.message.starts_with("no region"), "{error}");
}

#[test]
fn codes_are_compared_without_their_ending() {
    let error = |code: &str, message: &str| Error::refusal("", Some(code), message);
    assert!(error("ResourceNotFoundException", "").is_absent());
    assert!(error("NoSuchEntity", "").is_absent());
    assert!(error("ResourceConflictException", "Function already exist: f").is_duplicate());
    assert!(!error("ResourceConflictException", "An update is in progress").is_duplicate());
    assert!(error("TooManyRequestsException", "").is_throttled());
    assert!(error("AccessDenied", "").is_denied());
}
