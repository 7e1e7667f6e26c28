//! Releases: versions, and aliases that stand for them.

use super::shipped::whole;
use crate::cloud::Cloud;
use crate::dump::{differences, dump};
use crate::faults::{FaultKind, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::program::{Exit, visit};
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::apigateway::cannot_invoke;
use crate::services::lambda::shares;
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);

/// A stack of one function with a route, in its `number`th state, with these members.
fn stack(number: u32, members: &str) -> Fixture {
    Fixture::of(&format!(
        "stack: one\nfunctions:\n  save:\n    code: lambdas/create_item\n    runtime: python3.13\n    \
         environment: {{ NUMBER: \"{number}\" }}\n{members}api: {{ routes: {{ GET /: save }} }}\n"
    ))
}

const LIVE: &str = "    release: live\n";
const CANARY: &str = "    release: { aliases: { live: { canary: 30 } } }\n";
const MANUAL: &str = "    release: { aliases: { live: { deploy: manual }, next: {} } }\n";

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    whole(run(cloud, Command::Up(stack), None))
}

/// The account an hour after an `up`.
fn after(cloud: &Cloud, stack: &Fixture) -> Cloud {
    later(&up(cloud, stack).cloud, HOUR)
}

fn is_in_sync(cloud: &Cloud, stack: &Fixture) {
    let again = up(cloud, stack);
    assert_eq!((again.end.clone(), again.writes()), (End::Done(0), vec![]));
}

/// The versions that an alias stands for, each with its share in percent.
type Served = Vec<(String, i64)>;

fn served(cloud: &Cloud, alias: &str) -> Served {
    let shares = shares(cloud, "save", alias).unwrap_or_default();
    shares.into_iter().map(|share| (share.version, (share.weight * 100.0).round() as i64)).collect()
}

fn all(version: &str) -> Served {
    vec![(version.to_owned(), 100)]
}

fn both(version: &str, next: &str) -> Served {
    vec![(version.to_owned(), 70), (next.to_owned(), 30)]
}

/// Why the route is not answered.
fn unanswered(cloud: &Cloud) -> Option<String> {
    let api = cloud.apigateway.apis.keys().next().expect("an API");
    cannot_invoke(cloud, api, "GET /")
}

/// Runs the program. It must end with this status.
fn program(cloud: &Cloud, stack: &Fixture, args: &[&str], code: i32) -> (Cloud, String) {
    let visit = visit(cloud, stack, args, None);
    let Exit { code: ended, out, err } = &visit.exits[0];
    assert_eq!(*ended, Some(code), "{out}{err}");
    (later(&visit.cloud, HOUR), format!("{out}{err}"))
}

#[test]
fn every_change_publishes_a_version_and_moves_the_alias() {
    let first = after(&empty(), &stack(1, LIVE));
    assert_eq!(served(&first, "live"), all("1"));
    is_in_sync(&first, &stack(1, LIVE));
    let second = after(&first, &stack(2, LIVE));
    assert_eq!(served(&second, "live"), all("2"));
    is_in_sync(&second, &stack(2, LIVE));
    // What is of the function and not of its versions publishes none.
    let tagged = stack(2, &format!("    reserved_concurrency: 3\n{LIVE}"));
    let third = up(&second, &tagged);
    assert!(!third.writes().iter().any(|call| call.contains("PublishVersion") || call.contains("Alias")));
    let down = whole(run(&third.cloud, Command::Down(&tagged), None));
    assert!(dump(&later(&down.cloud, HOUR)).is_empty());
}

/// At every moment the alias stands for the former version, the new one, or both by the declared share, and the route is
/// answered. (After every write of every run it is also checked that each of them can be called: see `invariants.rs`.)
#[test]
fn a_release_that_is_killed_at_any_call_leaves_a_version_in_service() {
    let cases: [(&str, [Served; 2]); 2] =
        [(LIVE, [all("1"), all("2")]), (CANARY, [all("1"), both("1", "2")])];
    for (members, [former, new]) in cases {
        let (from, to) = (stack(1, members), stack(2, members));
        let cloud = after(&empty(), &from);
        for fault in kills(&up(&cloud, &to)) {
            let ended = run(&cloud, Command::Up(&to), Some(fault.clone()));
            assert_eq!((&ended.end, &ended.violations), (&End::Died, &vec![]), "{fault}");
            let now = served(&ended.cloud, "live");
            assert!(now == former || now == new, "{fault}: {now:?}");
            assert_eq!(unanswered(&ended.cloud), None, "{fault}");
            let next = after(&ended.cloud, &to);
            assert_eq!(served(&next, "live"), new, "{fault}");
            is_in_sync(&next, &to);
        }
    }
}

