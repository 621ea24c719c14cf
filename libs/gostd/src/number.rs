//! Numbers as `strconv` and `encoding/json` print and read them.

#[cfg(test)]
mod tests;

/// How a floating-point number is laid out; always with as few digits as tell it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `1.5e+06`, Go's `'e'`.
    Exponent,
    /// `1500000`, Go's `'f'`.
    Fixed,
    /// `1.5e+06`, but `150000` as long as the exponent is below 6: Go's `'g'`.
    General,
}

/// Prints as `strconv.FormatFloat(value, layout, -1, 64)`.
pub fn format_f64(value: f64, layout: Layout) -> String {
    match special(value) {
        Some(text) => text.to_owned(),
        None => lay_out(&format!("{value:e}"), layout),
    }
}

/// Prints as `strconv.FormatFloat(value, layout, -1, 32)`.
pub fn format_f32(value: f32, layout: Layout) -> String {
    match special(f64::from(value)) {
        Some(text) => text.to_owned(),
        None => lay_out(&format!("{value:e}"), layout),
    }
}

/// Prints as `encoding/json` does; nothing for what JSON has no number for.
pub fn json_f64(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return Some(format_f64(value, Layout::Fixed));
    }
    let text = format_f64(value, Layout::Exponent);
    // encoding/json leaves out the zero of a small negative exponent only.
    Some(match text.split_once("e-0") {
        Some((digits, exponent)) => format!("{digits}e-{exponent}"),
        None => text,
    })
}

fn special(value: f64) -> Option<&'static str> {
    match value {
        v if v.is_nan() => Some("NaN"),
        v if v == f64::INFINITY => Some("+Inf"),
        v if v == f64::NEG_INFINITY => Some("-Inf"),
        _ => None,
    }
}

/// Lays out a number that is given with an exponent, as `-1.25e7`.
fn lay_out(scientific: &str, layout: Layout) -> String {
    let (sign, scientific) = match scientific.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", scientific),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let is_short = match layout {
        Layout::Exponent => false,
        Layout::Fixed => true,
        Layout::General => (-4..GENERAL_LIMIT).contains(&exponent),
    };
    let body = if is_short { fixed(&digits, exponent) } else { exponential(&digits, exponent) };
    format!("{sign}{body}")
}

/// The exponent from which `'g'` prints one.
const GENERAL_LIMIT: i32 = 6;

fn exponential(digits: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    let size = exponent.unsigned_abs();
    match digits.split_at_checked(1) {
        Some((first, rest)) if !rest.is_empty() => format!("{first}.{rest}e{sign}{size:02}"),
        _ => format!("{digits}e{sign}{size:02}"),
    }
}

fn fixed(digits: &str, exponent: i32) -> String {
    let Ok(point) = usize::try_from(exponent + 1) else {
        let zeros = usize::try_from(-exponent - 1).unwrap_or_default();
        return format!("0.{}{digits}", "0".repeat(zeros));
    };
    match digits.split_at_checked(point) {
        None => format!("{digits}{}", "0".repeat(point - digits.len())),
        Some((whole, "")) => whole.to_owned(),
        Some(("", fraction)) => format!("0.{fraction}"),
        Some((whole, fraction)) => format!("{whole}.{fraction}"),
    }
}

/// Reads decimal notation as `strconv.ParseFloat(text, 64)`; nothing where that fails, also
/// because the number is too large.
pub fn parse_f64(text: &str) -> Option<f64> {
    let text = without_underscores(text)?;
    let bare = text.trim_start_matches(['+', '-']);
    if bare.starts_with(['n', 'N']) && bare.len() != text.len() {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let is_word = bare.starts_with(['i', 'I', 'n', 'N']);
    (value.is_finite() || is_word).then_some(value)
}

/// Takes out underscores, each of which has to stand between digits.
fn without_underscores(text: &str) -> Option<std::borrow::Cow<'_, str>> {
    if !text.contains('_') {
        return Some(text.into());
    }
    let bytes = text.as_bytes();
    let is_digit = |index: Option<usize>| {
        index.and_then(|index| bytes.get(index)).is_some_and(u8::is_ascii_digit)
    };
    let misplaced = bytes.iter().enumerate().any(|(index, &byte)| {
        byte == b'_' && !(is_digit(index.checked_sub(1)) && is_digit(Some(index + 1)))
    });
    (!misplaced).then(|| text.replace('_', "").into())
}

/// Reads as `strconv.ParseInt(text, 0, 64)`: the base follows from a prefix (`0x`, `0o`, `0b`, or
/// `0` for octal).
pub fn parse_i64(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let size = parse_u64(digits)?;
    if negative { 0_i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

/// Reads as `strconv.ParseUint(text, 0, 64)`.
pub fn parse_u64(text: &str) -> Option<u64> {
    let (base, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, text.get(2..)?),
        [b'0', b'o' | b'O', ..] => (8, text.get(2..)?),
        [b'0', b'b' | b'B', ..] => (2, text.get(2..)?),
        [b'0', _, ..] => (8, text.get(1..)?),
        _ => (10, text),
    };
    let has_prefix = digits.len() != text.len();
    let digits = match digits.strip_prefix('_') {
        Some(rest) if has_prefix => rest,
        _ => digits,
    };
    parse_digits(digits, base)
}

/// Reads digits of one base, which single underscores may separate.
fn parse_digits(digits: &str, base: u32) -> Option<u64> {
    let mut value: u64 = 0;
    let mut after_digit = false;
    for byte in digits.bytes() {
        if byte == b'_' {
            if !std::mem::take(&mut after_digit) {
                return None;
            }
            continue;
        }
        let digit = char::from(byte).to_digit(base)?;
        value = value.checked_mul(u64::from(base))?.checked_add(u64::from(digit))?;
        after_digit = true;
    }
    after_digit.then_some(value)
}
