//! The text of a file, and the way from a byte in it to a line and a column and back.

use super::invisible::is_invisible;

/// A place in a file; line and column count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct At {
    /// Which file: 0 for the first.
    pub file: u32,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
}

/// A range of bytes in the source: the place of a value or an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// How many bytes are counted at a time: every value has a column, however long its line is.
const BLOCK: usize = 1024;

/// The text of a file.
#[derive(Debug)]
pub struct Source {
    /// The number of the file.
    file: u32,
    /// Where its first byte is: the bytes of several files have places of their own.
    base: usize,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
    /// How many characters begin before each block of bytes.
    characters: Vec<usize>,
}

impl Source {
    /// The text, without the byte-order mark that some editors put before it, and with one kind of line ending: to
    /// YAML a carriage return alone is one as well.
    pub fn new(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
        let newlines = text.match_indices('\n').map(|(offset, _)| offset + 1);
        let lines = std::iter::once(0).chain(newlines).collect();
        let mut count = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            count += begin_in(block);
            count
        });
        let characters = std::iter::once(0).chain(blocks).collect();
        Self { file: 0, base: 0, text, lines, characters }
    }

    /// The same as another one of several files: its bytes follow those of the last one.
    #[must_use]
    pub fn after(self, last: &Source) -> Self {
        // Between two files there is a place that belongs to neither.
        Self { file: last.file + 1, base: last.base + last.text.len() + 1, ..self }
    }

    /// Where its first byte is.
    pub fn base(&self) -> usize {
        self.base
    }

    /// The same with plain spaces where lines are indented with characters that only look like spaces; `None` where no line
    /// is. Lines and columns stay the same.
    pub fn with_plain_indentation(&self) -> Option<Self> {
        let is_indentation = |c: char| c == ' ' || is_invisible(c);
        let plain: Vec<String> = self
            .text
            .split('\n')
            .map(|line| {
                let rest = line.trim_start_matches(is_indentation);
                let indentation = line[..line.len() - rest.len()].chars().count();
                format!("{}{rest}", " ".repeat(indentation))
            })
            .collect();
        let plain = plain.join("\n");
        (plain != self.text).then(|| Source { file: self.file, base: self.base, ..Source::new(&plain) })
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty where the span does not lie between characters.
    pub fn slice(&self, span: Span) -> &str {
        let local = |offset: usize| offset.checked_sub(self.base);
        local(span.start)
            .zip(local(span.end))
            .and_then(|(start, end)| self.text.get(start..end))
            .unwrap_or_default()
    }

    /// The line and column of a byte.
    pub fn at(&self, offset: usize) -> At {
        let offset = offset.saturating_sub(self.base);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines[line.saturating_sub(1)];
        At { file: self.file, line: saturated(line), column: saturated(self.between(start, offset) + 1) }
    }

    /// How many characters begin between two bytes.
    fn between(&self, start: usize, end: usize) -> usize {
        match self.text.as_bytes().get(start..end) {
            Some(few) if few.len() < BLOCK => begin_in(few),
            _ => self.before(end) - self.before(start),
        }
    }

    /// How many characters begin before a byte.
    fn before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let block = offset / BLOCK;
        self.characters[block] + begin_in(&self.text.as_bytes()[block * BLOCK..offset])
    }

    /// The byte at a line and column, as near as the text has it.
    pub fn offset(&self, at: At) -> usize {
        let index = (at.line as usize).saturating_sub(1).min(self.lines.len() - 1);
        let line = self.line(index);
        let column = (at.column as usize).saturating_sub(1);
        let inside = line.char_indices().nth(column).map_or(line.len(), |(offset, _)| offset);
        self.base + self.lines[index] + inside
    }

    /// How many characters of a span lie on its first line.
    pub fn length(&self, span: Span) -> usize {
        self.slice(span).lines().next().unwrap_or_default().trim_end().chars().count()
    }

    /// The line of a place, and the bytes of it to mark for `length` characters from there; without a length, the word
    /// at that place.
    pub fn marked(&self, at: At, length: usize) -> (&str, std::ops::Range<usize>) {
        let index = (at.line as usize).saturating_sub(1).min(self.lines.len() - 1);
        let (line, start) = (self.line(index), self.offset(at) - self.base - self.lines[index]);
        let rest = line.get(start..).unwrap_or_default();
        let wanted = if length > 0 { length } else { word(rest) };
        let bytes = rest.char_indices().nth(wanted).map_or(rest.len(), |(offset, _)| offset);
        (line, start..start + bytes)
    }

    /// A line without its ending.
    fn line(&self, index: usize) -> &str {
        let end = self.lines.get(index + 1).copied().unwrap_or(self.text.len());
        self.text[self.lines[index]..end].trim_end_matches(['\n', '\r'])
    }
}

/// How many characters begin in some bytes of a text.
fn begin_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| *byte & 0b1100_0000 != 0b1000_0000).count()
}

/// The length of the word at the beginning of a text: up to white space, or to the colon that makes it a key.
fn word(text: &str) -> usize {
    let word = text.split_whitespace().next().filter(|_| !text.starts_with(char::is_whitespace));
    word.map_or(0, |word| word.trim_end_matches(':').chars().count().max(1))
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
