//! What a document says about its encryption.

mod flatten;
mod read;
mod write;

use flux_gostd::Time;

use crate::{Branch, Error, Format, Item, Key, KeyGroup, Rule, Value};

/// The entry that holds the metadata.
const ENTRY: &str = "sops";
/// What the entries of metadata begin with in formats without maps.
const PREFIX: &str = "sops_";

/// What a document says about its encryption.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// When it was encrypted; the MAC is tied to it.
    pub last_modified: Time,
    /// The encrypted MAC of the values; empty if there is none.
    pub mac: String,
    /// Which values are encrypted.
    pub rule: Rule,
    /// Whether the MAC covers only the values that are encrypted.
    pub mac_only_encrypted: bool,
    /// The version of SOPS that wrote the document.
    pub version: String,
    /// The master keys.
    pub groups: Vec<KeyGroup>,
    /// How many groups recover the data key; 0 if there is one only.
    pub threshold: usize,
}

/// How metadata stand in a format.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// As a map.
    Nested,
    /// As a map without maps inside, line breaks written as `\n`.
    Section,
    /// As entries among the others, with a prefix.
    Prefixed,
}

impl Shape {
    fn of(format: Format) -> Self {
        match format {
            Format::Binary | Format::Json | Format::Yaml => Self::Nested,
            Format::Ini => Self::Section,
            Format::Dotenv => Self::Prefixed,
        }
    }
}

/// Takes the metadata out of a tree.
pub(crate) fn extract(
    mut branches: Vec<Branch>,
    format: Format,
) -> Result<(Vec<Branch>, Metadata), Error> {
    let shape = Shape::of(format);
    let found = match shape {
        Shape::Nested | Shape::Section => take_entry(&mut branches)?,
        Shape::Prefixed => take_prefixed(&mut branches),
    };
    let mut entries = found.ok_or(Error::MetadataNotFound)?;
    if shape == Shape::Section {
        for item in &mut entries {
            if let Value::Text(text) = &item.value {
                item.value = Value::text(String::from_utf8_lossy(text).replace("\\n", "\n"));
            }
        }
    }
    if shape != Shape::Nested {
        entries = flatten::nested(entries).map_err(Error::Load)?;
    }
    let metadata = read::metadata(&entries).map_err(Error::Load)?;
    Ok((branches, metadata))
}

/// Takes the entry with the metadata out of every document; that of the first one counts.
fn take_entry(branches: &mut [Branch]) -> Result<Option<Branch>, Error> {
    let mut found: Option<Branch> = None;
    for (index, branch) in branches.iter_mut().enumerate() {
        let (taken, kept) = std::mem::take(branch)
            .into_iter()
            .partition::<Vec<Item>, _>(|item| item.name() == Some(ENTRY));
        *branch = kept;
        if index > 0 {
            continue;
        }
        for item in taken {
            if found.is_some() {
                return Err(Error::Load(format!("Found duplicate {ENTRY} entry")));
            }
            let Value::Map(entries) = item.value else {
                return Err(Error::Load(format!("Found {ENTRY} entry that is not a mapping")));
            };
            found = Some(entries);
        }
    }
    Ok(found)
}

fn take_prefixed(branches: &mut [Branch]) -> Option<Branch> {
    let branch = branches.first_mut()?;
    let (taken, kept) = std::mem::take(branch)
        .into_iter()
        .partition::<Vec<Item>, _>(|item| item.name().is_some_and(|n| n.starts_with(PREFIX)));
    *branch = kept;
    if taken.is_empty() {
        return None;
    }
    let strip = |item: Item| {
        let name = item.name().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        Item { key: Key::Text(name.to_owned()), value: item.value }
    };
    Some(taken.into_iter().map(strip).collect())
}

/// Puts the metadata into every document of a tree.
pub(crate) fn embed(
    branches: &[Branch],
    metadata: &Metadata,
    format: Format,
) -> Result<Vec<Branch>, Error> {
    let shape = Shape::of(format);
    let mut entries = write::branch(metadata);
    if shape != Shape::Nested {
        let prefix = if shape == Shape::Prefixed { PREFIX } else { "" };
        entries = flatten::flat(&entries, prefix).map_err(|error| {
            Error::Emit(format!(
                "Error marshaling metadata: Error while flattening metadata: {error}"
            ))
        })?;
    }
    if shape == Shape::Section {
        for item in &mut entries {
            if let Value::Text(text) = &item.value {
                item.value = Value::text(String::from_utf8_lossy(text).replace('\n', "\\n"));
            }
        }
    }
    if shape != Shape::Prefixed {
        entries = vec![Item::new(ENTRY, Value::Map(entries))];
    }
    branches.iter().map(|branch| with_entries(branch, &entries, shape)).collect()
}

fn with_entries(branch: &Branch, entries: &Branch, shape: Shape) -> Result<Branch, Error> {
    for name in branch.iter().filter_map(Item::name) {
        let shown = || flux_gostd::quote::quote(name);
        if shape == Shape::Prefixed && name.starts_with(PREFIX) {
            return Err(Error::Emit(format!(
                "Error marshaling metadata: Found key {} in encrypted data, which starts with the \
                 reserved key prefix \"{PREFIX}\" for SOPS metadata",
                shown()
            )));
        }
        if shape != Shape::Prefixed && name == ENTRY {
            return Err(Error::Emit(format!(
                "Error marshaling metadata: Found key {} in encrypted data, which is a reserved \
                 key used for SOPS metadata",
                shown()
            )));
        }
    }
    Ok(branch.iter().chain(entries).cloned().collect())
}
