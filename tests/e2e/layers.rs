//! Layers on the real local cloud: what a layer contains, functions import, and a saved module is live.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump, names};
use crate::http::get;
use crate::running::Running;
use std::fs;

const STACK: &str = "\
stack: words
layers:
  words-py: { code: layers/py, runtimes: [python3.13], keep: 1 }
  words-node: { code: layers/node, runtimes: [nodejs22.x] }
functions:
  one: { code: one, runtime: python3.13, layers: [words-py] }
  two: { code: two, runtime: python3.13, layers: [words-py] }
  three: { code: three, runtime: nodejs22.x, layers: [words-node] }
api:
  routes:
    GET /one: one
    GET /two: two
    GET /three: three
";

fn python(word: &str) -> String {
    format!("def word():\n    return '{word}'\n")
}

fn cloud() -> Cloud {
    let cloud = Cloud::with(STACK);
    for folder in ["layers/py", "layers/node", "one", "two", "three"] {
        fs::create_dir_all(cloud.path("stack").join(folder)).unwrap();
    }
    cloud.write("layers/py/words.py", &python("first"));
    cloud.write("layers/node/words.js", "exports.word = () => 'node';\n");
    for name in ["one", "two"] {
        let code = format!(
            "from words import word\n\ndef lambda_handler(event, context):\n    return {{'statusCode': 200, 'body': '{name} ' + word()}}\n"
        );
        cloud.write(&format!("{name}/lambda_function.py"), &code);
    }
    let code = "const { word } = require('words');\nexports.handler = async () => ({ statusCode: 200, body: word() });\n";
    cloud.write("three/index.js", code);
    cloud
}

#[tokio::test]
async fn functions_share_a_layer_and_move_to_its_new_version() {
    let cloud = cloud();
    let api = cloud.up().api();
    for (path, word) in [("/one", "one first"), ("/two", "two first"), ("/three", "node")] {
        assert_eq!(get(&api, path).await.ok(), word);
    }
    cloud.up().changes_nothing();
    cloud.run(&["outputs", "--local"]).ok().says(":layer:words-py:1");
    cloud.run(&["status", "--local"]).ok().says("layer words-py");
    cloud.run(&["list", "--local"]).ok().says("2 layers");

    cloud.write("layers/py/words.py", &python("second"));
    cloud.plan().says("layer words-py").says("~ python/words.py").says("Plan: 2 to update, 1 to replace");
    cloud.up().says("Done: 2 updated, 1 replaced");
    for (path, word) in [("/one", "one second"), ("/two", "two second"), ("/three", "node")] {
        assert_eq!(get(&api, path).await.ok(), word);
    }
    let arn = "arn:aws:lambda:eu-central-1:000000000000:layer:words-py";
    let aws = cloud.aws().await;
    let versions = aws.lambda().list_layer_versions().layer_name("words-py").send().await.unwrap();
    let versions: Vec<i64> = versions.layer_versions().iter().map(|version| version.version()).collect();
    assert_eq!(versions, [2], "{arn}");
    cloud.up().changes_nothing();

    cloud.down().ok().says("Nothing left.");
    let left = dump(&aws).await;
    assert_eq!(names(&left, "layers"), [""; 0]);
    assert_empty(&left);
}

#[tokio::test]
async fn a_saved_module_of_a_layer_is_live() {
    let cloud = cloud();
    let mut dev = Running::start(&mut cloud.command(&["dev"]));
    let api = dev.says("API: ").strip_prefix("API: ").unwrap().to_owned();
    dev.says("Watching for changes. Press Ctrl-C to quit.");
    assert_eq!(get(&api, "/one").await.ok(), "one first");
    cloud.write("layers/py/words.py", &python("saved"));
    dev.says("Done: 2 updated, 1 replaced");
    for (path, word) in [("/one", "one saved"), ("/two", "two saved")] {
        assert_eq!(get(&api, path).await.ok(), word);
    }
    dev.interrupt();
    let (status, said) = dev.end();
    assert_eq!(status.code(), Some(0), "{said}");
}
