//! The list of stacks.

use super::plain;
use crate::inventory::{Contents, Inventory};
use crate::model::Identity;
use crate::render::{json, list};

fn eventful() -> Inventory {
    let contents = |kinds: &[(&'static str, u64)], protected: &[&str]| Contents {
        kinds: kinds.iter().copied().collect(),
        protected: protected.iter().map(|name| (*name).to_owned()).collect(),
    };
    let blog = contents(&[("api", 1), ("function", 2), ("role", 2), ("log_group", 2), ("table", 1)], &[]);
    let prod = contents(&[("function", 1), ("table", 2)], &["prod-items"]);
    let strange = contents(&[("table", 1)], &[]);
    let stacks = [("blog", blog), ("blog/prod", prod), ("strange\u{1b}[31m", strange)];
    let regions = |regions: &[&str]| regions.iter().map(|region| (*region).to_owned()).collect();
    let elsewhere = [("blog/eu", regions(&["eu-west-1"])), ("shop", regions(&["eu-west-1", "us-west-2"]))];
    Inventory {
        stacks: stacks.map(|(mark, contents)| (Identity::of(mark), contents)).into(),
        elsewhere: elsewhere.map(|(mark, regions)| (Identity::of(mark), regions)).into(),
        unreadable: Vec::new(),
    }
}

#[test]
fn stacks_are_listed_with_what_they_have() {
    insta::assert_snapshot!(plain(&list(&eventful())), @r#"
    stack    environment  resources
    blog     –            1 table, 2 roles, 2 log groups, 2 functions, 1 API
    blog     prod         2 tables, 1 function (protected: prod-items)
    strange  –            1 table

    In other regions: blog/eu (eu-west-1), shop (eu-west-1, us-west-2)
    "#);
}

#[test]
fn an_empty_region_says_so() {
    insta::assert_snapshot!(plain(&list(&Inventory::default())), @r#"
    No stacks in this account and region.
    "#);
    let elsewhere = Inventory { stacks: [].into(), ..eventful() };
    insta::assert_snapshot!(plain(&list(&elsewhere)), @r#"
    No stacks in this account and region.

    In other regions: blog/eu (eu-west-1), shop (eu-west-1, us-west-2)
    "#);
}

#[test]
fn each_stack_is_a_document() {
    let documents = json::stacks(&eventful(), "123456789012", "us-east-1");
    let text: Vec<String> = documents.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    {"account":"123456789012","environment":null,"protected":[],"region":"us-east-1","resources":{"api":1,"function":2,"log_group":2,"role":2,"table":1},"stack":"blog","type":"stack","version":1}
    {"account":"123456789012","environment":"prod","protected":["prod-items"],"region":"us-east-1","resources":{"function":1,"table":2},"stack":"blog","type":"stack","version":1}
    {"account":"123456789012","environment":null,"protected":[],"region":"us-east-1","resources":{"table":1},"stack":"strange\u001b[31m","type":"stack","version":1}
    {"account":"123456789012","environment":"eu","protected":null,"region":"eu-west-1","resources":null,"stack":"blog","type":"stack","version":1}
    {"account":"123456789012","environment":null,"protected":null,"region":"eu-west-1","resources":null,"stack":"shop","type":"stack","version":1}
    {"account":"123456789012","environment":null,"protected":null,"region":"us-west-2","resources":null,"stack":"shop","type":"stack","version":1}
    "#);
}
