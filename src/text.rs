//! Texts that others wrote, made fit to be shown: a stack file, a tag or an answer may hold anything.

/// True for a sign that a terminal obeys instead of showing it: controls, and what turns the direction of writing.
pub(crate) fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text of at most so many characters, without signs that steer a terminal. What is too long loses its middle, since the
/// end often says what is wrong.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let shown = |c: char| if steers(c) && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    let length = text.chars().count();
    if length <= most {
        return text.chars().map(shown).collect();
    }
    let begin = text.chars().take(most / 2).map(shown);
    let end = text.chars().skip(length - most / 2).map(shown);
    begin.chain(" … ".chars()).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_steers_a_terminal_is_shown_as_unknown() {
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}c\u{202e}d\ne é", 99), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\ne é");
    }

    #[test]
    fn what_is_too_long_keeps_both_ends() {
        assert_eq!(plain("0123456789", 10), "0123456789");
        assert_eq!(plain("0123456789x", 4), "01 … 9x");
    }
}
