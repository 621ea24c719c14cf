//! The index of a Helm repository: what it offers, as Helm reads and writes it.

use std::collections::{BTreeMap, BTreeSet};

use flux_semver::{Constraint, Version};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[cfg(test)]
mod tests;

/// The time of what has none.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

fn no_time() -> String {
    NO_TIME.to_owned()
}

/// Why a text is no index.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    #[error("{0}")]
    Yaml(flux_yaml::Error),
    #[error("error unmarshaling JSON: while decoding JSON: {0}")]
    Json(String),
    #[error("empty index.yaml file")]
    Empty,
    #[error("no API version specified")]
    NoApiVersion,
}

/// Everything that a repository offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    #[serde(default, skip_serializing_if = "is_empty")]
    server_info: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    api_version: String,
    #[serde(default = "no_time")]
    generated: String,
    #[serde(default)]
    entries: Option<BTreeMap<String, Option<Vec<Option<Entry>>>>>,
    #[serde(default, skip_serializing_if = "is_empty_list")]
    public_keys: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_empty")]
    annotations: Option<BTreeMap<String, Value>>,
}

fn is_empty(map: &Option<BTreeMap<String, Value>>) -> bool {
    map.as_ref().is_none_or(BTreeMap::is_empty)
}

fn is_empty_list<T>(list: &Option<Vec<T>>) -> bool {
    list.as_ref().is_none_or(Vec::is_empty)
}

fn is_none_or_empty(text: &Option<String>) -> bool {
    text.as_deref().is_none_or(str::is_empty)
}

fn is_unset(flag: &Option<bool>) -> bool {
    !flag.unwrap_or_default()
}

/// A version of a chart, its fields in the order in which they are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Entry {
    #[serde(skip_serializing_if = "is_none_or_empty")]
    name: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    home: Option<String>,
    #[serde(skip_serializing_if = "is_empty_list")]
    sources: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    version: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    description: Option<String>,
    #[serde(skip_serializing_if = "is_empty_list")]
    keywords: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_empty_list")]
    maintainers: Option<Vec<Option<Maintainer>>>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    icon: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    api_version: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    tags: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    app_version: Option<String>,
    #[serde(skip_serializing_if = "is_unset")]
    deprecated: Option<bool>,
    #[serde(skip_serializing_if = "is_empty")]
    annotations: Option<BTreeMap<String, Value>>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    kube_version: Option<String>,
    #[serde(skip_serializing_if = "is_empty_list")]
    dependencies: Option<Vec<Option<Dependency>>>,
    #[serde(rename = "type", skip_serializing_if = "is_none_or_empty")]
    kind: Option<String>,
    urls: Option<Vec<String>>,
    #[serde(default = "no_time")]
    created: String,
    #[serde(skip_serializing_if = "is_unset")]
    removed: Option<bool>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    checksum: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    engine: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    tiller_version: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    url: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Maintainer {
    #[serde(skip_serializing_if = "is_none_or_empty")]
    name: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    email: Option<String>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    url: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Dependency {
    name: String,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    version: Option<String>,
    repository: String,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    condition: Option<String>,
    #[serde(skip_serializing_if = "is_empty_list")]
    tags: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_unset")]
    enabled: Option<bool>,
    #[serde(rename = "import-values", skip_serializing_if = "is_empty_list")]
    import_values: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "is_none_or_empty")]
    alias: Option<String>,
}

/// Why no version of a chart was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotFound {
    #[error("no chart name found")]
    Name,
    #[error("no '{name}' chart with version matching '{version}' found")]
    Version { name: String, version: String },
    #[error("{0}")]
    Constraint(String),
}

impl Entry {
    pub(crate) fn version(&self) -> &str {
        self.version.as_deref().unwrap_or_default()
    }

    pub(crate) fn urls(&self) -> &[String] {
        self.urls.as_deref().unwrap_or_default()
    }

    /// Reports whether Helm takes it for a chart.
    fn is_valid(&self) -> bool {
        let (name, version) = (self.name.as_deref().unwrap_or_default(), self.version());
        let has_name = !name.is_empty() && name != "." && name != ".." && !name.contains('/');
        let has_kind = matches!(self.kind.as_deref(), None | Some("" | "application" | "library"));
        let lists_nothing = self.maintainers.iter().flatten().any(Option::is_none)
            || self.dependencies.iter().flatten().any(Option::is_none);
        let is_sound = Version::parse(version).is_ok() && !version.contains(char::is_control);
        has_name && has_kind && is_sound && !lists_nothing
    }
}

