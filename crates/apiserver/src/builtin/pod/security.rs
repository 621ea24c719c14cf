//! The Pod Security Standards that labels of a namespace ask for.

use serde_json::Value;

use super::super::value::{entries, flag, int, is_set, items, text};
use crate::meta;
use crate::registry::Context;
use crate::status::Status;

/// A level of the standards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Baseline,
    Restricted,
}

/// What a namespace asks for in one mode.
struct Policy {
    level: Level,
    version: String,
}

impl Policy {
    fn of(ctx: &Context<'_>, mode: &str) -> Option<Self> {
        let namespace = ctx.view.get("", "namespaces", "", ctx.namespace)?;
        let labels = &namespace["metadata"]["labels"];
        let level = match text(labels, &format!("pod-security.kubernetes.io/{mode}")) {
            "baseline" => Level::Baseline,
            "restricted" => Level::Restricted,
            _ => return None,
        };
        let version = match text(labels, &format!("pod-security.kubernetes.io/{mode}-version")) {
            "" => "latest",
            version => version,
        };
        Some(Self { level, version: version.to_owned() })
    }

    fn name(&self) -> String {
        let level = match self.level {
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        };
        format!("\"{level}:{}\"", self.version)
    }
}

/// Refuses Pods that violate the enforced level of their namespace.
pub(super) fn enforce(
    ctx: &Context<'_>,
    object: &Value,
    old: Option<&Value>,
) -> Result<(), Status> {
    if old.is_some_and(|old| old["spec"] == object["spec"]) {
        return Ok(());
    }
    let Some(policy) = Policy::of(ctx, "enforce") else { return Ok(()) };
    let found = violations(policy.level, &object["metadata"], &object["spec"]);
    if found.is_empty() {
        return Ok(());
    }
    let why = format!("violates PodSecurity {}: {}", policy.name(), found.join(", "));
    Err(Status::forbidden(ctx.resource.group_resource(), meta::name(object), &why))
}

/// Returns the warning about a Pod or template that violates the warned level of its namespace.
pub(in super::super) fn warnings(ctx: &Context<'_>, metadata: &Value, spec: &Value) -> Vec<String> {
    let Some(policy) = Policy::of(ctx, "warn") else { return Vec::new() };
    let found = violations(policy.level, metadata, spec);
    if found.is_empty() {
        return Vec::new();
    }
    vec![format!("would violate PodSecurity {}: {}", policy.name(), found.join(", "))]
}

fn violations(level: Level, metadata: &Value, spec: &Value) -> Vec<String> {
    let containers: Vec<&Value> = ["initContainers", "containers", "ephemeralContainers"]
        .iter()
        .flat_map(|list| items(spec, list))
        .collect();
    let mut found = Vec::new();
    let view = View { metadata, spec, containers: &containers };
    if level == Level::Restricted {
        found.extend(view.privilege_escalation());
    }
    found.extend(view.host_namespaces());
    found.extend(view.host_ports());
    found.extend(view.privileged());
    match level {
        Level::Baseline => found.extend(view.added_capabilities()),
        Level::Restricted => found.extend(view.unrestricted_capabilities()),
    }
    found.extend(view.host_path());
    if level == Level::Restricted {
        found.extend(view.restricted_volumes());
        found.extend(view.run_as_non_root());
        found.extend(view.run_as_user());
    }
    found.extend(view.seccomp(level));
    found.extend(view.sysctls());
    found
}

struct View<'a> {
    metadata: &'a Value,
    spec: &'a Value,
    containers: &'a [&'a Value],
}

/// `container "a"`, `containers "a", "b"`
fn named(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let word = if names.len() == 1 { "container" } else { "containers" };
    format!("{word} {}", quoted.join(", "))
}

impl<'a> View<'a> {
    fn names(&self, bad: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers
            .iter()
            .filter(|one| bad(&one["securityContext"]))
            .map(|one| text(one, "name"))
            .collect()
    }

    fn privilege_escalation(&self) -> Option<String> {
        let bad = self.names(|context| context["allowPrivilegeEscalation"] != false);
        (!bad.is_empty()).then(|| {
            format!(
                "allowPrivilegeEscalation != false ({} must set \
                 securityContext.allowPrivilegeEscalation=false)",
                named(&bad)
            )
        })
    }

    fn host_namespaces(&self) -> Option<String> {
        let bad: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
            .iter()
            .filter(|key| flag(self.spec, key))
            .map(|key| format!("{key}=true"))
            .collect();
        (!bad.is_empty()).then(|| format!("host namespaces ({})", bad.join(", ")))
    }

