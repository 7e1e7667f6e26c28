//! Secrets and parameters: what real ones do, and what the program does then.

use super::declared::Declared;
use super::processes::each;
use super::shipped::{well, whole};
use crate::cloud::{Cloud, Paging};
use crate::dump::{differences, dump};
use crate::fixture::Fixture;
use crate::program::{command, visit, visit_after};
use crate::run::{A_MOMENT, Command, End, Ran, empty, later, run};
use crate::service::Drift;
use crate::services::Service;
use crate::services::ssm::Parameter;
use std::fs;
use std::path::Path;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The values, none of which any output may have.
const HIDDEN: [&str; 4] = ["t0ken-of-mine", "p4ss-w0rd-of-db", "text-0f-a-secret", "s3t-by-hand"];

const SHOP: &str = "stack: shop
parameters:
  /shop/level: info
  /shop/url: '${api.url}/items'
  /shop/token: { value: t0ken-of-mine, type: secure-string }
secrets:
  shop/db: { value: { user: ada, password: p4ss-w0rd-of-db } }
  shop/text: { value: text-0f-a-secret, recovery: 10 days }
  shop/drawn: { generate: { length: 24, exclude_punctuation: true } }
  shop/later: {}
functions:
  f:
    code: lambdas/create_item
    runtime: python3.13
    access: { /shop/token: read, shop/db: read, shop/later: write }
    environment: { DB: '${secrets[\"shop/db\"].name}', LEVEL: '${parameters[\"/shop/level\"].name}' }
api: { routes: { GET /: f } }
";

fn shop() -> Fixture {
    Fixture::of(SHOP)
}

fn up(cloud: &Cloud, stack: &Fixture) -> Ran {
    run(cloud, Command::Up(stack), None)
}

/// The account a minute after a first `up`.
fn created(stack: &Fixture) -> Cloud {
    later(&whole(up(&empty(), stack)).cloud, MINUTE)
}

fn errors(ran: &Ran) -> String {
    match &ran.end {
        End::Failed(errors) => errors.join("\n"),
        other => panic!("{other:?}"),
    }
}

/// The stack with a part of it replaced.
fn with(from: &str, to: &str) -> Fixture {
    assert_eq!(SHOP.matches(from).count(), 1, "{from}");
    Fixture::of(&SHOP.replace(from, to))
}

