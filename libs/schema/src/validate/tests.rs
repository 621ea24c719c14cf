use std::fmt::Write as _;

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

fn errors(schema: &Value, value: &Value) -> String {
    let schema = json!({"type": "object", "properties": {"spec": schema}});
    let validator = Validator::new(Arc::new(Schema::parse(&schema)));
    print(&validator.validate(&Path::ROOT, &json!({"spec": value})))
}

fn print(errors: &[FieldError]) -> String {
    let mut text = String::new();
    for error in errors {
        writeln!(text, "{error}").unwrap();
    }
    text
}

fn check(schema: &Value, value: &Value, expected: &Expect) {
    expected.assert_eq(&errors(schema, value));
}

#[test]
fn types_are_told_apart() {
    let schema = json!({"type": "object", "properties": {
        "s": {"type": "string"}, "i": {"type": "integer"}, "n": {"type": "number"},
        "b": {"type": "boolean"}, "a": {"type": "array", "items": {"type": "string"}},
        "p": {"x-kubernetes-int-or-string": true},
    }});
    check(
        &schema,
        &json!({"s": 1, "i": 1.5, "n": "x", "b": "true", "a": [1, null], "p": 1.5}),
        &expect![[r#"
            spec.a[0]: Invalid value: "integer": spec.a[0] in body must be of type string: "integer"
            spec.a[1]: Invalid value: "null": spec.a[1] in body must be of type string: "null"
            spec.b: Invalid value: "string": spec.b in body must be of type boolean: "string"
            spec.i: Invalid value: "number": spec.i in body must be of type integer: "number"
            <nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.i
            spec.n: Invalid value: "string": spec.n in body must be of type number: "string"
            spec.p: Invalid value: "number": spec.p in body must be of type integer,string: "number"
            spec.s: Invalid value: "integer": spec.s in body must be of type string: "integer"
        "#]],
    );
    check(
        &schema,
        &json!({"s": "", "i": 2.0, "n": 3, "b": false, "a": [], "p": "1"}),
        &expect![""],
    );
}

#[test]
fn numbers_keep_their_limits() {
    let schema = json!({"type": "object", "properties": {
        "i": {"type": "integer", "minimum": 1, "maximum": 5},
        "x": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 1.5, "exclusiveMaximum": true},
        "m": {"type": "integer", "multipleOf": 3},
        "l": {"type": "integer", "format": "int64"},
        "f": {"type": "integer", "format": "int32"},
    }});
    check(
        &schema,
        &json!({"i": 6, "x": 1.5, "m": 4, "l": 9_223_372_036_854_775_808_u64, "f": 2_147_483_648_i64}),
        &expect![[r#"
            <nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.f
            spec.i: Invalid value: 6: spec.i in body should be less than or equal to 5
            spec.l: Invalid value: "float64": spec.l in body must be of type int64: "float64"
            <nil>: Invalid value: "": Checked value must be of type integer with format int64 in spec.l
            spec.m: Invalid value: 4: spec.m in body should be a multiple of 3
            spec.x: Invalid value: 1.5: spec.x in body should be less than 1.5
        "#]],
    );
    check(
        &schema,
        &json!({"i": 0, "x": 0}),
        &expect![[r#"
            spec.i: Invalid value: 0: spec.i in body should be greater than or equal to 1
            spec.x: Invalid value: 0: spec.x in body should be greater than 0
        "#]],
    );
}

#[test]
fn texts_lists_and_maps_keep_their_sizes() {
    let schema = json!({"type": "object", "required": ["r"], "properties": {
        "s": {"type": "string", "maxLength": 2}, "t": {"type": "string", "minLength": 2},
        "p": {"type": "string", "pattern": "^a+$"},
        "e": {"type": "string", "enum": ["a", "b"]}, "n": {"type": "integer", "enum": [1, 2]},
        "l": {"type": "array", "maxItems": 1, "items": {"type": "string"}},
        "m": {"type": "object", "minProperties": 1, "maxProperties": 2, "additionalProperties": {"type": "string"}},
        "c": {"type": "object", "additionalProperties": false},
    }});
    check(
        &schema,
        &json!({"s": "äöü", "t": "x", "p": "b", "e": "c", "n": 3, "l": ["a", "b"], "m": {}, "c": {"x": 1}}),
        &expect![[r#"
            spec.c: Invalid value: "x": spec.c.x in body is a forbidden property
            spec.e: Unsupported value: "c": supported values: "a", "b"
            spec.l: Too many: 2: must have at most 1 item
            spec.m: Invalid value: 0: spec.m in body should have at least 1 properties
            spec.n: Unsupported value: 3: supported values: "1", "2"
            spec.p: Invalid value: "b": spec.p in body should match '^a+$'
            spec.s: Too long: may not be more than 2 bytes
            spec.t: Invalid value: "x": spec.t in body should be at least 2 chars long
            spec.r: Required value
        "#]],
    );
}

#[test]
fn combinations_report_their_best_branch() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string"}, "b": {"type": "string"},
        "c": {"type": "string", "allOf": [{"minLength": 2}, {"pattern": "^x"}]},
        "d": {"type": "string", "not": {"enum": ["bad"]}},
    }, "oneOf": [{"required": ["a"]}, {"required": ["b"]}], "anyOf": [{"required": ["a"]}, {"required": ["b"]}]});
    check(
        &schema,
        &json!({"c": "y", "d": "bad"}),
        &expect![[r#"
            <nil>: Invalid value: "": "spec" must validate at least one schema (anyOf)
            spec.a: Required value
            <nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid
            spec.c: Invalid value: "y": spec.c in body should be at least 2 chars long
            spec.c: Invalid value: "y": spec.c in body should match '^x'
            <nil>: Invalid value: "": "spec.c" must validate all the schemas (allOf). None validated
            <nil>: Invalid value: "": "spec.d" must not validate the schema (not)
        "#]],
    );
    check(
        &schema,
        &json!({"a": "", "b": ""}),
        &expect![[r#"
            <nil>: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives
        "#]],
    );
}

#[test]
fn formats_are_checked_unless_nobody_knows_them() {
    let schema = json!({"type": "object", "properties": {
        "d": {"type": "string", "format": "date-time"}, "o": {"type": "string", "format": "odd"},
    }});
    check(
        &schema,
        &json!({"d": "yesterday", "o": "x"}),
        &expect![[r#"
            spec.d: Invalid value: "yesterday": spec.d in body must be of type date-time: "yesterday"
        "#]],
    );
}

#[test]
fn what_was_wrong_before_does_not_block_an_update() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string", "enum": ["good"]},
        "l": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
              "items": {"type": "object", "properties": {
                  "k": {"type": "string"}, "v": {"type": "integer", "maximum": 1}}}},
        "t": {"type": "array", "items": {"type": "integer", "maximum": 1}},
    }});
    let validator = Validator::new(Arc::new(Schema::parse(&schema)));
    let old = json!({"a": "bad", "l": [{"k": "x", "v": 5}, {"k": "y", "v": 1}], "t": [1, 2]});
    let update = |new: Value| print(&validator.validate_update(&Path::ROOT, &new, &old));
    let kept =
        json!({"a": "bad", "l": [{"k": "z", "v": 1}, {"k": "x", "v": 5}], "t": [1, 2], "new": 1});
    assert_eq!(update(kept), "");
    let changed = json!({"a": "worse", "l": [{"k": "y", "v": 5}], "t": [1, 2, 1]});
    expect![[r#"
        a: Unsupported value: "worse": supported values: "good"
        l[0].v: Invalid value: 5: l[0].v in body should be less than or equal to 1
        t[1]: Invalid value: 2: t[1] in body should be less than or equal to 1
    "#]]
    .assert_eq(&update(changed));
}

#[test]
fn items_that_repeat_are_duplicates() {
    let schema = Schema::parse(&json!({"type": "object", "properties": {
        "s": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "m": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"],
              "items": {"type": "object"}},
    }}));
    let object =
        json!({"s": ["x", "y", "x", "x"], "m": [{"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 2}]});
    expect![[r#"
        m[1]: Duplicate value: {"a":1,"b":2}
        s[2]: Duplicate value: "x"
    "#]]
    .assert_eq(&print(&validate_lists(&Path::ROOT, &schema, &object)));
}

#[test]
fn a_base_path_precedes_the_field() {
    let validator =
        Validator::new(Arc::new(Schema::parse(&json!({"type": "object", "required": ["x"]}))));
    let errors = validator.validate(&Path::new("status"), &json!({}));
    assert_eq!(print(&errors), "status.x: Required value\n");
}
