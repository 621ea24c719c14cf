//! Strategic merge: a patch that looks like the object.
//!
//! # Upstream
//! This is kyaml's merge2. Mappings are merged key by key; `null` removes; `$patch` deletes or
//! replaces; lists are merged where the schema names keys, with new elements in front for
//! patches, and replaced everywhere else. Other directives are ordinary keys.

use std::collections::{BTreeSet, HashMap, HashSet};

use flux_yaml::{Comments, Kind, Node, Style};
use serde_json::Value;

use crate::error::{Result, fail};
use crate::node::{self, is_empty, is_null, scalar};
use crate::schema::{Schema, Schemas};
use crate::shared;

const DIRECTIVE: &str = "$patch";

/// Where new list elements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewElements {
    /// Before those that are there.
    First,
    /// Behind them.
    Last,
}

/// Whether a list without schema is merged by `name` where all elements have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inference {
    /// It is replaced.
    Off,
    /// It is merged.
    ByName,
}

/// Merges patches into objects.
pub(crate) struct Merger<'a> {
    pub(crate) schemas: &'a Schemas,
    pub(crate) new_elements: NewElements,
    pub(crate) inference: Inference,
}

/// What a patch wants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

impl Merger<'_> {
    /// Merges `patch` into `object`; nothing is left where the patch deletes it.
    pub(crate) fn merge(&self, object: Node, patch: Node) -> Result<Option<Node>> {
        self.walk(Some(object), Some(patch), None)
    }

    fn walk(
        &self,
        dest: Option<Node>,
        patch: Option<Node>,
        schema: Option<Schema<'_>>,
    ) -> Result<Option<Node>> {
        let schema = schema.or_else(|| {
            let found = dest.as_ref().and_then(|node| self.schema_of(node));
            found.or_else(|| patch.as_ref().and_then(|node| self.schema_of(node)))
        });
        let mut present = dest.iter().chain(&patch).filter(|node| !is_null(node));
        let kind = present.next().map_or(Kind::Mapping, |node| node.kind);
        for node in dest.iter().chain(&patch) {
            node::expect_kind(node, kind)?;
        }
        match kind {
            Kind::Mapping => self.walk_mapping(dest, patch, schema),
            Kind::Sequence if self.is_merged(schema, &dest, &patch) => {
                self.walk_list(dest, patch, schema)
            }
            Kind::Sequence | Kind::Scalar => {
                let (mut dest, mut patch) = (dest, patch);
                adopt_comments(dest.as_mut(), patch.as_mut());
                Ok(patch.or(dest))
            }
            Kind::Alias => Ok(None),
        }
    }

    fn schema_of(&self, node: &Node) -> Option<Schema<'_>> {
        let text = |key| node.get(key).map(node::value_of).filter(|text| !text.is_empty());
        self.schemas.of_kind(text("apiVersion")?, text("kind")?)
    }

    fn is_merged(
        &self,
        schema: Option<Schema<'_>>,
        dest: &Option<Node>,
        patch: &Option<Node>,
    ) -> bool {
        match schema {
            Some(schema) => schema.is_merged(),
            None if self.inference == Inference::Off => false,
            None => {
                let lists = dest.iter().chain(patch).filter(|node| !is_null(node));
                lists.into_iter().any(all_named)
            }
        }
    }

    fn walk_mapping(
        &self,
        mut dest: Option<Node>,
        mut patch: Option<Node>,
        schema: Option<Schema<'_>>,
    ) -> Result<Option<Node>> {
        adopt_comments(dest.as_mut(), patch.as_mut());
        if dest.as_ref().is_none_or(is_null) {
            // An unknown directive is no error here.
            let directive = patch.as_mut().map(take_directive).transpose();
            if directive.is_ok_and(|directive| directive == Some(Directive::Delete)) {
                return Ok(None);
            }
            if patch.is_none() {
                return Ok(dest.filter(|null| !null.value.is_empty()));
            }
            dest.clone_from(&patch);
        } else if let Some(patch) = patch.as_mut() {
            if is_null(patch) {
                return Ok(None);
            }
            match take_directive(patch)? {
                Directive::Delete => return Ok(None),
                Directive::Replace => dest = Some(patch.clone()),
                Directive::Merge => {}
            }
        }
        let Some(mut dest) = dest else { return Ok(None) };
        if dest.kind == Kind::Mapping {
            self.merge_fields(&mut dest, patch, schema)?;
        }
        Ok(Some(dest))
    }

    fn merge_fields(
        &self,
        dest: &mut Node,
        patch: Option<Node>,
        schema: Option<Schema<'_>>,
    ) -> Result<()> {
        let mut from_patch: HashMap<String, (Node, Node)> = HashMap::new();
        let mut names: BTreeSet<String> =
            dest.entries().map(|(key, _)| key.value.clone()).collect();
        let mut content = patch.map(|patch| patch.content).unwrap_or_default().into_iter();
        while let (Some(key), Some(value)) = (content.next(), content.next()) {
            names.insert(key.value.clone());
            from_patch.entry(key.value.clone()).or_insert((key, value));
        }
        for name in names {
            let (key, patch) = from_patch.remove(&name).unzip();
            let comment = field_comment(dest, &name, key.as_ref(), patch.as_ref());
            let field_schema = match &comment {
                Some(comment) => Some(self.schemas.of_comment(comment)),
                None => schema.and_then(|schema| schema.field(&name)),
            };
            let Some(slot) = dest.get_mut(&name) else {
                let value = self.walk(None, patch, field_schema)?;
                let style = key.map_or_else(Default::default, |key| key.style);
                append_field(dest, &name, style, value)?;
                continue;
            };
            // An empty collection takes the patch's style, everything else keeps its own.
            let old = std::mem::take(slot);
            let is_bare = old.kind != Kind::Scalar && old.content.is_empty() && patch.is_some();
            let style = Some(old.style).filter(|_| !is_bare);
            let kept_null = patch.is_none() && is_null(&old) && !old.value.is_empty();
            let shared = shared::mark(&old);
            let value = self.walk(Some(old), patch, field_schema)?;
            match value.filter(|value| kept_null || !is_null(value)) {
                Some(mut value) => {
                    let style = style.unwrap_or(value.style);
                    node::keep_style(&mut value, style);
                    shared::put(&mut value, shared);
                    *slot = value;
                }
                None => {
                    dest.remove(&name);
                }
            }
        }
        Ok(())
    }

    fn walk_list(
        &self,
        mut dest: Option<Node>,
        mut patch: Option<Node>,
        schema: Option<Schema<'_>>,
    ) -> Result<Option<Node>> {
        adopt_comments(dest.as_mut(), patch.as_mut());
        if dest.as_ref().is_none_or(is_null) {
            dest.clone_from(&patch);
        } else if let Some(patch) = patch.as_mut() {
            if is_null(patch) {
                return Ok(None);
            }
            match take_list_directive(patch)? {
                Directive::Delete => return Ok(None),
                Directive::Replace => dest = Some(patch.clone()),
                Directive::Merge => {}
            }
        }
        let Some(dest) = dest else { return Ok(None) };
        let keys = match schema {
            Some(schema) => schema.keys(),
            None => vec!["name".to_owned()],
        };
        let elements = schema.and_then(Schema::elements);
        if let [key] = keys.as_slice()
            && has_unique_keys(&dest, key)
            && patch.as_ref().is_none_or(|patch| has_unique_keys(patch, key))
        {
            return self.merge_by_key(dest, patch, key, elements).map(Some);
        }
        let list = ListMerge { merger: self, schema: elements };
        list.merge(dest, patch, &keys).map(Some)
    }

    /// Merges lists whose elements all have one key with a value of their own.
    fn merge_by_key(
        &self,
        mut dest: Node,
        patch: Option<Node>,
        key: &str,
        schema: Option<Schema<'_>>,
    ) -> Result<Node> {
        let value_of = |node: &Node| node.get(key).map_or_else(String::new, |v| v.value.clone());
        let order: Vec<String> = dest.content.iter().map(value_of).collect();
        let mut old: HashMap<String, Node> =
            order.iter().cloned().zip(std::mem::take(&mut dest.content)).collect();
        let patches = patch.map(|patch| patch.content).unwrap_or_default();
        let patch_order: Vec<String> = patches.iter().map(value_of).collect();
        let mut patches: HashMap<String, Node> = patch_order.iter().cloned().zip(patches).collect();
        let (first, second) = match self.new_elements {
            NewElements::First => (patch_order, order),
            NewElements::Last => (order, patch_order),
        };
        for value in first.into_iter().chain(second) {
            let (before, patch) = (old.remove(&value), patches.remove(&value));
            if before.is_none() && patch.is_none() {
                continue;
            }
            let Some(mut merged) = self.walk(before, patch, schema)? else { continue };
            if is_empty(&merged) {
                continue;
            }
            if merged.get(key).is_none() {
                node::set_field(&mut merged, key, Some(Node::scalar(value)))?;
            }
            dest.content.push(merged);
        }
        Ok(dest)
    }
}