/// A version with a snapshot is prepared for minutes, and no alias stands for it before. The next run waits for one that an
/// interrupted run has published.
#[test]
fn no_alias_moves_to_a_version_that_is_still_prepared() {
    let of = |number| stack(number, "    snap_start: true\n    release: live\n");
    let cloud = after(&empty(), &of(1));
    let published = up(&cloud, &of(2)).records;
    let published = published.iter().find(|record| record.label.name == "lambda:PublishVersion");
    let at = published.expect("a published version").label.clone();
    let fault = PlannedFault { at, kind: FaultKind::KilledAfterCall, times: Times::Once };
    let ended = run(&cloud, Command::Up(&of(2)), Some(fault));
    assert_eq!((ended.end, served(&ended.cloud, "live")), (End::Died, all("1")));
    let next = up(&ended.cloud, &of(2));
    assert!(next.took > Duration::from_secs(100), "{:?}", next.took);
    assert_eq!(served(&next.cloud, "live"), all("2"));
    is_in_sync(&next.cloud, &of(2));
}

/// Each call of a run, killed before it and after it.
fn kills(ran: &Ran) -> Vec<PlannedFault> {
    let labels: BTreeSet<_> = ran.records.iter().map(|record| record.label.clone()).collect();
    assert!(labels.len() > 5, "{labels:?}");
    let kinds = [FaultKind::KilledBefore, FaultKind::KilledAfterCall];
    let of = |at| kinds.map(|kind| PlannedFault { at: Clone::clone(&at), kind, times: Times::Once });
    labels.into_iter().flat_map(of).collect()
}

/// A live route goes over to the alias once that may be called, and back to the function once that may. Nothing is left of a
/// release that was interrupted on its way in or out.
#[test]
fn a_release_comes_and_goes_under_a_live_route() {
    let (with, without) = (stack(1, LIVE), stack(1, ""));
    let asynchronous = stack(1, "    release: live\n    async: { retries: 0 }\n");
    for (from, to) in
        [(&without, &with), (&with, &without), (&asynchronous, &without), (&without, &asynchronous)]
    {
        let cloud = after(&empty(), from);
        let whole_run = up(&cloud, to);
        assert_eq!(whole_run.violations, Vec::<String>::new());
        let fresh = dump(&after(&empty(), to));
        for fault in kills(&whole_run) {
            let ended = run(&cloud, Command::Up(to), Some(fault.clone()));
            assert_eq!(unanswered(&ended.cloud), None, "{fault}");
            let next = after(&ended.cloud, to);
            is_in_sync(&next, to);
            assert_eq!(differences(&dump(&next), &fresh), Vec::<String>::new(), "{fault}");
        }
    }
}

/// A function without a release costs no call for one.
#[test]
fn a_function_without_a_release_is_not_asked_for_versions() {
    let plain = stack(1, "");
    let ran = up(&after(&empty(), &plain), &plain);
    let is_of_release = |name: &str| name.contains("Version") || name.contains("Alias");
    assert!(!ran.records.iter().any(|record| is_of_release(&record.label.name)));
    assert!(!ran.cloud.lambda.functions["save"].tags.contains_key("provision:releases"));
}

