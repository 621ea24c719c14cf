use serde_json::json;

use crate::{Duplicates, Schema, Type, Typed};

fn errors(of: &Type, value: serde_json::Value) -> String {
    match Typed::new(&value, of, Duplicates::Refuse) {
        Ok(_) => String::new(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn references_lead_to_other_definitions_and_may_lead_back() {
    let serde_json::Value::Object(definitions) = json!({
        "x.Tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "left": {"$ref": "#/definitions/x.Tree"},
                "right": {"allOf": [{"$ref": "#/components/schemas/x.Tree"}], "default": {}},
            },
        },
    }) else {
        panic!("it is a map");
    };
    let tree = Schema::from_definitions(definitions).type_of("x.Tree").unwrap();
    assert_eq!(errors(&tree, json!({"left": {"right": {"name": "a"}}})), "");
    assert_eq!(
        errors(&tree, json!({"left": {"right": {"name": 1, "x": 1}}})),
        "errors:\n  .left.right.name: expected string, got &value.valueUnstructured{Value:1}\n  \
         .left.right.x: field not declared in schema"
    );
}

#[test]
fn custom_resources_have_metadata_whatever_their_schema_says() {
    let of = Type::of_custom_resource(&json!({"type": "object"}));
    assert_eq!(
        errors(&of, json!({"apiVersion": "a/v1", "kind": "K", "metadata": {"name": "n"}})),
        ""
    );
    assert_eq!(errors(&of, json!({"spec": {}})), ".spec: field not declared in schema");
    assert_eq!(
        errors(&of, json!({"metadata": {"labels": {"a": 1}, "uid": {}}})),
        "errors:\n  .metadata.labels.a: expected string, got &value.valueUnstructured{Value:1}\n  \
         .metadata.uid: expected string, got \
         &value.valueUnstructured{Value:map[string]interface {}{}}"
    );
}

#[test]
fn unknown_fields_are_preserved_where_the_schema_says_so_and_below() {
    let of = Type::of_custom_resource(&json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": true,
                "properties": {"inner": {"type": "object", "properties": {"a": {"type": "string"}}}},
            },
            "any": {"x-kubernetes-preserve-unknown-fields": true},
            "ios": {"x-kubernetes-int-or-string": true},
            "object": {"type": "object", "x-kubernetes-embedded-resource": true,
                "x-kubernetes-preserve-unknown-fields": true},
        },
    }));
    let value = json!({
        "spec": {"x": 1, "inner": {"y": [1]}}, "any": [1, {}], "ios": "5%",
        "object": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "n"}, "data": {"a": 1}},
    });
    assert_eq!(errors(&of, value), "");
    assert_eq!(
        errors(&of, json!({"object": {"kind": 1}})),
        ".object.kind: expected string, got &value.valueUnstructured{Value:1}"
    );
}

#[test]
fn built_in_kinds_are_read_from_their_definitions() {
    let schema = Schema::new(flux_schema::openapi::names(), flux_schema::openapi::definition_v3);
    for name in flux_schema::openapi::names() {
        let of = schema.type_of(name).unwrap();
        assert!(schema.resolve(&of.root).is_some(), "{name}");
    }
    let service = schema.type_of("io.k8s.api.core.v1.Service").unwrap();
    let value = json!({"spec": {"ports": [{"port": 80}, {"port": 80, "protocol": "TCP"}]}});
    assert_eq!(
        errors(&service, value),
        ".spec.ports: duplicate entries for key [port=80,protocol=\"TCP\"]"
    );
}
