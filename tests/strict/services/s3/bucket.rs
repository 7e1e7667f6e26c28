//! Buckets: their life.

use super::objects::{Object, Upload};
use crate::cloud::{
    ACCOUNT, Cloud, Delay, Handler, REGION, ServiceError, Tags, Time, check_tags, is_write, listed, required,
    text,
};
use crate::services::Service;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Until calls find a bucket that was created: half a minute and more was seen [hazards: G15], and mostly less.
pub(crate) const SHOWN: Delay = Delay::of_millis("bucket shown", 1_500);
/// Until the name of a bucket that was deleted is free: minutes to an hour [aws-facts-services: Recreating], and sometimes less.
const LOCKED: Delay = Delay::of_secs("bucket name locked", 20);

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateBucket", create),
    ("DeleteBucket", delete),
    ("GetBucketTagging", tags),
    ("PutBucketTagging", tag),
];

/// The buckets by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    /// When buckets were deleted.
    deleted: BTreeMap<String, Time>,
    /// The names that other accounts have.
    pub(crate) of_others: BTreeSet<String>,
}

/// A bucket.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bucket {
    pub(crate) created: Time,
    pub(crate) tags: Tags,
    /// What was set, by the name of the setting; the rest is AWS's default.
    pub(crate) settings: BTreeMap<&'static str, Json>,
    /// Its objects with all versions, and the delete markers: the newest version of a key first.
    pub(crate) objects: Vec<Object>,
    pub(crate) uploads: Vec<Upload>,
    /// When its last object was deleted.
    pub(super) emptied: Time,
    /// The errors that the next objects to be deleted have.
    pub(crate) refusing: Vec<&'static str>,
}

impl Bucket {
    /// A bucket that a call, or somebody by hand, makes now.
    pub(super) fn new(now: Time, tags: Tags) -> Self {
        Bucket { created: now, tags, ..Bucket::default() }
    }

    /// A setting; null where it is the default.
    pub(crate) fn setting(&self, name: &str) -> &Json {
        self.settings.get(name).unwrap_or(&Json::Null)
    }

    pub(super) fn keeps_versions(&self) -> bool {
        self.setting("versioning")["Status"] == "Enabled"
    }

    pub(super) fn dump(&self) -> Json {
        let mut settings = self.settings.clone();
        // What was on once is never what it was before.
        settings.retain(|_, value| value["Status"] != "Suspended");
        settings.retain(|name, value| *name != "notification" || *value != json!({}));
        let block = |on: bool| json!({ "BlockPublicAcls": on, "IgnorePublicAcls": on, "BlockPublicPolicy": on, "RestrictPublicBuckets": on });
        // No block at all blocks no more than one that is all off.
        settings.values_mut().filter(|value| **value == json!(false)).for_each(|value| *value = block(false));
        settings.retain(|name, value| *name != "publicAccessBlock" || *value != block(true));
        let default = json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] });
        settings.retain(|name, value| *name != "ownershipControls" || *value != default);
        if let Some(policy) = settings.get_mut("policy") {
            *policy = serde_json::from_str(policy.as_str().unwrap_or_default()).unwrap_or_default();
        }
        let objects: Vec<&String> = self.objects.iter().map(|object| &object.key).collect();
        json!({ "settings": settings, "tags": self.tags, "objects": objects, "uploads": self.uploads.len() })
    }
}

pub(crate) fn bucket_arn(name: &str) -> String {
    Service::S3.arn(name)
}

fn refused<T>(code: &str, status: u16, message: impl Into<String>) -> Result<T, ServiceError> {
    Err(ServiceError { code: code.to_owned(), message: message.into(), status })
}

pub(super) fn error<T>(code: &str, status: u16, message: &str) -> Result<T, ServiceError> {
    refused(code, status, message)
}

