//! What real tables and log groups do, as other deployers observed it, and what the program does then.

use super::shipped::{well, whole};
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::connector::StrictCloud;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{A_MOMENT, Command, End, Ran, client_config, empty, later, look, planned, run, run_after};
use aws_config::SdkConfig;
use aws_sdk_cloudwatchlogs::Client as Logs;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::types as dynamodb;
use provision::aws::{Calls, Connection};
use provision::event::{Event, Events};
use provision::reconcile::Session;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A table, and a function that depends on it.
const STACK: &str = "stack: one
tables: { pages: { partition_key: id, ttl: expires, billing: { read: 5, write: 5 } } }
functions:
  save: { code: lambdas/create_item, runtime: python3.13, access: { pages: read }, log_retention: 14 }
";

/// A run of `up` with a stack file.
fn up(cloud: &Cloud, text: &str) -> Ran {
    run(cloud, Command::Up(&Fixture::of(text)), None)
}

/// The account after a first `up`.
fn created(text: &str) -> Cloud {
    whole(up(&empty(), text)).cloud
}

/// The account after calls by hand.
fn by_hand(cloud: &Cloud, calls: impl AsyncFnOnce(&SdkConfig)) -> Cloud {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(cloud.now + A_MOMENT);
        let strict = StrictCloud::new(cloud.clone(), clock, None);
        calls(&client_config(&strict, clock)).await;
        let after = strict.state().cloud.clone();
        Cloud { now: clock.time(), in_flight: Vec::new(), ..after }
    })
}

/// The errors of a run that failed.
fn errors(ran: &Ran) -> &[String] {
    match &ran.end {
        End::Failed(errors) => errors,
        other => panic!("{other:?}"),
    }
}

/// The code and the message of a refusal.
fn refusal(error: impl ProvideErrorMetadata) -> String {
    format!("{}: {}", error.code().unwrap_or_default(), error.message().unwrap_or_default())
}

/// Creates an index by the attribute `word`.
async fn create_index(config: &SdkConfig) {
    let key = dynamodb::KeySchemaElement::builder().attribute_name("word").key_type(dynamodb::KeyType::Hash);
    let word = dynamodb::AttributeDefinition::builder()
        .attribute_name("word")
        .attribute_type(dynamodb::ScalarAttributeType::S);
    let create = dynamodb::CreateGlobalSecondaryIndexAction::builder()
        .index_name("by_word")
        .key_schema(key.build().unwrap())
        .projection(dynamodb::Projection::builder().projection_type(dynamodb::ProjectionType::All).build())
        .provisioned_throughput(units(5, 5));
    let update = dynamodb::GlobalSecondaryIndexUpdate::builder().create(create.build().unwrap()).build();
    let table = DynamoDb::new(config).update_table().table_name("pages");
    let table = table.attribute_definitions(word.build().unwrap()).global_secondary_index_updates(update);
    table.send().await.unwrap();
}

fn units(read: i64, write: i64) -> dynamodb::ProvisionedThroughput {
    let units = dynamodb::ProvisionedThroughput::builder();
    units.read_capacity_units(read).write_capacity_units(write).build().unwrap()
}

/// An index takes about 8 minutes, in which the table cannot be deleted [hazards: D1].
#[test]
fn a_table_is_deleted_when_its_index_is_finished() {
    let cloud = later(&by_hand(&created(STACK), create_index), MINUTE);
    let refused = by_hand(&cloud, async |config| {
        let error = DynamoDb::new(config).delete_table().table_name("pages").send().await.unwrap_err();
        assert_eq!(
            refusal(error),
            "ResourceInUseException: Attempt to change a resource which is still in use: Cannot delete table while indexes \
             are being created, updated, or deleted."
        );
    });
    let down = well(run(&refused, Command::Down(&Fixture::of(STACK)), None));
    assert!(down.cloud.dynamodb.tables.is_empty());
    assert!((5 * MINUTE..9 * MINUTE).contains(&down.took), "{:?}", down.took);

    let (told, stack) = (Arc::new(Mutex::new(BTreeSet::new())), Fixture::of(STACK));
    let plan = planned(&refused, Command::Down(&stack));
    by_hand(&refused, async |config| {
        let connection = Connection::of(config.clone(), false, Calls::default()).await.expect("a connection");
        let hear = Arc::clone(&told);
        let events = Events::new(move |event| {
            if let Event::Waiting { id, why } = event {
                hear.lock().expect("a lock").insert(format!("{id}: {why}"));
            }
        });
        let session = Session::of_stack(connection, &stack.stack);
        let report = session.apply(&plan, BTreeMap::new(), events, watch::channel(0).1).await;
        assert!(report.is_complete());
    });
    let line = "table pages: an index of the table is being created, changed or deleted, which takes minutes";
    assert!(told.lock().expect("a lock").contains(line), "{told:?}");
}

