//! Rules in the Common Expression Language that a schema has for its values.

mod compile;
mod field_path;
mod run;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use flux_cel::SchemaPlace;
use serde_json::Value;

use crate::field::FieldError;
use crate::schema::{Combined, Rule, Schema};
use crate::validate::Correlation;
pub(crate) use compile::{Compiled, Compiler};
pub(crate) use field_path::resolve;
pub use field_path::selectable_field;
pub use run::RuleFindings;
use run::{Pair, Ratchet, Run};

/// The rules of a schema, compiled.
pub struct RuleSet {
    root: Node,
    schema: Arc<Schema>,
}

/// The rules of a part of a schema and of the parts inside it.
struct Node {
    rules: Vec<Compiled>,
    /// Why no rule can run: expressions cannot see such a value.
    failure: Option<&'static str>,
    /// The type as errors show it.
    type_name: Box<str>,
    is_root: bool,
    view: Option<Arc<flux_cel::Schema>>,
    /// What tells the items of a list apart.
    keys: Vec<Box<str>>,
    fields: BTreeMap<Box<str>, Node>,
    items: Option<Box<Node>>,
    values: Option<Box<Node>>,
    all_of: Vec<Node>,
}

impl RuleSet {
    /// Compiles the rules of the schema of a resource; `None` if it has none.
    ///
    /// `json` is what `schema` was parsed from.
    pub fn of_resource(json: &Value, schema: Arc<Schema>) -> Option<Self> {
        Self::of_part(json, schema, SchemaPlace::Resource)
    }

    /// Compiles the rules of the schema of a part; `None` if it has none.
    pub(crate) fn of_part(json: &Value, schema: Arc<Schema>, place: SchemaPlace) -> Option<Self> {
        if !schema.any(|part| !part.rules.is_empty()) {
            return None;
        }
        let root = Node::build(&schema, &schema, json, place)?;
        Some(Self { root, schema })
    }

    /// Runs the rules on an object, on creation without an old one.
    ///
    /// With an old one, rules about values that did not change give warnings only.
    pub fn run(&self, object: &Value, old: Option<&Value>) -> RuleFindings {
        self.run_at(&crate::Path::ROOT, object, old)
    }

    /// Runs the rules on a part of an object that stands at `base`.
    pub(crate) fn run_at(
        &self,
        base: &crate::Path<'_>,
        object: &Value,
        old: Option<&Value>,
    ) -> RuleFindings {
        let correlation = old.map(|old| Correlation::new(&self.schema, object, old));
        let ratchet = Ratchet { current: correlation.as_ref(), parent: None };
        let mut run = Run::default();
        run.node(&self.root, base, Pair { value: object, old }, ratchet);
        run.into_findings()
    }

    /// Returns the error that stands for rules that did not run because of these errors.
    pub fn unchecked(errors: &[FieldError]) -> Option<FieldError> {
        errors.iter().any(FieldError::blocks_rules).then(|| {
            let detail = "some validation rules were not checked because the object was invalid; \
                          correct the existing errors to complete validation";
            FieldError::invalid("<nil>", &Value::Null, detail)
        })
    }
}

impl Node {
    /// Compiles what `rules` says about values of `schema`; both are one schema but within `allOf`.
    fn build(rules: &Schema, schema: &Schema, json: &Value, place: SchemaPlace) -> Option<Self> {
        let view = match rules.rules.is_empty() {
            true => None,
            false => flux_cel::Schema::from_openapi(json, place).map(Arc::new),
        };
        let compiled = view.as_ref().map(|view| compile(&rules.rules, schema, view));
        let failure = (view.is_none() && !rules.rules.is_empty())
            .then_some("failed to convert to declType for CEL validation rules");
        let all_of = rules.combined.as_deref().map(|combined: &Combined| &combined.all_of);
        let node = Self {
            rules: compiled.unwrap_or_default(),
            failure,
            type_name: schema.kind.as_str().into(),
            is_root: place == SchemaPlace::Resource,
            view,
            keys: match schema.list_type {
                Some(crate::schema::ListType::Map) => schema.list_map_keys.clone(),
                _ => Vec::new(),
            },
            fields: fields(rules, schema, json),
            items: below(rules.item(), schema.item(), json.get("items")),
            values: below(
                rules.additional_schema(),
                schema.additional_schema(),
                json.get("additionalProperties"),
            ),
            all_of: all_of
                .into_iter()
                .flatten()
                .filter_map(|part| Self::build(part, schema, json, place))
                .collect(),
        };
        (!node.is_empty()).then_some(node)
    }

    fn is_empty(&self) -> bool {
        self.rules.is_empty()
            && self.failure.is_none()
            && self.fields.is_empty()
            && self.items.is_none()
            && self.values.is_none()
            && self.all_of.is_empty()
    }
}

fn compile(rules: &[Rule], schema: &Schema, view: &Arc<flux_cel::Schema>) -> Vec<Compiled> {
    let compiler = Compiler::new(view.clone());
    rules.iter().map(|rule| compiler.compile(rule, schema)).collect()
}

fn fields(rules: &Schema, schema: &Schema, json: &Value) -> BTreeMap<Box<str>, Node> {
    let mut fields = BTreeMap::new();
    for (name, rules) in &rules.properties {
        let part = schema.properties.get(name);
        let json = json.get("properties").and_then(|properties| properties.get(&**name));
        if let Some(node) = below(Some(rules), part, json) {
            fields.insert(name.clone(), *node);
        }
    }
    fields
}

fn below(
    rules: Option<&Schema>,
    schema: Option<&Schema>,
    json: Option<&Value>,
) -> Option<Box<Node>> {
    let (rules, schema, json) = (rules?, schema?, json?);
    Node::build(rules, schema, json, rule_place(schema)).map(Box::new)
}

/// Tells whether expressions see the metadata of a part.
pub(crate) fn rule_place(schema: &Schema) -> SchemaPlace {
    if schema.embedded_resource { SchemaPlace::Resource } else { SchemaPlace::Part }
}
