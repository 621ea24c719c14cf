//! Points and spans of time.

use std::sync::Arc;

use flux_gostd::time::{Civil, Zone};
use flux_gostd::{Duration, Time};

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::value::{Outcome, Value};

/// The first second of year 1 and the last of year 9999.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Declares a function over a part of a timestamp, in UTC or in a zone.
macro_rules! part {
    ($name:literal, $id:literal, $read:expr) => {
        function(
            $name,
            &[
                (concat!("timestamp_to_", $id), "timestamp.() -> int"),
                (concat!("timestamp_to_", $id, "_with_tz"), "timestamp.(string) -> int"),
            ],
            |args| part_of(args, $read),
        )
    };
}

/// Declares a function over a part of a timestamp or the length of a duration.
macro_rules! part_or_length {
    ($name:literal, $id:literal, $read:expr, $measure:expr) => {
        function(
            $name,
            &[
                (concat!("timestamp_to_", $id), "timestamp.() -> int"),
                (concat!("timestamp_to_", $id, "_with_tz"), "timestamp.(string) -> int"),
                (concat!("duration_to_", $id), "duration.() -> int"),
            ],
            |args| match args {
                [Value::Duration(span)] => Ok(Value::Int($measure(*span))),
                args => part_of(args, $read),
            },
        )
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    part!("getFullYear", "year", |civil| civil.year),
    part!("getMonth", "month", |civil| civil.month - 1),
    part!("getDayOfYear", "day_of_year", |civil| civil.year_day() - 1),
    part!("getDayOfMonth", "day_of_month", |civil| civil.day - 1),
    part!("getDate", "day_of_month_1_based", |civil| civil.day),
    part!("getDayOfWeek", "day_of_week", |civil| civil.weekday()),
    part_or_length!("getHours", "hours", |civil| civil.hour, |span: Duration| {
        span.nanos() / 3_600_000_000_000
    }),
    part_or_length!("getMinutes", "minutes", |civil| civil.minute, |span: Duration| {
        span.nanos() / 60_000_000_000
    }),
    part_or_length!("getSeconds", "seconds", |civil| civil.second, |span: Duration| {
        span.nanos() / 1_000_000_000
    }),
    part_or_length!(
        "getMilliseconds",
        "milliseconds",
        |civil| i64::from(civil.nanos / 1_000_000),
        |span: Duration| span.millis()
    ),
];

/// Tells whether a timestamp may be that.
pub(super) fn in_range(time: &Time) -> bool {
    RANGE.contains(&time.unix())
}

/// Returns the time `span` later.
pub(super) fn shifted<'v>(time: &Time, span: Duration) -> Outcome<'v> {
    time.checked_add(span)
        .filter(in_range)
        .map(|time| Value::Timestamp(Arc::new(time)))
        .ok_or_else(|| EvalError::new("timestamp overflow"))
}

/// Returns the span from `earlier` to `later`.
pub(super) fn between<'v>(later: &Time, earlier: &Time) -> Outcome<'v> {
    let span = later.since(earlier);
    if span.nanos() == i64::MAX || span.nanos() == i64::MIN {
        return Err(EvalError::new("integer overflow"));
    }
    Ok(Value::Duration(span))
}

fn part_of<'v>(args: &[Value<'v>], read: fn(&Civil) -> i64) -> Outcome<'v> {
    let time = match args {
        [Value::Timestamp(time)] => (**time).clone().in_zone(Zone::utc()),
        [Value::Timestamp(time), Value::String(zone)] => in_named_zone(time, zone)?,
        _ => return no_overload(),
    };
    Ok(Value::Int(read(&time.civil())))
}

/// Shows a time in a zone given as `+01:30` or by its name.
fn in_named_zone(time: &Time, name: &str) -> Result<Time, EvalError> {
    let offset = match name.split_once(':') {
        Some((hours, minutes)) => fixed_offset(hours, minutes),
        None => named_offset(time, name),
    };
    let offset = offset?;
    Ok(time.clone().in_zone(Zone { name: String::new(), offset }))
}

fn fixed_offset(hours: &str, minutes: &str) -> Result<i32, EvalError> {
    let number = |text: &str| {
        text.parse::<i32>().map_err(|_| {
            let shown = flux_gostd::quote::quote(text);
            EvalError::new(format!("strconv.Atoi: parsing {shown}: invalid syntax"))
        })
    };
    let (hours_number, minutes) = (number(hours)?, number(minutes)?);
    let signed = if hours.starts_with('-') { -minutes } else { minutes };
    Ok(hours_number.saturating_mul(3600).saturating_add(signed.saturating_mul(60)))
}

fn named_offset(time: &Time, name: &str) -> Result<i32, EvalError> {
    if matches!(name, "" | "UTC" | "Local") {
        return Ok(0);
    }
    let unknown = || EvalError::new(format!("unknown time zone {name}"));
    let zone = jiff::tz::db().get(name).map_err(|_| unknown())?;
    let instant = jiff::Timestamp::from_second(time.unix()).map_err(|_| unknown())?;
    Ok(zone.to_offset(instant).seconds())
}
