//! The cells of Services and what belongs to them.

use serde_json::Value;

use super::rows::{Row, labels, selector};
use crate::meta::text;

/// Returns the cells of one object.
pub(super) fn cells(kind: &str, row: &Row<'_>) -> Vec<Value> {
    match kind {
        "Service" => vec![
            row.name(),
            row.text("/spec/type").into(),
            row.or_none("/spec/clusterIP"),
            external_address(row).into(),
            service_ports(row).into(),
            row.age(),
            labels(row.object.pointer("/spec/selector")).into(),
        ],
        "Endpoints" => vec![row.name(), endpoints(row).into(), row.age()],
        "EndpointSlice" => {
            let ports: Vec<String> = row.list("/ports").iter().map(port_number).collect();
            let addresses: Vec<&str> = row
                .list("/endpoints")
                .iter()
                .filter_map(|one| one.get("addresses")?.as_array()?.first()?.as_str())
                .collect();
            let addresses = addresses.into_iter().map(str::to_owned).collect();
            vec![
                row.name(),
                row.text("/addressType").into(),
                if ports.is_empty() { "<unset>".into() } else { shortened(ports).into() },
                if row.count("/endpoints") == 0 {
                    "<unset>".into()
                } else {
                    shortened(addresses).into()
                },
                row.age(),
            ]
        }
        "Ingress" => vec![
            row.name(),
            row.or_none("/spec/ingressClassName"),
            hosts(row).into(),
            load_balancer(row).into(),
            if row.count("/spec/tls") > 0 { "80, 443" } else { "80" }.into(),
            row.age(),
        ],
        "IngressClass" => {
            let parameters = match row.text("/spec/parameters/kind") {
                "" => "<none>".to_owned(),
                kind => {
                    let kind = match row.text("/spec/parameters/apiGroup") {
                        "" => kind.to_owned(),
                        group => format!("{kind}.{group}"),
                    };
                    format!("{kind}/{}", row.text("/spec/parameters/name"))
                }
            };
            vec![row.name(), row.text("/spec/controller").into(), parameters.into(), row.age()]
        }
        _ => vec![row.name(), selector(row.object.pointer("/spec/podSelector")).into(), row.age()],
    }
}

fn port_number(port: &Value) -> String {
    match port.get("port").and_then(Value::as_i64) {
        Some(number) => number.to_string(),
        None => "<unset>".to_owned(),
    }
}

/// Prints three texts, and how many more there are.
fn shortened(mut all: Vec<String>) -> String {
    let more = all.len().saturating_sub(3);
    all.truncate(3);
    match more {
        0 => all.join(","),
        _ => format!("{} + {more} more...", all.join(",")),
    }
}

fn load_balancer(row: &Row<'_>) -> String {
    let all = row.list("/status/loadBalancer/ingress").iter();
    let mut all: Vec<&str> = all
        .map(|one| match text(one, "/ip") {
            "" => text(one, "/hostname"),
            ip => ip,
        })
        .filter(|text| !text.is_empty())
        .collect();
    all.dedup();
    all.join(",")
}

fn external_address(row: &Row<'_>) -> String {
    let own: Vec<&str> = row.list("/spec/externalIPs").iter().filter_map(Value::as_str).collect();
    match row.text("/spec/type") {
        "ExternalName" => row.text("/spec/externalName").to_owned(),
        "LoadBalancer" => {
            let balancer = load_balancer(row);
            let all: Vec<&str> = [balancer.as_str()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .chain(own)
                .collect();
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        _ if own.is_empty() => "<none>".to_owned(),
        _ => own.join(","),
    }
}

fn service_ports(row: &Row<'_>) -> String {
    let shown = row.list("/spec/ports").iter().map(|port| {
        let number = port_number(port);
        let protocol = text(port, "/protocol");
        match port.get("nodePort").and_then(Value::as_i64).filter(|node| *node > 0) {
            Some(node) => format!("{number}:{node}/{protocol}"),
            None => format!("{number}/{protocol}"),
        }
    });
    let all: Vec<String> = shown.collect();
    if all.is_empty() { "<none>".to_owned() } else { all.join(",") }
}

fn endpoints(row: &Row<'_>) -> String {
    let mut all = Vec::new();
    for subset in row.list("/subsets") {
        let list = |key: &str| subset.get(key).and_then(Value::as_array).into_iter().flatten();
        for address in list("addresses") {
            let ip = text(address, "/ip");
            if list("ports").next().is_none() {
                all.push(ip.to_owned());
            }
            all.extend(list("ports").map(|port| format!("{ip}:{}", port_number(port))));
        }
    }
    if all.is_empty() { "<none>".to_owned() } else { shortened(all) }
}

fn hosts(row: &Row<'_>) -> String {
    let rules = row.list("/spec/rules");
    let all: Vec<String> = rules
        .iter()
        .map(|rule| match text(rule, "/host") {
            "" => "*".to_owned(),
            host => host.to_owned(),
        })
        .collect();
    if all.is_empty() { "*".to_owned() } else { shortened(all) }
}
