//! Every Flux Kustomization of public repositories, built.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use flux_build::{Stage, Undefined};
use flux_manifest::{Object, ObjectId};
use flux_tree::{Kind, MemoryTree, Symlinks, Tree, UnpackLimits, Visit, path, unpack, walk};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Case;
use super::flux_build::{build, with_placeholders};

/// Builds every recorded Kustomization of every repository.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let area = root.join("repos");
    let mut cases = Vec::new();
    for repository in repositories(&area)? {
        let repository = Repository::open(&area, &repository)?;
        for record in repository.records() {
            if record["result"]["status"] != "not-built" {
                cases.push(repository.case(record)?);
            }
        }
    }
    Ok(cases)
}

/// Returns the names of the repositories.
pub(crate) fn repositories(area: &Path) -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(area).with_context(|| area.display().to_string())?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".json").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

fn archive(file: &Path) -> anyhow::Result<MemoryTree> {
    let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
    Ok(unpack(bytes.as_slice(), Symlinks::Refuse, UnpackLimits::default())?)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// A repository with its artifacts.
pub(crate) struct Repository {
    name: String,
    record: Value,
    artifacts: BTreeMap<String, MemoryTree>,
    texts: MemoryTree,
}

impl Repository {
    /// Unpacks a repository and cuts out its artifacts.
    pub(crate) fn open(area: &Path, name: &str) -> anyhow::Result<Self> {
        let record: Value =
            serde_json::from_slice(&std::fs::read(area.join(format!("{name}.json")))?)?;
        let texts = archive(&area.join(format!("{name}.expected.tar.gz")))?;
        let mut repository =
            Self { name: name.to_owned(), record, artifacts: BTreeMap::new(), texts };
        let artifacts = repository.record["artifacts"].clone();
        let artifacts: Vec<_> = artifacts.as_object().into_iter().flatten().collect();
        let is_external = |artifact: &Value| artifact["kind"] == "external";
        for (id, artifact) in artifacts.iter().filter(|(_, artifact)| !is_external(artifact)) {
            let tar = artifact["tar"].as_str().map_or(format!("{name}.tar.gz"), str::to_owned);
            let mut tree = MemoryTree::copy_of(&archive(&area.join(tar))?, text(artifact, "base"))?;
            for excluded in artifact["excluded"].as_array().into_iter().flatten() {
                tree.remove(excluded.as_str().unwrap_or_default().trim_end_matches('/'));
            }
            repository.add(id, artifact, tree)?;
        }
        for (id, artifact) in artifacts.iter().filter(|(_, artifact)| is_external(artifact)) {
            let source = repository.artifacts.get(text(artifact, "of")).context("no source")?;
            let tree = cut_out(source, artifact)?;
            repository.add(id, artifact, tree)?;
        }
        Ok(repository)
    }

    fn add(&mut self, id: &str, artifact: &Value, tree: MemoryTree) -> anyhow::Result<()> {
        let sum = tree_sha256(&tree)?;
        anyhow::ensure!(
            sum == text(artifact, "tree_sha256"),
            "artifact {id} of {} has other files than recorded",
            self.name
        );
        self.artifacts.insert(id.to_owned(), tree);
        Ok(())
    }

    /// Returns the records of all Kustomizations.
    pub(crate) fn records(&self) -> &[Value] {
        self.record["kustomizations"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Builds the Kustomization of a record.
    pub(crate) fn build(
        &self,
        record: &Value,
    ) -> anyhow::Result<Result<flux_build::Built, flux_build::BuildError>> {
        let tree = self.artifacts.get(text(record, "artifact")).context("no artifact")?;
        let objects = record["cluster_objects"].as_array().map_or(&[][..], Vec::as_slice);
        let undefined = match self.record["strict_post_build_substitutions"].as_bool() {
            Some(true) => Undefined::Refuse,
            _ => Undefined::Empty,
        };
        Ok(build(tree, &record["object"], objects, undefined))
    }

    fn case(&self, record: &Value) -> anyhow::Result<Case> {
        let name = format!("{} {} {}", self.name, text(record, "id"), text(record, "variant"));
        let built = self.build(record)?;
        let result = &record["result"];
        let outcome = match (built, text(result, "status")) {
            (Err(error), "error") => {
                let got = (stage(error.stage()), with_placeholders(&error.to_string()));
                let want = (text(result, "stage"), text(result, "text").to_owned());
                same("error", &got, &want)
            }
            (Ok(_), "error") => Err(format!("want error: {}\n got a result", result["text"])),
            (Err(error), _) => Err(format!("got error: {error}")),
            (Ok(built), _) => self.judge(record, built)?,
        };
        Ok(Case { name, outcome })
    }

    fn judge(
        &self,
        record: &Value,
        built: flux_build::Built,
    ) -> anyhow::Result<Result<(), String>> {
        let result = &record["result"];
        let sum = text(result, "sha256");
        if built.digest != format!("sha256:{sum}") {
            let file = format!("{}.yaml", sum.get(..16).unwrap_or_default());
            let want = self.texts.read(&file).map(|text| text.into_owned()).unwrap_or_default();
            let want = String::from_utf8_lossy(&want).into_owned();
            return Ok(Err(first_difference(&built.yaml, &want)));
        }
        let want = result["objects"].as_array().map_or(&[][..], Vec::as_slice);
        let plain: Vec<_> = built.objects.iter().map(|object| (id(object), hash(object))).collect();
        let wanted = |key: &str| -> Vec<(String, String)> {
            let pair =
                |object: &Value| (text(object, "id").to_owned(), text(object, key).to_owned());
            want.iter().map(pair).collect()
        };
        let mut applied = built.objects;
        flux_build::prepare(&mut applied, &record["object"]);
        let hashes: Vec<_> = applied.iter().map(|object| (id(object), hash(object))).collect();
        let outcome = same("objects", &plain, &wanted("sha256"));
        Ok(outcome.and_then(|()| {
            let wanted = wanted("applied_sha256");
            let differing = hashes.iter().zip(&wanted).zip(&applied).find(|((a, b), _)| a != b);
            match differing {
                Some((_, object)) => Err(format!("applied object differs: {}", object.as_value())),
                None => same("applied objects", &hashes, &wanted),
            }
        }))
    }
}

fn id(object: &Object) -> String {
    let id: ObjectId = object.id();
    id.to_string()
}

fn hash(object: &Object) -> String {
    hex::encode(Sha256::digest(object.as_value().to_string().as_bytes()))
}

fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Path => "path",
        Stage::Generate => "generate",
        Stage::Decrypt => "decrypt",
        Stage::Build => "kustomize build",
        Stage::Decode => "decode",
        Stage::PostBuild => "post build",
        Stage::Replace => "replace",
        Stage::Objects => "objects",
    }
}

fn first_difference(got: &str, want: &str) -> String {
    let lines = got.lines().zip(want.lines()).enumerate();
    for (at, (got, want)) in lines {
        if got != want {
            return format!("line {}\nwant: {want}\n got: {got}", at + 1);
        }
    }
    format!("lengths\nwant: {}\n got: {}", want.len(), got.len())
}

/// Copies what an ArtifactGenerator copies.
fn cut_out(source: &MemoryTree, artifact: &Value) -> anyhow::Result<MemoryTree> {
    let mut tree = MemoryTree::new();
    for copy in artifact["copy"].as_array().into_iter().flatten() {
        let (from, to) = (text(copy, "from"), text(copy, "to").trim_end_matches('/'));
        match from.strip_suffix("/**") {
            Some(directory) => {
                for entry in source.list(directory)? {
                    let from = format!("{directory}/{}", entry.name);
                    copy_below(source, &from, &format!("{to}/{}", entry.name), &mut tree)?;
                }
            }
            None => {
                let from = from.trim_end_matches('/');
                copy_below(source, from, &format!("{to}/{}", path::name(from)), &mut tree)?;
            }
        }
    }
    Ok(tree)
}

fn copy_below(
    source: &MemoryTree,
    from: &str,
    to: &str,
    tree: &mut MemoryTree,
) -> anyhow::Result<()> {
    if source.is_file(from) {
        tree.insert(to, source.read(from)?.into_owned())?;
        return Ok(());
    }
    for (path, content) in files(source, from)? {
        let below = path.get(from.len()..).unwrap_or_default();
        tree.insert(&format!("{to}{below}"), content)?;
    }
    Ok(())
}

fn files(tree: &MemoryTree, root: &str) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut files = Vec::new();
    walk::<anyhow::Error>(tree, root, &mut |path, kind| {
        if let Kind::File { .. } = kind {
            files.push((path.to_owned(), tree.file_content(path)?.into_owned()));
        }
        Ok(Visit::Continue)
    })?;
    Ok(files)
}

fn tree_sha256(tree: &MemoryTree) -> anyhow::Result<String> {
    let mut files = files(tree, "")?;
    files.sort();
    let mut sum = Sha256::new();
    for (path, content) in files {
        sum.update(format!("{}  {path}\n", hex::encode(Sha256::digest(&content))));
    }
    Ok(hex::encode(sum.finalize()))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, want: &T) -> Result<(), String> {
    if got == want { Ok(()) } else { Err(format!("{what}\nwant: {want:?}\n got: {got:?}")) }
}
