//! What is wrong with a Service.

use std::collections::HashSet;
use std::net::IpAddr;

use serde_json::{Value, json};

use super::super::pod::check_port;
use super::super::value::{Check, check_labels, int, is_set, items, text};
use crate::names;
use crate::status::{FieldError, FieldErrors};

pub(super) fn check(spec: &Value) -> FieldErrors {
    let mut check = Check::new();
    let kind = text(spec, "type");
    let headless = text(spec, "clusterIP") == "None";
    if items(spec, "ports").is_empty() && !headless && kind != "ExternalName" {
        check.required("spec.ports", "");
    }
    if kind == "LoadBalancer" && headless {
        check.invalid(
            "spec.clusterIPs[0]",
            "None",
            "may not be set to 'None' for LoadBalancer services",
        );
    }
    if kind == "NodePort" && headless {
        check.invalid(
            "spec.clusterIPs[0]",
            "None",
            "may not be set to 'None' for NodePort services",
        );
    }
    if kind == "ExternalName" {
        check_external_name(&mut check, spec);
    }
    check_ports(&mut check, spec);
    check_labels(&mut check, "spec.selector", &spec["selector"]);
    check_affinity(&mut check, spec);
    check_families(&mut check, spec);
    check_addresses(&mut check, spec);
    for (at, address) in items(spec, "externalIPs").iter().enumerate() {
        let path = format!("spec.externalIPs[{at}]");
        let address = address.as_str().unwrap_or_default();
        check_address(&mut check, path.clone(), address);
        if let Ok(address) = address.parse() {
            check_not_special(&mut check, path, address);
        }
    }
    check.one_of("spec.type", kind, &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    check_port_combinations(&mut check, spec);
    check_policies(&mut check, spec);
    check.done()
}

pub(super) fn check_update(spec: &Value, old: &Value) -> FieldErrors {
    let mut update = Check::new();
    let internal = |spec: &Value| text(spec, "type") != "ExternalName";
    let was = text(old, "clusterIP");
    if internal(spec) && internal(old) && !was.is_empty() && text(spec, "clusterIP") != was {
        let shown = spec["clusterIPs"].clone();
        update.invalid("spec.clusterIPs[0]", shown, "may not change once set");
    }
    update.extend(check(spec));
    update.done()
}

fn check_external_name(check: &mut Check, spec: &Value) {
    if is_set(spec, "clusterIPs") {
        check.forbidden("spec.clusterIPs", "may not be set for ExternalName services");
    }
    if is_set(spec, "ipFamilies") {
        check.forbidden("spec.ipFamilies", "may not be set for ExternalName services");
    }
    if is_set(spec, "ipFamilyPolicy") {
        check.forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services");
    }
    let name = text(spec, "externalName");
    match name.strip_suffix('.').unwrap_or(name) {
        "" => check.required("spec.externalName", ""),
        name => check.all("spec.externalName", name, names::dns_subdomain_errors(name, None)),
    }
}

fn check_ports(check: &mut Check, spec: &Value) {
    let ports = items(spec, "ports");
    let mut seen = HashSet::new();
    for (at, port) in ports.iter().enumerate() {
        let path = format!("spec.ports[{at}]");
        let name = text(port, "name");
        if name.is_empty() {
            if ports.len() > 1 {
                check.required(format!("{path}.name"), "");
            }
        } else {
            check.all(format!("{path}.name"), name, names::dns_label_errors(name, None));
            if !seen.insert(name) {
                check.push(FieldError::duplicate(format!("{path}.name"), name));
            }
        }
        check.port(format!("{path}.port"), int(port, "port").unwrap_or(0));
        match text(port, "protocol") {
            "" => check.required(format!("{path}.protocol"), ""),
            protocol => check.one_of(format!("{path}.protocol"), protocol, &["SCTP", "TCP", "UDP"]),
        }
        check_port(check, &format!("{path}.targetPort"), &port["targetPort"]);
        let application = text(port, "appProtocol");
        if !application.is_empty() {
            let wrong = names::qualified_name_errors(application);
            check.all(format!("{path}.appProtocol"), application, wrong);
        }
    }
}

fn check_addresses(check: &mut Check, spec: &Value) {
    let addresses = items(spec, "clusterIPs");
    let first = addresses.first().and_then(Value::as_str).unwrap_or_default();
    if !addresses.is_empty() && text(spec, "clusterIP") != first {
        check.invalid(
            "spec.clusterIPs",
            spec["clusterIPs"].clone(),
            "first value must match `clusterIP`",
        );
    }
    for (at, address) in addresses.iter().enumerate() {
        let address = address.as_str().unwrap_or_default();
        if address != "None" {
            check_address(check, format!("spec.clusterIPs[{at}]"), address);
        }
    }
}

fn check_address(check: &mut Check, path: String, address: &str) {
    if address.parse::<IpAddr>().is_err() {
        let why = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        check.invalid(path, address, why);
    }
}

fn check_port_combinations(check: &mut Check, spec: &Value) {
    let kind = text(spec, "type");
    let mut ports = HashSet::new();
    let mut node_ports = HashSet::new();
    for (at, port) in items(spec, "ports").iter().enumerate() {
        let path = format!("spec.ports[{at}]");
        let (protocol, number) = (text(port, "protocol"), int(port, "port").unwrap_or(0));
        let node_port = int(port, "nodePort").unwrap_or(0);
        if kind == "ClusterIP" && node_port != 0 {
            check.forbidden(
                format!("{path}.nodePort"),
                "may not be used when `type` is 'ClusterIP'",
            );
        }
        if node_port != 0 && !node_ports.insert((protocol, node_port)) {
            check.push(FieldError::duplicate(format!("{path}.nodePort"), node_port));
        }
        if !ports.insert((protocol, number)) {
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{number},\
                 \"TargetPort\":0,\"NodePort\":0}}",
                json!(protocol)
            );
            check.push(FieldError::duplicate(path, Value::Null).showing(shown));
        }
    }
}

