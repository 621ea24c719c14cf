//! AES-256 in Galois/Counter Mode with nonces of any length.
//!
//! SOPS' nonces have 32 bytes and readers take any length, for which the type-level nonce sizes
//! of the common crates have no room. Only the mode is put together here (NIST SP 800-38D); the
//! block cipher and the hash are the RustCrypto ones.

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use zeroize::Zeroizing;

/// Bytes of a tag.
pub(crate) const TAG: usize = 16;

type Block = [u8; 16];

struct Gcm {
    cipher: Aes256,
    hash_key: Block,
}

impl Gcm {
    fn new(key: &[u8; 32]) -> Self {
        let cipher = Aes256::new(key.into());
        let mut hash_key = Block::default();
        cipher.encrypt_block((&mut hash_key).into());
        Self { cipher, hash_key }
    }

    /// Hashes padded data and their lengths.
    fn hash(&self, aad: &[u8], text: &[u8]) -> Block {
        let mut hash = GHash::new(&self.hash_key.into());
        hash.update_padded(aad);
        hash.update_padded(text);
        hash.update(&[lengths(aad.len(), text.len()).into()]);
        hash.finalize().into()
    }

    /// Returns the first counter block, which encrypts the tag.
    fn first_counter(&self, nonce: &[u8]) -> Block {
        if let Ok(nonce) = <[u8; 12]>::try_from(nonce) {
            let mut counter = Block::default();
            counter[..12].copy_from_slice(&nonce);
            counter[15] = 1;
            return counter;
        }
        self.hash(&[], nonce)
    }

    /// Encrypts or decrypts in place, beginning one behind the first counter.
    fn apply(&self, first: &Block, text: &mut [u8]) {
        let mut counter = *first;
        for chunk in text.chunks_mut(16) {
            increment(&mut counter);
            let mut stream = counter;
            self.cipher.encrypt_block((&mut stream).into());
            chunk.iter_mut().zip(stream).for_each(|(byte, key)| *byte ^= key);
        }
    }

    fn tag(&self, first: &Block, aad: &[u8], text: &[u8]) -> Block {
        let mut tag = *first;
        self.cipher.encrypt_block((&mut tag).into());
        tag.iter_mut().zip(self.hash(aad, text)).for_each(|(byte, hash)| *byte ^= hash);
        tag
    }
}

fn lengths(aad: usize, text: usize) -> Block {
    let mut block = Block::default();
    block[..8].copy_from_slice(&(aad as u64 * 8).to_be_bytes());
    block[8..].copy_from_slice(&(text as u64 * 8).to_be_bytes());
    block
}

/// Adds one to the last four bytes.
fn increment(counter: &mut Block) {
    let [.., a, b, c, d] = counter;
    let next = u32::from_be_bytes([*a, *b, *c, *d]).wrapping_add(1);
    [*a, *b, *c, *d] = next.to_be_bytes();
}

/// Encrypts; returns the encrypted text and its tag.
pub(crate) fn seal(key: &[u8; 32], nonce: &[u8], aad: &[u8], text: &[u8]) -> (Vec<u8>, Block) {
    let gcm = Gcm::new(key);
    let first = gcm.first_counter(nonce);
    let mut out = text.to_vec();
    gcm.apply(&first, &mut out);
    let tag = gcm.tag(&first, aad, &out);
    (out, tag)
}

/// Decrypts what stands before the tag; nothing if the tag does not fit.
pub(crate) fn open(
    key: &[u8; 32],
    nonce: &[u8],
    aad: &[u8],
    sealed: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let (text, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG)?)?;
    let gcm = Gcm::new(key);
    let first = gcm.first_counter(nonce);
    let wanted = gcm.tag(&first, aad, text);
    let difference = wanted.iter().zip(tag).fold(0, |all, (a, b)| all | (a ^ b));
    if std::hint::black_box(difference) != 0 {
        return None;
    }
    let mut out = Zeroizing::new(text.to_vec());
    gcm.apply(&first, &mut out);
    Some(out)
}
