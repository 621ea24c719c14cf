//! The hash of a content that is appended to a name.

use flux_yaml::{Kind, Node};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::gotext;
use crate::node;
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::shared;

/// Appends hashes to the names of what was generated.
pub(crate) fn append_hashes(resources: &mut ResMap) -> Result<()> {
    for resource in resources.items_mut() {
        if resource.traces.needs_hash {
            let hash = content_hash(resource)?;
            resource.store_previous_id()?;
            let name = format!("{}-{hash}", resource.name());
            resource.set_name(&name)?;
        }
    }
    Ok(())
}

/// # Upstream
/// The name is part of what is hashed and always empty, since it is looked up at a path that
/// does not exist.
fn content_hash(resource: &Resource) -> Result<String> {
    let text = match resource.kind() {
        "ConfigMap" => hashed_fields(resource, &[], "binaryData")?,
        "Secret" => hashed_fields(resource, &["type"], "stringData")?,
        _ => gotext::json(&node_as_json(&resource.node)),
    };
    let digest = hex::encode(Sha256::digest(text.as_bytes()));
    let letters = digest.chars().take(10).map(|c| match c {
        '0' => 'g',
        '1' => 'h',
        '3' => 'k',
        'a' => 'm',
        'e' => 't',
        other => other,
    });
    Ok(letters.collect())
}

fn hashed_fields(resource: &Resource, more: &[&str], optional: &str) -> Result<String> {
    let value = |key: &str| -> Result<Value> {
        match resource.node.get(key) {
            None => Ok(Value::String(String::new())),
            Some(field) if field.kind == Kind::Scalar => Ok(Value::String(field.value.clone())),
            Some(field) => {
                let value = node::to_value(field)?;
                Ok(if value.is_object() { value } else { Value::Null })
            }
        }
    };
    let mut map = Map::new();
    map.insert("kind".to_owned(), Value::String(resource.kind().to_owned()));
    map.insert("name".to_owned(), Value::String(String::new()));
    for key in ["data"].iter().chain(more) {
        map.insert((*key).to_owned(), value(key)?);
    }
    let optional_value = value(optional)?;
    if optional_value.is_object() {
        map.insert(optional.to_owned(), optional_value);
    }
    Ok(gotext::json(&Value::Object(map)))
}

/// The fields of yaml.v3's `Node` as Go's JSON prints them.
fn node_as_json(node: &Node) -> Value {
    let kind = match node.kind {
        Kind::Sequence => 2,
        Kind::Mapping => 4,
        Kind::Scalar => 8,
        Kind::Alias => 16,
    };
    let style = match node.style {
        flux_yaml::Style::Plain => 0,
        flux_yaml::Style::DoubleQuoted => 2,
        flux_yaml::Style::SingleQuoted => 4,
        flux_yaml::Style::Literal => 8,
        flux_yaml::Style::Folded => 16,
        flux_yaml::Style::Flow => 32,
    };
    let tag = match node.kind {
        Kind::Mapping if node.tag.is_empty() => node::MAP,
        Kind::Sequence if node.tag.is_empty() => "!!seq",
        _ => &node.tag,
    };
    let content: Vec<Value> = node.content.iter().map(node_as_json).collect();
    let content = if content.is_empty() { Value::Null } else { Value::Array(content) };
    serde_json::json!({
        "Kind": kind, "Style": style, "Tag": tag, "Value": node.value, "Anchor": "",
        "Alias": null, "Content": content, "HeadComment": "", "LineComment": "",
        "FootComment": "", "Line": position(node.line, node), "Column": position(node.column, node),
    })
}

/// Returns a position in the text; nodes that were not read from one have none.
fn position(position: u32, node: &Node) -> u32 {
    if shared::mark(node).is_some() { 0 } else { position }
}
