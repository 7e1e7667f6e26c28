//! What checks and commands do with buckets: write an object, and read one.

use crate::aws::{Clients, Error, Result};
use crate::kind::{Act, ActField, Acted, Found, Reply};
use aws_sdk_s3::primitives::ByteStream;

const KEY: ActField = ActField::text("key", "The key of the object.").required();

pub(super) static PUT: Act = Act {
    fields: &[KEY, ActField::text("content_type", "What sort of content it is, such as `image/png`.")],
    has_body: true,
    actions: &["s3:PutObject"],
    within: &["/*"],
    done: "put",
    ..Act::new("put", "bucket", |clients, acted| Box::pin(put(clients, acted)))
};

/// Without the permission to list the bucket, S3 refuses to say that an object is missing [aws-facts-services: 5].
pub(super) static OBJECT: Act = Act {
    fields: &[KEY],
    reads: true,
    actions: &["s3:GetObject", "s3:ListBucket"],
    within: &["", "/*"],
    ..Act::new("object", "bucket", |clients, acted| Box::pin(object(clients, acted)))
};

async fn put(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let put = clients.s3().put_object().bucket(&acted.name).set_key(acted.text(KEY.name));
    let body = ByteStream::from(acted.body.clone().unwrap_or_default());
    put.set_content_type(acted.text("content_type")).body(body).send().await?;
    Ok(Reply::Found(Vec::new()))
}

async fn object(clients: &Clients, acted: &Acted) -> Result<Reply> {
    let response = clients.s3().get_object().bucket(&acted.name).set_key(acted.text(KEY.name)).send().await;
    let Some(response) = super::settings::where_set(response, "NoSuchKey")? else {
        return Ok(Reply::Found(Vec::new()));
    };
    let body =
        response.body.collect().await.map_err(|error| Error::broken("s3:GetObject", error.to_string()))?;
    Ok(Reply::Found(vec![Found { body: body.to_vec(), token: String::new() }]))
}
