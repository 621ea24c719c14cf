//! Scenarios that the original was recorded in, replayed here.
//!
//! The recordings are no part of this project; without them (see `FLUX_CONFORMANCE`) there is
//! nothing to replay. Sources are played by the test: they are Ready with a new artifact as soon as
//! they are applied or asked. Compared are, after each step, the last state of every Kustomization
//! and the set of notifications, and at the end the objects.

mod compare;
mod replay;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

/// Scenarios that are known to end otherwise, with the reason.
const KNOWN: &str = include_str!("known.txt");

fn directory() -> PathBuf {
    let root = match std::env::var_os("FLUX_CONFORMANCE") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance"),
    };
    root.join("traces/kustomize-controller")
}

fn scenarios() -> BTreeMap<String, Value> {
    let wanted = std::env::var("FLUX_TRACE").unwrap_or_default();
    let mut scenarios = BTreeMap::new();
    for entry in std::fs::read_dir(directory()).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name.contains(&wanted) {
            let text = std::fs::read_to_string(&path).unwrap();
            scenarios.insert(name, serde_json::from_str(&text).unwrap());
        }
    }
    scenarios
}

#[test]
fn the_recorded_scenarios_end_as_the_original_did() {
    let known: BTreeMap<&str, &str> =
        KNOWN.lines().filter_map(|line| line.split_once(": ")).collect();
    let (mut passed, mut bad) = (0, Vec::new());
    let scenarios = scenarios();
    for (name, scenario) in &scenarios {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let differences = runtime.block_on(replay::replay(scenario));
        match (differences.is_empty(), known.get(name.as_str())) {
            (true, _) => passed += 1,
            (false, Some(reason)) => println!("known: {name}: {reason}"),
            (false, None) => bad.push(format!("{name}\n    {}", differences.join("\n    "))),
        }
    }
    println!("traces {passed}/{}", scenarios.len());
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}
