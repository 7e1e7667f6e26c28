//! From a spec to its tree: a serializer of serde.

use super::{Desired, Text};
use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, Serializer,
};
use serde_json::{Error, Number};
use std::borrow::Cow;

type Result<T> = std::result::Result<T, Error>;

/// Makes a tree of whatever it is given.
pub(super) struct ToDesired;

/// The items of a list so far.
pub(super) struct Items(Vec<Desired>);

/// The members of a map so far, and the key of the next one.
#[derive(Default)]
pub(super) struct Members {
    members: Vec<(Cow<'static, str>, Desired)>,
    key: Option<Cow<'static, str>>,
}

/// The fields of a variant so far.
pub(super) struct Variant {
    name: &'static str,
    fields: Members,
}

fn unsupported(what: &str) -> Error {
    Error::custom(format!("a spec cannot have {what}"))
}

macro_rules! numbers {
    ($($function:ident: $number:ty),*) => {
        $(fn $function(self, number: $number) -> Result<Desired> {
            Ok(Desired::Number(number.into()))
        })*
    };
}

impl Serializer for ToDesired {
    type Ok = Desired;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Impossible<Desired, Error>;
    type SerializeTupleVariant = Impossible<Desired, Error>;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = Variant;

    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    );

    fn serialize_bool(self, flag: bool) -> Result<Desired> {
        Ok(Desired::Bool(flag))
    }

    fn serialize_f32(self, number: f32) -> Result<Desired> {
        self.serialize_f64(number.into())
    }

    fn serialize_f64(self, number: f64) -> Result<Desired> {
        Ok(Number::from_f64(number).map_or(Desired::Null, Desired::Number))
    }

    fn serialize_char(self, character: char) -> Result<Desired> {
        Ok(Desired::Text(character.into()))
    }

    fn serialize_str(self, text: &str) -> Result<Desired> {
        Ok(Desired::Text(text.into()))
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Desired> {
        Err(unsupported("bytes"))
    }

    fn serialize_none(self) -> Result<Desired> {
        Ok(Desired::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Desired> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Desired> {
        Ok(Desired::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Desired> {
        Ok(Desired::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Desired> {
        Ok(Desired::Text(variant.into()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Desired> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Desired> {
        let mut members = Members::default();
        SerializeStruct::serialize_field(&mut members, variant, value)?;
        SerializeStruct::end(members)
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Items> {
        Ok(Items(Vec::with_capacity(length.unwrap_or_default())))
    }

    fn serialize_tuple(self, length: usize) -> Result<Items> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct> {
        Err(unsupported("a struct without names"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant> {
        Err(unsupported("a variant without names"))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Members> {
        Ok(Members { members: Vec::with_capacity(length.unwrap_or_default()), key: None })
    }

    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Members> {
        self.serialize_map(Some(length))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        length: usize,
    ) -> Result<Variant> {
        Ok(Variant { name, fields: self.serialize_map(Some(length))? })
    }
}

impl SerializeSeq for Items {
    type Ok = Desired;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        self.0.push(item.serialize(ToDesired)?);
        Ok(())
    }

    fn end(self) -> Result<Desired> {
        Ok(Desired::List(self.0))
    }
}

impl SerializeTuple for Items {
    type Ok = Desired;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<()> {
        SerializeSeq::serialize_element(self, item)
    }

    fn end(self) -> Result<Desired> {
        SerializeSeq::end(self)
    }
}

impl SerializeMap for Members {
    type Ok = Desired;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        let Desired::Text(Text::Known(key)) = key.serialize(ToDesired)? else {
            return Err(unsupported("a key that is no text"));
        };
        self.key = Some(Cow::Owned(key));
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = self.key.take().ok_or_else(|| unsupported("a value without a key"))?;
        self.members.push((key, value.serialize(ToDesired)?));
        Ok(())
    }

    fn end(self) -> Result<Desired> {
        Desired::of_members(self.members).ok_or_else(|| unsupported("a reference that is none"))
    }
}

impl SerializeStruct for Members {
    type Ok = Desired;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.members.push((Cow::Borrowed(key), value.serialize(ToDesired)?));
        Ok(())
    }

    fn end(self) -> Result<Desired> {
        SerializeMap::end(self)
    }
}

impl SerializeStructVariant for Variant {
    type Ok = Desired;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        SerializeStruct::serialize_field(&mut self.fields, key, value)
    }

    fn end(self) -> Result<Desired> {
        let fields = SerializeMap::end(self.fields)?;
        Ok(Desired::Map([(Cow::Borrowed(self.name), fields)].into_iter().collect()))
    }
}
