//! The values of literals.

type Result<T> = std::result::Result<T, &'static str>;

const BAD: &str = "unable to unescape string";
const BAD_OCTAL: &str = "unable to unescape octal sequence in string";
const BAD_CHARACTER: &str = "invalid unicode code point";

/// Reads a whole number; `None` if it does not fit.
pub(super) fn int(text: &str, negative: bool) -> Option<i64> {
    let (digits, radix) = digits(text);
    let sign = if negative { "-" } else { "" };
    i64::from_str_radix(&format!("{sign}{digits}"), radix).ok()
}

/// Reads an unsigned number with its `u`; `None` if it does not fit.
pub(super) fn uint(text: &str) -> Option<u64> {
    let (digits, radix) = digits(text.trim_end_matches(['u', 'U']));
    u64::from_str_radix(digits, radix).ok()
}

fn digits(text: &str) -> (&str, u32) {
    text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16))
}

/// Reads a floating point number; `None` if it is out of range.
pub(super) fn double(text: &str, negative: bool) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(if negative { -value } else { value })
}

/// Reads a string with its quotes.
pub(super) fn string(text: &str) -> Result<String> {
    let bytes = unescape(text, Target::Text)?;
    String::from_utf8(bytes).map_err(|_| BAD)
}

/// Reads bytes with their `b` and quotes.
pub(super) fn bytes(text: &str) -> Result<Vec<u8>> {
    unescape(text.get(1..).unwrap_or_default(), Target::Bytes)
}

#[derive(Clone, Copy, PartialEq)]
enum Target {
    Text,
    Bytes,
}

fn unescape(text: &str, target: Target) -> Result<Vec<u8>> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let raw = text.starts_with(['r', 'R']);
    let quoted = if raw { &text[1..] } else { text.as_str() };
    let triple = quoted.len() >= 6 && (quoted.starts_with("'''") || quoted.starts_with("\"\"\""));
    let width = if triple { 3 } else { 1 };
    let inner = quoted.get(width..quoted.len().saturating_sub(width)).ok_or(BAD)?;
    if raw || !inner.contains('\\') {
        return Ok(inner.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('\\') {
        out.extend_from_slice(before.as_bytes());
        rest = push_escaped(&mut out, after, target)?;
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// Reads what follows a backslash and returns the rest.
fn push_escaped<'t>(out: &mut Vec<u8>, text: &'t str, target: Target) -> Result<&'t str> {
    let mut chars = text.chars();
    let kind = chars.next().ok_or("unable to unescape string, found '\\' as last character")?;
    let rest = chars.as_str();
    let simple = match kind {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        '\'' => b'\'',
        '"' => b'"',
        '`' => b'`',
        '?' => b'?',
        'x' | 'X' => return push_number(out, rest, 2, target).ok_or(BAD)?,
        'u' | 'U' if target == Target::Bytes => return Err(BAD),
        'u' => return push_number(out, rest, 4, target).ok_or(BAD)?,
        'U' => return push_number(out, rest, 8, target).ok_or(BAD)?,
        '0'..='3' => return push_number(out, text, 3, target).ok_or(BAD_OCTAL)?,
        _ => return Err(BAD),
    };
    out.push(simple);
    Ok(rest)
}

/// Reads three octal or another number of hexadecimal digits; `None` if they are not there.
fn push_number<'t>(
    out: &mut Vec<u8>,
    text: &'t str,
    width: usize,
    target: Target,
) -> Option<Result<&'t str>> {
    let (digits, rest) = text.split_at_checked(width)?;
    let radix = if width == 3 { 8 } else { 16 };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    if target == Target::Bytes {
        out.push(u8::try_from(code).ok()?);
        return Some(Ok(rest));
    }
    let Some(c) = char::from_u32(code) else { return Some(Err(BAD_CHARACTER)) };
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    Some(Ok(rest))
}
