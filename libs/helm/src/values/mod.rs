//! Values: reading, merging, paths, and the text that digests are made of.

mod coalesce;
mod compose;
mod schema;
pub mod set;

use flux_gotemplate::Value as Data;
use serde_json::{Map, Number, Value};
use sha2::Digest;

pub use coalesce::coalesce;
pub(crate) use coalesce::{Coalescing, Nulls};
pub use compose::{ComposeError, ValuesSource, compose};
pub use schema::{SchemaError, validate};

use crate::typed;

/// Values by name. Numbers out of YAML are floats, as in Helm; only `--set` and the like make whole
/// numbers.
pub type Values = Map<String, Value>;

/// The name under which values go to all subcharts.
pub(crate) const GLOBAL: &str = "global";

/// Why a text holds no values; the texts are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// A document is no YAML or no map.
    #[error("cannot unmarshal yaml document: {0}")]
    Document(String),
    /// A section that belongs to a subchart is no map.
    #[error("type mismatch on {name}: {value}")]
    Section {
        /// The subchart's name.
        name: String,
        /// The value as Go prints it.
        value: String,
    },
}

/// Reads values; those of several documents are merged, later ones going before earlier ones.
///
/// # Errors
/// A document is no YAML or no map.
pub fn load(text: &str) -> Result<Values, ValuesError> {
    let mut values = Values::new();
    for document in documents(text) {
        let value = typed::yaml(&document).map_err(ValuesError::Document)?;
        match with_floats(value) {
            Value::Null => {}
            Value::Object(map) => merge(&mut values, map),
            other => {
                let error = format!(
                    "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                    typed::kind(&other)
                );
                return Err(ValuesError::Document(typed::decoding(error)));
            }
        }
    }
    Ok(values)
}

/// Splits at lines that are `---`, a comment behind it or not.
fn documents(text: &str) -> Vec<String> {
    let mut documents = Vec::new();
    let mut document = String::new();
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if (rest.is_empty() || rest.starts_with('#')) && !document.is_empty() {
                documents.push(std::mem::take(&mut document));
                continue;
            }
        }
        document.push_str(line);
    }
    if !document.is_empty() {
        documents.push(document);
    }
    documents
}

/// Makes all numbers floats, as Go's JSON decoder does.
pub(crate) fn with_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().and_then(Number::from_f64);
            Value::Number(float.unwrap_or(number))
        }
        Value::Array(items) => items.into_iter().map(with_floats).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, with_floats(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

/// Puts `from` over `into`: maps are merged, everything else is replaced, nulls stay.
pub fn merge(into: &mut Values, from: Values) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// The text of values whose digest tells whether they changed: YAML with sorted keys; nothing for
/// no values.
pub fn config_text(values: &Values) -> String {
    if values.is_empty() {
        return String::new();
    }
    flux_yaml::emit(&sorted(&Value::Object(values.clone())), flux_yaml::Emit::V2)
}

/// A tree whose keys are sorted by their bytes, which is not the order that YAML has elsewhere.
fn sorted(value: &Value) -> flux_yaml::Node {
    use flux_yaml::Node;
    match value {
        Value::Array(items) => Node::sequence(items.iter().map(sorted)),
        Value::Object(map) => Node::mapping(
            map.iter()
                .map(|(key, value)| (Node::from_value(&Value::String(key.clone())), sorted(value))),
        ),
        Value::Number(number) if number.is_f64() => {
            let text = number.as_f64().and_then(flux_gostd::number::json_f64);
            let whole = text.and_then(|text| text.parse::<i64>().ok());
            Node::from_value(&whole.map_or_else(|| value.clone(), Value::from))
        }
        scalar => Node::from_value(scalar),
    }
}

/// The digest of values, as helm-controller keeps it.
pub fn config_digest(values: &Values) -> String {
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(config_text(values))))
}

/// A map as templates see it.
pub(crate) fn to_data(values: &Values) -> flux_gotemplate::Map {
    let entries = values.iter().map(|(key, value)| (key.clone(), Data::from(value)));
    match Data::map(entries.collect()) {
        Data::Map(map) => map,
        _ => flux_gotemplate::Map::default(),
    }
}

/// How deep values go back into JSON; a map that holds itself would have no end.
const MAX_DEPTH: usize = 500;

/// The JSON of a map that templates see.
pub(crate) fn to_values(map: &flux_gotemplate::Map) -> Values {
    match json_at(&Data::Map(map.clone()), 0) {
        Ok(Value::Object(values)) => values,
        _ => Values::new(),
    }
}

/// The JSON of a value.
///
/// # Errors
/// In Go's words, for what has none.
pub(crate) fn json_at(value: &Data, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        let name = value.type_name();
        return Err(format!("json: unsupported value: encountered a cycle via {name}"));
    }
    Ok(match value {
        Data::Nil => Value::Null,
        Data::Bool(value) => Value::Bool(*value),
        Data::Int(number) | Data::Int64(number) => (*number).into(),
        Data::Uint(number) => (*number).into(),
        Data::Byte(number) => (*number).into(),
        Data::Float(number) => match Number::from_f64(*number) {
            Some(number) => Value::Number(number),
            None => return Err(format!("json: unsupported value: {number}")),
        },
        Data::Str(text) => Value::String(text.to_string()),
        Data::Raw(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        Data::Bytes(bytes) => {
            use base64::Engine;
            base64::engine::general_purpose::STANDARD.encode(bytes).into()
        }
        Data::List(list) => {
            let items = list.items.iter().map(|item| json_at(item, depth + 1));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Data::Map(map) => {
            let entries = map.entries.borrow();
            let entries = entries
                .iter()
                .map(|(key, value)| json_at(value, depth + 1).map(|value| (key.clone(), value)));
            Value::Object(entries.collect::<Result<_, _>>()?)
        }
        Data::Object(object) => object.json(),
        Data::Complex(..) | Data::Func(_) => {
            return Err(format!("json: unsupported type: {}", value.type_name()));
        }
    })
}

/// The table at a path with dots.
pub(crate) fn table<'v>(values: &'v Values, path: &str) -> Option<&'v Values> {
    path.split('.').try_fold(values, |table, name| match table.get(name) {
        Some(Value::Object(inner)) => Some(inner),
        _ => None,
    })
}

/// The value at a path with dots, unless it is a table.
pub(crate) fn path_value<'v>(values: &'v Values, path: &str) -> Option<&'v Value> {
    let found = match path.rsplit_once('.') {
        Some((parent, name)) => table(values, parent)?.get(name),
        None => values.get(path),
    };
    found.filter(|value| !value.is_object())
}
