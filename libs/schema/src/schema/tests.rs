use serde_json::json;

use super::*;

#[test]
fn a_schema_is_read_with_everything_below_it() {
    let schema = Schema::parse(&json!({
        "type": "object",
        "required": ["a"],
        "properties": {
            "a": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
                  "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
            "b": {"additionalProperties": {"type": "integer", "maximum": 3}},
            "c": {"x-kubernetes-int-or-string": true},
        },
        "x-kubernetes-validations": [{"rule": "true", "optionalOldSelf": true}],
    }));
    assert_eq!(schema.required, ["a".into()]);
    assert_eq!(schema.properties["a"].list_type, Some(ListType::Map));
    assert_eq!(schema.properties["a"].item().unwrap().kind, Type::Object);
    let limits = schema.properties["b"].additional_schema().unwrap().limits.as_ref().unwrap();
    assert_eq!(limits.maximum, Some(3.0));
    assert_eq!(schema.properties["c"].types(), ["integer", "string"]);
    assert_eq!(schema.rules[0].optional_old_self, Some(true));
}

#[test]
fn a_deep_schema_is_cut_off() {
    let mut json = json!({});
    for _ in 0..1000 {
        json = json!({"properties": {"a": json}});
    }
    let mut depth = 0;
    Schema::parse(&json).visit(&mut |_| depth += 1);
    assert!(depth < 1000);
    // serde_json drops deep values recursively, which a test thread survives at this depth.
}
