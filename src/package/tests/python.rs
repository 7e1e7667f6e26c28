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

#[tokio::test]
async fn lists_of_dependencies_that_are_not_read_give_a_warning() {
    let uv = "uv export --no-dev --no-emit-project -o requirements.txt";
    for (files, expected) in [
        (
            &[("pyproject.toml", "[project]\nname='a'\ndependencies = [\n  'six==1', # x\n]")][..],
            Some(("pyproject.toml", uv)),
        ),
        (
            &[("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.13'\nsix = '1'")],
            Some(("pyproject.toml", "poetry export -o requirements.txt")),
        ),
        (
            &[("pyproject.toml", "project.dependencies = ['six']"), ("pdm.lock", "")],
            Some(("pyproject.toml", "pdm export --prod -o requirements.txt")),
        ),
        (&[("pyproject.toml", "[tool.ruff]\nline-length = 100"), ("uv.lock", "")], None),
        (&[("pyproject.toml", "[project]\nname='a'\ndependencies = []")], None),
        (&[("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.13'")], None),
        (
            &[("Pipfile", "[packages]\nsix = '*'")],
            Some(("Pipfile", "pipenv requirements > requirements.txt")),
        ),
        (&[("Pipfile", "[dev-packages]\nsix = '*'"), ("Pipfile.lock", "")], None),
        (&[("uv.lock", "")], Some(("uv.lock", uv))),
        (&[("poetry.lock", "")], Some(("poetry.lock", "poetry export -o requirements.txt"))),
        (&[("uv.lock", ""), ("requirements.txt", "# none")], None),
        (&[("uv.lock", ""), ("six-1.dist-info/METADATA", "")], None),
    ] {
        let mut stack = Stack::new(&[("app/lambda_function.py", "")]);
        for (name, contents) in files {
            stack.write(&format!("app/{name}"), contents);
        }
        let expected: Vec<_> = expected
            .map(|(file, command)| {
                format!("the dependencies in {file} are not installed; write them to requirements.txt with `{command}`")
            })
            .into_iter()
            .collect();
        assert_eq!(stack.build("app").await.expect("built").warnings, expected, "{files:?}");
        stack.has_layers = true;
        assert_eq!(
            stack.build("app").await.expect("built").warnings,
            Vec::<String>::new(),
            "a layer may have them"
        );
    }
}

#[tokio::test]
async fn gems_that_are_not_in_the_folder_give_a_warning() {
    let mut stack = Stack::new(&[("app/app.rb", ""), ("app/Gemfile", "gem 'rack'")]);
    stack.runtime = "ruby3.4";
    let warnings = stack.build("app").await.expect("built").warnings;
    assert!(warnings[0].starts_with("the gems of Gemfile are not installed"), "{warnings:?}");
    stack.write("app/vendor/bundle/ruby/3.4.0/gems/rack.rb", "");
    assert_eq!(stack.build("app").await.expect("built").warnings, Vec::<String>::new());
}

#[cfg(unix)]
mod fake {
    use super::super::FakeTools;
    use super::*;

    /// Installs what a real installer would, traces of the machine included.
    const INSTALL: &str = r#"
if [ "$1" != pip ] && [ "$2" != pip ]; then echo "pip 25.0 (python 3.11)"; exit; fi
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/six-1.17.0.dist-info" "$2/__pycache__" "$2/bin" "$2/flask"
for name in RECORD INSTALLER REQUESTED direct_url.json uv_cache.json METADATA; do
    echo "$2" > "$2/six-1.17.0.dist-info/$name"
done
echo machine > "$2/__pycache__/six.pyc"; echo machine > "$2/.lock"
echo '#!/home/someone/python' > "$2/bin/script"; printf '\177ELF' > "$2/bin/program"
echo installed > "$2/six.py"; echo installed > "$2/flask/__init__.py"
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
    async fn the_packages_of_a_layer_are_next_to_its_modules() {
        let fake = FakeTools::new(&[("uv", INSTALL)]);
        let layer = Stack { is_layer: true, ..stack("six==1.17.0\n") };
        let package = layer.build_with("app", &fake.tools()).await.expect("built");
        let expected = [
            "python/bin/program",
            "python/flask/__init__.py",
            "python/lambda_function.py",
            "python/requirements.txt",
            "python/six-1.17.0.dist-info/METADATA",
            "python/six.py",
        ];
        assert_eq!(names(&package), expected);
        // In a folder that is laid out, they go where the runtime looks for them too.
        layer.write("app/bin/run", "");
        let package = layer.build_with("app", &fake.tools()).await.expect("built");
        let names = names(&package);
        for name in ["bin/run", "lambda_function.py", "python/six.py"] {
            assert!(names.iter().any(|other| other == name), "{names:?}");
        }
    }

