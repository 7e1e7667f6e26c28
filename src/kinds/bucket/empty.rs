//! What a bucket contains, and its end: S3 deletes only a bucket without objects, versions and delete markers.

use super::change::busy;
use super::observe::tags_of;
use super::{Bucket, S3};
use crate::aws::wait::{Backoff, Poll, retry_if, wait_until};
use crate::aws::{Context, Error, Result};
use crate::kind::ObservedOf;
use crate::model::ResourceId;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput as Versions;
use aws_sdk_s3::types::{Delete, EncodingType, Error as Failed, MultipartUpload, ObjectIdentifier};
use futures_util::future::try_join_all;
use futures_util::try_join;
use percent_encoding::percent_decode_str;

/// How many pages are deleted at a time.
const AT_ONCE: usize = 8;

/// What a bucket contains, counted on one page; `None` where it is empty. Delete markers are no data.
pub(super) async fn contents(ctx: &Context, name: &str) -> Result<Option<String>> {
    let versions = match page(ctx, name, None).await {
        Ok(versions) => versions,
        Err(error) if S3.is_absent(&error) => return Ok(None),
        // That is not known, so it may contain some.
        Err(error) if error.is_denied() => return Ok(Some("its objects".to_owned())),
        Err(error) => return Err(error),
    };
    let bytes: i64 = versions.versions().iter().filter_map(|version| version.size()).sum();
    Ok(counted(versions.versions().len(), bytes, versions.is_truncated() == Some(true)))
}

/// So many versions of objects, or more of them.
fn counted(count: usize, bytes: i64, is_more: bool) -> Option<String> {
    let what = if count == 1 { "1 object".to_owned() } else { format!("{count} objects and versions") };
    match (count, is_more) {
        (0, false) => None,
        // There are delete markers on the whole page, and more behind it.
        (0, true) => Some("its objects".to_owned()),
        (_, false) => Some(format!("{what} ({})", size(bytes))),
        (_, true) => Some(format!("more than {what} (over {})", size(bytes))),
    }
}

