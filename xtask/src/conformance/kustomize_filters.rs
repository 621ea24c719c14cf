//! Single filters of kustomize and its strategic merge.

use std::path::Path;

use anyhow::Context;
use flux_kustomize::filter::{self, Inference, NewElements};
use serde_json::Value;

use super::Case;

/// Runs each recorded filter.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let root = root.join("kustomize-filters");
    let mut cases = Vec::new();
    for (index, case) in read(&root.join("cases.json"))?.iter().enumerate() {
        cases.push(run(index, case));
    }
    for (index, case) in read(&root.join("merge2_cases.json"))?.iter().enumerate() {
        cases.push(merge(index, case));
    }
    Ok(cases)
}

fn read(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = std::fs::read(file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_slice(&text)?)
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn run(index: usize, case: &Value) -> Case {
    let test = text(case, "source").rsplit_once('#').map_or("", |(_, test)| test);
    let name = format!("{index} {} {test}", text(case, "filter"));
    let config = flux_yaml::from_str(text(case, "config")).unwrap_or_default();
    let got = filter::run(text(case, "filter"), &config, text(case, "input").as_bytes());
    let got = got.map_err(|error| error.to_string());
    let want = match case["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(text(case, "output").to_owned()),
    };
    Case::compare(name, &got, &want)
}

fn merge(index: usize, case: &Value) -> Case {
    let test = text(case, "source").rsplit_once('#').map_or("", |(_, test)| test);
    let new_elements = match text(case, "listIncrease") {
        "prepend" => NewElements::First,
        _ => NewElements::Last,
    };
    let inference = match case["inferAssociativeLists"].as_bool() {
        Some(true) => Inference::ByName,
        _ => Inference::Off,
    };
    let (target, patch) = (text(case, "target"), text(case, "patch"));
    let got = filter::strategic_merge(target, patch, new_elements, inference);
    let got = got.map_err(|error| error.to_string());
    let want = match case["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(text(case, "output").to_owned()),
    };
    Case::compare(format!("merge {index} {test}"), &got, &want)
}
