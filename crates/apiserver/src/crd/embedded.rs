//! Resources inside custom resources: their `apiVersion`, `kind` and `metadata` are those of any
//! resource.

use flux_schema::{FieldError, FieldErrorKind, Path, Schema};
use serde_json::Value;

use crate::builtin::decode_metadata;
use crate::document::{Document, Node};
use crate::meta;
use crate::names;
use crate::status::{self, FieldErrorKind as StatusKind};

/// Checks the types of all embedded resources and drops what their metadata does not know.
///
/// Returns the paths of what was dropped, sorted.
///
/// # Errors
/// The first thing of a wrong type.
pub(super) fn coerce(object: &mut Value, schema: &Schema) -> Result<Vec<String>, FieldError> {
    let mut unknown = Vec::new();
    visit(&Path::ROOT, object, schema, &mut unknown)?;
    unknown.sort();
    Ok(unknown)
}

fn visit(
    path: &Path<'_>,
    value: &mut Value,
    schema: &Schema,
    unknown: &mut Vec<String>,
) -> Result<(), FieldError> {
    match value {
        Value::Object(fields) => {
            if schema.embedded_resource {
                if let Some(error) = wrong_type(path, fields) {
                    return Err(error);
                }
                if let Some(metadata) = fields.get_mut("metadata") {
                    let below = path.child("metadata");
                    let decoded = read(&below, metadata)?;
                    let prefix = below.to_text();
                    let paths = decoded.strict_errors.iter().filter_map(|text| {
                        let inner = text.strip_prefix("unknown field \"metadata")?;
                        Some(format!("{prefix}{}", inner.trim_end_matches('"')))
                    });
                    unknown.extend(paths);
                    *metadata = decoded.object;
                }
            }
            for (key, field) in fields.iter_mut() {
                if let Some(property) = schema.properties.get(key.as_str()) {
                    visit(&path.child(key), field, property, unknown)?;
                } else if let Some(additional) = schema.additional_schema() {
                    visit(&path.key(key), field, additional, unknown)?;
                }
            }
        }
        Value::Array(items) => {
            let Some(item) = schema.item() else { return Ok(()) };
            for (at, value) in items.iter_mut().enumerate() {
                visit(&path.index(at), value, item, unknown)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

fn wrong_type(path: &Path<'_>, fields: &serde_json::Map<String, Value>) -> Option<FieldError> {
    ["apiVersion", "kind"].into_iter().find_map(|key| {
        let value = fields.get(key).filter(|value| !value.is_string())?;
        Some(FieldError::invalid(path.child(key), value, "must be a string"))
    })
}

fn read(path: &Path<'_>, metadata: &Value) -> Result<crate::registry::Decoded, FieldError> {
    let node: Node = Document::from(metadata).root().clone();
    let node = if matches!(node, Node::Null) { Node::Object(Vec::new()) } else { node };
    decode_metadata(&node).map_err(|error| FieldError::invalid(path, metadata, error))
}

/// Judges `apiVersion`, `kind` and `metadata` of one resource.
pub(super) fn judge(path: &Path<'_>, value: &Value) -> Vec<FieldError> {
    let Some(fields) = value.as_object() else { return Vec::new() };
    if let Some(error) = wrong_type(path, fields) {
        return vec![error];
    }
    let mut errors = Vec::new();
    for key in ["apiVersion", "kind"] {
        let field = path.child(key);
        let Some(text) = fields.get(key).and_then(Value::as_str) else {
            errors.push(FieldError::required(field, ""));
            continue;
        };
        let wrong = match key {
            _ if text.is_empty() => Some("must not be empty".to_owned()),
            "apiVersion" => (text.matches('/').count() > 1)
                .then(|| format!("unexpected GroupVersion string: {text}")),
            _ => {
                let wrong = names::dns_1035_label_errors(&text.to_lowercase(), None);
                (!wrong.is_empty()).then(|| {
                    let wrong = wrong.join(",");
                    format!("may have mixed case, but should otherwise match: {wrong}")
                })
            }
        };
        errors.extend(wrong.map(|detail| FieldError::invalid(field, &text.into(), detail)));
    }
    if let Some(metadata) = fields.get("metadata") {
        match read(&path.child("metadata"), metadata) {
            Err(error) => errors.push(error),
            Ok(_) => errors.extend(meta::check_embedded(value).iter().map(|one| at(path, one))),
        }
    }
    errors
}

/// Puts an error of a resource where the resource stands.
fn at(path: &Path<'_>, error: &status::FieldError) -> FieldError {
    let kind = match error.kind {
        StatusKind::Required => FieldErrorKind::Required,
        StatusKind::Duplicate => FieldErrorKind::Duplicate,
        StatusKind::Invalid | StatusKind::NotFound => FieldErrorKind::Invalid,
        StatusKind::TypeInvalid => FieldErrorKind::TypeInvalid,
        StatusKind::NotSupported => FieldErrorKind::NotSupported,
        StatusKind::Forbidden => FieldErrorKind::Forbidden,
        StatusKind::TooLong => FieldErrorKind::TooLong,
        StatusKind::TooMany => FieldErrorKind::TooMany,
        StatusKind::Internal => FieldErrorKind::Internal,
    };
    let status::FieldError { field, value, detail, .. } = error.clone();
    FieldError { kind, field: path.child(&field).to_string(), value, detail }
}
