//! A plan for the comment of a pull request. Only what is known from the plan goes in: no values of secret fields.

use super::picture::mermaid;
use super::plan::{Detail, Entry, entries};
use super::{NO_CHANGES, data_loss, incomplete, plain};
use crate::model::Scope;
use crate::outline::Outline;
use crate::picture::Picture;
use crate::plan::{Action, Blocker};
use crate::text::sanitize;

/// How long a comment may be. GitHub takes 65,536 characters, GitLab more.
const MOST: usize = 60_000;

/// A plan in Markdown, with the picture of the stack as it changes. Its first line identifies the comment, and stays the same for a stack.
pub fn markdown(outline: &Outline, scope: &Scope, picture: &Picture) -> String {
    let plan = outline.plan;
    let identity = &scope.identity;
    let mut text = format!("<!-- provision plan {identity} {} -->\n", scope.region);
    let place = format!("account {}, {}", scope.account, scope.region);
    text += &format!("### Plan for {} ({place})\n\n", code(&identity.to_string()));
    text += &if plan.is_empty() {
        format!("{NO_CHANGES}\n")
    } else {
        format!("**{}**\n", plain(&super::summary(plan)))
    };
    let blockers = plan.blockers.iter().map(blocker);
    let warning = |text: String| format!("\n> [!WARNING]\n> {}\n", one_line(&text));
    let losses = plan.steps.iter().filter_map(data_loss).map(warning);
    let unseen = plan.unreadable.iter().map(incomplete).map(warning);
    text.extend(blockers.chain(losses).chain(unseen));
    text.extend(plan.notes.iter().map(|note| format!("\n> [!NOTE]\n> {}\n", one_line(note))));
    if !plan.is_empty() {
        let drawn = mermaid(picture).filter(|drawn| drawn.len() < MOST / 2);
        text += &drawn.map(|drawn| format!("\n```mermaid\n{drawn}```\n")).unwrap_or_default();
        text += &details(outline, MOST.saturating_sub(text.len()));
    }
    text
}

/// The steps, folded, as many as fit.
fn details(outline: &Outline, room: usize) -> String {
    const BEGIN: &str = "\n<details><summary>Details</summary>\n\n```diff\n";
    const END: &str = "```\n\n</details>\n";
    let (mut text, mut left_out) = (BEGIN.to_owned(), 0);
    let entries: String = entries(outline, Detail::default()).iter().map(diff).collect();
    for line in entries.lines() {
        if left_out == 0 && text.len() + line.len() + END.len() + 60 <= room {
            text += &format!("{line}\n");
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        text += &format!("  … and {left_out} lines more: run `provision plan` to see them\n");
    }
    text + END
}

/// An entry with what differs. A `diff` block colours a line by its first character.
fn diff(entry: &Entry) -> String {
    let sign = match entry.action {
        Action::Create => '+',
        Action::Delete => '-',
        Action::Update | Action::Replace => '!',
    };
    let mut text = format!("{sign} {} {}\n", entry.action.verb(), plain(&entry.line()));
    text.extend(entry.lines.iter().map(|line| format!("{}\n", diff_of_part(&plain(line)))));
    // The content must not end the block.
    text.replace("```", "'''")
}

/// A line below an entry, where a part has its sign at the begin as well.
fn diff_of_part(line: &str) -> String {
    let (sign, action) = match line.split(' ').next() {
        Some("+") => ('+', Action::Create),
        Some("~") => ('!', Action::Update),
        Some("-/+") => ('!', Action::Replace),
        Some("-") => ('-', Action::Delete),
        _ => return format!("      {line}"),
    };
    let part = line.split_once(' ').map_or("", |(_, part)| part);
    format!("{sign}     {} {part}", action.verb())
}

fn blocker(blocker: &Blocker) -> String {
    format!("\n> [!CAUTION]\n> Blocked: {}  \n> {}\n", one_line(&blocker.why), one_line(&blocker.help))
}

/// A text within a sentence: it may come from anyone who can write to the account.
fn one_line(text: &str) -> String {
    sanitize(text).replace(['\n', '\t'], " ").replace('<', "&lt;").replace('@', "&#64;")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}
