//! AES in CBC mode with a password for the key, as sprig does it.

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt as _, BlockCipherEncrypt as _, KeyInit as _};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_gotemplate::Value;

use crate::Host;
use crate::encoding::decode_base64;
use crate::registry::Called;

const BLOCK: usize = 16;

fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(password) {
        *to = *from;
    }
    Aes256::new(&key.into())
}

fn xor(block: &mut [u8; BLOCK], with: &[u8; BLOCK]) {
    block.iter_mut().zip(with).for_each(|(to, from)| *to ^= from);
}

pub(crate) fn encrypt(host: &dyn Host, password: &[u8], text: &[u8]) -> Called {
    if text.is_empty() {
        return Ok("".into());
    }
    let cipher = cipher(password);
    let padding = BLOCK - text.len() % BLOCK;
    let mut text = text.to_vec();
    text.extend(std::iter::repeat_n(u8::try_from(padding).unwrap_or_default(), padding));
    let mut previous = [0; BLOCK];
    host.fill(&mut previous);
    let mut out = previous.to_vec();
    for chunk in text.as_chunks::<BLOCK>().0 {
        let mut block = *chunk;
        xor(&mut block, &previous);
        let mut encrypted = block.into();
        cipher.encrypt_block(&mut encrypted);
        previous = encrypted.into();
        out.extend_from_slice(&previous);
    }
    Ok(STANDARD.encode(out).into())
}

pub(crate) fn decrypt(password: &[u8], text: &[u8]) -> Called {
    if text.is_empty() {
        return Ok("".into());
    }
    let bytes =
        decode_base64(text).map_err(|at| format!("illegal base64 data at input byte {at}"))?;
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let Some((first, blocks)) = blocks.split_first() else {
        return Err(format!(
            "runtime error: slice bounds out of range [:16] with capacity {}",
            bytes.len()
        )
        .into());
    };
    if !rest.is_empty() {
        return Err("crypto/cipher: input not full blocks".into());
    }
    let cipher = cipher(password);
    let mut previous = *first;
    let mut out = Vec::with_capacity(bytes.len());
    for chunk in blocks {
        let mut decrypted = (*chunk).into();
        cipher.decrypt_block(&mut decrypted);
        let mut block: [u8; BLOCK] = decrypted.into();
        xor(&mut block, &previous);
        previous = *chunk;
        out.extend_from_slice(&block);
    }
    let padding = usize::from(*out.last().ok_or("runtime error: index out of range [-1]")?);
    let length = out.len().checked_sub(padding);
    let length = length.ok_or("runtime error: slice bounds out of range")?;
    Ok(Value::string(out.get(..length).unwrap_or_default()))
}
