//! The reader.

use super::{DEFAULT, DELIMITERS, Section};

/// Reads the sections of a text.
///
/// # Errors
/// In go-ini's words.
pub(super) fn sections(text: &[u8]) -> Result<Vec<Section>, String> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    let text = String::from_utf8_lossy(text);
    let mut reader = Reader { rest: &text, comment: String::new(), counter: 1 };
    let mut section = new_section(DEFAULT)?;
    let mut sections = Vec::new();
    while let Some(line) = reader.line() {
        let line = line.trim_start();
        match line.chars().next() {
            None => {}
            Some('#' | ';') => reader.comment.push_str(line),
            Some('[') => {
                let Some(end) = line.rfind(']') else {
                    return Err(format!("unclosed section: {line}"));
                };
                let name = line.get(1..end).unwrap_or_default();
                sections.push(std::mem::replace(&mut section, new_section(name)?));
                reader.add_comment(line.get(end + 1..).unwrap_or_default());
                section.comment = reader.take_comment();
                reader.counter = 1;
            }
            Some(_) => {
                let (name, rest) = name(line)?;
                let name = if name == "-" {
                    reader.counter += 1;
                    format!("#{}", reader.counter - 1)
                } else {
                    name.to_owned()
                };
                let value = reader.value(rest)?;
                section
                    .set(&name, value.into_bytes())
                    .map_err(|_| "error creating new key: empty key name".to_owned())?;
                let comment = reader.take_comment();
                if let Some(key) = section.keys.iter_mut().find(|key| key.name == name) {
                    key.comment = comment;
                }
            }
        }
    }
    sections.push(section);
    Ok(sections)
}

fn new_section(name: &str) -> Result<Section, String> {
    if name.is_empty() {
        return Err("empty section name".to_owned());
    }
    Ok(Section { name: name.to_owned(), comment: String::new(), keys: Vec::new() })
}

/// Splits a line into a name and what follows the delimiter.
fn name(line: &str) -> Result<(&str, &str), String> {
    let missing = || format!("key-value delimiter not found: {line}");
    let quote = if line.len() > 6 && line.starts_with("\"\"\"") {
        "\"\"\""
    } else if line.starts_with('"') {
        "\""
    } else if line.starts_with('`') {
        "`"
    } else {
        let end = line.find(DELIMITERS).ok_or_else(missing)?;
        if end == 0 {
            return Err(format!("empty key name: {line}"));
        }
        let (name, rest) = line.split_at(end);
        return Ok((name.trim(), rest.get(1..).unwrap_or_default()));
    };
    let inside = line.get(quote.len()..).unwrap_or_default();
    let Some(end) = inside.find(quote) else {
        return Err(format!("missing closing key quote: {line}"));
    };
    let (name, rest) = inside.split_at(end);
    let delimiter = rest.find(DELIMITERS).ok_or_else(missing)?;
    Ok((name.trim(), rest.get(delimiter + 1..).unwrap_or_default()))
}

struct Reader<'a> {
    rest: &'a str,
    /// Comments since the last entry.
    comment: String,
    /// The number that a name of `-` stands for.
    counter: usize,
}

impl<'a> Reader<'a> {
    /// Takes a line with its line break.
    fn line(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(line)
    }

    fn add_comment(&mut self, text: &str) {
        if let Some(begin) = text.find(['#', ';']) {
            self.comment.push_str(text.get(begin..).unwrap_or_default());
        }
    }

    fn take_comment(&mut self) -> String {
        std::mem::take(&mut self.comment).trim().to_owned()
    }

    fn value(&mut self, text: &str) -> Result<String, String> {
        let line = text.trim_start();
        if line.is_empty() {
            return Ok(String::new());
        }
        let quote = if line.len() > 3 && line.starts_with("\"\"\"") {
            "\"\"\""
        } else if line.starts_with('`') {
            "`"
        } else {
            return Ok(self.unquoted(line));
        };
        let inside = line.get(quote.len()..).unwrap_or_default();
        match inside.rfind(quote) {
            Some(end) => Ok(inside.get(..end).unwrap_or_default().to_owned()),
            None => self.lines(line, inside, quote),
        }
    }

    /// Reads on to the line with the closing quote.
    fn lines(&mut self, line: &str, begin: &str, quote: &str) -> Result<String, String> {
        let mut value = begin.to_owned();
        loop {
            let next = self.line().unwrap_or_default();
            if let Some(end) = next.rfind(quote) {
                let (text, comment) = next.split_at(end);
                value.push_str(text);
                self.add_comment(comment.trim());
                return Ok(value);
            }
            value.push_str(next);
            if self.rest.is_empty() {
                let quote = flux_gostd::quote::quote;
                let (from, to) = (quote(line), quote(next));
                return Err(format!("missing closing key quote from {from} to {to}"));
            }
        }
    }

    fn unquoted(&mut self, line: &str) -> String {
        let mut line = line.trim();
        if let Some(begin) = line.strip_suffix('\\') {
            return self.continued(begin);
        }
        if let Some(begin) = line.find(['#', ';']) {
            let (value, comment) = line.split_at(begin);
            self.comment.push_str(comment);
            line = value.trim();
        }
        for quote in ['\'', '"'] {
            let inside = line.strip_prefix(quote).and_then(|line| line.strip_suffix(quote));
            if let Some(inside) = inside.filter(|inside| !inside.contains(quote)) {
                return inside.to_owned();
            }
        }
        line.to_owned()
    }

    /// Reads on as long as lines end with a backslash.
    fn continued(&mut self, begin: &str) -> String {
        let mut value = begin.to_owned();
        loop {
            let next = self.line().unwrap_or_default().trim();
            if next.is_empty() {
                return value;
            }
            match next.strip_suffix('\\') {
                Some(next) => value.push_str(next),
                None => {
                    value.push_str(next);
                    return value;
                }
            }
        }
    }
}
