//! Schemas as text, with their keywords in the order of the original's types.

use serde_json::{Map, Value};

use crate::number::json_text;

const KEYWORDS: [&str; 28] = [
    "description",
    "type",
    "nullable",
    "format",
    "title",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
    "enum",
    "maxProperties",
    "minProperties",
    "required",
    "items",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "properties",
    "additionalProperties",
];
const AFTER: [&str; 3] = ["externalDocs", "example", "$ref"];
const RULE: [&str; 6] =
    ["rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf"];

/// Writes a schema as the documents of OpenAPI v3 hold it.
pub fn print(schema: &Value) -> String {
    let mut text = String::new();
    write(schema, Form::V3, &mut text);
    text
}

/// Writes a schema as the document of OpenAPI v2 holds it: without defaults and `nullable`.
pub fn print_v2(schema: &Value) -> String {
    let mut text = String::new();
    write(schema, Form::V2, &mut text);
    text
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    V2,
    V3,
}

fn write(schema: &Value, form: Form, text: &mut String) {
    let Value::Object(fields) = schema else { return text.push_str(&json_text(schema)) };
    text.push('{');
    let mut first = true;
    let known = KEYWORDS.iter().chain(&AFTER).copied();
    let extensions = fields.keys().map(String::as_str).filter(|key| key.starts_with("x-"));
    for key in known.chain(extensions) {
        let Some(value) = fields.get(key).filter(|value| is_written(key, value, form)) else {
            continue;
        };
        if !std::mem::take(&mut first) {
            text.push(',');
        }
        text.push_str(&json_text(&Value::from(key)));
        text.push(':');
        write_keyword(key, value, form, text);
    }
    text.push('}');
}

fn is_written(key: &str, value: &Value, form: Form) -> bool {
    let empty = match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    };
    match key {
        "default" => form == Form::V3 && !value.is_null(),
        "nullable" => form == Form::V3 && !empty,
        "items" | "not" | "additionalProperties" | "example" => !value.is_null(),
        _ => !empty,
    }
}

fn write_keyword(key: &str, value: &Value, form: Form, text: &mut String) {
    match (key, value) {
        ("items" | "not" | "additionalProperties", value) => write(value, form, text),
        ("properties", Value::Object(properties)) => {
            let print = |property: &Value, text: &mut String| write(property, form, text);
            write_map(properties, print, text);
        }
        ("allOf" | "oneOf" | "anyOf", Value::Array(list)) => {
            write_list(list, |one, text| write(one, form, text), text);
        }
        ("x-kubernetes-validations", Value::Array(rules)) => write_list(rules, write_rule, text),
        (_, value) => text.push_str(&json_text(value)),
    }
}

fn write_rule(rule: &Value, text: &mut String) {
    let fields = RULE.iter().filter_map(|key| {
        let value = rule.get(*key).filter(|value| !value.is_null() && *value != "")?;
        Some(format!("\"{key}\":{}", json_text(value)))
    });
    let fields: Vec<String> = fields.collect();
    text.push('{');
    text.push_str(&fields.join(","));
    text.push('}');
}

fn write_list(list: &[Value], print: impl Fn(&Value, &mut String), text: &mut String) {
    text.push('[');
    for (at, one) in list.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        print(one, text);
    }
    text.push(']');
}

fn write_map(map: &Map<String, Value>, print: impl Fn(&Value, &mut String), text: &mut String) {
    text.push('{');
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        text.push_str(&json_text(&Value::from(key.as_str())));
        text.push(':');
        print(value, text);
    }
    text.push('}');
}
