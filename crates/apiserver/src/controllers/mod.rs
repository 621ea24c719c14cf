//! The controllers of the cluster: what kube-apiserver and kube-controller-manager do behind the API.
//!
//! In: the store, followed from its first object on. Out: requests to the same API that clients use,
//! in the name of the component that would do it. Never: polling, or a clock other than the server's.
//!
//! Start at [`start`]. `follow` turns the store into events, `client` makes the requests; each
//! controller is a loop over events that looks at the present state and does what is missing.

mod client;
mod definitions;
mod follow;

use std::sync::Arc;

use crate::server::Core;
use client::Client;

/// Starts what always runs and what the options ask for; without a runtime nothing runs.
pub(crate) fn start(core: &Arc<Core>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(definitions::run(core.clone()));
}
