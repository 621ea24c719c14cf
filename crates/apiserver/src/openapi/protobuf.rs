//! The document of OpenAPI v2 as a message, which command lines ask for.
//!
//! The numbers of fields are those of `openapi.v2.Document` in gnostic.

use serde_json::Value;

use super::VERSION;
use super::text::Pieces;

/// A message under construction. Fields that say nothing are left out.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u64, wire_type: u64) {
        self.varint(field << 3 | wire_type);
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(u64::try_from(bytes.len()).unwrap_or(0));
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    fn texts(&mut self, field: u64, list: &Value) {
        for text in list.as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.bytes(field, text.as_bytes());
        }
    }

    fn flag(&mut self, field: u64, flag: &Value) {
        if *flag == true {
            self.key(field, 0);
            self.varint(1);
        }
    }

    fn int(&mut self, field: u64, number: &Value) {
        if let Some(number) = number.as_i64().filter(|number| *number != 0) {
            self.key(field, 0);
            self.varint(number.cast_unsigned());
        }
    }

    fn double(&mut self, field: u64, number: &Value) {
        if let Some(number) = number.as_f64().filter(|number| *number != 0.0) {
            self.key(field, 1);
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Returns a message with another one in one of its fields.
fn wrapped(field: u64, inner: &Message) -> Message {
    let mut outer = Message::default();
    outer.message(field, inner);
    outer
}

/// Returns a pair of a name and a message.
fn named(name: &str, value: &Message) -> Message {
    let mut pair = Message::default();
    pair.text(1, name);
    pair.message(2, value);
    pair
}

/// Returns a value of any kind: its YAML.
fn any(value: &Value) -> Message {
    let mut message = Message::default();
    message.text(2, &flux_yaml::to_string(value));
    message
}

fn extensions(message: &mut Message, field: u64, value: &Value) {
    for (key, value) in value.as_object().into_iter().flatten() {
        if key.starts_with("x-") {
            message.message(field, &named(key, &any(value)));
        }
    }
}

/// Writes the whole document.
pub(super) fn document(pieces: &Pieces) -> Vec<u8> {
    let mut document = Message::default();
    document.text(1, "2.0");
    let mut info = Message::default();
    info.text(1, "Kubernetes");
    info.text(2, VERSION);
    document.message(2, &info);
    // A piece that is no JSON would be ours, and is left out.
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let mut paths = Message::default();
    for (path, item) in &pieces.paths {
        paths.message(2, &named(path, &path_item(&read(item))));
    }
    document.message(8, &paths);
    let mut definitions = Message::default();
    for (name, definition) in &pieces.definitions {
        definitions.message(1, &named(name, &schema(&read(definition))));
    }
    document.message(9, &definitions);
    let nothing = Message::default();
    document.message(12, &wrapped(1, &named("BearerToken", &nothing)));
    let mut key = Message::default();
    key.text(1, "apiKey");
    key.text(2, "authorization");
    key.text(3, "header");
    key.text(4, "Bearer Token authentication");
    document.message(13, &wrapped(1, &named("BearerToken", &wrapped(2, &key))));
    document.0
}

fn path_item(item: &Value) -> Message {
    let mut message = Message::default();
    for (field, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
        if let Some(found) = item.get(method) {
            message.message(field, &operation(found));
        }
    }
    parameters(&mut message, 9, item);
    message
}

fn operation(operation: &Value) -> Message {
    let mut message = Message::default();
    message.texts(1, &operation["tags"]);
    message.text(3, text(operation, "description"));
    message.text(5, text(operation, "operationId"));
    message.texts(6, &operation["produces"]);
    message.texts(7, &operation["consumes"]);
    parameters(&mut message, 8, operation);
    let mut responses = Message::default();
    for (code, answer) in operation["responses"].as_object().into_iter().flatten() {
        let mut response = Message::default();
        response.text(1, text(answer, "description"));
        if let Some(of) = answer.get("schema") {
            response.message(2, &wrapped(1, &schema(of)));
        }
        responses.message(1, &named(code, &wrapped(1, &response)));
    }
    message.message(9, &responses);
    message.texts(10, &operation["schemes"]);
    extensions(&mut message, 13, operation);
    message
}

fn parameters(message: &mut Message, field: u64, holder: &Value) {
    for parameter in holder["parameters"].as_array().into_iter().flatten() {
        message.message(field, &wrapped(1, &self::parameter(parameter)));
    }
}

fn parameter(parameter: &Value) -> Message {
    let mut message = Message::default();
    if text(parameter, "in") == "body" {
        message.text(1, text(parameter, "description"));
        message.text(2, text(parameter, "name"));
        message.text(3, "body");
        message.flag(4, &parameter["required"]);
        message.message(5, &schema(&parameter["schema"]));
        return wrapped(1, &message);
    }
    let is_path = text(parameter, "in") == "path";
    // The type comes after a field that paths do not have.
    let shift = u64::from(!is_path);
    message.flag(1, &parameter["required"]);
    message.text(2, text(parameter, "in"));
    message.text(3, text(parameter, "description"));
    message.text(4, text(parameter, "name"));
    message.text(5 + shift, text(parameter, "type"));
    message.flag(19 + shift, &parameter["uniqueItems"]);
    wrapped(2, &wrapped(if is_path { 4 } else { 3 }, &message))
}

fn schema(schema: &Value) -> Message {
    let mut message = Message::default();
    for (field, key) in [(1, "$ref"), (2, "format"), (3, "title"), (4, "description")] {
        message.text(field, text(schema, key));
    }
    if let Some(default) = schema.get("default") {
        message.message(5, &any(default));
    }
    message.double(6, &schema["multipleOf"]);
    message.double(7, &schema["maximum"]);
    message.flag(8, &schema["exclusiveMaximum"]);
    message.double(9, &schema["minimum"]);
    message.flag(10, &schema["exclusiveMinimum"]);
    message.int(11, &schema["maxLength"]);
    message.int(12, &schema["minLength"]);
    message.text(13, text(schema, "pattern"));
    message.int(14, &schema["maxItems"]);
    message.int(15, &schema["minItems"]);
    message.flag(16, &schema["uniqueItems"]);
    message.int(17, &schema["maxProperties"]);
    message.int(18, &schema["minProperties"]);
    message.texts(19, &schema["required"]);
    for value in schema["enum"].as_array().into_iter().flatten() {
        message.message(20, &any(value));
    }
    parts(&mut message, schema);
    extensions(&mut message, 31, schema);
    message
}

fn parts(message: &mut Message, schema: &Value) {
    match &schema["additionalProperties"] {
        Value::Bool(allowed) => {
            let mut item = Message::default();
            item.flag(2, &(*allowed).into());
            message.message(21, &item);
        }
        Value::Object(_) => {
            let inner = self::schema(&schema["additionalProperties"]);
            message.message(21, &wrapped(1, &inner));
        }
        _ => {}
    }
    if let Some(kind) = schema["type"].as_str() {
        let mut item = Message::default();
        item.text(1, kind);
        message.message(22, &item);
    }
    if let Some(items) = schema.get("items") {
        message.message(23, &wrapped(1, &self::schema(items)));
    }
    if let Some(all) = schema["properties"].as_object() {
        let mut properties = Message::default();
        for (name, property) in all {
            properties.message(1, &named(name, &self::schema(property)));
        }
        message.message(25, &properties);
    }
}
