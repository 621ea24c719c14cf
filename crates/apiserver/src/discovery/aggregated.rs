//! `APIGroupDiscoveryList`: everything in one document.

use serde_json::{Map, Value, json};

use super::legacy::{is_own, verbs};
use super::{Group, Version};
use crate::registry::{ResourceInfo, Subresource};

/// Returns groups with all that they contain.
pub(super) fn list<'a>(groups: impl Iterator<Item = &'a Group<'a>>) -> Value {
    let items: Vec<Value> = groups.map(group).collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    })
}

fn group(group: &Group<'_>) -> Value {
    let metadata = match group.name {
        "" => json!({}),
        name => json!({"name": name}),
    };
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({"metadata": metadata, "versions": versions})
}

fn version(version: &Version<'_>) -> Value {
    let resources: Vec<Value> = version.resources.iter().map(|info| resource(info)).collect();
    json!({"version": version.name, "resources": resources, "freshness": "Current"})
}

fn resource(info: &ResourceInfo) -> Value {
    let mut out = Map::new();
    out.insert("resource".into(), info.plural.as_str().into());
    out.insert("responseKind".into(), own_kind(info));
    out.insert("scope".into(), if info.is_namespaced() { "Namespaced" } else { "Cluster" }.into());
    out.insert("singularResource".into(), info.singular.as_str().into());
    out.insert("verbs".into(), verbs(info));
    for (key, list) in [("shortNames", &info.short_names), ("categories", &info.categories)] {
        if !list.is_empty() {
            out.insert(key.into(), list.clone().into());
        }
    }
    if !info.subresources.is_empty() {
        let subs: Vec<Value> = info.subresources.iter().map(|sub| subresource(info, sub)).collect();
        out.insert("subresources".into(), subs.into());
    }
    Value::Object(out)
}

/// Built-in kinds leave group and version out, since they are those of the list.
fn own_kind(info: &ResourceInfo) -> Value {
    match info.is_custom {
        true => json!({"group": info.group, "version": info.version, "kind": info.kind}),
        false => json!({"group": "", "version": "", "kind": info.kind}),
    }
}

fn subresource(info: &ResourceInfo, sub: &Subresource) -> Value {
    let kind = match &sub.kind {
        Some((group, version, kind)) if is_own(info, group, version) => {
            json!({"group": "", "version": "", "kind": kind})
        }
        Some((group, version, kind)) => json!({"group": group, "version": version, "kind": kind}),
        None => own_kind(info),
    };
    let verbs: Vec<&str> = sub.verbs.iter().map(|verb| verb.as_str()).collect();
    json!({"subresource": sub.name, "responseKind": kind, "verbs": verbs})
}
