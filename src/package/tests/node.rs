//! Packages of `package.json`.

use std::process::Command;

use super::super::{Source, build};
use super::{Stack, names};

const PACKAGE: &str = r#"{"name":"app","version":"1.0.0","dependencies":{"is-number":"7.0.0"}}"#;
const LOCK: &str = r#"{"lockfileVersion":3,"packages":{"node_modules/is-number":{"version":"7.0.0"}}}"#;

fn stack(files: &[(&str, &str)]) -> Stack {
    let mut stack = Stack::new(&[("app/index.mjs", ""), ("app/package.json", PACKAGE)]);
    for (name, contents) in files {
        stack.write(name, contents);
    }
    stack.runtime = "nodejs22.x";
    stack
}

/// Through the registry of this machine.
#[tokio::test]
#[allow(clippy::print_stderr)]
async fn a_real_package_is_installed_from_its_lock_file() {
    let stack = stack(&[("app/node_modules/is-number/index.js", "of the user's machine")]);
    let locked =
        Command::new("npm").args(["install", "--package-lock-only"]).current_dir(stack.path("app")).output();
    let Ok(locked) = locked else {
        return eprintln!("npm is not installed here: only the fake one was tested");
    };
    assert!(locked.status.success(), "{}", String::from_utf8_lossy(&locked.stderr));
    let package = stack.build("app").await.expect("built");
    let expected = [
        "index.mjs",
        "node_modules/is-number/LICENSE",
        "node_modules/is-number/README.md",
        "node_modules/is-number/index.js",
        "node_modules/is-number/package.json",
        "package-lock.json",
        "package.json",
    ];
    assert_eq!(names(&package), expected);
    assert!(package.unzipped > 5_000, "the module is the published one");
    assert_eq!(stack.build("app").await.expect("built again"), package);
    assert_eq!(stack.announced(), 1, "the second build takes the packages from the cache");
}

#[tokio::test]
async fn a_missing_lock_file_is_explained() {
    let error = stack(&[]).error("app").await;
    let expected = "`app/package.json`: has dependencies but no package-lock.json next to it, which says their \
                    versions; run `npm install --package-lock-only` in that folder and commit the file";
    assert_eq!(error, expected);
}

#[tokio::test]
async fn lock_files_of_other_tools_are_named() {
    for name in ["yarn.lock", "pnpm-lock.yaml", "bun.lock"] {
        let error = stack(&[(&format!("app/{name}"), "")]).error("app").await;
        let expected = format!(
            "; {name} is not read, only npm's lock files are: bundle the code, and name the result as `code`, or write a \
             lock file with `npm install --package-lock-only` and commit it"
        );
        assert!(error.ends_with(&expected), "{error}");
    }
}

#[tokio::test]
async fn the_lock_file_of_a_workspace_is_named() {
    for name in ["package-lock.json", "pnpm-lock.yaml"] {
        let stack = stack(&[(name, "{}")]);
        let error = stack.error("app").await;
        let expected = format!("; that of the workspace, ../{name}, is not read: ");
        assert!(error.contains(&expected) && error.contains("--workspaces=false"), "{error}");
        stack.write("app/.git/HEAD", "");
        assert!(
            stack.error("app").await.ends_with("in that folder and commit the file"),
            "another repository"
        );
    }
}

#[tokio::test]
async fn a_manifest_without_dependencies_needs_nothing() {
    for manifest in ["{}", r#"{"dependencies":{}}"#, r#"{"type":"module","devDependencies":{"x":"1"}}"#] {
        let names =
            stack(&[("app/package.json", manifest), ("app/node_modules/own.js", "")]).names("app").await;
        assert_eq!(names, ["index.mjs", "node_modules/own.js", "package.json"]);
    }
}

#[tokio::test]
async fn a_malformed_manifest_is_refused() {
    let error = stack(&[("app/package.json", "{")]).error("app").await;
    assert!(error.starts_with("`app/package.json`: is not valid JSON: "), "{error}");
    let error = stack(&[("app/package-lock.json", "[")]).error("app").await;
    assert!(error.starts_with("`app/package-lock.json`: is not valid JSON: "), "{error}");
    let error = stack(&[("app/package-lock.json", "{}")]).error("app").await;
    assert!(error.starts_with("`app/package-lock.json`: is of an old format"), "{error}");
}

#[tokio::test]
async fn manifests_that_node_cannot_read_are_refused() {
    for name in ["package.json", "package-lock.json"] {
        let stack = stack(&[("app/package-lock.json", LOCK)]);
        stack.write_utf_16(&format!("app/{name}"), PACKAGE);
        let expected = format!("`app/{name}` is UTF-16, not UTF-8; save it as UTF-8 in your editor");
        assert_eq!(stack.error("app").await, expected);
    }
}

