//! What checks and commands do with event buses: put an event.

use super::partly;
use crate::aws::{Clients, Error, Result};
use crate::kind::{Act, ActField, Acted, Reply};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::Value as Json;

pub(super) static SEND: Act = Act {
    fields: &[
        ActField::text("source", "Who says it: the `source` of the event.").required(),
        ActField::text("detail_type", "What sort of event it is: its `detail-type`.").required(),
    ],
    has_body: true,
    actions: &["events:PutEvents"],
    done: "sent",
    ..Act::new("send", "bus", |clients, acted| Box::pin(put(clients, acted)))
};

/// The body is the `detail` of the event.
async fn put(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let detail = acted.text_of_body()?;
    if !serde_json::from_str::<Json>(&detail).is_ok_and(|detail| detail.is_object()) {
        return Err(Error::state("the body of an event is a JSON object"));
    }
    let event = PutEventsRequestEntry::builder().event_bus_name(&acted.name).detail(detail);
    let event = event.set_source(acted.text("source")).set_detail_type(acted.text("detail_type")).build();
    let response = clients.eventbridge().put_events().entries(event).send().await?;
    let failed = response.entries().iter().filter(|one| one.error_code().is_some());
    partly("events:PutEvents", failed.map(|one| (one.error_code(), one.error_message())))?;
    Ok(Reply::Found(Vec::new()))
}
