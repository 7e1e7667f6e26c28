//! Quotas that are used up. The SDK takes `LimitExceededException` for throttling and sends the call again and again without a
//! word; but most services say so of a quota, which waiting does not raise [hazards: G17].

use super::service::Service;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use serde_json::Value as Json;

/// The code that means both.
const CODE: &str = "LimitExceededException";

/// What messages say of a limit on calls or changes at a time, in which room is soon again; services have words of their own
/// as well.
const PASSING: [&str; 6] = ["concurrent", "concurrently", "at a time", "rate", "try again", "retry"];

/// Forbids to repeat a call for which a quota has no room.
#[derive(Debug)]
pub(crate) struct QuotasAreFinal(pub(super) &'static Service);

impl ClassifyRetry for QuotasAreFinal {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if response.status().is_client_error() && is_used_up(response, self.0) => {
                RetryAction::RetryForbidden
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "QuotasAreFinal"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_before(RetryClassifierPriority::modeled_as_retryable_classifier())
    }
}

/// True for a refusal that names a quota. The type of the error is not known here, so its JSON is read.
fn is_used_up(response: &HttpResponse, service: &Service) -> bool {
    let body: Json =
        response.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let code = response.headers().get("x-amzn-errortype").or(body["__type"].as_str()).unwrap_or_default();
    // `namespace#Code`, or `Code:url`.
    let code = code.rsplit('#').next().unwrap_or_default().split(':').next().unwrap_or_default();
    let message = body["message"].as_str().or(body["Message"].as_str()).unwrap_or_default().to_lowercase();
    let mut passing = PASSING.iter().chain(service.errors.passing_limits);
    code == CODE && !message.is_empty() && !passing.any(|words| says(&message, words))
}

/// True if a message has words as such. A message may hold the name of a resource, and a name these words [hazards: G6].
fn says(message: &str, words: &str) -> bool {
    message.match_indices(words).any(|(at, _)| {
        let (before, after) = (&message[..at], &message[at + words.len()..]);
        let after = after.trim_start_matches(['.', ',', ';', ':', ')']);
        before.chars().next_back().is_none_or(|c| c.is_whitespace() || c == '(')
            && after.chars().next().is_none_or(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use super::super::service::Errors;
    use super::*;
    use aws_smithy_types::body::SdkBody;

    static SERVICE: Service = Service {
        errors: Errors { passing_limits: &["simultaneous"], ..Service::new("", "").errors },
        ..Service::new("DynamoDB", "dynamodb")
    };

    fn response(code: &str, message: &str) -> HttpResponse {
        let body = serde_json::json!({ "__type": code, "message": message }).to_string();
        HttpResponse::new(400.try_into().expect("a status"), SdkBody::from(body))
    }

    #[test]
    fn a_quota_is_final_and_a_rate_is_not() {
        let used_up = |message: &str| {
            let response = response("com.amazonaws.dynamodb.v20120810#LimitExceededException", message);
            is_used_up(&response, &SERVICE)
        };
        assert!(used_up("Failed to create replica: current TableMaxReadCapacityUnits value is insufficient"));
        assert!(used_up("Resource limit exceeded."));
        assert!(!used_up("There is a limit of 500 simultaneous table operations"));
        assert!(!used_up("Rate exceeded") && !used_up("Please retry later, the limit is on the rate."));
        assert!(used_up("Subscriber limit exceeded: no room for generate, retry-jobs, a.rate and rate.b"));
        assert!(!used_up(""));
        assert!(!is_used_up(&response("ThrottlingException", "Resource limit exceeded."), &SERVICE));
    }
}
