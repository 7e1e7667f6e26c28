//! Settings of a bucket: documents that are replaced as a whole.

use super::bucket::{change, error, find, malformed};
use super::lifecycle;
use crate::cloud::{Cloud, Handler, ServiceError, required, text};
use crate::services::iam::resource_policy::{admits_everybody, is_valid, names_unknown_role, resources};
use serde_json::{Value as Json, json};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetBucketVersioning", versioning),
    ("PutBucketVersioning", put_versioning),
    ("GetBucketLifecycleConfiguration", lifecycle::get),
    ("PutBucketLifecycleConfiguration", lifecycle::put),
    ("DeleteBucketLifecycle", |cloud, params| clear(cloud, params, "lifecycle")),
    ("GetBucketCors", cors),
    ("PutBucketCors", put_cors),
    ("DeleteBucketCors", |cloud, params| clear(cloud, params, "cors")),
    ("GetBucketEncryption", encryption),
    ("PutBucketEncryption", put_encryption),
    ("DeleteBucketEncryption", |cloud, params| clear(cloud, params, "encryption")),
    ("GetBucketOwnershipControls", ownership),
    ("PutBucketOwnershipControls", put_ownership),
    ("GetPublicAccessBlock", block),
    ("PutPublicAccessBlock", put_block),
    ("GetBucketPolicy", policy),
    ("PutBucketPolicy", put_policy),
    ("DeleteBucketPolicy", |cloud, params| clear(cloud, params, "policy")),
];

pub(super) fn set(
    cloud: &mut Cloud,
    params: &Json,
    name: &'static str,
    value: Json,
) -> Result<Json, ServiceError> {
    change(cloud, params)?.settings.insert(name, value);
    Ok(Json::Null)
}

/// Success also where there is nothing [aws-facts: LS].
fn clear(cloud: &mut Cloud, params: &Json, name: &str) -> Result<Json, ServiceError> {
    change(cloud, params)?.settings.remove(name);
    Ok(Json::Null)
}

pub(super) fn items<'a>(params: &'a Json, place: &str) -> &'a [Json] {
    params.pointer(place).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// One that was never touched has no status.
fn versioning(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    Ok(json!({ "Status": find(cloud, params)?.setting("versioning")["Status"] }))
}

fn put_versioning(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let to = &params["VersioningConfiguration"];
    if !to["Status"].is_string() {
        change(cloud, params)?;
        return error(
            "IllegalVersioningConfigurationException",
            400,
            "The Versioning element must be specified",
        );
    }
    if to["Status"] == "Suspended" && !change(cloud, params)?.setting("objectLock").is_null() {
        // [recorded: s3, test_disable_versioning_on_locked_bucket]
        let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
        return error("InvalidBucketState", 409, message);
    }
    set(cloud, params, "versioning", to.clone())
}

fn cors(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    match find(cloud, params)?.setting("cors") {
        Json::Null => error("NoSuchCORSConfiguration", 404, "The CORS configuration does not exist"),
        rules => Ok(json!({ "CORSRules": rules["CORSRules"] })),
    }
}

fn put_cors(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let rules = items(params, "/CORSConfiguration/CORSRules");
    if rules.is_empty() {
        change(cloud, params)?;
        return malformed();
    }
    let mut methods = rules.iter().flat_map(|rule| items(rule, "/AllowedMethods")).filter_map(Json::as_str);
    if let Some(method) = methods.find(|method| !["GET", "PUT", "POST", "DELETE", "HEAD"].contains(method)) {
        let message = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
        return error("InvalidRequest", 400, &message);
    }
    set(cloud, params, "cors", params["CORSConfiguration"].clone())
}

/// It goes back to the default where it is deleted [aws-facts: LS].
fn encryption(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let default = || {
        let by_default = json!({ "SSEAlgorithm": "AES256" });
        json!({ "Rules": [{ "ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": false }] })
    };
    let set = find(cloud, params)?.setting("encryption");
    Ok(json!({ "ServerSideEncryptionConfiguration": if set.is_null() { default() } else { set.clone() } }))
}

