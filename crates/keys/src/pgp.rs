//! OpenPGP keys.

use pgp::composed::{
    ArmorOptions, DecryptionOptions, Deserializable as _, Message, MessageBuilder, SignedSecretKey,
    TheRing,
};
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::types::{KeyDetails as _, Password};
use rand::rngs::OsRng;
use zeroize::Zeroizing;

/// Longest data key that is taken out of a message.
const MOST: u64 = 1 << 20;

/// A ring of private keys; they are wiped from memory after use and never printed.
#[derive(Default)]
pub struct PgpKeys(Vec<SignedSecretKey>);

impl std::fmt::Debug for PgpKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PgpKeys({} keys)", self.0.len())
    }
}

impl PgpKeys {
    /// Adds the private keys of an armored text.
    ///
    /// # Errors
    /// There is none in it.
    pub fn import(&mut self, armored: &[u8]) -> Result<(), String> {
        const AT: &str = "failed to import armored key data into GnuPG keyring (exit status 2)";
        let fault = |error: pgp::errors::Error| format!("{AT}: {error}");
        let text = String::from_utf8_lossy(armored);
        let mut found = false;
        // A file may hold several blocks, one after the other.
        for block in blocks(&text) {
            let (keys, _) = SignedSecretKey::from_armor_many(block.as_bytes()).map_err(fault)?;
            for key in keys {
                self.0.push(key.map_err(fault)?);
                found = true;
            }
        }
        if found {
            return Ok(());
        }
        Err(format!("{AT}: gpg: no valid OpenPGP data found."))
    }

    /// Decrypts an armored message with whichever key it is for.
    ///
    /// # Errors
    /// No key is here that it is for, or it is broken.
    pub fn decrypt(&self, armored: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let fault = |error: String| {
            format!(
                "could not decrypt data key with PGP key: GnuPG binary error: failed to decrypt sops \
                 data key with pgp: {error}"
            )
        };
        self.open(armored).map_err(fault)
    }

    fn open(&self, armored: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        use std::io::Read as _;
        let failed = |error: pgp::errors::Error| match error {
            pgp::errors::Error::MissingKey => "gpg: decryption failed: No secret key".to_owned(),
            other => format!("gpg: decryption failed: {other}"),
        };
        let (message, _) = Message::from_armor(armored.trim().as_bytes())
            .map_err(|_| "gpg: no valid OpenPGP data found.".to_owned())?;
        let no_password = Password::empty();
        let ring = TheRing {
            secret_keys: self.0.iter().collect(),
            key_passwords: vec![&no_password],
            decrypt_options: DecryptionOptions::new().enable_legacy().enable_gnupg_aead(),
            ..TheRing::default()
        };
        let (mut message, _) = message.decrypt_the_ring(ring, true).map_err(failed)?;
        while message.is_compressed() {
            message = message.decompress().map_err(failed)?;
        }
        let mut plain = Zeroizing::new(Vec::new());
        let read = message.by_ref().take(MOST).read_to_end(&mut plain);
        read.map_err(|error| format!("gpg: decryption failed: {error}"))?;
        if plain.is_empty() {
            return Err("zero bytes returned".to_owned());
        }
        Ok(plain)
    }

    /// Encrypts for the key with a fingerprint, of which the private part has to be here.
    ///
    /// # Errors
    /// It is not here, or cannot encrypt.
    pub fn encrypt(&self, fingerprint: &str, plain: &[u8]) -> Result<String, String> {
        let wanted = fingerprint.replace(' ', "").to_lowercase();
        let is_it = |shown: String| shown.to_lowercase().ends_with(&wanted);
        let key = self.0.iter().find(|key| {
            is_it(key.primary_key.fingerprint().to_string())
                || key.secret_subkeys.iter().any(|sub| is_it(sub.key.fingerprint().to_string()))
        });
        let missing = || {
            format!(
                "could not encrypt data key with PGP key: GnuPG binary error: failed to encrypt sops \
                 data key with pgp: gpg: {fingerprint}: skipped: No public key"
            )
        };
        let key = key.ok_or_else(missing)?.to_public_key();
        let fault =
            |error: pgp::errors::Error| format!("could not encrypt data key with PGP key: {error}");
        let mut rng = OsRng;
        let mut builder = MessageBuilder::from_bytes("", plain.to_vec())
            .seipd_v1(&mut rng, SymmetricKeyAlgorithm::AES256);
        let encrypting = key.public_subkeys.iter().find(|sub| sub.algorithm().can_encrypt());
        match encrypting {
            Some(sub) => builder.encrypt_to_key(&mut rng, sub).map_err(fault)?,
            None => builder.encrypt_to_key(&mut rng, &key.primary_key).map_err(fault)?,
        };
        builder.to_armored_string(rng, ArmorOptions::default()).map_err(fault)
    }
}

/// Splits a text into its armored blocks.
fn blocks(text: &str) -> Vec<&str> {
    const BEGIN: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
    let mut starts: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
    starts.push(text.len());
    starts.windows(2).filter_map(|pair| text.get(*pair.first()?..*pair.last()?)).collect()
}
