//! SSH keys as recipients: Ed25519 turned into X25519, and RSA with OAEP.

use aws_lc_rs::rsa::{
    OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, OaepPublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use curve25519_dalek::MontgomeryPoint;
use curve25519_dalek::edwards::CompressedEdwardsY;
use sha2::{Digest, Sha256, Sha512};
use ssh_key::private::KeypairData;
use ssh_key::public::KeyData;
use zeroize::Zeroizing;

use super::header::{Stanza, decode, encode};
use super::kdf::{self, Key};
use super::x25519::{agree, share};
use super::{FileKey, Refusal, random};

mod der;

const ED25519_LABEL: &[u8] = b"age-encryption.org/v1/ssh-ed25519";
const RSA_LABEL: &[u8] = b"age-encryption.org/v1/ssh-rsa";
/// Smallest RSA key in bytes.
const SMALLEST: usize = 256;

/// A private SSH key.
pub struct SshIdentity {
    /// The public key as SSH sends it.
    wire: Vec<u8>,
    secret: Secret,
}

enum Secret {
    Ed25519 { secret: Key, public: [u8; 32] },
    Rsa(Box<OaepPrivateDecryptingKey>),
}

impl std::fmt::Debug for SshIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SshIdentity(..)")
    }
}

impl SshIdentity {
    /// Reads a private key in OpenSSH's form, without a passphrase.
    ///
    /// # Errors
    /// It is none, is protected by a passphrase, or of another kind.
    pub fn parse(pem: &str) -> Result<Self, String> {
        let key = ssh_key::PrivateKey::from_openssh(pem)
            .map_err(|error| format!("malformed SSH identity: {error}"))?;
        if key.is_encrypted() {
            return Err("ssh: this private key is passphrase protected".to_owned());
        }
        let wire = key.public_key().to_bytes().map_err(|error| error.to_string())?;
        let secret = match key.key_data() {
            KeypairData::Ed25519(pair) => {
                let hash = Zeroizing::new(<[u8; 64]>::from(Sha512::digest(pair.private.as_ref())));
                let mut secret = Key::default();
                secret.iter_mut().zip(hash.iter()).for_each(|(to, from)| *to = *from);
                let public = MontgomeryPoint::mul_base_clamped(*secret).to_bytes();
                Secret::Ed25519 { secret, public }
            }
            KeypairData::Rsa(pair) => {
                let key = der::private_key(pair).ok_or("malformed SSH identity: bad numbers")?;
                let key = PrivateDecryptingKey::from_pkcs8(&key)
                    .map_err(|error| format!("malformed SSH identity: {error}"))?;
                let key = OaepPrivateDecryptingKey::new(key)
                    .map_err(|_| "malformed SSH identity: unusable".to_owned())?;
                Secret::Rsa(Box::new(key))
            }
            _ => return Err("unsupported SSH identity type".to_owned()),
        };
        Ok(Self { wire, secret })
    }

