//! Checks of what is rarer in a Pod: DNS, hosts, placement, security, sources of volumes.

use std::collections::HashSet;
use std::net::IpAddr;

use flux_schema::Quantity;
use serde_json::Value;

use super::super::value::{
    Check, check_selector, config_key_errors, flag, int, is_set, items, text, texts,
};
use crate::names;
use crate::status::FieldError;

const NOT_ADDRESS: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const NOT_MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const NOT_ID: &str = "must be between 0 and 2147483647, inclusive";
const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// Checks what belongs to the Pod as a whole.
pub(super) fn check_spec(check: &mut Check, path: &str, spec: &Value) {
    check_dns(check, path, spec);
    check_hosts(check, &format!("{path}.hostAliases"), spec);
    check_affinity(check, &format!("{path}.affinity"), &spec["affinity"]);
    check_spread(check, &format!("{path}.topologySpreadConstraints"), spec);
    check_pod_security(check, &format!("{path}.securityContext"), &spec["securityContext"]);
    for key in ["priorityClassName", "runtimeClassName"] {
        let name = text(spec, key);
        if !name.is_empty() {
            check.all(format!("{path}.{key}"), name, names::dns_subdomain_errors(name, None));
        }
    }
    let subdomain = text(spec, "subdomain");
    if !subdomain.is_empty() {
        let wrong = names::dns_label_errors(subdomain, None);
        check.all(format!("{path}.subdomain"), subdomain, wrong);
    }
    if is_set(spec, "preemptionPolicy") {
        let allowed = ["PreemptLowerPriority", "Never"];
        check.one_of(format!("{path}.preemptionPolicy"), text(spec, "preemptionPolicy"), &allowed);
    }
    let mut gates = HashSet::new();
    for (at, gate) in items(spec, "schedulingGates").iter().enumerate() {
        let name = text(gate, "name");
        let path = format!("{path}.schedulingGates[{at}]");
        check.all(&path, name, names::qualified_name_errors(name));
        if !gates.insert(name) {
            check.push(FieldError::duplicate(path, name));
        }
    }
}

fn check_dns(check: &mut Check, path: &str, spec: &Value) {
    let config = &spec["dnsConfig"];
    let servers = texts(config, "nameservers");
    if text(spec, "dnsPolicy") == "None" {
        if config.is_null() {
            let why = "must provide `dnsConfig` when `dnsPolicy` is None";
            check.required(format!("{path}.dnsConfig"), why);
            return;
        }
        if servers.is_empty() {
            let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
            check.required(format!("{path}.dnsConfig.nameservers"), why);
        }
    }
    if servers.len() > 3 {
        let why = "must not have more than 3 nameservers";
        check.invalid(format!("{path}.dnsConfig.nameservers"), config["nameservers"].clone(), why);
    }
    for (at, server) in servers.into_iter().enumerate() {
        check_address(check, format!("{path}.dnsConfig.nameservers[{at}]"), server);
    }
    for (at, search) in texts(config, "searches").into_iter().enumerate() {
        let bare = search.strip_suffix('.').unwrap_or(search);
        if bare.is_empty() {
            continue;
        }
        let path = format!("{path}.dnsConfig.searches[{at}]");
        for why in names::dns_subdomain_errors(bare, None) {
            check.invalid(path.clone(), search, &why);
        }
    }
    for (at, option) in items(config, "options").iter().enumerate() {
        if text(option, "name").is_empty() {
            check.required(format!("{path}.dnsConfig.options[{at}]"), "must not be empty");
        }
    }
}

fn check_address(check: &mut Check, path: String, address: &str) {
    if address.parse::<IpAddr>().is_err() {
        check.invalid(path, address, NOT_ADDRESS);
    }
}

