//! Access control: the caller may do what its policies allow. Where an account has no such policies, everything is
//! allowed. Each service says what a call needs, and knows nothing of the product's own table; a library that evaluates policies
//! as IAM does says whether they allow it.

mod needs;

pub(crate) use needs::{Need, known, nothing, request_tags, with_tagging};

use crate::cloud::ServiceError;
use crate::faults;
use crate::wire::Call;
use iam_rs::{
    Arn, Context, ContextValue, Decision, EvaluationOptions, IAMPolicy, IAMRequest, PolicyEvaluator,
    Principal, PrincipalId,
};
use serde_json::Value as Json;

/// Who calls.
pub(crate) const CALLER: &str = "arn:aws:iam::123456789012:user/deployer";

/// The policies of a caller.
#[derive(Debug)]
pub(crate) struct Policies(PolicyEvaluator);

impl Policies {
    /// From documents.
    pub(crate) fn new(documents: &[Json]) -> Self {
        let read = |document: &Json| serde_json::from_value::<IAMPolicy>(document.clone()).expect("a policy");
        let policies = documents.iter().map(read).collect();
        let options = EvaluationOptions { collect_match_details: true, ..EvaluationOptions::default() };
        Policies(PolicyEvaluator::with_policies(policies).with_options(options))
    }

    /// From the trust policy of a role, which is about this role and names none.
    pub(crate) fn of_a_role(trust: &Json) -> Self {
        let options = EvaluationOptions { ignore_resource_constraints: true, ..EvaluationOptions::default() };
        Policies(Policies::new(std::slice::from_ref(trust)).0.with_options(options))
    }

    /// True if they allow it to their bearer.
    pub(crate) fn allows(&self, need: &Need) -> bool {
        self.evaluate(bearer(), need).0 == Decision::Allow
    }

    /// The names of the statements that allow it.
    pub(crate) fn allowing(&self, need: &Need) -> Vec<String> {
        self.evaluate(bearer(), need).1
    }

    /// True if they, as policies of a resource, let a service do it.
    pub(crate) fn let_in(&self, service: &str, need: &Need) -> bool {
        let service = Principal::Service(PrincipalId::String(service.to_owned()));
        self.evaluate(service, need).0 == Decision::Allow
    }

    fn evaluate(&self, principal: Principal, need: &Need) -> (Decision, Vec<String>) {
        let context = need.context.iter();
        let context = context.map(|(key, value)| (key.clone(), ContextValue::String(value.clone())));
        let resource = Arn::parse(&need.resource).expect("an ARN");
        let context = Context::with_data(context.collect());
        let request = IAMRequest::new_with_context(principal, &need.action, resource, context);
        let result = self.0.evaluate(&request).unwrap_or_else(|error| panic!("{need:?}: {error}"));
        let matching = result.statement_details.into_iter().filter(|detail| detail.conditions_satisfied);
        (result.decision, matching.filter_map(|detail| detail.sid).collect())
    }

    /// Refuses a call that needs what is not allowed.
    pub(crate) fn check(&self, call: &Call, needs: &[Need]) -> Result<(), ServiceError> {
        match needs.iter().find(|need| !need.partly && !self.allows(need)) {
            None => Ok(()),
            Some(need) => Err(denied(call, need)),
        }
    }

    /// Leaves out of a response the part that is not allowed.
    pub(crate) fn censor(&self, call: &Call, needs: &[Need], response: &mut Json) {
        if let Some(need) = needs.iter().find(|need| need.partly && !self.allows(need)) {
            call.service.censor(&refusal(need), response);
        }
    }
}

fn bearer() -> Principal {
    Principal::Aws(PrincipalId::String(CALLER.to_owned()))
}

/// A refusal as the service of the call writes it, of what the call needs.
fn denied(call: &Call, need: &Need) -> ServiceError {
    ServiceError { message: refusal(need), ..faults::denied(call.service, &call.operation.name) }
}

fn refusal(need: &Need) -> String {
    let Need { action, resource, called, .. } = need;
    let resource = called.as_ref().unwrap_or(resource);
    format!(
        "User: {CALLER} is not authorized to perform: {action} on resource: {resource} because no identity-based policy \
         allows the {action} action"
    )
}
