//! Finds where two documents part, as dyff does: maps by key, lists by what names their items.

use serde_json::{Map, Value};

/// A place where two documents differ, and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    /// Keys on the way, names for items of lists.
    pub(super) path: Vec<String>,
    /// What differs there.
    pub(super) details: Vec<Detail>,
}

/// One way in which a place differs.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Detail {
    /// Another scalar.
    Value(Value, Value),
    /// Something of another type.
    Type(Value, Value),
    /// Keys that are gone.
    KeysRemoved(Map<String, Value>),
    /// Keys that are new.
    KeysAdded(Map<String, Value>),
    /// Items of a list that are gone.
    ItemsRemoved(Vec<Value>),
    /// Items of a list that are new.
    ItemsAdded(Vec<Value>),
    /// The same items in another order, by their names.
    Order(Vec<String>, Vec<String>),
}

/// Compares two documents.
pub(super) fn compare(from: &Value, to: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(&mut Vec::new(), from, to, &mut found);
    found
}

fn walk(path: &mut Vec<String>, from: &Value, to: &Value, found: &mut Vec<Difference>) {
    let mut add = |path: &[String], details: Vec<Detail>| {
        if !details.is_empty() {
            found.push(Difference { path: path.to_vec(), details });
        }
    };
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => {
            let gone = outside(from, to);
            let new = outside(to, from);
            let mut details = Vec::new();
            if !gone.is_empty() {
                details.push(Detail::KeysRemoved(gone));
            }
            if !new.is_empty() {
                details.push(Detail::KeysAdded(new));
            }
            add(path, details);
            for (key, from) in from {
                if let Some(to) = to.get(key) {
                    path.push(key.clone());
                    walk(path, from, to, found);
                    path.pop();
                }
            }
        }
        (Value::Array(from), Value::Array(to)) => lists(path, from, to, found),
        (from, to) if from == to => {}
        (from, to) if kind(from) == kind(to) => {
            add(path, vec![Detail::Value(from.clone(), to.clone())]);
        }
        (from, to) => add(path, vec![Detail::Type(from.clone(), to.clone())]),
    }
}

fn outside(one: &Map<String, Value>, other: &Map<String, Value>) -> Map<String, Value> {
    let missing = one.iter().filter(|(key, _)| !other.contains_key(*key));
    missing.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Returns the type of a value as people call it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

/// The keys by which items of a list are told apart, the first that all of them have.
const IDENTIFIERS: [&str; 3] = ["name", "key", "id"];

fn identifier(from: &[Value], to: &[Value]) -> Option<&'static str> {
    let names = |items: &[Value], key: &str| -> Option<Vec<String>> {
        items.iter().map(|item| item.get(key)?.as_str().map(str::to_owned)).collect()
    };
    let unique = |mut names: Vec<String>| {
        let count = names.len();
        names.sort();
        names.dedup();
        names.len() == count
    };
    let good =
        |key: &&str| names(from, key).is_some_and(unique) && names(to, key).is_some_and(unique);
    IDENTIFIERS.into_iter().find(|key| good(key))
}

fn lists(path: &mut Vec<String>, from: &[Value], to: &[Value], found: &mut Vec<Difference>) {
    let Some(key) = identifier(from, to) else {
        plain_lists(path, from, to, found);
        return;
    };
    let name = |item: &Value| item[key].as_str().unwrap_or_default().to_owned();
    let in_list = |items: &[Value], item: &Value| items.iter().any(|it| name(it) == name(item));
    let missing = |one: &[Value], other: &[Value]| -> Vec<Value> {
        one.iter().filter(|item| !in_list(other, item)).cloned().collect()
    };
    let (gone, new) = (missing(from, to), missing(to, from));
    let mut details = Vec::new();
    let order = |one: &[Value], other: &[Value]| -> Vec<String> {
        one.iter().filter(|item| in_list(other, item)).map(name).collect()
    };
    let (before, after) = (order(from, to), order(to, from));
    if before != after {
        details.push(Detail::Order(before, after));
    }
    if !gone.is_empty() {
        details.push(Detail::ItemsRemoved(gone));
    }
    if !new.is_empty() {
        details.push(Detail::ItemsAdded(new));
    }
    if !details.is_empty() {
        found.push(Difference { path: path.clone(), details });
    }
    for item in from {
        if let Some(other) = to.iter().find(|it| name(it) == name(item)) {
            path.push(name(item));
            walk(path, item, other, found);
            path.pop();
        }
    }
}

/// Compares lists whose items have no names, as bags.
fn plain_lists(path: &[String], from: &[Value], to: &[Value], found: &mut Vec<Difference>) {
    let missing = |one: &[Value], other: &[Value]| -> Vec<Value> {
        let mut left = other.to_vec();
        let mut gone = Vec::new();
        for item in one {
            match left.iter().position(|it| it == item) {
                Some(at) => drop(left.remove(at)),
                None => gone.push(item.clone()),
            }
        }
        gone
    };
    let (gone, new) = (missing(from, to), missing(to, from));
    let mut details = Vec::new();
    if gone.is_empty() && new.is_empty() && from != to {
        let texts = |items: &[Value]| items.iter().map(ToString::to_string).collect();
        details.push(Detail::Order(texts(from), texts(to)));
    }
    if !gone.is_empty() {
        details.push(Detail::ItemsRemoved(gone));
    }
    if !new.is_empty() {
        details.push(Detail::ItemsAdded(new));
    }
    if !details.is_empty() {
        found.push(Difference { path: path.to_vec(), details });
    }
}
