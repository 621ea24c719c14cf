//! Texts into resources.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use flux_yaml::{Documents, Kind, Node};
use serde_json::Value;

use crate::error::{BuildError, Result, fail};
use crate::gotext;
use crate::node::{self, is_empty, is_null};
use crate::resource::Resource;
use crate::scope::Scopes;

/// The most nodes that the aliases of one document may expand to.
const MAX_NODES: usize = 2_000_000;

/// Reads the resources of a text, lists taken apart.
///
/// # Errors
/// The text is no YAML, or a document is no Kubernetes object.
pub(crate) fn resources(text: &[u8], scopes: &Scopes) -> Result<Vec<Resource>> {
    let nodes = validated(documents(text)?)?;
    let nodes = expand_lists(nodes)?;
    nodes.into_iter().map(|node| Resource::new(node, scopes)).collect()
}

/// Reads the documents of a text, without anchors, a lone list's items in its place.
pub(crate) fn documents(text: &[u8]) -> Result<Vec<Node>> {
    let text = String::from_utf8_lossy(text);
    let text = if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { text };
    let chunks = split(&text)?;
    let is_alone = chunks.len() == 1;
    let mut nodes = Vec::new();
    for chunk in chunks {
        let Some(mut node) = document(chunk)? else { continue };
        let kind = node.get("kind").map_or("", |kind| kind.value.as_str());
        let is_list = matches!(kind, "List" | "ResourceList");
        let has_content = ["items", "functionConfig"].iter().any(|key| node.get(key).is_some());
        if is_alone && is_list && has_content {
            let items = node.remove("items").unwrap_or_default();
            nodes.extend(items.content);
        } else {
            nodes.push(node);
        }
    }
    Ok(nodes)
}

/// Splits a text at the lines that begin with three dashes.
fn split(text: &str) -> Result<Vec<&str>> {
    let mut chunks = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(found) = text.get(from..).and_then(|rest| rest.find("\n---")) {
        let at = from + found;
        let Some(line) = text.get(at + 1..) else { break };
        let Some(len) = line.find('\n') else { break };
        let behind = line.get(3..len).unwrap_or_default().trim();
        if !behind.is_empty() && !behind.starts_with('#') {
            let separator = line.get(..len).unwrap_or_default().trim();
            return fail!("invalid document separator: {separator}");
        }
        // The newline before the dashes still belongs to the document.
        chunks.push(text.get(start..=at).unwrap_or_default());
        start = at + 1 + len + 1;
        from = start;
    }
    if !text.is_empty() {
        chunks.push(text.get(start..).unwrap_or_default());
    }
    Ok(chunks)
}

/// Reads the first document of a text; nothing if it is empty.
fn document(text: &str) -> Result<Option<Node>> {
    let read = Documents::new(text.as_bytes()).next().transpose();
    let malformed = |error| BuildError::from(error).context("MalformedYAMLError");
    let Some(mut node) = read.map_err(malformed)? else { return Ok(None) };
    prepare(&mut node, text)?;
    Ok(Some(node).filter(|node| !is_null(node)))
}

/// Gives every scalar its tag and replaces aliases and merge keys by what they stand for.
pub(crate) fn prepare(node: &mut Node, text: &str) -> Result<()> {
    fill_tags(node);
    if text.contains(['&', '*']) || text.contains("<<") {
        let mut anchors = Anchors { nodes: HashMap::new(), budget: MAX_NODES };
        anchors.expand(node)?;
    }
    Ok(())
}

fn fill_tags(node: &mut Node) {
    if node.kind == Kind::Scalar && node.tag.is_empty() {
        node.tag = node.short_tag().to_owned();
    }
    node.content.iter_mut().for_each(fill_tags);
}

struct Anchors {
    nodes: HashMap<Box<str>, Node>,
    budget: usize,
}

impl Anchors {
    fn expand(&mut self, node: &mut Node) -> Result<()> {
        let anchor = node.anchor.take();
        match node.kind {
            Kind::Scalar => {}
            Kind::Alias => {
                let comments = node.comments.take();
                *node = self.target(&node.value)?;
                node.comments = comments.or(node.comments.take());
            }
            Kind::Sequence => node.content.iter_mut().try_for_each(|item| self.expand(item))?,
            Kind::Mapping => {
                self.merge(node)?;
                node.content.iter_mut().try_for_each(|item| self.expand(item))?;
            }
        }
        if let Some(anchor) = anchor {
            self.spend(node)?;
            self.nodes.insert(anchor, node.clone());
        }
        Ok(())
    }

    fn target(&mut self, name: &str) -> Result<Node> {
        let Some(node) = self.nodes.get(name) else {
            return fail!("MalformedYAMLError: yaml: unknown anchor '{name}' referenced");
        };
        let node = node.clone();
        self.spend(&node)?;
        Ok(node)
    }

