//! Ingresses, their classes, and NetworkPolicies.

use std::net::IpAddr;

use serde_json::Value;

use super::strategy::{Generation, Rules};
use super::value::{
    Check, check_selector, each, fill, fill_empty, inside, int, is_set, items, make,
    port_name_errors, text,
};
use crate::names;
use crate::registry::Context;
use crate::status::{FieldError, FieldErrors, Status};

pub(super) struct Ingress;

impl Rules for Ingress {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = self.check(object);
        let annotated = text(&object["metadata"]["annotations"], CLASS);
        if is_set(&object["metadata"]["annotations"], CLASS)
            && is_set(&object["spec"], "ingressClassName")
        {
            let why = "can not be set when the class field is also set";
            let mut first = Check::new();
            first.invalid(format!("annotations.{CLASS}"), annotated, why);
            first.extend(check.done());
            check = first;
        }
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, _: &Value) -> FieldErrors {
        self.check(object).done()
    }

    fn admit(
        &self,
        ctx: &Context<'_>,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Status> {
        const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
        let annotations = &object["metadata"]["annotations"];
        let chosen = is_set(&object["spec"], "ingressClassName") || is_set(annotations, CLASS);
        if old.is_some() || chosen {
            return Ok(());
        }
        let classes = ctx.view.list("networking.k8s.io", "ingressclasses", "");
        // The newest of several counts.
        let default = classes
            .iter()
            .filter(|class| text(&class["metadata"]["annotations"], DEFAULT) == "true")
            .max_by_key(|class| text(&class["metadata"], "creationTimestamp").to_owned());
        if let Some(class) = default {
            make(object, "spec")["ingressClassName"] = crate::meta::name(class).into();
        }
        Ok(())
    }
}

impl Ingress {
    fn check(&self, object: &Value) -> Check {
        let mut check = Check::new();
        let spec = &object["spec"];
        if items(spec, "rules").is_empty() && !is_set(spec, "defaultBackend") {
            let why = "either `defaultBackend` or `rules` must be specified";
            check.push(FieldError::invalid("spec", Value::Null, why));
        }
        if is_set(spec, "defaultBackend") {
            check_backend(&mut check, "spec.defaultBackend", &spec["defaultBackend"]);
        }
        for (at, rule) in items(spec, "rules").iter().enumerate() {
            check_rule(&mut check, &format!("spec.rules[{at}]"), rule);
        }
        for (at, tls) in items(spec, "tls").iter().enumerate() {
            for (host_at, host) in items(tls, "hosts").iter().enumerate() {
                let path = format!("spec.tls[{at}].hosts[{host_at}]");
                check_host(&mut check, &path, host.as_str().unwrap_or_default());
            }
        }
        for (at, tls) in items(spec, "tls").iter().enumerate() {
            let secret = text(tls, "secretName");
            if !secret.is_empty() {
                let wrong = names::dns_subdomain_errors(secret, None);
                check.all(format!("spec.tls[{at}].secretName"), secret, wrong);
            }
        }
        let class = text(spec, "ingressClassName");
        if is_set(spec, "ingressClassName") {
            let wrong = names::dns_subdomain_errors(class, None);
            check.all("spec.ingressClassName", class, wrong);
        }
        check
    }
}

/// The annotation by which classes were chosen before there was a field.
const CLASS: &str = "kubernetes.io/ingress.class";

fn check_host(check: &mut Check, path: &str, host: &str) {
    if let Some(rest) = host.strip_prefix("*.") {
        for why in names::dns_subdomain_errors(rest, None) {
            check.invalid(
                path,
                host,
                &why.replace("a lowercase RFC 1123 subdomain", "a wildcard DNS-1123 subdomain"),
            );
        }
    } else {
        check.all(path, host, names::dns_subdomain_errors(host, None));
    }
}

fn check_rule(check: &mut Check, path: &str, rule: &Value) {
    let host = text(rule, "host");
    if !host.is_empty() {
        if host.parse::<IpAddr>().is_ok() {
            check.invalid(format!("{path}.host"), host, "must be a DNS name, not an IP address");
        } else {
            check_host(check, &format!("{path}.host"), host);
        }
    }
    if !is_set(rule, "http") {
        return;
    }
    let paths = items(&rule["http"], "paths");
    if paths.is_empty() {
        check.required(format!("{path}.http.paths"), "");
    }
    for (at, one) in paths.iter().enumerate() {
        let path = format!("{path}.http.paths[{at}]");
        check_path(check, &path, one);
        check_backend(check, &format!("{path}.backend"), &one["backend"]);
    }
}

