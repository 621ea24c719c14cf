//! Times as tables print them: how long ago.

use crate::clock::Timestamp;

/// Returns how long ago a time was, `<unknown>` for none.
pub(super) fn since(text: &str, now: Timestamp) -> String {
    if text.is_empty() {
        return "<unknown>".to_owned();
    }
    match text.parse::<Timestamp>() {
        Ok(time) => human_duration(now.as_second().saturating_sub(time.as_second())),
        Err(_) => "<invalid>".to_owned(),
    }
}

/// Returns the time between two times, if both are there.
pub(super) fn between(from: &str, to: &str) -> Option<String> {
    let (from, to): (Timestamp, Timestamp) = (from.parse().ok()?, to.parse().ok()?);
    Some(human_duration(to.as_second().saturating_sub(from.as_second())))
}

/// Prints seconds in the largest two units that matter.
pub(super) fn human_duration(seconds: i64) -> String {
    const DAY: i64 = 24;
    const YEAR: i64 = 365 * DAY;
    let pair = |large: i64, unit: char, small: i64, small_unit: char| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{small_unit}"),
    };
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match seconds {
        i64::MIN..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 8 * DAY => pair(hours / DAY, 'd', hours % DAY, 'h'),
        _ if hours < 2 * YEAR => format!("{}d", hours / DAY),
        _ if hours < 8 * YEAR => pair(hours / YEAR, 'y', hours / DAY % 365, 'd'),
        _ => format!("{}y", hours / YEAR),
    }
}
