use serde_json::json;

use super::*;

#[test]
fn numbers_are_equal_across_kinds() {
    assert!(equals(&json!({"a": [1, 2.0]}), &json!({"a": [1.0, 2]})));
    assert!(!equals(&json!(1), &json!("1")));
    assert!(!equals(&json!({"a": null}), &json!({})));
}

#[test]
fn values_print_as_in_go() {
    let value = json!({"b": [1, "x", null], "a": {"f": 1.5, "t": true}, "e": 1000000.0});
    assert_eq!(Plain(&value).to_string(), "map[a:map[f:1.5 t:true] b:[1 x <nil>] e:1e+06]");
    assert_eq!(
        GoSyntax(&value).to_string(),
        "map[string]interface {}{\"a\":map[string]interface {}{\"f\":1.5, \"t\":true}, \
         \"b\":[]interface {}{1, \"x\", interface {}(nil)}, \"e\":1e+06}"
    );
}

#[test]
fn kinds_of_values_have_an_order() {
    let sorted = [
        json!(-1),
        json!(1.5),
        json!(2),
        json!("a"),
        json!(false),
        json!([1]),
        json!({}),
        json!(null),
    ];
    for pair in sorted.windows(2) {
        assert_eq!(compare(&pair[0], &pair[1]), Ordering::Less, "{pair:?}");
    }
}
