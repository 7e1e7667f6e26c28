//! Single requests of each service, in stories: each begins in an empty account, and its requests come one after the other, long
//! enough apart for AWS to be at rest. `says` is what AWS answers, as its documentation, its models and its recorded answers
//! have it: `ok`, or the code of the refusal. The strict cloud must answer the same, and so must the emulators, but for the
//! service's `disagreements`. `${new}` is a name that no other request has, so that what an emulator lets pass is in nobody's
//! way. `keep` takes a member of the answer, to be named as `${member}` from then on; `shows` adds one to what is compared.

use super::known::{self, Disagreement};
use super::sender::{Sender, element, text, verdict};
use super::{encode, given};
use crate::clock::{BEGINNING, Clock};
use crate::cloud::REGION;
use crate::connector::StrictCloud;
use crate::run::empty;
use crate::services::Service;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two requests to the strict cloud: long enough for all that it does behind the scenes.
pub(crate) const AT_REST: Duration = Duration::from_secs(120);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Story {
    pub(crate) story: String,
    pub(crate) requests: Vec<Request>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) title: String,
    pub(crate) call: String,
    pub(crate) with: Json,
    /// A member of the response to be named from then on.
    pub(crate) keep: Option<String>,
    /// True where AWS is not at rest yet.
    #[serde(skip)]
    pub(crate) soon: bool,
    /// A member of the response that belongs to the verdict.
    pub(crate) shows: Option<String>,
    pub(crate) says: String,
}

pub(crate) fn stories() -> Vec<Story> {
    let stories = |service: &Service| -> Vec<Story> {
        serde_yaml::from_str(service.requests())
            .unwrap_or_else(|wrong| panic!("the requests of {}: {wrong}", service.name()))
    };
    Service::ALL.iter().flat_map(stories).collect()
}

/// Where an emulator responds otherwise than AWS.
pub(super) async fn disagreements(at: &Sender) -> Vec<Disagreement> {
    let mut found = Vec::new();
    for story in stories() {
        at.forget_everything().await;
        found.extend(tell(&story, at.url(), REGION, at, || std::future::ready(())).await);
    }
    found
}

/// Sends a sequence of requests to a cloud, which may have its own name for the region, and returns where the result differs.
async fn tell<F: Future<Output = ()>>(
    story: &Story,
    url: &str,
    region: &str,
    to: &dyn HttpConnector,
    rest: impl Fn() -> F,
) -> Vec<Disagreement> {
    let mut found = Vec::new();
    send(
        story,
        url,
        to,
        |_| rest(),
        |request, response, names| {
            let shown = request.shows.iter().filter(|_| response.status().is_success());
            let shown = shown.map(|name| format!(" {}", shown_member(response, name))).collect::<String>();
            let says = (verdict(response) + &shown).replace(region, REGION);
            let aws = Json::from(request.says.as_str());
            let aws = replaced(&aws, names).as_str().unwrap_or_default().to_owned();
            if says != aws {
                let about = format!("{}: {}", story.story, request.title);
                found.push(Disagreement { about, aws, says, detail: text(response) });
            }
        },
    )
    .await;
    found
}

/// Sends a sequence of requests to a cloud, with a rest before each, and shows each response, with what has a name by then.
pub(crate) async fn send<F: Future<Output = ()>>(
    story: &Story,
    url: &str,
    to: &dyn HttpConnector,
    rest: impl Fn(&Request) -> F,
    mut seen: impl FnMut(&Request, &HttpResponse, &BTreeMap<String, Json>),
) {
    let mut names = given::names();
    for (index, request) in story.requests.iter().enumerate() {
        rest(request).await;
        names.insert("new".to_owned(), format!("new{index}").into());
        let with = replaced(&request.with, &names);
        let response = to.call(encode::request(url, REGION, &request.call, &with)).await;
        let response = response.unwrap_or_else(|error| panic!("{}: {error}", request.title));
        if let Some(kept) = &request.keep {
            names.insert(kept.clone(), member(&response, kept).unwrap_or_default());
        }
        seen(request, &response, &names);
    }
}

/// A value in which `${name}` stands for what has that name: as a whole, or within a text.
fn replaced(value: &Json, names: &BTreeMap<String, Json>) -> Json {
    match value {
        Json::String(text) => {
            let whole = text.strip_prefix("${").and_then(|text| text.strip_suffix('}'));
            if let Some(value) = whole.and_then(|name| names.get(name)) {
                return value.clone();
            }
            let plain =
                names.iter().filter_map(|(name, value)| Some((format!("${{{name}}}"), value.as_str()?)));
            let text = plain.fold(text.clone(), |text, (name, value)| text.replace(&name, value));
            assert!(!text.contains("${"), "{text} names what is not there");
            text.into()
        }
        Json::Array(items) => items.iter().map(|item| replaced(item, names)).collect(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), replaced(value, names)));
            Json::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// The first member, element or entry of a name in a response.
fn member(response: &HttpResponse, name: &str) -> Option<Json> {
    fn find<'a>(json: &'a Json, name: &str) -> Option<&'a Json> {
        match json {
            Json::Object(members) => {
                members.get(name).or_else(|| members.values().find_map(|value| find(value, name)))
            }
            Json::Array(items) => items.iter().find_map(|item| find(item, name)),
            _ => None,
        }
    }
    let text = text(response);
    match serde_json::from_str::<Json>(&text) {
        Ok(json) => find(&json, name).filter(|value| !value.is_null()).cloned(),
        Err(_) => element(&text, name).or_else(|| entry(&text, name)).map(Json::from),
    }
}

/// The value of an entry of a map, by its key.
fn entry(xml: &str, key: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<key>{key}</key>"))?;
    element(rest.split_once("</entry>")?.0, "value").map(|value| value.replace("&quot;", "\""))
}

/// The same for people to compare: of a token it only counts whether there is one, of a document what it says.
fn shown_member(response: &HttpResponse, name: &str) -> String {
    match member(response, name) {
        None => "none".to_owned(),
        Some(Json::String(text)) if name.ends_with("Token") => {
            if text.is_empty() {
                "none".to_owned()
            } else {
                "some".to_owned()
            }
        }
        Some(Json::String(text)) => match serde_json::from_str::<Json>(&text) {
            Ok(document) if document.is_object() => document.to_string(),
            _ => text,
        },
        Some(other) => other.to_string(),
    }
}

#[tokio::test(start_paused = true)]
async fn the_strict_cloud_answers_each_request_as_aws_does() {
    let mut wrong = Vec::new();
    for story in stories() {
        let cloud = StrictCloud::new(empty(), Clock::at(BEGINNING), None);
        let url = "https://example.amazonaws.com";
        wrong.extend(tell(&story, url, cloud.region(), &cloud, || tokio::time::sleep(AT_REST)).await);
    }
    known::compare(&known::of("strict"), &wrong);
}

#[test]
fn every_title_is_there_once_and_every_operation_is_asked() {
    let stories = stories();
    let requests: Vec<&Request> = stories.iter().flat_map(|story| &story.requests).collect();
    let titles: std::collections::BTreeSet<&str> = requests.iter().map(|request| &*request.title).collect();
    assert_eq!(titles.len(), requests.len());
    let asked: std::collections::BTreeSet<&str> = requests.iter().map(|request| &*request.call).collect();
    for service in Service::ALL {
        for (operation, _) in service.operations() {
            let call = format!("{}:{operation}", service.name());
            assert!(asked.contains(&*call), "no request asks {call}");
        }
    }
    println!("{} requests of {} operations", requests.len(), asked.len());
}
