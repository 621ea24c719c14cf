//! The names by which kustomize tells resources apart.

use std::fmt;

/// Stands for the namespace of kinds that have none.
pub(crate) const NO_NAMESPACE: &str = "_non_namespaceable_";
const DEFAULT_NAMESPACE: &str = "default";

/// Group, version and kind; where it selects, an empty part matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Gvk {
    /// The API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The API version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

impl Gvk {
    /// Borrows the parts.
    pub(crate) fn as_ref(&self) -> GvkRef<'_> {
        GvkRef { group: &self.group, version: &self.version, kind: &self.kind }
    }

    /// Reports whether the kind is selected by this one, part by part, empty parts selecting all.
    pub(crate) fn selects(&self, kind: GvkRef<'_>) -> bool {
        (self.kind.is_empty() || self.kind == kind.kind)
            && (self.group.is_empty() || self.group == kind.group)
            && (self.version.is_empty() || self.version == kind.version)
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// A kind whose parts live elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GvkRef<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) kind: &'a str,
}

impl<'a> GvkRef<'a> {
    pub(crate) fn new(api_version: &'a str, kind: &'a str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group, version, kind }
    }

    pub(crate) fn to_owned(self) -> Gvk {
        Gvk {
            group: self.group.to_owned(),
            version: self.version.to_owned(),
            kind: self.kind.to_owned(),
        }
    }

    /// The text by which kinds are sorted, empty parts last.
    pub(crate) fn sort_key(self) -> String {
        let or = |part: &'a str, none: &'a str| if part.is_empty() { none } else { part };
        format!("{}_{}_{}", or(self.group, "~G"), or(self.version, "~V"), or(self.kind, "~K"))
    }
}

impl fmt::Display for GvkRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |part: &str, none: &str| {
            if part.is_empty() { none.to_owned() } else { part.to_owned() }
        };
        let kind = or(self.kind, "[noKind]");
        let version = or(self.version, "[noVer]");
        write!(f, "{kind}.{version}.{}", or(self.group, "[noGrp]"))
    }
}

/// Identifies a resource at one moment of the build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id<'a> {
    pub(crate) gvk: GvkRef<'a>,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a str,
    /// Whether the kind is known to have no namespace. Earlier ids say so by their namespace.
    pub(crate) cluster_scoped: bool,
}

impl<'a> Id<'a> {
    /// The namespace that counts when ids are compared.
    pub(crate) fn effective_namespace(self) -> &'a str {
        if self.cluster_scoped {
            NO_NAMESPACE
        } else if self.namespace.is_empty() {
            DEFAULT_NAMESPACE
        } else {
            self.namespace
        }
    }

    pub(crate) fn same_namespace(self, other: Id<'_>) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    pub(crate) fn same_name_and_kind(self, other: Id<'_>) -> bool {
        self.name == other.name && self.gvk == other.gvk
    }

    pub(crate) fn same(self, other: Id<'_>) -> bool {
        self.same_name_and_kind(other) && self.same_namespace(other)
    }

    /// What is hashed to find equal ids.
    pub(crate) fn key(self) -> (&'a str, &'a str, GvkRef<'a>) {
        (self.name, self.effective_namespace(), self.gvk)
    }

    /// Prints the id as Go's `%#v` does.
    pub(crate) fn go_syntax(self) -> String {
        let GvkRef { group, version, kind } = self.gvk;
        format!(
            "resid.ResId{{Gvk:resid.Gvk{{Group:{group:?}, Version:{version:?}, Kind:{kind:?}, \
             isClusterScoped:{}}}, Name:{:?}, Namespace:{:?}}}",
            self.cluster_scoped, self.name, self.namespace
        )
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "[noName]" } else { self.name };
        let namespace = if self.namespace.is_empty() { "[noNs]" } else { self.namespace };
        write!(f, "{}/{name}.{namespace}", self.gvk)
    }
}
