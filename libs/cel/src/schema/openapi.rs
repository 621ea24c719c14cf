//! From an OpenAPI schema to what expressions may see of a document.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::{Field, Fields, Format, ListKind, Schema, SchemaKind};
use crate::types::ObjectType;

/// The size of the largest request that the API server takes, in bytes.
pub(super) const REQUEST_SIZE: u64 = 3 * 1024 * 1024;
/// The longest duration or time as JSON.
const TIME_SIZE: u64 = 32;
/// A date as JSON.
const DATE_SIZE: u64 = 12;
/// The shortest text as JSON.
const TEXT_SIZE: u64 = 2;
/// The number of elements of what has none: numbers, truth values, and objects, however large.
const NO_ELEMENTS: u64 = 0;

/// Whether a schema describes a whole resource, whose metadata expressions may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaPlace {
    /// The root of a resource.
    Resource,
    /// Anything below.
    Part,
}

/// Reads a schema; `None` if expressions may not see what it describes.
pub(super) fn read(openapi: &Json, place: SchemaPlace, name: &str) -> Option<Schema> {
    let flag = |key: &str| openapi.get(key).and_then(Json::as_bool).unwrap_or(false);
    let nullable = flag("nullable");
    let schema =
        |kind, max_elements, min_size| Some(Schema { kind, nullable, max_elements, min_size });
    if flag("x-kubernetes-int-or-string") {
        let most = number(openapi, "maxLength").map_or(REQUEST_SIZE - 2, |most| most * 4);
        return schema(SchemaKind::IntOrString, most, 1);
    }
    match openapi.get("type").and_then(Json::as_str)? {
        "array" => {
            let items = openapi.get("items").filter(|items| items.is_object())?;
            let items = part(items, &format!("{name}.@idx"))?;
            let most = number(openapi, "maxItems")
                .unwrap_or_else(|| (REQUEST_SIZE - 2) / items.min_size.saturating_add(1));
            schema(SchemaKind::List(Box::new(items), list_kind(openapi)), most, 2)
        }
        "object" => object(openapi, place, name).map(|object| Schema { nullable, ..object }),
        "string" => {
            let (format, most, least) = text(openapi);
            schema(SchemaKind::String(format), most, least)
        }
        "boolean" => schema(SchemaKind::Bool, NO_ELEMENTS, 4),
        "number" => schema(SchemaKind::Double, NO_ELEMENTS, 1),
        "integer" => schema(SchemaKind::Int, NO_ELEMENTS, 1),
        _ => None,
    }
}

fn part(openapi: &Json, name: &str) -> Option<Schema> {
    let embedded = openapi.get("x-kubernetes-embedded-resource").and_then(Json::as_bool);
    let place = if embedded == Some(true) { SchemaPlace::Resource } else { SchemaPlace::Part };
    read(openapi, place, name)
}

/// Reads a limit, a negative one as zero.
fn number(openapi: &Json, key: &str) -> Option<u64> {
    let value = openapi.get(key)?;
    value.as_u64().or_else(|| value.as_f64().map(|number| number.max(0.0) as u64))
}

fn list_kind(openapi: &Json) -> ListKind {
    match openapi.get("x-kubernetes-list-type").and_then(Json::as_str) {
        Some("set") => ListKind::Set,
        Some("map") => {
            let keys = openapi.get("x-kubernetes-list-map-keys").and_then(Json::as_array);
            let keys = keys.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned);
            ListKind::Map(keys.collect())
        }
        _ => ListKind::Atomic,
    }
}

fn text(openapi: &Json) -> (Format, u64, u64) {
    let length = number(openapi, "maxLength");
    match openapi.get("format").and_then(Json::as_str) {
        Some("byte") => (Format::Byte, length.unwrap_or(REQUEST_SIZE - 2), TEXT_SIZE),
        Some("duration") => (Format::Duration, TIME_SIZE, 3),
        Some("date") => (Format::Date, DATE_SIZE, DATE_SIZE),
        Some("date-time") => (Format::DateTime, TIME_SIZE, 21),
        _ => {
            let longest = openapi.get("enum").and_then(Json::as_array).and_then(|values| {
                let lengths = values.iter().map(|value| value.as_str().map_or(0, str::len));
                lengths.max().and_then(|longest| u64::try_from(longest).ok())
            });
            let most = length
                .map(|length| length.saturating_mul(4))
                .or(longest)
                .unwrap_or(REQUEST_SIZE - 2);
            (Format::Plain, most, TEXT_SIZE)
        }
    }
}

