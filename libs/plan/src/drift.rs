//! Whether a live object differs from what it should be.

use flux_manifest::Object;
use serde_json::{Map, Value};

use crate::IgnoreRules;
use crate::ignore::remove;

/// Tells whether applying would change an object: labels, annotations and everything at the top
/// level but metadata and status count, ignored fields do not.
///
/// `dry_run` is what the server says the object would become.
pub fn has_drifted(live: Option<&Object>, dry_run: &Object, rules: &IgnoreRules) -> bool {
    let Some(live) = live.filter(|_| !dry_run.resource_version().is_empty()) else { return true };
    if rules.is_empty() {
        return ["labels", "annotations"].iter().any(|key| metadata_differs(live, dry_run, key))
            || body_differs(live.as_value(), dry_run.as_value());
    }
    let paths = rules.paths(dry_run);
    let [live, dry_run] = [live, dry_run].map(|object| {
        let mut value = object.as_value().clone();
        paths.iter().for_each(|path| remove(&mut value, path));
        Object::try_from(value).unwrap_or_else(|_| object.clone())
    });
    has_drifted(Some(&live), &dry_run, &IgnoreRules::default())
}

fn metadata_differs(live: &Object, dry_run: &Object, key: &str) -> bool {
    let map = |object: &Object| {
        object.pointer("/metadata").and_then(|m| m.get(key)).and_then(Value::as_object).cloned()
    };
    // None and empty are the same here.
    map(live).unwrap_or_default() != map(dry_run).unwrap_or_default()
}

fn body_differs(live: &Value, dry_run: &Value) -> bool {
    let body = |value: &Value| -> Map<String, Value> {
        let map = value.as_object().into_iter().flatten();
        let map = map.filter(|(key, _)| !matches!(key.as_str(), "metadata" | "status"));
        map.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let (mut live, mut dry_run) = (body(live), body(dry_run));
    for side in [&mut live, &mut dry_run] {
        deduplicate_metrics(side);
    }
    live != dry_run
}

/// Servers before 1.27 double the first metric of a HorizontalPodAutoscaler in a dry run and
/// add an empty one.
fn deduplicate_metrics(body: &mut Map<String, Value>) {
    if body.get("kind").and_then(Value::as_str) != Some("HorizontalPodAutoscaler") {
        return;
    }
    let metrics = body.get_mut("spec").and_then(|spec| spec.get_mut("metrics"));
    let Some(Value::Array(metrics)) = metrics else { return };
    let mut kept: Vec<Value> = Vec::new();
    for metric in metrics.drain(..) {
        let named = metric.get("type").and_then(Value::as_str).is_some_and(|t| !t.is_empty());
        if named && !kept.contains(&metric) {
            kept.push(metric);
        }
    }
    *metrics = kept;
}

#[cfg(test)]
mod tests;
