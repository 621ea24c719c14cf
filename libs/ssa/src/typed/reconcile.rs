//! Field sets fitted to a schema that has changed since they were written.

use crate::path::PathElement;
use crate::schema::{Scalar, Schema, Shape, TypeRef};
use crate::set::{Branch, Set};

/// Makes what is atomic now owned as a whole. Returns nothing if the set fits already.
pub(super) fn reconcile(schema: &Schema, of: &TypeRef, set: &Set) -> Option<Set> {
    below(schema, of, set)
}

fn below(schema: &Schema, of: &TypeRef, set: &Set) -> Option<Set> {
    let view = schema.resolve(of)?;
    let mut changed = Vec::new();
    match view.shape() {
        Shape::Map(map, _) => {
            if is_deduced(schema, map.element.as_ref()) && map.fields.is_empty() {
                return None;
            }
            for (element, branch) in set.branches() {
                let inner = match element {
                    PathElement::Field(name) => map.type_of(name),
                    _ => map.element.as_ref(),
                };
                if let Some(branch) = inner.and_then(|inner| reconciled(schema, inner, branch)) {
                    changed.push((element, branch));
                }
            }
        }
        Shape::List(list) => {
            for (element, branch) in set.branches() {
                if let Some(branch) = reconciled(schema, &list.element, branch) {
                    changed.push((element, branch));
                }
            }
        }
        Shape::Scalar(_) | Shape::None => {}
    }
    if changed.is_empty() {
        return None;
    }
    let mut out = Set::EMPTY;
    let mut changed = changed.into_iter().peekable();
    for (element, branch) in set.branches() {
        match changed.next_if(|(other, _)| *other == element) {
            Some((_, branch)) => out.add(element, branch),
            None => out.add(element, branch.clone()),
        }
    }
    Some(out)
}

fn reconciled(schema: &Schema, of: &TypeRef, branch: &Branch) -> Option<Branch> {
    let is_whole = branch.member && branch.below.is_empty();
    let view = schema.resolve(of)?;
    let became_atomic = match view.shape() {
        Shape::List(list) => list.is_atomic(),
        Shape::Map(map, is_atomic) => {
            let is_open = is_deduced(schema, map.element.as_ref()) && map.fields.is_empty();
            is_atomic && !is_open && !branch.below.is_empty()
        }
        Shape::Scalar(_) | Shape::None => false,
    };
    if became_atomic && !is_whole {
        return Some(Branch::LEAF);
    }
    let below = below(schema, of, &branch.below)?;
    Some(Branch { member: branch.member, below })
}

/// Returns whether a type is one of those that stand for schemas without content.
fn is_deduced(schema: &Schema, of: Option<&TypeRef>) -> bool {
    match of {
        None => false,
        Some(TypeRef::Deduced) => true,
        Some(TypeRef::Inline(_)) => of
            .and_then(|of| schema.resolve(of))
            .is_some_and(|view| view.scalar == Some(Scalar::Untyped)),
        Some(TypeRef::Unknown | TypeRef::Untyped | TypeRef::Named { .. }) => false,
    }
}
