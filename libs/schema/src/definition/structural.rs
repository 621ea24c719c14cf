//! Whether a schema is structural: every value has a known place, and logic only restricts values.

use crate::field::{FieldError, Path};
use crate::pattern;
use crate::schema::{Additional, Combined, Items, Limits, Schema, Type};

/// Finds what makes a schema unstructural, sorted by text.
pub(super) fn violations(base: &Path<'_>, schema: &Schema) -> Vec<FieldError> {
    let mut errors = Vec::new();
    part(base, schema, Level::Root, &mut errors);
    let place = Place { schema: Some(schema), path: base };
    if let Some(combined) = schema.combined.as_deref() {
        complete_logic(place, combined, base, &mut errors);
    }
    errors.sort_by_cached_key(ToString::to_string);
    errors
}

/// Returns why a schema cannot even be read as a structural one.
pub(super) fn unreadable(schema: &Schema) -> Option<&'static str> {
    let mut reason = None;
    schema.visit(&mut |part| reason = reason.or_else(|| unreadable_part(part)));
    reason
}

fn unreadable_part(schema: &Schema) -> Option<&'static str> {
    if let Some(unsupported) = schema.unsupported.as_deref() {
        let reference = unsupported.reference.as_deref().is_some_and(|text| !text.is_empty());
        let dependencies = unsupported.dependencies.as_ref().is_some_and(|map| !map.is_empty());
        let found = [
            (unsupported.id, "OpenAPIV3Schema 'id' is not supported"),
            (unsupported.schema, "OpenAPIV3Schema 'schema' is not supported"),
            (reference, "OpenAPIV3Schema '$ref' is not supported"),
            (
                !unsupported.pattern_properties.is_empty(),
                "OpenAPIV3Schema 'patternProperties' is not supported",
            ),
            (dependencies, "OpenAPIV3Schema 'dependencies' is not supported"),
            (unsupported.additional_items, "OpenAPIV3Schema 'additionalItems' is not supported"),
            (!unsupported.definitions.is_empty(), "OpenAPIV3Schema 'definitions' is not supported"),
        ];
        if let Some((_, reason)) = found.into_iter().find(|(is_set, _)| *is_set) {
            return Some(reason);
        }
    }
    if schema.preserve_unknown_fields == Some(false) {
        return Some(
            "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined",
        );
    }
    match &schema.items {
        Some(Items::Positional(list)) if !list.is_empty() => {
            Some("OpenAPIV3Schema 'items' must be a schema, but is an array")
        }
        _ => None,
    }
}

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

fn part(path: &Path<'_>, schema: &Schema, level: Level, errors: &mut Vec<FieldError>) {
    if schema.kind == Type::Array && schema.item().is_none() {
        errors.push(FieldError::required(path.child("items"), "must be specified"));
    }
    if let Some(item) = schema.item() {
        part(&path.child("items"), item, Level::Item, errors);
    }
    let properties = path.child("properties");
    for (name, property) in &schema.properties {
        part(&properties.key(name), property, Level::Field, errors);
    }
    if schema.additional.is_some() && level == Level::Root {
        let detail = "must not be used at the root";
        errors.push(FieldError::forbidden(path.child("additionalProperties"), detail));
    }
    if let Some(additional) = schema.additional_schema() {
        part(&path.child("additionalProperties"), additional, Level::Field, errors);
    }
    extensions(path, schema, errors);
    logic(path, schema.limits.as_deref(), schema.combined.as_deref(), Skip::of(schema), errors);
    types(path, schema, level, errors);
    resource(path, schema, level, errors);
}

fn extensions(path: &Path<'_>, schema: &Schema, errors: &mut Vec<FieldError>) {
    const DETAIL: &str = "must be false if x-kubernetes-int-or-string is true";
    if !schema.int_or_string {
        return;
    }
    if schema.preserves_unknown_fields() {
        let path = path.child("x-kubernetes-preserve-unknown-fields");
        errors.push(FieldError::invalid(path, &true.into(), DETAIL));
    }
    if schema.embedded_resource {
        let path = path.child("x-kubernetes-embedded-resource");
        errors.push(FieldError::invalid(path, &true.into(), DETAIL));
    }
}

