//! Paths of keys into one object, as replacements and variables use them.
//!
//! A part is a key, an index, `-` for the last element, `[key=value]` for an element, and in
//! targets `*` for every element.

use flux_yaml::{Kind, Node};

use crate::error::{Result, fail};
use crate::field;
use crate::node::{self, empty, field};
use crate::pattern::Pattern;

/// Splits a path at dots, except those that are escaped or in brackets.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut parts = field::split(path, '.').into_iter();
    let mut result = Vec::new();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            result.push(part);
            continue;
        }
        let mut bracketed = part;
        while !bracketed.ends_with(']') {
            let Some(next) = parts.next() else { break };
            bracketed.push('.');
            bracketed.push_str(&next);
        }
        let is_condition = bracketed.contains('=');
        let trimmed = || bracketed.trim_matches(|c| c == '[' || c == ']').to_owned();
        result.push(if is_condition { bracketed.clone() } else { trimmed() });
    }
    result
}

fn is_condition(part: &str) -> bool {
    part.starts_with('[') && part.ends_with(']')
}

/// Reads an index; every integer counts as one, so that such keys cannot be named.
fn index(part: &str) -> Option<i64> {
    part.parse().ok()
}

/// Splits `[key=value]`; the key is empty where the elements themselves are compared.
fn condition(part: &str) -> Result<(&str, &str)> {
    let inner = part.strip_suffix(']').unwrap_or(part);
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    match inner.split_once('=') {
        Some(parts) => Ok(parts),
        None => {
            fail!("list path element must contain fieldName=fieldValue for element to match")
        }
    }
}

/// Returns the kind that a missing field gets if `next` follows it on the path.
fn kind_before(next: Option<&String>, last: Kind) -> Kind {
    match next.map(|part| part.trim()) {
        None | Some("") => last,
        Some(part) if is_condition(part) => Kind::Sequence,
        Some(part) if index(part).is_some_and(|index| index >= 0) => Kind::Sequence,
        Some(_) => Kind::Mapping,
    }
}

fn elements(node: &Node) -> Result<&[Node]> {
    node::expect_kind(node, Kind::Sequence)?;
    Ok(node.items())
}

/// Finds what stands at a path.
///
/// # Errors
/// A part does not fit the node that it meets. Nothing there is no error.
pub(crate) fn lookup<'a>(root: &'a Node, path: &[String]) -> Result<Option<&'a Node>> {
    let mut node = root;
    for part in path.iter().map(|part| part.trim()).filter(|part| !part.is_empty()) {
        let next = match (index(part), part) {
            (Some(index), _) => {
                let Ok(index) = usize::try_from(index) else {
                    return fail!("array index {index} cannot be negative");
                };
                elements(node)?.get(index)
            }
            (None, "-") => match elements(node)?.last() {
                Some(last) => Some(last),
                None => return fail!("runtime error: index out of range [-1]"),
            },
            (None, "*") => return fail!("wildcard is not supported in PathGetter"),
            (None, part) if is_condition(part) => {
                let (key, value) = condition(part)?;
                elements(node)?.iter().find(|item| is_element(item, key, value))
            }
            (None, part) => field(node, part)?,
        };
        let Some(next) = next else { return Ok(None) };
        node = next;
    }
    Ok(Some(node))
}

fn is_element(item: &Node, key: &str, value: &str) -> bool {
    if key.is_empty() {
        return item.value == value;
    }
    item.kind == Kind::Mapping && item.get(key).is_some_and(|field| field.value == value)
}

/// Finds what stands at a path, creating keys and elements that are missing.
pub(crate) fn lookup_or_create<'a>(
    root: &'a mut Node,
    path: &[String],
    last: Kind,
) -> Result<Option<&'a mut Node>> {
    let mut node = root;
    for (at, part) in path.iter().enumerate() {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        let next = if let Some(index) = index(part) {
            node::expect_kind(node, Kind::Sequence)?;
            let index = usize::try_from(index).ok();
            index.and_then(|index| node.content.get_mut(index))
        } else if is_condition(part) {
            let (key, value) = condition(part)?;
            Some(element_or_create(node, key, value)?)
        } else {
            node::field_or_create(node, part, kind_before(path.get(at + 1), last))?
        };
        let Some(next) = next else { return Ok(None) };
        node = next;
    }
    Ok(Some(node))
}

