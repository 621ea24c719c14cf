//! Streams of documents into objects, against fluxcd/pkg's ssa.

use std::path::Path;

use anyhow::Context;
use flux_manifest::Object;
use flux_manifest::documents::read_objects;
use serde_json::Value;

use super::Case;

/// Reads each recorded stream.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let file = root.join("ssa/read_objects.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let cases: Vec<Value> = serde_json::from_slice(&text)?;
    cases.iter().enumerate().map(|(index, case)| run(index, case)).collect()
}

fn run(index: usize, case: &Value) -> anyhow::Result<Case> {
    let text = case["yaml"].as_str().context("no yaml")?;
    let got = read_objects(text)
        .map(|objects| objects.into_iter().map(Object::into_value).collect::<Vec<_>>())
        .map_err(|error| error.to_string());
    let want = match case["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(case["objects"].as_array().cloned().unwrap_or_default()),
    };
    let first = text.lines().find(|line| *line != "---").unwrap_or_default();
    Ok(Case::compare(format!("{index} {first}"), &got, &want))
}
