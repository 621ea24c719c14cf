//! One value laid over another of the same type.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map as JsonMap, Value};

use super::Typed;
use super::item::element_of;
use super::validate::scalar_error;
use crate::path::PathElement;
use crate::schema::{List, Map, Schema, Shape, TypeRef, View};

/// How long lists are looked at pair by pair before their items are sorted by key.
const MAX_ALIGNED: usize = 16;

/// Returns `live` with everything that `applied` mentions.
///
/// `skipped`, a part of `live`, is left out.
pub(super) fn merge(live: &Typed<'_>, applied: &Typed<'_>, skipped: Option<&Value>) -> Value {
    let walk = Walk { schema: live.schema(), skipped };
    let merged = walk.merged(live.root(), Some(live.value), Some(applied.value));
    merged.unwrap_or(Value::Null)
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    schema: &'a Schema,
    skipped: Option<&'a Value>,
}

impl Walk<'_> {
    fn merged(self, of: &TypeRef, live: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
        let (live, applied) = match (live, applied) {
            (Some(live), Some(applied)) => (live, applied),
            // Where only one of them says something, that is the result.
            (one, None) | (None, one) => return one.cloned(),
        };
        let view = self.schema.resolve(of)?;
        self.shaped(view.narrowed(Some(applied)), live, applied)
    }

    /// Merges in the shape of the applied value. A live value of another shape counts as missing.
    fn shaped(self, view: View<'_>, live: &Value, applied: &Value) -> Option<Value> {
        let whole = || Some(applied.clone());
        match view.shape() {
            Shape::Map(map, is_atomic) => {
                let (l, r) = (live.as_object(), applied.as_object());
                let hollow = l.is_none_or(JsonMap::is_empty) && r.is_none_or(JsonMap::is_empty);
                if is_atomic || hollow { whole() } else { self.maps(map, l, r) }
            }
            Shape::List(list) => {
                let (l, r) = (items_of(live), items_of(applied));
                let hollow = l.is_empty() && r.is_empty();
                if list.is_atomic() || hollow { whole() } else { self.lists(list, l, r) }
            }
            Shape::Scalar(scalar) => {
                let fails = |value: &Value| scalar_error(scalar, value).is_some();
                if fails(live) && fails(applied) { None } else { whole() }
            }
            Shape::None => None,
        }
    }

    fn maps(
        self,
        map: &Map,
        live: Option<&JsonMap<String, Value>>,
        applied: Option<&JsonMap<String, Value>>,
    ) -> Option<Value> {
        let mut out = JsonMap::new();
        for (name, live) in live.into_iter().flatten() {
            if self.skipped.is_some_and(|skipped| std::ptr::eq(skipped, live)) {
                continue;
            }
            let applied = applied.and_then(|fields| fields.get(name));
            let of = map.type_of(name).unwrap_or(&TypeRef::Unknown);
            if let Some(value) = self.merged(of, Some(live), applied) {
                out.insert(name.clone(), value);
            }
        }
        for (name, applied) in applied.into_iter().flatten() {
            if live.is_none_or(|fields| !fields.contains_key(name)) {
                let of = map.type_of(name).unwrap_or(&TypeRef::Unknown);
                if let Some(value) = self.merged(of, None, Some(applied)) {
                    out.insert(name.clone(), value);
                }
            }
        }
        (!out.is_empty()).then_some(Value::Object(out))
    }

    fn lists(self, list: &List, live: &[Value], applied: &[Value]) -> Option<Value> {
        if let Some(out) = self.aligned_lists(list, live, applied) {
            return (!out.is_empty()).then_some(Value::Array(out));
        }
        let live = Items::of(self.schema, list, live);
        let applied = Items::of(self.schema, list, applied);
        let mut out = Vec::with_capacity(live.order.len().max(applied.order.len()));
        for step in interleave(&live, &applied) {
            let (l, r) = match step {
                // Of duplicates each is kept as it is.
                Take::Live(at) => (live.order.get(at).map(|(_, item)| *item), None),
                Take::Applied(element) => (live.unique(element), applied.unique(element)),
            };
            out.extend(self.merged(&list.element, l, r));
        }
        (!out.is_empty()).then_some(Value::Array(out))
    }
}

