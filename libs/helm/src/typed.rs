//! JSON values read into fields of certain types, with the words of Go's decoder.

use flux_gostd::number::{Layout, format_f32};
use serde_json::{Map, Value};

/// Why a value does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("json: cannot unmarshal {found} into Go {place} of type {wanted}")]
pub(crate) struct Mismatch {
    found: &'static str,
    place: String,
    wanted: &'static str,
}

/// Reads a YAML text as sigs.k8s.io/yaml does before it decodes.
pub(crate) fn yaml(text: &str) -> Result<Value, String> {
    flux_yaml::from_str(text).map_err(|error| error.to_string())
}

/// Words the error of a decoder as sigs.k8s.io/yaml does.
pub(crate) fn decoding(error: impl std::fmt::Display) -> String {
    format!("error unmarshaling JSON: while decoding JSON: {error}")
}

/// What Go calls a value of JSON.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The fields of one struct.
pub(crate) struct Fields<'a> {
    /// The struct's name and the path to it.
    place: String,
    fields: Option<&'a Map<String, Value>>,
}

impl<'a> Fields<'a> {
    /// Reads a document; null has no fields.
    pub(crate) fn of(value: &'a Value, name: &'static str) -> Result<Self, Mismatch> {
        let short = name.rsplit('.').next().unwrap_or(name);
        Self::at(value, short.to_owned(), ("value".to_owned(), name))
    }

    fn at(
        value: &'a Value,
        place: String,
        (refusal, wanted): (String, &'static str),
    ) -> Result<Self, Mismatch> {
        let fields = match value {
            Value::Null => None,
            Value::Object(fields) => Some(fields),
            other => {
                return Err(Mismatch { found: kind(other), place: refusal, wanted });
            }
        };
        Ok(Self { place, fields })
    }

    /// The value of a field; Go finds fields in any case.
    fn value(&self, name: &str) -> &'a Value {
        let Some(fields) = self.fields else { return &Value::Null };
        let exact = fields.get(name);
        let any_case = || {
            fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        exact.or_else(any_case).unwrap_or(&Value::Null)
    }

    fn mismatch(&self, name: &str, found: &Value, wanted: &'static str) -> Mismatch {
        let place = format!("struct field {}.{name}", self.place);
        Mismatch { found: kind(found), place, wanted }
    }

    pub(crate) fn text(&self, name: &str) -> Result<String, Mismatch> {
        text(self.value(name)).map_err(|found| self.mismatch(name, found, "string"))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Mismatch> {
        match self.value(name) {
            Value::Null => Ok(false),
            Value::Bool(value) => Ok(*value),
            other => Err(self.mismatch(name, other, "bool")),
        }
    }

    /// The items of a list.
    pub(crate) fn items(&self, name: &str, wanted: &'static str) -> Result<&'a [Value], Mismatch> {
        match self.value(name) {
            Value::Null => Ok(&[]),
            Value::Array(items) => Ok(items),
            other => Err(self.mismatch(name, other, wanted)),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Mismatch> {
        let items = self.items(name, "[]string")?.iter();
        let read = |item| text(item).map_err(|found| self.mismatch(name, found, "string"));
        items.map(read).collect()
    }

    pub(crate) fn map_of_texts(&self, name: &str) -> Result<Vec<(String, String)>, Mismatch> {
        match self.value(name) {
            Value::Null => Ok(Vec::new()),
            Value::Object(entries) => {
                let read = |(key, value): (&String, &'a Value)| match text(value) {
                    Ok(value) => Ok((key.clone(), value)),
                    Err(found) => Err(self.mismatch(name, found, "string")),
                };
                entries.iter().map(read).collect()
            }
            other => Err(self.mismatch(name, other, "map[string]string")),
        }
    }

    /// A struct in a field; nothing if it is null.
    pub(crate) fn inner(&self, name: &str, wanted: &'static str) -> Result<Option<Self>, Mismatch> {
        let value = self.value(name);
        if value.is_null() {
            return Ok(None);
        }
        let place = format!("{}.{name}", self.place);
        let refusal = format!("struct field {place}");
        Self::at(value, place, (refusal, wanted)).map(Some)
    }

    /// A struct in a list in a field; nothing if it is null.
    pub(crate) fn item(
        &self,
        name: &str,
        (value, wanted): (&'a Value, &'static str),
    ) -> Result<Option<Self>, Mismatch> {
        if value.is_null() {
            return Ok(None);
        }
        let place = format!("{}.{name}", self.place);
        let refusal = format!("struct field {place}");
        Self::at(value, place, (refusal, wanted)).map(Some)
    }
}

/// A text; scalars of other types stand for their text.
fn text(value: &Value) -> Result<String, &Value> {
    Ok(match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) if number.is_f64() => {
            #[expect(clippy::cast_possible_truncation, reason = "the original does so too")]
            let single = number.as_f64().unwrap_or_default() as f32;
            format_f32(single, Layout::General)
        }
        Value::Number(number) => number.to_string(),
        other => return Err(other),
    })
}

/// Gives numbers that the text writes as floats back that type, which matters where they become
/// text.
pub(crate) fn restore_floats(text: &str, value: &mut Value) {
    if let Ok(documents) = flux_yaml::parse(text.as_bytes())
        && let Some(root) = documents.first()
    {
        restore(root, value);
    }
}

fn restore(node: &flux_yaml::Node, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for pair in node.content.chunks(2) {
                if let [key, node] = pair
                    && let Some(value) = fields.get_mut(&key.value)
                {
                    restore(node, value);
                }
            }
        }
        Value::Array(items) => {
            node.content.iter().zip(items).for_each(|(node, value)| restore(node, value));
        }
        Value::Number(number) => {
            let written = &node.value;
            let is_float = !written.starts_with("0x") && written.contains(['.', 'e', 'E']);
            if is_float && let Some(float) = number.as_f64() {
                *value = Value::from(float);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}