/// A number of bytes in the largest unit of which there is one.
fn size(bytes: i64) -> String {
    const UNITS: [(&str, i64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let unit = UNITS.iter().find(|(_, unit)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(name, unit)| {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

/// Where a page of versions begins.
type After = (Option<String>, Option<String>);

/// A page of versions and delete markers. Keys may have characters that XML has not, so S3 encodes them.
async fn page(ctx: &Context, name: &str, after: Option<After>) -> Result<Versions> {
    let (key, version) = after.unwrap_or_default();
    let list = ctx.clients.s3().list_object_versions().bucket(name).encoding_type(EncodingType::Url);
    Ok(list.set_key_marker(key).set_version_id_marker(version).send().await?)
}

/// A text as it was before S3 encoded it.
fn decoded(text: &str, encoding: Option<&EncodingType>) -> String {
    match encoding {
        Some(EncodingType::Url) => {
            percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
        }
        _ => text.to_owned(),
    }
}

/// Where the next page begins, if there is one. The markers of the next page are not encoded twice.
fn next(versions: &Versions) -> Result<Option<After>> {
    if versions.is_truncated() != Some(true) {
        return Ok(None);
    }
    let encoding = versions.encoding_type();
    let key = versions.next_key_marker().map(|key| decoded(key, encoding));
    match key {
        Some(key) => Ok(Some((Some(key), versions.next_version_id_marker().map(str::to_owned)))),
        None => Err(Error::broken(
            "s3:ListObjectVersions",
            "AWS's response does not say where the next page begins",
        )),
    }
}

/// All that a page has.
fn on_page(versions: &Versions) -> Result<Vec<ObjectIdentifier>> {
    let encoding = versions.encoding_type();
    let objects = versions.versions().iter().map(|version| (version.key(), version.version_id()));
    let markers = versions.delete_markers().iter().map(|marker| (marker.key(), marker.version_id()));
    let identifier = |(key, version): (Option<&str>, Option<&str>)| {
        let key = decoded(key.unwrap_or_default(), encoding);
        Ok(ObjectIdentifier::builder().key(key).set_version_id(version.map(str::to_owned)).build()?)
    };
    objects.chain(markers).map(identifier).collect()
}

/// What S3 says of an object that it could not delete now: of a whole call the SDK repeats these by itself.
const PASSING: [&str; 3] = ["InternalError", "ServiceUnavailable", "SlowDown"];

/// Deletes a page of objects. The call succeeds also where some of them could not be deleted.
async fn delete_page(ctx: &Context, id: &ResourceId, objects: Vec<ObjectIdentifier>) -> Result<()> {
    let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build()?;
    let passing = |error: &Error| {
        let passes = PASSING.iter().any(|code| error.is(code));
        passes.then_some("S3 could not delete all objects at once")
    };
    retry_if(Backoff::CONFLICT, ctx.waiting(id), passing, async || {
        busy(ctx, id, async || {
            let response =
                ctx.clients.s3().delete_objects().bucket(&id.name).delete(delete.clone()).send().await?;
            // One that is refused for good makes another try of no use.
            let is_final = |failed: &&Failed| !PASSING.iter().any(|code| failed.code() == Some(code));
            match response.errors().iter().find(is_final).or(response.errors().first()) {
                None => Ok(()),
                Some(failed) => {
                    let key = failed.key().unwrap_or_default();
                    let why = format!("{key}: {}", failed.message().unwrap_or("S3 does not say why"));
                    Err(Error::refusal("s3:DeleteObjects", failed.code(), &why))
                }
            }
        })
        .await
    })
    .await
}

/// Deletes all objects, their versions and the delete markers, some pages at a time.
async fn empty(ctx: &Context, id: &ResourceId) -> Result<()> {
    let (waiting, mut count, mut after) = (ctx.waiting(id), 0, Some(None));
    while after.is_some() {
        let mut pages = Vec::new();
        while let Some(from) = after.take_if(|_| pages.len() < AT_ONCE) {
            let versions = page(ctx, &id.name, from).await?;
            pages.push(on_page(&versions)?);
            after = next(&versions)?.map(Some);
        }
        pages.retain(|objects| !objects.is_empty());
        let more: usize = pages.iter().map(Vec::len).sum();
        try_join_all(pages.into_iter().map(|objects| delete_page(ctx, id, objects))).await?;
        count += more;
        if more > 0 {
            waiting.report(&format!("{count} objects and versions deleted"));
        }
    }
    Ok(())
}

/// Ends all uploads that are not completed. Nothing shows them, and they cost as much as objects.
async fn abort_uploads(ctx: &Context, id: &ResourceId) -> Result<()> {
    let mut after = Some((None, None));
    while let Some(from) = after.take() {
        let (uploads, next) = uploads(ctx, &id.name, from).await?;
        for some in uploads.chunks(AT_ONCE) {
            try_join_all(some.iter().map(|upload| abort(ctx, id, upload))).await?;
        }
        after = next;
    }
    Ok(())
}

async fn abort(ctx: &Context, id: &ResourceId, (key, upload): &Upload) -> Result<()> {
    busy(ctx, id, async || {
        let abort = ctx.clients.s3().abort_multipart_upload().bucket(&id.name);
        match abort.key(key).upload_id(upload).send().await.map_err(Error::from) {
            Err(error) if !error.is("NoSuchUpload") => Err(error),
            _ => Ok(()),
        }
    })
    .await
}

/// An upload: the key of its object, and its id.
type Upload = (String, String);

/// A page of uploads, and where the next one begins.
async fn uploads(ctx: &Context, name: &str, (key, upload): After) -> Result<(Vec<Upload>, Option<After>)> {
    let list = ctx.clients.s3().list_multipart_uploads().bucket(name).encoding_type(EncodingType::Url);
    let page = list.set_key_marker(key).set_upload_id_marker(upload).send().await?;
    let encoding = page.encoding_type();
    let key = page.next_key_marker().map(|key| decoded(key, encoding));
    let is_more = page.is_truncated() == Some(true) && key.is_some();
    let after = is_more.then(|| (key, page.next_upload_id_marker().map(str::to_owned)));
    let upload =
        |upload: &MultipartUpload| Some((decoded(upload.key()?, encoding), upload.upload_id()?.to_owned()));
    Ok((page.uploads().iter().filter_map(upload).collect(), after))
}

/// Empties the bucket, deletes it, and waits until reads do not find it. What comes in meanwhile, or is still counted, is looked
/// for again [aws-facts-services: 5].
pub(super) async fn delete(ctx: &Context, observed: &ObservedOf<Bucket>) -> Result<()> {
    let (id, name) = (&observed.id, observed.physical_id.as_str());
    let not_empty =
        |error: &Error| error.is("BucketNotEmpty").then_some("S3 still finds objects in the bucket");
    let emptied = async || try_join!(empty(ctx, id), abort_uploads(ctx, id));
    let deleted = async {
        // What is retried for a time of its own begins after this, which may take longer.
        emptied().await?;
        retry_if(Backoff::VISIBILITY, ctx.waiting(id), not_empty, async || {
            let delete = async || Ok(ctx.clients.s3().delete_bucket().bucket(name).send().await?);
            let deleted = busy(ctx, id, delete).await;
            if deleted.as_ref().is_err_and(|error| not_empty(error).is_some()) {
                emptied().await?;
            }
            deleted
        })
        .await
    };
    S3.ignore_not_found(deleted.await)?;
    wait_until(Backoff::state(ctx.local), ctx.waiting(id), async || {
        Ok(match tags_of(&ctx.clients, name).await? {
            None => Poll::Ready(()),
            Some(_) => Poll::Pending("being deleted".to_owned()),
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_is_counted_on_one_page() {
        let of = |count, bytes, more| counted(count, bytes, more).unwrap_or_default();
        assert_eq!(of(0, 0, false), "");
        assert_eq!(of(1, 5, false), "1 object (5 bytes)");
        assert_eq!(of(12, 3_260_000, false), "12 objects and versions (3.2 MB)");
        assert_eq!(of(1_000, 9_000, true), "more than 1000 objects and versions (over 9.0 kB)");
        assert_eq!(of(0, 0, true), "its objects");
    }

    #[test]
    fn a_key_is_what_it_was() {
        let url = Some(&EncodingType::Url);
        assert_eq!(decoded("a+b%2Bc/%C3%BC", url), "a b+c/ü");
        assert_eq!(decoded("a+b", None), "a+b");
    }
}
