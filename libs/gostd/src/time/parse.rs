//! Reading a time by a layout.

use super::civil::{self, Civil};
use super::layout::{self, Field, MONTHS, OffsetStyle, Pad, WEEKDAYS};
use super::{Time, Zone};
use crate::duration::quote;

/// Why a text does not follow its layout, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct ParseTimeError {
    layout: String,
    value: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    /// This part of the value is not what this part of the layout asks for.
    Mismatch { part: String, element: String },
    /// Everything could be read, but makes no time.
    Message(String),
}

impl ParseTimeError {
    fn text(&self) -> String {
        let value = quote(&self.value);
        match &self.problem {
            Problem::Message(message) => format!("parsing time {value}{message}"),
            Problem::Mismatch { part, element } => format!(
                "parsing time {value} as {}: cannot parse {} as {}",
                quote(&self.layout),
                quote(part),
                quote(element)
            ),
        }
    }
}

/// What went wrong in one field.
enum Bad {
    Syntax,
    Range(&'static str),
}

/// What has been read so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    pm: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: Option<String>,
}

/// Reads `value` by `layout`.
pub(super) fn parse(layout: &str, value: &str) -> Result<Time, ParseTimeError> {
    let error =
        |problem| ParseTimeError { layout: layout.to_owned(), value: value.to_owned(), problem };
    let mut fields = Fields::default();
    let (mut pattern, mut rest) = (layout, value);
    loop {
        let cut = layout::cut(pattern);
        rest = skip(rest, cut.literal).map_err(|part| {
            error(Problem::Mismatch { part: part.to_owned(), element: cut.literal.to_owned() })
        })?;
        let Some(field) = cut.field else {
            if !rest.is_empty() {
                return Err(error(Problem::Message(format!(": extra text: {}", quote(rest)))));
            }
            break;
        };
        pattern = cut.rest;
        rest = read(&mut fields, field, rest, pattern).map_err(|bad| {
            error(match bad {
                Bad::Syntax => {
                    Problem::Mismatch { part: rest.to_owned(), element: cut.text.to_owned() }
                }
                Bad::Range(what) => Problem::Message(format!(": {what} out of range")),
            })
        })?;
    }
    fields.finish().map_err(|message| error(Problem::Message(format!(": {message}"))))
}

/// Passes over literal text; a run of spaces matches any run of spaces.
fn skip<'a>(mut value: &'a str, literal: &str) -> Result<&'a str, &'a str> {
    let mut literal = literal;
    while let Some(c) = literal.chars().next() {
        if c == ' ' {
            if !value.is_empty() && !value.starts_with(' ') {
                return Err(value);
            }
            literal = literal.trim_start_matches(' ');
            value = value.trim_start_matches(' ');
            continue;
        }
        value = value.strip_prefix(c).ok_or(value)?;
        literal = &literal[c.len_utf8()..];
    }
    Ok(value)
}

fn read<'a>(
    fields: &mut Fields,
    field: Field,
    text: &'a str,
    layout_rest: &str,
) -> Result<&'a str, Bad> {
    let spaced =
        |pad| if pad == Pad::Space { text.strip_prefix(' ').unwrap_or(text) } else { text };
    let (number, rest) = match field {
        Field::Month(pad) => two_digits(text, pad)?,
        Field::Day(pad) => two_digits(spaced(pad), pad)?,
        Field::Hour => two_digits(text, Pad::None)?,
        Field::Hour12(pad) | Field::Minute(pad) | Field::Second(pad) => two_digits(text, pad)?,
        Field::LongYear => exact_digits(text, 4)?,
        Field::ShortYear => exact_digits(text, 2)?,
        Field::YearDay(pad) => three_digits(text, pad)?,
        Field::LongMonth => lookup(&MONTHS, text, usize::MAX)?,
        Field::ShortMonth => lookup(&MONTHS, text, 3)?,
        Field::LongWeekday => lookup(&WEEKDAYS, text, usize::MAX)?,
        Field::ShortWeekday => lookup(&WEEKDAYS, text, 3)?,
        Field::UpperPm => pick(text, ["AM", "PM"])?,
        Field::LowerPm => pick(text, ["am", "pm"])?,
        Field::ZoneName => return read_zone_name(fields, text),
        Field::Offset { style, zulu } => return read_offset(fields, text, style, zulu),
        Field::Fraction { digits, .. } => {
            let (part, rest) = text.split_at_checked(1 + digits).ok_or(Bad::Syntax)?;
            fields.nanos = fraction(part)?;
            return Ok(rest);
        }
        Field::TrimmedFraction { .. } => return read_fraction(fields, text),
    };
    match field {
        Field::Month(_) => fields.month = Some(within(number, 1..=12, "month")?),
        Field::LongMonth | Field::ShortMonth => fields.month = Some(number + 1),
        Field::Day(_) => fields.day = Some(number),
        Field::YearDay(_) => fields.year_day = Some(number),
        Field::Hour => fields.hour = within(number, 0..=23, "hour")?,
        Field::Hour12(_) => fields.hour = within(number, 0..=12, "hour")?,
        Field::Minute(_) => fields.minute = within(number, 0..=59, "minute")?,
        Field::Second(_) => {
            fields.second = within(number, 0..=59, "second")?;
            // A fraction may follow even where the layout has none.
            let next = layout::cut(layout_rest).field;
            if !matches!(next, Some(Field::Fraction { .. } | Field::TrimmedFraction { .. })) {
                return read_fraction(fields, rest);
            }
        }
        Field::LongYear => fields.year = number,
        Field::ShortYear => fields.year = number + if number >= 69 { 1900 } else { 2000 },
        Field::UpperPm | Field::LowerPm => fields.pm = Some(number == 1),
        Field::LongWeekday
        | Field::ShortWeekday
        | Field::ZoneName
        | Field::Offset { .. }
        | Field::Fraction { .. }
        | Field::TrimmedFraction { .. } => {}
    }
    Ok(rest)
}

