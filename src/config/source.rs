//! The text of `stack.yaml`, and the way from a byte in it to a line and a column and back.

use super::stack::At;

/// A range of bytes in the source; where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Span {
    /// Its first byte.
    pub(super) start: usize,
    /// The byte after its last.
    pub(super) end: usize,
}

/// The text of a file.
#[derive(Debug)]
pub(super) struct Source {
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

impl Source {
    /// Takes the text, without the byte-order mark that some editors put before it.
    pub(super) fn new(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let newlines = text.match_indices('\n').map(|(offset, _)| offset + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        Self { text, lines }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span does not lie between characters.
    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The line and column of a byte.
    pub(super) fn at(&self, offset: usize) -> At {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line.saturating_sub(1)];
        let before = self.text.get(start..offset).unwrap_or_default();
        At { line: saturated(line), column: saturated(before.chars().count() + 1) }
    }

    /// The byte at a line and column, as near as the text has it.
    pub(super) fn offset(&self, at: At) -> usize {
        let index = (at.line as usize).saturating_sub(1).min(self.lines.len() - 1);
        let line = self.line(index);
        let column = (at.column as usize).saturating_sub(1);
        let inside = line.char_indices().nth(column).map_or(line.len(), |(offset, _)| offset);
        self.lines[index] + inside
    }

    /// How many characters of a span lie on its first line.
    pub(super) fn length(&self, span: Span) -> usize {
        self.slice(span).lines().next().unwrap_or_default().trim_end().chars().count()
    }

    /// The bytes to mark for `length` characters from `at`; without a length, the word that stands there.
    pub(super) fn marked(&self, at: At, length: usize) -> std::ops::Range<usize> {
        let start = self.offset(at);
        let line = self.line((at.line as usize).saturating_sub(1).min(self.lines.len() - 1));
        let end = start.max(self.offset(At { column: 1, ..at }) + line.len());
        let rest = self.text.get(start..end).unwrap_or_default();
        let wanted = if length > 0 { length } else { word(rest) };
        let bytes = rest.char_indices().nth(wanted).map_or(rest.len(), |(offset, _)| offset);
        start..start + bytes
    }

    /// A line without its ending.
    fn line(&self, index: usize) -> &str {
        let end = self.lines.get(index + 1).copied().unwrap_or(self.text.len());
        self.text[self.lines[index]..end].trim_end_matches(['\n', '\r'])
    }
}

/// The length of the word at the beginning of a text: up to white space, or to the colon that makes it a key.
fn word(text: &str) -> usize {
    let word = text.split_whitespace().next().filter(|_| !text.starts_with(char::is_whitespace));
    word.map_or(0, |word| word.trim_end_matches(':').chars().count().max(1))
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
