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
fn the_short_form_of_an_ssh_address_is_taken_as_submodules_write_it() {
    for url in ["ssh://git@example.com/x", "git@example.com:x"] {
        assert!(Remote::parse(url).unwrap().is_ssh(), "{url}");
    }
    assert!(!Remote::parse("https://example.com/x").unwrap().is_ssh());
}

#[test]
fn other_schemes_are_refused() {
    for url in ["file:///etc", "ftp://example.com/x", "/etc", ""] {
        assert!(Remote::parse(url).is_err(), "{url}");
    }
}
