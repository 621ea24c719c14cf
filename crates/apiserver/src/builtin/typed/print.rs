//! An object as text, as a JSON patch library leaves it: what the patch reached in order of names,
//! everything else with the fields in the order of Go's types.

use serde_json::Value;

use super::model::{Model, Shape};

/// Prints an object of a type. `touched` is a tree of what a patch reached.
pub(super) fn structure(model: &Model, value: &Value, touched: Option<&Value>) -> String {
    let Value::Object(map) = value else { return value.to_string() };
    let known = model
        .fields()
        .iter()
        .filter_map(|field| Some((field.name, map.get(field.name)?, Some(&field.shape))));
    let mut entries: Vec<(&str, &Value, Option<&Shape>)> = known.collect();
    let others = map.iter().filter(|(key, _)| model.position(key).is_none());
    entries.extend(others.map(|(key, value)| (key.as_str(), value, None)));
    if touched.is_some() {
        entries.sort_by_key(|(key, ..)| *key);
    }
    let parts = entries.into_iter().map(|(key, value, shape)| {
        let touched = touched.and_then(|touched| touched.get(key));
        format!("{}:{}", Value::from(key), one(shape, value, touched))
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}

fn one(shape: Option<&Shape>, value: &Value, touched: Option<&Value>) -> String {
    if touched.is_some_and(|touched| !touched.is_object()) {
        // The patch brought it along.
        return value.to_string();
    }
    match (shape, value) {
        (Some(Shape::Struct(target)), Value::Object(_)) => structure(target.get(), value, touched),
        (Some(Shape::List(shape)), Value::Array(items)) => {
            let items = items.iter().enumerate().map(|(at, item)| {
                let touched = touched.and_then(|touched| touched.get(at.to_string()));
                one(Some(shape), item, touched)
            });
            format!("[{}]", items.collect::<Vec<_>>().join(","))
        }
        (Some(Shape::Map(shape)), Value::Object(map)) => {
            let entries = map.iter().map(|(key, value)| {
                let touched = touched.and_then(|touched| touched.get(key));
                format!("{}:{}", Value::from(key.as_str()), one(Some(shape), value, touched))
            });
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        _ => value.to_string(),
    }
}
