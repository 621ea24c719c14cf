//! Points in time and Go's layouts (`2006-01-02T15:04:05Z07:00`), without a clock.

use std::fmt;

mod civil;
mod format;
mod layout;
mod parse;

pub use civil::Civil;
pub use parse::ParseTimeError;

use crate::duration::Duration;

/// `time.RFC3339`.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";
/// `time.RFC3339Nano`.
pub const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";
/// `time.RFC1123`.
pub const RFC1123: &str = "Mon, 02 Jan 2006 15:04:05 MST";
/// The layout of `time.Time.String`.
const STRING: &str = "2006-01-02 15:04:05.999999999 -0700 MST";

/// A named offset from UTC, Go's `time.FixedZone`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Zone {
    /// The abbreviation, such as `CET`; empty if only the offset is known.
    pub name: String,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl Zone {
    /// Returns UTC.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), offset: 0 }
    }
}

/// A point in time with the zone in which it is shown.
///
/// Two times are equal if they are the same instant in the same zone; compare [`Time::instant`]
/// to leave the zone out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    unix: i64,
    nanos: u32,
    zone: Zone,
}

impl Time {
    /// Returns the point so many seconds and nanoseconds after 1970 began, shown in UTC.
    pub fn from_unix(seconds: i64, nanos: u32) -> Self {
        let carry = i64::from(nanos / 1_000_000_000);
        Self {
            unix: seconds.saturating_add(carry),
            nanos: nanos % 1_000_000_000,
            zone: Zone::utc(),
        }
    }

    /// Returns the point that a calendar and a clock in `zone` show, normalized as Go's
    /// `time.Date` does.
    pub fn from_civil(civil: Civil, zone: Zone) -> Self {
        let unix = civil.unix().saturating_sub(i64::from(zone.offset));
        Self { unix, nanos: civil.nanos, zone }
    }

    /// Returns the same instant, shown in another zone.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    /// Returns whole seconds since 1970 began.
    pub fn unix(&self) -> i64 {
        self.unix
    }

    /// Returns the nanoseconds within the second.
    pub fn nanos(&self) -> u32 {
        self.nanos
    }

    /// Returns seconds and nanoseconds, which order as time does.
    pub fn instant(&self) -> (i64, u32) {
        (self.unix, self.nanos)
    }

    /// Returns the zone in which it is shown.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Returns what calendar and clock show in its zone.
    pub fn civil(&self) -> Civil {
        Civil::from_unix(self.unix.saturating_add(i64::from(self.zone.offset)), self.nanos)
    }

    /// Returns the point `span` later, `None` if it is out of range.
    #[must_use]
    pub fn checked_add(&self, span: Duration) -> Option<Self> {
        let nanos = i64::from(self.nanos) + span.nanos() % 1_000_000_000;
        let unix = self
            .unix
            .checked_add(span.nanos() / 1_000_000_000)?
            .checked_add(nanos.div_euclid(1_000_000_000))?;
        let nanos = u32::try_from(nanos.rem_euclid(1_000_000_000)).ok()?;
        Some(Self { unix, nanos, zone: self.zone.clone() })
    }

    /// Returns the span since `earlier`, at most the longest one, as Go's `Sub` does.
    pub fn since(&self, earlier: &Self) -> Duration {
        let nanos = (i128::from(self.unix) - i128::from(earlier.unix)) * 1_000_000_000
            + i128::from(self.nanos)
            - i128::from(earlier.nanos);
        let limit = nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Duration::from_nanos(limit as i64)
    }

    /// Prints by a Go layout.
    pub fn format(&self, layout: &str) -> String {
        format::format(self, layout)
    }

    /// Reads `value` by a Go layout; without a zone in the text it is UTC.
    ///
    /// # Errors
    /// In Go's words.
    pub fn parse(layout: &str, value: &str) -> Result<Self, ParseTimeError> {
        parse::parse(layout, value)
    }

    /// Reads RFC 3339, with or without a fraction of seconds.
    ///
    /// # Errors
    /// In Go's words.
    pub fn parse_rfc3339(value: &str) -> Result<Self, ParseTimeError> {
        parse::parse(RFC3339, value)
    }

    /// Prints RFC 3339 without a fraction, as Kubernetes' `metav1.Time` does.
    pub fn rfc3339(&self) -> String {
        self.format(RFC3339)
    }
}

/// Prints as Go's `Time.String`: `2006-01-02 15:04:05 +0000 UTC`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format(STRING))
    }
}

#[cfg(test)]
mod tests;
