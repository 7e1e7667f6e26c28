//! Buckets: what real ones do, and what the program does then.

use super::declared::Declared;
use super::shipped::{well, whole};
use crate::cloud::Cloud;
use crate::connector::Record;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, look, planned, run};
use crate::service::{Drift, Make};
use crate::services::Service;
use crate::services::s3::{Bucket, SHOWN, Upload, full_name};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Every setting that a bucket can have.
const WHOLE: &str = "
    versioning: true
    eventbridge: true
    lifecycle: [{ prefix: tmp/, expire: 30 days, abort_uploads: 1 day }]
    cors: { origins: [\"https://a.example\"], methods: [GET] }
    kms_key: alias/shots
    ownership: bucket-owner-preferred
    resource_policy: [{ Sid: Reads, Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: s3:GetObject }]";

fn stack(lines: &str) -> Fixture {
    Fixture::of(&format!("stack: one\nbuckets:\n  shots:{lines}\n"))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after a first `up`.
fn created(stack: &Fixture) -> Cloud {
    later(&whole(up(&empty(), stack)).cloud, MINUTE)
}

fn shots(cloud: &mut Cloud) -> &mut Bucket {
    cloud.s3.buckets.get_mut(&full_name("shots")).expect("the bucket")
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

/// A bucket with objects, old versions, delete markers and uploads: several pages of each.
fn filled(stack: &Fixture) -> Cloud {
    let mut cloud = created(stack);
    let bucket = shots(&mut cloud);
    for number in 0..7 {
        bucket.put(&format!("in/a b+{number}.png"), 100);
    }
    bucket.put("in/a b+3.png", 50);
    bucket.mark("in/a b+5.png");
    for number in 0..3 {
        bucket.uploads.push(Upload { key: "big/ü".to_owned(), id: format!("u{number}") });
    }
    cloud
}

#[test]
fn a_bucket_comes_up_once_and_goes_down() {
    for lines in [" {}", WHOLE] {
        let stack = stack(lines);
        let cloud = created(&stack);
        let again = well(up(&cloud, &stack));
        assert_eq!(again.writes(), Vec::<String>::new());
        let down = well(run(&cloud, Command::Down(&stack), None));
        assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
    }
    insta::assert_snapshot!(
        "bucket",
        serde_json::to_string_pretty(&dump(&created(&stack(WHOLE)))).expect("JSON")
    );
}

/// What the stack file has of a bucket is read together with its tags, and nothing else is.
#[test]
fn only_the_settings_of_the_file_are_read_and_all_at_once() {
    let reads = |lines: &str| {
        let stack = stack(lines);
        let again = well(up(&created(&stack), &stack));
        let calls = again.records.iter().filter(|record| record.label.name.starts_with("s3:"));
        let mut calls: Vec<_> = calls.map(|record| (record.label.name.clone(), record.start)).collect();
        let first = calls.iter().map(|(_, start)| *start).min();
        assert!(calls.iter().all(|(_, start)| Some(*start) == first), "{calls:?}");
        calls.sort();
        calls.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(reads(" {}"), ["s3:GetBucketTagging", "s3:GetPublicAccessBlock"]);
    assert_eq!(reads(" { versioning: true }").len(), 3);
    assert_eq!(reads(WHOLE).len(), 9);
}

#[test]
fn a_setting_that_is_given_up_is_reset_and_read_no_more() {
    let (whole_stack, plain) = (stack(WHOLE), stack(" {}"));
    let cloud = later(&whole(up(&created(&whole_stack), &plain)).cloud, MINUTE);
    let expected = dump(&created(&plain));
    assert_eq!(differences(&dump(&cloud), &expected), Vec::<String>::new());
    let again = well(up(&cloud, &plain));
    assert_eq!(again.writes(), Vec::<String>::new());
    assert!(again.records.iter().filter(|record| record.label.name.starts_with("s3:")).count() == 2);
}

#[test]
fn every_drift_of_a_bucket_is_undone() {
    let drifts: Vec<&(&str, Drift)> = Service::S3.drifts().iter().collect();
    let made = Declared::of(stack(WHOLE)).undoes(drifts, &[0], Duration::ZERO, |_| ());
    assert!(made > 10, "{made}");
}

#[test]
fn what_others_have_is_left_alone() {
    let stack = stack(" {}");
    for (what, make) in Service::S3.unmanaged().iter().collect::<Vec<&(&str, Make)>>() {
        let mut cloud = empty();
        make(&mut cloud, "walk", 0);
        let before = dump(&cloud);
        assert!(!before.is_empty(), "{what}");
        let ran = whole(up(&later(&cloud, MINUTE), &stack));
        let after = dump(&later(&ran.cloud, MINUTE));
        assert!(before.iter().all(|(name, one)| after.get(name) == Some(one)), "{what}");
    }
    let mut cloud = empty();
    crate::services::s3::make(&mut cloud, &full_name("shots"), &[]);
    let refused = up(&later(&cloud, MINUTE), &stack);
    assert!(
        errors(&refused).contains("already exists, and it was not created by provision"),
        "{:?}",
        refused.end
    );
    assert_eq!(refused.writes(), Vec::<String>::new());
}

/// Statements, tags and notifications of others stay where the stack changes its own.
#[test]
fn what_others_have_in_a_bucket_stays() {
    let stack = stack(WHOLE);
    let mut cloud = created(&stack);
    let bucket = shots(&mut cloud);
    bucket.tags.insert("theirs".to_owned(), "yes".to_owned());
    let policy = bucket.setting("policy").as_str().expect("a policy").to_owned();
    let mut policy: serde_json::Value = serde_json::from_str(&policy).expect("JSON");
    let arn = crate::services::s3::bucket_arn(&full_name("shots"));
    let theirs = json!({ "Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arn,
        "Condition": { "Bool": { "aws:SecureTransport": "false" } } });
    policy["Statement"].as_array_mut().expect("statements").push(theirs);
    bucket.settings.insert("policy", policy.to_string().into());
    let queue = json!({ "Id": "theirs", "QueueArn": "arn:aws:sqs:eu-west-1:123456789012:gone", "Events": ["s3:ObjectRemoved:*"] });
    let document = json!({ "QueueConfigurations": [queue], "EventBridgeConfiguration": {} });
    bucket.settings.insert("notification", document);
    let plain = self::stack(" { tags: { team: red } }");
    let mut after = later(&whole(up(&cloud, &plain)).cloud, MINUTE);
    let bucket = shots(&mut after);
    assert_eq!(bucket.tags.get("theirs").map(String::as_str), Some("yes"));
    assert_eq!(bucket.tags.get("team").map(String::as_str), Some("red"));
    let policy = bucket.setting("policy").as_str().unwrap_or_default();
    assert!(policy.contains("Theirs") && !policy.contains("provision-"), "{policy}");
    assert_eq!(bucket.setting("notification"), &json!({ "QueueConfigurations": [queue] }));
}

#[test]
fn a_bucket_with_objects_says_what_is_lost_and_is_emptied() {
    let stack = stack(" { versioning: true }");
    let mut cloud = filled(&stack);
    let plan = planned(&cloud, Command::Down(&stack));
    let lost: Vec<_> = plan.steps.iter().filter_map(|step| step.data_loss.clone()).collect();
    assert_eq!(lost, ["more than 2 objects and versions (over 200 bytes)"]);
    cloud.paging = crate::cloud::Paging::Documented;
    let of_observed: Vec<_> =
        look(&cloud, &stack).observed.into_iter().filter_map(|one| one.contains_data).collect();
    assert_eq!(of_observed, Vec::<String>::new(), "only what may be deleted is looked into");
    cloud.paging = crate::cloud::Paging::Mean;
    let down = whole(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
    let deletes = down.records.iter().filter(|record| record.label.name == "s3:DeleteObjects");
    let times: Vec<_> = deletes.map(|record| (record.start, record.end.expect("a response"))).collect();
    let first = times.iter().map(|(_, end)| *end).min().expect("a page");
    assert_eq!(times.len(), 5, "two of nine on each page: {times:?}");
    assert!(times.iter().all(|(start, _)| *start < first), "all pages at once: {times:?}");
}

/// Killed or disturbed anywhere while it empties a bucket, `down` ends it when it is run again.
#[test]
fn emptying_goes_on_after_every_fault() {
    let stack = stack(" { versioning: true }");
    let cloud = filled(&stack);
    let name = full_name("shots");
    let calls = ["ListObjectVersions", "DeleteObjects", "ListMultipartUploads", "DeleteBucket"];
    let kinds = [
        FaultKind::KilledBefore,
        FaultKind::KilledAfterCall,
        FaultKind::KilledAfterAll,
        FaultKind::Lost,
        FaultKind::FailedLate,
        FaultKind::Denied,
    ];
    for (call, kind) in calls.iter().flat_map(|call| kinds.map(|kind| (call, kind))) {
        let at = Label { name: format!("s3:{call}"), subject: name.clone(), nth: 2 };
        let nth = if *call == "DeleteBucket" { 1 } else { 2 };
        let fault = PlannedFault { at: Label { nth, ..at }, kind, times: Times::Once };
        let first = run(&cloud, Command::Down(&stack), Some(fault));
        assert!(first.injected > 0, "{call} {kind:?}");
        let second = whole(run(&later(&first.cloud, MINUTE), Command::Down(&stack), None));
        assert!(dump(&later(&second.cloud, MINUTE)).is_empty(), "{call} {kind:?}");
    }
}

#[test]
fn a_locked_object_holds_its_bucket_and_says_so() {
    let stack = stack(" { versioning: true }");
    let mut cloud = filled(&stack);
    shots(&mut cloud).objects[0].is_locked = true;
    let refused = run(&cloud, Command::Down(&stack), None);
    assert!(errors(&refused).contains("protected by object lock"), "{:?}", refused.end);
    assert_eq!(refused.cloud.s3.buckets.len(), 1);
}

#[test]
fn a_name_that_another_account_has_is_refused_with_a_way_out() {
    let stack = stack(" { name: theirs }");
    let mut cloud = empty();
    cloud.hindrance = Some(|_, call| {
        (call.operation.name == "CreateBucket").then(|| crate::cloud::ServiceError {
            code: "BucketAlreadyExists".to_owned(),
            message: "The requested bucket name is not available.".to_owned(),
            status: 409,
        })
    });
    let refused = up(&cloud, &stack);
    assert!(errors(&refused).contains("choose another `name`, or none"), "{:?}", refused.end);
}

#[test]
fn a_bucket_is_adopted_by_its_name_and_keeps_its_objects() {
    let stack = stack(" { versioning: true }");
    let mut cloud = empty();
    crate::services::s3::make(&mut cloud, &full_name("shots"), &[("owner", "me")]);
    let wish = provision::adopt::AdoptRequest { kind: "bucket", name: "shots".to_owned(), from: None };
    let adopted = run(&later(&cloud, MINUTE), Command::Adopt(&stack, &wish), None);
    assert!(matches!(adopted.end, End::Done(1)), "{:?}", adopted.end);
    let mut after = later(&whole(up(&later(&adopted.cloud, MINUTE), &stack)).cloud, MINUTE);
    let bucket = shots(&mut after);
    assert_eq!((bucket.objects.len(), &bucket.tags["owner"]), (1, &"me".to_owned()));
    assert_eq!(bucket.setting("versioning")["Status"], "Enabled");
}

/// Of a whole call the SDK repeats these; of single objects the program does.
#[test]
fn objects_that_could_not_be_deleted_at_once_are_deleted_again() {
    let stack = stack(" {}");
    let mut cloud = filled(&stack);
    shots(&mut cloud).refusing = vec!["InternalError", "SlowDown", "ServiceUnavailable"];
    let down = whole(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
    let mut cloud = filled(&stack);
    shots(&mut cloud).refusing = vec!["InternalError", "AccessDenied"];
    let refused = run(&cloud, Command::Down(&stack), None);
    assert!(errors(&refused).contains("s3:DeleteObjects"), "{:?}", refused.end);
}

/// In us-east-1 a bucket is created without a location. A create that took effect and whose response was lost is refused
/// there too, since it has tags.
#[test]
fn buckets_come_up_in_us_east_1() {
    let stack = stack(WHOLE);
    let account = Cloud { region: Some("us-east-1"), ..empty() };
    let ran = whole(up(&account, &stack));
    let create = |record: &&Record| record.label.name == "s3:CreateBucket";
    let created = ran.records.iter().find(create).expect("a create").clone();
    let configuration = &created.params["CreateBucketConfiguration"];
    assert!(configuration["Tags"].is_array() && configuration["LocationConstraint"].is_null());
    let cloud = later(&ran.cloud, MINUTE);
    assert_eq!(well(up(&cloud, &stack)).writes(), Vec::<String>::new());
    let lost = PlannedFault { at: created.label, kind: FaultKind::Lost, times: Times::Once };
    let again = well(run(&account, Command::Up(&stack), Some(lost)));
    assert_eq!(differences(&dump(&later(&again.cloud, MINUTE)), &dump(&cloud)), Vec::<String>::new());
    let down = whole(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
}

/// Reads may take half a minute to show a new bucket, which is then neither missing nor made again [hazards: G15].
#[test]
fn a_bucket_that_shows_late_is_waited_for() {
    let stack = stack(" { versioning: true }");
    let mut cloud = empty();
    cloud.delays.set(SHOWN, Duration::from_secs(40));
    let ran = whole(up(&cloud, &stack));
    let creates = ran.records.iter().filter(|record| record.label.name == "s3:CreateBucket").count();
    assert_eq!(creates, 1);
    Declared::of(stack).is(&later(&ran.cloud, MINUTE));
}

/// Whose a bucket is stands in it from its first moment: who may not tag it does not get it without tags [hazards: B3].
#[test]
fn a_bucket_is_not_made_without_its_tags() {
    let mut cloud = empty();
    cloud.hindrance = Some(|_, call| {
        let message = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: s3:TagResource on resource: \
                       \"arn:aws:s3:::shots\" because no identity-based policy allows the s3:TagResource action";
        let has_tags = call.params.pointer("/CreateBucketConfiguration/Tags").is_some();
        (call.operation.name == "CreateBucket" && has_tags).then(|| crate::cloud::ServiceError {
            code: "AccessDenied".to_owned(),
            message: message.to_owned(),
            status: 403,
        })
    });
    let refused = up(&cloud, &stack(" {}"));
    assert!(errors(&refused).contains("s3:TagResource"), "{:?}", refused.end);
    assert_eq!(refused.writes().iter().filter(|write| write.starts_with("s3:CreateBucket")).count(), 1);
    assert!(refused.cloud.s3.buckets.is_empty());
}
