use super::*;

#[test]
fn quoting_escapes_as_go_does() {
    let table = [
        ("abc", r#""abc""#),
        ("a\"b\\c", r#""a\"b\\c""#),
        ("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#),
        ("\x00\x1b\x7f", r#""\x00\x1b\x7f""#),
        ("é日本", "\"é日本\""),
        ("\u{a0}\u{200b}\u{feff}\u{ad}", r#""\u00a0\u200b\ufeff\u00ad""#),
        ("\u{301}e", "\"\u{301}e\""),
        ("\u{e000}\u{10ffff}", r#""\ue000\U0010ffff""#),
        ("😀", "\"😀\""),
        ("\u{fffd}", "\"\u{fffd}\""),
    ];
    for (input, expected) in table {
        assert_eq!(quote(input), expected);
    }
    assert_eq!(quote_ascii("é😀"), r#""\u00e9\U0001f600""#);
    assert_eq!(quote_bytes(b"a\xff\xc3("), r#""a\xff\xc3(""#);
    assert_eq!(quote_rune('\''), r"'\''");
    assert_eq!(quote_rune('"'), "'\"'");
}

#[test]
fn unquoting_reads_the_three_kinds_of_literals() {
    let good = [
        (r#""a\tb\u00e9\x41\101""#, "a\tbéAA"),
        ("`a\\n\"`", "a\\n\""),
        ("'x'", "x"),
        (r"'\''", "'"),
        (r#""\xc3\xa9""#, "é"),
        (r#""""#, ""),
    ];
    for (input, expected) in good {
        assert_eq!(unquote(input).as_deref(), Ok(expected), "{input}");
    }
    for bad in [
        "",
        "a",
        "\"",
        "'ab'",
        "\"a",
        "\"a\"b\"",
        r#""\'""#,
        r#""\q""#,
        r#""\xff""#,
        "\"\n\"",
        "`a`b`",
        r#""\400""#,
        r#""\x+1""#,
        "\"é",
    ] {
        assert_eq!(unquote(bad), Err(UnquoteError), "{bad}");
    }
}
