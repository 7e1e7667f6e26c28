//! What checks and commands do with queues: send a message, and receive one.

use super::section::SEND_ACTION;
use crate::aws::{Clients, Result};
use crate::kind::{Act, ActField, Acted, Found, Reply};
use aws_sdk_sqs::types::Message;
use std::time::Duration;

pub(super) static SEND: Act = Act {
    fields: &[
        ActField::text("group", "The message group, which a FIFO queue needs.").fifo(),
        ActField::text("deduplication", "What tells it from duplicates in a FIFO queue."),
    ],
    has_body: true,
    actions: &[SEND_ACTION],
    done: "sent",
    ..Act::new("send", "queue", |clients, acted| Box::pin(send(clients, acted)))
};

/// Messages that are not the expected one can be received again soon. Each receive counts towards `dead_letter.after`.
pub(super) static MESSAGE: Act = Act {
    reads: true,
    actions: &["sqs:DeleteMessage", "sqs:ReceiveMessage"],
    take: Some(|clients, acted, found| Box::pin(take(clients, acted, found))),
    ..Act::new("message", "queue", |clients, acted| Box::pin(receive(clients, acted)))
};

/// The most that a receive waits, in seconds [botocore: sqs, ReceiveMessage].
const LONGEST_WAIT: u64 = 20;
/// For how many seconds a message that was looked at is hidden from others.
const HIDDEN: i32 = 2;

async fn send(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let send = clients.sqs().send_message().queue_url(acted.attribute("url"));
    let send = send.message_body(acted.text_of_body()?).set_message_group_id(acted.text("group"));
    send.set_message_deduplication_id(acted.text("deduplication")).send().await?;
    Ok(Reply::Found(Vec::new()))
}

async fn receive(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let wait = acted.wait.min(Duration::from_secs(LONGEST_WAIT)).as_secs();
    let receive = clients.sqs().receive_message().queue_url(acted.attribute("url"));
    let receive = receive.max_number_of_messages(10).visibility_timeout(HIDDEN);
    let response = receive.wait_time_seconds(i32::try_from(wait).unwrap_or_default()).send().await?;
    let found = |message: Message| Found {
        body: message.body.unwrap_or_default().into_bytes(),
        token: message.receipt_handle.unwrap_or_default(),
    };
    Ok(Reply::Found(response.messages.unwrap_or_default().into_iter().map(found).collect()))
}

async fn take(clients: &Clients, acted: &Acted, found: &Found) -> Result<()> {
    let delete = clients.sqs().delete_message().queue_url(acted.attribute("url"));
    delete.receipt_handle(&found.token).send().await?;
    Ok(())
}
