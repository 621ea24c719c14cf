//! Names for kinds and for objects.

use std::fmt;
use std::str::FromStr;

/// A kind together with its API group and version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupVersionKind {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version inside the group, such as `v1`.
    pub version: String,
    /// The kind, such as `Deployment`.
    pub kind: String,
}

impl GroupVersionKind {
    /// Puts together a kind from its three parts.
    pub fn new(group: &str, version: &str, kind: &str) -> Self {
        Self { group: group.into(), version: version.into(), kind: kind.into() }
    }

    /// Splits `api_version` (`v1`, `apps/v1`) at its slash.
    pub fn from_api_version(api_version: &str, kind: &str) -> Self {
        match api_version.split_once('/') {
            Some((group, version)) => Self::new(group, version, kind),
            None => Self::new("", api_version, kind),
        }
    }

    /// Returns what stands in an object's `apiVersion`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

/// Prints `group/version, Kind=kind` as Go's `schema.GroupVersionKind` does.
impl fmt::Display for GroupVersionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}, Kind={}", self.group, self.version, self.kind)
    }
}

/// Identifies an object independently of the version that it is read in.
///
/// Its text form is the inventory id `namespace_name_group_kind`; in names of RBAC kinds a
/// colon is written as two underscores.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, name, group, kind } = self;
        if self.is_rbac() {
            write!(f, "{namespace}_{}_{group}_{kind}", name.replace(':', "__"))
        } else {
            write!(f, "{namespace}_{name}_{group}_{kind}")
        }
    }
}

impl ObjectId {
    /// Returns how people name the object: `Kind/namespace/name` or `Kind/name`.
    pub fn subject(&self) -> String {
        let Self { namespace, name, group: _, kind } = self;
        if namespace.is_empty() {
            format!("{kind}/{name}")
        } else {
            format!("{kind}/{namespace}/{name}")
        }
    }

    fn is_rbac(&self) -> bool {
        const KINDS: [&str; 4] = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];
        self.group == "rbac.authorization.k8s.io" && KINDS.contains(&self.kind.as_str())
    }
}

/// Why a text is no inventory id: the part in which a separator is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unable to parse stored object metadata: {part}")]
pub struct ParseIdError {
    part: String,
}

/// Reads an id; two underscores in a name are a colon again, whatever the kind.
impl FromStr for ObjectId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let missing = |part: &str| ParseIdError { part: part.to_owned() };
        let (namespace, rest) = text.split_once('_').ok_or_else(|| missing(text))?;
        let (rest, kind) = rest.rsplit_once('_').ok_or_else(|| missing(rest))?;
        let (name, group) = rest.rsplit_once('_').ok_or_else(|| missing(rest))?;
        Ok(Self {
            namespace: namespace.to_owned(),
            name: name.replace("__", ":"),
            group: group.to_owned(),
            kind: kind.to_owned(),
        })
    }
}
