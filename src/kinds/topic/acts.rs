//! What checks and commands do with topics: publish a message.

use crate::aws::{Clients, Result};
use crate::kind::{Act, ActField, Acted, Reply};
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::Value as Json;

pub(super) static SEND: Act = Act {
    fields: &[
        ActField::text("attributes", "Attributes of the message, which filters are about: texts by name.")
            .map(),
        ActField::text("subject", "The subject, for subscribers by e-mail."),
        ActField::text("group", "The message group, which a FIFO topic needs.").fifo(),
        ActField::text("deduplication", "What tells it from duplicates in a FIFO topic."),
    ],
    has_body: true,
    actions: &["sns:Publish"],
    done: "sent",
    ..Act::new("send", "topic", |clients, acted| Box::pin(publish(clients, acted)))
};

async fn publish(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let publish = clients.sns().publish().topic_arn(acted.attribute("arn")).message(acted.text_of_body()?);
    let mut publish = publish
        .set_subject(acted.text("subject"))
        .set_message_group_id(acted.text("group"))
        .set_message_deduplication_id(acted.text("deduplication"));
    for (name, value) in acted.fields.get("attributes").and_then(Json::as_object).into_iter().flatten() {
        let (kind, text) = match value.as_str() {
            Some(text) => ("String", text.to_owned()),
            None if value.is_number() => ("Number", value.to_string()),
            None => ("String", value.to_string()),
        };
        // It cannot fail: the type is there.
        let value = MessageAttributeValue::builder().data_type(kind).string_value(text).build();
        publish = publish.message_attributes(name, value.map_err(crate::aws::Error::internal)?);
    }
    publish.send().await?;
    Ok(Reply::Found(Vec::new()))
}
