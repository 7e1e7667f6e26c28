//! `triggers` of tables: the changes in the stream of a table.

use super::section::{alias_of, filter, mapping};
use super::{EventSource, From, Spec, named};
use crate::config::access::Grant;
use crate::config::declared::End;
use crate::config::decode::Value;
use crate::config::section::shape::{Target, duration, entry_of, flag, number, target, text, word};
use crate::config::section::{Shape, section};
use crate::config::trigger::{Started, Trigger};
use crate::config::{Diagnostic, Entries, Entry, Item};
use crate::kind::Kind;
use crate::kinds::alias::section::no_alias;
use crate::kinds::function::Function;
use crate::kinds::function::section::Config as FunctionConfig;
use crate::kinds::queue::Queue;
use crate::kinds::table::{self, Table};
use crate::lower::{Lower, LoweredTrigger, allow};
use crate::model::{ResourceId, Text};
use crate::policy::{Statement, Tree};
use serde_json::json;

section! {
    /// A table whose changes start the function. The table needs a `stream`. The function is allowed to read it.
    pub(crate) struct Config {
        /// The key of the table.
        table: String = Shape::new(json!({ "type": "string", "minLength": 1 }), entry_of::<Table>).required("NAME"),
        /// Where a new trigger begins: with the `oldest` change in the stream, which is at most a day old, or with the `latest`
        /// changes. A trigger takes some minutes to start, and `latest` misses what changes meanwhile.
        from: From = word(&POSITIONS, |value| value.one_of(&POSITIONS)).default(From::Oldest).immutable(),
        /// How many changes an invocation gets at most.
        batch: u32 = number("changes", 1..=10_000).default(100),
        /// How long changes are gathered before an invocation, at most 5 minutes.
        window: u32 = duration(0..=300).default(0),
        /// Whether a batch on which the function fails is tried again in halves, to find the change that it fails on.
        bisect: bool = flag().default(false),
        /// How many batches of a shard are worked on at a time. The changes of an item stay in order.
        parallel: u32 = number("batches", 1..=10).default(1),
        /// How often a batch on which the function fails is tried again. By default until its changes expire, after a day, and
        /// nothing that comes after them is worked on.
        retries: Option<u32> = number("retries", 0..=10_000).optional(),
        /// How old a change may be, from 1 minute to 7 days. Older ones are skipped.
        max_age: Option<u32> = duration(60..=604_800).optional(),
        /// Patterns of the changes that start the function: one, or a list of up to five. Other changes are skipped.
        filter: Vec<String> = filter().or_empty(),
        /// Whether the function says which change of a batch failed. The batch then begins again with it; otherwise with its
        /// first change.
        partial_failures: bool = flag().default(false),
        /// Where a record of a batch that is given up is sent: the key of a queue, or the ARN of a queue, a topic or a bucket.
        on_failure: Option<Target> = Shape::new(json!({ "type": "string", "minLength": 1 }), destination).optional(),
        /// Whether changes start the function.
        enabled: bool = flag().default(true),
        /// An alias of the function's release; by default the first one.
        alias: Option<String> = text(128).optional(),
        /// A name that tells this trigger from another one of the same table.
        name: Option<String> = text(64).optional(),
    }
}

static POSITIONS: [(&str, From); 2] = [("oldest", From::Oldest), ("latest", From::Latest)];

/// What Lambda does with the stream in the function's role [aws-facts-services: 2, DG].
const READ: &[&str] = table::section::STREAM_ACTIONS;
/// What it does with a queue that gets failures.
const SEND: &str = "sqs:SendMessage";

/// The key of a queue, or the ARN of something that Lambda sends failures to.
fn destination(value: Value) -> Option<Target> {
    let found = target::<Queue>().decode(value)?;
    match &found {
        Target::Arn(arn) if sends_to(arn).is_none() => {
            value.wrong_type("the key of a queue, or the ARN of a queue, a topic or a bucket", None)
        }
        _ => Some(found),
    }
}

/// What Lambda does with a destination outside of the stack [aws-facts-services: 2, DG].
fn sends_to(arn: &str) -> Option<Statement<Text>> {
    match arn.split(':').nth(2)? {
        "sqs" => Some(allow([SEND], arn.into())),
        "sns" => Some(allow(["sns:Publish"], arn.into())),
        "s3" => {
            let on = [Tree::Text(arn.into()), Tree::Text(Text::from(format!("{arn}/*")))];
            Some(Statement::allow(["s3:ListBucket", "s3:PutObject"], ("Resource", Tree::List(on.into()))))
        }
        _ => None,
    }
}

/// Changes in a table.
pub struct OfTable;

