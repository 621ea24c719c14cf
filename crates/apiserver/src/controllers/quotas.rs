//! Resource quotas: what is used of them, counted anew whenever something changes.

use std::sync::Arc;

use flux_schema::Quantity;
use serde_json::{Value, json};

use super::cluster::{Cluster, Kind};
use crate::admission::quota::{Amounts, covers, to_value, usage};
use crate::meta;
use crate::server::Core;
use crate::store::prefix;

const QUOTAS: Kind = Kind::new("", "resourcequotas");

/// Counts until the server stops.
pub(super) async fn run(core: Arc<Core>) {
    let mut changed = core.store.subscribe_all();
    let mut stopping = core.stopping.subscribe();
    let cluster = Cluster::new(core, "kube-controller-manager");
    loop {
        changed.mark_unchanged();
        for quota in cluster.list(QUOTAS, "") {
            let status =
                json!({"hard": quota["spec"]["hard"], "used": to_value(&count(&cluster, &quota))});
            // Whoever is faster brings the next event.
            _ = cluster.write_status(QUOTAS, &quota, status).await;
        }
        tokio::select! {
            changed = changed.changed() => if changed.is_err() { return },
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// Returns what the objects of a namespace use of what a quota limits.
fn count(cluster: &Cluster, quota: &Value) -> Amounts {
    let hard = quota["spec"]["hard"].as_object();
    let mut used: Amounts =
        hard.into_iter().flatten().map(|(name, _)| (name.clone(), Quantity::ZERO)).collect();
    let store = &cluster.core().store;
    for collection in store.collections() {
        for stored in store.list(&collection, &prefix(meta::namespace(quota))) {
            let object = stored.to_value();
            if !covers(quota, &collection.plural, &object) {
                continue;
            }
            for (name, amount) in usage(&collection.group, &collection.plural, &object) {
                if let Some(known) = used.get_mut(&name) {
                    *known = known.plus(amount);
                }
            }
        }
    }
    used
}