fn types(path: &Path<'_>, schema: &Schema, level: Level, errors: &mut Vec<FieldError>) {
    let kind = &schema.kind;
    let field = path.child("type");
    if schema.embedded_resource && *kind != Type::Object {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(match kind {
            Type::Absent => FieldError::required(field, detail),
            kind => FieldError::invalid(field, &kind.as_str().into(), detail),
        });
    } else if *kind == Type::Absent && !schema.int_or_string && !schema.preserves_unknown_fields() {
        errors.push(FieldError::required(
            field,
            match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            },
        ));
    }
    if schema.embedded_resource && schema.additional.is_some() {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(FieldError::forbidden(path.child("additionalProperties"), detail));
    }
    if level == Level::Root && !matches!(kind, Type::Absent | Type::Object) {
        let detail = "must be object at the root";
        errors.push(FieldError::invalid(field, &kind.as_str().into(), detail));
    }
}

/// Checks what every resource has: `apiVersion`, `kind` and `metadata`.
fn resource(path: &Path<'_>, schema: &Schema, level: Level, errors: &mut Vec<FieldError>) {
    let is_resource = level == Level::Root || schema.embedded_resource;
    let properties = path.child("properties");
    for name in ["kind", "apiVersion"] {
        if let Some(property) = schema.properties.get(name).filter(|_| is_resource)
            && property.kind != Type::String
        {
            let field = properties.key(name);
            let value = property.kind.as_str().into();
            errors.push(FieldError::invalid(field.child("type"), &value, "must be string"));
        }
    }
    if let Some(metadata) = schema.properties.get("metadata") {
        let field = properties.key("metadata");
        if is_resource && metadata.kind != Type::Object {
            let value = metadata.kind.as_str().into();
            errors.push(FieldError::invalid(field.child("type"), &value, "must be object"));
        }
        if level == Level::Root && !restricts_names_only(metadata) {
            let detail = "must not specify anything other than name and generateName, but \
                          metadata is implicitly specified";
            errors.push(FieldError::forbidden(field, detail));
        }
    }
    if schema.embedded_resource
        && !schema.preserves_unknown_fields()
        && schema.properties.is_empty()
    {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without \
                      x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(properties, detail));
    }
}

fn restricts_names_only(metadata: &Schema) -> bool {
    let mut rest = metadata.clone();
    rest.kind = Type::Absent;
    rest.default = None;
    rest.properties.retain(|name, _| !matches!(&**name, "name" | "generateName"));
    rest == Schema::default()
}

/// Which part of the logic of an int-or-string may name types.
#[derive(Clone, Copy, Default)]
struct Skip {
    any_of: bool,
    first_any_of: bool,
}

impl Skip {
    fn of(schema: &Schema) -> Self {
        let Some(combined) = schema.combined.as_deref() else { return Self::default() };
        let first = combined.all_of.first().and_then(|first| first.combined.as_deref());
        Self {
            any_of: is_int_or_string(&combined.any_of),
            first_any_of: first.is_some_and(|first| is_int_or_string(&first.any_of)),
        }
    }
}

fn is_int_or_string(any_of: &[Schema]) -> bool {
    let of = |kind| Schema { kind, ..Schema::default() };
    any_of == [of(Type::Integer), of(Type::String)]
}

fn logic(
    path: &Path<'_>,
    limits: Option<&Limits>,
    combined: Option<&Combined>,
    skip: Skip,
    errors: &mut Vec<FieldError>,
) {
    if let Some(Combined { all_of, any_of, one_of, not }) = combined {
        for (key, list) in [("anyOf", any_of), ("allOf", all_of), ("oneOf", one_of)] {
            if key == "anyOf" && skip.any_of {
                continue;
            }
            let path = path.child(key);
            for (at, schema) in list.iter().enumerate() {
                let any_of = key == "allOf" && at == 0 && skip.first_any_of;
                nested(&path.index(at), schema, Skip { any_of, first_any_of: false }, errors);
            }
        }
        if let Some(not) = not {
            nested(&path.child("not"), not, Skip::default(), errors);
        }
    }
    if let Some(pattern) = limits.and_then(|limits| limits.pattern.as_deref())
        && let Err(error) = pattern::compile(pattern)
    {
        let detail = format!("must be a valid regular expression, but isn't: {error}");
        errors.push(FieldError::invalid(path.child("pattern"), &pattern.into(), detail));
    }
}

