//! Whole builds of Flux Kustomizations, against kustomize-controller.

use std::path::{Path, PathBuf};

use anyhow::Context;
use flux_build::{Action, Built, Ignore, Lookup, Options, ReferenceKind, Undefined};
use flux_tree::{DiskTree, MemoryTree};
use serde_json::Value;

use super::Case;

/// The path that stands for the artifact's root.
const ROOT: &str = "/parent/root";

/// Builds each recorded Kustomization.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let area = root.join("flux-build");
    let entries = std::fs::read_dir(&area).with_context(|| area.display().to_string())?;
    let mut dirs: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    dirs.retain(|dir| dir.join("case.json").is_file());
    dirs.sort();
    dirs.iter().map(|dir| case(dir).with_context(|| dir.display().to_string())).collect()
}

fn case(dir: &Path) -> anyhow::Result<Case> {
    let case: Value = serde_json::from_slice(&std::fs::read(dir.join("case.json"))?)?;
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(dir.join("flux-kustomization.yaml"))?;
    let mut kustomization = flux_yaml::from_str(&text)?;
    kustomization["spec"]["path"] = case["path"].clone();
    let objects = cluster_objects(&dir.join("cluster-objects.yaml"))?;
    let input = dir.join("input");
    let mut tree = match DiskTree::open(&input) {
        Ok(disk) => MemoryTree::copy_of(&disk, "")?,
        Err(_) => MemoryTree::new(),
    };
    for (path, target) in case["symlinks"].as_object().into_iter().flatten() {
        tree.insert_symlink(path, target.as_str().unwrap_or_default())?;
    }
    let undefined = match case["strictPostBuildSubstitutions"].as_bool() {
        Some(true) => Undefined::Refuse,
        _ => Undefined::Empty,
    };
    let built = build(&tree, &kustomization, &objects, undefined);
    let outcome = judge(dir, &case, &kustomization, built);
    Ok(Case { name, outcome: outcome? })
}

fn cluster_objects(file: &Path) -> anyhow::Result<Vec<Value>> {
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let documents = flux_yaml::parse(&std::fs::read(file)?)?;
    let values = documents.iter().map(|node| node.to_value(flux_yaml::Resolver::Yaml11));
    Ok(values.collect::<Result<_, _>>()?)
}

/// Builds a Kustomization with the objects of a cluster.
pub(crate) fn build(
    tree: &MemoryTree,
    kustomization: &Value,
    objects: &[Value],
    undefined: Undefined,
) -> Result<Built, flux_build::BuildError> {
    let namespace = &kustomization["metadata"]["namespace"];
    let lookup = |reference: &flux_build::Reference| {
        let kind = match reference.kind {
            ReferenceKind::ConfigMap => "ConfigMap",
            ReferenceKind::Secret => "Secret",
        };
        let found = objects.iter().find(|object| {
            object["kind"] == kind
                && object["metadata"]["name"] == reference.name.as_str()
                && &object["metadata"]["namespace"] == namespace
        });
        found.map_or(Lookup::NotFound, Lookup::of_object)
    };
    let references = flux_build::references(kustomization);
    let lookups: Vec<Lookup> = references.iter().map(lookup).collect();
    let options = Options { root: ROOT, undefined, ignore: Ignore::Nothing, ..Options::default() };
    flux_build::build(tree, kustomization, &lookups, &options)
}

/// Names the root and what is above it as the records do.
pub(crate) fn with_placeholders(text: &str) -> String {
    text.replace(ROOT, "<ROOT>").replace("/parent/", "<ROOT>/../")
}

fn judge(
    dir: &Path,
    case: &Value,
    kustomization: &Value,
    built: Result<Built, flux_build::BuildError>,
) -> anyhow::Result<Result<(), String>> {
    let error = dir.join("expected_error.txt");
    if error.is_file() {
        let want = std::fs::read_to_string(error)?;
        return Ok(match built {
            Ok(_) => Err(format!("want error: {want}\n got a result")),
            Err(error) => {
                same("error", &with_placeholders(error.text()).trim_end(), &want.trim_end())
            }
        });
    }
    let built = match built {
        Ok(built) => built,
        Err(error) => return Ok(Err(format!("got error at {:?}: {error}", error.stage()))),
    };
    let want = std::fs::read_to_string(dir.join("expected.yaml"))?;
    let mut outcome = same("text", &built.yaml.as_str(), &want.as_str());
    if let Some(digest) = case["history_digest"].as_str() {
        outcome = outcome.and_then(|()| same("digest", &built.digest.as_str(), &digest));
    }
    let generated = dir.join("expected_generated_kustomization.yaml");
    if generated.is_file() {
        let want = std::fs::read_to_string(generated)?;
        let got = with_placeholders(&built.generated.text);
        outcome = outcome.and_then(|()| same("generated file", &got.as_str(), &want.as_str()));
    }
    if let Some(action) = case["action"].as_str() {
        let got = match built.generated.action {
            Action::Created => "created",
            Action::Unchanged => "unchanged",
        };
        outcome = outcome.and_then(|()| same("action", &got, &action));
    }
    let want: Value = serde_json::from_slice(&std::fs::read(dir.join("expected_objects.json"))?)?;
    let mut objects = built.objects;
    flux_build::prepare(&mut objects, kustomization);
    let got: Vec<&Value> = objects.iter().map(|object| object.as_value()).collect();
    let want: Vec<&Value> = want.as_array().into_iter().flatten().collect();
    Ok(outcome.and_then(|()| same("objects", &got, &want)))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Result<(), String> {
    if got == want { Ok(()) } else { Err(format!("{what}\nwant: {want:?}\n got: {got:?}")) }
}
