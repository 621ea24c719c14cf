use super::*;

fn data(entries: &[(&str, &str)]) -> Data {
    entries.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
}

fn credentials(url: &str, entries: &[(&str, &str)]) -> Credentials {
    remote(url, &data(entries)).unwrap().credentials().clone()
}

fn basic(username: &str, password: &str) -> Credentials {
    Credentials::Basic { username: username.to_owned(), password: password.to_owned() }
}

#[test]
fn a_secret_fills_in_and_replaces_what_the_address_says() {
    let url = "https://u:p@example.com/x";
    assert_eq!(credentials(url, &[]), basic("u", "p"));
    assert_eq!(credentials(url, &[("username", "s"), ("password", "t")]), basic("s", "t"));
    assert_eq!(credentials("https://example.com/x", &[("username", "s")]), basic("s", ""));
    assert_eq!(credentials("https://example.com/x", &[("ca.crt", "x")]), Credentials::None);
    let bearer = credentials("https://example.com/x", &[("bearerToken", "b")]);
    assert_eq!(bearer, Credentials::Bearer("b".to_owned()));
}

#[test]
fn contradictions_are_refused() {
    let both = remote("https://u@example.com/x", &data(&[("bearerToken", "b")])).unwrap_err();
    let want = "basic auth and bearer token cannot be set at the same time";
    assert_eq!(both.to_string(), want);
    let no_user = remote("https://example.com/x", &data(&[("password", "p")])).unwrap_err();
    let want = "invalid 'https' auth option: 'password' requires 'username' to be set";
    assert_eq!(no_user.to_string(), want);
}

#[test]
fn a_proxy_carries_its_credentials() {
    let secret = data(&[("address", "http://proxy:3128"), ("username", "u"), ("password", "p")]);
    assert_eq!(proxy(&secret, "ns/p").unwrap(), "http://u:p@proxy:3128/");
    let wrong = proxy(&data(&[("address", "ftp://proxy")]), "ns/p").unwrap_err();
    assert!(wrong.contains("(http, https, socks5), got 'ftp'"), "{wrong}");
    assert!(proxy(&data(&[]), "ns/p").unwrap_err().contains("'address' not found"));
}
