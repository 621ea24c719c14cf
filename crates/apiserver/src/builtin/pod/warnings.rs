//! What is allowed in a Pod or a template and yet unlikely to be meant.

use std::collections::{BTreeMap, HashSet};

use flux_schema::Quantity;
use serde_json::{Value, json};

use super::super::value::{int, is_set, items, text};

/// Labels of nodes whose names are out of use.
const OLD_LABELS: [(&str, &str); 5] = [
    ("beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead"),
    ("beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead"),
    (
        "failure-domain.beta.kubernetes.io/region",
        "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead",
    ),
    (
        "beta.kubernetes.io/instance-type",
        "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead",
    ),
];

/// Annotations that do nothing any more.
const OLD_ANNOTATIONS: [(&str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "non-functional in v1.16+; use the \"priorityClassName\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "non-functional in v1.11+; use the \"sysctls\" field instead",
    ),
];

/// Kinds of volumes that are on their way out or gone.
const OLD_VOLUMES: [(&str, &str); 9] = [
    ("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"),
    ("gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"),
    ("scaleIO", "deprecated in v1.16, non-functional in v1.22+"),
    ("flocker", "deprecated in v1.22, non-functional in v1.25+"),
    ("storageos", "deprecated in v1.22, non-functional in v1.25+"),
    ("quobyte", "deprecated in v1.22, non-functional in v1.25+"),
    ("glusterfs", "deprecated in v1.25, non-functional in v1.26+"),
    ("cephfs", "deprecated in v1.28, non-functional in v1.31+"),
    ("rbd", "deprecated in v1.28, non-functional in v1.31+"),
];

const NULL_SELECTOR: &str = "a null labelSelector results in matching no pod";

/// Whose spec is looked at.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Pod,
    Template,
}

/// Returns the warnings about a Pod.
pub(super) fn of_pod(object: &Value) -> Vec<String> {
    Finder { path: String::new(), owner: Owner::Pod, found: Vec::new() }.run(object)
}

/// Returns the warnings about a template at a path.
pub(in super::super) fn of_template(path: &str, template: &Value) -> Vec<String> {
    Finder { path: format!("{path}."), owner: Owner::Template, found: Vec::new() }.run(template)
}

struct Finder {
    /// What stands before `spec` and `metadata`.
    path: String,
    owner: Owner,
    found: Vec<String>,
}

impl Finder {
    fn run(mut self, object: &Value) -> Vec<String> {
        let spec = &object["spec"];
        let annotations = &object["metadata"]["annotations"];
        self.node_labels(spec);
        self.spread(spec);
        for (key, why) in OLD_ANNOTATIONS {
            if is_set(annotations, key) {
                self.say(&format!("metadata.annotations[{key}]"), why);
            }
        }
        self.volumes(spec);
        self.lists(spec);
        self.fractions("spec.overhead", &spec["overhead"]);
        let seccomp = "seccomp.security.alpha.kubernetes.io/pod";
        if is_set(annotations, seccomp) && !is_set(&spec["securityContext"], "seccompProfile") {
            let why = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
            self.say(&format!("metadata.annotations[{seccomp}]"), why);
        }
        for (path, container) in containers(spec) {
            self.container(&path, container, spec, annotations);
        }
        self.ports(spec);
        if int(spec, "terminationGracePeriodSeconds").is_some_and(|seconds| seconds < 0) {
            let why = "must be >= 0; negative values are invalid and will be treated as 1";
            self.say("spec.terminationGracePeriodSeconds", why);
        }
        self.affinity(spec);
        self.found
    }

    fn say(&mut self, path: &str, why: &str) {
        self.found.push(format!("{}{path}: {why}", self.path));
    }

    fn node_labels(&mut self, spec: &Value) {
        for (key, why) in OLD_LABELS {
            if is_set(&spec["nodeSelector"], key) {
                self.say(&format!("spec.nodeSelector[{key}]"), why);
            }
        }
        let affinity = &spec["affinity"]["nodeAffinity"];
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        for (at, term) in items(&affinity[required], "nodeSelectorTerms").iter().enumerate() {
            let path = format!("spec.affinity.nodeAffinity.{required}.nodeSelectorTerms[{at}]");
            self.term(&path, term);
        }
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        for (at, term) in items(affinity, preferred).iter().enumerate() {
            let path = format!("spec.affinity.nodeAffinity.{preferred}[{at}].preference");
            self.term(&path, &term["preference"]);
        }
    }

