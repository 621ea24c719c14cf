//! Services: defaults, allocated addresses and ports, checks.

mod address;
mod validate;

use serde_json::{Value, json};

use super::strategy::{NameRule, Rules};
use super::value::{copy_field, drop_field, each, fill, fill_empty, int, items, make, text};
use crate::meta;
use crate::registry::{Context, Update};
use crate::status::{FieldErrors, Status};

pub(super) struct Service;

impl Rules for Service {
    fn names(&self) -> NameRule {
        NameRule::Label
    }

    fn default(&self, object: &mut Value) {
        default_service(make(object, "spec"));
    }

    fn prepare_create(&self, ctx: &Context<'_>, object: &mut Value) -> Result<(), Status> {
        object["status"] = json!({"loadBalancer": {}});
        address::normalize(&mut object["spec"], None);
        address::set_families(&mut object["spec"]);
        // What is wrong anyway is reported by the checks, before anything is allocated.
        if self.validate(ctx, object).is_empty() {
            address::allocate(ctx, object, None)?;
        }
        Ok(())
    }

    fn prepare_update(&self, ctx: &Context<'_>, update: Update<'_>) -> Result<(), Status> {
        let Update { object, old } = update;
        patch_allocated(&mut object["spec"], &old["spec"]);
        address::normalize(&mut object["spec"], Some(&old["spec"]));
        drop_type_dependent(&mut object["spec"], &old["spec"]);
        address::set_families(&mut object["spec"]);
        if self.validate_update(ctx, object, old).is_empty() {
            address::allocate(ctx, object, Some(&old["spec"]))?;
        }
        Ok(())
    }

    fn validate(&self, _: &Context<'_>, object: &Value) -> FieldErrors {
        validate::check(&object["spec"])
    }

    fn validate_update(&self, _: &Context<'_>, object: &Value, old: &Value) -> FieldErrors {
        validate::check_update(&object["spec"], &old["spec"])
    }

    fn allows_create_on_update(&self) -> bool {
        true
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }

    fn selectable_fields(&self, object: &Value) -> Vec<(&'static str, String)> {
        vec![
            ("spec.clusterIP", text(&object["spec"], "clusterIP").to_owned()),
            ("spec.type", text(&object["spec"], "type").to_owned()),
        ]
    }
}

fn default_service(spec: &mut Value) {
    fill_empty(spec, "sessionAffinity", "None");
    match text(spec, "sessionAffinity") {
        "None" => drop_field(spec, "sessionAffinityConfig"),
        "ClientIP"
            if int(&spec["sessionAffinityConfig"]["clientIP"], "timeoutSeconds").is_none() =>
        {
            spec["sessionAffinityConfig"] = json!({"clientIP": {"timeoutSeconds": 10800}});
        }
        _ => {}
    }
    fill_empty(spec, "type", "ClusterIP");
    for port in each(spec, "ports") {
        fill_empty(port, "protocol", "TCP");
        let number = int(port, "port").unwrap_or(0);
        fill_empty(port, "targetPort", number);
    }
    if is_external(spec) {
        fill_empty(spec, "externalTrafficPolicy", "Cluster");
    }
    let kind = text(spec, "type").to_owned();
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        fill(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        fill(spec, "allocateLoadBalancerNodePorts", true);
    }
}

/// Tells whether a Service is reached from outside of the cluster.
fn is_external(spec: &Value) -> bool {
    match text(spec, "type") {
        "NodePort" | "LoadBalancer" => true,
        "ClusterIP" => !items(spec, "externalIPs").is_empty(),
        _ => false,
    }
}

/// Keeps what was allocated when a client leaves it out.
fn patch_allocated(spec: &mut Value, old: &Value) {
    let needs_address = |spec: &Value| text(spec, "type") != "ExternalName";
    if needs_address(old) && needs_address(spec) {
        if text(spec, "clusterIP").is_empty() {
            copy_field(spec, old, "clusterIP");
        }
        if items(spec, "clusterIPs").is_empty() && spec["clusterIP"] == old["clusterIP"] {
            copy_field(spec, old, "clusterIPs");
        }
    }
    if wants_node_ports(old) && wants_node_ports(spec) {
        let had: Vec<(String, i64)> = items(old, "ports")
            .iter()
            .map(|port| (port_key(port), int(port, "nodePort").unwrap_or(0)))
            .collect();
        let mut used: Vec<i64> =
            items(spec, "ports").iter().filter_map(|port| int(port, "nodePort")).collect();
        for port in each(spec, "ports") {
            let key = port_key(port);
            let old = had.iter().find(|(own, number)| *own == key && !used.contains(number));
            if int(port, "nodePort").unwrap_or(0) == 0
                && let Some((_, number)) = old.filter(|(_, number)| *number != 0)
            {
                port["nodePort"] = (*number).into();
                used.push(*number);
            }
        }
    }
    if text(old, "type") == "LoadBalancer"
        && text(spec, "type") == "LoadBalancer"
        && int(spec, "healthCheckNodePort").unwrap_or(0) == 0
    {
        copy_field(spec, old, "healthCheckNodePort");
    }
}

fn port_key(port: &Value) -> String {
    format!("{}/{}", text(port, "protocol"), int(port, "port").unwrap_or(0))
}

/// Tells whether the ports of a Service get ports of the nodes.
fn wants_node_ports(spec: &Value) -> bool {
    match text(spec, "type") {
        "NodePort" => true,
        "LoadBalancer" => spec["allocateLoadBalancerNodePorts"] != false,
        _ => false,
    }
}

/// Drops what belonged to the old type and was not changed on purpose.
fn drop_type_dependent(spec: &mut Value, old: &Value) {
    let (was, is) = (text(old, "type").to_owned(), text(spec, "type").to_owned());
    if was == is {
        return;
    }
    if was != "ExternalName"
        && is == "ExternalName"
        && spec["clusterIP"] == old["clusterIP"]
        && text(spec, "clusterIP") != "None"
    {
        for key in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            drop_field(spec, key);
        }
        drop_field(spec, "internalTrafficPolicy");
    }
    if wants_node_ports(old) && !wants_node_ports(spec) {
        let had: Vec<i64> =
            items(old, "ports").iter().filter_map(|port| int(port, "nodePort")).collect();
        for port in each(spec, "ports") {
            if int(port, "nodePort").is_some_and(|number| had.contains(&number)) {
                drop_field(port, "nodePort");
            }
        }
    }
    if is_external(old)
        && !is_external(spec)
        && spec["externalTrafficPolicy"] == old["externalTrafficPolicy"]
    {
        drop_field(spec, "externalTrafficPolicy");
    }
    if was == "LoadBalancer" {
        if spec["healthCheckNodePort"] == old["healthCheckNodePort"] {
            drop_field(spec, "healthCheckNodePort");
        }
        for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
            if spec[key] == old[key] {
                drop_field(spec, key);
            }
        }
    }
    if was == "ExternalName" && is != "ExternalName" && spec["externalName"] == old["externalName"]
    {
        drop_field(spec, "externalName");
    }
    meta::map(spec).retain(|_, value| !value.is_null());
}
