//! What real HTTP APIs were seen to do, and what comes of it.

use super::rich::RICH;
use super::shipped::{well, whole};
use crate::clock::Clock;
use crate::cloud::{Cloud, LISTS, TAGS};
use crate::connector::StrictCloud;
use crate::dump::dump;
use crate::faults::{FaultKind, Label, PlannedFault, Times};
use crate::fixture::Fixture;
use crate::run::{
    A_MOMENT, Command, End, client_config, empty, look, planned, run, run_after, waits_of_look,
};
use aws_sdk_apigatewayv2::Client;
use aws_sdk_apigatewayv2::error::ProvideErrorMetadata;
use aws_sdk_apigatewayv2::types::RouteSettings;
use provision::status::Health;
use serde_json::json;
use std::time::Duration;

const ONE_ROUTE: &str = "stack: one
functions: { save: { code: lambdas/create_item, runtime: python3.13 } }
api: { routes: { GET /: save } }
";

/// With auto deploy, only one field of the stage shows a failed deployment.
#[test]
fn a_failed_deployment_of_a_changed_route_is_an_error_and_the_next_run_deploys_again() {
    let (before, after) = (Fixture::of(ONE_ROUTE), Fixture::of(&ONE_ROUTE.replace("GET /:", "POST /:")));
    let mut cloud = whole(run(&empty(), Command::Up(&before), None)).cloud;
    cloud.apigateway.deployments_fail = Some("Internal error");
    let failed = run(&cloud, Command::Up(&after), None);
    let End::Failed(errors) = &failed.end else { panic!("{:?}", failed.end) };
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("Deployment attempt failed: Internal error"), "{errors:?}");
    let plan = planned(&failed.cloud, Command::Plan(&after));
    let steps: Vec<String> = plan.steps.iter().map(|step| step.id.to_string()).collect();
    // With it goes what waited for the route that failed.
    assert!(steps.contains(&"stage $default".to_owned()), "{steps:?}");
    assert!(
        steps.iter().all(|step| step.starts_with("stage") || step.starts_with("permission")),
        "{steps:?}"
    );
    cloud = failed.cloud;
    cloud.apigateway.deployments_fail = None;
    let mended = whole(run(&cloud, Command::Up(&after), None));
    assert_eq!(mended.writes().len(), steps.len(), "{:?}", mended.writes());
    assert_eq!(whole(run(&mended.cloud, Command::Up(&after), None)).end, End::Done(0));
}

/// The stage is asked once, however many routes change, and not at all where nothing of the API changes.
#[test]
fn the_stage_is_asked_once_after_the_last_change() {
    let asked = |text: &str, cloud: &Cloud| {
        let ran = whole(run(cloud, Command::Up(&Fixture::of(text)), None));
        let label = |ran: &crate::run::Ran| {
            ran.records.iter().filter(|record| record.label.name == "apigateway:GetStage").count()
        };
        // A deployment takes a second, in which it is asked again.
        (label(&ran) > 0, ran.cloud)
    };
    let (first, cloud) = asked(ONE_ROUTE, &empty());
    let (none, cloud) = asked(&ONE_ROUTE.replace("save: {", "save: { memory: 512,"), &cloud);
    let (more, _) = asked(&ONE_ROUTE.replace("GET /:", "GET /: save, POST /: save, PUT /:"), &cloud);
    assert_eq!((first, none, more), (true, false, true));
}

/// A list or a time that is no longer declared is cleared by the update itself: deleting the whole configuration first would
/// leave browsers without CORS for a moment, and for good if the process ended there.
#[test]
fn cors_is_never_absent_while_it_changes() {
    let cloud = whole(run(&empty(), Command::Up(&Fixture::of(RICH)), None)).cloud;
    let text = RICH.replace("    expose: [X-Own]\n", "").replace("    max_age: 3600\n", "");
    let changed = whole(run(&cloud, Command::Up(&Fixture::of(&text)), None));
    let cors: Vec<String> = changed.writes().into_iter().filter(|write| write.contains("Api ")).collect();
    assert_eq!(cors.len(), 1, "{:?}", changed.writes());
    assert!(cors[0].starts_with("apigateway:UpdateApi "), "{cors:?}");
    assert_eq!(whole(run(&changed.cloud, Command::Up(&Fixture::of(&text)), None)).end, End::Done(0));
}