    fn term(&mut self, path: &str, term: &Value) {
        for (at, expression) in items(term, "matchExpressions").iter().enumerate() {
            let key = text(expression, "key");
            if let Some(why) = old_label(key) {
                let path = format!("{path}.matchExpressions[{at}].key");
                self.say(&path, &format!("{key} is {why}"));
            }
        }
    }

    fn spread(&mut self, spec: &Value) {
        for (at, one) in items(spec, "topologySpreadConstraints").iter().enumerate() {
            let path = format!("spec.topologySpreadConstraints[{at}]");
            let key = text(one, "topologyKey");
            if let Some(why) = old_label(key) {
                self.say(&format!("{path}.topologyKey"), &format!("{key} is {why}"));
            }
            if !is_set(one, "labelSelector") {
                self.say(&format!("{path}.labelSelector"), NULL_SELECTOR);
            }
        }
    }

    fn volumes(&mut self, spec: &Value) {
        let volumes = items(spec, "volumes");
        for (at, volume) in volumes.iter().enumerate() {
            for (source, why) in OLD_VOLUMES {
                if is_set(volume, source) {
                    self.say(&format!("spec.volumes[{at}].{source}"), why);
                }
            }
        }
        let sources = |volume: &Value| items(&volume["projected"], "sources").to_vec();
        let tokens: HashSet<String> = volumes
            .iter()
            .flat_map(sources)
            .filter(|source| is_set(source, "serviceAccountToken"))
            .map(|source| text(&source["serviceAccountToken"], "path").to_owned())
            .collect();
        for (at, volume) in volumes.iter().enumerate() {
            for source in sources(volume) {
                for (key, shown) in [
                    ("configMap", "configMap"),
                    ("secret", "secrets"),
                    ("downwardAPI", "downwardAPI"),
                ] {
                    for (item, one) in items(&source[key], "items").iter().enumerate() {
                        let file = text(one, "path");
                        if tokens.contains(file) {
                            let path =
                                format!("spec.volumes[{at}].projected.sources.{shown}[{item}]");
                            let why = format!(
                                "has duplicated path with ServiceAccountToken {}",
                                json!(file)
                            );
                            self.say(&path, &why);
                        }
                    }
                }
            }
        }
    }

    fn lists(&mut self, spec: &Value) {
        for (list, key) in [("hostAliases", "ip"), ("imagePullSecrets", "name")] {
            let mut seen = HashSet::new();
            for (at, one) in items(spec, list).iter().enumerate() {
                let value = text(one, key);
                if !seen.insert(value) {
                    let why = format!("duplicate {key} {}", json!(value));
                    self.say(&format!("spec.{list}[{at}].{key}"), &why);
                }
            }
        }
        for (at, one) in items(spec, "imagePullSecrets").iter().enumerate() {
            if text(one, "name").is_empty() {
                let path = format!("spec.imagePullSecrets[{at}].name");
                self.say(&path, "invalid empty name \"\"");
            }
        }
    }

    fn fractions(&mut self, path: &str, list: &Value) {
        for key in ["memory", "ephemeral-storage"] {
            let Ok(quantity) = text(list, key).parse::<Quantity>() else { continue };
            if quantity.nanos() % 1_000_000_000 != 0 {
                let shown = json!(quantity.to_string());
                let why = format!("fractional byte value {shown} is invalid, must be an integer");
                self.say(&format!("{path}[{key}]"), &why);
            }
        }
    }

