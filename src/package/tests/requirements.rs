//! What a requirements file means.

use std::fs;
use std::path::Path;

use super::super::error::Error;
use super::super::machine::Machine;
use super::super::requirements::{MOST_FILES, Requirements, TOO_MANY_FILES, normal, read};

fn read_folder(folder: &Path) -> Result<Option<Requirements>, Error> {
    let machine = Machine::new("python3.10", "x86_64");
    read(folder, Path::new("code"), &machine, &|name| name == "INDEX")
}

fn read_files(files: &[(&str, &str)]) -> Result<Option<Requirements>, String> {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, contents) in files {
        fs::write(folder.path().join(name), contents).expect("written");
    }
    read_folder(folder.path()).map_err(|error| error.to_string())
}

fn unpinned(contents: &str) -> Vec<String> {
    let read = read_files(&[("requirements.txt", contents)]).expect("fine");
    read.map(|requirements| requirements.unpinned).unwrap_or_default()
}

#[test]
fn comments_alone_ask_for_nothing() {
    assert_eq!(read_files(&[]), Ok(None));
    assert_eq!(read_files(&[("requirements.txt", "\u{feff}# nothing\n\n   \n--pre\n")]), Ok(None));
}

#[test]
fn only_an_exact_version_a_hash_or_a_url_pins() {
    let text = "a==1\nb>=1,==1.2\nc===1\nd==1.0 --hash=sha256:00 \\\n   --hash=sha256:01\ne @ https://x.y/e-1.whl#z\n";
    assert_eq!(unpinned(text), Vec::<String>::new());
    let text = "a\nb>=1  # for now\nc==1.*\nd[x]~=2; python_version == \"3.10\"\n";
    assert_eq!(unpinned(text), ["a", "b", "c", "d"]);
}

#[test]
fn included_files_count_and_constraints_pin() {
    let files = [
        ("requirements.txt", "-r more.txt\nFoo_Bar\n-c \"constraints.txt\"\n"),
        ("more.txt", "baz\n-r requirements.txt\n"),
        ("constraints.txt", "foo-bar==1\nother==2\n"),
    ];
    let read = read_files(&files).expect("fine").expect("requirements");
    assert_eq!(read.unpinned, ["baz"]);
    assert_eq!(
        (read.lines.as_str(), read.constraints.as_str()),
        ("baz\nFoo_Bar\n", "foo-bar==1\nother==2\n")
    );
}

#[test]
fn lines_apply_by_the_function_s_machine() {
    let text = "a==1; python_version < '3.11'\nb==1 ; platform_machine == 'aarch64'\n\
                c[x, Y_z]==1;sys_platform=='linux' --hash=sha256:00\n\
                https://x.y/d-1-py3-none-any.whl#sha256=00;1 ; python_version >= '3'\n\
                e; sys_platform == 'win32'\n-c limits.txt\n";
    let limits = "f==1; python_version < '3'\ng==2; python_version > '3'\n";
    let read =
        read_files(&[("requirements.txt", text), ("limits.txt", limits)]).expect("fine").expect("some");
    let expected = "a==1\nc[x, Y_z]==1 --hash=sha256:00\nhttps://x.y/d-1-py3-none-any.whl#sha256=00;1\n";
    assert_eq!((read.lines.as_str(), read.constraints.as_str()), (expected, "g==2\n"));
    assert_eq!(read.unpinned, Vec::<String>::new());
    let wanted: Vec<_> = read
        .wanted
        .iter()
        .map(|wanted| {
            (wanted.name.as_str(), wanted.extras.iter().map(ToString::to_string).collect::<Vec<_>>())
        })
        .collect();
    let extras = vec!["x".to_owned(), "y-z".to_owned()];
    assert_eq!(wanted, [("a", vec![]), ("c", extras), ("d", vec![])]);
    assert_eq!(read_files(&[("requirements.txt", "a; python_version > '3.10'\n")]), Ok(None));
}