fn check_affinity(check: &mut Check, spec: &Value) {
    let affinity = text(spec, "sessionAffinity");
    check.one_of("spec.sessionAffinity", affinity, &["ClientIP", "None"]);
    let config = &spec["sessionAffinityConfig"];
    if affinity == "None" && !config.is_null() {
        let why = "must not be set when session affinity is None";
        check.forbidden("spec.sessionAffinityConfig", why);
    }
    if affinity == "ClientIP"
        && let Some(seconds) = int(&config["clientIP"], "timeoutSeconds")
        && !(1..=86400).contains(&seconds)
    {
        let path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
        check.invalid(path, seconds, "must be greater than 0 and less than 86400");
    }
}

/// This cluster has addresses of IPv4 alone.
fn check_families(check: &mut Check, spec: &Value) {
    for (at, family) in items(spec, "ipFamilies").iter().enumerate() {
        let path = format!("spec.ipFamilies[{at}]");
        match family.as_str().unwrap_or_default() {
            "IPv4" => {}
            "IPv6" => check.invalid(path, "IPv6", "not configured on this cluster"),
            other => check.one_of(path, other, &["IPv4", "IPv6"]),
        }
    }
    match text(spec, "ipFamilyPolicy") {
        "" | "SingleStack" | "PreferDualStack" => {}
        "RequireDualStack" => check.invalid(
            "spec.ipFamilyPolicy",
            "RequireDualStack",
            "this cluster is not configured for dual-stack services",
        ),
        other => {
            let allowed = ["PreferDualStack", "RequireDualStack", "SingleStack"];
            check.one_of("spec.ipFamilyPolicy", other, &allowed);
        }
    }
}

fn check_not_special(check: &mut Check, path: String, address: IpAddr) {
    let (link_local, local_multicast) = match address {
        IpAddr::V4(v4) => (v4.is_link_local(), v4.octets().starts_with(&[224, 0, 0])),
        IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
    };
    let why = if address.is_unspecified() {
        "may not be unspecified (0.0.0.0 or ::)"
    } else if address.is_loopback() {
        "may not be in the loopback range (127.0.0.0/8, ::1/128)"
    } else if link_local {
        "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
    } else if local_multicast {
        "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
    } else {
        return;
    };
    check.invalid(path, address.to_string(), why);
}

fn check_policies(check: &mut Check, spec: &Value) {
    let external = super::is_external(spec);
    let policy = text(spec, "externalTrafficPolicy");
    if external {
        match policy {
            "" => check.required("spec.externalTrafficPolicy", ""),
            policy => check.one_of("spec.externalTrafficPolicy", policy, &["Cluster", "Local"]),
        }
    } else if !policy.is_empty() {
        let why = "may only be set for externally-accessible services";
        check.invalid("spec.externalTrafficPolicy", policy, why);
    }
    let balanced = text(spec, "type") == "LoadBalancer";
    for (at, range) in items(spec, "loadBalancerSourceRanges").iter().enumerate() {
        let range = range.as_str().unwrap_or_default().trim();
        if super::super::networking::parse_cidr(range).is_none() {
            let path = format!("spec.loadBalancerSourceRanges[{at}]");
            check.invalid(path, range, super::super::networking::NOT_CIDR);
        }
    }
    if !items(spec, "loadBalancerSourceRanges").is_empty() && !balanced {
        let why = "may only be used when `type` is 'LoadBalancer'";
        check.forbidden("spec.loadBalancerSourceRanges", why);
    }
    let probed = int(spec, "healthCheckNodePort").unwrap_or(0);
    if probed != 0 && !(balanced && text(spec, "externalTrafficPolicy") == "Local") {
        let why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is \
                   'Local'";
        check.invalid("spec.healthCheckNodePort", probed, why);
    }
    if is_set(spec, "trafficDistribution") {
        let allowed = ["PreferClose", "PreferSameNode", "PreferSameZone"];
        check.one_of("spec.trafficDistribution", text(spec, "trafficDistribution"), &allowed);
    }
    let policy = text(spec, "internalTrafficPolicy");
    if !policy.is_empty() {
        check.one_of("spec.internalTrafficPolicy", policy, &["Cluster", "Local"]);
    }
    if is_set(spec, "allocateLoadBalancerNodePorts") && text(spec, "type") != "LoadBalancer" {
        let why = "may only be used when `type` is 'LoadBalancer'";
        check.forbidden("spec.allocateLoadBalancerNodePorts", why);
    }
    if is_set(spec, "loadBalancerClass") && text(spec, "type") != "LoadBalancer" {
        let why = "may only be used when `type` is 'LoadBalancer'";
        check.forbidden("spec.loadBalancerClass", why);
    }
}
