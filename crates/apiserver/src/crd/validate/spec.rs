//! `spec` of a definition: group, scope, names, versions and what each of them has.

use std::collections::HashSet;

use flux_schema::{
    DefinitionSchema, FieldError, FieldErrorKind, Path, Schema, check_definition, selectable_field,
};
use serde_json::Value;

use super::Errors;
use super::conversion;
use super::internal::{Parts, Spec, Version, has_status, schema_of};
use crate::crd::definition::{is_true, list};
use crate::crd::embedded;
use crate::names;

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 8] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
const MOST_SELECTABLE: usize = 8;

/// What is not held against a definition because it was so before.
#[derive(Default)]
pub(super) struct Demands {
    /// Certificates have to be readable.
    pub(super) certificates: bool,
    /// Versions that may go on with too many selectable fields, empty for what all share.
    many_selectable: HashSet<String>,
}

impl Demands {
    pub(super) fn of_update(object: &Value, old: &Value) -> Self {
        let mut many_selectable = HashSet::new();
        let (new_spec, old_spec) = (Spec::of(object), Spec::of(old));
        let same = |new: &Parts<'_>, old: &Parts<'_>| {
            let many = old.selectable.and_then(Value::as_array);
            many.is_some_and(|list| list.len() > MOST_SELECTABLE)
                && new.selectable == old.selectable
        };
        if same(&new_spec.shared, &old_spec.shared) {
            many_selectable.insert(String::new());
        }
        for version in &new_spec.versions {
            let name = &version.json["name"];
            let before = old_spec.versions.iter().find(|one| one.json["name"] == *name);
            if before.is_some_and(|old| same(&version.parts, &old.parts)) {
                many_selectable.insert(name.as_str().unwrap_or_default().to_owned());
            }
        }
        let before = old.pointer("/spec/conversion/webhook/clientConfig/caBundle");
        let was_unreadable = before
            .and_then(Value::as_str)
            .is_some_and(|bundle| !bundle.is_empty() && conversion::bundle_error(bundle).is_some());
        Self { certificates: is_true(old, "Established") && !was_unreadable, many_selectable }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Checks everything below `spec`.
pub(super) fn check(spec: &Spec<'_>, demands: &Demands, errors: &mut Errors) {
    group(text(spec.json, "group"), errors);
    one_of("spec.scope", text(spec.json, "scope"), &["Cluster", "Namespaced"], errors);
    if schema_of(spec.shared.schema).is_none() {
        for (at, version) in spec.versions.iter().enumerate() {
            if schema_of(version.parts.schema).is_none() {
                let field = format!("spec.versions[{at}].schema.openAPIV3Schema");
                errors.push(FieldError::required(field, ""));
            }
        }
    }
    let preserves = spec.json["preserveUnknownFields"].as_bool() == Some(true);
    if preserves && spec.schemas().any(|json| Schema::parse(json).any(|s| s.default.is_some())) {
        let detail = "must be false in order to use defaults in the schema";
        errors.push(FieldError::invalid("spec.preserveUnknownFields", &true.into(), detail));
    }
    versions(spec, demands, errors);
    for key in ["plural", "singular", "kind", "listKind"] {
        if text(&spec.json["names"], key).is_empty() {
            errors.push(FieldError::required(format!("spec.names.{key}"), ""));
        }
    }
    names("spec.names", &spec.json["names"], errors);
    shared(spec, demands, errors);
    let strategy = text(&spec.json["conversion"], "strategy");
    if preserves && strategy != "None" {
        let detail = "must be None if spec.preserveUnknownFields is true";
        errors.push(FieldError::invalid("spec.conversion.strategy", &strategy.into(), detail));
    }
    conversion::check(&spec.json["conversion"], demands, errors);
}

fn group(group: &str, errors: &mut Errors) {
    const FIELD: &str = "spec.group";
    let wrong = names::dns_subdomain_errors(group, None);
    if group.is_empty() {
        errors.push(FieldError::required(FIELD, ""));
    } else if !wrong.is_empty() {
        errors.push(FieldError::invalid(FIELD, &group.into(), wrong.join(",")));
    } else if !group.contains('.') {
        let detail = "should be a domain with at least one dot";
        errors.push(FieldError::invalid(FIELD, &group.into(), detail));
    }
}

/// Checks a word that has to be one of a few.
pub(super) fn one_of(field: &str, value: &str, accepted: &[&str], errors: &mut Errors) {
    if value.is_empty() {
        errors.push(FieldError::required(field, ""));
    } else if !accepted.contains(&value) {
        errors.push(FieldError::not_supported(field, &value.into(), accepted));
    }
}

fn label(field: String, name: &str, errors: &mut Errors) {
    let wrong = names::dns_1035_label_errors(name, None);
    if !wrong.is_empty() {
        errors.push(FieldError::invalid(field, &name.into(), wrong.join(",")));
    }
}

fn versions(spec: &Spec<'_>, demands: &Demands, errors: &mut Errors) {
    let mut seen = HashSet::new();
    let (mut unique, mut storages) = (true, 0);
    let separate = spec.versions.iter().any(|version| version.parts.subresources.is_some());
    for (at, version) in spec.versions.iter().enumerate() {
        let field = format!("spec.versions[{at}]");
        let name = text(version.json, "name");
        storages += usize::from(version.json["storage"].as_bool() == Some(true));
        unique &= seen.insert(name);
        label(format!("{field}.name"), name, errors);
        let subresources =
            if separate { version.parts.subresources } else { spec.shared.subresources };
        deprecation(&field, version, errors);
        let own = Parts { subresources: version.parts.subresources, ..version.parts };
        parts(&field, &own, has_status(subresources), errors);
        if let Some(selectable) = own.selectable {
            let field = format!("{field}.selectableFields");
            let ratcheted = demands.many_selectable.contains(name);
            match schema_of(own.schema) {
                Some(schema) => selectables(&field, selectable, (schema, ratcheted), errors),
                None => {
                    let detail =
                        "may only be set when `version.schema.openAPIV3Schema` is not included";
                    errors.push(FieldError::invalid(field, &"".into(), detail));
                }
            }
        }
    }
    let mut wrong = |detail: &str| {
        errors.push(FieldError::invalid_showing("spec.versions", spec.versions_text(), detail));
    };
    if !unique {
        wrong("must contain unique version names");
    }
    if storages != 1 {
        wrong("must have exactly one version marked as storage version");
    }
    if let Some(first) = spec.versions.first() {
        label("spec.version".to_owned(), text(first.json, "name"), errors);
    }
}

fn deprecation(field: &str, version: &Version<'_>, errors: &mut Errors) {
    let Some(warning) = version.json["deprecationWarning"].as_str() else { return };
    let mut wrong = |detail: String| {
        let field = format!("{field}.deprecationWarning");
        errors.push(FieldError::invalid(field, &warning.into(), detail));
    };
    if version.json["deprecated"].as_bool() != Some(true) {
        return wrong("can only be set for deprecated versions".to_owned());
    }
    if warning.len() > 256 {
        wrong("must be <= 256 characters long".to_owned());
    }
    if warning.is_empty() {
        wrong("must not be an empty string".to_owned());
    }
    let unprintable = |c: char| c.is_control() || c.is_whitespace() && c != ' ';
    if let Some(at) = warning.find(unprintable) {
        wrong(format!(
            "must only contain printable UTF-8 characters; non-printable character found at index \
             {at}"
        ));
    }
}

/// Checks what all versions share.
fn shared(spec: &Spec<'_>, demands: &Demands, errors: &mut Errors) {
    let own = spec.versions.iter().map(|version| version.parts.subresources);
    let any_status = own.chain([spec.shared.subresources]).any(has_status);
    // Shared schemas are printed under their old name.
    if let Some(json) = schema_of(spec.shared.schema) {
        schema("spec.validation.openAPIV3Schema", json, any_status, errors);
    }
    let rest = Parts { schema: None, ..spec.shared };
    parts("spec", &rest, any_status, errors);
    if let Some(selectable) = spec.shared.selectable {
        let field = "spec.selectableFields";
        let ratcheted = demands.many_selectable.contains("");
        match (spec.shared.schema, schema_of(spec.shared.schema)) {
            (_, Some(schema)) => selectables(field, selectable, (schema, ratcheted), errors),
            (None, None) => {
                let detail = "may only be set when validations.schema is included";
                errors.push(FieldError::invalid(field, &"".into(), detail));
            }
            (Some(_), None) => {
                selectables(field, selectable, (&Value::Null, ratcheted), errors);
            }
        }
    }
}

fn schema(field: &str, json: &Value, has_status: bool, errors: &mut Errors) {
    let base = Path::new(field);
    let definition = DefinitionSchema { json, has_status };
    errors.extend(check_definition(&base, definition, &embedded::judge));
}

fn parts(field: &str, parts: &Parts<'_>, has_status: bool, errors: &mut Errors) {
    if let Some(json) = schema_of(parts.schema) {
        schema(&format!("{field}.schema.openAPIV3Schema"), json, has_status, errors);
    }
    if let Some(scale) = parts.subresources.and_then(|all| all.get("scale")) {
        scale_paths(&format!("{field}.subresources.scale"), scale, errors);
    }
    let columns = parts.columns.and_then(Value::as_array).into_iter().flatten();
    for (at, one) in columns.enumerate() {
        column(&format!("{field}.additionalPrinterColumns[{at}]"), one, errors);
    }
}

fn scale_paths(field: &str, scale: &Value, errors: &mut Errors) {
    if !scale.is_object() {
        return;
    }
    for (key, wanted, place) in [
        ("specReplicasPath", &[".spec."] as &[&str], "under .spec"),
        ("statusReplicasPath", &[".status."], "under .status"),
        ("labelSelectorPath", &[".spec.", ".status."], "under either .spec or .status"),
    ] {
        let field = format!("{field}.{key}");
        let path = text(scale, key);
        if path.is_empty() {
            if key != "labelSelectorPath" {
                errors.push(FieldError::required(field, ""));
            }
        } else if !path.starts_with('.') {
            errors.push(not_simple(field, path));
        } else if !wanted.iter().any(|prefix| path.starts_with(prefix)) {
            let detail = format!("should be a json path {place}");
            errors.push(FieldError::invalid(field, &path.into(), detail));
        }
    }
}

fn not_simple(field: String, path: &str) -> FieldError {
    FieldError::invalid(field, &path.into(), "must be a simple json path starting with .")
}

fn column(field: &str, column: &Value, errors: &mut Errors) {
    if text(column, "name").is_empty() {
        errors.push(FieldError::required(format!("{field}.name"), ""));
    }
    let kind = text(column, "type");
    if !COLUMN_TYPES.contains(&kind) {
        let detail = format!("must be one of {}", COLUMN_TYPES.join(","));
        let field = format!("{field}.type");
        errors.push(match kind {
            "" => FieldError::required(field, detail),
            kind => FieldError::invalid(field, &kind.into(), detail),
        });
    }
    let format = text(column, "format");
    if !format.is_empty() && !COLUMN_FORMATS.contains(&format) {
        let detail = format!("must be one of {}", COLUMN_FORMATS.join(","));
        errors.push(FieldError::invalid(format!("{field}.format"), &format.into(), detail));
    }
    let field = format!("{field}.JSONPath");
    match text(column, "jsonPath") {
        "" => errors.push(FieldError::required(field, "")),
        path if !path.starts_with('.') => errors.push(not_simple(field, path)),
        _ => {}
    }
}

fn selectables(
    field: &str,
    selectable: &Value,
    (schema, ratcheted): (&Value, bool),
    errors: &mut Errors,
) {
    let schema = Schema::parse(schema);
    let mut seen = HashSet::new();
    for (at, one) in list(selectable, "").enumerate() {
        let field = format!("{field}[{at}].jsonPath");
        let path = text(one, "jsonPath");
        if path.is_empty() {
            errors.push(FieldError::required(field, ""));
            continue;
        }
        let mut wrong =
            |detail: &str| errors.push(FieldError::invalid(&field, &path.into(), detail));
        let (found, of) = match selectable_field(path, &schema) {
            Ok(found) => found,
            Err(why) => {
                wrong(&format!("is an invalid path: {why}"));
                continue;
            }
        };
        if found == "metadata" || found.starts_with("metadata.") {
            wrong("must not point to fields in metadata");
        }
        if !matches!(of.kind.as_str(), "string" | "boolean" | "integer") {
            wrong(
                "must point to a field of type string, boolean or integer. Enum string fields and \
                 strings with formats are allowed.",
            );
        }
        if !seen.insert(found) {
            errors.push(FieldError::duplicate(&field, &path.into()));
        }
    }
    if seen.len() > MOST_SELECTABLE && !ratcheted {
        let detail = format!("must have at most {MOST_SELECTABLE} items");
        errors.push(FieldError {
            kind: FieldErrorKind::TooMany,
            field: field.to_owned(),
            value: Some(seen.len().to_string()),
            detail,
        });
    }
}

/// Checks the names of a definition, wanted or accepted; empty ones are none.
pub(super) fn names(field: &str, names: &Value, errors: &mut Errors) {
    for key in ["plural", "singular"] {
        if !text(names, key).is_empty() {
            label(format!("{field}.{key}"), text(names, key), errors);
        }
    }
    for key in ["kind", "listKind"] {
        let name = text(names, key);
        let wrong = names::dns_1035_label_errors(&name.to_lowercase(), None);
        if !name.is_empty() && !wrong.is_empty() {
            let detail =
                format!("may have mixed case, but should otherwise match: {}", wrong.join(","));
            errors.push(FieldError::invalid(format!("{field}.{key}"), &name.into(), detail));
        }
    }
    let labels = |key: &str, errors: &mut Errors| {
        let list = list(names, &format!("/{key}")).filter_map(Value::as_str);
        for (at, name) in list.enumerate() {
            label(format!("{field}.{key}[{at}]"), name, errors);
        }
    };
    labels("shortNames", errors);
    let kind = text(names, "kind");
    if !kind.is_empty() && kind == text(names, "listKind") {
        let detail = "kind and listKind may not be the same";
        errors.push(FieldError::invalid(format!("{field}.listKind"), &kind.into(), detail));
    }
    labels("categories", errors);
}
