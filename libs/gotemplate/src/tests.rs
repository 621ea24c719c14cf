//! Templates as a whole; the recorded answers are compared by `cargo xtask conformance gotemplate`.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Function, Functions, Limits, MissingKey, Templates, Type, Value};

fn templates() -> Templates {
    let mut functions: Functions = BTreeMap::new();
    functions.insert(
        "include".to_owned(),
        Function::new(&[Type::Str, Type::Any], |executor, arguments| {
            let [Value::Str(name), dot] = arguments else { return Err("arguments".into()) };
            let text = executor.execute(name, dot);
            Ok(text?.into())
        }),
    );
    Templates::new("gotpl", functions)
}

fn render_with(mut templates: Templates, text: &str) -> Result<String, String> {
    let dot = Value::from(&json!({"s": "hello", "m": {"b": 1.5, "a": null}, "l": ["x", "y"]}));
    let parsed = templates.parse("test", text).map_err(|error| error.to_string());
    parsed.and_then(|()| templates.execute("test", &dot).map_err(|error| error.to_string()))
}

fn render(text: &str) -> Result<String, String> {
    render_with(templates(), text)
}

#[test]
fn trim_markers_take_the_space_around_them() {
    assert_eq!(render("a \n {{- .s -}} \t b").unwrap(), "ahellob");
}

#[test]
fn maps_are_walked_in_the_order_of_their_keys() {
    let text = "{{range $k, $v := .m}}{{$k}}={{$v}};{{end}}";
    assert_eq!(render(text).unwrap(), "a=<no value>;b=1.5;");
}

#[test]
fn a_break_ends_only_the_innermost_loop() {
    let text = "{{range .l}}{{.}}{{range 5}}{{if eq . 2}}{{break}}{{end}}{{.}}{{end}},{{end}}";
    assert_eq!(render(text).unwrap(), "x01,y01,");
}

#[test]
fn an_error_names_the_place_and_the_operand() {
    let wanted = "template: test:2:4: executing \"test\" at <.s.x>: \
                  can't evaluate field x in type interface {}";
    assert_eq!(render("\n{{.s.x}}").unwrap_err(), wanted);
}

#[test]
fn a_missing_entry_has_fields_unless_it_is_to_be_a_zero_value() {
    assert_eq!(render("{{.no.deeper}}").unwrap(), "<no value>");
    let strict = templates().with_missing_key(MissingKey::Zero);
    let error = render_with(strict, "{{.no.deeper}}").unwrap_err();
    assert!(error.ends_with("nil pointer evaluating interface {}.deeper"), "{error}");
}

#[test]
fn a_template_that_calls_itself_without_end_is_stopped() {
    let error = render("{{define \"a\"}}{{template \"a\"}}{{end}}{{template \"a\"}}").unwrap_err();
    assert!(error.ends_with("exceeded maximum template depth (100)"), "{error}");
    let error =
        render("{{define \"a\"}}{{include \"a\" .}}{{end}}{{include \"a\" .}}").unwrap_err();
    assert!(error.ends_with("exceeded maximum template depth (100)"), "{error}");
}

#[test]
fn a_template_that_writes_too_much_is_stopped() {
    let small = templates().with_limits(Limits { depth: 10, output: 1000, ..Limits::default() });
    let error = render_with(small, "{{range 1000}}ab{{end}}").unwrap_err();
    assert!(error.ends_with("output exceeds 1000 bytes"), "{error}");
}

#[test]
fn deeply_nested_parentheses_are_refused() {
    let text = format!("{{{{{}1{}}}}}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(render(&text).unwrap_err().ends_with("max expression depth exceeded"));
}

#[test]
fn verbs_that_do_not_fit_say_so_except_for_a_nil_inside_a_list() {
    let text = "{{printf \"%d|%s|%05.1f|%+v|%[1]q\" \"a\" (slice .l 1) .m.b .m}}";
    assert_eq!(render(text).unwrap(), "%!d(string=a)|[y]|001.5|map[a:<nil> b:1.5]|\"a\"");
}

#[test]
fn and_and_or_leave_the_rest_unevaluated() {
    assert_eq!(render("{{or 0 .s (index .l 9)}}{{and 0 (index .l 9)}}").unwrap(), "hello0");
}
