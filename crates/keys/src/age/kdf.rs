//! Keys derived from keys, and small texts under a key that is used once.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use zeroize::Zeroizing;

/// A key.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// HMAC-SHA-256 of what the parts make together.
pub(super) fn mac(key: &[u8], parts: &[&[u8]]) -> Key {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let tag = context.sign();
    let mut out = Key::default();
    out.iter_mut().zip(tag.as_ref()).for_each(|(out, byte)| *out = *byte);
    out
}

/// HKDF-SHA-256 for up to 32 bytes.
pub(super) fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> Key {
    let salt = if salt.is_empty() { &[0; 32] } else { salt };
    let extracted = mac(salt, &[secret]);
    mac(&*extracted, &[info, &[1]])
}

/// Encrypts under a key and a nonce that are used together once.
pub(super) fn seal(key: &Key, nonce: [u8; 12], plain: &[u8]) -> Result<Vec<u8>, String> {
    let fault = |_| "cannot encrypt".to_owned();
    let cipher = UnboundKey::new(&CHACHA20_POLY1305, &**key).map_err(fault)?;
    let mut out = plain.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    LessSafeKey::new(cipher)
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut out)
        .map_err(fault)?;
    Ok(out)
}

/// Decrypts; nothing if the key is another one or the text was changed.
pub(super) fn open(key: &Key, nonce: [u8; 12], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = UnboundKey::new(&CHACHA20_POLY1305, &**key).ok()?;
    let mut out = Zeroizing::new(sealed.to_vec());
    let nonce = Nonce::assume_unique_for_key(nonce);
    let size = LessSafeKey::new(cipher).open_in_place(nonce, Aad::empty(), &mut out).ok()?.len();
    out.truncate(size);
    Some(out)
}
