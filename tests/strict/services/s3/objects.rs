//! Objects with their versions, and uploads. What people put there, tests put there by hand.

use super::bucket::{Bucket, error, find};
use crate::cloud::{Cloud, Handler, ServiceError, required, text};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("ListObjectVersions", versions),
    ("DeleteObjects", delete),
    ("ListMultipartUploads", uploads),
    ("AbortMultipartUpload", abort),
];

/// A version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) key: String,
    /// `null` in a bucket that keeps no versions.
    pub(crate) version: String,
    pub(crate) size: u64,
    pub(crate) is_marker: bool,
    /// Whether it cannot be deleted.
    pub(crate) is_locked: bool,
}

/// An upload that was not completed.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) id: String,
}

impl Bucket {
    /// Puts an object into it, by hand.
    pub(crate) fn put(&mut self, key: &str, size: u64) {
        let keeps = self.keeps_versions();
        if !keeps {
            self.objects.retain(|object| object.key != key || object.version != "null");
        }
        let version = if keeps { format!("v{}", self.objects.len() + 1) } else { "null".to_owned() };
        let object = Object { key: key.to_owned(), version, size, is_marker: false, is_locked: false };
        let place = self.objects.iter().position(|other| *other.key >= *key).unwrap_or(self.objects.len());
        self.objects.insert(place, object);
    }

    /// Deletes an object without saying which version, by hand.
    pub(crate) fn mark(&mut self, key: &str) {
        self.put(key, 0);
        if let Some(object) = self.objects.iter_mut().find(|object| object.key == key) {
            object.is_marker = true;
        }
    }
}

/// What S3 encodes in keys, besides letters and digits; a blank becomes `+`.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'/').remove(b'*').remove(b' ');

fn shown(params: &Json, key: &str) -> String {
    match text(params, "EncodingType") {
        Some("url") => utf8_percent_encode(key, ENCODED).to_string().replace(' ', "+"),
        _ => key.to_owned(),
    }
}

/// Where a page begins: behind the one that two markers name.
fn start<T>(all: &[T], params: &Json, markers: (&str, &str), names: impl Fn(&T) -> (&str, &str)) -> usize {
    let (key, second) = (text(params, markers.0), text(params, markers.1));
    let Some(key) = key else { return 0 };
    let named = all.iter().position(|one| {
        let (own, other) = names(one);
        own == key && second.is_none_or(|second| second == other)
    });
    named.map_or_else(|| all.iter().take_while(|one| names(one).0 <= key).count(), |place| place + 1)
}

