//! What is known of Lambda.

use crate::aws::clients::client;
use crate::aws::limit::path;
use crate::aws::{Clients, Errors, Quota, Refusal, Service};

/// Lambda: 15 requests a second in all, apart from GetFunction (100) and GetPolicy (15) [aws-facts: Lambda, DG].
pub(crate) static LAMBDA: Service = Service {
    quotas: &[
        Quota { per_second: 15.0, burst: 15.0 },
        Quota { per_second: 100.0, burst: 100.0 },
        Quota { per_second: 15.0, burst: 15.0 },
    ],
    quota_of: |request| match (request.method(), path(request).split("/functions/").nth(1)) {
        ("GET", Some(rest)) if !rest.contains('/') => Some(1),
        ("GET", Some(rest)) if rest.ends_with("/policy") => Some(2),
        _ => Some(0),
    },
    errors: Errors {
        not_found: &[Refusal::Code("ResourceNotFound")],
        // The code has three meanings, which the message tells apart [aws-facts: Lambda, LS].
        exists: &[
            Refusal::Saying("ResourceConflict", "already exist"),
            Refusal::Saying("ResourceConflict", "FunctionUrlConfig exists"),
        ],
        transient: &[(Refusal::Code("ResourceConflict"), BUSY), (Refusal::Code("PreconditionFailed"), BUSY)],
        passing_limits: &[],
    },
    ..Service::new("Lambda", "lambda")
};

/// Why a change is refused that conflicts with another one.
const BUSY: &str = "another change of the function is in progress";

impl Clients {
    /// The client of Lambda.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        client!(self, &LAMBDA, aws_sdk_lambda)
    }
}

#[cfg(test)]
mod tests {
    use super::LAMBDA;
    use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

    #[test]
    fn reads_of_a_function_have_a_quota_of_their_own() {
        let quota = |method: &str, path: &str| {
            let mut request = HttpRequest::empty();
            request.set_method(method).expect("a method");
            request.set_uri(format!("https://lambda.eu-west-1.amazonaws.com{path}")).expect("a path");
            (LAMBDA.quota_of)(&request)
        };
        assert_eq!(quota("GET", "/2015-03-31/functions/f"), Some(1));
        assert_eq!(quota("GET", "/2015-03-31/functions/f/policy"), Some(2));
        assert_eq!(quota("PUT", "/2015-03-31/functions/f/code"), Some(0));
        assert_eq!(quota("DELETE", "/2015-03-31/functions/f"), Some(0));
    }
}
