//! Indexes and streams of tables.

use super::{check, function, table, valid};
use crate::kinds::table::Projection;

fn with_sort_key(lines: &str) -> String {
    table(&format!("sort_key: {{ name: at, type: N }}\n{lines}"))
}

#[test]
fn errors_of_indexes() {
    let index = |name: &str| format!("{name}: {{ partition_key: {name} }}");
    let many =
        |count: usize| (0..count).map(|nth| index(&format!("by{nth:02}"))).collect::<Vec<_>>().join(", ");
    let local = |count: usize| {
        let one = |nth| format!("by{nth:02}: {{ sort_key: s{nth} }}");
        (0..count).map(one).collect::<Vec<_>>().join(", ")
    };
    let attributes = |count: usize| (0..count).map(|nth| format!("a{nth}")).collect::<Vec<_>>().join(", ");
    let listing =
        |nth: usize| format!("by{nth:02}: {{ partition_key: k, projection: [{}] }}", attributes(17));
    check(
        "indexes",
        &[
            &table("indexes: [customer]"),
            &table("indexes: { by-customer: customer }"),
            &table("indexes: { by-customer: {} }"),
            &table("indexes: { c: { partition_key: customer }, 'by customer': { partition_key: customer } }"),
            &table("indexes: { by-customer: { partition_key: customer, sort_key: customer, key: x } }"),
            &table("indexes: { by-customer: { partition_key: customer, projection: KEYS_ONLY } }"),
            &table("indexes: { by-customer: { partition_key: customer, projection: total } }"),
            &table("indexes: { by-customer: { partition_key: customer, projection: [] } }"),
            &table("indexes: { by-customer: { partition_key: customer, projection: [total, total] } }"),
            &table(&format!("indexes: {{ by-a: {{ partition_key: a, projection: [{}] }} }}", attributes(21))),
            &table("indexes: { by-customer: { partition_key: customer, billing: { read: 5, write: 5 } } }"),
            &table(
                "billing: { read: 5, write: 5 }\nindexes: { by-customer: { partition_key: customer, billing: on-demand } }",
            ),
            &table(&format!("indexes: {{ {} }}", many(21))),
            &table(&format!("indexes: {{ {} }}", (0..6).map(listing).collect::<Vec<_>>().join(", "))),
            &table("local_indexes: { by-total: { sort_key: total } }"),
            &with_sort_key("local_indexes: { by-total: { partition_key: id, sort_key: total } }"),
            &with_sort_key("local_indexes: { by-id: { sort_key: id } }"),
            &with_sort_key(&format!("local_indexes: {{ {} }}", local(6))),
            &with_sort_key(
                "indexes: { by-total: { partition_key: total } }\nlocal_indexes: { by-total: { sort_key: total } }",
            ),
            // One type of an attribute.
            &with_sort_key("indexes: { by-at: { partition_key: { name: at, type: S } } }"),
            &table("indexes: { by-id: { partition_key: total, sort_key: { name: id, type: N } } }"),
            &with_sort_key(
                "indexes: { by-total: { partition_key: { name: total, type: N } } }\nlocal_indexes: { near: { sort_key: { name: total, type: B } } }",
            ),
        ],
    );
}

#[test]
fn a_key_of_an_index_has_the_type_that_its_attribute_has_elsewhere() {
    let stack = valid(&with_sort_key(
        "indexes:
  by-total: { partition_key: total, sort_key: at, projection: [b, a] }
  by-owner: { partition_key: owner, sort_key: total, projection: keys-only }
local_indexes: { near: { sort_key: { name: total, type: B } } }",
    ));
    let [table] = stack.tables() else { panic!("one table") };
    let projections: Vec<&Projection> = table.indexes.values().map(|index| &index.projection).collect();
    let listed = Projection::Include(["a".to_owned(), "b".to_owned()].into());
    assert_eq!(projections, [&Projection::KeysOnly, &listed]);
    let graph = crate::plan::tests::stacks::lowered(&stack).1;
    let spec = |path: &str| {
        let table = graph.resources.iter().find(|resource| resource.id.kind == "table").unwrap();
        table.desired.json().pointer(path).cloned()
    };
    let key = |name: &str, kind: &str| Some(serde_json::json!({ "name": name, "type": kind }));
    assert_eq!(spec("/indexes/by-total/partition_key"), key("total", "B"));
    assert_eq!(spec("/indexes/by-total/sort_key"), key("at", "N"));
    assert_eq!(spec("/indexes/by-owner/partition_key"), key("owner", "S"));
    assert_eq!(spec("/indexes/by-owner/sort_key"), key("total", "B"));
}