    pub(super) fn unwrap(&self, stanza: &Stanza) -> Result<FileKey, Refusal> {
        let kind = match self.secret {
            Secret::Ed25519 { .. } => "ssh-ed25519",
            Secret::Rsa(_) => "ssh-rsa",
        };
        if stanza.kind != kind {
            return Err(Refusal::NotMine);
        }
        let broken = |what: String| Refusal::Broken(what);
        let wrong = || broken(format!("invalid {kind} recipient block"));
        match (&self.secret, stanza.arguments.as_slice()) {
            (Secret::Rsa(key), [hint]) => {
                if *hint != fingerprint(&self.wire) {
                    return Err(Refusal::NotMine);
                }
                let mut out = Zeroizing::new(vec![0; key.min_output_size()]);
                let plain =
                    key.decrypt(&OAEP_SHA256_MGF1SHA256, &stanza.body, &mut out, Some(RSA_LABEL));
                let plain = plain.map_err(|_| {
                    broken("failed to decrypt file key: crypto/rsa: decryption error".to_owned())
                })?;
                Ok(Zeroizing::new(plain.to_vec()))
            }
            (Secret::Ed25519 { secret, public }, [hint, point]) => {
                let point = decode(point).map_err(|error| {
                    broken(format!("failed to parse ssh-ed25519 recipient: {error}"))
                })?;
                let point: [u8; 32] = point.try_into().map_err(|_| wrong())?;
                if *hint != fingerprint(&self.wire) {
                    return Err(Refusal::NotMine);
                }
                let shared = agree(secret, &point)
                    .map_err(|error| broken(format!("invalid X25519 recipient: {error}")))?;
                let key = tweaked(&shared, &self.wire, &point, public);
                kdf::open(&key, [0; 12], &stanza.body).ok_or_else(|| {
                    let what = "chacha20poly1305: message authentication failed";
                    broken(format!("failed to decrypt file key: {what}"))
                })
            }
            _ => Err(wrong()),
        }
    }
}

/// Returns the first bytes of a public key's digest.
fn fingerprint(wire: &[u8]) -> String {
    encode(Sha256::digest(wire).get(..4).unwrap_or_default())
}

/// Derives the key for a file key, in a way that ties it to the SSH key.
fn tweaked(shared: &Key, wire: &[u8], point: &[u8; 32], public: &[u8; 32]) -> Key {
    let tweak = kdf::derive(&[], wire, ED25519_LABEL);
    let shared = Zeroizing::new(MontgomeryPoint(**shared).mul_clamped(*tweak).to_bytes());
    kdf::derive(&*shared, &[*point, *public].concat(), ED25519_LABEL)
}

/// Encrypts a file key for an SSH public key.
pub(super) fn wrap(recipient: &str, file_key: &[u8]) -> Result<Stanza, String> {
    let malformed = |error: &str| {
        let shown = flux_gostd::quote::quote(recipient);
        format!(
            "failed to parse input as age-ssh public key: malformed SSH recipient: {shown}: {error}"
        )
    };
    let key = ssh_key::PublicKey::from_openssh(recipient);
    let key = key.map_err(|error| malformed(&error.to_string()))?;
    let wire = key.to_bytes().map_err(|error| malformed(&error.to_string()))?;
    match key.key_data() {
        KeyData::Ed25519(public) => {
            let point = CompressedEdwardsY(public.0).decompress();
            let point = point.ok_or_else(|| malformed("invalid Ed25519 public key"))?;
            let public = point.to_montgomery().to_bytes();
            let (secret, sent) = share()?;
            let shared = agree(&secret, &public)?;
            let body = kdf::seal(&tweaked(&shared, &wire, &sent, &public), [0; 12], file_key)?;
            let arguments = vec![fingerprint(&wire), encode(&sent)];
            Ok(Stanza { kind: "ssh-ed25519".to_owned(), arguments, body })
        }
        KeyData::Rsa(public) => {
            let numbers = der::public_key(public).ok_or_else(|| malformed("bad numbers"))?;
            let key = PublicEncryptingKey::from_der(&numbers)
                .map_err(|error| malformed(&error.to_string()))?;
            if key.key_size_bytes() < SMALLEST {
                return Err(malformed("RSA key size is too small"));
            }
            let key = OaepPublicEncryptingKey::new(key).map_err(|_| malformed("unusable"))?;
            let mut body = vec![0; key.ciphertext_size()];
            random(&mut body)?;
            let size = key
                .encrypt(&OAEP_SHA256_MGF1SHA256, file_key, &mut body, Some(RSA_LABEL))
                .map_err(|_| "cannot encrypt".to_owned())?
                .len();
            body.truncate(size);
            Ok(Stanza { kind: "ssh-rsa".to_owned(), arguments: vec![fingerprint(&wire)], body })
        }
        _ => Err(malformed("unknown SSH recipient type")),
    }
}
