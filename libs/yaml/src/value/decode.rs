//! The walk over a tree that makes a JSON value of it.

use std::collections::{HashMap, HashSet};

use base64::Engine as _;
use flux_gostd::number::{Layout, format_f32, json_f64};
use serde_json::{Map, Number, Value};

use super::go_syntax;
use crate::resolve::{Meaning, resolve_node};
use crate::{Error, Kind, Node, Resolver, Style};

/// What a key means that stands twice in a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    LastWins,
    Unique,
}

/// Makes a value of one document.
pub(super) struct Decoder<'a> {
    resolver: Resolver,
    keys: Keys,
    /// Where the aliases lead, by the address of the alias.
    targets: HashMap<*const Node, &'a Node>,
    /// The aliases that are being followed.
    following: HashSet<*const Node>,
    problems: Vec<String>,
    budget: Budget,
}

/// The cost of what has been made so far; go-yaml's bounds on aliases, and one on the bytes that
/// they copy, which go-yaml does not have to count because it shares them.
#[derive(Default)]
struct Budget {
    nodes: u64,
    alias_nodes: u64,
    alias_bytes: usize,
}

const MOST_ALIAS_BYTES: usize = 64 << 20;
const TOO_MANY_ALIASES: &str = "document contains excessive aliasing";

impl Budget {
    fn spend(&mut self, in_alias: bool, bytes: usize) -> Result<(), Error> {
        self.nodes += 1;
        if in_alias {
            self.alias_nodes += 1;
            self.alias_bytes += bytes;
        }
        let too_many = self.alias_nodes > 100
            && self.nodes > 1000
            && self.alias_nodes as f64 / self.nodes as f64 > allowed_ratio(self.nodes);
        if too_many || self.alias_bytes > MOST_ALIAS_BYTES {
            return Err(Error::problem(TOO_MANY_ALIASES));
        }
        Ok(())
    }
}

/// The part of a document that may come from aliases: 99 % of a small one, 10 % of a large one.
fn allowed_ratio(nodes: u64) -> f64 {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    0.99 - 0.89 * ((nodes as f64 - LOW) / (HIGH - LOW)).clamp(0.0, 1.0)
}

impl<'a> Decoder<'a> {
    pub(super) fn new(resolver: Resolver, keys: Keys) -> Self {
        Self {
            resolver,
            keys,
            targets: HashMap::new(),
            following: HashSet::new(),
            problems: Vec::new(),
            budget: Budget::default(),
        }
    }

    pub(super) fn document(mut self, root: &'a Node) -> Result<Value, Error> {
        self.bind(root, &mut HashMap::new())?;
        let value = self.node(root, Place::Root)?;
        if self.problems.is_empty() { Ok(value) } else { Err(Error::Values(self.problems)) }
    }

    /// Finds the node that each alias stands for: the last one before it with that anchor.
    fn bind(
        &mut self,
        node: &'a Node,
        anchors: &mut HashMap<&'a str, &'a Node>,
    ) -> Result<(), Error> {
        if node.kind == Kind::Alias {
            let Some(target) = anchors.get(node.value.as_str()) else {
                let problem = format!("unknown anchor '{}' referenced", node.value);
                return Err(Error::problem(problem));
            };
            self.targets.insert(node, target);
        }
        if let Some(anchor) = &node.anchor {
            anchors.insert(anchor, node);
        }
        node.content.iter().try_for_each(|child| self.bind(child, anchors))
    }

    fn node(&mut self, node: &'a Node, place: Place) -> Result<Value, Error> {
        self.budget.spend(!self.following.is_empty(), node.value.len())?;
        match node.kind {
            Kind::Scalar => self.scalar(node),
            Kind::Sequence => {
                let items = node.content.iter().map(|item| self.node(item, Place::Inside));
                Ok(Value::Array(items.collect::<Result<_, _>>()?))
            }
            Kind::Mapping => self.mapping(node, place),
            Kind::Alias => {
                let target = self.follow(node)?;
                let value = self.node(target, place);
                self.following.remove(&std::ptr::from_ref(node));
                value
            }
        }
    }

