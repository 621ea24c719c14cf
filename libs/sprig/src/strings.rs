//! Strings: trimming, cutting, quoting, wrapping. Lengths are in bytes, as in the original.

use flux_gostd::quote::{quote, quote_bytes};
use flux_gotemplate::{CallError, Element, Map, Type, Value, printf};

use crate::registry::{Arguments, Called, MOST_BYTES, Registry, too_large};
use crate::values::plain_text;

const ANY: Type = Type::Any;
const INT: Type = Type::Int;
const STR: Type = Type::Str;

pub(crate) fn register(registry: &mut Registry) {
    let (one, two) = (&[STR], &[STR, STR]);
    registry.add("trim", one, |args| Ok(args.text(0).trim().into()));
    registry.add("trimAll", two, |args| {
        let set = args.text(0);
        Ok(args.text(1).trim_matches(|c| set.contains(c)).into())
    });
    registry.alias("trimAll", &["trimall"]);
    registry.add("trimSuffix", two, |args| {
        let (suffix, text) = (args.bytes(0), args.bytes(1));
        Ok(Value::string(text.strip_suffix(suffix).unwrap_or(text)))
    });
    registry.add("trimPrefix", two, |args| {
        let (prefix, text) = (args.bytes(0), args.bytes(1));
        Ok(Value::string(text.strip_prefix(prefix).unwrap_or(text)))
    });
    registry.add("contains", two, |args| Ok(args.text(1).contains(&*args.text(0)).into()));
    registry.add("hasPrefix", two, |args| Ok(args.bytes(1).starts_with(args.bytes(0)).into()));
    registry.add("hasSuffix", two, |args| Ok(args.bytes(1).ends_with(args.bytes(0)).into()));
    registry.add("replace", &[STR, STR, STR], replace);
    registry.add("repeat", &[INT, STR], |args| Ok(repeat(&args.text(1), args.int(0))?.into()));
    registry.add("trunc", &[INT, STR], trunc);
    registry.add("substr", &[INT, INT, STR], substring);
    registry
        .add("abbrev", &[INT, STR], |args| Ok(Value::string(&abbrev(args.bytes(1), args.int(0)))));
    registry.add("abbrevboth", &[INT, INT, STR], abbrev_both);
    registry.add("indent", &[INT, STR], |args| Ok(indent(args)?.into()));
    registry.add("nindent", &[INT, STR], |args| Ok(format!("\n{}", indent(args)?).into()));
    registry.add_with_rest("quote", (&[], ANY), |args| {
        let quoted = args.0.iter().filter(|value| !matches!(value, Value::Nil));
        let quoted: Vec<_> = quoted.map(go_quoted).collect();
        Ok(quoted.join(" ").into())
    });
    registry.add_with_rest("squote", (&[], ANY), |args| {
        let quoted = args.0.iter().filter(|value| !matches!(value, Value::Nil));
        let quoted: Vec<_> =
            quoted.map(|value| printf("'%v'", std::slice::from_ref(value))).collect();
        Ok(quoted.join(" ").into())
    });
    registry.add_with_rest("cat", (&[], ANY), |args| {
        let shown = args.0.iter().filter(|value| !matches!(value, Value::Nil));
        let shown: Vec<_> = shown.map(|value| printf("%v", std::slice::from_ref(value))).collect();
        Ok(shown.join(" ").into())
    });
    registry.add("toString", &[ANY], |args| {
        Ok(match args.value(0) {
            text @ (Value::Str(_) | Value::Raw(_)) => text.clone(),
            Value::Bytes(bytes) => Value::string(bytes),
            other => plain_text(other).into_owned().into(),
        })
    });
    registry.add("plural", &[STR, STR, INT], |args| {
        Ok(args.value(if args.int(2) == 1 { 0 } else { 1 }).clone())
    });
    registry.add("split", two, |args| Ok(numbered(args.text(1).split(&*args.text(0)))));
    registry.add("splitList", two, split_list);
    registry.add("splitn", &[STR, INT, STR], split_n);
    registry.add("wrap", &[INT, STR], |args| wrap(args.bytes(1), args.int(0), b"\n", false));
    registry.add("wrapWith", &[INT, STR, STR], |args| {
        let separator = if args.bytes(1).is_empty() { b"\n" } else { args.bytes(1) };
        wrap(args.bytes(2), args.int(0), separator, true)
    });
}

fn go_quoted(value: &Value) -> String {
    match value {
        Value::Raw(bytes) | Value::Bytes(bytes) => quote_bytes(bytes),
        other => quote(&plain_text(other)),
    }
}

fn replace(args: Arguments<'_>) -> Called {
    let (old, new, text) = (args.text(0), args.text(1), args.text(2));
    let times = if old.is_empty() { text.len() + 1 } else { text.len() / old.len() };
    if new.len().saturating_mul(times) > MOST_BYTES
        && text.matches(&*old).count() * new.len() > MOST_BYTES
    {
        return Err(too_large("the string"));
    }
    Ok(text.replace(&*old, &new).into())
}

fn repeat(text: &str, count: i64) -> Result<String, CallError> {
    let Ok(count) = usize::try_from(count) else {
        return Err("strings: negative Repeat count".into());
    };
    if text.len().saturating_mul(count) > MOST_BYTES {
        return Err(too_large("the string"));
    }
    Ok(text.repeat(count))
}

