//! Values against schemas, with the verdicts and words of the API server.
//!
//! Every error of the value is found in one pass. Where the original's order depends on the order of
//! a hash map, ours is the order of names.

mod compare;
mod listtype;
mod number;
mod outcome;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::field::{FieldError, Path};
use crate::format;
use crate::number::{GoNumber, is_json_integer};
use crate::pattern::Patterns;
use crate::schema::{Additional, Combined, Items, Limits, Schema};
pub(crate) use compare::Correlation;
pub use listtype::validate_lists;
use outcome::{Outcome, Problem, ProblemKind};

/// A schema that is ready to judge values.
pub struct Validator {
    schema: Arc<Schema>,
    patterns: Patterns,
}

impl Validator {
    /// Prepares a schema.
    pub fn new(schema: Arc<Schema>) -> Self {
        Self { schema, patterns: Patterns::default() }
    }

    /// Returns the schema.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Checks a new value; paths of errors start at `base`.
    pub fn validate(&self, base: &Path<'_>, value: &Value) -> Vec<FieldError> {
        let pass = Pass { patterns: &self.patterns };
        pass.schema(&self.schema, value, At::root()).into_field_errors(base)
    }

    /// Checks a changed value: what is wrong but as it was before does not count.
    pub fn validate_update(&self, base: &Path<'_>, value: &Value, old: &Value) -> Vec<FieldError> {
        let pass = Pass { patterns: &self.patterns };
        let correlation = Correlation::new(&self.schema, value, old);
        let at = At { path: Path::ROOT, old: Some(&correlation) };
        pass.ratcheted(&self.schema, value, at).into_field_errors(base)
    }
}

/// Where in the value a check is, and what stood there before.
#[derive(Clone, Copy)]
struct At<'a> {
    path: Path<'a>,
    old: Option<&'a Correlation<'a>>,
}

impl At<'_> {
    fn root() -> Self {
        Self { path: Path::ROOT, old: None }
    }
}

struct Pass<'a> {
    patterns: &'a Patterns,
}

