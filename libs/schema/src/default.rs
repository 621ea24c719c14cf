//! What absent values become.

use serde_json::Value;

use crate::schema::Schema;

#[cfg(test)]
mod tests;

/// Sets defaults, everywhere below `value`, where nothing stands or a null that may not be.
pub fn apply_defaults(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(fields) => {
            for (name, property) in &schema.properties {
                let Some(default) = &property.default else { continue };
                let present = fields.get(&**name).is_some_and(|now| !is_wrong_null(now, property));
                if !present {
                    fields.insert(name.to_string(), (**default).clone());
                }
            }
            for (key, field) in fields.iter_mut() {
                if let Some(property) = schema.properties.get(key.as_str()) {
                    apply_defaults(field, property);
                } else if let Some(additional) = schema.additional_schema() {
                    fill_in(field, additional);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.item() {
                items.iter_mut().for_each(|item| fill_in(item, schema));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fill_in(value: &mut Value, schema: &Schema) {
    if is_wrong_null(value, schema)
        && let Some(default) = &schema.default
    {
        *value = (**default).clone();
    }
    apply_defaults(value, schema);
}

/// Drops the nulls of maps that may not be null and have no default.
pub fn drop_wrong_nulls(value: &mut Value, schema: &Schema) {
    match value {
        Value::Object(fields) => {
            fields.retain(|key, field| match schema.property(key) {
                Some(property) => property.default.is_some() || !is_wrong_null(field, property),
                None => true,
            });
            for (key, field) in fields.iter_mut() {
                if let Some(property) = schema.property(key) {
                    drop_wrong_nulls(field, property);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.item() {
                items.iter_mut().for_each(|item| drop_wrong_nulls(item, schema));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_wrong_null(value: &Value, schema: &Schema) -> bool {
    value.is_null() && !schema.nullable
}
