//! Fields that others may change.

use flux_gostd::Regexp;
use flux_manifest::{LabelSelector, Object};
use serde_json::Value;

/// Which objects a rule is about, as a user writes it; empty texts choose everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// Regular expression on the API group.
    pub group: String,
    /// Regular expression on the API version.
    pub version: String,
    /// Regular expression on the kind.
    pub kind: String,
    /// Regular expression on the name.
    pub name: String,
    /// Regular expression on the namespace.
    pub namespace: String,
    /// Label selector.
    pub labels: String,
    /// Label selector that looks at annotations.
    pub annotations: String,
}

/// Why a selector cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A field is no regular expression.
    #[error("invalid {field} regex: {problem}")]
    Regex {
        /// The field.
        field: &'static str,
        /// What is wrong, in Go's words.
        problem: String,
    },
    /// A text is no label selector.
    #[error("invalid {field} selector: {problem}")]
    Labels {
        /// `label` or `annotation`.
        field: &'static str,
        /// What is wrong, in Kubernetes' words.
        problem: String,
    },
}

/// A selector that is ready for use. The expressions match whole texts.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    group: Option<Regexp>,
    version: Option<Regexp>,
    kind: Option<Regexp>,
    name: Option<Regexp>,
    namespace: Option<Regexp>,
    labels: LabelSelector,
    annotations: LabelSelector,
}

impl Matcher {
    /// Prepares a selector.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn new(selector: &Selector) -> Result<Self, SelectorError> {
        let Selector { group, version, kind, name, namespace, labels, annotations } = selector;
        Ok(Self {
            group: whole("group", group)?,
            version: whole("version", version)?,
            kind: whole("kind", kind)?,
            name: whole("name", name)?,
            namespace: whole("namespace", namespace)?,
            labels: label_selector("label", labels)?,
            annotations: label_selector("annotation", annotations)?,
        })
    }

    /// Tells whether an object is meant.
    pub fn matches(&self, object: &Object) -> bool {
        let gvk = object.gvk();
        let texts = [
            (&self.group, gvk.group.as_str()),
            (&self.version, &gvk.version),
            (&self.kind, &gvk.kind),
            (&self.name, object.name()),
            (&self.namespace, object.namespace()),
        ];
        let named = |(regex, text): &(&Option<Regexp>, &str)| {
            regex.as_ref().is_none_or(|regex| regex.is_match(text))
        };
        texts.iter().all(named)
            && self.labels.matches(|key| object.label(key))
            && self.annotations.matches(|key| object.annotation(key))
    }
}

fn whole(field: &'static str, pattern: &str) -> Result<Option<Regexp>, SelectorError> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let regex = Regexp::new(&format!("^(?:{pattern})$"));
    regex.map(Some).map_err(|e| SelectorError::Regex { field, problem: e.to_string() })
}

fn label_selector(field: &'static str, text: &str) -> Result<LabelSelector, SelectorError> {
    if text.is_empty() {
        return Ok(LabelSelector::default());
    }
    LabelSelector::parse(text).map_err(|e| SelectorError::Labels { field, problem: e.to_string() })
}

/// Which fields of which objects others may change.
#[derive(Clone, Debug, Default)]
pub struct IgnoreRules {
    rules: Vec<(Matcher, Vec<String>)>,
}

impl IgnoreRules {
    /// Prepares rules, each a selector (all objects without one) and JSON pointers.
    ///
    /// # Errors
    /// The first selector that is wrong.
    ///
    /// # Upstream
    /// Of several rules without a selector, the last one alone counts.
    pub fn new<'a>(
        rules: impl IntoIterator<Item = (Option<&'a Selector>, &'a [String])>,
    ) -> Result<Self, SelectorError> {
        let (mut chosen, mut for_all) = (Vec::new(), None);
        for (selector, paths) in rules {
            match selector {
                Some(selector) => chosen.push((Matcher::new(selector)?, paths.to_vec())),
                None => for_all = Some((Matcher::default(), paths.to_vec())),
            }
        }
        chosen.extend(for_all);
        Ok(Self { rules: chosen })
    }

    /// Tells whether nothing is ignored.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the pointers that are ignored in an object.
    pub fn paths(&self, object: &Object) -> Vec<&str> {
        let matching = self.rules.iter().filter(|(matcher, _)| matcher.matches(object));
        matching.flat_map(|(_, paths)| paths.iter().map(String::as_str)).collect()
    }
}