/// Adds a field whose key is written as the patch writes it.
fn append_field(dest: &mut Node, name: &str, style: Style, value: Option<Node>) -> Result<()> {
    node::set_field(dest, name, value)?;
    if let Some((key, _)) = dest.entry_mut(name) {
        key.style = style;
    }
    Ok(())
}

/// Reads the schema that a comment next to a field holds: `# {"type": …}`.
fn field_comment(
    dest: &Node,
    name: &str,
    patch_key: Option<&Node>,
    patch: Option<&Node>,
) -> Option<Value> {
    let own = dest.entries().find(|(key, _)| key.value == name);
    let nodes = [own.map(|(_, value)| value), own.map(|(key, _)| key), patch, patch_key];
    nodes.into_iter().flatten().find_map(comment_schema)
}

fn comment_schema(node: &Node) -> Option<Value> {
    let comments = node.comments.as_ref()?;
    [&comments.line, &comments.head].into_iter().find_map(|comment| {
        let text = comment.trim_start_matches('#').trim_start();
        let value: Value = serde_json::from_str(text).ok().filter(|_| text.starts_with('{'))?;
        Some(value).filter(|value| value.as_object().is_some_and(|map| !map.is_empty()))
    })
}

/// Reports whether all elements have a name.
fn all_named(list: &Node) -> bool {
    list.content.iter().all(|item| item.get("name").is_some())
}

