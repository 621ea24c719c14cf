//! YAML with its order and comments kept; indented by four spaces.

mod read;
mod write;

use flux_yaml::{Documents, Format, Library, Resolver, Sequences};

use crate::{Branch, Error};

/// Reads a text, one branch for each document.
pub(super) fn read(text: &[u8]) -> Result<Vec<Branch>, Error> {
    let mut branches = Vec::new();
    for (index, document) in Documents::new(text).enumerate() {
        let document = document.map_err(|error| match index {
            0 => Error::Load(error.to_string()),
            _ => unmarshal(&error.to_string()),
        })?;
        if index == 0 {
            check(&document)?;
        }
        branches.push(read::document(&document).map_err(|error| unmarshal(&error))?);
    }
    if branches.is_empty() && !text.is_empty() {
        return Err(Error::Load("EOF".to_owned()));
    }
    Ok(branches)
}

fn unmarshal(problem: &str) -> Error {
    Error::Load(format!("Error unmarshaling input YAML: {problem}"))
}

/// Checks the first document as a map, which finds duplicate keys.
fn check(document: &flux_yaml::Node) -> Result<(), Error> {
    let shown = match document.kind {
        flux_yaml::Kind::Sequence => Some("!!seq".to_owned()),
        flux_yaml::Kind::Scalar if !document.is_null() => {
            let text = match document.value.get(..7) {
                Some(begin) if document.value.len() > 10 => format!("{begin}..."),
                _ => document.value.clone(),
            };
            Some(format!("{} `{text}`", document.short_tag()))
        }
        _ => None,
    };
    if let Some(shown) = shown {
        let line = document.line;
        return Err(Error::Load(format!(
            "yaml: unmarshal errors:\n  line {line}: cannot unmarshal {shown} into map[string]interface {{}}"
        )));
    }
    match document.to_value(Resolver::Core) {
        Err(error @ (flux_yaml::Error::Values(_) | flux_yaml::Error::Yaml { .. })) => {
            Err(Error::Load(error.to_string()))
        }
        _ => Ok(()),
    }
}

/// Prints a text.
pub(super) fn write(branches: &[Branch]) -> Result<Vec<u8>, Error> {
    let format =
        Format { library: Library::V3, indent: 4, sequences: Sequences::Indented, width: None };
    let texts =
        branches.iter().map(|branch| flux_yaml::emit_with(&write::document(branch), &format));
    Ok(texts.collect::<Vec<_>>().join("---\n").into_bytes())
}
