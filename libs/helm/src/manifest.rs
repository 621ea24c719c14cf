//! Rendered files into documents, hooks and manifests in the order of their kinds.

use std::collections::BTreeMap;

use flux_gostd::quote::quote;
use serde::{Deserialize, Serialize};

use crate::typed::{self, Fields};

/// Why a rendered file cannot be used; the text is Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("YAML parse error on {file}: {problem}")]
pub struct ManifestError {
    /// The file's name.
    pub file: String,
    /// What is wrong.
    pub problem: String,
}

/// A document that is no hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The file that it comes from.
    pub path: String,
    /// The document's text.
    pub content: String,
    /// Its `apiVersion`, empty if there is none.
    pub api_version: String,
    /// Its `kind`, empty if there is none.
    pub kind: String,
}

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookEvent {
    /// Before an installation.
    PreInstall,
    /// After an installation.
    PostInstall,
    /// Before a removal.
    PreDelete,
    /// After a removal.
    PostDelete,
    /// Before an upgrade.
    PreUpgrade,
    /// After an upgrade.
    PostUpgrade,
    /// Before a rollback.
    PreRollback,
    /// After a rollback.
    PostRollback,
    /// When the release is tested.
    Test,
}

impl HookEvent {
    /// Reads the name of an event; `test-success` is an old one for tests.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "pre-install" => Self::PreInstall,
            "post-install" => Self::PostInstall,
            "pre-delete" => Self::PreDelete,
            "post-delete" => Self::PostDelete,
            "pre-upgrade" => Self::PreUpgrade,
            "post-upgrade" => Self::PostUpgrade,
            "pre-rollback" => Self::PreRollback,
            "post-rollback" => Self::PostRollback,
            "test" | "test-success" => Self::Test,
            _ => return None,
        })
    }
}

/// A document that runs at certain events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its `metadata.name`.
    pub name: String,
    /// Its `kind`.
    pub kind: String,
    /// The file that it comes from.
    pub path: String,
    /// The document's text.
    pub manifest: String,
    /// When it runs.
    pub events: Vec<HookEvent>,
    /// Hooks of lower weight run first.
    pub weight: i64,
    /// When its object is deleted.
    pub delete_policies: Vec<String>,
    /// When its logs are shown.
    pub output_log_policies: Vec<String>,
}

/// The order of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// What others need first.
    Install,
    /// What needs others first.
    Uninstall,
}

/// Hooks and manifests in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sorted {
    /// The hooks.
    pub hooks: Vec<Hook>,
    /// Everything else.
    pub manifests: Vec<Manifest>,
}

const INSTALL: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

const UNINSTALL: &[&str] = &[
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
    "APIService",
    "Ingress",
    "IngressClass",
    "Service",
    "CronJob",
    "Job",
    "StatefulSet",
    "HorizontalPodAutoscaler",
    "Deployment",
    "ReplicaSet",
    "ReplicationController",
    "Pod",
    "DaemonSet",
    "RoleBindingList",
    "RoleBinding",
    "RoleList",
    "Role",
    "ClusterRoleBindingList",
    "ClusterRoleBinding",
    "ClusterRoleList",
    "ClusterRole",
    "CustomResourceDefinition",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "StorageClass",
    "ConfigMap",
    "SecretList",
    "Secret",
    "ServiceAccount",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "LimitRange",
    "ResourceQuota",
    "NetworkPolicy",
    "Namespace",
    "PriorityClass",
];

impl Order {
    /// Where a kind stands: known ones by the list, others after them by name.
    fn rank(self, kind: &str) -> (usize, &str) {
        let kinds = match self {
            Self::Install => INSTALL,
            Self::Uninstall => UNINSTALL,
        };
        match kinds.iter().position(|known| *known == kind) {
            Some(position) => (position, ""),
            None => (kinds.len(), kind),
        }
    }
}

