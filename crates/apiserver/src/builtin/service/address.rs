//! Cluster addresses and ports of nodes.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde_json::Value;

use super::super::value::{drop_field, each, fill, int, items, text};
use super::wants_node_ports;
use crate::meta;
use crate::registry::Context;
use crate::status::{FieldError, FieldErrors, Status};

/// The first address of the range 10.96.0.0/16 and how many there are.
const FIRST: u32 = 0x0a60_0000;
const COUNT: u32 = 1 << 16;
/// Addresses below are kept free for those who choose one.
const DYNAMIC_FROM: u32 = 256;
/// The ports of nodes.
const NODE_PORTS: std::ops::RangeInclusive<i64> = 30000..=32767;

/// Keeps `clusterIP` and the first of `clusterIPs` in step.
pub(super) fn normalize(spec: &mut Value, old: Option<&Value>) {
    let one = text(spec, "clusterIP").to_owned();
    let several = items(spec, "clusterIPs").to_vec();
    match old {
        None => {
            if !one.is_empty() && several.is_empty() {
                spec["clusterIPs"] = vec![one].into();
            }
        }
        Some(old) => {
            let changed = one != text(old, "clusterIP");
            if changed && one.is_empty() {
                drop_field(spec, "clusterIPs");
            } else if changed && several == items(old, "clusterIPs")
                || several.is_empty() && !one.is_empty()
            {
                spec["clusterIPs"] = vec![one].into();
            }
        }
    }
}

/// Sets the families of addresses: this cluster has IPv4 alone.
pub(super) fn set_families(spec: &mut Value) {
    if text(spec, "type") == "ExternalName" {
        return;
    }
    fill(spec, "ipFamilyPolicy", "SingleStack");
    fill(spec, "ipFamilies", vec!["IPv4"]);
}

/// Gives a Service the addresses and ports that it lacks, or refuses those that it chose.
pub(super) fn allocate(
    ctx: &Context<'_>,
    object: &mut Value,
    old: Option<&Value>,
) -> Result<(), Status> {
    let taken = Taken::collect(ctx, object);
    let refuse = |error: FieldError, object: &Value| {
        let info = ctx.resource;
        Status::invalid(&info.group, &info.kind, meta::name(object), &FieldErrors::from(error))
    };
    if let Err(error) = allocate_address(ctx, &mut object["spec"], old, &taken) {
        return Err(refuse(error, object));
    }
    if let Err(error) = allocate_ports(ctx, &mut object["spec"], old, &taken) {
        return Err(refuse(error, object));
    }
    allocate_probe(ctx, &mut object["spec"], &taken);
    Ok(())
}

/// What other Services have.
struct Taken {
    addresses: HashSet<String>,
    ports: HashSet<(i64, String)>,
}

impl Taken {
    fn collect(ctx: &Context<'_>, object: &Value) -> Self {
        let mut taken = Self { addresses: HashSet::new(), ports: HashSet::new() };
        for other in ctx.view.list("", "services", "") {
            if meta::uid(&other) == meta::uid(object) {
                continue;
            }
            for address in items(&other["spec"], "clusterIPs") {
                taken.addresses.insert(address.as_str().unwrap_or_default().to_owned());
            }
            for port in items(&other["spec"], "ports") {
                if let Some(number) = int(port, "nodePort") {
                    taken.ports.insert((number, text(port, "protocol").to_owned()));
                }
            }
            if let Some(number) = int(&other["spec"], "healthCheckNodePort") {
                taken.ports.insert((number, "TCP".to_owned()));
            }
        }
        taken
    }
}

