//! A message into a JSON object, led by the table of its fields.
//!
//! Go writes fields without a pointer even if they are empty; those that JSON would leave out
//! are left out here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::wire::{self, Field as WireField};
use crate::clock::{to_micro_text, to_seconds_text};

/// A field of a message: its number, its name in JSON, its type.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u64,
    pub(super) name: &'static str,
    pub(super) form: Form,
}

/// The fields of a message. Tables hold no cycles, which bounds the depth of what is read.
pub(super) type Fields = &'static [Field];

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    Text,
    Texts,
    /// A number behind a pointer: zero is a value.
    Number,
    /// A number that is left out if it is zero.
    Count,
    Flag,
    Time,
    MicroTime,
    One(Fields),
    Many(Fields),
    TextMap,
    BytesMap,
    /// A map whose values are messages that hold nothing but texts.
    TextsMap,
    /// A message whose only piece is JSON.
    Json,
    /// A number that occurs any number of times.
    Numbers,
    /// A message whose fields belong to the object around it.
    Inline(Fields),
    /// A number or a text.
    IntOrString,
    Quantity,
    QuantityMap,
    /// What no table knows: refused where it has content. With the number 0 it stands for all
    /// fields that a table does not list.
    Unread,
}

const KEY: u64 = 1;
const VALUE: u64 = 2;

/// Reads a message into an object; what is there already is merged with it.
pub(super) fn read_into(
    object: &mut Map<String, Value>,
    fields: Fields,
    message: &[u8],
) -> Result<(), String> {
    for found in wire::fields(message) {
        let found = found?;
        let partial = || fields.iter().find(|field| field.number == 0);
        let field = fields.iter().find(|field| field.number == found.number);
        if let Some(field) = field.or_else(partial) {
            set(object, field, &found)?;
        }
    }
    Ok(())
}

fn set(
    object: &mut Map<String, Value>,
    field: &Field,
    found: &WireField<'_>,
) -> Result<(), String> {
    let value = match field.form {
        Form::Text => some_text(found.bytes()?),
        Form::Number => Some(found.varint()?.cast_signed().into()),
        Form::Count => Some(found.varint()?.cast_signed()).filter(|n| *n != 0).map(Value::from),
        Form::Flag => Some((found.varint()? != 0).into()),
        Form::Time => time(found.bytes()?)?.map(|(seconds, _)| to_seconds_text(seconds).into()),
        Form::MicroTime => time(found.bytes()?)?.map(|(_, exact)| to_micro_text(exact).into()),
        Form::Json => json(found.bytes()?)?,
        Form::Quantity => some_text(only_piece(found.bytes()?)?),
        Form::IntOrString => Some(int_or_string(found.bytes()?)?),
        Form::Numbers => return push_numbers(list(object, field.name), found),
        Form::Inline(fields) => return read_into(object, fields, found.bytes()?),
        Form::Unread if is_zero(&found.payload, 8) => return Ok(()),
        Form::Unread => return Err(unread(field, found.number)),
        Form::Texts => {
            list(object, field.name).push(text(found.bytes()?));
            return Ok(());
        }
        Form::Many(fields) => {
            let mut item = Map::new();
            read_into(&mut item, fields, found.bytes()?)?;
            list(object, field.name).push(Value::Object(item));
            return Ok(());
        }
        Form::One(fields) => return read_into(map(object, field.name), fields, found.bytes()?),
        Form::TextMap | Form::BytesMap | Form::TextsMap | Form::QuantityMap => {
            let (key, value) = entry(field.form, found.bytes()?)?;
            map(object, field.name).insert(key, value);
            return Ok(());
        }
    };
    match value {
        Some(value) => object.insert(field.name.to_owned(), value),
        None => object.remove(field.name),
    };
    Ok(())
}

fn list<'a>(object: &'a mut Map<String, Value>, name: &str) -> &'a mut Vec<Value> {
    let slot = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    if !slot.is_array() {
        *slot = Value::Array(Vec::new());
    }
    slot.as_array_mut().expect("it was made a list above")
}

fn map<'a>(object: &'a mut Map<String, Value>, name: &str) -> &'a mut Map<String, Value> {
    crate::meta::map(object.entry(name).or_insert_with(|| Value::Object(Map::new())))
}

fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn some_text(bytes: &[u8]) -> Option<Value> {
    (!bytes.is_empty()).then(|| text(bytes))
}

/// Reads an entry of a map, which is a message of a key and a value.
fn entry(form: Form, message: &[u8]) -> Result<(String, Value), String> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in wire::fields(message) {
        let field = field?;
        match field.number {
            KEY => key = field.bytes()?,
            VALUE => value = field.bytes()?,
            _ => {}
        }
    }
    let value = match form {
        Form::BytesMap => STANDARD.encode(value).into(),
        Form::TextsMap => texts(value)?,
        Form::QuantityMap => text(only_piece(value)?),
        _ => text(value),
    };
    Ok((String::from_utf8_lossy(key).into_owned(), value))
}

/// Returns the piece of a message that has but one.
fn only_piece(message: &[u8]) -> Result<&[u8], String> {
    let mut piece: &[u8] = &[];
    for field in wire::fields(message) {
        let field = field?;
        if field.number == 1 {
            piece = field.bytes()?;
        }
    }
    Ok(piece)
}

fn int_or_string(message: &[u8]) -> Result<Value, String> {
    let (mut is_text, mut number, mut content): (bool, i64, &[u8]) = (false, 0, &[]);
    for field in wire::fields(message) {
        let field = field?;
        match field.number {
            1 => is_text = field.varint()? == 1,
            2 => number = field.varint()?.cast_signed(),
            3 => content = field.bytes()?,
            _ => {}
        }
    }
    Ok(if is_text { text(content) } else { number.into() })
}

/// Takes numbers that stand alone or packed together.
fn push_numbers(list: &mut Vec<Value>, found: &WireField<'_>) -> Result<(), String> {
    match found.payload {
        wire::Payload::Bytes(packed) => {
            for number in wire::numbers(packed) {
                list.push(number?.cast_signed().into());
            }
        }
        _ => list.push(found.varint()?.cast_signed().into()),
    }
    Ok(())
}

/// Tells whether a field says nothing: zeros and messages of zeros, no deeper than `depth`.
fn is_zero(payload: &wire::Payload<'_>, depth: u8) -> bool {
    match payload {
        wire::Payload::Varint(number) => *number == 0,
        wire::Payload::Bytes(bytes) => wire::fields(bytes)
            .all(|field| depth > 0 && field.is_ok_and(|field| is_zero(&field.payload, depth - 1))),
        wire::Payload::Fixed => false,
    }
}

fn unread(field: &Field, number: u64) -> String {
    match field.name {
        "" => format!("protobuf: field {number} is not read by this server; send JSON"),
        name => format!("protobuf: `{name}` is not read by this server; send JSON"),
    }
}

fn texts(message: &[u8]) -> Result<Value, String> {
    let mut items = Vec::new();
    for field in wire::fields(message) {
        let field = field?;
        if field.number == 1 {
            items.push(text(field.bytes()?));
        }
    }
    Ok(Value::Array(items))
}

/// Reads a time, whole and with its fraction; the zero time has no content.
fn time(message: &[u8]) -> Result<Option<(Timestamp, Timestamp)>, String> {
    if message.is_empty() {
        return Ok(None);
    }
    let (mut seconds, mut nanos) = (0, 0);
    for field in wire::fields(message) {
        let field = field?;
        match field.number {
            1 => seconds = field.varint()?.cast_signed(),
            2 => nanos = field.varint()?.cast_signed(),
            _ => {}
        }
    }
    let out_of_range = |_| format!("the time of {seconds} seconds is out of range");
    let whole = Timestamp::from_second(seconds).map_err(out_of_range)?;
    let nanos = i32::try_from(nanos).unwrap_or_default();
    Ok(Some((whole, Timestamp::new(seconds, nanos).unwrap_or(whole))))
}

fn json(message: &[u8]) -> Result<Option<Value>, String> {
    let mut value = None;
    for field in wire::fields(message) {
        let field = field?;
        if field.number == 1 {
            let document = crate::document::parse(field.bytes()?)?;
            value = Some(document.into_value());
        }
    }
    Ok(value)
}
