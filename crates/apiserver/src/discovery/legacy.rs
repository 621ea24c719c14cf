//! `APIVersions`, `APIGroupList`, `APIGroup` and `APIResourceList`.

use std::sync::Arc;

use base64::Engine;
use serde_json::{Map, Value, json};

use super::Group;
use crate::registry::{ResourceInfo, Verb};

/// Returns the versions of the core group.
pub(super) fn versions() -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [
            {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}
        ],
    })
}

/// Returns all groups but the core one.
pub(super) fn groups(groups: &[Group<'_>]) -> Value {
    let named = groups.iter().filter(|group| !group.name.is_empty());
    let groups: Vec<Value> = named.map(|group| Value::Object(body(group, group.name))).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// Returns one group.
pub(super) fn group(group: &Group<'_>, name: &str) -> Value {
    let mut out = body(group, name);
    out.insert("kind".into(), "APIGroup".into());
    out.insert("apiVersion".into(), "v1".into());
    Value::Object(out)
}

fn body(group: &Group<'_>, name: &str) -> Map<String, Value> {
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| {
            json!({"groupVersion": format!("{name}/{}", version.name), "version": version.name})
        })
        .collect();
    let mut out = Map::new();
    out.insert("name".into(), name.into());
    out.insert("preferredVersion".into(), versions.first().cloned().unwrap_or_default());
    out.insert("versions".into(), versions.into());
    out
}

/// Returns the resources of one version.
pub(super) fn resources(resources: &[Arc<ResourceInfo>]) -> Value {
    let group_version = resources.first().map(|one| one.api_version()).unwrap_or_default();
    let custom = resources.iter().any(|one| one.is_custom);
    let mut out = Map::new();
    out.insert("kind".into(), "APIResourceList".into());
    if !group_version.is_empty() && (custom || group_version.contains('/')) {
        out.insert("apiVersion".into(), "v1".into());
    }
    out.insert("groupVersion".into(), group_version.into());
    let entries = resources.iter().flat_map(|info| entries(info));
    out.insert("resources".into(), entries.collect());
    Value::Object(out)
}

fn entries(info: &ResourceInfo) -> Vec<Value> {
    let mut main = Map::new();
    main.insert("name".into(), info.plural.as_str().into());
    main.insert("singularName".into(), info.singular.as_str().into());
    main.insert("namespaced".into(), info.is_namespaced().into());
    main.insert("kind".into(), info.kind.as_str().into());
    main.insert("verbs".into(), verbs(info));
    for (key, list) in [("shortNames", &info.short_names), ("categories", &info.categories)] {
        if !list.is_empty() {
            main.insert(key.into(), list.clone().into());
        }
    }
    if info.verbs.contains(&Verb::Watch) {
        main.insert("storageVersionHash".into(), storage_hash(info).into());
    }
    let mut all = vec![Value::Object(main)];
    for sub in &info.subresources {
        let mut entry = Map::new();
        entry.insert("name".into(), format!("{}/{}", info.plural, sub.name).into());
        entry.insert("singularName".into(), "".into());
        entry.insert("namespaced".into(), info.is_namespaced().into());
        let verbs: Vec<&str> = sub.verbs.iter().map(|verb| verb.as_str()).collect();
        entry.insert("verbs".into(), verbs.into());
        match &sub.kind {
            Some((group, version, kind)) if is_own(info, group, version) => {
                entry.insert("kind".into(), kind.as_str().into());
            }
            Some((group, version, kind)) => {
                if !group.is_empty() {
                    entry.insert("group".into(), group.as_str().into());
                }
                entry.insert("version".into(), version.as_str().into());
                entry.insert("kind".into(), kind.as_str().into());
            }
            None => {
                entry.insert("kind".into(), info.kind.as_str().into());
            }
        }
        all.push(Value::Object(entry));
    }
    all
}

/// Tells whether a body's group and version go without saying.
pub(super) fn is_own(info: &ResourceInfo, group: &str, version: &str) -> bool {
    info.group == group && info.version == version
}

/// Returns the verbs; custom resources list them in an order of their own.
pub(super) fn verbs(info: &ResourceInfo) -> Value {
    const CUSTOM: [&str; 8] =
        ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
    if info.is_custom {
        let has = |name: &&str| info.verbs.iter().any(|verb| verb.as_str() == *name);
        return CUSTOM.iter().filter(|name| has(name)).copied().collect::<Vec<_>>().into();
    }
    info.verbs.iter().map(|verb| verb.as_str()).collect::<Vec<_>>().into()
}

/// Returns the hash by which clients tell whether the stored version changed.
fn storage_hash(info: &ResourceInfo) -> String {
    let version = info.storage_api_version.as_str();
    let (group, version) = version.rsplit_once('/').unwrap_or(("", version));
    let text = format!("{group}/{version}/{}", info.kind);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let first = digest.as_ref().get(..8).unwrap_or_default();
    base64::engine::general_purpose::STANDARD.encode(first)
}
