//! Forgets old states at intervals, so that chunked lists have time to end but not forever.

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::server::Core;

/// No more often than this, whatever is asked for.
const SHORTEST: Duration = Duration::from_secs(1);

/// Starts forgetting; without a runtime nothing is forgotten but what the histories have no room for.
pub(crate) fn start(core: &Arc<Core>) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(run(Arc::downgrade(core), core.stopping.subscribe()));
}

async fn run(core: Weak<Core>, mut stopping: tokio::sync::watch::Receiver<bool>) {
    let interval = core.upgrade().map(|core| core.options.compaction_interval);
    let Some(interval) = interval.map(|interval| interval.max(SHORTEST)) else {
        return;
    };
    let mut before = 0;
    loop {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let Some(core) = core.upgrade() else { return };
        // What was current an interval ago is kept for one more.
        core.store.compact(before);
        before = core.store.revision();
    }
}
