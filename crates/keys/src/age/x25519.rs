//! Recipients on Curve25519.

use curve25519_dalek::MontgomeryPoint;
use zeroize::Zeroizing;

use super::header::{Stanza, decode, encode};
use super::kdf::{self, Key};
use super::{FILE_KEY, FileKey, Refusal, bech32, random};

const LABEL: &[u8] = b"age-encryption.org/v1/X25519";

/// A private key with its public key.
pub(super) struct X25519Identity {
    secret: Key,
    public: [u8; 32],
}

impl X25519Identity {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (prefix, bytes) = bech32::decode(text)?;
        if prefix != "AGE-SECRET-KEY-" {
            return Err(format!("unknown type {}", flux_gostd::quote::quote(&prefix)));
        }
        let secret: [u8; 32] =
            bytes.as_slice().try_into().map_err(|_| "invalid X25519 secret key".to_owned())?;
        let secret = Zeroizing::new(secret);
        let public = MontgomeryPoint::mul_base_clamped(*secret).to_bytes();
        Ok(Self { secret, public })
    }

    pub(super) fn unwrap(&self, stanza: &Stanza) -> Result<FileKey, Refusal> {
        if stanza.kind != "X25519" {
            return Err(Refusal::NotMine);
        }
        let broken = |what: &str| Refusal::Broken(what.to_owned());
        let [share] = stanza.arguments.as_slice() else {
            return Err(broken("invalid X25519 recipient block"));
        };
        let share = decode(share).map_err(|error| {
            Refusal::Broken(format!("failed to parse X25519 recipient: {error}"))
        })?;
        let share: [u8; 32] =
            share.try_into().map_err(|_| broken("invalid X25519 recipient block"))?;
        let shared = agree(&self.secret, &share)
            .map_err(|error| Refusal::Broken(format!("invalid X25519 recipient: {error}")))?;
        if stanza.body.len() != FILE_KEY + 16 {
            return Err(broken("invalid X25519 recipient block: incorrect file key size"));
        }
        let key = kdf::derive(&*shared, &[share, self.public].concat(), LABEL);
        kdf::open(&key, [0; 12], &stanza.body).ok_or(Refusal::NotMine)
    }
}

/// Returns the secret that two keys share.
///
/// # Errors
/// The other key is one that shares the same secret with everybody.
pub(super) fn agree(secret: &Key, public: &[u8; 32]) -> Result<Key, String> {
    let shared = Zeroizing::new(MontgomeryPoint(*public).mul_clamped(**secret).to_bytes());
    if shared.iter().all(|byte| *byte == 0) {
        return Err("bad input point: low order point".to_owned());
    }
    Ok(shared)
}

/// Makes a new secret and the point that is sent for it.
pub(super) fn share() -> Result<(Key, [u8; 32]), String> {
    let mut secret = Key::default();
    random(&mut *secret)?;
    let public = MontgomeryPoint::mul_base_clamped(*secret).to_bytes();
    Ok((secret, public))
}

/// Encrypts a file key for a recipient.
pub(super) fn wrap(recipient: &str, file_key: &[u8]) -> Result<Stanza, String> {
    let malformed = |error: String| {
        let shown = flux_gostd::quote::quote(recipient);
        format!(
            "failed to parse input as Bech32-encoded age public key: malformed recipient {shown}: \
             {error}"
        )
    };
    let (prefix, bytes) = bech32::decode(recipient).map_err(malformed)?;
    if prefix != "age" {
        let shown = flux_gostd::quote::quote(&prefix);
        return Err(malformed(format!("invalid type {shown}")));
    }
    let public: [u8; 32] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| malformed("invalid X25519 public key".to_owned()))?;
    let (secret, share) = share()?;
    let shared = agree(&secret, &public)?;
    let key = kdf::derive(&*shared, &[share, public].concat(), LABEL);
    let body = kdf::seal(&key, [0; 12], file_key)?;
    Ok(Stanza { kind: "X25519".to_owned(), arguments: vec![encode(&share)], body })
}
