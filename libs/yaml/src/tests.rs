mod hostile;
mod properties;

use serde_json::{Value, json};

use super::*;

fn value(text: &str) -> Value {
    from_str(text).unwrap()
}

fn root(text: &str) -> Node {
    parse(text.as_bytes()).unwrap().remove(0)
}

fn trouble(text: &str) -> String {
    from_str(text).unwrap_err().to_string()
}

#[test]
fn plain_scalars_mean_what_yaml_11_says() {
    let cases = [
        ("yes", json!(true)),
        ("Off", json!(false)),
        ("y", json!(true)),
        ("~", json!(null)),
        ("", json!(null)),
        ("010", json!(8)),
        ("08", json!(8)),
        ("0x1F", json!(31)),
        ("0b11", json!(3)),
        ("1_000", json!(1000)),
        ("1.0", json!(1)),
        ("1e3", json!(1000)),
        ("1.5", json!(1.5)),
        ("12345678901234567890", json!(12_345_678_901_234_567_890_u64)),
        ("1e400", json!("1e400")),
        ("1:30", json!("1:30")),
        ("2001-01-01", json!("2001-01-01")),
        ("!!str 1", json!("1")),
        ("!!float 3", json!(3)),
        ("! 12", json!("12")),
        ("!!binary aGk=", json!("hi")),
        ("\"yes\"", json!("yes")),
    ];
    for (text, want) in cases {
        assert_eq!(value(&format!("a: {text}\n"))["a"], want, "{text}");
    }
}

#[test]
fn the_core_rules_know_fewer_booleans_and_more_times() {
    let cases = [
        ("yes", json!("yes")),
        ("true", json!(true)),
        ("0o17", json!(15)),
        ("010", json!(8)),
        ("2001-01-01", json!("2001-01-01T00:00:00Z")),
        ("2001-12-14t21:59:43.10-05:00", json!("2001-12-14T21:59:43.1-05:00")),
        ("1.0", json!(1)),
    ];
    for (text, want) in cases {
        let root = root(&format!("a: {text}\n"));
        assert_eq!(root.to_value(Resolver::Core).unwrap()["a"], want, "{text}");
    }
}

#[test]
fn merge_keys_fill_in_what_is_missing() {
    let text = "b: &b {x: 1, z: 2}\nc:\n  <<: *b\n  x: 3\n";
    assert_eq!(value(text)["c"], json!({"x": 3, "z": 2}));
    assert_eq!(root(text).to_value(Resolver::Core).unwrap()["c"], json!({"x": 3, "z": 2}));
    // yaml.v2 goes by the order of the text, yaml.v3 does not.
    let text = "b: &b {x: 1}\nc:\n  x: 3\n  <<: *b\n";
    assert_eq!(value(text)["c"], json!({"x": 1}));
    assert_eq!(root(text).to_value(Resolver::Core).unwrap()["c"], json!({"x": 3}));
    let error = "error converting YAML to JSON: yaml: map merge requires map or sequence of maps as the value";
    assert_eq!(trouble("a:\n  <<: 1\n"), error);
}

#[test]
fn an_alias_means_the_last_node_before_it_with_that_anchor() {
    let text = "a: &x 1\nb: &y [*x]\nc: &x 2\nd: *y\ne: *x\n";
    assert_eq!(value(text), json!({"a": 1, "b": [1], "c": 2, "d": [1], "e": 2}));
    let error = "error converting YAML to JSON: yaml: unknown anchor 'x' referenced";
    assert_eq!(trouble("a: *x\n"), error);
    let error = "error converting YAML to JSON: yaml: anchor 'x' value contains itself";
    assert_eq!(trouble("a: &x [*x]\n"), error);
}

