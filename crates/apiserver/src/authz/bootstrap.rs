//! The roles and bindings that a server begins with.

use serde_json::{Map, Value, json};

use super::RBAC;
use crate::clock::to_seconds_text;
use crate::server::Core;
use crate::store::{self, Collection, Target};

/// One line for each role, rule and binding; the head of the file explains its form.
static POLICY: &str = include_str!("../../data/bootstrap-policy.txt");

/// Writes what is missing of the bootstrap policy.
pub(crate) fn install(core: &Core) {
    let mut writer = core.store.writer();
    for (plural, object) in objects() {
        let collection = Collection::new(RBAC, plural);
        let key = store::key(crate::meta::namespace(&object), crate::meta::name(&object));
        if core.store.get(&collection, &key).is_some() {
            continue;
        }
        let mut object = object;
        let metadata = crate::meta::of(&mut object);
        metadata.insert("uid".into(), core.random.uuid().into());
        metadata.insert("creationTimestamp".into(), to_seconds_text(core.now()).into());
        writer.put(Target { collection: &collection, key: &key, shape: 0 }, &mut object);
    }
}

/// Reads the policy into objects.
pub(super) fn objects() -> Vec<(&'static str, Value)> {
    let mut objects: Vec<(&'static str, Value)> = Vec::new();
    for line in POLICY.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["clusterrole", name, labels @ ..] => {
                objects.push(("clusterroles", role("ClusterRole", name, labels)));
            }
            ["role", namespace, name] => {
                let mut role = role("Role", name, &[]);
                crate::meta::of(&mut role).insert("namespace".into(), (*namespace).into());
                objects.push(("roles", role));
            }
            ["aggregate", label] => {
                if let Some((_, Value::Object(role))) = objects.last_mut() {
                    let key = format!("{RBAC}/aggregate-to-{label}");
                    let selector = json!([{"matchLabels": {key: "true"}}]);
                    role.insert(
                        "aggregationRule".into(),
                        json!({"clusterRoleSelectors": selector}),
                    );
                    role.insert("rules".into(), Value::Null);
                }
            }
            ["clusterbinding", name, role, subjects @ ..] => {
                let binding = binding("ClusterRoleBinding", name, "ClusterRole", role, subjects);
                objects.push(("clusterrolebindings", binding));
            }
            ["binding", namespace, name, role, subjects @ ..] => {
                let mut binding = binding("RoleBinding", name, "Role", role, subjects);
                crate::meta::of(&mut binding).insert("namespace".into(), (*namespace).into());
                objects.push(("rolebindings", binding));
            }
            words => {
                if let (Some((_, role)), Some(rule)) = (objects.last_mut(), rule(words))
                    && let Some(Value::Array(rules)) = role.get_mut("rules")
                {
                    rules.push(rule);
                }
            }
        }
    }
    objects
}

fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    })
}

fn role(kind: &str, name: &str, labels: &[&str]) -> Value {
    let mut metadata = metadata(name);
    for label in labels {
        if let Some(Value::Object(map)) = metadata.get_mut("labels") {
            map.insert(format!("{RBAC}/aggregate-to-{label}"), "true".into());
        }
    }
    json!({"apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": metadata, "rules": []})
}

fn binding(kind: &str, name: &str, role_kind: &str, role: &str, subjects: &[&str]) -> Value {
    let subjects: Vec<Value> = subjects
        .iter()
        .filter_map(|text| {
            let (kind, name) = text.split_once('=')?;
            Some(match kind.rsplit_once('/') {
                Some((kind, namespace)) => {
                    json!({"kind": kind, "namespace": namespace, "name": name})
                }
                None => json!({"kind": kind, "apiGroup": RBAC, "name": name}),
            })
        })
        .collect();
    json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": kind,
        "metadata": metadata(name),
        "roleRef": {"apiGroup": RBAC, "kind": role_kind, "name": role},
        "subjects": subjects,
    })
}

/// Reads `VERBS GROUPS RESOURCES [NAMES]` or `VERBS url URLS`.
fn rule(words: &[&str]) -> Option<Value> {
    let list = |word: &str| -> Value {
        word.split(',').map(|one| if one == "core" { "" } else { one }).collect::<Vec<_>>().into()
    };
    let mut out = Map::new();
    let (verbs, rest) = words.split_first()?;
    let verbs: Vec<&str> = verbs.split(',').flat_map(expand).collect();
    match rest {
        ["url", urls] => {
            out.insert("nonResourceURLs".into(), list(urls));
        }
        [groups, resources, names @ ..] => {
            out.insert("apiGroups".into(), list(groups));
            out.insert("resources".into(), list(resources));
            if let Some(names) = names.first() {
                out.insert("resourceNames".into(), list(names));
            }
        }
        _ => return None,
    }
    out.insert("verbs".into(), verbs.into());
    Some(Value::Object(out))
}

fn expand(verb: &str) -> Vec<&str> {
    match verb {
        "READ" => vec!["get", "list", "watch"],
        "WRITE" => vec!["create", "delete", "deletecollection", "patch", "update"],
        "ALL" => {
            vec!["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        }
        "EVENTS" => vec!["create", "patch", "update"],
        "LEASE" => vec!["create", "get", "list", "update", "watch"],
        verb => vec![verb],
    }
}