fn within(
    number: i64,
    range: std::ops::RangeInclusive<i64>,
    what: &'static str,
) -> Result<i64, Bad> {
    if range.contains(&number) { Ok(number) } else { Err(Bad::Range(what)) }
}

/// Reads one or two digits, exactly two with [`Pad::Zero`].
fn two_digits(text: &str, pad: Pad) -> Result<(i64, &str), Bad> {
    let count = digit_run(text, 2);
    if count == 0 || (count == 1 && pad == Pad::Zero) {
        return Err(Bad::Syntax);
    }
    exact_digits(text, count)
}

fn three_digits(text: &str, pad: Pad) -> Result<(i64, &str), Bad> {
    let mut text = text;
    if pad == Pad::Space {
        for _ in 0..2 {
            text = text.strip_prefix(' ').unwrap_or(text);
        }
    }
    let count = digit_run(text, 3);
    if count == 0 || (count < 3 && pad == Pad::Zero) {
        return Err(Bad::Syntax);
    }
    exact_digits(text, count)
}

fn digit_run(text: &str, most: usize) -> usize {
    text.bytes().take(most).take_while(u8::is_ascii_digit).count()
}

fn exact_digits(text: &str, count: usize) -> Result<(i64, &str), Bad> {
    if digit_run(text, count) < count {
        return Err(Bad::Syntax);
    }
    let (number, rest) = text.split_at(count);
    Ok((number.parse().map_err(|_| Bad::Syntax)?, rest))
}

/// Finds the name with which `text` begins, in any case, by its first `most` letters.
fn lookup<'a>(names: &[&str], text: &'a str, most: usize) -> Result<(i64, &'a str), Bad> {
    for (index, name) in (0..).zip(names) {
        let name = &name[..name.len().min(most)];
        if let Some((head, rest)) = text.split_at_checked(name.len())
            && head.eq_ignore_ascii_case(name)
        {
            return Ok((index, rest));
        }
    }
    Err(Bad::Syntax)
}

fn pick<'a>(text: &'a str, choices: [&str; 2]) -> Result<(i64, &'a str), Bad> {
    let find = |(index, choice): (i64, &str)| Some((index, text.strip_prefix(choice)?));
    (0..).zip(choices).find_map(find).ok_or(Bad::Syntax)
}

fn read_fraction<'a>(fields: &mut Fields, text: &'a str) -> Result<&'a str, Bad> {
    let Some(tail) = text.strip_prefix(['.', ',']) else { return Ok(text) };
    let digits = digit_run(tail, usize::MAX);
    if digits == 0 {
        return Ok(text);
    }
    let (part, rest) = text.split_at(1 + digits);
    fields.nanos = fraction(part)?;
    Ok(rest)
}

/// Reads `.123` as nanoseconds; digits past the ninth are dropped.
fn fraction(text: &str) -> Result<u32, Bad> {
    let digits = text.strip_prefix(['.', ',']).ok_or(Bad::Syntax)?;
    let digits = digits.get(..digits.len().min(9)).ok_or(Bad::Syntax)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Bad::Syntax);
    }
    format!("{digits:0<9}").parse().map_err(|_| Bad::Syntax)
}

