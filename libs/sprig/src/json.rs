//! JSON as Go's `encoding/json` writes and reads it.

use flux_gostd::number::json_f64;
use flux_gotemplate::{CallError, Type, Value};

use crate::registry::{Arguments, Called, Registry};

/// How JSON text is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// On one line, `<`, `>` and `&` escaped.
    Compact,
    /// On one line, nothing escaped beyond need.
    Raw,
    /// With two spaces of indentation, `<`, `>` and `&` escaped.
    Pretty,
}

/// How deep values are encoded; Go finds maps that hold themselves.
const MAX_DEPTH: usize = 1_000;

pub(crate) fn register(registry: &mut Registry) {
    let any = &[Type::Any];
    registry.add("toJson", any, |args| forgiving(args, Layout::Compact));
    registry.add("mustToJson", any, |args| strict(args, Layout::Compact));
    registry.add("toPrettyJson", any, |args| forgiving(args, Layout::Pretty));
    registry.add("mustToPrettyJson", any, |args| strict(args, Layout::Pretty));
    registry.add("toRawJson", any, |args| strict(args, Layout::Raw));
    registry.add("mustToRawJson", any, |args| strict(args, Layout::Raw));
    registry.add("fromJson", &[Type::Str], |args| Ok(parse(&args.text(0)).unwrap_or_default()));
    registry.add("mustFromJson", &[Type::Str], |args| parse(&args.text(0)));
}

fn forgiving(args: Arguments<'_>, layout: Layout) -> Called {
    Ok(to_json_text(args.value(0), layout).unwrap_or_default().into())
}

fn strict(args: Arguments<'_>, layout: Layout) -> Called {
    Ok(to_json_text(args.value(0), layout)?.into())
}

fn parse(text: &str) -> Called {
    let value = serde_json::from_str::<serde_json::Value>(text);
    value.map(|value| Value::from_json_text(&value)).map_err(|error| {
        CallError::new(if error.is_eof() {
            "unexpected end of JSON input".to_owned()
        } else {
            unexpected(text, &error)
        })
    })
}

/// Go's words for a character that is out of place, as far as it can be found.
fn unexpected(text: &str, error: &serde_json::Error) -> String {
    let line = text.split('\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let before = error.column().saturating_sub(1);
    let found = line.get(before..).and_then(|rest| rest.chars().next()).unwrap_or('\n');
    let place = match line.get(..before).is_none_or(|before| before.trim().is_empty()) {
        true => "looking for beginning of value",
        false => "after top-level value",
    };
    format!("invalid character {} {place}", flux_gostd::quote::quote_rune(found))
}

/// Encodes a value.
///
/// # Errors
/// In Go's words: infinite numbers, functions, maps that hold themselves.
pub fn to_json_text(value: &Value, layout: Layout) -> Result<String, CallError> {
    let mut writer = Writer { out: String::new(), layout };
    writer.value(value, 0)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    layout: Layout,
}

impl Writer {
    fn value(&mut self, value: &Value, depth: usize) -> Result<(), CallError> {
        if depth > MAX_DEPTH {
            let name = value.type_name();
            return Err(format!("json: unsupported value: encountered a cycle via {name}").into());
        }
        match value {
            Value::Nil => self.out.push_str("null"),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) => self.out.push_str(&number.to_string()),
            Value::Uint(number) => self.out.push_str(&number.to_string()),
            Value::Byte(number) => self.out.push_str(&number.to_string()),
            Value::Float(number) => match json_f64(*number) {
                Some(text) => self.out.push_str(&text),
                None => {
                    let shown = flux_gotemplate::printf("%v", std::slice::from_ref(value));
                    return Err(format!("json: unsupported value: {shown}").into());
                }
            },
            Value::Str(text) => self.text(text),
            Value::Raw(bytes) => self.text(&String::from_utf8_lossy(bytes)),
            Value::Bytes(bytes) => {
                use base64::Engine;
                self.text(&base64::engine::general_purpose::STANDARD.encode(bytes));
            }
            Value::List(list) => {
                let items = list.items.iter().map(|item| (None, item));
                self.collection(('[', ']'), items, depth)?;
            }
            Value::Map(map) => {
                let entries = map.entries.borrow();
                let items = entries.iter().map(|(key, item)| (Some(key.as_str()), item));
                self.collection(('{', '}'), items, depth)?;
            }
            Value::Object(object) => self.value(&Value::from(&object.json()), depth)?,
            Value::Complex(..) | Value::Func(_) => {
                return Err(format!("json: unsupported type: {}", value.type_name()).into());
            }
        }
        Ok(())
    }

    fn collection<'v>(
        &mut self,
        (open, close): (char, char),
        items: impl Iterator<Item = (Option<&'v str>, &'v Value)>,
        depth: usize,
    ) -> Result<(), CallError> {
        self.out.push(open);
        let mut is_empty = true;
        for (key, item) in items {
            if !std::mem::take(&mut is_empty) {
                self.out.push(',');
            }
            self.line(depth + 1);
            if let Some(key) = key {
                self.text(key);
                self.out.push_str(if self.layout == Layout::Pretty { ": " } else { ":" });
            }
            self.value(item, depth + 1)?;
        }
        if !is_empty {
            self.line(depth);
        }
        self.out.push(close);
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if self.layout == Layout::Pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", depth));
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '<' | '>' | '&' if self.layout == Layout::Raw => self.out.push(c),
                '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    self.out.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }
}
