use super::*;

/// A layout and what Go prints by it: one time in a named zone, one before year 0 in an odd zone.
const FORMATS: &[(&str, &str, &str)] = &[
    ("2006-01-02T15:04:05Z07:00", "2024-02-09T03:04:05+01:00", "-0005-12-31T15:00:00-09:30"),
    (
        "2006-01-02T15:04:05.999999999Z07:00",
        "2024-02-09T03:04:05.060070089+01:00",
        "-0005-12-31T15:00:00-09:30",
    ),
    ("Mon Jan _2 15:04:05 2006", "Fri Feb  9 03:04:05 2024", "Sun Dec 31 15:00:00 -0005"),
    (
        "Monday, 02-Jan-06 15:04:05 MST",
        "Friday, 09-Feb-24 03:04:05 CET",
        "Sunday, 31-Dec-05 15:00:00 -0930",
    ),
    ("3:04PM", "3:04AM", "3:00PM"),
    (
        "Mon, 02 Jan 2006 15:04:05 -0700",
        "Fri, 09 Feb 2024 03:04:05 +0100",
        "Sun, 31 Dec -0005 15:00:00 -0930",
    ),
    ("Jan _2 15:04:05.000000", "Feb  9 03:04:05.060070", "Dec 31 15:00:00.000000"),
    (
        "__2 002 _2006 Jan. Month Monthly Mon Janet Monday January",
        " 40 040 _2024 Feb. Month Monthly Fri Janet Friday February",
        "365 365 _-0005 Dec. Month Monthly Sun Janet Sunday December",
    ),
    ("3 03 4 5 pm PM 06 1", "3 03 4 5 am AM 24 2", "3 03 0 0 pm PM 05 12"),
    (
        "Z0700 Z07 Z070000 -07:00:00 Z07:00:00",
        "+0100 +01 +010000 +01:00:00 +01:00:00",
        "-0930 -09 -093015 -09:30:15 -09:30:15",
    ),
    ("05,000 05.999 05.0001 .99", "05,060 05.06 05.0002 .06", "00,000 00 00.0012 "),
    (".00000000000", ".060070089", ".000000000"),
    ("é2日01", "é9日02", "é31日12"),
    ("MST-07", "CET+01", "-0930-09"),
];

