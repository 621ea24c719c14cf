use std::collections::BTreeMap;

use super::{Error, Undefined, expand};

fn check(text: &str, want: &str) {
    let got =
        expand(text, &variables(), Undefined::Empty).map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(got.as_deref(), Ok(want), "{text}");
}

fn check_error(text: &str, want: Error) {
    assert_eq!(expand(text, &variables(), Undefined::Refuse), Err(want), "{text}");
}

fn variables() -> BTreeMap<String, String> {
    let pairs = [
        ("name", "podinfo"),
        ("empty", ""),
        ("file", "home/app.tar.gz"),
        ("offset", "-4"),
        ("größe", "xl"),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[test]
fn only_references_in_braces_are_replaced() {
    check("a ${name} $name $(name)", "a podinfo $name $(name)");
    check("${größe}", "xl");
}

#[test]
fn a_doubled_dollar_is_an_escaped_one() {
    check("$${name} $$ $$${name}", "${name} $ $podinfo");
    check("${empty:-$$x}", "$$x");
}

#[test]
fn all_default_operators_replace_what_is_unset_or_empty() {
    for operator in [":-", ":=", "=", ":?", ":+"] {
        check(&format!("${{none{operator}d}}"), "d");
        check(&format!("${{empty{operator}d}}"), "d");
        check(&format!("${{name{operator}d}}"), "podinfo");
    }
    check("${none:-a ${name} b}", "a podinfo b");
}

#[test]
fn offsets_and_lengths_count_bytes() {
    check("${name:3}", "info");
    check("${name:1:2}", "od");
    check("${name:${offset}}", "info");
    check("${name:x}", "podinfo");
    check("${name:99}", "");
    check_error("${name:2:-1}", Error::NegativeLength("name".to_owned()));
}

#[test]
fn patterns_trim_prefixes_and_suffixes() {
    check("${file#*/}", "app.tar.gz");
    check("${file%.*}", "home/app.tar");
    check("${file%%.*}", "home/app");
    check("${file##*[./]}", "gz");
    check("${file#x}", "home/app.tar.gz");
}

#[test]
fn replacements_are_literal() {
    check("${name/o/0}", "p0dinfo");
    check("${name//o/0}", "p0dinf0");
    check("${name//o/}", "pdinf");
    check("${name/#pod/x}", "xinfo");
    check("${name/%info/x}", "podx");
    check("${name/./x}", "podinfo");
    check(r"${file//\//_}", "home_app.tar.gz");
}

#[test]
fn case_is_changed_by_carets_and_commas() {
    check("${name^} ${name^^}", "Podinfo PODINFO");
}

#[test]
fn an_undefined_variable_is_refused_unless_there_is_a_default() {
    check_error("${none}", Error::NotSet("none".to_owned()));
    check_error("${none^^}", Error::NotSet("none".to_owned()));
    assert_eq!(expand("${none:-d}", &variables(), Undefined::Refuse), Ok(b"d".to_vec()));
}

#[test]
fn a_malformed_reference_is_found_before_an_undefined_variable() {
    check_error("${none} ${", Error::VariableName);
    check_error("${name-d}", Error::MissingClosingBrace);
    check_error("${name/a}", Error::BadSubstitution);
    check_error("${name:-d", Error::Argument);
}

#[test]
fn hostile_texts_are_refused_in_bounded_time() {
    let deep = "${a:-".repeat(5000);
    check_error(&deep, Error::TooDeep);
    let variables = BTreeMap::from([("v".to_owned(), "a".repeat(100_000))]);
    let slow = expand("${v#*a*a*a*b}", &variables, Undefined::Refuse);
    assert_eq!(slow, Err(Error::TooExpensive("v".to_owned())));
    let huge = expand("${v//a/${v}}", &variables, Undefined::Refuse);
    assert_eq!(huge, Err(Error::TooExpensive("v".to_owned())));
}