/// Reports whether every element has the key, as a text that no other element has.
fn has_unique_keys(list: &Node, key: &str) -> bool {
    let mut seen = HashSet::with_capacity(list.content.len());
    list.content.iter().all(|item| {
        let value = item.get(key).filter(|value| value.kind == Kind::Scalar && !is_null(value));
        value.is_some_and(|value| !value.value.is_empty() && seen.insert(value.value.as_str()))
    })
}

/// Copies the patch's comments, and its style to an empty collection.
fn adopt_comments(dest: Option<&mut Node>, patch: Option<&mut Node>) {
    let (Some(dest), Some(patch)) = (dest, patch) else { return };
    if let Some(comments) = &patch.comments {
        let own: &mut Box<Comments> = dest.comments.get_or_insert_default();
        let parts = [
            (&mut own.foot, &comments.foot),
            (&mut own.head, &comments.head),
            (&mut own.line, &comments.line),
        ];
        for (own, new) in parts.into_iter().filter(|(_, new)| !new.is_empty()) {
            own.clone_from(new);
        }
    }
    if dest.kind != Kind::Scalar && dest.content.is_empty() {
        dest.style = patch.style;
    }
}

fn directive(text: &str) -> Result<Directive> {
    match text {
        "delete" => Ok(Directive::Delete),
        "replace" => Ok(Directive::Replace),
        "merge" => Ok(Directive::Merge),
        other => fail!("unknown patch strategy '{other}'"),
    }
}

/// Takes the directive out of a mapping.
fn take_directive(patch: &mut Node) -> Result<Directive> {
    let Some(value) = patch.get(DIRECTIVE) else { return Ok(Directive::Merge) };
    let directive = directive(&value.value)?;
    patch.remove(DIRECTIVE);
    Ok(directive)
}

/// Takes the element that holds nothing but a directive out of a list.
fn take_list_directive(patch: &mut Node) -> Result<Directive> {
    let is_directive = |item: &Node| item.kind == Kind::Mapping && item.get(DIRECTIVE).is_some();
    let Some(item) = patch.content.iter().find(|item| is_directive(item)) else {
        return Ok(Directive::Merge);
    };
    if item.content.len() > 2 {
        return Ok(Directive::Merge);
    }
    let text = item.get(DIRECTIVE).map_or_else(String::new, |value| value.value.clone());
    let directive = directive(&text)?;
    set_element(patch, None, &[DIRECTIVE.to_owned()], &[text])?;
    Ok(directive)
}

