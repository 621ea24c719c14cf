//! Dates and spans of time.

use std::any::Any;
use std::rc::Rc;

use flux_gostd::time::Zone;
use flux_gostd::{Duration, Time};
use flux_gotemplate::{CallError, Executor, Object, Type, Value};

use crate::Host;
use crate::registry::{Arguments, Called, Registry};

const ANY: Type = Type::Any;
const STR: Type = Type::Str;
const TIME: Type = Type::Object("time.Time");

/// Go's zero time in seconds after 1970 began.
const ZERO: i64 = -62_135_596_800;

pub(crate) fn register(registry: &mut Registry) {
    registry.add_with_host("now", &[], |host, _| Ok(Moment::value(host.now())));
    registry.add_with_host("date", &[STR, ANY], |host, args| {
        in_zone(host, &args.text(0), args.value(1), "Local")
    });
    registry.add_with_host("dateInZone", &[STR, ANY, STR], |host, args| {
        in_zone(host, &args.text(0), args.value(1), &args.text(2))
    });
    registry.alias("dateInZone", &["date_in_zone"]);
    registry.add_with_host("htmlDate", &[ANY], |host, args| {
        in_zone(host, "2006-01-02", args.value(0), "Local")
    });
    registry.add_with_host("htmlDateInZone", &[ANY, STR], |host, args| {
        in_zone(host, "2006-01-02", args.value(0), &args.text(1))
    });
    registry.add("dateModify", &[STR, TIME], |args| {
        let time = time(args.value(1)).unwrap_or_else(zero);
        let moved = args.text(0).parse::<Duration>().ok().and_then(|span| time.checked_add(span));
        Ok(Moment::value(moved.unwrap_or(time)))
    });
    registry.alias("dateModify", &["date_modify"]);
    registry.add("mustDateModify", &[STR, TIME], |args| {
        let span: Duration = args.text(0).parse().map_err(text_of)?;
        let time = time(args.value(1)).unwrap_or_else(zero);
        Ok(Moment::value(time.checked_add(span).unwrap_or(time)))
    });
    registry.alias("mustDateModify", &["must_date_modify"]);
    registry.add_with_host("ago", &[ANY], |host, args| {
        let time = given(args.value(0)).unwrap_or_else(|| host.now());
        let age = host.now().since(&time).round(Duration::from_nanos(1_000_000_000));
        Ok(age.to_string().into())
    });
    registry.add("toDate", &[STR, STR], |args| {
        Ok(Moment::value(Time::parse(&args.text(0), &args.text(1)).unwrap_or_else(|_| zero())))
    });
    registry.add("mustToDate", &[STR, STR], |args| {
        Ok(Moment::value(Time::parse(&args.text(0), &args.text(1)).map_err(text_of)?))
    });
    registry.add("unixEpoch", &[TIME], |args| {
        Ok(time(args.value(0)).map_or(ZERO, |time| time.unix()).to_string().into())
    });
    registry.add("duration", &[ANY], duration);
    registry.add_with_host("durationRound", &[ANY], duration_round);
}

fn text_of(error: impl std::fmt::Display) -> CallError {
    CallError::new(error.to_string())
}

fn zero() -> Time {
    Time::from_unix(ZERO, 0)
}

/// The time of a `time.Time`.
fn time(value: &Value) -> Option<Time> {
    let Value::Object(object) = value else { return None };
    object.as_any().downcast_ref::<Moment>().map(|moment| moment.0.clone())
}

/// The time that a value stands for: a time, or seconds after 1970 began.
fn given(value: &Value) -> Option<Time> {
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => Some(Time::from_unix(*seconds, 0)),
        other => time(other),
    }
}

fn in_zone(host: &dyn Host, layout: &str, date: &Value, zone: &str) -> Called {
    let time = given(date).unwrap_or_else(|| host.now());
    let zone = match zone {
        "Local" => host.now().zone().clone(),
        "" | "UTC" => Zone::utc(),
        name => named_zone(name, &time).unwrap_or_else(Zone::utc),
    };
    Ok(time.in_zone(zone).format(layout).into())
}

/// What a zone's clocks show at a time.
fn named_zone(name: &str, time: &Time) -> Option<Zone> {
    let zone = jiff::tz::TimeZone::get(name).ok()?;
    let at = jiff::Timestamp::from_second(time.unix()).ok()?;
    let info = zone.to_offset_info(at);
    Some(Zone { name: info.abbreviation().to_owned(), offset: info.offset().seconds() })
}

fn duration(args: Arguments<'_>) -> Called {
    let seconds = match args.value(0) {
        Value::Str(text) => text.parse().unwrap_or_default(),
        Value::Int64(seconds) => *seconds,
        _ => 0,
    };
    Ok(Duration::from_nanos(seconds.wrapping_mul(1_000_000_000)).to_string().into())
}

