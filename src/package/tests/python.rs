//! Packages of `requirements.txt`.

use std::fs;

use super::{Stack, names, open};

/// Through the package index of this machine: six is one file, and has been stable for a decade.
#[tokio::test]
async fn a_real_package_is_installed_once_and_always_the_same() {
    let files = [("app/lambda_function.py", "import six\n"), ("app/requirements.txt", "six==1.17.0\n")];
    let (stack, other) = (Stack::new(&files), Stack::new(&files));
    let package = stack.build("app").await.expect("built");
    let names = names(&package);
    for expected in ["lambda_function.py", "requirements.txt", "six.py", "six-1.17.0.dist-info/METADATA"] {
        assert!(names.iter().any(|name| name == expected), "{expected} is missing in {names:?}");
    }
    assert!(!names.iter().any(|name| name.ends_with("RECORD") || name.ends_with("INSTALLER")), "{names:?}");
    assert_eq!(package.warnings, Vec::<String>::new());
    assert_eq!(stack.build("app").await.expect("built again"), package);
    assert_eq!(stack.announced(), 1, "the second build takes the packages from the cache");
    assert_eq!(other.build("app").await.expect("built elsewhere").sha256, package.sha256);
}

#[tokio::test]
async fn requirements_count_for_python_alone() {
    let mut stack = Stack::new(&[("app/index.mjs", ""), ("app/requirements.txt", "absent-package==1\n")]);
    stack.runtime = "nodejs22.x";
    assert_eq!(stack.names("app").await, ["index.mjs", "requirements.txt"]);
}

#[cfg(unix)]
mod fake {
    use super::super::FakeTools;
    use super::*;

    /// Installs what a real installer would, traces of the machine included.
    const INSTALL: &str = r#"
if [ "$*" = "-m pip --version" ]; then echo "pip 25.0 from /usr/lib (python 3.11)"; exit; fi
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/six-1.17.0.dist-info" "$2/__pycache__" "$2/bin" "$2/flask"
for name in RECORD INSTALLER REQUESTED direct_url.json uv_cache.json METADATA; do
    echo "$2" > "$2/six-1.17.0.dist-info/$name"
done
echo machine > "$2/__pycache__/six.pyc"; echo machine > "$2/.lock"
echo '#!/home/someone/python' > "$2/bin/script"; printf '\177ELF' > "$2/bin/program"
echo installed > "$2/six.py"; echo installed > "$2/flask/__init__.py"
echo 'Requires-Dist: tomli; python_version < "3.11"' > "$2/six-1.17.0.dist-info/METADATA"
"#;

    fn stack(requirements: &str) -> Stack {
        Stack::new(&[("app/lambda_function.py", ""), ("app/requirements.txt", requirements)])
    }

    #[tokio::test]
    async fn only_what_is_the_same_everywhere_is_packaged() {
        let fake = FakeTools::new(&[("uv", INSTALL)]);
        let stack = stack("six==1.17.0\n");
        stack.write("app/flask/__init__.py", "the user's own");
        let package = stack.build_with("app", &fake.tools()).await.expect("built");
        let expected = [
            "bin/program",
            "flask/__init__.py",
            "lambda_function.py",
            "requirements.txt",
            "six-1.17.0.dist-info/METADATA",
            "six.py",
        ];
        assert_eq!(names(&package), expected);
        let mut zip = open(&package);
        let own =
            std::io::read_to_string(zip.by_name("flask/__init__.py").expect("there")).expect("readable");
        assert_eq!(own, "the user's own");
    }

    #[tokio::test]
    async fn the_installer_sees_no_secret_and_the_right_machine() {
        let fake = FakeTools::new(&[("uv", INSTALL)]);
        let mut stack = stack("six==1.17.0\n");
        stack.architecture = "arm64";
        stack.build_with("app", &fake.tools()).await.expect("built");
        let log = fake.log();
        assert!(!log.contains("leaked"), "{log}");
        assert!(log.contains("PIP_INDEX_URL=https://index.example/simple\n"), "{log}");
        assert!(log.contains("HOME=/home/someone\n"), "{log}");
        let call = &fake.calls()[0];
        let expected = "uv pip install --link-mode copy --python-platform aarch64-manylinux_2_34 --only-binary :all: \
                        --no-compile --python-version 3.13 --requirement ";
        assert!(call.starts_with(expected), "{call}");
    }

    #[tokio::test]
    async fn pip_steps_in_where_uv_is_absent() {
        let fake = FakeTools::new(&[("python3", INSTALL)]);
        let mut stack = stack("six==1.17.0\n");
        stack.runtime = "python3.11";
        stack.build_with("app", &fake.tools()).await.expect("built");
        let calls = fake.calls();
        assert_eq!(calls[0], "python3 -m pip --version");
        let expected =
            "python3 -m pip install --implementation cp --abi cp311 --platform manylinux_2_17_x86_64 ";
        assert!(calls[1].starts_with(expected), "{calls:?}");
        let expected =
            "--platform manylinux2014_x86_64 --only-binary :all: --no-compile --python-version 3.11 ";
        assert!(calls[1].contains(expected), "{calls:?}");
        assert!(fake.log().contains("PIP_REQUIRE_VIRTUALENV=0\n"));
    }

