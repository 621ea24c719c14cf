//! The OpenAPI definitions of the built-in kinds of Kubernetes 1.36, parsed one at a time on demand.
//!
//! The data lies compressed in the executable. The first question unpacks its text (about 1 MB);
//! parsed definitions are never kept here. [`parameter`] tells what the parameters of requests mean,
//! [`print`] writes schemas as the original's documents hold them.

use std::collections::HashMap;
use std::io::Read;
use std::sync::OnceLock;

use flux_manifest::GroupVersionKind;
use serde_json::{Map, Value, json};

mod print;
mod required;
#[cfg(test)]
mod tests;

pub use print::{print, print_v2};
pub use required::missing_texts;

static PARAMETERS: &str = include_str!("../data/parameters.tsv");
static COMPRESSED: &[u8] = include_bytes!("../data/definitions.tsv.gz");

/// Prefix of a reference between the definitions here.
pub const REF_PREFIX: &str = "#/definitions/";

struct Index {
    lines: Vec<Line>,
    kinds: HashMap<&'static str, usize>,
}

struct Line {
    name: &'static str,
    kinds: &'static str,
    fields: &'static str,
    json: &'static str,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        static TEXT: OnceLock<String> = OnceLock::new();
        let text = TEXT.get_or_init(|| {
            let mut text = String::new();
            flate2::read::GzDecoder::new(COMPRESSED)
                .read_to_string(&mut text)
                .expect("the embedded data is a gzip stream of UTF-8");
            text.shrink_to_fit();
            text
        });
        let lines: Vec<Line> = text.lines().filter_map(split_line).collect();
        let mut kinds = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            for kind in line.kinds.split(',').filter(|kind| !kind.is_empty()) {
                kinds.insert(kind, at);
            }
        }
        Index { lines, kinds }
    })
}

fn split_line(line: &'static str) -> Option<Line> {
    let (name, rest) = line.split_once('\t')?;
    let (kinds, rest) = rest.split_once('\t')?;
    let (fields, json) = rest.split_once('\t')?;
    Some(Line { name, kinds, fields, json })
}

fn find(name: &str) -> Option<&'static Line> {
    let lines = &index().lines;
    let at = lines.binary_search_by(|line| line.name.cmp(name)).ok()?;
    lines.get(at)
}

/// Returns the names of all definitions (`io.k8s.api.core.v1.Pod`), sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    index().lines.iter().map(|line| line.name)
}

/// Returns the name of the definition of `kind`.
///
/// Kinds that belong to every group (`DeleteOptions`, `WatchEvent`) are found under each of them.
pub fn name_of(kind: &GroupVersionKind) -> Option<&'static str> {
    let key = format!("{}/{}/{}", kind.group, kind.version, kind.kind);
    let at = index().kinds.get(key.as_str())?;
    Some(index().lines.get(*at)?.name)
}

/// Returns the text of the definition called `name`: compact JSON in the form of OpenAPI v2.
///
/// References in it start with [`REF_PREFIX`].
pub fn text(name: &str) -> Option<&'static str> {
    find(name).map(|line| line.json)
}

/// Returns the name of a definition as the data holds it, with its text.
pub fn full_name(name: &str) -> Option<(&'static str, &'static str)> {
    find(name).map(|line| (line.name, line.json))
}

/// How Go's encoder treats a field that has nothing to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Left out when empty: `""`, 0, false, no entries.
    OmitEmpty,
    /// Written as the zero value.
    WriteZero,
    /// Left out when nil; an explicit zero value is written.
    OmitNil,
    /// Written as null when nil.
    WriteNull,
    /// A struct, written even if nothing is in it.
    Struct,
    /// A struct, left out when nothing is in it.
    OmitZeroStruct,
}

/// A field of the Go type behind a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoField {
    /// The name in JSON.
    pub name: &'static str,
    /// When it is written.
    pub presence: Presence,
    /// Go's name of the type without pointers, such as `map[string]string` or `v1.PodSpec`.
    pub go_type: &'static str,
}

/// Returns the fields of the Go type behind a definition, in the order of the struct.
pub fn go_fields(name: &str) -> impl Iterator<Item = GoField> + use<> {
    let fields = find(name).map_or("", |line| line.fields);
    fields.split(';').filter_map(|field| {
        let (name, rest) = field.split_once('=')?;
        let (flag, go_type) = rest.split_once(':')?;
        let presence = match flag {
            "o" => Presence::OmitEmpty,
            "z" => Presence::WriteZero,
            "p" => Presence::OmitNil,
            "n" => Presence::WriteNull,
            "s" => Presence::Struct,
            _ => Presence::OmitZeroStruct,
        };
        Some(GoField { name, presence, go_type })
    })
}

/// Parses the definition called `name`.
pub fn definition(name: &str) -> Option<Value> {
    Some(serde_json::from_str(text(name)?).expect("every embedded definition is JSON"))
}

