//! Which kinds a server has, and where.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use serde_json::Value;

/// One kind that a server serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiResource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The name in URLs.
    pub plural: String,
    /// The name of one.
    pub singular: String,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Further names.
    pub short_names: Vec<String>,
    /// What can be done.
    pub verbs: Vec<String>,
    /// Groups of kinds, such as `all`.
    pub categories: Vec<String>,
    /// Parts of its objects, such as `status`.
    pub subresources: Vec<String>,
}

type Kinds = Arc<Vec<Arc<ApiResource>>>;

/// Kinds by group and version, as far as somebody asked for them.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    known: RwLock<BTreeMap<(String, String), Kinds>>,
}

impl Cache {
    /// Returns a kind that is known.
    pub(crate) fn find(&self, group: &str, version: &str, kind: &str) -> Option<Arc<ApiResource>> {
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let kinds = known.get(&(group.to_owned(), version.to_owned()))?;
        kinds.iter().find(|resource| resource.kind == kind).cloned()
    }

    /// Replaces what is known of a group and version.
    pub(crate) fn learn(&self, group: &str, version: &str, kinds: Vec<ApiResource>) {
        let kinds = Arc::new(kinds.into_iter().map(Arc::new).collect());
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert((group.to_owned(), version.to_owned()), kinds);
    }

    /// Forgets a group and version, or all versions of the group.
    pub(crate) fn forget(&self, group: &str) {
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.retain(|(known_group, _), _| known_group != group);
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Reads an `APIResourceList`.
pub(crate) fn from_resource_list(group: &str, version: &str, list: &Value) -> Vec<ApiResource> {
    let entries = list.get("resources").and_then(Value::as_array);
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    let mut kinds: Vec<ApiResource> = Vec::new();
    for entry in entries {
        let name = text(entry, "name");
        if let Some((plural, part)) = name.split_once('/') {
            if let Some(owner) = kinds.iter_mut().find(|kind| kind.plural == plural) {
                owner.subresources.push(part.to_owned());
            }
            continue;
        }
        kinds.push(ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(entry, "kind"),
            plural: name,
            singular: text(entry, "singularName"),
            namespaced: entry.get("namespaced").and_then(Value::as_bool).unwrap_or(false),
            short_names: texts(entry.get("shortNames")),
            verbs: texts(entry.get("verbs")),
            categories: texts(entry.get("categories")),
            subresources: Vec::new(),
        });
    }
    kinds
}

/// Reads an `APIGroupDiscoveryList`, the server's preferred versions first.
pub(crate) fn from_aggregated(list: &Value) -> Vec<ApiResource> {
    let items = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let mut kinds = Vec::new();
    for group in items(list, "items") {
        let group_name = group.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("");
        for version in items(&group, "versions") {
            let version_name = text(&version, "version");
            for entry in items(&version, "resources") {
                let kind = entry.pointer("/responseKind/kind").and_then(Value::as_str);
                let part = |part: &Value| text(part, "subresource");
                kinds.push(ApiResource {
                    group: group_name.to_owned(),
                    version: version_name.clone(),
                    kind: kind.unwrap_or_default().to_owned(),
                    plural: text(&entry, "resource"),
                    singular: text(&entry, "singularResource"),
                    namespaced: text(&entry, "scope") == "Namespaced",
                    short_names: texts(entry.get("shortNames")),
                    verbs: texts(entry.get("verbs")),
                    categories: texts(entry.get("categories")),
                    subresources: items(&entry, "subresources").iter().map(part).collect(),
                });
            }
        }
    }
    kinds
}
