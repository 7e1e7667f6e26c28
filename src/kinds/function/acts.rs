//! What checks do with functions: call one.

use crate::aws::{Clients, Result};
use crate::invoke::{self, FunctionError};
use crate::kind::{Act, ActField, Acted, Found, Reply};

pub(super) static INVOKE: Act = Act {
    fields: &[
        ActField::text("event", "The event, sent as JSON; by default an empty object. `${…}` works.").map()
    ],
    actions: &[super::INVOKE],
    // Of an alias, AWS asks for its own ARN.
    within: &["", ":*"],
    ..Act::new("invoke", "", |clients, acted| Box::pin(call(clients, acted)))
};

async fn call(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let event = acted.fields.get("event").map_or_else(|| "{}".to_owned(), ToString::to_string);
    let invocation = invoke::invoke(clients, &acted.name, event.into_bytes(), false).await?;
    Ok(match invocation.result {
        Ok(body) => Reply::Found(vec![Found { body, token: String::new() }]),
        Err(FunctionError { message, kind, .. }) => {
            Reply::Failed(kind.map_or_else(|| message.clone(), |kind| format!("{kind}: {message}")))
        }
    })
}
