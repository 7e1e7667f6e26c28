//! How a section states its fields once. A [`Field`] is an ordinary value that knows how it is decoded, described, and what
//! stands in its place where it is absent; `section!` only joins such values with the names of a struct's fields. The
//! decoder, the JSON Schema with its help for editors, and the reference page all read them.
//!
//! - A field whose default depends on another one is `optional()`; its doc names the default, and a method computes it.
//! - A value with two forms, such as a name or a mapping, is [`either`](shape::either).
//! - Sections that share fields share a function that returns the shape; sections that share a mapping are taken from the
//!   same [`Fields`], one after the other.

mod entry;
pub(crate) mod placeholder;
mod schema;
pub(crate) mod shape;
mod stand_in;
#[cfg(test)]
mod tests;

pub use entry::Entry;
pub(crate) use entry::{Common, Keyed, OF_EVERY_ENTRY, entries};
pub(crate) use schema::{LIMITS, entry_schema, limited, object, property};
pub(crate) use stand_in::SOME_TEXT;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value as Json, json};

use super::declared::Sections;
use super::decode::Value;
use super::fields::Fields;

/// The definitions of a JSON Schema, by their names.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) defined: BTreeMap<String, Json>,
    /// The sections of the kinds: the schema of some fields depends on all of them.
    pub(crate) sections: Sections,
}

impl Parts {
    /// No definitions yet, for a file with these sections.
    pub(crate) fn new(sections: Sections) -> Self {
        Parts { defined: BTreeMap::new(), sections }
    }

    /// Adds a definition, and refers to it.
    pub(crate) fn define(&mut self, name: String, part: Json) -> Json {
        let reference = json!({ "$ref": format!("#/$defs/{name}") });
        self.defined.insert(name, part);
        reference
    }
}

type Decode<T> = Box<dyn for<'a> Fn(Value<'a>) -> Option<T> + Send + Sync>;
type Schema = Arc<dyn Fn(&mut Parts) -> Json + Send + Sync>;

/// How a value is written in the stack file.
pub(crate) struct Shape<T> {
    decode: Decode<T>,
    schema: Schema,
    /// What a number counts.
    unit: &'static str,
}

