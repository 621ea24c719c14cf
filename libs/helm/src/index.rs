//! Repository indexes: one chart at a time out of a text of many megabytes.

use std::collections::BTreeMap;

use flux_semver::{Constraint, Version};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::typed::{self, Fields, Mismatch};
use crate::{ChartError, Metadata};

/// One version of a chart.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Entry {
    /// What its `Chart.yaml` says.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// Where the archive is, relative to the repository or absolute.
    pub urls: Vec<String>,
    /// When it was added.
    pub created: String,
    /// Whether it was taken back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// The archive's SHA-256, in hex.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
}

/// Why an index or a chart in it cannot be used; the texts are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// The text is empty.
    #[error("empty index.yaml file")]
    Empty,
    /// The text is no YAML, or not of the form of an index.
    #[error("{0}")]
    Malformed(String),
    /// The index does not say its version.
    #[error("no API version specified")]
    NoApiVersion,
    /// The chart is not in the index.
    #[error("no chart name found")]
    NoChartName,
    /// The chart has no usable version.
    #[error("no chart version found")]
    NoChartVersion,
    /// No version is in the range.
    #[error("no chart version found for {name}-{version}")]
    NoVersion {
        /// The chart.
        name: String,
        /// The version or range asked for.
        version: String,
    },
    /// The range cannot be read.
    #[error("{0}")]
    Constraint(String),
}

/// A whole index in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Index {
    /// When it was written.
    pub generated: String,
    /// The versions of each chart, newest first.
    pub entries: BTreeMap<String, Vec<Entry>>,
}

/// Finds a version of a chart: the very one, or the newest in a range, or the newest release if
/// `version` is empty. Only what belongs to the chart is taken apart.
///
/// # Errors
/// The text is no index, or has no such version.
pub fn find(text: &str, name: &str, version: &str) -> Result<Entry, IndexError> {
    let mut found: Option<Vec<Entry>> = None;
    each(text, Some(name), &mut |_, entries| found = Some(entries))?;
    choose(found.ok_or(IndexError::NoChartName)?, name, version)
}

