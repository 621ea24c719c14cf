//! JSON with its order kept; indented by tabs.

mod read;

use flux_gostd::number::json_f64;

use crate::tree::time_text;
use crate::{Branch, Comment, Error, Value, base64_text};

/// Reads a text.
pub(super) fn read(text: &[u8]) -> Result<Vec<Branch>, Error> {
    let branch = read::object(&String::from_utf8_lossy(text));
    let branch =
        branch.map_err(|error| Error::Load(format!("Could not unmarshal input data: {error}")))?;
    Ok(vec![branch])
}

/// Prints the first document.
pub(super) fn write(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    let mut writer = Writer { out: String::new(), depth: 0 };
    let empty = Vec::new();
    writer
        .map(branches.first().unwrap_or(&empty))
        .map_err(|error| Error::Emit(format!("Error marshaling to json: {error}")))?;
    writer.out.push('\n');
    Ok(writer.out.into_bytes())
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), String> {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Text(text) => self.string(&String::from_utf8_lossy(text)),
            Value::Bytes(bytes) => self.string(&base64_text::encode(bytes)),
            Value::Int(int) => self.out.push_str(&int.to_string()),
            Value::Uint(uint) => self.out.push_str(&uint.to_string()),
            Value::Float(float) => {
                let text = json_f64(*float);
                let text = text.ok_or_else(|| format!("json: unsupported value: {float}"))?;
                self.out.push_str(&text);
            }
            Value::Bool(bool) => self.out.push_str(if *bool { "true" } else { "false" }),
            Value::Time(time) => self.string(&time_text(time)),
            Value::Comment(Comment { text, inline }) => {
                let text = Value::text(text.as_str());
                let entries = [("Value", &text), ("Inline", &Value::Bool(*inline))];
                self.entries(entries.into_iter())?;
            }
            Value::List(items) => self.list(items)?,
            Value::Map(branch) => self.map(branch)?,
        }
        Ok(())
    }

    fn string(&mut self, text: &str) {
        self.out.push_str(&flux_yaml::to_json(&text.into()));
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n('\t', self.depth));
    }

    fn list(&mut self, items: &[Value]) -> Result<(), String> {
        self.out.push('[');
        self.depth += 1;
        let mut is_empty = true;
        for item in items.iter().filter(|item| !matches!(item, Value::Comment(_))) {
            self.out.push_str(if is_empty { "" } else { "," });
            is_empty = false;
            self.line();
            self.value(item)?;
        }
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.out.push(']');
        Ok(())
    }

    fn map(&mut self, branch: &Branch) -> Result<(), String> {
        self.entries(branch.iter().filter_map(|item| Some((item.name()?, &item.value))))
    }

    fn entries<'v>(
        &mut self,
        entries: impl Iterator<Item = (&'v str, &'v Value)>,
    ) -> Result<(), String> {
        self.out.push('{');
        self.depth += 1;
        let mut is_empty = true;
        for (name, value) in entries {
            self.out.push_str(if is_empty { "" } else { "," });
            is_empty = false;
            self.line();
            self.string(name);
            self.out.push_str(": ");
            self.value(value)?;
        }
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.out.push('}');
        Ok(())
    }
}