impl<T: 'static> Shape<T> {
    /// A shape with its JSON Schema, and the function that decodes it or reports what is wrong.
    pub(crate) fn new(
        schema: Json,
        decode: impl for<'a> Fn(Value<'a>) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        Self { decode: Box::new(decode), schema: Arc::new(move |_| schema.clone()), unit: "" }
    }

    /// The same with a schema that depends on the parts of other shapes.
    pub(crate) fn described(self, schema: impl Fn(&mut Parts) -> Json + Send + Sync + 'static) -> Self {
        Self { schema: Arc::new(schema), ..self }
    }

    /// The same with the schema of a mapping that has the fields of a section.
    pub(crate) fn of_fields<S: Section>(self) -> Self {
        self.described(|parts| object(&S::fields(), parts))
    }

    /// The same with another function that decodes it.
    pub(crate) fn decoded_by(self, decode: fn(Value) -> Option<T>) -> Self {
        Self { decode: Box::new(decode), ..self }
    }

    /// Decodes a value, or reports what is wrong.
    pub(crate) fn decode(&self, value: Value) -> Option<T> {
        (self.decode)(value)
    }

    /// Its JSON Schema; the parts that it refers to are added to `parts`.
    pub(crate) fn schema(&self, parts: &mut Parts) -> Json {
        (self.schema)(parts)
    }

    /// Adds a keyword to its JSON Schema.
    pub(crate) fn with(self, keyword: &'static str, value: impl Into<Json>) -> Self {
        let (schema, value) = (self.schema, value.into());
        Self {
            schema: Arc::new(move |parts| {
                let mut schema = schema(parts);
                schema[keyword] = value.clone();
                schema
            }),
            ..self
        }
    }

    /// What its number counts.
    pub(crate) fn counts(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// The same, decoded only if a check of the value passes.
    pub(crate) fn only_if(self, check: fn(Value) -> Option<()>) -> Self {
        let decode = self.decode;
        Self {
            decode: Box::new(move |value| {
                check(value)?;
                decode(value)
            }),
            ..self
        }
    }

    /// The same, made into something else.
    pub(crate) fn map<U: 'static>(self, to: impl Fn(T) -> U + Send + Sync + 'static) -> Shape<U> {
        self.refine(move |_, decoded| Some(to(decoded)))
    }

    /// The same with a further check, or made into something else.
    pub(crate) fn refine<U: 'static>(
        self,
        to: impl for<'a> Fn(Value<'a>, T) -> Option<U> + Send + Sync + 'static,
    ) -> Shape<U> {
        let Self { decode, schema, unit } = self;
        Shape { decode: Box::new(move |value| to(value, decode(value)?)), schema, unit }
    }

    /// A field that must be there; the example is shown where it is not.
    pub(crate) fn required(self, example: &'static str) -> Field<T> {
        let mut field = self.field(None);
        field.row.example = Some(example);
        field
    }

    /// A field without a default, or whose default depends on others.
    pub(crate) fn optional(self) -> Field<Option<T>> {
        self.map(Some).field(Some(Box::new(|| None)))
    }

    /// A field with a default.
    pub(crate) fn default(self, default: T) -> Field<T>
    where
        T: Clone + Serialize + Send + Sync,
    {
        let shown = serde_json::to_value(&default).ok();
        let mut field = self.field(Some(Box::new(move || default.clone())));
        field.row.default = shown;
        field
    }

    /// A field that is empty where it is absent.
    pub(crate) fn or_empty(self) -> Field<T>
    where
        T: Default,
    {
        self.field(Some(Box::new(T::default)))
    }

    /// The same for a field that must be there unless another one is.
    pub(crate) fn required_without(self, other: &'static str, example: &'static str) -> Field<T>
    where
        T: Default,
    {
        Field { without: Some((other, T::default)), ..self.required(example) }
    }

    fn field(self, absent: Absent<T>) -> Field<T> {
        let Shape { decode, schema, unit } = match absent {
            // Where it can be left out, the rest of the mapping fits without it.
            Some(_) => self,
            None => self.or_stand_in(),
        };
        let row = Row {
            name: "",
            doc: "",
            unit,
            default: None,
            example: None,
            immutable: false,
            sensitive: false,
            excludes: &[],
            schema,
        };
        Field { decode, absent, without: None, row }
    }
}

type Without<T> = Option<(&'static str, fn() -> T)>;
type Absent<T> = Option<Box<dyn Fn() -> T + Send + Sync>>;

/// A field: a shape, and what the field is where it is absent.
pub(crate) struct Field<T> {
    decode: Decode<T>,
    absent: Absent<T>,
    /// The field without which this one must be there, and what this one is beside it.
    without: Without<T>,
    pub(crate) row: Row,
}

/// What is said of a field.
pub(crate) struct Row {
    /// The key in the file.
    pub(crate) name: &'static str,
    /// What it means.
    doc: &'static str,
    unit: &'static str,
    pub(crate) default: Option<Json>,
    /// For a required field, an example of its value.
    pub(crate) example: Option<&'static str>,
    pub(crate) immutable: bool,
    pub(crate) sensitive: bool,
    pub(crate) excludes: &'static [&'static str],
    pub(crate) schema: Schema,
}

impl<T> Field<T> {
    /// A change of it replaces the resource.
    pub(crate) fn immutable(mut self) -> Self {
        self.row.immutable = true;
        self
    }

    /// Its value is never printed.
    pub(crate) fn sensitive(mut self) -> Self {
        self.row.sensitive = true;
        self
    }