#[test]
fn keys_become_text_and_the_last_one_wins() {
    assert_eq!(
        value("1: a\n1.5: b\nyes: c\n0x10: d\n"),
        json!({"1": "a", "1.5": "b", "true": "c", "16": "d"})
    );
    assert_eq!(value("a: 1\na: 2\n"), json!({"a": 2}));
    let strict = from_str_strict("x:\n  a: 1\n  b: 1\n  a: 2\n").unwrap_err();
    let error = "error converting YAML to JSON: yaml: unmarshal errors:\n  line 4: key \"a\" already set in map";
    assert_eq!(strict.to_string(), error);
    let error = root("a: 1\na: 2\n").to_value(Resolver::Core).unwrap_err();
    let want = "yaml: unmarshal errors:\n  line 2: mapping key \"a\" already defined at line 1";
    assert_eq!(error.to_string(), want);
}

#[test]
fn mistakes_are_worded_as_go_yaml_words_them() {
    let cases = [
        ("a: 1\n b: 2\n", "yaml: line 2: mapping values are not allowed in this context"),
        ("a:\n   b: 1\n  c: 2\n", "yaml: line 2: did not find expected key"),
        ("a:\n\tb: 1\n", "yaml: line 2: found character that cannot start any token"),
        ("a: [1\n", "yaml: line 1: did not find expected ',' or ']'"),
        ("a: \"x\n", "yaml: line 2: found unexpected end of stream"),
        ("a: 1\nfoo\n", "yaml: line 3: could not find expected ':'"),
        ("a: \u{1}\n", "yaml: control characters are not allowed"),
        ("a: .inf\n", "json: unsupported value: +Inf"),
        ("null: 1\n", "unsupported map key of type: %!s(<nil>), key: <nil>, value: 1"),
        ("? [1]\n: 2\n", "yaml: invalid map key: []interface {}{1}"),
        ("%YAML 1.2\n---\n", "yaml: found incompatible YAML document"),
        ("a: !!int x\n", "yaml: cannot decode !!str `x` as a !!int"),
    ];
    for (text, want) in cases {
        assert_eq!(trouble(text), format!("error converting YAML to JSON: {want}"), "{text}");
    }
    let error = parse(b"a: 1\nfoo\n").unwrap_err();
    assert_eq!(
        (error.line(), error.to_string().as_str()),
        (Some(2), "yaml: line 2: could not find expected ':'")
    );
}

#[test]
fn several_documents_are_read_one_after_the_other() {
    let roots = parse(b"---\na: 1\n---\n- b\n...\n---\nc\n").unwrap();
    let kinds: Vec<Kind> = roots.iter().map(|root| root.kind).collect();
    assert_eq!(kinds, [Kind::Mapping, Kind::Sequence, Kind::Scalar]);
    let mut documents = Documents::new(b"a: 1\n---\nb: [\n---\nc: 1\n");
    assert!(documents.next().unwrap().is_ok());
    assert!(documents.next().unwrap().is_err());
    assert!(documents.next().is_none());
}

#[test]
fn comments_belong_to_the_node_above_beside_or_below_them() {
    let text = "# document\n\n# head\na: 1 # line\n# foot\n\nb:\n  # inner\n  - x # item\n";
    let root = root(text);
    let key = root.content.first().unwrap();
    let comments = key.comments.as_deref().unwrap();
    assert_eq!((comments.head.as_str(), comments.foot.as_str()), ("# head", "# foot"));
    assert_eq!(root.get("a").unwrap().comments.as_deref().unwrap().line, "# line");
    assert_eq!(root.comments.as_deref().unwrap().document_head, "# document");
    assert_eq!(emit(&root, Emit::Wide), text);
}

#[test]
fn a_tree_keeps_order_style_anchors_and_positions() {
    let text = "b: &x 'q'\na: *x\nc: !t {k: \"v\"}\n";
    let root = root(text);
    assert_eq!(emit(&root, Emit::Compact), text);
    let value = root.get("b").unwrap();
    assert_eq!((value.line, value.column, value.style), (1, 4, Style::SingleQuoted));
    assert_eq!(root.get("c").unwrap().tag, "!t");
}