fn versions(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let limit = params["MaxKeys"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let size = cloud.paging.size(limit, (1_000, 1_000));
    let objects = find(cloud, params)?.objects.clone();
    let first =
        start(&objects, params, ("KeyMarker", "VersionIdMarker"), |object| (&object.key, &object.version));
    let page: Vec<&Object> = objects.iter().skip(first).take(size).collect();
    let is_more = first + page.len() < objects.len();
    let of = |is_marker: bool| -> Vec<Json> {
        let some = page.iter().filter(|object| object.is_marker == is_marker);
        let shown = some.map(|object| {
            let size = (!is_marker).then_some(object.size);
            json!({ "Key": shown(params, &object.key), "VersionId": object.version, "Size": size })
        });
        let members = shown.map(|mut object| {
            object.as_object_mut().into_iter().for_each(|object| object.retain(|_, value| !value.is_null()));
            object
        });
        members.collect()
    };
    let last = page.last().filter(|_| is_more);
    Ok(json!({
        "KeyMarker": text(params, "KeyMarker").unwrap_or_default(), "MaxKeys": limit.unwrap_or(1_000),
        "VersionIdMarker": text(params, "VersionIdMarker").unwrap_or_default(),
        "Prefix": text(params, "Prefix").unwrap_or_default(), "Name": required(params, "Bucket"), "IsTruncated": is_more, "EncodingType": params.get("EncodingType"),
        "Versions": of(false), "DeleteMarkers": of(true),
        "NextKeyMarker": last.map(|object| shown(params, &object.key)),
        "NextVersionIdMarker": last.map(|object| object.version.clone()),
    }))
}

/// At most a thousand, and what could not be deleted is no error of the call.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let now = cloud.now;
    let bucket = find(cloud, params)?;
    let wanted = params["Delete"]["Objects"].as_array().cloned().unwrap_or_default();
    if wanted.is_empty() || wanted.len() > 1_000 {
        return super::bucket::malformed();
    }
    let has_locks = bucket.objects.iter().any(|object| object.is_locked);
    if params.get("BypassGovernanceRetention").is_some() && !has_locks {
        // [recorded: s3, delete-objects-bypass-no-lock]
        let message = "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.";
        return error("InvalidArgument", 400, message);
    }
    let quiet = params["Delete"]["Quiet"] == json!(true);
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for object in wanted {
        let key = required(&object, "Key").to_owned();
        if let Some(code) = bucket.refusing.pop() {
            let message = "We encountered an internal error. Please try again.";
            errors.push(json!({ "Key": key, "Code": code, "Message": message }));
            continue;
        }
        let Some(version) = text(&object, "VersionId") else {
            if bucket.keeps_versions() {
                bucket.mark(&key);
            } else {
                bucket.objects.retain(|other| other.key != key);
            }
            deleted.push(json!({ "Key": key }));
            continue;
        };
        let is_it = |other: &Object| other.key == key && other.version == version;
        if bucket.objects.iter().any(|other| is_it(other) && other.is_locked) {
            let message = "Access Denied because object protected by object lock.";
            errors.push(
                json!({ "Key": key, "VersionId": version, "Code": "AccessDenied", "Message": message }),
            );
            continue;
        }
        bucket.objects.retain(|other| !is_it(other));
        deleted.push(json!({ "Key": key, "VersionId": version }));
    }
    bucket.emptied = now;
    if quiet {
        deleted.clear();
    }
    Ok(json!({ "Deleted": deleted, "Errors": errors }))
}

fn uploads(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let limit = params["MaxUploads"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let size = cloud.paging.size(limit, (1_000, 1_000));
    let all = find(cloud, params)?.uploads.clone();
    let first = start(&all, params, ("KeyMarker", "UploadIdMarker"), |upload| (&upload.key, &upload.id));
    let page: Vec<&Upload> = all.iter().skip(first).take(size).collect();
    let is_more = first + page.len() < all.len();
    // The last one of a page is named even if no other page follows, and none where there is none [recorded: s3, list-all-uploads,
    // list-all-uploads-completed].
    let last = page.last();
    let shown_upload = |upload: &&Upload| json!({ "Key": shown(params, &upload.key), "UploadId": upload.id });
    Ok(json!({
        "KeyMarker": text(params, "KeyMarker").unwrap_or_default(), "MaxUploads": limit.unwrap_or(1_000),
        "UploadIdMarker": text(params, "UploadIdMarker").unwrap_or_default(),
        "Bucket": required(params, "Bucket"), "IsTruncated": is_more, "EncodingType": params.get("EncodingType"),
        "Uploads": page.iter().map(shown_upload).collect::<Vec<_>>(),
        "NextKeyMarker": last.map_or_else(String::new, |upload| shown(params, &upload.key)),
        "NextUploadIdMarker": last.map_or_else(String::new, |upload| upload.id.clone()),
    }))
}

fn abort(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (key, id) = (required(params, "Key"), required(params, "UploadId"));
    let bucket = find(cloud, params)?;
    let before = bucket.uploads.len();
    bucket.uploads.retain(|upload| upload.key != key || upload.id != id);
    if bucket.uploads.len() < before {
        return Ok(json!({}));
    }
    let message = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    error("NoSuchUpload", 404, message)
}
