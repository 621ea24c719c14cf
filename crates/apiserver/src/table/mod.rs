//! `Table`: objects as rows, with the columns that `kubectl get` prints.

mod age;
mod columns;
mod custom;
mod json_path;
mod pods;
mod rows;
mod rows_network;
mod rows_storage;
mod rows_workload;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::registry::ResourceInfo;
use crate::request::Request;
use crate::status::Status;

/// How much of an object stands beside its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IncludeObject {
    None,
    Metadata,
    Object,
}

/// Whether the columns are to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    Wanted,
    /// A watch sends them once.
    Sent,
}

/// How a table is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    version: String,
    include: IncludeObject,
    pub(crate) columns: Columns,
}

impl Options {
    /// Reads the options from a request.
    pub(crate) fn of(request: &Request, version: &str) -> Result<Self, Status> {
        let include = match request.query.text("includeObject") {
            "" | "Metadata" => IncludeObject::Metadata,
            "None" => IncludeObject::None,
            "Object" => IncludeObject::Object,
            other => {
                return Err(Status::bad_request(format!(
                    "unrecognized includeObject value: {}",
                    Value::from(other)
                )));
            }
        };
        Ok(Self { version: version.to_owned(), include, columns: Columns::Wanted })
    }

    fn api_version(&self) -> String {
        format!("meta.k8s.io/{}", self.version)
    }
}

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    name: String,
    type_name: String,
    format: String,
    description: String,
    priority: i32,
}

impl Column {
    fn to_value(&self) -> Value {
        json!({
            "name": self.name,
            "type": self.type_name,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        })
    }
}

/// Returns a table of one object.
pub(crate) fn of_object(
    info: &ResourceInfo,
    object: &Value,
    now: Timestamp,
    options: &Options,
) -> Value {
    let mut metadata = Map::new();
    let version = object.pointer("/metadata/resourceVersion").cloned();
    crate::meta::set(&mut metadata, "resourceVersion", version);
    of_list(info, std::slice::from_ref(object), now, (options, metadata))
}

/// Returns a table of several objects.
pub(crate) fn of_list(
    info: &ResourceInfo,
    objects: &[Value],
    now: Timestamp,
    (options, metadata): (&Options, Map<String, Value>),
) -> Value {
    let columns = match options.columns {
        Columns::Wanted => columns_of(info).iter().map(Column::to_value).collect(),
        Columns::Sent => Value::Null,
    };
    let rows: Vec<Value> = objects.iter().map(|object| row(info, object, now, options)).collect();
    json!({
        "kind": "Table",
        "apiVersion": options.api_version(),
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

/// Returns the bookmark of a watch of tables.
pub(crate) fn bookmark(metadata: &Value, options: &Options) -> Value {
    let object = json!({
        "kind": "PartialObjectMetadata",
        "apiVersion": options.api_version(),
        "metadata": metadata,
    });
    json!({
        "kind": "Table",
        "apiVersion": options.api_version(),
        "metadata": {"resourceVersion": metadata.get("resourceVersion")},
        "columnDefinitions": null,
        "rows": [{"cells": [], "object": object}],
    })
}

fn columns_of(info: &ResourceInfo) -> Vec<Column> {
    match &info.columns {
        Some(own) => custom::columns(own),
        None if info.is_custom => custom::columns(&[]),
        None => columns::of_kind(&info.group, &info.kind),
    }
}

fn row(info: &ResourceInfo, object: &Value, now: Timestamp, options: &Options) -> Value {
    let cells = match &info.columns {
        Some(own) => custom::cells(own, object, now),
        None if info.is_custom => custom::cells(&[], object, now),
        None => rows::cells(&info.group, &info.kind, object, now),
    };
    let mut row = Map::new();
    row.insert("cells".into(), cells.into());
    if matches!(info.kind.as_str(), "Pod" | "Job")
        && let Some(conditions) = rows_workload::row_conditions(object)
    {
        row.insert("conditions".into(), conditions);
    }
    match options.include {
        IncludeObject::None => {}
        IncludeObject::Object => {
            row.insert("object".into(), object.clone());
        }
        IncludeObject::Metadata => {
            let partial = json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": options.api_version(),
                "metadata": object.get("metadata"),
            });
            row.insert("object".into(), partial);
        }
    }
    Value::Object(row)
}
