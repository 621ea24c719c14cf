//! Signed statements that prove who asks for a token.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use zeroize::Zeroizing;

/// Signs claims with an RSA key.
///
/// # Errors
/// The key cannot be used.
pub(crate) fn sign(header: &Value, claims: &Value, key: &KeyPair) -> Result<String, String> {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let statement = format!("{}.{}", encode(header), encode(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), statement.as_bytes(), &mut signature)
        .map_err(|_| "cannot sign with the private key".to_owned())?;
    Ok(format!("{statement}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// Reads an RSA key from the first PEM block with one.
///
/// # Errors
/// There is none.
pub(crate) fn rsa_key(pem: &str) -> Result<KeyPair, String> {
    let fault = |error| format!("private key should be a PEM or plain PKCS1 or PKCS8: {error}");
    if let Some(der) = block(pem, "PRIVATE KEY") {
        return KeyPair::from_pkcs8(&der).map_err(fault);
    }
    match block(pem, "RSA PRIVATE KEY") {
        Some(der) => KeyPair::from_der(&der).map_err(fault),
        None => Err("private key should be a PEM or plain PKCS1 or PKCS8".to_owned()),
    }
}

/// Returns the content of the first PEM block with a label.
pub(crate) fn block(pem: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}