/// Replaces the elements that have all keys' values, or removes them; a new one goes to the end.
///
/// Empty elements are dropped on the way. Where there are fewer values than keys, a missing one
/// is not looked at.
fn set_element(
    list: &mut Node,
    element: Option<&Node>,
    keys: &[String],
    values: &[String],
) -> Result<()> {
    let is_keyed = keys.first().is_some_and(|key| !key.is_empty())
        && values.first().is_some_and(|value| !value.is_empty());
    let mut matched = false;
    let mut content = Vec::with_capacity(list.content.len());
    for item in std::mem::take(&mut list.content) {
        if is_null(&item) || (item.kind == Kind::Mapping && item.content.is_empty()) {
            continue;
        }
        if item.kind != Kind::Mapping && is_keyed {
            content.push(item);
            continue;
        }
        if !has_keys(&item, keys, values)? {
            if !values.is_empty() {
                content.push(item);
            }
            continue;
        }
        matched = true;
        content.extend(element.cloned());
    }
    list.content = content;
    if let Some(element) = element.filter(|element| !matched && !is_null(element)) {
        list.content.push(element.clone());
    }
    Ok(())
}

fn has_keys(item: &Node, keys: &[String], values: &[String]) -> Result<bool> {
    let mut found = false;
    for (at, key) in keys.iter().enumerate() {
        let Some(value) = values.get(at) else {
            if !found {
                return Ok(false);
            }
            continue;
        };
        found = if key.is_empty() {
            node::expect_kind(item, Kind::Scalar)?;
            node::value_of(item) == value
        } else {
            let field = node::field(item, key)?;
            field.is_some_and(|field| value.is_empty() || field.value == *value)
        };
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Merges lists whose elements have several keys, or none, or not all of them.
struct ListMerge<'a> {
    merger: &'a Merger<'a>,
    schema: Option<Schema<'a>>,
}

impl ListMerge<'_> {
    fn merge(&self, mut dest: Node, patch: Option<Node>, keys: &[String]) -> Result<Node> {
        let no_key = [String::new()];
        let is_keyed = !keys.is_empty();
        let keys = if is_keyed { keys } else { &no_key };
        let mut values = self.all_values(&dest, patch.as_ref(), keys, is_keyed);
        if values.is_empty() {
            return Ok(dest);
        }
        if keys.len() > 1 {
            unite_values(&mut values);
        }
        let mut merged = node::empty(Kind::Sequence);
        let mut last_keys = keys.to_vec();
        for element in &values {
            if element.is_empty() {
                continue;
            }
            let (valid_keys, valid_values) = valid(&values, element, keys);
            self.merge_element(
                &mut dest,
                &mut merged,
                patch.as_ref(),
                (&valid_keys, &valid_values),
            )?;
            last_keys = valid_keys;
        }
        match self.merger.new_elements {
            NewElements::First => {
                append_list(&mut merged, &dest, &last_keys)?;
                dest.content = merged.content;
            }
            NewElements::Last => append_list(&mut dest, &merged, &last_keys)?,
        }
        Ok(dest)
    }

    /// Merges what both lists have under some keys into `dest` and adds it to `merged`.
    fn merge_element(
        &self,
        dest: &mut Node,
        merged: &mut Node,
        patch: Option<&Node>,
        (keys, values): (&[String], &[String]),
    ) -> Result<()> {
        let single = [values.to_vec()];
        let (find_keys, find_values) = valid(&single, values, keys);
        let at = dest.content.iter().position(|item| is_element(item, &find_keys, &find_values));
        let old = at.and_then(|at| dest.content.get(at)).cloned();
        let new = patch.and_then(|patch| {
            patch.content.iter().find(|item| is_element(item, &find_keys, &find_values)).cloned()
        });
        let value = self.merger.walk(old, new, self.schema)?;
        let value = value.filter(|value| !is_null(value));
        let is_gone = |value: &Node| value.kind == Kind::Mapping && value.content.is_empty();
        let Some(mut value) = value.filter(|value| !is_gone(value)) else {
            return keys.iter().try_for_each(|_| set_element(dest, None, keys, values));
        };
        for (key, text) in keys.iter().zip(values) {
            let is_missing = value.kind != Kind::Mapping || value.get(key).is_none();
            if is_missing && !text.is_empty() && value.kind == Kind::Mapping {
                node::set_field(&mut value, key, Some(scalar(text, node::NO_TAG)))?;
            }
        }
        if let Some(slot) = at.and_then(|at| dest.content.get_mut(at)) {
            slot.clone_from(&value);
        }
        set_element(merged, Some(&value), keys, values)
    }

    /// Collects the values of the keys of all elements, each combination once.
    fn all_values(
        &self,
        dest: &Node,
        patch: Option<&Node>,
        keys: &[String],
        is_keyed: bool,
    ) -> Vec<Vec<String>> {
        let lists = match self.merger.new_elements {
            NewElements::First => [patch, Some(dest)],
            NewElements::Last => [Some(dest), patch],
        };
        let mut seen = HashSet::new();
        let mut result = Vec::new();
        for item in lists.into_iter().flatten().flat_map(|list| &list.content) {
            let value = |key: &String| {
                let field = item.get(key).filter(|field| !is_empty(field));
                field.map_or_else(String::new, |field| field.value.clone())
            };
            let values: Vec<String> =
                if is_keyed { keys.iter().map(value).collect() } else { vec![item.value.clone()] };
            if seen.insert(values.clone()) {
                result.push(values);
            }
        }
        result
    }
}

