//! Durations as Go's `time` package reads and prints them: `1h30m0s`, `250ms`, `1.5h`.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;

/// Nanoseconds per unit, in the order in which [`Duration`] prints them.
const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// A signed span of time in nanoseconds, Go's `time.Duration`.
///
/// `Display` prints as Go does, `FromStr` reads what Go reads, and in JSON it is that text, as in
/// Kubernetes' `metav1.Duration`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

/// Why a text is no duration, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDurationError {
    /// The text does not follow the grammar, or the span does not fit.
    #[error("time: invalid duration {}", quote(.0))]
    Invalid(String),
    /// A number stands without a unit.
    #[error("time: missing unit in duration {}", quote(.0))]
    MissingUnit(String),
    /// The unit is not one of `ns`, `us`, `µs`, `ms`, `s`, `m`, `h`.
    #[error("time: unknown unit {} in duration {}", quote(.unit), quote(.input))]
    UnknownUnit {
        /// What stands where a unit should.
        unit: String,
        /// The whole text.
        input: String,
    },
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// Returns the span of this many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Returns the span of this many seconds, at most the longest one.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(SECOND as i64))
    }

    /// Returns the length in nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Returns the length in whole milliseconds, cut towards zero.
    pub const fn millis(self) -> i64 {
        self.0 / MILLISECOND as i64
    }

    /// Returns the length in seconds as a float.
    pub fn seconds(self) -> f64 {
        self.in_unit(SECOND)
    }

    /// Returns the length in minutes as a float.
    pub fn minutes(self) -> f64 {
        self.in_unit(MINUTE)
    }

    /// Returns the length in hours as a float.
    pub fn hours(self) -> f64 {
        self.in_unit(HOUR)
    }

    fn in_unit(self, unit: u64) -> f64 {
        let unit = unit as i64;
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }

    /// Returns whether the span is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Cuts towards zero to a multiple of `unit`; a unit of zero or less changes nothing.
    pub fn truncate(self, unit: Self) -> Self {
        if unit.0 <= 0 { self } else { Self(self.0 - self.0 % unit.0) }
    }

    /// Rounds half away from zero to a multiple of `unit`; a unit of zero or less changes nothing.
    pub fn round(self, unit: Self) -> Self {
        if unit.0 <= 0 {
            return self;
        }
        let rest = self.0 % unit.0;
        let down = self.0 - rest;
        if rest.unsigned_abs() < unit.0.unsigned_abs() - rest.unsigned_abs() {
            Self(down)
        } else {
            Self(down.saturating_add(if self.0 < 0 { -unit.0 } else { unit.0 }))
        }
    }

    /// Returns the span as one of Rust's, `None` if it is negative.
    pub fn to_std(self) -> Option<std::time::Duration> {
        u64::try_from(self.0).ok().map(std::time::Duration::from_nanos)
    }
}

/// Converts, at most to the longest span.
impl From<std::time::Duration> for Duration {
    fn from(span: std::time::Duration) -> Self {
        Self(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        let mut text = String::new();
        if self.0 < 0 {
            text.push('-');
        }
        match nanos {
            0 => text.push_str("0s"),
            1..MICROSECOND => text.push_str(&format!("{nanos}ns")),
            MICROSECOND..MILLISECOND => push_decimal(&mut text, nanos, MICROSECOND, "µs"),
            MILLISECOND..SECOND => push_decimal(&mut text, nanos, MILLISECOND, "ms"),
            _ => push_clock(&mut text, nanos),
        }
        f.pad(&text)
    }
}

fn push_clock(text: &mut String, nanos: u64) {
    let (hours, minutes) = (nanos / HOUR, nanos / MINUTE % 60);
    if hours > 0 {
        text.push_str(&format!("{hours}h"));
    }
    if nanos >= MINUTE {
        text.push_str(&format!("{minutes}m"));
    }
    push_decimal(text, nanos % MINUTE, SECOND, "s");
}

fn push_decimal(text: &mut String, nanos: u64, unit: u64, name: &str) {
    text.push_str(&(nanos / unit).to_string());
    let rest = nanos % unit;
    if rest > 0 {
        let width = unit.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text.push_str(name);
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        let invalid = || ParseDurationError::Invalid(input.to_owned());
        let (negative, mut rest) = match input.as_bytes().first() {
            Some(b'-') => (true, &input[1..]),
            Some(b'+') => (false, &input[1..]),
            _ => (false, input),
        };
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total = 0_u64;
        while !rest.is_empty() {
            let (part, tail) = parse_part(rest, input)?;
            total = total.checked_add(part).filter(|sum| *sum <= 1 << 63).ok_or_else(invalid)?;
            rest = tail;
        }
        if negative {
            return Ok(Self((total as i64).wrapping_neg()));
        }
        i64::try_from(total).map(Self).map_err(|_| invalid())
    }
}

/// Reads one number with its unit and returns its nanoseconds and what follows.
fn parse_part<'a>(text: &'a str, input: &str) -> Result<(u64, &'a str), ParseDurationError> {
    let invalid = || ParseDurationError::Invalid(input.to_owned());
    let whole_len = digits(text);
    let (whole_text, mut rest) = text.split_at(whole_len);
    let whole = leading_int(whole_text).ok_or_else(invalid)?;
    let mut fraction_text = "";
    if let Some(tail) = rest.strip_prefix('.') {
        (fraction_text, rest) = tail.split_at(digits(tail));
    }
    if whole_text.is_empty() && fraction_text.is_empty() {
        return Err(invalid());
    }
    let unit_len = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit_name, rest) = rest.split_at(unit_len);
    if unit_name.is_empty() {
        return Err(ParseDurationError::MissingUnit(input.to_owned()));
    }
    let unit = unit_nanos(unit_name).ok_or_else(|| ParseDurationError::UnknownUnit {
        unit: unit_name.to_owned(),
        input: input.to_owned(),
    })?;
    let mut nanos = whole.checked_mul(unit).filter(|n| *n <= 1 << 63).ok_or_else(invalid)?;
    let (fraction, scale) = leading_fraction(fraction_text);
    if fraction > 0 {
        nanos += (fraction as f64 * (unit as f64 / scale)) as u64;
        if nanos > 1 << 63 {
            return Err(invalid());
        }
    }
    Ok((nanos, rest))
}

fn unit_nanos(name: &str) -> Option<u64> {
    Some(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        _ => return None,
    })
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// Reads digits; `None` past 2⁶³, as in Go.
fn leading_int(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |value, digit| {
        let next = value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        (value <= (1 << 63) / 10 && next <= 1 << 63).then_some(next)
    })
}

/// Reads the digits after the point as a number and its scale; digits that do not fit are dropped.
fn leading_fraction(digits: &str) -> (u64, f64) {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes() {
        if value > ((1 << 63) - 1) / 10 {
            break;
        }
        let next = value * 10 + u64::from(digit - b'0');
        if next > 1 << 63 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value, scale)
}

/// Quotes as the `time` package does: everything outside printable ASCII as `\xNN`.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..0x80 => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

impl serde::Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
