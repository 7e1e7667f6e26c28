//! What `access` may allow on a bucket: on the bucket itself, or on the objects in it, or on some of them.

use crate::config::access::{Access, AccessPart, Level, PartOn, Paths};
use crate::config::decode::{Value, help};

/// The access levels, and every other action that S3 checks against a bucket or an object
/// [Service Authorization Reference: S3].
pub(super) static ACCESS: Access = Access {
    service: "s3",
    what: "S3 action on buckets",
    levels: &[
        Level { name: "read", actions: &[READ, LIST], misspelt: &["get", "download"] },
        Level { name: "write", actions: &[WRITE], misspelt: &["put", "upload"] },
        Level { name: "read-write", actions: &[READ, LIST, WRITE], misspelt: &["readwrite", "all"] },
    ],
    others: OTHERS,
    parts: &[AccessPart { name: OBJECTS, actions: ON_OBJECTS, on: PartOn::Only("/*") }],
    paths: Some(&Paths { part: OBJECTS, listing: (LIST, "s3:prefix"), check: path }),
    ..Access::NONE
};

const OBJECTS: &str = "objects";

pub(super) const READ: &[&str] = &["GetObject", "GetObjectTagging", "GetObjectVersion"];
/// Without it an object that does not exist is forbidden.
const LIST: &[&str] = &["ListBucket"];
pub(super) const WRITE: &[&str] = &["AbortMultipartUpload", "DeleteObject", "PutObject", "PutObjectTagging"];

/// The actions on objects.
const ON_OBJECTS: &[&str] = &[
    "AbortMultipartUpload",
    "BypassGovernanceRetention",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectTagging",
    "GetObjectVersion",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionTagging",
    "ListMultipartUploadParts",
    "PutObject",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectTagging",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "RestoreObject",
];

const OTHERS: &[&str] = &[
    "BypassGovernanceRetention",
    "DeleteObjectTagging",
    "DeleteObjectVersion",
    "DeleteObjectVersionTagging",
    "GetBucketCORS",
    "GetBucketLocation",
    "GetBucketNotification",
    "GetBucketPolicy",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetEncryptionConfiguration",
    "GetLifecycleConfiguration",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectLegalHold",
    "GetObjectRetention",
    "GetObjectVersionAcl",
    "GetObjectVersionAttributes",
    "GetObjectVersionTagging",
    "ListBucketMultipartUploads",
    "ListBucketVersions",
    "ListMultipartUploadParts",
    "PutObjectAcl",
    "PutObjectLegalHold",
    "PutObjectRetention",
    "PutObjectVersionAcl",
    "PutObjectVersionTagging",
    "RestoreObject",
];

/// How many bytes a key can have [DG: S3, "Naming objects"].
pub(super) const MAX_KEY: usize = 1_024;

/// A pattern of keys. One without `*` is a single object, which is seldom meant where it ends like a folder.
fn path(value: Value) -> Option<String> {
    let text = value.short(MAX_KEY)?;
    if let Some(rest) = text.strip_prefix('/') {
        return value
            .fail("the key of an object begins without a slash", help(format!("did you mean `{rest}`?")));
    }
    if text.ends_with('/') {
        return value.fail(
            format!("`{text}` is one object, and not what begins so"),
            help(format!("did you mean `{text}*`?")),
        );
    }
    if text.contains("${") {
        return value.fail("IAM fills in `${…}` by itself here", help("write the keys, and `*` for any"));
    }
    Some(text.to_owned())
}
