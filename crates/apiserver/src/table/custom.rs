//! Columns of custom resources, by the paths in their definitions.

use serde_json::Value;

use super::{Column, age, columns, json_path};
use crate::clock::Timestamp;
use crate::registry::PrinterColumn;

fn age_column() -> PrinterColumn {
    PrinterColumn {
        name: "Age".to_owned(),
        type_name: "date".to_owned(),
        description: columns::describe("@meta.ObjectMeta.creationTimestamp"),
        json_path: ".metadata.creationTimestamp".to_owned(),
        ..PrinterColumn::default()
    }
}

/// Returns the columns; a definition without any has the age.
pub(super) fn columns(own: &[PrinterColumn]) -> Vec<Column> {
    let name = Column {
        name: "Name".to_owned(),
        type_name: "string".to_owned(),
        format: "name".to_owned(),
        description: columns::describe("@meta.ObjectMeta.name"),
        priority: 0,
    };
    let age = [age_column()];
    let own = if own.is_empty() { &age } else { own };
    let further = own.iter().map(|column| Column {
        name: column.name.clone(),
        type_name: column.type_name.clone(),
        format: column.format.clone(),
        description: match column.description.as_str() {
            "" => format!(
                "Custom resource definition column (in JSONPath format): {}",
                column.json_path
            ),
            text => text.to_owned(),
        },
        priority: column.priority,
    });
    std::iter::once(name).chain(further).collect()
}

/// Returns the cells of one object.
pub(super) fn cells(own: &[PrinterColumn], object: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![Value::from(crate::meta::name(object))];
    let age = [age_column()];
    let own = if own.is_empty() { &age } else { own };
    for column in own {
        let found = json_path::find(&column.json_path, object);
        let value = found.first().copied().unwrap_or(&Value::Null);
        cells.push(cell(&column.type_name, value, now));
    }
    cells
}

fn cell(type_name: &str, value: &Value, now: Timestamp) -> Value {
    match (type_name, value) {
        (_, Value::Null) => Value::Null,
        ("integer", Value::Number(number)) => match number.as_i64() {
            Some(number) => number.into(),
            #[allow(clippy::cast_possible_truncation, reason = "as Go's conversion cuts")]
            None => number.as_f64().map_or(Value::Null, |number| (number as i64).into()),
        },
        ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => value.clone(),
        ("string", Value::String(text)) => text.as_str().into(),
        ("string", other) => other.to_string().into(),
        ("date", Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(_) => age::since(text, now).into(),
            Err(_) => "<invalid>".into(),
        },
        _ => Value::Null,
    }
}
