//! A stack that uses every setting, and changes of every one of them.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::run::{Command, End, empty, later, run};
use crate::services::apigateway::cannot_invoke;
use std::time::Duration;

pub(super) const RICH: &str = include_str!("../../stacks/rich.yaml");

/// One change after the other: what is replaced in the stack file, and by what.
const CHANGES: &[(&str, &str)] = &[
    ("billing: { read: 5, write: 5 }", "billing: on-demand"),
    ("billing: on-demand", "billing: { read: 2, write: 1 }"),
    ("    point_in_time_recovery: true\n", ""),
    ("words: { partition_key: word, protect: true }", "words: { partition_key: word, protect: false }"),
    ("team: blue", "team: red, cost: '7'"),
    ("memory: 256", "memory: 512"),
    ("reserved_concurrency: 5", "reserved_concurrency: 7"),
    ("    reserved_concurrency: 7\n", ""),
    ("log_retention: 14", "log_retention: 90"),
    ("words: read }", "words: write }"),
    ("PAGES: \"${tables.pages.arn}\", ", ""),
    ("architecture: arm64", "architecture: x86_64"),
    ("    layers: [\"arn:aws:lambda:eu-central-1:123456789012:layer:tools:1\"]\n", ""),
    ("runtime: python3.12", "runtime: python3.14"),
    ("PUT /pages: save", "PUT /pages: all"),
    ("    GET /pages/{project}: show\n", ""),
    ("    expose: [X-Own]\n", ""),
    ("    max_age: 3600\n", ""),
    ("methods: [GET, POST]", "methods: [GET]"),
    ("Of ${region}", "Of ${account}"),
    ("permissions_boundary: arn:aws:iam::123456789012:policy/boundary\n", ""),
    ("  notes: { partition_key: note }\n", "  notes: { partition_key: { name: note, type: N } }\n"),
    ("  notes: { partition_key: { name: note, type: N } }\n", ""),
    ("    $default: all\n", ""),
    ("    PUT /pages: all\n", ""),
];

/// Brings a stack up, checks that every route is answered, and that a second `up` writes nothing.
fn up(cloud: &Cloud, text: &str, what: &str) -> Cloud {
    let stack = Fixture::of(text);
    let up = whole(run(cloud, Command::Up(&stack), None));
    let again = whole(run(&up.cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)), "{what}");
    for (id, api) in &up.cloud.apigateway.apis {
        for route in api.routes.values() {
            let key = route["RouteKey"].as_str().unwrap();
            assert_eq!(cannot_invoke(&up.cloud, id, key), None, "{what}: {key}");
        }
    }
    up.cloud
}

#[test]
fn every_setting_can_be_made_and_changed() {
    let (mut text, mut cloud) = (RICH.to_owned(), up(&empty(), RICH, "at first"));
    for (from, to) in CHANGES {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
        // Right after a function was deleted, the last of its logs are still on their way.
        cloud = later(&up(&cloud, &text, &format!("after {from} became {to}")), Duration::from_secs(60));
        let fresh = up(&empty(), &text, "from nothing");
        let differ = differences(&dump(&cloud), &dump(&later(&fresh, Duration::from_secs(60))));
        assert_eq!(differ, Vec::<String>::new(), "after {from} became {to}, against one that is made so");
    }
    let down = whole(run(&cloud, Command::Down(&Fixture::of(&text)), None));
    assert!(dump(&later(&down.cloud, Duration::from_secs(60))).is_empty());
}

#[test]
fn a_protected_table_holds_down_back_until_its_protection_is_taken_off() {
    let cloud = up(&empty(), RICH, "at first");
    let refused = run(&cloud, Command::Down(&Fixture::of(RICH)), None);
    assert!(matches!(&refused.end, End::Failed(why) if why[0].contains("protected")), "{:?}", refused.end);
    assert_eq!(refused.writes(), Vec::<String>::new());
    assert_eq!(dump(&refused.cloud), dump(&cloud));
}
