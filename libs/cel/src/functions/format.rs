//! `'%s is %d'.format([a, b])`

use flux_gostd::quote::{quote, quote_bytes};

use crate::error::EvalError;
use crate::types::Type;
use crate::value::{List, Outcome, Value};

use super::conversion::{double_text_plain, text_of};

/// Which version of the library prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Numbers in groups, parts of lists quoted; the API server's.
    Second,
    /// Everything plain; Flux's.
    Newest,
}

/// The longest fraction that may be asked for.
const PRECISION_LIMIT: usize = 1000;

/// Fills the clauses of a format with the elements of a list.
pub(super) fn format<'v>(format: &str, items: &List<'v>, dialect: Dialect) -> Outcome<'v> {
    let mut out = String::new();
    let mut rest = format;
    let mut index = 0;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let item = items.get(index).ok_or_else(|| out_of_range(index))??;
        if after.is_empty() {
            return Err(EvalError::new("unexpected end of string"));
        }
        let (clause, after) = Clause::parse(after).map_err(|problem| {
            EvalError::new(format!("could not parse formatting clause: {problem}"))
        })?;
        let text = clause
            .apply(&item, dialect)
            .map_err(|problem| EvalError::new(format!("error during formatting: {problem}")))?;
        out.push_str(&text);
        rest = after;
        index += 1;
    }
    out.push_str(rest);
    Ok(Value::string(out))
}

fn out_of_range(index: usize) -> EvalError {
    EvalError::new(format!("index {index} out of range"))
}

/// Finds the next clause of a format and what follows it; an empty problem means that the format
/// ends in the middle of it.
pub(crate) fn next_clause(format: &str) -> Option<Result<(Clause, &str), String>> {
    let mut rest = format;
    loop {
        let (_, after) = rest.split_once('%')?;
        match after.strip_prefix('%') {
            Some(after) => rest = after,
            None if after.is_empty() => return Some(Err(String::new())),
            None => return Some(Clause::parse(after)),
        }
    }
}

/// One `%…` of a format.
#[derive(Clone, Copy)]
pub(crate) enum Clause {
    Text,
    Decimal,
    Fixed(usize),
    Scientific(usize),
    Binary,
    Octal,
    Hex { upper: bool },
}

impl Clause {
    /// Reads what follows `%` and returns the rest.
    fn parse(text: &str) -> Result<(Self, &str), String> {
        let (mut precision, mut rest) = (6, text);
        if let Some(tail) = text.strip_prefix('.') {
            let len = tail.bytes().take_while(u8::is_ascii_digit).count();
            if len == tail.len() {
                return Err("error while parsing precision: could not find end of precision \
                            specifier"
                    .to_owned());
            }
            let (digits, tail) = tail.split_at(len);
            precision = digits.parse().map_err(|_| {
                format!(
                    "error while parsing precision: error while converting precision to integer: \
                     strconv.Atoi: parsing \"{digits}\": invalid syntax"
                )
            })?;
            if precision > PRECISION_LIMIT {
                return Err(format!("precision {precision} is too large"));
            }
            rest = tail;
        }
        let mut chars = rest.chars();
        let clause = match chars.next() {
            Some('s') => Self::Text,
            Some('d') => Self::Decimal,
            Some('f') => Self::Fixed(precision),
            Some('e') => Self::Scientific(precision),
            Some('b') => Self::Binary,
            Some('o') => Self::Octal,
            Some('x') => Self::Hex { upper: false },
            Some('X') => Self::Hex { upper: true },
            other => {
                let shown = other.map(String::from).unwrap_or_default();
                return Err(format!("unrecognized formatting clause \"{shown}\""));
            }
        };
        Ok((clause, chars.as_str()))
    }

    fn apply(self, value: &Value<'_>, dialect: Dialect) -> Result<String, String> {
        match dialect {
            Dialect::Newest => self.apply_newest(value),
            Dialect::Second => self.apply_second(value),
        }
    }

    fn apply_newest(self, value: &Value<'_>) -> Result<String, String> {
        let fraction = matches!(self, Self::Decimal | Self::Fixed(_) | Self::Scientific(_));
        match (self, value) {
            (_, Value::Double(number)) if fraction && !number.is_finite() => {
                Ok(special(*number).to_owned())
            }
            (Self::Text, value) => text(value),
            (Self::Decimal, Value::Double(number)) => Ok(double_text_plain(*number)),
            (Self::Fixed(precision), Value::Double(number)) => Ok(format!("{number:.precision$}")),
            (Self::Scientific(precision), Value::Double(number)) => {
                let (digits, sign, exponent) = scientific(*number, precision);
                Ok(format!("{digits}e{sign}{exponent:02}"))
            }
            (Self::Fixed(precision) | Self::Scientific(precision), Value::Int(number)) => {
                let digits = signed(*number, |n| format!("{n:0precision$}"));
                Ok(self.wrong_verb("int64", &digits))
            }
            (Self::Fixed(precision) | Self::Scientific(precision), Value::Uint(number)) => {
                Ok(self.wrong_verb("uint64", &format!("{number:0precision$}")))
            }
            (clause, value) => {
                clause.apply_whole(value).ok_or_else(|| clause.refuse(value, Dialect::Newest))
            }
        }
    }