    fn follow(&mut self, alias: &'a Node) -> Result<&'a Node, Error> {
        let name = &alias.value;
        let Some(&target) = self.targets.get(&std::ptr::from_ref(alias)) else {
            return Err(Error::problem(format!("unknown anchor '{name}' referenced")));
        };
        if !self.following.insert(alias) {
            return Err(Error::problem(format!("anchor '{name}' value contains itself")));
        }
        Ok(target)
    }

    fn scalar(&self, node: &Node) -> Result<Value, Error> {
        Ok(match resolve_node(node, self.resolver)? {
            Meaning::Null => Value::Null,
            Meaning::Bool(bool) => Value::Bool(bool),
            Meaning::Int(int) => Value::from(int),
            Meaning::Uint(uint) => Value::from(uint),
            Meaning::Float(float) => float_value(float)?,
            Meaning::Time(time) if self.resolver == Resolver::Core => {
                Value::String(time.format("2006-01-02T15:04:05.999999999Z07:00"))
            }
            Meaning::Tagged if node.tag == "!!binary" => Value::String(decode_binary(&node.value)?),
            Meaning::Time(_) | Meaning::Text | Meaning::Tagged => Value::String(node.value.clone()),
        })
    }

    fn mapping(&mut self, node: &'a Node, place: Place) -> Result<Value, Error> {
        let mut map = Map::new();
        match self.resolver {
            Resolver::Yaml11 => {
                let mut seen = HashSet::new();
                self.entries11(node, &mut map, &mut seen)?;
            }
            Resolver::Core => {
                if place == Place::Inside && node.entries().any(|(key, _)| !is_text_key(key)) {
                    let problem = "json: unsupported type: map[interface {}]interface {}";
                    return Err(Error::Json(problem.to_owned()));
                }
                let mut taken = HashSet::new();
                self.entries_core(node, &mut map, &mut taken)?;
            }
        }
        Ok(Value::Object(map))
    }

    /// yaml.v2: entries and merges in the order of the text, later ones win.
    fn entries11(
        &mut self,
        node: &'a Node,
        map: &mut Map<String, Value>,
        seen: &mut HashSet<String>,
    ) -> Result<(), Error> {
        for (key, value) in node.entries() {
            if is_merge11(key) {
                self.merge(value, MergeOrder::LastFirst, &mut |decoder, from| {
                    decoder.entries11(from, map, seen)
                })?;
                continue;
            }
            self.budget.spend(!self.following.is_empty(), key.value.len())?;
            let key = self.key11(key, value)?;
            let line = value.line;
            let value = self.node(value, Place::Inside)?;
            if self.keys == Keys::Unique && !seen.insert(key.syntax.clone()) {
                self.problems.push(format!("line {line}: key {} already set in map", key.syntax));
                continue;
            }
            map.insert(key.text, value);
        }
        Ok(())
    }

    /// Turns a key into text as sigs.k8s.io/yaml does.
    fn key11(&mut self, key: &'a Node, value: &'a Node) -> Result<Key, Error> {
        let target = self.resolve_alias(key)?;
        if target.kind != Kind::Scalar {
            let syntax = self.go_syntax(target)?;
            return Err(Error::problem(format!("invalid map key: {syntax}")));
        }
        let meaning = resolve_node(target, self.resolver)?;
        let text = match &meaning {
            Meaning::Null | Meaning::Uint(_) => {
                let kind = if meaning == Meaning::Null { "%!s(<nil>)" } else { "uint64" };
                let (key, value) = (self.go_syntax(target)?, self.go_syntax(value)?);
                return Err(Error::Json(format!(
                    "unsupported map key of type: {kind}, key: {key}, value: {value}"
                )));
            }
            Meaning::Bool(bool) => bool.to_string(),
            Meaning::Int(int) => int.to_string(),
            Meaning::Float(float) => float_key(*float),
            Meaning::Tagged if target.tag == "!!binary" => decode_binary(&target.value)?,
            Meaning::Time(_) | Meaning::Text | Meaning::Tagged => target.value.clone(),
        };
        let syntax = match self.keys {
            Keys::LastWins => String::new(),
            Keys::Unique => go_syntax::scalar(&meaning, &text),
        };
        Ok(Key { text, syntax })
    }

    fn go_syntax(&self, node: &Node) -> Result<String, Error> {
        go_syntax::print(node, &|alias| {
            self.targets.get(&std::ptr::from_ref(alias)).map(|target| &**target)
        })
    }

    fn resolve_alias(&self, node: &'a Node) -> Result<&'a Node, Error> {
        if node.kind != Kind::Alias {
            return Ok(node);
        }
        let target = self.targets.get(&std::ptr::from_ref(node)).copied();
        let problem = || format!("unknown anchor '{}' referenced", node.value);
        target.ok_or_else(|| Error::problem(problem()))
    }

    /// yaml.v3: the entries of the text win over merged ones, earlier merges over later ones.
    fn entries_core(
        &mut self,
        node: &'a Node,
        map: &mut Map<String, Value>,
        taken: &mut HashSet<&'a str>,
    ) -> Result<(), Error> {
        if self.has_duplicates(node) {
            return Ok(());
        }
        let mut merge = None;
        for (key, value) in node.entries() {
            if is_merge_core(key) {
                merge = Some(value);
                continue;
            }
            self.budget.spend(!self.following.is_empty(), key.value.len())?;
            let key = self.resolve_alias(key)?;
            if key.kind != Kind::Scalar {
                let syntax = self.go_syntax(key)?;
                return Err(Error::problem(format!("invalid map key: {syntax}")));
            }
            if !taken.insert(&key.value) {
                continue;
            }
            let text = match resolve_node(key, self.resolver)? {
                Meaning::Tagged if key.tag == "!!binary" => decode_binary(&key.value)?,
                _ => key.value.clone(),
            };
            let value = self.node(value, Place::Inside)?;
            map.insert(text, value);
        }
        match merge {
            Some(merge) => self.merge(merge, MergeOrder::FirstFirst, &mut |decoder, from| {
                decoder.entries_core(from, map, taken)
            }),
            None => Ok(()),
        }
    }

    fn has_duplicates(&mut self, node: &Node) -> bool {
        let mut first: HashMap<(Kind, &str), u32> = HashMap::with_capacity(node.content.len() / 2);
        let before = self.problems.len();
        for (key, _) in node.entries() {
            let value = key.value.as_str();
            if let Some(line) = first.get(&(key.kind, value)) {
                let syntax = flux_gostd::quote::quote(value);
                self.problems.push(format!(
                    "line {}: mapping key {syntax} already defined at line {line}",
                    key.line
                ));
            } else {
                first.insert((key.kind, value), key.line);
            }
        }
        self.problems.len() > before
    }

    /// Visits the mappings that the value of a merge key names.
    fn merge(
        &mut self,
        value: &'a Node,
        order: MergeOrder,
        visit: &mut dyn FnMut(&mut Self, &'a Node) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let sources: Vec<&'a Node> = match value.kind {
            Kind::Sequence if order == MergeOrder::LastFirst => {
                value.content.iter().rev().collect()
            }
            Kind::Sequence => value.content.iter().collect(),
            _ => vec![value],
        };
        for source in sources {
            if self.resolve_alias(source)?.kind != Kind::Mapping {
                let problem = "map merge requires map or sequence of maps as the value";
                return Err(Error::problem(problem));
            }
            self.budget.spend(!self.following.is_empty(), 0)?;
            if source.kind == Kind::Alias {
                let target = self.follow(source)?;
                self.budget.spend(true, 0)?;
                visit(self, target)?;
                self.following.remove(&std::ptr::from_ref(source));
            } else {
                visit(self, source)?;
            }
        }
        Ok(())
    }
}

/// Where a mapping stands: yaml.v3 accepts keys that are no text only at the top.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Inside,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MergeOrder {
    FirstFirst,
    LastFirst,
}

struct Key {
    text: String,
    /// The key as Go prints it; only where duplicates matter.
    syntax: String,
}

fn is_merge11(key: &Node) -> bool {
    let implicit = key.tag == "!" || (key.tag.is_empty() && key.style == Style::Plain);
    key.kind == Kind::Scalar && key.value == "<<" && (implicit || key.tag == "!!merge")
}

fn is_merge_core(key: &Node) -> bool {
    let implicit = matches!(key.tag.as_str(), "" | "!") && key.style == Style::Plain;
    key.kind == Kind::Scalar && key.value == "<<" && (implicit || key.tag == "!!merge")
}

fn is_text_key(key: &Node) -> bool {
    key.kind == Kind::Alias || matches!(key.short_tag(), "!!str" | "!!merge")
}

/// The number that a reader of Go's JSON text finds for a float.
fn float_value(float: f64) -> Result<Value, Error> {
    let Some(text) = json_f64(float) else {
        let name = match float {
            f64::INFINITY => "+Inf",
            f64::NEG_INFINITY => "-Inf",
            _ => "NaN",
        };
        return Err(Error::Json(format!("json: unsupported value: {name}")));
    };
    if let Ok(int) = text.parse::<i64>() {
        return Ok(Value::from(int));
    }
    if let Ok(uint) = text.parse::<u64>() {
        return Ok(Value::from(uint));
    }
    Ok(Number::from_f64(float).map_or(Value::Null, Value::Number))
}

fn float_key(float: f64) -> String {
    match format_f32(float as f32, Layout::General).as_str() {
        "+Inf" => ".inf".to_owned(),
        "-Inf" => "-.inf".to_owned(),
        "NaN" => ".nan".to_owned(),
        text => text.to_owned(),
    }
}

/// Decodes base64, in which Go ignores line breaks; bytes that are no text become U+FFFD, as in
/// Go's JSON.
fn decode_binary(text: &str) -> Result<String, Error> {
    let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(text);
    let problem = "!!binary value contains invalid base64 data";
    let bytes = bytes.map_err(|_| Error::problem(problem))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