    #[tokio::test]
    async fn pip_runs_on_the_function_s_own_python_where_it_can() {
        let fake = FakeTools::new(&[("python3", INSTALL), ("python3.13", INSTALL)]);
        stack("six==1.17.0\n").build_with("app", &fake.tools()).await.expect("built");
        assert!(fake.calls().iter().all(|call| call.starts_with("python3.13 ")), "{:?}", fake.calls());
    }

    #[tokio::test]
    async fn conditions_that_pip_judges_by_another_python_give_a_warning() {
        let inactive = "echo 'pyenv: python3.13: command not found' >&2; exit 127";
        let fake = FakeTools::new(&[("python3", INSTALL), ("python3.13", inactive)]);
        let stack = stack("six==1.17.0\n");
        for _ in 0..2 {
            let package = stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(package.warnings.len(), 1);
            let advice = "install uv, or Python 3.13 with pip, to have it judged by the function's";
            assert!(package.warnings[0].ends_with(advice), "{}", package.warnings[0]);
        }
        let by_uv = FakeTools::new(&[("uv", INSTALL)]);
        stack.write("app/requirements.txt", "six==1.17\n");
        let package = stack.build_with("app", &by_uv.tools()).await.expect("built");
        assert_eq!(package.warnings, Vec::<String>::new());
    }

    #[tokio::test]
    async fn packages_are_cached_by_requirements_runtime_and_architecture() {
        let fake = FakeTools::new(&[("uv", INSTALL)]);
        let mut stack = stack("six==1.17.0\n");
        for (requirements, runtime, architecture, calls) in [
            ("six==1.17.0\n", "python3.13", "x86_64", 1),
            ("# a comment\nsix==1.17.0  # another\n", "python3.13", "x86_64", 1),
            ("six==1.17.0\n", "python3.12", "x86_64", 2),
            ("six==1.17.0\n", "python3.12", "arm64", 3),
            ("six==1.16.0\n", "python3.12", "arm64", 4),
            ("six==1.17.0\n", "python3.13", "x86_64", 4),
        ] {
            stack.write("app/requirements.txt", requirements);
            (stack.runtime, stack.architecture) = (runtime, architecture);
            stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(fake.calls().len(), calls, "{requirements} {runtime} {architecture}");
        }
    }

    #[tokio::test]
    async fn unpinned_packages_give_a_warning_each_time() {
        let fake = FakeTools::new(&[("uv", INSTALL)]);
        let stack = stack("Six\nflask>=3\nboto3==1.40.0\n");
        for _ in 0..2 {
            let package = stack.build_with("app", &fake.tools()).await.expect("built");
            let expected = [("Six", "`six==1.17.0`"), ("flask", "`flask==` and a version")];
            for (warning, (name, advice)) in package.warnings.iter().zip(expected) {
                assert_eq!(
                    *warning,
                    format!(
                        "unpinned `{name}` in requirements.txt makes plans restless, since it may change any day; \
                         write {advice}"
                    )
                );
            }
            assert_eq!(package.warnings.len(), 2);
        }
    }

    #[tokio::test]
    async fn comments_alone_need_no_installer() {
        let fake = FakeTools::new(&[]);
        let stack = stack("# nothing yet\n\n");
        let package = stack.build_with("app", &fake.tools()).await.expect("built");
        assert_eq!(names(&package), ["lambda_function.py", "requirements.txt"]);
    }

    #[tokio::test]
    async fn without_an_installer_the_error_says_how_to_get_one() {
        let fake = FakeTools::new(&[]);
        let error = stack("six==1.17.0").build_with("app", &fake.tools()).await.expect_err("no installer");
        assert_eq!(
            error.to_string(),
            "installing the packages of app/requirements.txt for python3.13 on x86_64 needs `uv`, which is not \
             installed; install uv (https://docs.astral.sh/uv/) or Python 3 with pip"
        );
    }

    #[tokio::test]
    async fn a_failure_shows_the_last_words_and_leaves_nothing_behind() {
        let script = "seq 1 100 >&2; echo 'No matching distribution found for six' >&2; exit 3";
        let fake = FakeTools::new(&[("uv", script)]);
        let stack = stack("six==1.17.0");
        let error = stack.build_with("app", &fake.tools()).await.expect_err("failed").to_string();
        let start = "installing the packages of app/requirements.txt for python3.13 on x86_64 failed, since `uv` \
                     ended with exit status: 3:\n  87\n";
        assert!(error.starts_with(start), "{error}");
        assert!(
            error.contains("\n  No matching distribution found for six\nPackages are installed"),
            "{error}"
        );
        let python = stack.cache.path().join("not/yet/there/python");
        assert_eq!(fs::read_dir(python).expect("readable").count(), 0);
    }

    #[tokio::test]
    async fn a_python_without_pip_is_recognised() {
        let fake = FakeTools::new(&[("python3", "echo '/usr/bin/python3: No module named pip' >&2; exit 1")]);
        let error = stack("six==1.17.0").build_with("app", &fake.tools()).await.expect_err("failed");
        assert!(error.to_string().ends_with(
            "This Python has no pip: install uv (https://docs.astral.sh/uv/) or Python 3 with pip."
        ));
    }

    #[tokio::test]
    async fn two_builds_at_once_do_not_disturb_each_other() {
        let fake = FakeTools::new(&[("uv", &format!("sleep 0.1{INSTALL}"))]);
        let (stack, tools) = (stack("six==1.17.0\n"), fake.tools());
        let (first, second) = tokio::join!(stack.build_with("app", &tools), stack.build_with("app", &tools));
        assert_eq!(first.expect("built"), second.expect("built"));
    }
}
