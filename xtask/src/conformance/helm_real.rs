//! Renders of charts that are in wide use, against Helm's.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use flux_helm::{Chart, InstallOptions, Installation, Values};
use flux_tree::{MemoryTree, Symlinks, Tree, UnpackLimits, unpack};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Case;
use super::helm::{api_versions, render_options};

/// Renders each recorded case.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let root = root.join("helm-real");
    let file = root.join("index.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let recorded: Value = serde_json::from_slice(&text)?;
    let versions = api_versions(&root.join("apiversions.json"))?;
    let mut charts = BTreeMap::new();
    let cases = recorded["cases"].as_array().context("no cases")?;
    cases.iter().map(|case| run(&root, case, (&versions, &mut charts))).collect()
}

type Charts = BTreeMap<String, (Chart, MemoryTree)>;

fn run(
    root: &Path,
    case: &Value,
    (versions, charts): (&[String], &mut Charts),
) -> anyhow::Result<Case> {
    let id = case["id"].as_str().context("no id")?;
    let archive = case["chart"].as_str().context("no chart")?;
    if !charts.contains_key(archive) {
        let file = root.join("charts").join(archive);
        let file = if file.exists() { file } else { root.join(archive) };
        let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
        charts.insert(archive.to_owned(), load(&bytes)?);
    }
    let (chart, tree) = &charts[archive];
    let values = values(tree, &case["values"])?;
    let version = case["kubeVersion"].as_str().unwrap_or("v1.33.4");
    let options = InstallOptions {
        render: render_options(version, versions),
        include_crds: false,
        skip_schema_validation: true,
        sub_notes: false,
        post_render: None,
    };
    let got = flux_helm::install(chart, &values, &options);
    if let Ok(directory) = std::env::var("FLUX_RENDERED")
        && let Ok(installation) = &got
    {
        let file = Path::new(&directory).join(format!("{}.yaml", id.replace('/', "_")));
        std::fs::write(file, &installation.rendered.manifest)?;
    }
    Ok(compare(id, case, got.map_err(|error| error.to_string())))
}

/// Loads the folder in an archive, as the records were made: `.helmignore` counts, and nothing
/// refuses a library.
fn load(bytes: &[u8]) -> anyhow::Result<(Chart, MemoryTree)> {
    let tree = unpack(bytes, Symlinks::Skip, UnpackLimits::default())?;
    let mut chart = Chart::from_tree(&tree, "chart")?;
    if chart.is_library() {
        chart.metadata.kind.clear();
    }
    Ok((chart, tree))
}

fn values(tree: &MemoryTree, given: &Value) -> anyhow::Result<Values> {
    if let Some(name) = given["file"].as_str() {
        let text = tree.read(&format!("chart/{name}"))?;
        return Ok(flux_helm::load_values(&String::from_utf8_lossy(&text))?);
    }
    match &given["inline"] {
        Value::String(text) => Ok(flux_helm::load_values(text)?),
        Value::Object(_) => Ok(flux_helm::load_values(&given["inline"].to_string())?),
        _ => Ok(Values::new()),
    }
}

fn short(text: &str) -> String {
    hex::encode(Sha256::digest(text))[..16].to_owned()
}

/// The documents of a manifest as the record has them: where from, which kind, a digest.
fn documents(manifest: &str) -> Vec<(String, String, String)> {
    let mut blocks: Vec<String> = Vec::new();
    for line in manifest.split_inclusive('\n') {
        if line.trim_end_matches('\n') == "---" {
            blocks.push(String::new());
        } else if let Some(block) = blocks.last_mut() {
            block.push_str(line);
        }
    }
    let describe = |block: String| {
        let source = block.lines().find_map(|line| line.strip_prefix("# Source: "));
        let source = source.unwrap_or_default().to_owned();
        let digest = short(&block);
        (source, block, digest)
    };
    blocks.into_iter().map(describe).collect()
}

fn compare(id: &str, case: &Value, got: Result<Installation, String>) -> Case {
    if let Some(error) = case["error"].as_str() {
        let got = got.map(|_| "rendered");
        return Case::compare(id, &got, &Err(error.to_owned()));
    }
    let got = match got {
        Ok(installation) => installation.rendered,
        Err(error) => {
            let outcome = Err(format!("want: a manifest\n got: {error}"));
            return Case { name: id.to_owned(), outcome };
        }
    };
    let mut faults = Vec::new();
    let empty = Vec::new();
    let wanted = case["documents"].as_array().unwrap_or(&empty);
    let found = documents(&got.manifest);
    let mut has_random = false;
    for (index, want) in wanted.iter().enumerate() {
        let want = want.as_str().unwrap_or_default();
        let (head, digest) = want.rsplit_once(' ').unwrap_or((want, ""));
        let Some((source, block, sum)) = found.get(index) else {
            faults.push(format!("missing: {want}"));
            continue;
        };
        has_random |= digest == "random";
        let same_source = head.split(' ').next() == Some(source.as_str());
        if !same_source || (digest != "random" && digest != sum) {
            faults.push(format!("want: {want}\n got: {source} {sum}\n{block}"));
        }
    }
    if found.len() != wanted.len() {
        faults.push(format!("want {} documents, got {}", wanted.len(), found.len()));
    }
    if !has_random
        && case["manifestSha256"].as_str() != Some(&hex::encode(Sha256::digest(&got.manifest)))
        && faults.is_empty()
    {
        faults.push("the manifest as a whole differs".to_owned());
    }
    hooks(case, &got, &mut faults);
    if let Some(want) = case["notesSha256"].as_str().filter(|want| *want != "random")
        && want != short(&got.notes)
    {
        faults.push(format!("notes: want {want}, got {}\n{}", short(&got.notes), got.notes));
    }
    faults.truncate(3);
    let outcome = if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) };
    Case { name: id.to_owned(), outcome }
}

fn hooks(case: &Value, got: &flux_helm::Rendered, faults: &mut Vec<String>) {
    let empty = Vec::new();
    let wanted = case["hooks"].as_array().unwrap_or(&empty);
    if wanted.len() != got.hooks.len() {
        faults.push(format!("want {} hooks, got {}", wanted.len(), got.hooks.len()));
    }
    for (want, hook) in wanted.iter().zip(&got.hooks) {
        let mut found = super::helm::hook_json(hook);
        let sum = short(&hook.manifest);
        let is_random = want["sha256"] == "random";
        for (key, value) in want.as_object().into_iter().flatten() {
            let same = match key.as_str() {
                "manifestSha256" | "sha256" | "manifest" => {
                    value == "random"
                        || value.as_str() == Some(&sum)
                        || value.as_str() == Some(&hook.manifest)
                }
                "name" if is_random => true,
                key => {
                    found.as_object_mut().and_then(|found| found.remove(key)).as_ref()
                        == Some(value)
                }
            };
            if !same {
                faults.push(format!("hook {}: {key}: want {value}", hook.name));
            }
        }
    }
}
