//! kustomize-controller, played again.
//!
//! Sources are played by the test: they are Ready with a new artifact as soon as they are applied
//! or asked. Compared are, after each step, the last state of every Kustomization and the set of
//! notifications, and at the end the objects.

mod compare;
mod replay;

use serde_json::Value;

/// Plays a recorded run and returns what differed.
pub fn play(scenario: &Value) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(replay::replay(scenario))
}
