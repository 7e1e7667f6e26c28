//! What pipelines run: the scripts of the GitHub action and the jobs of the GitLab template, with a stand-in for GitHub, against a
//! local cloud that they take for AWS.

use crate::cloud::Cloud;
use crate::dump::{assert_empty, dump};
use crate::http::get;
use crate::ran::Ran;
use crate::stack::{SMALL, root};
use serde_json::{Value as Json, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tag of the release that has this version.
const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// The comment of a stranger, who knows the marker.
const STRANGER: &str = "<!-- provision plan small us-east-1 -->\nNothing to see here.";

/// A runner with a local cloud, in the place of AWS.
struct Runner {
    cloud: Cloud,
}

impl Runner {
    fn new() -> Self {
        let runner = Runner { cloud: Cloud::with(SMALL) };
        fs::create_dir_all(runner.path("releases")).unwrap();
        let stranger = json!({
            "id": 1, "user": { "type": "User" }, "author_association": "NONE", "body": STRANGER,
        });
        fs::write(runner.path("comments.json"), Json::Array(vec![stranger]).to_string()).unwrap();
        runner
    }

    /// A path in the folder that is the forge and the runner's own.
    fn path(&self, path: &str) -> PathBuf {
        self.cloud.path("forge").join(path)
    }

    /// A file in it; empty if it does not exist.
    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_default()
    }

    /// A program with the variables of a runner. Programs in the forge's folder come first, then the stand-ins.
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.cloud.path("stack"));
        for (name, value) in self.cloud.command_on_aws(&[]).get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let built = PathBuf::from(env!("CARGO_BIN_EXE_provision"));
        let inherited = std::env::var_os("PATH").unwrap();
        let own = [self.path(""), root().join("tests/e2e/fakes"), built.parent().unwrap().to_owned()];
        let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&inherited))).unwrap();
        command.env("PATH", path).env("FORGE", self.path("")).env("RUNNER_TEMP", self.cloud.path("forge"));
        for name in ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH"] {
            command.env(name, self.path(name));
        }
        command.env("GITHUB_REPOSITORY", "acme/blog").env("GITHUB_SERVER_URL", "https://forge.example");
        command.env("GITHUB_RUN_ID", "42").env("PULL_REQUEST", "7").env("INPUT_COMMENT", "true");
        command
    }

    /// The step of the action that runs a command.
    fn step(&self, command: &str, args: &str) -> Ran {
        fs::write(self.path("GITHUB_OUTPUT"), "").unwrap();
        let mut script = self.command(root().join("scripts/ci/run").to_str().unwrap(), &[]);
        Ran::of(script.env("INPUT_COMMAND", command).env("INPUT_ARGS", args))
    }

    /// The outputs of the last step.
    fn outputs(&self) -> String {
        self.read("GITHUB_OUTPUT")
    }

    /// Asserts that the API of a URL responds. No resolver knows the host's name, so the cloud is asked for the API whose
    /// id begins it.
    async fn assert_answers(&self, url: &str) {
        let api = url.trim_end().strip_prefix("http://").and_then(|rest| rest.split('.').next());
        let reachable = format!("{}/_aws/execute-api/{}/$default", self.cloud.url, api.unwrap());
        assert_eq!(get(&reachable, "/items").await.ok(), json!([]));
    }

    /// The bodies of the pull request's comments.
    fn comments(&self) -> Vec<String> {
        let comments: Vec<Json> = serde_json::from_str(&self.read("comments.json")).unwrap();
        comments.iter().map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
    }

    /// The step of the action that installs.
    fn install(&self) -> Ran {
        let mut script = self.command(root().join("scripts/ci/install").to_str().unwrap(), &[]);
        Ran::of(script.env("REPOSITORY", "acme/provision").env("VERSION", ""))
    }

    /// Creates a release of the program that is tested, for this machine.
    fn release(&self) -> PathBuf {
        let folder = self.path("releases").join(TAG);
        let target = match (cfg!(target_os = "macos"), cfg!(target_arch = "aarch64")) {
            (false, false) => "x86_64-unknown-linux-musl",
            (false, true) => "aarch64-unknown-linux-musl",
            (true, false) => "x86_64-apple-darwin",
            (true, true) => "aarch64-apple-darwin",
        };
        let folder_name = folder.to_str().unwrap();
        let archive = root().join("scripts/release/archive");
        let args = [target, env!("CARGO_BIN_EXE_provision"), folder_name];
        Ran::of(&mut self.command(archive.to_str().unwrap(), &args)).ok();
        let checksums = root().join("scripts/release/checksums");
        Ran::of(&mut self.command(checksums.to_str().unwrap(), &[folder_name])).ok();
        folder
    }

    /// A job of the GitLab template, as a runner of GitLab runs it.
    fn gitlab(&self, job: &str) -> Ran {
        let text = fs::read_to_string(root().join("ci/gitlab.yml")).unwrap();
        let jobs: Json = serde_yaml::from_str(&text).unwrap();
        let lines = |job: &str, key: &str| -> Vec<String> {
            let lines = jobs[job][key].as_array().unwrap();
            lines.iter().map(|line| line.as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(jobs[job]["extends"], ".provision");
        let script = [lines(".provision", "before_script"), lines(job, "script")].concat().join("\n");
        let mut bash = self.command("bash", &["-eo", "pipefail", "-c", &script]);
        bash.env("CI_PROJECT_DIR", self.cloud.path("stack")).env("PROVISION_ID_TOKEN", "token");
        bash.env("PROVISION_RELEASES", format!("file://{}", self.path("gitlab").display()));
        Ran::of(bash.env("PROVISION_VERSION", env!("CARGO_PKG_VERSION")).env("PROVISION_FLAGS", "--env dev"))
    }
}

#[tokio::test]
async fn a_plan_is_one_comment_however_often_it_is_made() {
    let runner = Runner::new();
    runner.step("plan", "").ok();
    assert_eq!(runner.outputs(), "changes=true\n");
    let [stranger, first] = &runner.comments()[..] else { panic!("{:?}", runner.comments()) };
    assert_eq!(stranger, STRANGER);
    assert!(first.starts_with("<!-- provision plan small us-east-1 -->\n"), "{first}");
    assert!(first.contains("17 to create"), "{first}");
    assert!(first.ends_with("[the run](https://forge.example/acme/blog/actions/runs/42)</sub>\n"), "{first}");
    assert_eq!(runner.read("GITHUB_STEP_SUMMARY"), runner.read("provision-plan.md"));

    runner.cloud.edit("stack.yaml", "    PUT /items: save\n", "");
    runner.step("plan", "").ok();
    let comments = runner.comments();
    assert_eq!((comments.len(), &comments[0][..]), (2, STRANGER));
    assert_ne!(&comments[1], first);
    let calls = runner.read("calls");
    let list = "api --paginate repos/acme/blog/issues/7/comments?per_page=100 --jq";
    let end = "--field body=@- --jq .html_url";
    assert_eq!(
        calls.lines().map(str::trim_end).collect::<Vec<_>>(),
        [
            list,
            &format!("api --method POST repos/acme/blog/issues/7/comments {end}"),
            list,
            &format!("api --method PATCH repos/acme/blog/issues/comments/2 {end}"),
        ]
    );
}

#[tokio::test]
async fn a_plan_succeeds_without_a_pull_request_and_without_permission_to_comment() {
    let runner = Runner::new();
    fs::write(runner.path("read-only"), "").unwrap();
    runner.step("plan", "").ok().says("::warning title=provision::The plan is in the summary only");
    assert_eq!((runner.comments().len(), &runner.outputs()[..]), (1, "changes=true\n"));
    assert_ne!(runner.read("GITHUB_STEP_SUMMARY"), "");

    fs::remove_file(runner.path("calls")).unwrap();
    let mut script = runner.command(root().join("scripts/ci/run").to_str().unwrap(), &[]);
    Ran::of(script.env("INPUT_COMMAND", "plan").env("PULL_REQUEST", "")).ok().never_says("::warning");
    Ran::of(script.env("PULL_REQUEST", "7").env("INPUT_COMMENT", "false")).ok().never_says("::warning");
    assert_eq!(runner.read("calls"), "");
}

#[tokio::test]
async fn steps_bring_up_check_for_drift_and_bring_down() {
    let runner = Runner::new();
    let aws = runner.cloud.aws().await;
    runner.step("rise", "").ends(64).says("`rise` is not a command of this action");
    runner.step("plan", "--detailed-exitcode --out plan.json").ends(2);

    runner.step("up", "--plan plan.json").ok().says("17 created");
    let outputs = runner.outputs();
    runner.assert_answers(outputs.strip_prefix("url=").unwrap()).await;
    runner.step("plan", "--detailed-exitcode").ends(0);
    assert_eq!(runner.outputs(), "changes=false\n");
    runner.step("check", "").ok();
    assert_eq!(runner.outputs(), outputs);

    aws.lambda().update_function_configuration().function_name("list").memory_size(256).send().await.unwrap();
    crate::cloud::at_rest(&aws, "list").await;
    runner.step("plan", "--detailed-exitcode").ends(2).says("memory");
    assert_eq!(runner.outputs(), "changes=true\n");
    runner.cloud.edit("stack.yaml", "partition_key", "partition_kye");
    runner.step("plan", "").ends(65);
    runner.step("up", "").ends(65);
    assert_eq!(runner.outputs(), "");
    runner.cloud.edit("stack.yaml", "partition_kye", "partition_key");

    runner.step("down", "").ok().says("Nothing left.");
    assert_empty(&dump(&aws).await);
}

#[tokio::test]
async fn inputs_become_flags_and_a_stack_without_an_api_has_no_url() {
    let runner = Runner::new();
    let (without_api, _) = SMALL.split_once("\napi:").unwrap();
    runner.cloud.write("other.yaml", without_api);
    let mut script = runner.command(root().join("scripts/ci/run").to_str().unwrap(), &[]);
    script.env("INPUT_COMMAND", "up").env("INPUT_FILE", "other.yaml").env("INPUT_ENV", "dev");
    script.env("INPUT_REGION", "eu-west-1").env("INPUT_ARGS", " --allow-data-loss notes\n-v\n");
    let up = Ran::of(&mut script).ok().says("stack small/dev · account ").says(" · eu-west-1 · ");
    up.says("+ table dev-notes created").never_says("there is no output");
    assert_eq!(runner.outputs(), "");
}

#[tokio::test]
async fn a_release_is_installed_if_its_checksum_is_right_and_else_nothing() {
    let runner = Runner::new();
    let release = runner.release();
    runner.install().ok().says(concat!("provision ", env!("CARGO_PKG_VERSION")));
    let folder = runner.read("GITHUB_PATH");
    let mut installed = runner.command(&format!("{}/provision", folder.trim_end()), &["--version"]);
    Ran::of(&mut installed).ok();

    spoil(&release);
    fs::remove_file(runner.path("GITHUB_PATH")).unwrap();
    runner.install().ends(1).says("differs from the one in the release");
    assert_eq!(runner.read("GITHUB_PATH"), "");
}

#[tokio::test]
async fn without_a_release_the_checkout_is_built() {
    let runner = Runner::new();
    let built = env!("CARGO_BIN_EXE_provision");
    let cargo =
        format!("#!/bin/sh\necho cargo \"$@\"\nmkdir -p build/bin && cp '{built}' build/bin/provision\n");
    fs::write(runner.path("cargo"), cargo).unwrap();
    fs::set_permissions(runner.path("cargo"), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = runner.install().ok();
    ran.says(&format!("cargo install --locked --path {} --root build\n", root().display()));
    assert_eq!(runner.read("GITHUB_PATH").trim_end(), runner.path("provision").to_str().unwrap());
}

/// The template is for Linux, where GitLab's jobs run.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn jobs_of_gitlab_install_plan_bring_up_find_drift_and_bring_down() {
    let runner = Runner::new();
    runner.release();
    fs::create_dir(runner.path("gitlab")).unwrap();
    fs::rename(runner.path("releases"), runner.path("gitlab/download")).unwrap();

    runner.gitlab(".provision-plan").ok().says("17 to create");
    let plan = fs::read_to_string(runner.cloud.path("stack/provision-plan.md")).unwrap();
    assert!(plan.starts_with("<!-- provision plan small/dev us-east-1 -->\n"), "{plan}");
    runner.gitlab(".provision-drift").ends(2);
    runner.gitlab(".provision-up").ok().says("17 created");
    let env = fs::read_to_string(runner.cloud.path("stack/provision.env")).unwrap();
    runner.assert_answers(env.strip_prefix("PROVISION_URL=").unwrap()).await;
    runner.gitlab(".provision-drift").ends(0);
    runner.gitlab(".provision-down").ok().says("Nothing left.");
    assert_empty(&dump(&runner.cloud.aws().await).await);

    spoil(&runner.path("gitlab/download").join(TAG));
    runner.gitlab(".provision-plan").ends(1).says("FAILED").never_says("to create");
}

/// Puts something else into the place of the archive of a release.
fn spoil(release: &Path) {
    let mut files = fs::read_dir(release).unwrap().map(|entry| entry.unwrap().path());
    let archive = files.find(|path| path.extension().is_some_and(|end| end == "gz")).unwrap();
    fs::write(archive, "something else").unwrap();
}
