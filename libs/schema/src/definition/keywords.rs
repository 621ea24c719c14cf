//! What a definition may say in the keywords of its schema, and what its rules may cost.

use serde_json::Value;

use super::costs::{Cardinality, Costs};
use super::{lists, rules};
use crate::field::{FieldError, Path};
use crate::schema::{Additional, Combined, Items, ListType, Schema, Type, Unsupported};

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// What was found: errors of expressions are told after those of schemas.
#[derive(Default)]
pub(super) struct Found {
    pub(super) schema: Vec<FieldError>,
    pub(super) rules: Vec<FieldError>,
}

impl Found {
    fn append(&mut self, other: Self) {
        self.schema.extend(other.schema);
        self.rules.extend(other.rules);
    }

    pub(super) fn into_errors(self) -> Vec<FieldError> {
        let Self { mut schema, rules } = self;
        schema.extend(rules);
        schema
    }
}

/// A schema with the JSON that it was parsed from.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) schema: &'a Schema,
    pub(super) json: &'a Value,
}

impl<'a> Part<'a> {
    fn at(schema: &'a Schema, json: Option<&'a Value>) -> Self {
        Self { schema, json: json.unwrap_or(&Value::Null) }
    }
}

/// What holds where a schema stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) is_root: bool,
    /// Inside `apiVersion`, `kind` or `metadata` of a resource.
    in_metadata: bool,
    /// Why there may be no defaults.
    no_defaults: Option<&'static str>,
    /// The outermost schema whose values cannot be told which was which before an update.
    pub(super) uncorrelatable: Option<&'a Path<'a>>,
    /// How often a value can occur; `None` where rules are not looked at.
    pub(super) cardinality: Option<Cardinality>,
}

impl<'a> Place<'a> {
    pub(super) fn root(cardinality: Option<Cardinality>) -> Self {
        Self {
            is_root: true,
            in_metadata: false,
            no_defaults: None,
            uncorrelatable: None,
            cardinality,
        }
    }

    fn below(self, schema: &Schema) -> Self {
        let cardinality = self.cardinality.map(|own| own.inside(schema));
        Self { is_root: false, cardinality, ..self }
    }

    fn without_rules(self) -> Self {
        Self { is_root: false, cardinality: None, ..self }
    }

    fn uncorrelatable(self, path: &'a Path<'a>) -> Self {
        Self { uncorrelatable: self.uncorrelatable.or(Some(path)), ..self }
    }
}

/// Goes over a schema; `costs` sums up what the rules may cost.
pub(super) fn check(path: &Path<'_>, part: Part<'_>, place: Place<'_>, costs: &mut Costs) -> Found {
    let schema = part.schema;
    let mut found = Found::default();
    unsupported(path, schema, place, &mut found.schema);
    if schema.limits.as_ref().is_some_and(|limits| limits.unique_items) {
        let detail =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        found.schema.push(FieldError::forbidden(path.child("uniqueItems"), detail));
    }
    found.append(additional(path, part, place, costs));
    found.append(properties(path, part, place, costs));
    found.append(logic(path, schema, place, costs));
    found.append(items(path, part, place, costs));
    if let Some(dependencies) =
        schema.unsupported.as_deref().and_then(|unsupported| unsupported.dependencies.as_ref())
    {
        let path = path.child("dependencies");
        for (name, schema) in dependencies {
            let part = Part::at(schema, None);
            found.append(check(&path.key(name), part, place.without_rules(), costs));
        }
    }
    if schema.preserve_unknown_fields == Some(false) {
        let path = path.child("x-kubernetes-preserve-unknown-fields");
        let detail = "must be true or undefined";
        found.schema.push(FieldError::invalid(path, &false.into(), detail));
    }
    lists::check(path, part, &mut found.schema);
    rules::check(path, part, place, &mut found, costs);
    found
}

