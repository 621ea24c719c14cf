//! The cells of built-in kinds.

use serde_json::Value;

use super::{age, columns, pods, rows_network, rows_storage, rows_workload};
use crate::clock::Timestamp;
use crate::meta::text;

/// Returns the cells of one object.
pub(super) fn cells(group: &str, kind: &str, object: &Value, now: Timestamp) -> Vec<Value> {
    let row = Row { object, now };
    if !columns::has_own(group, kind) {
        let created = text(object, "/metadata/creationTimestamp");
        return vec![row.name(), created.into()];
    }
    match kind {
        "Pod" => pods::cells(&row),
        "Deployment"
        | "ReplicaSet"
        | "StatefulSet"
        | "DaemonSet"
        | "Job"
        | "CronJob"
        | "ControllerRevision"
        | "HorizontalPodAutoscaler"
        | "PodDisruptionBudget" => rows_workload::cells(kind, &row),
        "Service" | "Endpoints" | "EndpointSlice" | "Ingress" | "IngressClass"
        | "NetworkPolicy" => rows_network::cells(kind, &row),
        "PersistentVolume" | "PersistentVolumeClaim" | "StorageClass" => {
            rows_storage::cells(kind, &row)
        }
        "Event" => event(group, &row),
        _ => plain(kind, &row),
    }
}

/// An object that becomes a row.
pub(super) struct Row<'a> {
    pub(super) object: &'a Value,
    pub(super) now: Timestamp,
}

impl Row<'_> {
    pub(super) fn name(&self) -> Value {
        crate::meta::name(self.object).into()
    }

    pub(super) fn age(&self) -> Value {
        self.since("/metadata/creationTimestamp").into()
    }

    pub(super) fn since(&self, pointer: &str) -> String {
        age::since(self.text(pointer), self.now)
    }

    pub(super) fn text(&self, pointer: &str) -> &str {
        text(self.object, pointer)
    }

    /// Returns a text, `<none>` if it is empty.
    pub(super) fn or_none(&self, pointer: &str) -> Value {
        match self.text(pointer) {
            "" => "<none>".into(),
            text => text.into(),
        }
    }

    pub(super) fn number(&self, pointer: &str) -> i64 {
        self.object.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
    }

    pub(super) fn list(&self, pointer: &str) -> &[Value] {
        self.object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Returns how many entries a map or list has.
    pub(super) fn count(&self, pointer: &str) -> usize {
        match self.object.pointer(pointer) {
            Some(Value::Object(map)) => map.len(),
            Some(Value::Array(items)) => items.len(),
            _ => 0,
        }
    }

    /// Returns names and images of the containers of a template, each in one text.
    pub(super) fn containers(&self, pointer: &str) -> [Value; 2] {
        let join = |key: &str| -> Value {
            let texts: Vec<&str> = self.list(pointer).iter().map(|one| text(one, key)).collect();
            texts.join(",").into()
        };
        [join("/name"), join("/image")]
    }
}

/// Prints a map of labels as `a=b,c=d`, `<none>` if it is empty.
pub(super) fn labels(map: Option<&Value>) -> String {
    let map = map.and_then(Value::as_object).filter(|map| !map.is_empty());
    let Some(map) = map else { return "<none>".to_owned() };
    let pairs = map.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or("")));
    pairs.collect::<Vec<_>>().join(",")
}

/// Prints a label selector as command lines take it.
pub(super) fn selector(value: Option<&Value>) -> String {
    let Some(value) = value.filter(|value| !value.is_null()) else { return "<none>".to_owned() };
    match flux_manifest::LabelSelector::from_value(value) {
        Ok(selector) if selector.is_empty() => "<none>".to_owned(),
        Ok(selector) => selector.to_string(),
        Err(_) => "<error>".to_owned(),
    }
}

fn plain(kind: &str, row: &Row<'_>) -> Vec<Value> {
    let name = row.name();
    match kind {
        "ConfigMap" => {
            vec![name, (row.count("/data") + row.count("/binaryData")).into(), row.age()]
        }
        "Secret" => vec![name, row.text("/type").into(), row.count("/data").into(), row.age()],
        "Namespace" => vec![name, row.text("/status/phase").into(), row.age()],
        "Node" => node(row),
        "Lease" => vec![name, row.text("/spec/holderIdentity").into(), row.age()],
        "PriorityClass" => vec![
            name,
            row.number("/value").into(),
            row.object.get("globalDefault").cloned().unwrap_or(false.into()),
            row.age(),
            row.text("/preemptionPolicy").into(),
        ],
        "RuntimeClass" => vec![name, row.text("/handler").into(), row.age()],
        "ResourceQuota" => quota(row),
        "RoleBinding" | "ClusterRoleBinding" => binding(row),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            vec![name, row.count("/webhooks").into(), row.age()]
        }
        "ValidatingAdmissionPolicy" | "MutatingAdmissionPolicy" => {
            let checks = row.count("/spec/validations") + row.count("/spec/mutations");
            let param = match row.text("/spec/paramKind/kind") {
                "" => "<unset>".to_owned(),
                kind => format!("{}/{kind}", row.text("/spec/paramKind/apiVersion")),
            };
            vec![name, checks.into(), param.into(), row.age()]
        }
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
            let param =
                match (row.text("/spec/paramRef/namespace"), row.text("/spec/paramRef/name")) {
                    ("", "") => "<unset>".to_owned(),
                    ("", name) => format!("*/{name}"),
                    (namespace, name) => format!("{namespace}/{name}"),
                };
            vec![name, row.text("/spec/policyName").into(), param.into(), row.age()]
        }
        _ => vec![name, row.age()],
    }
}

