//! YAML and JSON as Helm's template functions write and read them.

use std::path::Path;

use anyhow::Context;
use flux_yaml::{Emit, Node};
use serde_json::{Value, json};

use super::Case;
use super::goyaml::with_floats;

/// Writes the recorded values and reads the recorded texts.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let file = root.join("helm/yaml-cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let recorded: Value = serde_json::from_slice(&text)?;
    let values = recorded["values"].as_array().context("no values")?;
    let texts = recorded["texts"].as_array().context("no texts")?;
    Ok(values.iter().flat_map(write).chain(texts.iter().flat_map(read)).collect())
}

fn field(case: &Value, key: &str) -> String {
    case[key].as_str().unwrap_or_default().to_owned()
}

fn write(case: &Value) -> Vec<Case> {
    let name = field(case, "yaml");
    let value = match flux_yaml::from_str(&name) {
        Ok(values) => with_floats(&values["x"]),
        Err(error) => {
            return vec![Case::compare(name, &error.to_string(), &field(case, "error"))];
        }
    };
    let trim = |text: String| text.strip_suffix('\n').map_or(text.clone(), str::to_owned);
    let written = [
        ("toYaml", trim(flux_yaml::marshal(&value).unwrap_or_default())),
        ("toYamlPretty", trim(flux_yaml::emit(&Node::from_value(&value), Emit::Wide))),
        ("toJson", flux_yaml::to_json(&value)),
    ];
    let compare =
        |(function, got)| Case::compare(format!("{function} {name}"), &got, &field(case, function));
    written.into_iter().map(compare).collect()
}

fn read(case: &Value) -> [Case; 2] {
    let text = field(case, "text");
    let type_error = |found: &str, wanted: &str| {
        format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type {wanted}"
        )
    };
    let refuse = |value: &Value, wanted: &str| match value {
        Value::Array(_) => type_error("array", wanted),
        Value::Object(_) => type_error("object", wanted),
        Value::String(_) => type_error("string", wanted),
        _ => type_error("number", wanted),
    };
    let value = flux_yaml::from_str(&text).map_err(|error| error.to_string());
    let map = match &value {
        Ok(value @ Value::Object(_)) => value.clone(),
        Ok(Value::Null) => json!({}),
        Ok(value) => json!({"Error": refuse(value, "map[string]interface {}")}),
        Err(error) => json!({"Error": error}),
    };
    let array = match &value {
        Ok(value @ Value::Array(_)) => value.clone(),
        Ok(Value::Null) => json!([]),
        Ok(value) => json!([refuse(value, "[]interface {}")]),
        Err(error) => json!([error]),
    };
    let compare = |function: &str, got: &Value| {
        let want = serde_json::from_str(&field(case, function)).unwrap_or_default();
        Case::compare(format!("{function} {text}"), got, &want)
    };
    [compare("fromYaml", &map), compare("fromYamlArray", &array)]
}
