//! One object on its way through the build.

use std::collections::BTreeMap;
use std::fmt::Write;

use flux_yaml::{Kind, Node};
use serde_json::Value;

use crate::error::{BuildError, Cause, Result};
use crate::id::{GvkRef, Id};
use crate::node::{self, is_empty};
use crate::scope::Scopes;

const INTERNAL: &str = "internal.config.kubernetes.io/";
const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
const ENABLED: &str = "enabled";

/// Annotations that kustomize keeps for itself and that never reach the output.
const HIDDEN: &[&str] = &[
    PREVIOUS_KINDS,
    PREVIOUS_NAMES,
    PREFIXES,
    SUFFIXES,
    PREVIOUS_NAMESPACES,
    ALLOW_NAME_CHANGE,
    ALLOW_KIND_CHANGE,
    "internal.config.kubernetes.io/refBy",
    BEHAVIOR,
    NEEDS_HASH,
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];

/// What a generator does when its object is already there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    #[default]
    Unspecified,
    Create,
    Replace,
    Merge,
}

impl Behavior {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "create" => Self::Create,
            "replace" => Self::Replace,
            "merge" => Self::Merge,
            _ => Self::Unspecified,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Merge => "merge",
        }
    }
}

/// A name, namespace and kind that the object had earlier in the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Previous {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) kind: String,
}

/// What the build remembers about an object besides its content.
///
/// # Upstream
/// There it is kept in annotations, which patches can see and remove.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traces {
    pub(crate) previous: Vec<Previous>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    pub(crate) behavior: Option<Behavior>,
    pub(crate) needs_hash: bool,
    pub(crate) allows_name_change: bool,
    pub(crate) allows_kind_change: bool,
}

/// One object on its way through the build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resource {
    /// The content. An emptied object is a null.
    pub(crate) node: Node,
    pub(crate) traces: Traces,
    /// Names of the variables that refer to it.
    pub(crate) variables: Vec<String>,
    /// How many groups of fields have one value between them; see [`crate::shared`].
    pub(crate) shared: u32,
    /// Whether the kind is known to have no namespace.
    pub(crate) is_cluster_scoped: bool,
}

impl Resource {
    /// Takes over a node as it was read.
    pub(crate) fn new(node: Node, scopes: &Scopes) -> Result<Self> {
        let mut resource = Self { node, ..Self::default() };
        resource.absorb_annotations()?;
        resource.refresh_scope(scopes);
        Ok(resource)
    }

    /// Looks up again whether the kind has a namespace, after it may have changed.
    pub(crate) fn refresh_scope(&mut self, scopes: &Scopes) {
        self.is_cluster_scoped = scopes.is_cluster_scoped(self.api_version(), self.kind());
    }

    /// Reports whether a patch removed the object.
    pub(crate) fn is_empty(&self) -> bool {
        is_empty(&self.node) || (self.node.kind == Kind::Scalar && self.node.value.is_empty())
    }

    fn text(&self, key: &str) -> &str {
        self.node.get(key).map_or("", |value| value.value.as_str())
    }

    pub(crate) fn kind(&self) -> &str {
        self.text("kind")
    }

    pub(crate) fn api_version(&self) -> &str {
        self.text("apiVersion")
    }

