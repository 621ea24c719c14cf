//! What kustomize does to single YAML nodes.
//!
//! # Upstream
//! A scalar's type is its tag; without one it follows from text and style. These functions keep
//! both the way kyaml does, since that decides whether `5` is written as a number or as a text.

use flux_yaml::{Emit, Kind, Node, Resolver, Style};
use serde_json::Value;

use crate::error::{Result, fail};

pub(crate) const NULL: &str = "!!null";
pub(crate) const STRING: &str = "!!str";
pub(crate) const INTEGER: &str = "!!int";
pub(crate) const BOOL: &str = "!!bool";
pub(crate) const FLOAT: &str = "!!float";
pub(crate) const MAP: &str = "!!map";
pub(crate) const NO_TAG: &str = "";

/// What is created where a path leads nowhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Creation {
    pub(crate) kind: Kind,
    /// The tag that an existing null gets.
    pub(crate) tag: &'static str,
}

pub(crate) fn is_null(node: &Node) -> bool {
    node.tag == NULL
}

/// Reports whether there is nothing in it: a null or an empty collection.
pub(crate) fn is_empty(node: &Node) -> bool {
    is_null(node) || (node.kind != Kind::Scalar && node.content.is_empty())
}

pub(crate) fn is_string(node: &Node) -> bool {
    node.kind == Kind::Scalar && (node.tag == STRING || node.tag.is_empty())
}

/// Makes an empty node of a kind.
pub(crate) fn empty(kind: Kind) -> Node {
    Node { kind, ..Node::default() }
}

/// Makes a scalar with a tag.
pub(crate) fn scalar(value: &str, tag: &str) -> Node {
    Node { tag: tag.to_owned(), ..Node::scalar(value) }
}

/// Makes a text that stays on several lines if it has them.
pub(crate) fn text(value: &str) -> Node {
    let style = if value.contains('\n') { Style::Literal } else { Style::Plain };
    Node { style, ..Node::string(value) }
}

/// The text of a scalar, which for kyaml is empty for everything that is null.
pub(crate) fn value_of(node: &Node) -> &str {
    if is_null(node) { "" } else { &node.value }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Scalar => "ScalarNode",
        Kind::Sequence => "SequenceNode",
        Kind::Mapping => "MappingNode",
        Kind::Alias => "AliasNode",
    }
}

/// Refuses a node of another kind; null is fine.
pub(crate) fn expect_kind(node: &Node, kind: Kind) -> Result<()> {
    if is_null(node) || node.kind == kind {
        return Ok(());
    }
    let (want, got) = (kind_name(kind), kind_name(node.kind));
    fail!("wrong node kind: expected {want} but got {got}: node contents:\n{}", printed(node))
}

/// Prints a node as kyaml does.
pub(crate) fn printed(node: &Node) -> String {
    flux_yaml::emit(node, Emit::Compact)
}

/// Returns the value at a key of a mapping; nothing for a null.
pub(crate) fn field<'a>(node: &'a Node, name: &str) -> Result<Option<&'a Node>> {
    if is_null(node) {
        return Ok(None);
    }
    expect_kind(node, Kind::Mapping)?;
    Ok(node.get(name))
}

/// Reports whether YAML 1.1 reads an unquoted text as something other than a text.
fn needs_quotes(value: &str) -> bool {
    if value.is_empty() || value.contains('\n') {
        return false;
    }
    // Most values are words, which are none of the few that mean something.
    let is_word = value.len() > 5 && value.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if is_word && value.starts_with(|c: char| c.is_ascii_lowercase()) {
        return false;
    }
    !matches!(Node::scalar(value).to_value(Resolver::Yaml11), Ok(Value::String(_)))
}

fn quoted_where_needed(mut value: Node) -> Node {
    if is_string(&value) && value.style == Style::Plain && needs_quotes(&value.value) {
        value.style = Style::DoubleQuoted;
    }
    value
}

/// Gives a node the style of the one whose place it takes: a scalar that is printed in quotes is
/// read back as a text.
pub(crate) fn keep_style(value: &mut Node, style: Style) {
    value.style = style;
    if value.kind == Kind::Scalar && style != Style::Plain {
        STRING.clone_into(&mut value.tag);
    }
}

/// Puts a scalar in the place of another, which keeps its style.
pub(crate) fn set_scalar(node: &mut Node, value: Node) -> Result<()> {
    expect_kind(node, Kind::Scalar)?;
    if is_null(&value) {
        return Ok(());
    }
    let mut value = quoted_where_needed(value);
    keep_style(&mut value, node.style);
    *node = value;
    Ok(())
}

/// Sets the value at a key; a null removes it. An existing value's style is kept.
pub(crate) fn set_field(node: &mut Node, name: &str, value: Option<Node>) -> Result<()> {
    expect_kind(node, Kind::Mapping)?;
    let Some(value) = value.filter(|value| !is_null(value)) else {
        node.remove(name);
        return Ok(());
    };
    let mut value = quoted_where_needed(value);
    if let Some(old) = node.get_mut(name) {
        keep_style(&mut value, old.style);
        crate::shared::keep(&mut value, old);
        *old = value;
    } else {
        node.content.extend([Node::scalar(name), value]);
    }
    Ok(())
}

/// Sets a key of a mapping to a scalar, or a scalar itself where there is no key.
pub(crate) fn set_entry(node: &mut Node, key: &str, value: Node) -> Result<()> {
    if key.is_empty() { set_scalar(node, value) } else { set_field(node, key, Some(value)) }
}

/// Returns the value at a key, creating it where it is missing.
pub(crate) fn field_or_create<'a>(
    node: &'a mut Node,
    name: &str,
    kind: Kind,
) -> Result<Option<&'a mut Node>> {
    if is_null(node) {
        return Ok(None);
    }
    expect_kind(node, Kind::Mapping)?;
    if node.get(name).is_none() {
        node.content.extend([Node::scalar(name), empty(kind)]);
    }
    Ok(node.get_mut(name))
}

/// Turns a tree into the value that its printed text is read back as.
///
/// # Upstream
/// The original prints and reads. That changes folded text with indented lines, which go-yaml
/// prints with more empty lines than it has, and it fails for text of several lines that begins
/// with a tab; everything else comes back as it was.
pub(crate) fn to_value(node: &Node) -> Result<Value> {
    if changes_in_print(node) {
        return printed_value(node);
    }
    // Errors name lines of the printed text.
    node.to_value(Resolver::Core).or_else(|_| printed_value(node))
}

/// Turns a value into the tree that its printed text is read back as, with the styles of that.
pub(crate) fn from_value(value: &Value) -> Result<Node> {
    let mut node = Node::from_value(value);
    style_texts(&mut node);
    let text = printed(&node);
    let read = flux_yaml::Documents::new(text.as_bytes()).next().transpose()?;
    Ok(read.unwrap_or_else(Node::null))
}

fn style_texts(node: &mut Node) {
    if node.kind == Kind::Scalar && node.tag == STRING {
        *node = quoted_where_needed(std::mem::take(node));
    }
    node.content.iter_mut().for_each(style_texts);
}

fn changes_in_print(node: &Node) -> bool {
    let is_risky = node.style == Style::Folded || node.value.starts_with('\t');
    (is_risky && node.value.contains('\n')) || node.content.iter().any(changes_in_print)
}

fn printed_value(node: &Node) -> Result<Value> {
    let text = printed(node);
    match flux_yaml::Documents::new(text.as_bytes()).next().transpose()? {
        Some(read) => Ok(read.to_value(Resolver::Core)?),
        None => Ok(Value::Null),
    }
}