fn nested(path: &Path<'_>, schema: &Schema, skip: Skip, errors: &mut Vec<FieldError>) {
    logic(path, schema.limits.as_deref(), schema.combined.as_deref(), skip, errors);
    if let Some(item) = schema.item() {
        nested(&path.child("items"), item, Skip::default(), errors);
    }
    let properties = path.child("properties");
    for (name, property) in &schema.properties {
        nested(&properties.key(name), property, Skip::default(), errors);
    }
    const EMPTY: &str = "must be empty to be structural";
    const UNDEFINED: &str = "must be undefined to be structural";
    const FALSE: &str = "must be false to be structural";
    let additional = match &schema.additional {
        Some(Additional::Schema(_) | Additional::Allowed(true)) => true,
        Some(Additional::Allowed(false)) | None => false,
    };
    let forbidden = [
        ("type", schema.kind != Type::Absent, EMPTY),
        ("additionalProperties", additional, UNDEFINED),
        ("default", schema.default.is_some(), UNDEFINED),
        ("title", schema.titled, EMPTY),
        ("description", schema.described, EMPTY),
        ("nullable", schema.nullable, FALSE),
        ("x-kubernetes-preserve-unknown-fields", schema.preserves_unknown_fields(), FALSE),
        ("x-kubernetes-embedded-resource", schema.embedded_resource, FALSE),
        ("x-kubernetes-int-or-string", schema.int_or_string, FALSE),
        ("x-kubernetes-list-map-keys", !schema.list_map_keys.is_empty(), EMPTY),
        ("x-kubernetes-list-type", schema.list_type.is_some(), UNDEFINED),
        ("x-kubernetes-map-type", schema.map_type.is_some(), UNDEFINED),
        ("x-kubernetes-validations", !schema.rules.is_empty(), EMPTY),
    ];
    for (key, is_set, detail) in forbidden {
        if is_set {
            errors.push(FieldError::forbidden(path.child(key), detail));
        }
    }
    if schema.properties.contains_key("metadata") {
        let detail = "must not be specified in a nested context";
        errors.push(FieldError::forbidden(properties.key("metadata"), detail));
    }
}

/// The structural counterpart of a nested schema.
#[derive(Clone, Copy)]
struct Place<'a> {
    schema: Option<&'a Schema>,
    path: &'a Path<'a>,
}

fn complete_logic(
    place: Place<'_>,
    combined: &Combined,
    path: &Path<'_>,
    errors: &mut Vec<FieldError>,
) {
    let Combined { all_of, any_of, one_of, not } = combined;
    if let Some(not) = not {
        complete(place, not, &path.child("not"), errors);
    }
    for (key, list) in [("allOf", all_of), ("anyOf", any_of), ("oneOf", one_of)] {
        let path = path.child(key);
        for (at, schema) in list.iter().enumerate() {
            complete(place, schema, &path.index(at), errors);
        }
    }
}

/// Finds what a nested schema restricts although no structure declares it.
fn complete(place: Place<'_>, schema: &Schema, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let missing = |path: &Path<'_>| format!("because it is defined in {}", path.to_text());
    let Some(structure) = place.schema else {
        errors.push(FieldError::required(place.path, missing(path)));
        return;
    };
    if let Some(combined) = schema.combined.as_deref() {
        complete_logic(place, combined, path, errors);
    }
    if let Some(item) = schema.item() {
        let inside = Place { schema: structure.item(), path: &place.path.child("items") };
        complete(inside, item, &path.child("items"), errors);
    }
    let (own, properties) = (place.path.child("properties"), path.child("properties"));
    for (name, property) in &schema.properties {
        let path = properties.key(name);
        let inside = Place { schema: structure.properties.get(name), path: &own.key(name) };
        complete(inside, property, &path, errors);
    }
}
