//! Characters that look like a space or like nothing, and that YAML takes for text. They come with text that is copied from
//! a web page or a word processor.

/// Whether a character cannot be told from a plain space, or cannot be seen at all.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{a0}' | '\u{ad}' | '\u{1680}' | '\u{180e}' | '\u{2000}'..='\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202f}'
        | '\u{205f}'..='\u{2064}' | '\u{3000}' | '\u{feff}')
}

/// A hint for a text that cannot be read as it seems to be written: the first invisible character in it.
pub fn invisible_hint(text: &str) -> Option<String> {
    let found = text.chars().find(|c| is_invisible(*c))?;
    Some(format!("look for {}, which YAML takes for text; use plain spaces", name(found)))
}

/// What an invisible character is, with its code.
pub(crate) fn name(c: char) -> String {
    let kind = match c {
        '\u{a0}' | '\u{202f}' => "a no-break space",
        '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{205f}' | '\u{3000}' => "a space of another width",
        _ => "an invisible character",
    };
    format!("{kind} (U+{:04X})", u32::from(c))
}
