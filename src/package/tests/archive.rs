//! What the zip looks like, and how large it may be.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, System, ZipWriter};

use super::super::archive::Limits;
use super::{Package, Stack, names, open};

/// If this changes, every function of every user is uploaded again by the next `up`: that needs a very good reason.
#[cfg(unix)]
const GOLDEN: &str = "AOHkRwWusfUH9ankEIa/l0bj/YgWuPRLE7anzzdulh4=";

/// A tree of which only names, contents and the owner's executable bit are always the same.
#[cfg(unix)]
fn varied(order: impl Iterator<Item = usize>, mask: u32, age: u64) -> Stack {
    use std::os::unix::fs::PermissionsExt;

    // Larger than the pieces in which files are read, and neither constant nor random.
    let data: String = (0..40_000_u32).map(|n| format!("{:x},", n.wrapping_mul(n) % 65_521)).collect();
    let files = [
        ("app/lambda_function.py", "def handler(event, context):\n    return {}\n", 0o666),
        ("app/bin/tool", "#!/bin/sh\n", 0o777),
        ("app/data.csv", data.as_str(), 0o666),
        ("app/empty", "", 0o666),
        ("app/B.txt", "upper case sorts first", 0o666),
        ("app/ü.txt", "and what is not ASCII last", 0o666),
        ("app/a/z", "a folder", 0o666),
        ("app/a.py", "a dot sorts before a slash", 0o666),
    ];
    let stack = Stack::new(&[]);
    for index in order {
        let (name, contents, mode) = files[index];
        stack.write(name, contents);
        let file = File::options().write(true).open(stack.path(name)).expect("open");
        file.set_permissions(fs::Permissions::from_mode(mode & mask)).expect("changed");
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(age)).expect("changed");
    }
    stack
}

#[cfg(unix)]
#[tokio::test]
async fn the_hash_is_golden() {
    let stacks = [varied(0..8, 0o744, 1_000_000_000), varied((0..8).rev(), 0o755, 1_700_000_001)];
    let first = stacks[0].build("app").await.expect("built");
    let second = stacks[1].build("app").await.expect("built");
    assert_eq!(first.sha256, GOLDEN);
    assert_eq!(second.sha256, GOLDEN);
    assert_eq!(fs::read(first.zip).expect("a zip"), fs::read(second.zip).expect("a zip"));
}