fn object(openapi: &Json, place: SchemaPlace, name: &str) -> Option<Schema> {
    let values = openapi.get("additionalProperties").filter(|values| values.is_object());
    if let (Some(values), SchemaPlace::Part) = (values, place) {
        let values = part(values, &format!("{name}.@elem"))?;
        let most = number(openapi, "maxProperties")
            .unwrap_or_else(|| (REQUEST_SIZE - 2) / values.min_size.saturating_add(6));
        let kind = SchemaKind::Map(Box::new(values));
        return Some(Schema { kind, nullable: false, max_elements: most, min_size: 2 });
    }
    let mut fields = BTreeMap::new();
    let mut size = 2_u64;
    let properties = openapi.get("properties").and_then(Json::as_object);
    let required = openapi.get("required").and_then(Json::as_array);
    for (property, openapi) in properties.into_iter().flatten() {
        let Some(schema) = part(openapi, &format!("{name}.{property}")) else { continue };
        let is_required =
            required.is_some_and(|names| names.iter().any(|own| own.as_str() == Some(property)));
        if is_required && openapi.get("default").is_none() {
            let length = u64::try_from(property.len()).unwrap_or(u64::MAX);
            size = size.saturating_add(length.saturating_add(schema.min_size).saturating_add(4));
        }
        fields.insert(property.clone(), schema);
    }
    if place == SchemaPlace::Resource {
        add_metadata(&mut fields, name);
    }
    let kind = SchemaKind::Object(fields_of(fields, name));
    Some(Schema { kind, nullable: false, max_elements: NO_ELEMENTS, min_size: size })
}

/// Adds the fields that every resource has, in place of metadata that declares less.
fn add_metadata(fields: &mut BTreeMap<String, Schema>, name: &str) {
    let is_text = |schema: Option<&Schema>| {
        schema.is_some_and(|schema| matches!(schema.kind, SchemaKind::String(_)))
    };
    let metadata = fields.get("metadata").and_then(Schema::fields);
    let complete = is_text(fields.get("kind"))
        && is_text(fields.get("apiVersion"))
        && metadata.is_some_and(|metadata| {
            ["name", "generateName"]
                .into_iter()
                .all(|key| is_text(metadata.by_name.get(key).map(|field| &field.schema)))
        });
    if complete {
        return;
    }
    let text = || Schema {
        kind: SchemaKind::String(Format::Plain),
        nullable: false,
        max_elements: REQUEST_SIZE - 2,
        min_size: TEXT_SIZE,
    };
    let names = ["name", "generateName"].map(|key| (key.to_owned(), text()));
    let metadata = Schema {
        kind: SchemaKind::Object(fields_of(names.into(), &format!("{name}.metadata"))),
        nullable: false,
        max_elements: NO_ELEMENTS,
        min_size: 2,
    };
    fields.insert("kind".to_owned(), text());
    fields.insert("apiVersion".to_owned(), text());
    fields.insert("metadata".to_owned(), metadata);
}

fn fields_of(schemas: BTreeMap<String, Schema>, name: &str) -> Fields {
    let (mut by_name, mut escaped) = (BTreeMap::new(), BTreeMap::new());
    let mut types = BTreeMap::new();
    for (property, schema) in schemas {
        let Some(spelling) = escape(&property) else { continue };
        let spelling: Arc<str> = Arc::from(spelling);
        if *spelling != *property {
            escaped.insert(property.clone(), spelling.clone());
        }
        types.insert(spelling.clone(), schema.declared_type());
        by_name.insert(spelling, Field { name: property, schema });
    }
    let object_type = Arc::new(ObjectType { name: Arc::from(name), fields: types });
    Fields { by_name, escaped, object_type }
}

/// Words that expressions cannot use as names of fields.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Spells the name of a property as an identifier; `None` if that is impossible.
pub(super) fn escape(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '_' if chars.next_if_eq(&'_').is_some() => out.push_str("__underscores__"),
            '.' => out.push_str("__dot__"),
            '-' => out.push_str("__dash__"),
            '/' => out.push_str("__slash__"),
            '_' => out.push(c),
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ => return None,
        }
    }
    Some(out)
}
