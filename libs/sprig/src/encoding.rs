//! Base 32 and 64, and sums.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_gotemplate::{Type, Value};
use sha1::Digest;

use crate::registry::Registry;

pub(crate) fn register(registry: &mut Registry) {
    let one = &[Type::Str];
    registry.add("b64enc", one, |args| Ok(STANDARD.encode(args.bytes(0)).into()));
    registry.add("b64dec", one, |args| {
        Ok(match decode_base64(args.bytes(0)) {
            Ok(bytes) => Value::string(&bytes),
            Err(at) => format!("illegal base64 data at input byte {at}").into(),
        })
    });
    registry.add("b32enc", one, |args| Ok(encode_base32(args.bytes(0)).into()));
    registry.add("b32dec", one, |args| {
        Ok(match decode_base32(args.bytes(0)) {
            Ok(bytes) => Value::string(&bytes),
            Err(at) => format!("illegal base32 data at input byte {at}").into(),
        })
    });
    registry.add("sha1sum", one, |args| Ok(hex::encode(sha1::Sha1::digest(args.bytes(0))).into()));
    registry
        .add("sha256sum", one, |args| Ok(hex::encode(sha2::Sha256::digest(args.bytes(0))).into()));
    registry
        .add("sha512sum", one, |args| Ok(hex::encode(sha2::Sha512::digest(args.bytes(0))).into()));
    registry.add("adler32sum", one, |args| Ok(adler32(args.bytes(0)).to_string().into()));
}

/// Reads base 64 as Go does: line ends do not count; the error is the position of the fault.
pub(crate) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let significant: Vec<(usize, u8)> = text
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let mut out = Vec::with_capacity(significant.len() / 4 * 3);
    let mut groups = significant.chunks(4).peekable();
    while let Some(group) = groups.next() {
        let (mut bits, mut count) = (0_u32, 0_u32);
        for (index, (position, byte)) in group.iter().enumerate() {
            match sextet(*byte) {
                Some(value) => {
                    bits = bits << 6 | value;
                    count += 1;
                }
                None if *byte == b'=' && index >= 2 => {
                    let tail = group.get(index + 1..).unwrap_or_default();
                    if index == 2 && group.len() < 4 {
                        return Err(text.len());
                    }
                    if let Some((position, _)) = tail.iter().find(|(_, byte)| *byte != b'=') {
                        return Err(position.saturating_sub(1));
                    }
                    if let Some(next) = groups.peek() {
                        return Err(next.first().map_or(*position, |(position, _)| *position));
                    }
                    break;
                }
                None => return Err(*position),
            }
        }
        if group.len() < 4 {
            return Err(text.len().saturating_sub(group.len()));
        }
        let bytes = (bits << (6 * (4 - count))).to_be_bytes();
        let length = usize::try_from(count).unwrap_or(0);
        out.extend_from_slice(bytes.get(1..length).unwrap_or_default());
    }
    Ok(out)
}

fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn encode_base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let bits = bits << (8 * (5 - group.len()));
        let used = (group.len() * 8).div_ceil(5);
        for index in 0..8 {
            let value = usize::try_from(bits >> (35 - 5 * index) & 31).unwrap_or(0);
            let digit = BASE32.get(value).copied().filter(|_| index < used);
            out.push(digit.map_or('=', char::from));
        }
    }
    out
}

fn decode_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let significant: Vec<(usize, u8)> = text
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'))
        .collect();
    let mut out = Vec::new();
    let mut groups = significant.chunks(8).peekable();
    while let Some(group) = groups.next() {
        let (mut bits, mut count) = (0_u64, 0_usize);
        for (index, (position, byte)) in group.iter().enumerate() {
            let value = BASE32.iter().zip(0_u64..).find(|(digit, _)| *digit == byte);
            match value {
                Some((_, value)) => {
                    bits = bits << 5 | value;
                    count += 1;
                }
                None if *byte == b'=' && matches!(index, 2 | 4 | 5 | 7) && group.len() == 8 => {
                    let tail = group.get(index + 1..).unwrap_or_default();
                    if groups.peek().is_some() || tail.iter().any(|(_, byte)| *byte != b'=') {
                        return Err(*position);
                    }
                    break;
                }
                None => return Err(*position),
            }
        }
        if group.len() < 8 {
            return Err(text.len());
        }
        let bytes = (bits << (5 * (8 - count))).to_be_bytes();
        out.extend_from_slice(bytes.get(3..3 + count * 5 / 8).unwrap_or_default());
    }
    Ok(out)
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % MODULUS;
        (a, (b + a) % MODULUS)
    });
    b << 16 | a
}
