//! The payload, in chunks of 64 KiB of which the last one is marked.

use zeroize::Zeroizing;

use super::{kdf, random};

const CHUNK: usize = 64 << 10;
const TAG: usize = 16;
const NONCE: usize = 16;

/// Returns the nonce of a chunk.
fn nonce(index: usize, is_last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[3..11].copy_from_slice(&(index as u64).to_be_bytes());
    nonce[11] = u8::from(is_last);
    nonce
}

/// Decrypts a payload.
///
/// # Errors
/// It is cut short or was changed.
pub(super) fn open(file_key: &[u8], payload: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let Some((salt, sealed)) = payload.split_at_checked(NONCE) else {
        return Err("failed to read nonce: unexpected EOF".to_owned());
    };
    let key = kdf::derive(file_key, salt, b"payload");
    if sealed.is_empty() {
        return Err("unexpected EOF".to_owned());
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let last = sealed.len().div_ceil(CHUNK + TAG) - 1;
    for (index, chunk) in sealed.chunks(CHUNK + TAG).enumerate() {
        if index > 0 && chunk.len() == TAG {
            return Err("last chunk is empty, try age v1.0.0, and please consider reporting this"
                .to_owned());
        }
        let opened = kdf::open(&key, nonce(index, index == last), chunk);
        plain.extend_from_slice(&opened.ok_or(
            "failed to decrypt and authenticate payload chunk, file may be corrupted or tampered \
             with",
        )?);
    }
    Ok(plain)
}

/// Encrypts a payload.
///
/// # Errors
/// There is no randomness.
pub(super) fn seal(file_key: &[u8], plain: &[u8]) -> Result<Vec<u8>, String> {
    let mut salt = [0; NONCE];
    random(&mut salt)?;
    let key = kdf::derive(file_key, &salt, b"payload");
    let mut out = salt.to_vec();
    let last = plain.len().div_ceil(CHUNK).saturating_sub(1);
    for index in 0..=last {
        let chunk = plain.get(index * CHUNK..).unwrap_or_default();
        let chunk = chunk.get(..CHUNK).unwrap_or(chunk);
        out.extend(kdf::seal(&key, nonce(index, index == last), chunk)?);
    }
    Ok(out)
}
