//! The folders of a layer.

use super::{Stack, names};

fn layer(files: &[(&str, &str)], runtime: &'static str) -> Stack {
    Stack { runtime, is_layer: true, ..Stack::new(files) }
}

#[tokio::test]
async fn modules_are_where_an_import_finds_them() {
    let python = layer(&[("shared/money.py", "x = 1"), ("shared/text/__init__.py", "")], "python3.13");
    assert_eq!(python.names("shared").await, ["python/money.py", "python/text/__init__.py"]);
    assert_eq!(python.names("shared/money.py").await, ["python/money.py"]);
    let files =
        [("shared/money.js", ""), ("shared/text/index.js", ""), ("shared/node_modules/own/index.js", "")];
    let node = layer(&files, "nodejs22.x");
    let placed = [
        "nodejs/node_modules/money.js",
        "nodejs/node_modules/own/index.js",
        "nodejs/node_modules/text/index.js",
    ];
    assert_eq!(node.names("shared").await, placed);
    assert_eq!(node.names("shared/money.js").await, ["nodejs/node_modules/money.js"]);
    let other = layer(&[("tools/run", ""), ("tools/data/list", "")], "provided.al2023");
    assert_eq!(other.names("tools").await, ["data/list", "run"]);
}

#[tokio::test]
async fn a_folder_that_is_laid_out_is_taken_as_it_is() {
    let files = [("shared/python/money.py", "x = 1"), ("shared/bin/run", ""), ("shared/readme", "")];
    let stack = layer(&files, "python3.13");
    assert_eq!(stack.names("shared").await, ["bin/run", "python/money.py", "readme"]);
}

#[tokio::test]
async fn a_layer_differs_from_a_function_of_the_same_code() {
    let files = [("app/money.py", "x = 1")];
    let (of_function, of_layer) = (Stack::new(&files), layer(&files, "python3.13"));
    let [of_function, of_layer] =
        [of_function.build("app").await.expect("built"), of_layer.build("app").await.expect("built")];
    assert_ne!(of_function.sha256, of_layer.sha256);
    assert_eq!(names(&of_function), ["money.py"]);
}
