//! Releases on the real local cloud: a canary answers from both versions in its proportion.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::http::get;
use crate::running::Running;
use std::collections::BTreeMap;

const STACK: &str = "\
stack: words
functions:
  say:
    code: say
    runtime: python3.13
    release: { aliases: { live: { canary: 30 }, next: { deploy: manual } } }
api:
  routes:
    GET /live: say
    GET /next: { function: say, alias: next }
";

fn cloud() -> Cloud {
    let cloud = Cloud::with(STACK);
    std::fs::create_dir_all(cloud.path("stack/say")).unwrap();
    say(&cloud, "first");
    cloud
}

fn say(cloud: &Cloud, word: &str) {
    let code =
        format!("def lambda_handler(event, context):\n    return {{'statusCode': 200, 'body': '{word}'}}\n");
    cloud.write("say/lambda_function.py", &code);
}

/// How often each word is the answer of so many requests.
async fn answers(api: &str, path: &str, requests: usize) -> BTreeMap<String, usize> {
    let mut answers = BTreeMap::new();
    for _ in 0..requests {
        let answer = get(api, path).await.ok();
        *answers.entry(answer.as_str().unwrap().to_owned()).or_insert(0) += 1;
    }
    answers
}

fn counts<const N: usize>(expected: [(&str, usize); N]) -> BTreeMap<String, usize> {
    expected.into_iter().map(|(word, count)| (word.to_owned(), count)).collect()
}

/// From each change of an alias on, the local cloud draws exactly the declared share.
#[tokio::test]
async fn a_canary_answers_from_both_versions_in_its_proportion() {
    let cloud = cloud();
    let api = cloud.up().api();
    assert_eq!(answers(&api, "/live", 20).await, counts([("first", 20)]));
    cloud.up().changes_nothing();

    say(&cloud, "second");
    cloud
        .plan()
        .says("alias live")
        .says("30 % of the invocations, until `provision promote live` gives it all");
    cloud.up().ok();
    assert_eq!(answers(&api, "/live", 200).await, counts([("first", 140), ("second", 60)]));
    assert_eq!(answers(&api, "/next", 20).await, counts([("first", 20)]));
    cloud.up().changes_nothing();
    cloud
        .run(&["status", "--local"])
        .ok()
        .says("canary: version 1 serves, and version 2 30 % of the invocations");

    cloud.run(&["promote", "live", "--local"]).ok().says("say/live  version 2 serves");
    assert_eq!(answers(&api, "/live", 20).await, counts([("second", 20)]));
    assert_eq!(answers(&api, "/next", 20).await, counts([("first", 20)]));
    cloud.run(&["promote", "say", "--local"]).ok().says("say/next  version 2 serves").says("nothing to move");
    assert_eq!(answers(&api, "/next", 20).await, counts([("second", 20)]));

    cloud.run(&["rollback", "say/live", "--local"]).ok().says("say/live  version 1 serves");
    assert_eq!(answers(&api, "/live", 20).await, counts([("first", 20)]));
    cloud.up().changes_nothing();
    cloud.run(&["invoke", "say", "--local"]).ok().says("first");
    cloud.run(&["invoke", "say/next", "--local"]).ok().says("second");

    cloud.down().ok().says("Nothing left.");
    assert_empty(&dump(&cloud.aws().await).await);
}

/// `dev` shows what was saved last, whatever the stack file leaves to `promote`.
#[tokio::test]
async fn dev_moves_every_alias_at_once() {
    let cloud = cloud();
    let mut dev = Running::start(&mut cloud.command(&["dev"]));
    let api = dev.says("API: ").strip_prefix("API: ").unwrap().to_owned();
    dev.says("Watching for changes. Press Ctrl-C to quit.");
    say(&cloud, "saved");
    dev.says("Done: ");
    for path in ["/live", "/next"] {
        assert_eq!(answers(&api, path, 20).await, counts([("saved", 20)]));
    }
    dev.interrupt();
    let (status, said) = dev.end();
    assert_eq!(status.code(), Some(0), "{said}");
}
