use std::sync::Arc;

use serde_json::{Value, json};

use super::RuleSet;
use crate::Schema;

fn rules(schema: &Value) -> RuleSet {
    RuleSet::of_resource(schema, Arc::new(Schema::parse(schema))).expect("there are rules")
}

fn schema(spec: &Value) -> Value {
    json!({"type": "object", "properties": {"spec": spec}})
}

fn errors(schema: &Value, object: &Value, old: Option<&Value>) -> Vec<String> {
    rules(schema).run(object, old).errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_schema_without_rules_has_no_rule_set() {
    let json = schema(&json!({"type": "string"}));
    assert!(RuleSet::of_resource(&json, Arc::new(Schema::parse(&json))).is_none());
}

#[test]
fn values_are_printed_unless_they_are_objects() {
    let json = schema(&json!({"type": "object",
        "x-kubernetes-validations": [{"rule": "self.low <= self.high"}],
        "properties": {
            "low": {"type": "integer", "x-kubernetes-validations": [
                {"rule": "self > 0", "message": "must be positive"}]},
            "high": {"type": "integer"}}}));
    let object = json!({"spec": {"low": 0, "high": -1}});
    assert_eq!(
        errors(&json, &object, None),
        [
            "spec: Invalid value: failed rule: self.low <= self.high",
            "spec.low: Invalid value: 0: must be positive",
        ]
    );
}

#[test]
fn reasons_paths_and_message_expressions_shape_the_error() {
    let json = schema(&json!({"type": "object",
        "x-kubernetes-validations": [
            {"rule": "has(self.a)", "reason": "FieldValueRequired", "fieldPath": ".a",
                "messageExpression": "'a is missing in ' + string(size(self))"},
            {"rule": "self.b != 'x'", "messageExpression": "'b is ' + self.b"},
            {"rule": "self.b != 'x'", "reason": "FieldValueForbidden", "message": " no x "},
            {"rule": "self.b != 'x'", "messageExpression": "''"}],
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}));
    let object = json!({"spec": {"b": "x"}});
    assert_eq!(
        errors(&json, &object, None)[1..],
        [
            "spec: Invalid value: b is x",
            "spec: Forbidden: no x",
            "spec: Invalid value: failed rule: self.b != 'x'",
        ]
    );
    assert!(errors(&json, &object, None)[0].starts_with("spec.a: Required value"));
}

#[test]
fn rules_about_the_old_value_run_on_updates_alone() {
    let json = schema(&json!({"type": "object", "properties": {
        "a": {"type": "string", "x-kubernetes-validations": [
            {"rule": "self == oldSelf", "message": "is immutable"}]},
        "l": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["n"],
            "items": {"type": "object", "required": ["n"],
                "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v"}],
                "properties": {"n": {"type": "string"}, "v": {"type": "integer"}}}}}}));
    let old = json!({"spec": {"a": "x", "l": [{"n": "p", "v": 3}, {"n": "q", "v": 3}]}});
    let new = json!({"spec": {"a": "y", "l": [{"n": "q", "v": 2}, {"n": "r", "v": 0}]}});
    assert!(errors(&json, &new, None).is_empty());
    assert_eq!(
        errors(&json, &new, Some(&old)),
        [
            "spec.a: Invalid value: \"y\": is immutable",
            "spec.l[0]: Invalid value: failed rule: self.v >= oldSelf.v",
        ]
    );
}

#[test]
fn an_optional_old_value_lets_a_rule_run_on_creation() {
    let json = schema(&json!({"type": "string", "x-kubernetes-validations": [
        {"rule": "oldSelf.hasValue() || self == 'new'", "optionalOldSelf": true}]}));
    let object = json!({"spec": "x"});
    assert_eq!(errors(&json, &object, None).len(), 1);
    assert!(errors(&json, &object, Some(&json!({"spec": "y"}))).is_empty());
}

#[test]
fn what_was_wrong_before_is_excused() {
    let json = schema(&json!({"type": "object", "properties": {
        "a": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 0"}]},
        "b": {"type": "integer"}}}));
    let old = json!({"spec": {"a": 0, "b": 1}});
    let findings = rules(&json).run(&json!({"spec": {"a": 0, "b": 2}}), Some(&old));
    assert!(findings.errors.is_empty());
    assert_eq!(findings.excused.len(), 1);
    assert_eq!(errors(&json, &json!({"spec": {"a": -1}}), Some(&old)).len(), 1);
}

#[test]
fn errors_at_run_time_name_the_rule_and_the_type() {
    let json = schema(&json!({"type": "object",
        "x-kubernetes-validations": [{"rule": "self.a == 'x'"}],
        "properties": {"a": {"type": "string"}}}));
    assert_eq!(
        errors(&json, &json!({"spec": {}}), None),
        ["spec: Invalid value: \"object\": no such key: a evaluating rule: self.a == 'x'"]
    );
}

#[test]
fn a_costly_rule_ends_the_run() {
    let rule = json!([{"rule": "self.all(x, self.all(y, self.all(z, x + y + z >= 0)))"},
        {"rule": "size(self) < 3"}]);
    let json = schema(&json!({"type": "array", "items": {"type": "integer"},
        "x-kubernetes-validations": rule}));
    let object = json!({"spec": vec![1; 300]});
    let errors = errors(&json, &object, None);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("call cost exceeds limit for rule"), "{errors:?}");
}
