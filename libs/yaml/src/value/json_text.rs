//! What happens to a value whose JSON text is read as YAML.

use serde_json::{Number, Value};

use super::{go_order, number_text, text_node};
use crate::{Library, Node};

/// Tells whether a YAML reader sees the same text in the JSON of a value as a JSON reader.
///
/// Go's JSON leaves characters as they are that YAML forbids, and one that is a line break.
pub(crate) fn is_the_same_in_yaml(value: &Value) -> bool {
    match value {
        Value::String(text) => is_same_text(text),
        Value::Array(items) => items.iter().all(is_the_same_in_yaml),
        Value::Object(map) => {
            map.iter().all(|(key, value)| is_same_text(key) && is_the_same_in_yaml(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn is_same_text(text: &str) -> bool {
    text.bytes().all(|byte| byte != 0x7F && byte != 0xC2 && byte != 0xEF)
        || !text.contains(|c| matches!(c, '\x7F'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}'))
}

/// Makes the tree that yaml.v2 prints for a value whose JSON it has read.
pub(crate) fn node(value: &Value) -> Node {
    match value {
        Value::Number(number) => Node::scalar(number_text(&reread(number))),
        Value::Array(items) => Node::sequence(items.iter().map(node)),
        Value::Object(map) => {
            let entries = go_order(map, Library::V2).into_iter();
            Node::mapping(entries.map(|(key, value)| (text_node(key), node(value))))
        }
        Value::Null | Value::Bool(_) | Value::String(_) => Node::from_value(value),
    }
}

/// A float without a fraction has no point in Go's JSON and is read as an integer if it fits.
fn reread(number: &Number) -> Number {
    let float = if number.is_f64() { number.as_f64() } else { None };
    let text = float.and_then(flux_gostd::number::json_f64);
    match text.map(|text| (text.parse::<i64>(), text.parse::<u64>())) {
        Some((Ok(int), _)) => int.into(),
        Some((_, Ok(uint))) => uint.into(),
        _ => number.clone(),
    }
}

/// Prints text as Go's JSON does.
pub(crate) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x08' => out.push_str("\\b"),
            '\x0C' => out.push_str("\\f"),
            '\0'..='\x1F' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

/// Prints a value as Go's `json.Marshal` does.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) => {
            let float = number.as_f64().filter(|_| number.is_f64());
            let text = float.and_then(flux_gostd::number::json_f64);
            out.push_str(&text.unwrap_or_else(|| number.to_string()));
        }
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push('{');
            for (index, (key, value)) in map.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                write_string(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
    }
}
