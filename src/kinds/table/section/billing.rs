//! `billing` of a table, and of its indexes.

use super::super::{self as table, Limits};
use crate::config::decode::{Value, help};
use crate::config::fields::Fields;
use crate::config::section::shape::{by_keys, either, mapping, number, part};
use crate::config::section::{Section, Shape, section};
use crate::suggest;
use serde::Serialize;
use serde_json::json;

section! {
    /// Capacity units.
    pub struct Capacity {
        /// Read capacity units.
        read: u64 = number("", 1..=i64::MAX).required("5"),
        /// Write capacity units.
        write: u64 = number("", 1..=i64::MAX).required("5"),
    }
}

section! {
    /// The most request units a second, where billing is by request. More requests are throttled.
    pub struct Maxima, checked by limits_something {
        /// Read request units a second. By default as many as the account can have.
        max_read: Option<u64> = number("", 1..=i64::MAX).optional(),
        /// Write request units a second. By default as many as the account can have.
        max_write: Option<u64> = number("", 1..=i64::MAX).optional(),
    }
}

/// How a table or an index is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Billing {
    /// `on-demand`, the default.
    OnDemand,
    /// `{ max_read: R, max_write: W }`: by request, at most so many units a second.
    Limited {
        /// Read request units.
        max_read: Option<u64>,
        /// Write request units.
        max_write: Option<u64>,
    },
    /// `{ read: R, write: W }`, in capacity units.
    Provisioned {
        /// Read capacity units.
        read: u64,
        /// Write capacity units.
        write: u64,
    },
}

impl Billing {
    /// The capacity, where there is one.
    pub(super) fn capacity(self) -> Option<table::Capacity> {
        match self {
            Billing::OnDemand | Billing::Limited { .. } => None,
            Billing::Provisioned { read, write } => {
                Some(table::Capacity { read: read.cast_signed(), write: write.cast_signed() })
            }
        }
    }

    /// The maxima, where billing is by request.
    pub(super) fn limits(self) -> Limits {
        match self {
            Billing::OnDemand | Billing::Provisioned { .. } => Limits::default(),
            Billing::Limited { max_read, max_write } => Limits {
                max_read: max_read.map(u64::cast_signed),
                max_write: max_write.map(u64::cast_signed),
            },
        }
    }

    pub(super) fn spec(self) -> table::Billing {
        self.capacity().map_or(table::Billing::OnDemand, table::Billing::Provisioned)
    }
}

fn limits_something(maxima: &<Maxima as Section>::Decoded, fields: &mut Fields) {
    if let (Some(None), Some(None)) = (maxima.max_read, maxima.max_write) {
        fields.missing("max_read", "100");
    }
}

const ON_DEMAND: &str = "on-demand";
const FORMS: &str = "`on-demand`, `{ read: 5, write: 5 }` or `{ max_read: 100, max_write: 50 }`";

/// `on-demand`, or units.
pub(super) fn billing() -> Shape<Billing> {
    either(Shape::new(json!({ "const": ON_DEMAND }), on_demand), units())
}

/// `{ read: 5, write: 5 }`, or `{ max_read: 100, max_write: 50 }`.
pub(super) fn units() -> Shape<Billing> {
    let capacity = part("capacity", Capacity::ABOUT, mapping());
    let capacity = capacity.map(|Capacity { read, write }| Billing::Provisioned { read, write });
    let maxima = part("maxima", Maxima::ABOUT, mapping::<Maxima>().with("minProperties", 1));
    let maxima = maxima.map(|Maxima { max_read, max_write }| Billing::Limited { max_read, max_write });
    by_keys(capacity, &MAXIMA, maxima).only_if(of_one_sort)
}

const MAXIMA: [&str; 2] = ["max_read", "max_write"];

fn of_one_sort(value: Value) -> Option<()> {
    let has = |names: [&str; 2]| names.iter().any(|name| value.node.get(name).is_some());
    if has(["read", "write"]) && has(MAXIMA) {
        let way = "`read` and `write` are provisioned capacity; `max_read` and `max_write` limit billing by request";
        return value.fail("capacity units and maxima of request units exclude each other", help(way));
    }
    Some(())
}

fn on_demand(value: Value) -> Option<Billing> {
    let text = value.node.text().unwrap_or_default();
    if text == ON_DEMAND {
        return Some(Billing::OnDemand);
    }
    value.wrong_type(
        FORMS,
        suggest::did_you_mean(text, [ON_DEMAND]).or_else(|| help(format!("write {FORMS}"))),
    )
}
