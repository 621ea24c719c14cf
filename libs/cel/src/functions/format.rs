//! `'%s is %d'.format([a, b])`

use crate::error::EvalError;
use crate::types::Type;
use crate::value::{List, Outcome, Value};

use super::conversion::{double_text_plain, text_of};

/// The longest fraction that may be asked for.
const PRECISION_LIMIT: usize = 1000;

/// Fills the clauses of a format with the elements of a list.
pub(super) fn format<'v>(format: &str, items: &List<'v>) -> Outcome<'v> {
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
            .apply(&item)
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

    fn apply(self, value: &Value<'_>) -> Result<String, String> {
        if let Value::Double(number) = value
            && !number.is_finite()
            && matches!(self, Self::Decimal | Self::Fixed(_) | Self::Scientific(_))
        {
            return Ok(special(*number).to_owned());
        }
        match (self, value) {
            (Self::Text, value) => text(value),
            (Self::Decimal, Value::Int(_) | Value::Uint(_)) => {
                Ok(text_of(value).unwrap_or_default())
            }
            (Self::Decimal, Value::Double(number)) => Ok(double_text_plain(*number)),
            (Self::Fixed(precision), Value::Double(number)) => Ok(format!("{number:.precision$}")),
            (Self::Fixed(precision) | Self::Scientific(precision), Value::Int(number)) => {
                let digits = signed(*number, |n| format!("{n:0precision$}"));
                Ok(self.wrong_verb("int64", &digits))
            }
            (Self::Fixed(precision) | Self::Scientific(precision), Value::Uint(number)) => {
                Ok(self.wrong_verb("uint64", &format!("{number:0precision$}")))
            }
            (Self::Scientific(precision), Value::Double(number)) => {
                Ok(scientific(*number, precision))
            }
            (Self::Binary, Value::Bool(value)) => Ok(u8::from(*value).to_string()),
            (Self::Binary, Value::Int(number)) => Ok(signed(*number, |n| format!("{n:b}"))),
            (Self::Binary, Value::Uint(number)) => Ok(format!("{number:b}")),
            (Self::Octal, Value::Int(number)) => Ok(signed(*number, |n| format!("{n:o}"))),
            (Self::Octal, Value::Uint(number)) => Ok(format!("{number:o}")),
            (Self::Hex { upper }, value) => {
                let hex = hex(value).ok_or_else(|| self.refuse(value))?;
                Ok(if upper { hex.to_uppercase() } else { hex })
            }
            (clause, value) => Err(clause.refuse(value)),
        }
    }

    /// What Go prints for a whole number under a verb for fractions.
    fn wrong_verb(self, kind: &str, digits: &str) -> String {
        let verb = if matches!(self, Self::Fixed(_)) { 'f' } else { 'e' };
        format!("%!{verb}({kind}={digits})")
    }

    /// Tells whether values of a type can be printed.
    pub(crate) fn accepts(self, found: &Type) -> bool {
        match self {
            _ if found.is_dyn() => true,
            Self::Text => !matches!(found, Type::Object(_) | Type::Opaque(..)),
            Self::Decimal | Self::Fixed(_) | Self::Scientific(_) => {
                matches!(found, Type::Int | Type::Uint | Type::Double)
            }
            Self::Binary => matches!(found, Type::Bool | Type::Int | Type::Uint),
            Self::Octal => matches!(found, Type::Int | Type::Uint),
            Self::Hex { .. } => {
                matches!(found, Type::Int | Type::Uint | Type::String | Type::Bytes)
            }
        }
    }

    fn refuse(self, value: &Value<'_>) -> String {
        self.refusal(value.type_of().name())
    }

    /// Says that values of a type cannot be printed.
    pub(crate) fn refusal(self, found: &str) -> String {
        let allowed = match self {
            Self::Text => {
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, \
                 lists, types, durations, and timestamps"
            }
            Self::Decimal => "decimal clause can only be used on ints, uints, and doubles",
            Self::Fixed(_) => "fixed-point clause can only be used on ints, uints, and doubles",
            Self::Scientific(_) => "scientific clause can only be used on ints, uints, and doubles",
            Self::Binary => "only ints, uints, and bools can be formatted as binary",
            Self::Octal => "octal clause can only be used on ints and uints",
            Self::Hex { .. } => "only ints, uints, bytes, and strings can be formatted as hex",
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

fn scientific(number: f64, precision: usize) -> String {
    let text = format!("{number:.precision$e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{exponent:0>2}")
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
        value => text_of(value).ok_or_else(|| Clause::Text.refuse(value)),
    }
}
