//! What requests carry.

use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};

/// One object of a kind, there or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The kind.
    pub kind: GroupVersionKind,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Target {
    /// Names an object of a kind.
    pub fn new(kind: GroupVersionKind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Names the object itself.
    pub fn of(object: &Object) -> Self {
        Self::new(object.gvk(), object.namespace(), object.name())
    }
}

/// Who writes, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Write<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// Whether nothing is stored.
    pub dry_run: bool,
    /// Whether an apply takes fields away from other managers.
    pub force: bool,
    /// `status` or another part of the object; empty for the object itself.
    pub subresource: &'a str,
    /// `Strict`, `Warn` or `Ignore`; empty for the server's choice.
    pub field_validation: &'a str,
}

impl<'a> Write<'a> {
    /// Writes as a field manager.
    pub fn by(manager: &'a str) -> Self {
        Self { manager, ..Self::default() }
    }

    /// Stores nothing.
    #[must_use]
    pub fn dry_run(self) -> Self {
        Self { dry_run: true, ..self }
    }

    /// Takes fields away from other managers.
    #[must_use]
    pub fn forced(self) -> Self {
        Self { force: true, ..self }
    }

    /// Writes to a part of the object, such as `status`.
    #[must_use]
    pub fn to(self, subresource: &'a str) -> Self {
        Self { subresource, ..self }
    }
}

/// A change to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// JSON Patch, RFC 6902: a list of operations.
    Json(Value),
    /// JSON Merge Patch, RFC 7386.
    Merge(Value),
    /// Strategic merge patch.
    Strategic(Value),
    /// Server-side apply of everything that the manager wants.
    Apply(Value),
}

impl Patch {
    pub(crate) fn content_type(&self) -> &'static str {
        match self {
            Self::Json(_) => "application/json-patch+json",
            Self::Merge(_) => "application/merge-patch+json",
            Self::Strategic(_) => "application/strategic-merge-patch+json",
            Self::Apply(_) => "application/apply-patch+yaml",
        }
    }

    pub(crate) fn body(&self) -> &Value {
        match self {
            Self::Json(v) | Self::Merge(v) | Self::Strategic(v) | Self::Apply(v) => v,
        }
    }
}

/// Which objects of a kind are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct List {
    /// Only this namespace; all of them without it.
    pub namespace: Option<String>,
    /// Label selector; empty for all.
    pub labels: String,
    /// Field selector; empty for all.
    pub fields: String,
}

impl List {
    /// Lists everything of a kind.
    pub fn all() -> Self {
        Self::default()
    }

    /// Lists one namespace.
    pub fn namespace(namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..Self::default() }
    }

    /// Chooses by labels.
    #[must_use]
    pub fn labelled(self, selector: &str) -> Self {
        Self { labels: selector.to_owned(), ..self }
    }
}

/// What becomes of an object's dependents when it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They go later.
    #[default]
    Background,
    /// They go first.
    Foreground,
    /// They stay.
    Orphan,
}

impl Propagation {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// How an object is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// What becomes of its dependents.
    pub propagation: Propagation,
    /// Delete only the object with this uid; empty for any.
    pub uid: String,
    /// Whether nothing is deleted in fact.
    pub dry_run: bool,
}

impl Deletion {
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({
            "kind": "DeleteOptions", "apiVersion": "v1",
            "propagationPolicy": self.propagation.as_str(),
        });
        if !self.uid.is_empty() {
            body["preconditions"] = json!({ "uid": self.uid });
        }
        if self.dry_run {
            body["dryRun"] = json!(["All"]);
        }
        body
    }
}

/// Who asks, if it is not the one whom the connection belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The user.
    pub user: String,
    /// Groups; the server adds those of service accounts by itself if there are none.
    pub groups: Vec<String>,
}

impl Identity {
    /// Names a service account.
    pub fn service_account(namespace: &str, name: &str) -> Self {
        Self { user: format!("system:serviceaccount:{namespace}:{name}"), groups: Vec::new() }
    }
}
