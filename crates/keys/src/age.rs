//! age files: several recipients, one file key, a payload in chunks.
//!
//! X25519, hybrid ML-KEM-768 with X25519, and SSH keys. Passphrases (`scrypt`) never match, as no
//! identity here holds one.
//!
//! # Upstream
//! The format is age-encryption.org/v1; texts of errors are those of filippo.io/age.

mod armor;
mod bech32;
mod header;
mod hybrid;
mod kdf;
mod ssh;
mod stream;
mod x25519;

use zeroize::Zeroizing;

pub use ssh::SshIdentity;

use header::{Header, Stanza};
use hybrid::HybridIdentity;
use x25519::X25519Identity;

/// Bytes of the key that encrypts a payload.
const FILE_KEY: usize = 16;

/// The key that encrypts a payload.
type FileKey = Zeroizing<Vec<u8>>;

/// A private key that opens age files. It is wiped from memory after use and never printed.
pub struct Identity(Kind);

enum Kind {
    X25519(X25519Identity),
    Hybrid(HybridIdentity),
    Ssh(Box<SshIdentity>),
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity(..)")
    }
}

/// Why a stanza was not opened.
enum Refusal {
    /// It is meant for somebody else.
    NotMine,
    /// It is broken.
    Broken(String),
}

impl Identity {
    /// Reads a file of identities, one a line; `#` begins a comment.
    ///
    /// # Errors
    /// A line that is no identity. The text does not hold it.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(Self::parse).collect()
    }

    /// Reads an identity of one of the native kinds.
    ///
    /// # Errors
    /// The text is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let malformed = |error: String| format!("malformed secret key: {error}");
        if text.starts_with("AGE-SECRET-KEY-PQ-1") {
            return HybridIdentity::parse(text).map(Kind::Hybrid).map(Self).map_err(malformed);
        }
        if text.starts_with("AGE-SECRET-KEY-1") {
            return X25519Identity::parse(text).map(Kind::X25519).map(Self).map_err(malformed);
        }
        if text.starts_with("AGE-PLUGIN-") {
            return Err("plugins are not run".to_owned());
        }
        Err("unknown identity type".to_owned())
    }

    /// Takes an SSH key as an identity.
    pub fn ssh(key: SshIdentity) -> Self {
        Self(Kind::Ssh(Box::new(key)))
    }

    /// Opens the file key with the first stanza that is meant for this identity.
    fn unwrap(&self, stanzas: &[Stanza]) -> Result<FileKey, Refusal> {
        for stanza in stanzas {
            let opened = match &self.0 {
                Kind::X25519(identity) => identity.unwrap(stanza),
                Kind::Hybrid(identity) => identity.unwrap(stanza),
                Kind::Ssh(identity) => identity.unwrap(stanza),
            };
            match opened {
                Err(Refusal::NotMine) => {}
                other => return other,
            }
        }
        Err(Refusal::NotMine)
    }
}

/// Decrypts an armored file with the first identity that opens it.
///
/// # Errors
/// No identity opens it, or it is broken.
pub fn decrypt(armored: &str, identities: &[Identity]) -> Result<Zeroizing<Vec<u8>>, String> {
    let file = armor::read(armored).map_err(|error| format!("failed to read header: {error}"))?;
    let (header, payload) =
        Header::read(&file).map_err(|error| format!("failed to read header: {error}"))?;
    if identities.is_empty() {
        return Err("no identities specified".to_owned());
    }
    let mut key = None;
    for identity in identities {
        match identity.unwrap(&header.stanzas) {
            Ok(opened) => {
                key = Some(opened);
                break;
            }
            Err(Refusal::NotMine) => {}
            Err(Refusal::Broken(error)) => return Err(error),
        }
    }
    let Some(key) = key else {
        return Err(match identities {
            [_] => {
                "identity did not match any of the recipients: incorrect identity for recipient \
                    block"
                    .to_owned()
            }
            _ => "no identity matched any of the recipients".to_owned(),
        });
    };
    header.verify(&key)?;
    stream::open(&key, payload)
}

/// Encrypts for one recipient: a native one (`age1…`), or an SSH public key.
///
/// # Errors
/// The recipient is none.
pub fn encrypt(recipient: &str, plain: &[u8]) -> Result<String, String> {
    let mut key = Zeroizing::new(vec![0; FILE_KEY]);
    random(&mut key)?;
    let stanza = if recipient.starts_with("age1pq1") {
        hybrid::wrap(recipient, &key)
    } else if recipient.starts_with("age1") {
        x25519::wrap(recipient, &key)
    } else if recipient.starts_with("ssh-") {
        ssh::wrap(recipient, &key)
    } else {
        let shown = flux_gostd::quote::quote(recipient);
        return Err(format!("failed to parse input, unknown recipient type: {shown}"));
    }?;
    let header = Header::new(vec![stanza], &key);
    let mut file = header.write();
    file.extend(stream::seal(&key, plain)?);
    Ok(armor::write(&file))
}

fn random(bytes: &mut [u8]) -> Result<(), String> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| "no randomness".to_owned())
}
