//! A plan as a page of its own, for those who review it outside of a forge. It needs nothing from anywhere: no script, no font, no
//! image but the one in it.

use super::plan::{Detail, Entry, entries};
use super::svg::{escaped, svg};
use super::{NO_CHANGES, data_loss, incomplete, plain};
use crate::model::Scope;
use crate::outline::Outline;
use crate::picture::Picture;
use crate::sensitive::redacted;
use crate::text::sanitize;

/// How all pages look.
pub(super) const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}\
code,pre,summary{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}\
figure{margin:1.5rem 0;overflow-x:auto;background:#fff;border:1px solid #d0d7de;border-radius:6px}\
details{border-left:3px solid #d0d7de;margin:.3rem 0;padding:.1rem .8rem}\
.create{border-color:#1a7f37}.update{border-color:#9a6700}.replace{border-color:#8250df}.delete{border-color:#cf222e}\
.stop,.loss{border:1px solid #cf222e;border-radius:6px;padding:.5rem .8rem;margin:.5rem 0}\
.note{border:1px solid #9a6700;border-radius:6px;padding:.5rem .8rem;margin:.5rem 0}\
pre{margin:.3rem 0;white-space:pre-wrap}";

/// The page. Values of sensitive fields are left out.
pub fn html(outline: &Outline, scope: &Scope, picture: &Picture) -> String {
    let plan = outline.plan;
    let identity = escaped(&scope.identity.to_string());
    let summary = if plan.is_empty() { NO_CHANGES.to_owned() } else { plain(&super::summary(plan)) };
    let mut text = format!(
        "<h1>Plan for <code>{identity}</code></h1>\n<p>account {}, {}</p>\n<p><strong>{summary}</strong></p>\n",
        escaped(&scope.account),
        escaped(&scope.region)
    );
    for blocker in &plan.blockers {
        text += &boxed("stop", &format!("Blocked: {}. {}", blocker.why, blocker.help));
    }
    text.extend(plan.steps.iter().filter_map(data_loss).map(|loss| boxed("loss", &loss)));
    text.extend(plan.unreadable.iter().map(|unreadable| boxed("note", &incomplete(unreadable))));
    text.extend(plan.notes.iter().map(|note| boxed("note", note)));
    text += &format!("<figure>\n{}</figure>\n", svg(picture));
    text.extend(entries(outline, Detail::default()).iter().map(details));
    page(&format!("Plan for {identity}"), STYLE, &text)
}

/// A page that may load nothing. Sensitive values are taken out; the title and the body are HTML already.
pub(super) fn page(title: &str, style: &str, body: &str) -> String {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{style}</style>\n</head>\n\
         <body>\n{body}</body>\n</html>\n"
    );
    redacted(&text).into_owned()
}

/// An entry, and what differs to unfold.
fn details(entry: &Entry) -> String {
    let verb = entry.action.verb();
    let name = escaped(&sanitize(&plain(&entry.line())));
    let lines: Vec<String> = entry.lines.iter().map(|line| escaped(&sanitize(&plain(line)))).collect();
    let body = if lines.is_empty() { String::new() } else { format!("<pre>{}</pre>", lines.join("\n")) };
    format!("<details class=\"{verb}\"><summary>{verb} {name}</summary>{body}</details>\n")
}

fn boxed(class: &str, text: &str) -> String {
    format!("<p class=\"{class}\">{}</p>\n", escaped(&sanitize(text)))
}
