//! List and map types of a definition: what they may be and what their keys need.

use serde_json::Value;

use super::keywords::Part;
use super::text::schema_text;
use crate::field::{FieldError, Path};
use crate::schema::{Items, ListType, Schema, Type};

pub(super) fn check(path: &Path<'_>, part: Part<'_>, errors: &mut Vec<FieldError>) {
    let schema = part.schema;
    if let Some(map_type) = schema.map_type.as_deref() {
        wanted_type(path, schema, (&Type::Object, "x-kubernetes-map-type"), errors);
        if !matches!(map_type, "atomic" | "granular") {
            let path = path.child("x-kubernetes-map-type");
            let supported = ["atomic", "granular"];
            errors.push(FieldError::not_supported(path, &map_type.into(), &supported));
        }
    }
    if let Some(list_type) = &schema.list_type {
        if schema.kind != Type::Array {
            wanted_type(path, schema, (&Type::Array, "x-kubernetes-list-type"), errors);
        } else if *list_type == ListType::Set {
            items_of_set(path, schema, errors);
        }
        if let ListType::Other(name) = list_type {
            let path = path.child("x-kubernetes-list-type");
            let supported = ["atomic", "set", "map"];
            errors.push(FieldError::not_supported(path, &(&**name).into(), &supported));
        }
    }
    if !schema.list_map_keys.is_empty() && schema.list_type != Some(ListType::Map) {
        let path = path.child("x-kubernetes-list-type");
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        errors.push(match &schema.list_type {
            None => FieldError::required(path, detail),
            Some(other) => FieldError::invalid(path, &other.as_str().into(), detail),
        });
    }
    if schema.list_type == Some(ListType::Map) {
        keyed(path, part, errors);
    }
    nulls_and_defaults(path, schema, errors);
}

fn wanted_type(
    path: &Path<'_>,
    schema: &Schema,
    (wanted, because): (&Type, &str),
    errors: &mut Vec<FieldError>,
) {
    if schema.kind == *wanted {
        return;
    }
    let detail = format!("must be {} if {because} is specified", wanted.as_str());
    let path = path.child("type");
    errors.push(match schema.kind.as_str() {
        "" => FieldError::required(path, detail),
        other => FieldError::invalid(path, &other.into(), detail),
    });
}

fn items_of_set(path: &Path<'_>, schema: &Schema, errors: &mut Vec<FieldError>) {
    let Some(item) = schema.item() else { return };
    let own = item.list_type.as_ref().map_or(Value::Null, |own| own.as_str().into());
    let key = match item.kind {
        Type::Array if !matches!(item.list_type, None | Some(ListType::Atomic)) => {
            "x-kubernetes-list-type"
        }
        // The list type is what the original prints here, too.
        Type::Object if item.map_type.as_deref() != Some("atomic") => "x-kubernetes-map-type",
        _ => return,
    };
    let items = path.child("items");
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    errors.push(FieldError::invalid(items.child(key), &own, detail));
}

fn keyed(path: &Path<'_>, part: Part<'_>, errors: &mut Vec<FieldError>) {
    let schema = part.schema;
    let keys = &schema.list_map_keys;
    let items = path.child("items");
    if keys.is_empty() {
        let path = path.child("x-kubernetes-list-map-keys");
        let detail = "must not be empty if x-kubernetes-list-type is map";
        errors.push(FieldError::required(path, detail));
    }
    let item = match &schema.items {
        None => {
            let detail = "must have a schema if x-kubernetes-list-type is map";
            errors.push(FieldError::required(items, detail));
            return;
        }
        Some(Items::Positional(_)) => {
            let list: Vec<String> =
                part.json["items"].as_array().into_iter().flatten().map(schema_text).collect();
            let shown = format!("{{\"Schema\":null,\"JSONSchemas\":[{}]}}", list.join(","));
            let detail = "must only have a single schema if x-kubernetes-list-type is map";
            errors.push(FieldError::invalid_showing(items, shown, detail));
            return;
        }
        Some(Items::Each(item)) => item,
    };
    if item.kind != Type::Object {
        let detail = "must be object if parent array's x-kubernetes-list-type is map";
        let value = item.kind.as_str().into();
        errors.push(FieldError::invalid(items.child("type"), &value, detail));
        return;
    }
    let all = Value::from(keys.iter().map(|key| key.to_string()).collect::<Vec<_>>());
    let properties = items.child("properties");
    for (at, key) in keys.iter().enumerate() {
        let field = path.child("x-kubernetes-list-map-keys");
        match item.properties.get(key).map(|property| &property.kind) {
            Some(Type::Array | Type::Object) => {
                let detail =
                    "must be a scalar type if parent array's x-kubernetes-list-type is map";
                let value = item.kind.as_str().into();
                let field = properties.key(key);
                errors.push(FieldError::invalid(field.child("type"), &value, detail));
            }
            Some(_) => {}
            None => {
                let detail = "entries must all be names of item properties";
                errors.push(FieldError::invalid(field, &all, detail));
            }
        }
        if keys.iter().take(at).any(|before| before == key) {
            errors.push(FieldError::invalid(field, &all, "must not contain duplicate entries"));
        }
    }
}

/// Items of sets and maps are never null, and keys are always there.
fn nulls_and_defaults(path: &Path<'_>, schema: &Schema, errors: &mut Vec<FieldError>) {
    let Some(item) = schema.item() else { return };
    let Some(list_type @ (ListType::Set | ListType::Map)) = &schema.list_type else { return };
    let items = path.child("items");
    if item.nullable {
        let kind = list_type.as_str();
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.push(FieldError::forbidden(items.child("nullable"), detail));
    }
    if *list_type == ListType::Set {
        return;
    }
    let properties = items.child("properties");
    for key in &schema.list_map_keys {
        let Some(property) = item.properties.get(key) else { continue };
        let field = properties.key(key);
        if !item.required.contains(key) && property.default.is_none() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a \
                          default or be a required property";
            errors.push(FieldError::required(field.child("default"), detail));
        }
        if property.nullable {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(FieldError::forbidden(field.child("nullable"), detail));
        }
    }
}