/// The table is ACTIVE while its index still gets the new capacity, and no other change is accepted [hazards: D2].
#[test]
fn a_second_change_of_a_table_waits_for_its_indexes() {
    let cloud = later(&by_hand(&created(STACK), create_index), 10 * MINUTE);
    let text = with_index().replace("billing: { read: 5, write: 5 }", "billing: on-demand, protect: true");
    let changed = whole(up(&cloud, &text));
    assert!(changed.took > MINUTE, "{:?}", changed.took);
    assert!(changed.cloud.dynamodb.tables["pages"].protected);
    assert_eq!(whole(up(&changed.cloud, &text)).writes(), Vec::<String>::new());
}

/// The stack with the index that was created by hand.
fn with_index() -> String {
    STACK.replace("id,", "id, indexes: { by_word: { partition_key: word } },")
}

/// An index that is being filled holds nothing up. One that is declared is waited for in the end.
#[test]
fn a_table_can_be_protected_while_an_index_is_filled() {
    let protected_after = |pause: Duration| {
        let cloud = later(&by_hand(&created(STACK), create_index), pause);
        let stack = with_index().replace("ttl:", "protect: true, ttl:");
        let ran = whole(up(&cloud, &stack));
        let is_update = |label: &&Label| label.name == "dynamodb:UpdateTable";
        let updates = ran.records.iter().map(|record| &record.label).filter(is_update).count();
        assert!(ran.cloud.dynamodb.tables["pages"].protected);
        (updates, ran.took)
    };
    let (updates, took) = protected_after(MINUTE);
    assert_eq!(updates, 1, "nothing is refused");
    assert!((6 * MINUTE..8 * MINUTE).contains(&took), "{took:?}");
    // Not filled yet: the table is not touched before it is.
    let (updates, took) = protected_after(Duration::from_secs(1));
    assert_eq!(updates, 1);
    assert!((7 * MINUTE..9 * MINUTE).contains(&took), "{took:?}");
}

/// To repeat a value is an error [hazards: D3, D4], and so is another attribute of the expiry while one is on.
#[test]
fn repeated_values_are_refused() {
    by_hand(&later(&by_hand(&created(STACK), create_index), 10 * MINUTE), async |config| {
        let client = DynamoDb::new(config);
        let update = || client.update_table().table_name("pages");
        let same = update().provisioned_throughput(units(5, 5)).send().await.unwrap_err();
        assert!(refusal(same).contains("will not change. The requested value equals the current value."));
        let same = dynamodb::UpdateGlobalSecondaryIndexAction::builder().index_name("by_word");
        let same = same.provisioned_throughput(units(5, 5)).build().unwrap();
        let same = dynamodb::GlobalSecondaryIndexUpdate::builder().update(same).build();
        let same = update().global_secondary_index_updates(same).send().await.unwrap_err();
        assert!(refusal(same).contains("for the index by_word will not change."));
        let class = || update().table_class(dynamodb::TableClass::StandardInfrequentAccess);
        class().send().await.unwrap();
        tokio::time::sleep(MINUTE).await;
        assert!(refusal(class().send().await.unwrap_err()).starts_with("ValidationException"));
        let ttl = async |attribute: &str, enabled: bool| {
            let to = dynamodb::TimeToLiveSpecification::builder().attribute_name(attribute).enabled(enabled);
            let update = client.update_time_to_live().table_name("pages");
            let sent = update.time_to_live_specification(to.build().unwrap()).send().await;
            sent.map_or_else(refusal, |_| "done".to_owned())
        };
        assert_eq!(ttl("expires", true).await, "ValidationException: TimeToLive is already enabled");
        let other = "TimeToLive is active on a different AttributeName: current AttributeName is expires";
        assert_eq!(ttl("ends", false).await, format!("ValidationException: {other}"));
        let hour =
            "ValidationException: Time to live has been modified multiple times within a fixed interval";
        assert_eq!(ttl("expires", false).await, hour);
        tokio::time::sleep(HOUR).await;
        assert_eq!(ttl("expires", false).await, "done");
        assert_eq!(ttl("expires", false).await, "ValidationException: TimeToLive is already disabled");
        assert_eq!(ttl("ends", true).await, hour);
    });
}

