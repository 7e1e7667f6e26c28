//! What access control asks for each call, as the Service Authorization Reference has it: the actions, the resource that
//! they are checked on, and the condition keys with their values.

use crate::cloud::{Cloud, TAGS, Tags, Time};
use crate::wire::Call;
use serde_json::Value as Json;

/// What must be allowed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Need {
    pub(crate) action: String,
    /// The ARN. Of an action that knows no resources, one that only `*` matches.
    pub(crate) resource: String,
    pub(crate) context: Vec<(String, String)>,
    /// What a refusal calls the resource, where that is not its ARN.
    pub(crate) called: Option<String>,
    /// True if the call is answered without it as well, but in part.
    pub(crate) partly: bool,
}

impl Need {
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        let (action, resource) = (action.into(), resource.into());
        Need { action, resource, context: Vec::new(), called: None, partly: false }
    }

    /// In refusals by another name.
    pub(crate) fn called(self, name: &str) -> Self {
        Need { called: Some(name.to_owned()), ..self }
    }

    pub(crate) fn with(mut self, key: impl Into<String>, value: Option<&str>) -> Self {
        self.context.extend(value.map(|value| (key.into(), value.to_owned())));
        self
    }

    fn with_tags(mut self, prefix: &str, tags: &Tags) -> Self {
        self.context.extend(tags.iter().map(|(key, value)| (format!("{prefix}/{key}"), value.clone())));
        self
    }

    /// The tags that the resource has as yet.
    pub(crate) fn of(self, tags: &Tags) -> Self {
        self.with_tags("aws:ResourceTag", tags)
    }

    /// The tags that are sent along.
    pub(crate) fn tagging(self, call: &Call) -> Self {
        self.with_tags("aws:RequestTag", &request_tags(call))
    }
}

/// The resource of an action that takes none: only `*` matches it.
pub(crate) fn nothing(call: &Call) -> String {
    format!("arn:aws:{}:::none", call.service.name())
}

/// The action of the call itself, and the one that tags what it makes [aws-facts: The deployer's own IAM actions].
pub(crate) fn with_tagging(call: &Call, own: Need, tagging: &str, creates: bool) -> Vec<Need> {
    let own = own.tagging(call);
    let tag = (creates && !request_tags(call).is_empty())
        .then(|| Need::new(tagging, own.resource.clone()).tagging(call));
    [own].into_iter().chain(tag).collect()
}

/// Tags become known to access control as late as to anybody.
pub(crate) fn known<'a>(cloud: &Cloud, created: Time, tags: &'a Tags) -> Option<&'a Tags> {
    (cloud.now >= created + cloud.delays.of(TAGS)).then_some(tags)
}

/// The tags that a call sends, as a map or as a list.
pub(crate) fn request_tags(call: &Call) -> Tags {
    let tags = call.params.get("Tags").or_else(|| call.params.get("tags"));
    let of_map = tags.and_then(Json::as_object).into_iter().flatten();
    let of_map = of_map.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()));
    let of_list = tags.and_then(Json::as_array).into_iter().flatten();
    // Step Functions writes their members small.
    let member = |tag: &Json, name: &str| {
        let member = tag.get(name).or_else(|| tag.get(name.to_lowercase()));
        member.and_then(Json::as_str).unwrap_or_default().to_owned()
    };
    let of_list = of_list.map(|tag| (member(tag, "Key"), member(tag, "Value")));
    of_map.chain(of_list).collect()
}