#[test]
fn each_layout_indents_in_its_own_way() {
    let root = root("a:\n- b:\n  - c\n  d: {}\n");
    assert_eq!(emit(&root, Emit::V2), "a:\n- b:\n  - c\n  d: {}\n");
    assert_eq!(emit(&root, Emit::Compact), "a:\n- b:\n  - c\n  d: {}\n");
    assert_eq!(emit(&root, Emit::Wide), "a:\n  - b:\n      - c\n    d: {}\n");
    assert_eq!(emit(&root, Emit::V3), "a:\n    - b:\n        - c\n      d: {}\n");
}

#[test]
fn text_is_quoted_where_it_would_be_taken_for_something_else() {
    let cases = [
        ("yes", "\"yes\""),
        ("1", "\"1\""),
        ("1:30", "\"1:30\""),
        ("2001-01-01", "\"2001-01-01\""),
        ("", "\"\""),
        ("- a", "'- a'"),
        ("it's", "it's"),
        ("a\nb\n", "|\n  a\n  b"),
        ("a \nb", "\"a \\nb\""),
        ("\u{1F600}", "\"\\U0001F600\""),
        ("\t", "\"\\t\""),
    ];
    for (text, want) in cases {
        assert_eq!(to_string(&json!({"a": text})), format!("a: {want}\n"), "{text:?}");
    }
}

#[test]
fn keys_are_sorted_with_their_numbers_counted() {
    let value = json!({"a10": 1, "a2": 1, "B": 1, "": 1, "1": 1, "a": 1});
    assert_eq!(to_string(&value), "\"\": 1\n\"1\": 1\nB: 1\na: 1\na2: 1\na10: 1\n");
}

#[test]
fn long_lines_are_folded_only_if_a_width_is_set() {
    let text = "word ".repeat(30).trim_end().to_owned();
    let node = Node::mapping([(Node::string("a"), Node::string(text.as_str()))]);
    assert!(emit(&node, Emit::V2).lines().all(|line| line.len() < 90));
    let format = Format { width: None, ..Emit::V2.into() };
    assert_eq!(emit_with(&node, &format), format!("a: {text}\n"));
}

#[test]
fn values_that_yaml_cannot_read_as_json_are_refused_or_escaped() {
    let value = json!({"a": "x\u{7F}"});
    assert_eq!(
        marshal(&value).unwrap_err().to_string(),
        "yaml: control characters are not allowed"
    );
    assert_eq!(to_string(&value), "a: \"x\\x7F\"\n");
    // A next-line character is a line break to YAML, in quotes too.
    assert_eq!(to_string(&json!({"a": "x\u{85}y"})), "a: x y\n");
}

#[test]
fn json_is_printed_as_go_prints_it() {
    let value = json!({"b": "<a>\u{2028}\n", "a": [1.0, 1e21, null, true]});
    assert_eq!(to_json(&value), r#"{"a":[1,1e+21,null,true],"b":"\u003ca\u003e\u2028\n"}"#);
}

#[test]
fn mappings_can_be_changed_in_place() {
    let mut root = root("a: 1 # keep\nb: 2\n");
    assert_eq!(root.insert("b", Node::scalar("3")).unwrap().value, "2");
    assert!(root.insert("c", Node::string("yes")).is_none());
    assert_eq!(root.remove("x"), None);
    root.get_mut("a").unwrap().value = "4".to_owned();
    assert_eq!(emit(&root, Emit::Compact), "a: 4 # keep\nb: 3\nc: yes\n");
    assert_eq!(root.remove("a").unwrap().value, "4");
    assert_eq!(root.entries().count(), 2);
    assert!(Node::null().is_null() && super::parse(b"~\n").unwrap().remove(0).is_null());
}

#[test]
fn text_in_utf_16_is_read_after_a_byte_order_mark() {
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend("a: \u{E9}\u{1F600}\n".encode_utf16().flat_map(u16::to_le_bytes));
    let roots = parse(&bytes).unwrap();
    assert_eq!(roots.first().unwrap().get("a").unwrap().value, "\u{E9}\u{1F600}");
}
