//! The JSON Schema, which editors use, admits every stack file of the repository, and says what is wrong with others.

use crate::page::pages;
use provision::config::schema;
use provision::kinds::sections;
use serde_json::{Value as Json, json};
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

fn validator() -> jsonschema::Validator {
    let schema: Json = serde_json::from_str(&schema(sections())).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// What a JSON Schema of the stack file says of a text.
fn errors(validator: &jsonschema::Validator, yaml: &str) -> Vec<String> {
    // To YAML 1.1, which this reader knows as well, a bare `N` means false.
    let value: Json = match serde_yaml::from_str(&yaml.replace("type: N", "type: 'N'")) {
        Ok(value) => value,
        Err(error) => return vec![error.to_string()],
    };
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The stack files below a folder.
fn stack_files(folder: &Path) -> Vec<String> {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let is_yaml = |path: &Path| path.extension() == Some(OsStr::new("yaml"));
    let files = files.filter(|file| is_yaml(file.path())).map(|file| file.into_path());
    let texts = files.map(|file| fs::read_to_string(file).unwrap());
    texts.filter(|text| text.lines().any(|line| line.starts_with("stack:"))).collect()
}

#[test]
fn it_admits_every_stack_file() {
    let (root, validator) = (Path::new(env!("CARGO_MANIFEST_DIR")), validator());
    let mut texts = vec![fs::read_to_string(root.join("stack.yaml")).unwrap()];
    for folder in ["examples", "tests/stacks", "tests/strict/recorded"] {
        texts.extend(stack_files(&root.join(folder)));
    }
    let blocks = pages().into_iter().flat_map(|page| page.blocks());
    let blocks =
        blocks.filter(|block| block.what.language == "yaml" && block.what.text.starts_with("stack:"));
    texts.extend(blocks.map(|block| block.what.text));
    assert!(texts.len() > 30, "only {} stack files were found", texts.len());
    for text in texts {
        assert_eq!(errors(&validator, &text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn it_admits_placeholders_everywhere_and_no_other_mistake() {
    let validator = validator();
    let of = |function: Json| {
        let function = json!({ "code": "x", "runtime": "python3.13" })
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .chain(function.as_object().unwrap().clone())
            .collect::<serde_json::Map<String, Json>>();
        validator.is_valid(&json!({ "stack": "s", "functions": { "f": function } }))
    };
    for field in [
        "memory",
        "timeout",
        "architecture",
        "layers",
        "access",
        "environment",
        "log_retention",
        "role",
        "policy",
        "triggers",
    ] {
        assert!(of(json!({ field: "${var.x}" })), "{field}");
    }
    assert!(of(json!({ "layers": ["${var.x}"], "access": { "items": "${var.x}" }, "only": ["prod"] })));
    for wrong in [
        json!({ "memory": "big" }),
        json!({ "memory": 1 }),
        json!({ "architecture": "arm" }),
        json!({ "nonsense": 1 }),
        json!({ "only": 1 }),
    ] {
        assert!(!of(wrong.clone()), "{wrong}");
    }
    let whole = |value: Json| validator.is_valid(&value);
    assert!(whole(
        json!({ "stack": "s", "defaults": { "functions": { "memory": 256 } }, "include": "a.yaml", "x-any": [1] })
    ));
    assert!(!whole(json!({ "stack": "s", "defaults": { "functions": { "memory": "big" } } })));
    assert!(!whole(json!({ "stack": "${var.x}" })));
    assert!(!whole(json!({ "stack": "s", "nonsense": {} })));
    // A part.
    assert!(whole(json!({ "functions": { "f": { "code": "x" } }, "variables": { "a": [1] } })));
}
