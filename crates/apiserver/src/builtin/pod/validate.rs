//! What is wrong with a Pod or a template of Pods.

use std::collections::HashSet;

use flux_schema::Quantity;
use serde_json::Value;

use super::super::value::{
    Check, check_labels, config_key_errors, entries, int, is_set, items, port_name_errors, text,
};
use super::details;
use crate::names;

/// Checks the spec of a Pod at a path. Volumes of the names `further` come from elsewhere.
pub(in super::super) fn check_spec(check: &mut Check, path: &str, spec: &Value, further: &[&str]) {
    let mut volumes = check_volumes(check, &format!("{path}.volumes"), spec);
    volumes.extend(further);
    let containers = items(spec, "containers");
    if containers.is_empty() {
        check.required(format!("{path}.containers"), "");
    }
    let mut seen = HashSet::new();
    for (list, kind) in [("containers", Kind::Main), ("initContainers", Kind::Init)] {
        for (at, container) in items(spec, list).iter().enumerate() {
            let path = format!("{path}.{list}[{at}]");
            check_container(check, &path, container, &volumes, kind);
            let name = text(container, "name");
            if !name.is_empty() && !seen.insert(name) {
                check.push(crate::status::FieldError::duplicate(format!("{path}.name"), name));
            }
        }
    }
    check_host_ports(check, &format!("{path}.containers"), containers);
    check.one_of(
        format!("{path}.restartPolicy"),
        text(spec, "restartPolicy"),
        &["Always", "OnFailure", "Never"],
    );
    check.one_of(
        format!("{path}.dnsPolicy"),
        text(spec, "dnsPolicy"),
        &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
    );
    check_labels(check, &format!("{path}.nodeSelector"), &spec["nodeSelector"]);
    let account = text(spec, "serviceAccountName");
    if !account.is_empty() {
        let wrong = names::dns_subdomain_errors(account, None);
        check.all(format!("{path}.serviceAccountName"), account, wrong);
    }
    let hostname = text(spec, "hostname");
    if !hostname.is_empty() {
        check.all(format!("{path}.hostname"), hostname, names::dns_label_errors(hostname, None));
    }
    if let Some(seconds) = int(spec, "activeDeadlineSeconds")
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let why = format!("must be between 1 and {}, inclusive", i32::MAX);
        check.invalid(format!("{path}.activeDeadlineSeconds"), seconds, &why);
    }
    check.not_negative(spec, path, "terminationGracePeriodSeconds");
    check_tolerations(check, &format!("{path}.tolerations"), items(spec, "tolerations"));
    details::check_spec(check, path, spec);
}

/// Checks the template of a workload at a path.
pub(in super::super) fn check_template(check: &mut Check, path: &str, template: &Value) {
    check_template_with(check, path, template, &[]);
}

/// Checks the template of a workload that brings volumes of the names `further` along.
pub(in super::super) fn check_template_with(
    check: &mut Check,
    path: &str,
    template: &Value,
    further: &[&str],
) {
    let metadata = &template["metadata"];
    check_labels(check, &format!("{path}.labels"), &metadata["labels"]);
    for (key, _) in entries(metadata, "annotations") {
        let wrong = names::qualified_name_errors(&key.to_lowercase());
        check.all(format!("{path}.annotations"), key, wrong);
    }
    check_spec(check, &format!("{path}.spec"), &template["spec"], further);
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Main,
    Init,
}

fn check_container(
    check: &mut Check,
    path: &str,
    container: &Value,
    volumes: &HashSet<&str>,
    kind: Kind,
) {
    let name = text(container, "name");
    if name.is_empty() {
        check.required(format!("{path}.name"), "");
    } else {
        check.all(format!("{path}.name"), name, names::dns_label_errors(name, None));
    }
    match text(container, "image") {
        "" => check.required(format!("{path}.image"), ""),
        image if image.trim() != image => {
            let why = "must not have leading or trailing whitespace";
            check.invalid(format!("{path}.image"), image, why);
        }
        _ => {}
    }
    check.one_of(
        format!("{path}.terminationMessagePolicy"),
        text(container, "terminationMessagePolicy"),
        &["FallbackToLogsOnError", "File"],
    );
    check_ports(check, &format!("{path}.ports"), items(container, "ports"));
    check_env(check, &format!("{path}.env"), items(container, "env"));
    check_mounts(check, &format!("{path}.volumeMounts"), items(container, "volumeMounts"), volumes);
    check.one_of(
        format!("{path}.imagePullPolicy"),
        text(container, "imagePullPolicy"),
        &["Always", "IfNotPresent", "Never"],
    );
    check_resources(check, &format!("{path}.resources"), &container["resources"]);
    details::check_container(check, path, container);
    let sidecar = text(container, "restartPolicy") == "Always";
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if !is_set(container, probe) {
            continue;
        }
        let path = format!("{path}.{probe}");
        if kind == Kind::Init && !sidecar {
            check
                .forbidden(path, "may not be set for init containers without restartPolicy=Always");
            continue;
        }
        check_probe(check, &path, &container[probe]);
        let threshold = int(&container[probe], "successThreshold").unwrap_or(1);
        if probe != "readinessProbe" && threshold != 1 {
            check.invalid(format!("{path}.successThreshold"), threshold, "must be 1");
        }
    }
}

