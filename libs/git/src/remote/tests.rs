use super::*;

#[test]
fn credentials_of_an_address_are_taken_and_never_shown() {
    let remote = Remote::parse("https://user:s3cret@example.com/org/repo").unwrap();
    let want = Credentials::Basic { username: "user".into(), password: "s3cret".into() };
    assert_eq!(*remote.credentials(), want);
    assert_eq!(remote.shown(), "https://example.com/org/repo");
    assert!(!format!("{remote:?} {:?}", remote.credentials()).contains("s3cret"));
}

#[test]
fn other_schemes_are_refused() {
    for url in ["file:///etc", "ftp://example.com/x", "git@example.com:x", "/etc", ""] {
        assert!(Remote::parse(url).is_err(), "{url}");
    }
}
