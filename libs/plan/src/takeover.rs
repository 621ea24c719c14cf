//! Taking over the fields that kubectl and older versions of the controllers own.

use serde_json::{Map, Value, json};

/// How a manager wrote fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Any other write.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// Whose fields are taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagerRule {
    /// The manager's name, or what it begins with.
    pub name: String,
    /// Whether the whole name must match.
    pub exact: bool,
    /// How the fields were written.
    pub operation: Operation,
}

/// Returns the rules that kustomize-controller uses, `overrides` being further managers, or
/// what their names begin with.
pub fn flux_rules(owner: &str, overrides: &[String]) -> Vec<ManagerRule> {
    let rule =
        |name: &str, operation| ManagerRule { name: name.to_owned(), exact: false, operation };
    let mut rules = vec![
        rule("kubectl", Operation::Apply),
        rule("kubectl", Operation::Update),
        rule("before-first-apply", Operation::Update),
        rule(owner, Operation::Update),
    ];
    for name in overrides {
        rules.push(rule(name, Operation::Apply));
        rules.push(rule(name, Operation::Update));
    }
    rules
}

/// Returns the JSON patch that moves fields of the managers in `rules` to `owner`, if any.
///
/// # Upstream
/// The fields are united into the owner's Apply entry, which moves to the end. Where a match
/// stands before the owner's entry, the old entry stays as well; the API server merges the two.
pub fn takeover(managed_fields: &[Value], rules: &[ManagerRule], owner: &str) -> Option<Value> {
    let mut merged =
        managed_fields.iter().find(|entry| is_by(entry, owner, Operation::Apply)).cloned();
    let mut kept = Vec::new();
    let mut found = false;
    for entry in managed_fields {
        if matches(entry, rules) {
            found = true;
            match &mut merged {
                Some(merged) => unite(merged, entry),
                None => merged = Some(renamed(entry, owner)),
            }
        } else if merged.as_ref() != Some(entry) {
            kept.push(entry.clone());
        }
    }
    if !found {
        return None;
    }
    kept.extend(merged);
    Some(json!([{ "op": "replace", "path": "/metadata/managedFields", "value": kept }]))
}

fn text<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn is_by(entry: &Value, manager: &str, operation: Operation) -> bool {
    text(entry, "manager") == manager && text(entry, "operation") == operation.name()
}

fn matches(entry: &Value, rules: &[ManagerRule]) -> bool {
    let manager = text(entry, "manager");
    let named = |rule: &ManagerRule| {
        if rule.exact { manager == rule.name } else { manager.starts_with(&rule.name) }
    };
    let by = |rule: &ManagerRule| text(entry, "operation") == rule.operation.name();
    text(entry, "subresource").is_empty() && rules.iter().any(|rule| named(rule) && by(rule))
}

fn renamed(entry: &Value, owner: &str) -> Value {
    let mut entry = entry.clone();
    if let Some(map) = entry.as_object_mut() {
        map.insert("manager".to_owned(), owner.into());
        map.insert("operation".to_owned(), Operation::Apply.name().into());
    }
    entry
}

/// Adds the fields of `other` to those of `entry`.
fn unite(entry: &mut Value, other: &Value) {
    let Some(map) = entry.as_object_mut() else { return };
    let fields = map.entry("fieldsV1").or_insert_with(|| Value::Object(Map::new()));
    if let Some(other) = other.get("fieldsV1") {
        merge(fields, other);
    }
}

fn merge(into: &mut Value, other: &Value) {
    let (Some(into), Some(other)) = (into.as_object_mut(), other.as_object()) else { return };
    for (key, value) in other {
        match into.get_mut(key) {
            Some(present) => merge(present, value),
            None => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