    fn apply_second(self, value: &Value<'_>) -> Result<String, String> {
        match (self, value) {
            (Self::Text, value) => text_second(value),
            (Self::Fixed(precision), Value::Double(number)) if number.is_finite() => {
                Ok(grouped(&format!("{number:.precision$}")))
            }
            (Self::Scientific(precision), Value::Double(number)) if number.is_finite() => {
                let (digits, sign, exponent) = scientific(*number, precision);
                let sign = if sign == '-' { "\u{207b}" } else { "" };
                Ok(format!("{digits}\u{d7}10{sign}{}", raised(exponent)))
            }
            (Self::Fixed(_) | Self::Scientific(_), Value::Double(number)) => {
                Ok(special_second(*number).to_owned())
            }
            (Self::Fixed(_) | Self::Scientific(_), Value::String(text)) => match &**text {
                "NaN" => Ok("NaN".to_owned()),
                "Infinity" => Ok("\u{221e}".to_owned()),
                "-Infinity" => Ok("-\u{221e}".to_owned()),
                _ => Err(self.refuse(value, Dialect::Second)),
            },
            (clause, value) => {
                clause.apply_whole(value).ok_or_else(|| clause.refuse(value, Dialect::Second))
            }
        }
    }

    /// Prints what both versions print alike; `None` for what neither prints.
    fn apply_whole(self, value: &Value<'_>) -> Option<String> {
        Some(match (self, value) {
            (Self::Decimal, Value::Int(_) | Value::Uint(_)) => text_of(value)?,
            (Self::Binary, Value::Bool(value)) => u8::from(*value).to_string(),
            (Self::Binary, Value::Int(number)) => signed(*number, |n| format!("{n:b}")),
            (Self::Binary, Value::Uint(number)) => format!("{number:b}"),
            (Self::Octal, Value::Int(number)) => signed(*number, |n| format!("{n:o}")),
            (Self::Octal, Value::Uint(number)) => format!("{number:o}"),
            (Self::Hex { upper: false }, value) => hex(value)?,
            (Self::Hex { upper: true }, value) => hex(value)?.to_uppercase(),
            _ => return None,
        })
    }

    /// What Go prints for a whole number under a verb for fractions.
    fn wrong_verb(self, kind: &str, digits: &str) -> String {
        let verb = if matches!(self, Self::Fixed(_)) { 'f' } else { 'e' };
        format!("%!{verb}({kind}={digits})")
    }

    /// Tells whether values of a type can be printed.
    pub(crate) fn accepts(self, found: &Type, dialect: Dialect) -> bool {
        match (self, dialect) {
            _ if found.is_dyn() => true,
            (Self::Text, _) => !matches!(found, Type::Object(_) | Type::Opaque(..)),
            (Self::Decimal, Dialect::Second) => matches!(found, Type::Int | Type::Uint),
            (Self::Fixed(_) | Self::Scientific(_), Dialect::Second) => {
                matches!(found, Type::Double)
            }
            (Self::Decimal | Self::Fixed(_) | Self::Scientific(_), Dialect::Newest) => {
                matches!(found, Type::Int | Type::Uint | Type::Double)
            }
            (Self::Binary, _) => matches!(found, Type::Bool | Type::Int | Type::Uint),
            (Self::Octal, _) => matches!(found, Type::Int | Type::Uint),
            (Self::Hex { .. }, _) => {
                matches!(found, Type::Int | Type::Uint | Type::String | Type::Bytes)
            }
        }
    }

    fn refuse(self, value: &Value<'_>, dialect: Dialect) -> String {
        self.refusal(value.type_of().name(), dialect)
    }

    /// Says that values of a type cannot be printed.
    pub(crate) fn refusal(self, found: &str, dialect: Dialect) -> String {
        let allowed = match (self, dialect) {
            (Self::Text, _) => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, \
                 lists, types, durations, and timestamps"
            }
            (Self::Decimal, Dialect::Newest) => {
                "decimal clause can only be used on ints, uints, and doubles"
            }
            (Self::Decimal, Dialect::Second) => "decimal clause can only be used on integers",
            (Self::Fixed(_), Dialect::Newest) => {
                "fixed-point clause can only be used on ints, uints, and doubles"
            }
            (Self::Fixed(_), Dialect::Second) => "fixed-point clause can only be used on doubles",
            (Self::Scientific(_), Dialect::Newest) => {
                "scientific clause can only be used on ints, uints, and doubles"
            }
            (Self::Scientific(_), Dialect::Second) => {
                "scientific clause can only be used on doubles"
            }
            (Self::Binary, Dialect::Newest) => {
                "only ints, uints, and bools can be formatted as binary"
            }
            (Self::Binary, Dialect::Second) => "only integers and bools can be formatted as binary",
            (Self::Octal, Dialect::Newest) => "octal clause can only be used on ints and uints",
            (Self::Octal, Dialect::Second) => "octal clause can only be used on integers",
            (Self::Hex { .. }, Dialect::Newest) => {
                "only ints, uints, bytes, and strings can be formatted as hex"
            }
            (Self::Hex { .. }, Dialect::Second) => {
                "only integers, byte buffers, and strings can be formatted as hex"
            }
        };
        format!("{allowed}, was given {found}")
    }
}

