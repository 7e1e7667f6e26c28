//! A stack said otherwise: with variables, defaults, entries of other environments, resources of others, values that live
//! elsewhere, and keys that mean nothing.

use serde_json::{Map, Value as Json, json};

/// A stack file that means the same in no environment and in `dev`. Its functions may read a table of others, and have a parameter
/// and a secret besides.
pub(super) fn said_otherwise(text: &str) -> String {
    // To YAML 1.1, which this reader knows as well, a bare `N` means false.
    let mut stack: Json = serde_yaml::from_str(&text.replace("type: N", "type: 'N'")).expect("a stack file");
    refer_elsewhere(&mut stack);
    let mut variables = Map::new();
    for section in ["tables", "queues", "functions"] {
        for (key, entry) in stack[section].as_object_mut().into_iter().flatten() {
            let fields = entry.as_object_mut().into_iter().flatten();
            for (field, value) in fields.filter(|(_, value)| !value.is_string()) {
                let name = format!("{section}-{key}-{field}").replace('.', "_");
                variables.insert(name.clone(), value.take());
                *value = format!("${{var.{name}}}").into();
            }
        }
    }
    if let Some(functions) = stack["functions"].as_object_mut() {
        let common = functions.values().next().map(|function| function["runtime"].clone());
        for function in functions.values_mut().filter_map(Json::as_object_mut) {
            if function.get("runtime") == common.as_ref() {
                function.remove("runtime");
            }
        }
        functions.insert("in-another".to_owned(), json!({ "code": "nowhere", "only": ["another"] }));
        stack["defaults"] = json!({ "functions": { "runtime": common } });
    }
    stack["variables"] = variables.into();
    stack["environments"] = json!({ "dev": {}, "another": {}, "pr-*": {} });
    stack["x-nothing"] = json!([{ "a": "${var.nothing}" }]);
    stack.to_string()
}

/// What every account has that a random scenario begins with.
fn refer_elsewhere(stack: &mut Json) {
    for function in stack["functions"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        if function.get("memory").is_some() {
            function["memory"] = "${ssm:/walk/memory, 128}".into();
        }
        if function.get("role").is_none() {
            function["access"]["theirs"] = "read".into();
        }
        let values = json!({ "LEVEL": "at ${ssm:/walk/level}", "KEY": "${secret:walk/key}", "NONE": "${ssm:/walk/none, x}" });
        let values = values.as_object().cloned().into_iter().flatten();
        values.for_each(|(name, value)| function["environment"][name] = value);
        function["environment"]["THEIRS"] = "${tables.theirs.arn}".into();
    }
    stack["tables"]["theirs"] = json!({ "existing": "furnished" });
}
