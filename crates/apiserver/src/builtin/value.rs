//! Short ways to read and fill JSON values of built-in kinds.

use serde_json::{Map, Value};

use crate::meta;
use crate::names;
use crate::status::{FieldError, FieldErrors};

/// Returns a text, empty if there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a whole number.
pub(super) fn int(value: &Value, key: &str) -> Option<i64> {
    value.get(key).and_then(Value::as_i64)
}

/// Returns a truth value, false if there is none.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// Returns the items of a list, none if there is no list.
pub(super) fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns the texts of a list.
pub(super) fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    items(value, key).iter().filter_map(Value::as_str).collect()
}

/// Returns the entries of a map, none if there is no map.
pub(super) fn entries<'a>(
    value: &'a Value,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// Tells whether a field is there and not null.
pub(super) fn is_set(value: &Value, key: &str) -> bool {
    value.get(key).is_some_and(|field| !field.is_null())
}

/// Returns a field to change it, unless it is absent or null.
pub(super) fn inside<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    value.get_mut(key).filter(|field| !field.is_null())
}

/// Returns a map to change it; an absent or null one is made.
pub(super) fn make<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    let field = meta::map(value).entry(key).or_insert(Value::Null);
    if field.is_null() {
        *field = Value::Object(Map::new());
    }
    field
}

/// Goes over the items of a list to change them.
pub(super) fn each<'a>(value: &'a mut Value, key: &str) -> impl Iterator<Item = &'a mut Value> {
    value.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Sets a field that is absent or null.
pub(super) fn fill(value: &mut Value, key: &str, default: impl Into<Value>) {
    if !is_set(value, key) {
        meta::map(value).insert(key.to_owned(), default.into());
    }
}

/// Sets a text that is absent, null or empty, or a number that is 0.
pub(super) fn fill_empty(value: &mut Value, key: &str, default: impl Into<Value>) {
    let empty = match value.get(key) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(number) => number.as_i64() == Some(0),
    };
    if empty {
        meta::map(value).insert(key.to_owned(), default.into());
    }
}

/// Removes a field.
pub(super) fn drop_field(value: &mut Value, key: &str) {
    meta::map(value).remove(key);
}

/// Takes a field of another value over, also its absence.
pub(super) fn copy_field(value: &mut Value, from: &Value, key: &str) {
    meta::set(meta::map(value), key, from.get(key).cloned());
}

/// Errors that are collected below a path.
pub(super) struct Check {
    errors: FieldErrors,
}

impl Check {
    pub(super) fn new() -> Self {
        Self { errors: FieldErrors::new() }
    }

    pub(super) fn done(self) -> FieldErrors {
        self.errors
    }

    /// Returns how many errors there are so far.
    pub(super) fn len(&self) -> usize {
        self.errors.iter().len()
    }

    pub(super) fn push(&mut self, error: FieldError) {
        self.errors.push(error);
    }

    pub(super) fn extend(&mut self, errors: FieldErrors) {
        self.errors.extend(errors);
    }

    pub(super) fn invalid(&mut self, path: impl Into<String>, value: impl Into<Value>, why: &str) {
        self.push(FieldError::invalid(path, value, why));
    }

    pub(super) fn required(&mut self, path: impl Into<String>, why: &str) {
        self.push(FieldError::required(path, why));
    }

    pub(super) fn forbidden(&mut self, path: impl Into<String>, why: &str) {
        self.push(FieldError::forbidden(path, why));
    }

    /// A number that may not be negative.
    pub(super) fn not_negative(&mut self, value: &Value, path: &str, key: &str) {
        if let Some(number) = int(value, key).filter(|number| *number < 0) {
            let why = "must be greater than or equal to 0";
            self.invalid(format!("{path}.{key}"), number, why);
        }
    }

