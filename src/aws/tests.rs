//! Clients against a port where nobody listens: what is refused before it is sent, and how failures are told apart.

use super::{Access, Calls, Class, Connection, Error, Service};
use crate::apply::tests::context;
use crate::aws::Context;
use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::Builder as HttpBuilder;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

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
    assert!(
        error.to_string().starts_with("sts:GetCallerIdentity failed: no connection to 127.0.0.1: "),
        "{error}"
    );
    assert!(!error.is_ambiguous());
}

/// An endpoint that gives every request the same response.
async fn endpoint(response: &'static str) -> SdkConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _request = stream.read(&mut [0; 4096]).await;
            let _sent = stream.write_all(response.as_bytes()).await;
        }
    });
    nobody_listens().into_builder().endpoint_url(url).build()
}

#[tokio::test]
async fn a_refusal_says_what_was_asked_and_by_which_status_and_code() {
    let config = endpoint(
        "HTTP/1.1 403 \r\nconnection: close\r\n\r\n<ErrorResponse><Error><Code>InvalidClientTokenId</Code>\
         <Message>It is invalid.</Message></Error></ErrorResponse>",
    );
    let error = Connection::of(config.await, false, Calls::default()).await.expect_err("a refusal");
    assert_eq!((error.class, error.operation.as_str()), (Class::Refused, "sts:GetCallerIdentity"));
    assert_eq!((error.status, error.code.as_deref()), (Some(403), Some("InvalidClientTokenId")));
    assert!(error.says("It is invalid.") && error.is_expired());
    let config = endpoint("HTTP/1.1 500 \r\nconnection: close\r\n\r\n").await;
    let clients = Connection::unchecked(config, false, Calls::default()).clients(Access::Write);
    let error =
        Error::from(clients.lambda().get_function().function_name("f").send().await.expect_err("a failure"));
    assert_eq!((error.class, error.operation.as_str()), (Class::Failed, "lambda:GetFunction"));
    assert!(error.is_server_error() && !error.has_aws_message(), "{error:?}");
}

#[tokio::test]
async fn the_id_of_a_request_is_read_under_each_of_its_names() {
    for name in ["x-amzn-requestid", "x-amz-request-id"] {
        let response =
            format!("HTTP/1.1 403 \r\n{name}: R1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let ids = Arc::new(Mutex::new(Vec::new()));
        let reported = ids.clone();
        let calls =
            Calls::reporting(move |call| reported.lock().expect("no panic").push(call.request_id.clone()));
        let config = endpoint(response.leak()).await;
        let clients = Connection::unchecked(config, false, calls).clients(Access::Read);
        let refused = clients.lambda().get_function().function_name("f").send().await.expect_err("refused");
        let error = Error::from(refused);
        assert_eq!(error.request_id.as_deref(), Some("R1"), "{name}");
        assert_eq!(*ids.lock().expect("no panic"), [Some("R1".to_owned())], "{name}");
        // A refusal without a body has no code, but it is one.
        assert_eq!((error.code.as_deref(), error.class), (None, Class::Refused));
        assert!(error.is_denied());
    }
}

#[tokio::test]
async fn a_client_is_built_once_and_serves_all() {
    let clients = Connection::unchecked(nobody_listens(), false, Calls::default()).clients(Access::Write);
    let built = AtomicUsize::new(0);
    let build = || clients.client(&SERVICE, |_| built.fetch_add(1, Ordering::Relaxed));
    assert_eq!((build(), build(), build()), (0, 0, 0), "the first client");
    assert_eq!(built.load(Ordering::Relaxed), 1);
}

static SERVICE: Service = Service::new("Any", "any");

/// An HTTP client that reaches nothing.
pub(super) fn http_client() -> SharedHttpClient {
    HttpBuilder::new().build_http()
}

#[tokio::test]
async fn a_call_that_is_sent_again_is_counted_as_such() {
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    let config = nobody_listens().into_builder().retry_config(retries).sleep_impl(sleep).build();
    let calls = Calls::default();
    let clients = Connection::unchecked(config, false, calls.clone()).clients(Access::Read);
    clients.lambda().get_function().function_name("f").send().await.expect_err("nobody listens");
    assert_eq!((calls.reads(), calls.again()), (1, 2));
}

#[tokio::test]
async fn reading_clients_send_no_write_of_any_service() {
    let calls = Calls::default();
    let connection = Connection::unchecked(nobody_listens(), false, calls.clone());
    let clients = connection.clients(Access::Read);
    let refused: [Error; 5] = [
        clients.dynamodb().delete_table().table_name("t").send().await.expect_err("a write").into(),
        clients.iam().delete_role().role_name("r").send().await.expect_err("a write").into(),
        clients.logs().delete_log_group().log_group_name("g").send().await.expect_err("a write").into(),
        clients.lambda().delete_function().function_name("f").send().await.expect_err("a write").into(),
        clients.api().delete_api().api_id("a").send().await.expect_err("a write").into(),
    ];
    for error in refused {
        assert_eq!(error.class, Class::ReadOnly, "{error}");
        assert!(error.message.contains(":Delete"), "{error}");
    }
    assert_eq!((calls.reads(), calls.writes()), (0, 0), "what is not sent is not counted");
    let read = clients.lambda().get_function().function_name("f").send().await.expect_err("nobody listens");
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
    assert!(error("ResourceConflictException", "").is("ResourceConflict"));
    assert!(error("NoSuchEntity", "").is("NoSuchEntityException"));
    assert!(error("TooManyRequestsException", "").is_throttled());
    assert!(error("AccessDenied", "").is_denied() && error("AuthorizationError", "").is_denied());
    let token = "The security token included in the request is invalid.";
    assert!(error("UnrecognizedClientException", token).is_expired());
    let of_role = format!("{token} (Service: Kms, Status Code: 400)");
    assert!(!error("UnrecognizedClientException", &of_role).is_expired(), "a role's, not ours");
}

/// A document with entries by owner.
type Document = std::collections::BTreeMap<&'static str, u32>;

async fn edit(context: &Context, there: &RefCell<Document>, writes: &RefCell<u32>, intrude: bool) {
    let read = async || Ok(there.borrow().clone());
    let merge = |current: &Document| {
        let mut merged = current.clone();
        merged.insert("ours", 1);
        merged
    };
    let write = async |mut merged: Document| {
        *writes.borrow_mut() += 1;
        // Another writer that had read the document before us overwrites our entry once.
        if intrude && *writes.borrow() == 1 {
            merged.remove("ours");
            merged.insert("intruder", 3);
        }
        *there.borrow_mut() = merged;
        Ok(())
    };
    context.edit_document("queue a", read, merge, write).await.expect("edited");
}

#[tokio::test]
async fn the_entries_of_others_in_a_shared_document_are_kept() {
    let context = context();
    let (there, writes) = (RefCell::new(Document::from([("theirs", 2)])), RefCell::new(0));
    edit(&context, &there, &writes, true).await;
    assert_eq!(*there.borrow(), [("intruder", 3), ("ours", 1), ("theirs", 2)].into());
    assert_eq!(*writes.borrow(), 2, "what was overwritten is merged again");
    edit(&context, &there, &writes, false).await;
    assert_eq!(*writes.borrow(), 2, "nothing is written where nothing differs");
}
