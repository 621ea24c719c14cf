//! Events into trees.

use std::collections::HashSet;

use crate::parser::{Event, Parser, What};
use crate::scanner::{Dialect, Fault, Scanner};
use crate::{Comments, Error, Kind, Limits, Node, Style};

/// Builds the trees of a text one after the other.
#[derive(Debug)]
pub(crate) struct Composer<'a> {
    parser: Parser<'a>,
    depth: usize,
    nodes: usize,
}

impl<'a> Composer<'a> {
    pub(crate) fn new(
        text: &'a str,
        trouble: Option<&'static str>,
        dialect: Dialect,
        limits: &Limits,
    ) -> Self {
        let scanner = Scanner::new(text, trouble, dialect, limits.depth);
        Self { parser: Parser::new(scanner), depth: limits.depth, nodes: limits.nodes }
    }

    /// Reads the next document.
    pub(crate) fn document(&mut self) -> Result<Option<Node>, Error> {
        let start = self.event()?;
        if matches!(start.what, What::StreamEnd) {
            return Ok(None);
        }
        let document_head = start.comments.map(|comments| comments.head).unwrap_or_default();
        let mut root = self.tree()?;
        let end = self.event()?;
        let document_foot = end.comments.map(|comments| comments.foot).unwrap_or_default();
        if !document_head.is_empty() || !document_foot.is_empty() {
            let comments = root.comments.get_or_insert_default();
            comments.document_head = document_head;
            comments.document_foot = document_foot;
        }
        Ok(Some(root))
    }

    fn event(&mut self) -> Result<Event<'a>, Error> {
        self.parser.next().map_err(|fault| self.word(*fault))
    }

    fn word(&self, fault: Fault) -> Error {
        fault.into_error(self.parser.scanner().dialect())
    }

    fn tree(&mut self) -> Result<Node, Error> {
        let mut anchors = HashSet::new();
        let mut open: Vec<Open> = Vec::new();
        // The finished children of the open collections, outermost first.
        let mut done: Vec<Node> = Vec::new();
        let mut left = self.nodes;
        loop {
            let event = self.event()?;
            let is_end = matches!(event.what, What::SequenceEnd | What::MappingEnd);
            if !is_end {
                let problem = || format!("exceeded max node count of {}", self.nodes);
                left = left.checked_sub(1).ok_or_else(|| Error::problem(problem()))?;
            }
            let node = match event.what {
                What::SequenceStart(_) | What::MappingStart(_) => {
                    if open.len() >= self.depth {
                        let problem = format!("exceeded max depth of {}", self.depth);
                        return Err(Error::problem(problem));
                    }
                    open.push(Open { node: begin(event, &mut anchors), first: done.len() });
                    continue;
                }
                What::SequenceEnd | What::MappingEnd => match open.pop() {
                    Some(Open { mut node, first }) => {
                        node.content = done.drain(first.min(done.len())..).collect();
                        finish(&mut node, event.comments);
                        node
                    }
                    None => Node::default(),
                },
                What::Alias(name) if !anchors.contains(name) => {
                    return Err(Error::problem(format!("unknown anchor '{name}' referenced")));
                }
                _ => begin(event, &mut anchors),
            };
            match open.last() {
                Some(parent) => add(parent, &mut done, node),
                None => return Ok(node),
            }
        }
    }
}

/// A collection whose end has not been read.
struct Open {
    node: Node,
    /// Where its children begin.
    first: usize,
}

fn begin<'a>(event: Event<'a>, anchors: &mut HashSet<&'a str>) -> Node {
    let mut node = Node {
        line: event.start.line + 1,
        column: event.start.column + 1,
        comments: event.comments,
        ..Node::default()
    };
    match event.what {
        What::Alias(name) => {
            node.kind = Kind::Alias;
            node.value = name.to_owned();
        }
        What::Scalar(value, style) => {
            node.style = style;
            node.value = value.into_owned();
        }
        What::SequenceStart(style) => {
            node.kind = Kind::Sequence;
            node.style = style;
        }
        What::MappingStart(style) => {
            node.kind = Kind::Mapping;
            node.style = style;
        }
        _ => {}
    }
    if let Some(tag) = event.tag {
        node.tagged = &*tag != "!";
        node.tag = short_tag(&tag);
    }
    if let Some(name) = event.anchor {
        anchors.insert(name);
        node.anchor = Some(name.into());
    }
    node
}

/// Returns `tag` with `!!` for the prefix of YAML's own tags.
fn short_tag(tag: &str) -> String {
    match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(name) => format!("!!{name}"),
        None => tag.to_owned(),
    }
}

/// Completes a collection with the comments at its end.
fn finish(node: &mut Node, end: Option<Box<Comments>>) {
    if node.comments.is_none() && end.is_none() {
        return;
    }
    let end = end.map(|comments| *comments).unwrap_or_default();
    let comments = node.comments.get_or_insert_default();
    comments.line = end.line;
    comments.foot = end.foot;
    let length = node.content.len();
    if node.kind == Kind::Mapping && node.style != Style::Flow && length > 1 {
        let foot = take_foot(node);
        if !foot.is_empty() {
            set_foot(node.content.get_mut(length - 2), foot);
        }
    }
    drop_empty(node);
}

/// Puts a child into its collection.
///
/// A foot comment belongs to the key of an entry, and one that was found behind a key in block
/// style to the entry before.
fn add(parent: &Open, done: &mut Vec<Node>, mut child: Node) {
    if parent.node.kind == Kind::Mapping && has_foot(&child) {
        let index = done.len() - parent.first;
        let is_key = index.is_multiple_of(2);
        let previous = if is_key { index.checked_sub(2) } else { index.checked_sub(1) };
        let previous = previous.and_then(|index| done.get_mut(parent.first + index));
        match previous {
            Some(key) if is_key && parent.node.style != Style::Flow => {
                set_foot(Some(key), take_foot(&mut child));
            }
            Some(key) if !is_key && !has_foot(key) => set_foot(Some(key), take_foot(&mut child)),
            _ => {}
        }
    }
    done.push(child);
}

fn has_foot(node: &Node) -> bool {
    node.comments.as_ref().is_some_and(|comments| !comments.foot.is_empty())
}

fn take_foot(node: &mut Node) -> String {
    let foot = node.comments.as_mut().map(|comments| std::mem::take(&mut comments.foot));
    drop_empty(node);
    foot.unwrap_or_default()
}

fn set_foot(node: Option<&mut Node>, foot: String) {
    if let Some(node) = node {
        node.comments.get_or_insert_default().foot = foot;
    }
}

fn drop_empty(node: &mut Node) {
    if node.comments.as_deref().is_some_and(|comments| *comments == Comments::default()) {
        node.comments = None;
    }
}
