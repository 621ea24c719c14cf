//! Keys that are held here.

use flux_sops::{KeySource as _, Service};

use super::{PLAIN, master, round_trip};
use crate::KeyRing;
use crate::age::{self, Identity, SshIdentity};

const HYBRID: &str = include_str!("data/hybrid.txt");
const X25519: &str = "AGE-SECRET-KEY-13HMVS82JFD92V24V94UNFXPH274K398L9DM8V0CK2U9YUJJNS2XQPTTG6M";
const X25519_PUBLIC: &str = "age1pxerjzhmf3manysys837mjuszqfeyhvkmmjz9qgck7n9t0q50apqpxzem8";

fn ssh(pem: &str) -> Vec<Identity> {
    vec![Identity::ssh(SshIdentity::parse(pem).unwrap())]
}

fn opened(armored: &str, identities: &[Identity]) -> Result<Vec<u8>, String> {
    age::decrypt(armored, identities).map(|plain| plain.to_vec())
}

#[test]
fn messages_of_the_age_program_are_opened() {
    let ed25519 = ssh(include_str!("data/ed25519"));
    assert_eq!(opened(include_str!("data/ed25519.age"), &ed25519), Ok(PLAIN.to_vec()));
    let rsa = ssh(include_str!("data/rsa"));
    assert_eq!(opened(include_str!("data/rsa.age"), &rsa), Ok(PLAIN.to_vec()));
    let hybrid = Identity::parse_file(HYBRID).unwrap();
    assert_eq!(opened(include_str!("data/hybrid.age"), &hybrid), Ok(PLAIN.to_vec()));
}

#[test]
fn every_recipient_opens_what_was_encrypted_for_it() {
    let public = HYBRID.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    let cases = [
        (X25519_PUBLIC, Identity::parse_file(X25519).unwrap()),
        (public, Identity::parse_file(HYBRID).unwrap()),
        (include_str!("data/ed25519.pub").trim(), ssh(include_str!("data/ed25519"))),
        (include_str!("data/rsa.pub").trim(), ssh(include_str!("data/rsa"))),
    ];
    for (recipient, identities) in &cases {
        for plain in [PLAIN.to_vec(), Vec::new(), vec![7; 64 << 10], vec![8; (64 << 10) + 1]] {
            let sealed = age::encrypt(recipient, &plain).unwrap();
            assert_eq!(opened(&sealed, identities), Ok(plain), "{recipient}");
        }
        let sealed = age::encrypt(recipient, PLAIN).unwrap();
        for (other, strangers) in &cases {
            if other != recipient {
                let error = opened(&sealed, strangers).unwrap_err();
                assert_eq!(
                    error,
                    "identity did not match any of the recipients: incorrect identity for \
                     recipient block"
                );
            }
        }
    }
}

#[test]
fn a_passphrase_opens_nothing_and_is_no_reason_to_fail_otherwise() {
    let identities: Vec<Identity> =
        [X25519, HYBRID].iter().flat_map(|text| Identity::parse_file(text).unwrap()).collect();
    let error = opened(include_str!("data/scrypt.age"), &identities).unwrap_err();
    assert_eq!(error, "no identity matched any of the recipients");
}

#[test]
fn what_was_changed_on_the_way_is_refused() {
    let identities = Identity::parse_file(X25519).unwrap();
    let sealed = age::encrypt(X25519_PUBLIC, PLAIN).unwrap();
    let lines: Vec<&str> = sealed.lines().collect();
    for index in 1..lines.len() - 1 {
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let first = if changed[index].starts_with('Q') { "R" } else { "Q" };
        changed[index].replace_range(..1, first);
        assert!(opened(&changed.join("\n"), &identities).is_err(), "line {index}");
    }
    assert!(opened(&lines[..lines.len() - 1].join("\n"), &identities).is_err());
    assert!(opened("", &identities).is_err());
}

#[test]
fn an_identity_is_checked_and_never_shown() {
    let wrong = X25519.replace("13HM", "13HN");
    assert_eq!(Identity::parse(&wrong).unwrap_err(), "malformed secret key: invalid checksum");
    assert_eq!(Identity::parse("hello").unwrap_err(), "unknown identity type");
    assert_eq!(format!("{:?}", Identity::parse(X25519).unwrap()), "Identity(..)");
    let mut ring = KeyRing::new();
    let error = ring.import("k.agekey", wrong.as_bytes()).unwrap_err();
    assert!(error.starts_with("failed to parse and add to age identities: "), "{error}");
    assert!(!error.contains("HMVS"), "{error}");
}

#[test]
fn openpgp_messages_are_opened_by_any_key_of_the_ring() {
    let mut ring = KeyRing::new();
    let service = Service::Pgp { fingerprint: "not looked at".to_owned() };
    let message = master(service, include_str!("data/pgp.msg"));
    assert_eq!(
        ring.decrypt(&message).unwrap_err(),
        "could not decrypt data key with PGP key: GnuPG binary error: failed to decrypt sops data \
         key with pgp: gpg: decryption failed: No secret key"
    );
    ring.import("k.asc", include_bytes!("data/pgp.asc")).unwrap();
    assert_eq!(ring.decrypt(&message).unwrap().to_vec(), PLAIN);
    let fingerprint = include_str!("data/pgp.fpr").trim().to_owned();
    assert_eq!(round_trip(&ring, &Service::Pgp { fingerprint }), Ok(PLAIN.to_vec()));
    assert!(ring.import("k.asc", b"nothing").is_err());
}

#[test]
fn entries_with_other_names_are_left_alone() {
    let mut ring = KeyRing::new();
    ring.import("note.txt", b"\xFF").unwrap();
    ring.import("other.vault-token", b"token").unwrap();
    let key = master(Service::Age { recipient: X25519_PUBLIC.to_owned() }, "");
    assert_eq!(ring.decrypt(&key).unwrap_err(), "failed to load age identities");
}
