//! Maps and lists in names, for formats that have neither.

use std::collections::{BTreeMap, HashSet};

use crate::{Branch, Item, Key, Value};

const MAP: &str = "__map_";
const LIST: &str = "__list_";

/// A step of a path that a name holds.
enum Step {
    Name(String),
    Index(usize),
}

/// What has been placed so far.
#[derive(Default)]
struct Place {
    value: Option<Value>,
    names: BTreeMap<String, Place>,
    indices: BTreeMap<usize, Place>,
}

/// Makes maps and lists of what the names say.
///
/// # Errors
/// Names that contradict each other.
pub(super) fn nested(entries: Branch) -> Result<Branch, String> {
    let mut root = Place::default();
    for item in entries {
        let Item { key: Key::Text(name), value } = item else { continue };
        let mut place = &mut root;
        for step in steps(&name) {
            place = match step {
                Step::Name(name) => place.names.entry(name).or_default(),
                Step::Index(index) => place.indices.entry(index).or_default(),
            };
        }
        if place.value.replace(value).is_some() {
            let name = flux_gostd::quote::quote(&name);
            return Err(format!("Error while unflattening {name}: Duplicate value"));
        }
    }
    match convert(root).map_err(|error| format!("Error while unflattening: {error}"))? {
        Value::Map(branch) => Ok(branch),
        _ => Err("Internal error: cannot find root".to_owned()),
    }
}

fn steps(name: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = name;
    let mut is_list = false;
    loop {
        let next = [rest.find(MAP), rest.find(LIST)].into_iter().flatten().min();
        let (step, tail) = rest.split_at(next.unwrap_or(rest.len()));
        steps.push(if is_list {
            Step::Index(step.parse().unwrap_or(0))
        } else {
            Step::Name(step.to_owned())
        });
        if let Some(tail) = tail.strip_prefix(MAP) {
            (rest, is_list) = (tail, false);
        } else if let Some(tail) = tail.strip_prefix(LIST) {
            (rest, is_list) = (tail, true);
        } else {
            return steps;
        }
    }
}

fn convert(place: Place) -> Result<Value, String> {
    let Place { value, names, indices } = place;
    let kinds = [value.is_some(), !names.is_empty(), !indices.is_empty()];
    if kinds.iter().filter(|kind| **kind).count() > 1 {
        return Err("Type mismatch".to_owned());
    }
    if let Some(value) = value {
        return Ok(value);
    }
    if indices.is_empty() {
        let items = names.into_iter().map(|(name, place)| Ok(Item::new(name, convert(place)?)));
        return Ok(Value::Map(items.collect::<Result<_, String>>()?));
    }
    let is_complete = indices.keys().enumerate().all(|(wanted, index)| wanted == *index);
    if !is_complete {
        return Err("Incomplete list".to_owned());
    }
    Ok(Value::List(indices.into_values().map(convert).collect::<Result<_, _>>()?))
}

/// Puts maps and lists into the names of what they hold.
///
/// # Errors
/// Two names are the same.
pub(super) fn flat(entries: &Branch, prefix: &str) -> Result<Branch, String> {
    let mut out = Flat::default();
    out.map(entries, prefix)?;
    Ok(out.entries)
}

#[derive(Default)]
struct Flat {
    entries: Branch,
    names: HashSet<String>,
}

impl Flat {
    fn value(&mut self, value: &Value, name: &str) -> Result<(), String> {
        match value {
            Value::Map(entries) => self.map(entries, &format!("{name}{MAP}")),
            Value::List(items) => {
                let items = items.iter().filter(|item| !matches!(item, Value::Comment(_)));
                items
                    .enumerate()
                    .try_for_each(|(index, item)| self.value(item, &format!("{name}{LIST}{index}")))
            }
            _ => {
                if !self.names.insert(name.to_owned()) {
                    let name = flux_gostd::quote::quote(name);
                    return Err(format!("Found key collision {name} while flattening"));
                }
                self.entries.push(Item::new(name, value.clone()));
                Ok(())
            }
        }
    }

    fn map(&mut self, entries: &Branch, prefix: &str) -> Result<(), String> {
        for item in entries {
            if let Some(name) = item.name() {
                self.value(&item.value, &format!("{prefix}{name}"))?;
            }
        }
        Ok(())
    }
}
