//! Quoted strings as Go's `strconv` writes and reads them.

/// Quotes `text` as `strconv.Quote` does: double quotes, Go escapes, printable Unicode as it is.
pub fn quote(text: &str) -> String {
    quote_with(text.chars().map(Ok), b'"', Charset::Unicode)
}

/// Quotes `text` as `strconv.QuoteToASCII` does (`%+q`).
pub fn quote_ascii(text: &str) -> String {
    quote_with(text.chars().map(Ok), b'"', Charset::Ascii)
}

/// Quotes bytes that need not be UTF-8; what is not becomes `\xNN`.
pub fn quote_bytes(bytes: &[u8]) -> String {
    let parts = bytes.utf8_chunks().flat_map(|chunk| {
        let broken = chunk.invalid().iter().map(|byte| Err(*byte));
        chunk.valid().chars().map(Ok).chain(broken)
    });
    quote_with(parts, b'"', Charset::Unicode)
}

/// Quotes one character as `strconv.QuoteRune` does (`%q` of a number).
pub fn quote_rune(c: char) -> String {
    quote_with(std::iter::once(Ok(c)), b'\'', Charset::Unicode)
}

#[derive(Clone, Copy, PartialEq)]
enum Charset {
    Unicode,
    Ascii,
}

fn quote_with(parts: impl Iterator<Item = Result<char, u8>>, mark: u8, charset: Charset) -> String {
    let mut out = String::new();
    out.push(char::from(mark));
    for part in parts {
        match part {
            Ok(c) => push_escaped(&mut out, c, mark, charset),
            Err(byte) => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push(char::from(mark));
    out
}

fn push_escaped(out: &mut String, c: char, mark: u8, charset: Charset) {
    match c {
        '\\' => out.push_str("\\\\"),
        c if c == char::from(mark) => {
            out.push('\\');
            out.push(c);
        }
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        c if is_print(c) && (charset == Charset::Unicode || c.is_ascii()) => out.push(c),
        c if c < ' ' || c == '\x7f' => out.push_str(&format!("\\x{:02x}", c as u32)),
        c if (c as u32) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", c as u32)),
        c => out.push_str(&format!("\\U{:08x}", c as u32)),
    }
}

/// Tells whether Go's `strconv.IsPrint` holds: letters, marks, numbers, punctuation, symbols and
/// the ASCII space.
pub fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    // Rust escapes for debugging exactly what is not printable; a combining mark only at the
    // beginning, hence the letter before it.
    let mut buffer = [b'a'; 5];
    let len = c.encode_utf8(&mut buffer[1..]).len();
    let text = std::str::from_utf8(&buffer[..=len]).unwrap_or("a");
    text.escape_debug().nth(1) == Some(c)
}

/// The text is no Go string literal (`strconv.ErrSyntax`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid syntax")]
pub struct UnquoteError;

/// Reads a Go string literal: `"…"` with escapes, `` `…` `` raw, or `'c'` for one character.
///
/// # Errors
/// Anything that is not exactly one literal, or whose escapes do not make UTF-8 text.
pub fn unquote(literal: &str) -> Result<String, UnquoteError> {
    let mark = literal.bytes().next().ok_or(UnquoteError)?;
    let inner = literal.get(1..literal.len().saturating_sub(1)).ok_or(UnquoteError)?;
    if literal.len() < 2 || literal.bytes().next_back() != Some(mark) {
        return Err(UnquoteError);
    }
    match mark {
        b'`' if inner.contains('`') => Err(UnquoteError),
        b'`' => Ok(inner.replace('\r', "")),
        b'"' | b'\'' => {
            let text = unescape(inner, mark)?;
            let single = mark == b'"' || text.chars().count() == 1;
            if single { Ok(text) } else { Err(UnquoteError) }
        }
        _ => Err(UnquoteError),
    }
}

fn unescape(inner: &str, mark: u8) -> Result<String, UnquoteError> {
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' => return Err(UnquoteError),
            '\\' => rest = push_unescaped(&mut bytes, rest, mark)?,
            c if c == char::from(mark) => return Err(UnquoteError),
            c => push_char(&mut bytes, c),
        }
    }
    String::from_utf8(bytes).map_err(|_| UnquoteError)
}

/// Reads what follows a backslash and returns the rest.
fn push_unescaped<'a>(
    bytes: &mut Vec<u8>,
    rest: &'a str,
    mark: u8,
) -> Result<&'a str, UnquoteError> {
    let kind = rest.bytes().next().filter(u8::is_ascii).ok_or(UnquoteError)?;
    let tail = &rest[1..];
    let simple = match kind {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        b'\'' | b'"' if kind == mark => mark,
        b'x' => return push_number(bytes, tail, 2, 16),
        b'u' => return push_number(bytes, tail, 4, 16),
        b'U' => return push_number(bytes, tail, 8, 16),
        b'0'..=b'7' => return push_number(bytes, rest, 3, 8),
        _ => return Err(UnquoteError),
    };
    bytes.push(simple);
    Ok(tail)
}

fn push_number<'a>(
    bytes: &mut Vec<u8>,
    text: &'a str,
    digits: usize,
    radix: u32,
) -> Result<&'a str, UnquoteError> {
    let (number, rest) = text.split_at_checked(digits).ok_or(UnquoteError)?;
    if number.starts_with('+') {
        return Err(UnquoteError);
    }
    let value = u32::from_str_radix(number, radix).map_err(|_| UnquoteError)?;
    if digits < 4 {
        bytes.push(u8::try_from(value).map_err(|_| UnquoteError)?);
    } else {
        push_char(bytes, char::from_u32(value).ok_or(UnquoteError)?);
    }
    Ok(rest)
}

fn push_char(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

#[cfg(test)]
mod tests;
