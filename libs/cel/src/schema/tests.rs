use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::{Env, Schema, SchemaPlace, Value};

fn schema() -> Schema {
    let openapi = json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "a-b": {"type": "integer"},
                    "namespace": {"type": "string"},
                    "port": {"x-kubernetes-int-or-string": true},
                    "ratio": {"type": "number"},
                    "wait": {"type": "string", "format": "duration"},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "names": {
                        "type": "array", "items": {"type": "string"},
                        "x-kubernetes-list-type": "set",
                    },
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "maybe": {"type": "string", "nullable": true},
                },
            },
        },
    });
    Schema::from_openapi(&openapi, SchemaPlace::Resource).unwrap()
}

/// Checks and runs a rule over two versions of a resource.
fn check(rule: &str, object: &Json, old: &Json, expected: &str) {
    let schema = Arc::new(schema());
    let env = Env::kubernetes()
        .with_schema("self", schema.clone())
        .with_schema("oldSelf", schema.clone());
    let got = match env.compile(rule) {
        Err(error) => error.to_string().lines().next().unwrap().to_owned(),
        Ok(program) => {
            let value = Value::from_json(object, Some(&schema)).unwrap();
            let old = Value::from_json(old, Some(&schema)).unwrap();
            match program.evaluate(&[("self", value), ("oldSelf", old)]) {
                Ok(value) => format!("{}", value.to_json().unwrap_or_default()),
                Err(error) => error.to_string(),
            }
        }
    };
    assert_eq!(got, expected, "{rule}");
}

fn object() -> Json {
    json!({
        "metadata": {"name": "x", "labels": {"a": "b"}},
        "spec": {
            "a-b": 1, "namespace": "n", "port": "http", "ratio": 2, "wait": "1m",
            "labels": {"k": "v"}, "names": ["a", "b"], "free": {"x": 1}, "maybe": null,
        },
    })
}

#[test]
fn fields_are_seen_by_their_escaped_names_and_declared_types() {
    let rule = |rule, expected| check(rule, &object(), &object(), expected);
    rule("self.spec.a__dash__b == 1", "true");
    rule("self.spec.__namespace__ == 'n'", "true");
    rule("self.metadata.name == 'x'", "true");
    rule("self.spec.ratio == 2.0", "true");
    rule("self.spec.wait < duration('1h')", "true");
    rule("self.spec.labels['k'] == 'v'", "true");
    rule("type(self.spec.port) == string", "true");
    rule(
        "self.spec.maybe == null",
        "ERROR: <input>:1:17: found no matching overload for '_==_' \
          applied to '(string, null)'",
    );
    rule("self.spec.nope", "ERROR: <input>:1:10: undefined field 'nope'");
    rule("self.metadata.labels", "ERROR: <input>:1:14: undefined field 'labels'");
    rule("self.spec.labels['z']", "no such key: z");
}

#[test]
fn sets_compare_without_order_and_unseen_fields_count() {
    let mut other = object();
    other["spec"]["names"] = json!(["b", "a"]);
    check("self == oldSelf", &object(), &other, "true");
    other["spec"]["free"] = json!({"x": 2});
    check("self.spec == oldSelf.spec", &object(), &other, "false");
}

#[test]
fn parts_that_do_not_fit_their_schema_are_errors() {
    let mut broken = object();
    broken["spec"]["ratio"] = json!("x");
    check("self.spec.ratio > 1.0", &broken, &broken, "invalid data, expected float, got string");
    broken["spec"]["labels"]["k"] = json!(null);
    check(
        "self.spec.labels['k'] == 'v'",
        &broken,
        &broken,
        "invalid data, got null for schema with nullable=false",
    );
}

#[test]
fn a_null_of_an_object_is_a_field_that_is_not_there() {
    let mut absent = object();
    absent["spec"]["wait"] = json!(null);
    check("has(self.spec.wait) || has(self.spec.maybe)", &absent, &absent, "false");
    check("self.spec.wait > duration('1s')", &absent, &absent, "no such key: wait");
}
