//! A plan as a page.

use super::{eventful, made};
use crate::model::Identity;
use crate::model::LiveState;
use crate::outline::Outline;
use crate::picture::Picture;
use crate::plan::Action;
use crate::plan::tests::stacks::{SMALL, graph, lowered, stack_in};
use crate::plan::tests::up;
use crate::render;
use crate::sensitive;
use crate::timings::{CallTime, StepTime, Timings};
use std::time::Duration;

fn page(plan: &crate::plan::Plan) -> String {
    let stack = stack_in(SMALL, None);
    render::html(&Outline::of(plan), &lowered(&stack).0, &Picture::of(&stack).with_plan(&stack, plan))
}

#[test]
fn a_page_has_everything_of_a_plan_and_needs_nothing() {
    let plan = eventful();
    let page = page(&plan);
    assert_eq!(page.matches("<details class=").count(), Outline::of(&plan).groups.len());
    for part in [
        "<title>Plan for notes</title>",
        "will be lost: all of its items",
        "<svg ",
        "replace table notes</summary>",
        "+ route GET /notes",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for element in
        ["html", "head", "body", "h1", "h2", "p", "details", "summary", "pre", "figure", "svg", "style"]
    {
        let open =
            page.matches(&format!("<{element}>")).count() + page.matches(&format!("<{element} ")).count();
        assert_eq!(open, page.matches(&format!("</{element}>")).count(), "{element}");
    }
    let references = ["<script", "<link", "<img", "url(http", "href=", "src="];
    assert!(references.iter().all(|reference| !page.contains(reference)), "{page}");
    assert!(page.contains("default-src 'none'"));
}

/// The picture shows what the plan does: red and green say more than what a node is.
#[test]
fn the_picture_of_a_page_is_coloured() {
    let page = page(&made(&graph(SMALL), &LiveState::default(), &up()));
    assert_eq!(page.matches("stroke=\"#1a7f37\" stroke-width=\"2\"").count(), 4, "{page}");
}

#[test]
fn a_page_shows_neither_markup_of_others_nor_sensitive_values() {
    sensitive::note("hush-hush-page");
    let mut plan = eventful();
    plan.notes = vec!["<script>alert(1)</script> of hush-hush-page".to_owned()];
    let page = page(&plan);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; of (sensitive)"), "{page}");
}

#[test]
fn a_page_of_timings_names_what_decided() {
    let call = |name: &str, status, attempts| CallTime {
        name: name.to_owned(),
        status,
        attempts,
        begun: Duration::ZERO,
        took: Duration::from_millis(9),
    };
    let step = |step, name: &str, begun, took: Option<u64>, depends_on: &[usize]| StepTime {
        step,
        name: name.to_owned(),
        action: Action::Create,
        begun: Duration::from_millis(begun),
        took: took.map(Duration::from_millis),
        depends_on: depends_on.to_vec(),
    };
    let timings = Timings {
        steps: vec![
            step(0, "role save_role", 10, Some(30), &[]),
            step(1, "table <notes>", 10, Some(5), &[]),
            step(2, "function save", 40, None, &[0]),
        ],
        calls: vec![
            call("IAM:GetRole", Some(404), 1),
            call("IAM:CreateRole", Some(200), 3),
            call("STS:X", None, 1),
        ],
        total: Duration::from_millis(50),
    };
    let page = render::timings(&timings, &Identity::new("notes", None));
    for part in [
        "<title>Timings of notes</title>",
        "0.1 s in all, 3 steps, 3 calls",
        "<p>0.010 s until its first step",
        "<ol>\n<li>create role save_role: 0.030 s</li>\n<li>create function save: not finished</li>\n</ol>",
        "create table &lt;notes&gt;",
        "0.009 s 404</text>",
        "0.009 s 3 attempts</text>",
        "0.009 s no response</text>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    // Those of the critical path, and the calls that cost more than they should.
    assert_eq!(page.matches("fill=\"#cf222e\"").count(), 4, "{page}");
    assert!(page.contains("default-src 'none'"), "{page}");
}