#[test]
fn an_invalid_condition_is_refused() {
    let error = read_files(&[("requirements.txt", "a; python_verson > '3'")]).expect_err("misspelt");
    assert!(error.contains("line 1: `a; python_verson > '3'` cannot be installed: its condition"), "{error}");
}

#[test]
fn folders_keep_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("sub/wheels")).expect("made");
    fs::write(folder.path().join("requirements.txt"), "a==1\n-r sub/more.txt\n").expect("written");
    let more = "--find-links=wheels\n-f ./absent\n--find-links https://x.y/wheels\n";
    fs::write(folder.path().join("sub/more.txt"), more).expect("written");
    let read = read_folder(folder.path()).expect("fine").expect("requirements");
    let wheels = folder.path().join("sub/wheels");
    let expected =
        format!("a==1\n--find-links {}\n-f ./absent\n--find-links https://x.y/wheels\n", wheels.display());
    assert_eq!(read.lines, expected);
}

#[test]
fn variables_that_are_not_passed_are_refused_and_credentials_not_shown() {
    let text = "--index-url https://bot:s3cret${ACME_TOKEN}@x.y/simple\nsix==1\n";
    let error = read_files(&[("requirements.txt", text)]).expect_err("not passed");
    let expected = "`code/requirements.txt`, line 1: `--index-url https://***@x.y/simple` cannot be installed: the \
                    variable ACME_TOKEN is not passed to pip and uv";
    assert!(error.starts_with(expected), "{error}");
    let passed = "--index-url ${INDEX}\nsix==1 # costs ${lower} and $UPPER\n";
    assert!(read_files(&[("requirements.txt", passed)]).is_ok());
}

#[test]
fn names_are_compared_as_an_index_does() {
    assert_eq!(normal("Foo.-_Bar"), "foo-bar");
}

#[test]
fn what_would_be_built_is_refused() {
    for line in [
        "-e .",
        "--edit ./lib",
        "--no-binary :all:",
        "--only-binary :none:",
        "./lib",
        "lib/",
        "x @ git+https://x.y/z",
        "git+ssh://x.y/z.git",
        "https://x.y/z.tar.gz",
        "x @ file:///z.whl",
        "-r https://x.y/requirements.txt",
    ] {
        let error = read_files(&[("requirements.txt", &format!("six==1\n{line}\n"))]).expect_err(line);
        assert!(error.starts_with("`code/requirements.txt`, line 2: `"), "{error}");
        assert!(error.contains(line), "{error}");
    }
}

#[test]
fn a_file_that_includes_itself_by_another_path_is_read_once() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("x")).expect("a folder");
    fs::write(folder.path().join("requirements.txt"), "six==1\n-r x/../requirements.txt\n").expect("written");
    let read = read_folder(folder.path()).expect("fine").expect("requirements");
    assert_eq!(read.lines, "six==1\n");
}

#[test]
fn includes_come_to_an_end() {
    let folder = tempfile::tempdir().expect("a folder");
    for number in 0..MOST_FILES + 5 {
        let name = if number == 0 { "requirements.txt".to_owned() } else { format!("{number}.txt") };
        fs::write(folder.path().join(name), format!("-r {}.txt\n", number + 1)).expect("written");
    }
    let error = read_folder(folder.path()).expect_err("too many").to_string();
    assert!(error.contains("99.txt") && error.contains(TOO_MANY_FILES), "{error}");
}

#[cfg(unix)]
#[test]
fn a_device_is_no_requirements_file() {
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("requirements.txt")).expect("a link");
    let error = read_folder(folder.path()).expect_err("a device").to_string();
    assert!(error.contains("code/requirements.txt"), "{error}");
}

#[test]
fn a_missing_included_file_is_named() {
    let error = read_files(&[("requirements.txt", "-r absent.txt")]).expect_err("absent");
    assert!(error.contains("code/absent.txt"), "{error}");
}
