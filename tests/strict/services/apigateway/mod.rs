//! API Gateway [aws-facts: API Gateway v2].

mod api;
mod by_hand;
mod changes;
mod children;
mod invocation;
mod random;

pub(crate) use api::{Api, DEPLOYMENT, Stage, State};
pub(crate) use invocation::cannot_invoke;

use crate::access::{Need, request_tags};
use crate::cloud::{Cloud, REGION, ServiceError, Tags, required, text};
use crate::constraint::Words;
use crate::quota::Quota;
use crate::random::Section;
use crate::service::{Drift, Facts, Make, Marked, Resource, StackChange, StrictService};
use crate::services::Service;
use crate::wire::Call;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::strategy::BoxedStrategy;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

pub(crate) struct ApiGateway;

impl StrictService for ApiGateway {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "apigateway",
            model: ("apigatewayv2", "2018-11-29"),
            operations: &[api::OPERATIONS, children::OPERATIONS],
            changed: &["ApiId"],
            subject: &["ResourceArn", "RouteKey", "StageName", "Description"],
            tokens: &["NextToken"],
            throttled: ("TooManyRequestsException", 429),
            failed: ("InternalFailure", 500),
            denied: ("AccessDeniedException", 403),
            invalid: "BadRequestException",
            unmodelled: &["ConflictException"],
        }
    }

    fn words(&self) -> Words {
        Words::Own
    }

    /// The actions are the verbs of HTTP, and the resources the paths, as the service's model has them but for the version.
    fn needs(&self, cloud: &Cloud, call: &Call) -> Vec<Need> {
        let action = format!("apigateway:{}", call.operation.http.method);
        let path = path(call);
        let api = text(&call.params, "ApiId").and_then(|id| cloud.apigateway.apis.get(id));
        let tags = api.map(|api| api.tags.clone()).unwrap_or_default();
        let own = Need::new(&action, self.arn(&path)).of(&tags).tagging(call);
        // What is made with tags is checked as a call to tag it; AWS's refusals say on which path.
        let made = match call.operation.name.as_str() {
            "CreateApi" => Some("/v2/apis/*".to_owned()),
            "CreateStage" => Some(format!("/v2/apis/{}/stages/*", required(&call.params, "ApiId"))),
            _ => None,
        };
        let made = made.filter(|_| !request_tags(call).is_empty());
        let tag = made.map(|path| {
            let tagged = encoded(&self.arn(&path));
            Need::new("apigateway:POST", self.arn(&format!("/tags/{tagged}"))).tagging(call)
        });
        [own].into_iter().chain(tag).collect()
    }

    /// Its ARNs hold no account.
    fn arn(&self, resource: &str) -> String {
        format!("arn:aws:apigateway:{REGION}::{resource}")
    }

    /// 10 a second with a burst of 40 for all of the control plane [aws-facts: API Gateway v2, DG].
    fn quota(&self, _: &Cloud, _: &str) -> Option<Quota> {
        Some(("apigateway", 10.0, 40.0))
    }

    /// Every caller of a live API reaches its function.
    fn broken(&self, cloud: &Cloud) -> Vec<(String, String)> {
        invocation::broken(cloud)
    }

    fn dump(&self, cloud: &Cloud) -> BTreeMap<String, Json> {
        let mut resources = BTreeMap::new();
        for (id, api) in &cloud.apigateway.apis {
            resources.insert(format!("api {id}"), json!({ "settings": api.settings, "tags": api.tags }));
            for (child, settings) in &api.integrations {
                resources.insert(format!("api {id} integration {child}"), json!(settings));
            }
            for (child, settings) in &api.routes {
                resources.insert(format!("api {id} route {child}"), json!(settings));
            }
            for (child, stage) in &api.stages {
                let resource = json!({ "settings": stage.settings, "tags": stage.tags });
                resources.insert(format!("api {id} stage {child}"), resource);
            }
        }
        resources
    }

    fn made_up(&self, cloud: &Cloud) -> Vec<(String, String)> {
        let mut names = Vec::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (id, api) in &cloud.apigateway.apis {
            let name = api.settings.get("Name").and_then(Json::as_str).unwrap_or_default();
            let nth = seen.entry(name.to_owned()).or_default();
            *nth += 1;
            names.push((id.clone(), format!("<api {name} {nth}>")));
            for (integration, settings) in &api.integrations {
                let description = settings.get("Description").and_then(Json::as_str).unwrap_or_default();
                let nth = seen.entry(format!("{id} {description}")).or_default();
                *nth += 1;
                names.push((integration.clone(), format!("<integration {description} {nth}>")));
            }
            for (route, settings) in &api.routes {
                let key = settings.get("RouteKey").and_then(Json::as_str).unwrap_or_default();
                names.push((route.clone(), format!("<route {key}>")));
            }
        }
        names
    }

    fn change_all(&self, cloud: &mut Cloud) {
        by_hand::change_all(cloud);
    }

    fn drifts(&self) -> &'static [(&'static str, Drift)] {
        by_hand::DRIFTS
    }

    fn unmanaged(&self) -> &'static [(&'static str, Make)] {
        by_hand::UNMANAGED
    }

    fn everything(&self, cloud: &Cloud) -> Vec<(Resource, String)> {
        let mut all = Vec::new();
        for (id, api) in &cloud.apigateway.apis {
            let own = Resource::with_id(Service::ApiGateway, "api", id);
            for (child, settings) in &api.integrations {
                all.push((own.child("integration", child), format!("{settings:?}")));
            }
            for (child, settings) in &api.routes {
                all.push((own.child("route", child), format!("{settings:?}")));
            }
            for (child, stage) in &api.stages {
                all.push((own.child("stage", child), format!("{stage:?}")));
            }
            all.push((own, format!("{:?} {:?} {:?}", api.settings, api.created, api.tags)));
        }
        all
    }

    fn remove(&self, cloud: &mut Cloud, resource: &Resource) {
        let apis = &mut cloud.apigateway.apis;
        let Some(parent) = &resource.parent else {
            apis.remove(&resource.name);
            return;
        };
        let Some(api) = apis.get_mut(&parent.name) else { return };
        match resource.kind {
            "integration" => drop(api.integrations.remove(&resource.name)),
            "route" => drop(api.routes.remove(&resource.name)),
            _ => drop(api.stages.remove(&resource.name)),
        }
    }

    fn forget(&self, cloud: &mut Cloud, keep: &dyn Fn(&mut Tags)) {
        for api in cloud.apigateway.apis.values_mut() {
            keep(&mut api.tags);
            api.stages.values_mut().for_each(|stage| keep(&mut stage.tags));
        }
    }

    /// Routes that are not answered.
    fn unusable(&self, cloud: &Cloud, stack: &str, is_theirs: &dyn Fn(&Resource) -> bool) -> Vec<String> {
        let mut unanswered = Vec::new();
        for (id, api) in cloud.apigateway.apis.iter().filter(|(_, api)| api.is_of(stack)) {
            let own = Resource::with_id(Service::ApiGateway, "api", id);
            let ours = api.routes.iter().filter(|(route, _)| !is_theirs(&own.child("route", route)));
            for (_, route) in ours {
                let key = route["RouteKey"].as_str().unwrap_or_default();
                let why = cannot_invoke(cloud, id, key);
                unanswered.extend(why.map(|why| format!("{key} is not answered: {why}")));
            }
        }
        unanswered
    }

    fn changes(&self) -> &'static [(&'static str, StackChange)] {
        changes::CHANGES
    }

    fn section(&self) -> Option<BoxedStrategy<Rc<dyn Section>>> {
        Some(random::section())
    }

    fn requests(&self) -> &'static str {
        include_str!("requests.yaml")
    }

    fn disagreements(&self) -> &'static str {
        include_str!("disagreements.yaml")
    }
}

