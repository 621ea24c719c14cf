//! Moments as the Kubernetes API writes them.

use std::fmt;
use std::str::FromStr;

/// A moment in UTC with whole seconds, written `2026-01-02T03:04:05Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(jiff::Timestamp);

/// Why a text is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no RFC 3339 time")]
pub struct ParseTimeError {
    text: String,
}

impl Time {
    /// Wraps a moment, cutting it to whole seconds.
    pub fn new(moment: jiff::Timestamp) -> Self {
        Self(jiff::Timestamp::from_second(moment.as_second()).unwrap_or(moment))
    }

    /// Returns the moment.
    pub fn get(self) -> jiff::Timestamp {
        self.0
    }

    /// Returns how long after `earlier` this moment is; zero if it is not.
    pub fn since(self, earlier: Self) -> std::time::Duration {
        let seconds = self.0.as_second().saturating_sub(earlier.0.as_second());
        std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    }
}

impl FromStr for Time {
    type Err = ParseTimeError;

    fn from_str(text: &str) -> Result<Self, ParseTimeError> {
        let parsed = text.parse::<jiff::Timestamp>();
        parsed.map(Self::new).map_err(|_| ParseTimeError { text: text.to_owned() })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
