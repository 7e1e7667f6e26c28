//! The permissions that a stack declares.

use super::names::{name, sid};
use super::{Permission, Spec};
use crate::config::At;
use crate::kind::Kind;
use crate::kinds::alias::Alias;
use crate::kinds::function::{Function, INVOKE};
use crate::lower::{Call, Lower, resource};
use crate::model::{Resource, ResourceId, Text};
use std::borrow::Cow;

/// What a permission allows, and to whom.
pub(crate) struct Admitted<'a> {
    /// For what: a route, `topic news` or an account; `None` for all routes of the API.
    pub(crate) what: Option<&'a str>,
    /// To whom: a service, an account, the ARN of a role or a user, or `*`.
    pub(crate) principal: Cow<'static, str>,
    /// The ARN of what of a service calls, or the pattern of such ARNs.
    pub(crate) source: Option<Text>,
    /// The account of that, where its ARN does not name it.
    pub(crate) account: Option<String>,
    /// The organisation whose accounts alone may.
    pub(crate) organization: Option<String>,
}

/// The permission to call a function, or one of its aliases.
pub(crate) fn declared(called: &ResourceId, admitted: Admitted, at: At, lower: &Lower) -> Resource {
    let Admitted { what, principal, source, account, organization } = admitted;
    let id = id_of(called, what);
    let spec = Spec {
        function: Text::reference(called, "name"),
        sid: sid(&lower.scope.identity, &id.name),
        action: INVOKE.to_owned(),
        principal: principal.into_owned(),
        source_arn: source,
        source_account: account,
        organization,
        url_auth: None,
        through_url: false,
        superseded: Vec::new(),
    };
    // An alias has a policy of its own, and its name, which is known, makes no order.
    let depends_on = called.parent().map(|_| called.clone()).into_iter().collect();
    Resource { depends_on, ..resource::<Permission>(id, at, &spec) }
}

/// The permissions of the services that call a function or its aliases.
pub(crate) fn of_calls(function: &ResourceId, at: At, lower: &Lower) -> Vec<Resource> {
    let calls = lower.calls.iter().filter(|call| *function_of(&call.on) == *function);
    let permission = |call: &Call| {
        let admitted = Admitted {
            what: Some(&call.what),
            principal: call.service.clone(),
            source: Some(call.source.as_str().into()),
            account: call.account.then(|| lower.scope.account.clone()),
            organization: None,
        };
        declared(&call.on, admitted, at, lower)
    };
    calls.map(permission).collect()
}

/// What admits a service, which comes before what makes it act: the permission to call a function, or the resource with the
/// policy.
pub(crate) fn admitted(call: &Call) -> ResourceId {
    if [Function::NAME, Alias::NAME].contains(&call.on.kind) {
        id_of(&call.on, Some(&call.what))
    } else {
        call.on.clone()
    }
}

fn id_of(called: &ResourceId, what: Option<&str>) -> ResourceId {
    function_of(called).child(Permission::NAME, name(&called.name, what))
}

/// The function of an alias, or the function itself.
fn function_of(called: &ResourceId) -> &ResourceId {
    called.parent().unwrap_or(called)
}
