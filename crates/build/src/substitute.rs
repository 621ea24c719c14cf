//! Variables in built objects.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flux_envsubst::{Undefined, expand};
use serde_json::Value;

use crate::{Options, Variables, spec};

/// Label or annotation that keeps variables out of an object.
const SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";
const NAMES: &str = "^[_[:alpha:]][_[:alpha:][:digit:]]*$";

/// The kinds that hold variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReferenceKind {
    /// A ConfigMap, whose `data` counts.
    ConfigMap,
    /// A Secret, whose `data` counts.
    Secret,
}

impl ReferenceKind {
    /// Returns the kind's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    fn resource(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmaps",
            Self::Secret => "secrets",
        }
    }
}

/// An object that holds variables, in the Kustomization's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    /// Its kind.
    pub kind: ReferenceKind,
    /// Its name.
    pub name: String,
    /// Whether it may be missing.
    pub optional: bool,
}

/// What became of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The object's data.
    Found(BTreeMap<String, String>),
    /// There is no such object.
    NotFound,
    /// It could not be read, and why.
    Failed(String),
}

impl Lookup {
    /// Takes the data of a ConfigMap or Secret.
    pub fn of_object(object: &Value) -> Self {
        let map = |key: &str| object.get(key).and_then(Value::as_object).into_iter().flatten();
        let is_secret = object.get("kind").and_then(Value::as_str) == Some("Secret");
        let mut data = BTreeMap::new();
        for (key, value) in map("data") {
            let text = value.as_str().unwrap_or_default();
            let text = match STANDARD.decode(text.split_whitespace().collect::<String>()) {
                Ok(bytes) if is_secret => String::from_utf8_lossy(&bytes).into_owned(),
                _ => text.to_owned(),
            };
            data.insert(key.clone(), text);
        }
        if is_secret {
            let plain = map("stringData");
            data.extend(
                plain.map(|(key, value)| {
                    (key.clone(), value.as_str().unwrap_or_default().to_owned())
                }),
            );
        }
        Self::Found(data)
    }
}

/// Returns what has to be looked up for a Kustomization, in order: what comes later wins.
pub fn references(kustomization: &Value) -> Vec<Reference> {
    let list = post_build(kustomization).and_then(|post_build| post_build.get("substituteFrom"));
    let list = list.and_then(Value::as_array).into_iter().flatten();
    let reference = |value: &Value| {
        let kind = match value.get("kind")?.as_str()? {
            "ConfigMap" => ReferenceKind::ConfigMap,
            "Secret" => ReferenceKind::Secret,
            _ => return None,
        };
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let optional = value.get("optional").and_then(Value::as_bool).unwrap_or_default();
        Some(Reference { kind, name, optional })
    };
    list.filter_map(reference).collect()
}

fn post_build(kustomization: &Value) -> Option<&Value> {
    spec::field(kustomization, "postBuild")
}

/// Replaces variables in the objects of one Kustomization.
pub(crate) struct Substitution {
    variables: Result<BTreeMap<String, String>, String>,
    undefined: Undefined,
    is_always: bool,
}

impl Substitution {
    /// Collects the variables; nothing if the Kustomization does not ask for substitution.
    pub(crate) fn new(
        kustomization: &Value,
        lookups: &[Lookup],
        options: &Options<'_>,
    ) -> Option<Self> {
        let post_build = post_build(kustomization)?;
        let strategy = post_build.get("substituteStrategy").and_then(Value::as_str);
        let found = match options.variables {
            Variables::All => collect(kustomization, lookups),
            Variables::InlineOnly => Ok(BTreeMap::new()),
        };
        let inline = post_build.get("substitute").and_then(Value::as_object);
        let variables = found.map(|mut variables| {
            for (name, value) in inline.into_iter().flatten() {
                let value = value.as_str().unwrap_or_default();
                variables.insert(name.clone(), value.replace('\n', ""));
            }
            variables
        });
        Some(Self {
            variables,
            undefined: options.undefined,
            is_always: strategy == Some("Always"),
        })
    }

    /// Replaces the variables in an object.
    ///
    /// Returns nothing if the object keeps variables out, and an empty place if there was nothing
    /// to replace.
    ///
    /// # Errors
    /// The variables could not be looked up, or cannot be replaced.
    pub(crate) fn run(&self, object: &Value) -> Result<Option<Option<Value>>, String> {
        if is_switched_off(object) {
            return Ok(None);
        }
        let variables = self.variables.as_ref().map_err(Clone::clone)?;
        if variables.is_empty() && !self.is_always {
            return Ok(Some(None));
        }
        let substituted = self.substitute(object, variables);
        let value = substituted.map_err(|error| format!("envsubst error: {error}"))?;
        if !value.is_object() {
            let found = match value {
                Value::Null => return Ok(Some(Some(Value::Object(serde_json::Map::new())))),
                Value::Bool(_) => "bool",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                _ => "array",
            };
            return Err(format!(
                "UnmarshalJSON: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
            ));
        }
        Ok(Some(Some(flux_kustomize::through_floats(value))))
    }

    fn substitute(
        &self,
        object: &Value,
        variables: &BTreeMap<String, String>,
    ) -> Result<Value, String> {
        if let Some(name) = variables.keys().find(|name| !is_name(name)) {
            return Err(format!("'{name}' var name is invalid, must match '{NAMES}'"));
        }
        let text = flux_yaml::to_string(object);
        let expanded = expand(&text, variables, self.undefined)
            .map_err(|error| format!("variable substitution failed: {error}"))?;
        let expanded = String::from_utf8(expanded)
            .map_err(|_| "YAMLToJSON: yaml: invalid trailing UTF-8 octet".to_owned())?;
        flux_yaml::from_str(&expanded).map_err(|error| match error {
            flux_yaml::Error::Convert(inner) => format!("YAMLToJSON: {inner}"),
            other => format!("YAMLToJSON: {other}"),
        })
    }
}

fn collect(kustomization: &Value, lookups: &[Lookup]) -> Result<BTreeMap<String, String>, String> {
    let mut variables = BTreeMap::new();
    for (at, reference) in references(kustomization).iter().enumerate() {
        let Reference { kind, name, optional } = reference;
        let failed =
            |text: &str| Err(format!("substitute from '{}/{name}' error: {text}", kind.as_str()));
        match lookups.get(at) {
            Some(Lookup::Found(data)) => {
                let data = data.iter();
                variables.extend(data.map(|(key, value)| (key.clone(), value.replace('\n', ""))));
            }
            Some(Lookup::Failed(text)) => return failed(text),
            Some(Lookup::NotFound) | None if *optional => {}
            Some(Lookup::NotFound) | None => {
                return failed(&format!("{} \"{name}\" not found", kind.resource()));
            }
        }
    }
    Ok(variables)
}

fn is_switched_off(object: &Value) -> bool {
    ["labels", "annotations"].iter().any(|map| {
        let map = object.get("metadata").and_then(|metadata| metadata.get(map));
        map.and_then(|map| map.get(SWITCH)).and_then(Value::as_str) == Some("disabled")
    })
}

/// Reports whether a name consists of ASCII letters, digits and `_`, no digit first.
fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}
