//! Nodes into values.

use std::collections::HashMap;

use base64::Engine as _;
use flux_gostd::number::parse_f64;
use flux_yaml::{Comments, Kind, Node, Resolver};

use crate::{Branch, Comment, Item, Key, Value};

/// Most values that one document may have when its aliases are expanded.
const MOST: usize = 1_000_000;
/// Deepest nesting when aliases are expanded.
const DEPTH: usize = 500;

/// Reads a document.
///
/// # Errors
/// It is neither a map nor empty, or aliases make it too large.
pub(super) fn document(root: &Node) -> Result<Branch, String> {
    let mut reader = Reader { targets: targets(root), left: MOST, depth: 0 };
    let mut branch = Vec::new();
    let of_document = |get: fn(&Comments) -> &str| root.comments.as_deref().map_or("", get);
    comments(of_document(|comments| &comments.document_head), false, &mut branch);
    match root.kind {
        Kind::Sequence => {
            return Err("YAML documents that are sequences are not supported".to_owned());
        }
        Kind::Scalar if !root.is_null() => {
            return Err("YAML documents that are values are not supported".to_owned());
        }
        Kind::Scalar | Kind::Mapping | Kind::Alias => {}
    }
    if root.is_scalar() {
        comments(head(root), false, &mut branch);
        comments(line(root), false, &mut branch);
    } else {
        reader.map(root, false, &mut branch)?;
    }
    comments(of_document(|comments| &comments.document_foot), false, &mut branch);
    Ok(branch)
}

/// Finds what each alias stands for.
fn targets(root: &Node) -> HashMap<*const Node, &Node> {
    fn visit<'a>(
        node: &'a Node,
        anchors: &mut HashMap<&'a str, &'a Node>,
        targets: &mut HashMap<*const Node, &'a Node>,
    ) {
        if let Some(anchor) = node.anchor.as_deref() {
            anchors.insert(anchor, node);
        }
        if node.kind == Kind::Alias
            && let Some(target) = anchors.get(node.value.as_str())
        {
            targets.insert(std::ptr::from_ref(node), target);
        }
        node.content.iter().for_each(|node| visit(node, anchors, targets));
    }
    let (mut anchors, mut targets) = (HashMap::new(), HashMap::new());
    visit(root, &mut anchors, &mut targets);
    targets
}

fn head(node: &Node) -> &str {
    node.comments.as_deref().map_or("", |comments| &comments.head)
}

fn line(node: &Node) -> &str {
    node.comments.as_deref().map_or("", |comments| &comments.line)
}

fn foot(node: &Node) -> &str {
    node.comments.as_deref().map_or("", |comments| &comments.foot)
}

/// Splits comments into lines without their mark.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n').filter(|line| !line.is_empty());
    lines.map(|line| line.get(1..).unwrap_or_default())
}

fn comments(text: &str, inline: bool, branch: &mut Branch) {
    branch.extend(lines(text).map(|line| Item::comment(line, inline)));
}

fn list_comments(text: &str, inline: bool, items: &mut Vec<Value>) {
    let comment = |line: &str| Value::Comment(Comment { text: line.to_owned(), inline });
    items.extend(lines(text).map(comment));
}

