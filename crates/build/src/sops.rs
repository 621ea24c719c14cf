//! Decryption of SOPS documents: files that a build reads, and what it made of them.
//!
//! # Upstream
//! kustomize-controller's decryptor. The MAC is not checked, as a build changes what it covers.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_kustomize::{FILE_NAMES, Kustomization};
use flux_sops::{Encrypted, Format, KeySource};
use flux_tree::{Kind, Tree, TreeError, path};
use serde_json::{Map, Value};

use crate::Decryptor;

#[cfg(test)]
mod tests;

/// Largest encrypted file in bytes.
const MOST: usize = 5 << 20;
/// Keeps an object from decryption when it says `disabled`.
const OPT_OUT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// Decrypts SOPS documents with the keys of a Kustomization.
pub struct Sops<'a> {
    keys: &'a (dyn KeySource + Send + Sync),
    /// What the root of the tree is called in error texts.
    root: &'a str,
}

impl<'a> Sops<'a> {
    /// Decrypts with these keys. `root` is what the root of the tree is called in error texts.
    pub fn new(keys: &'a (dyn KeySource + Send + Sync), root: &'a str) -> Self {
        Self { keys, root }
    }

    /// Decrypts one document.
    fn decrypt(&self, text: &[u8], from: Format, to: Format) -> Result<Vec<u8>, String> {
        let (from_name, to_name) = (shown(from), shown(to));
        let document = Encrypted::read(from, text)
            .map_err(|error| format!("failed to load encrypted {from_name} data: {error}"))?;
        let key = document
            .data_key(self.keys)
            .map_err(|error| format!("cannot get sops data key: {}", error.user_text()))?;
        let document = document.decrypt(&key).map_err(|error| {
            format!("error decrypting sops tree: {}", redacted(&error.to_string()))
        })?;
        document.write(to).map_err(|error| {
            format!("failed to emit encrypted {from_name} file as decrypted {to_name}: {error}")
        })
    }
}

impl Decryptor for Sops<'_> {
    fn sources(&self, tree: &dyn Tree, directory: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
        let mut walk =
            Walk { sops: self, tree, directories: BTreeSet::new(), decrypted: Vec::new() };
        match walk.directory(directory) {
            Ok(()) | Err(Ended::NoDirectory) => Ok(walk.decrypted),
            Err(Ended::Failed(error)) => Err(format!("error decrypting sources: {error}")),
        }
    }

    fn object(&self, object: &Value) -> Result<Option<Value>, String> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let pointer = format!("/metadata/annotations/{}", OPT_OUT.replace('/', "~1"));
        if text(&pointer).is_some_and(|value| value.eq_ignore_ascii_case("disabled")) {
            return Ok(None);
        }
        let kind = text("/kind").unwrap_or_default();
        let name = format!(
            "'{}/{}'",
            text("/metadata/namespace").unwrap_or_default(),
            text("/metadata/name").unwrap_or_default()
        );
        if is_encrypted(object) {
            let json = flux_yaml::to_json(object);
            let plain =
                self.decrypt(json.as_bytes(), Format::Json, Format::Json).map_err(|error| {
                    format!("failed to decrypt and format {name} {kind} data: {error}")
                })?;
            let plain = serde_json::from_slice(&plain).map_err(|error| {
                format!("failed to unmarshal decrypted {name} {kind} to JSON: {error}")
            })?;
            return Ok(Some(plain));
        }
        if kind != "Secret" {
            return Ok(None);
        }
        let Some(data) = object.get("data").and_then(Value::as_object) else { return Ok(None) };
        let data = self.secret_data(data, &name)?;
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            if data.is_empty() {
                fields.remove("data");
            } else {
                fields.insert("data".to_owned(), Value::Object(data));
            }
        }
        Ok(Some(object))
    }
}

impl Sops<'_> {
    /// Decrypts the values of a Secret that are documents of their own.
    fn secret_data(
        &self,
        data: &Map<String, Value>,
        name: &str,
    ) -> Result<Map<String, Value>, String> {
        let mut out = Map::new();
        for (key, value) in data {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
            };
            let bytes = STANDARD.decode(value.replace(['\r', '\n'], "")).ok();
            let document = bytes.and_then(|bytes| Some((format_of(&bytes)?, bytes)));
            let value = match document {
                None => value,
                Some((format, bytes)) => {
                    let plain =
                        self.decrypt(&bytes, format, format_of_name(key)).map_err(|error| {
                            format!(
                                "failed to decrypt and format {name} Secret field '{key}': {error}"
                            )
                        })?;
                    STANDARD.encode(plain)
                }
            };
            out.insert(key.clone(), Value::String(value));
        }
        Ok(out)
    }
}

/// Tells whether an object as a whole is an encrypted document.
fn is_encrypted(object: &Value) -> bool {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    object.pointer("/sops/mac").is_some_and(|mac| !is_empty(mac))
}

/// Returns what a format is called in error texts.
fn shown(format: Format) -> &'static str {
    match format {
        Format::Binary => "binary",
        Format::Dotenv => "dotenv",
        Format::Ini => "INI",
        Format::Json => "JSON",
        Format::Yaml => "YAML",
    }
}

/// Returns what encrypted documents of a format hold and others do not.
fn marker(format: Format) -> &'static [u8] {
    match format {
        Format::Binary | Format::Json => b"\"mac\": \"ENC[",
        Format::Dotenv => b"sops_mac=ENC[",
        Format::Ini => b"[sops]",
        Format::Yaml => b"mac: ENC[",
    }
}

