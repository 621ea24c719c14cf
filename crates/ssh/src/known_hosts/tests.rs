use super::*;

const ED25519: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfuCHKVTjquxvt6CM6tdG4SLp1Btn/nOeHHE5UOzRdf";
const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENj\
                     QEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

fn check(text: &str, host: &str, port: u16) -> Result<(), Distrust> {
    KnownHosts::parse(text).unwrap().check(host, port, &key(ED25519))
}

#[test]
fn a_server_is_known_by_name_pattern_and_port() {
    for (hosts, host, port, want) in [
        ("example.com", "example.com", 22, Ok(())),
        ("example.com", "example.com", 2222, Err(Distrust::Unknown)),
        ("[example.com]:2222", "example.com", 2222, Ok(())),
        ("a.com,*.example.com", "git.example.com", 22, Ok(())),
        ("*.example.com,!bad.example.com", "bad.example.com", 22, Err(Distrust::Unknown)),
        ("10.0.0.?", "10.0.0.7", 22, Ok(())),
        ("::1", "::1", 22, Ok(())),
    ] {
        assert_eq!(check(&format!("{hosts} {ED25519} comment"), host, port), want, "{hosts}");
    }
}

#[test]
fn the_first_key_of_a_kind_counts() {
    let both = format!("host {OTHER}\nhost {ED25519}\n");
    assert_eq!(check(&both, "host", 22), Err(Distrust::Mismatch));
    let other_kind = format!("# comment\n\nhost {ECDSA}\nhost {ED25519}\n");
    assert_eq!(check(&other_kind, "host", 22), Ok(()));
    let only_other_kind = format!("host {ECDSA}");
    assert_eq!(check(&only_other_kind, "host", 22), Err(Distrust::Mismatch));
}

#[test]
fn a_revoked_key_is_refused_everywhere() {
    let text = format!("host {ED25519}\n@revoked * {ED25519}\n");
    assert_eq!(check(&text, "host", 22), Err(Distrust::Revoked));
}

#[test]
fn hashed_names_are_recognized() {
    // Made by `ssh-keygen -H`.
    let hash = STANDARD.encode(hmac_sha1(b"salt", b"[host]:2222"));
    let text = format!("|1|{}|{hash} {ED25519}", STANDARD.encode("salt"));
    assert_eq!(check(&text, "host", 2222), Ok(()));
    assert_eq!(check(&text, "host", 22), Err(Distrust::Unknown));
}

#[test]
fn the_keyed_hash_is_the_published_one() {
    // RFC 2202, test case 2.
    let hex: String = hmac_sha1(b"Jefe", b"what do ya want for nothing?")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

#[test]
fn a_wrong_line_spoils_the_text() {
    for text in ["host", "host ssh-ed25519", "host ssh-ed25519 AAAA", "|1|x host k AAAA"] {
        assert!(KnownHosts::parse(text).is_err(), "{text}");
    }
}

#[test]
fn kinds_of_keys_are_listed_once() {
    let text = format!("a {ED25519}\nb {OTHER}\nc {ECDSA}\n");
    assert_eq!(KnownHosts::parse(&text).unwrap().algorithms().len(), 2);
}
