//! Patterns: which events, records or messages something is about. Buses, event sources and topics share the form, and know
//! different operators. What a service refuses is an error at its place, and so is what it takes and never matches.

use crate::config::decode::{Value, help};
use crate::yaml::Kind as Node;

/// What a service knows of patterns.
pub(super) struct Syntax {
    /// Whose patterns they are, in messages.
    of: &'static str,
    /// The operators besides the values themselves.
    operators: &'static [&'static str],
    /// Those that can stand in `anything-but`.
    others: &'static [&'static str],
    /// Whether `prefix` and `suffix` can leave the case aside.
    any_case: bool,
    pub(super) example: &'static str,
}

/// Those of EventBridge [recorded: events_patterns].
pub(super) const EVENTS: Syntax = Syntax {
    of: "EventBridge",
    operators: &[
        "prefix",
        "suffix",
        "equals-ignore-case",
        "wildcard",
        "cidr",
        "exists",
        "anything-but",
        "numeric",
    ],
    others: &["prefix", "suffix", "equals-ignore-case", "wildcard"],
    any_case: true,
    example: "for example `{ source: [shop], detail: { kind: [order] } }`",
};

/// Those of event sources [DG: Lambda, "Filter rule syntax"]: these are fewer.
pub(super) const RECORDS: Syntax = Syntax {
    of: "Lambda",
    operators: &["prefix", "suffix", "equals-ignore-case", "exists", "anything-but", "numeric"],
    others: &[],
    any_case: true,
    example: "for example `{ body: { kind: [order] } }` for a queue, `{ eventName: [INSERT] }` for a table",
};

/// Those of topics [recorded: sns_filter_policy].
pub(super) const MESSAGES: Syntax = Syntax {
    of: "SNS",
    operators: &["prefix", "suffix", "equals-ignore-case", "cidr", "exists", "anything-but", "numeric"],
    others: &["prefix"],
    any_case: false,
    example: "for example `{ kind: [order] }`",
};

/// What an operator takes.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    /// Or `{ equals-ignore-case: … }`.
    TextOrCase,
    Wildcard,
    Cidr,
    Flag,
    /// What the value must not be.
    Others,
    /// Comparisons with numbers.
    Range,
}

const OPERATORS: [(&str, Takes); 8] = [
    ("prefix", Takes::TextOrCase),
    ("suffix", Takes::TextOrCase),
    ("equals-ignore-case", Takes::Text),
    ("wildcard", Takes::Wildcard),
    ("cidr", Takes::Cidr),
    ("exists", Takes::Flag),
    ("anything-but", Takes::Others),
    ("numeric", Takes::Range),
];

/// One of several patterns.
pub(super) const OR: &str = "$or";

impl Syntax {
    /// Reports what is wrong with a pattern: a mapping, with lists of what a value may be at its ends.
    pub(super) fn check(&self, value: Value) -> Option<()> {
        if !matches!(value.node.kind, Node::Map(_)) {
            return value.wrong_type("a pattern", help(self.example));
        }
        self.members(value)
    }

    /// The members of an event, each with what its value may be.
    fn members(&self, value: Value) -> Option<()> {
        let Node::Map(entries) = &value.node.kind else {
            return value.wrong_type("a mapping", help(self.example));
        };
        if entries.is_empty() {
            return value.fail(format!("`{}` matches nothing", value.key.text), help(self.example));
        }
        (value.map(|value| self.member(value))?.len() == entries.len()).then_some(())
    }

    fn member(&self, value: Value) -> Option<()> {
        match &value.node.kind {
            Node::Map(_) => self.members(value),
            Node::List(items) if items.is_empty() => {
                let key = &value.key.text;
                value.fail(
                    format!("`{key}` lists nothing that the value may be"),
                    help("for example `[order]`"),
                )
            }
            Node::List(items) => {
                let is_or = value.key.text == OR;
                let each = value.list(|item| if is_or { self.members(item) } else { self.matcher(item) })?;
                (each.len() == items.len()).then_some(())
            }
            _ => {
                let written = value.node.text().unwrap_or("VALUE");
                let key = &value.key.text;
                let way = help(format!("write `{key}: [{written}]`"));
                value.fail(format!("`{key}` must be a list of what the value may be"), way)
            }
        }
    }

    /// A value, or an operator.
    fn matcher(&self, value: Value) -> Option<()> {
        match &value.node.kind {
            Node::List(_) => {
                value.fail("a list in a list matches nothing", help("write its values themselves"))
            }
            Node::Map(entries) if entries.len() != 1 => {
                value.fail("what a value may be has one operator", help("write several in the list"))
            }
            Node::Map(_) => value.map(|value| self.operator(value))?.pop(),
            _ => Some(()),
        }
    }

