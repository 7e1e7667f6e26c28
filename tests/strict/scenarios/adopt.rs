//! Taking over what others have made: what is marked is the stack's from then on, to its end.

use super::shipped::well;
use crate::cloud::{ACCOUNT, Cloud, Tags};
use crate::dump::dump;
use crate::faults::{Planned, Times, Trouble};
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::apigateway::Api;
use provision::adopt::AdoptRequest;
use std::collections::BTreeMap;
use std::time::Duration;

const SMALL: &str = include_str!("../../stacks/small.yaml");

fn wish(kind: &'static str, name: &str, from: Option<&str>) -> AdoptRequest {
    AdoptRequest { kind, name: name.to_owned(), from: from.map(str::to_owned) }
}

/// A stack that bears no mark and lies nowhere of ours, as if it was made by hand; the tags are what it has instead.
fn by_hand(stack: &Fixture, tags: &[(&str, &str)]) -> Cloud {
    let tags: Tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut cloud = later(&well(run(&empty(), Command::Up(stack), None)).cloud, Duration::from_secs(60));
    cloud.dynamodb.tables.values_mut().for_each(|table| table.tags = tags.clone());
    for role in cloud.iam.roles.values_mut() {
        (role.path, role.tags) = ("/".to_owned(), tags.clone());
    }
    let team = Tags::from([("team".to_owned(), "blue".to_owned())]);
    let of_groups: Tags = team.into_iter().chain(tags.clone()).collect();
    cloud.logs.groups.values_mut().for_each(|group| group.tags = of_groups.clone());
    let now = cloud.now;
    for (name, function) in &mut cloud.lambda.functions {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/{name}_role");
        function.configuration.insert("Role".to_owned(), role.into());
        function.tags = tags.clone();
        let mut statements = function.policy.now();
        for (number, statement) in statements.iter_mut().enumerate() {
            statement["Sid"] = format!("by-hand-{number}").into();
        }
        function.policy.set(now, statements);
    }
    cloud.apigateway.apis.values_mut().for_each(|api| disown(api, &tags));
    cloud
}

fn disown(api: &mut Api, tags: &Tags) {
    api.tags = tags.clone();
    for integration in api.integrations.values_mut() {
        integration.insert("Description".to_owned(), "by hand".into());
    }
    api.stages.values_mut().for_each(|stage| stage.tags = tags.clone());
}

/// Everything of the small stack that can be asked for.
fn wishes(cloud: &Cloud, from: Option<&str>) -> Vec<AdoptRequest> {
    let api = cloud.apigateway.apis.keys().next().expect("an API");
    vec![
        wish("table", "notes", from),
        wish("function", "list", from),
        wish("function", "save", from),
        wish("api", api, from),
    ]
}

fn adopt(cloud: &Cloud, stack: &Fixture, wish: &AdoptRequest, fault: Option<Planned>) -> Ran {
    run(cloud, Command::Adopt(stack, wish), fault)
}

/// Asserts that nothing is taken over, and why.
#[track_caller]
fn refuses(cloud: &Cloud, stack: &Fixture, wish: &AdoptRequest, why: &str) {
    let ran = adopt(cloud, stack, wish, None);
    assert!(matches!(&ran.end, End::Failed(told) if told.concat().contains(why)), "{why}: {:?}", ran.end);
    assert_eq!((ran.writes(), dump(&ran.cloud)), (vec![], dump(cloud)), "{why}");
}