fn check_hosts(check: &mut Check, path: &str, spec: &Value) {
    for (at, alias) in items(spec, "hostAliases").iter().enumerate() {
        check_address(check, format!("{path}[{at}].ip"), text(alias, "ip"));
        for (host_at, host) in texts(alias, "hostnames").into_iter().enumerate() {
            let path = format!("{path}[{at}].hostnames[{host_at}]");
            check.all(path, host, names::dns_subdomain_errors(host, None));
        }
    }
}

fn check_affinity(check: &mut Check, path: &str, affinity: &Value) {
    let node = &affinity["nodeAffinity"];
    if is_set(node, REQUIRED) {
        let path = format!("{path}.nodeAffinity.{REQUIRED}.nodeSelectorTerms");
        let terms = items(&node[REQUIRED], "nodeSelectorTerms");
        if terms.is_empty() {
            check.required(&path, "must have at least one node selector term");
        }
        for (at, term) in terms.iter().enumerate() {
            check_node_term(check, &format!("{path}[{at}]"), term);
        }
    }
    for (at, term) in items(node, PREFERRED).iter().enumerate() {
        let path = format!("{path}.nodeAffinity.{PREFERRED}[{at}]");
        check_weight(check, &path, term);
        check_node_term(check, &format!("{path}.preference"), &term["preference"]);
    }
    for kind in ["podAffinity", "podAntiAffinity"] {
        for (at, term) in items(&affinity[kind], REQUIRED).iter().enumerate() {
            check_pod_term(check, &format!("{path}.{kind}.{REQUIRED}[{at}]"), term);
        }
        for (at, term) in items(&affinity[kind], PREFERRED).iter().enumerate() {
            let path = format!("{path}.{kind}.{PREFERRED}[{at}]");
            check_weight(check, &path, term);
            check_pod_term(check, &format!("{path}.podAffinityTerm"), &term["podAffinityTerm"]);
        }
    }
}

fn check_weight(check: &mut Check, path: &str, term: &Value) {
    let weight = int(term, "weight").unwrap_or(0);
    if !(1..=100).contains(&weight) {
        check.invalid(format!("{path}.weight"), weight, "must be in the range 1-100");
    }
}

fn check_node_term(check: &mut Check, path: &str, term: &Value) {
    for list in ["matchExpressions", "matchFields"] {
        for (at, expression) in items(term, list).iter().enumerate() {
            let path = format!("{path}.{list}[{at}]");
            let values = items(expression, "values");
            match text(expression, "operator") {
                "In" | "NotIn" if values.is_empty() => {
                    let why = "must be specified when `operator` is 'In' or 'NotIn'";
                    check.required(format!("{path}.values"), why);
                }
                "Exists" | "DoesNotExist" if !values.is_empty() => {
                    let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                    check.forbidden(format!("{path}.values"), why);
                }
                "Gt" | "Lt" if values.len() != 1 => {
                    let why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
                    check.required(format!("{path}.values"), why);
                }
                "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
                other => {
                    let why = "not a valid selector operator";
                    check.invalid(format!("{path}.operator"), other, why);
                }
            }
            let key = text(expression, "key");
            check.all(format!("{path}.key"), key, names::qualified_name_errors(key));
        }
    }
}

fn check_pod_term(check: &mut Check, path: &str, term: &Value) {
    for selector in ["labelSelector", "namespaceSelector"] {
        check_selector(check, &format!("{path}.{selector}"), &term[selector]);
    }
    for namespace in texts(term, "namespaces") {
        let wrong = names::dns_label_errors(namespace, None);
        check.all(format!("{path}.namespace"), namespace, wrong);
    }
    check_topology_key(check, path, term);
}

fn check_topology_key(check: &mut Check, path: &str, value: &Value) {
    match text(value, "topologyKey") {
        "" => check.required(format!("{path}.topologyKey"), "can not be empty"),
        key => check.all(format!("{path}.topologyKey"), key, names::qualified_name_errors(key)),
    }
}

