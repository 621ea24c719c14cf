//! Numbers under the verbs.

use super::{Flags, pad};

/// Prints a whole number to a base of 2, 8, 10 or 16.
pub(super) fn integer(number: i64, base: u32, flags: Flags) -> String {
    let value = number.unsigned_abs();
    let mut digits = match base {
        2 => format!("{value:b}"),
        8 => format!("{value:o}"),
        16 => format!("{value:x}"),
        _ => value.to_string(),
    };
    let sign = sign(number < 0, flags);
    let mut wanted = flags.precision.unwrap_or(0);
    if flags.precision == Some(0) && value == 0 {
        return pad(String::new(), Flags { zero: false, ..flags });
    }
    if flags.zero && flags.precision.is_none() {
        wanted = flags.width.unwrap_or(0).saturating_sub(sign.len());
    }
    if digits.len() < wanted {
        digits = "0".repeat(wanted - digits.len()) + &digits;
    }
    let prefix = match base {
        _ if !flags.sharp => "",
        2 => "0b",
        8 if digits.starts_with('0') => "",
        8 => "0",
        16 => "0x",
        _ => "",
    };
    pad(format!("{sign}{prefix}{digits}"), Flags { zero: false, ..flags })
}

fn sign(negative: bool, flags: Flags) -> &'static str {
    match negative {
        true => "-",
        false if flags.plus => "+",
        false if flags.space => " ",
        false => "",
    }
}

/// Prints a floating point number under `e`, `f`, `g` or `v`.
pub(super) fn float(number: f64, verb: char, flags: Flags) -> String {
    if !number.is_finite() {
        let name = if number.is_nan() { "NaN" } else { "Inf" };
        let plus = if number > 0.0 && (flags.plus || verb == 'v') { "+" } else { "" };
        let sign = if number < 0.0 { "-" } else { plus };
        return pad(format!("{sign}{name}"), Flags { zero: false, ..flags });
    }
    let value = number.abs();
    let digits = match verb.to_ascii_lowercase() {
        'f' => fixed(value, flags.precision.unwrap_or(6)),
        'e' => exponential(value, flags.precision.unwrap_or(6)),
        'v' => general(value, flags.precision, 21),
        _ => general(value, flags.precision, 21),
    };
    let digits = if verb.is_ascii_uppercase() { digits.to_uppercase() } else { digits };
    let sign = sign(number.is_sign_negative(), flags);
    if flags.zero && flags.width.is_some() {
        let width = flags.width.map(|width| width.saturating_sub(sign.len()));
        return format!("{sign}{}", pad(digits, Flags { width, ..flags }));
    }
    pad(format!("{sign}{digits}"), flags)
}

/// Digits past those that a float can have are zeros.
fn fixed(value: f64, precision: usize) -> String {
    let most = precision.min(1100);
    let text = format!("{value:.most$}");
    text + &"0".repeat(precision - most)
}

fn exponential(value: f64, precision: usize) -> String {
    let most = precision.min(1100);
    with_exponent(&format!("{value:.most$e}"))
}

/// Writes an exponent with its sign and two digits.
fn with_exponent(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Prints shortest, or with so many digits; with an exponent where it is below -4 or too large.
fn general(value: f64, precision: Option<usize>, limit: i32) -> String {
    let (text, limit) = match precision {
        None => (format!("{value:e}"), limit),
        Some(precision) => {
            let digits = precision.clamp(1, 800);
            let before = digits - 1;
            (format!("{value:.before$e}"), i32::try_from(digits).unwrap_or(limit))
        }
    };
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = match digits.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => digits.to_owned(),
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..limit).contains(&exponent) {
        return with_exponent(&format!("{digits}e{exponent}"));
    }
    let rounded: f64 = text.parse().unwrap_or(value);
    format!("{rounded}")
}
