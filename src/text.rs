//! Texts that others wrote, made safe to show: a stack file, a tag, a log or a response may contain anything.

use crate::sensitive::redacted;
use std::borrow::Cow;

/// True for a character that a terminal obeys instead of showing it: control characters, and those that change the
/// direction of writing.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text that is safe in a terminal: escape sequences are left out, and other control characters are shown as `�`. Tabs
/// and line ends stay.
pub(crate) fn sanitize(text: &str) -> String {
    // An escape sequence begins with ESC and may end with BEL.
    let shown = |c: char| match c {
        '\t' | '\n' | '\u{1b}' | '\u{7}' => c,
        _ if is_unsafe(c) => char::REPLACEMENT_CHARACTER,
        _ => c,
    };
    // First of all: what is cut or replaced here would no longer be known as a sensitive value.
    let text: String = redacted(text).chars().map(shown).collect();
    anstream::adapter::strip_str(&text).to_string()
}

/// The same on one line.
pub(crate) fn sanitize_line(text: &str) -> String {
    sanitize(text).replace('\t', r"\t").replace('\n', r"\n")
}

/// The same, with at most so many characters. A longer text loses its middle, because the end often says what is wrong.
pub(crate) fn sanitize_short(text: &str, most: usize) -> String {
    let text = sanitize(text);
    let length = text.chars().count();
    if length <= most {
        return text;
    }
    let begin = text.chars().take(most / 2);
    let end = text.chars().skip(length - most / 2);
    begin.chain(" … ".chars()).chain(end).collect()
}

/// A text as it may be printed: without credentials and sensitive values.
pub(crate) fn printable(text: &str) -> String {
    redacted(&without_credentials(text)).into_owned()
}

