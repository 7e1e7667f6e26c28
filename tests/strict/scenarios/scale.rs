//! Large stacks: how long AWS's quotas let a command take, and that it takes hardly longer.

use super::shipped::well;
use crate::cloud::{Cloud, Paging, VISIBLE};
use crate::dump::dump;
use crate::fixture::Fixture;
use crate::run::{Command, End, Ran, empty, later, run};
use crate::services::Service;
use crate::services::apigateway::{DEPLOYMENT, cannot_invoke};
use crate::services::dynamodb::TABLE;
use crate::services::iam::ASSUMABLE;
use crate::services::lambda::PENDING;
use crate::services::logs::Group;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// How much longer than the bound a command may take, and how much longer in any case: the bound knows nothing of the ways
/// there and back that a command goes one after the other.
const SLACK: f64 = 1.3;
const WAYS: f64 = 3.0;

/// Longer than the tagging API takes to list what was created.
const MINUTES: Duration = Duration::from_secs(300);

/// A stack of so many functions, whose routes are dealt out to them in turn.
#[derive(Debug, Clone, Copy)]
struct Size {
    functions: usize,
    routes: usize,
}

impl Size {
    /// The stack file.
    fn text(self) -> String {
        let mut text = "stack: large\ntables:\n  notes: { partition_key: id }\nfunctions:\n".to_owned();
        for function in 0..self.functions {
            writeln!(
                text,
                "  f{function}: {{ code: lambdas/code.py, handler: code.handler, runtime: python3.13, access: {{ notes: read }} }}"
            )
            .unwrap();
        }
        text.push_str("api:\n  routes:\n");
        for route in 0..self.routes {
            writeln!(text, "    GET /r{route}/{{id}}: f{}", route % self.functions).unwrap();
        }
        text
    }

    /// The statements in the functions' policies: one for each route, or one for all where a function has many.
    fn permissions(self) -> usize {
        if self.routes > 40 * self.functions { self.functions } else { self.routes }
    }
}

