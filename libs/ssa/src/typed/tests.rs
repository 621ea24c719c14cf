use std::sync::LazyLock;

use serde_json::{Value, json};

use super::*;

/// A custom resource with a list or map of every kind.
fn thing() -> &'static Type {
    static TYPE: LazyLock<Type> = LazyLock::new(|| {
        let item = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "protocol": {"type": "string", "default": "TCP"},
                "value": {"type": "string"},
                "deep": {"type": "object", "properties": {"n": {"type": "integer"}}},
            },
        });
        Type::of_custom_resource(&json!({
            "type": "object",
            "properties": {
                "items": {"type": "array", "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"], "items": item},
                "pairs": {"type": "array", "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name", "protocol"], "items": item},
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "atoms": {"type": "array", "items": item},
                "atomic": {"type": "object", "x-kubernetes-map-type": "atomic",
                    "additionalProperties": {"type": "string"}},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
                "any": {"x-kubernetes-preserve-unknown-fields": true},
                "text": {"type": "string"},
                "flag": {"type": "boolean"},
                "number": {"type": "number"},
            },
        }))
    });
    &TYPE
}

fn typed(value: &Value) -> Typed<'_> {
    Typed::new(value, thing(), Duplicates::Allow).unwrap()
}

#[track_caller]
fn check_error(value: Value, expected: &str) {
    let error = Typed::new(&value, thing(), Duplicates::Refuse).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn values_of_the_wrong_kind_are_named_in_the_words_of_go() {
    check_error(
        json!({"text": {"a": [1]}}),
        ".text: expected string, got \
        &value.valueUnstructured{Value:map[string]interface {}{\"a\":[]interface {}{1}}}",
    );
    check_error(json!({"number": "x"}), ".number: expected numeric (int or float), got string");
    check_error(
        json!({"number": []}),
        ".number: expected numeric (int or float), got []interface {}",
    );
    check_error(json!({"flag": "x"}), ".flag: expected boolean, got &{x}");
    check_error(json!({"map": [1, "a"]}), ".map: expected map, got &{[1 a]}");
    check_error(json!({"items": {"a": null}}), ".items: expected list, got &{map[a:<nil>]}");
    check_error(
        json!({"atoms": [{"deep": {"n": "x"}}]}),
        ".atoms[0].deep.n: expected numeric (int or float), got string",
    );
    check_error(
        json!({"pairs": [{"name": "a", "deep": {"x": 1}}]}),
        ".pairs[name=\"a\",protocol=\"TCP\"].deep.x: field not declared in schema",
    );
}

#[test]
fn lists_with_broken_keys_are_refused() {
    check_error(
        json!({"items": [{"value": "x"}]}),
        ".items: element 0: associative list with keys has an element that omits all key fields \
         [\"name\"] (and doesn't have default values for any key fields)",
    );
    check_error(
        json!({"items": [{"name": "a"}, null]}),
        ".items: element 1: associative list with keys may not have a null element",
    );
    check_error(
        json!({"items": ["a"]}),
        ".items: element 0: associative list with keys may not have non-map elements",
    );
    check_error(
        json!({"tags": [{"a": 1}]}),
        ".tags: element 0: associative list without keys has an element that's a map type",
    );
    check_error(json!({"tags": ["a", "a"]}), ".tags: duplicate entries for key [=\"a\"]");
    assert!(Typed::new(&json!({"tags": ["a", "a"]}), thing(), Duplicates::Allow).is_ok());
}

#[test]
fn the_field_set_lists_leaves_items_and_hollow_values() {
    let value = json!({
        "items": [{"name": "a", "deep": {"n": 1}}], "pairs": [{"name": "p"}], "tags": ["x"],
        "atoms": [{"name": "a"}], "atomic": {"a": "b"}, "map": {"k": "v"}, "any": {"a": {"b": 1}},
        "text": null,
    });
    assert_eq!(
        typed(&value).field_set().to_fields(),
        json!({
            "f:items": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:deep": {"f:n": {}}}},
            "f:pairs": {"k:{\"name\":\"p\",\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}},
            "f:tags": {"v:\"x\"": {}}, "f:atoms": {}, "f:atomic": {}, "f:map": {"f:k": {}},
            "f:any": {"f:a": {".": {}, "f:b": {}}}, "f:text": {},
        })
    );
    let empty = json!({"items": [], "map": {}, "atomic": {}, "atoms": []});
    assert_eq!(
        typed(&empty).field_set().to_fields(),
        json!({"f:atomic": {}, "f:atoms": {}, "f:map": {}})
    );
}

#[test]
fn duplicates_are_mentioned_without_what_is_inside() {
    let value = json!({"items": [{"name": "a", "value": "1"}, {"name": "b"}, {"name": "a"}]});
    assert_eq!(
        typed(&value).field_set().to_fields(),
        json!({"f:items": {"k:{\"name\":\"a\"}": {}, "k:{\"name\":\"b\"}": {".": {}, "f:name": {}}}})
    );
}

#[track_caller]
fn check_comparison(old: Value, new: Value, expected: [&str; 3]) {
    let Comparison { added, modified, removed } = typed(&old).compare(&typed(&new));
    let text = |set: Set| set.to_string().replace('\n', " ");
    assert_eq!([text(added), text(modified), text(removed)], expected);
}

#[test]
fn comparisons_tell_what_is_added_modified_and_removed() {
    check_comparison(
        json!({"text": "a", "map": {"a": "1", "b": "1"}, "tags": ["x", "y"], "number": 1}),
        json!({"text": "b", "map": {"a": "2", "c": "1"}, "tags": ["y", "z"], "number": 1.0}),
        [".map.c .tags[=\"z\"]", ".text .map.a", ".map.b .tags[=\"x\"]"],
    );
    check_comparison(
        json!({}),
        json!({"items": [{"name": "a"}], "atoms": [{"name": "b"}]}),
        [".atoms .items .items[name=\"a\"] .items[name=\"a\"].name", "", ""],
    );
    check_comparison(json!({"any": "x"}), json!({"any": {"a": 1}}), [".any.a", ".any", ""]);
    check_comparison(json!({"map": null}), json!({"map": {"a": "1"}}), [".map.a", "", ""]);
}

#[test]
fn comparisons_take_duplicates_as_a_whole() {
    let item = |value: &str| json!({"name": "a", "value": value});
    let list =
        |values: &[&str]| json!({"items": values.iter().map(|v| item(v)).collect::<Vec<_>>()});
    check_comparison(list(&["1", "2"]), list(&["1", "2"]), ["", "", ""]);
    check_comparison(list(&["1", "2"]), list(&["2", "1"]), ["", ".items[name=\"a\"]", ""]);
    check_comparison(
        list(&["1", "2"]),
        list(&["1"]),
        [
            ".items[name=\"a\"] .items[name=\"a\"].name .items[name=\"a\"].value",
            "",
            ".items[name=\"a\"]",
        ],
    );
}

#[track_caller]
fn check_merge(live: Value, applied: Value, expected: Value) {
    assert_eq!(typed(&live).merge(&typed(&applied)), expected);
}

#[test]
fn merging_keeps_what_is_not_mentioned() {
    check_merge(
        json!({"map": {"a": "1", "b": "1"}, "atomic": {"a": "1"}, "atoms": [{"name": "x"}], "text": "t"}),
        json!({"map": {"b": "2"}, "atomic": {"b": "2"}, "atoms": []}),
        json!({"map": {"a": "1", "b": "2"}, "atomic": {"b": "2"}, "atoms": [], "text": "t"}),
    );
    check_merge(json!({"any": "x"}), json!({"any": {"a": 1}}), json!({"any": {"a": 1}}));
    check_merge(json!({"text": "x"}), json!({"text": null}), json!({"text": null}));
}

#[test]
fn merged_lists_follow_the_applied_order_and_keep_live_items_near_their_neighbours() {
    let tags = |tags: &str| json!({"tags": tags.split_terminator(' ').collect::<Vec<_>>()});
    for (live, applied, expected) in [
        ("a b c", "", "a b c"),
        ("a b c", "b", "a b c"),
        ("a b c", "c a", "b c a"),
        ("a b c", "x b y", "a x b c y"),
        ("1 a 2 b", "b a", "1 2 b a"),
        ("", "b a", "b a"),
        ("a a b", "c b", "a a c b"),
    ] {
        check_merge(tags(live), tags(applied), tags(expected));
    }
    check_merge(
        json!({"items": [{"name": "a", "value": "1"}, {"name": "b", "value": "1"}]}),
        json!({"items": [{"name": "b", "protocol": "UDP"}]}),
        json!({"items": [{"name": "a", "value": "1"}, {"name": "b", "value": "1", "protocol": "UDP"}]}),
    );
}

#[test]
fn fields_are_removed_and_extracted() {
    let value = json!({
        "items": [{"name": "a", "value": "1"}, {"name": "b"}], "map": {"k": "v"}, "tags": ["x", "y"],
    });
    let items = Set::from_fields(&json!({
        "f:items": {"k:{\"name\":\"a\"}": {"f:value": {}}, "k:{\"name\":\"b\"}": {}},
        "f:map": {"f:k": {}}, "f:tags": {"v:\"x\"": {}},
    }))
    .unwrap();
    assert_eq!(
        typed(&value).remove(&items),
        json!({"items": [{"name": "a"}], "map": null, "tags": ["y"]})
    );
    assert_eq!(
        typed(&value).extract(&items),
        json!({"items": [{"value": "1"}, {"name": "b"}], "map": {"k": "v"}, "tags": ["x"]})
    );
}

#[test]
fn sets_from_before_a_list_became_atomic_own_the_whole_list() {
    let old = Set::from_fields(&json!({
        "f:atoms": {"k:{\"name\":\"a\"}": {".": {}, "f:value": {}}}, "f:atomic": {"f:a": {}},
        "f:map": {"f:k": {}}, "f:gone": {"f:x": {}},
    }))
    .unwrap();
    assert_eq!(
        reconcile(&old, thing()).unwrap().to_fields(),
        json!({"f:atoms": {}, "f:atomic": {}, "f:map": {"f:k": {}}, "f:gone": {"f:x": {}}})
    );
    let new = Set::from_fields(&json!({"f:atoms": {}, "f:map": {"f:k": {}}})).unwrap();
    assert_eq!(reconcile(&new, thing()), None);
}
