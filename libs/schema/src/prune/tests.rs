use serde_json::json;

use super::*;

#[test]
fn unknown_fields_go_and_are_named() {
    let schema = Schema::parse(
        &json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "l": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
            "m": {"type": "object", "additionalProperties": {"type": "object", "properties": {"k": {"type": "string"}}}},
        }}}}),
    );
    let mut object = json!({
        "apiVersion": "a/v1", "kind": "K", "metadata": {"odd": 1}, "zz": 1,
        "spec": {"l": [{"k": "a", "z": 1}], "m": {"x": {"k": "a", "z": 1}}, "q": {"deep": 1}},
    });
    let unknown = prune(&mut object, &schema);
    assert_eq!(unknown, ["spec.l[0].z", "spec.m.x.z", "spec.q", "zz"]);
    assert_eq!(
        object,
        json!({
            "apiVersion": "a/v1", "kind": "K", "metadata": {"odd": 1},
            "spec": {"l": [{"k": "a"}], "m": {"x": {"k": "a"}}},
        })
    );
}

#[test]
fn preserved_maps_keep_unknown_fields_but_prune_declared_ones() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {"o": {
        "type": "object", "x-kubernetes-preserve-unknown-fields": true,
        "properties": {"typed": {"type": "object", "properties": {"k": {"type": "string"}}}},
    }}}));
    let mut object = json!({"o": {"free": {"x": [1]}, "typed": {"k": "a", "z": 1}}});
    assert_eq!(prune(&mut object, &schema), ["o.typed.z"]);
    assert_eq!(object, json!({"o": {"free": {"x": [1]}, "typed": {"k": "a"}}}));
}

#[test]
fn embedded_resources_keep_their_metadata() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {"o": {
        "type": "object", "x-kubernetes-embedded-resource": true,
        "properties": {"spec": {"type": "object"}},
    }}}));
    let mut object =
        json!({"o": {"kind": "K", "metadata": {"name": "n"}, "spec": {"x": 1}, "y": 1}});
    assert_eq!(prune(&mut object, &schema), ["o.spec.x", "o.y"]);
    assert_eq!(object, json!({"o": {"kind": "K", "metadata": {"name": "n"}, "spec": {}}}));
}
