//! A plan as a page.

use super::{eventful, made};
use crate::model::LiveState;
use crate::outline::Outline;
use crate::picture::Picture;
use crate::plan::tests::stacks::{SMALL, graph, lowered, stack_in};
use crate::plan::tests::up;
use crate::render;
use crate::sensitive;

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
