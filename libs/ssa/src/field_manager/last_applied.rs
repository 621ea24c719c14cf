//! The annotation of client-side apply, as far as the server looks after it.

use serde_json::{Value, json};

use crate::schema::Type;
use crate::set::Set;
use crate::typed::{Duplicates, Typed};

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// The limit for all annotations of an object together.
const MAX_ANNOTATIONS_SIZE: usize = 256 * 1024;

/// Returns whether applies of this manager look after the annotation.
pub(super) fn is_kept_by(manager: &str) -> bool {
    manager == "kubectl"
}

/// Returns the fields that the annotation of `live` sets to the live value.
pub(super) fn owned_fields(live: &Value, api_version: &str, of: &Type) -> Option<Set> {
    let text = annotation(live)?;
    let last: Value = serde_json::from_str(text).ok()?;
    if last.get("apiVersion").and_then(Value::as_str) != Some(api_version) {
        return None;
    }
    let live = Typed::new(live, of, Duplicates::Refuse).ok()?;
    let last = Typed::new(&last, of, Duplicates::Refuse).ok()?;
    let changes = last.compare(&live);
    let fields = last.field_set().difference(&changes.modified);
    Some(fields.difference(&changes.added).difference(&changes.removed))
}

/// Brings the annotation of `object`, if there is one, in line with what is applied now.
pub(super) fn sync(object: &mut Value, applied: &Value) {
    if annotation(object).is_none() {
        return;
    }
    let mut applied = applied.clone();
    if let Some(Value::Object(annotations)) = applied.pointer_mut("/metadata/annotations") {
        annotations.remove(ANNOTATION);
    }
    let text = go_json(&applied);
    let Some(Value::Object(annotations)) = object.pointer_mut("/metadata/annotations") else {
        return;
    };
    annotations.insert(ANNOTATION.to_owned(), json!(text));
    let size = |(key, value): (&String, &Value)| key.len() + value.as_str().map_or(0, str::len);
    if annotations.iter().map(size).sum::<usize>() > MAX_ANNOTATIONS_SIZE {
        annotations.remove(ANNOTATION);
    }
}

fn annotation(object: &Value) -> Option<&str> {
    let annotations = object.get("metadata")?.get("annotations")?;
    annotations.get(ANNOTATION)?.as_str().filter(|text| !text.is_empty())
}

/// Writes JSON as Go's encoder does: a line end behind it, and `<`, `>`, `&` escaped.
fn go_json(value: &Value) -> String {
    let mut text = value.to_string();
    for (c, escape) in [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        if text.contains(c) {
            text = text.replace(c, escape);
        }
    }
    text.push('\n');
    text
}
