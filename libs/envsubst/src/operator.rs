//! What the operators do to a value.

use crate::parse::Reference;
use crate::{Error, MAX_BYTES, glob};

/// What a reference does to the variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `${v}`
    Value,
    /// `${#v}`
    Length,
    /// `${v:-d}`, `${v:=d}`, `${v:?d}`, `${v:+d}`, `${v=d}`
    Default,
    /// `${v:offset}`, `${v:offset:length}`
    Substring,
    /// `${v^}`
    UpperFirst,
    /// `${v^^}`
    Upper,
    /// `${v,}`
    LowerFirst,
    /// `${v,,}`
    Lower,
    /// `${v#p}`
    TrimShortestPrefix,
    /// `${v##p}`
    TrimLongestPrefix,
    /// `${v%p}`
    TrimShortestSuffix,
    /// `${v%%p}`
    TrimLongestSuffix,
    /// `${v/a/b}`
    ReplaceFirst,
    /// `${v//a/b}`
    ReplaceAll,
    /// `${v/#a/b}`
    ReplacePrefix,
    /// `${v/%a/b}`
    ReplaceSuffix,
}

impl Operator {
    /// Whether an unset variable is fine for the operator.
    pub(crate) fn brings_default(self) -> bool {
        self == Self::Default
    }
}

/// Applies a reference's operator to the variable's value.
pub(crate) fn apply(
    reference: &Reference,
    value: &str,
    arguments: &[Vec<u8>],
) -> Result<Vec<u8>, Error> {
    let first = arguments.first().map_or(&[][..], Vec::as_slice);
    let second = arguments.get(1).map(Vec::as_slice);
    let bytes = value.as_bytes();
    let expensive = || Error::TooExpensive(reference.name.clone());
    let trim = |end, extent| {
        let trim = glob::Trim { value, pattern: first, end, extent };
        trim.run().ok_or_else(expensive)
    };
    match reference.operator {
        Operator::Value => Ok(bytes.to_vec()),
        Operator::Length => Ok(bytes.len().to_string().into_bytes()),
        Operator::Default if value.is_empty() => Ok(arguments.concat()),
        Operator::Default => Ok(bytes.to_vec()),
        Operator::Substring => {
            let range = substring(bytes.len(), first, second);
            let range = range.ok_or_else(|| Error::NegativeLength(reference.name.clone()))?;
            Ok(bytes.get(range).unwrap_or_default().to_vec())
        }
        Operator::UpperFirst => Ok(map_first(value, upper).into_bytes()),
        Operator::LowerFirst => Ok(map_first(value, lower).into_bytes()),
        Operator::Upper => Ok(value.chars().map(upper).collect::<String>().into_bytes()),
        Operator::Lower => Ok(value.chars().map(lower).collect::<String>().into_bytes()),
        Operator::TrimShortestPrefix => trim(glob::End::Front, glob::Extent::Shortest),
        Operator::TrimLongestPrefix => trim(glob::End::Front, glob::Extent::Longest),
        Operator::TrimShortestSuffix => trim(glob::End::Back, glob::Extent::Shortest),
        Operator::TrimLongestSuffix => trim(glob::End::Back, glob::Extent::Longest),
        Operator::ReplaceFirst => {
            replace(bytes, first, second.unwrap_or_default(), 1).ok_or_else(expensive)
        }
        Operator::ReplaceAll => {
            replace(bytes, first, second.unwrap_or_default(), usize::MAX).ok_or_else(expensive)
        }
        // Without a replacement these two leave the value alone.
        Operator::ReplacePrefix => Ok(match (bytes.strip_prefix(first), second) {
            (Some(rest), Some(new)) => [new, rest].concat(),
            _ => bytes.to_vec(),
        }),
        Operator::ReplaceSuffix => Ok(match (bytes.strip_suffix(first), second) {
            (Some(rest), Some(new)) => [rest, new].concat(),
            _ => bytes.to_vec(),
        }),
    }
}

/// Chooses the bytes of a substring; a number that is none means the whole value.
fn substring(len: usize, offset: &[u8], length: Option<&[u8]>) -> Option<std::ops::Range<usize>> {
    let Some(offset) = number(offset) else { return Some(0..len) };
    let signed_len = i128::try_from(len).ok()?;
    let start = if offset < 0 { (signed_len + offset).max(0) } else { offset };
    let start_at = usize::try_from(start).unwrap_or(usize::MAX).min(len);
    let Some(length) = length else { return Some(start_at..len) };
    let Some(length) = number(length) else { return Some(0..len) };
    let end = start + length;
    if end >= signed_len {
        return Some(start_at..len);
    }
    if length < 0 {
        return None;
    }
    Some(start_at..usize::try_from(end).ok()?)
}

/// Reads a decimal number of 64 bits with an optional sign.
fn number(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse::<i64>().ok().map(i128::from)
}

/// Replaces up to `most` occurrences; an empty `old` stands before each character and at the end.
fn replace(value: &[u8], old: &[u8], new: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value;
    let mut done = 0;
    while done < most {
        let found = if old.is_empty() {
            if done == 0 { Some(0) } else { first_char_len(rest) }
        } else {
            find(rest, old)
        };
        let Some((before, after)) = found.and_then(|at| rest.split_at_checked(at)) else { break };
        if out.len().saturating_add(before.len()).saturating_add(new.len()) > MAX_BYTES {
            return None;
        }
        out.extend_from_slice(before);
        out.extend_from_slice(new);
        rest = after.get(old.len()..)?;
        done += 1;
    }
    out.extend_from_slice(rest);
    Some(out)
}

fn first_char_len(bytes: &[u8]) -> Option<usize> {
    let next = bytes.iter().skip(1).position(|byte| byte & 0xC0 != 0x80);
    if bytes.is_empty() { None } else { Some(next.map_or(bytes.len(), |at| at + 1)) }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle.first()?;
    let mut from = 0;
    loop {
        let rest = haystack.get(from..)?;
        let at = from + rest.iter().position(|byte| byte == first)?;
        if haystack.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn map_first(value: &str, map: fn(char) -> char) -> String {
    let mut chars = value.chars();
    chars.next().map(map).into_iter().chain(chars).collect()
}

/// Maps to upper case where that is one character, as Go's `unicode.ToUpper`.
fn upper(c: char) -> char {
    match c {
        // Their full mapping has two characters, the simple one is the title case.
        '\u{1F80}'..='\u{1F87}' | '\u{1F90}'..='\u{1F97}' | '\u{1FA0}'..='\u{1FA7}' => {
            char::from_u32(u32::from(c) + 8).unwrap_or(c)
        }
        '\u{1FB3}' | '\u{1FC3}' | '\u{1FF3}' => char::from_u32(u32::from(c) + 9).unwrap_or(c),
        _ => single(c, c.to_uppercase()),
    }
}

/// Maps to lower case where that is one character, as Go's `unicode.ToLower`.
fn lower(c: char) -> char {
    if c == '\u{130}' { 'i' } else { single(c, c.to_lowercase()) }
}

fn single(c: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
    if mapped.len() == 1 { mapped.next().unwrap_or(c) } else { c }
}
