//! From events to rows: a pure function of the event and the time.

use flux_manifest::Object;
use jiff::Timestamp;
use serde_json::Value;

use crate::kind::KINDS;

/// Returns the titles of the columns.
pub(super) fn header(namespace: bool) -> &'static [&'static str] {
    let all = &["NAMESPACE", "LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"];
    if namespace { all } else { &all[1..] }
}

/// Tells whether an event is about a Flux object, of a kind and name if they are given.
pub(super) fn concerns(event: &Object, kind: Option<&str>, name: Option<&str>) -> bool {
    let field = |key: &str| text(event, &format!("/involvedObject/{key}"));
    let of_flux = KINDS
        .iter()
        .any(|it| it.kind == field("kind") && field("apiVersion").starts_with(it.group));
    of_flux
        && kind.is_none_or(|kind| kind == field("kind"))
        && name.is_none_or(|name| name == field("name"))
}

/// Returns when an event was seen last.
pub(super) fn last_seen(event: &Object) -> Option<Timestamp> {
    let pointers =
        ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    pointers.iter().find_map(|pointer| text(event, pointer).parse().ok())
}

/// One event.
pub(super) struct Row<'a> {
    event: &'a Object,
}

impl<'a> Row<'a> {
    /// Shows an event.
    pub(super) fn of(event: &'a Object) -> Self {
        Self { event }
    }

    /// Returns the cells, times relative to `now`.
    pub(super) fn cells(&self, now: Timestamp, namespace: bool) -> Vec<String> {
        let event = self.event;
        let field = |pointer: &str| text(event, pointer).to_owned();
        let object = format!(
            "{}/{}",
            text(event, "/involvedObject/kind"),
            text(event, "/involvedObject/name")
        );
        let mut cells = Vec::new();
        if namespace {
            cells.push(event.namespace().to_owned());
        }
        cells.extend([self.seen(now), field("/type"), field("/reason"), object]);
        cells.push(field("/message").trim_end().to_owned());
        cells
    }

    /// `5m12s`, or `5m12s (x3 over 20m)` for an event that was seen several times.
    fn seen(&self, now: Timestamp) -> String {
        let age = |time: Option<Timestamp>| {
            time.map_or_else(|| "<unknown>".to_owned(), |it| human(now, it))
        };
        let last = age(last_seen(self.event));
        let count = self.event.pointer("/count").and_then(Value::as_i64).unwrap_or(1);
        let count = self.event.pointer("/series/count").and_then(Value::as_i64).unwrap_or(count);
        if count < 2 {
            return last;
        }
        let first = text(self.event, "/firstTimestamp").parse().ok();
        format!("{last} (x{count} over {})", age(first))
    }
}

fn text<'a>(event: &'a Object, pointer: &str) -> &'a str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Prints an age as kubectl does: the two largest units while the age is small.
fn human(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second());
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        i64::MIN..=-2 => "<invalid>".to_owned(),
        -1..=0 => "0s".to_owned(),
        1..=119 => format!("{seconds}s"),
        120..=599 => two(minutes, "m", seconds % 60, "s"),
        600..=10_799 => format!("{minutes}m"),
        10_800..=28_799 => two(hours, "h", minutes % 60, "m"),
        28_800..=172_799 => format!("{hours}h"),
        172_800..=691_199 => two(days, "d", hours % 24, "h"),
        691_200..=63_071_999 => format!("{days}d"),
        63_072_000..=252_287_999 => two(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

fn two(large: i64, unit: &str, small: i64, small_unit: &str) -> String {
    if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{small_unit}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(kind: &str, api_version: &str) -> Object {
        json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "apps"},
            "involvedObject": {"apiVersion": api_version, "kind": kind, "name": "podinfo"},
            "type": "Normal", "reason": "NewArtifact", "message": "stored\n", "count": 3,
            "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:14:48Z",
        })
        .try_into()
        .unwrap()
    }

    #[test]
    fn a_repeated_event_tells_how_often_and_since_when() {
        let now = "2026-01-01T00:20:00Z".parse().unwrap();
        let event = event("GitRepository", "source.toolkit.fluxcd.io/v1");
        let cells = Row::of(&event).cells(now, false);
        assert_eq!(
            cells,
            ["5m12s (x3 over 20m)", "Normal", "NewArtifact", "GitRepository/podinfo", "stored"]
        );
    }

    #[test]
    fn events_of_other_kinds_are_left_out() {
        assert!(concerns(
            &event("GitRepository", "source.toolkit.fluxcd.io/v1"),
            None,
            Some("podinfo")
        ));
        assert!(!concerns(&event("Deployment", "apps/v1"), None, None));
        assert!(!concerns(&event("Kustomization", "kustomize.config.k8s.io/v1beta1"), None, None));
    }
}