fn read_offset<'a>(
    fields: &mut Fields,
    text: &'a str,
    style: OffsetStyle,
    zulu: bool,
) -> Result<&'a str, Bad> {
    if zulu && let Some(rest) = text.strip_prefix('Z') {
        fields.utc = true;
        return Ok(rest);
    }
    let (len, colons): (usize, &[usize]) = match style {
        OffsetStyle::Hours => (3, &[]),
        OffsetStyle::Minutes => (5, &[]),
        OffsetStyle::MinutesColon => (6, &[3]),
        OffsetStyle::Seconds => (7, &[]),
        OffsetStyle::SecondsColon => (9, &[3, 6]),
    };
    let (part, rest) = text.split_at_checked(len).ok_or(Bad::Syntax)?;
    if colons.iter().any(|at| part.as_bytes().get(*at) != Some(&b':')) {
        return Err(Bad::Syntax);
    }
    let step = if colons.is_empty() { 2 } else { 3 };
    let pair = |index: usize| match part.get(1 + index * step..3 + index * step) {
        Some(digits) => exact_digits(digits, 2).map(|(number, _)| number),
        None => Ok(0),
    };
    let hours = within(pair(0)?, 0..=24, "time zone offset hour");
    let minutes = within(pair(1)?, 0..=60, "time zone offset minute");
    let seconds = within(pair(2)?, 0..=60, "time zone offset second");
    let total = (hours? * 60 + minutes?) * 60 + seconds?;
    let total = i32::try_from(total).map_err(|_| Bad::Syntax)?;
    fields.offset = Some(match part.as_bytes().first() {
        Some(b'+') => total,
        Some(b'-') => -total,
        _ => return Err(Bad::Syntax),
    });
    Ok(rest)
}

fn read_zone_name<'a>(fields: &mut Fields, text: &'a str) -> Result<&'a str, Bad> {
    if let Some(rest) = text.strip_prefix("UTC") {
        fields.utc = true;
        return Ok(rest);
    }
    let len = zone_name_len(text).ok_or(Bad::Syntax)?;
    let (name, rest) = text.split_at(len);
    fields.zone = Some(name.to_owned());
    Ok(rest)
}

/// Returns how much of `text` is an abbreviation of a time zone.
fn zone_name_len(text: &str) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(tail) = text.strip_prefix("GMT") {
        return Some(3 + signed_offset_len(tail));
    }
    if text.starts_with(['+', '-']) {
        return Some(signed_offset_len(text)).filter(|len| *len > 0);
    }
    let bytes = text.as_bytes();
    let upper = bytes.iter().take(6).take_while(|b| b.is_ascii_uppercase()).count();
    let good = match upper {
        3 => true,
        4 => bytes.get(3) == Some(&b'T') || text.starts_with("WITA"),
        5 => bytes.get(4) == Some(&b'T'),
        _ => false,
    };
    good.then_some(upper)
}

fn signed_offset_len(text: &str) -> usize {
    let Some(tail) = text.strip_prefix(['+', '-']) else { return 0 };
    let digits = digit_run(tail, usize::MAX);
    match tail[..digits].parse::<u64>() {
        Ok(hours) if hours <= 23 => 1 + digits,
        _ => 0,
    }
}

impl Fields {
    fn finish(mut self) -> Result<Time, &'static str> {
        match self.pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (month, day) = self.date()?;
        if day < 1 || day > civil::days_in(self.year, month) {
            return Err("day out of range");
        }
        let civil = Civil {
            year: self.year,
            month,
            day,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            nanos: self.nanos,
        };
        let zone = self.zone();
        // An abbreviation alone names no offset to Go: clock and calendar are those of UTC, and
        // `GMT+3` only changes how the result is shown.
        if self.offset.is_none() {
            return Ok(Time::from_civil(civil, Zone::utc()).in_zone(zone));
        }
        Ok(Time::from_civil(civil, zone))
    }

    /// Returns month and day, from the day of the year if that was given.
    fn date(&self) -> Result<(i64, i64), &'static str> {
        let Some(mut year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        let length = if civil::is_leap(self.year) { 366 } else { 365 };
        if !(1..=length).contains(&year_day) {
            return Err("day-of-year out of range");
        }
        let mut month = 1;
        while year_day > civil::days_in(self.year, month) {
            year_day -= civil::days_in(self.year, month);
            month += 1;
        }
        if self.month.is_some_and(|given| given != month) {
            return Err("day-of-year does not match month");
        }
        if self.day.is_some_and(|given| given != year_day) {
            return Err("day-of-year does not match day");
        }
        Ok((month, year_day))
    }

    fn zone(&self) -> Zone {
        let name = self.zone.clone().unwrap_or_default();
        match self.offset {
            _ if self.utc => Zone::utc(),
            // The local zone is taken to be UTC, as it is in a container.
            Some(0) if name.is_empty() => Zone::utc(),
            Some(offset) => Zone { name, offset },
            None if name.is_empty() => Zone::utc(),
            None => {
                let hours = name.strip_prefix("GMT").and_then(|text| text.parse::<i32>().ok());
                Zone { name, offset: hours.map_or(0, |hours| hours.saturating_mul(3600)) }
            }
        }
    }
}