    pub(crate) fn gvk(&self) -> GvkRef<'_> {
        GvkRef::new(self.api_version(), self.kind())
    }

    fn metadata(&self) -> Option<&Node> {
        self.node.get("metadata").filter(|meta| !is_empty(meta))
    }

    fn metadata_text(&self, key: &str) -> &str {
        let value = self.metadata().and_then(|meta| meta.get(key));
        value.filter(|value| !is_empty(value)).map_or("", |value| value.value.as_str())
    }

    pub(crate) fn name(&self) -> &str {
        self.metadata_text("name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.metadata_text("namespace")
    }

    pub(crate) fn id(&self) -> Id<'_> {
        Id {
            gvk: self.gvk(),
            name: self.name(),
            namespace: self.namespace(),
            cluster_scoped: self.is_cluster_scoped,
        }
    }

    /// The ids that it had before, the oldest first.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = Id<'_>> {
        let GvkRef { group, version, .. } = self.gvk();
        self.traces.previous.iter().map(move |previous| Id {
            gvk: GvkRef { group, version, kind: &previous.kind },
            name: &previous.name,
            namespace: &previous.namespace,
            cluster_scoped: false,
        })
    }

    pub(crate) fn original_id(&self) -> Id<'_> {
        self.previous_ids().next().unwrap_or_else(|| self.id())
    }

    pub(crate) fn has_id(&self, mut matches: impl FnMut(Id<'_>) -> bool) -> bool {
        self.previous_ids().any(&mut matches) || matches(self.id())
    }

    /// Remembers the present id as an earlier one.
    ///
    /// # Upstream
    /// Earlier ids stand in lists that are separated by commas, so that a comma in a name or
    /// namespace makes several ids, or crashes the build if it does not stand in both.
    pub(crate) fn store_previous_id(&mut self) -> Result<()> {
        let id = self.id();
        let parts = |text: &str| -> Vec<String> { text.split(',').map(str::to_owned).collect() };
        let (names, kinds) = (parts(id.name), parts(id.gvk.kind));
        let namespaces = parts(id.effective_namespace());
        // An empty name leaves no trace.
        if !id.name.is_empty() && !id.gvk.kind.is_empty() {
            self.traces.previous.extend(previous_from(names, namespaces, kinds)?);
        }
        Ok(())
    }

    pub(crate) fn set_name(&mut self, name: &str) -> Result<()> {
        self.set_metadata("name", name)
    }

    pub(crate) fn set_namespace(&mut self, namespace: &str) -> Result<()> {
        if !namespace.is_empty() {
            return self.set_metadata("namespace", namespace);
        }
        match self.node.get_mut("metadata") {
            Some(meta) => node::set_field(meta, "namespace", None),
            None => Ok(()),
        }
    }

    fn set_metadata(&mut self, key: &str, value: &str) -> Result<()> {
        match node::field_or_create(&mut self.node, "metadata", Kind::Mapping)? {
            Some(meta) => node::set_field(meta, key, Some(Node::scalar(value))),
            None => Ok(()),
        }
    }

    pub(crate) fn set_kind(&mut self, kind: &str) -> Result<()> {
        node::set_field(&mut self.node, "kind", Some(Node::scalar(kind)))
    }

    pub(crate) fn set_api_version(&mut self, api_version: &str) -> Result<()> {
        node::set_field(&mut self.node, "apiVersion", Some(Node::scalar(api_version)))
    }

    /// Returns labels or annotations; other types of values count as the text that they are written as.
    fn metadata_map(&self, key: &str) -> BTreeMap<String, String> {
        let map = self.metadata().and_then(|meta| meta.get(key));
        let entries = map.into_iter().flat_map(Node::entries);
        entries.map(|(key, value)| (key.value.clone(), value.value.clone())).collect()
    }

    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        self.metadata_map("labels")
    }

    pub(crate) fn annotations(&self) -> BTreeMap<String, String> {
        self.metadata_map("annotations")
    }

    /// Returns one annotation.
    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        let map = self.metadata()?.get("annotations")?;
        Some(map.entries().rfind(|(k, _)| k.value == key)?.1.value.as_str())
    }

    pub(crate) fn set_labels(&mut self, labels: &BTreeMap<String, String>) -> Result<()> {
        self.set_metadata_map("labels", labels)
    }

    pub(crate) fn set_annotations(&mut self, annotations: &BTreeMap<String, String>) -> Result<()> {
        self.set_metadata_map("annotations", annotations)
    }

    fn set_metadata_map(&mut self, key: &str, map: &BTreeMap<String, String>) -> Result<()> {
        let Some(meta) = node::field_or_create(&mut self.node, "metadata", Kind::Mapping)? else {
            return Ok(());
        };
        let entries = map.iter().map(|(key, value)| (Node::scalar(key), node::text(value)));
        let value = Some(Node::mapping(entries)).filter(|_| !map.is_empty());
        node::set_field(meta, key, None)?;
        node::set_field(meta, key, value)
    }

    /// Adds one annotation and makes all of them texts.
    pub(crate) fn annotate(&mut self, key: &str, value: String) -> Result<()> {
        let mut annotations = self.annotations();
        annotations.insert(key.to_owned(), value);
        self.set_annotations(&annotations)
    }

    /// Adds one annotation; those that are there keep their types.
    pub(crate) fn add_annotation(&mut self, key: &str, value: &str) -> Result<()> {
        let meta = node::field_or_create(&mut self.node, "metadata", Kind::Mapping)?;
        let Some(meta) = meta else { return Ok(()) };
        match node::field_or_create(meta, "annotations", Kind::Mapping)? {
            Some(map) => node::set_field(map, key, Some(node::text(value))),
            None => Ok(()),
        }
    }

    /// Returns the traces as the annotations that the original keeps them in.
    fn trace_annotations(&self) -> BTreeMap<String, String> {
        let traces = &self.traces;
        let mut map = BTreeMap::new();
        let mut put = |key: &str, value: String| {
            if !value.is_empty() {
                map.insert(key.to_owned(), value);
            }
        };
        let joined = |part: fn(&Previous) -> &str| {
            let parts: Vec<&str> = traces.previous.iter().map(part).collect();
            parts.join(",")
        };
        put(PREVIOUS_NAMES, joined(|previous| &previous.name));
        put(PREVIOUS_NAMESPACES, joined(|previous| &previous.namespace));
        put(PREVIOUS_KINDS, joined(|previous| &previous.kind));
        put(PREFIXES, traces.prefixes.join(","));
        put(SUFFIXES, traces.suffixes.join(","));
        put(BEHAVIOR, traces.behavior.map_or("", Behavior::as_str).to_owned());
        let enabled = |flag: bool| if flag { ENABLED.to_owned() } else { String::new() };
        put(NEEDS_HASH, enabled(traces.needs_hash));
        put(ALLOW_NAME_CHANGE, enabled(traces.allows_name_change));
        put(ALLOW_KIND_CHANGE, enabled(traces.allows_kind_change));
        map
    }

    /// Writes the traces into the annotations, where patches and error texts see them.
    pub(crate) fn expose_traces(&mut self) -> Result<()> {
        let traces = self.trace_annotations();
        if traces.is_empty() {
            return Ok(());
        }
        for (key, value) in &traces {
            self.add_annotation(key, value)?;
        }
        Ok(())
    }

    /// Takes the traces out of the annotations.
    pub(crate) fn absorb_annotations(&mut self) -> Result<()> {
        let annotations = self.metadata().and_then(|meta| meta.get("annotations"));
        let is_internal = |(key, _): (&Node, &Node)| key.value.starts_with(INTERNAL);
        if !annotations.is_some_and(|map| map.entries().any(is_internal)) {
            return Ok(());
        }
        let mut annotations = self.annotations();
        self.traces = traces_from(&mut annotations)?;
        let Some(meta) = self.node.get_mut("metadata") else { return Ok(()) };
        if annotations.is_empty() {
            return node::set_field(meta, "annotations", None);
        }
        if let Some(map) = meta.get_mut("annotations") {
            let keys: Vec<String> = map.entries().map(|(key, _)| key.value.clone()).collect();
            for key in keys.iter().filter(|key| !annotations.contains_key(*key)) {
                map.remove(key);
            }
        }
        Ok(())
    }

    /// Lets `change` work on the object with the traces in its annotations, then takes them out.
    pub(crate) fn with_exposed_traces(
        &mut self,
        scopes: &Scopes,
        change: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.expose_traces()?;
        self.traces = Traces::default();
        change(self)?;
        self.absorb_annotations()?;
        self.refresh_scope(scopes);
        Ok(())
    }

    /// Turns the object into the JSON that the original computes with.
    pub(crate) fn to_value(&self) -> Result<Value> {
        if node::is_null(&self.node) {
            return Ok(Value::Null);
        }
        node::to_value(&self.node)
    }

    /// Prints the object with its traces.
    pub(crate) fn to_yaml_with_traces(&self) -> String {
        let mut copy = self.clone();
        match copy.expose_traces().and_then(|()| copy.to_value()) {
            Ok(value) => flux_yaml::to_string(&value),
            Err(error) => error.to_string(),
        }
    }

    /// Prints the object with its traces as JSON.
    pub(crate) fn to_json_with_traces(&self) -> String {
        let mut copy = self.clone();
        match copy.expose_traces().and_then(|()| copy.to_value()) {
            Ok(value) => crate::gotext::json(&value),
            Err(error) => format!("<{error}>"),
        }
    }

    /// Takes over name, namespace, labels and annotations of another object; own ones win.
    pub(crate) fn merge_metadata_from(&mut self, other: &Self) -> Result<()> {
        let mut labels = other.labels();
        labels.extend(self.labels());
        self.set_labels(&labels)?;
        let mut annotations = other.annotations();
        annotations.extend(self.annotations());
        for hidden in HIDDEN {
            annotations.remove(*hidden);
        }
        self.set_annotations(&annotations)?;
        self.set_name(other.name())?;
        self.set_namespace(other.namespace())?;
        let needs_hash = self.traces.needs_hash && other.traces.needs_hash;
        self.traces = Traces { needs_hash, ..other.traces.clone() };
        self.variables.clone_from(&other.variables);
        Ok(())
    }

    /// Removes what kustomize keeps for itself, and makes all annotations texts.
    pub(crate) fn remove_hidden_annotations(&mut self, others: &[&str]) -> Result<()> {
        let map = self.metadata().and_then(|meta| meta.get("annotations"));
        let Some(map) = map else { return Ok(()) };
        let is_clean = |(key, value): (&Node, &Node)| {
            let is_hidden =
                HIDDEN.contains(&key.value.as_str()) || others.contains(&key.value.as_str());
            !is_hidden && value.kind == Kind::Scalar && value.tag == node::STRING
        };
        if !is_empty(map) && map.kind == Kind::Mapping && map.entries().all(is_clean) {
            return Ok(());
        }
        let mut annotations = self.annotations();
        annotations
            .retain(|key, _| !HIDDEN.contains(&key.as_str()) && !others.contains(&key.as_str()));
        self.set_annotations(&annotations)
    }
}

