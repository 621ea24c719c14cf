//! Printing a time by a layout.

use super::Time;
use super::civil::Civil;
use super::layout::{self, Field, MONTHS, OffsetStyle, Pad, WEEKDAYS};

/// Prints `time` by `layout`.
pub(super) fn format(time: &Time, layout: &str) -> String {
    let civil = time.civil();
    let mut out = String::with_capacity(layout.len() + 10);
    let mut rest = layout;
    loop {
        let cut = layout::cut(rest);
        out.push_str(cut.literal);
        let Some(field) = cut.field else { return out };
        push_field(&mut out, time, &civil, field);
        rest = cut.rest;
    }
}

fn push_field(out: &mut String, time: &Time, civil: &Civil, field: Field) {
    let month = name(&MONTHS, civil.month - 1);
    let weekday = name(&WEEKDAYS, civil.weekday());
    let hour12 = if civil.hour % 12 == 0 { 12 } else { civil.hour % 12 };
    match field {
        Field::LongMonth => out.push_str(month),
        Field::ShortMonth => out.push_str(&month[..3]),
        Field::Month(pad) => push_number(out, civil.month, 2, pad),
        Field::LongWeekday => out.push_str(weekday),
        Field::ShortWeekday => out.push_str(&weekday[..3]),
        Field::Day(pad) => push_number(out, civil.day, 2, pad),
        Field::YearDay(pad) => push_number(out, civil.year_day(), 3, pad),
        Field::Hour => push_number(out, civil.hour, 2, Pad::Zero),
        Field::Hour12(pad) => push_number(out, hour12, 2, pad),
        Field::Minute(pad) => push_number(out, civil.minute, 2, pad),
        Field::Second(pad) => push_number(out, civil.second, 2, pad),
        Field::LongYear if civil.year < 0 => {
            out.push('-');
            push_number(out, -civil.year, 4, Pad::Zero);
        }
        Field::LongYear => push_number(out, civil.year, 4, Pad::Zero),
        Field::ShortYear => push_number(out, civil.year.abs() % 100, 2, Pad::Zero),
        Field::UpperPm => out.push_str(if civil.hour >= 12 { "PM" } else { "AM" }),
        Field::LowerPm => out.push_str(if civil.hour >= 12 { "pm" } else { "am" }),
        Field::ZoneName if !time.zone.name.is_empty() => out.push_str(&time.zone.name),
        Field::ZoneName => push_offset(out, time.zone.offset, OffsetStyle::Minutes),
        Field::Offset { zulu: true, .. } if time.zone.offset == 0 => out.push('Z'),
        Field::Offset { style, .. } => push_offset(out, time.zone.offset, style),
        Field::Fraction { digits, separator } => {
            out.push(separator);
            out.push_str(&fraction(time.nanos, digits));
        }
        Field::TrimmedFraction { digits, separator } => {
            let digits = fraction(time.nanos, digits);
            let trimmed = digits.trim_end_matches('0');
            if !trimmed.is_empty() {
                out.push(separator);
                out.push_str(trimmed);
            }
        }
    }
}

fn name(names: &[&'static str], index: i64) -> &'static str {
    usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("%!Name")
}

fn push_number(out: &mut String, value: i64, width: usize, pad: Pad) {
    match pad {
        Pad::None => out.push_str(&value.to_string()),
        Pad::Zero => out.push_str(&format!("{value:0width$}")),
        Pad::Space => out.push_str(&format!("{value:width$}")),
    }
}

fn push_offset(out: &mut String, offset: i32, style: OffsetStyle) {
    out.push(if offset < 0 { '-' } else { '+' });
    let seconds = offset.unsigned_abs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    out.push_str(&match style {
        OffsetStyle::Hours => format!("{hours:02}"),
        OffsetStyle::Minutes => format!("{hours:02}{minutes:02}"),
        OffsetStyle::MinutesColon => format!("{hours:02}:{minutes:02}"),
        OffsetStyle::Seconds => format!("{hours:02}{minutes:02}{rest:02}"),
        OffsetStyle::SecondsColon => format!("{hours:02}:{minutes:02}:{rest:02}"),
    });
}

/// Returns the first digits of the fraction, at most nine.
fn fraction(nanos: u32, digits: usize) -> String {
    let mut all = format!("{nanos:09}");
    all.truncate(digits.min(9));
    all
}