fn check_spread(check: &mut Check, path: &str, spec: &Value) {
    let mut seen = HashSet::new();
    for (at, one) in items(spec, "topologySpreadConstraints").iter().enumerate() {
        let path = format!("{path}[{at}]");
        let skew = int(one, "maxSkew").unwrap_or(0);
        if skew <= 0 {
            check.invalid(format!("{path}.maxSkew"), skew, "must be greater than zero");
        }
        check_topology_key(check, &path, one);
        let action = text(one, "whenUnsatisfiable");
        let allowed = ["DoNotSchedule", "ScheduleAnyway"];
        check.one_of(format!("{path}.whenUnsatisfiable"), action, &allowed);
        if let Some(domains) = int(one, "minDomains") {
            if domains <= 0 {
                check.invalid(format!("{path}.minDomains"), domains, "must be greater than zero");
            }
            if action != "DoNotSchedule" {
                let why = format!(
                    "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
                );
                check.invalid(format!("{path}.minDomains"), domains, &why);
            }
        }
        check_selector(check, &format!("{path}.labelSelector"), &one["labelSelector"]);
        let key = text(one, "topologyKey");
        if !seen.insert((key, action)) {
            let shown = format!("{{{key}, {action}}}");
            let path = format!("{path}.{{topologyKey, whenUnsatisfiable}}");
            check.push(FieldError::duplicate(path, shown));
        }
    }
}

fn check_ids(check: &mut Check, path: &str, context: &Value, keys: &[&str]) {
    for key in keys {
        if let Some(id) = int(context, key).filter(|id| !(0..=0x7fff_ffff).contains(id)) {
            check.invalid(format!("{path}.{key}"), id, NOT_ID);
        }
    }
}

fn check_seccomp(check: &mut Check, path: &str, context: &Value) {
    let profile = &context["seccompProfile"];
    if profile.is_null() {
        return;
    }
    let path = format!("{path}.seccompProfile");
    match (text(profile, "type"), text(profile, "localhostProfile")) {
        ("", _) => {
            check.required(format!("{path}.type"), "type is required when seccompProfile is set")
        }
        ("Localhost", "") => {
            let why = "must be set when seccomp type is Localhost";
            check.required(format!("{path}.localhostProfile"), why);
        }
        ("Localhost" | "RuntimeDefault" | "Unconfined", profile) => {
            if !profile.is_empty() && text(&context["seccompProfile"], "type") != "Localhost" {
                let why = "can only be set when seccomp type is Localhost";
                check.invalid(format!("{path}.localhostProfile"), profile, why);
            }
        }
        (other, _) => {
            let allowed = ["Localhost", "RuntimeDefault", "Unconfined"];
            check.one_of(format!("{path}.type"), other, &allowed);
        }
    }
}

fn check_pod_security(check: &mut Check, path: &str, context: &Value) {
    check_ids(check, path, context, &["fsGroup", "runAsUser", "runAsGroup"]);
    for (at, group) in items(context, "supplementalGroups").iter().enumerate() {
        if group.as_i64().is_none_or(|id| !(0..=0x7fff_ffff).contains(&id)) {
            check.invalid(format!("{path}.supplementalGroups[{at}]"), group.clone(), NOT_ID);
        }
    }
    check_seccomp(check, path, context);
    if is_set(context, "fsGroupChangePolicy") {
        let policy = text(context, "fsGroupChangePolicy");
        check.one_of(format!("{path}.fsGroupChangePolicy"), policy, &["Always", "OnRootMismatch"]);
    }
    let mut seen = HashSet::new();
    for (at, sysctl) in items(context, "sysctls").iter().enumerate() {
        let name = text(sysctl, "name");
        if name.is_empty() {
            check.required(format!("{path}.sysctls[{at}].name"), "");
        } else if !seen.insert(name) {
            check.push(FieldError::duplicate(format!("{path}.sysctls[{at}].name"), name));
        }
    }
}

