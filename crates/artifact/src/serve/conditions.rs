//! Conditional and partial requests, RFC 9110.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{
    self, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
};

/// How a request for a file is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Whole,
    Part { start: u64, length: u64 },
    NotModified,
    Failed,
    NotSatisfiable,
}

/// Returns a text that changes when the file does.
pub(super) fn entity_tag(size: u64, modified: SystemTime) -> String {
    let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("\"{:x}-{:x}\"", age.as_nanos(), size)
}

/// Formats a time as HTTP does: `Thu, 01 Jan 2026 00:00:00 GMT`.
pub(super) fn http_date(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn parse_date(text: &str) -> Option<SystemTime> {
    let zoned = text.strip_suffix(" GMT").map(|rest| format!("{rest} +0000"))?;
    let parsed = jiff::fmt::strtime::parse("%a, %d %b %Y %H:%M:%S %z", zoned).ok()?;
    parsed.to_timestamp().ok().map(SystemTime::from)
}

/// Applies the conditions of a request, and its range if they hold.
pub(super) fn judge(headers: &HeaderMap, tag: &str, modified: SystemTime, size: u64) -> Verdict {
    let get = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_newer_than = |text: &str| parse_date(text).map(|date| seconds(modified) > seconds(date));
    let fails = match (get(&IF_MATCH), get(&IF_UNMODIFIED_SINCE)) {
        (Some(tags), _) => !matches_any(tags, tag),
        (None, Some(date)) => is_newer_than(date) == Some(true),
        (None, None) => false,
    };
    if fails {
        return Verdict::Failed;
    }
    let is_known = match (get(&IF_NONE_MATCH), get(&IF_MODIFIED_SINCE)) {
        (Some(tags), _) => matches_any(tags, tag),
        (None, Some(date)) => is_newer_than(date) == Some(false),
        (None, None) => false,
    };
    if is_known {
        return Verdict::NotModified;
    }
    let counts = match get(&IF_RANGE) {
        None => true,
        Some(wanted) if wanted.starts_with('"') => wanted == tag,
        Some(date) => parse_date(date).is_some_and(|date| seconds(date) == seconds(modified)),
    };
    match get(&header::RANGE) {
        Some(range) if counts => part(range, size),
        _ => Verdict::Whole,
    }
}

/// HTTP knows whole seconds only.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).as_ref().map(Duration::as_secs).unwrap_or_default()
}

fn matches_any(tags: &str, tag: &str) -> bool {
    let weak = |text: &str| text.trim().trim_start_matches("W/").to_owned();
    tags.split(',').any(|wanted| wanted.trim() == "*" || weak(wanted) == tag)
}

/// Reads a range; several ranges, and what is none, mean the whole file.
fn part(range: &str, size: u64) -> Verdict {
    let Some(spec) = range.strip_prefix("bytes=").filter(|spec| !spec.contains(',')) else {
        return Verdict::Whole;
    };
    let Some((start, end)) = spec.trim().split_once('-') else { return Verdict::NotSatisfiable };
    let (start, end) = match (start.parse::<u64>(), end) {
        (Ok(start), "") => (start, size),
        (Ok(start), end) => match end.parse::<u64>() {
            Ok(end) if end >= start => (start, end.saturating_add(1).min(size)),
            _ => return Verdict::NotSatisfiable,
        },
        (Err(_), end) if start.is_empty() => match end.parse::<u64>() {
            Ok(length) if length > 0 => (size.saturating_sub(length), size),
            _ => return Verdict::NotSatisfiable,
        },
        (Err(_), _) => return Verdict::NotSatisfiable,
    };
    if start >= size || end <= start {
        return Verdict::NotSatisfiable;
    }
    Verdict::Part { start, length: end - start }
}
