//! Documents whose values are encrypted one by one, as SOPS writes them.
//!
//! In: a text in one of five formats, master keys behind a [`KeySource`], and for encryption
//! randomness and the time. Out: trees of values, and texts byte-equal to SOPS' own. Never:
//! files, the network, private keys.
//!
//! Start at [`Encrypted::read`] to decrypt and at [`encrypt`] to encrypt. The formats are in
//! `store`, what becomes encrypted is in `rule`, the walk over a tree and its MAC in `walk`,
//! single values in `cipher`, key groups in `keys` and `shamir`.
//!
//! # Upstream
//! The behaviour is that of getsops/sops 3.13.2. Whether the MAC counts is up to the caller;
//! kustomize-controller ignores it.
#![forbid(unsafe_code)]

mod base64_text;
mod cipher;
mod error;
mod gcm;
mod keys;
mod metadata;
mod rule;
mod shamir;
mod store;
#[cfg(test)]
mod tests;
mod tree;
mod walk;

use flux_gostd::Time;
use zeroize::Zeroizing;

pub use cipher::DataKey;
pub use error::{DataKeyError, Error, GroupFailure, KeyFailure};
pub use keys::{KeyGroup, KeySource, MasterKey, Service};
pub use metadata::Metadata;
pub use rule::Rule;
pub use store::Format;
pub use tree::{Branch, Comment, Item, Key, Value};

/// The version of SOPS whose documents are written.
pub const VERSION: &str = "3.13.2";

/// Fills bytes with randomness of cryptographic quality.
pub type Entropy<'a> = dyn FnMut(&mut [u8]) + 'a;

/// A document whose values are encrypted, with what is needed to decrypt them.
#[derive(Clone, Debug)]
pub struct Encrypted {
    branches: Vec<Branch>,
    metadata: Metadata,
}

/// A document whose values are decrypted.
pub struct Decrypted {
    branches: Vec<Branch>,
    mac: String,
    stored_mac: Result<Zeroizing<Vec<u8>>, String>,
}

impl Encrypted {
    /// Reads an encrypted document.
    ///
    /// # Errors
    /// The text is not in the format, has no metadata, or metadata that make no sense.
    pub fn read(format: Format, text: &[u8]) -> Result<Self, Error> {
        let branches = store::read_encrypted(format, text)?;
        let (branches, metadata) = metadata::extract(branches, format)?;
        Ok(Self { branches, metadata })
    }

    /// Returns what the document says about its encryption.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Recovers the key that encrypts the values.
    ///
    /// # Errors
    /// Too few master keys could be used; the error tells of each.
    pub fn data_key(&self, source: &dyn KeySource) -> Result<DataKey, Error> {
        keys::recover(&self.metadata, source)
    }

    /// Decrypts every encrypted value.
    ///
    /// # Errors
    /// A value is not encrypted though it should be, or cannot be decrypted.
    pub fn decrypt(mut self, key: &DataKey) -> Result<Decrypted, Error> {
        let mac = walk::decrypt(&mut self.branches, &self.metadata, key)?;
        let stored = &self.metadata.mac;
        let context = self.metadata.last_modified.rfc3339();
        let stored_mac = cipher::decrypt(stored, key, &context).map(|value| match value {
            Value::Text(text) | Value::Bytes(text) => Zeroizing::new(text),
            _ => Zeroizing::default(),
        });
        Ok(Decrypted { branches: self.branches, mac, stored_mac })
    }

    /// Prints the document with its metadata.
    ///
    /// # Errors
    /// The tree has no form in the format.
    pub fn write(&self, format: Format) -> Result<Vec<u8>, Error> {
        let branches = metadata::embed(&self.branches, &self.metadata, format)?;
        store::write_encrypted(format, &branches)
    }
}

impl Decrypted {
    /// Returns the documents of the text, most often one.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Returns the MAC of the decrypted values, in upper-case hex.
    pub fn mac(&self) -> &str {
        &self.mac
    }

    /// Compares the MAC of the values with the one that the document holds.
    ///
    /// # Errors
    /// They differ, or the document's own cannot be decrypted.
    pub fn check_mac(&self) -> Result<(), Error> {
        let stored = self.stored_mac.as_ref().map_err(|error| Error::Mac(error.clone()))?;
        if stored.as_slice() == self.mac.as_bytes() {
            return Ok(());
        }
        let shown = if stored.is_empty() {
            "no MAC".to_owned()
        } else {
            String::from_utf8_lossy(stored).into_owned()
        };
        Err(Error::Mac(format!("expected mac '{shown}', got '{}'", self.mac)))
    }

    /// Prints the decrypted document.
    ///
    /// # Errors
    /// The tree has no form in the format.
    pub fn write(&self, format: Format) -> Result<Vec<u8>, Error> {
        store::write_plain(format, &self.branches)
    }
}

/// How a document is encrypted.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Which values are encrypted.
    pub rule: Rule,
    /// Whether the MAC covers only the values that are encrypted.
    pub mac_only_encrypted: bool,
    /// The master keys; their encrypted parts are filled in.
    pub groups: Vec<KeyGroup>,
    /// How many groups recover the data key; 0 is all of them.
    pub threshold: usize,
}

/// What encryption needs from outside.
pub struct Means<'a> {
    /// Encrypts the data key.
    pub source: &'a dyn KeySource,
    /// The time that the document bears.
    pub now: Time,
    /// Makes keys and nonces.
    pub entropy: &'a mut Entropy<'a>,
}

/// Encrypts a plain document.
///
/// # Errors
/// The text is not in the format, a value cannot be encrypted, or a master key failed.
pub fn encrypt(
    format: Format,
    text: &[u8],
    recipe: Recipe,
    means: &mut Means<'_>,
) -> Result<Encrypted, Error> {
    let Means { source, now, entropy } = means;
    let mut branches = store::read_plain(format, text)?;
    let mut metadata = Metadata {
        last_modified: now.clone(),
        mac: String::new(),
        rule: recipe.rule,
        mac_only_encrypted: recipe.mac_only_encrypted,
        version: VERSION.to_owned(),
        groups: recipe.groups,
        threshold: recipe.threshold,
    };
    let key = keys::create(&mut metadata, *source, *entropy)?;
    let mac = walk::encrypt(&mut branches, &metadata, &key, *entropy)?;
    let context = metadata.last_modified.rfc3339();
    let mac = Value::Text(mac.into_bytes());
    metadata.mac = cipher::encrypt(&mac, &key, &context, *entropy).map_err(Error::Tree)?;
    Ok(Encrypted { branches, metadata })
}
