//! The code of functions: zips, their hashes and sizes [aws-facts: Lambda, LS].

use crate::cloud::{Cloud, ServiceError, text};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use std::io::Cursor;

const MAX_ZIPPED: usize = 52_428_800;
pub(super) const MAX_UNZIPPED: u64 = 262_144_000;

/// Where the code of a function is found. The URI of an image reads back as it was given, and the digest that it had.
pub(crate) fn location(configuration: &Map<String, Json>) -> Json {
    match configuration.get("ImageUri").and_then(Json::as_str) {
        Some(uri) => {
            let name = uri.split(['@', ':']).next().unwrap_or_default();
            let digest = configuration["CodeSha256"].as_str().unwrap_or_default();
            json!({ "RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": format!("{name}@sha256:{digest}") })
        }
        None => json!({ "RepositoryType": "S3", "Location": "https://example.com/code.zip" }),
    }
}

/// The object that a call names must exist [recorded: lambda_, test_create_lambda_exceptions].
pub(super) fn check_object(cloud: &Cloud, code: &Json) -> Result<(), ServiceError> {
    let (Some(bucket), Some(key)) = (text(code, "S3Bucket"), text(code, "S3Key")) else { return Ok(()) };
    let (error, why) = match cloud.s3.buckets.get(bucket) {
        None => ("NoSuchBucket", "The specified bucket does not exist"),
        Some(bucket) if bucket.objects.iter().any(|object| object.key == key) => return Ok(()),
        Some(_) => ("NoSuchKey", "The specified key does not exist."),
    };
    super::checks::refused(format!(
        "Error occurred while GetObject. S3 Error Code: {error}. S3 Error Message: {why}"
    ))
}

/// Reads the code of a call, whose parameters have the URI of an image or a zip in base64, and returns its size unzipped. A function
/// keeps the one that it has
/// [aws-facts-services: 8, schema].
pub(crate) fn put(configuration: &mut Map<String, Json>, code: &Json) -> Result<u64, ServiceError> {
    let refused = |message: String| ServiceError::new("InvalidParameterValueException", message);
    let is_image = configuration.get("PackageType").is_some_and(|kind| kind == "Image");
    match (text(code, "ImageUri"), is_image) {
        (Some(uri), true) => {
            let digest: String = Sha256::digest(uri).iter().map(|byte| format!("{byte:02x}")).collect();
            configuration.insert("CodeSha256".to_owned(), digest.into());
            configuration.insert("ImageUri".to_owned(), uri.into());
            configuration.insert("CodeSize".to_owned(), 0.into());
            return Ok(0);
        }
        (Some(_), false) => {
            return Err(refused(
                "Please don't provide ImageUri when updating a function with packageType Zip.".to_owned(),
            ));
        }
        (None, true) => {
            return Err(refused(
                "Please provide ImageUri when updating a function with packageType Image.".to_owned(),
            ));
        }
        (None, false) => {}
    }
    // Objects have no content here.
    let zip = text(code, "ZipFile").or_else(|| text(code, "S3Key").map(|_| ""));
    let zip = zip.ok_or_else(|| refused("Please provide a source for function code.".to_owned()))?;
    let zip =
        STANDARD.decode(zip).map_err(|_| refused("Could not read the zip file: no base64".to_owned()))?;
    if zip.len() >= MAX_ZIPPED {
        return Err(refused(format!("Zipped size must be smaller than {MAX_ZIPPED} bytes")));
    }
    let unzipped = unzipped(&zip).ok_or_else(|| {
        refused("Could not unzip uploaded file. Please check your file, then try to upload again.".to_owned())
    })?;
    if unzipped >= MAX_UNZIPPED {
        return Err(refused(format!("Unzipped size must be smaller than {MAX_UNZIPPED} bytes")));
    }
    configuration.insert("CodeSha256".to_owned(), STANDARD.encode(Sha256::digest(&zip)).into());
    configuration.insert("CodeSize".to_owned(), zip.len().into());
    Ok(unzipped)
}

/// The bytes of a zip's files; `None` for what is no zip, or an empty one.
fn unzipped(zip: &[u8]) -> Option<u64> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).ok()?;
    let sizes = (0..archive.len()).map(|index| archive.by_index(index).map(|file| file.size()));
    let sizes: Vec<u64> = sizes.collect::<Result<_, _>>().ok()?;
    (!sizes.is_empty()).then(|| sizes.iter().sum())
}
