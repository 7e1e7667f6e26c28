//! The Resource Groups Tagging API: it misses new things, is late with changed tags, and remembers deleted ones for long
//! [aws-facts: Resource Groups Tagging API].

use crate::access::{Need, nothing};
use crate::cloud::{Cloud, Delay, ServiceError, Tags, Time, listed, required, text};
use crate::service::{Facts, StrictService, Tagged};
use crate::services::Service;
use crate::wire::Call;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashSet};

/// Until it shows what was made.
pub(crate) const SHOWN: Delay = Delay::of_secs("the tagging API shows", 20);
/// Until it forgets what was deleted.
const REMEMBERED: Delay = Delay::of_secs("the tagging API remembers", 3600);

pub(crate) struct Tagging;

impl StrictService for Tagging {
    fn facts(&self) -> &'static Facts {
        &Facts {
            name: "tag",
            model: ("resourcegroupstaggingapi", "2017-01-26"),
            operations: &[&[("GetResources", resources)]],
            changed: &[],
            subject: &[],
            tokens: &["PaginationToken"],
            throttled: ("ThrottledException", 400),
            failed: ("InternalServiceException", 500),
            denied: ("AccessDeniedException", 400),
            invalid: "InvalidParameterException",
            unmodelled: &[],
        }
    }

    fn needs(&self, _: &Cloud, call: &Call) -> Vec<Need> {
        vec![Need::new(call.name(), nothing(call))]
    }

    fn happen(&self, cloud: &mut Cloud) {
        learn(cloud);
    }

    fn requests(&self) -> &'static str {
        REQUESTS
    }

    fn disagreements(&self) -> &'static str {
        DISAGREEMENTS
    }
}

const REQUESTS: &str = "
- story: tagged things
  requests:
  - { title: a page of too many tagged things, call: tag:GetResources, with: { ResourcesPerPage: 101 }, says: InvalidParameterException }
";

const DISAGREEMENTS: &str = r#"
- emulator: ministack
  right: strict
  why: >-
    It does not hold requests against AWS's models: required members, names and their length, ranges, enumerations.
  says:
    "tagged things: a page of too many tagged things": ok
"#;

/// What is answered, by ARN; tags that have changed since, with when they did; and when resources ended.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    known: BTreeMap<String, Tags>,
    changed: BTreeMap<String, (Tags, Time)>,
    ended: BTreeMap<String, Time>,
}

fn resources(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    learn(cloud);
    if params["ResourcesPerPage"].as_u64().is_some_and(|limit| !(1..=100).contains(&limit)) {
        return ServiceError::err("InvalidParameterException", "ResourcesPerPage must be between 1 and 100");
    }
    let filters = params["TagFilters"].as_array().cloned().unwrap_or_default();
    let types = params["ResourceTypeFilters"].as_array().cloned().unwrap_or_default();
    let tagged = |tags: &Tags| {
        filters.iter().all(|filter| {
            let value = tags.get(required(filter, "Key")).map(|value| Json::from(value.as_str()));
            value
                .is_some_and(|value| filter["Values"].as_array().is_none_or(|values| values.contains(&value)))
        })
    };
    let typed = |arn: &str| {
        let mut parts = arn.split(':').skip(2);
        let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
        let kind = resource.split('/').next().unwrap_or_default();
        let kind = format!("{service}:{kind}");
        types.is_empty() || types.iter().any(|wanted| *wanted == service || *wanted == kind.as_str())
    };
    let found = cloud.tagging.known.iter().filter(|(arn, tags)| typed(arn) && tagged(tags));
    let found = found.map(|(arn, tags)| json!({ "ResourceARN": arn, "Tags": listed(tags) }));
    let limit = params["ResourcesPerPage"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let token = text(params, "PaginationToken").filter(|token| !token.is_empty());
    let (list, next) = cloud.paging.page(found.collect(), token, limit, (50, 100));
    // An empty token, not a missing one, says that this was the last page.
    Ok(json!({ "ResourceTagMappingList": list, "PaginationToken": next.unwrap_or_default() }))
}

/// Takes in what is old enough by now, and forgets what ended long ago. A change counts from when it is seen, so every run
/// begins with this.
fn learn(cloud: &mut Cloud) {
    let (now, delay, remembered) = (cloud.now, cloud.delays.of(SHOWN), cloud.delays.of(REMEMBERED));
    let all: Vec<Tagged> = Service::ALL.iter().flat_map(|service| service.tagged(cloud)).collect();
    let state = &mut cloud.tagging;
    let alive: HashSet<&str> = all.iter().map(|resource| resource.arn.as_str()).collect();
    for arn in state.known.keys().filter(|arn| !alive.contains(arn.as_str())) {
        state.ended.entry(arn.clone()).or_insert(now);
    }
    for Tagged { arn, created, tags, .. } in all {
        state.ended.remove(&arn);
        if state.known.get(&arn) == Some(&tags) {
            state.changed.remove(&arn);
            continue;
        }
        let since = if state.known.contains_key(&arn) { now } else { created };
        let seen = state.changed.get(&arn).filter(|(seen, _)| *seen == tags);
        let since = seen.map_or(since, |(_, since)| *since);
        if now < since + delay {
            state.changed.insert(arn, (tags, since));
        } else {
            state.changed.remove(&arn);
            state.known.insert(arn, tags);
        }
    }
    let State { known, ended, .. } = state;
    known.retain(|arn, _| ended.get(arn).is_none_or(|when| now < *when + remembered));
}
