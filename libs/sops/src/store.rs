//! The formats.

mod dotenv;
mod ini;
mod json;
mod yaml;

use crate::{Branch, Error, Item, Value};

/// The format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Any bytes; encrypted they are one value in JSON.
    Binary,
    /// Lines `NAME=value`.
    Dotenv,
    /// Sections of `name = value`.
    Ini,
    /// JSON with an object at the top.
    Json,
    /// YAML, one or more documents.
    Yaml,
}

impl Format {
    /// Tells the format from the end of a file name.
    pub fn of_path(path: &str) -> Self {
        let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
        match () {
            () if ends(&[".yaml", ".yml"]) => Self::Yaml,
            () if ends(&[".json"]) => Self::Json,
            () if ends(&[".env"]) => Self::Dotenv,
            () if ends(&[".ini"]) => Self::Ini,
            () => Self::Binary,
        }
    }
}

/// Reads a plain text.
pub(crate) fn read_plain(format: Format, text: &[u8]) -> Result<Vec<Branch>, Error> {
    match format {
        Format::Binary => Ok(vec![vec![Item::new("data", Value::Text(text.to_vec()))]]),
        Format::Dotenv => dotenv::read(text),
        Format::Ini => ini::read(text),
        Format::Json => json::read(text),
        Format::Yaml => yaml::read(text),
    }
}

/// Reads an encrypted text, metadata among the entries.
pub(crate) fn read_encrypted(format: Format, text: &[u8]) -> Result<Vec<Branch>, Error> {
    match format {
        Format::Binary => json::read(text),
        Format::Dotenv | Format::Ini | Format::Json | Format::Yaml => read_plain(format, text),
    }
}

/// Prints a plain text.
pub(crate) fn write_plain(format: Format, branches: &[Branch]) -> Result<Vec<u8>, Error> {
    match format {
        Format::Binary => write_binary(branches),
        Format::Dotenv => dotenv::write(branches),
        Format::Ini => ini::write(branches),
        Format::Json => json::write(branches),
        Format::Yaml => yaml::write(branches),
    }
}

/// Prints an encrypted text, metadata among the entries.
pub(crate) fn write_encrypted(format: Format, branches: &[Branch]) -> Result<Vec<u8>, Error> {
    match format {
        Format::Binary => json::write(branches),
        Format::Dotenv | Format::Ini | Format::Json | Format::Yaml => write_plain(format, branches),
    }
}

fn write_binary(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    let problem = |what: &str| Error::Emit(format!("error emitting binary store: {what}"));
    let [branch] = branches else {
        return Err(problem("there must be exactly one tree branch"));
    };
    match branch.iter().find(|item| item.name() == Some("data")).map(|item| &item.value) {
        Some(Value::Text(text)) => Ok(text.clone()),
        Some(_) => Err(problem("'data' key in tree does not have a string value")),
        None => Err(problem("no binary data found in tree")),
    }
}

/// Prints a value that has no parts for formats that know text only.
fn simple_text(value: &Value) -> Vec<u8> {
    use flux_gostd::number::{Layout, format_f64};
    match value {
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => {
            let shown: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("[{}]", shown.join(" ")).into_bytes()
        }
        Value::Float(float) => {
            let text = format_f64(*float, Layout::General).to_uppercase();
            let text = match text.as_str() {
                "NAN" => "NaN".to_owned(),
                "+INF" => "+Inf".to_owned(),
                "-INF" => "-Inf".to_owned(),
                // What could be taken for a whole number gets a fraction.
                _ if !text.contains(['.', 'E']) => {
                    format!("{}.0", format_f64(*float, Layout::Fixed))
                }
                _ => text,
            };
            text.into_bytes()
        }
        Value::Bool(bool) => bool.to_string().into_bytes(),
        Value::Int(int) => int.to_string().into_bytes(),
        Value::Uint(uint) => uint.to_string().into_bytes(),
        Value::Time(time) => time.rfc3339().into_bytes(),
        Value::Comment(comment) => format!("{{{} {}}}", comment.text, comment.inline).into_bytes(),
        Value::Null | Value::List(_) | Value::Map(_) => b"<nil>".to_vec(),
    }
}