fn check_path(check: &mut Check, path: &str, one: &Value) {
    const KINDS: [&str; 3] = ["Exact", "ImplementationSpecific", "Prefix"];
    let value = text(one, "path");
    let field = format!("{path}.path");
    if !is_set(one, "pathType") {
        check.required(format!("{path}.pathType"), "pathType must be specified");
        return;
    }
    match text(one, "pathType") {
        "Exact" | "Prefix" => {
            if !value.starts_with('/') {
                check.invalid(&field, value, "must be an absolute path");
            }
            for bad in ["//", "/./", "/../", "%2f", "%2F"] {
                if value.contains(bad) {
                    check.invalid(&field, value, &format!("must not contain '{bad}'"));
                }
            }
            for bad in ["/..", "/."] {
                if value.ends_with(bad) {
                    check.invalid(&field, value, &format!("cannot end with '{bad}'"));
                }
            }
        }
        "ImplementationSpecific" => {
            if !value.is_empty() && !value.starts_with('/') {
                check.invalid(&field, value, "must be an absolute path");
            }
        }
        other => check.push(FieldError::not_supported(format!("{path}.pathType"), other, &KINDS)),
    }
}

fn check_backend(check: &mut Check, path: &str, backend: &Value) {
    let (service, resource) = (&backend["service"], &backend["resource"]);
    match (service.is_null(), resource.is_null()) {
        (false, false) => {
            check.invalid(path, "", "cannot set both resource and service backends");
        }
        (true, false) => {
            for key in ["kind", "name"] {
                if text(resource, key).is_empty() {
                    check.required(format!("{path}.resource.{key}"), "");
                }
            }
        }
        (true, true) => check.required(path, "resource or service backend is required"),
        (false, true) => {
            let name = text(service, "name");
            if name.is_empty() {
                check.required(format!("{path}.service.name"), "");
            } else {
                check.all(
                    format!("{path}.service.name"),
                    name,
                    names::dns_label_errors(name, None),
                );
            }
            let port = &service["port"];
            let (port_name, number) = (text(port, "name"), int(port, "number").unwrap_or(0));
            match (port_name.is_empty(), number) {
                (true, 0) => check.required(path, "port name or number is required"),
                (false, 0) => {
                    check.all(
                        format!("{path}.service.port.name"),
                        port_name,
                        port_name_errors(port_name),
                    );
                }
                (false, _) => {
                    let why = "cannot set both port name & port number";
                    check.invalid(path, "", why);
                }
                (true, number) => check.port(format!("{path}.service.port.number"), number),
            }
        }
    }
}

pub(super) struct IngressClass;

impl Rules for IngressClass {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        if let Some(parameters) = inside(make(object, "spec"), "parameters") {
            fill(parameters, "scope", "Cluster");
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let spec = &object["spec"];
        match text(spec, "controller") {
            "" => check.required("spec.controller", ""),
            controller if controller.len() > 250 => {
                check.push(FieldError::too_long("spec.controller", 250));
            }
            controller => check_controller(&mut check, controller),
        }
        if is_set(spec, "parameters") {
            check_parameters(&mut check, &spec["parameters"]);
        }
        check.done()
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        let mut check = Check::new();
        let controller = |object: &Value| object["spec"]["controller"].clone();
        check.immutable("spec.controller", &controller(object), &controller(old));
        if is_set(&object["spec"], "parameters") {
            check_parameters(&mut check, &object["spec"]["parameters"]);
        }
        check.done()
    }
}

fn check_controller(check: &mut Check, controller: &str) {
    const FIELD: &str = "spec.controller";
    match controller.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty()) {
        None => {
            let why = "must be a domain-prefixed path (such as \"acme.io/foo\")";
            check.invalid(FIELD, controller, why);
        }
        Some((host, _)) => {
            for why in names::dns_subdomain_errors(host, None) {
                check.invalid(FIELD, host, &why);
            }
        }
    }
}

fn check_parameters(check: &mut Check, parameters: &Value) {
    const PATH: &str = "spec.parameters";
    for key in ["kind", "name"] {
        match text(parameters, key) {
            "" => check.required(format!("{PATH}.{key}"), &format!("{key} is required")),
            value => {
                let wrong = names::path_segment_errors(value, None);
                check.all(format!("{PATH}.{key}"), value, wrong);
            }
        }
    }
    match (text(parameters, "scope"), is_set(parameters, "namespace")) {
        ("Namespace", false) => {
            let why = "`parameters.scope` is set to 'Namespace'";
            check.required(format!("{PATH}.namespace"), why);
        }
        ("Cluster", true) => {
            let why = "`parameters.scope` is set to 'Cluster'";
            check.forbidden(format!("{PATH}.namespace"), why);
        }
        ("Namespace" | "Cluster", _) => {}
        (other, _) => check.one_of(format!("{PATH}.scope"), other, &["Cluster", "Namespace"]),
    }
}

pub(super) struct NetworkPolicy;

impl Rules for NetworkPolicy {
    fn generation(&self) -> Generation {
        Generation::Counted
    }