/// A release takes two more writes, and a look two more reads for the function and four for each alias; `docs/speed.md` says so.
#[test]
fn a_release_takes_two_more_writes() {
    let calls = |ran: &Ran, is_counted: fn(&str) -> bool| -> Vec<String> {
        let names = ran.records.iter().map(|record| record.label.name.clone());
        let mut names: Vec<String> = names.filter(|name| is_counted(name)).collect();
        names.sort();
        names
    };
    let is_write = |name: &str| ["Update", "Publish", "Tag", "Put"].iter().any(|verb| name.contains(verb));
    let change = |members: &str| up(&after(&empty(), &stack(1, members)), &stack(2, members));
    assert_eq!(calls(&change(""), is_write), ["lambda:UpdateFunctionConfiguration"]);
    let released = ["lambda:PublishVersion", "lambda:UpdateAlias", "lambda:UpdateFunctionConfiguration"];
    assert_eq!(calls(&change(LIVE), is_write), released);

    let of_lambda = |name: &str| name.starts_with("lambda:");
    let nothing = |members: &str| up(&after(&empty(), &stack(1, members)), &stack(1, members));
    let plain = calls(&nothing(""), of_lambda);
    assert_eq!(plain, ["lambda:GetFunction", "lambda:GetPolicy", "lambda:ListEventSourceMappings"]);
    let more = [
        "lambda:GetAlias",
        "lambda:GetFunctionEventInvokeConfig",
        "lambda:GetPolicy",
        "lambda:GetProvisionedConcurrencyConfig",
        "lambda:ListAliases",
        "lambda:ListVersionsByFunction",
    ];
    let mut all: Vec<String> = plain.into_iter().chain(more.map(str::to_owned)).collect();
    all.sort();
    assert_eq!(calls(&nothing(LIVE), of_lambda), all);
}

/// A canary is a state that lives in AWS: an `up` without a change leaves it alone, and `status` shows it.
#[test]
fn a_canary_stays_until_it_is_promoted_or_rolled_back() {
    let (one, two, three) = (stack(1, CANARY), stack(2, CANARY), stack(3, CANARY));
    let cloud = after(&after(&empty(), &one), &two);
    assert_eq!(served(&cloud, "live"), both("1", "2"));
    is_in_sync(&cloud, &two);
    let (_, said) = program(&cloud, &two, &["status"], 0);
    assert!(said.contains("canary: version 1 serves, and version 2 30 % of the invocations"), "{said}");

    let (promoted, said) = program(&cloud, &two, &["promote", "live"], 0);
    assert!(said.contains("save/live  version 2 serves"), "{said}");
    assert_eq!(served(&promoted, "live"), all("2"));
    is_in_sync(&promoted, &two);
    let (_, said) = program(&promoted, &two, &["promote", "save"], 0);
    assert!(said.contains("nothing to move"), "{said}");

    let (back, said) = program(&cloud, &two, &["rollback", "save/live"], 0);
    assert!(said.contains("save/live  version 1 serves"), "{said}");
    assert_eq!(served(&back, "live"), all("1"));
    // What was rolled back stays so until there is another version.
    is_in_sync(&back, &two);
    let (_, said) = program(&back, &two, &["status"], 0);
    assert!(said.contains("version 2 was rolled back: version 1 serves"), "{said}");
    let next = after(&back, &three);
    assert_eq!(served(&next, "live"), both("1", "3"));
    // And can be tried again.
    let (again, _) = program(&back, &two, &["promote", "live"], 0);
    assert_eq!(served(&again, "live"), both("1", "2"));

    // A promoted version goes back to the one before it, once.
    let (back, _) = program(&promoted, &two, &["rollback", "live"], 0);
    assert_eq!(served(&back, "live"), all("1"));
    let (_, said) = program(&back, &two, &["rollback", "live"], 0);
    assert!(said.contains("nothing to move"), "{said}");
}

/// The first `up` sets an alias that only `promote` moves.
#[test]
fn a_manual_alias_waits_for_promote() {
    let (one, two) = (stack(1, MANUAL), stack(2, MANUAL));
    let first = after(&empty(), &one);
    assert_eq!((served(&first, "live"), served(&first, "next")), (all("1"), all("1")));
    let second = after(&first, &two);
    assert_eq!((served(&second, "live"), served(&second, "next")), (all("1"), all("2")));
    is_in_sync(&second, &two);
    let (promoted, said) = program(&second, &two, &["promote", "save", "--json"], 0);
    assert_eq!((served(&promoted, "live"), served(&promoted, "next")), (all("2"), all("2")));
    let documents: Vec<serde_json::Value> =
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let released: Vec<_> = documents.iter().filter(|one| one["type"] == "released").collect();
    assert_eq!(
        (released.len(), &released[0]["now"], &released[1]["moved"]),
        (2, &"version 2 serves".into(), &false.into())
    );
    is_in_sync(&promoted, &two);
}

