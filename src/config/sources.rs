//! The files of a stack: the stack file, and the parts that it includes.

use std::path::{Component, Path, PathBuf};

use super::file::folder;
use crate::yaml::{At, Source, Span};

/// The files, the stack file first.
#[derive(Debug)]
pub(crate) struct Sources(Vec<(PathBuf, Source)>);

impl Sources {
    /// A stack file, as the user named it.
    pub(crate) fn new(file: &Path, source: Source) -> Self {
        Sources(vec![(file.to_owned(), source)])
    }

    /// Adds a part.
    pub(super) fn add(&mut self, file: PathBuf, source: Source) {
        let source = match self.0.last() {
            Some((_, last)) => source.after(last),
            None => source,
        };
        self.0.push((file, source));
    }

    /// Reads the last file as this text.
    pub(super) fn replace_last(&mut self, with: Source) {
        if let Some((_, last)) = self.0.last_mut() {
            *last = with;
        }
    }

    /// The last file.
    pub(super) fn last(&self) -> Option<&Source> {
        self.0.last().map(|(_, source)| source)
    }

    /// The files, as they are shown.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.0.iter().map(|(path, _)| path.clone()).collect()
    }

    /// The file of a place.
    pub(super) fn of(&self, at: At) -> Option<&(PathBuf, Source)> {
        self.0.get(usize::try_from(at.file).ok()?)
    }

    /// The line and column of a byte.
    pub(crate) fn at(&self, offset: usize) -> At {
        self.holding(offset).map(|(_, source)| source.at(offset)).unwrap_or_default()
    }

    /// `stack.yaml:12`.
    pub(super) fn line(&self, offset: usize) -> String {
        let at = self.at(offset);
        let path = self.of(at).map(|(path, _)| path.display().to_string()).unwrap_or_default();
        format!("{path}:{}", at.line)
    }

    /// The text of a span.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.holding(span.start).map(|(_, source)| source.slice(span)).unwrap_or_default()
    }

    /// How many characters of a span lie on its first line.
    pub(crate) fn length(&self, span: Span) -> usize {
        self.holding(span.start).map(|(_, source)| source.length(span)).unwrap_or_default()
    }

    /// The folder of the file that holds a span, seen from the folder of the stack file.
    pub(crate) fn folder(&self, span: Span) -> PathBuf {
        if self.0.len() == 1 {
            return PathBuf::new();
        }
        // `.` and `./x` name the same folders as the empty path and `x`.
        let plain = |file: &Path| -> PathBuf {
            folder(file).components().filter(|part| *part != Component::CurDir).collect()
        };
        let root = self.0.first().map_or(PathBuf::new(), |(file, _)| plain(file));
        let own = self.holding(span.start).map_or(root.clone(), |(file, _)| plain(file));
        own.strip_prefix(&root).map(Path::to_owned).unwrap_or_default()
    }

    fn holding(&self, offset: usize) -> Option<&(PathBuf, Source)> {
        let after = self.0.partition_point(|(_, source)| source.base() <= offset);
        self.0.get(after.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_part_is_seen_from_that_of_the_stack_file() {
        for (stack, part, folder) in [
            ("stack.yaml", "services/a/part.yaml", "services/a"),
            ("./stack.yaml", "./services/a/part.yaml", "services/a"),
            ("./x/stack.yaml", "x/services/part.yaml", "services"),
            ("/x/stack.yaml", "/x/tables.yaml", ""),
        ] {
            let mut sources = Sources::new(Path::new(stack), Source::new("stack: x\n"));
            sources.add(part.into(), Source::new("tables: {}\n"));
            let span = Span { start: 12, end: 13 };
            assert_eq!(sources.folder(span), Path::new(folder), "{stack} {part}");
            assert_eq!(sources.folder(Span { start: 0, end: 5 }), Path::new(""), "{stack}");
        }
    }
}
