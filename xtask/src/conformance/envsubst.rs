//! Substitution of variables, against fluxcd/pkg's envsubst.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use flux_envsubst::{Undefined, expand};
use serde_json::Value;

use super::Case;

/// Expands each recorded input.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let file = root.join("envsubst/cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let cases: Vec<Value> = serde_json::from_slice(&text)?;
    cases.iter().enumerate().map(|(index, case)| run(index, case)).collect()
}

fn run(index: usize, case: &Value) -> anyhow::Result<Case> {
    let input = case["input"].as_str().context("no input")?;
    let variables = case["vars"].as_object().context("no vars")?;
    let variables: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    let strict = case["strict"] == true;
    let undefined = if strict { Undefined::Refuse } else { Undefined::Empty };
    let got = expand(input, &variables, undefined)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .map_err(|error| error.to_string());
    let name = format!("{index} {input}{}", if strict { " (strict)" } else { "" });
    if case["any_error"] == true {
        return Ok(Case::compare(name, &got.is_err(), &true));
    }
    let want = match case["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(case["output"].as_str().unwrap_or_default().to_owned()),
    };
    Ok(Case::compare(name, &got, &want))
}
