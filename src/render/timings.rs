//! The timings of a run as a page of its own: what decided how long it took, each step and each call. It needs nothing from
//! anywhere: no script, no font.

use super::html::{STYLE, page};
use super::seconds;
use super::svg::escaped;
use crate::model::Identity;
use crate::text::sanitize;
use crate::timings::{CallTime, StepTime, Timings};
use std::fmt::Write;
use std::time::Duration;

/// The width of the time of the whole run, and of the names before it, in pixels.
const WIDTH: f64 = 520.0;
const NAMES: f64 = 360.0;
/// Room for what stands behind the last bar.
const REMARKS: f64 = 160.0;
/// The height of a row.
const ROW: f64 = 18.0;

/// A row of a chart.
struct Row {
    name: String,
    begun: Duration,
    took: Duration,
    colour: &'static str,
    remark: String,
}

const USUAL: &str = "#54aeff";
const CRITICAL: &str = "#cf222e";
const READ: &str = "#8c959f";

/// The page.
pub fn timings(timings: &Timings, stack: &Identity) -> String {
    let stack = escaped(&stack.to_string());
    let path = timings.critical_path();
    let is_critical = |step: &StepTime| path.iter().any(|one| one.step == step.step);
    let mut body = format!(
        "<h1>Timings of <code>{stack}</code></h1>\n<p>{} in all, {} steps, {} calls</p>\n<h2>Critical path</h2>\n",
        seconds(timings.total),
        timings.steps.len(),
        timings.calls.len()
    );
    body += &before(timings, path.first().copied());
    body += &list(&path);
    let steps = timings.steps.iter().map(|step| of_step(step, is_critical(step)));
    body += &format!("<h2>Steps</h2>\n{}", chart(&steps.collect::<Vec<_>>(), timings.total));
    let mut calls: Vec<&CallTime> = timings.calls.iter().collect();
    calls.sort_by_key(|call| call.begun);
    let calls: Vec<Row> = calls.into_iter().map(of_call).collect();
    body += &format!("<h2>Calls</h2>\n{}", chart(&calls, timings.total));
    page(&format!("Timings of {stack}"), STYLE, &body)
}

/// What came before the first step of the critical path.
fn before(timings: &Timings, first: Option<&StepTime>) -> String {
    let until = first.map_or(timings.total, |step| step.begun);
    format!(
        "<p>{} until its first step: reading, packaging, planning, and the confirmation</p>\n",
        precise(until)
    )
}

fn list(path: &[&StepTime]) -> String {
    if path.is_empty() {
        return "<p>No step was made.</p>\n".to_owned();
    }
    let item = |step: &&StepTime| {
        let took = step.took.map_or_else(|| "not finished".to_owned(), precise);
        format!("<li>{} {}: {took}</li>\n", step.action.verb(), escaped(&sanitize(&step.name)))
    };
    format!("<ol>\n{}</ol>\n", path.iter().map(item).collect::<String>())
}

fn of_step(step: &StepTime, is_critical: bool) -> Row {
    Row {
        name: format!("{} {}", step.action.verb(), step.name),
        begun: step.begun,
        took: step.took.unwrap_or_default(),
        colour: if is_critical { CRITICAL } else { USUAL },
        remark: if step.took.is_none() { "not finished".to_owned() } else { String::new() },
    }
}

fn of_call(call: &CallTime) -> Row {
    let status = call.status.map_or_else(|| "no response".to_owned(), |status| status.to_string());
    // That something does not exist is what a read is for; throttling, and errors of AWS, cost time.
    let is_fine = call.status.is_some_and(|status| status < 429) && call.attempts == 1;
    let attempts = if call.attempts > 1 { format!("{} attempts", call.attempts) } else { String::new() };
    let remarks = [Some(status).filter(|status| status != "200").unwrap_or_default(), attempts];
    Row {
        name: call.name.clone(),
        begun: call.begun,
        took: call.took,
        colour: if is_fine { READ } else { CRITICAL },
        remark: remarks.into_iter().filter(|remark| !remark.is_empty()).collect::<Vec<_>>().join(", "),
    }
}

/// Bars on a line of time.
fn chart(rows: &[Row], total: Duration) -> String {
    let scale = WIDTH / total.as_secs_f64().max(f64::MIN_POSITIVE);
    let (width, mut y) = (NAMES + WIDTH + REMARKS, 0.0);
    let mut text = String::new();
    for row in rows {
        let (x, long) = (NAMES + row.begun.as_secs_f64() * scale, (row.took.as_secs_f64() * scale).max(1.0));
        let remark = format!("{} {}", precise(row.took), row.remark);
        let _ = writeln!(
            text,
            "<text x=\"0\" y=\"{:.0}\">{}</text><rect x=\"{x:.1}\" y=\"{:.0}\" width=\"{long:.1}\" height=\"12\" \
             fill=\"{}\"/><text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            y + 13.0,
            escaped(&sanitize(&row.name)),
            y + 3.0,
            row.colour,
            x + long + 4.0,
            y + 13.0,
            escaped(remark.trim_end()),
        );
        y += ROW;
    }
    format!(
        "<figure><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {y:.0}\" width=\"{width:.0}\" \
         height=\"{y:.0}\" font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"12\">\n{text}</svg></figure>\n"
    )
}

/// A time to the millisecond.
fn precise(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}
