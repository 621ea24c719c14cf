//! Signatures that `gpg` and `ssh-keygen` made.

use super::*;

/// The day on which the keys were made, and one a month later.
const THEN: i64 = 1_767_225_600 + 3_600;
const LATER: i64 = THEN + 31 * 86_400;

fn read(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/signatures");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

fn keys(names: &[&str]) -> TrustedKeys {
    let entries: Vec<_> = names.iter().map(|name| (*name, read(name))).collect();
    TrustedKeys::from_entries(entries.iter().map(|(name, text)| (*name, text.as_bytes())))
}

fn check(signature: &str, trusted: &[&str], now: i64) -> Result<String, String> {
    let payload = read("payload.txt");
    let signature = read(signature);
    verify(Signed::Commit, (&signature, payload.as_bytes()), &keys(trusted), now)
        .map_err(|error| error.to_string())
}

#[test]
fn an_openpgp_signature_is_named_by_its_primary_key() {
    let plain = Ok("7D4597A541ACC7ED".to_owned());
    assert_eq!(check("plain.sig", &["plain.asc"], LATER), plain);
    assert_eq!(check("plain.sig", &["sub.asc", "plain.asc"], LATER), plain);
    let by_subkey = Ok("E5A585686E44E8A4".to_owned());
    assert_eq!(check("sub.sig", &["sub.asc"], LATER), by_subkey);
}

#[test]
fn a_key_that_expired_or_was_given_up_proves_nothing() {
    assert!(check("brief.sig", &["brief.asc"], THEN).is_ok());
    let want = "unable to verify Git commit: unable to verify payload with any of the given key \
                rings: no matching key";
    assert_eq!(check("brief.sig", &["brief.asc"], LATER).unwrap_err(), want);
    assert_eq!(check("gone.sig", &["gone.asc"], LATER).unwrap_err(), want);
    assert_eq!(check("plain.sig", &["sub.asc"], LATER).unwrap_err(), want);
}

#[test]
fn a_signature_from_the_future_proves_nothing() {
    assert!(check("plain.sig", &["plain.asc"], THEN - 86_400).is_err());
}

#[test]
fn an_ssh_signature_is_named_by_the_fingerprint() {
    let cases = [
        ("ed25519", "SHA256:YPBelKbh3Y+ywoG9vASK9IX1v1fEtVrfJtP3YmcWGeM"),
        ("ecdsa", "SHA256:6WPXP2ZlOmZkNJFc8sZmT4Sjsch2M6FWdLbtgBRk03k"),
        ("rsa", "SHA256:2FxaEQh9axJ+kEXu7JzJ2/EH1sMoEmtbrUqIJ1SVy18"),
    ];
    let all = ["ed25519.sshpub", "ecdsa.sshpub", "rsa.sshpub"];
    for (name, fingerprint) in cases {
        let got = check(&format!("{name}.sshsig"), &all, LATER);
        assert_eq!(got, Ok(fingerprint.to_owned()), "{name}");
    }
}

#[test]
fn an_ssh_signature_for_something_else_proves_nothing() {
    let prefix = "unable to verify Git commit SSH signature: unable to verify payload with any of \
                  the given authorized keys: no matching key\n";
    let other_use = check("file.sshsig", &["ed25519.sshpub"], LATER).unwrap_err();
    assert_eq!(other_use, format!("{prefix}namespace does not match"));
    let other_key = check("rsa.sshsig", &["ed25519.sshpub", "ecdsa.sshpub"], LATER).unwrap_err();
    assert_eq!(other_key, format!("{prefix}public key does not match"));
}

#[test]
fn changed_content_is_found_out() {
    for (signature, key) in [("plain.sig", "plain.asc"), ("rsa.sshsig", "rsa.sshpub")] {
        let signature = read(signature);
        let got = verify(Signed::Tag, (&signature, b"other"), &keys(&[key]), LATER);
        assert!(got.unwrap_err().to_string().starts_with("unable to verify Git tag"));
    }
}

#[test]
fn the_armor_decides_which_keys_are_needed() {
    let error = |signature: &str, trusted: &[&str]| {
        verify(Signed::Commit, (signature, b"x"), &keys(trusted), LATER).unwrap_err()
    };
    assert_eq!(error(&read("plain.sig"), &["rsa.sshpub"]), SignatureError::NoRings);
    assert_eq!(error(&read("rsa.sshsig"), &["plain.asc"]), SignatureError::NoAuthorizedKeys);
    let unsigned = error("", &["plain.asc"]);
    assert_eq!(unsigned.to_string(), "unsupported signature type: empty");
    let x509 = error("-----BEGIN SIGNED MESSAGE-----", &["plain.asc"]);
    assert_eq!(x509.to_string(), "unsupported signature type: x509");
}

#[test]
fn wrong_keys_are_passed_over_unless_there_is_no_other() {
    let mut trusted = keys(&["plain.asc", "rsa.sshpub"]);
    trusted.rings.insert(0, "nonsense".to_owned());
    trusted.authorized_keys.insert(0, "ssh-rsa nonsense".to_owned());
    let payload = read("payload.txt");
    for signature in ["plain.sig", "rsa.sshsig"] {
        let signature = read(signature);
        let got = verify(Signed::Commit, (&signature, payload.as_bytes()), &trusted, LATER);
        assert!(got.is_ok(), "{got:?}");
    }
    let only_wrong = TrustedKeys {
        rings: vec!["nonsense".to_owned()],
        authorized_keys: vec!["ssh-rsa nonsense".to_owned()],
    };
    for (signature, want) in [
        ("plain.sig", "unable to read armored key ring"),
        ("rsa.sshsig", "unable to parse authorized key"),
    ] {
        let signature = read(signature);
        let got = verify(Signed::Commit, (&signature, payload.as_bytes()), &only_wrong, LATER);
        assert!(got.unwrap_err().to_string().contains(want));
    }
}
