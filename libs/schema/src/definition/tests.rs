use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;

fn check(json: &Value, expected: Expect) {
    let definition = DefinitionSchema { json, has_status: false };
    let nothing = |_: &Path<'_>, _: &Value| Vec::new();
    let errors = check_definition(&Path::new("s"), definition, &nothing);
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    expected.assert_eq(&texts.join("\n"));
}

fn spec(spec: Value) -> Value {
    json!({"type": "object", "properties": {"spec": spec}})
}

#[test]
fn a_sound_schema_has_no_errors() {
    check(
        &spec(json!({
            "type": "object", "required": ["a"], "properties": {
                "a": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                "l": {"type": "array", "maxItems": 9, "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object", "properties": {
                        "k": {"type": "string", "default": "x", "maxLength": 9}}}}},
            "x-kubernetes-validations": [{"rule": "self.l.all(i, i.k != '')"}],
        })),
        expect![[""]],
    );
}

#[test]
fn logic_says_nothing_about_types_and_at_the_root_only_what_is_declared() {
    check(
        &json!({"type": "object", "properties": {"spec": {"type": "object"}},
            "not": {"properties": {"spec": {"properties": {"c": {"minLength": 1}}}}, "items": {}}}),
        expect![[r#"
            s.items: Required value: because it is defined in s.not.items
            s.properties[spec].properties[c]: Required value: because it is defined in s.not.properties[spec].properties[c]"#]],
    );
    check(
        &spec(json!({
            "type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "array"}},
            "not": {"properties": {"c": {"minLength": 1}}, "items": {"pattern": "("}},
            "oneOf": [{"description": "x", "properties": {"a": {"type": "string"}}}],
        })),
        expect![[r#"
            s.properties[spec].not.items.pattern: Invalid value: "(": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): `(`
            s.properties[spec].oneOf[0].description: Forbidden: must be empty to be structural
            s.properties[spec].oneOf[0].properties[a].type: Forbidden: must be empty to be structural
            s.properties[spec].properties[b].items: Required value: must be specified"#]],
    );
}

#[test]
fn defaults_are_values_of_the_schema() {
    check(
        &spec(json!({"type": "object", "default": {"a": 1, "z": 2}, "properties": {
            "a": {"type": "integer", "maximum": 3, "default": 7},
            "b": {"type": "string", "default": "no", "x-kubernetes-validations": [
                {"rule": "self == 'yes'"}]},
        }})),
        expect![[r#"
            s.properties[spec].default: Invalid value: {"a":1,"z":2}: must not have unknown fields
            s.properties[spec].properties[a].default: Invalid value: 7:  in body should be less than or equal to 3
            s.properties[spec].properties[b].default: Invalid value: "no": failed rule: self == 'yes'"#]],
    );
}

#[test]
fn keys_of_lists_are_scalars_that_are_always_there() {
    check(
        &spec(json!({"type": "array", "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a", "b", "b", "c"],
            "items": {"type": "object", "nullable": true, "properties": {
                "a": {"type": "object"}, "b": {"type": "string", "nullable": true}}}})),
        expect![[r#"
            s.properties[spec].items.properties[a].type: Invalid value: "object": must be a scalar type if parent array's x-kubernetes-list-type is map
            s.properties[spec].x-kubernetes-list-map-keys: Invalid value: ["a","b","b","c"]: must not contain duplicate entries
            s.properties[spec].x-kubernetes-list-map-keys: Invalid value: ["a","b","b","c"]: entries must all be names of item properties
            s.properties[spec].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is map
            s.properties[spec].items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property
            s.properties[spec].items.properties[b].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property
            s.properties[spec].items.properties[b].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable
            s.properties[spec].items.properties[b].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property
            s.properties[spec].items.properties[b].nullable: Forbidden: this property is in x-kubernetes-list-map-keys, so it cannot be nullable"#]],
    );
}

#[test]
fn old_values_of_items_are_known_by_key_only() {
    let item = |list: &str| {
        spec(json!({"type": "array", "maxItems": 5, "x-kubernetes-list-type": list,
            "x-kubernetes-list-map-keys": (list == "map").then_some(vec!["k"]),
            "items": {"type": "object", "x-kubernetes-map-type": "atomic", "required": ["k"],
                "properties": {"k": {"type": "string", "maxLength": 5}},
                "x-kubernetes-validations": [{"rule": "self == oldSelf"},
                    {"rule": "true", "optionalOldSelf": true}]}}))
    };
    check(
        &item("set"),
        expect![[r#"
            s.properties[spec].items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[spec]
            s.properties[spec].items.x-kubernetes-validations[1].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"#]],
    );
    check(
        &item("map"),
        expect![
            "s.properties[spec].items.x-kubernetes-validations[1].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"
        ],
    );
}

#[test]
fn the_factor_of_a_budget_that_is_exceeded_is_told() {
    check(
        &spec(
            json!({"type": "array", "maxItems": 30_000, "items": {"type": "string", "maxLength": 1000},
            "x-kubernetes-validations": [{"rule": "self.all(a, a.contains('x'))"}]}),
        ),
        expect![
            "s.properties[spec].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of 1.212000x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
        ],
    );
}

#[test]
fn a_schema_is_printed_as_the_internal_type() {
    let text = schema_text(&json!({"type": "object", "additionalProperties": {"enum": ["<"]}}));
    assert!(
        text.starts_with(r#"{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object""#)
    );
    assert!(text.contains(r#""AdditionalProperties":{"Allows":true,"Schema":{"ID""#));
    assert!(text.contains(r#""Enum":["\u003c"]"#));
}