    #[tokio::test]
    async fn an_own_file_or_link_takes_the_place_of_installed_ones() {
        let fake = FakeTools::new(&[("uv", INSTALL)]);
        let stack = stack("six==1.17.0\n");
        stack.write("app/src/app.py", "");
        stack.write("app/six.py/__init__.py", "");
        std::os::unix::fs::symlink("src", stack.path("app/flask")).expect("linked");
        let package = stack.build_with("app", &fake.tools()).await.expect("built");
        let expected = [
            "bin/program",
            "flask",
            "lambda_function.py",
            "requirements.txt",
            "six-1.17.0.dist-info/METADATA",
            "six.py/__init__.py",
            "src/app.py",
        ];
        assert_eq!(names(&package), expected);
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
        let expected =
            "python3 -m pip install --implementation cp --abi cp311 --platform manylinux_2_17_x86_64 ";
        assert!(calls[0].starts_with(expected), "{calls:?}");
        let expected =
            "--platform manylinux2014_x86_64 --only-binary :all: --no-compile --python-version 3.11 ";
        assert!(calls[0].contains(expected), "{calls:?}");
        assert!(fake.log().contains("PIP_REQUIRE_VIRTUALENV=0\n"));
    }

    #[tokio::test]
    async fn pip_runs_on_the_function_s_own_python_where_it_can() {
        let fake = FakeTools::new(&[("python3", INSTALL), ("python3.13", INSTALL)]);
        stack("six==1.17.0\n").build_with("app", &fake.tools()).await.expect("built");
        assert!(fake.calls().iter().all(|call| call.starts_with("python3.13 ")), "{:?}", fake.calls());
    }

    /// Installs each line of the requirements; `app` needs more, and says so in its metadata.
    const INSTALL_EACH: &str = r#"
if [ "$1" != pip ] && [ "$2" != pip ]; then echo "pip 25.0 (python 3.14)"; exit; fi
while [ "$1" != --requirement ]; do shift; done; cp "$2" "$0.seen"
while [ "$1" != --target ]; do file=${file:-$2}; shift; done
mkdir -p "$2"
while read -r line; do
    name=${line%%[=><]*}; info="$2/$name-1.0.dist-info"
    mkdir -p "$info"; echo "installed" > "$2/$name.py"; echo "Name: $name" > "$info/METADATA"
    printf '%s.py,,\n%s-1.0.dist-info/METADATA,,\n%s-1.0.dist-info/RECORD,,\n' $name $name $name > "$info/RECORD"
    if [ "$name" = app ]; then echo 'Requires-Dist: tomli>=2; python_version < "3.11"' >> "$info/METADATA"; fi
    if [ "$name" = tomli ]; then echo 'Requires-Dist: old; python_full_version < "3.10.5"' >> "$info/METADATA"; fi
    if [ "$name" = app ]; then echo 'Requires-Dist: new; python_version >= "3.14"' >> "$info/METADATA"; fi
done < "$file"
"#;

    /// Does so too, and then what a Python 3.14 needs.
    const INSTALL_MORE: &str = r#"
info="$2/new-1.0.dist-info"; mkdir -p "$info" "$2/shared"
echo 'installed' > "$2/new.py"; echo 'installed' > "$2/shared/own.py"; echo 'Name: new' > "$info/METADATA"
printf 'new.py,,\nshared/own.py,,\napp.py,,\nnew-1.0.dist-info/METADATA,,\n' > "$info/RECORD"
"#;

