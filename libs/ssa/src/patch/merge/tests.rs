use serde_json::{Value, json};

use super::merge;

#[track_caller]
fn check(target: Value, patch: Value, expected: Value) {
    let mut merged = target;
    merge(&mut merged, patch);
    assert_eq!(merged, expected);
}

#[test]
fn null_removes_and_maps_merge() {
    check(
        json!({"a": {"b": 1, "c": 2}, "d": [1]}),
        json!({"a": {"b": null, "e": 3}, "d": [2], "f": {"g": null}, "h": null}),
        json!({"a": {"c": 2, "e": 3}, "d": [2], "f": {}}),
    );
}

#[test]
fn nulls_inside_a_replacing_list_are_dropped_unless_it_replaces_a_map() {
    check(
        json!({"a": [1]}),
        json!({"a": [{"b": null, "c": 1}, null]}),
        json!({"a": [{"c": 1}, null]}),
    );
    check(json!({"a": {}}), json!({"a": [{"b": null}]}), json!({"a": [{"b": null}]}));
}
