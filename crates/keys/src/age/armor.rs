//! Files as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
/// Characters of a full line.
const LINE: usize = 64;

/// Reads a file from its text.
///
/// # Errors
/// The text is not in the strict form that age writes.
pub(super) fn read(text: &str) -> Result<Vec<u8>, String> {
    let quote = flux_gostd::quote::quote;
    let fault = |what: String| format!("invalid armor: {what}");
    let mut lines = text.trim().lines();
    match lines.next() {
        Some(BEGIN) => {}
        other => {
            let shown = quote(other.unwrap_or_default());
            return Err(fault(format!("invalid first line: {shown}")));
        }
    }
    let mut file = Vec::new();
    let mut is_last = false;
    loop {
        let line = lines.next().ok_or_else(|| fault("unexpected EOF".to_owned()))?;
        if line == END {
            break;
        }
        if is_last {
            return Err(fault(format!("invalid closing line: {}", quote(line))));
        }
        if line.is_empty() {
            return Err(fault("empty line in armored data".to_owned()));
        }
        if line.len() > LINE {
            return Err(fault("column limit exceeded".to_owned()));
        }
        let bytes = STANDARD.decode(line).map_err(|error| fault(error.to_string()))?;
        is_last = line.len() < LINE || line.ends_with('=');
        file.extend(bytes);
    }
    if lines.next().is_some() {
        return Err(fault("trailing data after armored file".to_owned()));
    }
    Ok(file)
}

/// Prints a file as text.
pub(super) fn write(file: &[u8]) -> String {
    let mut text = format!("{BEGIN}\n");
    for line in file.chunks(LINE / 4 * 3) {
        text.push_str(&STANDARD.encode(line));
        text.push('\n');
    }
    text + END + "\n"
}
