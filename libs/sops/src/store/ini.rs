//! Sections of `name = value`, as go-ini reads and writes them.

mod read;

use super::simple_text;
use crate::{Branch, Comment, Error, Item, Key, Value};

/// Characters that end a name.
const DELIMITERS: [char; 2] = ['=', ':'];
/// The section that a text begins in.
const DEFAULT: &str = "DEFAULT";

/// A section.
pub(super) struct Section {
    name: String,
    comment: String,
    keys: Vec<Entry>,
}

/// An entry of a section.
struct Entry {
    name: String,
    value: Vec<u8>,
    comment: String,
}

/// Reads a text.
pub(super) fn read(text: &[u8]) -> Result<Vec<Branch>, Error> {
    let sections = read::sections(text);
    let sections = sections
        .map_err(|error| Error::Load(format!("Could not unmarshal input data: {error}")))?;
    Ok(vec![sections.into_iter().map(section_item).collect()])
}

fn section_item(section: Section) -> Item {
    let mut entries = Vec::new();
    let comment = |entries: &mut Branch, text: &str| {
        if !text.is_empty() {
            entries.push(Item::comment(without_mark(text), false));
        }
    };
    comment(&mut entries, &section.comment);
    for key in section.keys {
        entries.push(Item::new(key.name, Value::Text(key.value)));
        comment(&mut entries, &key.comment);
    }
    Item::new(section.name, Value::Map(entries))
}

fn without_mark(comment: &str) -> &str {
    match comment.chars().next() {
        Some(mark @ (';' | '#')) => comment.trim_start_matches([mark, ' ']),
        _ => comment,
    }
}

/// Prints a text.
pub(super) fn write(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    let sections = sections(branches)
        .map_err(|error| Error::Emit(format!("Error marshaling to INI: {error}")))?;
    let mut out = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        print_comment(&section.comment, &mut out);
        // The section that a text begins in has no header, and is not there if it is empty.
        if index > 0 || !section.name.eq_ignore_ascii_case(DEFAULT) {
            out.extend_from_slice(format!("[{}]\n", section.name).as_bytes());
        } else if section.keys.is_empty() {
            continue;
        }
        print_keys(section, &mut out);
        if index + 1 < sections.len() {
            out.push(b'\n');
        }
    }
    Ok(out)
}

fn sections(branches: &[Branch]) -> Result<Vec<Section>, String> {
    let mut sections = Vec::new();
    for item in branches.iter().flatten() {
        let Some(name) = item.name() else { continue };
        if name.is_empty() {
            return Err(format!("Error encoding section {name}: empty section name"));
        }
        let Value::Map(entries) = &item.value else {
            return Err(
                "Error encoding section: Section values should always be TreeBranches".to_owned()
            );
        };
        let mut section =
            Section { name: name.to_owned(), comment: String::new(), keys: Vec::new() };
        for (index, item) in entries.iter().enumerate() {
            match &item.key {
                Key::Comment(Comment { text, .. }) if index == 0 => section.comment = text.clone(),
                Key::Comment(Comment { text, .. }) => {
                    if let Some(last) = section.keys.last_mut() {
                        last.comment = text.clone();
                    }
                }
                Key::Text(name) => section.set(name, simple_text(&item.value))?,
                Key::Other(_, name) => section.set(name, simple_text(&item.value))?,
            }
        }
        sections.push(section);
    }
    Ok(sections)
}

impl Section {
    /// Sets a value; one that is there keeps its place.
    fn set(&mut self, name: &str, value: Vec<u8>) -> Result<(), String> {
        if name.is_empty() {
            return Err("Error encoding key: error creating new key: empty key name".to_owned());
        }
        match self.keys.iter_mut().find(|key| key.name == name) {
            Some(key) => key.value = value,
            None => {
                self.keys.push(Entry { name: name.to_owned(), value, comment: String::new() });
            }
        }
        Ok(())
    }
}

fn print_comment(comment: &str, out: &mut Vec<u8>) {
    if comment.is_empty() {
        return;
    }
    for line in comment.split('\n') {
        let line = match line.chars().next() {
            Some(mark @ ('#' | ';')) => {
                format!("{mark} {}\n", line.get(1..).unwrap_or_default().trim())
            }
            _ => format!("; {line}\n"),
        };
        out.extend_from_slice(line.as_bytes());
    }
}

fn print_keys(section: &Section, out: &mut Vec<u8>) {
    let names: Vec<String> = section.keys.iter().map(|key| quoted_name(&key.name)).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    for (key, name) in section.keys.iter().zip(names) {
        print_comment(&key.comment, out);
        out.extend_from_slice(name.as_bytes());
        out.extend(std::iter::repeat_n(b' ', width - name.len()));
        out.extend_from_slice(b" = ");
        out.extend(quoted_value(&key.value));
        out.push(b'\n');
    }
}

fn quoted_name(name: &str) -> String {
    if name.contains('"') || name.contains(DELIMITERS) {
        format!("`{name}`")
    } else if name.contains('`') {
        format!("\"\"\"{name}\"\"\"")
    } else {
        name.to_owned()
    }
}

fn quoted_value(value: &[u8]) -> Vec<u8> {
    let has = |bytes: &[u8]| value.iter().any(|byte| bytes.contains(byte));
    let quote: &[u8] = if has(b"\n`") {
        b"\"\"\""
    } else if has(b"#;") {
        b"`"
    } else if String::from_utf8_lossy(value).trim().len() != value.len() {
        b"\""
    } else {
        b""
    };
    [quote, value, quote].concat()
}
