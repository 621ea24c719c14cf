//! The controllers of the cluster: what kube-apiserver and kube-controller-manager do behind the API.
//!
//! In: the store, followed from its first object on. Out: requests to the same API that clients use,
//! in the name of the component that would do it. Never: polling, or a clock other than the server's.
//!
//! Start at [`start`]. `follow` turns the store into events, `client` makes the requests; each
//! controller is a loop over events that looks at the present state and does what is missing. The
//! `simulator` stands in for schedulers, kubelets and the controllers of workloads.

mod accounts;
mod client;
mod cluster;
mod definitions;
mod follow;
mod garbage;
mod namespaces;
mod quotas;
mod simulator;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::options::Toggle;
use crate::server::Core;
pub use simulator::BEHAVIOUR;

/// Starts what always runs and what the options ask for; without a runtime nothing runs.
pub(crate) fn start(core: &Arc<Core>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    let wanted = core.options.controllers;
    runtime.spawn(definitions::run(core.clone()));
    if wanted.namespace_lifecycle == Toggle::On {
        runtime.spawn(namespaces::run(core.clone()));
    }
    if wanted.garbage_collection == Toggle::On {
        runtime.spawn(garbage::run(core.clone()));
    }
    if wanted.service_accounts == Toggle::On {
        runtime.spawn(accounts::run(core.clone()));
    }
    if wanted.resource_quotas == Toggle::On {
        runtime.spawn(quotas::run(core.clone()));
    }
    if wanted.workload_simulator == Toggle::On {
        runtime.spawn(simulator::run(core.clone()));
    }
}
