//! One version: parsing, printing, precedence.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::IntErrorKind;

/// The longest text that is tried as a version.
const LENGTH_LIMIT: usize = 256;

/// A semantic version.
///
/// Two versions are equal if neither has precedence: build metadata does not count, nor how the
/// text was written.
#[derive(Clone, Debug)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    prerelease: String,
    metadata: String,
    original: String,
}

/// Why a text is no version, in the words of Masterminds/semver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseVersionError {
    /// The text does not look like a version.
    #[error("invalid semantic version")]
    Invalid,
    /// There is no text.
    #[error("version string empty")]
    Empty,
    /// Something else than digits in a number.
    #[error("invalid characters in version")]
    Characters,
    /// A number begins with 0.
    #[error("version segment starts with 0")]
    LeadingZero,
    /// The part after `+` is not made of identifiers.
    #[error("invalid metadata string")]
    Metadata,
    /// The part after `-` is not made of identifiers.
    #[error("invalid prerelease string")]
    Prerelease,
    /// The text is longer than any version.
    #[error("version string is too long (max 256 bytes)")]
    TooLong,
    /// A number is too large or missing, seen while reading loosely.
    #[error("error parsing version segment: {0}")]
    Segment(#[source] NumberError),
    /// A number is too large or missing, seen while reading strictly.
    #[error(transparent)]
    Number(NumberError),
}

/// Why digits are no number, in the words of Go's `strconv`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("strconv.ParseUint: parsing {}: {problem}", flux_gostd::quote::quote(.digits))]
pub struct NumberError {
    digits: String,
    problem: &'static str,
}

fn number(digits: &str) -> Result<u64, NumberError> {
    digits.parse().map_err(|error: std::num::ParseIntError| NumberError {
        digits: digits.to_owned(),
        problem: match error.kind() {
            IntErrorKind::PosOverflow => "value out of range",
            _ => "invalid syntax",
        },
    })
}

impl Version {
    /// Reads loosely: a leading `v`, missing minor and patch and leading zeros are fine.
    ///
    /// # Errors
    /// In the words of `semver.NewVersion`.
    pub fn parse(text: &str) -> Result<Self, ParseVersionError> {
        if text.len() > LENGTH_LIMIT {
            return Err(ParseVersionError::TooLong);
        }
        let rest = text.strip_prefix('v').unwrap_or(text);
        let (major, mut rest) = digits(rest).ok_or(ParseVersionError::Invalid)?;
        let mut segments = ["0", "0"];
        for segment in &mut segments {
            if let Some(tail) = rest.strip_prefix('.') {
                (*segment, rest) = digits(tail).ok_or(ParseVersionError::Invalid)?;
            } else {
                break;
            }
        }
        let (prerelease, rest) = identifiers(rest, '-')?;
        let (metadata, rest) = identifiers(rest, '+')?;
        if !rest.is_empty() {
            return Err(ParseVersionError::Invalid);
        }
        let segment = |text| number(text).map_err(ParseVersionError::Segment);
        let version = Self {
            major: segment(major)?,
            minor: segment(segments[0])?,
            patch: segment(segments[1])?,
            prerelease: prerelease.to_owned(),
            metadata: metadata.to_owned(),
            original: text.to_owned(),
        };
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        Ok(version)
    }