fn element_or_create<'a>(node: &'a mut Node, key: &str, value: &str) -> Result<&'a mut Node> {
    node::expect_kind(node, Kind::Sequence)?;
    let found = node.content.iter().position(|item| is_element(item, key, value));
    let at = found.unwrap_or(node.content.len());
    if found.is_none() {
        node.content.push(new_element(key, value));
    }
    match node.content.get_mut(at) {
        Some(element) => Ok(element),
        None => fail!("no element for [{key}={value}]"),
    }
}

fn new_element(key: &str, value: &str) -> Node {
    if key.is_empty() {
        return Node::scalar(value);
    }
    Node::mapping([(Node::scalar(key), Node::scalar(value))])
}

/// Changes all that a path with patterns leads to.
///
/// A path that goes on inside a scalar goes on in the YAML that the scalar holds, where nothing
/// is changed: the original changes a copy.
pub(crate) struct Matcher<'s> {
    /// The kind of what is created at the end of the path; nothing is created without.
    pub(crate) create: Option<Kind>,
    /// Is called for every node that was found.
    pub(crate) visit: &'s mut dyn FnMut(&mut Node) -> Result<()>,
}

impl Matcher<'_> {
    /// Walks the path and returns how many nodes were found.
    pub(crate) fn walk(&mut self, node: &mut Node, path: &[String]) -> Result<usize> {
        let Some((part, rest)) = path.split_first() else {
            (self.visit)(node)?;
            return Ok(1);
        };
        if let Some(index) = index(part).and_then(|index| usize::try_from(index).ok()) {
            return self.walk_index(node, index, rest);
        }
        if is_condition(part) {
            return self.walk_condition(node, part, rest);
        }
        if part == "*" {
            node::expect_kind(node, Kind::Sequence)?;
            if node.kind != Kind::Sequence {
                return Ok(0);
            }
            return node.content.iter_mut().map(|item| self.walk(item, rest)).sum();
        }
        self.walk_field(node, part, rest)
    }

    fn walk_field(&mut self, node: &mut Node, part: &str, rest: &[String]) -> Result<usize> {
        let is_missing = field(node, part)?.is_none();
        match self.create {
            None if is_missing => return Ok(0),
            Some(last) if is_missing => {
                let value = empty(kind_before(rest.first(), last));
                node::set_field(node, part, Some(value))?;
            }
            _ => {}
        }
        let Some(field) = node.get_mut(part) else { return Ok(0) };
        if field.kind == Kind::Scalar && !rest.is_empty() {
            let mut inner = parse_text(&field.value)?;
            return self.walk(&mut inner, rest);
        }
        self.walk(field, rest)
    }

    fn walk_index(&mut self, node: &mut Node, index: usize, rest: &[String]) -> Result<usize> {
        let len = elements(node)?.len();
        if let (Some(last), true) = (self.create, len == index) {
            if node.kind != Kind::Sequence {
                return fail!("index {index} specified but only 0 elements found");
            }
            node.content.push(empty(kind_before(rest.first(), last)));
        }
        match node.content.get_mut(index) {
            Some(element) if node.kind == Kind::Sequence => self.walk(element, rest),
            _ => fail!("index {index} specified but only {len} elements found"),
        }
    }

    fn walk_condition(&mut self, node: &mut Node, part: &str, rest: &[String]) -> Result<usize> {
        let (key, value) = condition(part)?;
        let pattern = Pattern::new(value)?;
        node::expect_kind(node, Kind::Sequence)?;
        let found = self.walk_matching(node, key, &pattern, rest)?;
        if found > 0 || self.create.is_none() || node.kind != Kind::Sequence {
            return Ok(found);
        }
        node.content.push(new_element(key, value));
        let found = self.walk_matching(node, key, &pattern, rest)?;
        if found == 0 {
            // The original tries for ever, since what it creates does not match its own pattern.
            return fail!("failed to create element for {part:?}");
        }
        Ok(found)
    }

    fn walk_matching(
        &mut self,
        node: &mut Node,
        key: &str,
        pattern: &Pattern,
        rest: &[String],
    ) -> Result<usize> {
        let mut found = 0;
        for item in &mut node.content {
            if key.is_empty() {
                if pattern.is_match(node::printed(item).trim()) {
                    (self.visit)(item)?;
                    found += 1;
                }
                continue;
            }
            let is_match = match item.get(key) {
                Some(value) => pattern.is_match(node::printed(value).trim()),
                None => false,
            };
            if is_match {
                found += self.walk(item, rest)?;
            }
        }
        Ok(found)
    }
}

/// Reads the YAML that a scalar holds.
pub(crate) fn parse_text(text: &str) -> Result<Node> {
    let mut documents = flux_yaml::Documents::new(text.as_bytes());
    Ok(documents.next().transpose()?.unwrap_or_default())
}