impl Index {
    /// Reads an index.
    ///
    /// # Upstream
    /// JSON may hold fields that nobody knows, YAML may not. What is no valid chart is left out
    /// without a word.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, IndexError> {
        if bytes.is_empty() {
            return Err(IndexError::Empty);
        }
        let json = |error: serde_json::Error| IndexError::Json(format!("json: {error}"));
        let mut index: Self = match serde_json::from_slice::<Value>(bytes) {
            Ok(value) => serde_json::from_value(value).map_err(json)?,
            Err(_) => {
                let text = String::from_utf8_lossy(bytes);
                let value = flux_yaml::from_str_strict(&text).map_err(IndexError::Yaml)?;
                check_fields(&value)?;
                serde_json::from_value(value).map_err(json)?
            }
        };
        if index.api_version.is_empty() {
            return Err(IndexError::NoApiVersion);
        }
        for entries in index.entries.iter_mut().flat_map(BTreeMap::values_mut).flatten() {
            entries.retain_mut(|entry| {
                let Some(entry) = entry else { return false };
                if is_none_or_empty(&entry.api_version) {
                    entry.api_version = Some("v1".to_owned());
                }
                entry.is_valid()
            });
            entries.sort_by_cached_key(|entry| {
                let version = entry.as_ref().and_then(|it| Version::parse(it.version()).ok());
                std::cmp::Reverse(version)
            });
        }
        Ok(index)
    }

    /// Writes the index as it is stored: indented, with Go's escapes.
    pub(crate) fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let text = serde_json::to_string_pretty(self)?;
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '<' => escaped.push_str("\\u003c"),
                '>' => escaped.push_str("\\u003e"),
                '&' => escaped.push_str("\\u0026"),
                '\u{2028}' => escaped.push_str("\\u2028"),
                '\u{2029}' => escaped.push_str("\\u2029"),
                c => escaped.push(c),
            }
        }
        Ok(escaped.into_bytes())
    }

    /// Finds the version of a chart that is meant: exactly this one, or the highest in a range.
    pub(crate) fn find(&self, name: &str, version: &str) -> Result<&Entry, NotFound> {
        let entries = self.entries.as_ref().and_then(|entries| entries.get(name)?.as_ref());
        let entries: Vec<&Entry> = entries.into_iter().flatten().flatten().collect();
        if entries.is_empty() {
            return Err(NotFound::Name);
        }
        if let Some(exact) = entries.iter().find(|entry| entry.version() == version) {
            return Ok(exact);
        }
        let wanted = if version.is_empty() { "*" } else { version };
        let constraint =
            Constraint::parse(wanted).map_err(|error| NotFound::Constraint(error.to_string()))?;
        let mut found: Vec<(Version, &Entry)> = entries
            .into_iter()
            .filter_map(|entry| Some((Version::parse_three_parts(entry.version()).ok()?, entry)))
            .filter(|(version, _)| constraint.matches(version))
            .collect();
        // Of equal versions the one that was made last.
        found.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| y.created.cmp(&x.created)));
        let missing = || NotFound::Version { name: name.to_owned(), version: version.to_owned() };
        found.first().map(|(_, entry)| *entry).ok_or_else(missing)
    }
}

const INDEX_FIELDS: &[&str] =
    &["serverInfo", "apiVersion", "generated", "entries", "publicKeys", "annotations"];

const ENTRY_FIELDS: &[&str] = &[
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
    "urls",
    "created",
    "removed",
    "digest",
    "checksum",
    "engine",
    "tillerVersion",
    "url",
];

/// Refuses fields that nobody knows.
fn check_fields(index: &Value) -> Result<(), IndexError> {
    check(index, INDEX_FIELDS)?;
    let entries = index.get("entries").and_then(Value::as_object);
    let entries = entries.into_iter().flat_map(|entries| entries.values());
    entries.filter_map(Value::as_array).flatten().try_for_each(|entry| check(entry, ENTRY_FIELDS))
}

fn check(value: &Value, known: &[&str]) -> Result<(), IndexError> {
    let Some(fields) = value.as_object() else { return Ok(()) };
    let known: BTreeSet<&str> = known.iter().copied().collect();
    match fields.keys().find(|field| !known.contains(field.as_str())) {
        Some(field) => Err(IndexError::Json(format!("json: unknown field {field:?}"))),
        None => Ok(()),
    }
}
