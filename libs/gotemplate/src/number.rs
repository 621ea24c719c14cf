//! Numeric constants.

use flux_gostd::number::{parse_f64, parse_i64, parse_u64};
use flux_gostd::quote::{quote, unquote};

use crate::lex::Kind;
use crate::node::Number;

/// Reads a constant into every type that it can have.
pub(crate) fn read(text: &str, kind: Kind) -> Result<Number, String> {
    if kind == Kind::CharConstant {
        return character(text);
    }
    if let Some(complex) = complex(text) {
        return Ok(Number { text: text.to_owned(), complex: Some(complex), ..Number::default() });
    }
    let mut number = Number {
        text: text.to_owned(),
        int: parse_i64(text),
        uint: parse_u64(text),
        ..Number::default()
    };
    #[expect(clippy::cast_precision_loss, reason = "a constant used as a float is rounded")]
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Some(float) = float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quote(text)));
        }
        number.float = Some(float);
        number.int = integral(float);
    }
    if number.float.is_none() {
        return Err(format!("illegal number syntax: {}", quote(text)));
    }
    Ok(number)
}

/// The integer that a float is, if it is one.
#[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
fn integral(float: f64) -> Option<i64> {
    (float.fract() == 0.0 && float.abs() < 9.2e18).then_some(float as i64)
}

fn character(text: &str) -> Result<Number, String> {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let literal = match inner {
        "\"" => "\"\\\"\"".to_owned(),
        "\\'" => "\"'\"".to_owned(),
        inner => format!("\"{inner}\""),
    };
    let decoded = unquote(&literal).map_err(|error| error.to_string())?;
    let mut chars = decoded.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Ok(Number::of_char(text, c)),
        _ => Err(format!("malformed character constant: {text}")),
    }
}

fn complex(text: &str) -> Option<(f64, f64)> {
    let text = text.strip_suffix('i')?;
    if let Some(imaginary) = float(text) {
        return Some((0.0, imaginary));
    }
    let sign = text.rfind(['+', '-'])?;
    Some((float(text.get(..sign)?)?, float(text.get(sign..)?)?))
}

fn float(text: &str) -> Option<f64> {
    let lower = text.to_ascii_lowercase();
    match lower.find("0x") {
        Some(at) => hexadecimal(lower.get(at + 2..)?)
            .map(|float| if lower.starts_with('-') { -float } else { float }),
        None => parse_f64(&text.replace('_', "")),
    }
}

/// Reads what follows `0x` in a hexadecimal floating-point constant.
fn hexadecimal(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once('p')?;
    let exponent: i32 = exponent.parse().ok()?;
    let mut value = 0.0_f64;
    let mut scale = 0_i32;
    let mut fraction = false;
    for c in digits.chars().filter(|c| *c != '_') {
        if c == '.' {
            fraction = true;
            continue;
        }
        value = value.mul_add(16.0, f64::from(c.to_digit(16)?));
        scale -= i32::from(fraction) * 4;
    }
    let value = value * 2.0_f64.powi(exponent.checked_add(scale)?);
    value.is_finite().then_some(value)
}