#[tokio::test]
async fn what_would_have_to_be_built_is_refused() {
    for package in [r#"{"resolved":"lib","link":true}"#, r#"{"resolved":"git+ssh://git@x.y/z.git#0"}"#] {
        let lock = format!(r#"{{"packages":{{"":{{}},"node_modules/lib":{package}}}}}"#);
        let error = stack(&[("app/package-lock.json", &lock)]).error("app").await;
        assert!(error.contains("`node_modules/lib` comes from a local folder or from git"), "{error}");
    }
}

#[test]
fn builds_can_be_spawned() {
    fn is_send(_: impl Send) {}
    let source = Source {
        folder: ".".as_ref(),
        code: ".".as_ref(),
        exclude: &[],
        runtime: "python3.13",
        architecture: "arm64",
        is_layer: false,
        has_layers: false,
    };
    is_send(build(&source, ".".as_ref(), &|_| {}));
}

#[cfg(unix)]
mod fake {
    use super::super::FakeTools;
    use super::*;

    const INSTALL: &str = r"
if [ $1 = --version ]; then echo 11.0.0; exit; fi
mkdir -p node_modules/.bin node_modules/is-number/node_modules/.bin
echo hidden > node_modules/.package-lock.json
echo module > node_modules/is-number/index.js
ln -s ../is-number/index.js node_modules/.bin/is-number
ln -s /usr/bin/env node_modules/is-number/node_modules/.bin/env
cat .npmrc
";

    #[tokio::test]
    async fn npm_sees_no_secret_and_runs_no_script() {
        let fake = FakeTools::new(&[("npm", INSTALL)]);
        let mut stack = stack(&[("app/package-lock.json", LOCK), ("app/.npmrc", "registry=https://x.y/\n")]);
        stack.architecture = "arm64";
        let package = stack.build_with("app", &fake.tools()).await.expect("built");
        assert_eq!(
            names(&package),
            ["index.mjs", "node_modules/is-number/index.js", "package-lock.json", "package.json"]
        );
        let expected = "npm ci --ignore-scripts --omit=dev --no-bin-links --no-audit --no-fund --os=linux --libc=glibc \
                        --cpu=arm64";
        assert_eq!(fake.calls(), [expected]);
        assert!(!fake.log().contains("leaked"), "{}", fake.log());
    }

    #[tokio::test]
    async fn the_packages_of_a_layer_are_next_to_its_modules() {
        let fake = FakeTools::new(&[("npm", INSTALL)]);
        let files = [("app/package-lock.json", LOCK), ("app/.npmrc", "")];
        let layer = Stack { is_layer: true, ..stack(&files) };
        let package = layer.build_with("app", &fake.tools()).await.expect("built");
        let expected = [
            "nodejs/node_modules/index.mjs",
            "nodejs/node_modules/is-number/index.js",
            "nodejs/package-lock.json",
            "nodejs/package.json",
        ];
        assert_eq!(names(&package), expected);
    }

    #[tokio::test]
    async fn the_lock_file_may_be_a_shrinkwrap() {
        let script = format!("{INSTALL}cp npm-shrinkwrap.json \"$0.seen\"; test ! -e package-lock.json");
        let fake = FakeTools::new(&[("npm", &script)]);
        let stack = stack(&[("app/npm-shrinkwrap.json", LOCK), ("app/package-lock.json", "{}")]);
        let package = stack.build_with("app", &fake.tools()).await.expect("built");
        assert_eq!(fake.read("npm.seen"), LOCK);
        assert!(names(&package).iter().any(|name| name == "node_modules/is-number/index.js"));
    }

    #[tokio::test]
    async fn scripts_that_are_not_run_give_a_warning_each_time() {
        let lock = r#"{"packages":{"":{"hasInstallScript":true},
            "node_modules/is-number":{"hasInstallScript":true},
            "node_modules/x/node_modules/@a/native":{"hasInstallScript":true},
            "node_modules/prebuilt":{"hasInstallScript":true},
            "node_modules/elsewhere":{"hasInstallScript":true},
            "node_modules/fsevents":{"hasInstallScript":true,"optional":true},
            "node_modules/tool":{"hasInstallScript":true,"dev":true}}}"#;
        let package = r#"{"dependencies":{"is-number":"7.0.0"},"scripts":{"prepare":"husky","test":"jest",
            "postinstall":"patch-package"}}"#;
        let install = "for file in is-number/index.js x/node_modules/@a/native/index.js prebuilt/package.json \
                       prebuilt/prebuilds/linux-x64/a.node elsewhere/package.json \
                       elsewhere/prebuilds/darwin-x64/a.node tool/index.js; do \
                       mkdir -p node_modules/${file%/*}; echo > node_modules/$file; done";
        let fake = FakeTools::new(&[("npm", install)]);
        let stack = stack(&[("app/package-lock.json", lock), ("app/package.json", package)]);
        for _ in 0..2 {
            let warnings = stack.build_with("app", &fake.tools()).await.expect("built").warnings;
            let expected = [
                "install scripts are not run, so these packages may lack a binary: `@a/native`, `elsewhere`, `is-number`; \
                 use packages that come with their binaries, or build the code elsewhere and name the finished .zip as \
                 `code`",
                "the script `postinstall` of package.json is not run (`patch-package`); if the function needs what it \
                 makes, run it yourself and name the result as `code`",
            ];
            assert_eq!(warnings, expected);
        }
    }

    #[tokio::test]
    async fn another_npm_or_other_settings_install_again() {
        let npm =
            |version: &str| format!("if [ \"$*\" = --version ]; then echo {version}; exit; fi\n{INSTALL}");
        let (old, new) =
            (FakeTools::new(&[("npm", &npm("10.0.0"))]), FakeTools::new(&[("npm", &npm("11.0.0"))]));
        let stack = stack(&[("app/package-lock.json", LOCK)]);
        for (fake, settings, installed) in [
            (&old, "", 1),
            (&new, "", 1),
            (&old, "//x.y/:_authToken=a", 0),
            (&old, "install-strategy=nested", 1),
        ] {
            let before = fake.calls().len();
            stack.write("app/.npmrc", settings);
            stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(fake.calls().len() - before, installed, "{settings}");
        }
    }

    #[tokio::test]
    async fn variables_that_npm_does_not_see_are_named() {
        let fake = FakeTools::new(&[(
            "npm",
            "[ \"$*\" = --version ] || { echo 'npm error code E401' >&2; exit 1; }",
        )]);
        let settings = "@acme:registry=https://x.y/npm/\n//x.y/npm/:_authToken=${ACME_TOKEN}\n";
        let stack = stack(&[("app/package-lock.json", LOCK), ("app/.npmrc", settings)]);
        let error = stack.build_with("app", &fake.tools()).await.expect_err("failed").to_string();
        let expected = "The settings in .npmrc name variables that are not passed to npm, which sees no secrets of a \
                        pipeline: ACME_TOKEN. Put the value itself into ~/.npmrc.";
        assert!(error.ends_with(expected), "{error}");
    }

    #[tokio::test]
    async fn packages_are_cached_by_lock_file_and_credentials_are_not() {
        let fake = FakeTools::new(&[("npm", INSTALL)]);
        let stack = stack(&[("app/package-lock.json", LOCK), ("app/.npmrc", "//x.y/:_authToken=leaked")]);
        for (lock, calls) in [(LOCK.to_owned(), 1), (LOCK.to_owned(), 1), (LOCK.replace("7.0.0", "7.0.1"), 2)]
        {
            stack.write("app/package-lock.json", &lock);
            stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(fake.calls().len(), calls);
        }
        let cached =
            walkdir::WalkDir::new(stack.cache.path()).into_iter().map(|found| found.expect("readable"));
        assert_eq!(cached.filter(|found| found.file_name() == ".npmrc").count(), 0);
    }

    #[tokio::test]
    async fn without_npm_the_error_says_how_to_get_it() {
        let stack = stack(&[("app/package-lock.json", LOCK)]);
        let error =
            stack.build_with("app", &FakeTools::new(&[]).tools()).await.expect_err("no npm").to_string();
        assert_eq!(
            error,
            "installing the packages of app/package.json for nodejs22.x on x86_64 needs `npm`, which is not \
             installed; install Node.js, which brings it (https://nodejs.org/)"
        );
    }

    #[tokio::test]
    async fn a_lock_file_that_lags_behind_is_explained() {
        let script = r#"if [ "$*" = --version ]; then exit; fi
echo 'npm error `npm ci` can only install packages when they are in sync.' >&2
echo 'npm error Invalid: lock file is-number@7.0.0 does not satisfy is-number@6.0.0' >&2
for line in 'Clean install a project' '' 'Usage:' 'npm ci' '' 'Options:' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
    echo "npm error $line" >&2
done; exit 1"#;
        let fake = FakeTools::new(&[("npm", script)]);
        let stack = stack(&[("app/package-lock.json", LOCK)]);
        let error = stack.build_with("app", &fake.tools()).await.expect_err("failed").to_string();
        let expected = "\n  npm error Invalid: lock file is-number@7.0.0 does not satisfy is-number@6.0.0\nRun `npm install \
                        --package-lock-only` in the code folder and commit package-lock.json.";
        assert!(error.ends_with(expected), "{error}");
    }
}
