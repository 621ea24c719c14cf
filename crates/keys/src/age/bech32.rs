//! Bech32 (BIP 173) without its limit on length.

use zeroize::Zeroizing;

const CHARSET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Reads a text; returns its lower- or upper-case prefix and the bytes.
///
/// # Errors
/// What is wrong, without what the text holds.
pub(super) fn decode(text: &str) -> Result<(String, Zeroizing<Vec<u8>>), String> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    if *lower != text && text.to_ascii_uppercase() != text {
        return Err("mixed case".to_owned());
    }
    let end = lower.rfind('1').ok_or("separator '1' at invalid position: pos=-1")?;
    let (prefix, data) = lower.split_at(end);
    let data = data.get(1..).unwrap_or_default();
    if prefix.is_empty() || data.len() < 6 || !text.is_ascii() {
        return Err("separator '1' at invalid position".to_owned());
    }
    let position = |byte: u8| CHARSET.iter().position(|c| *c == byte).map(|at| at as u8);
    let values: Option<Vec<u8>> = data.bytes().map(position).collect();
    let values = Zeroizing::new(values.ok_or("invalid character data part")?);
    if checksum(prefix, &values) != 1 {
        return Err("invalid checksum".to_owned());
    }
    let (values, _) = values.split_at(values.len().saturating_sub(6));
    let bytes = regroup(values, 5, 8).ok_or("invalid padding")?;
    Ok((text.get(..end).unwrap_or_default().to_owned(), bytes))
}

/// Collects groups of `from` bits into groups of `to` bits; what is left has to be zero.
fn regroup(values: &[u8], from: u32, to: u32) -> Option<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(values.len()));
    let (mut bits, mut count) = (0u32, 0);
    for value in values {
        bits = (bits << from) | u32::from(*value);
        count += from;
        if count >= to {
            count -= to;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    (count < from && bits == 0).then_some(out)
}

fn checksum(prefix: &str, values: &[u8]) -> u32 {
    const GENERATORS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).chain(values.iter().copied()).fold(1, |sum, value| {
        let top = sum >> 25;
        let sum = ((sum & 0x01ff_ffff) << 5) ^ u32::from(value);
        let chosen = GENERATORS.iter().enumerate().filter(|(bit, _)| (top >> bit) & 1 == 1);
        chosen.fold(sum, |sum, (_, generator)| sum ^ generator)
    })
}
