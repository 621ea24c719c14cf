//! Encrypted documents, against SOPS' core library.

use std::path::Path;

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_build::{Fetcher, FileError, NoRemote, Options, RepoSpec, Sops};
use flux_keys::KeyRing;
use flux_sops::{Encrypted, Error, Format};
use flux_tree::{DiskTree, Tree};
use serde_json::{Value, json};

use super::Case;

/// Decrypts each recorded document.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let root = root.join("sops");
    let file = root.join("cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let cases: Vec<Value> = serde_json::from_slice(&text)?;
    let keys = key_ring(&root.join("keys"))?;
    let mut cases =
        cases.iter().map(|case| run(&root, &keys, case)).collect::<anyhow::Result<Vec<_>>>()?;
    cases.push(whole_tree(&root.join("flux-testdata"), &keys)?);
    Ok(cases)
}

/// Stands for the one file that the tree takes from the network.
struct Namespace;

impl Fetcher for Namespace {
    fn file(&self, _url: &str) -> Result<Vec<u8>, FileError> {
        Ok(b"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kustomize-system\n".to_vec())
    }

    fn repository(&self, spec: &RepoSpec) -> Result<Box<dyn Tree>, flux_kustomize::BuildError> {
        NoRemote.repository(spec)
    }
}

/// Builds the tree of kustomize-controller's own test, in which every decrypted value is `value`.
fn whole_tree(dir: &Path, keys: &KeyRing) -> anyhow::Result<Case> {
    let tree = DiskTree::open(dir)?;
    let decryptor = Sops::new(keys, "/r");
    let options =
        Options { root: "/r", decryptor: &decryptor, fetcher: &Namespace, ..Options::default() };
    let kustomization = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": { "name": "sops", "namespace": "default" },
        "spec": { "path": "./", "decryption": { "provider": "sops" } },
    });
    let value = json!(STANDARD.encode("value"));
    let outcome = match flux_build::build(&tree, &kustomization, &[], &options) {
        Err(error) => Err(error.to_string()),
        Ok(built) => {
            let mut objects = built.objects;
            flux_build::prepare(&mut objects, &kustomization);
            let wrong = objects.iter().filter(|object| {
                let got = object.pointer("/data/key");
                let patched = object.name() == "sops-patches-secret";
                let is_map = object.kind() == "ConfigMap";
                match (is_map, patched) {
                    (true, _) => got != Some(&json!("value")),
                    (_, true) => got != Some(&json!(STANDARD.encode("merge1"))),
                    _ => got != Some(&value),
                }
            });
            let wrong: Vec<String> = wrong.map(|object| object.name().to_owned()).collect();
            let found = objects.len();
            match wrong.is_empty() && found > 8 {
                true => Ok(()),
                false => Err(format!("{found} objects, with wrong values: {}", wrong.join(", "))),
            }
        }
    };
    Ok(Case { name: "flux-testdata as a whole".to_owned(), outcome })
}

fn key_ring(dir: &Path) -> anyhow::Result<KeyRing> {
    let mut keys = KeyRing::new();
    for (file, name) in [
        ("age-all.txt", "all.agekey"),
        ("pgp.asc", "flux.asc"),
        ("sops_functional_tests_key.asc", "sops.asc"),
    ] {
        let file = dir.join(file);
        let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
        keys.import(name, &text).map_err(anyhow::Error::msg)?;
    }
    Ok(keys)
}

fn run(root: &Path, keys: &KeyRing, case: &Value) -> anyhow::Result<Case> {
    let file = case["file"].as_str().context("no file")?;
    let input = format(&case["input_format"])?;
    let output = format(&case["output_format"])?;
    let name = format!("{file} -> {}", case["output_format"].as_str().unwrap_or_default());
    let text = std::fs::read(root.join(file)).with_context(|| file.to_owned())?;
    let want = match case["expected_plaintext"].as_str() {
        Some(plain) => {
            let text = std::fs::read(root.join(plain)).with_context(|| plain.to_owned())?;
            let mac = case["mac"].as_str().unwrap_or_default();
            let valid = case["mac_ok"] == true;
            Ok((String::from_utf8_lossy(&text).into_owned(), mac.to_owned(), valid))
        }
        None => Err(match case["error_stage"].as_str().context("no stage")? {
            "data key" => "data key".to_owned(),
            _ => case["error"].as_str().context("no error")?.to_owned(),
        }),
    };
    let got = decrypt(&text, (input, output), keys).map_err(|(stage, error)| match stage {
        "data key" => stage.to_owned(),
        _ => format!("{stage}: {error}"),
    });
    Ok(Case::compare(name, &got, &want))
}

fn format(name: &Value) -> anyhow::Result<Format> {
    Ok(match name.as_str().context("no format")? {
        "yaml" => Format::Yaml,
        "json" => Format::Json,
        "dotenv" => Format::Dotenv,
        "ini" => Format::Ini,
        "binary" => Format::Binary,
        other => anyhow::bail!("unknown format {other}"),
    })
}

/// The decrypted text, its MAC and whether that is the stored one; or the stage that failed.
type Outcome = Result<(String, String, bool), (&'static str, Error)>;

fn decrypt(text: &[u8], (input, output): (Format, Format), keys: &KeyRing) -> Outcome {
    let document = Encrypted::read(input, text).map_err(|error| ("load", error))?;
    let key = document.data_key(keys).map_err(|error| ("data key", error))?;
    let document = document.decrypt(&key).map_err(|error| ("decrypt", error))?;
    let plain = document.write(output).map_err(|error| ("emit", error))?;
    let plain = String::from_utf8_lossy(&plain).into_owned();
    Ok((plain, document.mac().to_owned(), document.check_mac().is_ok()))
}
