//! What documents say about custom resources.

use flux_schema::openapi;
use serde_json::{Map, Value, json};

use super::text::Dialect;
use crate::meta;
use crate::registry::ResourceInfo;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";
const CONVENTIONS: &str =
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";

/// Returns the name of a definition: the labels of the group backwards, version, kind.
pub(super) fn model_name(group: &str, version: &str, kind: &str) -> String {
    let mut labels: Vec<&str> = group.split('.').collect();
    labels.reverse();
    format!("{}.{version}.{kind}", labels.join("."))
}

/// Returns the definitions of a custom resource and of its lists, by name.
pub(super) fn schemas(info: &ResourceInfo, dialect: Dialect) -> [(String, String); 2] {
    let print = match dialect {
        Dialect::V2 => openapi::print_v2,
        Dialect::V3 => openapi::print,
    };
    let of = |kind: &str| model_name(&info.group, &info.version, kind);
    let (mut object, mut list) = (object(info, dialect), list(info, dialect));
    for (schema, kind) in [(&mut object, &info.kind), (&mut list, &info.list_kind)] {
        let fields = meta::map(schema);
        let own = json!([{"group": info.group, "version": info.version, "kind": kind}]);
        fields.insert("x-kubernetes-group-version-kind".into(), own);
        if !info.selectable_fields.is_empty() {
            let paths = info.selectable_fields.iter();
            let paths = paths.map(|path| json!({"fieldPath": path.trim_start_matches('.')}));
            fields.insert("x-kubernetes-selectable-fields".into(), paths.collect());
        }
    }
    [(of(&info.kind), print(&object)), (of(&info.list_kind), print(&list))]
}

fn object(info: &ResourceInfo, dialect: Dialect) -> Value {
    let mut schema = info.open_api_schema.as_deref().cloned().unwrap_or(Value::Null);
    let preserves = schema["x-kubernetes-preserve-unknown-fields"] == true;
    if schema.is_null() || dialect == Dialect::V2 && preserves {
        return json!({"type": "object"});
    }
    unfold(&mut schema);
    if dialect == Dialect::V2 {
        simplify(&mut schema);
    }
    embed(&mut schema, dialect);
    let properties = properties(&mut schema);
    properties.insert("metadata".into(), metadata(dialect));
    properties.extend(type_meta());
    schema
}

fn list(info: &ResourceInfo, dialect: Dialect) -> Value {
    let item =
        format!("{}{}", dialect.prefix(), model_name(&info.group, &info.version, &info.kind));
    let mut schema = json!({
        "type": "object",
        "description": format!("{} is a list of {}", info.list_kind, info.kind),
        "required": ["items"],
        "properties": {
            "items": {
                "description": format!("List of {}. More info: {CONVENTIONS}", info.plural),
                "type": "array",
                "items": {"$ref": item},
            },
            "metadata": referring(
                dialect,
                LIST_META,
                &format!("Standard list metadata. More info: {CONVENTIONS}#types-kinds"),
            ),
        },
    });
    properties(&mut schema).extend(type_meta());
    schema
}

fn properties(schema: &mut Value) -> &mut Map<String, Value> {
    meta::map(meta::map(schema).entry("properties").or_insert_with(|| json!({})))
}

fn referring(dialect: Dialect, definition: &str, description: &str) -> Value {
    let reference = format!("{}{definition}", dialect.prefix());
    match dialect {
        Dialect::V2 => json!({"description": description, "$ref": reference}),
        Dialect::V3 => json!({"description": description, "allOf": [{"$ref": reference}]}),
    }
}

fn metadata(dialect: Dialect) -> Value {
    let description = format!("Standard object's metadata. More info: {CONVENTIONS}#metadata");
    referring(dialect, OBJECT_META, &description)
}

fn type_meta() -> [(String, Value); 2] {
    let text = |description: String| json!({"type": "string", "description": description});
    [
        (
            "apiVersion".to_owned(),
            text(format!(
                "APIVersion defines the versioned schema of this representation of an object. \
                 Servers should convert recognized schemas to the latest internal value, and may \
                 reject unrecognized values. More info: {CONVENTIONS}#resources"
            )),
        ),
        (
            "kind".to_owned(),
            text(format!(
                "Kind is a string value representing the REST resource this object represents. \
                 Servers may infer this from the endpoint the client submits requests to. Cannot \
                 be updated. In CamelCase. More info: {CONVENTIONS}#types-kinds"
            )),
        ),
    ]
}

