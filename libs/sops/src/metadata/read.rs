//! Metadata out of a tree; types are taken loosely, as old documents need it.

use std::collections::BTreeMap;

use flux_gostd::Time;
use flux_gostd::number::{Layout, format_f64};

use super::Metadata;
use crate::{Branch, Item, KeyGroup, MasterKey, Rule, Service, Value};

/// What stands there if there is nothing.
static NOTHING: Value = Value::Null;

/// Reads the metadata of a document.
///
/// # Errors
/// Values that make no sense, two rules, no keys.
pub(super) fn metadata(entries: &Branch) -> Result<Metadata, String> {
    let map = Map(entries);
    let mac_only_encrypted = map.boolean("mac_only_encrypted")?;
    let last_modified = time(&map.text("lastmodified")?)?;
    let groups = groups(&map)?;
    Ok(Metadata {
        last_modified,
        mac: map.text("mac")?,
        rule: rule(&map)?,
        mac_only_encrypted,
        version: map.text("version")?,
        groups,
        threshold: map.number("shamir_threshold")?,
    })
}

fn rule(map: &Map<'_>) -> Result<Rule, String> {
    type Make = fn(String) -> Rule;
    const RULES: [(&str, Make); 6] = [
        ("unencrypted_suffix", Rule::UnencryptedSuffix),
        ("encrypted_suffix", Rule::EncryptedSuffix),
        ("unencrypted_regex", Rule::UnencryptedRegex),
        ("encrypted_regex", Rule::EncryptedRegex),
        ("unencrypted_comment_regex", Rule::UnencryptedCommentRegex),
        ("encrypted_comment_regex", Rule::EncryptedCommentRegex),
    ];
    let mut found = None;
    for (name, make) in RULES {
        let text = map.text(name)?;
        if text.is_empty() {
            continue;
        }
        if found.replace(make(text)).is_some() {
            return Err("Cannot use more than one of encrypted_suffix, unencrypted_suffix, \
                        encrypted_regex, unencrypted_regex, encrypted_comment_regex, or \
                        unencrypted_comment_regex in the same file"
                .to_owned());
        }
    }
    Ok(found.unwrap_or_default())
}

fn time(text: &str) -> Result<Time, String> {
    Time::parse_rfc3339(text).map_err(|error| error.to_string())
}

fn groups(map: &Map<'_>) -> Result<Vec<KeyGroup>, String> {
    let group = group(map)?;
    if !group.is_empty() {
        return Ok(vec![group]);
    }
    let groups = map.maps("key_groups")?;
    if groups.is_empty() {
        return Err("No keys found in file".to_owned());
    }
    groups.iter().map(|entries| self::group(&Map(entries))).collect()
}

/// Reads the keys of a group, in the order of their kinds.
fn group(map: &Map<'_>) -> Result<KeyGroup, String> {
    type Read = fn(&Map<'_>) -> Result<Service, String>;
    const KINDS: [(&str, Read); 7] = [
        ("kms", aws_kms),
        ("gcp_kms", |map| Ok(Service::GcpKms { resource: map.text("resource_id")? })),
        ("hckms", |map| Ok(Service::HuaweiKms { key: map.text("key_id")? })),
        ("azure_kv", |map| {
            let (url, name) = (map.text("vault_url")?, map.text("name")?);
            Ok(Service::AzureKeyVault { url, name, version: map.text("version")? })
        }),
        ("hc_vault", |map| {
            let (address, engine) = (map.text("vault_address")?, map.text("engine_path")?);
            Ok(Service::Vault { address, engine, key: map.text("key_name")? })
        }),
        ("pgp", |map| Ok(Service::Pgp { fingerprint: map.text("fp")? })),
        ("age", |map| Ok(Service::Age { recipient: map.text("recipient")? })),
    ];
    let mut keys = Vec::new();
    for (kind, read) in KINDS {
        for entries in map.maps(kind)? {
            let map = Map(entries);
            let service = read(&map)?;
            let created_at = map.text("created_at")?;
            if !matches!(service, Service::Age { .. }) {
                time(&created_at)?;
            }
            keys.push(MasterKey { service, created_at, encrypted: map.text("enc")? });
        }
    }
    Ok(keys)
}

fn aws_kms(map: &Map<'_>) -> Result<Service, String> {
    let context = match map.get("context") {
        Value::Map(entries) => {
            let names = entries.iter().filter_map(Item::name);
            let pairs = names.map(|name| Ok((name.to_owned(), Map(entries).text(name)?)));
            pairs.collect::<Result<BTreeMap<_, _>, String>>()?
        }
        _ => BTreeMap::new(),
    };
    let (arn, role) = (map.text("arn")?, map.text("role")?);
    Ok(Service::AwsKms { arn, role, context, profile: map.text("aws_profile")? })
}

struct Map<'a>(&'a Branch);

