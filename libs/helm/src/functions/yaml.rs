//! YAML and JSON in templates.

use std::collections::BTreeMap;

use flux_gotemplate::Value;
use flux_yaml::{Emit, Node};
use serde_json::Value as Json;

use crate::typed;
use crate::values::json_at;

fn without_newline(text: String) -> String {
    match text.strip_suffix('\n') {
        Some(trimmed) => trimmed.to_owned(),
        None => text,
    }
}

/// Writes YAML as sigs.k8s.io/yaml does.
pub(super) fn to_yaml(value: &Value) -> Result<String, String> {
    let json = json_at(value, 0).map_err(|error| format!("error marshaling into JSON: {error}"))?;
    flux_yaml::marshal(&json).map(without_newline).map_err(|error| error.to_string())
}

/// Writes YAML as yaml.v3 does with two spaces.
pub(super) fn to_yaml_pretty(value: &Value) -> String {
    let json = json_at(value, 0).unwrap_or_default();
    without_newline(flux_yaml::emit(&Node::from_value(&json), Emit::Wide))
}

const MAP: &str = "map[string]interface {}";
const LIST: &str = "[]interface {}";

fn mismatch(found: &Json, wanted: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {wanted}", typed::kind(found))
}

fn error_map(error: String) -> Value {
    Value::map(BTreeMap::from([("Error".to_owned(), error.into())]))
}

fn error_list(error: String) -> Value {
    Value::list(vec![error.into()])
}

pub(super) fn from_yaml(text: &str) -> Value {
    match typed::yaml(text) {
        Ok(value @ Json::Object(_)) => Value::from_json_text(&value),
        Ok(Json::Null) => Value::map(BTreeMap::new()),
        Ok(other) => error_map(typed::decoding(mismatch(&other, MAP))),
        Err(error) => error_map(error),
    }
}

pub(super) fn from_yaml_array(text: &str) -> Value {
    match typed::yaml(text) {
        Ok(value @ Json::Array(_)) => Value::from_json_text(&value),
        Ok(Json::Null) => Value::list(Vec::new()),
        Ok(other) => error_list(typed::decoding(mismatch(&other, LIST))),
        Err(error) => error_list(error),
    }
}

/// Reads JSON; the words of its faults are Go's for the common ones.
fn json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| {
        if error.is_eof() {
            return "unexpected end of JSON input".to_owned();
        }
        let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
        let before = error.column().saturating_sub(1);
        let found = line.get(before..).and_then(|rest| rest.chars().next()).unwrap_or('\n');
        let shown = flux_gostd::quote::quote_rune(found);
        format!("invalid character {shown} looking for beginning of value")
    })
}

pub(super) fn from_json(text: &str) -> Value {
    match json(text) {
        Ok(value @ Json::Object(_)) => Value::from_json_text(&value),
        Ok(Json::Null) => Value::map(BTreeMap::new()),
        Ok(other) => error_map(mismatch(&other, MAP)),
        Err(error) => error_map(error),
    }
}

pub(super) fn from_json_array(text: &str) -> Value {
    match json(text) {
        Ok(value @ Json::Array(_)) => Value::from_json_text(&value),
        Ok(Json::Null) => Value::list(Vec::new()),
        Ok(other) => error_list(mismatch(&other, LIST)),
        Err(error) => error_list(error),
    }
}
