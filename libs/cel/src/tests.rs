use serde_json::{Value as Json, json};

use super::*;

/// Runs an unchecked expression over a document and shows the value or the error.
fn run(expression: &str, document: &Json) -> String {
    let program = match Env::flux().parse(expression) {
        Ok(program) => program,
        Err(error) => return error.to_string(),
    };
    match program.evaluate(&document.as_object().unwrap()) {
        Ok(value) => value.to_json().map_or_else(|| format!("{value:?}"), |json| json.to_string()),
        Err(error) => error.to_string(),
    }
}

fn check(expression: &str, expected: &str) {
    let document = json!({
        "status": {
            "phase": "Running",
            "replicas": 3,
            "conditions": [
                {"type": "Ready", "status": "True"},
                {"type": "Synced", "status": "False"},
            ],
        },
        "names": ["banana", "apple"],
        "empty": null,
    });
    assert_eq!(run(expression, &document), expected, "{expression}");
}

#[test]
fn fields_lists_and_maps_are_read_from_the_document() {
    check("status.phase", r#""Running""#);
    check("status.replicas + 1 == 4", "true");
    check("status['conditions'][1].type", r#""Synced""#);
    check("names[0] + names[1]", r#""bananaapple""#);
    check("empty == null", "true");
}

#[test]
fn macros_go_over_lists_and_maps() {
    check("status.conditions.filter(c, c.type == 'Ready').all(c, c.status == 'True')", "true");
    check("status.conditions.exists(c, c.status == 'Unknown')", "false");
    check("status.conditions.exists_one(c, c.status == 'False')", "true");
    check("names.map(n, n.size())", "[6,5]");
    check("names.map(n, n.startsWith('a'), n.upperAscii())", r#"["APPLE"]"#);
    check("status.map(k, k)", r#"["conditions","phase","replicas"]"#);
    check("has(status.phase) && !has(status.nope)", "true");
}

#[test]
fn the_side_that_decides_hides_the_error_of_the_other() {
    check("status.nope == 1 || true", "true");
    check("false && status.nope == 1", "false");
    check("status.nope == 1 && true", "no such key: nope");
    check("[0, 2].exists(x, 2 / x == 1)", "true");
}

#[test]
fn optional_values_stand_in_for_what_is_missing() {
    check("status.?nope.?deeper.orValue('none')", r#""none""#);
    check("status.?phase.hasValue()", "true");
    check("names[?5].orValue('x')", r#""x""#);
    check("names.last().value()", r#""apple""#);
    check("optional.of(1).optMap(x, x + 1).value()", "2");
    check("[?optional.none(), ?optional.of(1)]", "[1]");
}

#[test]
fn errors_have_the_words_of_the_original() {
    check("nope.deeper", "no such attribute(s): nope.deeper");
    check("status.nope", "no such key: nope");
    check("names[2]", "index out of bounds: 2");
    check("1 / 0", "division by zero");
    check("9223372036854775807 + 1", "integer overflow");
    check("'a' + 1", "no such overload");
    check("'a'.replace(1)", "no such overload: replace(string, int)");
    check("status.foo()", "no such overload: foo");
    check("int('x')", "type conversion error from 'string' to 'int'");
    check("while", "ERROR: <input>:1:1: reserved identifier: while\n | while\n | ^");
    check(
        "names.all(1, true)",
        "ERROR: <input>:1:11: argument must be a simple name\n | names.all(1, true)\n | ..........^",
    );
}

#[test]
fn numbers_of_different_types_compare_by_value() {
    check("1 == 1u && 1 == 1.0 && 1u < 1.5 && -1 < 1u", "true");
    check("2 in [1.0, 2.0]", "true");
    check("{1: 'x'}[1u]", r#""x""#);
    check("9007199254740993 == 9007199254740992.0", "false");
}

#[test]
fn hostile_expressions_end_early() {
    let range = format!("[{}]", vec!["0"; 300].join(","));
    let nested = format!("{range}.all(a, {range}.all(b, {range}.all(c, true)))");
    check(&nested, "operation cancelled: actual cost limit exceeded");
    let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    check(&deep, "ERROR: <input>:-1:0: expression recursion limit exceeded: 250");
    let chain = format!("names{}", ".x".repeat(5000));
    check(&chain, "ERROR: <input>:-1:0: max recursion depth exceeded");
    let sum = vec!["1"; 240].join(" + ");
    check(&sum, "240");
    let doubling = format!("optional.of('x'){}", ".optMap(x, x + x)".repeat(60));
    assert!(run(&doubling, &json!({})).contains("too large"));
    let lists = format!("{}1{}", "[".repeat(248), "]".repeat(248));
    assert!(run(&lists, &json!({})).starts_with("[[["));
}