#[test]
fn errors_of_prices_and_recovery() {
    let index = |billing: &str| format!("indexes: {{ by-a: {{ partition_key: a, billing: {billing} }} }}");
    check(
        "prices",
        &[
            &table("billing: { max_read: 0 }"),
            &table("billing: { max_read: many, max_wirte: 5 }"),
            &table("billing: { max_read: 100, write: 5 }"),
            &table("billing: { max_read: }"),
            &table(&index("on-demand")),
            &table(&index("{ read: 5, write: 5 }")),
            &table(&format!("billing: {{ max_read: 5 }}\n{}", index("{ read: 5, write: 5 }"))),
            &table(&format!("billing: {{ read: 5, write: 5 }}\n{}", index("{ max_write: 5 }"))),
            &table("class: STANDARD_INFREQUENT_ACCESS"),
            &table("class: infrequent-access"),
            &table("class: true"),
            &table("point_in_time_recovery: 7"),
            &table("point_in_time_recovery: 36 days"),
            &table("point_in_time_recovery: 36 hours"),
            &table("point_in_time_recovery: weekly"),
        ],
    );
}

#[test]
fn errors_of_insights_and_policies() {
    let policy = |statement: &str| table(&format!("resource_policy: [{{ {statement} }}]"));
    check(
        "table_policies",
        &[
            &table("contributor_insights: THROTTLED_KEYS"),
            &table("contributor_insights: [true]"),
            &policy("Effect: Allow, Action: dynamodb:GetItem"),
            &policy("Effect: Allow, Principal: \"*\", Action: dynamodb:GetItem"),
            &policy("Effect: Allow, Principal: { AWS: [\"111122223333\", \"*\"] }, Action: dynamodb:GetItem"),
            &policy(&format!(
                "Effect: Allow, Principal: {{ AWS: \"111122223333\" }}, Action: dynamodb:GetItem, Resource: \"arn:aws:dynamodb:eu-central-1:123456789012:table/{}\"",
                "a".repeat(20_480)
            )),
        ],
    );
}

#[test]
fn a_policy_may_name_everybody_with_a_condition_and_deny_everybody() {
    valid(&table(
        "resource_policy:
  - { Effect: Allow, Principal: { AWS: \"111122223333\" }, Action: dynamodb:Query, Resource: \"${tables.users.arn}/index/*\" }
  - { Effect: Deny, Principal: \"*\", Action: dynamodb:DeleteItem }
  - { Effect: Allow, Principal: \"*\", Action: dynamodb:GetItem, Condition: { StringEquals: { \"aws:PrincipalOrgID\": o-1 } } }",
    ));
}

#[test]
fn errors_of_keys() {
    check(
        "keys_of_tables",
        &[
            &table("kms_key: true"),
            &table("kms_key: mails"),
            &table("kms_key: AWS_OWNED_KMS_KEY"),
            &table(&format!("kms_key: alias/{}", "a".repeat(214))),
        ],
    );
}

#[test]
fn an_index_is_billed_like_its_table_unless_it_says_otherwise() {
    let stack = valid(&table(
        "billing: { max_read: 100, max_write: 50 }
class: standard-infrequent-access
point_in_time_recovery: 7 days
indexes:
  by-a: { partition_key: a }
  by-b: { partition_key: b, billing: { max_write: 5 } }",
    ));
    let graph = crate::plan::tests::stacks::lowered(&stack).1;
    let table = graph.resources.iter().find(|resource| resource.id.kind == "table").unwrap().desired.json();
    let limits =
        |read: Option<i64>, write: Option<i64>| serde_json::json!({ "max_read": read, "max_write": write });
    assert_eq!(table["limits"], limits(Some(100), Some(50)));
    assert_eq!(table["indexes"]["by-a"]["limits"], limits(Some(100), Some(50)));
    assert_eq!(table["indexes"]["by-b"]["limits"], limits(None, Some(5)));
    assert_eq!(table["class"], "standard-infrequent-access");
    assert_eq!(table["point_in_time_recovery"], 7);
}

#[test]
fn errors_of_streams_and_their_triggers() {
    let streamed = |table: &str, lines: &str| {
        format!(
            "{}tables: {{ orders: {{ partition_key: id{table} }} }}\nqueues: {{ failed: {{}} }}\n",
            function(lines)
        )
    };
    let trigger = |item: &str| streamed(", stream: new-image", &format!("triggers: [{item}]"));
    check(
        "streams",
        &[
            &table("stream: true"),
            &table("stream: NEW_AND_OLD_IMAGES"),
            &streamed("", "triggers: [{ table: orders }]"),
            &streamed("", "access: { orders: stream }"),
            &streamed("", "access: { orders: [dynamodb:GetRecords] }"),
            &streamed("", "environment: { STREAM: '${tables.orders.stream_arn}' }"),
            &trigger("{ table: order }"),
            &trigger("{ table: orders, queue: failed }"),
            &trigger("{ table: orders }, { table: orders }"),
            &trigger("{ table: orders }, { table: orders, name: again }"),
            &trigger("{ table: orders, from: TRIM_HORIZON, concurrency: 2 }"),
            &trigger(
                "{ table: orders, batch: 10001, window: 6 minutes, parallel: 11, retries: -1, max_age: 59 }",
            ),
            &trigger("{ table: orders, on_failure: fail }"),
            &trigger("{ table: orders, on_failure: 'arn:aws:lambda:eu-west-1:123456789012:function:f' }"),
            &trigger("{ table: orders, filter: { eventName: INSERT } }"),
            &streamed(", stream: new-image", "access: { orders: write }\ntriggers: [{ table: orders }]"),
        ],
    );
}
