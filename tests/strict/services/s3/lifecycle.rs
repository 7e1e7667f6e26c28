//! The lifecycle rules of a bucket.

use super::bucket::{change, error, find, malformed};
use super::settings::{items, set};
use crate::cloud::{Cloud, ServiceError};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) fn get(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    match find(cloud, params)?.setting("lifecycle") {
        Json::Null => {
            error("NoSuchLifecycleConfiguration", 404, "The lifecycle configuration does not exist")
        }
        rules => {
            let size = "all_storage_classes_128K";
            Ok(json!({ "Rules": rules["Rules"], "TransitionDefaultMinimumObjectSize": size }))
        }
    }
}

/// How many members something has.
fn members(value: &Json) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

/// Each rule does something, to all objects or to some, and deletes nothing before it is moved, and nothing is moved too early to
/// the classes for what is seldom read [aws-facts: LS; DG: S3].
pub(super) fn put(cloud: &mut Cloud, params: &Json) -> Result<Json, ServiceError> {
    let rules = items(params, "/LifecycleConfiguration/Rules");
    let acts = ["Expiration", "Transitions", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"];
    let is_whole = |rule: &Json| {
        acts.iter().any(|act| rule.get(*act).is_some())
            && rule.get("Filter").is_some() != rule.get("Prefix").is_some()
            && members(&rule["Filter"]) <= 1
            && members(&rule["Expiration"]) <= 1
            && rule.get("NoncurrentVersionExpiration").is_none_or(|expiration| members(expiration) > 0)
    };
    if rules.is_empty() || !rules.iter().all(is_whole) {
        change(cloud, params)?;
        return malformed();
    }
    check_dates(rules)?;
    let days = |value: &Json| value["Days"].as_i64();
    for transition in rules.iter().flat_map(|rule| rule["Transitions"].as_array().into_iter().flatten()) {
        let class = transition["StorageClass"].as_str().unwrap_or_default();
        if ["STANDARD_IA", "ONEZONE_IA"].contains(&class) && days(transition).is_some_and(|days| days < 30) {
            let message = format!(
                "'Days' in Transition action must be greater than or equal to 30 for storageClass '{class}'"
            );
            return error("InvalidArgument", 400, &message);
        }
    }
    for rule in rules {
        let transitions = rule["Transitions"].as_array().into_iter().flatten().filter_map(days);
        if let (Some(expire), Some(last)) = (days(&rule["Expiration"]), transitions.max())
            && expire <= last
        {
            let message = "'Days' in the Expiration action for filter must be greater than 'Days' in the Transition action";
            return error("InvalidArgument", 400, message);
        }
    }
    set(cloud, params, "lifecycle", params["LifecycleConfiguration"].clone())
}

/// Days begin at midnight, and a filter names a tag once [recorded: s3, test_put_bucket_lifecycle_conf_exc].
fn check_dates(rules: &[Json]) -> Result<(), ServiceError> {
    let transitions = rules.iter().flat_map(|rule| items(rule, "/Transitions"));
    let mut dates =
        rules.iter().map(|rule| &rule["Expiration"]["Date"]).chain(transitions.map(|to| &to["Date"]));
    let is_late = |date: &Json| date.as_f64().is_some_and(|seconds| seconds % 86_400.0 != 0.0);
    if dates.any(is_late) {
        return error("InvalidArgument", 400, "'Date' must be at midnight GMT");
    }
    for rule in rules {
        let tags = items(rule, "/Filter/And/Tags");
        let keys: BTreeSet<&str> = tags.iter().filter_map(|tag| tag["Key"].as_str()).collect();
        if keys.len() < tags.len() {
            return error("InvalidRequest", 400, "Duplicate Tag Keys are not allowed.");
        }
    }
    Ok(())
}

#[test]
fn rules_that_say_two_things_or_nothing_are_refused() {
    let mut cloud = Cloud::default();
    super::make(&mut cloud, "one-bucket", &[]);
    cloud.now += std::time::Duration::from_secs(60);
    let mut answer = |filter: Json, with: Json| {
        let mut rule = json!({ "ID": "one", "Status": "Enabled", "Filter": filter });
        rule.as_object_mut()
            .into_iter()
            .for_each(|rule| rule.extend(with.as_object().cloned().unwrap_or_default()));
        let params = json!({ "Bucket": "one-bucket", "LifecycleConfiguration": { "Rules": [rule] } });
        put(&mut cloud, &params).map_err(|error| error.code)
    };
    let (all, week) = (json!({ "Prefix": "" }), json!({ "Expiration": { "Days": 7 } }));
    let and = json!({ "Prefix": "a", "ObjectSizeGreaterThan": 1 });
    let malformed = Err("MalformedXML".to_owned());
    assert_eq!(answer(all.clone(), week.clone()), Ok(Json::Null));
    assert_eq!(answer(json!({ "And": and }), week.clone()), Ok(Json::Null));
    assert_eq!(answer(json!({ "And": and, "Prefix": "a" }), week.clone()), malformed);
    assert_eq!(answer(json!({ "And": and, "ObjectSizeGreaterThan": 1 }), week.clone()), malformed);
    assert_eq!(answer(all.clone(), json!({ "NoncurrentVersionExpiration": {} })), malformed);
    let both = json!({ "Expiration": { "Days": 1, "ExpiredObjectDeleteMarker": true } });
    assert_eq!(answer(all, both), malformed);
    let twice = json!({ "And": { "Tags": [{ "Key": "a", "Value": "b" }, { "Key": "a", "Value": "c" }] } });
    assert_eq!(answer(twice, week), Err("InvalidRequest".to_owned()));
}