fn previous_from(
    names: Vec<String>,
    namespaces: Vec<String>,
    kinds: Vec<String>,
) -> Result<Vec<Previous>> {
    if names.len() != namespaces.len() || names.len() != kinds.len() {
        let text = "number of previous names, number of previous namespaces, \
                    number of previous kinds not equal";
        return Err(BuildError::with_cause(text, Cause::Crash));
    }
    let parts = names.into_iter().zip(namespaces).zip(kinds);
    Ok(parts.map(|((name, namespace), kind)| Previous { name, namespace, kind }).collect())
}

/// Takes the traces out of annotations.
fn traces_from(annotations: &mut BTreeMap<String, String>) -> Result<Traces> {
    let mut list = |key| -> Vec<String> {
        let text: Option<String> = annotations.remove(key);
        text.map_or_else(Vec::new, |text| text.split(',').map(str::to_owned).collect())
    };
    let (names, namespaces, kinds) =
        (list(PREVIOUS_NAMES), list(PREVIOUS_NAMESPACES), list(PREVIOUS_KINDS));
    let (prefixes, suffixes) = (list(PREFIXES), list(SUFFIXES));
    let or_empty = |list: Vec<String>| if list.is_empty() { vec![String::new()] } else { list };
    let mut previous = Vec::new();
    if !names.is_empty() {
        let (namespaces, kinds) = (or_empty(namespaces), or_empty(kinds));
        previous = previous_from(names, namespaces, kinds)?;
    }
    let behavior = annotations.remove(BEHAVIOR).map(|text| Behavior::parse(&text));
    let mut flag = |key| annotations.remove(key).is_some_and(|text: String| text == ENABLED);
    Ok(Traces {
        previous,
        prefixes,
        suffixes,
        behavior,
        needs_hash: flag(NEEDS_HASH),
        allows_name_change: flag(ALLOW_NAME_CHANGE),
        allows_kind_change: flag(ALLOW_KIND_CHANGE),
    })
}

/// Joins texts, one behind another.
pub(crate) fn joined(parts: impl IntoIterator<Item = String>, separator: &str) -> String {
    let mut out = String::new();
    for (index, part) in parts.into_iter().enumerate() {
        let separator = if index == 0 { "" } else { separator };
        let _ = write!(out, "{separator}{part}");
    }
    out
}