fn unsupported(path: &Path<'_>, schema: &Schema, place: Place<'_>, errors: &mut Vec<FieldError>) {
    if let Type::Other(name) = &schema.kind {
        let value = Value::from(&**name);
        errors.push(FieldError::not_supported(path.child("type"), &value, &TYPES));
    }
    if let Some(reason) = place.no_defaults.filter(|_| schema.default.is_some()) {
        let detail = format!("must not be set {reason}");
        errors.push(FieldError::forbidden(path.child("default"), detail));
    }
    if let Some(unsupported) = schema.unsupported.as_deref() {
        let Unsupported {
            id,
            schema: _,
            reference,
            additional_items,
            pattern_properties,
            definitions,
            dependencies,
        } = unsupported;
        for (key, is_set) in [
            ("id", *id),
            ("additionalItems", *additional_items),
            ("patternProperties", !pattern_properties.is_empty()),
            ("definitions", !definitions.is_empty()),
            ("dependencies", dependencies.is_some()),
            ("$ref", reference.is_some()),
        ] {
            if is_set {
                let detail = format!("{key} is not supported");
                errors.push(FieldError::forbidden(path.child(key), detail));
            }
        }
    }
    if schema.kind.as_str() == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.push(FieldError::forbidden(path.child("type"), detail));
    }
    if matches!(&schema.items, Some(Items::Positional(list)) if !list.is_empty()) {
        let detail = "items must be a schema object and not an array";
        errors.push(FieldError::forbidden(path.child("items"), detail));
    }
    if place.in_metadata && schema.embedded_resource {
        let path = path.child("x-kubernetes-embedded-resource");
        errors.push(FieldError::forbidden(path, "must not be used inside of resource meta"));
    }
}

fn additional(path: &Path<'_>, part: Part<'_>, place: Place<'_>, costs: &mut Costs) -> Found {
    let mut found = Found::default();
    let Some(additional) = &part.schema.additional else { return found };
    let path = path.child("additionalProperties");
    if !part.schema.properties.is_empty() && *additional != Additional::Allowed(true) {
        let detail = "additionalProperties and properties are mutual exclusive";
        found.schema.push(FieldError::forbidden(path, detail));
    }
    if let Additional::Schema(schema) = additional {
        let mut inside = place.below(part.schema);
        if place.in_metadata {
            inside.no_defaults = Some("inside additionalProperties applying to object metadata");
        }
        let part = Part::at(schema, part.json.get("additionalProperties"));
        found.append(check(&path, part, inside, costs));
    }
    found
}

fn properties(path: &Path<'_>, part: Part<'_>, place: Place<'_>, costs: &mut Costs) -> Found {
    let mut found = Found::default();
    let schema = part.schema;
    let below = path.child("properties");
    for (name, property) in &schema.properties {
        let mut inside = place.below(schema);
        if !matches!(schema.map_type.as_deref(), None | Some("granular")) {
            inside = inside.uncorrelatable(path);
        }
        let in_top_level = match &**name {
            "metadata" => Some("in top-level metadata"),
            "kind" => Some("in top-level kind"),
            "apiVersion" => Some("in top-level apiVersion"),
            _ => None,
        };
        if in_top_level.is_some() && (place.is_root || schema.embedded_resource) {
            inside.in_metadata = true;
            if place.is_root {
                inside.no_defaults = in_top_level;
            }
        }
        let json = part.json.get("properties").and_then(|all| all.get(&**name));
        found.append(check(&below.key(name), Part::at(property, json), inside, costs));
    }
    found
}

fn logic(path: &Path<'_>, schema: &Schema, place: Place<'_>, costs: &mut Costs) -> Found {
    let mut found = Found::default();
    let place = place.without_rules();
    if let Some(Combined { all_of, any_of, one_of, not }) = schema.combined.as_deref() {
        if let Some(not) = not {
            found.append(check(&path.child("not"), Part::at(not, None), place, costs));
        }
        for (key, list) in [("allOf", all_of), ("oneOf", one_of), ("anyOf", any_of)] {
            let path = path.child(key);
            for (at, schema) in list.iter().enumerate() {
                found.append(check(&path.index(at), Part::at(schema, None), place, costs));
            }
        }
    }
    if let Some(unsupported) = schema.unsupported.as_deref() {
        let path = path.child("definitions");
        for (name, schema) in &unsupported.definitions {
            found.append(check(&path.key(name), Part::at(schema, None), place, costs));
        }
    }
    found
}

fn items(path: &Path<'_>, part: Part<'_>, place: Place<'_>, costs: &mut Costs) -> Found {
    let mut found = Found::default();
    let schema = part.schema;
    let mut inside = place.below(schema);
    if schema.list_type != Some(ListType::Map) {
        inside = inside.uncorrelatable(path);
    }
    let path = path.child("items");
    match &schema.items {
        Some(Items::Each(item)) => {
            let part = Part::at(item, part.json.get("items"));
            found.append(check(&path, part, inside, costs));
        }
        Some(Items::Positional(list)) => {
            for (at, item) in list.iter().enumerate() {
                let json = part.json.get("items").and_then(|items| items.get(at));
                found.append(check(&path.index(at), Part::at(item, json), inside, costs));
            }
        }
        None => {}
    }
    found
}
