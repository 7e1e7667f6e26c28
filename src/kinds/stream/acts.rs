//! What checks and commands do with streams: put a record.

use crate::aws::{Clients, Result};
use crate::kind::{Act, ActField, Acted, Reply};
use aws_sdk_kinesis::primitives::Blob;

pub(super) static SEND: Act = Act {
    fields: &[ActField::text(
        "key",
        "The partition key, which picks the shard; records of a key keep their order.",
    )],
    has_body: true,
    actions: &["kinesis:PutRecord"],
    done: "sent",
    ..Act::new("send", "stream", |clients, acted| Box::pin(put(clients, acted)))
};

/// The partition key of a record that has none.
const ANY_KEY: &str = "provision";

async fn put(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let key = acted.text("key").unwrap_or_else(|| ANY_KEY.to_owned());
    let put = clients.kinesis().put_record().stream_name(&acted.name).partition_key(key);
    put.data(Blob::new(acted.body.clone().unwrap_or_default())).send().await?;
    Ok(Reply::Found(Vec::new()))
}
