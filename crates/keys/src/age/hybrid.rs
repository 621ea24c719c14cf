//! Recipients that stay safe as long as one of ML-KEM-768 and X25519 does: HPKE in base mode with
//! the hybrid KEM of draft-ietf-hpke-pq, HKDF-SHA-256 and ChaCha20-Poly1305.

use ml_kem::kem::Decapsulate;
use ml_kem::ml_kem_768::{Ciphertext, DecapsulationKey, EncapsulationKey};
use sha3::{Digest, Sha3_256};
use shake::{ExtendableOutput, Shake256, Update, XofReader};
use zeroize::Zeroizing;

use super::header::{Stanza, decode, encode};
use super::kdf::{self, Key};
use super::x25519::{agree, share};
use super::{FILE_KEY, FileKey, Refusal, bech32, random};

const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
const KIND: &str = "mlkem768x25519";
/// Bytes of the lattice part of a public key and of an encapsulation.
const LATTICE_KEY: usize = 1184;
const LATTICE_TEXT: usize = 1088;
const POINT: usize = 32;
/// The label of the hybrid KEM.
const LABEL: &[u8; 6] = b"\\.//^\\";
/// Names KEM, key derivation and cipher.
const SUITE: &[u8; 10] = b"HPKE\x64\x7a\x00\x01\x00\x03";

/// A private key: a seed from which both keys are made.
pub(super) struct HybridIdentity {
    lattice: Box<DecapsulationKey>,
    curve: Key,
    curve_public: [u8; 32],
}

impl HybridIdentity {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (prefix, seed) = bech32::decode(text)?;
        if prefix != "AGE-SECRET-KEY-PQ-" {
            return Err(format!("unknown type {}", flux_gostd::quote::quote(&prefix)));
        }
        if seed.len() != 32 {
            return Err("invalid MLKEM768-X25519 secret key".to_owned());
        }
        let mut hash = Shake256::default();
        hash.update(&seed);
        let mut lattice = Zeroizing::new([0; 64]);
        let mut curve = Key::default();
        let mut reader = hash.finalize_xof();
        reader.read(&mut *lattice);
        reader.read(&mut *curve);
        let curve_public = curve25519_dalek::MontgomeryPoint::mul_base_clamped(*curve).to_bytes();
        let lattice = Box::new(DecapsulationKey::from_seed((*lattice).into()));
        Ok(Self { lattice, curve, curve_public })
    }

    pub(super) fn unwrap(&self, stanza: &Stanza) -> Result<FileKey, Refusal> {
        if stanza.kind != KIND {
            return Err(Refusal::NotMine);
        }
        let broken = |what: String| Refusal::Broken(what);
        let [sent] = stanza.arguments.as_slice() else {
            return Err(broken(format!("invalid {KIND} recipient block")));
        };
        let sent = decode(sent)
            .map_err(|error| broken(format!("failed to parse {KIND} recipient: {error}")))?;
        if stanza.body.len() != FILE_KEY + 16 {
            return Err(broken("encrypted value has unexpected length".to_owned()));
        }
        let invalid = || broken(format!("invalid {KIND} recipient: invalid encapsulated key size"));
        let (text, point) = sent.split_at_checked(LATTICE_TEXT).ok_or_else(invalid)?;
        let point: [u8; POINT] = point.try_into().map_err(|_| invalid())?;
        let text = Ciphertext::try_from(text).map_err(|_| invalid())?;
        let lattice = Zeroizing::new(self.lattice.decapsulate(&text));
        let curve = agree(&self.curve, &point)
            .map_err(|error| broken(format!("invalid {KIND} recipient: {error}")))?;
        let shared = combine(lattice.as_slice(), &curve, &point, &self.curve_public);
        let (key, nonce) = schedule(&shared);
        kdf::open(&key, nonce, &stanza.body).ok_or(Refusal::NotMine)
    }
}

/// Combines both shared secrets.
fn combine(lattice: &[u8], curve: &Key, sent: &[u8; POINT], public: &[u8; POINT]) -> Key {
    let mut hash = Sha3_256::new();
    for part in [lattice, &**curve, sent, public, LABEL] {
        Digest::update(&mut hash, part);
    }
    let mut out = Key::default();
    out.copy_from_slice(&hash.finalize());
    out
}

/// Derives key and first nonce as RFC 9180 does in base mode.
fn schedule(shared: &Key) -> (Key, [u8; 12]) {
    let extract = |salt: &[u8], label: &[u8], secret: &[u8]| {
        let salt = if salt.is_empty() { &[0; 32] } else { salt };
        kdf::mac(salt, &[b"HPKE-v1", SUITE, label, secret])
    };
    let no_psk = extract(&[], b"psk_id_hash", &[]);
    let info = extract(&[], b"info_hash", INFO);
    let context = [&[0][..], &*no_psk, &*info].concat();
    let secret = extract(&**shared, b"secret", &[]);
    let expand = |label: &[u8], size: u8| {
        kdf::mac(&*secret, &[&[0, size], b"HPKE-v1", SUITE, label, &context, &[1]])
    };
    let key = expand(b"key", 32);
    let mut nonce = [0; 12];
    nonce.iter_mut().zip(expand(b"base_nonce", 12).iter()).for_each(|(to, from)| *to = *from);
    (key, nonce)
}

/// Encrypts a file key for a recipient.
pub(super) fn wrap(recipient: &str, file_key: &[u8]) -> Result<Stanza, String> {
    let malformed = |error: &str| {
        let shown = flux_gostd::quote::quote(recipient);
        format!(
            "failed to parse input as Bech32-encoded age public key: malformed recipient {shown}: \
             {error}"
        )
    };
    const INVALID: &str = "invalid MLKEM768-X25519 public key";
    let (_, bytes) = bech32::decode(recipient).map_err(|error| malformed(&error))?;
    let parts = bytes.split_at_checked(LATTICE_KEY);
    let (lattice, point) = parts.ok_or_else(|| malformed(INVALID))?;
    let point: [u8; POINT] = point.try_into().map_err(|_| malformed(INVALID))?;
    let lattice = lattice.try_into().map_err(|_| malformed(INVALID))?;
    let lattice = EncapsulationKey::new(&lattice).map_err(|_| malformed(INVALID))?;
    let mut seed = Key::default();
    random(&mut *seed)?;
    let (text, secret) = lattice.encapsulate_deterministic(&(*seed).into());
    let secret = Zeroizing::new(secret);
    let (own, sent) = share()?;
    let shared = combine(secret.as_slice(), &agree(&own, &point)?, &sent, &point);
    let (key, nonce) = schedule(&shared);
    let body = kdf::seal(&key, nonce, file_key)?;
    let argument = encode(&[text.as_slice(), &sent].concat());
    Ok(Stanza { kind: KIND.to_owned(), arguments: vec![argument], body })
}