/// A layout, a value, and what Go's `Parse` makes of it: the time or the error.
const PARSED: &[(&str, &str, &str)] = &[
    ("2006-01-02T15:04:05Z07:00", "2024-02-29T01:02:03Z", "2024-02-29 01:02:03 +0000 UTC"),
    (
        "2006-01-02T15:04:05Z07:00",
        "2023-02-29T01:02:03Z",
        "parsing time \"2023-02-29T01:02:03Z\": day out of range",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-02-29T01:02:03.123456789123+02:00",
        "2024-02-29 01:02:03.123456789 +0200 +0200",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-02-29",
        "parsing time \"2024-02-29\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-13-29T01:02:03Z",
        "parsing time \"2024-13-29T01:02:03Z\": month out of range",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-02-29T01:02:03",
        "parsing time \"2024-02-29T01:02:03\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\"",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-02-29T25:02:03Z",
        "parsing time \"2024-02-29T25:02:03Z\": hour out of range",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-02-29T01:02:03Zx",
        "parsing time \"2024-02-29T01:02:03Zx\": extra text: \"x\"",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "",
        "parsing time \"\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"2006\"",
    ),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-02-29T01:02:03+25:00",
        "parsing time \"2024-02-29T01:02:03+25:00\": time zone offset hour out of range",
    ),
    ("2006-01-02T15:04:05Z07:00", "2024-02-29T01:02:03+00:00", "2024-02-29 01:02:03 +0000 UTC"),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-2-29T01:02:03+00:00",
        "parsing time \"2024-2-29T01:02:03+00:00\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"2-29T01:02:03+00:00\" as \"01\"",
    ),
    (
        "Mon, 02 Jan 2006 15:04:05 MST",
        "Fri, 09 Feb 2024 03:04:05 CET",
        "2024-02-09 03:04:05 +0000 CET",
    ),
    (
        "Mon, 02 Jan 2006 15:04:05 MST",
        "Fri, 09 Feb 2024 03:04:05 GMT+3",
        "2024-02-09 06:04:05 +0300 GMT+3",
    ),
    (
        "Mon, 02 Jan 2006 15:04:05 MST",
        "Foo, 09 Feb 2024 03:04:05 GMT+3",
        "parsing time \"Foo, 09 Feb 2024 03:04:05 GMT+3\" as \"Mon, 02 Jan 2006 15:04:05 MST\": cannot parse \"Foo, 09 Feb 2024 03:04:05 GMT+3\" as \"Mon\"",
    ),
    ("Mon Jan _2 15:04:05 2006", "fri feb  9 03:04:05 2024", "2024-02-09 03:04:05 +0000 UTC"),
    ("2006 002", "2024 060", "2024-02-29 00:00:00 +0000 UTC"),
    ("2006 002", "2023 366", "parsing time \"2023 366\": day-of-year out of range"),
    (
        "2006 002 01",
        "2023 033 03",
        "parsing time \"2023 033 03\": day-of-year does not match month",
    ),
    ("3:04PM", "12:05AM", "0000-01-01 00:05:00 +0000 UTC"),
    ("3:04PM", "13:05AM", "parsing time \"13:05AM\": hour out of range"),
    ("06", "70", "1970-01-01 00:00:00 +0000 UTC"),
    ("05.000", "01.1234", "parsing time \"01.1234\": extra text: \"4\""),
    ("05.999", "01", "0000-01-01 00:00:01 +0000 UTC"),
    ("05", "01,5", "0000-01-01 00:00:01.5 +0000 UTC"),
    ("2006-01-02", "2024-01-02T", "parsing time \"2024-01-02T\": extra text: \"T\""),
    ("a 2", "b 2", "parsing time \"b 2\" as \"a 2\": cannot parse \"b 2\" as \"a \""),
    ("a  2", "a 2", "0000-01-02 00:00:00 +0000 UTC"),
    ("__2 2006", "  5 2024", "2024-01-05 00:00:00 +0000 UTC"),
    ("é2", "é3", "0000-01-03 00:00:00 +0000 UTC"),
    (
        "15 MST",
        "3 ABCDE",
        "parsing time \"3 ABCDE\" as \"15 MST\": cannot parse \"ABCDE\" as \"MST\"",
    ),
    ("15 MST", "3 ABCDT", "0000-01-01 03:00:00 +0000 ABCDT"),
    ("15 -07", "3 -07", "0000-01-01 03:00:00 -0700 -0700"),
    ("15 MST", "3 +03", "0000-01-01 03:00:00 +0000 +03"),
    (
        "2006-01-02T15:04:05Z07:00",
        "2024-02-29T01:02:60Z",
        "parsing time \"2024-02-29T01:02:60Z\": second out of range",
    ),
    (
        "2006-01-02 15:04:05 -0700 MST",
        "2024-01-02 03:04:05 +0200 CEST",
        "2024-01-02 03:04:05 +0200 CEST",
    ),
];

fn zone(name: &str, offset: i32) -> Zone {
    Zone { name: name.to_owned(), offset }
}

#[test]
fn layouts_print_as_in_go() {
    let civil = |year, month, day, hour, minute, second, nanos| Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        nanos,
    };
    let first = Time::from_civil(civil(2024, 2, 9, 3, 4, 5, 60_070_089), zone("CET", 3600));
    let second = Time::from_civil(civil(-5, 12, 31, 15, 0, 0, 0), zone("", -34_215));
    for (layout, one, two) in FORMATS {
        assert_eq!(first.format(layout), *one, "{layout}");
        assert_eq!(second.format(layout), *two, "{layout}");
    }
}

#[test]
fn layouts_read_as_in_go() {
    for (layout, value, expected) in PARSED {
        let got = match Time::parse(layout, value) {
            Ok(time) => time.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, *expected, "{layout} {value}");
    }
}

#[test]
fn a_second_survives_the_way_there_and_back() {
    for unix in [0, -1, 951_782_400, 1_709_164_800, -62_135_596_800, 253_402_300_799] {
        let time = Time::from_unix(unix, 5);
        assert_eq!(Time::parse(RFC3339_NANO, &time.format(RFC3339_NANO)), Ok(time));
    }
}

#[test]
fn extreme_instants_print_without_a_panic() {
    for unix in [i64::MIN, i64::MAX] {
        let time = Time::from_unix(unix, u32::MAX).in_zone(zone("X", i32::MAX));
        assert!(!time.to_string().is_empty());
        assert!(time.checked_add(Duration::from_nanos(i64::MAX)).is_none() || unix < 0);
    }
}
