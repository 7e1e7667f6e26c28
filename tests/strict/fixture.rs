//! Stacks to bring up: a stack file with its code, packaged once for all runs.

use provision::config::{self, Diagnostics, Known, Location, Stack};
use provision::desired::check_offline;
use provision::error::Failure;
use provision::package::{self, Source};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A stack whose code is packaged.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// Holds the stack file and its code as long as they are in use.
    folder: Arc<tempfile::TempDir>,
    pub(crate) stack: Stack,
    /// What the stack was read from, and what was changed since.
    text: String,
    changes: Vec<fn(&mut Stack)>,
    environment: Option<String>,
    /// The packages of functions and layers: their hashes by the keys of their code.
    pub(crate) hashes: BTreeMap<String, String>,
    /// Where the zips are, by hash.
    pub(crate) packages: BTreeMap<String, PathBuf>,
}

impl Fixture {
    /// The shipped stack.
    pub(crate) fn shipped() -> Self {
        Fixture::changed(|text| text, |_| ())
    }

    /// The shipped stack with another text, and other code.
    pub(crate) fn changed(text: impl Fn(String) -> String, code: impl Fn(&Path)) -> Self {
        let shipped = fs::read_to_string(root().join("stack.yaml")).expect("the shipped stack");
        Fixture::with_code(&root().join("lambdas"), &text(shipped), code)
    }

    /// The shipped stack with the code of one function changed, a route removed, and a function renamed.
    pub(crate) fn shipped_changed() -> Self {
        let text = |shipped: String| {
            let without = shipped.replace("    PUT /items: update_item\n", "");
            without.replace("  getAlls:\n", "  list_items:\n").replace(": getAlls\n", ": list_items\n")
        };
        let code = |lambdas: &Path| {
            let file = lambdas.join("create_item/lambda_function.py");
            let text = fs::read_to_string(&file).expect("the code of a function");
            fs::write(file, text + "\n# Changed.\n").expect("the code is changed");
        };
        Fixture::changed(text, code)
    }

    /// A stack file, whose code is that of the shipped functions.
    pub(crate) fn of(text: &str) -> Self {
        Fixture::with_code(&root().join("lambdas"), text, |_| ())
    }

    /// Every stack that the project has: the shipped one, the examples, and those of the tests, by name.
    pub(crate) fn every() -> BTreeMap<String, Self> {
        Fixture::every_with(|text| text)
    }

    /// The same, each with another text.
    pub(crate) fn every_with(edit: impl Fn(String) -> String) -> BTreeMap<String, Self> {
        let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
        let read = |path: &Path| edit(fs::read_to_string(path).expect("a stack file"));
        let examples = children(&root().join("examples")).into_iter().filter(|path| path.is_dir());
        let examples = examples.map(|path| {
            (name(&path), Fixture::with_code(&path.join("lambdas"), &read(&path.join("stack.yaml")), |_| ()))
        });
        let tests = children(&root().join("tests/stacks")).into_iter();
        let tests = tests.map(|path| (name(&path), Fixture::of(&read(&path))));
        examples.chain(tests).chain([("shipped".to_owned(), Fixture::changed(&edit, |_| ()))]).collect()
    }

    /// A stack file, all of whose functions run the file `code.py`.
    pub(crate) fn of_one_file(text: &str) -> Self {
        let lambdas = tempfile::tempdir().expect("a folder");
        fs::write(lambdas.path().join("code.py"), "def handler(event, context):\n    return {}\n")
            .expect("the code is written");
        Fixture::with_code(lambdas.path(), text, |_| ())
    }