impl Pass<'_> {
    /// Checks a value; its errors do not count if nothing changed.
    fn ratcheted(&self, schema: &Schema, value: &Value, at: At<'_>) -> Outcome {
        let outcome = self.schema(schema, value, at);
        match at.old {
            Some(old) if !outcome.is_valid() && old.is_unchanged() => outcome.excused(),
            _ => outcome,
        }
    }

    fn field(&self, schema: &Schema, value: &Value, at: At<'_>, key: &str) -> Outcome {
        let path = at.path.child(key);
        let is_type_meta = at.path.is_root() && matches!(key, "apiVersion" | "kind");
        let old = at.old.filter(|_| !is_type_meta).and_then(|old| old.key(key));
        self.ratcheted(schema, value, At { path, old: old.as_ref() })
    }

    fn item(&self, schema: &Schema, value: &Value, at: At<'_>, index: usize) -> Outcome {
        let path = at.path.index(index);
        let old = at.old.and_then(|old| old.index(index));
        self.ratcheted(schema, value, At { path, old: old.as_ref() })
    }

    fn schema(&self, schema: &Schema, value: &Value, at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let types = schema.types();
        if value.is_null() {
            outcome.merge(null_type(schema, &types, &at.path));
            outcome.merge(allowed_values(schema, value, &at.path));
            return outcome;
        }
        if !types.is_empty() || format::effective(schema).is_some() {
            outcome.merge_and_count(value_type(schema, &types, value, &at.path));
        }
        outcome.merge_and_count(self.combined(schema, value, at));
        match value {
            Value::String(text) => {
                outcome.merge_and_count(self.string(schema, text, &at.path));
                if let Some(format) = format::effective(schema)
                    && !matches!(format, "int32" | "int64" | "float" | "double")
                {
                    outcome.merge_and_count(text_format(format, text, &at.path));
                }
            }
            Value::Number(number) => {
                outcome.merge_and_count(number::check(schema, number, &at.path));
            }
            Value::Array(items) => outcome.merge_and_count(self.array(schema, items, at)),
            Value::Null | Value::Bool(_) | Value::Object(_) => {}
        }
        outcome.merge_and_count(allowed_values(schema, value, &at.path));
        if let Value::Object(fields) = value {
            outcome.merge_and_count(self.object(schema, fields, at));
        }
        outcome.count();
        outcome
    }

    fn string(&self, schema: &Schema, text: &str, path: &Path<'_>) -> Outcome {
        let Some(limits) = schema.limits.as_deref() else { return Outcome::default() };
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let shown = || Value::from(text);
        if let Some(most) = limits.max_length.filter(|most| length > *most) {
            let message = format!("{} in body should be at most {most} chars long", path.to_text());
            return Problem::new(ProblemKind::TooLong(most), path, shown(), message).into();
        }
        if let Some(least) = limits.min_length.filter(|least| length < *least) {
            let message =
                format!("{} in body should be at least {least} chars long", path.to_text());
            return Problem::invalid(path, shown(), message).into();
        }
        let Some(pattern) = limits.pattern.as_deref() else { return Outcome::default() };
        let shown_pattern = match self.patterns.is_match(pattern, text) {
            Ok(true) => return Outcome::default(),
            Ok(false) => pattern.to_owned(),
            Err(error) => format!("{pattern}, but pattern is invalid: {error}"),
        };
        let message = format!("{} in body should match '{shown_pattern}'", path.to_text());
        Problem::invalid(path, shown(), message).into()
    }

    fn array(&self, schema: &Schema, items: &[Value], at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        match &schema.items {
            Some(Items::Each(each)) => {
                for (index, item) in items.iter().enumerate() {
                    outcome.merge(self.item(each, item, at, index));
                }
            }
            Some(Items::Positional(schemas)) => {
                for (index, (one, item)) in schemas.iter().zip(items).enumerate() {
                    outcome.merge(self.item(one, item, at, index));
                }
            }
            None => {}
        }
        if let Some(limits) = schema.limits.as_deref() {
            outcome.merge(array_size(limits, items, &at.path));
        }
        outcome.count();
        outcome
    }

    fn object(&self, schema: &Schema, fields: &Map<String, Value>, at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(limits) = schema.limits.as_deref() {
            outcome.merge(object_size(limits, fields, &at.path));
        }
        let undeclared =
            fields.iter().filter(|(key, _)| !schema.properties.contains_key(key.as_str()));
        match &schema.additional {
            Some(Additional::Allowed(false)) => {
                for (key, _) in undeclared {
                    let message =
                        format!("{}.{key} in body is a forbidden property", at.path.to_text());
                    outcome.push(Problem::invalid(&at.path, Value::from(key.as_str()), message));
                }
            }
            Some(Additional::Schema(additional)) => {
                for (key, value) in undeclared {
                    outcome.merge(self.field(additional, value, at, key));
                }
            }
            Some(Additional::Allowed(true)) | None => {}
        }
        for (name, property) in &schema.properties {
            if let Some(value) = fields.get(&**name) {
                outcome.merge(self.field(property, value, at, name));
            }
        }
        for name in schema.required.iter().filter(|name| !fields.contains_key(&***name)) {
            let path = at.path.child(name);
            let message = format!("{}.{name} in body is required", at.path.to_text());
            outcome.push(Problem::new(ProblemKind::Required, &path, Value::Null, message));
        }
        outcome
    }

    fn combined(&self, schema: &Schema, value: &Value, at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        if let Some(combined) = schema.combined.as_deref() {
            let Combined { all_of, any_of, one_of, not } = combined;
            if !any_of.is_empty() {
                outcome.merge(self.any_of(any_of, value, at));
            }
            if !one_of.is_empty() {
                outcome.merge(self.one_of(one_of, value, at));
            }
            if !all_of.is_empty() {
                outcome.merge(self.all_of(all_of, value, at));
            }
            if let Some(not) = not
                && self.schema(not, value, at).is_valid()
            {
                let text = at.path.to_text();
                outcome
                    .push(Problem::whole(format!("\"{text}\" must not validate the schema (not)")));
            }
        }
        outcome.count();
        outcome
    }

    fn any_of(&self, schemas: &[Schema], value: &Value, at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut best: Option<Outcome> = None;
        for schema in schemas {
            let result = self.schema(schema, value, at);
            if result.is_valid() {
                return result;
            }
            if best.as_ref().is_none_or(|best| result.matches > best.matches) {
                best = Some(result);
            }
        }
        let text = at.path.to_text();
        outcome
            .push(Problem::whole(format!("\"{text}\" must validate at least one schema (anyOf)")));
        outcome.merge(best.unwrap_or_default());
        outcome
    }

    fn one_of(&self, schemas: &[Schema], value: &Value, at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let (mut best, mut first): (Option<Outcome>, Option<Outcome>) = (None, None);
        let mut valid = 0;
        for schema in schemas {
            let result = self.schema(schema, value, at);
            if result.is_valid() {
                valid += 1;
                best = None;
                first = first.or(Some(result));
            } else if valid == 0 && best.as_ref().is_none_or(|best| result.matches > best.matches) {
                best = Some(result);
            }
        }
        if valid == 1 {
            return first.unwrap_or_default();
        }
        let found = match valid {
            0 => "Found none valid".to_owned(),
            several => format!("Found {several} valid alternatives"),
        };
        let text = at.path.to_text();
        outcome.push(Problem::whole(format!(
            "\"{text}\" must validate one and only one schema (oneOf). {found}"
        )));
        outcome.merge(best.unwrap_or_default());
        outcome
    }

    fn all_of(&self, schemas: &[Schema], value: &Value, at: At<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let mut valid = 0;
        for schema in schemas {
            let result = self.schema(schema, value, at);
            valid += usize::from(result.is_valid());
            outcome.merge(result);
        }
        if valid != schemas.len() {
            let more = if valid == 0 { ". None validated" } else { "" };
            let text = at.path.to_text();
            outcome.push(Problem::whole(format!(
                "\"{text}\" must validate all the schemas (allOf){more}"
            )));
        }
        outcome
    }
}

