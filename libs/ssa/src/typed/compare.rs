//! What differs between two values of one type.

use serde_json::{Map as JsonMap, Value};

use super::item::element_of;
use super::validate::scalar_error;
use crate::path::{Name, PathElement};
use crate::schema::{List, Map, Schema, Shape, TypeRef, View};
use crate::set::{Branch, Set};
use crate::value::equals;

/// What one value has in comparison with an older one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Fields that only the new value has.
    pub added: Set,
    /// Fields that both have, with different values.
    pub modified: Set,
    /// Fields that only the old value has.
    pub removed: Set,
}

impl Comparison {
    /// Returns whether nothing differs.
    pub fn is_same(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    /// Leaves out `fields` and everything below them.
    pub(crate) fn exclude(&mut self, fields: &Set) {
        for set in [&mut self.added, &mut self.modified, &mut self.removed] {
            if !set.is_empty() {
                *set = set.recursive_difference(fields);
            }
        }
    }
}

/// Compares two values of the type `of`.
pub(super) fn compare(schema: &Schema, of: &TypeRef, old: &Value, new: &Value) -> Comparison {
    let difference = Walk { schema }.difference(of, Some(old), Some(new));
    Comparison {
        added: difference.added.below,
        modified: difference.modified.below,
        removed: difference.removed.below,
    }
}

/// What differs at one path and below it.
#[derive(Default)]
struct Difference {
    added: Branch,
    modified: Branch,
    removed: Branch,
}

impl Difference {
    /// Makes the difference of two values that are taken as a whole.
    fn of_leaf(old: Option<&Value>, new: Option<&Value>) -> Self {
        match (old, new) {
            (None, _) => Self { added: Branch::LEAF, ..Self::default() },
            (_, None) => Self { removed: Branch::LEAF, ..Self::default() },
            (Some(old), Some(new)) if equals(old, new) => Self::default(),
            _ => Self { modified: Branch::LEAF, ..Self::default() },
        }
    }

