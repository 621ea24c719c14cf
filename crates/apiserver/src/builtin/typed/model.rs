//! The Go types of built-in kinds, put together from the OpenAPI data once they are needed.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use flux_schema::openapi::{self, Presence};
use serde_json::Value;

/// A Go struct.
#[derive(Debug)]
pub(crate) struct Model {
    /// The name without package, such as `PodSpec`.
    pub(super) name: &'static str,
    fields: Vec<Field>,
    index: HashMap<&'static str, usize>,
}

impl Model {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.get(*self.index.get(name)?)
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }
}

/// A field of a struct.
#[derive(Debug)]
pub(crate) struct Field {
    pub(super) name: &'static str,
    pub(super) presence: Presence,
    pub(super) go_type: &'static str,
    pub(super) shape: Shape,
}

/// What a value looks like in JSON.
#[derive(Debug)]
pub(super) enum Shape {
    Bool,
    Int32,
    Int64,
    Float,
    Text,
    Bytes,
    Time,
    MicroTime,
    Quantity,
    IntOrString,
    /// Kept as it is.
    Any,
    /// A schema, or something else that is kept as it is, or a list of both.
    SchemaOrOther(StructRef),
    Struct(StructRef),
    List(Box<Shape>),
    Map(Box<Shape>),
}

/// A struct by name; looked up when a value of it is there.
#[derive(Debug)]
pub(super) struct StructRef {
    name: &'static str,
    model: OnceLock<Arc<Model>>,
}

impl StructRef {
    fn new(name: &'static str) -> Self {
        Self { name, model: OnceLock::new() }
    }

    pub(super) fn get(&self) -> &Arc<Model> {
        self.model.get_or_init(|| model(self.name))
    }
}

/// Returns the model of a definition.
pub(crate) fn model(definition: &'static str) -> Arc<Model> {
    static KNOWN: OnceLock<RwLock<HashMap<&'static str, Arc<Model>>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    let found = known.read().unwrap_or_else(PoisonError::into_inner).get(definition).cloned();
    found.unwrap_or_else(|| {
        let built = Arc::new(build(definition));
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(definition).or_insert(built).clone()
    })
}

fn build(definition: &'static str) -> Model {
    let schema = openapi::definition(definition).unwrap_or_default();
    let fields: Vec<Field> = openapi::go_fields(definition)
        .map(|field| Field {
            name: field.name,
            presence: field.presence,
            go_type: field.go_type,
            shape: shape(&schema["properties"][field.name]),
        })
        .collect();
    let index = fields.iter().enumerate().map(|(at, field)| (field.name, at)).collect();
    let name = definition.rsplit('.').next().unwrap_or(definition);
    Model { name, fields, index }
}

fn shape(schema: &Value) -> Shape {
    if let Some(target) = schema["$ref"].as_str().and_then(openapi::ref_target) {
        return named(target);
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("boolean"), _) => Shape::Bool,
        (Some("integer"), Some("int32")) => Shape::Int32,
        (Some("integer"), _) => Shape::Int64,
        (Some("number"), _) => Shape::Float,
        (Some("string"), Some("byte")) => Shape::Bytes,
        (Some("string"), Some("date-time")) => Shape::Time,
        (Some("string"), Some("int-or-string")) => Shape::IntOrString,
        (Some("string"), _) => Shape::Text,
        (Some("array"), _) => Shape::List(Box::new(shape(&schema["items"]))),
        (Some("object"), _) if schema["additionalProperties"].is_object() => {
            Shape::Map(Box::new(shape(&schema["additionalProperties"])))
        }
        _ => Shape::Any,
    }
}

fn named(target: &str) -> Shape {
    match target.rsplit('.').next().unwrap_or(target) {
        "Time" => Shape::Time,
        "MicroTime" => Shape::MicroTime,
        "Quantity" => Shape::Quantity,
        "IntOrString" => Shape::IntOrString,
        "RawExtension" | "FieldsV1" | "JSON" | "JSONSchemaPropsOrStringArray" => Shape::Any,
        "JSONSchemaPropsOrBool" | "JSONSchemaPropsOrArray" => {
            let name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
            Shape::SchemaOrOther(StructRef::new(name))
        }
        _ => match openapi::full_name(target) {
            Some((name, text)) if text.contains("\"type\":\"object\"") => {
                Shape::Struct(StructRef::new(name))
            }
            Some((_, text)) => shape(&serde_json::from_str(text).unwrap_or_default()),
            None => Shape::Any,
        },
    }
}