    fn spend(&mut self, node: &Node) -> Result<()> {
        let size = size(node);
        match self.budget.checked_sub(size) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => fail!("yaml: document contains excessive aliasing"),
        }
    }

    /// Replaces the merge key of a mapping by the entries that it brings.
    fn merge(&mut self, node: &mut Node) -> Result<()> {
        let is_merge = |key: &Node| key.tag == "!!merge";
        let merged = node.entries().filter(|(key, _)| is_merge(key)).count();
        if merged == 0 {
            return Ok(());
        }
        if merged > 1 {
            return fail!("duplicate merge key");
        }
        let Some(value) = node.remove("<<") else { return Ok(()) };
        for source in self.merge_sources(&value)? {
            for (key, value) in source.entries() {
                if node.get(&key.value).is_none() {
                    node.content.extend([key.clone(), value.clone()]);
                }
            }
        }
        Ok(())
    }

    /// Returns the mappings that a merge key names, the one that wins first.
    fn merge_sources(&mut self, value: &Node) -> Result<Vec<Node>> {
        match value.kind {
            Kind::Mapping => {
                let mut value = value.clone();
                self.expand(&mut value)?;
                Ok(vec![value])
            }
            Kind::Alias => {
                let target = self.target(&value.value)?;
                if target.kind != Kind::Mapping {
                    return fail!("invalid map merge: received alias for a non-map value");
                }
                Ok(vec![target])
            }
            Kind::Sequence => {
                let mut sources = Vec::new();
                for item in &value.content {
                    if item.kind == Kind::Sequence {
                        return fail!("invalid map merge: received a nested sequence");
                    }
                    sources.extend(self.merge_sources(item)?);
                }
                Ok(sources)
            }
            Kind::Scalar => fail!("map merge requires map or sequence of maps as the value"),
        }
    }
}

fn size(node: &Node) -> usize {
    1 + node.content.iter().map(size).sum::<usize>()
}

/// Drops empty documents and refuses those that are no Kubernetes objects.
fn validated(nodes: Vec<Node>) -> Result<Vec<Node>> {
    let mut valid = Vec::with_capacity(nodes.len());
    for node in nodes {
        if !is_empty(&node) {
            validate(&node)?;
            valid.push(node);
        }
    }
    Ok(valid)
}

/// Refuses a document without kind or name.
pub(crate) fn validate(node: &Node) -> Result<()> {
    let present = |node: &'_ Node, key: &str| node.get(key).is_some_and(|value| !is_empty(value));
    let text = |key| node.get(key).filter(|value| !is_empty(value)).map_or("", node::value_of);
    let meta = node.get("metadata").filter(|meta| !is_empty(meta));
    let has_meta = meta.is_some_and(|meta| {
        ["name", "namespace", "labels", "annotations"].iter().any(|key| present(meta, key))
    });
    if !has_meta && !present(node, "apiVersion") && !present(node, "kind") {
        return fail!("missing Resource metadata");
    }
    let kind = text("kind");
    if kind.is_empty() {
        return fail!("missing kind in object {}", described(node));
    }
    let name = meta.and_then(|meta| meta.get("name")).filter(|name| !is_empty(name));
    if kind.ends_with("List") || name.is_some_and(|name| !name.value.is_empty()) {
        return Ok(());
    }
    fail!("missing metadata.name in object {}", described(node))
}

/// Prints what names an object as Go's `%v` does.
fn described(node: &Node) -> String {
    let text = |node: Option<&Node>| {
        node.filter(|value| !is_empty(value)).map_or("", node::value_of).to_owned()
    };
    let meta = node.get("metadata").filter(|meta| !is_empty(meta));
    let meta_text = |key| text(meta.and_then(|meta| meta.get(key)));
    let map = |key| {
        let map = meta.and_then(|meta| meta.get(key));
        let entries = map.into_iter().flat_map(Node::entries);
        let entries: BTreeMap<&str, &str> =
            entries.map(|(key, value)| (key.value.as_str(), node::value_of(value))).collect();
        let entries: Vec<String> = entries.iter().map(|(k, v)| format!("{k}:{v}")).collect();
        format!("map{}", gotext::list(&entries))
    };
    format!(
        "{{{{{} {}}} {{{{{} {}}} {} {}}}}}",
        text(node.get("apiVersion")),
        text(node.get("kind")),
        meta_text("name"),
        meta_text("namespace"),
        map("labels"),
        map("annotations"),
    )
    .replacen("{{{{", "{{", 1)
    .replacen("{{{", "{{", 1)
}

/// Replaces each object whose kind ends in `List` and that has items by them, at the end.
fn expand_lists(nodes: Vec<Node>) -> Result<Vec<Node>> {
    let mut queue = std::collections::VecDeque::from(nodes);
    let mut result = Vec::with_capacity(queue.len());
    while let Some(node) = queue.pop_front() {
        let kind = node.get("kind").map_or("", |kind| kind.value.as_str());
        if !kind.ends_with("List") || node.get("items").is_none() {
            result.push(node);
            continue;
        }
        let trouble =
            |error: BuildError| error.context(format!("trouble expanding list of {kind}"));
        let mut value = node::to_value(&node).map_err(trouble)?;
        match value.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => {
                let items = items.iter().map(|item| {
                    let mut node = node::from_value(item)?;
                    fill_tags(&mut node);
                    Ok(node)
                });
                let items: Result<Vec<Node>> = items.collect();
                queue.extend(validated(items.map_err(trouble)?)?);
            }
            Some(Value::Null) | None => {}
            Some(other) => {
                let found = go_type(&other);
                return fail!("expected array in {kind}/items, but found {found}");
            }
        }
    }
    Ok(result)
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
