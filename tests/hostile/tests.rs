//! The corpus, the monsters and a bounded number of mutations. `HOSTILE_RUNS` sets how many mutations are tried, and
//! `HOSTILE_SEED` where their random numbers begin.

use crate::mutate::mutated;
use crate::seeds;
use crate::stack_file::{Project, Verdict};
use fastrand::Rng;
use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// How many mutations are tried unless more are asked for.
const RUNS: u64 = 1000;

/// How large monsters are, in long runs and in others: so many times a hundred.
const LARGE: usize = 100;
const SMALL: usize = 4;

/// What needs longer than this for one file hangs.
const HANGS: Duration = Duration::from_secs(300);

/// The smallest stack that a thread has on any platform: an overflow of it cannot be caught.
const STACK: usize = 2 * 1024 * 1024;

/// Judges stack files one after the other. Those that panic are kept in the folder of that name in `target/tmp`, as is the
/// one that hangs or overflows the stack.
fn judge_all(name: &str, cases: impl Iterator<Item = (String, Vec<u8>)> + Send + 'static) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let project = Project::new(&folder);
    let (sender, receiver) = mpsc::channel();
    let keep = folder.clone();
    let judge = move || {
        for (index, (name, bytes)) in cases.enumerate() {
            sender.send(Progress::Started(name.clone())).expect("the receiver is open");
            let verdict = catch_unwind(AssertUnwindSafe(|| project.judge(&bytes)));
            sender
                .send(Progress::Finished(verdict.map_err(|panic| {
                    let file = keep.join(format!("wrong-{index}.yaml"));
                    fs::write(&file, &bytes).expect("the case is kept");
                    format!("{name}, kept in {}: {}", file.display(), said(panic.as_ref()))
                })))
                .expect("the receiver is open");
        }
    };
    std::thread::Builder::new().stack_size(STACK).spawn(judge).expect("a thread");
    let (mut current, mut verdicts, mut wrong) =
        (String::new(), BTreeMap::<Verdict, usize>::new(), Vec::new());
    loop {
        match receiver.recv_timeout(HANGS) {
            Ok(Progress::Started(name)) => current = name,
            Ok(Progress::Finished(Ok(verdict))) => *verdicts.entry(verdict).or_default() += 1,
            Ok(Progress::Finished(Err(why))) => wrong.push(why),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("{current} hangs; it is in {}", folder.join("stack.yaml").display())
            }
        }
    }
    println!("{name}: {verdicts:?}");
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What the judging thread reports of a case.
enum Progress {
    Started(String),
    Finished(Result<Verdict, String>),
}

/// The message of a panic.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panics")
}

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn what_has_gone_wrong_before_goes_well() {
    judge_all("hostile-corpus", seeds::corpus().into_iter());
}

#[test]
fn monsters_are_rejected_or_planned() {
    let only = std::env::var("HOSTILE_ONLY").unwrap_or_default();
    let size = if std::env::var_os("HOSTILE_RUNS").is_some() { LARGE } else { SMALL };
    let monsters = seeds::monsters(size).into_iter().filter(move |(name, _)| name.contains(&only));
    judge_all("hostile-monsters", monsters.map(|(name, bytes)| (name.to_owned(), bytes)));
}

#[test]
fn mutated_stack_files_are_rejected_or_planned() {
    let corpus = seeds::corpus().into_iter().map(|(_, bytes)| bytes);
    let seeds: Vec<Vec<u8>> = seeds::stack_files().into_iter().chain(corpus).collect();
    let start = number("HOSTILE_SEED", 0);
    let cases = (start..start + number("HOSTILE_RUNS", RUNS)).map(move |seed| {
        let mut rng = Rng::with_seed(seed);
        let (one, other) = (rng.usize(..seeds.len()), rng.usize(..seeds.len()));
        (format!("mutation {seed}"), mutated(&mut rng, &seeds[one], &seeds[other]))
    });
    judge_all("hostile-mutations", cases);
}

#[test]
fn what_is_not_a_file_is_rejected() {
    let folder = tempfile::tempdir().expect("a folder");
    let linked = |target: &str| {
        let link: PathBuf = folder.path().join(target.replace(['/', '.'], "_"));
        std::os::unix::fs::symlink(target, &link).expect("a link");
        link
    };
    for file in ["/dev/zero", "/dev/null", "/nowhere", ".", "/proc/self/mem"].map(linked) {
        let options = provision::config::Options {
            sections: provision::kinds::sections(),
            environment: None,
            process: &|_| None,
            known: None,
        };
        let wrong = provision::config::load(&file, &options).expect_err("no stack file");
        assert!(wrong.items().iter().all(|item| !item.message.is_empty()), "{wrong}");
    }
}