    #[tokio::test]
    async fn conditions_are_judged_by_the_function_s_machine() {
        let fake = FakeTools::new(&[("python3", INSTALL_EACH)]);
        let text = "six==1\na==1; python_version < \"3.11\"\nb==1; platform_machine == \"aarch64\"\n\
                    c==1; sys_platform == \"win32\"\n";
        let mut stack = stack(text);
        for (runtime, architecture, expected) in [
            ("python3.10", "x86_64", "six==1\na==1\n"),
            ("python3.13", "arm64", "six==1\nb==1\n"),
            ("python3.13", "x86_64", "six==1\n"),
        ] {
            (stack.runtime, stack.architecture) = (runtime, architecture);
            let package = stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(fake.read("python3.seen"), expected);
            assert_eq!(package.warnings, Vec::<String>::new());
        }
    }

    #[tokio::test]
    async fn what_the_installer_s_python_does_not_need_is_installed_for_the_function_s() {
        let fake = FakeTools::new(&[("python3", INSTALL_EACH)]);
        let mut stack = stack("app==1\n");
        stack.runtime = "python3.10";
        let package = stack.build_with("app", &fake.tools()).await.expect("built");
        assert_eq!(fake.read("python3.seen"), "app==1\ntomli>=2\nold\n");
        assert_eq!(fake.calls().len(), 3);
        let modules = names(&package).into_iter().filter(|name| name.ends_with(".py") && !name.contains('_'));
        assert_eq!(modules.collect::<Vec<_>>(), ["app.py", "old.py", "tomli.py"]);
        assert_eq!(package.warnings, Vec::<String>::new());
    }

    #[tokio::test]
    async fn what_only_the_installer_s_python_needs_is_not_in_the_package() {
        let more = format!("{INSTALL_EACH}{INSTALL_MORE}");
        let (uv, pip) = (FakeTools::new(&[("uv", INSTALL_EACH)]), FakeTools::new(&[("python3", &more)]));
        let stack = stack("app==1\n");
        let by_uv = stack.build_with("app", &uv.tools()).await.expect("built");
        let by_pip = stack.build_with("app", &pip.tools()).await.expect("built");
        assert_eq!(names(&by_pip), names(&by_uv));
        assert_eq!(by_pip.sha256, by_uv.sha256);
        stack.write("app/requirements.txt", "app==1\nnew==1\n");
        let wanted = stack.build_with("app", &pip.tools()).await.expect("built");
        assert!(names(&wanted).iter().any(|name| name == "new.py"), "asked for by the user");
    }

    #[tokio::test]
    async fn what_cannot_be_added_gives_a_warning_each_time() {
        let fake = FakeTools::new(&[("python3", INSTALL_EACH)]);
        let mut stack = stack("app==1 --hash=sha256:00\n");
        stack.runtime = "python3.10";
        for _ in 0..2 {
            let package = stack.build_with("app", &fake.tools()).await.expect("built");
            let expected = "`app` needs `tomli>=2` on Python 3.10 on Linux x86_64, which is not in the package; add it to \
                            requirements.txt";
            assert_eq!(package.warnings, [expected]);
        }
        assert_eq!(fake.calls().len(), 1);
    }

    #[tokio::test]
    async fn requirements_in_utf_16_are_installed() {
        let fake = FakeTools::new(&[("uv", INSTALL_EACH)]);
        let stack = stack("");
        stack.write_utf_16("app/requirements.txt", "six==1\r\n");
        stack.build_with("app", &fake.tools()).await.expect("built");
        assert_eq!(fake.read("uv.seen"), "six==1\n");
    }

    #[tokio::test]
    async fn another_tool_or_version_or_index_installs_again() {
        let fake = FakeTools::new(&[("python3", INSTALL)]);
        let inactive = "echo 'pyenv: python3.13: command not found' >&2; exit 127";
        let both = FakeTools::new(&[("python3", INSTALL), ("python3.13", inactive)]);
        let exact = FakeTools::new(&[("python3", INSTALL), ("python3.13", &INSTALL.replace("3.11", "3.13"))]);
        let uv = FakeTools::new(&[("uv", &INSTALL.replace("pip 25.0", "uv 0.9.0"))]);
        let new_uv = FakeTools::new(&[("uv", &INSTALL.replace("pip 25.0", "uv 0.9.1"))]);
        let stack = stack("six==1.17.0\n");
        for (fake, installed) in [(&fake, 1), (&both, 0), (&exact, 1), (&uv, 1), (&new_uv, 1), (&uv, 0)] {
            let before = fake.calls().len();
            stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(fake.calls().len() - before, installed, "{:?}", fake.calls());
        }
        for (index, installed) in [("https://a:b@x.y", 1), ("https://a:c@x.y", 0), ("https://a:c@z.y", 1)] {
            let before = uv.calls().len();
            let tools = uv.tools_with(&[("UV_DEFAULT_INDEX", index)]);
            stack.build_with("app", &tools).await.expect("built");
            assert_eq!(uv.calls().len() - before, installed, "{index}");
        }
    }

