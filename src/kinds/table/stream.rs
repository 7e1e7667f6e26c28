//! The stream of a table.

use super::change::change;
use super::{Stream, Table};
use crate::aws::{Context, Result};
use crate::kind::UpdateOf;
use crate::model::ResourceId;
use aws_sdk_dynamodb::types::{StreamSpecification, StreamViewType, TableDescription};

/// What DynamoDB is sent to turn a stream on.
pub(super) fn on(stream: Stream) -> Result<StreamSpecification> {
    let view = match stream {
        Stream::NewAndOldImages => StreamViewType::NewAndOldImages,
        Stream::NewImage => StreamViewType::NewImage,
        Stream::OldImage => StreamViewType::OldImage,
        Stream::KeysOnly => StreamViewType::KeysOnly,
    };
    Ok(StreamSpecification::builder().stream_enabled(true).stream_view_type(view).build()?)
}

/// The stream of a table. After it was turned off, the table still shows its ARN [aws-facts-services: 9].
pub(super) fn of(table: &TableDescription) -> Option<Stream> {
    let stream = table.stream_specification().filter(|stream| stream.stream_enabled())?;
    Some(match stream.stream_view_type()? {
        StreamViewType::NewImage => Stream::NewImage,
        StreamViewType::OldImage => Stream::OldImage,
        StreamViewType::KeysOnly => Stream::KeysOnly,
        _ => Stream::NewAndOldImages,
    })
}

/// Turns the stream on or off. What it contains cannot be changed: it is turned off, and another one on
/// [aws-facts-services: 9, DG].
pub(super) async fn set(
    ctx: &Context,
    id: &ResourceId,
    from: Option<Stream>,
    to: Option<Stream>,
) -> Result<TableDescription> {
    let update = || ctx.clients.dynamodb().update_table();
    if from.is_some() {
        let off = StreamSpecification::builder().stream_enabled(false).build()?;
        let table = change(ctx, id, update().stream_specification(off), |table| of(table).is_none()).await?;
        if to.is_none() {
            return Ok(table);
        }
    }
    let specification = to.map(on).transpose()?;
    change(ctx, id, update().set_stream_specification(specification), |table| of(table) == to).await
}

pub(super) fn note(update: &UpdateOf<Table>) -> Option<String> {
    let (from, to) = (update.from.stream?, update.to.stream?);
    (from != to).then(|| {
        "DynamoDB cannot change what a stream contains: it is turned off, and another one with another ARN is turned on. \
         Changes that have not been read by then are lost"
            .to_owned()
    })
}