    fn host_ports(&self) -> Option<String> {
        if flag(self.spec, "hostNetwork") {
            return None;
        }
        let mut bad = Vec::new();
        let mut ports = Vec::new();
        for container in self.containers {
            let own: Vec<i64> = items(container, "ports")
                .iter()
                .filter_map(|port| int(port, "hostPort").filter(|port| *port != 0))
                .collect();
            if !own.is_empty() {
                bad.push(text(container, "name"));
                ports.extend(own);
            }
        }
        ports.sort_unstable();
        let word = if ports.len() == 1 { "hostPort" } else { "hostPorts" };
        let verb = if bad.len() == 1 { "uses" } else { "use" };
        let list: Vec<String> = ports.iter().map(ToString::to_string).collect();
        (!bad.is_empty())
            .then(|| format!("hostPort ({} {verb} {word} {})", named(&bad), list.join(", ")))
    }

    fn privileged(&self) -> Option<String> {
        let bad = self.names(|context| flag(context, "privileged"));
        (!bad.is_empty()).then(|| {
            format!("privileged ({} must not set securityContext.privileged=true)", named(&bad))
        })
    }

    fn added_capabilities(&self) -> Option<String> {
        const ALLOWED: [&str; 14] = [
            "AUDIT_WRITE",
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "MKNOD",
            "NET_BIND_SERVICE",
            "SETFCAP",
            "SETGID",
            "SETPCAP",
            "SETUID",
            "SYS_CHROOT",
            "",
        ];
        let mut bad = Vec::new();
        let mut added = std::collections::BTreeSet::new();
        for container in self.containers {
            let own: Vec<&str> = capabilities(container, "add")
                .into_iter()
                .filter(|one| !ALLOWED.contains(one))
                .collect();
            if !own.is_empty() {
                bad.push(text(container, "name"));
                added.extend(own);
            }
        }
        let list: Vec<String> = added.iter().map(|one| format!("\"{one}\"")).collect();
        (!bad.is_empty()).then(|| {
            format!(
                "non-default capabilities ({} must not include {} in \
                 securityContext.capabilities.add)",
                named(&bad),
                list.join(", ")
            )
        })
    }

    fn unrestricted_capabilities(&self) -> Option<String> {
        let drops = |one: &Value| capabilities(one, "drop").contains(&"ALL");
        let keep: Vec<&str> =
            self.containers.iter().filter(|one| !drops(one)).map(|one| text(one, "name")).collect();
        let mut adders = Vec::new();
        let mut added = std::collections::BTreeSet::new();
        for container in self.containers {
            let own: Vec<&str> = capabilities(container, "add")
                .into_iter()
                .filter(|one| *one != "NET_BIND_SERVICE")
                .collect();
            if !own.is_empty() {
                adders.push(text(container, "name"));
                added.extend(own);
            }
        }
        let mut parts = Vec::new();
        if !keep.is_empty() {
            parts.push(format!(
                "{} must set securityContext.capabilities.drop=[\"ALL\"]",
                named(&keep)
            ));
        }
        if !adders.is_empty() {
            let list: Vec<String> = added.iter().map(|one| format!("\"{one}\"")).collect();
            parts.push(format!(
                "{} must not include {} in securityContext.capabilities.add",
                named(&adders),
                list.join(", ")
            ));
        }
        (!parts.is_empty()).then(|| format!("unrestricted capabilities ({})", parts.join("; ")))
    }

    fn host_path(&self) -> Option<String> {
        let bad: Vec<String> = items(self.spec, "volumes")
            .iter()
            .filter(|volume| is_set(volume, "hostPath"))
            .map(|volume| format!("\"{}\"", text(volume, "name")))
            .collect();
        let word = if bad.len() == 1 { "volume" } else { "volumes" };
        (!bad.is_empty()).then(|| format!("hostPath volumes ({word} {})", bad.join(", ")))
    }

    fn restricted_volumes(&self) -> Option<String> {
        const ALLOWED: [&str; 9] = [
            "configMap",
            "csi",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ];
        let mut bad = Vec::new();
        let mut kinds = std::collections::BTreeSet::new();
        for volume in items(self.spec, "volumes") {
            let source = volume.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
            for kind in source.filter(|key| *key != "name" && !ALLOWED.contains(key)) {
                bad.push(format!("\"{}\"", text(volume, "name")));
                kinds.insert(format!("\"{kind}\""));
            }
        }
        let (word, verb) = if bad.len() == 1 { ("volume", "uses") } else { ("volumes", "use") };
        let types = if kinds.len() == 1 { "type" } else { "types" };
        let list: Vec<String> = kinds.into_iter().collect();
        (!bad.is_empty()).then(|| {
            format!(
                "restricted volume types ({word} {} {verb} restricted volume {types} {})",
                bad.join(", "),
                list.join(", ")
            )
        })
    }