/// Checks what belongs to one container.
pub(super) fn check_container(check: &mut Check, path: &str, container: &Value) {
    let context = &container["securityContext"];
    let at = format!("{path}.securityContext");
    check_ids(check, &at, context, &["runAsUser", "runAsGroup"]);
    if is_set(context, "procMount") {
        let mount = text(context, "procMount");
        check.one_of(format!("{at}.procMount"), mount, &["Default", "Unmasked"]);
    }
    check_seccomp(check, &at, context);
    if context["allowPrivilegeEscalation"] == false && flag(context, "privileged") {
        let why = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        check.invalid(&at, context.clone(), why);
    }
    for (index, source) in items(container, "envFrom").iter().enumerate() {
        check_env_from(check, &format!("{path}.envFrom[{index}]"), source);
    }
    for hook in ["postStart", "preStop"] {
        let handler = &container["lifecycle"][hook];
        if handler.is_object() {
            let given = ["exec", "httpGet", "tcpSocket", "sleep"];
            if !given.iter().any(|kind| is_set(handler, kind)) {
                check.required(format!("{path}.lifecycle.{hook}"), "must specify a handler type");
            }
        }
    }
    for (index, mount) in items(container, "volumeMounts").iter().enumerate() {
        let path = format!("{path}.volumeMounts[{index}]");
        check_local_path(check, &format!("{path}.subPath"), text(mount, "subPath"));
        if is_set(mount, "mountPropagation") {
            let allowed = ["Bidirectional", "HostToContainer", "None"];
            let propagation = text(mount, "mountPropagation");
            check.one_of(format!("{path}.mountPropagation"), propagation, &allowed);
            if propagation == "Bidirectional" && !flag(context, "privileged") {
                let why =
                    "Bidirectional mount propagation is available only to privileged containers";
                check.forbidden(format!("{path}.mountPropagation"), why);
            }
        }
    }
}

fn check_env_from(check: &mut Check, path: &str, source: &Value) {
    let prefix = text(source, "prefix");
    let printable = |b: u8| (0x20..0x7f).contains(&b) && b != b'=';
    if !prefix.bytes().all(printable) {
        let why = "a valid environment variable name must consist only of printable ASCII \
                   characters other than '='";
        check.invalid(format!("{path}.prefix"), prefix, why);
    }
    let given: Vec<&str> =
        ["configMapRef", "secretRef"].into_iter().filter(|key| is_set(source, key)).collect();
    for key in &given {
        if text(&source[*key], "name").is_empty() {
            check.required(format!("{path}.{key}.name"), "");
        }
    }
    match given.len() {
        0 => check.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"),
        1 => {}
        _ => check.invalid(path, "", "may not have more than one field specified at a time"),
    }
}

/// A path that stays below where it is used.
fn check_local_path(check: &mut Check, path: &str, value: &str) {
    if value.starts_with('/') {
        check.invalid(path, value, "must be a relative path");
    }
    if value.split('/').any(|part| part == "..") {
        check.invalid(path, value, "must not contain '..'");
    }
}

fn check_mode(check: &mut Check, path: &str, source: &Value, key: &str) {
    if let Some(mode) = int(source, key).filter(|mode| !(0..=0o777).contains(mode)) {
        check.invalid(format!("{path}.{key}"), mode, NOT_MODE);
    }
}

fn check_key_paths(check: &mut Check, path: &str, source: &Value) {
    for (at, item) in items(source, "items").iter().enumerate() {
        let path = format!("{path}.items[{at}]");
        match text(item, "key") {
            "" => check.required(format!("{path}.key"), ""),
            key => check.all(format!("{path}.key"), key, config_key_errors(key)),
        }
        check_item_path(check, &path, item);
    }
}

fn check_item_path(check: &mut Check, path: &str, item: &Value) {
    match text(item, "path") {
        "" => check.required(format!("{path}.path"), ""),
        value => check_local_path(check, &format!("{path}.path"), value),
    }
    check_mode(check, path, item, "mode");
}