impl Trigger for OfTable {
    type Kind = EventSource;
    const WORD: &'static str = "table";
    const STARTS: &'static [&'static str] = &[Function::NAME];
    type Config = Config;

    fn name(trigger: &Config) -> String {
        trigger.name.clone().unwrap_or_else(|| trigger.table.clone())
    }

    fn source(trigger: &Config) -> Option<End> {
        Some((Table::NAME, trigger.table.clone()))
    }

    fn grants(trigger: &Config) -> Vec<Grant> {
        let actions = READ.iter().map(|action| format!("dynamodb:{action}")).collect();
        vec![Grant { kind: Table::NAME, key: trigger.table.clone(), actions }]
    }

    fn failures(trigger: &Config) -> Vec<Grant> {
        let grant = |target: &Target| match target {
            Target::Key(key) => {
                Some(Grant { kind: Queue::NAME, key: key.clone(), actions: vec![SEND.to_owned()] })
            }
            Target::Arn(_) => None,
        };
        trigger.on_failure.iter().filter_map(grant).collect()
    }

    fn check(trigger: &Entry<Config>, started: Started, entries: &Entries) -> Vec<Diagnostic> {
        let functions: &[Entry<FunctionConfig>] = entries.of();
        let tables: &[Entry<table::section::Config>] = entries.of();
        let function = functions.iter().find(|other| other.name == started.key);
        let table = tables.iter().find(|table| table.name == trigger.table);
        let (Some(function), Some(table)) = (function, table) else { return Vec::new() };
        let error = |message: String, help: &str| Diagnostic {
            at: trigger.place("table"),
            length: 0,
            message,
            help: Some(help.to_owned()),
        };
        let named = trigger.alias.as_deref();
        let no_alias =
            named.and_then(|alias| no_alias(&function.name, alias, trigger.place("alias"), entries));
        let mut errors: Vec<Diagnostic> = no_alias.into_iter().collect();
        if table.stream.is_none() {
            let message = format!("`{}` has no stream, so its changes start nothing", table.name);
            errors.push(error(message, "add `stream: new-and-old-images` to the table"));
        }
        let own = function.triggers.iter().filter_map(Item::of::<OfTable>);
        let mut own = own.filter(|other| other.table == trigger.table);
        if own.next().is_some_and(|first| first.place("table") != trigger.place("table")) {
            let message = format!("`{}` already starts `{}`", table.name, function.name);
            errors.push(error(message, "AWS allows one trigger of a stream for a function: remove one"));
        }
        let grants =
            function.access.values().filter(|grant| grant.kind == Table::NAME && grant.key == table.name);
        let writes = |grant: &Grant| WRITES.iter().any(|action| grant.allows(action));
        if trigger.enabled && trigger.filter.is_empty() && grants.into_iter().any(writes) {
            let message = format!(
                "`{}` writes to `{}`, and would start itself again and again",
                function.name, table.name
            );
            errors.push(error(
                message,
                "add a `filter` that leaves out what the function writes, or write to another table",
            ));
        }
        errors
    }
}

/// What changes an item.
const WRITES: &[&str] =
    &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"];

impl LoweredTrigger for OfTable {
    fn lower(trigger: &Entry<Config>, function: &ResourceId, lower: &mut Lower) {
        let Config {
            table,
            from,
            batch,
            window,
            bisect,
            parallel,
            retries,
            max_age,
            filter,
            partial_failures,
            on_failure,
            enabled,
            alias,
            name,
        } = &**trigger;
        let table = lower.id(Table::NAME, table);
        let id = function.child(EventSource::NAME, named(&table.name, name.as_deref()));
        let on_failure = on_failure.as_ref().map(|target| match target {
            Target::Key(key) => Text::reference(&lower.id(Queue::NAME, key), "arn"),
            Target::Arn(arn) => arn.into(),
        });
        let spec = Spec {
            function: function.name.clone(),
            alias: alias_of(function, alias.as_deref(), lower),
            source: Text::reference(&table, table::STREAM_ARN),
            from: Some(*from),
            batch: batch.cast_signed(),
            window: window.cast_signed(),
            partial_failures: *partial_failures,
            concurrency: None,
            bisect: *bisect,
            parallel: parallel.cast_signed(),
            retries: retries.map(u32::cast_signed),
            max_age: max_age.map(u32::cast_signed),
            on_failure,
            filters: filter.iter().cloned().collect(),
            enabled: *enabled,
            tags: lower.tags(&id),
        };
        lower.resources.push(mapping(id, trigger.at, &spec, function, lower));
    }

    fn needs(trigger: &Config) -> Vec<(&'static str, Statement<Text>)> {
        let statement = |target: &Target| match target {
            Target::Key(_) => None,
            Target::Arn(arn) => Some(("Failures", sends_to(arn)?)),
        };
        trigger.on_failure.iter().filter_map(statement).collect()
    }
}
