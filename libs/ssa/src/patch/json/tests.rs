use serde_json::{Value, json};

use super::*;

#[track_caller]
fn check(document: Value, patch: Value, expected: Result<Value, &str>) {
    let mut patched = document;
    let outcome = JsonPatch::from_value(patch).and_then(|patch| patch.apply(&mut patched));
    match (outcome, expected) {
        (Ok(()), Ok(expected)) => assert_eq!(patched, expected),
        (outcome, expected) => {
            assert_eq!(
                outcome.map_err(|error| error.to_string()),
                expected.map(drop).map_err(str::to_owned)
            );
        }
    }
}

#[test]
fn operations_apply_in_order() {
    check(
        json!({"a": {"b": [1, 2]}, "c/d": "~"}),
        json!([
            {"op": "add", "path": "/a/b/1", "value": 9},
            {"op": "add", "path": "/a/b/-", "value": 3},
            {"op": "remove", "path": "/a/b/0"},
            {"op": "move", "from": "/c~1d", "path": "/e"},
            {"op": "copy", "from": "/a", "path": "/f"},
            {"op": "replace", "path": "/f/b/-1", "value": null},
            {"op": "test", "path": "/f/b", "value": [9, 2, null]},
        ]),
        Ok(json!({"a": {"b": [9, 2, 3]}, "e": "~", "f": {"b": [9, 2, null]}})),
    );
}

#[test]
fn missing_fields_can_be_replaced_and_tested_for_null_but_not_removed() {
    check(json!({}), json!([{"op": "replace", "path": "/a", "value": 1}]), Ok(json!({"a": 1})));
    check(json!({}), json!([{"op": "test", "path": "/a", "value": null}]), Ok(json!({})));
    check(json!({}), json!([{"op": "copy", "from": "/a", "path": "/b"}]), Ok(json!({"b": null})));
    check(
        json!({}),
        json!([{"op": "remove", "path": "/a"}]),
        Err("Unable to remove nonexistent key: a: missing value"),
    );
    check(
        json!({"a": []}),
        json!([{"op": "replace", "path": "/a/0", "value": 1}]),
        Err("Unable to access invalid index: 0: invalid index referenced"),
    );
}

#[test]
fn text_before_the_first_slash_is_ignored() {
    check(json!({}), json!([{"op": "add", "path": "x/k", "value": 1}]), Ok(json!({"k": 1})));
    check(
        json!({}),
        json!([{"op": "add", "path": "k", "value": 1}]),
        Err("doc is missing path: \"k\": missing value"),
    );
}

#[test]
fn the_root_can_be_replaced_by_a_map_or_a_list() {
    check(
        json!({"a": 1}),
        json!([{"op": "replace", "path": "", "value": {"b": 1}}]),
        Ok(json!({"b": 1})),
    );
    check(
        json!({"a": 1}),
        json!([{"op": "replace", "path": "", "value": 1}]),
        Err("replace operation value must be object or array"),
    );
}

#[test]
fn what_is_no_list_of_operations_is_refused_in_the_words_of_go() {
    check(
        json!({}),
        json!({"op": "add"}),
        Err("json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
    );
    check(
        json!({}),
        json!([{"op": 1}]),
        Err("json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"),
    );
    check(json!({}), json!([{"op": "foo", "path": "/a"}]), Err("Unexpected kind: foo"));
}

#[test]
fn copies_that_multiply_are_stopped() {
    let doubling: Value =
        (0..40).map(|i| json!({"op": "copy", "from": "/l", "path": format!("/l/x{i}")})).collect();
    let mut document = json!({"l": {"x": "x".repeat(1000)}});
    let error = JsonPatch::from_value(doubling).unwrap().apply(&mut document).unwrap_err();
    assert!(error.to_string().starts_with("Unable to complete the copy"), "{error}");
}

#[test]
fn too_many_operations_are_refused() {
    let operation = json!({"op": "test", "path": "/a", "value": 1});
    let patch = Value::from(vec![operation; MAX_OPERATIONS + 1]);
    assert_eq!(
        JsonPatch::from_value(patch).unwrap_err().to_string(),
        "The allowed maximum operations in a JSON patch is 10000, got 10001"
    );
}
