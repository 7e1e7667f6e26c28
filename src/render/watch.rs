//! What is shown while files are watched.

use super::log::time;
use super::response::style_of;
use super::{DIM, GREEN, count, json::Document, seconds, styled, wrapped};
use crate::local::Served;
use crate::text::sanitize;
use aws_smithy_types::date_time::{DateTime, Format};
use chrono::{Local, TimeZone};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many files are named.
const FILES: usize = 3;

/// What is watched, and how to quit.
pub fn watching() -> String {
    styled(DIM, wrapped("", "Watching for changes. Press Ctrl-C to quit."))
}

/// What the keys do.
pub fn keys() -> String {
    styled(
        DIM,
        wrapped(
            "",
            "Keys: o opens the API in a browser, c runs the checks, l turns the logs off or on, q quits.",
        ),
    )
}

/// A request that an API served.
pub fn served(served: &Served) -> String {
    served_in(served, &Local)
}

/// The same with its time in another zone.
pub(super) fn served_in<Z: TimeZone>(served: &Served, zone: &Z) -> String
where
    Z::Offset: std::fmt::Display,
{
    let style = style_of(served.status);
    let request = sanitize(&format!("{} {}", served.method, served.path));
    let (time, took) = (time(served.at, zone, false), format!("{} ms", served.milliseconds));
    format!("{}  {request} {} {}", styled(DIM, time), styled(style, served.status), styled(DIM, took))
}

/// The same for programs.
pub fn request(served: &Served) -> Document {
    let Served { at, endpoint: _, method, path, status, milliseconds } = served;
    let time = DateTime::from_millis(*at).fmt(Format::DateTime).unwrap_or_default();
    let request = json!({ "time": time, "method": method, "path": path, "status": status, "milliseconds": milliseconds });
    Document::new("request", request)
}

/// The files that were saved, as seen from a folder.
pub fn saved(files: &BTreeSet<PathBuf>, folder: &Path) -> String {
    format!("\n{} {}", styled(DIM, "Saved:"), names(files, folder))
}

/// The names of files, as seen from a folder.
fn names(files: &BTreeSet<PathBuf>, folder: &Path) -> String {
    let mut names: Vec<String> = files.iter().map(|file| name(file, folder)).collect();
    let more = names.len().saturating_sub(FILES);
    names.truncate(FILES);
    if more > 0 {
        names.push(format!("and {} more", count(more as u64, "file")));
    }
    names.join(", ")
}

fn name(file: &Path, folder: &Path) -> String {
    sanitize(&file.strip_prefix(folder).unwrap_or(file).display().to_string())
}

/// That a change is live, so long after it was saved.
pub fn live(took: Duration) -> String {
    format!("{} {} after the save", styled(GREEN.bold(), "Live"), seconds(took))
}

/// That the code of functions is live, so long after it was saved.
pub fn live_code(functions: &[String], files: &BTreeSet<PathBuf>, folder: &Path, took: Duration) -> String {
    let time = chrono::Local::now().format("%H:%M:%S").to_string();
    let (check, functions) = (styled(GREEN, "✓"), functions.join(", "));
    let line = format!("{check} {functions}  {}  live in {}", names(files, folder), seconds(took));
    wrapped(&format!("{} ", styled(DIM, time)), &line)
}

/// That a save took an error back.
pub fn as_before() -> String {
    format!("{} as before: nothing to change", styled(GREEN.bold(), "Live"))
}

/// The result of a change, for programs.
pub fn document(
    files: &BTreeSet<PathBuf>,
    live: bool,
    took: Duration,
    error: Option<&anyhow::Error>,
) -> Document {
    let files: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    let errors = error.map(super::json::errors).unwrap_or_default();
    Document::new(
        "round",
        json!({ "files": files, "live": live, "errors": errors, "seconds": took.as_secs_f64() }),
    )
}