fn check_ports(check: &mut Check, path: &str, ports: &[Value]) {
    let mut names = HashSet::new();
    for (at, port) in ports.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let name = text(port, "name");
        if !name.is_empty() {
            let wrong = port_name_errors(name);
            if wrong.is_empty() && !names.insert(name) {
                check.push(crate::status::FieldError::duplicate(format!("{path}.name"), name));
            }
            check.all(format!("{path}.name"), name, wrong);
        }
        match int(port, "containerPort").unwrap_or(0) {
            0 => check.required(format!("{path}.containerPort"), ""),
            number => check.port(format!("{path}.containerPort"), number),
        }
        if let Some(number) = int(port, "hostPort").filter(|number| *number != 0) {
            check.port(format!("{path}.hostPort"), number);
        }
        match text(port, "protocol") {
            "" => check.required(format!("{path}.protocol"), ""),
            protocol => {
                check.one_of(format!("{path}.protocol"), protocol, &["SCTP", "TCP", "UDP"]);
            }
        }
    }
}

fn check_host_ports(check: &mut Check, path: &str, containers: &[Value]) {
    let mut seen = HashSet::new();
    for (at, container) in containers.iter().enumerate() {
        for (port_at, port) in items(container, "ports").iter().enumerate() {
            let Some(number) = int(port, "hostPort").filter(|number| *number != 0) else {
                continue;
            };
            let key = format!("{}/{}/{number}", text(port, "protocol"), text(port, "hostIP"));
            if !seen.insert(key.clone()) {
                let path = format!("{path}[{at}].ports[{port_at}].hostPort");
                check.push(crate::status::FieldError::duplicate(path, key));
            }
        }
    }
}

fn check_env(check: &mut Check, path: &str, variables: &[Value]) {
    for (at, variable) in variables.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let name = text(variable, "name");
        let printable = |b: u8| (0x20..0x7f).contains(&b) && b != b'=';
        if name.is_empty() {
            check.required(format!("{path}.name"), "");
        } else if !name.bytes().all(printable) {
            let why = "a valid environment variable name must consist only of printable ASCII \
                       characters other than '='";
            check.invalid(format!("{path}.name"), name, why);
        }
        if is_set(variable, "valueFrom") {
            check_env_source(check, &format!("{path}.valueFrom"), variable);
        }
    }
}

fn check_env_source(check: &mut Check, path: &str, variable: &Value) {
    let from = &variable["valueFrom"];
    let sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];
    let count = sources.iter().filter(|source| is_set(from, source)).count();
    if count == 0 {
        let why = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
                   `secretKeyRef` or `fileKeyRef`";
        check.invalid(path, "", why);
    } else if !text(variable, "value").is_empty() {
        check.invalid(path, "", "may not be specified when `value` is not empty");
    } else if count > 1 {
        check.invalid(path, "", "may not have more than one field specified at a time");
    }
    for source in ["configMapKeyRef", "secretKeyRef"] {
        if !is_set(from, source) {
            continue;
        }
        let path = format!("{path}.{source}");
        if text(&from[source], "name").is_empty() {
            check.required(format!("{path}.name"), "");
        }
        match text(&from[source], "key") {
            "" => check.required(format!("{path}.key"), ""),
            key => check.all(format!("{path}.key"), key, config_key_errors(key)),
        }
    }
}

fn check_mounts(check: &mut Check, path: &str, mounts: &[Value], volumes: &HashSet<&str>) {
    let mut seen = HashSet::new();
    for (at, mount) in mounts.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let name = text(mount, "name");
        if name.is_empty() {
            check.required(format!("{path}.name"), "");
        } else if !volumes.contains(name) {
            check.push(crate::status::FieldError::not_found(format!("{path}.name"), name));
        }
        let target = text(mount, "mountPath");
        if target.is_empty() {
            check.required(format!("{path}.mountPath"), "");
        } else if !seen.insert(target) {
            check.invalid(format!("{path}.mountPath"), target, "must be unique");
        }
        if !text(mount, "subPath").is_empty() && !text(mount, "subPathExpr").is_empty() {
            let field = format!("{path}.subPathExpr");
            check.invalid(
                field,
                text(mount, "subPathExpr"),
                "subPathExpr and subPath are mutually exclusive",
            );
        }
    }
}

