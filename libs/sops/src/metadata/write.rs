//! Metadata into a tree, names in alphabetical order.

use super::Metadata;
use crate::{Branch, Item, KeyGroup, MasterKey, Service, Value};

/// Makes the tree of the metadata.
pub(super) fn branch(metadata: &Metadata) -> Branch {
    let Metadata { last_modified, mac, rule, mac_only_encrypted, version, groups, threshold } =
        metadata;
    let mut entries = match groups.as_slice() {
        [group] => group_entries(group),
        groups => {
            let groups = groups.iter().map(|group| Value::Map(sorted(nested_group(group))));
            vec![Item::new("key_groups", Value::List(groups.collect()))]
        }
    };
    entries.push(Item::new("lastmodified", Value::text(last_modified.rfc3339())));
    entries.push(Item::new("mac", Value::text(mac.as_str())));
    let (name, text) = rule.entry();
    entries.push(Item::new(name, Value::text(text)));
    if *mac_only_encrypted {
        entries.push(Item::new("mac_only_encrypted", Value::Bool(true)));
    }
    if let Ok(threshold @ 1..) = i64::try_from(*threshold) {
        entries.push(Item::new("shamir_threshold", Value::Int(threshold)));
    }
    entries.push(Item::new("version", Value::text(version.as_str())));
    sorted(entries)
}

fn sorted(mut entries: Branch) -> Branch {
    entries.sort_by(|a, b| a.name().cmp(&b.name()));
    entries
}

/// Makes the lists of a group among others, in which these two are written though empty.
fn nested_group(group: &KeyGroup) -> Branch {
    let mut entries = group_entries(group);
    for name in ["age", "hc_vault"] {
        if !entries.iter().any(|item| item.name() == Some(name)) {
            entries.push(Item::new(name, Value::List(Vec::new())));
        }
    }
    entries
}

fn group_entries(group: &KeyGroup) -> Branch {
    let mut entries: Branch = Vec::new();
    for key in group {
        let (name, value) = key_entry(key);
        match entries.iter_mut().find(|item| item.name() == Some(name)) {
            Some(Item { value: Value::List(keys), .. }) => keys.push(value),
            _ => entries.push(Item::new(name, Value::List(vec![value]))),
        }
    }
    entries
}

fn key_entry(key: &MasterKey) -> (&'static str, Value) {
    let text = |name: &str, text: &str| Item::new(name, Value::text(text));
    let (kind, mut entries) = match &key.service {
        Service::Age { recipient } => ("age", vec![text("recipient", recipient)]),
        Service::Pgp { fingerprint } => ("pgp", vec![text("fp", fingerprint)]),
        Service::AwsKms { arn, role, context, profile } => {
            let mut entries = vec![text("arn", arn), text("aws_profile", profile)];
            if !role.is_empty() {
                entries.push(text("role", role));
            }
            if !context.is_empty() {
                let context = context.iter().map(|(name, value)| text(name, value)).collect();
                entries.push(Item::new("context", Value::Map(context)));
            }
            ("kms", entries)
        }
        Service::GcpKms { resource } => ("gcp_kms", vec![text("resource_id", resource)]),
        Service::HuaweiKms { key } => ("hckms", vec![text("key_id", key)]),
        Service::AzureKeyVault { url, name, version } => {
            ("azure_kv", vec![text("vault_url", url), text("name", name), text("version", version)])
        }
        Service::Vault { address, engine, key } => {
            let names = [text("vault_address", address), text("engine_path", engine)];
            ("hc_vault", names.into_iter().chain([text("key_name", key)]).collect())
        }
    };
    entries.push(text("enc", &key.encrypted));
    if !matches!(key.service, Service::Age { .. }) {
        entries.push(text("created_at", &key.created_at));
    }
    (kind, Value::Map(sorted(entries)))
}