/// Goes over a schema and the structural ones inside it, outer ones first.
fn visit(schema: &mut Value, change: &dyn Fn(&mut Map<String, Value>)) {
    let Some(fields) = schema.as_object_mut() else { return };
    change(fields);
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|property| visit(property, change));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(key) {
            visit(inner, change);
        }
    }
}

/// Says in terms of logic what an int-or-string is.
fn unfold(schema: &mut Value) {
    visit(schema, &|fields| {
        let types = json!([{"type": "integer"}, {"type": "string"}]);
        let first = fields.get("allOf").and_then(|all| all.get(0)).and_then(|one| one.get("anyOf"));
        if fields.get("x-kubernetes-int-or-string") != Some(&Value::Bool(true))
            || fields.get("anyOf") == Some(&types)
            || first == Some(&types)
        {
            return;
        }
        if !fields.contains_key("anyOf") {
            fields.insert("anyOf".into(), types);
            return;
        }
        let all = fields.entry("allOf").or_insert_with(|| json!([]));
        if let Some(all) = all.as_array_mut() {
            all.insert(0, json!({"anyOf": types}));
        }
    });
}

/// Takes out what OpenAPI v2 or the command line cannot cope with.
fn simplify(schema: &mut Value) {
    visit(schema, &|fields| {
        for key in ["allOf", "oneOf", "anyOf", "not", "default"] {
            fields.remove(key);
        }
        let is =
            |fields: &Map<String, Value>, key: &str| fields.get(key) == Some(&Value::Bool(true));
        if is(fields, "nullable") {
            for key in ["nullable", "type", "items", "properties"] {
                fields.remove(key);
            }
        }
        let preserves = is(fields, "x-kubernetes-preserve-unknown-fields");
        if preserves {
            fields.remove("items");
            fields.remove("properties");
        }
        let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind == "array" && !fields.contains_key("items") || kind == "object" && preserves {
            fields.remove("type");
        }
        forget_nullable(fields);
    });
}

/// What may be null is not required.
fn forget_nullable(fields: &mut Map<String, Value>) {
    let is_nullable = |schema: Option<&Value>| schema.is_some_and(|one| one["nullable"] == true);
    if is_nullable(fields.get("additionalProperties")) {
        fields.remove("required");
    }
    let properties = fields.get("properties").cloned();
    let Some(required) = fields.get_mut("required").and_then(Value::as_array_mut) else { return };
    required.retain(|name| {
        let name = name.as_str().unwrap_or_default();
        !is_nullable(properties.as_ref().and_then(|properties| properties.get(name)))
    });
}

/// Tells what resources inside the resource have in any case.
fn embed(schema: &mut Value, dialect: Dialect) {
    visit(schema, &|fields| {
        let is = |key: &str| fields.get(key) == Some(&Value::Bool(true));
        let hidden = dialect == Dialect::V2 && is("x-kubernetes-preserve-unknown-fields");
        if hidden || !is("x-kubernetes-embedded-resource") {
            return;
        }
        let text = |description: String| json!({"type": "string", "description": description});
        let properties = fields.entry("properties").or_insert_with(|| json!({}));
        let properties = meta::map(properties);
        properties.insert(
            "apiVersion".into(),
            text(format!(
                "apiVersion defines the versioned schema of this representation of an object. More \
                 info: {CONVENTIONS}#resources"
            )),
        );
        properties.insert(
            "kind".into(),
            text(format!(
                "kind is a string value representing the type of this object. In CamelCase. More \
                 info: {CONVENTIONS}#types-kinds"
            )),
        );
        properties.insert("metadata".into(), metadata(dialect));
        let required = fields.entry("required").or_insert_with(|| json!([]));
        let Some(required) = required.as_array_mut() else { return };
        for name in ["kind", "apiVersion"] {
            if !required.iter().any(|one| one == name) {
                required.push(name.into());
            }
        }
    });
}