/// Calls that a command cannot do without.
type Needed = (Service, &'static str, usize);

/// Calls that run at the same time as others: no sooner than `after`, and with `before` to wait at their end.
struct Lane {
    after: Duration,
    calls: Vec<Needed>,
    before: Duration,
}

impl Lane {
    fn of(calls: &[Needed]) -> Self {
        Lane { after: Duration::ZERO, calls: calls.to_vec(), before: Duration::ZERO }
    }

    /// The time that it takes if nothing but quotas holds it up: that of the quota that takes longest.
    fn bound(&self) -> f64 {
        let mut loads: BTreeMap<&str, (f64, f64, usize)> = BTreeMap::new();
        let account = account();
        for (service, operation, count) in &self.calls {
            if let Some((name, per_second, burst)) = service.quota(&account, operation) {
                loads.entry(name).or_insert((per_second, burst, 0)).2 += count;
            }
        }
        let times = loads.values().map(|(per_second, burst, count)| (*count as f64 - burst) / per_second);
        self.after.as_secs_f64() + times.fold(0.0, f64::max) + self.before.as_secs_f64()
    }
}

/// What a command does one after the other: a plan is shown before anything is written, so all reads come before all writes.
fn bound(phases: &[Vec<Lane>]) -> f64 {
    phases.iter().map(|lanes| lanes.iter().map(Lane::bound).fold(0.0, f64::max)).sum()
}

/// An account where nothing is, which pages its lists as AWS does.
fn account() -> Cloud {
    Cloud { paging: Paging::Documented, ..empty() }
}

/// The reads of a stack that is not there: each name is asked for.
fn look_for(size: Size) -> Vec<Lane> {
    let lambda = (Service::Lambda, "GetFunction", size.functions);
    vec![Lane::of(&[lambda, (Service::Logs, "DescribeLogGroups", 1), (Service::ApiGateway, "GetApis", 1)])]
}

/// The reads of a stack that is there. IAM and the tagging API, of which no quota is known, are left out.
fn look_at(size: Size) -> Vec<Needed> {
    vec![
        (Service::Lambda, "GetFunction", size.functions),
        (Service::Lambda, "GetPolicy", size.functions),
        (Service::Logs, "DescribeLogGroups", size.functions.div_ceil(50)),
        (Service::ApiGateway, "GetApis", 1),
        (Service::ApiGateway, "GetIntegrations", size.functions.div_ceil(100)),
        (Service::ApiGateway, "GetRoutes", size.routes.div_ceil(100)),
        (Service::ApiGateway, "GetStages", 1),
        (Service::DynamoDb, "ListTagsOfResource", 1),
    ]
}

/// The same before it is deleted: each log group is asked for its owner.
fn look_at_and_own(size: Size) -> Vec<Needed> {
    let tags = (Service::Logs, "ListTagsForResource", size.functions);
    look_at(size).into_iter().chain([tags]).collect()
}

/// The writes that make a stack. The stage comes last, and its deployment takes a moment.
fn make(size: Size) -> Vec<Lane> {
    let delays = empty().delays;
    let api = [
        (Service::ApiGateway, "CreateApi", 1),
        (Service::ApiGateway, "CreateIntegration", size.functions),
        (Service::ApiGateway, "CreateRoute", size.routes),
        (Service::ApiGateway, "CreateStage", 1),
        (Service::ApiGateway, "GetStage", 1),
    ];
    let logs = [
        (Service::Logs, "CreateLogGroup", size.functions),
        (Service::Logs, "PutRetentionPolicy", size.functions),
    ];
    let create = (Service::Lambda, "CreateFunction", size.functions);
    let permit = (Service::Lambda, "AddPermission", size.permissions());
    let poll = (Service::Lambda, "GetFunction", size.functions);
    let functions = |calls: &[Needed], before: Duration| Lane {
        after: delays.of(ASSUMABLE),
        before: before + delays.of(DEPLOYMENT),
        ..Lane::of(calls)
    };
    vec![
        Lane { before: delays.of(DEPLOYMENT), ..Lane::of(&api) },
        Lane { before: delays.of(DEPLOYMENT), ..Lane::of(&logs) },
        functions(&[create, poll], delays.of(PENDING)),
        functions(&[create, poll, permit], Duration::ZERO),
    ]
}

/// The writes that delete a stack: a log group is deleted after its function.
fn delete(size: Size) -> Vec<Lane> {
    let delays = empty().delays;
    let functions = [
        (Service::Lambda, "DeleteFunction", size.functions),
        (Service::Lambda, "GetFunction", size.functions),
        (Service::Logs, "DeleteLogGroup", size.functions),
    ];
    vec![
        Lane::of(&[(Service::ApiGateway, "DeleteApi", 1)]),
        Lane { after: delays.of(TABLE), ..Lane::of(&[]) },
        Lane { after: delays.of(VISIBLE), ..Lane::of(&functions) },
    ]
}

/// Prints how long a command took against its bound, and fails where that is too long.
fn within(what: &str, ran: &Ran, phases: &[Vec<Lane>]) {
    let (bound, took) = (bound(phases), ran.took.as_secs_f64());
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for record in &ran.records {
        *counts.entry((&record.label.name, &record.outcome)).or_default() += 1;
    }
    println!("{what}: {took:.1} s of virtual time, {:.2} times the bound of {bound:.1} s", took / bound);
    let counts = counts.iter().map(|((name, outcome), count)| format!("{count} {name} {outcome}"));
    println!("    {}", counts.collect::<Vec<_>>().join(", "));
    assert!(
        took <= (SLACK * bound).max(bound + WAYS),
        "{what} took {took:.1} s, and the quotas allow {bound:.1} s"
    );
}

/// Up, up again, and down. When there is nothing to do, a command takes no longer than so many seconds.
fn attributes(size: Size, nothing_to_do: f64) {
    let stack = Fixture::of_one_file(&size.text());
    let name = format!("{} functions and {} routes", size.functions, size.routes);

    let up = well(run(&account(), Command::Up(&stack), None));
    let (id, api) = up.cloud.apigateway.apis.iter().next().expect("an API");
    assert_eq!((up.cloud.lambda.functions.len(), api.routes.len()), (size.functions, size.routes));
    for route in api.routes.values() {
        let key = route["RouteKey"].as_str().expect("a key");
        assert_eq!(cannot_invoke(&up.cloud, id, key), None, "{key}");
    }
    within(&format!("up of {name}"), &up, &[look_for(size), make(size)]);
    let collided = up.records.iter().filter(|record| record.outcome.contains("Conflict"));
    assert_eq!(collided.count(), 0, "changes of one API or one function get in each other's way");

    let again = well(run(&later(&up.cloud, MINUTES), Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    within(&format!("up again of {name}"), &again, &[vec![Lane::of(&look_at(size))]]);
    assert!(again.took.as_secs_f64() <= nothing_to_do, "up again of {name} took {:?}", again.took);

    let down = well(run(&again.cloud, Command::Down(&stack), None));
    let after = later(&down.cloud, Duration::from_secs(60));
    assert!(dump(&after).is_empty(), "{:?}", dump(&after));
    within(
        &format!("down of {name}"),
        &down,
        &[vec![Lane::of(&look_at_and_own(size))], delete(size), look_for(size)],
    );
}

#[test]
fn many_functions_take_little_longer_than_the_quotas_need() {
    attributes(Size { functions: 300, routes: 300 }, 26.0);
}

#[test]
fn some_functions_take_little_longer_than_the_quotas_need() {
    attributes(Size { functions: 50, routes: 50 }, 5.0);
}

#[test]
fn many_routes_of_one_function_take_little_longer_than_the_quotas_need() {
    attributes(Size { functions: 1, routes: 300 }, 2.0);
}

/// IAM's limits are published nowhere. Whatever they are, its throttling is waited out.
#[test]
fn throttling_by_iam_is_waited_out() {
    let stack = Fixture::of_one_file(&Size { functions: 150, routes: 1 }.text());
    let mut slow = account();
    slow.iam.quota = Some((20.0, 100.0));
    let up = well(run(&slow, Command::Up(&stack), None));
    let refused = |ran: &Ran| ran.records.iter().filter(|record| record.outcome == "Throttling").count();
    let again = well(run(&up.cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    let down = well(run(&again.cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, Duration::from_secs(60))).is_empty());
    for (what, ran) in [("up", &up), ("up again", &again), ("down", &down)] {
        println!("{what}: {:.1} s of virtual time, {} calls refused", ran.took.as_secs_f64(), refused(ran));
        assert!(refused(ran) > 0, "{what} never met the limit");
    }
}

/// Log groups are read by pages where many are wanted, which must not read an account full of others to its end.
#[test]
fn an_account_full_of_log_groups_is_not_read_to_its_end() {
    let stack = Fixture::of_one_file(&Size { functions: 12, routes: 1 }.text());
    let up = well(run(&account(), Command::Up(&stack), None));
    for paging in [Paging::Mean, Paging::Documented] {
        let mut full = Cloud { paging, ..up.cloud.clone() };
        for number in 0..5_000 {
            full.logs.groups.insert(format!("/aws/lambda/f-{number}"), Group::default());
        }
        let again = well(run(&full, Command::Up(&stack), None));
        assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
        let described = again.records.iter().filter(|record| record.label.name == "logs:DescribeLogGroups");
        assert!(described.count() <= 24, "no more than a page and a call for each name");
    }
}
