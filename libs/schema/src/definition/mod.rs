//! The rules that the schema of a definition has to keep itself.
//!
//! `structural` finds values without a known place, `defaults` defaults that would not be accepted,
//! `keywords` what may not be said, `lists` list and map types, `rules` and `costs` expressions. The
//! words are those of the API server.

mod costs;
mod defaults;
mod keywords;
mod lists;
mod rules;
mod structural;
#[cfg(test)]
mod tests;
mod text;

use serde_json::Value;

use crate::field::{FieldError, Path};
use crate::schema::Schema;
use costs::{Cardinality, Costs};
use keywords::{Part, Place};
pub use text::schema_text;

/// Judges `apiVersion`, `kind` and `metadata` of a resource inside another one.
pub type EmbeddedCheck<'a> = &'a dyn Fn(&Path<'_>, &Value) -> Vec<FieldError>;

/// The schema of one version of a definition.
#[derive(Clone, Copy)]
pub struct DefinitionSchema<'a> {
    /// The `openAPIV3Schema`.
    pub json: &'a Value,
    /// Whether `status` is written on its own, so that its schema must stand on its own, too.
    pub has_status: bool,
}

/// Internal names of the keywords that the root may have beside `properties` where `status` is
/// written on its own.
const AT_ROOT: [&str; 22] = [
    "Description",
    "Type",
    "Format",
    "Title",
    "Maximum",
    "ExclusiveMaximum",
    "Minimum",
    "ExclusiveMinimum",
    "MaxLength",
    "MinLength",
    "Pattern",
    "MaxItems",
    "MinItems",
    "UniqueItems",
    "MultipleOf",
    "Required",
    "Items",
    "Properties",
    "ExternalDocs",
    "Example",
    "XPreserveUnknownFields",
    "XValidations",
];

/// Finds everything that is wrong with the schema of a definition.
///
/// `base` is the path of the schema, `embedded` judges defaults that hold resources.
pub fn check_definition(
    base: &Path<'_>,
    definition: DefinitionSchema<'_>,
    embedded: EmbeddedCheck<'_>,
) -> Vec<FieldError> {
    let json = definition.json;
    let schema = Schema::parse(json);
    let mut errors = Vec::new();
    if definition.has_status {
        errors.extend(root_of_status(base, json, &schema));
    }
    if schema.nullable {
        let detail = "nullable cannot be true at the root";
        errors.push(FieldError::forbidden(base.child("nullable"), detail));
    }
    let unreadable = structural::unreadable(&schema);
    let mut cardinality = None;
    if unreadable.is_none() {
        let mut found = structural::violations(base, &schema);
        if found.is_empty() {
            found = defaults::check(base, Part { schema: &schema, json }, embedded);
        }
        cardinality = found.is_empty().then_some(Cardinality::AtMost(1));
        errors.extend(found);
    }
    let mut costs = Costs::default();
    let part = Part { schema: &schema, json };
    let found = keywords::check(base, part, Place::root(cardinality), &mut costs);
    errors.extend(found.into_errors());
    if let Some(reason) = unreadable.filter(|_| errors.is_empty()) {
        errors.push(FieldError::invalid(base, &"".into(), reason));
    }
    errors.extend(costs.errors(base));
    errors
}

fn root_of_status(base: &Path<'_>, json: &Value, schema: &Schema) -> Option<FieldError> {
    for (name, _) in text::keywords(json) {
        if name == "Type" && schema.kind.as_str() != "object" {
            let detail = "only \"object\" is allowed as the type at the root of the schema if the \
                          status subresource is enabled";
            let value = schema.kind.as_str().into();
            return Some(FieldError::invalid(base.child("type"), &value, detail));
        }
        if !AT_ROOT.contains(&name) {
            let detail = format!(
                "only [{}] fields are allowed at the root of the schema if the status subresource \
                 is enabled",
                AT_ROOT.join(" ")
            );
            return Some(FieldError::invalid_showing(base, schema_text(json), detail));
        }
    }
    None
}

/// Judges all resources inside a value, wherever the schema has some.
pub fn validate_embedded(
    base: &Path<'_>,
    schema: &Schema,
    value: &Value,
    judge: EmbeddedCheck<'_>,
) -> Vec<FieldError> {
    let mut errors = Vec::new();
    visit_embedded(base, schema, value, &mut |path, value| errors.extend(judge(path, value)));
    errors
}

fn visit_embedded(
    path: &Path<'_>,
    schema: &Schema,
    value: &Value,
    visit: &mut dyn FnMut(&Path<'_>, &Value),
) {
    match value {
        Value::Object(fields) => {
            if schema.embedded_resource {
                visit(path, value);
            }
            for (key, field) in fields {
                if let Some(property) = schema.properties.get(key.as_str()) {
                    visit_embedded(&path.child(key), property, field, visit);
                } else if let Some(additional) = schema.additional_schema() {
                    visit_embedded(&path.key(key), additional, field, visit);
                }
            }
        }
        Value::Array(items) => {
            let Some(item) = schema.item() else { return };
            for (at, value) in items.iter().enumerate() {
                visit_embedded(&path.index(at), item, value, visit);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Tells which formats of a schema mean nothing, in the order of the schema.
pub fn unrecognized_formats(schema: &Schema) -> Vec<&str> {
    let mut found = Vec::new();
    schema.visit(&mut |part| {
        let format = part.format.as_deref();
        found.extend(format.filter(|format| !crate::format::is_recognized(&part.kind, format)));
    });
    found
}