/// What is no valid XML, or says nothing [aws-facts: LS].
pub(super) fn malformed<T>() -> Result<T, ServiceError> {
    error(
        "MalformedXML",
        400,
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

/// The bucket that a call names, as long as calls know it.
pub(super) fn find<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Bucket, ServiceError> {
    let (name, now, shown) = (required(params, "Bucket"), cloud.now, cloud.delays.of(SHOWN));
    if cloud.s3.of_others.contains(name) {
        return error("AccessDenied", 403, "Access Denied");
    }
    check_owner(text(params, "ExpectedBucketOwner"))?;
    let found = cloud.s3.buckets.get_mut(name).filter(|bucket| now >= bucket.created + shown);
    found.map_or_else(|| error("NoSuchBucket", 404, "The specified bucket does not exist"), Ok)
}

/// Whose bucket a request takes it for [recorded: s3, test_get_bucket_policy_invalid_account_id,
/// test_delete_bucket_policy_expected_bucket_owner].
fn check_owner(expected: Option<&str>) -> Result<(), ServiceError> {
    let is_account = |id: &str| id.len() == ACCOUNT.len() && id.bytes().all(|byte| byte.is_ascii_digit());
    match expected {
        None | Some(ACCOUNT) => Ok(()),
        Some(other) if is_account(other) => error("AccessDenied", 403, "Access Denied"),
        Some(other) => refused(
            "InvalidBucketOwnerAWSAccountID",
            400,
            format!(
                "The value of the expected bucket owner parameter must be an AWS Account ID... [{other}]"
            ),
        ),
    }
}

/// The same for a change, which is refused while there is another one of the same bucket [aws-facts-services: 5, TF].
pub(super) fn change<'a>(cloud: &'a mut Cloud, params: &Json) -> Result<&'a mut Bucket, ServiceError> {
    alone(cloud, params)?;
    find(cloud, params)
}

fn alone(cloud: &Cloud, params: &Json) -> Result<(), ServiceError> {
    let is_other = |operation: &str| {
        is_write(operation) && !["DeleteObjects", "AbortMultipartUpload"].contains(&operation)
    };
    let overlapping = cloud.in_flight.iter().filter(|flight| {
        let call = &flight.call;
        call.service == Service::S3
            && call.params["Bucket"] == params["Bucket"]
            && is_other(&call.operation.name)
    });
    if overlapping.count() > 1 && !cloud.never_conflicts { aborted() } else { Ok(()) }
}

fn aborted<T>() -> Result<T, ServiceError> {
    error(
        "OperationAborted",
        409,
        "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    )
}

/// How the names end that belong to an account.
pub(super) fn own_ending() -> String {
    format!("-{ACCOUNT}-{REGION}-an")
}

fn check_name(name: &str, namespace: Option<&str>) -> Result<(), ServiceError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_valid = (3..=63).contains(&name.len())
        && name.chars().all(plain)
        && name.starts_with(ends)
        && name.ends_with(ends);
    let is_own = name.ends_with(&own_ending());
    match namespace == Some("account-regional") {
        _ if !is_valid => error("InvalidBucketName", 400, "The specified bucket is not valid."),
        false if is_own => error("InvalidBucketName", 400, "The specified bucket is not valid."),
        true if !is_own => refused(
            "InvalidNamespaceHeader",
            400,
            format!(
                "The requested bucket name did not include the account-regional namespace suffix, but the provided \
                 x-amz-bucket-namespace header value is account-regional. Specify {} as the bucket name suffix to create a bucket \
                 in your account-regional namespace, or remove the header.",
                own_ending()
            ),
        ),
        _ => Ok(()),
    }
}

/// The region where no bucket has a location.
pub(super) const US_EAST_1: &str = "us-east-1";

fn is_us_east_1(cloud: &Cloud) -> bool {
    cloud.region == Some(US_EAST_1)
}

/// Only where there is no location in any request it may be left out [aws-facts: LS]. That is us-east-1, which takes none
/// [aws-facts-services: 5, LS].
fn check_location(cloud: &Cloud, location: Option<&str>) -> Result<(), ServiceError> {
    match location {
        None if is_us_east_1(cloud) => Ok(()),
        Some(_) if is_us_east_1(cloud) => {
            refused("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")
        }
        Some(REGION) => Ok(()),
        other => {
            refused("IllegalLocationConstraintException", 400, elsewhere(other.unwrap_or("unspecified")))
        }
    }
}

/// What the endpoint of a region says to another location. That of `us-east-1` has other words.
pub(super) fn elsewhere(location: &str) -> String {
    format!(
        "The {location} location constraint is incompatible for the region specific endpoint this request was sent to."
    )
}