impl Walk<'_> {
    /// Merges lists whose items have the same keys in the same order, each once: most of them.
    fn aligned_lists(self, list: &List, live: &[Value], applied: &[Value]) -> Option<Vec<Value>> {
        if live.len() != applied.len() || live.len() > MAX_ALIGNED {
            return None;
        }
        let mut elements = Vec::with_capacity(live.len());
        for (l, r) in live.iter().zip(applied) {
            let element = element_of(self.schema, list, l).ok()?;
            if elements.contains(&element) || element_of(self.schema, list, r).ok()? != element {
                return None;
            }
            elements.push(element);
        }
        let merged = |(l, r)| self.merged(&list.element, Some(l), Some(r));
        Some(live.iter().zip(applied).filter_map(merged).collect())
    }
}

fn items_of(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The items of a list, in order and by key.
struct Items<'a> {
    order: Vec<(PathElement, &'a Value)>,
    /// Nothing for a key that several items have.
    by_key: BTreeMap<PathElement, Option<&'a Value>>,
}

impl<'a> Items<'a> {
    fn of(schema: &Schema, list: &List, items: &'a [Value]) -> Self {
        let order: Vec<_> = items
            .iter()
            .filter_map(|item| Some((element_of(schema, list, item).ok()?, item)))
            .collect();
        let mut by_key = BTreeMap::new();
        for (element, item) in &order {
            by_key.entry(element.clone()).and_modify(|known| *known = None).or_insert(Some(*item));
        }
        Self { order, by_key }
    }

    fn has(&self, element: &PathElement) -> bool {
        self.by_key.contains_key(element)
    }

    fn unique(&self, element: &PathElement) -> Option<&'a Value> {
        self.by_key.get(element).copied().flatten()
    }
}

/// What comes next in a merged list.
enum Take<'a> {
    /// A live item that is not applied, by position.
    Live(usize),
    /// An applied item, merged with the live one of the same key if there is one.
    Applied(&'a PathElement),
}

/// Chooses the order of the merged items.
///
/// Items of both lists come in the order in which they are applied, live items stay near
/// the neighbours that they had, new items follow where they are applied.
fn interleave<'a>(live: &Items<'_>, applied: &'a Items<'_>) -> Vec<Take<'a>> {
    let mut steps = Vec::with_capacity(live.order.len().max(applied.order.len()));
    let mut shared: VecDeque<&PathElement> =
        applied.order.iter().map(|(element, _)| element).filter(|e| live.has(e)).collect();
    let mut next_shared = shared.pop_front();
    let mut done = BTreeSet::new();
    let (mut l, mut r) = (0, 0);
    loop {
        let left = live.order.get(l).map(|(element, _)| element);
        let right = applied.order.get(r).map(|(element, _)| element);
        if left.is_none() && right.is_none() {
            return steps;
        }
        if let (Some(left), Some(right)) = (left, right) {
            if left == right {
                done.insert(right);
                steps.push(Take::Applied(right));
                (l, r) = (l + 1, r + 1);
                next_shared = shared.pop_front();
                continue;
            }
            if applied.has(left) && next_shared.is_some_and(|next| next != left) {
                // Shared, but another shared item is due before it.
                l += 1;
                continue;
            }
        }
        if let Some(left) = left {
            if !applied.has(left) {
                steps.push(Take::Live(l));
                l += 1;
                continue;
            }
            if done.contains(left) {
                l += 1;
            }
        }
        if let Some(right) = right {
            done.insert(right);
            steps.push(Take::Applied(right));
            r += 1;
            if next_shared == Some(right) {
                next_shared = shared.pop_front();
            }
        }
    }
}
