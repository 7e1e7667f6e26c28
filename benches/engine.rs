//! The tool's own work on a stack of a thousand functions, from the text to the plan that is shown: no package and no cloud.
//!
//!     cargo bench              how long each stage takes
//!     scripts/instructions     how many instructions, which a noisy machine does not change

#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use divan::{Bencher, black_box};
use provision::config::{self, Stack};
use provision::desired::lower;
use provision::kinds::{kind, registry};
use provision::lower::{Packages, identity};
use provision::model::{
    AttributeMap, Graph, Identity, LiveState, Observed, Owner, PhysicalId, Reference, Resource, Scope,
};
use provision::outline::Outline;
use provision::plan::{Mode, Options, Plan, plan};
use provision::render::{self, Detail};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The program's own.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

const FUNCTIONS: usize = 1_000;
/// As many routes as an HTTP API can have.
const ROUTES: usize = 300;
/// The number of files with functions.
const PARTS: usize = 10;

fn main() {
    divan::main();
}

/// A folder with a stack file and its code.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("code.py"), "def handler(event, context): pass\n").unwrap();
        std::fs::write(folder.path().join("stack.yaml"), text()).unwrap();
        Folder(folder)
    }

    /// The same with its functions in parts, and their common fields in `defaults`.
    fn in_parts() -> Self {
        let folder = Folder::new();
        let whole = text();
        let (head, rest) = whole.split_once("functions:\n").unwrap();
        let (functions, api) = rest.split_once("api:\n").unwrap();
        let entries: Vec<&str> = functions.split("\n  f").collect();
        for (number, entries) in entries.chunks(FUNCTIONS / PARTS).enumerate() {
            let entries: String = entries
                .iter()
                .map(|entry| format!("  f{}\n", entry.trim_start_matches("  f").trim_end()))
                .collect();
            let part = format!("defaults: {{ functions: {{ timeout: 5 }} }}\nfunctions:\n{entries}");
            std::fs::write(folder.0.path().join(format!("part-{number}.yaml")), part).unwrap();
        }
        let first = head.replace("stack: large\n", "stack: large\ninclude: [part-*.yaml]\n");
        std::fs::write(folder.file(), format!("{first}api:\n{api}")).unwrap();
        folder
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("stack.yaml")
    }
}

/// The stack file.
fn text() -> String {
    let mut text =
        "stack: large\ntags: { team: shop }\ntables:\n  notes: { partition_key: id }\nfunctions:\n"
            .to_owned();
    for function in 0..FUNCTIONS {
        writeln!(
            text,
            "  f{function}:\n    code: code.py\n    handler: code.handler\n    runtime: python3.13\n    memory: 256\n    \
             environment:\n      TABLE: ${{tables.notes.name}}\n      NEXT: ${{functions.f0.arn}}\n    access:\n      notes: read"
        )
        .unwrap();
    }
    text.push_str("api:\n  routes:\n");
    for route in 0..ROUTES {
        writeln!(text, "    GET /r{route}/{{id}}: f{route}").unwrap();
    }
    text
}

/// From the file to the checked stack.
fn parse(file: &Path) -> Stack {
    let options = config::Options {
        sections: provision::kinds::sections(),
        environment: None,
        process: &|_| None,
        known: None,
    };
    config::load(file, &options).unwrap_or_else(|wrong| panic!("{wrong}"))
}

/// From the stack to its resources.
fn lowered(stack: &Stack) -> Graph {
    let scope = Scope {
        identity: identity(stack),
        partition: "aws".to_owned(),
        account: "123456789012".to_owned(),
        region: "eu-west-1".to_owned(),
        wanted: BTreeMap::new(),
        tag_keys: Default::default(),
        existing: BTreeMap::new(),
        protected: BTreeSet::new(),
        destroy: false,
    };
    let packages: Packages =
        stack.functions().iter().map(|one| (one.name.clone(), "hash".to_owned())).collect();
    lower(stack, &scope, &packages)
}

/// From the resources and the live state to the steps.
fn planned(graph: &Graph, live_state: &LiveState) -> Plan {
    let options = Options {
        registry: registry(),
        mode: Mode::Up,
        local: false,
        allow_data_loss: BTreeSet::new(),
        replace_stack: false,
        protected: [].into(),
        identity: Identity::new("large", None),
    };
    plan(graph, live_state, &options).unwrap()
}

