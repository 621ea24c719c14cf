//! Values into nodes.

use base64::Engine as _;
use flux_yaml::{Comments, Node, Style};

use crate::tree::time_text;
use crate::{Branch, Comment, Key, Value};

/// Makes the node of a document.
pub(super) fn document(branch: &Branch) -> Node {
    map(branch)
}

/// Comments that wait for the value that they belong to.
#[derive(Default)]
struct Waiting {
    head: Vec<String>,
    inline: Vec<String>,
}

impl Waiting {
    fn add(&mut self, comment: &Comment) {
        let list = if comment.inline { &mut self.inline } else { &mut self.head };
        list.push(format!("#{}", comment.text));
    }
}

/// Puts comments above a node.
fn put_head(node: &mut Node, lines: &mut Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let text = std::mem::take(lines).join("\n");
    let head = &mut node.comments.get_or_insert_with(Box::<Comments>::default).head;
    *head = if head.is_empty() { text } else { format!("{text}\n{head}") };
}

/// Puts comments on the line of a node.
fn put_line(node: &mut Node, lines: &mut Vec<String>) {
    if lines.is_empty() {
        return;
    }
    let text = std::mem::take(lines).join("\n");
    node.comments.get_or_insert_with(Box::<Comments>::default).line = text;
}

/// Puts what is left below the last node, or above a collection that has none.
fn put_rest(node: &mut Node, last: usize, waiting: Waiting) {
    let mut lines = [waiting.head, waiting.inline].concat();
    if lines.is_empty() {
        return;
    }
    let index = node.content.len().checked_sub(last);
    match index.and_then(|index| node.content.get_mut(index)) {
        Some(last) => {
            let comments = last.comments.get_or_insert_with(Box::<Comments>::default);
            comments.foot = lines.join("\n");
        }
        None => put_head(node, &mut lines),
    }
}

fn map(branch: &Branch) -> Node {
    let mut node = Node::mapping([]);
    let mut waiting = Waiting::default();
    for item in branch {
        let name = match &item.key {
            Key::Comment(comment) => {
                waiting.add(comment);
                continue;
            }
            Key::Text(name) => name,
            Key::Other(_, shown) => shown,
        };
        if node.content.is_empty() {
            put_head(&mut node, &mut waiting.head);
        }
        let mut key = text(name);
        put_head(&mut key, &mut waiting.head);
        let mut value = value(&item.value);
        put_line(&mut value, &mut waiting.inline);
        node.content.extend([key, value]);
    }
    put_rest(&mut node, 2, waiting);
    node
}

fn list(items: &[Value]) -> Node {
    let mut node = Node::sequence([]);
    let mut waiting = Waiting::default();
    for item in items {
        if let Value::Comment(comment) = item {
            waiting.add(comment);
            continue;
        }
        if node.content.is_empty() {
            put_head(&mut node, &mut waiting.head);
        }
        let mut item = value(item);
        put_head(&mut item, &mut waiting.head);
        put_line(&mut item, &mut waiting.inline);
        node.content.push(item);
    }
    put_rest(&mut node, 1, waiting);
    node
}

fn text(text: &str) -> Node {
    Node::from_value(&serde_json::Value::String(text.to_owned()))
}

fn value(value: &Value) -> Node {
    match value {
        Value::Null => Node::null(),
        Value::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(valid) => text(valid),
            Err(_) => binary(bytes),
        },
        Value::Bytes(bytes) => {
            Node::sequence(bytes.iter().map(|byte| Node::scalar(byte.to_string())))
        }
        Value::Int(int) => Node::scalar(int.to_string()),
        Value::Uint(uint) => Node::scalar(uint.to_string()),
        Value::Float(float) => Node::scalar(float_text(*float)),
        Value::Bool(bool) => Node::scalar(bool.to_string()),
        Value::Time(time) => Node::scalar(time_text(time)),
        Value::Comment(Comment { text: comment, inline }) => Node::mapping([
            (text("value"), text(comment)),
            (text("inline"), Node::scalar(inline.to_string())),
        ]),
        Value::List(items) => list(items),
        Value::Map(branch) => map(branch),
    }
}

fn float_text(float: f64) -> String {
    match float {
        f if f.is_nan() => ".nan".to_owned(),
        f if f == f64::INFINITY => ".inf".to_owned(),
        f if f == f64::NEG_INFINITY => "-.inf".to_owned(),
        f => flux_gostd::number::format_f64(f, flux_gostd::number::Layout::General),
    }
}

/// Makes the node of text that is not UTF-8: base64 in lines of 70 characters.
fn binary(bytes: &[u8]) -> Node {
    const LINE: usize = 70;
    let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(LINE).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let (value, style) = if encoded.len() < LINE {
        (encoded, Style::Plain)
    } else {
        (lines.join("\n") + "\n", Style::Literal)
    };
    Node { tag: "!!binary".to_owned(), tagged: true, style, ..Node::scalar(value) }
}
