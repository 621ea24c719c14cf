use super::*;

fn show(text: &str) -> String {
    match Reference::parse(text, Insecure::Refused) {
        Ok(reference) => reference.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn names_are_completed_as_docker_does() {
    assert_eq!(show("alpine"), "index.docker.io/library/alpine:latest");
    assert_eq!(show("docker.io/a/b:1"), "index.docker.io/a/b:1");
    assert_eq!(
        show("ghcr.io/stefanprodan/manifests/podinfo:6.1.0"),
        "ghcr.io/stefanprodan/manifests/podinfo:6.1.0"
    );
    assert_eq!(show("localhost:5000/app"), "localhost:5000/app:latest");
    let digest = format!("r.io/app@sha256:{}", "a".repeat(64));
    assert_eq!(show(&digest), digest);
    assert_eq!(show(&format!("r.io/app:v1@sha256:{}", "a".repeat(64))), digest);
}

#[test]
fn what_is_no_name_is_told() {
    assert_eq!(
        show("r.io/App"),
        "could not parse reference: repository can only contain the characters \
         `abcdefghijklmnopqrstuvwxyz0123456789_-./`: App"
    );
    assert_eq!(
        show("r.io/a"),
        "could not parse reference: repository must be between 2 and 255 characters in length: a"
    );
    assert!(
        show("r.io/app@sha256:12").starts_with("could not parse reference: unsupported digest")
    );
    assert!(show("r.io/app:a+b").starts_with("could not parse reference: tag can only"));
}

#[test]
fn plain_http_is_for_what_is_near() {
    let plain =
        |text: &str, insecure| Repository::parse(text, insecure).unwrap().registry().may_be_plain();
    for near in
        ["localhost:5000/app", "127.0.0.1:1/app", "10.1.2.3/app", "reg.local:80/app", "[::1]:9/app"]
    {
        assert!(plain(near, Insecure::Refused), "{near}");
    }
    assert!(!plain("ghcr.io/app", Insecure::Refused));
    assert!(!plain("8.8.8.8:5000/app", Insecure::Refused));
    assert!(plain("ghcr.io/app", Insecure::Allowed));
}