fn trunc(args: Arguments<'_>) -> Called {
    let (count, text) = (args.int(0), args.bytes(1));
    let size = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if size >= text.len() {
        return Ok(args.value(1).clone());
    }
    let part = if count < 0 { text.get(text.len() - size..) } else { text.get(..size) };
    Ok(Value::string(part.unwrap_or_default()))
}

fn substring(args: Arguments<'_>) -> Called {
    let (start, end, text) = (args.int(0), args.int(1), args.bytes(2));
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let (from, to) = match (start, end) {
        (..0, end) => (0, end),
        (start, end) if end < 0 || end > length => (start, length),
        (start, end) => (start, end),
    };
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    match range.and_then(|(from, to)| text.get(from..to)) {
        Some(part) => Ok(Value::string(part)),
        None => {
            let bounds = match (to < 0, to > length) {
                (true, _) => format!("[:{to}]"),
                (_, true) => format!("[:{to}] with length {length}"),
                _ => format!("[{from}:{to}]"),
            };
            Err(format!("runtime error: slice bounds out of range {bounds}").into())
        }
    }
}

/// Cuts a text to a width, three dots included.
fn abbrev(text: &[u8], width: i64) -> Vec<u8> {
    let Ok(width) = usize::try_from(width) else { return text.to_vec() };
    if width < 4 || text.len() <= width {
        return text.to_vec();
    }
    let mut cut = text.get(..width - 3).unwrap_or_default().to_vec();
    cut.extend_from_slice(b"...");
    cut
}

fn abbrev_both(args: Arguments<'_>) -> Called {
    let (left, right, text) = (args.int(0), args.int(1), args.bytes(2));
    if right < 4 || left > 0 && right < 7 {
        return Ok(args.value(2).clone());
    }
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if length <= right {
        return Ok(args.value(2).clone());
    }
    let mut offset = left.min(length);
    if length - offset < right - 3 {
        offset = length - (right - 3);
    }
    if offset <= 4 {
        return Ok(Value::string(&abbrev(text, right)));
    }
    let from =
        |start: i64| text.get(usize::try_from(start).unwrap_or_default()..).unwrap_or_default();
    let mut cut = b"...".to_vec();
    if offset + right - 3 < length {
        cut.extend(abbrev(from(offset), right - 3));
    } else {
        cut.extend_from_slice(from(length - (right - 3)));
    }
    Ok(Value::string(&cut))
}

fn indent(args: Arguments<'_>) -> Result<String, CallError> {
    let text = args.text(1);
    let pad = repeat(" ", args.int(0))?;
    let lines = text.matches('\n').count() + 1;
    let size = pad.len().saturating_mul(lines);
    if size > MOST_BYTES {
        return Err(too_large("the string"));
    }
    let mut out = String::with_capacity(text.len() + size);
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push_str(&pad);
        out.push_str(line);
    }
    Ok(out)
}

/// Pieces under the keys `_0`, `_1` and so on.
fn numbered<'t>(pieces: impl Iterator<Item = &'t str>) -> Value {
    let entry = |(index, piece): (usize, &str)| (format!("_{index}"), piece.into());
    let entries: std::collections::BTreeMap<_, _> = pieces.enumerate().map(entry).collect();
    let entries = std::rc::Rc::new(std::cell::RefCell::new(entries));
    Value::Map(Map { entries, element: Element::Str })
}

/// Splits as Go does: between all characters where the separator is empty.
fn pieces<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    if separator.is_empty() {
        return text.split("").filter(|piece| !piece.is_empty()).collect();
    }
    text.split(separator).collect()
}

fn split_list(args: Arguments<'_>) -> Called {
    Ok(Value::strings(pieces(&args.text(1), &args.text(0))))
}

fn split_n(args: Arguments<'_>) -> Called {
    let (separator, text) = (args.text(0), args.text(2));
    Ok(match usize::try_from(args.int(1)) {
        Ok(0) => numbered(std::iter::empty()),
        Ok(count) => numbered(text.splitn(count, &*separator)),
        Err(_) => numbered(pieces(&text, &separator).into_iter()),
    })
}

fn wrap(text: &[u8], width: i64, separator: &[u8], cuts_words: bool) -> Called {
    let width = usize::try_from(width.max(1)).unwrap_or(usize::MAX);
    let mut out: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(b" ") {
            rest = after;
            continue;
        }
        let head = rest.get(..=width).unwrap_or(rest);
        let space = head.iter().rposition(|byte| *byte == b' ');
        let next = rest.get(width..).unwrap_or_default().iter().position(|byte| *byte == b' ');
        let (end, skipped) = match (space, cuts_words, next) {
            (Some(space), ..) => (space, 1),
            (None, true, _) => (width, 0),
            (None, false, Some(next)) => (width + next, 1),
            (None, false, None) => break,
        };
        out.extend_from_slice(rest.get(..end).unwrap_or_default());
        out.extend_from_slice(separator);
        rest = rest.get(end + skipped..).unwrap_or_default();
        if out.len() > MOST_BYTES {
            return Err(too_large("the string"));
        }
    }
    out.extend_from_slice(rest);
    Ok(Value::string(&out))
}