#[track_caller]
fn is_empty(cloud: &Cloud) {
    let left = dump(&later(cloud, Duration::from_secs(60)));
    assert_eq!(left.keys().collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn what_is_taken_over_is_the_stacks_to_its_end() {
    let stack = Fixture::of(SMALL);
    let mark = [("provision:stack", "other/prod")];
    let legacy = [("aws:cloudformation:stack-name", "legacy")];
    for (tags, from) in [(&[][..], None), (&mark, Some("other/prod")), (&legacy, Some("legacy"))] {
        let mut cloud = by_hand(&stack, tags);
        let refused = run(&cloud, Command::Up(&stack), None);
        assert!(matches!(refused.end, End::Failed(_)), "{:?}", refused.end);
        let before = cloud.clone();
        for (wish, things) in wishes(&cloud, from).iter().zip([1, 3, 3, 1]) {
            let taken = well(adopt(&cloud, &stack, wish, None));
            assert_eq!((&taken.end, taken.writes().len()), (&End::Done(things), things), "{wish:?}");
            assert!(taken.writes().iter().all(|write| write.contains(":Tag")), "{:?}", taken.writes());
            let again = well(adopt(&taken.cloud, &stack, wish, None));
            assert_eq!((again.end.clone(), again.writes()), (End::Done(0), vec![]), "{wish:?}");
            cloud = taken.cloud;
        }
        let up = well(run(&cloud, Command::Up(&stack), None)).cloud;
        let again = well(run(&up, Command::Up(&stack), None));
        assert_eq!((again.writes(), again.end), (vec![], End::Done(0)), "{from:?}");
        let ids = |cloud: &Cloud| cloud.apigateway.apis.keys().cloned().collect::<Vec<_>>();
        let roles = |cloud: &Cloud| -> BTreeMap<String, String> {
            cloud.iam.roles.values().map(|role| (role.arn(), role.id.clone())).collect()
        };
        assert_eq!((ids(&up), roles(&up)), (ids(&before), roles(&before)), "nothing is made anew");
        is_empty(&well(run(&up, Command::Down(&stack), None)).cloud);
    }
}

#[test]
fn a_role_that_was_taken_over_is_found_through_its_function_when_neither_is_declared() {
    let stack = Fixture::of(SMALL);
    let mut cloud = by_hand(&stack, &[]);
    for wish in wishes(&cloud, None) {
        cloud = well(adopt(&cloud, &stack, &wish, None)).cloud;
    }
    let (all, save) = SMALL.split_once("  save:\n").expect("the function");
    let rest = save.split_once("\napi:").expect("the API").1;
    let less = format!("{all}\napi:{rest}").replace("POST /items: save", "POST /items: list");
    let less = Fixture::of(&less.replace("PUT /items: save", "PUT /items: list"));
    let up = well(run(&later(&cloud, Duration::from_secs(60)), Command::Up(&less), None)).cloud;
    assert_eq!(up.iam.roles.keys().collect::<Vec<_>>(), ["list_role"]);
    assert_eq!(up.lambda.functions.values().filter(|function| function.gone.is_none()).count(), 1);
    // A stack of the name with nothing in it.
    let none = Fixture::of("stack: small\n");
    is_empty(&well(run(&later(&cloud, Duration::from_secs(60)), Command::Down(&none), None)).cloud);
}

#[test]
fn who_is_interrupted_asks_for_the_same_again() {
    let stack = Fixture::of(SMALL);
    let cloud = by_hand(&stack, &[("provision:stack", "other")]);
    for wish in wishes(&cloud, Some("other")) {
        let whole = well(adopt(&cloud, &stack, &wish, None));
        for at in whole.records.iter().filter(|record| record.write).map(|record| &record.label) {
            for trouble in [Trouble::DiesBefore, Trouble::DiesAfter, Trouble::Lost, Trouble::Denied] {
                let fault = Planned { at: at.clone(), trouble, times: Times::Once };
                let broken = adopt(&cloud, &stack, &wish, Some(fault));
                assert_eq!(broken.struck, 1, "{at} {trouble:?}");
                let again = well(adopt(&broken.cloud, &stack, &wish, None));
                assert_eq!(dump(&again.cloud), dump(&whole.cloud), "{at} {trouble:?}");
            }
        }
    }
}

#[test]
fn what_must_not_be_taken_over_is_not_touched() {
    let stack = Fixture::of(SMALL);
    let free = by_hand(&stack, &[]);
    refuses(&free, &stack, &wish("table", "nodes", None), "the stack file does not declare the table nodes");
    refuses(&free, &Fixture::of("stack: small\n"), &wish("api", "a", None), "does not declare the api");
    refuses(&free, &stack, &wish("api", "a1b2c3", None), "there is no api a1b2c3 in account");
    refuses(&free, &stack, &wish("table", "notes", Some("other")), "belongs to no stack");

    let others = by_hand(&stack, &[("provision:stack", "other")]);
    for from in [None, Some("another"), Some("othe"), Some("small")] {
        for wish in wishes(&others, from) {
            refuses(&others, &stack, &wish, "cannot be adopted: it belongs to the stack `other`");
        }
    }
    // The function is free, and what comes with it is not.
    let mut mixed = others.clone();
    mixed.lambda.functions.values_mut().for_each(|function| function.tags.clear());
    refuses(&mixed, &stack, &wish("function", "list", None), "role list_role cannot be adopted");

    let mut named = free.clone();
    for function in named.lambda.functions.values_mut() {
        let role = format!("arn:aws:iam::{ACCOUNT}:role/service-role/else");
        function.configuration.insert("Role".to_owned(), role.into());
    }
    refuses(&named, &stack, &wish("function", "list", None), "function list has the role else");
    let kept = SMALL.replace(
        "access: { notes: [dynamodb:Scan] }",
        &format!("role: arn:aws:iam::{ACCOUNT}:role/service-role/else"),
    );
    let taken = well(adopt(&named, &Fixture::of(&kept), &wish("function", "list", None), None));
    assert_eq!(
        taken.end,
        End::Done(2),
        "the function and its log group, but not a role that the stack file names"
    );

    let second = well(run(&empty(), Command::Up(&stack), None)).cloud;
    let mut second = later(&second, Duration::from_secs(60));
    let (id, mut api) =
        second.apigateway.apis.iter().next().map(|(id, api)| (id.clone(), api.clone())).unwrap();
    disown(&mut api, &Tags::new());
    api.settings.insert("ApiId".to_owned(), "second".into());
    second.apigateway.apis.insert("second".to_owned(), api);
    refuses(&second, &stack, &wish("api", "second", None), &format!("the stack already has the api {id}"));
}
