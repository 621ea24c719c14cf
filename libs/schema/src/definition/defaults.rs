//! Defaults of a definition: each must be a value that the schema itself would accept.

use std::sync::Arc;

use flux_cel::SchemaPlace;
use serde_json::{Map, Value};

use super::keywords::Part;
use super::{EmbeddedCheck, validate_embedded};
use crate::field::{FieldError, Path};
use crate::prune::prune_part;
use crate::rules::{RuleSet, rule_place};
use crate::schema::Schema;
use crate::validate::Validator;

pub(super) fn check(
    base: &Path<'_>,
    part: Part<'_>,
    embedded: EmbeddedCheck<'_>,
) -> Vec<FieldError> {
    let mut root = part.schema.clone();
    root.embedded_resource = true;
    let mut pass = Pass { embedded, errors: Vec::new() };
    let part = Part { schema: &root, json: part.json };
    pass.part(base, part, Around { root: &root, step: Step::Root, in_metadata: false });
    pass.errors
}

/// What is around a schema, up to the resource that it belongs to.
#[derive(Clone, Copy)]
struct Around<'a> {
    root: &'a Schema,
    step: Step<'a>,
    /// Inside `apiVersion`, `kind` or `metadata` of the resource.
    in_metadata: bool,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Child(&'a str, &'a Step<'a>),
    Item(&'a Step<'a>),
}

impl Step<'_> {
    /// Builds the smallest resource that holds a value here.
    fn surround(&self, value: Value) -> Value {
        match self {
            Self::Root => {
                let Value::Object(mut fields) = value else { return value };
                fields.entry("kind").or_insert_with(|| "Validation".into());
                fields.entry("apiVersion").or_insert_with(|| "validation/v1".into());
                Value::Object(fields)
            }
            Self::Child(name, parent) => {
                parent.surround(Value::Object(Map::from_iter([((*name).to_owned(), value)])))
            }
            Self::Item(parent) => parent.surround(Value::Array(vec![value])),
        }
    }
}

struct Pass<'a> {
    embedded: EmbeddedCheck<'a>,
    errors: Vec<FieldError>,
}

impl Pass<'_> {
    fn part(&mut self, path: &Path<'_>, part: Part<'_>, around: Around<'_>) {
        let schema = part.schema;
        let around = match schema.embedded_resource {
            true => Around { root: schema, step: Step::Root, in_metadata: false },
            false => around,
        };
        if let Some(default) = schema.default.as_deref() {
            self.default(&path.child("default"), part, default, around);
        }
        if let Some(item) = schema.item() {
            let json = part.json.get("items").unwrap_or(&Value::Null);
            let inside = Around { step: Step::Item(&around.step), ..around };
            self.part(&path.child("items"), Part { schema: item, json }, inside);
        }
        let properties = path.child("properties");
        for (name, property) in &schema.properties {
            let json = part.json.get("properties").and_then(|all| all.get(&**name));
            let is_meta = matches!(&**name, "metadata" | "apiVersion" | "kind");
            let inside = Around {
                step: Step::Child(name, &around.step),
                in_metadata: around.in_metadata || schema.embedded_resource && is_meta,
                ..around
            };
            let part = Part { schema: property, json: json.unwrap_or(&Value::Null) };
            self.part(&properties.key(name), part, inside);
        }
    }

    fn default(&mut self, path: &Path<'_>, part: Part<'_>, default: &Value, around: Around<'_>) {
        let schema = part.schema;
        if around.in_metadata {
            let object = around.step.surround(default.clone());
            let errors = validate_embedded(&Path::ROOT, around.root, &object, self.embedded);
            if !errors.is_empty() {
                let detail = format!("must result in valid metadata: {}", aggregate(&errors));
                self.errors.push(FieldError::invalid(path, default, detail));
                return;
            }
        } else {
            let mut pruned = default.clone();
            prune_part(&mut pruned, schema);
            if pruned != *default {
                let detail = "must not have unknown fields";
                self.errors.push(FieldError::invalid(path, default, detail));
            }
            let errors = validate_embedded(path, schema, default, self.embedded);
            if !errors.is_empty() {
                self.errors.extend(errors);
                return;
            }
        }
        let schema = Arc::new(schema.clone());
        let errors = Validator::new(schema.clone()).validate(path, default);
        if !errors.is_empty() {
            self.errors.extend(errors);
            return;
        }
        let place = match std::ptr::eq(part.schema, around.root) {
            true => SchemaPlace::Resource,
            false => rule_place(part.schema),
        };
        if let Some(rules) = RuleSet::of_part(part.json, schema, place) {
            self.errors.extend(broken_rules(&rules, path, default));
        }
    }
}

/// Runs rules as if the default had been there before, and then as if it were new.
fn broken_rules(rules: &RuleSet, path: &Path<'_>, default: &Value) -> Vec<FieldError> {
    for old in [Some(default), None] {
        let found = rules.run_at(path, default, old);
        let errors: Vec<FieldError> = found.errors.into_iter().chain(found.excused).collect();
        if !errors.is_empty() {
            return errors;
        }
    }
    Vec::new()
}

fn aggregate(errors: &[FieldError]) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in errors.iter().map(ToString::to_string) {
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}
