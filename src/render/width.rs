//! The width of the terminal. Sentences are wrapped there, between words; what is copied or read by programs never is.

use crate::sensitive::redacted;
use std::sync::OnceLock;
use textwrap::core::{Word, display_width};

/// The columns of the terminal; `None` where the output is none.
static COLUMNS: OnceLock<Option<usize>> = OnceLock::new();

/// No narrower terminal is wrapped for: then each line would be a word.
const NARROWEST: usize = 20;

/// Sets the width, before anything is printed.
pub fn fit_to(columns: Option<usize>) {
    let _ = COLUMNS.set(columns.filter(|columns| *columns >= NARROWEST));
}

/// The columns of the terminal; `None` where the output is none.
pub fn columns() -> Option<usize> {
    COLUMNS.get().copied().flatten()
}

/// A sentence after a prefix. Its other lines are indented as the prefix is, and two columns more.
pub(super) fn wrapped(prefix: &str, text: &str) -> String {
    wrapped_at(columns(), prefix, text)
}

fn wrapped_at(columns: Option<usize>, prefix: &str, text: &str) -> String {
    let Some(columns) = columns else { return format!("{prefix}{text}") };
    // A value with blanks in it would no longer be known once it is wrapped.
    let text = redacted(text);
    let indent = " ".repeat(prefix.len() - prefix.trim_start().len() + 2);
    let mut lines = text.lines();
    let options = textwrap::Options::new(columns)
        .initial_indent(prefix)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::Custom(words))
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let mut all = textwrap::wrap(lines.next().unwrap_or_default(), &options);
    // The writer's own lines stay, such as the items of a list.
    for line in lines {
        let own = &line[..line.len() - line.trim_start().len()];
        let below = format!("{own}{indent}");
        let options = options.clone().initial_indent(own).subsequent_indent(&below);
        all.extend(textwrap::wrap(line.trim_start(), options));
    }
    all.join("\n")
}

/// The words of a line. A sign, such as the `+` of `+ name`, stays with the word that it is about.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut parts: Vec<&str> = Vec::new();
    let mut begin = 0;
    for word in textwrap::WordSeparator::AsciiSpace.find_words(line) {
        let end = begin + word.word.len() + word.whitespace.len();
        match parts.last_mut().filter(|last| is_sign(last)) {
            Some(sign) => *sign = &line[begin - sign.len()..end],
            None => parts.push(&line[begin..end]),
        }
        begin = end;
    }
    Box::new(parts.into_iter().map(Word::from))
}

fn is_sign(word: &str) -> bool {
    ["+", "-", "~"].contains(&anstream::adapter::strip_str(word).to_string().trim())
}

/// As much of a text as fits into a line of a terminal that moves. What the user types there, such as `^C`, is shown behind it.
pub(super) fn fitting(text: &str, columns: Option<usize>) -> String {
    const TYPED: usize = 3;
    let Some(room) = columns.map(|columns| columns.saturating_sub(TYPED)) else { return text.to_owned() };
    if display_width(text) <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for c in text.chars() {
        if display_width(&short) + 2 > room {
            break;
        }
        short.push(c);
    }
    short + "…"
}

#[cfg(test)]
mod tests {
    use super::wrapped_at;

    #[test]
    fn a_sentence_is_wrapped_between_words() {
        let text = "the plan would delete table blog-visits, and all of its items would be lost";
        assert_eq!(
            wrapped_at(Some(40), "error: ", text),
            "error: the plan would delete table\n  blog-visits, and all of its items\n  would be lost"
        );
        assert_eq!(
            wrapped_at(Some(40), "  help: ", "to allow this, add --allow-data-loss tables.blog-visits"),
            "  help: to allow this, add\n    --allow-data-loss tables.blog-visits"
        );
        assert_eq!(wrapped_at(None, "error: ", text), format!("error: {text}"), "not in a pipe");
    }

    #[test]
    fn what_has_no_blank_stays_whole_and_lines_stay_lines() {
        let url = "https://example.com/a/very/long/address/that/fits/nowhere";
        assert_eq!(wrapped_at(Some(20), "error: ", url), format!("error: {url}"));
        assert_eq!(
            wrapped_at(Some(28), "error: ", "two files:\n  - one of them\n  - the other one of these two"),
            "error: two files:\n  - one of them\n  - the other one of these\n    two"
        );
    }

    #[test]
    fn a_sign_stays_with_what_it_is_about() {
        assert_eq!(
            wrapped_at(Some(30), "", "access to notes  + dynamodb:GetItem  \u{1b}[32m+\u{1b}[0m sqs:Send"),
            "access to notes\n  + dynamodb:GetItem\n  \u{1b}[32m+\u{1b}[0m sqs:Send"
        );
    }

    #[test]
    fn styles_take_no_width() {
        let prefix = "\u{1b}[1m\u{1b}[31merror:\u{1b}[0m ";
        assert_eq!(wrapped_at(Some(30), prefix, "a few words that need two lines").lines().count(), 2);
        assert_eq!(
            wrapped_at(Some(30), prefix, "a few words and one"),
            format!("{prefix}a few words and one")
        );
    }
}