    fn default(&self, object: &mut Value) {
        let spec = make(object, "spec");
        for direction in ["ingress", "egress"] {
            for rule in each(spec, direction) {
                for port in each(rule, "ports") {
                    fill_empty(port, "protocol", "TCP");
                }
            }
        }
        if items(spec, "policyTypes").is_empty() {
            let mut types = vec!["Ingress"];
            if !items(spec, "egress").is_empty() {
                types.push("Egress");
            }
            spec["policyTypes"] = types.into();
        }
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        let mut check = Check::new();
        let spec = &object["spec"];
        check_selector(&mut check, "spec.podSelector", &spec["podSelector"]);
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            for (at, rule) in items(spec, direction).iter().enumerate() {
                let path = format!("spec.{direction}[{at}]");
                for (at, port) in items(rule, "ports").iter().enumerate() {
                    check_policy_port(&mut check, &format!("{path}.ports[{at}]"), port);
                }
                for (at, peer) in items(rule, peers).iter().enumerate() {
                    check_peer(&mut check, &format!("{path}.{peers}[{at}]"), peer);
                }
            }
        }
        let types = items(spec, "policyTypes");
        if types.len() > 2 {
            let why = "may not specify more than two policyTypes";
            check.invalid("spec.policyTypes", spec["policyTypes"].clone(), why);
        } else {
            for (at, one) in types.iter().enumerate() {
                let path = format!("spec.policyTypes[{at}]");
                check.one_of(path, one.as_str().unwrap_or_default(), &["Ingress", "Egress"]);
            }
        }
        check.done()
    }
}

fn check_policy_port(check: &mut Check, path: &str, port: &Value) {
    check.one_of(format!("{path}.protocol"), text(port, "protocol"), &["SCTP", "TCP", "UDP"]);
    if is_set(port, "port") {
        super::pod::check_port(check, &format!("{path}.port"), &port["port"]);
        if let (Some(end), Some(start)) = (int(port, "endPort"), port["port"].as_i64())
            && end < start
        {
            let why = "must be greater than or equal to `port`";
            check.invalid(format!("{path}.endPort"), start, why);
        }
    } else if is_set(port, "endPort") {
        let why = "may not be specified when `port` is not specified";
        check.invalid(format!("{path}.endPort"), port["endPort"].clone(), why);
    }
}

fn check_peer(check: &mut Check, path: &str, peer: &Value) {
    let given =
        ["podSelector", "namespaceSelector", "ipBlock"].iter().filter(|key| is_set(peer, key));
    if given.count() == 0 {
        check.required(path, "must specify a peer");
    }
    for key in ["podSelector", "namespaceSelector"] {
        if is_set(peer, key) {
            check_selector(check, &format!("{path}.{key}"), &peer[key]);
        }
    }
    if !is_set(peer, "ipBlock") {
        return;
    }
    if is_set(peer, "podSelector") || is_set(peer, "namespaceSelector") {
        check.forbidden(path, "may not specify both ipBlock and another peer");
    }
    let block = &peer["ipBlock"];
    let cidr = text(block, "cidr");
    let path = format!("{path}.ipBlock");
    if cidr.is_empty() {
        check.required(format!("{path}.cidr"), "");
        return;
    }
    let outer = parse_cidr(cidr);
    if outer.is_none() {
        check.invalid(format!("{path}.cidr"), cidr, NOT_CIDR);
        return;
    }
    for (at, except) in items(block, "except").iter().enumerate() {
        let text = except.as_str().unwrap_or_default();
        let path = format!("{path}.except[{at}]");
        match parse_cidr(text) {
            None => check.invalid(path, text, NOT_CIDR),
            Some(inner) if !outer.is_some_and(|outer| outer.strictly_contains(inner)) => {
                let why = "must be a strict subset of `cidr`";
                check.invalid(path, text, why);
            }
            Some(_) => {}
        }
    }
}

pub(super) const NOT_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

#[derive(Clone, Copy)]
pub(super) struct Cidr {
    bits: u128,
    length: u32,
    is_v4: bool,
}

impl Cidr {
    fn strictly_contains(self, inner: Self) -> bool {
        let width = if self.is_v4 { 32 } else { 128 };
        let shift = width - self.length;
        let same = shift >= 128 || self.bits >> shift == inner.bits >> shift;
        self.is_v4 == inner.is_v4 && inner.length > self.length && same
    }
}

pub(super) fn parse_cidr(text: &str) -> Option<Cidr> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) if length <= 32 => {
            Some(Cidr { bits: u128::from(u32::from(address)), length, is_v4: true })
        }
        IpAddr::V6(address) if length <= 128 => {
            Some(Cidr { bits: u128::from(address), length, is_v4: false })
        }
        _ => None,
    }
}
