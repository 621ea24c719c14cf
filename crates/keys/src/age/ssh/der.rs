//! RSA keys from SSH's form into the one that the cipher reads (PKCS #8, SPKI).

use ssh_key::private::RsaKeypair;
use ssh_key::public::RsaPublicKey;
use zeroize::Zeroizing;

/// `rsaEncryption` without parameters, as an AlgorithmIdentifier.
const ALGORITHM: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;

type Bytes = Zeroizing<Vec<u8>>;

fn element(tag: u8, parts: &[&[u8]]) -> Bytes {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Zeroizing::new(vec![tag]);
    if size < 128 {
        out.push(size as u8);
    } else {
        let bytes = size.to_be_bytes();
        let used = bytes.iter().skip_while(|byte| **byte == 0).count();
        out.push(0x80 | used as u8);
        out.extend(bytes.iter().skip(bytes.len() - used));
    }
    parts.iter().for_each(|part| out.extend_from_slice(part));
    out
}

fn integer(bytes: &[u8]) -> Bytes {
    let begin = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let bytes = bytes.get(begin..).unwrap_or_default();
    let needs_zero = bytes.first().is_none_or(|byte| byte & 0x80 != 0);
    element(INTEGER, &[if needs_zero { &[0] } else { &[] }, bytes])
}

/// Returns `value` modulo `modulus` less one, both big-endian.
fn reduced(value: &[u8], modulus: &[u8]) -> Option<Bytes> {
    let mut modulus = Zeroizing::new(modulus.to_vec());
    // A prime is odd.
    let last = modulus.last_mut()?;
    *last &= !1;
    let mut rest = Zeroizing::new(vec![0u8; modulus.len() + 1]);
    modulus.insert(0, 0);
    for bit in value.iter().flat_map(|byte| (0..8).rev().map(move |bit| (byte >> bit) & 1)) {
        let mut carry = bit;
        for byte in rest.iter_mut().rev() {
            let next = *byte >> 7;
            *byte = (*byte << 1) | carry;
            carry = next;
        }
        if *rest >= *modulus {
            let mut borrow = false;
            for (byte, other) in rest.iter_mut().rev().zip(modulus.iter().rev()) {
                let (first, a) = byte.overflowing_sub(*other);
                let (second, b) = first.overflowing_sub(u8::from(borrow));
                *byte = second;
                borrow = a || b;
            }
        }
    }
    Some(rest)
}

/// Writes a private key.
pub(super) fn private_key(pair: &RsaKeypair) -> Option<Bytes> {
    let (public, private) = (pair.public(), pair.private());
    let number =
        |mpint: &'_ ssh_key::Mpint| mpint.as_positive_bytes().map(<[u8]>::to_vec).map(Bytes::new);
    let (n, e) = (number(public.n())?, number(public.e())?);
    let (d, p, q) = (number(private.d())?, number(private.p())?, number(private.q())?);
    let inverse = number(private.iqmp())?;
    let (dp, dq) = (reduced(&d, &p)?, reduced(&d, &q)?);
    let numbers: Vec<Bytes> =
        [&[0][..], &n, &e, &d, &p, &q, &dp, &dq, &inverse].into_iter().map(integer).collect();
    let numbers: Vec<&[u8]> = numbers.iter().map(|number| number.as_slice()).collect();
    let key = element(OCTET_STRING, &[&element(SEQUENCE, &numbers)]);
    Some(element(SEQUENCE, &[&integer(&[0]), ALGORITHM, &key]))
}

/// Writes a public key.
pub(super) fn public_key(key: &RsaPublicKey) -> Option<Bytes> {
    let n = integer(key.n().as_positive_bytes()?);
    let e = integer(key.e().as_positive_bytes()?);
    let key = element(BIT_STRING, &[&[0], &element(SEQUENCE, &[&n, &e])]);
    Some(element(SEQUENCE, &[ALGORITHM, &key]))
}
