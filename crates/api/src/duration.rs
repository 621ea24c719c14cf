//! Durations as Go writes them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration as StdDuration;

/// A duration as Go writes it in text: `10m0s`, `1h30m`, `750ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(StdDuration);

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("time: invalid duration {text:?}")]
pub struct ParseDurationError {
    text: String,
}

impl Duration {
    /// Wraps a span of time.
    pub const fn new(span: StdDuration) -> Self {
        Self(span)
    }

    /// Makes a duration of whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(StdDuration::from_secs(secs))
    }

    /// Returns the span of time.
    pub const fn get(self) -> StdDuration {
        self.0
    }
}

impl From<StdDuration> for Duration {
    fn from(span: StdDuration) -> Self {
        Self(span)
    }
}

impl From<Duration> for StdDuration {
    fn from(duration: Duration) -> Self {
        duration.0
    }
}

const UNITS: [(&str, u128); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl FromStr for Duration {
    type Err = ParseDurationError;

    /// Reads what Go's `time.ParseDuration` reads, without signs.
    fn from_str(text: &str) -> Result<Self, ParseDurationError> {
        let err = || ParseDurationError { text: text.to_owned() };
        if text == "0" {
            return Ok(Self::default());
        }
        let (mut rest, mut nanos) = (text, 0_u128);
        while !rest.is_empty() {
            let split = |at: Option<usize>, s: &str| at.unwrap_or(s.len());
            let number_end = split(rest.find(|c: char| !c.is_ascii_digit() && c != '.'), rest);
            let (number, tail) = rest.split_at(number_end);
            let unit_end = split(tail.find(|c: char| c.is_ascii_digit() || c == '.'), tail);
            let (unit, tail) = tail.split_at(unit_end);
            let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(err)?;
            nanos = nanos.checked_add(scaled(number, *scale).ok_or_else(err)?).ok_or_else(err)?;
            rest = tail;
        }
        if text.is_empty() || nanos > i64::MAX as u128 {
            return Err(err());
        }
        u64::try_from(nanos).map(|n| Self(StdDuration::from_nanos(n))).map_err(|_| err())
    }
}

/// Multiplies a decimal number with a unit, cutting what is below a nanosecond.
fn scaled(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut total = match whole {
        "" => 0,
        digits => digits.parse::<u128>().ok()?.checked_mul(scale)?,
    };
    let mut unit = scale;
    for digit in fraction.chars() {
        unit /= 10;
        total = total.checked_add(unit.checked_mul(digit.to_digit(10)?.into())?)?;
    }
    Some(total)
}

impl fmt::Display for Duration {
    /// Writes what Go's `Duration.String` writes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        if nanos == 0 {
            return f.write_str("0s");
        }
        if nanos < 1_000_000_000 {
            let (unit, scale) = match nanos {
                ..1_000 => ("ns", 1),
                1_000..1_000_000 => ("µs", 1_000),
                _ => ("ms", 1_000_000),
            };
            return write!(f, "{}{unit}", decimal(nanos, scale));
        }
        let (hours, minutes) = (self.0.as_secs() / 3600, self.0.as_secs() / 60 % 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if hours > 0 || minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        write!(f, "{}s", decimal(nanos % 60_000_000_000, 1_000_000_000))
    }
}

/// Writes `nanos / scale` without trailing zeros.
fn decimal(nanos: u128, scale: u128) -> String {
    let (whole, rest) = (nanos / scale, nanos % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    let digits = format!("{rest:0width$}");
    format!("{whole}.{}", digits.trim_end_matches('0'))
}

impl serde::Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
