//! The extended functions over texts; positions count characters.

use super::format::{self, Dialect};
use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::value::{Outcome, Text, Value};

/// The functions of all versions of the library.
pub(super) const FUNCTIONS: &[Function] = &[
    function("charAt", &[("string_char_at_int", "string.(int) -> string")], |args| match args {
        [Value::String(text), Value::Int(at)] => char_at(text, *at),
        _ => no_overload(),
    }),
    function(
        "indexOf",
        &[
            ("string_index_of_string", "string.(string) -> int"),
            ("string_index_of_string_int", "string.(string, int) -> int"),
        ],
        |args| match args {
            [Value::String(text), Value::String(part)] => index_of(text, part, 0),
            [Value::String(text), Value::String(part), Value::Int(start)] => {
                index_of(text, part, *start)
            }
            _ => no_overload(),
        },
    ),
    function(
        "lastIndexOf",
        &[
            ("string_last_index_of_string", "string.(string) -> int"),
            ("string_last_index_of_string_int", "string.(string, int) -> int"),
        ],
        |args| match args {
            [Value::String(text), Value::String(part)] => last_index_of(text, part, None),
            [Value::String(text), Value::String(part), Value::Int(start)] => {
                last_index_of(text, part, Some(*start))
            }
            _ => no_overload(),
        },
    ),
    function("lowerAscii", &[("string_lower_ascii", "string.() -> string")], |args| {
        change(args, str::to_ascii_lowercase)
    }),
    function("upperAscii", &[("string_upper_ascii", "string.() -> string")], |args| {
        change(args, str::to_ascii_uppercase)
    }),
    function("trim", &[("string_trim", "string.() -> string")], |args| {
        change(args, |text| text.trim_matches(is_space).to_owned())
    }),
    function(
        "replace",
        &[
            ("string_replace_string_string", "string.(string, string) -> string"),
            ("string_replace_string_string_int", "string.(string, string, int) -> string"),
        ],
        |args| match args {
            [Value::String(text), Value::String(old), Value::String(new)] => {
                checked(text, old, new, usize::MAX)
            }
            [Value::String(text), Value::String(old), Value::String(new), Value::Int(limit)] => {
                checked(text, old, new, usize::try_from(*limit).unwrap_or(usize::MAX))
            }
            _ => no_overload(),
        },
    ),
    function(
        "split",
        &[
            ("string_split_string", "string.(string) -> list(string)"),
            ("string_split_string_int", "string.(string, int) -> list(string)"),
        ],
        |args| match args {
            [Value::String(text), Value::String(separator)] => Ok(split(text, separator, None)),
            [Value::String(text), Value::String(separator), Value::Int(limit)] => {
                Ok(split(text, separator, usize::try_from(*limit).ok()))
            }
            _ => no_overload(),
        },
    ),
    function(
        "substring",
        &[
            ("string_substring_int", "string.(int) -> string"),
            ("string_substring_int_int", "string.(int, int) -> string"),
        ],
        |args| match args {
            [Value::String(text), Value::Int(start)] => substring(text, *start, None),
            [Value::String(text), Value::Int(start), Value::Int(end)] => {
                substring(text, *start, Some(*end))
            }
            _ => no_overload(),
        },
    ),
    function("strings.quote", &[("strings_quote", "(string) -> string")], |args| {
        change(args, quote)
    }),
    function(
        "join",
        &[
            ("list_join", "list(string).() -> string"),
            ("list_join_string", "list(string).(string) -> string"),
        ],
        join,
    ),
];

/// What its newest version has in addition.
pub(super) const NEWEST: &[Function] = &[
    function("format", &[("string_format", "string.(list(dyn)) -> string")], |args| match args {
        [Value::String(text), Value::List(items)] => format::format(text, items, Dialect::Newest),
        _ => no_overload(),
    }),
    function("reverse", &[("string_reverse", "string.() -> string")], |args| {
        change(args, |text| text.chars().rev().collect())
    }),
];

/// What its second version has in addition.
pub(super) const SECOND: &[Function] = &[function(
    "format",
    &[("string_format", "string.(list(dyn)) -> string")],
    |args| match args {
        [Value::String(text), Value::List(items)] => format::format(text, items, Dialect::Second),
        _ => no_overload(),
    },
)];

/// The longest text that an expression may make.
const LENGTH_LIMIT: usize = 16 << 20;

fn change<'v>(args: &[Value<'v>], with: impl Fn(&str) -> String) -> Outcome<'v> {
    match args {
        [Value::String(text)] => Ok(Value::String(Text::from(with(text)))),
        _ => no_overload(),
    }
}