fn node(row: &Row<'_>) -> Vec<Value> {
    let ready = row.list("/status/conditions").iter().find(|one| text(one, "/type") == "Ready");
    let mut status = match ready.map(|one| text(one, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if row.object.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let labels = row.object.pointer("/metadata/labels").and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .filter(|role| !role.is_empty())
        .collect();
    let roles = if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") };
    let address = |kind: &str| -> Value {
        let found = row.list("/status/addresses").iter().find(|one| text(one, "/type") == kind);
        found.map_or("<none>", |one| text(one, "/address")).into()
    };
    let own = |key: &str| match row.text(&format!("/status/nodeInfo/{key}")) {
        "" => "<unknown>".into(),
        text => Value::from(text),
    };
    vec![
        row.name(),
        status.into(),
        roles.into(),
        row.age(),
        row.text("/status/nodeInfo/kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        own("osImage"),
        own("kernelVersion"),
        own("containerRuntimeVersion"),
    ]
}

fn quota(row: &Row<'_>) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let hard = row.object.pointer("/status/hard").and_then(Value::as_object);
    for (key, hard) in hard.into_iter().flatten() {
        let used = row.object.pointer("/status/used").and_then(|used| used.get(key));
        let show = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let line = format!("{key}: {}/{}", used.map(show).unwrap_or_default(), show(hard));
        if key.starts_with("limits") { limits.push(line) } else { requests.push(line) }
    }
    vec![row.name(), requests.join(", ").into(), limits.join(", ").into(), row.age()]
}

fn binding(row: &Row<'_>) -> Vec<Value> {
    let role = format!("{}/{}", row.text("/roleRef/kind"), row.text("/roleRef/name"));
    let subjects = |kind: &str| -> Value {
        let own = row.list("/subjects").iter().filter(|one| text(one, "/kind") == kind);
        let names = own.map(|one| match (kind, text(one, "/namespace")) {
            ("ServiceAccount", namespace) => format!("{namespace}/{}", text(one, "/name")),
            _ => text(one, "/name").to_owned(),
        });
        names.collect::<Vec<_>>().join(", ").into()
    };
    vec![
        row.name(),
        role.into(),
        row.age(),
        subjects("User"),
        subjects("Group"),
        subjects("ServiceAccount"),
    ]
}

/// Events of both groups have other names for the same fields.
fn event(group: &str, row: &Row<'_>) -> Vec<Value> {
    let core = group.is_empty();
    let pick = |own: &'static str, other: &'static str| if core { own } else { other };
    let first = row.text(pick("/firstTimestamp", "/deprecatedFirstTimestamp"));
    let time = row.text("/eventTime");
    let first = if first.is_empty() { time } else { first };
    let last = row.text(pick("/lastTimestamp", "/deprecatedLastTimestamp"));
    let series = row.text("/series/lastObservedTime");
    let last = [series, last, first].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    let about = pick("/involvedObject", "/regarding");
    let object = match row.text(&format!("{about}/name")) {
        "" => row.text(&format!("{about}/kind")).to_lowercase(),
        name => format!("{}/{name}", row.text(&format!("{about}/kind")).to_lowercase()),
    };
    let component = match row.text(pick("/source/component", "/deprecatedSource/component")) {
        "" => row.text(pick("/reportingComponent", "/reportingController")),
        text => text,
    };
    let source = match row.text(pick("/source/host", "/deprecatedSource/host")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    };
    let count = match row.number("/series/count") {
        0 => row.number(pick("/count", "/deprecatedCount")).max(1),
        count => count,
    };
    vec![
        age::since(last, row.now).into(),
        row.text("/type").into(),
        row.text("/reason").into(),
        object.into(),
        row.text(&format!("{about}/fieldPath")).into(),
        source.into(),
        row.text(pick("/message", "/note")).trim().into(),
        age::since(first, row.now).into(),
        count.into(),
        row.name(),
    ]
}
