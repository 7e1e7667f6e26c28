//! What the strict cloud answers: to the requests that the emulators are asked as well, and to those of the recordings.

use super::recordings::{Asked, Planted, Service, Story};
use crate::clock::{BEGINNING, Clock};
use crate::conformance::requests::{self, AT_REST, Request};
use crate::conformance::sender::verdict;
use crate::connector::StrictCloud;
use crate::run::empty;
use serde_json::Value as Json;

/// An answer of the strict cloud.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The call, with the service.
    pub(super) call: String,
    pub(super) status: u16,
    pub(super) result: Result<Json, Refusal>,
}

#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The code, and the one from before the service spoke JSON.
    pub(super) codes: Vec<String>,
    pub(super) message: String,
}

/// The answers to all requests.
pub(super) async fn answers(known: impl Iterator<Item = &Service>) -> Vec<Answer> {
    let own = known.flat_map(|known| &known.rules.requests).map(story);
    let mut answers = Vec::new();
    for story in requests::stories().into_iter().chain(own) {
        let cloud = StrictCloud::new(empty(), Clock::at(BEGINNING), None);
        let rest = |request: &Request| {
            tokio::time::sleep(if request.soon { std::time::Duration::ZERO } else { AT_REST })
        };
        let url = "https://example.amazonaws.com";
        requests::send(&story, url, &cloud, rest, |request, response, _| {
            let status = response.status().as_u16();
            let old = response.headers().get("x-amzn-query-error").and_then(|both| both.split(';').next());
            let answered = cloud.state().answered.take();
            let result = answered.unwrap_or_else(|| panic!("{} is not understood", request.call));
            let result = result.map_err(|error| {
                let codes = [verdict(response)].into_iter().chain(old.map(str::to_owned)).collect();
                Refusal { codes, message: error.message }
            });
            answers.push(Answer { call: request.call.clone(), status, result });
        })
        .await;
    }
    answers
}

fn story(own: &Story) -> requests::Story {
    let request = |asked: &Asked| Request {
        title: asked.call.clone(),
        call: asked.call.clone(),
        with: Json::Object(asked.with.clone()),
        keep: asked.keep.clone(),
        soon: asked.soon,
        shows: None,
        says: String::new(),
    };
    requests::Story { story: own.story.clone(), requests: own.requests.iter().map(request).collect() }
}

impl Answer {
    /// Puts a fault into it.
    pub(super) fn spoil(&mut self, fault: &Planted) {
        let Planted { code, status, without, at, value, .. } = fault;
        self.status = status.unwrap_or(self.status);
        match &mut self.result {
            Err(refusal) => refusal.codes = code.iter().cloned().collect(),
            Ok(result) => {
                if let Some((parent, name)) = without.as_ref().and_then(|path| path.rsplit_once('/')) {
                    let members = result.pointer_mut(parent).and_then(Json::as_object_mut);
                    members.and_then(|members| members.remove(name)).expect("a member");
                }
                if let Some(path) = at {
                    *result.pointer_mut(path).expect("a member") = value.clone();
                }
            }
        }
    }
}
