//! Accounts and roles of the controllers, as an installation of the original has them.
//!
//! The controllers of this process do not need them; what impersonates them does:
//! `serviceAccountName: kustomize-controller` is how tenants' platforms bind their own Kustomization.

use serde_json::{Value, json};

use super::FLUX_SYSTEM;

/// The controllers of the original, each with a service account.
const CONTROLLERS: &[&str] = &[
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
];

/// Those that apply what users wrote.
const RECONCILERS: &[&str] = &["kustomize-controller", "helm-controller"];

/// The API groups of Flux.
const GROUPS: &[&str] = &[
    "source.toolkit.fluxcd.io",
    "source.extensions.fluxcd.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "notification.toolkit.fluxcd.io",
    "image.toolkit.fluxcd.io",
];

const RBAC: &str = "rbac.authorization.k8s.io";

/// Returns service accounts, roles and bindings.
pub(super) fn accounts() -> Vec<Value> {
    let account = |name: &&str| {
        json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": {"name": name, "namespace": FLUX_SYSTEM, "labels": labels()},
        })
    };
    let mut objects: Vec<Value> = CONTROLLERS.iter().map(account).collect();
    let read = json!(["get", "list", "watch"]);
    let write = json!(["create", "delete", "deletecollection", "patch", "update"]);
    objects.extend([
        role("crd-controller", None, controller_rules()),
        role("flux-edit", Some(&["edit", "admin"]), vec![flux_rule(&write)]),
        role("flux-view", Some(&["view", "edit", "admin"]), vec![flux_rule(&read)]),
        binding("crd-controller", &named("crd-controller"), CONTROLLERS),
        binding("cluster-reconciler", "cluster-admin", RECONCILERS),
    ]);
    objects
}

fn named(name: &str) -> String {
    format!("{name}-{FLUX_SYSTEM}")
}

fn labels() -> Value {
    json!({"app.kubernetes.io/instance": FLUX_SYSTEM, "app.kubernetes.io/part-of": "flux"})
}

fn flux_rule(verbs: &Value) -> Value {
    json!({"apiGroups": GROUPS, "resources": ["*"], "verbs": verbs})
}

fn controller_rules() -> Vec<Value> {
    let core = |resources: &[&str], verbs: &[&str]| json!({"apiGroups": [""], "resources": resources, "verbs": verbs});
    let all = ["get", "list", "watch", "create", "update", "patch", "delete"];
    vec![
        flux_rule(&json!(["*"])),
        core(&["namespaces", "secrets", "configmaps", "serviceaccounts"], &all[..3]),
        core(&["events"], &["create", "patch"]),
        core(&["configmaps"], &all),
        core(&["configmaps/status"], &["get", "update", "patch"]),
        json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": all}),
        core(&["serviceaccounts/token"], &["create"]),
        json!({"nonResourceURLs": ["/livez/ping"], "verbs": ["head"]}),
    ]
}

/// Returns a role; with `into`, one that is part of those roles, too.
fn role(name: &str, into: Option<&[&str]>, rules: Vec<Value>) -> Value {
    let mut labels = labels();
    if let (Value::Object(labels), Some(into)) = (&mut labels, into) {
        let entry = |role: &&str| (format!("{RBAC}/aggregate-to-{role}"), json!("true"));
        labels.extend(into.iter().map(entry));
    }
    json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole",
        "metadata": {"name": named(name), "labels": labels},
        "rules": rules,
    })
}

fn binding(name: &str, role: &str, accounts: &[&str]) -> Value {
    let subject =
        |name: &&str| json!({"kind": "ServiceAccount", "name": name, "namespace": FLUX_SYSTEM});
    let subjects: Vec<Value> = accounts.iter().map(subject).collect();
    json!({
        "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRoleBinding",
        "metadata": {"name": named(name), "labels": labels()},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": subjects,
    })
}
