//! Encrypted documents, against SOPS' core library.

use std::path::Path;

use anyhow::Context;
use flux_keys::KeyRing;
use flux_sops::{Encrypted, Error, Format};
use serde_json::Value;

use super::Case;

/// Decrypts each recorded document.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let root = root.join("sops");
    let file = root.join("cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let cases: Vec<Value> = serde_json::from_slice(&text)?;
    let keys = key_ring(&root.join("keys"))?;
    cases.iter().map(|case| run(&root, &keys, case)).collect()
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
