//! How much memory the program takes for a large stack.

use crate::cloud::Cloud;
use crate::ran::Ran;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs::{self, File};
use std::process::{Child, ExitStatus, Output};
use std::thread::sleep;
use std::time::Duration;

const FUNCTIONS: usize = 300;
/// The bytes of each function's code, which no compression makes smaller than half.
const CODE: usize = 300_000;
/// The bytes that the program may take at its peak, those of its own code in a debug build included.
const MOST: u64 = 165_000_000;

/// A stack whose functions have code of their own.
fn stack() -> String {
    let mut text = "stack: memory\nfunctions:\n".to_owned();
    for number in 0..FUNCTIONS {
        writeln!(
            text,
            "  f{number}: {{ code: lambdas/f{number}.py, handler: f{number}.handler, runtime: python3.13 }}"
        )
        .unwrap();
    }
    text
}

/// Letters that look random.
fn noise() -> String {
    let mut text = String::new();
    for line in 0..CODE / 64 {
        Sha256::digest(format!("{line}")).iter().for_each(|byte| write!(text, "{byte:02x}").unwrap());
    }
    text
}

#[test]
fn three_hundred_functions_take_little_memory() {
    let cloud = Cloud::with(&stack());
    let noise = noise();
    for number in 0..FUNCTIONS {
        let code = format!("def handler(event, context):\n    return {number}\n# {noise}\n");
        cloud.write(&format!("lambdas/f{number}.py"), &code);
    }
    let [out, err] = ["out", "err"].map(|name| cloud.path(name));
    let mut command = cloud.command(&["up", "--local"]);
    command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
    let (status, peak) = watch(command.spawn().unwrap());
    let [stdout, stderr] = [out, err].map(|path| fs::read(path).unwrap());
    Ran::from(&command, Output { status, stdout, stderr }).ok();
    assert!(peak < MOST, "{} MB at the peak", peak / 1_000_000);
    assert!(peak > 0 || !cfg!(target_os = "linux"), "the peak was not read");
}

/// Waits for a process, and tells the most memory that it had at a time, in bytes; 0 where the system does not say. `rusage`
/// would not do: of a child it holds the parent's own memory too, from before the child became another program.
fn watch(mut process: Child) -> (ExitStatus, u64) {
    let mut peak = 0;
    loop {
        peak = peak.max(high_water(process.id()));
        if let Some(status) = process.try_wait().unwrap() {
            return (status, peak);
        }
        sleep(Duration::from_millis(5));
    }
}

fn high_water(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
    kilobytes.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok()).unwrap_or_default() * 1024
}
