//! Key pairs: new ones, those of files, and those that servers show.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::client;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::{Algorithm, EcdsaCurve, LineEnding};
use russh::keys::{PrivateKey, PublicKeyOrCertificate};

use crate::client::private_key;

/// A server gets this long to show its key.
const SCAN_TIMEOUT: Duration = Duration::from_secs(30);

/// What a new key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewKey {
    /// RSA of so many bits.
    Rsa(usize),
    /// ECDSA over P-256.
    P256,
    /// ECDSA over P-384.
    P384,
    /// ECDSA over P-521.
    P521,
    /// Ed25519.
    Ed25519,
}

/// A private key and what others are told of it.
#[derive(Clone)]
pub struct KeyPair {
    /// The private key in OpenSSH's format, or as it was read.
    pub private: String,
    /// The public key as a line of `authorized_keys`, with its end of line.
    pub public: String,
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

impl KeyPair {
    /// Makes a new one.
    ///
    /// # Errors
    /// A number of bits that RSA cannot have.
    pub fn generate(new: NewKey) -> Result<Self, KeyError> {
        let fail = |error: russh::keys::ssh_key::Error| {
            KeyError(format!("key pair generation failed, error: {error}"))
        };
        let mut random = rand_10::rng();
        let ecdsa = |curve| Algorithm::Ecdsa { curve };
        let algorithm = match new {
            NewKey::Rsa(bits) => {
                let pair = RsaKeypair::random(&mut random, bits).map_err(fail)?;
                let key = PrivateKey::new(KeypairData::from(pair), "").map_err(fail)?;
                return Self::of(&key).map_err(fail);
            }
            NewKey::P256 => ecdsa(EcdsaCurve::NistP256),
            NewKey::P384 => ecdsa(EcdsaCurve::NistP384),
            NewKey::P521 => ecdsa(EcdsaCurve::NistP521),
            NewKey::Ed25519 => Algorithm::Ed25519,
        };
        let key = PrivateKey::random(&mut random, algorithm).map_err(fail)?;
        Self::of(&key).map_err(fail)
    }

    fn of(key: &PrivateKey) -> Result<Self, russh::keys::ssh_key::Error> {
        let private = key.to_openssh(LineEnding::LF)?.to_string();
        Ok(Self { private, public: format!("{}\n", key.public_key().to_openssh()?) })
    }

    /// Reads a private key; its text is kept as it is.
    ///
    /// # Errors
    /// No key, or one that needs another password.
    pub fn load(text: &str, password: &str) -> Result<Self, KeyError> {
        let key = private_key(text.as_bytes(), password);
        let key = key.map_err(|error| KeyError(error.to_string()))?;
        let public = key.public_key().to_openssh();
        let public = public.map_err(|error| KeyError(error.to_string()))?;
        Ok(Self { private: text.to_owned(), public: format!("{public}\n") })
    }
}

/// Asks a server for its key and returns it as a line of `known_hosts`.
///
/// `host` may carry a port. Nobody vouches for the answer.
///
/// # Errors
/// Nobody answers, or not with SSH.
pub async fn scan(host: &str) -> Result<String, KeyError> {
    let address = match host.rsplit_once(':') {
        Some((_, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
        _ => format!("{host}:22"),
    };
    let fail =
        |error: String| KeyError(format!("SSH key scan for host {address} failed, error: {error}"));
    let seen = Seen::default();
    let scanner = Scanner(seen.clone());
    let config = Arc::new(client::Config::default());
    let connecting = client::connect(config, address.as_str(), scanner);
    let connected = match tokio::time::timeout(SCAN_TIMEOUT, connecting).await {
        Ok(connected) => connected.map(drop).map_err(|error| error.to_string()),
        Err(_) => Err("timed out".to_owned()),
    };
    let key = seen.lock().unwrap_or_else(PoisonError::into_inner).take();
    match (key, connected) {
        (Some(key), _) => Ok(format!("{} {key}", known_name(&address))),
        (None, connected) => {
            Err(fail(connected.err().unwrap_or_else(|| "no key was shown".to_owned())))
        }
    }
}

/// Returns the name of an address in `known_hosts`: the usual port is left out.
fn known_name(address: &str) -> String {
    match address.rsplit_once(':') {
        Some((host, "22")) => host.to_owned(),
        Some((host, port)) => format!("[{host}]:{port}"),
        None => address.to_owned(),
    }
}

type Seen = Arc<Mutex<Option<String>>>;

/// Keeps the key that a server shows and refuses to go on.
struct Scanner(Seen);

impl client::Handler for Scanner {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        presented: &PublicKeyOrCertificate,
    ) -> Result<bool, russh::Error> {
        if let PublicKeyOrCertificate::PublicKey { key, .. } = presented {
            let line = key.to_openssh().ok();
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = line;
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_can_be_read_again() {
        for (new, name) in
            [(NewKey::P384, "ecdsa-sha2-nistp384 "), (NewKey::Ed25519, "ssh-ed25519 ")]
        {
            let pair = KeyPair::generate(new).unwrap();
            assert!(pair.public.starts_with(name), "{}", pair.public);
            let loaded = KeyPair::load(&pair.private, "").unwrap();
            assert_eq!(loaded.public.trim(), pair.public.trim());
        }
        assert!(KeyPair::load("nothing", "").is_err());
    }

    #[test]
    fn the_usual_port_is_no_part_of_a_name() {
        assert_eq!(known_name("github.com:22"), "github.com");
        assert_eq!(known_name("git.example.com:2222"), "[git.example.com]:2222");
    }
}
