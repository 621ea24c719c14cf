//! Whether a definition may be stored.
//!
//! `internal` is the definition as the checks see it, `spec` checks names and versions, `conversion`
//! webhooks, `approval` groups that belong to Kubernetes. What is inside a schema is judged by
//! `flux_schema`.

mod approval;
mod conversion;
mod internal;
mod spec;
#[cfg(test)]
mod tests;

use flux_schema::{FieldError as SchemaError, Schema, unrecognized_formats};
use serde_json::Value;

use super::custom::convert;
use super::definition::{is_true, list};
use crate::meta;
use crate::status::FieldErrors;
pub(super) use approval::Approval;
use internal::Spec;

type Errors = Vec<SchemaError>;

/// Checks a new definition.
pub(super) fn create(object: &Value) -> FieldErrors {
    let mut errors = Errors::new();
    name(object, &mut errors);
    let spec = Spec::of(object);
    let demands = spec::Demands::default();
    spec::check(&spec, &demands, &mut errors);
    common(object, &mut errors);
    errors.extend(approval::check(object, None));
    unknown_fields(object, &mut errors);
    convert(errors)
}

/// Checks a definition that is to replace another.
pub(super) fn update(object: &Value, old: &Value) -> FieldErrors {
    let mut errors = Errors::new();
    let established = is_true(old, "Established");
    let spec = Spec::of(object);
    spec::check(&spec, &spec::Demands::of_update(object, old), &mut errors);
    let mut immutable = |pointer: &str| {
        if object.pointer(pointer) != old.pointer(pointer) {
            let field = pointer.trim_start_matches('/').replace('/', ".");
            let value = object.pointer(pointer).unwrap_or(&Value::Null);
            errors.push(SchemaError::invalid(field, value, "field is immutable"));
        }
    };
    if established {
        immutable("/spec/scope");
        immutable("/spec/names/kind");
    }
    immutable("/spec/group");
    immutable("/spec/names/plural");
    common(object, &mut errors);
    errors.extend(approval::check(object, Some(old)));
    if old["spec"]["preserveUnknownFields"].as_bool() != Some(true) {
        unknown_fields(object, &mut errors);
    }
    convert(errors)
}

/// Checks the status of a definition.
pub(super) fn status(object: &Value) -> FieldErrors {
    let mut errors = Errors::new();
    spec::names("status.acceptedNames", &object["status"]["acceptedNames"], &mut errors);
    convert(errors)
}

/// Returns what is worth saying about a definition that is fine: formats that mean nothing.
pub(super) fn warnings(object: &Value, old: Option<&Value>) -> Vec<String> {
    let before = old.map(formats).unwrap_or_default();
    let new = formats(object).into_iter().filter(|format| !before.contains(format));
    new.map(|format| format!("unrecognized format {}", Value::from(format))).collect()
}

fn formats(object: &Value) -> Vec<String> {
    let spec = Spec::of(object);
    let schemas = spec.schemas().map(Schema::parse).collect::<Vec<_>>();
    let formats = schemas.iter().flat_map(unrecognized_formats);
    formats.map(str::to_owned).collect()
}

/// The name is made of the plural name and the group.
fn name(object: &Value, errors: &mut Errors) {
    let plural = meta::text(object, "/spec/names/plural");
    let wanted = format!("{plural}.{}", meta::text(object, "/spec/group"));
    for key in ["generateName", "name"] {
        let given = meta::text(object, &format!("/metadata/{key}"));
        if !given.is_empty() && given != wanted {
            let detail = "must be spec.names.plural+\".\"+spec.group";
            errors.push(SchemaError::invalid(format!("metadata.{key}"), &given.into(), detail));
        }
    }
}

fn common(object: &Value, errors: &mut Errors) {
    spec::names("status.acceptedNames", &object["status"]["acceptedNames"], errors);
    const FIELD: &str = "status.storedVersions";
    let stored = &object["status"]["storedVersions"];
    let names: Vec<&str> =
        stored.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() {
        let shown = stored.as_array().map_or(&Value::Null, |_| stored);
        errors.push(SchemaError::invalid(FIELD, shown, "must have at least one stored version"));
        return;
    }
    let versions = || list(object, "/spec/versions");
    for version in versions() {
        let name = meta::text(version, "/name");
        if version["storage"].as_bool() == Some(true) && !names.contains(&name) {
            let detail = format!("must have the storage version {name}");
            errors.push(SchemaError::invalid(FIELD, stored, detail));
        }
    }
    for (at, name) in names.iter().enumerate() {
        if !versions().any(|version| meta::text(version, "/name") == *name) {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must \
                 remain in spec.versions until a storage migration ensures no data remains \
                 persisted in {name} and removes {name} from status.storedVersions"
            );
            errors.push(SchemaError::invalid(format!("{FIELD}[{at}]"), &(*name).into(), detail));
        }
    }
}

fn unknown_fields(object: &Value, errors: &mut Errors) {
    if object["spec"]["preserveUnknownFields"].as_bool() == Some(true) {
        let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                      spec.versions[*].schema instead";
        let field = "spec.preserveUnknownFields";
        errors.push(SchemaError::invalid(field, &true.into(), detail));
    }
}
