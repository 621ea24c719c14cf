//! The quality of service of a Pod, from what its containers ask for.

use flux_schema::Quantity;
use serde_json::Value;

use super::super::value::{items, text};

/// Returns the class: everything limited, something asked for, or nothing.
pub(super) fn class(spec: &Value) -> &'static str {
    let mut any = false;
    let mut guaranteed = true;
    for container in items(spec, "containers").iter().chain(items(spec, "initContainers")) {
        let resources = &container["resources"];
        for key in ["cpu", "memory"] {
            let request = positive(&resources["requests"], key);
            let limit = positive(&resources["limits"], key);
            any |= request.is_some() || limit.is_some();
            guaranteed &= limit.is_some() && (request.is_none() || request == limit);
        }
    }
    match (any, guaranteed) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn positive(list: &Value, key: &str) -> Option<Quantity> {
    text(list, key).parse::<Quantity>().ok().filter(|quantity| *quantity > Quantity::ZERO)
}