fn null_type(schema: &Schema, types: &[&str], path: &Path<'_>) -> Outcome {
    if types.is_empty() || schema.nullable {
        return Outcome::matched();
    }
    wrong_type(path, &types.join(","), "null")
}

fn value_type(schema: &Schema, types: &[&str], value: &Value, path: &Path<'_>) -> Outcome {
    let (actual, actual_format) = type_and_format(value);
    let wants = |kind: &str| types.contains(&kind);
    let is_whole_float = match value {
        Value::Number(number) => match GoNumber::of(number) {
            GoNumber::Float(float) => is_json_integer(float) && wants("integer"),
            GoNumber::Int(_) => wants("number"),
        },
        _ => false,
    };
    let matches = wants(actual) || is_whole_float;
    if let Some(format) = format::effective(schema) {
        let textual = matches!(value, Value::String(_) | Value::Array(_));
        if !textual && !matches && actual_format != format {
            return wrong_type(path, format, actual_format);
        }
        if textual && !wants("number") && !wants("integer") {
            return Outcome::matched();
        }
    }
    match matches {
        true => Outcome::matched(),
        false => wrong_type(path, &types.join(","), actual),
    }
}

/// Returns the JSON type, and the format that Go's type of a number stands for.
fn type_and_format(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
        Value::Number(number) => match GoNumber::of(number) {
            GoNumber::Int(_) => ("integer", "int64"),
            GoNumber::Float(_) => ("number", "float64"),
        },
    }
}

fn wrong_type(path: &Path<'_>, expected: &str, actual: &str) -> Outcome {
    let message = format!("{} in body must be of type {expected}: \"{actual}\"", path.to_text());
    Problem::new(ProblemKind::Type, path, Value::from(actual), message).into()
}

fn text_format(format: &str, text: &str, path: &Path<'_>) -> Outcome {
    if format::is_fulfilled(format, text) {
        return Outcome::default();
    }
    let quoted = crate::field::quote(text);
    let message = format!("{} in body must be of type {format}: {quoted}", path.to_text());
    Problem::new(ProblemKind::Type, path, Value::from(text), message).into()
}

fn allowed_values(schema: &Schema, value: &Value, path: &Path<'_>) -> Outcome {
    let Some(limits) = schema.limits.as_deref().filter(|limits| !limits.allowed.is_empty()) else {
        return Outcome::default();
    };
    let allowed = &limits.allowed;
    if allowed.iter().any(|one| !one.is_null() && compare::equal(one, value)) {
        return Outcome::default();
    }
    let message = format!("{} in body should be one of {allowed:?}", path.to_text());
    Problem::new(ProblemKind::Enum(allowed.clone()), path, value.clone(), message).into()
}

fn array_size(limits: &Limits, items: &[Value], path: &Path<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let text = || path.to_text();
    if let Some(least) = limits.min_items.filter(|least| size < *least) {
        let message = format!("{} in body should have at least {least} items", text());
        outcome.push(Problem::invalid(path, Value::from(size), message));
    }
    if let Some(most) = limits.max_items.filter(|most| size > *most) {
        let message = format!("{} in body should have at most {most} items", text());
        outcome.push(Problem::new(ProblemKind::TooMany(most), path, Value::from(size), message));
    }
    if limits.unique_items && compare::has_equal_items(items) {
        let message = format!("{} in body shouldn't contain duplicates", text());
        outcome.push(Problem::invalid(path, Value::Null, message));
    }
    outcome
}

fn object_size(limits: &Limits, fields: &Map<String, Value>, path: &Path<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let size = i64::try_from(fields.len()).unwrap_or(i64::MAX);
    let text = || path.to_text();
    if let Some(least) = limits.min_properties.filter(|least| size < *least) {
        let message = format!("{} in body should have at least {least} properties", text());
        outcome.push(Problem::invalid(path, Value::from(size), message));
    }
    if let Some(most) = limits.max_properties.filter(|most| size > *most) {
        let message = format!("{} in body should have at most {most} properties", text());
        outcome.push(Problem::new(ProblemKind::TooMany(most), path, Value::from(size), message));
    }
    outcome
}
