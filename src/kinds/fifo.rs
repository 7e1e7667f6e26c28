//! What queues and topics that keep the order of their messages have in common: the ending of their names.

use crate::config::ActOn;
use crate::config::decode::{Value, help};
use crate::config::names::NameRule;
use std::borrow::Cow;

/// The ending of the name of a FIFO queue or topic.
pub(crate) const FIFO: &str = ".fifo";

/// The name of an entry in AWS.
pub(super) fn aws_name(name: &str, is_fifo: bool) -> Cow<'_, str> {
    if is_fifo { format!("{name}{FIFO}").into() } else { name.into() }
}

/// What a check lacks that sends to an entry which keeps an order: the group within which it does.
pub(super) fn ungrouped(act: &ActOn, is_fifo: bool) -> Option<(&'static str, String, String)> {
    let field = act.act.lacks_group(&act.fields).filter(|_| is_fifo)?;
    let message = format!("`{}` is FIFO, so what is sent there needs a `{field}`", act.key);
    Some((act.act.word, message, format!("add `{field}: NAME`")))
}

/// Reports a key that is not valid; whether the entry can be used. The ending, for which the second rule leaves room, is not
/// written.
pub(super) fn check_key(value: Value, [plain, of_fifo]: [&NameRule; 2]) -> bool {
    if let Some(name) = value.key.text.strip_suffix(FIFO) {
        let way = format!("write `{name}: {{ fifo: true }}`: the ending comes with it");
        let message = format!("invalid {} name `{}`", plain.what, value.key.text);
        return value.fail_key::<()>(message, help(way)).is_some();
    }
    let is_fifo = value.node.get("fifo").is_some_and(|fifo| fifo.text() != Some("false"));
    if is_fifo { of_fifo.check(value) } else { plain.check(value) }
}
