use std::sync::Arc;

use serde_json::json;

use crate::{Env, ErrorKind, Schema, SchemaPlace, Value};

/// Runs an expression and tells what it cost, and what it was estimated to cost.
fn check(expression: &str, spent: u64, estimated: (u64, u64)) {
    let env = Env::kubernetes()
        .with_variable("s", crate::Type::String)
        .with_variable("xs", crate::Type::list(crate::Type::String));
    let program = env.compile(expression).unwrap();
    let xs = ["b", "a", "c", "a"].map(Value::string).to_vec();
    let variables = [("s", Value::string("hello")), ("xs", Value::list(xs))];
    let evaluation = program.evaluate_within(&variables, 1_000_000);
    assert!(evaluation.outcome.is_ok(), "{expression}");
    assert_eq!(evaluation.cost, spent, "spent by {expression}");
    let range = program.estimated_cost();
    assert_eq!((range.min, range.max), estimated, "estimate of {expression}");
}

/// The figures are those of cel-go with the API server's rules.
#[test]
fn costs_are_counted_and_estimated_as_by_the_api_server() {
    let most = u64::MAX;
    check("s == 'hello'", 2, (2, 2));
    check("s.startsWith('he')", 2, (2, 2));
    check("1 == 1", 1, (1, 1));
    check("s in ['a', 'b']", 1, (13, 13));
    check("s.size() > 3", 3, (3, 3));
    check("xs.all(x, x.size() > 0)", 26, (2, most));
}

#[test]
fn a_run_ends_when_its_budget_is_spent() {
    let program = Env::kubernetes()
        .compile("lists.range(1000).all(x, lists.range(1000).all(y, x + y >= 0))")
        .unwrap();
    let none = json!({});
    let evaluation = program.evaluate_within(&none.as_object().unwrap(), 5_000);
    assert_eq!(evaluation.outcome.unwrap_err().kind(), ErrorKind::Budget);
    assert!(evaluation.cost > 5_000);
}

#[test]
fn limits_of_the_schema_bound_the_estimate() {
    let rule = |max_items: Option<u64>| {
        let mut openapi = json!({"type": "array", "items": {"type": "string", "maxLength": 10}});
        if let Some(most) = max_items {
            openapi["maxItems"] = json!(most);
        }
        let schema = Schema::from_openapi(&openapi, SchemaPlace::Part).unwrap();
        let env = Env::kubernetes().with_schema("self", Arc::new(schema));
        env.compile("self.all(x, x.contains('x'))").unwrap().estimated_cost().max
    };
    assert!(rule(None) > 1_000_000);
    assert!(rule(Some(10)) < 1_000);
}