/// A text with `***` in place of the credentials in its URLs: `https://user:password@host/` becomes `https://***@host/`.
pub(crate) fn without_credentials(text: &str) -> Cow<'_, str> {
    const SCHEME_END: &str = "://";
    const MASK: &str = "***@";
    let mut clean = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(SCHEME_END).map(|start| start + SCHEME_END.len()) {
        let (before, after) = rest.split_at(start);
        clean.push_str(before);
        let end = credentials(after);
        if end > 0 {
            clean.push_str(MASK);
        }
        rest = &after[end..];
    }
    if clean.is_empty() {
        return Cow::Borrowed(text);
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

/// The length of the credentials at the begin of a URL whose scheme is cut off, with their `@`. A password may contain an `@`
/// or a `/` that should have been encoded.
fn credentials(url: &str) -> usize {
    let word = &url[..url.find(|c: char| c.is_whitespace() || "\"'`<>".contains(c)).unwrap_or(url.len())];
    let authority = &word[..word.find(['/', '?', '#']).unwrap_or(word.len())];
    if let Some(at) = authority.rfind('@') {
        return at + 1;
    }
    // What follows the colon of a host is a number, and an IPv6 address stands in brackets.
    let is_host = authority.rsplit_once(':').is_none_or(|(host, port)| {
        port.chars().all(|c| c.is_ascii_digit()) || (host.starts_with('[') && port.ends_with(']'))
    });
    if is_host { 0 } else { word.find('@').map_or(0, |at| at + 1) }
}

/// A word of a command line, quoted if a shell needs that.
pub(crate) fn shell_quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-~+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// A word with a capital letter.
pub(crate) fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// The value of a variable, quoted so that a shell and what reads `.env` files take it for the same. Only a value with both a
/// `'` and one of `"$`\` is read in the same way by few of the latter; it is written as a shell reads it.
pub(crate) fn value_quoted(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+,".contains(c);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let escaped = |c: char| if "\"$`\\".contains(c) { vec!['\\', c] } else { vec![c] };
    format!("\"{}\"", value.chars().flat_map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_control_a_terminal_are_not_passed_on() {
        assert_eq!(sanitize("a\u{1b}[2Jb\u{9b}c\u{202e}d\n\té\r"), "ab\u{fffd}c\u{fffd}d\n\té\u{fffd}");
        assert_eq!(sanitize("a\u{1b}]0;title\u{7}b\u{1}\u{7}"), "ab\u{fffd}");
        assert_eq!(sanitize_line("a\n\tb\u{1b}[0m"), r"a\n\tb");
    }

    #[test]
    fn a_long_text_keeps_both_ends() {
        assert_eq!(sanitize_short("0123456789", 10), "0123456789");
        assert_eq!(sanitize_short("0123456789x", 4), "01 … 9x");
    }

    #[test]
    fn urls_lose_their_credentials() {
        for (text, shown) in [
            ("proxy http://ada:hush@10.0.0.1:3128/ failed", "proxy http://***@10.0.0.1:3128/ failed"),
            ("(https://token@example.com)", "(https://***@example.com)"),
            ("https://ada:p@ss:w@rd@example.com", "https://***@example.com"),
            (
                "a http://u:p@a.b and \"ftp://u:p@c.d\", git+ssh://u@e",
                "a http://***@a.b and \"ftp://***@c.d\", git+ssh://***@e",
            ),
            ("--index-url https://bot:${TOKEN}@x.y/simple", "--index-url https://***@x.y/simple"),
            ("https://:hush@example.com?x=a@b", "https://***@example.com?x=a@b"),
            ("http://ü:ß@ö/://a:b@c", "http://***@ö/://***@c"),
            ("http://ada:hu/sh@example.com/x", "http://***@example.com/x"),
            ("http://bot:hush@[::1]:80/a@b", "http://***@[::1]:80/a@b"),
        ] {
            assert_eq!(without_credentials(text), shown);
            assert_eq!(without_credentials(shown), shown, "and once more");
        }
    }

    #[test]
    fn texts_without_credentials_stay_as_they_are() {
        for text in [
            "",
            "://",
            "no URL ://",
            "ada@example.com",
            "six @ https://x.y/six.whl",
            "https://example.com/ada@example.com",
            "https://x.y:8080/@acme%2fbilling",
            "https://x.y @",
            "http://[::1]:80/ or ada@example.com",
            "http://localhost:4566/a@b http://[fe80::1]/a@b",
        ] {
            assert_eq!(without_credentials(text), text);
        }
    }

    #[test]
    fn a_word_is_quoted_if_a_shell_needs_it() {
        assert_eq!(shell_quoted("../a_b"), "../a_b");
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
        assert_eq!(shell_quoted(""), "''");
    }

    #[test]
    fn a_value_is_quoted_for_shells_and_env_files() {
        for (value, quoted) in [
            ("", ""),
            ("arn:aws:sqs:eu-west-1:123456789012:work", "arn:aws:sqs:eu-west-1:123456789012:work"),
            ("http://127.0.0.1:25000/a/$default", "'http://127.0.0.1:25000/a/$default'"),
            ("two words # 1", "'two words # 1'"),
            ("~/a", "'~/a'"),
            ("a\nb", "'a\nb'"),
            ("it's", r#""it's""#),
            (r#"it's "$5" \ `x`"#, r#""it's \"\$5\" \\ \`x\`""#),
        ] {
            assert_eq!(value_quoted(value), quoted);
        }
    }

    /// What a shell makes of it is the value again.
    #[cfg(unix)]
    #[test]
    fn a_shell_reads_a_value_as_it_was() {
        for value in ["", "a=b", "$HOME `id` \\n", "it's \"$HOME\" \\ `id`\n!", "~", "a  b\t*;&|<>(){}#", "ä"]
        {
            let script = format!("A={}; printf '%s.' \"$A\"", value_quoted(value));
            let shell = std::process::Command::new("sh").args(["-c", &script]).output().expect("a shell");
            assert_eq!(String::from_utf8_lossy(&shell.stdout), format!("{value}."), "{script}");
        }
    }
}
