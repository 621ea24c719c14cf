//! Where the entries of a generated object come from.

use std::collections::BTreeMap;

use crate::error::{BuildError, Result, fail};
use crate::gotext;
use crate::kustomization::ConfigMapArgs;
use crate::load::Loader;

/// The longest line of an env file that is read.
const MAX_LINE: usize = 64 * 1024;

type Pairs = Vec<(String, Vec<u8>)>;

/// Reads env files, literals and files, in that order, into entries sorted by key.
pub(crate) fn read(loader: &Loader<'_>, args: &ConfigMapArgs) -> Result<BTreeMap<String, Vec<u8>>> {
    let at = |what: &str, list: &[String]| {
        let context = format!("loading KV pairs: {what} {}", gotext::list(list));
        move |error: BuildError| error.context(context)
    };
    let mut pairs = env_files(loader, &args.envs).map_err(at("env source files:", &args.envs))?;
    pairs.extend(literals(&args.literals).map_err(at("literal sources", &args.literals))?);
    pairs.extend(files(loader, &args.files).map_err(at("file sources:", &args.files))?);
    let mut entries = BTreeMap::new();
    for (key, value) in pairs {
        if entries.contains_key(&key) {
            return fail!("configmap {} illegally repeats the key `{key}`", args.name);
        }
        entries.insert(key, value);
    }
    Ok(entries)
}

fn env_files(loader: &Loader<'_>, paths: &[String]) -> Result<Pairs> {
    let mut pairs = Vec::new();
    for path in paths {
        let content = loader.load(path)?;
        for (number, line) in content.split(|byte| *byte == b'\n').enumerate() {
            if line.len() >= MAX_LINE {
                // The original stops reading here without a word.
                break;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Ok(line) = std::str::from_utf8(line) else {
                let text = String::from_utf8_lossy(line);
                let bytes: Vec<String> = line.iter().map(u8::to_string).collect();
                return fail!("line {} has invalid utf8 bytes : {text}", gotext::list(&bytes));
            };
            let line = if number == 0 { line.trim_start_matches('\u{feff}') } else { line };
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if !key.is_empty() {
                pairs.push((key.to_owned(), value.as_bytes().to_vec()));
            }
        }
    }
    Ok(pairs)
}

fn literals(sources: &[String]) -> Result<Pairs> {
    let pairs = sources.iter().map(|source| match source.split_once('=') {
        Some((key, value)) if !key.is_empty() => {
            Ok((key.to_owned(), unquoted(value).as_bytes().to_vec()))
        }
        _ => fail!("invalid literal source {source}, expected key=value"),
    });
    pairs.collect()
}

/// Removes one pair of quotes around a text.
fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

fn files(loader: &Loader<'_>, sources: &[String]) -> Result<Pairs> {
    let pairs = sources.iter().map(|source| {
        let (key, path) = file_source(source)?;
        Ok((key.to_owned(), loader.load(path)?.into_owned()))
    });
    pairs.collect()
}

fn file_source(source: &str) -> Result<(&str, &str)> {
    let quoted = gotext::quoted;
    match source.split_once('=') {
        None => {
            let trimmed = source.trim_end_matches('/');
            let name = match trimmed.rsplit('/').next() {
                Some(name) if !name.is_empty() => name,
                _ if source.is_empty() => ".",
                _ => "/",
            };
            Ok((name, source))
        }
        Some((_, path)) if path.contains('=') => {
            fail!("source {} key name or file path contains '='", quoted(source))
        }
        Some(("", path)) => {
            fail!("missing key name for file path {} in source {}", quoted(path), quoted(source))
        }
        Some((key, "")) => {
            fail!("missing file path for key name {} in source {}", quoted(key), quoted(source))
        }
        Some(pair) => Ok(pair),
    }
}
