use super::*;
use crate::quote::{quote, unquote};

/// Patterns with Go's answer: the error, or for each of [`TEXTS`] all submatch indexes, the result
/// of a replacement, and the pieces of a split.
const RECORDED: &str = include_str!("tests/recorded.tsv");

const TEXTS: [&str; 12] = [
    "",
    "a",
    "aab aa",
    "a.b.b{a{2",
    "éÜ ÀkK\u{212a}ſs",
    "abc\nABC\nb",
    "12 -\\d",
    "abcd",
    "αβγ Δ",
    "\\Q*-&~[]",
    "日本 _x9\0",
    "xxxxxxx",
];

/// Describes what a pattern does with a text in the form of the recorded answers.
fn describe(re: &Regexp, text: &str) -> String {
    let indexes = |captures: &Captures| {
        let groups = captures.groups().iter().map(|group| match group {
            Some(range) => format!("{} {}", range.start, range.end),
            None => "-1 -1".to_owned(),
        });
        format!("[{}]", groups.collect::<Vec<_>>().join(" "))
    };
    let list = |parts: Vec<String>| format!("[{}]", parts.join(" "));
    let quoted = |limit| list(re.split(text, limit).into_iter().map(quote).collect());
    list(re.captures_all(text, None).iter().map(indexes).collect())
        + &quote(&re.replace_all(text, "<$0|$1x|${1}>"))
        + &quoted(None)
        + &quoted(Some(2))
}

#[test]
fn patterns_are_refused_and_matched_as_by_go() {
    for line in RECORDED.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let pattern = unquote(columns[0]).unwrap();
        let expected = unquote(columns[2]).unwrap();
        let got = match Regexp::new(&pattern) {
            Ok(re) => TEXTS.map(|text| describe(&re, text)).join(";"),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected, "pattern {pattern}");
    }
}

#[test]
fn templates_name_groups_by_number_and_by_name() {
    let re = Regexp::new(r"(?P<key>\w+)=(?P<value>\w*)").unwrap();
    let table = [
        ("$value:$key", "1:a 2:bb"),
        ("${value}$$", "1$ 2$"),
        ("$1x", " "),
        ("${1}x", "ax bbx"),
        ("$", "$ $"),
        ("${key", "${key ${key"),
        ("$nope-", "- -"),
        ("$0", "a=1 bb=2"),
        ("$01", " "),
    ];
    for (template, expected) in table {
        assert_eq!(re.replace_all("a=1 bb=2", template), expected, "{template}");
    }
    assert_eq!(re.replace_all_literal("a=1", "$1"), "$1");
}

#[test]
fn deep_and_large_patterns_are_refused() {
    let deep = "(".repeat(100_000) + &")".repeat(100_000);
    assert!(Regexp::new(&deep).unwrap_err().to_string().contains("nests too deeply"));
    let large = r"\pL{1000}".repeat(50);
    assert!(Regexp::new(&large).unwrap_err().to_string().contains("expression too large"));
    let allowed = "(?:a".repeat(60) + &")*".repeat(60);
    assert!(Regexp::new(&allowed).unwrap().is_match("aaa"));
}

#[test]
fn quoted_text_matches_itself() {
    let text = r"a.b*c[d](e)^$|\+?{}é-";
    assert_eq!(Regexp::new(&quote_meta(text)).unwrap().find(text), Some(0..text.len()));
}
