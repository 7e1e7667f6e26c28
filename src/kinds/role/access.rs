//! A role's policies in the terms of the stack file: `access to visits  + dynamodb:GetItem`.

use super::POLICY;
use crate::diff::Change;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// The changes of a role, with one for each statement whose actions differ, by the names of the resources that it is about.
pub(in crate::kinds) fn differences(changes: Vec<Change>, from: &Json, to: &Json) -> Vec<Change> {
    let mut statements = BTreeSet::new();
    let mut shown = Vec::new();
    for change in changes {
        if change.path == ["attached"] {
            let [from, to] = [&change.from, &change.to].map(|arns| arns.as_ref().map(short));
            shown.push(Change { path: vec!["managed_policies".to_owned()], from, to });
            continue;
        }
        let [field, policy, sid, rest @ ..] = change.path.as_slice() else {
            shown.push(change);
            continue;
        };
        if field != "policies" {
            shown.push(change);
            continue;
        }
        let [old, new] = [from, to].map(|spec| spec["policies"][policy].get(sid));
        let label = label(new.or(old).unwrap_or(&Json::Null), sid);
        // The stack file knows of one policy only.
        let label = if policy == POLICY { label } else { format!("policy {policy}: {label}") };
        // A whole statement comes or goes with its actions; of one that stays, each member that differs is named.
        let is_kept = old.is_some() && new.is_some();
        if !is_kept || rest == ["Action"] {
            if statements.insert((policy.clone(), sid.clone())) {
                let [from, to] = [old, new].map(|statement| Some(actions(statement)));
                shown.push(Change { path: vec![label], from, to });
            }
        } else {
            let member = rest.join(".");
            shown.push(Change { path: vec![format!("{label}, {member}")], ..change });
        }
    }
    shown
}

/// Managed policies by what the stack file calls them: AWS's own have no account in their ARNs.
fn short(arns: &Json) -> Json {
    let name = |arn: &Json| match arn.as_str().map(|arn| arn.splitn(6, ':').collect::<Vec<_>>()).as_deref() {
        Some(["arn", _, "iam", "", "aws", policy]) => policy.trim_start_matches("policy/").into(),
        _ => arn.clone(),
    };
    arns.as_array().into_iter().flatten().map(name).collect()
}

/// The actions of a statement, always as a list.
fn actions(statement: Option<&Json>) -> Json {
    match statement.map(|statement| &statement["Action"]) {
        None | Some(Json::Null) => json!([]),
        Some(Json::Array(actions)) => actions.clone().into(),
        Some(action) => json!([action]),
    }
}

/// What a statement is about: the names of its resources, as far as they are known.
fn label(statement: &Json, sid: &str) -> String {
    let resources = match &statement["Resource"] {
        Json::Array(resources) => resources.iter().filter_map(Json::as_str).collect(),
        resource => resource.as_str().into_iter().collect::<Vec<_>>(),
    };
    let names: BTreeSet<&str> = resources.into_iter().map(name).collect();
    let what = if statement["Effect"] == "Deny" { "denied access to" } else { "access to" };
    match names.len() {
        0 => format!("{what} {sid}"),
        1..=3 => format!("{what} {}", names.into_iter().collect::<Vec<_>>().join(", ")),
        many => format!("{what} {many} resources ({sid})"),
    }
}