#[test]
fn they_come_up_once_and_go_down() {
    let stack = shop();
    let cloud = created(&stack);
    assert_eq!(cloud.ssm.value("/shop/level"), Some("info"));
    assert!(
        cloud
            .ssm
            .value("/shop/url")
            .is_some_and(|url| url.starts_with("https://") && url.ends_with("/items"))
    );
    assert_eq!(cloud.ssm.value("/shop/token"), Some("t0ken-of-mine"));
    assert_eq!(cloud.secretsmanager.text("shop/db"), Some(r#"{"password":"p4ss-w0rd-of-db","user":"ada"}"#));
    assert_eq!(cloud.secretsmanager.text("shop/text"), Some("text-0f-a-secret"));
    assert_eq!(cloud.secretsmanager.text("shop/drawn").map(str::len), Some(24));
    assert_eq!(cloud.secretsmanager.text("shop/later"), None);
    let again = well(up(&cloud, &stack));
    assert_eq!(again.writes(), Vec::<String>::new());
    let down = well(run(&cloud, Command::Down(&stack), None));
    assert!(dump(&later(&down.cloud, MINUTE)).is_empty());
    assert_eq!(well(run(&down.cloud, Command::Down(&stack), None)).writes(), Vec::<String>::new());
}

/// Nothing is read for a stack that has none of them, and ten parameters take one call.
#[test]
fn a_second_run_reads_parameters_together_and_no_value() {
    let parameters: String = (0..25).map(|number| format!("  /p/{number}: value-{number}\n")).collect();
    let stack = Fixture::of(&format!(
        "stack: many\nparameters:\n{parameters}secrets: {{ one: {{ value: 0ne-secret }} }}\n"
    ));
    let mut cloud = later(&created(&stack), 60 * MINUTE);
    cloud.paging = Paging::Documented;
    let again = well(up(&cloud, &stack));
    let count = |name: &str| again.records.iter().filter(|record| record.label.name == name).count();
    assert_eq!((count("ssm:GetParameters"), count("ssm:DescribeParameters")), (3, 1));
    assert_eq!((count("ssm:ListTagsForResource"), count("secretsmanager:DescribeSecret")), (0, 1));
    assert_eq!(count("secretsmanager:GetSecretValue"), 0);
}

#[test]
fn another_value_in_the_file_is_a_change_in_place() {
    let cloud = created(&shop());
    for (from, to, write, shown) in [
        ("info", "debug", "ssm:PutParameter /shop/level #1", "info → debug"),
        ("t0ken-of-mine", "t0ken-of-yours", "ssm:PutParameter /shop/token #1", "secure_value"),
        ("p4ss-w0rd-of-db", "p4ss-w0rd-of-all", "secretsmanager:PutSecretValue shop/db #1", "value"),
        ("text-0f-a-secret", "text-0f-all", "secretsmanager:PutSecretValue shop/text #1", "value"),
    ] {
        let stack = with(from, to);
        let plan = visit(&cloud, &stack, &["plan"], None);
        let said = &plan.exit().out;
        assert!(said.contains(shown) && !said.contains("0f-all") && !said.contains("of-yours"), "{said}");
        let ran = whole(up(&cloud, &stack));
        assert_eq!(ran.writes().first().map(String::as_str), Some(write));
        assert!(
            ran.writes().iter().all(|one| one == write || one.starts_with("ssm:AddTags")),
            "{:?}",
            ran.writes()
        );
        let settled = later(&ran.cloud, MINUTE);
        assert_eq!(well(up(&settled, &stack)).writes(), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn every_drift_is_undone() {
    let drifts: Vec<&(&str, Drift)> =
        [Service::Ssm, Service::SecretsManager].into_iter().flat_map(|service| service.drifts()).collect();
    assert!(drifts.len() > 15, "{}", drifts.len());
    // The tagging API is some minutes late.
    let made = Declared::of(shop()).undoes(drifts.clone(), &[0, 1, 2, 3], 60 * MINUTE, |_| ());
    assert!(made >= drifts.len());
}

/// A value that the file does not give is nobody's but who set it.
#[test]
fn values_that_the_file_does_not_give_are_left_alone() {
    let stack = shop();
    let mut cloud = created(&stack);
    cloud.secretsmanager.put("shop/drawn", "theirs");
    cloud.secretsmanager.put("shop/later", "theirs");
    let ran = well(up(&cloud, &stack));
    assert_eq!(ran.writes(), Vec::<String>::new());
    // Also where the file gave it before.
    let open = with("{ value: text-0f-a-secret, recovery: 10 days }", "{ recovery: 10 days }");
    assert_eq!(well(up(&cloud, &open)).writes(), Vec::<String>::new());
    let drawn = with("{ value: text-0f-a-secret, recovery: 10 days }", "{ generate: {}, recovery: 10 days }");
    assert_eq!(well(up(&cloud, &drawn)).writes(), Vec::<String>::new());
    // One that has no value gets one.
    let drawn = with("shop/later: {}", "shop/later: { generate: { length: 12 } }");
    let ran = whole(up(&created(&stack), &drawn));
    assert_eq!(ran.cloud.secretsmanager.text("shop/later").map(str::len), Some(12));
}

/// Whether a text says something of a day that is so many from now: real runs take real time, also over midnight.
fn names_day(text: &str, days: i64, says: &str) -> bool {
    let now = chrono::Utc::now();
    [0, 1].into_iter().any(|ago| {
        let day = now + chrono::Duration::days(days - ago);
        text.contains(&says.replace("DAY", &day.format("%Y-%m-%d").to_string()))
    })
}

/// `down` keeps them for a while, and says for how long; `up` restores them with what they hold.
#[test]
fn up_restores_what_down_has_deleted() {
    let stack = shop();
    let cloud = created(&stack);
    let drawn = cloud.secretsmanager.text("shop/drawn").map(str::to_owned);
    let before = dump(&cloud);
    let down = visit(&cloud, &stack, &["down", "--yes"], None);
    let said = format!("{}{}", down.exit().out, down.exit().err);
    assert!(names_day(&said, 7, "until DAY an `up` of the same stack file restores it"), "{said}");
    assert!(names_day(&said, 10, "until DAY an `up`"), "{said}");
    let deleted = later(&down.cloud, MINUTE);
    assert!(dump(&deleted).is_empty());
    let plan = visit(&deleted, &stack, &["plan"], None);
    let said = &plan.exit().out;
    assert!(names_day(said, 7, "it was to be deleted on DAY, and is restored"), "{said}");
    let restored = later(&whole(up(&deleted, &stack)).cloud, MINUTE);
    assert_eq!(restored.secretsmanager.text("shop/drawn"), drawn.as_deref());
    let differ = differences(&dump(&restored), &before);
    let differ: Vec<&String> =
        differ.iter().filter(|one| one.starts_with("secret ") || one.starts_with("parameter ")).collect();
    // The API has another URL.
    assert_eq!(differ.iter().filter(|one| !one.contains("/shop/url")).count(), 0, "{differ:#?}");
    assert_eq!(well(up(&restored, &stack)).writes(), Vec::<String>::new());
    // Once the time is up there is nothing to restore.
    let new = whole(up(&later(&deleted, 31 * DAY), &stack));
    assert_ne!(new.cloud.secretsmanager.text("shop/drawn"), drawn.as_deref());
}

#[test]
fn a_secret_of_another_owner_that_is_to_be_deleted_is_left_alone() {
    let stack = shop();
    let mut cloud = empty();
    cloud.secretsmanager.put("shop/db", "theirs");
    cloud.secretsmanager.schedule_deletion("shop/db");
    let refused = up(&cloud, &stack);
    assert!(errors(&refused).contains("secret shop/db already exists"), "{}", errors(&refused));
    assert_eq!(refused.writes(), Vec::<String>::new());
    let mut cloud = empty();
    cloud.ssm.put("/shop/level", Parameter::text("theirs"));
    assert!(errors(&up(&cloud, &stack)).contains("parameter /shop/level already exists"));
}

#[test]
fn a_secret_is_deleted_only_where_that_is_allowed() {
    let cloud = created(&shop());
    let without = with("  shop/text: { value: text-0f-a-secret, recovery: 10 days }\n", "");
    let refused = visit(&cloud, &without, &["up", "--yes"], None);
    let said = format!("{:?}", refused.exit());
    assert!(said.contains("its value would be lost"), "{said}");
    assert!(said.contains("--allow-data-loss secrets.shop/text"), "{said}");
    assert_eq!(refused.writes(), Vec::<String>::new());
    let allowed = visit(&cloud, &without, &["up", "--yes", "--allow-data-loss", "secrets.shop/text"], None);
    assert_eq!(allowed.writes(), ["secretsmanager:DeleteSecret shop/text #1"]);
    // The days of the entry that is gone.
    let said = format!("{:?}", allowed.exit());
    assert!(names_day(&said, 10, "its deletion is scheduled for DAY"), "{said}");
}

/// AWS cannot change these in place.
#[test]
fn another_type_and_a_lower_tier_are_replacements() {
    let cloud = created(&shop());
    for (from, to) in [
        ("/shop/level: info", "/shop/level: [info]"),
        ("/shop/level: info", "/shop/level: { value: info, type: secure-string }"),
    ] {
        let stack = with(from, to);
        let ran = whole(up(&cloud, &stack));
        assert_eq!(ran.writes(), ["ssm:DeleteParameter /shop/level #1", "ssm:PutParameter /shop/level #1"]);
        assert_eq!(well(up(&later(&ran.cloud, MINUTE), &stack)).writes(), Vec::<String>::new());
    }
    let advanced = with("/shop/level: info", "/shop/level: { value: info, tier: advanced }");
    let ran = whole(up(&cloud, &advanced));
    assert_eq!(ran.writes(), ["ssm:PutParameter /shop/level #1"]);
    let back = whole(up(&later(&ran.cloud, MINUTE), &shop()));
    assert_eq!(back.writes(), ["ssm:DeleteParameter /shop/level #1", "ssm:PutParameter /shop/level #1"]);
}

#[test]
fn a_label_on_the_oldest_of_a_hundred_versions_stops_the_next_one() {
    let mut cloud = created(&shop());
    for _ in 0..99 {
        cloud.ssm.put("/shop/level", Parameter::text("theirs"));
    }
    let stack = with("info", "debug");
    let ran = whole(up(&later(&cloud, MINUTE), &stack));
    assert_eq!(ran.cloud.ssm.value("/shop/level"), Some("debug"));
    cloud.ssm.label_oldest("/shop/level");
    let refused = up(&later(&cloud, MINUTE), &stack);
    assert!(errors(&refused).contains("maximum number of parameter versions"), "{}", errors(&refused));
}

/// Runs a command, and looks through all that it prints, and through the files that it leaves.
fn look(cloud: &Cloud, stack: &Fixture, args: &[&str]) -> (Cloud, String) {
    let visit = visit_after(A_MOMENT, cloud, &[command(stack, args)], None);
    let printed = format!("{}\n{}", visit.exit().out, visit.exit().err);
    for hidden in HIDDEN {
        assert!(!printed.contains(hidden), "{args:?}\n{printed}");
    }
    if let Some(drawn) = visit.cloud.secretsmanager.text("shop/drawn") {
        assert!(!printed.contains(drawn), "{args:?}\n{printed}");
    }
    files(&stack.stack.folder, &|path, bytes| {
        // The stack file itself says them.
        let text = String::from_utf8_lossy(bytes);
        let is_own = path.file_name().is_some_and(|name| name == "stack.yaml");
        assert!(
            is_own || HIDDEN.iter().all(|hidden| !text.contains(hidden)),
            "{args:?} leaves {}",
            path.display()
        );
    });
    (visit.cloud, printed)
}

fn files(folder: &Path, found: &dyn Fn(&Path, &[u8])) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => files(&path, found),
            false => found(&path, &fs::read(&path).unwrap_or_default()),
        }
    }
}

#[test]
fn no_output_shows_a_value() {
    let stack = shop();
    let before: &[&[&str]] = &[
        &["validate", "--json"],
        &["iam-policy", "--account", "123456789012"],
        &["graph"],
        &["plan", "-vv"],
        &["plan", "--json"],
        &["plan", "--markdown"],
        &["plan", "--out", "saved.json"],
        &["plan", "--html", "plan.html"],
        &["plan", "--show-values"],
    ];
    each(before, |args| drop(look(&empty(), &stack, args)));
    let (cloud, _) = look(&empty(), &stack, &["up", "--yes", "-vv"]);
    let mut cloud = later(&cloud, MINUTE);
    cloud.secretsmanager.put("shop/later", "s3t-by-hand");
    let changed = with("text-0f-a-secret", "text-0f-a-secret-2");
    let after: &[&[&str]] = &[
        &["plan", "-vv"],
        &["plan", "--json"],
        &["status", "-v"],
        &["status", "--json"],
        &["outputs"],
        &["outputs", "--json"],
        &["list", "--json"],
        &["up", "--yes", "--json", "-vv"],
        &["down", "--yes", "-vv"],
    ];
    each(after, |args| drop(look(&cloud, &stack, args)));
    each(after, |args| drop(look(&cloud, &changed, args)));
    // What AWS quotes is not shown either.
    let hindered = Cloud { hindrance: Some(quotes_everything), ..cloud };
    let (_, printed) = look(&hindered, &changed, &["up", "--yes", "--json"]);
    assert!(printed.contains("Invalid value"), "{printed}");
}

fn quotes_everything(_: &Cloud, call: &crate::wire::Call) -> Option<crate::cloud::ServiceError> {
    let is_refused = ["PutSecretValue", "PutParameter"].contains(&call.operation.name.as_str());
    let message = format!("Invalid value: {}", call.params);
    is_refused.then(|| crate::cloud::ServiceError::new("InvalidParameterException", message))
}

/// What a value is made of makes no difference. Each run here is in another region, so none has that in it.
#[test]
fn any_value_is_known_again() {
    for value in ["'98765432107'", "{ a: [1, true, null, { b: 'c d' }] }", "'of ${stack}'"] {
        let text = format!(
            "stack: shop\nsecrets:\n  /s/key: {{ value: {value}, kms_key: alias/own, description: d }}\n"
        );
        let stack = Fixture::of(&text);
        let ran = whole(up(&empty(), &stack));
        let version = ran.cloud.secretsmanager.text("/s/key").map(str::to_owned);
        let again = well(up(&ran.cloud, &stack));
        assert_eq!(again.writes(), Vec::<String>::new(), "{value}: {version:?}");
    }
}