/// The path of a call, with its parameters.
fn path(call: &Call) -> String {
    let model = call.service.model();
    let members = call.operation.input.iter().flat_map(|input| &model.shape(input).members);
    let in_path = members.filter(|(_, member)| member.location.as_deref() == Some("uri"));
    let path = in_path.fold(call.operation.http.request_uri.clone(), |path, (name, member)| {
        let value = required(&call.params, name);
        let value = if name == "ResourceArn" { encoded(value) } else { value.to_owned() };
        path.replace(&format!("{{{}}}", member.wire_name(name)), &value)
    });
    path.trim_start_matches("/v2").to_owned()
}

fn encoded(arn: &str) -> String {
    const RESERVED: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'*');
    utf8_percent_encode(arn, RESERVED).to_string()
}

/// While others deploy, API Gateway throttles and refuses its changes in turn [hazards: A9].
pub(crate) fn api_gateway_is_busy(cloud: &Cloud, call: &Call) -> Option<ServiceError> {
    let hindered = call.service == Service::ApiGateway && call.operation.http.method != "GET";
    if !hindered || cloud.now >= cloud.hindered_until {
        return None;
    }
    let second = cloud.now.as_millis() / Duration::from_millis(700).as_millis();
    Some(match second.is_multiple_of(2) {
        true => {
            ServiceError { status: 429, ..ServiceError::new("TooManyRequestsException", "Too Many Requests") }
        }
        false => ServiceError::new(
            "ConflictException",
            "Unable to complete operation due to concurrent modification. Please try again later.",
        ),
    })
}