/// The name in an ARN: `notes` of `arn:aws:dynamodb:eu-west-1:123456789012:table/notes/index/*`. Objects keep their prefix:
/// `pictures/in/*`.
fn name(arn: &str) -> &str {
    if arn.split(':').nth(2) == Some("s3") {
        let objects = arn.rsplit(':').next().unwrap_or(arn);
        // All objects are the bucket.
        return objects.strip_suffix("/*").filter(|bucket| !bucket.contains('/')).unwrap_or(objects);
    }
    let resource = arn.splitn(6, ':').nth(5).unwrap_or(arn);
    let resource = resource.strip_suffix(":*").unwrap_or(resource);
    match resource.split_once([':', '/']) {
        // The name of a log group is a path.
        Some(("log-group", name)) => name,
        Some((_, name)) => name.split('/').next().unwrap_or(name),
        None => resource,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;

    const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/notes";

    fn role(statements: Json) -> Json {
        json!({ "boundary": null, "policies": { "provision": statements } })
    }

    fn shown(from: Json, to: Json) -> Vec<(String, Option<Json>, Option<Json>)> {
        let [from, to] = [role(from), role(to)];
        let changes = differences(diff(Some(&from), &to), &from, &to);
        changes.into_iter().map(|change| (change.path.join("."), change.from, change.to)).collect()
    }

    #[test]
    fn actions_are_shown_by_the_name_of_the_resource() {
        let statement = |actions: &[&str]| json!({ "Effect": "Allow", "Action": actions, "Resource": [TABLE, format!("{TABLE}/index/*")] });
        let [get, both] = [&["dynamodb:GetItem"][..], &["dynamodb:GetItem", "dynamodb:PutItem"]];
        let label = "access to notes".to_owned();
        let [none, get_list, both_list] = [json!([]), json!(get), json!(both)].map(Some);
        assert_eq!(
            shown(json!({ "Tablenotes": statement(get) }), json!({ "Tablenotes": statement(both) })),
            [(label.clone(), get_list.clone(), both_list)]
        );
        // All members of a statement come and go as one.
        let whole = json!({ "Tablenotes": statement(get) });
        assert_eq!(shown(json!({}), whole.clone()), [(label.clone(), none.clone(), get_list.clone())]);
        assert_eq!(shown(whole, json!({})), [(label, get_list, none)]);
    }

    #[test]
    fn a_bucket_is_named_with_the_prefix_of_what_is_in_it() {
        for (arn, shown) in [
            ("arn:aws:s3:::pictures", "pictures"),
            ("arn:aws:s3:::pictures/*", "pictures"),
            ("arn:aws:s3:::pictures/in/*", "pictures/in/*"),
            (TABLE, "notes"),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f:*", "/aws/lambda/f"),
            ("*", "*"),
        ] {
            assert_eq!(name(arn), shown);
        }
    }

    #[test]
    fn other_members_of_a_statement_are_named() {
        let statement = |ip: &str| json!({ "a": { "Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": { "ip": ip } } });
        let text = |text: &str| Some(Json::from(text));
        assert_eq!(
            shown(statement("1"), statement("2")),
            [("denied access to *, Condition.ip".to_owned(), text("1"), text("2"))]
        );
    }

    #[test]
    fn a_policy_of_others_is_named() {
        let role = |policies: Json| json!({ "policies": policies });
        let from = role(json!({ "extra": { "All": { "Effect": "Allow", "Action": "*", "Resource": "*" } } }));
        let to = role(json!({}));
        let changes = differences(diff(Some(&from), &to), &from, &to);
        assert_eq!(changes[0].path, ["policy extra: access to *"]);
        assert_eq!((&changes[0].from, &changes[0].to), (&Some(json!(["*"])), &Some(json!([]))));
    }

    #[test]
    fn managed_policies_have_the_names_of_the_stack_file() {
        let own = "arn:aws:iam::123456789012:policy/own";
        let (from, to) =
            (json!({ "attached": [own] }), json!({ "attached": ["arn:aws:iam::aws:policy/a/B"] }));
        let changes = differences(diff(Some(&from), &to), &from, &to);
        assert_eq!(changes[0].path, ["managed_policies"]);
        assert_eq!((&changes[0].from, &changes[0].to), (&Some(json!([own])), &Some(json!(["a/B"]))));
    }

    #[test]
    fn other_fields_stay_as_they_are() {
        let (from, to) = (json!({ "boundary": "a" }), json!({ "boundary": "b" }));
        let changes = diff(Some(&from), &to);
        assert_eq!(differences(changes.clone(), &from, &to), changes);
    }

    #[test]
    fn a_name_is_what_the_user_calls_it() {
        for (arn, expected) in [
            (TABLE, "notes"),
            ("arn:aws:sqs:eu-west-1:123456789012:jobs", "jobs"),
            ("arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/save:*", "/aws/lambda/save"),
            ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3", "db-a1b2c3"),
            ("*", "*"),
        ] {
            assert_eq!(name(arn), expected);
        }
    }
}
