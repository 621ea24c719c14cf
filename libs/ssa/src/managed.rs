//! The entries of `metadata.managedFields`.

use std::cmp::Ordering;

use flux_gostd::quote::quote;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::set::{InvalidFields, Set};

/// How a manager came to own its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn text(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Who owns fields. Entries of one object differ in this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// The name that the client gave.
    pub name: String,
    /// How it owns its fields.
    pub operation: Operation,
    /// The subresource that it wrote to; empty for the object itself.
    pub subresource: String,
    /// For [`Operation::Update`] the version that it wrote in; empty otherwise.
    pub api_version: String,
}

impl Manager {
    /// Makes the manager of a write in `api_version`.
    pub(crate) fn new(
        name: &str,
        operation: Operation,
        api_version: &str,
        subresource: &str,
    ) -> Self {
        let api_version = match operation {
            Operation::Apply => String::new(),
            Operation::Update => api_version.to_owned(),
        };
        let name = if name.is_empty() { "unknown" } else { name };
        Self { name: name.to_owned(), operation, subresource: subresource.to_owned(), api_version }
    }

    /// Returns the key by which the original sorts managers: the entry as JSON.
    pub(crate) fn sort_key(&self) -> String {
        let mut key = format!(
            "{{\"manager\":{},\"operation\":\"{}\"",
            json!(self.name),
            self.operation.text()
        );
        for (field, value) in
            [("apiVersion", &self.api_version), ("subresource", &self.subresource)]
        {
            if !value.is_empty() {
                key.push_str(&format!(",\"{field}\":{}", json!(value)));
            }
        }
        key.push('}');
        key
    }
}

/// Prints `"name" with subresource "status" using v1` as conflict messages do.
impl std::fmt::Display for Manager {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&quote(&self.name))?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {}", quote(&self.subresource))?;
        }
        match self.operation {
            Operation::Apply => Ok(()),
            Operation::Update => write!(f, " using {}", self.api_version),
        }
    }
}

/// What one manager owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Who owns it.
    pub manager: Manager,
    /// The version that the paths are in.
    pub api_version: String,
    /// When something last changed by it.
    pub time: Option<Timestamp>,
    /// The fields.
    pub fields: Set,
}

/// Why `metadata.managedFields` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntries {
    /// It is no list of maps, or a field has a value of the wrong type.
    #[error("entry {0} of managedFields is malformed")]
    Malformed(usize),
    /// The operation is missing or unknown.
    #[error("operation must be `Apply` or `Update`")]
    Operation,
    /// The version is missing.
    #[error("apiVersion must not be empty")]
    ApiVersion,
    /// The type of the fields is missing.
    #[error("missing fieldsType in managed fields entry {0}")]
    NoFieldsType(usize),
    /// The type of the fields is unknown.
    #[error("invalid fieldsType {text} in managed fields entry {at}", text = quote(.kind))]
    FieldsType {
        /// The type that was found.
        kind: String,
        /// The position of the entry.
        at: usize,
    },
    /// The set of fields cannot be read.
    #[error("error decoding set: {0}")]
    Fields(#[from] InvalidFields),
}

/// Who owns which fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedFields {
    /// One entry for each manager, in no particular order.
    pub entries: Vec<Entry>,
}

impl ManagedFields {
    /// Reads the managed fields of `object`. Of two entries of one manager the later counts.
    pub fn of(object: &Value) -> Result<Self, InvalidEntries> {
        let entries = match object.get("metadata").and_then(|meta| meta.get("managedFields")) {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(InvalidEntries::Malformed(0)),
        };
        let mut managed = Self { entries: Vec::with_capacity(entries.len() + 1) };
        for (at, entry) in entries.iter().enumerate() {
            let entry = read_entry(at, entry)?;
            managed.remove(&entry.manager);
            managed.entries.push(entry);
        }
        Ok(managed)
    }

