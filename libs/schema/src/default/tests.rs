use serde_json::json;

use super::*;

fn schema() -> Schema {
    Schema::parse(&json!({"type": "object", "properties": {
        "a": {"type": "string", "default": "x"},
        "n": {"type": "string", "nullable": true, "default": "y"},
        "z": {"type": "string"},
        "o": {"type": "object", "default": {}, "properties": {"d": {"type": "integer", "default": 3}}},
        "l": {"type": "array", "items": {"type": "object", "properties": {"d": {"type": "integer", "default": 4}}}},
        "m": {"type": "object", "additionalProperties": {"type": "string", "default": "v"}},
    }}))
}

#[test]
fn defaults_reach_into_lists_maps_and_defaults() {
    let mut value = json!({"l": [{}, {"d": 1}], "m": {"k": null}});
    apply_defaults(&mut value, &schema());
    assert_eq!(
        value,
        json!({"a": "x", "n": "y", "o": {"d": 3}, "l": [{"d": 4}, {"d": 1}], "m": {"k": "v"}})
    );
}

#[test]
fn null_is_replaced_or_dropped_unless_it_is_a_value() {
    let mut value = json!({"a": null, "n": null, "z": null, "l": [null]});
    drop_wrong_nulls(&mut value, &schema());
    apply_defaults(&mut value, &schema());
    assert_eq!(value, json!({"a": "x", "n": null, "o": {"d": 3}, "l": [null]}));
}
