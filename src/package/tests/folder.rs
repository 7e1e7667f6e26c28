//! Which files of a folder go into a package, and which are refused.

use std::fs;

use super::Stack;

#[tokio::test]
async fn the_usual_suspects_stay_out() {
    let stack = Stack::new(&[
        ("lambda_function.py", ""),
        ("tests/test_it.py", ""),
        ("node_modules/kept/index.js", ""),
        ("requirements.md", ""),
        (".env", "SECRET=1"),
        (".env.production", "SECRET=1"),
        ("config/.env", "SECRET=1"),
        (".npmrc", ""),
        ("stack.yaml", ""),
        (".provisionignore", ""),
        ("__pycache__/a.cpython-313.pyc", ""),
        ("lib/__pycache__/b.txt", ""),
        ("old.pyc", ""),
        (".git/HEAD", ""),
        (".gitignore", ""),
        (".svn/x", ""),
        (".hg/x", ""),
        (".DS_Store", ""),
        (".venv/lib/x.py", ""),
        ("venv/lib/x.py", ""),
        (".pytest_cache/x", ""),
        (".mypy_cache/x", ""),
        (".ruff_cache/x", ""),
        (".idea/x", ""),
        (".vscode/x", ""),
        (".a.py.swp", ""),
        ("lib/.a.py.swo", ""),
        ("lambda_function.py~", ""),
        ("lib/4913", ""),
        ("#a.py#", ""),
        ("lib/.#a.py", ""),
        ("a.py.orig", ""),
        ("a.py.rej", ""),
        ("Thumbs.db", ""),
    ]);
    let expected =
        ["lambda_function.py", "node_modules/kept/index.js", "requirements.md", "tests/test_it.py"];
    assert_eq!(stack.names(".").await, expected);
}

#[tokio::test]
async fn patterns_are_those_of_git() {
    let stack = Stack::new(&[
        ("app/.provisionignore", "# a comment\n\n*.log\n!keep.log\n/top.txt\ndata/\ndocs/**/draft*\n"),
        ("app/a.py", ""),
        ("app/a.log", ""),
        ("app/keep.log", ""),
        ("app/top.txt", ""),
        ("app/sub/top.txt", ""),
        ("app/data/x", ""),
        ("app/sub/data", "a file, not a folder"),
        ("app/docs/one/draft.md", ""),
        ("app/docs/one/final.md", ""),
    ]);
    let expected = ["a.py", "docs/one/final.md", "keep.log", "sub/data", "sub/top.txt"];
    assert_eq!(stack.names("app").await, expected);
}

#[tokio::test]
async fn exclude_comes_after_the_file_and_after_the_defaults() {
    let files = [
        ("app/.provisionignore", "*.md\n"),
        ("app/a.py", ""),
        ("app/README.md", ""),
        ("app/stack.yaml", ""),
        ("app/b.txt", ""),
    ];
    let stack = Stack::new(&files).excluding(&["b.*", "!README.md", "!stack.yaml"]);
    assert_eq!(stack.names("app").await, ["README.md", "a.py", "stack.yaml"]);
}

#[tokio::test]
async fn secrets_come_back_only_by_name() {
    let files = [("app/a.py", ""), ("app/.env", ""), ("app/.env.example", ""), ("app/conf/.env", "")];
    assert_eq!(Stack::new(&files).excluding(&["!*", "!.*", "!conf/**"]).names("app").await, ["a.py"]);
    let named = Stack::new(&files).excluding(&["!.env.example"]);
    assert_eq!(named.names("app").await, [".env.example", "a.py"]);
}

#[tokio::test]
async fn a_malformed_pattern_is_named() {
    let error = Stack::new(&[("app/a.py", "")]).excluding(&["[z-a]"]).error("app").await;
    assert!(error.contains("a pattern in `exclude` is malformed") && error.contains("[z-a]"), "{error}");
    let error = Stack::new(&[("app/a.py", ""), ("app/.provisionignore", "ok\n[z-a]\n")]).error("app").await;
    assert!(
        error.contains("a pattern in line 2 of .provisionignore is malformed") && error.contains("[z-a]"),
        "{error}"
    );
}

#[tokio::test]
async fn a_provisionignore_may_be_utf_16_and_nothing_else() {
    let stack = Stack::new(&[("app/a.py", ""), ("app/a.log", "")]);
    stack.write_utf_16("app/.provisionignore", "*.log\r\n");
    assert_eq!(stack.names("app").await, ["a.py"]);
    fs::write(stack.path("app/.provisionignore"), b"# f\xfcr\n*.log\n").expect("written");
    let expected = "`app/.provisionignore` is not UTF-8; save it as UTF-8 in your editor";
    assert_eq!(stack.error("app").await, expected);
}

#[tokio::test]
async fn nothing_to_package_is_an_error() {
    let stack = Stack::new(&[("app/.env", ""), ("app/__pycache__/a.pyc", "")]);
    assert!(stack.error("app").await.starts_with("there is nothing to package in `app`"));
}