    /// A text that has to be one of `allowed`; an empty one is refused like others.
    pub(super) fn one_of(&mut self, path: impl Into<String>, value: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            self.push(FieldError::not_supported(path, value, allowed));
        }
    }

    /// Every text that a rule finds wrong with a value.
    pub(super) fn all(&mut self, path: impl Into<String>, value: &str, wrong: Vec<String>) {
        let path = path.into();
        for why in wrong {
            self.invalid(path.clone(), value, &why);
        }
    }

    /// A field that an update may not change.
    pub(super) fn immutable(&mut self, path: impl Into<String>, new: &Value, old: &Value) {
        if new != old {
            self.invalid(path, new.clone(), "field is immutable");
        }
    }

    pub(super) fn port(&mut self, path: impl Into<String>, port: i64) {
        if !(1..=65535).contains(&port) {
            self.invalid(path, port, "must be between 1 and 65535, inclusive");
        }
    }
}

/// Checks the name of a port: RFC 6335.
pub(super) fn port_name_errors(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |bad: bool, text: &str| {
        if bad {
            wrong.push(text.to_owned());
        }
    };
    say(name.len() > 15, "must be no more than 15 characters");
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    say(
        !name.bytes().all(letter),
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    );
    say(!name.bytes().any(|b| b.is_ascii_lowercase()), "must contain at least one letter (a-z)");
    say(name.contains("--"), "must not contain consecutive hyphens");
    say(name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen");
    wrong
}

/// Checks the keys of ConfigMaps and Secrets.
pub(super) fn config_key_errors(key: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if key.len() > 253 {
        wrong.push("must be no more than 253 characters".to_owned());
    }
    let letter = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if key.is_empty() || !key.bytes().all(letter) {
        wrong.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
             'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
             '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    match key {
        "." => wrong.push("must not be '.'".to_owned()),
        ".." => wrong.push("must not be '..'".to_owned()),
        key if key.starts_with("..") => wrong.push("must not start with '..'".to_owned()),
        _ => {}
    }
    wrong
}

/// Checks labels at a path.
pub(super) fn check_labels(check: &mut Check, path: &str, labels: &Value) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        check.all(path, key, names::qualified_name_errors(key));
        let value = value.as_str().unwrap_or_default();
        check.all(path, value, names::label_value_errors(value));
    }
}

/// Checks a label selector at a path.
pub(super) fn check_selector(check: &mut Check, path: &str, selector: &Value) {
    check_labels(check, &format!("{path}.matchLabels"), &selector["matchLabels"]);
    for (at, expression) in items(selector, "matchExpressions").iter().enumerate() {
        let path = format!("{path}.matchExpressions[{at}]");
        let values = items(expression, "values");
        match text(expression, "operator") {
            "In" | "NotIn" if values.is_empty() => check.required(
                format!("{path}.values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            ),
            "Exists" | "DoesNotExist" if !values.is_empty() => check.forbidden(
                format!("{path}.values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => {
                check.invalid(format!("{path}.operator"), other, "not a valid selector operator")
            }
        }
        let key = text(expression, "key");
        check.all(format!("{path}.key"), key, names::qualified_name_errors(key));
    }
}

/// Tells whether a label selector selects labels; no selector selects nothing.
pub(super) fn selects(selector: &Value, labels: &Value) -> bool {
    if selector.is_null() {
        return false;
    }
    let label = |key: &str| labels.get(key).and_then(Value::as_str);
    let equal = entries(selector, "matchLabels").all(|(key, value)| label(key) == value.as_str());
    equal
        && items(selector, "matchExpressions").iter().all(|expression| {
            let own = label(text(expression, "key"));
            let listed = own.is_some_and(|own| texts(expression, "values").contains(&own));
            match text(expression, "operator") {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => own.is_some(),
                "DoesNotExist" => own.is_none(),
                _ => false,
            }
        })
}

/// Tells whether a label selector has no requirements.
pub(super) fn selects_all(selector: &Value) -> bool {
    entries(selector, "matchLabels").next().is_none()
        && items(selector, "matchExpressions").is_empty()
}