/// Returns what is to be applied when an object drifted elsewhere: in `desired`, the ignored
/// fields that differ between `live` and `dry_run` are taken out if another manager has applied
/// them, and set to their live value otherwise.
pub fn respect_ignored(
    desired: &Object,
    live: &Object,
    dry_run: &Object,
    (rules, owner): (&IgnoreRules, &str),
) -> Object {
    let mut value = desired.as_value().clone();
    for pointer in rules.paths(dry_run) {
        let (alive, wanted) = (live.pointer(pointer), dry_run.pointer(pointer));
        if alive == wanted {
            continue;
        }
        match alive {
            Some(alive) if !is_applied_by_other(live, pointer, owner) => {
                replace(&mut value, pointer, alive.clone());
            }
            _ => remove(&mut value, pointer),
        }
    }
    Object::try_from(value).unwrap_or_else(|_| desired.clone())
}

/// Splits a JSON pointer into its unescaped parts.
fn parts(pointer: &str) -> Vec<String> {
    let parts = pointer.trim_start_matches('/').split('/');
    parts.map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// Returns what holds the last part of a pointer, and that part.
fn parent<'a>(value: &'a mut Value, pointer: &str) -> Option<(&'a mut Value, String)> {
    let mut parts = parts(pointer);
    let last = parts.pop().filter(|last| !last.is_empty())?;
    let mut place = value;
    for part in parts {
        place = match place {
            Value::Object(map) => map.get_mut(&part)?,
            Value::Array(list) => list.get_mut(part.parse::<usize>().ok()?)?,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    Some((place, last))
}

/// Takes the value at a pointer out; a missing one is fine.
pub(crate) fn remove(value: &mut Value, pointer: &str) {
    match parent(value, pointer) {
        Some((Value::Object(map), last)) => {
            map.remove(&last);
        }
        Some((Value::Array(list), last)) => {
            if let Some(at) = last.parse::<usize>().ok().filter(|at| *at < list.len()) {
                list.remove(at);
            }
        }
        _ => {}
    }
}

fn replace(value: &mut Value, pointer: &str, new: Value) {
    match parent(value, pointer) {
        Some((Value::Object(map), last)) => {
            if let Some(slot) = map.get_mut(&last) {
                *slot = new;
            }
        }
        Some((Value::Array(list), last)) => {
            if let Some(slot) = last.parse::<usize>().ok().and_then(|at| list.get_mut(at)) {
                *slot = new;
            }
        }
        _ => {}
    }
}

/// Tells whether somebody but `owner` has applied the field at a pointer.
fn is_applied_by_other(live: &Object, pointer: &str, owner: &str) -> bool {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    let text = |entry: &Value, key: &str| {
        entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let applied: Vec<(String, &Value)> = entries
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .filter(|entry| {
            text(entry, "operation") == "Apply" && text(entry, "subresource").is_empty()
        })
        .filter_map(|entry| Some((text(entry, "manager"), entry.get("fieldsV1")?)))
        .collect();
    let Some(path) = field_path(live, pointer, &applied) else { return false };
    applied.iter().any(|(manager, fields)| manager != owner && walk(fields, &path).is_some())
}

fn walk<'a>(fields: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(fields, |fields, part| fields.get(part))
}

/// Translates a pointer into the keys of `fieldsV1`; items of lists are found by their keys.
fn field_path(live: &Object, pointer: &str, applied: &[(String, &Value)]) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut place = live.as_value();
    for part in parts(pointer) {
        let Ok(index) = part.parse::<usize>() else {
            place = place.get(&part).unwrap_or(&Value::Null);
            path.push(format!("f:{part}"));
            continue;
        };
        let item = place.as_array()?.get(index)?;
        let fits = |key: &&String| {
            let wanted = key.strip_prefix("k:").and_then(|k| serde_json::from_str::<Value>(k).ok());
            let wanted = wanted.as_ref().and_then(Value::as_object);
            wanted.is_some_and(|w| w.iter().all(|(key, value)| item.get(key) == Some(value)))
        };
        let maps = applied.iter().filter_map(|(_, fields)| walk(fields, &path)?.as_object());
        let key = maps.flat_map(|map| map.keys()).find(fits)?.clone();
        path.push(key);
        place = item;
    }
    Some(path)
}

#[cfg(test)]
mod tests;
