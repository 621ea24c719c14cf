//! Shamir's secret sharing over the field of 256 elements, one polynomial for each byte.
//!
//! The last byte of a share is its x coordinate.

use zeroize::Zeroizing;

use crate::Entropy;

/// A share of a secret.
pub(crate) type Share = Zeroizing<Vec<u8>>;

/// Splits a secret so that `threshold` of `parts` shares recover it.
///
/// # Errors
/// Numbers that make no sense.
pub(crate) fn split(
    secret: &[u8],
    parts: usize,
    threshold: usize,
    entropy: &mut Entropy<'_>,
) -> Result<Vec<Share>, String> {
    if parts < threshold {
        return Err("parts cannot be less than threshold".to_owned());
    }
    let Ok(last) = u8::try_from(parts) else {
        return Err("parts cannot exceed 255".to_owned());
    };
    if threshold < 2 {
        return Err("threshold must be at least 2".to_owned());
    }
    let mut shares: Vec<Share> = (0..parts).map(|_| Zeroizing::new(Vec::new())).collect();
    let mut polynomial = Zeroizing::new(vec![0; threshold]);
    for byte in secret {
        entropy(&mut polynomial);
        if let Some(free) = polynomial.first_mut() {
            *free = *byte;
        }
        for (share, x) in shares.iter_mut().zip(1..=last) {
            let value = polynomial.iter().rev().fold(0, |sum, factor| multiply(sum, x) ^ factor);
            share.push(value);
        }
    }
    for (share, x) in shares.iter_mut().zip(1..=last) {
        share.push(x);
    }
    Ok(shares)
}

/// Recovers a secret from at least as many shares as the threshold was.
///
/// # Errors
/// Shares that cannot belong together. Too few of them give a wrong secret.
pub(crate) fn combine(shares: &[Share]) -> Result<Zeroizing<Vec<u8>>, String> {
    let [first, _, ..] = shares else {
        return Err("less than two parts cannot be used to reconstruct the secret".to_owned());
    };
    if first.len() < 2 {
        return Err("parts must be at least two bytes".to_owned());
    }
    if shares.iter().any(|share| share.len() != first.len()) {
        return Err("all parts must be the same length".to_owned());
    }
    let points: Vec<(u8, &[u8])> =
        shares.iter().filter_map(|share| share.split_last().map(|(x, y)| (*x, y))).collect();
    for (index, (x, _)) in points.iter().enumerate() {
        if points.iter().take(index).any(|(other, _)| other == x) {
            return Err("duplicate part detected".to_owned());
        }
    }
    let weights: Vec<u8> = points.iter().map(|(x, _)| weight(*x, &points)).collect();
    let mut secret = Zeroizing::new(vec![0; first.len() - 1]);
    for ((_, values), weight) in points.iter().zip(weights) {
        for (byte, value) in secret.iter_mut().zip(*values) {
            *byte ^= multiply(*value, weight);
        }
    }
    Ok(secret)
}

/// Returns the value at 0 of the polynomial that is 1 at `x` and 0 at the other points.
fn weight(x: u8, points: &[(u8, &[u8])]) -> u8 {
    let others = points.iter().map(|(other, _)| *other).filter(|other| *other != x);
    others.fold(1, |product, other| multiply(product, multiply(other, inverse(x ^ other))))
}

/// Multiplies modulo x⁸ + x⁴ + x³ + x + 1, in a time that does not depend on the factors.
fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0u8, |sum, bit| {
        let carry = (sum >> 7).wrapping_neg() & 0x1B;
        (sum << 1) ^ carry ^ (((b >> bit) & 1).wrapping_neg() & a)
    })
}

/// Returns the number whose product with `a` is 1, which is its 254th power.
fn inverse(a: u8) -> u8 {
    let square = multiply(a, a);
    // 254 is 2 + 4 + 8 + … + 128.
    (0..6)
        .fold((square, square), |(power, product), _| {
            let power = multiply(power, power);
            (power, multiply(product, power))
        })
        .1
}