/// Parses the definition of `kind`.
pub fn definition_of(kind: &GroupVersionKind) -> Option<Value> {
    definition(name_of(kind)?)
}

/// Returns the name that a `$ref` of this data or of an OpenAPI v3 document points to.
pub fn ref_target(reference: &str) -> Option<&str> {
    reference.strip_prefix(REF_PREFIX).or_else(|| reference.strip_prefix("#/components/schemas/"))
}

/// Returns the names of the definitions that `schema` refers to, directly, each once and sorted.
pub fn references(schema: &Value) -> Vec<String> {
    let mut found = std::collections::BTreeSet::new();
    collect_references(schema, &mut found);
    found.into_iter().collect()
}

fn collect_references(schema: &Value, found: &mut std::collections::BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                match (key.as_str(), value) {
                    ("$ref", Value::String(reference)) => {
                        found.extend(ref_target(reference).map(str::to_owned));
                    }
                    _ => collect_references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Parses the definition called `name` in the form that `/openapi/v3` documents have.
///
/// # Upstream
/// There, a reference with siblings stands inside `allOf`, fields that are always written carry the
/// zero value as `default`, and int-or-string and quantities are a `oneOf`.
pub fn definition_v3(name: &str) -> Option<Value> {
    match name {
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString" => {
            let mut schema = definition(name)?;
            let fields = schema.as_object_mut()?;
            fields.remove("type");
            fields.insert("oneOf".into(), json!([{"type": "integer"}, {"type": "string"}]));
            Some(schema)
        }
        "io.k8s.apimachinery.pkg.api.resource.Quantity" => {
            let mut schema = definition(name)?;
            let fields = schema.as_object_mut()?;
            fields.remove("type");
            fields.insert("oneOf".into(), json!([{"type": "string"}, {"type": "number"}]));
            Some(schema)
        }
        _ => definition(name).map(|schema| {
            let presences: HashMap<&str, Presence> =
                go_fields(name).map(|field| (field.name, field.presence)).collect();
            to_v3(schema, Position::Root, &presences)
        }),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Position {
    Root,
    /// Always written, if need be as the zero value.
    Written,
    Optional,
    Item,
}

impl Position {
    fn of(presence: Option<&Presence>) -> Self {
        match presence {
            Some(Presence::WriteZero | Presence::Struct | Presence::OmitZeroStruct) => {
                Self::Written
            }
            Some(Presence::OmitEmpty | Presence::OmitNil | Presence::WriteNull) | None => {
                Self::Optional
            }
        }
    }
}

fn to_v3(schema: Value, position: Position, presences: &HashMap<&str, Presence>) -> Value {
    let Value::Object(mut fields) = schema else { return schema };
    if let Some(Value::String(reference)) = fields.remove("$ref") {
        return reference_v3(&reference, fields, position);
    }
    let nothing = HashMap::new();
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        for (name, property) in properties.iter_mut() {
            let place = Position::of(presences.get(name.as_str()));
            *property = to_v3(property.take(), place, &nothing);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(key) {
            *inner = to_v3(inner.take(), Position::Item, &nothing);
        }
    }
    if matches!(position, Position::Written | Position::Item)
        && !fields.contains_key("default")
        && let Some(zero) = fields.get("type").and_then(Value::as_str).and_then(zero_of)
    {
        fields.insert("default".into(), zero);
    }
    Value::Object(fields)
}

fn zero_of(kind: &str) -> Option<Value> {
    match kind {
        "string" => Some(json!("")),
        "integer" | "number" => Some(json!(0)),
        "boolean" => Some(json!(false)),
        _ => None,
    }
}

fn reference_v3(reference: &str, mut fields: Map<String, Value>, position: Position) -> Value {
    let target = ref_target(reference).unwrap_or(reference);
    let pointer = format!("#/components/schemas/{target}");
    let is_struct = text(target).is_some_and(|text| text.contains("\"properties\":"));
    if is_struct && position != Position::Optional && !fields.contains_key("default") {
        fields.insert("default".into(), json!({}));
    }
    if fields.is_empty() {
        return json!({ "$ref": pointer });
    }
    fields.insert("allOf".into(), json!([{ "$ref": pointer }]));
    Value::Object(fields)
}

/// A parameter of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// `query` or `path`.
    pub place: &'static str,
    /// Its type, such as `string`.
    pub kind: &'static str,
    /// What it is for, as a JSON string.
    pub description: &'static str,
}

/// Finds a parameter by its name; what patches call `fieldManager` is `fieldManager/patch`.
pub fn parameter(name: &str) -> Option<Parameter> {
    let line = PARAMETERS
        .lines()
        .find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('\t')))?;
    let mut columns = line.splitn(4, '\t');
    let name = columns.next()?;
    Some(Parameter {
        name: name.split('/').next().unwrap_or(name),
        place: columns.next()?,
        kind: columns.next()?,
        description: columns.next()?,
    })
}