    /// A stack file next to a copy of some code, which may be changed.
    fn with_code(lambdas: &Path, text: &str, code: impl Fn(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(lambdas, &folder.path().join("lambdas"));
        for name in ["layers", "checks", "flows"] {
            let files = lambdas.with_file_name(name);
            if files.is_dir() {
                copy(&files, &folder.path().join(name));
            }
        }
        code(&folder.path().join("lambdas"));
        let file = folder.path().join("stack.yaml");
        fs::write(&file, text).expect("the stack file is written");
        let stack = load(&file, None, None).unwrap_or_else(|wrong| panic!("{wrong}"));
        Fixture::packaged(stack, folder, text.to_owned(), Vec::new())
    }

    /// The same stack with another content, and other code.
    pub(crate) fn with(&self, change: fn(&mut Stack), code: impl Fn(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        copy(self.folder.path(), folder.path());
        code(folder.path());
        let mut stack = Stack { folder: folder.path().to_owned(), ..self.stack.clone() };
        change(&mut stack);
        let mut changes = self.changes.clone();
        changes.push(change);
        let environment = self.environment.clone();
        Fixture { environment, ..Fixture::packaged(stack, folder, self.text.clone(), changes) }
    }

    fn packaged(stack: Stack, folder: tempfile::TempDir, text: String, changes: Vec<fn(&mut Stack)>) -> Self {
        let (hashes, packages) = packaged(&stack, folder.path());
        Fixture { folder: Arc::new(folder), stack, text, changes, environment: None, hashes, packages }
    }

    /// Another stack whose functions have the code of this one's functions, in an environment if it is named: nothing is
    /// packaged again.
    pub(crate) fn with_text(&self, text: &str, environment: Option<&str>) -> Self {
        let stack = self.read(text, environment, None).unwrap_or_else(|wrong| panic!("{wrong}"));
        let own = self.stack.code();
        let hash = |code: &config::Code| {
            let packaged = own.iter().find(|own| own.path == code.path).expect("code that is packaged");
            (code.key.to_string(), self.hashes[&*packaged.key].clone())
        };
        let hashes = stack.code().iter().map(hash).collect();
        Fixture {
            folder: Arc::clone(&self.folder),
            stack,
            text: text.to_owned(),
            changes: Vec::new(),
            environment: environment.map(str::to_owned),
            hashes,
            packages: self.packages.clone(),
        }
    }

    /// True if another text next to the same code is a valid stack file.
    pub(crate) fn would_be_valid(&self, text: &str) -> bool {
        self.read(text, None, None).is_ok_and(|stack| check_offline(&stack, None).is_ok())
    }

    /// The stack with what is known of AWS.
    pub(crate) fn with_known(&self, known: &Known) -> Result<Stack, Failure> {
        let read = self.read(&self.text, self.environment.as_deref(), Some(known));
        let mut stack = read.map_err(|wrong| Failure::new(wrong.to_string(), "correct the stack file"))?;
        self.changes.iter().for_each(|change| change(&mut stack));
        Ok(stack)
    }

    /// The stack in its place. What lives elsewhere is not read: values of its form stand for it.
    pub(crate) fn at(&self, location: Location) -> Stack {
        let known = Known { location, values: Default::default() };
        let located = self.stack.is_for_now.then(|| self.with_known(&known).ok()).flatten();
        located.unwrap_or_else(|| self.stack.clone())
    }

    /// Reads a text next to the code.
    fn read(
        &self,
        text: &str,
        environment: Option<&str>,
        known: Option<&Known>,
    ) -> Result<Stack, Diagnostics> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let file = self.folder.path().join(format!("stack-{number}.yaml"));
        fs::write(&file, text).expect("the stack file is written");
        let stack = load(&file, environment, known);
        fs::remove_file(&file).expect("the stack file is read");
        stack
    }
}

pub(crate) fn load(
    file: &Path,
    environment: Option<&str>,
    known: Option<&Known>,
) -> Result<Stack, Diagnostics> {
    let options =
        config::Options { sections: provision::kinds::sections(), environment, process: &|_| None, known };
    config::load(file, &options)
}

/// The folder of the project.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files and folders in a folder.
fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries.map(|entry| entry.path()).collect()
}

/// Packages the code of all functions and layers, in real time; the same code once.
fn packaged(stack: &Stack, folder: &Path) -> (BTreeMap<String, String>, BTreeMap<String, PathBuf>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let cache = folder.join("cache");
    let (mut hashes, mut packages, mut built) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for code in stack.code() {
        let source = Source {
            folder: &stack.folder,
            code: code.path,
            exclude: code.exclude,
            runtime: code.runtime,
            architecture: code.architecture,
            is_layer: code.is_layer,
            has_layers: code.has_layers,
        };
        let same = (code.path, code.exclude, code.runtime, code.architecture, code.is_layer);
        let package = built.entry(same).or_insert_with(|| {
            let built = runtime.block_on(package::build(&source, &cache, &|_| ()));
            built.expect("the code is packaged").package
        });
        hashes.insert(code.key.to_string(), package.sha256.clone());
        packages.insert(package.sha256.clone(), package.zip.clone());
    }
    (hashes, packages)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a file is copied")),
        }
    }
}