/// Visits the charts of an index one after another, each with its versions, newest first; only the
/// chart `wanted` if there is one. What is not valid is left out.
///
/// # Errors
/// The text is no index.
pub fn each(
    text: &str,
    wanted: Option<&str>,
    visit: &mut dyn FnMut(&str, Vec<Entry>),
) -> Result<String, IndexError> {
    if text.is_empty() {
        return Err(IndexError::Empty);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(parts) = Parts::of(text) else { return whole(text, wanted, visit) };
    let head = typed::yaml(&parts.head).map_err(IndexError::Malformed)?;
    let generated = check_head(&head)?;
    for (name, section) in parts.sections {
        if wanted.is_some_and(|wanted| wanted != name) {
            continue;
        }
        let value = typed::yaml(section).map_err(IndexError::Malformed)?;
        let versions = value.as_object().and_then(|map| map.values().next());
        visit(&name, entries(versions.unwrap_or(&Value::Null))?);
    }
    Ok(generated)
}

fn malformed(error: &Mismatch) -> IndexError {
    IndexError::Malformed(typed::decoding(error))
}

/// Checks what stands beside the entries, and returns when the index was written.
fn check_head(head: &Value) -> Result<String, IndexError> {
    let fields = Fields::of(head, "repo.IndexFile").map_err(|error| malformed(&error))?;
    if fields.text("apiVersion").map_err(|error| malformed(&error))?.is_empty() {
        return Err(IndexError::NoApiVersion);
    }
    fields.text("generated").map_err(|error| malformed(&error))
}

/// Reads an index whose text cannot be cut into charts, such as JSON.
fn whole(
    text: &str,
    wanted: Option<&str>,
    visit: &mut dyn FnMut(&str, Vec<Entry>),
) -> Result<String, IndexError> {
    let index = typed::yaml(text).map_err(IndexError::Malformed)?;
    let generated = check_head(&index)?;
    for (name, versions) in index["entries"].as_object().into_iter().flatten() {
        if wanted.is_none_or(|wanted| wanted == name) {
            visit(name, entries(versions)?);
        }
    }
    Ok(generated)
}

/// The text of an index cut at its charts.
struct Parts<'t> {
    head: String,
    sections: Vec<(String, &'t str)>,
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

impl<'t> Parts<'t> {
    /// Cuts a text in block style; nothing if it is in another one.
    fn of(text: &'t str) -> Option<Self> {
        let mut head = String::new();
        let mut sections: Vec<(String, usize, usize)> = Vec::new();
        let (mut inside, mut indent, mut position) = (false, 0, 0);
        for line in text.split_inclusive('\n') {
            let (start, content) = (position, line.trim_end());
            position += line.len();
            let is_blank = content.trim_start().is_empty() || content.trim_start().starts_with('#');
            if !is_blank && indentation(content) == 0 && !content.starts_with('-') {
                inside = content == "entries:";
                if content.starts_with("entries:") && !inside {
                    return None;
                }
                if inside {
                    continue;
                }
            }
            if !inside {
                head.push_str(line);
                continue;
            }
            if !is_blank {
                let depth = indentation(content);
                if sections.is_empty() {
                    indent = depth;
                }
                let is_key = depth == indent && !content.trim_start().starts_with("- ");
                if is_key && content.trim_start() != "-" {
                    let key = typed::yaml(content).ok()?;
                    let name = key.as_object()?.keys().next()?.clone();
                    sections.push((name, start, position));
                    continue;
                }
            }
            sections.last_mut()?.2 = position;
        }
        let slice = |(name, from, to): (String, usize, usize)| Some((name, text.get(from..to)?));
        let sections: Option<Vec<_>> = sections.into_iter().map(slice).collect();
        // Anchors would be known in one section only.
        let has_anchors = text.contains(": &") || text.contains("- &") || text.contains("<<:");
        sections
            .filter(|sections| !has_anchors && !sections.is_empty())
            .map(|sections| Self { head, sections })
    }
}

fn entries(versions: &Value) -> Result<Vec<Entry>, IndexError> {
    let items = match versions {
        Value::Null => return Ok(Vec::new()),
        Value::Array(items) => items,
        other => {
            let found = typed::kind(other);
            return Err(IndexError::Malformed(typed::decoding(format!(
                "json: cannot unmarshal {found} into Go struct field IndexFile.entries of type repo.ChartVersions"
            ))));
        }
    };
    let mut entries = Vec::with_capacity(items.len());
    for item in items.iter().filter(|item| !item.is_null()) {
        let mut entry = entry(item).map_err(|error| malformed(&error))?;
        if entry.metadata.api_version.is_empty() {
            "v1".clone_into(&mut entry.metadata.api_version);
        }
        match entry.metadata.validate() {
            Ok(()) => entries.push(entry),
            Err(ChartError::Validation(text)) if text.starts_with("more than one dependency") => {
                entries.push(entry);
            }
            Err(_) => {}
        }
    }
    sort(&mut entries);
    Ok(entries)
}

fn entry(value: &Value) -> Result<Entry, Mismatch> {
    let mut metadata = Metadata::default();
    metadata.read(value)?;
    let fields = Fields::of(value, "repo.ChartVersion")?;
    Ok(Entry {
        metadata,
        urls: fields.texts("urls")?,
        created: fields.text("created")?,
        removed: fields.flag("removed")?,
        digest: fields.text("digest")?,
    })
}

/// Newest first; what is no version comes last.
fn sort(entries: &mut [Entry]) {
    entries.sort_by_cached_key(|entry| {
        std::cmp::Reverse(Version::parse(&entry.metadata.version).ok())
    });
}

fn choose(entries: Vec<Entry>, name: &str, version: &str) -> Result<Entry, IndexError> {
    if entries.is_empty() {
        return Err(IndexError::NoChartVersion);
    }
    let range = if version.is_empty() { "*" } else { version };
    let range =
        Constraint::parse(range).map_err(|error| IndexError::Constraint(error.to_string()))?;
    let exact = entries.iter().position(|entry| entry.metadata.version == version);
    let fits = |entry: &Entry| {
        Version::parse(&entry.metadata.version).is_ok_and(|version| range.matches(&version))
    };
    let chosen = exact.or_else(|| entries.iter().position(fits));
    chosen
        .and_then(|at| entries.into_iter().nth(at))
        .ok_or_else(|| IndexError::NoVersion { name: name.to_owned(), version: version.to_owned() })
}

impl Index {
    /// Reads a whole index.
    ///
    /// # Errors
    /// The text is no index.
    pub fn load(text: &str) -> Result<Self, IndexError> {
        let mut index = Self::default();
        index.generated = each(text, None, &mut |name, entries| {
            index.entries.insert(name.to_owned(), entries);
        })?;
        Ok(index)
    }

    /// Finds a version, as [`find`] does.
    ///
    /// # Errors
    /// There is no such version.
    pub fn get(&self, name: &str, version: &str) -> Result<Entry, IndexError> {
        let entries = self.entries.get(name).ok_or(IndexError::NoChartName)?;
        choose(entries.clone(), name, version)
    }

    /// Adds a version.
    ///
    /// # Errors
    /// Its metadata are not valid.
    pub fn add(&mut self, mut entry: Entry) -> Result<(), ChartError> {
        if entry.metadata.api_version.is_empty() {
            "v1".clone_into(&mut entry.metadata.api_version);
        }
        entry.metadata.validate()?;
        self.entries.entry(entry.metadata.name.clone()).or_default().push(entry);
        Ok(())
    }

    /// Adds the versions of another index that are not in this one.
    pub fn merge(&mut self, other: Self) {
        for entry in other.entries.into_values().flatten() {
            let (name, version) = (entry.metadata.name.clone(), entry.metadata.version.clone());
            if self.get(&name, &version).is_err() {
                self.entries.entry(name).or_default().push(entry);
            }
        }
    }

    /// The text of the index, versions sorted.
    pub fn to_yaml(&self) -> String {
        let sorted = self.entries.iter().map(|(name, entries)| {
            let mut entries = entries.clone();
            sort(&mut entries);
            (name.clone(), serde_json::to_value(entries).unwrap_or_default())
        });
        let fields = [
            ("apiVersion", Value::from("v1")),
            ("entries", Value::Object(sorted.collect())),
            ("generated", self.generated.as_str().into()),
        ];
        let fields: Map<String, Value> =
            fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        flux_yaml::to_string(&Value::Object(fields))
    }
}
