//! Base64.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::{Function, function, no_overload};
use crate::error::EvalError;
use crate::value::{Outcome, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "base64.decode",
        &[("base64_decode_string", "(string) -> bytes")],
        |args| match args {
            [Value::String(text)] => decode(text),
            _ => no_overload(),
        },
    ),
    function("base64.encode", &[("base64_encode_bytes", "(bytes) -> string")], |args| match args {
        [Value::Bytes(bytes)] => Ok(Value::string(STANDARD.encode(bytes))),
        _ => no_overload(),
    }),
];

/// Decodes with or without padding; line breaks are skipped, as Go does.
fn decode<'v>(text: &str) -> Outcome<'v> {
    let joined: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    let decoded = STANDARD.decode(&joined).or_else(|_| STANDARD_NO_PAD.decode(&joined));
    match decoded {
        Ok(bytes) => Ok(Value::Bytes(Arc::from(bytes))),
        Err(_) => {
            let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
            let whole = joined.len() / 4 * 4;
            let at = text.find(|c| !is_digit(c)).unwrap_or(whole);
            Err(EvalError::new(format!("illegal base64 data at input byte {at}")))
        }
    }
}
