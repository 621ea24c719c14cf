//! The language of layouts: which parts of the reference time stand for which field.

/// Names of the months, January first.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Names of the weekdays, Sunday first.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// How a number is filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pad {
    None,
    Zero,
    Space,
}

/// Which digits and colons a numeric offset has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OffsetStyle {
    /// `-07`
    Hours,
    /// `-0700`
    Minutes,
    /// `-07:00`
    MinutesColon,
    /// `-070000`
    Seconds,
    /// `-07:00:00`
    SecondsColon,
}

/// One field of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    LongMonth,
    ShortMonth,
    Month(Pad),
    LongWeekday,
    ShortWeekday,
    Day(Pad),
    YearDay(Pad),
    Hour,
    Hour12(Pad),
    Minute(Pad),
    Second(Pad),
    LongYear,
    ShortYear,
    UpperPm,
    LowerPm,
    ZoneName,
    /// `zulu`: zero prints as `Z`.
    Offset {
        style: OffsetStyle,
        zulu: bool,
    },
    /// `.000`: exactly so many digits, after this separator.
    Fraction {
        digits: usize,
        separator: char,
    },
    /// `.999`: at most so many digits, zeros at the end dropped.
    TrimmedFraction {
        digits: usize,
        separator: char,
    },
}

/// A layout cut at its first field.
pub(super) struct Cut<'a> {
    pub(super) literal: &'a str,
    pub(super) field: Option<Field>,
    /// The text of the field.
    pub(super) text: &'a str,
    pub(super) rest: &'a str,
}

/// Finds the first field of a layout.
pub(super) fn cut(layout: &str) -> Cut<'_> {
    for (at, _) in layout.char_indices() {
        if let Some((field, skip, len)) = field_at(&layout[at..]) {
            let (literal, tail) = layout.split_at(at + skip);
            let (text, rest) = tail.split_at(len);
            return Cut { literal, field: Some(field), text, rest };
        }
    }
    Cut { literal: layout, field: None, text: "", rest: "" }
}

/// Fields in the order in which they are tried at one place.
const FIXED: &[(&str, Field)] = &[
    ("MST", Field::ZoneName),
    ("002", Field::YearDay(Pad::Zero)),
    ("01", Field::Month(Pad::Zero)),
    ("02", Field::Day(Pad::Zero)),
    ("03", Field::Hour12(Pad::Zero)),
    ("04", Field::Minute(Pad::Zero)),
    ("05", Field::Second(Pad::Zero)),
    ("06", Field::ShortYear),
    ("15", Field::Hour),
    ("1", Field::Month(Pad::None)),
    ("2006", Field::LongYear),
    ("2", Field::Day(Pad::None)),
    ("__2", Field::YearDay(Pad::Space)),
    ("_2", Field::Day(Pad::Space)),
    ("3", Field::Hour12(Pad::None)),
    ("4", Field::Minute(Pad::None)),
    ("5", Field::Second(Pad::None)),
    ("PM", Field::UpperPm),
    ("pm", Field::LowerPm),
];

const OFFSETS: &[(&str, OffsetStyle)] = &[
    ("070000", OffsetStyle::Seconds),
    ("07:00:00", OffsetStyle::SecondsColon),
    ("0700", OffsetStyle::Minutes),
    ("07:00", OffsetStyle::MinutesColon),
    ("07", OffsetStyle::Hours),
];

/// Returns the field that begins here, how many bytes before it are literal, and its length.
fn field_at(text: &str) -> Option<(Field, usize, usize)> {
    if text.starts_with("_2006") {
        return Some((Field::LongYear, 1, 4));
    }
    if let Some(named) = name_at(text) {
        return Some(named);
    }
    for (prefix, field) in FIXED {
        if text.starts_with(prefix) {
            return Some((*field, 0, prefix.len()));
        }
    }
    let tail = text.get(1..)?;
    match text.bytes().next()? {
        mark @ (b'-' | b'Z') => {
            let (digits, style) = OFFSETS.iter().find(|(digits, _)| tail.starts_with(digits))?;
            Some((Field::Offset { style: *style, zulu: mark == b'Z' }, 0, 1 + digits.len()))
        }
        mark @ (b'.' | b',') => fraction_at(tail, char::from(mark)),
        _ => None,
    }
}

fn name_at(text: &str) -> Option<(Field, usize, usize)> {
    let names = [
        ("Jan", "January", Field::ShortMonth, Field::LongMonth),
        ("Mon", "Monday", Field::ShortWeekday, Field::LongWeekday),
    ];
    for (short, long, short_field, long_field) in names {
        if text.starts_with(long) {
            return Some((long_field, 0, long.len()));
        }
        let follows_lower = text.as_bytes().get(3).is_some_and(u8::is_ascii_lowercase);
        if text.starts_with(short) && !follows_lower {
            return Some((short_field, 0, short.len()));
        }
    }
    None
}

fn fraction_at(tail: &str, separator: char) -> Option<(Field, usize, usize)> {
    let first = tail.bytes().next().filter(|b| matches!(b, b'0' | b'9'))?;
    let digits = tail.bytes().take_while(|b| *b == first).count();
    if tail.as_bytes().get(digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let field = if first == b'0' {
        Field::Fraction { digits, separator }
    } else {
        Field::TrimmedFraction { digits, separator }
    };
    Some((field, 0, 1 + digits))
}
