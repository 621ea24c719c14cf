//! Standard base64 as Go reads it: line breaks do not count, padding has to be there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reads base64.
///
/// # Errors
/// In Go's words, which name the byte.
pub(crate) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    STANDARD.decode(&text).map_err(|error| {
        let at = match error {
            base64::DecodeError::InvalidByte(at, _) => at,
            base64::DecodeError::InvalidLastSymbol(at, _) => at,
            base64::DecodeError::InvalidLength(_) | base64::DecodeError::InvalidPadding => {
                text.len() - text.len() % 4
            }
        };
        format!("illegal base64 data at input byte {at}")
    })
}

/// Prints base64.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}
