//! Syntax errors in the code of functions, found with real and with fake compilers.

use std::fs;
use std::path::Path;

use super::super::syntax::{Finding, check_with};
use super::{Stack, Tools};

/// What is wrong in the only code of a stack.
async fn findings(stack: &Stack) -> Vec<Finding> {
    findings_with(stack, &Tools::new(std::env::vars_os())).await
}

async fn findings_with(stack: &Stack, tools: &Tools) -> Vec<Finding> {
    let built = stack.built("app", tools).await.expect("built");
    check_with(tools, built.unchecked.into_iter().collect(), &stack.cache()).await
}

/// The places that are certainly wrong, as `file:line:column length message`.
fn places(findings: &[Finding]) -> Vec<String> {
    let certain = findings.iter().filter(|finding| finding.is_certain);
    let place = |one: &Finding| {
        let file = one.file.display();
        format!("{file}:{}:{} {} {}", one.line, one.column, one.length, one.message)
    };
    certain.map(place).collect()
}

/// A stack whose runtime is not newer than any compiler of this machine.
fn python(files: &[(&str, &str)]) -> Stack {
    let mut stack = Stack::new(files);
    stack.runtime = "python3.8";
    stack
}

fn node(files: &[(&str, &str)]) -> Stack {
    let mut stack = Stack::new(files);
    stack.runtime = "nodejs12.x";
    stack
}

/// Whether there is a Node.js on this machine; without one its tests say so.
#[allow(clippy::print_stderr)]
fn has_node() -> bool {
    let found = std::process::Command::new("node").arg("--version").output().is_ok();
    if !found {
        eprintln!("Node.js is not installed here: its syntax was not tested");
    }
    found
}

#[tokio::test]
async fn errors_in_python_are_found_with_their_places_all_at_once() {
    let stack = python(&[
        ("app/a.py", "def handler(event, context)\n    return 1\n"),
        ("app/b.py", "import os\n\n\nif True:\nprint()\n"),
        ("app/good.py", "import absent_module\nasync def f():\n    return f'{1}'\n"),
        ("app/lib/c.py", "é = 1\nreturn é\n"),
        ("app/notes.txt", "def handler("),
        ("app/d.ts", "const = 1"),
        ("app/e.js", "const = 1"),
    ]);
    let found = places(&findings(&stack).await);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found[0].starts_with("app/a.py:1:28 "), "{found:?}");
    assert!(found[1].starts_with("app/b.py:5:1 "), "{found:?}");
    assert!(found[2].starts_with("app/lib/c.py:2:1 "), "{found:?}");
    assert!(found[2].ends_with(" Python syntax error: 'return' outside function"), "{found:?}");
    stack.write("app/a.py", "def handler(event, context):\n    return 1\n");
    assert_eq!(findings(&stack).await.len(), 2, "the others are still wrong");
}

#[tokio::test]
async fn python_finds_out_the_encoding() {
    let stack = python(&[("app/good.py", "\u{feff}x = 'ü'\n")]);
    fs::write(stack.path("app/latin.py"), b"# coding: latin-1\nx = '\xfc'\n").expect("written");
    assert_eq!(findings(&stack).await, []);
    fs::write(stack.path("app/wrong.py"), b"x = '\xfc'\n").expect("written");
    fs::write(stack.path("app/zero.py"), b"x = 1\0\n").expect("written");
    let found = places(&findings(&stack).await);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("app/wrong.py") && found[0].contains("utf-8"), "{found:?}");
    assert!(found[1].contains("app/zero.py") && found[1].contains("null bytes"), "{found:?}");
}

