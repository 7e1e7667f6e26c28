//! Markdown pages and their parts.

use crate::reference::SOURCES;
use ignore::WalkBuilder;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A Markdown file.
pub(crate) struct Page {
    /// Its path in the repository.
    pub(crate) path: PathBuf,
    text: String,
}

/// A part of a page, with its line.
pub(crate) struct At<T> {
    pub(crate) line: usize,
    pub(crate) what: T,
}

/// A block of code.
pub(crate) struct Block {
    /// The language of the fence, such as `yaml`; empty for an indented block.
    pub(crate) language: String,
    pub(crate) text: String,
}

/// Every page in the repository, except ignored files and the sources of generated pages.
pub(crate) fn pages() -> Vec<Page> {
    let files =
        WalkBuilder::new(root()).sort_by_file_name(Ord::cmp).build().map(|entry| entry.unwrap().into_path());
    let sources = root().join(SOURCES);
    let files = files.filter(|file| !file.starts_with(&sources));
    let markdown = files.filter(|file| file.extension().is_some_and(|extension| extension == "md"));
    markdown.map(|file| Page::read(file.strip_prefix(root()).unwrap())).collect()
}

impl Page {
    /// Reads a page by its path in the repository.
    pub(crate) fn read(path: &Path) -> Self {
        Page { path: path.to_owned(), text: std::fs::read_to_string(root().join(path)).unwrap() }
    }

    fn events(&self) -> impl Iterator<Item = At<Event<'_>>> {
        let parser = Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter();
        parser.map(|(what, range)| At { line: 1 + self.text[..range.start].matches('\n').count(), what })
    }

    /// Its links, including pictures.
    pub(crate) fn links(&self) -> Vec<At<String>> {
        let attribute = Regex::new(r#"\b(?:href|src|srcset)="([^"]*)""#).unwrap();
        let mut links = Vec::new();
        for At { line, what } in self.events() {
            let found = match what {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    vec![dest_url.to_string()]
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    attribute.captures_iter(&html).map(|found| found[1].to_owned()).collect()
                }
                _ => Vec::new(),
            };
            links.extend(found.into_iter().map(|what| At { line, what }));
        }
        links
    }

    /// Its headings, as text.
    pub(crate) fn headings(&self) -> Vec<(HeadingLevel, String)> {
        let mut headings: Vec<(HeadingLevel, String)> = Vec::new();
        let mut inside = false;
        for At { what, .. } in self.events() {
            match what {
                Event::Start(Tag::Heading { level, .. }) => {
                    headings.push((level, String::new()));
                    inside = true;
                }
                Event::End(TagEnd::Heading(_)) => inside = false,
                Event::Text(text) | Event::Code(text) if inside => {
                    headings.last_mut().unwrap().1.push_str(&text)
                }
                _ => {}
            }
        }
        headings
    }

    /// The anchors of its headings, the same on forges and in mdBook: a heading's letters and digits in lower case, with `-` for
    /// blanks; the second heading of the same name ends in `-1`.
    pub(crate) fn anchors(&self) -> BTreeSet<String> {
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        let slugs = self.headings().into_iter().map(|(_, heading)| {
            let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            let slug: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
            let before = times.entry(slug.clone()).or_default();
            *before += 1;
            if *before == 1 { slug } else { format!("{slug}-{}", *before - 1) }
        });
        slugs.collect()
    }

    /// Its blocks of code.
    pub(crate) fn blocks(&self) -> Vec<At<Block>> {
        let mut blocks: Vec<At<Block>> = Vec::new();
        let mut inside = false;
        for At { line, what } in self.events() {
            match what {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    blocks.push(At { line, what: Block { language, text: String::new() } });
                    inside = true;
                }
                Event::End(TagEnd::CodeBlock) => inside = false,
                Event::Text(text) if inside => blocks.last_mut().unwrap().what.text.push_str(&text),
                _ => {}
            }
        }
        blocks
    }

    /// Its inline code.
    pub(crate) fn spans(&self) -> Vec<At<String>> {
        let spans = self.events().filter_map(|At { line, what }| match what {
            Event::Code(code) => Some(At { line, what: code.to_string() }),
            _ => None,
        });
        spans.collect()
    }

    /// A line of it, for a message.
    pub(crate) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path.display())
    }
}
