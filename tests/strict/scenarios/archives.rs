//! Archives of buses: what real ones do, and what the program does then.

use super::shipped::{well, whole};
use crate::cloud::{Cloud, ServiceError};
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{A_MOMENT, Command, End, Ran, empty, later, run};
use crate::services::Service;
use crate::services::events::archive::BUSY;
use crate::wire::Call;
use provision::adopt::AdoptRequest;
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A stack of a bus with these fields.
fn of(fields: &str) -> Fixture {
    Fixture::of(&format!("stack: one\nbuses: {{ orders: {{ {fields} }} }}\n"))
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after an `up`, which is all that a second one has to do.
fn after(cloud: &Cloud, stack: &Fixture) -> Cloud {
    let cloud = later(&whole(up(cloud, stack)).cloud, MINUTE);
    assert_eq!(well(up(&cloud, stack)).writes(), Vec::<String>::new());
    cloud
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

/// Its time and its pattern can be changed and taken out, and the archive itself.
#[test]
fn an_archive_is_made_changed_and_deleted() {
    let plain = of("");
    let before = after(&empty(), &plain);
    let mut cloud = before.clone();
    let some = "archive: { retention: 1 day, pattern: { source: [shop] } }";
    for to in ["archive: 7 days", some, "archive: {}", some, "archive: forever", "archive: 7 days"] {
        cloud = after(&cloud, &of(to));
        let fresh = after(&empty(), &of(to));
        assert_eq!(differences(&dump(&cloud), &dump(&fresh)), Vec::<String>::new(), "{to}");
    }
    assert_eq!(differences(&dump(&after(&cloud, &plain)), &dump(&before)), Vec::<String>::new());
}

/// EventBridge fills an archive by a rule of its own on the bus, with which the bus cannot be deleted.
#[test]
fn an_archive_ends_before_its_bus() {
    let cloud = after(&empty(), &of("archive: 7 days"));
    assert!(cloud.events.rules["orders/Events-Archive-orders"].managed_by.is_some());
    for command in
        [Command::Down(&of("archive: 7 days")), Command::Up(&Fixture::of("stack: one\nbuses: {}\n"))]
    {
        let ran = well(run(&cloud, command, None));
        let writes = ran.writes();
        assert!(writes[0].starts_with("events:DeleteArchive orders"), "{writes:#?}");
        assert!(
            writes[1..].iter().all(|write| write.starts_with("events:DeleteEventBus orders")),
            "{writes:#?}"
        );
        assert!(dump(&later(&ran.cloud, MINUTE)).is_empty());
    }
}

/// What EventBridge calls CREATING or UPDATING is waited for, by this run and by the next one.
#[test]
fn an_archive_that_is_being_made_is_waited_for() {
    let mut slow = empty();
    slow.delays.set(BUSY, Duration::from_secs(40));
    let made = whole(up(&slow, &of("archive: 7 days")));
    assert!(made.took >= Duration::from_secs(40), "{:?}", made.took);
    let changed = whole(up(&later(&made.cloud, MINUTE), &of("archive: 8 days")));
    assert!(changed.took >= Duration::from_secs(40), "{:?}", changed.took);
    let mut cloud = later(&changed.cloud, MINUTE);
    let now = cloud.now;
    let archive = cloud.events.archives.get_mut("orders").expect("an archive");
    (archive.days, archive.modified) = (9, now);
    let waited = whole(up(&cloud, &of("archive: 9 days")));
    assert!(waited.took >= Duration::from_secs(30), "{:?}", waited.took);
}

/// Of whatever bus it is: its description lacks the mark of the stack.
#[test]
fn an_archive_of_the_same_name_is_left_alone() {
    let (with, without) = (of("archive: 7 days"), of(""));
    for bus in ["default", "orders"] {
        let mut cloud = after(&empty(), &without);
        let source = format!("arn:aws:events:eu-west-1:123456789012:event-bus/{bus}");
        let theirs = json!({ "ArchiveName": "orders", "EventSourceArn": source });
        cloud.act(Service::Events, "CreateArchive", &theirs).expect("an archive");
        let cloud = later(&cloud, MINUTE);
        assert_eq!(well(up(&cloud, &without)).writes(), Vec::<String>::new());
        let refused = up(&cloud, &with);
        assert!(errors(&refused).contains("archive orders already exists"), "{}", errors(&refused));
        assert_eq!(refused.writes(), Vec::<String>::new());
    }
}

/// Its description becomes the mark of the stack, and its days stay. That of another stack is adopted from that stack alone.
#[test]
fn an_archive_of_others_is_adopted() {
    let stack = of("archive: 7 days");
    let other = Fixture::of("stack: other\nbuses: { orders: { archive: 7 days } }\n");
    let other = after(&empty(), &other).events.archives["orders"].description.clone();
    for (description, from) in [("by hand", None), (&*other, Some("other"))] {
        let mut cloud = after(&empty(), &of(""));
        let source = Service::Events.arn("event-bus/orders");
        let theirs = json!({ "ArchiveName": "orders", "EventSourceArn": source, "RetentionDays": 30,
            "Description": description });
        cloud.act(Service::Events, "CreateArchive", &theirs).expect("an archive");
        let cloud = later(&cloud, MINUTE);
        let adopt = |from: Option<&str>| {
            let (kind, name, from) = ("archive", "orders".to_owned(), from.map(str::to_owned));
            run(&cloud, Command::Adopt(&stack, &AdoptRequest { kind, name, from }), None)
        };
        match from {
            None => assert!(errors(&up(&cloud, &stack)).contains("provision adopt archive orders")),
            Some(_) => assert!(errors(&adopt(None)).contains("it belongs to the stack `other`")),
        }
        let adopted = well(adopt(from));
        assert_eq!(adopted.writes(), ["events:UpdateArchive orders #1"]);
        assert_eq!(adopted.cloud.events.archives["orders"].days, 30);
        let cloud = after(&later(&adopted.cloud, MINUTE), &stack);
        assert_eq!(differences(&dump(&cloud), &dump(&after(&empty(), &stack))), Vec::<String>::new());
    }
}

/// The name may be taken before there is a bus.
#[test]
fn a_new_bus_whose_archive_has_a_taken_name_says_so() {
    let mut cloud = empty();
    let source = "arn:aws:events:eu-west-1:123456789012:event-bus/default";
    let theirs = json!({ "ArchiveName": "orders", "EventSourceArn": source, "RetentionDays": 7 });
    cloud.act(Service::Events, "CreateArchive", &theirs).expect("an archive");
    let refused = up(&later(&cloud, MINUTE), &of("archive: 7 days"));
    assert!(errors(&refused).contains("archive orders"), "{}", errors(&refused));
    assert_eq!(refused.cloud.events.archives["orders"].source, source);
    let down = well(run(&later(&refused.cloud, MINUTE), Command::Down(&of("archive: 7 days")), None));
    assert!(down.cloud.events.buses.is_empty());
    assert_eq!(down.cloud.events.archives.len(), 1);
}

/// EventBridge refuses two changes at a time.
#[test]
fn a_change_that_conflicts_is_repeated() {
    let cloud = after(&empty(), &of("archive: 7 days"));
    let conflicts = |cloud: &Cloud, call: &Call| {
        let changes = ["UpdateArchive", "DeleteArchive"].contains(&call.operation.name.as_str());
        let message = "Archive orders was modified concurrently.";
        (changes && cloud.now < cloud.hindered_until)
            .then(|| ServiceError::new("ConcurrentModificationException", message))
    };
    let until = cloud.now + A_MOMENT + Duration::from_secs(5);
    let held = Cloud { hindrance: Some(conflicts), hindered_until: until, ..cloud };
    for to in ["archive: 8 days", ""] {
        assert!(whole(up(&held, &of(to))).cloud.hindered > 0);
    }
}
