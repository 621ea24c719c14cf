//! Streams of documents into objects and back.

#[cfg(test)]
mod tests;

use flux_yaml::to_json;
use serde_json::{Number, Value};

use crate::Object;

/// Why a stream could not be read.
///
/// The texts are those of the original, which passes every document through JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// A document is no YAML; lines count from the beginning of the document.
    #[error(transparent)]
    Yaml(#[from] flux_yaml::Error),
    /// Something else than a comment stands behind the dashes between documents.
    #[error("invalid Yaml document separator: {behind}")]
    Separator {
        /// What stands there.
        behind: String,
    },
    /// A stream that begins like JSON is neither JSON nor YAML.
    #[error("json: offset {offset}: {problem}")]
    Json {
        /// Where reading ended, in bytes.
        offset: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A document is no map.
    #[error(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
    )]
    NotAMap {
        /// What Go calls the type that was found.
        found: &'static str,
    },
    /// A document has no kind.
    #[error("error unmarshaling JSON: while decoding JSON: Object 'Kind' is missing in '{text}'")]
    NoKind {
        /// The document as JSON.
        text: String,
    },
    /// A list holds something that is no map.
    #[error("items member is not an object: map[string]interface {{}}")]
    NotAnItem,
    /// A list holds a map without kind or version.
    #[error(transparent)]
    Item(#[from] crate::InvalidObject),
}

/// Reads the objects of a stream of YAML documents or of JSON objects.
///
/// Lists are replaced by their items. Documents without a name or a version and kustomization
/// files are left out, as is a document that holds comments only.
///
/// # Errors
/// A document that cannot be read, that is no map or has no kind.
///
/// # Upstream
/// `ReadObjects` of fluxcd/pkg/ssa; there, items without a kind pass and fail when applied.
pub fn read_objects(text: &str) -> Result<Vec<Object>, ReadError> {
    let mut objects = Vec::new();
    let rest = match text.trim_start().starts_with('{') {
        true => read_json(text, &mut objects)?,
        false => Some((text, None)),
    };
    let Some((rest, first_error)) = rest else { return Ok(objects) };
    match read_yaml(rest, &mut objects) {
        Ok(()) => Ok(objects),
        Err(error) => Err(first_error.unwrap_or(error)),
    }
}

/// What is left when a stream turns out not to be JSON, and why it is not.
type Rest<'a> = Option<(&'a str, Option<ReadError>)>;

/// Reads JSON objects; after at most one of them, what follows may be YAML nevertheless.
fn read_json<'a>(text: &'a str, objects: &mut Vec<Object>) -> Result<Rest<'a>, ReadError> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let mut count = 0;
    let mut end = 0;
    while let Some(next) = stream.next() {
        match next {
            Ok(value) => {
                count += 1;
                end = stream.byte_offset();
                add(integral(value), objects)?;
            }
            Err(error) => {
                let rest = text.get(end..).unwrap_or_default();
                let problem = error.to_string();
                let offset = stream.byte_offset();
                let error = ReadError::Json { offset, problem };
                return if count > 1 {
                    Err(error)
                } else {
                    Ok(Some((skip_gap(rest), Some(error))))
                };
            }
        }
    }
    Ok(None)
}

/// Skips blanks up to the end of the line.
fn skip_gap(text: &str) -> &str {
    let gap = text.len() - text.trim_start().len();
    let line = text.find('\n').map_or(gap, |index| (index + 1).min(gap));
    text.get(line..).unwrap_or_default()
}

/// Turns floats without a fraction into integers, which they are once printed by Go.
fn integral(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let text = number.as_f64().and_then(flux_gostd::number::json_f64).unwrap_or_default();
            let int = text.parse::<i64>().map(Number::from);
            Value::Number(int.or_else(|_| text.parse::<u64>().map(Number::from)).unwrap_or(number))
        }
        Value::Array(items) => items.into_iter().map(integral).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, integral(value))).collect(),
        value => value,
    }
}

fn read_yaml(text: &str, objects: &mut Vec<Object>) -> Result<(), ReadError> {
    for document in split(text) {
        add(flux_yaml::from_str(&document?)?, objects)?;
    }
    Ok(())
}

/// Cuts a stream at the lines that begin with three dashes, without looking at what is between.
///
/// A separator at the beginning of the stream, or behind another one, belongs to the document
/// that follows, so that it counts in line numbers.
///
/// # Errors
/// A separator with something else than a comment behind it; the stream ends there.
pub fn split(text: &str) -> impl Iterator<Item = Result<std::borrow::Cow<'_, str>, ReadError>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        match cut(text) {
            Ok((document, behind)) => {
                rest = behind;
                (!document.is_empty()).then(|| Ok(without_carriage_returns(document)))
            }
            Err(error) => {
                rest = None;
                Some(Err(error))
            }
        }
    })
}

/// Returns the first document and what is behind its separator.
fn cut(text: &str) -> Result<(&str, Option<&str>), ReadError> {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if let Some(behind) = line.strip_prefix("---") {
            let behind = behind.trim();
            if !behind.is_empty() && !behind.starts_with('#') {
                return Err(ReadError::Separator { behind: behind.to_owned() });
            }
            if end > 0 {
                let document = text.get(..end).unwrap_or_default();
                return Ok((document, text.get(end + line.len()..)));
            }
        }
        end += line.len();
    }
    Ok((text, None))
}

fn without_carriage_returns(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }
}

fn add(value: Value, objects: &mut Vec<Object>) -> Result<(), ReadError> {
    let mut map = match value {
        Value::Object(map) => map,
        Value::Null => return Ok(()),
        Value::Bool(_) => return Err(ReadError::NotAMap { found: "bool" }),
        Value::Number(_) => return Err(ReadError::NotAMap { found: "number" }),
        Value::String(_) => return Err(ReadError::NotAMap { found: "string" }),
        Value::Array(_) => return Err(ReadError::NotAMap { found: "array" }),
    };
    if map.get("kind").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ReadError::NoKind { text: to_json(&Value::Object(map)) });
    }
    if let Some(Value::Array(items)) = map.get_mut("items") {
        for item in std::mem::take(items) {
            if !item.is_object() {
                return Err(ReadError::NotAnItem);
            }
            objects.push(Object::try_from(item)?);
        }
        return Ok(());
    }
    objects.extend(Object::try_from(Value::Object(map)).ok().filter(is_applicable));
    Ok(())
}

fn is_applicable(object: &Object) -> bool {
    let is_kustomization = object.kind().eq_ignore_ascii_case("kustomization")
        && object.api_version().starts_with("kustomize.config.k8s.io/");
    !object.name().is_empty() && !is_kustomization
}

/// Prints objects as YAML documents with a `---` line between them, keys sorted.
pub fn write_documents<'a>(objects: impl IntoIterator<Item = &'a Object>) -> String {
    let documents = objects.into_iter().map(|object| flux_yaml::to_string(object.as_value()));
    documents.collect::<Vec<_>>().join("---\n")
}
