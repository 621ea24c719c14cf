//! Trims what a glob pattern matches off one end of a value.
//!
//! `*`, `?`, `[a-z]`, `[^a]` and backslash escapes; nothing is special about `/`.
//!
//! # Upstream
//! The ends of a value are tried byte by byte, so a pattern can match part of a character. For a
//! suffix both value and pattern are turned around, which makes character classes unusable there.

use std::borrow::Cow;

/// The most comparisons that one trimming may take.
const MAX_STEPS: u64 = 20_000_000;

/// Which end of the value is trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The prefix.
    Front,
    /// The suffix.
    Back,
}

/// How much is trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The shortest match that is not empty.
    Shortest,
    /// The longest match.
    Longest,
}

/// A trimming to be done.
pub(crate) struct Trim<'a> {
    pub(crate) value: &'a str,
    pub(crate) pattern: &'a [u8],
    pub(crate) end: End,
    pub(crate) extent: Extent,
}

impl Trim<'_> {
    /// Returns the trimmed value, or nothing when that would take too long.
    pub(crate) fn run(&self) -> Option<Vec<u8>> {
        if self.end == End::Front {
            let value = self.value.as_bytes();
            return self.trimmed(value, self.pattern).map(<[u8]>::to_vec);
        }
        let value = turned(&Cow::Borrowed(self.value));
        let pattern = turned(&String::from_utf8_lossy(self.pattern));
        let trimmed = self.trimmed(value.as_bytes(), pattern.as_bytes())?;
        Some(turned(&String::from_utf8_lossy(trimmed)).into_bytes())
    }

    fn trimmed<'v>(&self, value: &'v [u8], pattern: &[u8]) -> Option<&'v [u8]> {
        let mut glob = Glob { steps: 0 };
        let mut shortest = None;
        for len in (1..=value.len()).rev() {
            match glob.matches(pattern, value.get(..len)?) {
                Ok(false) => {}
                Ok(true) => {
                    shortest = Some(len);
                    if self.extent == Extent::Longest {
                        break;
                    }
                }
                Err(Refusal::BadPattern) => return Some(value),
                Err(Refusal::TooExpensive) => return None,
            }
        }
        value.get(shortest.unwrap_or(0)..)
    }
}

fn turned(text: &str) -> String {
    text.chars().rev().collect()
}

enum Refusal {
    BadPattern,
    TooExpensive,
}

struct Glob {
    steps: u64,
}

impl Glob {
    fn step(&mut self) -> Result<(), Refusal> {
        self.steps += 1;
        if self.steps > MAX_STEPS { Err(Refusal::TooExpensive) } else { Ok(()) }
    }

    fn matches(&mut self, mut pattern: &[u8], mut name: &[u8]) -> Result<bool, Refusal> {
        'pattern: while !pattern.is_empty() {
            let after_stars = pattern.iter().position(|byte| *byte != b'*');
            let star = after_stars != Some(0);
            let Some(stars) = after_stars else { return Ok(true) };
            let (_, rest) = pattern.split_at(stars);
            let (chunk, after) = rest.split_at(chunk_len(rest));
            pattern = after;
            let last = after.is_empty();
            let skips = if star { name.len() } else { 0 };
            for skip in 0..=skips {
                self.step()?;
                let from = name.get(skip..).unwrap_or_default();
                let Some(left) = self.chunk(chunk, from)? else { continue };
                if left.is_empty() || !last {
                    name = left;
                    continue 'pattern;
                }
            }
            return Ok(false);
        }
        Ok(name.is_empty())
    }

    /// Matches a pattern without stars at the beginning of `text` and returns what is left.
    fn chunk<'t>(
        &mut self,
        mut chunk: &[u8],
        mut text: &'t [u8],
    ) -> Result<Option<&'t [u8]>, Refusal> {
        while let Some((operator, after)) = chunk.split_first() {
            self.step()?;
            let Some((byte, rest)) = text.split_first() else { return Ok(None) };
            let (operator, after) = match operator {
                b'[' => {
                    let (character, left) = decode(text);
                    let (found, after) = class(after, character)?;
                    if !found {
                        return Ok(None);
                    }
                    (text, chunk) = (left, after);
                    continue;
                }
                b'?' => {
                    (text, chunk) = (decode(text).1, after);
                    continue;
                }
                b'\\' => after.split_first().ok_or(Refusal::BadPattern)?,
                _ => (operator, after),
            };
            if operator != byte {
                return Ok(None);
            }
            (text, chunk) = (rest, after);
        }
        Ok(Some(text))
    }
}

/// The length of the pattern up to its next star outside of a class.
fn chunk_len(pattern: &[u8]) -> usize {
    let mut in_class = false;
    let mut at = 0;
    while let Some(byte) = pattern.get(at) {
        match byte {
            b'\\' => at += usize::from(at + 1 < pattern.len()),
            b'[' => in_class = true,
            b']' => in_class = false,
            b'*' if !in_class => break,
            _ => {}
        }
        at += 1;
    }
    at
}

/// Judges a character by the class that stands behind `[`, and returns the pattern after it.
fn class(mut chunk: &[u8], character: char) -> Result<(bool, &[u8]), Refusal> {
    let negated = chunk.first() == Some(&b'^');
    if negated {
        chunk = chunk.get(1..).unwrap_or_default();
    }
    let (mut found, mut ranges) = (false, 0);
    loop {
        if let (Some(rest), true) = (chunk.strip_prefix(b"]"), ranges > 0) {
            return Ok((found != negated, rest));
        }
        let (low, rest) = class_character(chunk)?;
        let (high, rest) = match rest.strip_prefix(b"-") {
            Some(rest) => class_character(rest)?,
            None => (low, rest),
        };
        chunk = rest;
        found |= (low..=high).contains(&character);
        ranges += 1;
    }
}

/// Reads a character of a class, which must not be the pattern's last.
fn class_character(chunk: &[u8]) -> Result<(char, &[u8]), Refusal> {
    let chunk = match chunk.first() {
        None | Some(b'-' | b']') => return Err(Refusal::BadPattern),
        Some(b'\\') => chunk.get(1..).unwrap_or_default(),
        Some(_) => chunk,
    };
    let (character, rest) = decode(chunk);
    let broken = character == char::REPLACEMENT_CHARACTER && chunk.len() - rest.len() == 1;
    if broken || rest.is_empty() { Err(Refusal::BadPattern) } else { Ok((character, rest)) }
}

/// Takes the first character; a broken one is the replacement character, one byte long.
fn decode(bytes: &[u8]) -> (char, &[u8]) {
    let head = bytes.get(..bytes.len().min(4)).unwrap_or_default();
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default())
            .unwrap_or_default(),
    };
    let character = valid.chars().next();
    let len = character.map_or(1, char::len_utf8);
    (character.unwrap_or(char::REPLACEMENT_CHARACTER), bytes.get(len..).unwrap_or_default())
}