struct Reader<'a> {
    targets: HashMap<*const Node, &'a Node>,
    /// How many values may still be made.
    left: usize,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        self.left = self.left.checked_sub(1).ok_or("document contains excessive aliasing")?;
        if self.depth > DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        Ok(())
    }

    fn value(&mut self, node: &'a Node, handled: bool) -> Result<Value, String> {
        self.enter()?;
        let value = match node.kind {
            Kind::Scalar => scalar(node),
            Kind::Sequence => Value::List(self.list(node, handled)?),
            Kind::Mapping => {
                let mut branch = Vec::new();
                self.map(node, handled, &mut branch)?;
                Value::Map(branch)
            }
            Kind::Alias => match self.targets.get(&std::ptr::from_ref(node)).copied() {
                Some(target) => self.value(target, false)?,
                None => Value::Null,
            },
        };
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self, node: &'a Node, handled: bool) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        if !handled {
            list_comments(head(node), false, &mut items);
            list_comments(line(node), false, &mut items);
        }
        for item in node.items() {
            list_comments(head(item), false, &mut items);
            list_comments(line(item), true, &mut items);
            let value = self.value(item, true)?;
            items.push(value);
            list_comments(foot(item), false, &mut items);
        }
        if !handled {
            list_comments(foot(node), false, &mut items);
        }
        Ok(items)
    }

    fn map(&mut self, node: &'a Node, handled: bool, branch: &mut Branch) -> Result<(), String> {
        if !handled {
            comments(head(node), false, branch);
            comments(line(node), false, branch);
        }
        for (key, value) in node.entries() {
            comments(head(key), false, branch);
            comments(line(key), false, branch);
            let handles = matches!(value.kind, Kind::Scalar | Kind::Alias);
            if handles {
                comments(head(value), false, branch);
                comments(line(value), true, branch);
            }
            let item = Item { key: self.key(key), value: self.value(value, handles)? };
            branch.push(item);
            if handles {
                comments(foot(value), false, branch);
            }
            comments(foot(key), false, branch);
        }
        if !handled {
            comments(foot(node), false, branch);
        }
        Ok(())
    }

    fn key(&self, node: &'a Node) -> Key {
        let node = match node.kind {
            Kind::Alias => self.targets.get(&std::ptr::from_ref(node)).copied().unwrap_or(node),
            Kind::Scalar | Kind::Sequence | Kind::Mapping => node,
        };
        if !node.is_scalar() {
            return Key::Other("[]interface {}", node.value.clone());
        }
        match scalar(node) {
            Value::Text(text) => Key::Text(String::from_utf8_lossy(&text).into_owned()),
            value => {
                let name = value.type_name();
                let shown =
                    String::from_utf8_lossy(&super::super::simple_text(&value)).into_owned();
                let shown = match &value {
                    Value::Time(time) => time.to_string(),
                    Value::Null => "%!s(<nil>)".to_owned(),
                    _ => format!("%!s({name}={shown})"),
                };
                Key::Other(name, shown)
            }
        }
    }
}

/// Reads a scalar as yaml.v3 decodes it into nothing in particular.
fn scalar(node: &Node) -> Value {
    match node.short_tag() {
        "!!binary" => {
            let text: String = node.value.split_ascii_whitespace().collect();
            let bytes = base64::engine::general_purpose::STANDARD.decode(text);
            bytes.map_or(Value::Null, Value::Text)
        }
        "!!timestamp" => match node.as_time() {
            Some(time) => Value::Time(time),
            None => Value::text(node.value.as_str()),
        },
        "!!float" => match float(&node.value) {
            Some(float) => Value::Float(float),
            None => Value::Null,
        },
        "!!merge" => Value::text(node.value.as_str()),
        _ => match node.to_value(Resolver::Core) {
            Ok(serde_json::Value::Bool(bool)) => Value::Bool(bool),
            Ok(serde_json::Value::Number(number)) => match (number.as_i64(), number.as_u64()) {
                (Some(int), _) => Value::Int(int),
                (None, Some(uint)) => Value::Uint(uint),
                (None, None) => number.as_f64().map_or(Value::Null, Value::Float),
            },
            Ok(serde_json::Value::String(text)) => Value::text(text),
            _ => Value::Null,
        },
    }
}

fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    match unsigned.to_ascii_lowercase().as_str() {
        ".inf" if text.starts_with('-') => Some(f64::NEG_INFINITY),
        ".inf" => Some(f64::INFINITY),
        ".nan" => Some(f64::NAN),
        _ => parse_f64(&text.replace('_', "")),
    }
}