/// The process died after CreateApi, and the next run sees the API without its tags.
#[test]
fn an_api_whose_tags_come_late_is_not_created_again() {
    let stack = Fixture::of(ONE_ROUTE);
    let up = well(run(&empty(), Command::Up(&stack), None));
    let create = up.records.iter().find(|record| record.label.name == "apigateway:CreateApi");
    let at: Label = create.expect("an API is created").label.clone();
    let fault = PlannedFault { at, kind: FaultKind::KilledAfterAll, times: Times::Once };
    let died = run(&empty(), Command::Up(&stack), Some(fault));
    assert_eq!((died.end, died.cloud.apigateway.apis.len()), (End::Died, 1));
    let between = (died.cloud.delays.of(LISTS) + died.cloud.delays.of(TAGS)) / 2;
    let waits = waits_of_look(between, &died.cloud, &stack);
    let expected = ["api", "role save_role"].map(|id| format!("{id}: its tags are not visible yet"));
    assert!(expected.iter().all(|wait| waits.contains(wait)), "{waits:?}");
    let again = well(run_after(between, &died.cloud, &[Command::Up(&stack)], None));
    assert_eq!(again.cloud.apigateway.apis.len(), 1);
}

/// What a person has set in the console, such as a throttle of nothing, which answers every request with 429.
#[test]
fn settings_made_by_hand_are_seen_and_left_alone() {
    let stack = Fixture::of(ONE_ROUTE);
    let mut cloud = whole(run(&empty(), Command::Up(&stack), None)).cloud;
    let api = cloud.apigateway.apis.values_mut().next().expect("an API");
    api.settings.insert("Version".to_owned(), "7".into());
    let stage = api.stages.get_mut("$default").expect("a stage");
    stage.settings["DefaultRouteSettings"] =
        json!({ "DetailedMetricsEnabled": false, "ThrottlingBurstLimit": 0, "ThrottlingRateLimit": 0.0 });
    stage.settings["RouteSettings"] = json!({ "GET /": { "DetailedMetricsEnabled": true } });
    stage.settings["StageVariables"] = json!({ "alias": "blue" });
    let again = whole(run(&cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    let observed = look(&cloud, &stack).observed.into_iter();
    let settings: Vec<String> = observed
        .flat_map(|one| {
            one.unmanaged_settings
                .into_iter()
                .map(move |(name, value)| format!("{}: {name} = {value}", one.id))
        })
        .collect();
    assert_eq!(
        settings,
        [
            "stage $default: GET / detailed_metrics = true",
            "stage $default: stage_variables.alias = blue",
            "stage $default: throttling_burst_limit = 0",
            "stage $default: throttling_rate_limit = 0",
            "api: version = 7",
        ]
    );
}

/// What people hang onto an API or a function of ours does not show in its own settings: its children are listed, and
/// strangers among them are shown and left alone [hazards: G12].
#[test]
fn strangers_in_what_is_ours_are_shown_and_left_alone() {
    let stack = Fixture::of(ONE_ROUTE);
    let mut cloud = whole(run(&empty(), Command::Up(&stack), None)).cloud;
    let api = cloud.apigateway.apis.values_mut().next().expect("an API");
    let child = |json: serde_json::Value| json.as_object().cloned().expect("a map");
    let integration = json!({ "IntegrationId": "byhand1", "IntegrationType": "HTTP_PROXY" });
    api.integrations.insert("byhand1".to_owned(), child(integration));
    let route = json!({ "RouteId": "byhand2", "RouteKey": "GET /admin", "Target": "integrations/byhand1",
                        "AuthorizationType": "NONE" });
    api.routes.insert("byhand2".to_owned(), child(route));
    let mut stage = api.stages["$default"].clone();
    (stage.tags, stage.settings["StageName"]) = (Default::default(), "byhand3".into());
    api.stages.insert("byhand3".to_owned(), stage);
    let now = cloud.now;
    let function = cloud.lambda.functions.get_mut("save").expect("a function");
    let mut statements = function.policy.now();
    let statement = json!({ "Sid": "byhand4", "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                            "Action": "lambda:InvokeFunction", "Resource": function.member("FunctionArn") });
    statements.push(statement);
    function.policy.set(now, statements);

    let plan = planned(&cloud, Command::Plan(&stack));
    let status = provision::status::status(&plan, &look(&cloud, &stack)).into_iter();
    let unmanaged = status.filter(|one| matches!(one.health, Health::Unmanaged(_)));
    let mut unmanaged: Vec<String> = unmanaged.map(|one| one.id.to_string()).collect();
    unmanaged.sort();
    assert_eq!(
        unmanaged,
        ["integration byhand1", "permission save byhand4", "route GET /admin", "stage byhand3"]
    );
    let again = whole(run(&cloud, Command::Up(&stack), None));
    assert_eq!((again.writes(), &again.end), (vec![], &End::Done(0)));
    assert_eq!(dump(&again.cloud), dump(&cloud));
}

/// Rules of the strict cloud that other deployers learnt on AWS [hazards: A1, A2, A4, A8].
#[test]
fn an_update_of_a_stage_clears_nothing_and_a_setting_needs_its_route() {
    let cloud = whole(run(&empty(), Command::Up(&Fixture::of(ONE_ROUTE)), None)).cloud;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(async {
        let clock = Clock::at(cloud.now + A_MOMENT);
        let strict = StrictCloud::new(cloud.clone(), clock, None);
        let client = Client::new(&client_config(&strict, clock));
        let id = cloud.apigateway.apis.keys().next().expect("an API").clone();
        let update = || client.update_stage().api_id(&id).stage_name("$default");
        let stage = async || client.get_stage().api_id(&id).stage_name("$default").send().await.unwrap();
        let limits = |burst: i32| RouteSettings::builder().throttling_burst_limit(burst);
        let both = limits(5).throttling_rate_limit(2.0).build();
        update().description("mine").default_route_settings(both.clone()).send().await.unwrap();
        update().description("").default_route_settings(limits(6).build()).send().await.unwrap();
        let seen = stage().await;
        let settings = seen.default_route_settings().unwrap();
        assert_eq!(seen.description(), Some("mine"));
        assert_eq!(
            (settings.throttling_burst_limit(), settings.throttling_rate_limit()),
            (Some(6), Some(2.0))
        );

        let of_route = |key: &str, settings: RouteSettings| update().route_settings(key, settings).send();
        let unknown = of_route("GET /nowhere", both.clone()).await.unwrap_err();
        assert_eq!(unknown.code(), Some("NotFoundException"));
        assert!(unknown.message().unwrap().starts_with("Unable to find Route by key GET /nowhere"));
        of_route("GET /", both).await.unwrap();
        of_route("GET /", limits(7).build()).await.unwrap();
        assert_eq!(stage().await.route_settings().unwrap()["GET /"].throttling_rate_limit(), Some(2.0));
        client
            .delete_route_settings()
            .api_id(&id)
            .stage_name("$default")
            .route_key("GET /")
            .send()
            .await
            .unwrap();
        assert!(stage().await.route_settings().unwrap().is_empty());

        let before = stage().await.deployment_id;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let after = stage().await.deployment_id;
        assert!(after.is_some() && after != before, "{after:?}");
        let fixed = update().deployment_id(after.unwrap()).send().await.unwrap_err();
        assert!(fixed.message().unwrap().contains("autoDeploy enabled"), "{fixed:?}");
    });
}
