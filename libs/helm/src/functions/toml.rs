//! TOML as BurntSushi's library writes it.

use std::collections::BTreeMap;

use flux_gostd::number::{Layout, format_f64};
use flux_gotemplate::Value;

/// How deep values are written.
const MAX_DEPTH: usize = 500;

/// Writes a value; the error is the library's text.
pub(super) fn to_toml(value: &Value) -> Result<String, String> {
    let mut writer = Writer { out: String::new() };
    writer.value(&[], value)?;
    Ok(writer.out)
}

/// What a value is in TOML.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Left out.
    Nil,
    Plain,
    Table,
    TableArray,
}

fn kind(value: &Value) -> Result<Kind, String> {
    Ok(match value {
        Value::Nil => Kind::Nil,
        Value::Map(_) => Kind::Table,
        Value::List(list) if !list.items.is_empty() => {
            let mut tables = true;
            for item in list.items.iter() {
                match kind(item)? {
                    Kind::Nil => {
                        return Err("toml: cannot encode array with nil element".to_owned());
                    }
                    Kind::Table => {}
                    Kind::Plain | Kind::TableArray => tables = false,
                }
            }
            if tables { Kind::TableArray } else { Kind::Plain }
        }
        _ => Kind::Plain,
    })
}

struct Writer {
    out: String,
}

impl Writer {
    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn indent(&mut self, key: &[String]) {
        self.out.extend(std::iter::repeat_n("  ", key.len().saturating_sub(1)));
    }

    fn value(&mut self, key: &[String], value: &Value) -> Result<(), String> {
        if key.len() > MAX_DEPTH {
            return Err("toml: value is nested too deep".to_owned());
        }
        match (kind(value)?, value) {
            (Kind::Nil, _) => Ok(()),
            (Kind::Table, Value::Map(map)) => {
                if key.len() == 1 {
                    self.newline();
                }
                if !key.is_empty() {
                    self.indent(key);
                    self.out.push_str(&format!("[{}]", joined(key)));
                    self.newline();
                }
                self.table(key, &map.entries.borrow())
            }
            (Kind::TableArray, Value::List(list)) => {
                if key.is_empty() {
                    return Err("toml: top-level values must be Go maps or structs".to_owned());
                }
                for item in list.items.iter() {
                    if let Value::Map(map) = item {
                        self.newline();
                        self.indent(key);
                        self.out.push_str(&format!("[[{}]]", joined(key)));
                        self.newline();
                        self.table(key, &map.entries.borrow())?;
                    }
                }
                Ok(())
            }
            _ => self.pair(key, value),
        }
    }

    fn pair(&mut self, key: &[String], value: &Value) -> Result<(), String> {
        let Some(last) = key.last() else { return self.element(value, 0) };
        self.indent(key);
        self.out.push_str(&format!("{} = ", quoted_key(last)));
        self.element(value, 0)?;
        self.newline();
        Ok(())
    }

    /// Plain values go before tables.
    fn table(&mut self, key: &[String], entries: &BTreeMap<String, Value>) -> Result<(), String> {
        for tables in [false, true] {
            for (name, value) in entries {
                let is_table = matches!(kind(value)?, Kind::Table | Kind::TableArray);
                if is_table == tables {
                    let mut path = key.to_vec();
                    path.push(name.clone());
                    self.value(&path, value)?;
                }
            }
        }
        Ok(())
    }

    /// Writes a value on one line.
    fn element(&mut self, value: &Value, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("toml: value is nested too deep".to_owned());
        }
        match value {
            Value::Nil => {}
            Value::Bool(value) => self.out.push_str(&value.to_string()),
            Value::Int(number) | Value::Int64(number) => self.out.push_str(&number.to_string()),
            Value::Uint(number) => self.out.push_str(&number.to_string()),
            Value::Byte(number) => self.out.push_str(&number.to_string()),
            Value::Float(number) => self.out.push_str(&float(*number)),
            Value::Str(text) => self.text(text),
            Value::Raw(bytes) => self.text(&String::from_utf8_lossy(bytes)),
            Value::Bytes(bytes) => {
                let items: Vec<_> = bytes.iter().map(u8::to_string).collect();
                self.out.push_str(&format!("[{}]", items.join(", ")));
            }
            Value::List(list) => {
                self.out.push('[');
                for (index, item) in list.items.iter().enumerate() {
                    if index > 0 {
                        self.out.push_str(", ");
                    }
                    self.element(item, depth + 1)?;
                }
                self.out.push(']');
            }
            Value::Map(map) => self.inline(&map.entries.borrow(), depth)?,
            Value::Object(object) => self.text(&object.text()),
            Value::Complex(..) | Value::Func(_) => {
                return Err(format!("unsupported type: {}", value.type_name()));
            }
        }
        Ok(())
    }

    fn inline(&mut self, entries: &BTreeMap<String, Value>, depth: usize) -> Result<(), String> {
        let mut plain = Vec::new();
        let mut tables = Vec::new();
        for (name, value) in entries {
            match kind(value)? {
                Kind::Table | Kind::TableArray => tables.push((name, value)),
                Kind::Nil | Kind::Plain => plain.push((name, value)),
            }
        }
        self.out.push('{');
        let more = !tables.is_empty();
        for (group, trails) in [(plain, more), (tables, false)] {
            let count = group.len();
            for (index, (name, value)) in group.into_iter().enumerate() {
                if matches!(value, Value::Nil) {
                    continue;
                }
                self.out.push_str(&format!("{} = ", quoted_key(name)));
                self.element(value, depth + 1)?;
                if trails || index + 1 != count {
                    self.out.push_str(", ");
                }
            }
        }
        self.out.push('}');
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(&quoted(text));
    }
}

fn float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf" } else { "inf" }.to_owned();
    }
    let text = format_f64(number, Layout::General);
    if text.contains(['e', '.']) { text } else { format!("{text}.0") }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{1f}' | '\u{7f}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn quoted_key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

fn joined(key: &[String]) -> String {
    key.iter().map(|name| quoted_key(name)).collect::<Vec<_>>().join(".")
}

/// Reads TOML; what is none becomes a map with the error.
pub(super) fn from_toml(text: &str) -> Value {
    match text.parse::<toml::Table>() {
        Ok(table) => from_table(&table),
        Err(error) => {
            let line = error.span().map_or(1, |span| {
                text.get(..span.start).unwrap_or_default().matches('\n').count() + 1
            });
            let text = format!("toml: line {line}: {}", error.message());
            Value::map(BTreeMap::from([("Error".to_owned(), text.into())]))
        }
    }
}

fn from_table(table: &toml::Table) -> Value {
    Value::map(table.iter().map(|(key, value)| (key.clone(), from_value(value))).collect())
}

fn from_value(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => Value::Int64(*number),
        toml::Value::Float(number) => Value::Float(*number),
        toml::Value::Boolean(value) => (*value).into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => Value::list(items.iter().map(from_value).collect()),
        toml::Value::Table(table) => from_table(table),
    }
}
