//! The walk over a tree that makes a JSON value of it.

use std::collections::{HashMap, HashSet, VecDeque};

use base64::Engine as _;
use flux_gostd::number::{Layout, format_f32, format_f64};
use serde_json::{Map, Value};

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
    /// The first key that JSON cannot have: the original finds it when all has been decoded.
    bad_key: Option<Error>,
    /// The first value that JSON cannot have: found last of all.
    bad_value: Option<Error>,
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
/// How many duplicate keys are named; go-yaml names them all, whose number is squared.
const MOST_PROBLEMS: usize = 1000;
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
            bad_key: None,
            bad_value: None,
            budget: Budget::default(),
        }
    }

    pub(super) fn document(mut self, root: &'a Node) -> Result<Value, Error> {
        self.bind(root, &mut HashMap::new())?;
        let value = self.node(root, Place::Root)?;
        if !self.problems.is_empty() {
            return Err(Error::Values(self.problems));
        }
        self.bad_key.or(self.bad_value).map_or(Ok(value), Err)
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

    fn scalar(&mut self, node: &Node) -> Result<Value, Error> {
        Ok(match resolve_node(node, self.resolver)? {
            Meaning::Null => Value::Null,
            Meaning::Bool(bool) => Value::Bool(bool),
            Meaning::Int(int) => Value::from(int),
            Meaning::Uint(uint) => Value::from(uint),
            Meaning::Float(float) => self.float_value(float),
            Meaning::Time(time) if self.resolver == Resolver::Core => {
                Value::String(time.format("2006-01-02T15:04:05.999999999Z07:00"))
            }
            Meaning::Tagged if node.tag == "!!binary" => Value::String(decode_binary(&node.value)?),
            Meaning::Time(_) | Meaning::Text | Meaning::Tagged => Value::String(node.value.clone()),
        })
    }

    fn float_value(&mut self, float: f64) -> Value {
        super::direct::float_value(float).unwrap_or_else(|| {
            let name = format_f64(float, Layout::General);
            let problem = format!("json: unsupported value: {name}");
            self.bad_value.get_or_insert(Error::Json(problem));
            Value::Null
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
                    self.bad_value.get_or_insert_with(|| Error::Json(problem.to_owned()));
                }
                self.entries_core(node, place, &mut map, None)?;
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
            self.node(key, Place::Inside)?;
            let syntax = self.go_syntax(target)?;
            return Err(Error::problem(format!("invalid map key: {syntax}")));
        }
        let meaning = resolve_node(target, self.resolver)?;
        let text = match &meaning {
            Meaning::Null | Meaning::Uint(_) => {
                let kind = if meaning == Meaning::Null { "%!s(<nil>)" } else { "uint64" };
                let (key, value) = (self.go_syntax(target)?, self.go_syntax(value)?);
                let text =
                    format!("unsupported map key of type: {kind}, key: {key}, value: {value}");
                self.bad_key.get_or_insert(Error::Json(text));
                target.value.clone()
            }
            Meaning::Bool(bool) => bool.to_string(),
            Meaning::Int(int) => int.to_string(),
            Meaning::Float(float) => float_key(*float),
            Meaning::Tagged if target.tag == "!!binary" => decode_binary(&target.value)?,
            Meaning::Time(_) | Meaning::Text | Meaning::Tagged => target.value.clone(),
        };
        let syntax = match self.keys {
            Keys::LastWins => String::new(),
            Keys::Unique if meaning == Meaning::Null => "<nil>".to_owned(),
            Keys::Unique => go_syntax::scalar(&meaning, &text),
        };
        Ok(Key { text, syntax })
    }

    fn go_syntax(&self, node: &Node) -> Result<String, Error> {
        go_syntax::print(node, self.resolver, &|alias| {
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
        place: Place,
        map: &mut Map<String, Value>,
        mut taken: Option<&mut HashSet<&'a str>>,
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
            if key.kind != Kind::Scalar && place == Place::Root {
                let (line, tag) = (key.line, key.short_tag());
                let value = if matches!(tag, "!!seq" | "!!map") { "" } else { " ``" };
                let problem = format!("line {line}: cannot unmarshal {tag}{value} into string");
                self.problems.push(problem);
                continue;
            }
            if key.kind != Kind::Scalar {
                self.node(key, Place::Inside)?;
                let syntax = self.go_syntax(key)?;
                return Err(Error::problem(format!("invalid map key: {syntax}")));
            }
            if taken.as_deref_mut().is_some_and(|taken| !taken.insert(&key.value)) {
                continue;
            }
            let text = match resolve_node(key, self.resolver)? {
                Meaning::Null if place == Place::Root => continue,
                Meaning::Tagged if key.tag == "!!binary" => decode_binary(&key.value)?,
                _ => key.value.clone(),
            };
            let value = self.node(value, Place::Inside)?;
            map.insert(text, value);
        }
        let Some(merge) = merge else { return Ok(()) };
        let mut own;
        let taken = match taken {
            Some(taken) => taken,
            None => {
                own = node.entries().map(|(key, _)| key.value.as_str()).collect();
                &mut own
            }
        };
        self.merge(merge, MergeOrder::FirstFirst, &mut |decoder, from| {
            decoder.entries_core(from, place, map, Some(taken))
        })
    }

    /// Notes every pair of equal keys.
    fn has_duplicates(&mut self, node: &Node) -> bool {
        if are_unique(node) {
            return false;
        }
        let mut places: HashMap<(Kind, &str), VecDeque<u32>> = HashMap::new();
        for (key, _) in node.entries() {
            places.entry((key.kind, &key.value)).or_default().push_back(key.line);
        }
        for (key, _) in node.entries() {
            let Some(lines) = places.get_mut(&(key.kind, key.value.as_str())) else { continue };
            let first = lines.pop_front().unwrap_or_default();
            let syntax = flux_gostd::quote::quote(&key.value);
            for line in lines.iter().take(MOST_PROBLEMS.saturating_sub(self.problems.len())) {
                self.problems.push(format!(
                    "line {line}: mapping key {syntax} already defined at line {first}"
                ));
            }
        }
        true
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

fn are_unique(node: &Node) -> bool {
    /// Up to how many keys comparing each pair is faster than hashing.
    const FEW: usize = 12;
    let keys = || node.entries().map(|(key, _)| (key.kind, key.value.as_str()));
    let count = node.content.len() / 2;
    if count > FEW {
        return keys().collect::<HashSet<_>>().len() == count;
    }
    keys().enumerate().all(|(index, key)| keys().take(index).all(|other| other != key))
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
    let mut decoded = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        decoded.push_str(chunk.valid());
        decoded.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(decoded)
}