/// Tells what Go's `strings.TrimSpace` trims.
fn is_space(c: char) -> bool {
    c.is_whitespace()
}

fn out_of_range(at: i64) -> EvalError {
    EvalError::new(format!("index out of range: {at}"))
}

/// Returns the byte position of a character; the length is allowed.
fn byte_of(text: &str, at: i64) -> Option<usize> {
    let at = usize::try_from(at).ok()?;
    let ends = std::iter::once(text.len());
    text.char_indices().map(|(byte, _)| byte).chain(ends).nth(at)
}

fn chars_before(text: &str, byte: usize) -> i64 {
    let count = text.get(..byte).map_or(0, |part| part.chars().count());
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn char_at<'v>(text: &str, at: i64) -> Outcome<'v> {
    let byte = byte_of(text, at).ok_or_else(|| out_of_range(at))?;
    let found = text.get(byte..).and_then(|rest| rest.chars().next());
    Ok(Value::string(found.map(String::from).unwrap_or_default()))
}

fn index_of<'v>(text: &str, part: &str, start: i64) -> Outcome<'v> {
    if part.is_empty() {
        return Ok(Value::Int(start));
    }
    if start < 0 {
        return Err(out_of_range(start));
    }
    let Some(byte) = byte_of(text, start) else { return Ok(Value::Int(-1)) };
    let found = text.get(byte..).and_then(|rest| rest.find(part));
    Ok(Value::Int(found.map_or(-1, |found| chars_before(text, byte + found))))
}

fn last_index_of<'v>(text: &str, part: &str, start: Option<i64>) -> Outcome<'v> {
    let length = chars_before(text, text.len());
    if part.is_empty() {
        return Ok(Value::Int(start.unwrap_or(length)));
    }
    let start = start.unwrap_or(length.saturating_sub(1).max(0));
    if start < 0 {
        return Err(out_of_range(start));
    }
    if start >= length {
        return Ok(Value::Int(-1));
    }
    // A match may begin at `start`, thus end as much later as the part is long.
    let part_length = chars_before(part, part.len());
    let end = byte_of(text, start.saturating_add(part_length)).unwrap_or(text.len());
    let found = text.get(..end).and_then(|head| head.rfind(part));
    Ok(Value::Int(found.map_or(-1, |found| chars_before(text, found))))
}

/// Replaces unless the result would be too long.
fn checked<'v>(text: &str, old: &str, new: &str, limit: usize) -> Outcome<'v> {
    let places = if old.is_empty() { text.chars().count() + 1 } else { text.matches(old).count() };
    let grown = places.min(limit).saturating_mul(new.len()).saturating_add(text.len());
    if grown > LENGTH_LIMIT {
        return Err(EvalError::new("the result is too long"));
    }
    Ok(Value::string(text.replacen(old, new, limit)))
}

fn split<'v>(text: &str, separator: &str, limit: Option<usize>) -> Value<'v> {
    let parts: Vec<&str> = match limit {
        Some(0) => Vec::new(),
        _ if separator.is_empty() => split_chars(text, limit),
        Some(limit) => text.splitn(limit, separator).collect(),
        None => text.split(separator).collect(),
    };
    Value::list(parts.into_iter().map(Value::string).collect())
}

fn split_chars(text: &str, limit: Option<usize>) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if limit.is_some_and(|limit| parts.len() + 1 == limit) {
            parts.push(rest);
            break;
        }
        let (head, tail) = rest.split_at(c.len_utf8());
        parts.push(head);
        rest = tail;
    }
    parts
}

fn substring<'v>(text: &str, start: i64, end: Option<i64>) -> Outcome<'v> {
    if let Some(end) = end.filter(|end| start > *end) {
        let message = format!("invalid substring range. start: {start}, end: {end}");
        return Err(EvalError::new(message));
    }
    let from = byte_of(text, start).ok_or_else(|| out_of_range(start))?;
    let to = match end {
        Some(end) => byte_of(text, end).ok_or_else(|| out_of_range(end))?,
        None => text.len(),
    };
    Ok(Value::string(text.get(from..to).unwrap_or_default()))
}

fn join<'v>(args: &[Value<'v>]) -> Outcome<'v> {
    let (list, separator) = match args {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::String(separator)] => (list, &**separator),
        _ => return no_overload(),
    };
    let mut out = String::new();
    for (index, item) in list.iter().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        match item? {
            Value::String(text) => out.push_str(&text),
            _ => return no_overload(),
        }
        if out.len() > LENGTH_LIMIT {
            return Err(EvalError::new("the result is too long"));
        }
    }
    Ok(Value::string(out))
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