impl<'a> Map<'a> {
    /// Finds a value; letters may differ in case, and the last one counts.
    fn get(&self, wanted: &str) -> &'a Value {
        let find = |is_it: &dyn Fn(&str) -> bool| {
            self.0.iter().rev().find(|item| item.name().is_some_and(is_it))
        };
        let found = find(&|name| name == wanted);
        let found = found.or_else(|| find(&|name| name.eq_ignore_ascii_case(wanted)));
        found.map_or(&NOTHING, |item| &item.value)
    }

    fn text(&self, name: &str) -> Result<String, String> {
        Ok(match self.get(name) {
            Value::Null => String::new(),
            Value::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Value::Int(int) => int.to_string(),
            Value::Uint(uint) => uint.to_string(),
            Value::Float(float) => format_f64(*float, Layout::Fixed),
            Value::Bool(bool) => u8::from(*bool).to_string(),
            other => return Err(unfit(name, "string", other)),
        })
    }

    fn number(&self, name: &str) -> Result<usize, String> {
        let value = self.get(name);
        let number = match value {
            Value::Null => Some(0),
            Value::Int(int) => usize::try_from(*int).ok(),
            Value::Float(float) => Some(*float as usize),
            Value::Bool(bool) => Some(usize::from(*bool)),
            Value::Text(text) if text.is_empty() => Some(0),
            Value::Text(_) => value.as_str().and_then(|text| text.parse().ok()),
            _ => None,
        };
        number.ok_or_else(|| unfit(name, "int", value))
    }

    fn boolean(&self, name: &str) -> Result<bool, String> {
        let value = self.get(name);
        match value {
            Value::Null => Ok(false),
            Value::Bool(bool) => Ok(*bool),
            Value::Int(int) => Ok(*int != 0),
            Value::Float(float) => Ok(*float != 0.0),
            Value::Text(_) => match value.as_str().unwrap_or_default() {
                "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
                "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
                _ => Err(unfit(name, "bool", value)),
            },
            _ => Err(unfit(name, "bool", value)),
        }
    }

    /// Returns the maps of a list; a map alone is a list of one, an empty one of none.
    fn maps(&self, name: &str) -> Result<Vec<&'a Branch>, String> {
        match self.get(name) {
            Value::Null => Ok(Vec::new()),
            Value::Text(text) if text.is_empty() => Ok(Vec::new()),
            Value::Map(entries) if entries.is_empty() => Ok(Vec::new()),
            Value::Map(entries) => Ok(vec![entries]),
            Value::List(items) => {
                let items = items.iter().filter(|item| !matches!(item, Value::Comment(_)));
                let maps = items.enumerate().map(|(index, item)| match item {
                    Value::Map(entries) => Ok(entries),
                    other => {
                        let found = other.type_name();
                        Err(format!("'{name}[{index}]' expected a map, got '{found}'"))
                    }
                });
                maps.collect()
            }
            other => Err(unfit(name, "slice", other)),
        }
    }
}

fn unfit(name: &str, wanted: &str, found: &Value) -> String {
    let found = found.type_name();
    format!("'{name}' expected type '{wanted}', got unconvertible type '{found}'")
}
