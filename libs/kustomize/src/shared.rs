//! Fields of an object that have one value between them.
//!
//! # Upstream
//! A transformer that creates a label at several places of an object puts the very same node
//! there. Whoever changes the label at one of them later, be it another layer's transformer or a
//! patch, changes it at all of them. Here such nodes bear a mark in place of a position, which
//! nodes that were not read from a text do not have.

use std::collections::BTreeMap;

use flux_yaml::Node;

use crate::resource::Resource;

/// The line of marked nodes, on which no text has one.
const LINE: u32 = u32::MAX;

/// The values of marked nodes.
pub(crate) type Values = BTreeMap<u32, String>;

/// Returns the mark of a node.
pub(crate) fn mark(node: &Node) -> Option<u32> {
    (node.line == LINE).then_some(node.column)
}

/// Marks a scalar.
pub(crate) fn put(node: &mut Node, mark: Option<u32>) {
    if let Some(mark) = mark.filter(|_| node.is_scalar()) {
        (node.line, node.column) = (LINE, mark);
    }
}

/// Gives a node that takes another one's place its mark, or none.
pub(crate) fn keep(node: &mut Node, old: &Node) {
    if node.line == LINE || old.line == LINE {
        (node.line, node.column) = (0, 0);
        put(node, mark(old));
    }
}

/// Notes the values of marked nodes before something changes the object.
pub(crate) fn values(resource: &Resource) -> Values {
    let mut values = Values::new();
    if resource.shared > 0 {
        note(&resource.node, &mut |mark, value| {
            values.insert(mark, value.to_owned());
        });
    }
    values
}

fn note(node: &Node, seen: &mut dyn FnMut(u32, &str)) {
    if let Some(mark) = mark(node) {
        seen(mark, &node.value);
    }
    node.content.iter().for_each(|node| note(node, seen));
}

/// Gives every marked node the value that one of its group has got.
pub(crate) fn spread(resource: &mut Resource, before: &Values) {
    if before.is_empty() {
        return;
    }
    let mut changed = Values::new();
    note(&resource.node, &mut |mark, value| {
        if before.get(&mark).is_some_and(|old| old != value) {
            changed.insert(mark, value.to_owned());
        }
    });
    if !changed.is_empty() {
        set(&mut resource.node, &changed);
    }
}

fn set(node: &mut Node, values: &Values) {
    if let Some(value) = mark(node).and_then(|mark| values.get(&mark)) {
        node.value.clone_from(value);
    }
    node.content.iter_mut().for_each(|node| set(node, values));
}