    fn join(&mut self, other: Self) {
        for (branch, more) in [
            (&mut self.added, other.added),
            (&mut self.modified, other.modified),
            (&mut self.removed, other.removed),
        ] {
            branch.member |= more.member;
            if branch.below.is_empty() {
                branch.below = more.below;
            } else if !more.below.is_empty() {
                branch.below = branch.below.union(&more.below);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    fn put_below(self, parent: &mut Self, element: &PathElement) {
        parent.added.below.add(element, self.added);
        parent.modified.below.add(element, self.modified);
        parent.removed.below.add(element, self.removed);
    }
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    schema: &'a Schema,
}

impl Walk<'_> {
    /// Compares two values, of which at least one is there.
    fn difference(self, of: &TypeRef, old: Option<&Value>, new: Option<&Value>) -> Difference {
        let Some(view) = self.schema.resolve(of) else {
            return Difference::default();
        };
        let (left, right) = (view.narrowed(old), view.narrowed(new));
        if new.is_none() {
            return self.shaped(left, old, new);
        }
        if old.is_none() || left.same_shapes(&right) {
            return self.shaped(right, old, new);
        }
        let mut difference = self.shaped(left, old, new);
        difference.join(self.shaped(right, old, new));
        difference
    }

    /// Compares two values as the given shape. Values of another shape count as missing inside.
    fn shaped(self, view: View<'_>, old: Option<&Value>, new: Option<&Value>) -> Difference {
        let (mut difference, is_leaf) = match view.shape() {
            Shape::Map(map, is_atomic) => {
                let (l, r) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
                let is_hollow =
                    |fields: Option<&JsonMap<_, _>>| fields.is_none_or(JsonMap::is_empty);
                if is_atomic || (is_hollow(l) && is_hollow(r)) {
                    (Difference::of_leaf(old, new), true)
                } else {
                    (self.maps(map, l, r), false)
                }
            }
            Shape::List(list) => {
                let items = |value: Option<&'_ Value>| {
                    value.and_then(Value::as_array).is_none_or(Vec::is_empty)
                };
                if list.is_atomic() || (items(old) && items(new)) {
                    (Difference::of_leaf(old, new), true)
                } else {
                    (self.lists(list, items_of(old), items_of(new)), false)
                }
            }
            Shape::Scalar(scalar) => {
                let fails = |value: Option<&Value>| {
                    value.is_some_and(|v| scalar_error(scalar, v).is_some())
                };
                if fails(old) && fails(new) {
                    (Difference::default(), false)
                } else {
                    (Difference::of_leaf(old, new), true)
                }
            }
            Shape::None => (Difference::default(), false),
        };
        if !is_leaf {
            difference.added.member |= old.is_none();
            difference.removed.member |= old.is_some() && new.is_none();
        }
        difference
    }

    fn maps(
        self,
        map: &Map,
        old: Option<&JsonMap<String, Value>>,
        new: Option<&JsonMap<String, Value>>,
    ) -> Difference {
        let mut difference = Difference::default();
        let mut visit = |name: &str, l: Option<&Value>, r: Option<&Value>| {
            let declared = map.field(name);
            let of = declared.map(|field| &field.of).or(map.element.as_ref());
            let inner = self.difference(of.unwrap_or(&TypeRef::Unknown), l, r);
            if !inner.is_empty() {
                let name = declared.map_or_else(|| Name::from(name), |field| field.name.clone());
                inner.put_below(&mut difference, &PathElement::Field(name));
            }
        };
        let (mut old, mut new) =
            (old.into_iter().flatten().peekable(), new.into_iter().flatten().peekable());
        loop {
            match (old.peek(), new.peek()) {
                (Some((l, _)), Some((r, _))) if l == r => {
                    if let (Some((name, l)), Some((_, r))) = (old.next(), new.next()) {
                        visit(name, Some(l), Some(r));
                    }
                }
                (Some((l, _)), Some((r, _))) if l > r => {
                    new.next().into_iter().for_each(|(name, r)| visit(name, None, Some(r)));
                }
                (Some(_), _) => {
                    old.next().into_iter().for_each(|(name, l)| visit(name, Some(l), None));
                }
                (None, Some(_)) => {
                    new.next().into_iter().for_each(|(name, r)| visit(name, None, Some(r)));
                }
                (None, None) => return difference,
            }
        }
    }

    fn lists(self, list: &List, old: &[Value], new: &[Value]) -> Difference {
        let mut difference = Difference::default();
        let groups = group(self.schema, list, old, new);
        for Group { element, old, new } in &groups {
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => {
                    let (l, r) = (old.first().copied(), new.first().copied());
                    let inner = self.difference(&list.element, l, r);
                    inner.put_below(&mut difference, element);
                }
                ([_, _, ..], [_, _, ..]) => {
                    let is_same =
                        old.len() == new.len() && old.iter().zip(new).all(|(l, r)| equals(l, r));
                    if !is_same {
                        difference.modified.below.add(element, Branch::LEAF);
                    }
                }
                ([_, _, ..], new) => {
                    if let Some(only) = new.first() {
                        let inner = self.difference(&list.element, None, Some(only));
                        inner.put_below(&mut difference, element);
                    }
                    difference.removed.below.add(element, Branch::LEAF);
                }
                (old, [_, _, ..]) => {
                    if let Some(only) = old.first() {
                        let inner = self.difference(&list.element, Some(only), None);
                        inner.put_below(&mut difference, element);
                    }
                    difference.added.below.add(element, Branch::LEAF);
                }
            }
        }
        difference
    }
}

fn items_of(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The items of both lists that have one key; usually one of each.
struct Group<'a> {
    element: PathElement,
    old: Vec<&'a Value>,
    new: Vec<&'a Value>,
}

/// Sorts the items of both lists by key.
fn group<'a>(schema: &Schema, list: &List, old: &'a [Value], new: &'a [Value]) -> Vec<Group<'a>> {
    let keyed = |items: &'a [Value], is_new: bool| {
        items
            .iter()
            .filter_map(move |item| Some((element_of(schema, list, item).ok()?, is_new, item)))
    };
    let mut all: Vec<_> = keyed(old, false).chain(keyed(new, true)).collect();
    all.sort_by(|l, r| l.0.cmp(&r.0));
    let mut groups: Vec<Group<'a>> = Vec::with_capacity(all.len());
    for (element, is_new, item) in all {
        match groups.last_mut() {
            Some(group) if group.element == element => {
                if is_new {
                    group.new.push(item)
                } else {
                    group.old.push(item)
                }
            }
            _ => {
                let (old, new) = if is_new { (vec![], vec![item]) } else { (vec![item], vec![]) };
                groups.push(Group { element, old, new });
            }
        }
    }
    groups
}
