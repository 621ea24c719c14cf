//! Private keys.

use ed25519_dalek::Signer as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPrivateKey as _};
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::signature::SignatureEncoding as _;
use rsa::traits::PublicKeyParts as _;

use super::der::{self, oid, tag};
use crate::Host;

/// A key of one of the kinds that certificates have.
pub(crate) enum PrivateKey {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(p256::SecretKey),
    P384(p384::SecretKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

/// The host's randomness as the crates of the keys ask for it.
pub(crate) struct Randomness<'h>(pub(crate) &'h dyn Host);

impl rsa::rand_core::TryRng for Randomness<'_> {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl rsa::rand_core::TryCryptoRng for Randomness<'_> {}

/// Makes a key and returns it in PEM, or says why there is none.
pub(crate) fn generate(host: &dyn Host, kind: &str) -> String {
    let key = match kind {
        "" | "rsa" => PrivateKey::new_rsa(host, 4096),
        "ecdsa" => PrivateKey::new_p256(host),
        "ed25519" => {
            let mut seed = [0; 32];
            host.fill(&mut seed);
            Ok(PrivateKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed))))
        }
        "dsa" => Err("DSA keys are not supported".to_owned()),
        other => return format!("Unknown type {other}"),
    };
    match key.and_then(|key| key.to_pem()) {
        Ok(pem) => pem,
        Err(error) => format!("failed to generate private key: {error}"),
    }
}

impl PrivateKey {
    pub(crate) fn new_rsa(host: &dyn Host, bits: usize) -> Result<Self, String> {
        let key = rsa::RsaPrivateKey::new(&mut Randomness(host), bits);
        key.map(|key| Self::Rsa(Box::new(key))).map_err(|error| error.to_string())
    }

