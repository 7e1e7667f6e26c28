//! The seeds of the mutations, and files that are hostile on purpose.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files in a folder and below it whose name ends like this, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut open = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            match entry.path() {
                path if path.is_dir() => open.push(path),
                path if path.to_string_lossy().ends_with(ending) => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

/// The corpus by name: good seeds, and every file that has ever caused a failure.
pub(crate) fn corpus() -> Vec<(String, Vec<u8>)> {
    let named = |path: PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, fs::read(path).expect("a seed"))
    };
    files("tests/corpus/stack-file", "").into_iter().map(named).collect()
}

/// The stack files of the project, and the pieces of its documents.
pub(crate) fn stack_files() -> Vec<Vec<u8>> {
    let stacks = [files("examples", "stack.yaml"), files("tests/stacks", ".yaml")].concat();
    let stacks = stacks.into_iter().chain([root().join("stack.yaml")]);
    let mut seeds: Vec<Vec<u8>> = stacks.map(|path| fs::read(path).expect("a stack")).collect();
    for document in [files("docs", ".md"), vec![root().join("README.md")]].concat() {
        let text = fs::read_to_string(document).expect("a document");
        let snippets = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
        seeds.extend(snippets.map(|snippet| snippet.as_bytes().to_vec()));
    }
    seeds
}

/// A stack whose one function has an environment like this.
fn environment(value: &str) -> String {
    format!(
        "stack: demo\nfunctions:\n  f:\n    code: lambdas/hello\n    runtime: python3.13\n    environment: {value}\n"
    )
}

