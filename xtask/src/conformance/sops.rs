//! Encrypted documents, against SOPS' core library.

use std::path::Path;

use anyhow::Context;
use flux_sops::{DataKey, Encrypted, Error, Format, KeySource, MasterKey, Service};
use serde_json::Value;
use zeroize::Zeroizing;

use super::Case;

/// Has no key at all.
struct NoKeys;

impl KeySource for NoKeys {
    fn decrypt(&self, _key: &MasterKey) -> Result<Zeroizing<Vec<u8>>, String> {
        Err("no key".to_owned())
    }

    fn encrypt(&self, _service: &Service, _part: &[u8]) -> Result<String, String> {
        Err("no key".to_owned())
    }
}

/// Decrypts each recorded document.
pub(crate) fn cases(root: &Path) -> anyhow::Result<Vec<Case>> {
    let root = root.join("sops");
    let file = root.join("cases.json");
    let text = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let cases: Vec<Value> = serde_json::from_slice(&text)?;
    cases.iter().map(|case| run(&root, case)).collect()
}

fn run(root: &Path, case: &Value) -> anyhow::Result<Case> {
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
    let got = decrypt(&text, input, output, case).map_err(|(stage, error)| match stage {
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

fn decrypt(text: &[u8], input: Format, output: Format, case: &Value) -> Outcome {
    let document = Encrypted::read(input, text).map_err(|error| ("load", error))?;
    let key = match case["data_key_hex"].as_str().map(hex::decode) {
        Some(Ok(key)) => DataKey::new(Zeroizing::new(key)),
        _ => document.data_key(&NoKeys).map_err(|error| ("data key", error))?,
    };
    let document = document.decrypt(&key).map_err(|error| ("decrypt", error))?;
    let plain = document.write(output).map_err(|error| ("emit", error))?;
    let plain = String::from_utf8_lossy(&plain).into_owned();
    Ok((plain, document.mac().to_owned(), document.check_mac().is_ok()))
}
