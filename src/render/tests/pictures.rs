//! The picture of a stack, in each form.

use super::made;
use crate::model::LiveState;
use crate::picture::Picture;
use crate::plan::tests::stacks::{SMALL, graph, stack_in};
use crate::plan::tests::up;
use crate::render;

/// A stack with every sort of node and of connection.
fn text() -> String {
    let triggered = "access: { notes: read }\n    timeout: 5\n    triggers: [{ queue: jobs }]";
    let queues =
        "\nqueues:\n  jobs: { dead_letter: { queue: dead, after: 3 } }\n  dead: { existing: theirs }\n";
    format!("{}{queues}", SMALL.replace("access: { notes: read }", triggered))
}

fn picture() -> Picture {
    Picture::of(&stack_in(&text(), None))
}

#[test]
fn mermaid_shows_shapes_and_labels() {
    insta::assert_snapshot!(render::mermaid(&picture()).expect("it is small"), @r##"
    flowchart LR
      n0[("notes")]
      n1[("jobs")]
      n2["save"]
      n3["list"]
      n4(["api"])
      n5[("dead")]:::existing
      n1 -->|"dead letters"| n5
      n2 -->|"write"| n0
      n3 -->|"read"| n0
      n1 -->|"triggers"| n3
      n4 -->|"POST /notes"| n2
      n4 -->|"GET /notes<br>GET /notes/{id}"| n3
      classDef existing stroke-dasharray: 4 3
    "##);
}

#[test]
fn graphviz_shows_the_same() {
    insta::assert_snapshot!(render::dot(&picture()), @r##"
    digraph stack {
      rankdir=LR;
      node [fontname="sans-serif"];
      edge [fontname="sans-serif", fontsize=10];
      n0 [label="notes", shape=cylinder];
      n1 [label="jobs", shape=cylinder];
      n2 [label="save", shape=box];
      n3 [label="list", shape=box];
      n4 [label="api", shape=oval];
      n5 [label="dead", shape=cylinder, style=dashed];
      n1 -> n5 [label="dead letters"];
      n2 -> n0 [label="write"];
      n3 -> n0 [label="read"];
      n1 -> n3 [label="triggers"];
      n4 -> n2 [label="POST /notes"];
      n4 -> n3 [label="GET /notes\nGET /notes/{id}"];
    }
    "##);
}

#[test]
fn programs_get_nodes_and_connections() {
    let json: serde_json::Value =
        serde_json::from_str(&render::json::graph(&picture()).to_string()).expect("JSON");
    assert_eq!(json["nodes"].as_array().map(Vec::len), Some(6));
    assert_eq!(
        json["connections"][0],
        serde_json::json!({
            "from": { "kind": "queue", "name": "jobs" }, "to": { "kind": "queue", "name": "dead" }, "labels": ["dead letters"],
        })
    );
}

/// Every element is closed, every node is drawn once, and nothing lies outside of the image.
#[test]
fn an_image_is_well_formed() {
    let picture = picture();
    let svg = render::svg(&picture);
    for element in ["svg", "g", "text", "title", "defs", "marker"] {
        let (open, closed) =
            (svg.matches(&format!("<{element}")).count(), svg.matches(&format!("</{element}>")).count());
        assert_eq!(open, closed, "{element}");
    }
    assert_eq!(svg.matches("<g>").count(), picture.nodes.len());
    assert_eq!(svg.matches("marker-end").count(), picture.connections.len());
    let size = |name: &str| -> f64 {
        let rest = svg.split(&format!(" {name}=\"")).nth(1).expect("a size");
        rest.split('"').next().expect("a number").parse().expect("a number")
    };
    let numbers = |name: &str| -> Vec<f64> {
        let parts = svg.split(&format!(" {name}=\"")).skip(1).map(str::to_owned).collect::<Vec<_>>();
        parts.iter().filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
    };
    assert!(numbers("x").iter().all(|x| (0.0..size("width")).contains(x)), "{svg}");
    assert!(numbers("y").iter().all(|y| (0.0..size("height")).contains(y)), "{svg}");
}

#[test]
fn labels_are_escaped() {
    let text = SMALL
        .replace("GET /notes/{id}", "GET /notes/{id+}")
        .replace("stack: notes", "stack: notes\nx-a: '<b>'");
    let mut picture = Picture::of(&stack_in(&text, None));
    picture.connections[0].labels = vec!["a \"b\" <c> & `d`".to_owned()];
    let mermaid = render::mermaid(&picture).expect("it is small");
    assert!(mermaid.contains("a &quot;b&quot; &lt;c&gt; &amp; &#96;d&#96;"), "{mermaid}");
    assert!(render::svg(&picture).contains("a &quot;b&quot; &lt;c&gt; &amp; `d`"));
    assert!(render::dot(&picture).contains(r#"a \"b\" <c> & `d`"#));
}

/// What a plan does with the parts of an entry, such as a route or a role, it does with the entry.
#[test]
fn a_plan_colours_what_it_changes() {
    let nothing = LiveState::default();
    let stack = stack_in(SMALL, None);
    let plan = made(&graph(SMALL), &nothing, &up());
    let created = render::mermaid(&Picture::of(&stack).with_plan(&stack, &plan)).expect("it is small");
    assert_eq!(created.matches(":::created").count(), 4, "{created}");
    assert!(created.contains("classDef created") && !created.contains("classDef deleted"), "{created}");
}

#[test]
fn what_nobody_could_read_is_no_picture() {
    let many: String = (0..120).map(|n| format!("  t{n:03}: {{ partition_key: id }}\n")).collect();
    let picture = Picture::of(&stack_in(&format!("stack: many\ntables:\n{many}"), None));
    assert_eq!(render::mermaid(&picture), None);
    assert_eq!(render::svg(&picture).matches("<g>").count(), 120);
}