fn put_encryption(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let [rule] = items(params, "/ServerSideEncryptionConfiguration/Rules") else {
        change(cloud, params)?;
        return malformed();
    };
    let default = &rule["ApplyServerSideEncryptionByDefault"];
    if default["SSEAlgorithm"] == "AES256" && default["KMSMasterKeyID"].is_string() {
        let message =
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
        return error("InvalidArgument", 400, message);
    }
    set(cloud, params, "encryption", params["ServerSideEncryptionConfiguration"].clone())
}

fn ownership(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    match find(cloud, params)?.setting("ownershipControls") {
        Json::Null => {
            Ok(json!({ "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] } }))
        }
        rules if rules["Rules"].as_array().is_some_and(Vec::is_empty) => {
            error("OwnershipControlsNotFoundError", 404, "The bucket ownership controls were not found")
        }
        rules => Ok(json!({ "OwnershipControls": rules })),
    }
}

fn put_ownership(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    if items(params, "/OwnershipControls/Rules").len() != 1 {
        change(cloud, params)?;
        return malformed();
    }
    set(cloud, params, "ownershipControls", params["OwnershipControls"].clone())
}

/// All four are on in a new bucket; only by hand there is none at all [aws-facts: LS].
fn block(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    match find(cloud, params)?.setting("publicAccessBlock") {
        Json::Null => Ok(json!({ "PublicAccessBlockConfiguration": all(true) })),
        Json::Bool(_) => error(
            "NoSuchPublicAccessBlockConfiguration",
            404,
            "The public access block configuration was not found",
        ),
        block => Ok(json!({ "PublicAccessBlockConfiguration": block })),
    }
}

/// All flags of an access block.
pub(super) fn all(on: bool) -> Json {
    json!({ "BlockPublicAcls": on, "IgnorePublicAcls": on, "BlockPublicPolicy": on, "RestrictPublicBuckets": on })
}

/// What is left out is off.
fn put_block(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let mut flags = all(false);
    let given = params["PublicAccessBlockConfiguration"].as_object().cloned().unwrap_or_default();
    given.into_iter().for_each(|(name, on)| flags[name] = on);
    set(cloud, params, "publicAccessBlock", flags)
}

fn policy(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    match text(&json!({ "Policy": find(cloud, params)?.setting("policy") }), "Policy") {
        None => error("NoSuchBucketPolicy", 404, "The bucket policy does not exist"),
        Some(policy) => Ok(json!({ "Policy": policy })),
    }
}

/// It is about the bucket and its objects, names whom AWS knows, and admits everybody only where that is not blocked.
fn put_policy(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let document = required(params, "Policy").to_owned();
    let bucket = find(cloud, params)?;
    let blocks = bucket.setting("publicAccessBlock")["BlockPublicPolicy"] != json!(false)
        && !bucket.setting("publicAccessBlock").is_boolean();
    if !document.starts_with('{') {
        let message = "Policies must be valid JSON and the first byte must be '{'";
        return error("MalformedPolicy", 400, message);
    }
    if !is_valid(&document) {
        return error("MalformedPolicy", 400, "Missing required field Statement");
    }
    let read: Json = serde_json::from_str(&document).unwrap_or_default();
    let arn = super::bucket_arn(required(params, "Bucket"));
    let is_own = |resource: &&str| {
        resource.strip_prefix(&*arn).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if !resources(&read).iter().all(is_own) {
        return error("MalformedPolicy", 400, "Policy has invalid resource");
    }
    if names_unknown_role(cloud, &read) {
        return error("MalformedPolicy", 400, "Invalid principal in policy");
    }
    if blocks && admits_everybody(&read) {
        let message = "User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the \
                       BlockPublicPolicy setting in S3 Block Public Access.";
        return error("AccessDenied", 403, message);
    }
    set(cloud, params, "policy", document.into())
}