    /// The fields that cannot be there where this one is. The check of the section says why.
    pub(crate) fn excludes(mut self, others: &'static [&'static str]) -> Self {
        self.row.excludes = others;
        self
    }

    /// The key in the file, where it is not the name of the struct's field.
    pub(crate) fn key(mut self, key: &'static str) -> Self {
        self.row.name = key;
        self
    }

    /// Shows a default that has no other form than its text.
    pub(crate) fn shown_as(mut self, default: &'static str) -> Self {
        self.row.default = Some(default.into());
        self
    }

    /// Used by `section!`.
    pub(crate) fn stated(mut self, name: &'static str, doc: &'static str) -> Self {
        if self.row.name.is_empty() {
            self.row.name = name;
        }
        self.row.doc = doc.trim();
        self
    }

    /// Used by `section!`: takes the field out of a mapping.
    pub(crate) fn take(&self, fields: &mut Fields) -> Option<T> {
        let value = fields.take(self.row.name);
        match value {
            Some(value) if value.node.kind.is_unread() && self.absent.is_some() => {
                value.note_unread();
                self.absent()
            }
            Some(value) => (self.decode)(value),
            None => self.absent().or_else(|| match self.without {
                Some((other, nothing)) if fields.value(other).is_some() => Some(nothing()),
                _ => {
                    fields.missing(self.row.name, self.row.example.unwrap_or("…"));
                    None
                }
            }),
        }
    }

    /// Used by `section!`: what the field is where it is absent.
    pub(crate) fn absent(&self) -> Option<T> {
        self.absent.as_ref().map(|absent| absent())
    }
}

/// A field of any type.
pub(crate) trait AnyField: Sync {
    /// What is said of it.
    fn row(&self) -> &Row;

    /// Whether a value means the same as none; `None` where it is not valid.
    #[cfg(test)]
    fn is_default(&self, value: Value) -> Option<bool>;
}

impl<T: Debug + 'static> AnyField for Field<T> {
    fn row(&self) -> &Row {
        &self.row
    }

    #[cfg(test)]
    fn is_default(&self, value: Value) -> Option<bool> {
        let written = (self.decode)(value)?;
        Some(self.absent().is_some_and(|absent| format!("{written:?}") == format!("{absent:?}")))
    }
}

/// A mapping whose fields are known.
pub(crate) trait Section: Sized + 'static {
    /// The fields that are valid, when others may not be.
    type Decoded;
    /// What the section is.
    const ABOUT: &'static str;
    /// Its fields.
    fn fields() -> Vec<&'static dyn AnyField>;
    /// Takes its fields out of a mapping, and checks them together. Every field is decoded, whatever is wrong with others.
    fn decode(fields: &mut Fields) -> Self::Decoded;
    /// The whole section. An error has been reported for a field that is not valid; it counts as absent.
    fn whole(decoded: Self::Decoded) -> Option<Self>;

    /// [`Section::decode`] and [`Section::whole`].
    fn take(fields: &mut Fields) -> Option<Self> {
        Self::whole(Self::decode(fields))
    }
}

/// States a section: every fact about a field once. A field or a section without a doc comment does not compile.
///
/// A function after `checked by` gets the fields that are valid, and checks them together.
macro_rules! section {
    ($(#[doc = $about:literal])+ $vis:vis struct $name:ident $(, checked by $check:ident)? {
        $($(#[doc = $doc:literal])+ $field:ident: $ty:ty = $stated:expr),* $(,)?
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $($(#[doc = $doc])+ pub $field: $ty),*
        }

        const _: () = {
            use $crate::config::fields::Fields;
            use $crate::config::section::{AnyField, Field, Section};

            struct Stated {
                $($field: Field<$ty>),*
            }

            // Built once: the decoder, the schema and the reference page read the same values.
            static STATED: std::sync::LazyLock<Stated> = std::sync::LazyLock::new(|| Stated {
                $($field: $stated.stated(stringify!($field), concat!($($doc),+))),*
            });

            pub(crate) struct Decoded {
                $(pub(crate) $field: Option<$ty>),*
            }

            impl Section for $name {
                type Decoded = Decoded;
                const ABOUT: &'static str = concat!($($about),+);

                fn fields() -> Vec<&'static dyn AnyField> {
                    vec![$(&STATED.$field),*]
                }

                fn decode(fields: &mut Fields) -> Decoded {
                    let decoded = Decoded { $($field: STATED.$field.take(fields)),* };
                    $($check(&decoded, fields);)?
                    decoded
                }

                fn whole(decoded: Decoded) -> Option<Self> {
                    Some(Self { $($field: decoded.$field.or_else(|| STATED.$field.absent())?),* })
                }
            }
        };
    };
}
pub(crate) use section;