    /// Writes the managed fields into `object`, sorted; none at all removes the field.
    pub fn write_to(mut self, object: &mut Value) {
        self.entries.sort_by(order);
        let entries: Vec<Value> = self.entries.iter().map(write_entry).collect();
        let Some(object) = object.as_object_mut() else { return };
        if entries.is_empty() {
            if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
                metadata.remove("managedFields");
            }
            return;
        }
        let metadata = object.entry("metadata").or_insert_with(|| json!({}));
        if metadata.is_null() {
            *metadata = json!({});
        }
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("managedFields".to_owned(), Value::Array(entries));
        }
    }

    /// Returns the entry of `manager`.
    pub fn entry(&self, manager: &Manager) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.manager == *manager)
    }

    pub(crate) fn remove(&mut self, manager: &Manager) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.manager == *manager)?;
        Some(self.entries.swap_remove(at))
    }

    /// Puts `entry` in the place of the manager's entry; an entry without fields just removes it.
    pub(crate) fn put(&mut self, entry: Entry) {
        self.remove(&entry.manager);
        if !entry.fields.is_empty() {
            self.entries.push(entry);
        }
    }
}

fn read_entry(at: usize, entry: &Value) -> Result<Entry, InvalidEntries> {
    let text = |name: &str| match entry.get(name) {
        None | Some(Value::Null) => Ok(""),
        Some(Value::String(text)) => Ok(text.as_str()),
        Some(_) => Err(InvalidEntries::Malformed(at)),
    };
    let operation = match text("operation")? {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return Err(InvalidEntries::Operation),
    };
    let api_version = text("apiVersion")?;
    if api_version.is_empty() {
        return Err(InvalidEntries::ApiVersion);
    }
    match text("fieldsType")? {
        "FieldsV1" => {}
        "" => return Err(InvalidEntries::NoFieldsType(at)),
        kind => return Err(InvalidEntries::FieldsType { kind: kind.to_owned(), at }),
    }
    let time = match text("time")? {
        "" => None,
        time => Some(time.parse().map_err(|_| InvalidEntries::Malformed(at))?),
    };
    let fields = entry.get("fieldsV1").map_or(Ok(Set::EMPTY), Set::from_fields)?;
    let manager = Manager {
        name: text("manager")?.to_owned(),
        operation,
        subresource: text("subresource")?.to_owned(),
        api_version: match operation {
            Operation::Apply => String::new(),
            Operation::Update => api_version.to_owned(),
        },
    };
    Ok(Entry { manager, api_version: api_version.to_owned(), time, fields })
}

fn write_entry(entry: &Entry) -> Value {
    let Entry { manager, api_version, time, fields } = entry;
    let mut out = Map::new();
    let mut put = |name: &str, value: String| {
        if !value.is_empty() {
            out.insert(name.to_owned(), Value::String(value));
        }
    };
    put("apiVersion", api_version.clone());
    put("fieldsType", "FieldsV1".to_owned());
    put("manager", manager.name.clone());
    put("operation", manager.operation.text().to_owned());
    put("subresource", manager.subresource.clone());
    if let Some(time) = time {
        let whole = Timestamp::from_second(time.as_second()).unwrap_or(*time);
        put("time", whole.to_string());
    }
    out.insert("fieldsV1".to_owned(), fields.to_fields());
    Value::Object(out)
}

/// Orders entries: appliers first, then the oldest, then by name, version and subresource.
fn order(left: &Entry, right: &Entry) -> Ordering {
    let key = |entry: &Entry| (entry.manager.operation, seconds(entry));
    key(left)
        .cmp(&key(right))
        .then_with(|| left.manager.name.cmp(&right.manager.name))
        .then_with(|| left.api_version.cmp(&right.api_version))
        .then_with(|| left.manager.subresource.cmp(&right.manager.subresource))
}

/// Returns the time of an entry; what has none is oldest.
pub(crate) fn seconds(entry: &Entry) -> i64 {
    entry.time.map_or(0, Timestamp::as_second)
}

#[cfg(test)]
mod tests;