    fn operator(&self, value: Value) -> Option<()> {
        let name = value.key.text.as_str();
        let takes = OPERATORS.iter().find(|(known, _)| *known == name).map(|(_, takes)| *takes);
        match takes.filter(|_| self.operators.contains(&name)) {
            Some(takes) => self.operand(value, takes),
            None => {
                let what = format!("the operators of {}", self.of);
                let way = crate::suggest::did_you_mean_or_list(name, &what, self.operators);
                let message = match takes {
                    Some(_) => format!("patterns of {} have no operator `{name}`", self.of),
                    None => format!("`{name}` is no operator of patterns"),
                };
                value.fail_key(message, way)
            }
        }
    }

    fn operand(&self, value: Value, takes: Takes) -> Option<()> {
        let is_map = matches!(value.node.kind, Node::Map(_));
        match takes {
            Takes::TextOrCase if is_map && self.any_case => only(value, &["equals-ignore-case"]),
            Takes::Text | Takes::TextOrCase => text(value),
            Takes::Flag => value.boolean().map(drop),
            Takes::Wildcard => {
                text(value)?;
                match value.node.text() {
                    Some(written) if written.contains("**") => {
                        value.fail("`**` is no wildcard", help("write `*`: it stands for any characters"))
                    }
                    _ => Some(()),
                }
            }
            Takes::Cidr => {
                text(value)?;
                match value.node.text() {
                    Some(written) if !is_network(written) => value.fail(
                        format!("`{written}` is no range of addresses"),
                        help("for example `10.0.0.0/24`"),
                    ),
                    _ => Some(()),
                }
            }
            Takes::Others if is_map && !self.others.is_empty() => only(value, self.others),
            Takes::Others => others(value),
            Takes::Range => range(value),
        }
    }
}

/// What a value must not be: a text or a number, or a list of these.
fn others(value: Value) -> Option<()> {
    let plain = |value: Value| match &value.node.kind {
        Node::Plain(text) if ["true", "false"].contains(&text.as_str()) => no_others(value),
        Node::Plain(_) | Node::Text(_) | Node::Template { .. } => Some(()),
        _ => no_others(value),
    };
    match &value.node.kind {
        Node::List(items) if !items.is_empty() => (value.list(plain)?.len() == items.len()).then_some(()),
        _ => plain(value),
    }
}

fn no_others<T>(value: Value) -> Option<T> {
    value.fail("`anything-but` takes texts and numbers", help("for example `[{ anything-but: [draft] }]`"))
}

/// An address with the number of bits that count.
fn is_network(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn text(value: Value) -> Option<()> {
    match &value.node.kind {
        Node::Plain(_) | Node::Text(_) | Node::Template { .. } => Some(()),
        _ => value.wrong_type("a text", None),
    }
}

/// One more operator, with a text or several.
fn only(value: Value, known: &[&str]) -> Option<()> {
    let one = |value: Value| {
        if !known.contains(&value.key.text.as_str()) {
            let way = format!("write one of {}", crate::suggest::quoted(known));
            return value.fail_key(format!("`{}` is not possible here", value.key.text), help(way));
        }
        match &value.node.kind {
            Node::List(items) if !items.is_empty() => (value.list(text)?.len() == items.len()).then_some(()),
            _ => text(value),
        }
    };
    let all = value.map(one)?;
    if value.node.entries().len() == 1 {
        return all.into_iter().next();
    }
    value.fail("one operator is possible here", None)
}

/// Comparisons in pairs: one, or a lower and an upper limit.
fn range(value: Value) -> Option<()> {
    let way = || help("for example `[{ numeric: [\">\", 0, \"<=\", 100] }]`");
    let Node::List(items) = &value.node.kind else {
        return value.wrong_type("a list of comparisons", way());
    };
    let texts: Option<Vec<&str>> = items.iter().map(|item| item.text()).collect();
    let texts = texts.unwrap_or_default();
    let is_number = |text: &&str| text.parse::<f64>().is_ok();
    let operators: Vec<&str> = texts.iter().step_by(2).copied().collect();
    let numbers = texts.iter().skip(1).step_by(2).filter(|text| is_number(text)).count();
    let valid = matches!(operators.as_slice(), ["=" | "<" | "<=" | ">" | ">="] | [">" | ">=", "<" | "<="]);
    if valid && numbers == operators.len() {
        return Some(());
    }
    value.fail("`numeric` takes a comparison with a number, or a lower and an upper limit", way())
}
