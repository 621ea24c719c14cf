//! Times in JSON as Go writes them.

use flux_gostd::Time;
use serde::{Deserialize, Deserializer, Serializer};

const LAYOUT: &str = "2006-01-02T15:04:05.999999999Z07:00";
const ZERO: &str = "0001-01-01T00:00:00Z";

fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
    match Option::<String>::deserialize(from)?.as_deref() {
        None | Some("" | ZERO) => Ok(None),
        Some(text) => Time::parse_rfc3339(text).map(Some).map_err(serde::de::Error::custom),
    }
}

/// A time that may be left out; an empty text is none.
pub(super) mod optional {
    use super::{Deserializer, LAYOUT, Serializer, Time, read};

    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<Time>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.serialize_str(&time.format(LAYOUT)),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Time>, D::Error> {
        read(from)
    }
}

/// A time that is always written.
pub(super) mod zero {
    use super::{Deserializer, LAYOUT, Serializer, Time, ZERO, read};

    pub(in super::super) fn serialize<S: Serializer>(
        time: &Option<Time>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => to.serialize_str(&time.format(LAYOUT)),
            None => to.serialize_str(ZERO),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Time>, D::Error> {
        read(from)
    }
}