    fn container(&mut self, path: &str, container: &Value, spec: &Value, annotations: &Value) {
        let name = text(container, "name");
        let context = &container["securityContext"];
        let seccomp = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        if is_set(annotations, &seccomp) && !is_set(context, "seccompProfile") {
            let why = "non-functional in v1.27+; use the \"seccompProfile\" field instead";
            self.say(&format!("metadata.annotations[{seccomp}]"), why);
        }
        let armor = format!("container.apparmor.security.beta.kubernetes.io/{name}");
        let armored = is_set(context, "appArmorProfile")
            || is_set(&spec["securityContext"], "appArmorProfile");
        if self.owner == Owner::Template && is_set(annotations, &armor) && !armored {
            let why = "deprecated since v1.30; use the \"appArmorProfile\" field instead";
            self.say(&format!("metadata.annotations[{armor}]"), why);
        }
        for key in ["memory", "ephemeral-storage"] {
            for list in ["limits", "requests"] {
                let one = json!({key: container["resources"][list][key]});
                self.fractions(&format!("{path}.resources.{list}"), &one);
            }
        }
        let mut seen = HashSet::new();
        for (at, variable) in items(container, "env").iter().enumerate() {
            let name = text(variable, "name");
            if seen.insert(name) {
                continue;
            }
            // A value that builds upon the one before it is meant so.
            let reference = format!("$({name})");
            let value = text(variable, "value");
            if is_set(variable, "valueFrom") || value == reference || !value.contains(&reference) {
                let why = format!(
                    "hides previous definition of {}, which may be dropped when using apply",
                    json!(name)
                );
                self.say(&format!("{path}.env[{at}]"), &why);
            }
        }
    }

    fn ports(&mut self, spec: &Value) {
        let mut known: BTreeMap<(i64, &str), Vec<(String, &Value)>> = BTreeMap::new();
        for (path, container) in containers(spec) {
            for (at, port) in items(container, "ports").iter().enumerate() {
                let path = format!("{path}.ports[{at}]");
                if !text(port, "hostIP").is_empty() && host_port(port) == 0 {
                    self.say(&path, &format!("hostIP set without hostPort: {}", port_text(port)));
                }
                let key = (int(port, "containerPort").unwrap_or(0), text(port, "protocol"));
                let others = known.entry(key).or_default();
                for (other_path, other) in others.iter() {
                    if let Some(how) = clash(port, other) {
                        let why = format!("{how} port definition with {}{other_path}", self.path);
                        self.found.push(format!("{}{path}: {why}", self.path));
                    }
                }
                others.push((path, port));
            }
        }
    }

    fn affinity(&mut self, spec: &Value) {
        for kind in ["podAffinity", "podAntiAffinity"] {
            let affinity = &spec["affinity"][kind];
            let required = "requiredDuringSchedulingIgnoredDuringExecution";
            for (at, term) in items(affinity, required).iter().enumerate() {
                if !is_set(term, "labelSelector") {
                    let path = format!("spec.affinity.{kind}.{required}[{at}].labelSelector");
                    self.say(&path, NULL_SELECTOR);
                }
            }
            let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
            for (at, term) in items(affinity, preferred).iter().enumerate() {
                if !is_set(&term["podAffinityTerm"], "labelSelector") {
                    let path = format!(
                        "spec.affinity.{kind}.{preferred}[{at}].podAffinityTerm.labelSelector"
                    );
                    self.say(&path, NULL_SELECTOR);
                }
            }
        }
    }
}

fn old_label(key: &str) -> Option<&'static str> {
    OLD_LABELS.iter().find(|(label, _)| *label == key).map(|(_, why)| *why)
}

/// Returns all containers with their paths.
fn containers(spec: &Value) -> impl Iterator<Item = (String, &Value)> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    lists.into_iter().flat_map(move |list| {
        let all = items(spec, list).iter().enumerate();
        all.map(move |(at, container)| (format!("spec.{list}[{at}]"), container))
    })
}

fn host_port(port: &Value) -> i64 {
    int(port, "hostPort").unwrap_or(0)
}

/// Prints a port as Go prints the struct.
fn port_text(port: &Value) -> String {
    format!(
        "{{Name:{} HostPort:{} ContainerPort:{} Protocol:{} HostIP:{}}}",
        text(port, "name"),
        host_port(port),
        int(port, "containerPort").unwrap_or(0),
        text(port, "protocol"),
        text(port, "hostIP")
    )
}

/// Tells how two definitions of the same port and protocol get in each other's way.
fn clash(one: &Value, other: &Value) -> Option<&'static str> {
    let (a, b) = (text(one, "hostIP"), text(other, "hostIP"));
    let (port, other_port) = (host_port(one), host_port(other));
    if a == b && port == other_port {
        return Some("duplicate");
    }
    if port == 0 || other_port == 0 {
        return Some("overlapping");
    }
    (port == other_port && a.is_empty() != b.is_empty()).then_some("dangerously ambiguous")
}