/// From the steps to their text.
fn shown(plan: &Plan) -> String {
    render::plan(&Outline::of(plan), Detail::default()) + &render::summary(plan)
}

/// The live state after an `up` of a graph.
fn live_state(graph: &Graph) -> LiveState {
    let (mut attributes, mut live_state) = (AttributeMap::new(), LiveState::default());
    for (number, resource) in graph.in_order().into_iter().enumerate() {
        let assigned =
            |reference: &Reference| attributes.get(&reference.id)?.get(reference.attribute)?.as_str();
        let known_attributes = |reference: &Reference| {
            Some(graph.get(&reference.id)?.known_attributes.get(reference.attribute)?.as_str())
        };
        let live = |reference: &Reference| assigned(reference).or_else(|| known_attributes(reference));
        let spec = kind(resource.id.kind).normalise(&resource.desired.resolve(&live)).unwrap();
        let observed = made(resource, spec, number, &attributes);
        attributes.insert(observed.id.clone(), observed.attributes.clone());
        live_state.observed.push(observed);
    }
    live_state
}

/// The observed resource after it was created.
fn made(resource: &Resource, spec: Json, number: usize, attributes: &AttributeMap) -> Observed {
    let id = resource.id.clone();
    let assigned = format!("x{number}");
    let mut live: Json =
        resource.known_attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
    live["id"] = assigned.clone().into();
    live["role_id"] = assigned.clone().into();
    let physical_id =
        if ["api", "integration", "route"].contains(&id.kind) { assigned } else { id.name.clone() };
    let mut observed = Observed::new(id, physical_id, Owner::Ours, spec, live);
    observed.parent = resource.id.parent().map(|parent| {
        let name =
            if parent.kind == "api" { attributes[parent]["id"].as_str().unwrap() } else { &parent.name };
        PhysicalId::new(parent.kind, name).into()
    });
    observed
}

/// What is measured: its instructions are counted, and those of what comes before and after are not.
#[inline(never)]
fn measured<T>(work: impl FnOnce() -> T) -> T {
    black_box(work())
}

#[divan::bench]
fn parsing(bencher: Bencher) {
    let folder = Folder::new();
    let file = folder.file();
    bencher.bench(|| measured(|| parse(black_box(&file))));
}

#[divan::bench]
fn ten_parts(bencher: Bencher) {
    let folder = Folder::in_parts();
    let file = folder.file();
    assert_eq!(parse(&file).functions().len(), FUNCTIONS);
    bencher.bench(|| measured(|| parse(black_box(&file))));
}

#[divan::bench]
fn lowering(bencher: Bencher) {
    let stack = parse(&Folder::new().file());
    bencher.bench(|| measured(|| lowered(black_box(&stack))));
}

#[divan::bench]
fn planning_from_nothing(bencher: Bencher) {
    let graph = lowered(&parse(&Folder::new().file()));
    bencher.bench(|| measured(|| planned(black_box(&graph), &LiveState::default())));
}

#[divan::bench]
fn planning_where_nothing_is_to_be_done(bencher: Bencher) {
    let graph = lowered(&parse(&Folder::new().file()));
    let live_state = live_state(&graph);
    assert!(planned(&graph, &live_state).is_empty());
    bencher.bench(|| measured(|| planned(black_box(&graph), black_box(&live_state))));
}

#[divan::bench]
fn planning_the_end(bencher: Bencher) {
    let live_state = live_state(&lowered(&parse(&Folder::new().file())));
    let options = Options {
        registry: registry(),
        mode: Mode::Down,
        local: true,
        allow_data_loss: BTreeSet::new(),
        replace_stack: false,
        protected: [].into(),
        identity: Identity::new("large", None),
    };
    bencher.bench(|| measured(|| plan(&Graph::default(), black_box(&live_state), &options).unwrap()));
}

#[divan::bench]
fn rendering(bencher: Bencher) {
    let plan = planned(&lowered(&parse(&Folder::new().file())), &LiveState::default());
    bencher.bench(|| measured(|| shown(black_box(&plan))));
}

/// A whole command that has nothing to do.
#[divan::bench]
fn everything(bencher: Bencher) {
    let folder = Folder::new();
    let file = folder.file();
    let live_state = live_state(&lowered(&parse(&file)));
    bencher
        .bench(|| measured(|| shown(&planned(&lowered(&parse(black_box(&file))), black_box(&live_state)))));
}