/// Stack files that are too large for a corpus, by what is too much in them: `size` hundreds of it, or more.
pub(crate) fn monsters(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let many = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let bomb = many(30, &|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n.wrapping_sub(1)));
    let bomb =
        bomb.replacen("[*a18446744073709551615, *a18446744073709551615, *a18446744073709551615]", "x", 1);
    let texts = [
        ("brackets that open", "[".repeat(2000 * size)),
        ("braces that open", "{".repeat(2000 * size)),
        ("mappings within mappings", "a: {".repeat(1000 * size)),
        ("lists within lists", "- ".repeat(1000 * size)),
        ("indentation without end", many(2000, &|n| format!("{}a:\n", " ".repeat(n)))),
        ("explicit keys within keys", "? ".repeat(1000 * size)),
        ("an alias bomb", bomb.clone()),
        ("an alias bomb in merge keys", bomb.replace('[', "{<<: [").replace("]", "]}")),
        ("many anchors", many(600 * size, &|n| format!("k{n}: &n{n} x\n"))),
        ("one anchor, many aliases", format!("a: &a x\nb: [{}]", "*a, ".repeat(900 * size))),
        ("many documents", "---\n".repeat(1000 * size)),
        ("many unknown keys", many(900 * size, &|n| format!("key{n}: 1\n"))),
        ("many unknown keys in one line", format!("{{{}}}", many(900 * size, &|n| format!("key{n}: 1, ")))),
        (
            "many unknown keys in a function",
            many_in("functions:\n  f:\n", 400 * size, &|n| format!("    key{n}: 1\n")),
        ),
        ("many keys that come twice", many(900 * size, &|n| format!("key{}: 1\n", n % 3))),
        ("many bad tables", many_in("tables:\n", 400 * size, &|n| format!("  table{n}: 1\n"))),
        (
            "many good tables",
            many_in("tables:\n", 300 * size, &|n| format!("  table{n}: {{partition_key: id}}\n")),
        ),
        (
            "many functions",
            many_in("functions:\n", 150 * size, &|n| {
                format!("  f{n}: {{code: lambdas/hello, runtime: python3.13}}\n")
            }),
        ),
        (
            "many functions without code",
            many_in("functions:\n", 200 * size, &|n| {
                format!("  f{n}: {{code: lambdas/nowhere{n}, runtime: python3.13}}\n")
            }),
        ),
        (
            "many routes to nowhere",
            many_in("functions:\n  f: {}\napi:\n  routes:\n", 400 * size, &|n| {
                format!("    GET /{n}: g{n}\n")
            }),
        ),
        (
            "many functions and routes",
            many_in("functions:\n", 150 * size, &|n| format!("  f{n}: {{}}\n"))
                + "api:\n  routes:\n"
                + &many(150 * size, &|n| format!("    GET /{n}: g{n}\n")),
        ),
        (
            "many checks",
            many_in("api: {}\nchecks:\n", 200 * size, &|n| {
                format!("  - {{request: \"GET /${{capture.c{n}}}\", capture: {{c{n}: /a}}}}\n")
            }),
        ),
        ("many tags", many_in("tags:\n", 500 * size, &|n| format!("  tag{n}: x\n"))),
        ("many variables", many_in("variables:\n", 500 * size, &|n| format!("  v{n}: x\n"))),
        (
            "many environments",
            many_in("environments:\n", 200 * size, &|n| format!("  e{n}: {{variables: {{v{n}: x}}}}\n")),
        ),
        (
            "many environment variables",
            environment(&format!("{{{}}}", many(400 * size, &|n| format!("V{n}: ${{x}}, ")))),
        ),
        (
            "many placeholders that name nothing",
            environment(&format!("{{A: \"{}\"}}", "${x} ".repeat(300 * size))),
        ),
        (
            "many placeholders that are fine",
            environment(&format!("{{A: \"{}\"}}", "${region} ".repeat(1000 * size))),
        ),
        (
            "many placeholders that do not end",
            environment(&format!("{{A: \"{}\"}}", "${".repeat(5000 * size))),
        ),
        ("many dollars", environment(&format!("{{A: \"{}\"}}", "$${".repeat(5000 * size)))),
        (
            "a placeholder of many names",
            environment(&format!("{{A: \"${{a{}}}\"}}", ".a".repeat(5000 * size))),
        ),
        ("a key of a megabyte", format!("{}: 1", "k".repeat(10000 * size))),
        ("a name of a megabyte", format!("stack: {}", "n".repeat(10000 * size))),
        ("a block of three megabytes", format!("stack: |\n{}", "  text\n".repeat(4500 * size))),
        (
            "a path of a megabyte",
            format!(
                "stack: a\nfunctions: {{f: {{code: {}, runtime: python3.13}}}}",
                "../a/".repeat(2000 * size)
            ),
        ),
        (
            "a route of a megabyte",
            format!(
                "stack: a\nfunctions: {{f: {{}}}}\napi: {{routes: {{\"GET {}\": f}}}}",
                "/{a}".repeat(2500 * size)
            ),
        ),
        (
            "a policy of many statements",
            environment("{}")
                + "    policy: ["
                + &"{Effect: Allow, Action: \"s3:*\", Resource: \"*\"}, ".repeat(120 * size)
                + "]",
        ),
        ("more than a stack file may have", "# ten megabytes\n".repeat(650_000)),
        ("tabs", "\t".repeat(10000 * size)),
        ("empty lines", "\n".repeat(30000 * size)),
        ("NULs", "\0".repeat(10000 * size)),
        ("tags of YAML", "!".repeat(5000 * size)),
        ("a comment of three megabytes", format!("#{}", "x".repeat(30000 * size))),
        ("quotes that do not end", "\"".repeat(9999 * size)),
        ("text outside of ASCII", "stack: \u{1f600}\u{301}\n".repeat(1000 * size)),
    ];
    texts
        .map(|(name, text)| (name, text.into_bytes()))
        .into_iter()
        .chain([("no UTF-8", vec![0xff; 1_000_000])])
        .collect()
}

fn many_in(head: &str, count: usize, line: &dyn Fn(usize) -> String) -> String {
    format!("stack: demo\n{head}{}", (0..count).map(line).collect::<String>())
}