/// Splits a text into its documents, blank ones left out. A separator is `---` at the begin of a
/// line with the blanks behind it, whatever else follows.
pub fn split(text: &str) -> Vec<&str> {
    let mut documents = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let separator = find_separator(rest);
        let end = separator.unwrap_or(rest.len());
        let (document, after) = rest.split_at(end);
        if !document.trim().is_empty() {
            documents.push(document.trim_start());
        }
        if separator.is_none() {
            return documents;
        }
        rest = after.get(3..).unwrap_or_default().trim_start_matches([' ', '\t']);
        // What stands behind a separator is no begin of a line.
        if let Some(glued) = rest.strip_prefix("---") {
            let line = glued.find('\n').map_or(rest.len(), |at| at + 3);
            let (head, tail) = rest.split_at(line);
            let next = find_separator_in_lines(tail);
            let end = next.map_or(rest.len(), |at| line + at);
            let document = rest.get(..end).unwrap_or(head);
            if !document.trim().is_empty() {
                documents.push(document.trim_start());
            }
            match next {
                None => return documents,
                Some(_) => rest = rest.get(end..).unwrap_or_default(),
            }
        }
    }
}

fn find_separator(text: &str) -> Option<usize> {
    if text.starts_with("---") { Some(0) } else { find_separator_in_lines(text) }
}

fn find_separator_in_lines(text: &str) -> Option<usize> {
    text.find("\n---").map(|at| at + 1)
}

/// Sorts the documents of rendered files, by path and place and then by kind. Hooks with an event
/// that nobody knows are left out.
///
/// # Errors
/// A document is no YAML, or its head does not have the form of an object.
pub fn sort(files: &BTreeMap<String, String>, order: Order) -> Result<Sorted, ManifestError> {
    let mut sorted = Sorted::default();
    for (path, text) in files {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with('_') || text.trim().is_empty() {
            continue;
        }
        for document in split(text) {
            add(path, document, &mut sorted)
                .map_err(|problem| ManifestError { file: path.clone(), problem })?;
        }
    }
    sorted.hooks.sort_by(|a, b| order.rank(&a.kind).cmp(&order.rank(&b.kind)));
    sorted.manifests.sort_by(|a, b| order.rank(&a.kind).cmp(&order.rank(&b.kind)));
    Ok(sorted)
}

fn add(path: &str, document: &str, sorted: &mut Sorted) -> Result<(), String> {
    let value = typed::yaml(document)?;
    let head = head(&value).map_err(typed::decoding)?;
    let annotation = |name: &str| {
        let found = head.annotations.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    let Some(names) = annotation("helm.sh/hook") else {
        sorted.manifests.push(Manifest {
            path: path.to_owned(),
            content: document.to_owned(),
            api_version: head.api_version,
            kind: head.kind,
        });
        return Ok(());
    };
    let events: Option<Vec<_>> =
        names.split(',').map(|name| HookEvent::parse(&name.trim().to_lowercase())).collect();
    let Some(events) = events else { return Ok(()) };
    let policies = |name: &str| match annotation(name) {
        None => Vec::new(),
        Some(text) => text.split(',').map(|policy| policy.trim().to_lowercase()).collect(),
    };
    let weight = annotation("helm.sh/hook-weight").and_then(|weight| weight.parse().ok());
    let delete_policies = policies("helm.sh/hook-delete-policy");
    let output_log_policies = policies("helm.sh/hook-output-log-policy");
    sorted.hooks.push(Hook {
        name: head.name,
        kind: head.kind,
        path: path.to_owned(),
        manifest: document.to_owned(),
        events,
        weight: weight.unwrap_or_default(),
        delete_policies,
        output_log_policies,
    });
    Ok(())
}

/// What of a document decides where it goes.
struct Head {
    api_version: String,
    kind: String,
    name: String,
    annotations: Vec<(String, String)>,
}

fn head(value: &serde_json::Value) -> Result<Head, typed::Mismatch> {
    let fields = Fields::of(value, "util.SimpleHead")?;
    let metadata = "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \
                    \"json:\\\"annotations\\\"\" }";
    let metadata = fields.inner("metadata", metadata)?;
    let (name, annotations) = match metadata {
        None => (String::new(), Vec::new()),
        Some(metadata) => (metadata.text("name")?, metadata.map_of_texts("annotations")?),
    };
    let (api_version, kind) = (fields.text("apiVersion")?, fields.text("kind")?);
    Ok(Head { api_version, kind, name, annotations })
}

/// The text of a manifest as releases hold it.
pub(crate) fn block(path: &str, content: &str) -> String {
    format!("---\n# Source: {path}\n{content}\n")
}

/// A name in the words of an error.
pub(crate) fn quoted(name: &str) -> String {
    quote(name)
}