#[cfg(unix)]
#[tokio::test]
async fn entries_are_sorted_and_carry_nothing_of_the_machine() {
    let stack = varied([3, 1, 2, 0, 7, 6, 5, 4].into_iter(), 0o700, 5);
    let package = stack.build("app").await.expect("built");
    let expected = ["B.txt", "a.py", "a/z", "bin/tool", "data.csv", "empty", "lambda_function.py", "ü.txt"];
    assert_eq!(names(&package), expected);
    let mut zip = open(&package);
    for index in 0..zip.len() {
        let entry = zip.by_index(index).expect("an entry");
        let name = entry.name().expect("UTF-8").into_owned();
        let mode = if name == "bin/tool" { 0o100_755 } else { 0o100_644 };
        assert_eq!(entry.unix_mode(), Some(mode), "{name}");
        assert_eq!(entry.last_modified().expect("a time").to_string(), "1980-01-01 00:00:00");
        assert_eq!(entry.extra_data().map_or(0, |data| data.len()), 0, "{name}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_bootstrap_is_made_executable() {
    let script = "#!/bin/sh\n";
    let mut stack =
        Stack::new(&[("app/bootstrap", script), ("app/other", script), ("linked/bin/run", script)]);
    std::os::unix::fs::symlink("bin/run", stack.path("linked/bootstrap")).expect("linked");
    stack.runtime = "provided.al2023";
    for (code, name) in [("app", "bootstrap"), ("app/bootstrap", "bootstrap"), ("linked", "bin/run")] {
        let package = stack.build(code).await.expect("built");
        let mut zip = open(&package);
        assert_eq!(zip.by_name(name).expect("there").unix_mode(), Some(0o100_755), "{code}");
        if let Ok(other) = zip.by_name("other") {
            assert_eq!(other.unix_mode(), Some(0o100_644));
        }
    }
    stack.runtime = "python3.13";
    let package = stack.build("app").await.expect("built");
    assert_eq!(open(&package).by_name("bootstrap").expect("there").unix_mode(), Some(0o100_644));
}

#[tokio::test]
async fn a_bootstrap_that_cannot_start_is_refused() {
    let mut stack = Stack::new(&[("app/bootstrap", "#!/bin/sh\r\necho\r\n"), ("none/readme", "")]);
    stack.runtime = "provided.al2023";
    for code in ["app", "app/bootstrap"] {
        let error = stack.error(code).await;
        assert!(error.starts_with("`app/bootstrap` cannot be started by Lambda: it is a script"), "{error}");
    }
    let error = stack.error("none").await;
    let expected = "`none/bootstrap` cannot be started by Lambda: it is not in the package; put it at the top of the code";
    assert_eq!(error, expected);
    stack.has_layers = true;
    assert_eq!(stack.names("none").await, ["readme"]);
}

#[tokio::test]
async fn hash_and_sizes_are_those_of_the_file() {
    let stack = Stack::new(&[("app/a.py", "12345"), ("app/b.py", "678")]);
    let package = stack.build("app").await.expect("built");
    let bytes = fs::read(&package.zip).expect("a zip");
    assert_eq!(package.sha256, STANDARD.encode(Sha256::digest(&bytes)));
    assert_eq!((package.size, package.unzipped), (bytes.len() as u64, 8));
    assert_eq!(package.zip.extension().expect("an extension"), "zip");
}

#[cfg(unix)]
#[tokio::test]
async fn a_zip_in_the_cache_is_not_written_again_and_counts_as_in_use() {
    use std::os::unix::fs::MetadataExt;

    let stack = Stack::new(&[("app/a.py", "a")]);
    let package = stack.build("app").await.expect("built");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    File::options().write(true).open(&package.zip).expect("open").set_modified(old).expect("changed");
    let before = fs::metadata(&package.zip).expect("there");
    assert_eq!(stack.build("app").await.expect("built"), package);
    let after = fs::metadata(&package.zip).expect("there");
    assert_eq!(after.ino(), before.ino());
    assert!(after.modified().expect("a time") > old);
    let siblings = fs::read_dir(package.zip.parent().expect("a folder")).expect("readable");
    assert_eq!(siblings.count(), 2, "the zip and what it was made of; no temporary file is left");
}

#[tokio::test]
async fn what_was_zipped_before_is_not_compressed_again() {
    let stack = Stack::new(&[("app/a.py", "a"), ("other/b.py", "b")]);
    let (app, other) = (stack.build("app").await.expect("built"), stack.build("other").await.expect("built"));
    let stem =
        |package: &Package| package.zip.file_stem().expect("a name").to_str().expect("text").to_owned();
    let folder = app.zip.parent().expect("a folder");
    let notes = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("an entry").path());
    let note = notes.filter(|path| path.extension().is_some_and(|extension| extension == "made"));
    let mut note = note.filter(|note| fs::read_to_string(note).expect("a note") == stem(&app));
    // Only the note says what was made of these files.
    fs::write(note.next().expect("a note of it"), stem(&other)).expect("written");
    assert_eq!(stack.build("app").await.expect("built").sha256, other.sha256);
    stack.write("app/a.py", "c");
    assert!(![app.sha256, other.sha256].contains(&stack.build("app").await.expect("built").sha256));
}

#[tokio::test]
async fn a_damaged_zip_in_the_cache_is_written_again() {
    let stack = Stack::new(&[("app/a.py", "a")]);
    let package = stack.build("app").await.expect("built");
    let bytes = fs::read(&package.zip).expect("a zip");
    fs::write(&package.zip, vec![0; bytes.len()]).expect("damaged");
    assert_eq!(stack.build("app").await.expect("built"), package);
    assert_eq!(fs::read(&package.zip).expect("a zip"), bytes);
}

#[tokio::test]
async fn a_single_file_lies_at_the_root() {
    let stack = Stack::new(&[("lambdas/get.py", "x"), ("lambdas/requirements.txt", "six")]);
    assert_eq!(stack.names("lambdas/get.py").await, ["get.py"]);
}

/// A zip of files with modes, made on another system.
fn zipped(system: System, entries: &[(&str, &str, u32)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, contents, mode) in entries {
        let options = SimpleFileOptions::default().system(system).unix_permissions(*mode);
        if name.ends_with('/') {
            zip.add_directory(*name, options).expect("added");
        } else {
            zip.start_file(*name, options).expect("begun");
            zip.write_all(contents.as_bytes()).expect("written");
        }
    }
    zip.finish().expect("finished").into_inner()
}

#[tokio::test]
async fn files_in_a_finished_zip_that_lambda_cannot_read_give_a_warning() {
    let stack = Stack::new(&[]);
    let files =
        [("a/", "", 0o700), ("a/b.py", "", 0o600), ("c.py", "", 0o644), ("d", "", 0o750), ("e", "", 0o640)];
    for (number, expected) in [(2, "`a/b.py`"), (4, "`a/b.py`, `d`"), (5, "`a/b.py`, `d`, `e`")] {
        fs::write(stack.path("built.zip"), zipped(System::Unix, &files[..number])).expect("written");
        let expected = format!(
            "Lambda cannot read {expected} in `built.zip`: a file's mode must let everybody read it; run `chmod -R a+rX` \
             on the files before they are zipped"
        );
        assert_eq!(stack.build("built.zip").await.expect("built").warnings, [expected]);
    }
    let many: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| (name, "", 0o600)).to_vec();
    fs::write(stack.path("built.zip"), zipped(System::Unix, &many)).expect("written");
    let warnings = stack.build("built.zip").await.expect("built").warnings;
    assert!(
        warnings[0].starts_with("Lambda cannot read `a`, `b`, `c` and 2 more in `built.zip`"),
        "{warnings:?}"
    );
    for fine in [zipped(System::Unix, &files[2..3]), zipped(System::Dos, &files)] {
        fs::write(stack.path("built.zip"), fine).expect("written");
        assert_eq!(stack.build("built.zip").await.expect("built").warnings, Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_bootstrap_of_a_finished_zip_must_be_one_that_starts() {
    let mut stack = Stack::new(&[]);
    stack.runtime = "provided.al2023";
    for (system, contents, mode, expected) in [
        (System::Unix, "#!/bin/sh\n", 0o755, None),
        (System::Unix, "#!/bin/sh\n", 0o644, Some("it is not executable; run `chmod +x bootstrap`")),
        (System::Dos, "#!/bin/sh\n", 0o755, Some("it is not executable")),
        (System::Unix, "#!/bin/sh\r\n", 0o755, Some("it is a script whose lines end with CRLF")),
        (System::Unix, "MZ", 0o755, Some("it is a program for Windows")),
    ] {
        fs::write(stack.path("built.zip"), zipped(system, &[("bootstrap", contents, mode)]))
            .expect("written");
        let built = stack.build("built.zip").await.map_err(|error| error.to_string());
        let Some(expected) = expected else {
            built.expect("built");
            continue;
        };
        let error = built.expect_err(expected);
        assert!(error.starts_with("`built.zip/bootstrap` cannot be started by Lambda: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    stack.runtime = "python3.13";
    stack.build("built.zip").await.expect("other runtimes may have any file of this name");
}

/// A zip as another tool would make it.
fn finished(entries: &[(&str, usize)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, size) in entries {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        zip.start_file(*name, options).expect("begun");
        zip.write_all(&vec![b'x'; *size]).expect("written");
    }
    zip.finish().expect("finished").into_inner()
}

#[tokio::test]
async fn a_finished_zip_is_used_byte_for_byte() {
    let stack = Stack::new(&[]);
    let bytes = finished(&[("z", 5), (".env", 7)]);
    fs::write(stack.path("built.zip"), &bytes).expect("written");
    let package = stack.build("built.zip").await.expect("built");
    assert_eq!(fs::read(&package.zip).expect("a zip"), bytes);
    assert_eq!((package.size, package.unzipped), (bytes.len() as u64, 12));
    assert_eq!(package.sha256, STANDARD.encode(Sha256::digest(&bytes)));
}

#[tokio::test]
async fn a_file_that_only_claims_to_be_a_zip_is_refused() {
    let stack = Stack::new(&[("no.zip", "certainly not")]);
    assert!(stack.error("no.zip").await.starts_with("`no.zip` is not a zip that Lambda could unpack: "));
    for empty in [finished(&[]), zipped(System::Unix, &[("folder/", "", 0o755)])] {
        fs::write(stack.path("no.zip"), empty).expect("written");
        let expected = "`no.zip` is not a zip that Lambda could unpack: it has no files; build it again";
        assert_eq!(stack.error("no.zip").await, expected);
    }
}

#[tokio::test]
async fn the_unzipped_limit_is_checked_before_anything_is_compressed() {
    let stack = Stack::new(&[("app/a.py", "a"), ("app/b.py", "bb")]);
    let sparse = File::create(stack.path("app/model.bin")).expect("made");
    sparse.set_len(262_144_000).expect("sparse");
    let error = stack.error("app").await;
    assert_eq!(
        error,
        "the package of `app` has 262,144,003 bytes unzipped, and Lambda takes at most 262,144,000 (the largest \
         files are model.bin (262,144,000), b.py (2), a.py (1)); leave files out with `exclude` or .provisionignore, \
         or move packages into a layer"
    );
    assert!(!stack.cache.path().join("not").exists());
}

#[tokio::test]
async fn the_zipped_limit_is_checked_on_the_zip() {
    let mut stack = Stack::new(&[("app/a.py", "a")]);
    stack.limits.zipped = stack.build("app").await.expect("built").size;
    stack.build("app").await.expect("a package may be as large as the limit");
    stack.limits.zipped -= 1;
    assert!(stack.error("app").await.contains("bytes zipped, and Lambda takes at most"));
}

#[tokio::test]
async fn the_limits_hold_for_a_finished_zip_too() {
    let mut stack = Stack::new(&[]);
    fs::write(stack.path("built.zip"), finished(&[("a", 700), ("b", 400)])).expect("written");
    stack.limits.unzipped = 1_099;
    assert!(stack.error("built.zip").await.contains("has 1,100 bytes unzipped"));
    stack.limits = Limits { zipped: 1_000, ..Limits::LAMBDA };
    assert!(stack.error("built.zip").await.contains("bytes zipped"));
}

#[tokio::test]
async fn two_packages_differ_by_files() {
    use crate::package::compare;
    use crate::plan::{Action, FileChange};

    let stack = Stack::new(&[("app/a.py", "1"), ("app/b.py", "1"), ("app/same.py", "1")]);
    let old = stack.build("app").await.expect("a package");
    fs::remove_file(stack.path("app/a.py")).expect("removed");
    stack.write("app/b.py", "2");
    stack.write("app/lib/c.py", "1");
    let new = stack.build("app").await.expect("a package");
    let cache = stack.cache.path().join("not/yet/there");
    let change = |name: &str, action| FileChange { name: name.to_owned(), action };
    assert_eq!(
        compare(&cache, &old.sha256, &new.sha256),
        [change("a.py", Action::Delete), change("b.py", Action::Update), change("lib/c.py", Action::Create)]
    );
    assert_eq!(compare(&cache, &new.sha256, &new.sha256), []);
    let elsewhere = STANDARD.encode(Sha256::digest("a package of another machine"));
    for unknown in [elsewhere.as_str(), "", "no hash", "../.."] {
        assert_eq!(compare(&cache, unknown, &new.sha256), [], "{unknown}");
    }
}
