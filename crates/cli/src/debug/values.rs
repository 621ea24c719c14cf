//! The values of a HelmRelease: references in their order, then its own.

use std::collections::BTreeMap;

use flux_build::Lookup;
use flux_cluster::Target;
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};

use crate::CliError;
use crate::context::Context;

/// Merges the values that a HelmRelease is installed with.
pub(super) async fn merged(object: &Object, cx: &mut Context<'_>) -> Result<Value, CliError> {
    let mut values = json!({});
    let references = object.pointer("/spec/valuesFrom").and_then(Value::as_array);
    for reference in references.into_iter().flatten() {
        if let Some(data) = read(reference, object.namespace(), cx).await? {
            apply(&mut values, reference, &data)?;
        }
    }
    if let Some(own) = object.pointer("/spec/values") {
        merge(&mut values, own.clone());
    }
    Ok(values)
}

fn field<'a>(reference: &'a Value, key: &str) -> &'a str {
    reference.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Reads the object that a reference names; nothing if it is missing and may be.
async fn read(
    reference: &Value,
    namespace: &str,
    cx: &mut Context<'_>,
) -> Result<Option<BTreeMap<String, String>>, CliError> {
    let (kind, name) = (field(reference, "kind"), field(reference, "name"));
    if !matches!(kind, "ConfigMap" | "Secret") {
        return Err(CliError::Failed(format!("unsupported ValuesReference kind '{kind}'")));
    }
    let optional = reference.get("optional").and_then(Value::as_bool).unwrap_or_default();
    let target = Target::new(GroupVersionKind::new("", "v1", kind), namespace, name);
    let found = cx.cluster().await?.find(&target).await;
    match found.map_err(|error| CliError::Cluster(error.to_string()))? {
        Some(object) => match Lookup::of_object(object.as_value()) {
            Lookup::Found(data) => Ok(Some(data)),
            Lookup::NotFound | Lookup::Failed(_) => Ok(None),
        },
        None if optional => Ok(None),
        None => Err(CliError::Failed(format!(
            "could not resolve {kind} chart values reference '{namespace}/{name}' with key '{}': not found",
            key(reference)
        ))),
    }
}

fn key(reference: &Value) -> &str {
    match field(reference, "valuesKey") {
        "" => "values.yaml",
        key => key,
    }
}

fn apply(
    values: &mut Value,
    reference: &Value,
    data: &BTreeMap<String, String>,
) -> Result<(), CliError> {
    let key = key(reference);
    let Some(text) = data.get(key) else {
        let optional = reference.get("optional").and_then(Value::as_bool).unwrap_or_default();
        return match optional {
            true => Ok(()),
            false => Err(CliError::Failed(format!(
                "could not resolve {} chart values reference '{}' with key '{key}': missing key",
                field(reference, "kind"),
                field(reference, "name"),
            ))),
        };
    };
    match field(reference, "targetPath") {
        "" => {
            let parsed = flux_yaml::from_str(text).map_err(|error| {
                CliError::Failed(format!("unable to parse values of key '{key}': {error}"))
            })?;
            if !parsed.is_null() {
                merge(values, parsed);
            }
        }
        path => set(values, path, scalar(text)),
    }
    Ok(())
}

/// Sets a value at a path of keys that dots separate.
fn set(values: &mut Value, path: &str, value: Value) {
    let mut place = values;
    for key in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[key];
    }
    *place = value;
}

/// Reads a value as `--set` does: quotes keep a text, words and numbers get their type.
fn scalar(text: &str) -> Value {
    let text = text.trim_end_matches('\n');
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|it| it.strip_suffix(quote)) {
            return inner.into();
        }
    }
    match text {
        "true" => true.into(),
        "false" => false.into(),
        "null" => Value::Null,
        "0" => 0.into(),
        _ if text.starts_with('0') => text.into(),
        _ => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
    }
}

/// Merges maps; what is no map is replaced.
fn merge(target: &mut Value, source: Value) {
    match (target, source) {
        (Value::Object(target), Value::Object(source)) => {
            for (key, value) in source {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, source) => *target = source,
    }
}
