//! Which kinds have no namespace.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use serde_json::Value;

/// `apiVersion/Kind` of Kubernetes' own kinds, and whether they are namespaced.
static BUILT_IN: LazyLock<HashMap<&'static str, Vec<(&'static str, bool)>>> = LazyLock::new(|| {
    let text = include_str!("../data/namespace-scope.json");
    let entries: BTreeMap<&'static str, bool> = serde_json::from_str(text).unwrap_or_default();
    let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
    for (name, namespaced) in entries {
        if let Some((api_version, kind)) = name.rsplit_once('/') {
            kinds.entry(kind).or_default().push((api_version, namespaced));
        }
    }
    kinds
});

/// Knows which kinds certainly have no namespace.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    custom: HashSet<(String, String)>,
    /// Whether a kind was asked for that Kubernetes does not have.
    met_unknown: Cell<bool>,
}

impl Scopes {
    /// Adds what the paths of an OpenAPI document say.
    pub(crate) fn add_paths(&mut self, document: &Value) {
        let mut namespaced = HashSet::new();
        let mut seen = HashSet::new();
        for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            let Some(kind) = item.pointer("/get/x-kubernetes-group-version-kind") else { continue };
            let Some(kind) = kind_of(kind) else { continue };
            if path.contains("namespaces/{namespace}") {
                namespaced.insert(kind.clone());
            }
            seen.insert(kind);
        }
        self.custom.extend(seen.difference(&namespaced).cloned());
    }

    /// Reports whether a kind is known and has no namespace.
    pub(crate) fn is_cluster_scoped(&self, api_version: &str, kind: &str) -> bool {
        let known = BUILT_IN.get(kind).into_iter().flatten();
        match known.clone().find(|(known, _)| *known == api_version) {
            Some((_, namespaced)) => !namespaced,
            None => {
                self.met_unknown.set(true);
                let key = || (api_version.to_owned(), kind.to_owned());
                !self.custom.is_empty() && self.custom.contains(&key())
            }
        }
    }

    /// Reports whether a kind was asked for that Kubernetes does not have.
    pub(crate) fn met_unknown(&self) -> bool {
        self.met_unknown.get()
    }
}

/// Reads an `x-kubernetes-group-version-kind` into `apiVersion` and `kind`.
pub(crate) fn kind_of(extension: &Value) -> Option<(String, String)> {
    let text = |key| extension.get(key).and_then(Value::as_str);
    let version = text("version")?;
    let api_version = match text("group").filter(|group| !group.is_empty()) {
        Some(group) => format!("{group}/{version}"),
        None => version.to_owned(),
    };
    Some((api_version, text("kind")?.to_owned()))
}