    #[tokio::test]
    async fn a_python_is_asked_for_its_versions_again_only_if_something_changed() {
        let told = "folder=$(cd \"${0%/*}\" && pwd -P)\n\
                    case \"$*\" in *version__*) echo 'pip 25.0 (python 3.13)'; \
                    printf '%s\\n' \"$folder/python3\" \"$folder/pip.py\"; exit;; esac\n";
        let fake = FakeTools::new(&[("python3", &format!("{told}{INSTALL}"))]);
        let stack = stack("six==1.17.0\n");
        let asked = || fake.log().lines().filter(|line| line.contains("version__")).count();
        for expected in [1, 1] {
            stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(asked(), expected, "{}", fake.log());
        }
        for (contents, expected) in [("pip", 2), ("new pip", 3), ("new pip", 3)] {
            let file = fake.folder.path().join("pip.py");
            if fs::read_to_string(&file).ok().as_deref() != Some(contents) {
                fs::write(&file, contents).expect("written");
            }
            stack.build_with("app", &fake.tools()).await.expect("built");
            assert_eq!(asked(), expected, "{}", fake.log());
        }
    }

    #[tokio::test]
    async fn credentials_stay_out_of_the_cache_and_of_messages() {
        let stack = stack("--index-url https://bot:s3cret@x.y/simple\nsix==1.17.0\n");
        let fake = FakeTools::new(&[("uv", INSTALL)]);
        stack.build_with("app", &fake.tools()).await.expect("built");
        for found in walkdir::WalkDir::new(stack.cache.path()) {
            let found = found.expect("readable");
            let is_zip = found.path().extension().is_some_and(|end| end == "zip");
            if found.file_type().is_file() && !is_zip {
                let contents = fs::read(found.path()).expect("readable");
                assert!(!String::from_utf8_lossy(&contents).contains("s3cret"), "{}", found.path().display());
            }
        }
        let script = "case \"$*\" in *--version) exit;; esac; \
                      echo 'error: could not fetch https://bot:s3cret@x.y/simple/six' >&2; exit 2";
        let failing = FakeTools::new(&[("uv", script)]);
        let error = stack.build_with("app", &failing.tools()).await.expect_err("failed").to_string();
        assert!(error.contains("could not fetch https://***@x.y/simple/six"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
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
                        "the version of `{name}` in requirements.txt is not pinned, so the package can change between \
                         plans; write {advice}"
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
        let script = "case \"$*\" in *--version) exit;; esac; \
                      seq 1 100 >&2; echo 'No matching distribution found for six' >&2; exit 3";
        let fake = FakeTools::new(&[("uv", script)]);
        let stack = stack("six==1.17.0");
        let error = stack.build_with("app", &fake.tools()).await.expect_err("failed").to_string();
        let start = "installing the packages of app/requirements.txt for python3.13 on x86_64 failed: `uv` \
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
    async fn an_index_that_refuses_access_or_is_not_reached_is_named() {
        for (output, expected) in [
            ("WARNING: 401 Error, Credentials not correct for https://a:s3cret@x.y/simple", "refused access"),
            ("error: HTTP status client error (403 Forbidden) for url (https://x.y/six)", "refused access"),
            ("error: dns error: failed to lookup address information", "could not be reached"),
        ] {
            let script = format!("[ \"$*\" = --version ] || {{ echo '{output}' >&2; exit 1; }}");
            let fake = FakeTools::new(&[("uv", &script)]);
            let error =
                stack("six==1").build_with("app", &fake.tools()).await.expect_err("failed").to_string();
            let help = error.lines().last().expect("a line");
            assert!(help.starts_with("The index ") && help.contains(expected), "{error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_python_without_pip_is_recognised() {
        let fake = FakeTools::new(&[(
            "python3",
            r#"echo "ModuleNotFoundError: No module named 'pip'" >&2; exit 1"#,
        )]);
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
