//! The libraries of the Kubernetes API server.

use std::sync::Arc;

use flux_gostd::Regexp;

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::opaque::Opaque;
use crate::value::Value;

pub(super) mod formats;
pub(super) mod lists;
pub(super) mod net;
pub(super) mod quantities;
pub(super) mod semvers;
pub(super) mod urls;

/// Matches of regular expressions in texts.
pub(super) const REGEX: &[Function] = &[
    function("find", &[("string_find_string", "string.(string) -> string")], |args| match args {
        [Value::String(text), Value::String(pattern)] => {
            let found = compile(pattern)?.find_str(text).unwrap_or_default().to_owned();
            Ok(Value::string(found))
        }
        _ => no_overload(),
    }),
    function(
        "findAll",
        &[
            ("string_find_all_string", "string.(string) -> list(string)"),
            ("string_find_all_string_int", "string.(string, int) -> list(string)"),
        ],
        |args| match args {
            [Value::String(text), Value::String(pattern)] => {
                Ok(find_all(&compile(pattern)?, text, -1))
            }
            [Value::String(text), Value::String(pattern), Value::Int(limit)] => {
                Ok(find_all(&compile(pattern)?, text, *limit))
            }
            _ => no_overload(),
        },
    ),
];

fn compile(pattern: &str) -> Result<Regexp, EvalError> {
    Regexp::new(pattern).map_err(|error| EvalError::new(format!("Illegal regex: {error}")))
}

/// Returns the texts of all matches, at most `limit` unless that is negative.
pub(crate) fn find_all<'v>(pattern: &Regexp, text: &str, limit: i64) -> Value<'v> {
    let found = pattern.find_all(text, usize::try_from(limit).ok());
    let parts = found.into_iter().map(|range| Value::string(text.get(range).unwrap_or_default()));
    Value::list(parts.collect())
}

fn opaque<'v>(opaque: Opaque) -> Value<'v> {
    Value::Opaque(Arc::new(opaque))
}

#[cfg(test)]
mod tests;