    /// Reads strictly: `1.2.3`, with a pre-release and metadata if any.
    ///
    /// # Errors
    /// In the words of `semver.StrictNewVersion`.
    pub fn parse_strict(text: &str) -> Result<Self, ParseVersionError> {
        if text.is_empty() {
            return Err(ParseVersionError::Empty);
        }
        if text.len() > LENGTH_LIMIT {
            return Err(ParseVersionError::TooLong);
        }
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseVersionError::Invalid);
        };
        let (rest, metadata) = rest.split_once('+').map_or((rest, None), |(a, b)| (a, Some(b)));
        metadata.map_or(Ok(()), check_metadata)?;
        let (patch, prerelease) = rest.split_once('-').map_or((rest, None), |(a, b)| (a, Some(b)));
        prerelease.map_or(Ok(()), check_prerelease)?;
        for segment in [major, minor, patch] {
            if !segment.bytes().all(|b| b.is_ascii_digit()) {
                return Err(ParseVersionError::Characters);
            }
            if segment.len() > 1 && segment.starts_with('0') {
                return Err(ParseVersionError::LeadingZero);
            }
        }
        let number = |text| number(text).map_err(ParseVersionError::Number);
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
            patch: number(patch)?,
            prerelease: prerelease.unwrap_or_default().to_owned(),
            metadata: metadata.unwrap_or_default().to_owned(),
            original: text.to_owned(),
        })
    }

    /// Reads loosely what has three parts, as Flux reads tags: `v2025.02.03-rc.1`, but not `1.2`.
    ///
    /// # Errors
    /// In the words of `fluxcd/pkg/version`.
    pub fn parse_three_parts(text: &str) -> Result<Self, ParseVersionError> {
        if text.bytes().filter(|b| *b == b'.').count() < 2 {
            return Err(ParseVersionError::Invalid);
        }
        Self::parse(text)
    }

    /// Returns the first number.
    pub fn major(&self) -> u64 {
        self.major
    }

    /// Returns the second number.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// Returns the third number.
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// Returns what follows `-`, empty for a release.
    pub fn prerelease(&self) -> &str {
        &self.prerelease
    }

    /// Returns what follows `+`, empty if nothing does.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }

    /// Returns the text as it was written.
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Returns the next release: the same numbers for a pre-release, else the next patch.
    ///
    /// `None` if the number would be too large.
    pub fn next_patch(&self) -> Option<Self> {
        let patch =
            if self.prerelease.is_empty() { self.patch.checked_add(1)? } else { self.patch };
        Some(self.release(self.major, self.minor, patch))
    }

    /// Returns the next minor release; `None` if the number would be too large.
    pub fn next_minor(&self) -> Option<Self> {
        Some(self.release(self.major, self.minor.checked_add(1)?, 0))
    }

    /// Returns the next major release; `None` if the number would be too large.
    pub fn next_major(&self) -> Option<Self> {
        Some(self.release(self.major.checked_add(1)?, 0, 0))
    }

    fn release(&self, major: u64, minor: u64, patch: u64) -> Self {
        let numbers = Self { major, minor, patch, ..self.clone() };
        numbers.with_texts(String::new(), String::new())
    }

    /// Returns the same numbers with another pre-release.
    ///
    /// # Errors
    /// The text is not made of identifiers.
    pub fn with_prerelease(&self, prerelease: &str) -> Result<Self, ParseVersionError> {
        if !prerelease.is_empty() {
            check_prerelease(prerelease)?;
        }
        Ok(self.with_texts(prerelease.to_owned(), self.metadata.clone()))
    }

    /// Returns the same version with other metadata.
    ///
    /// # Errors
    /// The text is not made of identifiers.
    pub fn with_metadata(&self, metadata: &str) -> Result<Self, ParseVersionError> {
        if !metadata.is_empty() {
            check_metadata(metadata)?;
        }
        Ok(self.with_texts(self.prerelease.clone(), metadata.to_owned()))
    }

    fn with_texts(&self, prerelease: String, metadata: String) -> Self {
        let mut version = Self { prerelease, metadata, ..self.clone() };
        let prefix = if self.original.starts_with('v') { "v" } else { "" };
        version.original = format!("{prefix}{version}");
        version
    }
}

/// Splits digits off; `None` if there are none.
fn digits(text: &str) -> Option<(&str, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    (len > 0).then(|| text.split_at(len))
}

/// Splits dot-separated identifiers off that follow `mark`; empty if the mark is not there.
fn identifiers(text: &str, mark: char) -> Result<(&str, &str), ParseVersionError> {
    let Some(tail) = text.strip_prefix(mark) else { return Ok(("", text)) };
    let is_part = |b: u8| b == b'.' || is_identifier(b);
    let len = tail.bytes().take_while(|b| is_part(*b)).count();
    let (found, rest) = tail.split_at(len);
    if found.split('.').any(str::is_empty) {
        return Err(ParseVersionError::Invalid);
    }
    Ok((found, rest))
}

fn is_identifier(b: u8) -> bool {
    b == b'-' || b.is_ascii_alphanumeric()
}

fn check_prerelease(text: &str) -> Result<(), ParseVersionError> {
    for part in text.split('.') {
        if part.is_empty() || !part.bytes().all(is_identifier) {
            return Err(ParseVersionError::Prerelease);
        }
        if part.len() > 1 && part.starts_with('0') && part.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ParseVersionError::LeadingZero);
        }
    }
    Ok(())
}

fn check_metadata(text: &str) -> Result<(), ParseVersionError> {
    let good = |part: &str| !part.is_empty() && part.bytes().all(is_identifier);
    if text.split('.').all(good) { Ok(()) } else { Err(ParseVersionError::Metadata) }
}

/// Prints `1.2.3-pre+meta`: never a `v`, always three numbers.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)?;
        if !self.prerelease.is_empty() {
            write!(f, "-{}", self.prerelease)?;
        }
        if !self.metadata.is_empty() {
            write!(f, "+{}", self.metadata)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| {
            match (self.prerelease.is_empty(), other.prerelease.is_empty()) {
                (true, true) => Ordering::Equal,
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                (false, false) => compare_prereleases(&self.prerelease, &other.prerelease),
            }
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.major, self.minor, self.patch, &self.prerelease).hash(state);
    }
}

/// Compares two pre-releases identifier by identifier; the one that ends first is lower.
pub(crate) fn compare_prereleases(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.split('.'), other.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some("")) | (Some(""), None) => {}
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match compare_identifiers(left, right) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

/// Numbers before words, numbers by value.
fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (number(left), number(right)) {
        (Ok(left), Ok(right)) => left.cmp(&right),
        (Ok(_), Err(_)) if !right.is_empty() => Ordering::Less,
        (Err(_), Ok(_)) if !left.is_empty() => Ordering::Greater,
        _ => left.cmp(right),
    }
}

#[cfg(test)]
mod tests;