    fn run_as_non_root(&self) -> Option<String> {
        let pod = &self.spec["securityContext"]["runAsNonRoot"];
        let explicit = self.names(|context| context["runAsNonRoot"] == false);
        let missing = self.names(|context| !is_set(context, "runAsNonRoot"));
        if !explicit.is_empty() || *pod == false {
            let mut parts = Vec::new();
            if *pod == false {
                parts.push("pod must not set securityContext.runAsNonRoot=false".to_owned());
            }
            if !explicit.is_empty() {
                let names = named(&explicit);
                parts.push(format!("{names} must not set securityContext.runAsNonRoot=false"));
            }
            return Some(format!("runAsNonRoot != true ({})", parts.join("; ")));
        }
        (*pod != true && !missing.is_empty()).then(|| {
            format!(
                "runAsNonRoot != true (pod or {} must set securityContext.runAsNonRoot=true)",
                named(&missing)
            )
        })
    }

    fn run_as_user(&self) -> Option<String> {
        let pod = int(&self.spec["securityContext"], "runAsUser") == Some(0);
        let bad = self.names(|context| int(context, "runAsUser") == Some(0));
        let mut parts = Vec::new();
        if pod {
            parts.push("pod must not set runAsUser=0".to_owned());
        }
        if !bad.is_empty() {
            parts.push(format!("{} must not set runAsUser=0", named(&bad)));
        }
        (!parts.is_empty()).then(|| format!("runAsUser=0 ({})", parts.join("; ")))
    }

    fn seccomp(&self, level: Level) -> Option<String> {
        let kind = |context: &Value| text(&context["seccompProfile"], "type").to_owned();
        let allowed = |kind: &str| matches!(kind, "RuntimeDefault" | "Localhost");
        let pod = kind(&self.spec["securityContext"]);
        if level == Level::Baseline {
            let bad = self.names(|context| kind(context) == "Unconfined");
            let mut parts = Vec::new();
            if pod == "Unconfined" {
                parts.push(
                    "pod must not set securityContext.seccompProfile.type to \"Unconfined\""
                        .to_owned(),
                );
            }
            if !bad.is_empty() {
                parts.push(format!(
                    "{} must not set securityContext.seccompProfile.type to \"Unconfined\"",
                    named(&bad)
                ));
            }
            return (!parts.is_empty()).then(|| format!("seccompProfile ({})", parts.join("; ")));
        }
        let explicit = self.names(|context| {
            let own = kind(context);
            !own.is_empty() && !allowed(&own)
        });
        let missing = self.names(|context| kind(context).is_empty());
        if !explicit.is_empty() {
            return Some(format!(
                "seccompProfile ({} must not set securityContext.seccompProfile.type to \
                 \"Unconfined\")",
                named(&explicit)
            ));
        }
        (!allowed(&pod) && !missing.is_empty()).then(|| {
            format!(
                "seccompProfile (pod or {} must set securityContext.seccompProfile.type to \
                 \"RuntimeDefault\" or \"Localhost\")",
                named(&missing)
            )
        })
    }

    fn sysctls(&self) -> Option<String> {
        const ALLOWED: [&str; 5] = [
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.ip_unprivileged_port_start",
            "net.ipv4.tcp_syncookies",
            "net.ipv4.ping_group_range",
        ];
        let bad: Vec<&str> = items(&self.spec["securityContext"], "sysctls")
            .iter()
            .map(|one| text(one, "name"))
            .filter(|name| !ALLOWED.contains(name))
            .collect();
        // AppArmor annotations are the other thing that metadata may violate.
        let apparmor = entries(self.metadata, "annotations").any(|(key, value)| {
            key.starts_with("container.apparmor.security.beta.kubernetes.io/")
                && value == "unconfined"
        });
        let quoted: Vec<String> = bad.iter().map(|name| (*name).to_owned()).collect();
        match (bad.is_empty(), apparmor) {
            (false, _) => Some(format!("forbidden sysctls ({})", quoted.join(", "))),
            (true, true) => Some("forbidden AppArmor profile (unconfined)".to_owned()),
            (true, false) => None,
        }
    }
}

fn capabilities<'a>(container: &'a Value, list: &str) -> Vec<&'a str> {
    super::super::value::texts(&container["securityContext"]["capabilities"], list)
}