#[tokio::test]
async fn code_that_is_missing_or_outside_is_refused() {
    let stack = Stack::new(&[("stack/app/a.py", ""), ("outside/a.py", "")]);
    assert!(stack.error("absent").await.starts_with("cannot find the code `absent`: "));
    let error = stack.error("..").await;
    assert!(error.starts_with("the code `..` is outside the stack's folder"), "{error}");
    let error = stack.error("/").await;
    assert!(error.starts_with("the code `/` is outside the stack's folder"), "{error}");
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::Path;
    use std::process::Command;

    use super::super::super::files;
    use super::super::open;
    use super::Stack;

    /// The links of a package, with what they lead to.
    async fn links(stack: &Stack, code: &str) -> Vec<(String, String)> {
        let package = stack.build(code).await.expect("built");
        let mut zip = open(&package);
        let mut links = Vec::new();
        for index in 0..zip.len() {
            let mut entry = zip.by_index(index).expect("an entry");
            if entry.is_symlink() {
                assert_eq!(entry.unix_mode(), Some(0o120_777));
                let name = entry.name().expect("UTF-8").into_owned();
                links.push((name, std::io::read_to_string(&mut entry).expect("readable")));
            }
        }
        links
    }

    fn pairs(links: &[(&str, &str)]) -> Vec<(String, String)> {
        links.iter().map(|(name, target)| ((*name).to_owned(), (*target).to_owned())).collect()
    }

    #[tokio::test]
    async fn links_within_the_folder_stay_links() {
        let stack = Stack::new(&[("app/shared/util.py", "x"), ("app/lib/a.py", "x")]);
        symlink("shared/util.py", stack.path("app/util.py")).expect("linked");
        symlink("../lib/../util.py", stack.path("app/lib/again.py")).expect("linked");
        symlink("../app/shared", stack.path("app/alias")).expect("linked");
        symlink(stack.path("app/lib"), stack.path("app/shared/lib")).expect("linked");
        symlink(".", stack.path("app/self")).expect("linked");
        symlink("..", stack.path("app/shared/up")).expect("linked");
        let expected = pairs(&[
            ("alias", "shared"),
            ("lib/again.py", "../shared/util.py"),
            ("self", "."),
            ("shared/lib", "../lib"),
            ("shared/up", ".."),
            ("util.py", "shared/util.py"),
        ]);
        assert_eq!(links(&stack, "app").await, expected);
        symlink("app", stack.path("link")).expect("linked");
        assert_eq!(links(&stack, "link").await, expected);
    }

    #[tokio::test]
    async fn the_same_links_give_the_same_package() {
        let stacks = [Stack::new(&[("app/a.py", "x")]), Stack::new(&[("app/a.py", "x")])];
        symlink("a.py", stacks[0].path("app/b.py")).expect("linked");
        symlink(stacks[1].path("app/a.py"), stacks[1].path("app/b.py")).expect("linked");
        let first = stacks[0].build("app").await.expect("built");
        assert_eq!(stacks[1].build("app").await.expect("built").sha256, first.sha256);
        assert_eq!(stacks[0].build("app").await.expect("built again"), first);
        assert_eq!(first.unzipped, 5, "a link is as large as the name in it");
        fs::remove_file(stacks[0].path("app/b.py")).expect("removed");
        stacks[0].write("app/b.py", "a.py");
        assert_ne!(
            stacks[0].build("app").await.expect("built").sha256,
            first.sha256,
            "a file with such contents"
        );
    }

    #[tokio::test]
    async fn links_to_what_is_left_out_are_followed() {
        let stack = Stack::new(&[
            ("app/a.py", ""),
            ("app/data/one.txt", "1"),
            ("app/data/sub/two.txt", "2"),
            ("app/old/file.txt", "3"),
            ("app/empty/.env", "never"),
        ]);
        symlink("data", stack.path("app/alias")).expect("linked");
        symlink("old/file.txt", stack.path("app/file.txt")).expect("linked");
        symlink("../data", stack.path("app/data/loop")).expect("linked");
        symlink("empty", stack.path("app/nothing")).expect("linked");
        let stack = stack.excluding(&["/data/", "old/", "alias/loop"]);
        let expected = ["a.py", "alias/one.txt", "alias/sub/two.txt", "file.txt"];
        assert_eq!(stack.names("app").await, expected);
        assert_eq!(links(&stack, "app").await, []);
        let error = stack.excluding(&["data/", "old/"]).error("app").await;
        assert!(
            error.starts_with("`app/alias/loop` is a symbolic link to a folder that contains it"),
            "{error}"
        );
    }

    /// The layout of pnpm: a module finds those that it needs next to its real place.
    fn pnpm() -> Stack {
        let mut stack = Stack::new(&[
            ("app/index.js", "console.log(require('a'))"),
            ("app/node_modules/.pnpm/a@1/node_modules/a/index.js", "module.exports = require('b') + 1"),
            ("app/node_modules/.pnpm/b@1/node_modules/b/index.js", "module.exports = 41"),
        ]);
        stack.runtime = "nodejs22.x";
        symlink(".pnpm/a@1/node_modules/a", stack.path("app/node_modules/a")).expect("linked");
        symlink("../../b@1/node_modules/b", stack.path("app/node_modules/.pnpm/a@1/node_modules/b"))
            .expect("linked");
        stack
    }

    #[tokio::test]
    async fn modules_that_pnpm_has_linked_stay_linked() {
        let expected = pairs(&[
            ("node_modules/.pnpm/a@1/node_modules/b", "../../b@1/node_modules/b"),
            ("node_modules/a", ".pnpm/a@1/node_modules/a"),
        ]);
        assert_eq!(links(&pnpm(), "app").await, expected);
    }

    /// As MiniStack unpacks code: the function's own files, and those of layers and custom runtimes.
    #[tokio::test]
    async fn the_local_cloud_unpacks_links_as_links() {
        const UNPACK: &str = "\ninstall()\nimport sys\nwith zipfile.ZipFile(sys.argv[1]) as z: z.extractall(sys.argv[2])\n\
                              with zipfile.ZipFile(sys.argv[1]) as z:\n for i in z.infolist(): \
                              os.chmod(z.extract(i, sys.argv[3]), 0o755)\n";
        let stack = pnpm();
        let package = stack.build("app").await.expect("built");
        let folder = tempfile::tempdir().expect("a folder");
        let program = format!("{}{UNPACK}", include_str!("../../local/extension/links.py"));
        let places = [folder.path().join("all"), folder.path().join("each")];
        let run =
            Command::new("python3").args(["-I", "-c", &program]).arg(&package.zip).args(&places).output();
        let run = run.expect("Python");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        for place in places {
            let link = place.join("node_modules/a");
            assert_eq!(fs::read_link(&link).expect("a link"), Path::new(".pnpm/a@1/node_modules/a"));
            let other = fs::read_to_string(place.join("node_modules/.pnpm/a@1/node_modules/b/index.js"));
            assert_eq!(other.expect("through the other link"), "module.exports = 41");
        }
    }

    #[tokio::test]
    async fn links_out_of_the_folder_are_refused() {
        for (name, target) in
            [("file", "../secret"), ("folder", ".."), ("system", "/etc/passwd"), ("root", "/")]
        {
            let stack = Stack::new(&[("app/a.py", ""), ("secret", "")]);
            symlink(target, stack.path("app").join(name)).expect("linked");
            let error = stack.error("app").await;
            let expected = format!("`app/{name}` is a symbolic link that leaves the code folder");
            assert!(error.starts_with(&expected), "{error}");
            assert_eq!(stack.excluding(&[name]).names("app").await, ["a.py"]);
        }
    }

    #[tokio::test]
    async fn code_that_is_a_link_out_of_the_stack_is_refused() {
        let (stack, other) = (Stack::new(&[]), Stack::new(&[("a.py", "")]));
        symlink(other.path("a.py"), stack.path("a.py")).expect("linked");
        assert!(stack.error("a.py").await.starts_with("the code `a.py` is outside the stack's folder"));
    }

    #[tokio::test]
    async fn dangling_links_are_refused_unless_left_out() {
        let stack = Stack::new(&[("app/a.py", "")]);
        symlink("someone@host.1", stack.path("app/.#a.py")).expect("linked");
        assert_eq!(stack.names("app").await, ["a.py"]);
        symlink("nowhere", stack.path("app/dangling")).expect("linked");
        assert!(stack.error("app").await.starts_with("cannot read `app/dangling`: "));
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused_unless_left_out() {
        let stack = Stack::new(&[("app/a.py", "")]);
        let _listener = UnixListener::bind(stack.path("app/s")).expect("bound");
        assert!(stack.error("app").await.starts_with("`app/s` is neither a file nor a folder"));
        assert_eq!(stack.excluding(&["s"]).names("app").await, ["a.py"]);
    }

    #[tokio::test]
    async fn names_that_a_zip_cannot_carry_are_refused() {
        for name in [b"caf\xe9".as_slice(), b"a\\b"] {
            let stack = Stack::new(&[("app/a.py", "")]);
            // Some file systems cannot even hold such a name.
            if fs::write(stack.path("app").join(OsStr::from_bytes(name)), "").is_ok() {
                assert!(stack.error("app").await.contains("cannot go into a zip"));
            }
        }
    }

    #[test]
    fn what_is_swapped_in_after_the_check_is_not_read() {
        let stack = Stack::new(&[("app/sub/a.py", "fine"), ("elsewhere/a.py", "secret")]);
        let root = stack.path("app").canonicalize().expect("there");
        let entries = files::walk(&root, Path::new("app"), &|_, _| false).expect("walked");
        let entry = &entries["sub/a.py"];
        assert!(entry.open().is_ok());

        fs::remove_file(stack.path("app/sub/a.py")).expect("removed");
        symlink(stack.path("elsewhere/a.py"), stack.path("app/sub/a.py")).expect("linked");
        assert!(entry.open().is_err(), "a link in place of the file");

        fs::remove_dir_all(stack.path("app/sub")).expect("removed");
        symlink(stack.path("elsewhere"), stack.path("app/sub")).expect("linked");
        assert!(entry.open().is_err(), "a link in place of its folder");
    }
}