fn special(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Returns the digits, the sign of the exponent and the exponent.
fn scientific(number: f64, precision: usize) -> (String, char, u32) {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    (digits.to_owned(), sign, exponent.unsigned_abs())
}

/// Prints an exponent above the line, two digits at least.
fn raised(exponent: u32) -> String {
    let digit = |c: char| match c {
        '1' => '\u{b9}',
        '2' => '\u{b2}',
        '3' => '\u{b3}',
        other => char::from_u32(0x2070 + other.to_digit(10).unwrap_or(0)).unwrap_or(other),
    };
    format!("{exponent:02}").chars().map(digit).collect()
}

/// Puts commas between thousands.
fn grouped(number: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (whole, fraction) = number.split_once('.').map_or((number, None), |(a, b)| (a, Some(b)));
    let mut out = sign.to_owned();
    for (index, c) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

fn special_second(number: f64) -> &'static str {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "\u{221e}"
    } else {
        "-\u{221e}"
    }
}

/// Prints a value as the second version's `%s` does.
fn text_second(value: &Value<'_>) -> Result<String, String> {
    match value {
        Value::List(list) => {
            let items = list.iter().map(|item| part_second(&item.map_err(|e| e.to_string())?));
            let items: Vec<_> = items.collect::<Result<_, _>>()?;
            Ok(format!("[{}]", items.join(", ")))
        }
        Value::Map(map) => {
            let mut entries = Vec::new();
            for (key, value) in map.iter() {
                let value = value.map_err(|error| error.to_string())?;
                let good = matches!(
                    key,
                    Value::String(_) | Value::Bool(_) | Value::Int(_) | Value::Uint(_)
                );
                if !good {
                    let found = key.type_of();
                    let name = found.name();
                    return Err(format!("no formatting function for map key of type {name}"));
                }
                entries.push((part_second(&key)?, part_second(&value)?));
            }
            entries.sort();
            let entries: Vec<_> =
                entries.into_iter().map(|(key, value)| format!("{key}:{value}")).collect();
            Ok(format!("{{{}}}", entries.join(", ")))
        }
        Value::Null => Ok("null".to_owned()),
        Value::Bytes(bytes) => String::from_utf8(bytes.to_vec())
            .map_err(|_| "invalid UTF-8 in bytes, cannot convert to string".to_owned()),
        value => text_of(value).ok_or_else(|| Clause::Text.refuse(value, Dialect::Second)),
    }
}

/// Prints a part of a list or map, as a literal where it is one.
fn part_second(value: &Value<'_>) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(quote(text)),
        Value::Bytes(bytes) => Ok(format!("b{}", quote_bytes(bytes))),
        Value::Double(number) if number.is_finite() => Ok(format!("{number:.6}")),
        Value::Double(number) => Ok(quote(double_text_plain(*number).as_str())),
        Value::Timestamp(_) => Ok(format!("timestamp({})", quote(&text_second(value)?))),
        Value::Duration(_) => Ok(format!("duration({})", quote(&text_second(value)?))),
        Value::Optional(_) | Value::Opaque(_) => {
            Err(format!("no formatting function for {}", value.type_of().name()))
        }
        value => text_second(value),
    }
}

fn signed(number: i64, show: impl Fn(u64) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", show(number.unsigned_abs()))
}

fn hex(value: &Value<'_>) -> Option<String> {
    let of_bytes = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(match value {
        Value::Int(number) => signed(*number, |n| format!("{n:x}")),
        Value::Uint(number) => format!("{number:x}"),
        Value::String(text) => of_bytes(text.as_bytes()),
        Value::Bytes(bytes) => of_bytes(bytes),
        _ => return None,
    })
}

/// Prints a value for people, as `%s` does; what has no text by its type.
pub(crate) fn show(value: &Value<'_>) -> String {
    text(value).unwrap_or_else(|_| value.type_of().name().to_owned())
}

fn text(value: &Value<'_>) -> Result<String, String> {
    match value {
        Value::List(list) => {
            let items = list.iter().map(|item| text(&item.map_err(|error| error.to_string())?));
            let items: Vec<_> = items.collect::<Result<_, _>>()?;
            Ok(format!("[{}]", items.join(", ")))
        }
        Value::Map(map) => {
            let mut entries = Vec::new();
            for (key, value) in map.iter() {
                let value = value.map_err(|error| error.to_string())?;
                entries.push(format!("{}: {}", text(&key)?, text(&value)?));
            }
            entries.sort();
            Ok(format!("{{{}}}", entries.join(", ")))
        }
        Value::Null => Ok("null".to_owned()),
        Value::Double(number) if !number.is_finite() => Ok(special(*number).to_owned()),
        Value::Double(number) => Ok(double_text_plain(*number)),
        Value::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        value => text_of(value).ok_or_else(|| Clause::Text.refuse(value, Dialect::Newest)),
    }
}