fn check_resources(check: &mut Check, path: &str, resources: &Value) {
    let quantity = |list: &str, key: &str| {
        text(&resources[list], key).parse::<Quantity>().unwrap_or(Quantity::ZERO)
    };
    for list in ["limits", "requests"] {
        for (key, _) in entries(resources, list) {
            let field = format!("{path}.{list}[{key}]");
            check.all(&field, key, names::qualified_name_errors(key));
            if !key.contains('/') && !is_container_resource(key) {
                let why = "must be a standard resource type or fully qualified";
                check.invalid(&field, key.as_str(), why);
                check.invalid(&field, key.as_str(), "must be a standard resource for containers");
            }
            if quantity(list, key).is_negative() {
                let shown = quantity(list, key).to_string();
                check.invalid(&field, shown, "must be greater than or equal to 0");
            }
        }
    }
    for (key, _) in entries(resources, "requests") {
        if !is_set(&resources["limits"], key) {
            continue;
        }
        let (request, limit) = (quantity("requests", key), quantity("limits", key));
        let overcommits = matches!(key.as_str(), "cpu" | "memory" | "ephemeral-storage");
        if !overcommits && request != limit {
            let why = format!("must be equal to {key} limit of {limit}");
            check.invalid(format!("{path}.requests"), request.to_string(), &why);
        } else if request > limit {
            let why = format!("must be less than or equal to {key} limit of {limit}");
            check.invalid(format!("{path}.requests"), request.to_string(), &why);
        }
    }
}

fn is_container_resource(key: &str) -> bool {
    matches!(key, "cpu" | "memory" | "ephemeral-storage") || key.starts_with("hugepages-")
}

fn check_probe(check: &mut Check, path: &str, probe: &Value) {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    let given: Vec<&str> = handlers.into_iter().filter(|one| is_set(probe, one)).collect();
    match given.as_slice() {
        [] => check.required(path, "must specify a handler type"),
        [first, rest @ ..] => {
            for extra in rest {
                check.forbidden(
                    format!("{path}.{extra}"),
                    "may not specify more than 1 handler type",
                );
            }
            check_handler(check, &format!("{path}.{first}"), first, &probe[*first]);
        }
    }
    for key in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        check.not_negative(probe, path, key);
    }
}

fn check_handler(check: &mut Check, path: &str, kind: &str, handler: &Value) {
    match kind {
        "exec" if items(handler, "command").is_empty() => {
            check.required(format!("{path}.command"), "");
        }
        "httpGet" => {
            if text(handler, "path").is_empty() {
                check.required(format!("{path}.path"), "");
            }
            check_port(check, &format!("{path}.port"), &handler["port"]);
            check.one_of(format!("{path}.scheme"), text(handler, "scheme"), &["HTTP", "HTTPS"]);
        }
        "tcpSocket" | "grpc" => check_port(check, &format!("{path}.port"), &handler["port"]),
        _ => {}
    }
}

/// Checks a port that is a number or a name.
pub(in super::super) fn check_port(check: &mut Check, path: &str, port: &Value) {
    match port {
        Value::String(name) => check.all(path, name, port_name_errors(name)),
        other => check.port(path, other.as_i64().unwrap_or(0)),
    }
}

fn check_volumes<'a>(check: &mut Check, path: &str, spec: &'a Value) -> HashSet<&'a str> {
    let mut known = HashSet::new();
    for (at, volume) in items(spec, "volumes").iter().enumerate() {
        let path = format!("{path}[{at}]");
        let name = text(volume, "name");
        let before = check.len();
        let sources: Vec<&str> =
            VOLUME_SOURCES.into_iter().filter(|source| is_set(volume, source)).collect();
        if sources.is_empty() {
            check.required(&path, "must specify a volume type");
        }
        for extra in sources.iter().skip(1) {
            check.forbidden(format!("{path}.{extra}"), "may not specify more than 1 volume type");
        }
        details::check_volume(check, &path, volume);
        if name.is_empty() {
            check.required(format!("{path}.name"), "");
        } else {
            check.all(format!("{path}.name"), name, names::dns_label_errors(name, None));
            if known.contains(name) {
                check.push(crate::status::FieldError::duplicate(format!("{path}.name"), name));
            }
        }
        // Mounts do not find a volume that is wrong.
        if check.len() == before {
            known.insert(name);
        }
    }
    known
}

/// The kinds of volumes in the order in which the original looks for them.
const VOLUME_SOURCES: [&str; 29] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "rbd",
    "cinder",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "azureFile",
    "configMap",
    "vsphereVolume",
    "azureDisk",
    "storageos",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "projected",
    "csi",
    "ephemeral",
    "image",
];

fn check_tolerations(check: &mut Check, path: &str, tolerations: &[Value]) {
    for (at, toleration) in tolerations.iter().enumerate() {
        let path = format!("{path}[{at}]");
        let key = text(toleration, "key");
        if !key.is_empty() {
            check.all(format!("{path}.key"), key, names::qualified_name_errors(key));
        } else if text(toleration, "operator") != "Exists" {
            let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            check.invalid(format!("{path}.operator"), text(toleration, "operator"), why);
        }
        if int(toleration, "tolerationSeconds").is_some()
            && text(toleration, "effect") != "NoExecute"
        {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            check.invalid(format!("{path}.effect"), text(toleration, "effect"), why);
        }
    }
}
