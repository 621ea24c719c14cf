//! `/version`, `/healthz`, `/livez`, `/readyz` and the list of paths.

use serde_json::{Value, json};

use crate::request::Query;
use crate::respond::Answer;

/// The version of Kubernetes that the answers are those of.
pub(crate) const VERSION: &str = "v1.36.3";

/// Names of the checks, which all pass once the server answers at all.
const CHECKS: [&str; 34] = [
    "ping",
    "log",
    "loopback-serving-certificate",
    "etcd",
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
    "poststarthook/priority-and-fairness-config-consumer",
    "poststarthook/priority-and-fairness-filter",
    "poststarthook/storage-object-count-tracker-hook",
    "poststarthook/start-apiextensions-informers",
    "poststarthook/start-apiextensions-controllers",
    "poststarthook/crd-informer-synced",
    "poststarthook/start-system-namespaces-controller",
    "poststarthook/peer-endpoint-reconciler-controller",
    "poststarthook/start-cluster-authentication-info-controller",
    "poststarthook/start-kube-apiserver-identity-lease-controller",
    "poststarthook/start-kube-apiserver-identity-lease-garbage-collector",
    "poststarthook/storage-readiness",
    "poststarthook/start-legacy-token-tracking-controller",
    "poststarthook/start-service-ip-repair-controllers",
    "poststarthook/rbac/bootstrap-roles",
    "poststarthook/scheduling/bootstrap-system-priority-classes",
    "poststarthook/priority-and-fairness-config-producer",
    "poststarthook/bootstrap-controller",
    "poststarthook/start-kubernetes-service-cidr-controller",
    "poststarthook/start-kube-aggregator-informers",
    "poststarthook/apiservice-status-local-available-controller",
    "poststarthook/apiservice-status-remote-available-controller",
    "poststarthook/apiservice-registration-controller",
    "poststarthook/apiservice-discovery-controller",
    "poststarthook/kube-apiserver-autoregistration",
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
];

/// Answers `/version`.
pub(crate) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "go1.26",
        "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// Answers health checks; `None` for other paths.
pub(crate) fn check(path: &str, query: &Query) -> Option<Answer> {
    let path = path.trim_start_matches('/');
    let (kind, name) = path.split_once('/').unwrap_or((path, ""));
    if !matches!(kind, "healthz" | "livez" | "readyz") {
        return None;
    }
    if !name.is_empty() {
        return CHECKS.contains(&name).then(|| Answer::text(200, "ok"));
    }
    let excluded: Vec<&str> = query.all("exclude").collect();
    if query.get("verbose").is_none() {
        return Some(Answer::text(200, "ok"));
    }
    let mut text = String::new();
    for check in CHECKS.iter().filter(|check| !excluded.contains(check)) {
        text.push_str(&format!("[+]{check} ok\n"));
    }
    text.push_str(&format!("{kind} check passed\n"));
    Some(Answer::text(200, text))
}
