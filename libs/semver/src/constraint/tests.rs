use flux_gostd::quote::unquote;

use super::*;

/// In the first line the versions; then a constraint with its error, or its text, which versions it
/// admits by default and with pre-releases everywhere, and all reasons against the others.
const RECORDED: &str = include_str!("tests/recorded.tsv");

#[test]
fn constraints_admit_what_the_original_admits() {
    let (first, rows) = RECORDED.split_once('\n').unwrap();
    let versions: Vec<_> = first.split(' ').map(|text| Version::parse(text).unwrap()).collect();
    for row in rows.lines() {
        let columns: Vec<_> = row.split('\t').collect();
        let text = unquote(columns[0]).unwrap();
        let constraint = match Constraint::parse(&text) {
            Ok(constraint) => constraint,
            Err(error) => {
                assert_eq!(
                    (columns[1], unquote(columns[2])),
                    ("E", Ok(error.to_string())),
                    "{text}"
                );
                continue;
            }
        };
        let bits = |constraint: &Constraint| -> String {
            versions.iter().map(|v| if constraint.matches(v) { '1' } else { '0' }).collect()
        };
        let reasons: Vec<_> = versions
            .iter()
            .filter_map(|version| constraint.validate(version).err())
            .flatten()
            .map(|reason| reason.to_string())
            .collect();
        assert_eq!(Ok(constraint.to_string()), unquote(columns[2]), "{text}");
        assert_eq!(bits(&constraint), columns[3], "{text}");
        assert_eq!(Ok(reasons.join("|")), unquote(columns[5]), "{text}");
        let open = constraint.with_prereleases(Prereleases::Everywhere);
        assert_eq!(bits(&open), columns[4], "{text}");
    }
}

#[test]
fn sorting_keeps_what_is_within_highest_first() {
    let constraint = Constraint::parse(">=1.0").unwrap();
    let tags = ["1.2", "v1.10.0", "0.9.0", "1.2.0+a", "latest", "1.2.0+b", "2.0.0-rc.1"];
    let sorted: Vec<_> = crate::sort_descending(Some(&constraint), tags)
        .iter()
        .map(|version| version.original().to_owned())
        .collect();
    assert_eq!(sorted, ["v1.10.0", "1.2.0+a", "1.2.0+b"]);
}
