use super::*;

#[test]
fn general_layout_switches_to_an_exponent_where_go_does() {
    let cases = [
        (0.0, "0"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (123_456.0, "123456"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e20, "1e+20"),
        (1e21, "1e+21"),
        (123_456_789.0, "1.23456789e+08"),
        (100_000_000.0, "1e+08"),
        (1_234_567.0, "1.234567e+06"),
        (f64::INFINITY, "+Inf"),
        (f64::NAN, "NaN"),
        (5e-324, "5e-324"),
    ];
    for (value, want) in cases {
        assert_eq!(format_f64(value, Layout::General), want);
    }
}

#[test]
fn json_writes_small_exponents_without_a_zero() {
    let cases = [
        (1e-7, "1e-7"),
        (1e-6, "0.000001"),
        (1e-10, "1e-10"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (1.5, "1.5"),
        (-0.0, "-0"),
        (12345.0, "12345"),
    ];
    for (value, want) in cases {
        assert_eq!(json_f64(value).unwrap(), want);
    }
    assert_eq!(json_f64(f64::NAN), None);
}

#[test]
fn single_precision_has_fewer_digits() {
    assert_eq!(format_f32(0.1, Layout::General), "0.1");
    assert_eq!(format_f32(16_777_216.0, Layout::General), "1.6777216e+07");
}

#[test]
fn the_base_of_an_integer_follows_from_its_prefix() {
    let cases = [
        ("12", Some(12)),
        ("-12", Some(-12)),
        ("+0x1f", Some(31)),
        ("017", Some(15)),
        ("0o17", Some(15)),
        ("0b101", Some(5)),
        ("-0b1", Some(-1)),
        ("1_000", Some(1000)),
        ("0_7", Some(7)),
        ("0x_f", Some(15)),
        ("08", None),
        ("0x", None),
        ("", None),
        ("-", None),
        ("1__0", None),
        ("_1", None),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
    ];
    for (text, want) in cases {
        assert_eq!(parse_i64(text), want, "{text}");
    }
    assert_eq!(parse_u64("18446744073709551615"), Some(u64::MAX));
    assert_eq!(parse_u64("18446744073709551616"), None);
}

#[test]
fn floats_read_as_go_reads_them() {
    let cases = [
        ("1.5", Some(1.5)),
        (".5", Some(0.5)),
        ("5.", Some(5.0)),
        (".5_0", Some(0.5)),
        ("1e400", None),
        ("1__2.0", None),
        ("._5", None),
        (".", None),
        ("0x1", None),
        ("Inf", Some(f64::INFINITY)),
    ];
    for (text, want) in cases {
        assert_eq!(parse_f64(text), want, "{text}");
    }
}
