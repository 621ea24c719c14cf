use serde_json::json;

use crate::*;

fn problem(text: &[u8], limits: &Limits) -> String {
    parse_with(text, limits).unwrap_err().to_string()
}

#[test]
fn deep_nesting_is_refused() {
    let limits = Limits::default();
    for open in ["[", "{a: ", "- ", "? "] {
        let text = open.repeat(20_000);
        assert!(parse_with(text.as_bytes(), &limits).is_err(), "{open}");
        assert!(from_str(&text).is_err(), "{open}");
    }
    let text = "[".repeat(501);
    assert_eq!(problem(text.as_bytes(), &limits), "yaml: exceeded max depth of 500");
}

#[test]
fn the_deepest_trees_that_are_read_can_be_used_on_a_small_stack() {
    let work = || {
        let text = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let root = parse(text.as_bytes()).unwrap().remove(0);
        let copy = root.clone();
        assert_eq!(copy, root);
        assert_eq!(emit(&root, Emit::V3).trim_end(), text);
        let value = root.to_value(Resolver::Core).unwrap();
        assert_eq!(Node::from_value(&value).to_value(Resolver::Core).unwrap(), value);
        to_string(&value).len()
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap();
    assert!(thread.join().unwrap() > 0);
}

#[test]
fn aliases_do_not_multiply_without_bounds() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = format!("*a{}", level - 1);
        let items = [before.as_str(); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    let error = "yaml: document contains excessive aliasing";
    assert_eq!(
        from_str(&text).unwrap_err().to_string(),
        format!("error converting YAML to JSON: {error}")
    );
    let root = parse(text.as_bytes()).unwrap().remove(0);
    assert_eq!(root.to_value(Resolver::Core).unwrap_err().to_string(), error);
    let merges = text.replace('[', "{<<: [").replace(']', "]}");
    assert!(from_str(&merges).is_err());
}

#[test]
fn aliases_do_not_copy_long_text_without_bounds() {
    let long = "x".repeat(1 << 20);
    let text = format!("a: &a {long}\nb: [{}]\n", "*a,".repeat(100));
    assert!(from_str(&text).unwrap_err().to_string().ends_with("excessive aliasing"));
    let few = format!("a: &a {long}\nb: [{}]\n", "*a,".repeat(3));
    assert_eq!(from_str(&few).unwrap()["b"].as_array().unwrap().len(), 3);
}

#[test]
fn size_and_number_of_nodes_are_bounded() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    assert_eq!(problem(b"a: 1234567890", &limits), "yaml: exceeded max size of 10 bytes");
    let limits = Limits { nodes: 3, ..Limits::default() };
    assert_eq!(problem(b"[a, b, c, d]", &limits), "yaml: exceeded max node count of 3");
    assert!(parse_with(b"[a, b]", &limits).is_ok());
}

#[test]
fn broken_encodings_are_refused() {
    let cases: [(&[u8], &str); 7] = [
        (b"a: \xFF", "yaml: invalid leading UTF-8 octet"),
        (b"a: \xC3(", "yaml: invalid trailing UTF-8 octet"),
        (b"a: \xC3", "yaml: incomplete UTF-8 octet sequence"),
        (b"a: \xE0\x80\x80", "yaml: invalid length of a UTF-8 sequence"),
        (b"a: \xED\xA0\x80", "yaml: invalid Unicode character"),
        (b"\xFF\xFEa\x00\x00", "yaml: incomplete UTF-16 character"),
        (b"a: \x00", "yaml: control characters are not allowed"),
    ];
    for (text, want) in cases {
        assert_eq!(problem(text, &Limits::default()), want);
    }
}

#[test]
fn long_runs_of_anything_are_read_in_linear_time() {
    let count = 20_000;
    for part in
        ["a: b\n", "- ", "#\n", "x ", "\n", "&a ", "!t ", "'a' ", "{}: ", "? ", "- # x\n", "a:\n- "]
    {
        let text = part.repeat(count);
        let _ = parse(text.as_bytes());
        let _ = from_str(&text);
    }
    let keys: String = (0..count).map(|index| format!("k{index}: 1\n")).collect();
    let root = parse(keys.as_bytes()).unwrap().remove(0);
    assert_eq!(root.to_value(Resolver::Core).unwrap()["k7"], json!(1));
    let same = "k: 1\n".repeat(count);
    let root = parse(same.as_bytes()).unwrap().remove(0);
    assert!(root.to_value(Resolver::Core).is_err());
}