/// Checks the source of a volume.
pub(super) fn check_volume(check: &mut Check, path: &str, volume: &Value) {
    if let Some(limit) = volume["emptyDir"].get("sizeLimit").and_then(Value::as_str)
        && limit.parse::<Quantity>().is_ok_and(|limit| limit.is_negative())
    {
        let why = "SizeLimit field must be a valid resource quantity";
        check.forbidden(format!("{path}.emptyDir.sizeLimit"), why);
    }
    let required: [(&str, &[&str]); 8] = [
        ("secret", &["secretName"]),
        ("configMap", &["name"]),
        ("persistentVolumeClaim", &["claimName"]),
        ("hostPath", &["path"]),
        ("nfs", &["server", "path"]),
        ("csi", &["driver"]),
        ("gcePersistentDisk", &["pdName"]),
        ("awsElasticBlockStore", &["volumeID"]),
    ];
    for (source, keys) in required {
        for key in keys
            .iter()
            .filter(|key| is_set(volume, source) && text(&volume[source], key).is_empty())
        {
            check.required(format!("{path}.{source}.{key}"), "");
        }
    }
    let server = text(&volume["nfs"], "path");
    if !server.is_empty() && !server.starts_with('/') {
        check.invalid(format!("{path}.nfs.path"), server, "must be an absolute path");
    }
    if text(&volume["hostPath"], "path").split('/').any(|part| part == "..") {
        let shown = text(&volume["hostPath"], "path");
        check.invalid(format!("{path}.hostPath.path"), shown, "must not contain '..'");
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        check_mode(check, &format!("{path}.{source}"), &volume[source], "defaultMode");
    }
    for source in ["secret", "configMap"] {
        check_key_paths(check, &format!("{path}.{source}"), &volume[source]);
    }
    check_downward(check, &format!("{path}.downwardAPI"), &volume["downwardAPI"]);
    if is_set(volume, "projected") {
        check_projected(check, &format!("{path}.projected"), &volume["projected"]);
    }
}

fn check_downward(check: &mut Check, path: &str, source: &Value) {
    for (at, item) in items(source, "items").iter().enumerate() {
        let path = format!("{path}.items[{at}]");
        check_item_path(check, &path, item);
        match (is_set(item, "fieldRef"), is_set(item, "resourceFieldRef")) {
            (true, true) => {
                let why = "fieldRef and resourceFieldRef can not be specified simultaneously";
                check.invalid(path, "resource", why);
            }
            (false, false) => {
                check.required(path, "one of fieldRef and resourceFieldRef is required");
            }
            _ => {}
        }
    }
}

fn check_projected(check: &mut Check, path: &str, projected: &Value) {
    let kinds = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"];
    for (at, source) in items(projected, "sources").iter().enumerate() {
        let path = format!("{path}.sources[{at}]");
        let given: Vec<&str> = kinds.into_iter().filter(|kind| is_set(source, kind)).collect();
        for extra in given.iter().skip(1) {
            let why = "may not specify more than 1 volume type per source";
            check.forbidden(format!("{path}.{extra}"), why);
        }
        for kind in ["secret", "configMap"] {
            if is_set(source, kind) && text(&source[kind], "name").is_empty() {
                check.required(format!("{path}.{kind}.name"), "");
            }
            check_key_paths(check, &format!("{path}.{kind}"), &source[kind]);
        }
        check_downward(check, &format!("{path}.downwardAPI"), &source["downwardAPI"]);
        let token = &source["serviceAccountToken"];
        if token.is_object() {
            let path = format!("{path}.serviceAccountToken");
            let seconds = int(token, "expirationSeconds").unwrap_or(3600);
            if seconds < 600 {
                let why = "may not specify a duration less than 10 minutes";
                check.invalid(format!("{path}.expirationSeconds"), seconds, why);
            }
            if text(token, "path").is_empty() {
                check.required(format!("{path}.path"), "");
            }
        }
    }
}
