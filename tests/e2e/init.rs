//! A stack that `init` has written comes up as it is.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump, names};
use crate::programs::is_here;
use crate::stack::{SMALL, root};
use serde_json::json;
use std::fs;

#[tokio::test]
async fn what_init_writes_comes_up_in_every_language() {
    let cloud = Cloud::with(SMALL);
    for language in ["python", "node"] {
        if language == "node" && !is_here("npm") {
            eprintln!("npm is not installed here: only Python was tried");
            continue;
        }
        let (folder, file) = (format!("../my {language}"), format!("../my {language}/stack.yaml"));
        let init = cloud.run(&["init", &folder, "--runtime", language]).ok();
        init.says(&format!("Created stack my-{language}")).says(&format!("  cd '{folder}'"));
        let wrote = fs::read_to_string(cloud.path("stack").join(&file)).unwrap();
        assert!(wrote.starts_with("# yaml-language-server: $schema=stack.schema.json\n"), "{wrote}");
        cloud.run(&["up", "--local", "--file", &file]).ok().says("2 of 2 checks passed");
        let there = dump(&cloud.aws().await).await;
        assert_eq!(names(&there, "functions"), [format!("my-{language}-hello")]);
        cloud.run(&["up", "--local", "--file", &file]).ok().changes_nothing();
        cloud.run(&["down", "--local", "--file", &file]).ok().says("Nothing left.");
    }
    assert_empty(&dump(&cloud.aws().await).await);
}

#[tokio::test]
async fn init_overwrites_nothing_and_names_every_file_in_its_way() {
    let cloud = Cloud::with(SMALL);
    fs::create_dir_all(cloud.path("stack/lambdas/hello")).unwrap();
    cloud.write("lambdas/hello/lambda_function.py", "mine");
    cloud.write(".gitignore", "mine");
    let refused = cloud.run(&["init"]).ends(1);
    refused.says("  - stack.yaml\n").says("  - lambdas/hello/lambda_function.py\n").never_says("schema");
    assert!(!cloud.path("stack/stack.schema.json").exists());
    let read = |file: &str| fs::read_to_string(cloud.path("stack").join(file)).unwrap();
    assert_eq!(
        (read("stack.yaml").as_str(), read("lambdas/hello/lambda_function.py").as_str()),
        (SMALL, "mine")
    );

    for file in ["stack.yaml", "lambdas/hello/lambda_function.py"] {
        fs::remove_file(cloud.path("stack").join(file)).unwrap();
    }
    cloud.run(&["init", "--name", "No Good"]).ends(64).says("use lowercase letters");
    let init = cloud.run(&["init", "--name", "blog", "--json"]).ok().documents();
    let files = json!(["stack.yaml", "lambdas/hello/lambda_function.py", "stack.schema.json"]);
    assert_eq!(
        (&init[0]["type"], &init[0]["stack"], &init[0]["files"]),
        (&json!("init"), &json!("blog"), &files)
    );
    assert_eq!(read(".gitignore"), "mine");
    let schema = fs::read_to_string(root().join("src/config/stack.schema.json")).unwrap();
    assert_eq!(read("stack.schema.json"), schema);
    cloud.run(&["validate"]).ok().says("1 table, 1 function, 1 route, 2 checks");
}
