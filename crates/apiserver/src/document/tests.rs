use super::*;

fn refused(text: &str) -> String {
    parse(text.as_bytes()).unwrap_err()
}

#[test]
fn errors_are_in_the_words_of_go() {
    assert_eq!(refused("{"), "unexpected end of JSON input");
    assert_eq!(refused(""), "unexpected end of JSON input");
    assert_eq!(refused("x"), "invalid character 'x' looking for beginning of value");
    assert_eq!(refused("{a"), "invalid character 'a' looking for beginning of object key string");
    assert_eq!(refused(r#"{"a" 1}"#), "invalid character '1' after object key");
    assert_eq!(refused(r#"{"a":1 "b"}"#), "invalid character '\"' after object key:value pair");
    assert_eq!(refused("[1 2]"), "invalid character '2' after array element");
    assert_eq!(refused("1 2"), "invalid character '2' after top-level value");
    assert_eq!(refused("trve"), "invalid character 'v' in literal true (expecting 'u')");
    assert_eq!(refused("-x"), "invalid character 'x' in numeric literal");
    assert_eq!(refused("\"a\nb\""), "invalid character '\\n' in string literal");
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "[".repeat(100_000);
    assert_eq!(refused(&deep), "exceeded max depth");
}

#[test]
fn duplicates_are_found_with_their_paths_and_the_last_one_counts() {
    let document = parse(br#"{"a":{"b":1,"b":2},"c":[{"d":1,"d":1}]}"#).unwrap();
    assert_eq!(document.duplicates(), ["a.b", "c[0].d"]);
    assert_eq!(document.into_value(), serde_json::json!({"a": {"b": 2}, "c": [{"d": 1}]}));
}

#[test]
fn escapes_and_broken_text_are_read_as_go_reads_them() {
    let read = |text: &[u8]| parse(text).unwrap().into_value();
    assert_eq!(read(br#""\u00e9\ud83d\ude00\n""#), "\u{e9}\u{1f600}\n");
    assert_eq!(read(br#""\ud83dx""#), "\u{fffd}x");
    assert_eq!(read(b"\"\xff\""), "\u{fffd}");
    assert_eq!(read(b"18446744073709551615"), serde_json::json!(18446744073709551615.0));
}
