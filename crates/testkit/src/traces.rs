//! Recorded runs of the original controllers, played again on the embedded API server.
//!
//! The recordings are no part of this project: they are found by `FLUX_CONFORMANCE`, or beside the
//! workspace.

pub mod kustomize;
pub mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Returns the folder of all recorded runs; `None` if there are none.
pub fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let root = std::env::var_os("FLUX_CONFORMANCE").map_or(beside, PathBuf::from);
    Some(root.join("traces")).filter(|folder| folder.is_dir())
}

/// Reads the recorded runs of a controller by their names.
///
/// # Errors
/// A file that cannot be read.
pub fn scenarios(folder: &Path, controller: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    let mut scenarios = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join(controller))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        scenarios.insert(name, serde_json::from_slice(&std::fs::read(&path)?)?);
    }
    Ok(scenarios)
}

/// Plays a recorded run of a controller and returns what differed; `None` if nobody can play it.
pub fn play(controller: &str, name: &str, scenario: &Value) -> Option<Vec<String>> {
    match controller {
        "kustomize-controller" => Some(kustomize::play(scenario)),
        "source-controller" if source::is_playable(name) => source::play(scenario),
        _ => None,
    }
}

pub(crate) fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(crate) fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