fn allocate_address(
    ctx: &Context<'_>,
    spec: &mut Value,
    old: Option<&Value>,
    taken: &Taken,
) -> Result<(), FieldError> {
    if text(spec, "type") == "ExternalName" || text(spec, "clusterIP") == "None" {
        return Ok(());
    }
    let given = text(spec, "clusterIP").to_owned();
    if old.is_some_and(|old| text(old, "clusterIP") == given && !given.is_empty()) {
        return Ok(());
    }
    if given.is_empty() {
        let start = u32::try_from(ctx.random.below(u64::from(COUNT))).unwrap_or(0);
        let free = (0..COUNT)
            .map(|step| (start + step) % COUNT)
            .filter(|offset| (DYNAMIC_FROM..COUNT - 1).contains(offset))
            .map(|offset| Ipv4Addr::from(FIRST + offset).to_string())
            .find(|address| !taken.addresses.contains(address));
        let Some(address) = free else {
            let detail = "failed to allocate a serviceIP: range is full";
            return Err(FieldError::new(
                crate::status::FieldErrorKind::Internal,
                "spec.clusterIPs",
                None,
                detail,
            ));
        };
        spec["clusterIP"] = address.as_str().into();
        spec["clusterIPs"] = vec![address].into();
        return Ok(());
    }
    let shown = spec["clusterIPs"].clone();
    let refuse = |why: &str| {
        let detail = format!("failed to allocate IP {given}: {why}");
        Err(FieldError::invalid("spec.clusterIPs", shown.clone(), &detail))
    };
    match given.parse::<Ipv4Addr>() {
        Ok(address) if u32::from(address) & 0xffff_0000 == FIRST => {}
        _ => return refuse("the provided network does not match the current range"),
    }
    if taken.addresses.contains(&given) {
        return refuse("provided IP is already allocated");
    }
    Ok(())
}

/// Gives a port for health checks to a Service whose balancer sends to the nodes that run it.
fn allocate_probe(ctx: &Context<'_>, spec: &mut Value, taken: &Taken) {
    let local = text(spec, "externalTrafficPolicy") == "Local";
    if text(spec, "type") != "LoadBalancer"
        || !local
        || int(spec, "healthCheckNodePort").unwrap_or(0) != 0
    {
        return;
    }
    let used: HashSet<i64> =
        items(spec, "ports").iter().filter_map(|port| int(port, "nodePort")).collect();
    let span = NODE_PORTS.end() - NODE_PORTS.start() + 1;
    let start = i64::try_from(ctx.random.below(span.unsigned_abs())).unwrap_or(0);
    let free = (0..span)
        .map(|step| NODE_PORTS.start() + (start + step) % span)
        .find(|number| !used.contains(number) && !taken.ports.iter().any(|(own, _)| own == number));
    if let Some(number) = free {
        spec["healthCheckNodePort"] = number.into();
    }
}

fn allocate_ports(
    ctx: &Context<'_>,
    spec: &mut Value,
    old: Option<&Value>,
    taken: &Taken,
) -> Result<(), FieldError> {
    if !wants_node_ports(spec) {
        return Ok(());
    }
    let had: Vec<i64> = old
        .into_iter()
        .flat_map(|old| items(old, "ports"))
        .filter_map(|port| int(port, "nodePort"))
        .collect();
    let mut used: HashSet<i64> =
        items(spec, "ports").iter().filter_map(|port| int(port, "nodePort")).collect();
    for (at, port) in each(spec, "ports").enumerate() {
        let protocol = text(port, "protocol").to_owned();
        let field = format!("spec.ports[{at}].nodePort");
        match int(port, "nodePort").unwrap_or(0) {
            0 => {
                let span = NODE_PORTS.end() - NODE_PORTS.start() + 1;
                let start = i64::try_from(ctx.random.below(span.unsigned_abs())).unwrap_or(0);
                let free = (0..span).map(|step| NODE_PORTS.start() + (start + step) % span).find(
                    |number| {
                        !used.contains(number) && !taken.ports.iter().any(|(own, _)| own == number)
                    },
                );
                let Some(number) = free else { continue };
                port["nodePort"] = number.into();
                used.insert(number);
            }
            number if had.contains(&number) => {}
            number if !NODE_PORTS.contains(&number) => {
                let why = "provided port is not in the valid range. The range of valid ports is \
                           30000-32767";
                return Err(FieldError::invalid(field, number, why));
            }
            number if taken.ports.contains(&(number, protocol)) => {
                return Err(FieldError::invalid(
                    field,
                    number,
                    "provided port is already allocated",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
