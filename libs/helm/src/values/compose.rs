//! Values out of ConfigMaps, Secrets and a HelmRelease itself, as helm-controller puts them
//! together.

use serde_json::Value;

use super::{Values, merge, set, with_floats};
use crate::typed;

/// The text of one of `spec.valuesFrom`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValuesSource {
    /// A YAML map that is merged over what came before.
    Merged(String),
    /// A value that is set at a path as `--set` does.
    At {
        /// The path.
        path: String,
        /// The value.
        value: String,
        /// Whether the value is text as it is.
        is_literal: bool,
    },
}

/// Why values cannot be put together; the texts are those of the original.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ComposeError {
    /// Which source is at fault, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// Puts sources together in their order, and `own`, the values of the HelmRelease, over them.
///
/// # Upstream
/// A path that leads into a map of `own` which no earlier source has is set in `own` itself, and so
/// goes before it; any other path does not.
///
/// # Errors
/// A source is no YAML map, or its path does not fit what is there.
pub fn compose(sources: &[ValuesSource], own: &Values) -> Result<Values, ComposeError> {
    let mut own = own.clone();
    let mut values = Values::new();
    for (index, source) in sources.iter().enumerate() {
        let fault = |problem: String| ComposeError { index, problem };
        match source {
            ValuesSource::Merged(text) => merge(&mut values, read(text).map_err(fault)?),
            ValuesSource::At { path, value, is_literal } => {
                let before = values.clone();
                merge(&mut values, own.clone());
                set_at(&mut values, (path, value), *is_literal).map_err(fault)?;
                take_over(&mut own, &values, Some(&before));
            }
        }
    }
    merge(&mut values, own);
    Ok(values)
}

fn read(text: &str) -> Result<Values, String> {
    match with_floats(typed::yaml(text)?) {
        Value::Null => Ok(Values::new()),
        Value::Object(values) => Ok(values),
        other => Err(typed::decoding(format!(
            "json: cannot unmarshal {} into Go value of type common.Values",
            typed::kind(&other)
        ))),
    }
}

fn set_at(
    values: &mut Values,
    (path, value): (&str, &str),
    is_literal: bool,
) -> Result<(), String> {
    let quoted = |quote: char| value.starts_with(quote) && value.ends_with(quote);
    let result = if is_literal {
        let mut escaped = String::with_capacity(value.len());
        for c in value.chars() {
            if matches!(c, '\\' | ',' | '{' | '}' | '[' | ']' | '=' | '.') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        set::set_string(&format!("{path}={escaped}"), values)
    } else if quoted('\'') || quoted('"') {
        let inner = value.trim_matches(['\'', '"']);
        set::set_string(&format!("{path}={inner}"), values)
    } else {
        set::set(&format!("{path}={value}"), values)
    };
    result.map_err(|error| error.to_string())
}

/// Takes what was set in maps that the original shares with `own`: those that were not there
/// `before`.
fn take_over(own: &mut Values, values: &Values, before: Option<&Values>) {
    for (key, value) in own.iter_mut() {
        let (Value::Object(inner), Some(Value::Object(now))) = (&mut *value, values.get(key))
        else {
            continue;
        };
        match before.and_then(|before| before.get(key)) {
            Some(Value::Object(before)) => take_over(inner, now, Some(before)),
            _ => now.clone_into(inner),
        }
    }
}
