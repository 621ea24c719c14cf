//! Builds of kustomization directories, against kustomize v5.8.1.

use std::path::{Path, PathBuf};

use anyhow::Context;
use flux_kustomize::{NoRemote, Options, Order, Outside, Rules, build};
use flux_tree::DiskTree;
use serde_json::Value;

use super::Case;

/// Builds the directories of kustomize's own tests.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    directories(&root.join("kustomize"))
}

/// Builds further directories.
pub(crate) fn derived(root: &Path) -> anyhow::Result<Vec<Case>> {
    directories(&root.join("kustomize-derived"))
}

fn directories(area: &Path) -> anyhow::Result<Vec<Case>> {
    let entries = std::fs::read_dir(area).with_context(|| area.display().to_string())?;
    let mut dirs: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    dirs.retain(|dir| dir.join("case.json").is_file());
    dirs.sort();
    let mut cases = Vec::new();
    for dir in dirs {
        cases.extend(directory(&dir).with_context(|| dir.display().to_string())?);
    }
    Ok(cases)
}

fn directory(dir: &Path) -> anyhow::Result<Vec<Case>> {
    let case: Value = serde_json::from_slice(&std::fs::read(dir.join("case.json"))?)?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let outside = match case["options"]["loadRestrictions"].as_str() {
        Some("none") => Outside::Allowed,
        _ => Outside::Refused,
    };
    let order = match case["options"]["reorder"].as_str() {
        Some("legacy") => Order::Legacy,
        Some("unspecified") => Order::Unspecified,
        _ => Order::Fifo,
    };
    let got = run(dir, &case, Rules::Plain { outside }, order)?;
    let want = expectation(dir, &["expected.v5.8.1", "expected"])?;
    let mut cases = vec![judge(name.clone(), &case, got, want)];
    if case["differs_in_flux_build"] == true {
        let got = run(dir, &case, Rules::Flux, Order::Fifo)?;
        let want = expectation(dir, &["expected.flux"])?;
        cases.push(judge(format!("{name} (flux)"), &case, got, want));
    }
    Ok(cases)
}

fn run(
    dir: &Path,
    case: &Value,
    rules: Rules,
    order: Order,
) -> anyhow::Result<Result<String, String>> {
    let tree = DiskTree::open(&dir.join("input"))?;
    let options = Options { root: "<ROOT>", rules, order, fetcher: &NoRemote };
    let path = case["path"].as_str().unwrap_or_default();
    let built = build(&tree, path, &options).and_then(|output| output.to_yaml());
    Ok(built.map_err(|error| error.to_string()))
}

/// Reads `NAME.yaml` or the error text that stands for it, of the first name that there is.
fn expectation(dir: &Path, names: &[&str]) -> anyhow::Result<Result<String, String>> {
    for name in names {
        let yaml = dir.join(format!("{name}.yaml"));
        if yaml.is_file() {
            return Ok(Ok(std::fs::read_to_string(yaml)?));
        }
        let error = dir.join(format!("{}.txt", name.replacen("expected", "expected_error", 1)));
        if error.is_file() {
            return Ok(Err(std::fs::read_to_string(error)?));
        }
    }
    anyhow::bail!("no expectation")
}

fn judge(
    name: String,
    case: &Value,
    got: Result<String, String>,
    want: Result<String, String>,
) -> Case {
    let (Err(got), Err(want)) = (&got, &want) else { return Case::compare(name, &got, &want) };
    let leaks = want.contains("<PTR>") || want.starts_with("PANIC");
    let wanted = case["error_must_contain"].as_array().into_iter().flatten();
    let contains = wanted
        .filter_map(Value::as_str)
        .all(|part| part.starts_with("regex:") || got.contains(part));
    if case["error_text_nondeterministic"] == true || (leaks && contains) {
        return Case { name, outcome: Ok(()) };
    }
    Case::compare(name, &got.trim_end(), &want.trim_end())
}
