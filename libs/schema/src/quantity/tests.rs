use super::*;

fn canonical(text: &str) -> String {
    text.parse::<Quantity>().map_or_else(|_| "error".to_owned(), |quantity| quantity.to_string())
}

#[test]
fn quantities_have_one_spelling() {
    for (text, expected) in [
        ("1", "1"),
        ("0", "0"),
        ("0m", "0"),
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("1e3", "1e3"),
        ("12e6", "12e6"),
        ("0.1n", "1n"),
        ("-1", "-1"),
        ("+2", "2"),
        (".5", "500m"),
        ("100Ki", "100Ki"),
        ("0.5Ki", "512"),
        ("9999999999999999999999", "9223372036854775807"),
        ("128974848", "128974848"),
    ] {
        assert_eq!(canonical(text), expected, "{text}");
    }
}

#[test]
fn other_texts_are_refused() {
    for text in ["", "lots", "1.2.3", "1 Gi", "Gi", "1gi", "e3", "1e", "-"] {
        assert_eq!(canonical(text), "error", "{text}");
    }
}

#[test]
fn quantities_compare_by_value() {
    let parse = |text: &str| text.parse::<Quantity>().unwrap();
    assert_eq!(parse("1Gi"), parse("1024Mi"));
    assert!(parse("1Gi") > parse("1G"));
    assert!(parse("-1").is_negative());
    assert_eq!(parse("1").plus(parse("500m")).to_string(), "1500m");
}