    fn new_p256(host: &dyn Host) -> Result<Self, String> {
        // Nearly all texts of that length are keys.
        for _ in 0..100 {
            let mut bytes = [0; 32];
            host.fill(&mut bytes);
            if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
                return Ok(Self::P256(key));
            }
        }
        Err("no randomness".to_owned())
    }

    /// Reads a key in any of the forms that Go reads.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, String> {
        let (label, der) = der::from_pem(pem).ok_or("no PEM data in input")?;
        if label == "PRIVATE KEY" {
            return Self::from_pkcs8(&der).ok_or_else(|| {
                "decoding PEM as PKCS#8: x509: failed to parse private key".to_owned()
            });
        }
        let Some(kind) = label.strip_suffix(" PRIVATE KEY") else {
            return Err(format!("no private key data in PEM block of type {label}"));
        };
        match kind {
            "RSA" => rsa::RsaPrivateKey::from_pkcs1_der(&der)
                .map(|key| Self::Rsa(Box::new(key)))
                .map_err(|error| format!("parsing RSA private key from PEM: {error}")),
            "EC" => Self::from_sec1(&der, None).ok_or_else(|| {
                "parsing EC private key from PEM: x509: failed to parse EC private key".to_owned()
            }),
            other => Err(format!("invalid private key type {other}")),
        }
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let mut key = der::Reader(der::Reader(der).take(tag::SEQUENCE)?);
        key.take(tag::INTEGER)?;
        let mut algorithm = der::Reader(key.take(tag::SEQUENCE)?);
        let name = algorithm.take(tag::OID)?;
        if name == oid::RSA {
            let key = rsa::RsaPrivateKey::from_pkcs8_der(der).ok()?;
            return Some(Self::Rsa(Box::new(key)));
        }
        let content = key.take(tag::OCTET_STRING)?;
        if name == oid::EC {
            return Self::from_sec1(content, algorithm.take(tag::OID));
        }
        if name != oid::ED25519 {
            return None;
        }
        let seed = der::Reader(content).take(tag::OCTET_STRING)?;
        let key = ed25519_dalek::SigningKey::from_bytes(seed.try_into().ok()?);
        Some(Self::Ed25519(Box::new(key)))
    }

    fn from_sec1(der: &[u8], curve: Option<&[u8]>) -> Option<Self> {
        let mut key = der::Reader(der::Reader(der).take(tag::SEQUENCE)?);
        key.take(tag::INTEGER)?;
        let secret = key.take(tag::OCTET_STRING)?;
        let own = key.take(0xa0).and_then(|curve| der::Reader(curve).take(tag::OID));
        match own.or(curve)? {
            curve if curve == oid::P256 => p256::SecretKey::from_slice(secret).ok().map(Self::P256),
            curve if curve == oid::P384 => p384::SecretKey::from_slice(secret).ok().map(Self::P384),
            _ => None,
        }
    }

    /// The key as Go writes it: PKCS#1 for RSA, SEC 1 for curves, PKCS#8 for the rest.
    pub(crate) fn to_pem(&self) -> Result<String, String> {
        Ok(match self {
            Self::Rsa(key) => {
                let der = key.to_pkcs1_der().map_err(|error| error.to_string())?;
                der::to_pem("RSA PRIVATE KEY", der.as_bytes())
            }
            Self::P256(key) => self.sec1_pem(&key.to_bytes(), oid::P256),
            Self::P384(key) => self.sec1_pem(&key.to_bytes(), oid::P384),
            Self::Ed25519(key) => {
                let seed = der::value(tag::OCTET_STRING, key.as_bytes());
                let algorithm = der::sequence(&[&der::value(tag::OID, oid::ED25519)]);
                let content = der::value(tag::OCTET_STRING, &seed);
                let der = der::sequence(&[&der::unsigned(&[0]), &algorithm, &content]);
                der::to_pem("PRIVATE KEY", &der)
            }
        })
    }

    fn sec1_pem(&self, secret: &[u8], curve: &[u8]) -> String {
        let der = der::sequence(&[
            &der::unsigned(&[1]),
            &der::value(tag::OCTET_STRING, secret),
            &der::value(0xa0, &der::value(tag::OID, curve)),
            &der::value(0xa1, &der::bits(&self.public_bits())),
        ]);
        der::to_pem("EC PRIVATE KEY", &der)
    }

    /// The public key's bits.
    pub(crate) fn public_bits(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                der::sequence(&[&der::unsigned(&key.n_bytes()), &der::unsigned(&key.e_bytes())])
            }
            Self::P256(key) => key.public_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.public_key().to_sec1_point(false).as_bytes().to_vec(),
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        }
    }

    /// The public key with the name of its algorithm.
    pub(crate) fn public_info(&self) -> Vec<u8> {
        let name = |name: &[u8]| der::value(tag::OID, name);
        let algorithm = match self {
            Self::Rsa(_) => der::sequence(&[&name(oid::RSA), &der::value(tag::NULL, &[])]),
            Self::P256(_) => der::sequence(&[&name(oid::EC), &name(oid::P256)]),
            Self::P384(_) => der::sequence(&[&name(oid::EC), &name(oid::P384)]),
            Self::Ed25519(_) => der::sequence(&[&name(oid::ED25519)]),
        };
        der::sequence(&[&algorithm, &der::bits(&self.public_bits())])
    }

    /// The name of the algorithm by which it signs.
    pub(crate) fn signature_algorithm(&self) -> Vec<u8> {
        let name = |name: &[u8]| der::value(tag::OID, name);
        match self {
            Self::Rsa(_) => {
                der::sequence(&[&name(oid::SHA256_WITH_RSA), &der::value(tag::NULL, &[])])
            }
            Self::P256(_) => der::sequence(&[&name(oid::ECDSA_SHA256)]),
            Self::P384(_) => der::sequence(&[&name(oid::ECDSA_SHA384)]),
            Self::Ed25519(_) => der::sequence(&[&name(oid::ED25519)]),
        }
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let signer = rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new((**key).clone());
                signer.sign(text).to_vec()
            }
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature =
                    p256::ecdsa::SigningKey::from(key).sign(text);
                signature.as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature =
                    p384::ecdsa::SigningKey::from(key).sign(text);
                signature.as_bytes().to_vec()
            }
            Self::Ed25519(key) => key.sign(text).to_bytes().to_vec(),
        }
    }
}