fn is_element(item: &Node, keys: &[String], values: &[String]) -> bool {
    if keys.first().is_none_or(String::is_empty) {
        return values.first().is_some_and(|value| item.value == *value);
    }
    let has =
        |(key, value): (&String, &String)| item.get(key).is_some_and(|field| field.value == *value);
    item.kind == Kind::Mapping && keys.len() == values.len() && keys.iter().zip(values).all(has)
}

/// Leaves out the keys that no element has.
fn valid(all: &[Vec<String>], values: &[String], keys: &[String]) -> (Vec<String>, Vec<String>) {
    let is_used =
        |at: usize| all.iter().any(|values| values.get(at).is_some_and(|v| !v.is_empty()));
    let used: Vec<bool> = (0..keys.len()).map(is_used).collect();
    if !used.contains(&true) {
        return (keys.to_vec(), values.to_vec());
    }
    let keep = |list: &[String]| {
        let kept = list.iter().zip(&used).filter(|(_, used)| **used);
        kept.map(|(text, _)| text.clone()).collect()
    };
    (keep(keys), keep(values))
}

/// Completes values that lack a secondary key from others that fit.
fn unite_values(all: &mut [Vec<String>]) {
    for i in 0..all.len() {
        for j in 0..all.len() {
            let united = match (all.get(i), all.get(j)) {
                (Some(a), Some(b)) => united(a, b),
                _ => None,
            };
            let Some(united) = united else { continue };
            for at in [i, j] {
                if let Some(slot) = all.get_mut(at) {
                    slot.clone_from(&united);
                }
            }
        }
    }
}

fn united(a: &[String], b: &[String]) -> Option<Vec<String>> {
    if a.len() != b.len() {
        return None;
    }
    let mut has_common = false;
    let mut result = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        if a == b {
            has_common = true;
        } else if !a.is_empty() && !b.is_empty() {
            return None;
        }
        result.push(if a.is_empty() { b.clone() } else { a.clone() });
    }
    has_common.then_some(result)
}

/// Adds the elements of one list to another, in place of those with the same keys.
fn append_list(to: &mut Node, from: &Node, keys: &[String]) -> Result<()> {
    for item in &from.content {
        if keys.first().is_none_or(String::is_empty) {
            set_element(to, Some(item), &[String::new()], std::slice::from_ref(&item.value))?;
            continue;
        }
        let mut values = Vec::new();
        for key in keys {
            match node::field(item, key)? {
                Some(value) => values.push(value.value.clone()),
                None => to.content.push(item.clone()),
            }
        }
        if keys.len() > 1 {
            set_element(to, None, keys, &values)?;
        }
        set_element(to, Some(item), keys, &values)?;
    }
    Ok(())
}