fn duration_round(host: &dyn Host, args: Arguments<'_>) -> Called {
    let nanos = match args.value(0) {
        Value::Str(text) => text.parse::<Duration>().map_or(0, Duration::nanos),
        Value::Int64(nanos) => *nanos,
        other => time(other).map_or(0, |time| host.now().since(&time).nanos()),
    };
    const SECOND: u64 = 1_000_000_000;
    let units = [
        (365 * 24 * 3600 * SECOND, "y"),
        (30 * 24 * 3600 * SECOND, "mo"),
        (24 * 3600 * SECOND, "d"),
        (3600 * SECOND, "h"),
        (60 * SECOND, "m"),
        (SECOND, "s"),
    ];
    let size = nanos.unsigned_abs();
    let unit = units.iter().find(|(unit, _)| size > *unit);
    Ok(unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit)).into())
}

/// A time with its methods.
#[derive(Debug)]
struct Moment(Time);

impl Moment {
    fn value(time: Time) -> Value {
        Value::Object(Rc::new(Self(time)))
    }

    fn span(&self, arguments: &[Value]) -> Result<Time, CallError> {
        match arguments {
            [Value::Int(nanos) | Value::Int64(nanos)] => {
                let moved = self.0.checked_add(Duration::from_nanos(*nanos));
                moved.ok_or_else(|| "time out of range".into())
            }
            _ => Err("wrong type for value; expected time.Duration".into()),
        }
    }

    fn moved(&self, arguments: &[Value]) -> Result<Value, CallError> {
        let [Value::Int(years), Value::Int(months), Value::Int(days)] = arguments else {
            return Err("wrong number of args for AddDate: want 3".into());
        };
        let mut civil = self.0.civil();
        civil.year = civil.year.saturating_add(*years);
        civil.month = civil.month.saturating_add(*months);
        civil.day = civil.day.saturating_add(*days);
        Ok(Self::value(Time::from_civil(civil, self.0.zone().clone())))
    }
}

impl Object for Moment {
    fn type_name(&self) -> String {
        "time.Time".to_owned()
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn call(
        &self,
        _: &mut Executor<'_>,
        method: &str,
        arguments: &[Value],
    ) -> Option<Result<Value, CallError>> {
        let civil = self.0.civil();
        let unix = self.0.unix();
        let other = || match arguments {
            [value] => time(value)
                .ok_or_else(|| CallError::from("wrong type for value; expected time.Time")),
            _ => Err("wrong number of args: want 1".into()),
        };
        let compared = |wanted: fn(std::cmp::Ordering) -> bool| {
            other().map(|other| wanted(self.0.instant().cmp(&other.instant())).into())
        };
        let in_nanos = |unit: i64| {
            unix.wrapping_mul(1_000_000_000 / unit).wrapping_add(i64::from(self.0.nanos()) / unit)
        };
        Some(match method {
            "Format" => match arguments {
                [Value::Str(layout)] => Ok(self.0.format(layout).into()),
                _ => Err("wrong number of args for Format: want 1".into()),
            },
            "Unix" => Ok(Value::Int64(unix)),
            "UnixMilli" => Ok(Value::Int64(in_nanos(1_000_000))),
            "UnixMicro" => Ok(Value::Int64(in_nanos(1_000))),
            "UnixNano" => Ok(Value::Int64(in_nanos(1))),
            "Year" => Ok(Value::Int(civil.year)),
            "Month" => Ok(Value::Int(civil.month)),
            "Day" => Ok(Value::Int(civil.day)),
            "Hour" => Ok(Value::Int(civil.hour)),
            "Minute" => Ok(Value::Int(civil.minute)),
            "Second" => Ok(Value::Int(civil.second)),
            "Nanosecond" => Ok(Value::Int(civil.nanos.into())),
            "Weekday" => Ok(self.0.format("Monday").into()),
            "YearDay" => Ok(Value::Int(self.0.format("002").parse().unwrap_or_default())),
            "UTC" | "Local" => Ok(Self::value(self.0.clone().in_zone(Zone::utc()))),
            "IsZero" => Ok((unix == ZERO && self.0.nanos() == 0).into()),
            "String" => Ok(self.text().into()),
            "Before" => compared(std::cmp::Ordering::is_lt),
            "After" => compared(std::cmp::Ordering::is_gt),
            "Equal" => compared(std::cmp::Ordering::is_eq),
            "Sub" => other().map(|other| self.0.since(&other).to_string().into()),
            "Add" => self.span(arguments).map(Self::value),
            "AddDate" => self.moved(arguments),
            _ => return None,
        })
    }

    fn text(&self) -> String {
        self.0.to_string()
    }

    fn json(&self) -> serde_json::Value {
        self.0.format("2006-01-02T15:04:05.999999999Z07:00").into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