#[tokio::test]
async fn errors_in_javascript_are_found_as_node_would_read_each_file() {
    if !has_node() {
        return;
    }
    let bad = "const a = 1;\nconst = 2;\n";
    let (common_js, module) =
        ("const x = require('fs');\nif (x) return;\n", "import x from 'fs';\nawait x;\n");
    let stack = node(&[
        ("app/package.json", r#"{"type":"commonjs"}"#),
        ("app/bad.cjs", bad),
        ("app/bad.js", bad),
        ("app/bad.mjs", bad),
        ("app/good.cjs", common_js),
        ("app/good.js", &format!("#!/usr/bin/env node\n{common_js}")),
        ("app/good.mjs", module),
        ("app/wrong.js", module),
        ("app/wrong.mjs", "if (x) return;"),
        ("app/lib/package.json", r#"{"type":"module"}"#),
        ("app/lib/deep/good.js", module),
        ("app/lib/deep/wrong.js", "\u{feff}/*🐍*/ if (x) return;"),
        ("app/either/package.json", "{}"),
        ("app/either/bad.js", &format!("import x from 'fs';\n{bad}")),
        ("app/either/common.js", common_js),
        ("app/either/module.js", module),
        ("app/handler.ts", "const x: = 1"),
        ("app/script.py", "def f("),
        ("app/node_modules/a/index.js", bad),
        ("app/lib/node_modules/a/index.mjs", bad),
    ]);
    let unexpected = "Node.js syntax error: Unexpected token '='";
    let returned = "Node.js syntax error: Illegal return statement";
    let expected = [
        format!("app/bad.cjs:2:7 1 {unexpected}"),
        format!("app/bad.js:2:7 1 {unexpected}"),
        format!("app/bad.mjs:2:7 1 {unexpected}"),
        format!("app/either/bad.js:3:7 1 {unexpected}"),
        format!("app/lib/deep/wrong.js:1:14 6 {returned}"),
        "app/wrong.js:1:1 6 Node.js syntax error: Cannot use import statement outside a module".to_owned(),
        format!("app/wrong.mjs:1:8 6 {returned}"),
    ];
    let found = findings(&stack).await;
    assert_eq!(places(&found), expected);
    assert!(found[5].help.contains(r#"set "type": "module" in package.json"#), "{found:?}");
    assert!(found[0].help.contains("leave the file out with `exclude`"), "{found:?}");
}

#[tokio::test]
async fn a_place_that_node_does_not_tell_is_left_out() {
    if !has_node() {
        return;
    }
    let stack = node(&[
        ("app/end.mjs", "export default {\n"),
        ("app/jsx.js", "const x = <div/>;"),
        ("app/minified.js", &format!("{}const = 1;", "a();".repeat(300))),
    ]);
    let expected = [
        "app/end.mjs:2:1 0 Node.js syntax error: Unexpected end of input".to_owned(),
        "app/jsx.js:1:11 1 Node.js syntax error: Unexpected token '<'".to_owned(),
        // Node.js does not tell a column so far in a line.
        "app/minified.js:1:0 0 Node.js syntax error: Unexpected token '='".to_owned(),
    ];
    assert_eq!(places(&findings(&stack).await), expected);
}

#[tokio::test]
async fn code_is_never_run_or_imported() {
    let marker = "app/was-run";
    let mut stack = python(&[("app/sys.py", ""), ("app/os.py", "")]);
    let path = stack.path(marker);
    let path = path.display();
    stack.write("app/lambda_function.py", &format!("open('{path}', 'w')\nimport os, sys\n"));
    assert_eq!(findings(&stack).await, []);
    assert!(!stack.path(marker).exists());
    if !has_node() {
        return;
    }
    stack.runtime = "nodejs12.x";
    let write = format!("require('fs').writeFileSync('{path}', '')");
    stack.write("app/fs.js", &write);
    stack.write("app/index.cjs", &format!("{write}\n"));
    stack.write("app/index.mjs", &format!("import fs from 'fs';\nfs.writeFileSync('{path}', '');\n"));
    assert_eq!(findings(&stack).await, []);
    // No text ends the function around a CommonJS module and goes on outside of it.
    stack.write("app/index.cjs", &format!("}}); {write}; (function () {{"));
    assert_eq!(findings(&stack).await.len(), 1);
    assert!(!stack.path(marker).exists());
}

#[tokio::test]
async fn code_that_is_fine_is_checked_once() {
    let stack = python(&[("app/lambda_function.py", "x = 1\n")]);
    let tools = Tools::new(std::env::vars_os());
    let is_unchecked = async || stack.built("app", &tools).await.expect("built").unchecked.is_some();
    assert!(is_unchecked().await);
    assert_eq!(findings(&stack).await, []);
    assert!(!is_unchecked().await, "it is noted");
    stack.write("app/lambda_function.py", "x = (\n");
    for _ in 0..2 {
        assert_eq!(findings(&stack).await.len(), 1, "what is wrong is found again");
    }
    stack.write("app/lambda_function.py", "x = 1\n");
    assert!(!is_unchecked().await, "the old code is still known");
}

#[tokio::test]
async fn what_is_checked_is_what_is_in_the_package() {
    let stack = python(&[("app/lambda_function.py", "x = (\n")]);
    let tools = Tools::new(std::env::vars_os());
    let built = stack.built("app", &tools).await.expect("built");
    stack.write("app/lambda_function.py", "x = 1\n");
    let found = check_with(&tools, built.unchecked.into_iter().collect(), &stack.cache()).await;
    assert_eq!(found.len(), 1, "it was saved after the package was built");
}

#[tokio::test]
async fn what_installers_put_there_and_large_files_are_not_checked() {
    let stack = python(&[
        ("app/lambda_function.py", ""),
        ("app/six.py", "print 'for Python 2'"),
        ("app/six-1.dist-info/RECORD", "six.py,sha256=x,1\nsix-1.dist-info/RECORD,,\n"),
        ("app/vendor/old/grammar.py", "exec 'x'"),
        ("app/vendor/old-1.dist-info/RECORD", "old/grammar.py,,\r\n"),
        ("app/node_modules/gyp/a.py", "print 'x'"),
        ("app/large.py", &format!("x = (\n#{}", "x".repeat(5 << 20))),
    ]);
    assert_eq!(findings(&stack).await, []);
    stack.write("app/grammar.py", "exec 'x'");
    assert_eq!(findings(&stack).await.len(), 1, "a name in another folder is another file");
}

#[tokio::test]
async fn a_single_file_is_checked_and_a_finished_zip_and_other_runtimes_are_not() {
    let mut stack = python(&[("hello.py", "x = (\n"), ("app/a.py", "x = (\n")]);
    let tools = Tools::new(std::env::vars_os());
    let built = stack.built("hello.py", &tools).await.expect("built");
    let found = check_with(&tools, built.unchecked.into_iter().collect(), &stack.cache()).await;
    assert_eq!(found[0].file, Path::new("hello.py"));
    stack.runtime = "ruby3.4";
    assert!(stack.built("app", &tools).await.expect("built").unchecked.is_none());
    stack.runtime = "python3.8";
    let zip = stack.build("app").await.expect("built").zip;
    fs::copy(zip, stack.path("done.zip")).expect("copied");
    assert!(stack.built("done.zip", &tools).await.expect("built").unchecked.is_none());
}

#[tokio::test]
async fn a_compiler_that_is_older_than_the_runtime_only_doubts() {
    for runtime in ["python3.99", "python4.0", "python3.next"] {
        let mut stack = python(&[("app/a.py", "x = (\n")]);
        stack.runtime = runtime;
        for _ in 0..2 {
            let found = findings(&stack).await;
            assert_eq!((found.len(), found[0].is_certain), (1, false), "{runtime}: each time again");
            let help = format!("the function runs on {runtime}, which may know more than Python 3.");
            assert!(found[0].help.starts_with(&help), "{found:?}");
            assert!(found[0].message.contains(" finds a syntax error: "), "{found:?}");
        }
    }
    if has_node() {
        let mut stack = node(&[("app/a.cjs", "x = (\n")]);
        stack.runtime = "nodejs99.x";
        let found = findings(&stack).await;
        assert_eq!((found.len(), found[0].is_certain), (1, false));
    }
}

#[cfg(unix)]
mod fake {
    use super::super::super::syntax::Unchecked;
    use super::super::FakeTools;
    use super::*;

    /// Answers as a Python would that says where it is and then finds these errors.
    fn fake_python(errors: &str) -> String {
        format!("case \"$*\" in *realpath*) echo $0;; *) cat > $0.input; printf '3.13\\n{errors}';; esac")
    }

    #[tokio::test]
    async fn without_a_compiler_there_is_no_check_and_no_word() {
        let none = FakeTools::new(&[]);
        let broken = FakeTools::new(&[("python3", "exit 3"), ("node", "echo nonsense")]);
        for tools in [none.tools(), broken.tools()] {
            let mut stack = python(&[("app/a.py", "x = (\n"), ("app/b.js", "x = (\n")]);
            assert_eq!(findings_with(&stack, &tools).await, []);
            stack.runtime = "nodejs22.x";
            assert_eq!(findings_with(&stack, &tools).await, []);
            stack.runtime = "python3.8";
            assert_eq!(findings(&stack).await.len(), 1, "it does not count as checked");
        }
    }

    #[tokio::test]
    async fn the_python_of_the_functions_version_is_asked_first() {
        let (first, usual) = (fake_python("0\\t1\\t5\\t1\\twrong"), fake_python(""));
        let fake = FakeTools::new(&[("python3.13", &first), ("python3", &usual)]);
        let mut stack = python(&[("app/a.py", "x = ]\n")]);
        stack.runtime = "python3.13";
        let found = findings_with(&stack, &fake.tools()).await;
        assert_eq!(places(&found), ["app/a.py:1:5 1 Python syntax error: wrong"]);
        assert_eq!(fake.read("python3.13.input"), "p000000000000006x = ]\n");
        assert!(!fake.log().contains("leaked"), "{}", fake.log());
    }

    #[tokio::test]
    async fn all_functions_are_checked_in_one_run_of_each_compiler() {
        let fake = FakeTools::new(&[("python3", &fake_python("2\\t1\\t1\\t0\\twrong"))]);
        let tools = fake.tools();
        let stack = python(&[("app/a.py", "1"), ("app/b.py", "2"), ("other/c.py", "3"), ("third/d.py", "4")]);
        let mut unchecked: Vec<Unchecked> = Vec::new();
        // A folder that is the code of two functions is one package.
        for code in ["app", "app", "other", "third"] {
            unchecked.extend(stack.built(code, &tools).await.expect("built").unchecked);
        }
        assert_eq!(unchecked.len(), 4);
        let found = check_with(&tools, unchecked, &stack.cache()).await;
        assert_eq!((found.len(), found[0].message.as_str()), (1, "Python syntax error: wrong"));
        let runs = fake.calls().iter().filter(|call| call.contains("# Compiles the files")).count();
        assert_eq!(runs, 1, "{:?}", fake.calls());
        assert_eq!(fake.read("python3.input").matches("p00000000000000").count(), 4);
    }

    #[tokio::test]
    async fn installed_packages_are_not_checked() {
        let install = r#"
if [ "$1" = --version ]; then echo "uv 1"; exit; fi
while [ "$1" != --target ]; do shift; done
mkdir -p "$2"; echo 'print "for Python 2"' > "$2/six.py"
"#;
        let fake = FakeTools::new(&[("uv", install), ("python3", &fake_python(""))]);
        let stack = python(&[("app/a.py", "1"), ("app/requirements.txt", "six==1\n")]);
        assert_eq!(findings_with(&stack, &fake.tools()).await, []);
        assert_eq!(fake.read("python3.input"), "p0000000000000011");
    }
}
