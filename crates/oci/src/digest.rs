//! Names of bytes.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

/// A digest as registries write it: `sha256:…` or `sha512:…`.
///
/// Invariant: the hash is lowercase hex of the algorithm's length.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: &'static str,
    hash: String,
}

impl Digest {
    /// Computes the SHA-256 of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { algorithm: "sha256", hash: hex::encode(Sha256::digest(bytes)) }
    }

    /// Returns the hex digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Returns the name of the algorithm.
    pub fn algorithm(&self) -> &str {
        self.algorithm
    }
}

impl FromStr for Digest {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (name, hash) = text.split_once(':').ok_or(())?;
        let (algorithm, digits) = match name {
            "sha256" => ("sha256", 64),
            "sha512" => ("sha512", 128),
            _ => return Err(()),
        };
        let is_hex = hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hash.len() != digits || !is_hex {
            return Err(());
        }
        Ok(Self { algorithm, hash: hash.to_owned() })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.hash)
    }
}

/// Computes a digest of bytes that come in pieces.
pub(crate) enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    pub(crate) fn like(digest: &Digest) -> Self {
        match digest.algorithm {
            "sha512" => Self::Sha512(Sha512::new()),
            _ => Self::Sha256(Sha256::new()),
        }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    pub(crate) fn finish(self) -> Digest {
        match self {
            Self::Sha256(state) => {
                Digest { algorithm: "sha256", hash: hex::encode(state.finalize()) }
            }
            Self::Sha512(state) => {
                Digest { algorithm: "sha512", hash: hex::encode(state.finalize()) }
            }
        }
    }
}