fn create(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, name) = (cloud.now, required(params, "Bucket"));
    let configuration = &params["CreateBucketConfiguration"];
    check_name(name, text(params, "BucketNamespace"))?;
    check_location(cloud, text(configuration, "LocationConstraint"))?;
    let tags = new_tags(configuration)?;
    if cloud.s3.of_others.contains(name) {
        let message = "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
                       Please select a different name and try again.";
        return refused("BucketAlreadyExists", 409, message);
    }
    if cloud.s3.buckets.contains_key(name) {
        // [aws-facts-services: Create that exists, LS]
        if is_us_east_1(cloud) && tags.is_empty() {
            return Ok(json!({ "Location": format!("/{name}"), "BucketArn": bucket_arn(name) }));
        }
        let message = "Your previous request to create the named bucket succeeded and you already own it.";
        return refused("BucketAlreadyOwnedByYou", 409, message);
    }
    let locked = cloud.delays.of(LOCKED);
    if cloud.s3.deleted.get(name).is_some_and(|when| now < *when + locked) {
        return aborted();
    }
    let mut bucket = Bucket::new(now, tags);
    if params["ObjectLockEnabledForBucket"] == json!(true) {
        bucket.settings.insert("objectLock", json!(true));
        bucket.settings.insert("versioning", json!({ "Status": "Enabled" }));
    }
    if let Some(ownership) = text(params, "ObjectOwnership") {
        let rules = json!({ "Rules": [{ "ObjectOwnership": ownership }] });
        bucket.settings.insert("ownershipControls", rules);
    }
    cloud.s3.deleted.remove(name);
    cloud.s3.buckets.insert(name.to_owned(), bucket);
    Ok(json!({ "Location": format!("http://{name}.s3.amazonaws.com/"), "BucketArn": bucket_arn(name) }))
}

/// The tags of a new bucket, which S3 refuses in other words than those of one that is there [recorded: s3,
/// test_create_bucket_with_tags_exc].
fn new_tags(configuration: &Json) -> Result<Tags, ServiceError> {
    let tags = crate::cloud::tag_list(configuration);
    if tags.len() < configuration["Tags"].as_array().map_or(0, Vec::len) {
        return error("InternalError", 500, "We encountered an internal error. Please try again.");
    }
    if tags.keys().any(|key| key.to_lowercase().starts_with("aws:")) {
        let message = "User-defined tag keys can't start with \"aws:\". This prefix is reserved for system tags. Remove \"aws:\" \
                       from your tag keys and try again.";
        return error("InvalidTag", 400, message);
    }
    check_tags(&Tags::new(), &tags, "InvalidTag")?;
    check_letters(&tags)?;
    Ok(tags)
}

/// Until the last objects are no longer counted [aws-facts-services: 5].
const COUNTED: Delay = Delay::of_millis("objects counted", 600);

/// Neither an object nor a delete marker may be left. Uploads are not asked for, and end with the bucket.
fn delete(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let (now, counted) = (cloud.now, cloud.delays.of(COUNTED));
    let bucket = change(cloud, params)?;
    if !bucket.objects.is_empty() || (bucket.emptied != Time::ZERO && now < bucket.emptied + counted) {
        let more = if bucket.setting("versioning").is_null() {
            ""
        } else {
            ". You must delete all versions in the bucket."
        };
        return refused("BucketNotEmpty", 409, format!("The bucket you tried to delete is not empty{more}"));
    }
    remove(cloud, required(params, "Bucket"));
    Ok(Json::Null)
}

/// Deletes a bucket if it exists: by a call, or by hand.
pub(super) fn remove(cloud: &mut Cloud, name: &str) {
    let now = cloud.now;
    if cloud.s3.buckets.remove(name).is_some() {
        cloud.s3.deleted.insert(name.to_owned(), now);
    }
}

fn tags(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let bucket = find(cloud, params)?;
    match bucket.tags.is_empty() {
        true => error("NoSuchTagSet", 404, "The TagSet does not exist"),
        false => Ok(json!({ "TagSet": listed(&bucket.tags) })),
    }
}

/// Letters, digits, spaces and a few signs [recorded: s3, test_tagging_validation].
fn check_letters(tags: &Tags) -> Result<(), ServiceError> {
    let is_known = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    let all = |text: &String| text.chars().all(is_known);
    match (tags.keys().all(all), tags.values().all(all)) {
        (false, _) => error("InvalidTag", 400, "The TagKey you have provided is invalid"),
        (_, false) => error("InvalidTag", 400, "The TagValue you have provided is invalid"),
        _ => Ok(()),
    }
}

/// Replaces all tags [aws-facts-services: 5].
fn tag(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let bucket = change(cloud, params)?;
    let set = params["Tagging"]["TagSet"].as_array().cloned().unwrap_or_default();
    let tags = crate::cloud::tag_list(&json!({ "Tags": set }));
    if tags.len() < set.len() {
        return error("InvalidTag", 400, "Cannot provide multiple Tags with the same key");
    }
    if tags.keys().any(|key| key.to_lowercase().starts_with("aws:")) {
        return error("InvalidTag", 400, "System tags cannot be added/updated by requester");
    }
    check_tags(&Tags::new(), &tags, "InvalidTag")?;
    check_letters(&tags)?;
    bucket.tags = tags;
    Ok(Json::Null)
}