fn holds(text: &[u8], format: Format) -> bool {
    let marker = marker(format);
    text.windows(marker.len()).any(|window| window == marker)
}

/// Tells the format of a document from what it holds; nothing if it is not encrypted.
fn format_of(text: &[u8]) -> Option<Format> {
    let formats = [Format::Json, Format::Dotenv, Format::Ini, Format::Yaml];
    formats.into_iter().find(|format| holds(text, *format))
}

/// Tells the format of a file, or of a Secret's value, from its name.
fn format_of_name(name: &str) -> Format {
    if name.ends_with(".dockerconfigjson") { Format::Json } else { Format::of_path(name) }
}

/// Takes the value out of a text that quotes one.
fn redacted(error: &str) -> String {
    const BEFORE: &str = "Input string ";
    const AFTER: &str = " does not match sops' data format";
    match (error.find(BEFORE), error.find(AFTER)) {
        (Some(begin), Some(_)) => {
            format!("{}{BEFORE}<redacted>{AFTER}", error.get(..begin).unwrap_or_default())
        }
        _ => error.to_owned(),
    }
}

/// Why the walk through a directory ended early.
enum Ended {
    /// There is none, so it is a file or an address.
    NoDirectory,
    Failed(String),
}

impl From<String> for Ended {
    fn from(error: String) -> Self {
        Self::Failed(error)
    }
}

/// The walk through the kustomization files that a build reads.
struct Walk<'a> {
    sops: &'a Sops<'a>,
    tree: &'a dyn Tree,
    directories: BTreeSet<String>,
    decrypted: Vec<(String, Vec<u8>)>,
}

impl Walk<'_> {
    fn directory(&mut self, wanted: &str) -> Result<(), Ended> {
        let confined = path::join_confined("", wanted);
        let directory = self.tree.resolve(&confined).map_err(|_| Ended::NoDirectory)?;
        if !self.tree.is_directory(&directory) {
            return Err(Ended::NoDirectory);
        }
        if !self.directories.insert(directory.clone()) {
            return Ok(());
        }
        let file = self.kustomization(&directory)?;
        for source in file.secret_generator.iter() {
            for file in &source.files {
                let (key, file) = file.split_once('=').unwrap_or((file, file));
                self.file(&directory, file, format_of_name(key))?;
            }
            for file in &source.envs {
                let format = match format_of_name(file) {
                    Format::Binary => Format::Dotenv,
                    format => format,
                };
                self.file(&directory, file, format)?;
            }
        }
        for patch in &file.patches {
            if !patch.path.is_empty() && !is_url(&patch.path) {
                self.file(&directory, &patch.path, format_of_name(&patch.path))?;
            }
        }
        for resource in file.resources.iter().chain(&file.components) {
            match self.directory(&below(&directory, resource)) {
                Ok(()) | Err(Ended::NoDirectory) => {}
                Err(failed) => return Err(failed),
            }
        }
        Ok(())
    }

    /// Reads the one kustomization file of a directory.
    fn kustomization(&self, directory: &str) -> Result<Kustomization, String> {
        let mut found = None;
        for name in FILE_NAMES {
            let file = below(directory, name);
            match self.tree.stat(&file) {
                Err(_) => continue,
                Ok(Kind::File { .. }) => {}
                Ok(_) => return Err(format!("expected {name} to be a regular file")),
            }
            if found.replace(file).is_some() {
                return Err("found multiple kustomization files".to_owned());
            }
        }
        let file = found.ok_or("no kustomization file found")?;
        let text = self.tree.read(&file);
        let text = text.map_err(|error| format!("failed to read kustomization file: {error}"))?;
        Kustomization::parse_lenient(&text).map_err(|error| {
            let root = self.sops.root.trim_end_matches('/');
            format!("failed to unmarshal kustomization file from '{root}/{file}': {error}")
        })
    }

    /// Decrypts a file if it is encrypted.
    fn file(&mut self, directory: &str, name: &str, format: Format) -> Result<(), String> {
        let confined = path::join_confined("", &below(directory, name));
        let file = match self.tree.resolve(&confined) {
            Ok(file) => file,
            Err(TreeError::NotFound { .. }) => {
                return Err(format!("lstat {confined}: no such file or directory"));
            }
            Err(error) => return Err(format!("lstat {confined}: {error}")),
        };
        if self.decrypted.iter().any(|(done, _)| *done == file) {
            return Ok(());
        }
        if !self.tree.is_file(&file) {
            return Err(
                "cannot decrypt irregular file as it has file mode type bits set".to_owned()
            );
        }
        let text = self.tree.read(&file).map_err(|error| error.to_string())?;
        if text.len() > MOST {
            let size = text.len();
            return Err(format!(
                "cannot decrypt file with size ({size} bytes) exceeding limit ({MOST})"
            ));
        }
        if holds(&text, format) {
            let plain = self.sops.decrypt(&text, format, format)?;
            self.decrypted.push((file, plain));
        }
        Ok(())
    }
}

fn below(directory: &str, name: &str) -> String {
    match (directory.is_empty(), name.starts_with('/')) {
        (true, _) | (_, true) => name.to_owned(),
        _ => format!("{directory}/{name}"),
    }
}

/// Tells whether a path is an address with a scheme and a host.
fn is_url(path: &str) -> bool {
    let Some((scheme, rest)) = path.split_once("://") else { return false };
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    is_scheme(scheme) && !rest.split(['/', '?', '#']).next().unwrap_or_default().is_empty()
}
