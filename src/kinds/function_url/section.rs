//! `url` of a function, and what it becomes: the URL, and the permissions for anyone to call it.

use super::{FunctionUrl, IAM, NONE, Spec};
use crate::config::At;
use crate::config::decode::help;
use crate::config::fields::Fields;
use crate::config::section::shape::{either, flag, mapping, part, word};
use crate::config::section::{Section, Shape, section};
use crate::kind::Kind as _;
use crate::kinds::api::section::Cors;
use crate::kinds::function::INVOKE;
use crate::kinds::permission::{self, ANYONE, Permission};
use crate::lower::{Lower, resource};
use crate::model::{Resource, ResourceId, Text};
use serde::Serialize;

section! {
    /// A URL that calls the function. Its address is AWS's choice, and another one whenever it is created again.
    pub struct Url, checked by rules_fit {
        /// Who can call it: `iam` for those whom IAM allows `lambda:InvokeFunctionUrl` and `lambda:InvokeFunction`, `none` for
        /// anyone.
        auth: Auth = auth().required("iam"),
        /// Whether the response is streamed as the function writes it. For Node.js, `provided` and images.
        stream: bool = flag().default(false),
        /// CORS: what pages of other origins may do; nothing by default.
        cors: Option<Cors> = part("cors", Cors::ABOUT, mapping()).optional(),
    }
}

/// Who can call a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Those whom IAM allows it.
    Iam,
    /// Anyone.
    None,
}

const AUTHS: [(&str, Auth); 2] = [("iam", Auth::Iam), ("none", Auth::None)];

fn auth() -> Shape<Auth> {
    word(&AUTHS, |value| match value.node.text() {
        Some(IAM | "aws_iam") => value.wrong_type("`iam` or `none`", help("did you mean `iam`?")),
        Some("public" | "anyone" | NONE) => value.wrong_type("`iam` or `none`", help("did you mean `none`?")),
        _ => value.one_of(&AUTHS),
    })
}

/// `iam`, `none`, or a mapping.
pub(in crate::kinds) fn url() -> Shape<Url> {
    either(auth().map(|auth| Url { auth, stream: false, cors: None }), mapping())
}

/// Lambda's limits for rules are its own [botocore: lambda, Cors].
fn rules_fit(url: &<Url as Section>::Decoded, fields: &mut Fields) {
    let Some(Some(cors)) = &url.cors else { return };
    if cors.methods.iter().any(|method| method == "OPTIONS") {
        let way = "remove it: Lambda answers preflight requests itself";
        fields.fail_at("cors", "`methods` of a function URL cannot name `OPTIONS`", help(way));
    }
    if cors.max_age == Some(-1) {
        let message = "`max_age` of a function URL cannot be negative";
        fields.fail_at("cors", message, help("write 0, or remove it"));
    }
}

impl Url {
    /// The URL of a function, and its permissions.
    pub(in crate::kinds) fn resources(&self, function: &ResourceId, at: At, lower: &Lower) -> Vec<Resource> {
        let Url { auth, stream, cors } = self;
        let permissions = match auth {
            Auth::Iam => Vec::new(),
            Auth::None => public(function, at, lower),
        };
        let spec = Spec {
            function: Text::reference(function, "name"),
            auth: if *auth == Auth::Iam { IAM } else { NONE }.to_owned(),
            stream: *stream,
            cors: cors.as_ref().map(Cors::spec),
        };
        let id = function.child(FunctionUrl::NAME, function.name.clone());
        let depends_on = permissions.iter().map(|permission| permission.id.clone()).collect();
        let url = Resource { depends_on, ..resource::<FunctionUrl>(id, at, &spec) };
        permissions.into_iter().chain([url]).collect()
    }
}

/// The permissions of a public URL: to call it, and to call the function through it.
fn public(function: &ResourceId, at: At, lower: &Lower) -> Vec<Resource> {
    let [of_url, through_url] = permission::OF_URL;
    let one = |what: &str, action: &str, url_auth: Option<&str>| {
        let id = function.child(Permission::NAME, permission::name(&function.name, Some(what)));
        let spec = permission::Spec {
            function: Text::reference(function, "name"),
            sid: permission::sid(&lower.scope.identity, &id.name),
            action: action.to_owned(),
            principal: ANYONE.to_owned(),
            source_arn: None,
            source_account: None,
            organization: None,
            url_auth: url_auth.map(str::to_owned),
            through_url: url_auth.is_none(),
            superseded: Vec::new(),
        };
        resource::<Permission>(id, at, &spec)
    };
    vec![one(of_url, "lambda:InvokeFunctionUrl", Some(NONE)), one(through_url, INVOKE, None)]
}
