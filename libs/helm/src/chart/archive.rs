//! The files of a packaged chart.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use flux_gostd::Time;
use flux_gostd::quote::quote;

use super::load::{MAX_FILE, without_mark};
use super::{ChartError, File};

/// The most that all files of a chart may hold.
const MAX_CHART: u64 = 100 << 20;
/// The most files of a chart.
const MAX_FILES: usize = 100_000;

fn refuse(text: impl Into<String>) -> ChartError {
    ChartError::Archive(text.into())
}

fn too_large() -> ChartError {
    refuse(format!("decompressed chart is larger than the maximum size {MAX_CHART}"))
}

/// Reads the files, their names without the first folder.
pub(super) fn files(bytes: &[u8]) -> Result<Vec<File>, ChartError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(refuse(if bytes.is_empty() { "EOF" } else { "gzip: invalid header" }));
    }
    // What tar itself needs comes on top of what the files hold.
    let limited = MultiGzDecoder::new(bytes).take(2 * MAX_CHART + (1 << 20));
    let mut archive = tar::Archive::new(limited);
    let mut files = Vec::new();
    let mut remaining = MAX_CHART;
    let entries = archive.entries().map_err(|error| refuse(error.to_string()))?;
    for entry in entries {
        let mut entry = entry.map_err(|error| refuse(read_error(&error)))?;
        let kind = entry.header().entry_type();
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if kind.is_dir() || path.ends_with('/') || kind.is_pax_global_extensions() {
            continue;
        }
        let name = checked_name(&path)?;
        let size = entry.size();
        if size > remaining {
            return Err(too_large());
        }
        if size > MAX_FILE {
            return Err(refuse(format!(
                "decompressed chart file {} is larger than the maximum file size {MAX_FILE}",
                quote(&path)
            )));
        }
        let mut data = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        let mut content = (&mut entry).take(remaining);
        content.read_to_end(&mut data).map_err(|error| refuse(read_error(&error)))?;
        remaining -= data.len() as u64;
        if remaining == 0 || (data.len() as u64) < size {
            return Err(too_large());
        }
        if files.len() >= MAX_FILES {
            return Err(refuse(format!("chart holds more than {MAX_FILES} files")));
        }
        let modified = entry.header().mtime().ok().and_then(|time| i64::try_from(time).ok());
        files.push(File {
            name,
            data: without_mark(&data).into(),
            modified: modified.map(|seconds| Time::from_unix(seconds, 0)),
        });
    }
    if files.is_empty() {
        return Err(refuse("no files in chart archive"));
    }
    Ok(files)
}

fn read_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "unexpected EOF".to_owned(),
        _ => error.to_string(),
    }
}

/// The path below the first folder, if it stays there.
fn checked_name(path: &str) -> Result<String, ChartError> {
    let delimiter = if path.contains('\\') { '\\' } else { '/' };
    let (first, rest) = path.split_once(delimiter).unwrap_or((path, ""));
    let rest = rest.replace(delimiter, "/");
    if rest.starts_with('/') {
        return Err(refuse("chart illegally contains absolute paths"));
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let name = parts.join("/");
    if name.is_empty() {
        return Err(refuse(format!(
            "chart illegally contains content outside the base directory: {}",
            quote(path)
        )));
    }
    if name.starts_with("..") {
        return Err(refuse("chart illegally references parent directory"));
    }
    let bytes = name.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && name.get(1..3) == Some(":/") {
        return Err(refuse("chart contains illegally named files"));
    }
    if first == "Chart.yaml" {
        return Err(refuse("chart yaml not in base directory"));
    }
    Ok(name)
}