#[test]
fn what_cannot_be_moved_is_an_error() {
    let live = stack(1, LIVE);
    let first = after(&empty(), &live);
    let (_, said) = program(&first, &live, &["promote", "liv"], 64);
    assert!(said.contains("has no release `liv`") && said.contains("did you mean `live`?"), "{said}");
    let (_, said) = program(&first, &live, &["rollback", "live"], 1);
    assert!(said.contains("there is no version before version 1, which serves"), "{said}");
    let (_, said) = program(&empty(), &live, &["promote", "live"], 1);
    assert!(said.contains("save/live is not deployed") && said.contains("provision up"), "{said}");
    let plain = stack(1, "");
    let (_, said) = program(&first, &plain, &["promote", "live"], 64);
    assert!(said.contains("no function of the stack file has a `release`"), "{said}");
}

/// A version keeps the role that it was published with, so that is deleted once no alias stands for the version.
#[test]
fn a_role_outlives_the_version_that_was_published_with_it() {
    let of = |role: &str, members: &str| {
        Fixture::of(&format!(
            "stack: one\nroles: {{ shared: {{}} }}\nfunctions:\n  save:\n    code: lambdas/create_item\n    \
             runtime: python3.13\n{role}{members}api: {{ routes: {{ GET /: save }} }}\n"
        ))
    };
    let shared = "    role: shared\n";
    for members in [LIVE, ""] {
        let cloud = after(&empty(), &of("", members));
        let moved = up(&cloud, &of(shared, members));
        assert_eq!(moved.violations, Vec::<String>::new());
        assert!(!moved.cloud.iam.roles.contains_key("save_role"));
        is_in_sync(&moved.cloud, &of(shared, members));
    }
    // AWS lets no alias stand for versions with different roles.
    let cloud = after(&empty(), &of("", CANARY));
    let refused = run(&cloud, Command::Up(&of(shared, CANARY)), None);
    let End::Failed(errors) = &refused.end else { panic!("{:?}", refused.end) };
    let way = "if versions 1 and 2 differ so, run `provision up` once without `canary`";
    assert!(errors.iter().any(|error| error.contains(way)), "{errors:?}");
    assert_eq!((served(&refused.cloud, "live"), unanswered(&refused.cloud)), (all("1"), None));
    let moved = up(&later(&refused.cloud, HOUR), &of(shared, LIVE));
    assert_eq!(served(&moved.cloud, "live"), all("2"));
    is_in_sync(&moved.cloud, &of(shared, CANARY));
}

/// Of the versions that no alias stands for, so many stay as `keep` says. The newest of them is what `rollback` returns to.
#[test]
fn old_versions_are_deleted() {
    let of = |number| stack(number, "    release: { aliases: { live: {} }, keep: 2 }\n");
    let mut cloud = empty();
    for number in 1..=6 {
        cloud = after(&cloud, &of(number));
        is_in_sync(&cloud, &of(number));
    }
    let versions: Vec<u64> = cloud.lambda.functions["save"].releases.versions.keys().copied().collect();
    assert_eq!(versions, [4, 5, 6]);
    let (back, _) = program(&cloud, &of(6), &["rollback", "live"], 0);
    assert_eq!(served(&back, "live"), all("5"));
}

/// They start anew for another version, which takes minutes.
#[test]
fn instances_that_are_kept_ready_are_waited_for() {
    let of = |number, count| {
        stack(
            number,
            &format!("    release: {{ aliases: {{ live: {{}} }}, provisioned_concurrency: {count} }}\n"),
        )
    };
    let first = up(&empty(), &of(1, 2));
    let kept = |cloud: &Cloud| cloud.lambda.functions["save"].releases.provisioned["live"].requested;
    assert_eq!(kept(&first.cloud), 2);
    is_in_sync(&first.cloud, &of(1, 2));
    let moved = up(&later(&first.cloud, HOUR), &of(2, 3));
    assert_eq!((kept(&moved.cloud), served(&moved.cloud, "live")), (3, all("2")));
    is_in_sync(&moved.cloud, &of(2, 3));
}
