//! Bytes into text, with go-yaml's reader errors.

use std::borrow::Cow;

/// The readable beginning of an input, and what is wrong with the rest.
#[derive(Debug)]
pub(crate) struct Input<'a> {
    /// Text up to the first byte that cannot be read.
    pub(crate) text: Cow<'a, str>,
    /// Why the text ends where it does, if not because the input does.
    pub(crate) trouble: Option<&'static str>,
}

const CONTROL: &str = "control characters are not allowed";

/// go-yaml decodes its input in pieces of this many bytes and reports a broken piece before it
/// looks at anything in it.
const PIECE: usize = 512;

/// What is merely cut off is noticed at the end.
const INCOMPLETE: &str = "incomplete";

/// Decodes UTF-8 or, after a byte order mark, UTF-16.
pub(crate) fn decode(bytes: &[u8]) -> Input<'_> {
    match bytes {
        [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => decode_utf8(rest),
        _ => decode_utf8(bytes),
    }
}

fn decode_utf8(bytes: &[u8]) -> Input<'_> {
    let (valid, mut trouble) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let (valid, rest) = bytes.split_at(error.valid_up_to());
            (std::str::from_utf8(valid).unwrap_or_default(), Some(utf8_trouble(rest)))
        }
    };
    let mut end = valid.len();
    if let Some(index) = find_control(valid) {
        (end, trouble) = (index, Some(CONTROL));
    }
    if trouble.is_some_and(|trouble| !trouble.starts_with(INCOMPLETE)) {
        end -= end % PIECE;
        while !valid.is_char_boundary(end) {
            end -= 1;
        }
    }
    Input { text: Cow::Borrowed(valid.get(..end).unwrap_or_default()), trouble }
}

fn utf8_trouble(rest: &[u8]) -> &'static str {
    let Some(&first) = rest.first() else { return "incomplete UTF-8 octet sequence" };
    let width = match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF7 => 4,
        _ => return "invalid leading UTF-8 octet",
    };
    let Some(sequence) = rest.get(..width) else { return "incomplete UTF-8 octet sequence" };
    if sequence.iter().skip(1).any(|octet| octet & 0xC0 != 0x80) {
        return "invalid trailing UTF-8 octet";
    }
    let second = sequence.get(1).copied().unwrap_or_default();
    let is_short =
        first < 0xC2 || (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
    if is_short { "invalid length of a UTF-8 sequence" } else { "invalid Unicode character" }
}

/// Finds the first character that YAML does not allow in any place.
fn find_control(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = plain_prefix(bytes);
    while let Some(found) = bytes.get(from..)?.iter().position(|&byte| SUSPECT[usize::from(byte)]) {
        let index = from + found;
        let forbidden = match *bytes.get(index..)? {
            [0xC2, next, ..] => next < 0xA0 && next != 0x85,
            [0xEF, 0xBF, next, ..] => next >= 0xBE,
            [byte, ..] => byte < 0x80,
            [] => false,
        };
        if forbidden {
            return Some(index);
        }
        from = index + 1;
        from += plain_prefix(bytes.get(from..)?);
    }
    None
}

/// Returns the length of a prefix that holds nothing suspect, checked block by block.
fn plain_prefix(bytes: &[u8]) -> usize {
    const BLOCK: usize = 64;
    let is_suspect = |byte: u8| {
        (byte < 0x20) & (byte != b'\n') & (byte != b'\r') & (byte != b'\t') | (byte >= 0x7F)
    };
    let is_plain =
        |block: &&[u8]| !block.iter().fold(false, |suspect, &byte| suspect | is_suspect(byte));
    BLOCK * bytes.chunks_exact(BLOCK).take_while(is_plain).count()
}

/// Bytes that are a control character or may begin one.
static SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = !matches!(byte, 0x09 | 0x0A | 0x0D);
        byte += 1;
    }
    table[0x7F] = true;
    table[0xC2] = true;
    table[0xEF] = true;
    table
};

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Input<'static> {
    let units = bytes.chunks(2).map(|pair| match *pair {
        [a, b] => Ok(unit([a, b])),
        _ => Err("incomplete UTF-16 character"),
    });
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut high = None;
    let mut trouble = None;
    let mut piece = 0;
    for (index, unit) in units.enumerate() {
        if index.is_multiple_of(PIECE / 2) {
            piece = text.len();
        }
        trouble = push_unit(&mut text, &mut high, unit).err();
        if trouble.is_some() {
            break;
        }
    }
    trouble = trouble.or(high.map(|_| "incomplete UTF-16 surrogate pair"));
    if trouble.is_some_and(|trouble| !trouble.starts_with(INCOMPLETE)) {
        text.truncate(piece);
    }
    Input { text: Cow::Owned(text), trouble }
}

fn push_unit(
    text: &mut String,
    high: &mut Option<u16>,
    unit: Result<u16, &'static str>,
) -> Result<(), &'static str> {
    let unit = unit?;
    let char = match (high.take(), unit) {
        (None, 0xD800..=0xDBFF) => {
            *high = Some(unit);
            return Ok(());
        }
        (None, 0xDC00..=0xDFFF) => return Err("unexpected low surrogate area"),
        (Some(high), 0xDC00..=0xDFFF) => char::decode_utf16([high, unit]).next(),
        (Some(_), _) => return Err("expected low surrogate area"),
        (None, _) => char::decode_utf16([unit]).next(),
    };
    let char = char.and_then(Result::ok).unwrap_or('\0');
    let mut buffer = [0; 4];
    match find_control(char.encode_utf8(&mut buffer)) {
        Some(_) => Err(CONTROL),
        None => {
            text.push(char);
            Ok(())
        }
    }
}
