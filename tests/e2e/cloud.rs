//! A local cloud and a stack for one test, and the program that is tested.

use crate::ran::Ran;
use crate::stack;
use aws_credential_types::Credentials;
use aws_sdk_lambda::client::Waiters;
use provision::aws::{Access, Calls, Clients, Connection, Place};
use provision::kinds::services;
use provision::local::LocalCloud;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// The region where neither the stack nor a flag names one.
pub(crate) const REGION: &str = "us-east-1";

/// A local cloud with a copy of the shipped stack. It ends with the test.
pub(crate) struct Cloud {
    folder: TempDir,
    /// Its URL.
    pub(crate) url: String,
}

impl Cloud {
    /// With the shipped stack as it is.
    pub(crate) fn shipped() -> Self {
        Cloud::with(&stack::shipped())
    }

    /// With the shipped stack without its checks, which take more time than all the rest.
    pub(crate) fn unchecked() -> Self {
        Cloud::with(&stack::unchecked())
    }

    /// With a stack file, whose code may be that of the shipped functions.
    pub(crate) fn with(stack: &str) -> Self {
        let mut cloud = Cloud { folder: tempfile::tempdir().unwrap(), url: String::new() };
        fs::create_dir(cloud.path("stack")).unwrap();
        copy(&stack::root().join("lambdas"), &cloud.path("stack/lambdas"));
        cloud.write("stack.yaml", stack);
        cloud.url = cloud.run(&["local", "start"]).ok().url();
        cloud
    }

    /// A path within the test's own folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file of the stack.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path("stack").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Changes a text in a file of the stack, which must occur exactly once.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.path("stack").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "`{from}` must be once in {file}:\n{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    /// The program, in the stack's folder, with nothing of the user's AWS settings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_provision"));
        let ours = |name: &str| {
            ["AWS_", "CLICOLOR", "NO_COLOR", "FORCE_COLOR", "PROVISION_"].iter().any(|p| name.starts_with(p))
        };
        env::vars().filter(|(name, _)| ours(name) && name != "PROVISION_CACHE_DIR").for_each(|(name, _)| {
            command.env_remove(name);
        });
        command.args(args).current_dir(self.path("stack")).stdin(Stdio::null());
        command.env("PROVISION_STATE_DIR", self.path("state"));
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command(args))
    }

    /// `up`, which must succeed.
    pub(crate) fn up(&self) -> Ran {
        self.run(&["up", "--local"]).ok()
    }

    /// `plan`, which must succeed.
    pub(crate) fn plan(&self) -> Ran {
        self.run(&["plan", "--local"]).ok()
    }

    /// `down`, which must succeed.
    pub(crate) fn down(&self) -> Ran {
        self.run(&["down", "--local"]).ok()
    }

    /// The program as if this cloud were the real AWS: nothing tells it that this one is local.
    pub(crate) fn command_on_aws(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env("AWS_ENDPOINT_URL", &self.url).env("AWS_REGION", REGION);
        let credentials = self.credentials();
        command.env("AWS_ACCESS_KEY_ID", credentials.access_key_id());
        command.env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key());
        let nowhere = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
        command.envs(nowhere.map(|name| (name, "/dev/null"))).env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs the program as if this cloud were the real AWS.
    pub(crate) fn run_on_aws(&self, args: &[&str]) -> Ran {
        Ran::of(&mut self.command_on_aws(args))
    }

    /// The port at which it answers.
    pub(crate) fn port(&self) -> u16 {
        self.url.rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The credentials that the cloud made for itself.
    pub(crate) fn credentials(&self) -> Credentials {
        LocalCloud::new(self.path("cache"), self.path("state")).credentials().unwrap()
    }

    /// Clients to look at the cloud, and to change it without the program.
    pub(crate) async fn aws(&self) -> Clients {
        self.aws_in(REGION).await
    }

    /// Clients in another region.
    pub(crate) async fn aws_in(&self, region: &str) -> Clients {
        let (url, region) = (self.url.clone(), region.to_owned());
        let place = Place::Local { url, region, credentials: self.credentials() };
        Connection::open(&place, &services(), Calls::default()).await.unwrap().clients(Access::Write)
    }
}

/// Waits until a function that was created or updated is ready again.
pub(crate) async fn at_rest(aws: &Clients, function: &str) {
    let patience = Duration::from_secs(60);
    aws.lambda().wait_until_function_active_v2().function_name(function).wait(patience).await.unwrap();
    aws.lambda().wait_until_function_updated_v2().function_name(function).wait(patience).await.unwrap();
}

impl Drop for Cloud {
    fn drop(&mut self) {
        let stopped = self.run(&["local", "stop"]);
        if !std::thread::panicking() {
            stopped.ok();
        }
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}