/// The expiry moves to another attribute; with it the table gets recovery, and the function that depends on it changes.
const MOVED: &str = "stack: one
tables: { pages: { partition_key: id, ttl: ends, billing: { read: 5, write: 5 }, point_in_time_recovery: true } }
functions:
  save:
    { code: lambdas/create_item, runtime: python3.13, access: { pages: read }, log_retention: 14,
      environment: { TABLE: \"${tables.pages.name}\" } }
";

/// One attribute must be turned off before another can be turned on, an hour later [hazards: D4]. Everything else is applied
/// at once, and what depends on the table as well.
#[test]
fn the_expiry_moves_in_two_runs_and_holds_nothing_else_up() {
    let cloud = later(&created(STACK), HOUR);
    let plan = planned(&cloud, Command::Plan(&Fixture::of(MOVED)));
    let step = plan.steps.iter().find(|step| step.id.kind == "table").expect("a step");
    assert_eq!(
        step.reasons,
        [
            "DynamoDB accepts one change of the expiry an hour: this run turns off expiry by `expires`, and a run about an \
             hour later turns on expiry by `ends`"
        ]
    );
    let fault = |kind| {
        let at = Label { name: "dynamodb:UpdateTimeToLive".to_owned(), subject: "pages".to_owned(), nth: 1 };
        Some(PlannedFault { at, kind, times: Times::Once })
    };
    for fault in [None, fault(FaultKind::Lost), fault(FaultKind::FailedLate)] {
        let first = run(&cloud, Command::Up(&Fixture::of(MOVED)), fault);
        assert_eq!(
            errors(&first),
            [
                "table pages: expiry by `expires` was turned off, and every other change was applied, but DynamoDB accepts the \
                 next change of the expiry in about an hour; run the same command again then, to turn on expiry by `ends`"
            ]
        );
        let table = &first.cloud.dynamodb.tables["pages"];
        assert_eq!((table.recovery, table.ttl.as_ref().map(|(_, on, _)| *on)), (true, Some(false)));
        let save = &first.cloud.lambda.functions["save"];
        assert_eq!(save.configuration["Environment"]["Variables"]["TABLE"], "pages");

        let soon = run(&later(&first.cloud, MINUTE), Command::Up(&Fixture::of(MOVED)), None);
        let [error] = errors(&soon) else { panic!("{:?}", soon.end) };
        let told = "table pages: dynamodb:UpdateTimeToLive failed: Time to live has been modified multiple times within a fixed \
                    interval; every other change was applied. Run the same command again in about an hour, to turn on \
                    expiry by `ends` (ValidationException, request ";
        assert!(error.starts_with(told), "{error}");
        assert_eq!(soon.writes().len(), 1, "{:?}", soon.writes());

        let last = whole(run(&later(&soon.cloud, HOUR), Command::Up(&Fixture::of(MOVED)), None));
        assert_eq!(last.end, End::Done(1));
        assert_eq!(last.cloud.dynamodb.tables["pages"].ttl.as_ref().map(|(name, ..)| &**name), Some("ends"));
        let again = whole(up(&last.cloud, MOVED));
        assert_eq!((again.writes(), again.end), (vec![], End::Done(0)));
    }
}

/// Within the hour after the table was created, its expiry cannot even be turned off.
#[test]
fn a_change_of_the_expiry_within_the_hour_holds_nothing_else_up() {
    let first = run(&created(STACK), Command::Up(&Fixture::of(MOVED)), None);
    let [error] = errors(&first) else { panic!("{:?}", first.end) };
    assert!(
        error.contains("to turn off expiry by `expires`, and an hour later once more for `ends`"),
        "{error}"
    );
    let table = &first.cloud.dynamodb.tables["pages"];
    assert_eq!((table.recovery, table.ttl.as_ref().map(|(_, on, _)| *on)), (true, Some(true)));
    let save = &first.cloud.lambda.functions["save"];
    assert_eq!(save.configuration["Environment"]["Variables"]["TABLE"], "pages");
}

/// For some seconds after the recovery was turned on, the expiry cannot be changed [hazards: D5].
#[test]
fn a_change_of_the_expiry_waits_for_the_recovery() {
    let text = STACK.replace("ttl: expires,", "");
    let recovery = text.replace("id,", "id, point_in_time_recovery: true,");
    let cloud = whole(up(&created(&text), &recovery)).cloud;
    let both = recovery.replace("id,", "id, ttl: expires,");
    let changed = whole(up(&cloud, &both));
    assert!((MINUTE / 6..MINUTE).contains(&changed.took), "{:?}", changed.took);
    assert_eq!(whole(up(&changed.cloud, &both)).writes(), Vec::<String>::new());
}

/// Before a table is ACTIVE everywhere, its settings cannot be read, and the code of that refusal says nothing of it
/// [hazards: D6].
#[test]
fn a_table_that_is_being_created_is_waited_for() {
    let stack = Fixture::of(STACK);
    let at = Label { name: "dynamodb:CreateTable".to_owned(), subject: "pages".to_owned(), nth: 1 };
    let died = run(
        &empty(),
        Command::Up(&stack),
        Some(PlannedFault { at, kind: FaultKind::KilledAfterAll, times: Times::Once }),
    );
    assert_eq!(died.end, End::Died);
    for millis in [1_000, 3_000, 5_500, 5_900, 6_100, 6_500, 9_000] {
        let again = well(run_after(Duration::from_millis(millis), &died.cloud, &[Command::Up(&stack)], None));
        assert_eq!(whole(up(&again.cloud, STACK)).writes(), Vec::<String>::new(), "after {millis} ms");
    }
}

/// Settings that no field manages, of a table and of a log group. The order of the attributes means nothing, and the warm
/// throughput rises by itself [hazards: D7, D8, C1].
#[test]
fn settings_of_tables_and_log_groups_made_by_hand_are_seen_and_left_alone() {
    let text = STACK.replace("id,", "id, sort_key: at, point_in_time_recovery: true,");
    let untouched = later(&created(&text), HOUR);
    assert_eq!(settings(&untouched, &text), Vec::<String>::new());
    let mut cloud = untouched;
    let table = cloud.dynamodb.tables.get_mut("pages").expect("a table");
    let mut set = |name: &str, value: Json| drop(table.description.insert(name.to_owned(), value));
    set("Replicas", json!([{ "RegionName": "eu-central-1", "ReplicaStatus": "ACTIVE" }]));
    let group = cloud.logs.groups.get_mut("/aws/lambda/save").expect("a group");
    group.protected = true;
    for (name, value) in [
        ("kmsKeyId", "arn:aws:kms:us-east-1:123456789012:key/7".into()),
        ("logGroupClass", "INFREQUENT_ACCESS".into()),
        ("dataProtectionStatus", "ACTIVATED".into()),
        ("bearerTokenAuthenticationEnabled", Json::from(true)),
    ] {
        group.settings.insert(name.to_owned(), value);
    }
    let again = whole(up(&cloud, &text));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    assert_eq!(
        settings(&cloud, &text),
        [
            "log_group /aws/lambda/save: bearer_token_authentication = true",
            "log_group /aws/lambda/save: class = INFREQUENT_ACCESS",
            "log_group /aws/lambda/save: data_protection = ACTIVATED",
            "log_group /aws/lambda/save: deletion_protection = true",
            "log_group /aws/lambda/save: kms_key = arn:aws:kms:us-east-1:123456789012:key/7",
            "table pages: replica.eu-central-1 = ACTIVE",
        ]
    );
}

/// The settings that nothing manages, of tables and log groups.
fn settings(cloud: &Cloud, text: &str) -> Vec<String> {
    let observed = look(cloud, &Fixture::of(text)).observed.into_iter();
    let observed = observed.filter(|one| ["table", "log_group"].contains(&one.id.kind));
    let mut settings: Vec<String> = observed
        .flat_map(|one| {
            let (kind, name) = (one.id.kind, one.id.name);
            one.unmanaged_settings
                .into_iter()
                .map(move |(key, value)| format!("{kind} {name}: {key} = {value}"))
        })
        .collect();
    settings.sort();
    settings
}

/// Log groups have a deletion protection of their own, and while it is being switched no change is accepted [hazards: C3].
#[test]
fn a_protected_log_group_is_named_before_anything_is_deleted() {
    let protect = async |config: &SdkConfig, on: bool| {
        let put =
            Logs::new(config).put_log_group_deletion_protection().log_group_identifier("/aws/lambda/save");
        put.deletion_protection_enabled(on).send().await.unwrap();
    };
    let cloud = by_hand(&created(STACK), async |config| {
        protect(config, true).await;
        tokio::time::sleep(MINUTE).await;
        let delete = Logs::new(config).delete_log_group().log_group_name("/aws/lambda/save").send();
        assert!(refusal(delete.await.unwrap_err()).starts_with("ValidationException: "));
    });
    let refused = run(&cloud, Command::Down(&Fixture::of(STACK)), None);
    let [error] = errors(&refused) else { panic!("{:?}", refused.end) };
    assert!(error.starts_with("log group /aws/lambda/save is protected against deletion"), "{error}");
    assert_eq!(refused.writes(), Vec::<String>::new());
    let cloud = by_hand(&refused.cloud, async |config| protect(config, false).await);
    let down = well(run(&cloud, Command::Down(&Fixture::of(STACK)), None));
    assert!(down.cloud.logs.groups.is_empty());
    assert!(down.took > Duration::from_secs(10), "{:?}", down.took);
}

/// The ARN that DescribeLogGroups shows is none for the calls about tags [hazards: C7].
#[test]
fn calls_about_tags_refuse_the_arn_that_other_calls_show() {
    by_hand(&created(STACK), async |config| {
        let client = Logs::new(config);
        let groups = client.describe_log_groups().send().await.unwrap();
        let arn = groups.log_groups()[0].arn().unwrap();
        assert!(arn.ends_with(":*"), "{arn}");
        let error = client.list_tags_for_resource().resource_arn(arn).send().await.unwrap_err();
        let refusal = refusal(error);
        assert!(refusal.starts_with("InvalidParameterException: 1 validation error detected: "), "{refusal}");
    });
}

/// A resource was created, and a later call about it failed: the next run does what is missing, and only that
/// [hazards: G16].
#[test]
fn what_a_failed_call_left_out_is_done_by_the_next_run() {
    let full = STACK.replace("id,", "id, point_in_time_recovery: true,");
    let tagged = format!("tags: {{ team: blue }}\n{full}");
    let group = "/aws/lambda/save";
    let cases = [
        (&full, empty(), "dynamodb:UpdateTimeToLive", "pages"),
        (&full, empty(), "dynamodb:UpdateContinuousBackups", "pages"),
        (&full, empty(), "logs:PutRetentionPolicy", group),
        (&tagged, created(&full), "dynamodb:TagResource", "pages"),
        (&tagged, created(&full), "logs:TagResource", group),
    ];
    for (text, cloud, name, subject) in cases {
        let stack = Fixture::of(text);
        let calls = well(run(&cloud, Command::Up(&stack), None));
        let mut labels = calls.records.iter().map(|record| &record.label).filter(|label| label.name == name);
        let at = labels.find(|label| label.subject.contains(subject)).expect("such a call").clone();
        let fault = PlannedFault { at, kind: FaultKind::Denied, times: Times::Always };
        let failed = run(&cloud, Command::Up(&stack), Some(fault));
        assert!(errors(&failed)[0].contains(name), "{:?}", failed.end);
        let next = whole(run(&failed.cloud, Command::Up(&stack), None));
        let creates = next
            .writes()
            .into_iter()
            .filter(|write| write.contains(":CreateTable ") || write.contains(":CreateLogGroup "));
        assert_eq!(creates.collect::<Vec<_>>(), Vec::<String>::new(), "{name}");
        assert!(next.writes().iter().any(|write| write.starts_with(name)), "{name}: {:?}", next.writes());
        let again = whole(run(&next.cloud, Command::Up(&stack), None));
        assert_eq!((again.writes(), again.end), (vec![], End::Done(0)), "{name}");
    }
}
