use super::*;

fn names(text: &str) -> Result<Vec<String>, String> {
    let objects = read_objects(text).map_err(|error| error.to_string())?;
    Ok(objects.iter().map(|object| object.name().to_owned()).collect())
}

fn config_map(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
}

#[test]
fn documents_are_separated_by_dashes_with_nothing_but_comments_behind() {
    let text = format!("---\n{}--- # next\n{}---\n---\n", config_map("a"), config_map("b"));
    assert_eq!(names(&text).unwrap(), ["a", "b"]);
    let error = names(&format!("{}--- x\n", config_map("a"))).unwrap_err();
    assert_eq!(error, "invalid Yaml document separator: x");
}

#[test]
fn lines_count_from_the_beginning_of_the_document() {
    let text = format!("---\n{}---\na: b\n c: d\n", config_map("a"));
    let error = "error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context";
    assert_eq!(names(&text).unwrap_err(), error);
}

#[test]
fn carriage_returns_at_line_ends_make_no_difference() {
    let text = format!("{}---\n{}", config_map("a"), config_map("b")).replace('\n', "\r\n");
    assert_eq!(names(&text).unwrap(), ["a", "b"]);
}

#[test]
fn json_objects_may_follow_each_other_without_a_separator() {
    let object = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"n":1.0}"#;
    assert_eq!(names(&format!("{object}{object}\n{object}")).unwrap(), ["a", "a", "a"]);
    let objects = read_objects(object).unwrap();
    assert_eq!(objects.first().unwrap().as_value()["n"], serde_json::json!(1));
}

#[test]
fn a_stream_that_begins_with_a_brace_may_be_yaml() {
    let flow = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n";
    assert_eq!(names(flow).unwrap(), ["a"]);
    let json = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"j"}}"#;
    assert_eq!(names(&format!("{json}\n---\n{}", config_map("b"))).unwrap(), ["j", "b"]);
}

#[test]
fn what_is_no_map_is_refused() {
    let error = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type map[string]interface {}";
    assert_eq!(names("text\n").unwrap_err(), error);
    let error = "error unmarshaling JSON: while decoding JSON: Object 'Kind' is missing in '{\"a\":\"\\u003c\"}'";
    assert_eq!(names("a: <\n").unwrap_err(), error);
}

#[test]
fn objects_are_written_with_separators_between_them() {
    let text = format!("{}---\n{}", config_map("a"), config_map("b"));
    assert_eq!(write_documents(&read_objects(&text).unwrap()), text);
}
