//! Lines `NAME=value`, in which a line break is written as `\n`.

use super::simple_text;
use crate::{Branch, Error, Item, Key, Value};

/// Reads a text.
pub(super) fn read(text: &[u8]) -> Result<Vec<Branch>, Error> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(vec![lines.map(item).collect::<Result<_, _>>()?])
}

fn item(line: &[u8]) -> Result<Item, Error> {
    if let Some(comment) = line.strip_prefix(b"#") {
        return Ok(Item::comment(String::from_utf8_lossy(comment), false));
    }
    let Some(end) = line.iter().position(|byte| *byte == b'=') else {
        let line = String::from_utf8_lossy(line);
        return Err(Error::Load(format!("invalid dotenv input line: {line}")));
    };
    let (name, value) = line.split_at(end);
    let value = replace(value.get(1..).unwrap_or_default(), b"\\n", b"\n");
    Ok(Item::new(String::from_utf8_lossy(name), Value::Text(value)))
}

/// Prints a text.
pub(super) fn write(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for item in branches.first().into_iter().flatten() {
        let name = match &item.key {
            Key::Comment(comment) => {
                out.extend([b"#", comment.text.as_bytes(), b"\n"].concat());
                continue;
            }
            Key::Text(name) => name,
            Key::Other(_, shown) => shown,
        };
        if item.value.is_collection() {
            return Err(Error::Emit(format!(
                "cannot use complex value in dotenv file; offending key {name}"
            )));
        }
        let value = match &item.value {
            Value::Text(text) => replace(text, b"\n", b"\\n"),
            other => simple_text(other),
        };
        out.extend([name.as_bytes(), b"=", &value, b"\n"].concat());
    }
    Ok(out)
}

/// Replaces every occurrence of `from`.
fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, tail)) = rest.split_first() {
        if let Some(tail) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = tail;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}
