use flux_gostd::quote::unquote;

use super::*;

/// A text with what `NewVersion` and `StrictNewVersion` make of it.
const RECORDED: &str = include_str!("tests/recorded.tsv");

fn describe(parsed: Result<Version, ParseVersionError>) -> String {
    parsed.map_or_else(|error| error.to_string(), |version| version.to_string())
}

#[test]
fn texts_are_read_as_by_the_original() {
    for line in RECORDED.lines() {
        let columns: Vec<_> = line.split('\t').collect();
        let text = unquote(columns[0]).unwrap();
        assert_eq!(describe(Version::parse(&text)), columns[1], "loosely: {text}");
        assert_eq!(describe(Version::parse_strict(&text)), columns[2], "strictly: {text}");
    }
}

#[test]
fn versions_order_by_precedence() {
    let ascending = [
        "0.9.9",
        "1.0.0-0",
        "1.0.0-1",
        "1.0.0-11",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.1",
        "1.10.0",
        "2.0.0",
    ];
    for pair in ascending.windows(2) {
        let (low, high) = (Version::parse(pair[0]).unwrap(), Version::parse(pair[1]).unwrap());
        assert!(low < high, "{low} < {high}");
        assert!(high > low, "{high} > {low}");
    }
}

#[test]
fn metadata_and_spelling_do_not_tell_versions_apart() {
    assert_eq!(Version::parse("v1.2").unwrap(), Version::parse("1.2.0+build").unwrap());
}

#[test]
fn tags_need_three_parts() {
    assert!(Version::parse_three_parts("1.2").is_err());
    assert_eq!(
        Version::parse_three_parts("v2025.02.03-rc.1").unwrap().to_string(),
        "2025.2.3-rc.1"
    );
}

#[test]
fn the_next_version_keeps_the_prefix() {
    let version = Version::parse("v1.2.3-rc.1+b").unwrap();
    assert_eq!(version.next_patch().unwrap().original(), "v1.2.3");
    assert_eq!(version.next_minor().unwrap().original(), "v1.3.0");
    assert_eq!(version.next_major().unwrap().original(), "v2.0.0");
    assert_eq!(version.with_metadata("x.1").unwrap().original(), "v1.2.3-rc.1+x.1");
    assert_eq!(version.with_prerelease("").unwrap().original(), "v1.2.3+b");
    assert!(version.with_metadata("a_b").is_err());
    assert!(Version::parse("1.2.18446744073709551615").unwrap().next_patch().is_none());
}
