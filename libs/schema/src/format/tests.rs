use super::*;

#[test]
fn texts_that_fulfil_their_format() {
    for (format, text) in [
        ("uri", "https://a.io/x"),
        ("uri", "/a/b"),
        ("uri", "mailto:a@b.io"),
        ("email", "a@b.io"),
        ("email", "A B <a@b.io>"),
        ("hostname", "a.io"),
        ("hostname", "1-2.example.com"),
        ("ipv4", "010.0.0.1"),
        ("ipv6", "::1"),
        ("cidr", "10.0.0.0/8"),
        ("mac", "00:00:5e:00:53:01"),
        ("mac", "0000.5e00.5301"),
        ("uuid", "11111111222233334444555555555555"),
        ("uuid4", "11111111-2222-4333-a444-555555555555"),
        ("isbn", "978-0321751041"),
        ("isbn10", "0321751043"),
        ("creditcard", "4111 1111 1111 1111"),
        ("byte", "aGk="),
        ("date", "2001-02-28"),
        ("date-time", "2001-02-03T04:05:06.789+01:00"),
        ("duration", "1h30m"),
        ("duration", "3 days"),
        ("k8s-long-name", "a-b.c"),
        ("rgbcolor", "rgb(255, 0, 10)"),
    ] {
        assert!(is_fulfilled(format, text), "{format} {text}");
    }
}

#[test]
fn texts_that_do_not() {
    for (format, text) in [
        ("uri", "://"),
        ("uri", "a/b"),
        ("uri", "http://a:b/"),
        ("uri", "/%zz"),
        ("email", "a"),
        ("email", "a@@b"),
        ("hostname", "a_b"),
        ("ipv4", "1.2.3"),
        ("ipv4", "1.2.3.256"),
        ("ipv6", "1.2.3.4"),
        ("cidr", "10.0.0.0"),
        ("cidr", "10.0.0.0/33"),
        ("mac", "x"),
        ("uuid", "x"),
        ("uuid4", "11111111-2222-3333-4444-555555555555"),
        ("uuid", "11111111-2222-3333-4444-555555555555-"),
        ("isbn", "0321751044"),
        ("byte", "***"),
        ("byte", ""),
        ("date", "2001-02-30"),
        ("date-time", "2001-02-03T04:05:06"),
        ("date-time", "2001-13-03T04:05:06Z"),
        ("date-time", "2001-02-03"),
        ("duration", "long"),
        ("k8s-short-name", "A_B"),
        ("ssn", "12-345"),
    ] {
        assert!(!is_fulfilled(format, text), "{format} {text}");
    }
}

#[test]
fn formats_belong_to_types() {
    assert!(is_recognized(&Type::String, "date-time"));
    assert!(is_recognized(&Type::Integer, "int64"));
    assert!(!is_recognized(&Type::Integer, "date-time"));
    assert!(!is_recognized(&Type::String, "nonsense"));
    assert!(!is_recognized(&Type::Object, "uuid"));
}
