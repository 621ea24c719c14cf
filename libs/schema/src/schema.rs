//! A JSON schema as custom resource definitions use it, parsed once.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// Deeper schemas than this are cut off; JSON text is refused by its reader long before.
const DEEPEST: usize = 200;

/// The `type` of a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Type {
    /// No type is given.
    #[default]
    Absent,
    /// `object`
    Object,
    /// `array`
    Array,
    /// `string`
    String,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `boolean`
    Boolean,
    /// Something that OpenAPI does not know.
    Other(Box<str>),
}

impl Type {
    fn parse(text: &str) -> Self {
        match text {
            "" => Self::Absent,
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            other => Self::Other(other.into()),
        }
    }

    /// Returns the name, empty if no type is given.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Absent => "",
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Other(other) => other,
        }
    }
}

/// How the items of a list relate to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListType {
    /// The list is one value.
    Atomic,
    /// The items are unique.
    Set,
    /// The items are told apart by keys.
    Map,
    /// Something that the API does not know.
    Other(Box<str>),
}

impl ListType {
    fn parse(text: &str) -> Self {
        match text {
            "atomic" => Self::Atomic,
            "set" => Self::Set,
            "map" => Self::Map,
            other => Self::Other(other.into()),
        }
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Atomic => "atomic",
            Self::Set => "set",
            Self::Map => "map",
            Self::Other(other) => other,
        }
    }
}

/// What holds for values that a map has beside the declared ones.
#[derive(Clone, Debug, PartialEq)]
pub enum Additional {
    /// `true` or `false`: whether there may be any.
    Allowed(bool),
    /// A schema for each of them.
    Schema(Box<Schema>),
}

/// The `items` of a schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Items {
    /// One schema for every item.
    Each(Box<Schema>),
    /// A schema for each position, which definitions may not use.
    Positional(Vec<Schema>),
}

/// A rule in the Common Expression Language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The expression.
    pub rule: String,
    /// What to say when it fails.
    pub message: String,
    /// An expression for what to say.
    pub message_expression: String,
    /// The machine-readable reason.
    pub reason: Option<String>,
    /// Where the error is reported, relative to the schema.
    pub field_path: String,
    /// Whether the rule runs without an old value.
    pub optional_old_self: Option<bool>,
}

impl Rule {
    /// Reads a rule from JSON. Fields of a wrong type count as absent.
    pub(crate) fn parse(json: &Value) -> Self {
        let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            rule: text("rule").unwrap_or_default(),
            message: text("message").unwrap_or_default(),
            message_expression: text("messageExpression").unwrap_or_default(),
            reason: text("reason"),
            field_path: text("fieldPath").unwrap_or_default(),
            optional_old_self: json.get("optionalOldSelf").and_then(Value::as_bool),
        }
    }
}

/// Limits of a value.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// Largest number.
    pub maximum: Option<f64>,
    /// Whether `maximum` itself is too large.
    pub exclusive_maximum: bool,
    /// Smallest number.
    pub minimum: Option<f64>,
    /// Whether `minimum` itself is too small.
    pub exclusive_minimum: bool,
    /// Factor of the number.
    pub multiple_of: Option<f64>,
    /// Most characters.
    pub max_length: Option<i64>,
    /// Fewest characters.
    pub min_length: Option<i64>,
    /// Regular expression in RE2 syntax.
    pub pattern: Option<Box<str>>,
    /// Most items.
    pub max_items: Option<i64>,
    /// Fewest items.
    pub min_items: Option<i64>,
    /// Whether items have to differ.
    pub unique_items: bool,
    /// Most properties.
    pub max_properties: Option<i64>,
    /// Fewest properties.
    pub min_properties: Option<i64>,
    /// The allowed values.
    pub allowed: Vec<Value>,
}

/// Schemas that a value has to satisfy together, alternatively, or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Combined {
    /// All of them.
    pub all_of: Vec<Schema>,
    /// At least one of them.
    pub any_of: Vec<Schema>,
    /// Exactly one of them.
    pub one_of: Vec<Schema>,
    /// Not this one.
    pub not: Option<Box<Schema>>,
}

/// Keywords that a definition may not use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unsupported {
    /// `id`
    pub id: bool,
    /// `$schema`
    pub schema: bool,
    /// `$ref`
    pub reference: Option<Box<str>>,
    /// `additionalItems`
    pub additional_items: bool,
    /// `patternProperties`
    pub pattern_properties: BTreeMap<Box<str>, Schema>,
    /// `definitions`
    pub definitions: BTreeMap<Box<str>, Schema>,
    /// `dependencies`, those that are schemas
    pub dependencies: Option<BTreeMap<Box<str>, Schema>>,
}

/// A schema.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schema {
    /// The type.
    pub kind: Type,
    /// The format, such as `date-time`.
    pub format: Option<Box<str>>,
    /// What an absent value becomes.
    pub default: Option<Box<Value>>,
    /// Whether null is a value.
    pub nullable: bool,
    /// Whether there is a description.
    pub described: bool,
    /// Whether there is a title.
    pub titled: bool,
    /// Limits of the value.
    pub limits: Option<Box<Limits>>,
    /// The properties that have to be there.
    pub required: Vec<Box<str>>,
    /// The declared properties.
    pub properties: BTreeMap<Box<str>, Schema>,
    /// What holds for the others.
    pub additional: Option<Additional>,
    /// What holds for items.
    pub items: Option<Items>,
    /// Combinations of schemas.
    pub combined: Option<Box<Combined>>,
    /// Whether unknown fields are kept; `Some(false)` is an error in a definition.
    pub preserve_unknown_fields: Option<bool>,
    /// Whether the value is a whole object with `apiVersion`, `kind` and `metadata`.
    pub embedded_resource: bool,
    /// Whether the value is an integer or a string.
    pub int_or_string: bool,
    /// How items relate.
    pub list_type: Option<ListType>,
    /// The keys of a list of type `map`.
    pub list_map_keys: Vec<Box<str>>,
    /// Whether a map is one value: `atomic` or `granular`.
    pub map_type: Option<Box<str>>,
    /// Rules.
    pub rules: Vec<Rule>,
    /// Keywords that a definition may not use.
    pub unsupported: Option<Box<Unsupported>>,
    /// `externalDocs` or `example` are set.
    pub documented: bool,
}

impl Schema {
    /// Reads a schema from JSON. Keywords of a wrong type count as absent.
    pub fn parse(json: &Value) -> Self {
        Self::parse_at(json, 0)
    }

    fn parse_at(json: &Value, depth: usize) -> Self {
        let Some(fields) = json.as_object().filter(|_| depth < DEEPEST) else {
            return Self::default();
        };
        let reader = Reader { fields, depth };
        Self {
            kind: Type::parse(reader.text("type").unwrap_or_default()),
            format: reader.boxed("format"),
            default: fields.get("default").filter(|value| !value.is_null()).cloned().map(Box::new),
            nullable: reader.flag("nullable"),
            described: reader.text("description").is_some_and(|text| !text.is_empty()),
            titled: reader.text("title").is_some_and(|text| !text.is_empty()),
            limits: reader.limits(),
            required: reader.texts("required"),
            properties: reader.schemas("properties"),
            additional: reader.additional(),
            items: reader.items(),
            combined: reader.combined(),
            preserve_unknown_fields: fields
                .get("x-kubernetes-preserve-unknown-fields")
                .and_then(Value::as_bool),
            embedded_resource: reader.flag("x-kubernetes-embedded-resource"),
            int_or_string: reader.flag("x-kubernetes-int-or-string"),
            list_type: reader.text("x-kubernetes-list-type").map(ListType::parse),
            list_map_keys: reader.texts("x-kubernetes-list-map-keys"),
            map_type: reader.text("x-kubernetes-map-type").map(Into::into),
            rules: reader.rules(),
            unsupported: reader.unsupported(),
            documented: ["externalDocs", "example"]
                .iter()
                .any(|key| fields.get(*key).is_some_and(|value| !value.is_null())),
        }
    }

    /// Returns what values of the type may be: nothing if any.
    pub fn types(&self) -> Vec<&str> {
        match (self.int_or_string, self.kind.as_str()) {
            (true, _) => vec!["integer", "string"],
            (false, "") => Vec::new(),
            (false, one) => vec![one],
        }
    }

    /// Tells whether unknown fields are kept below this value.
    pub fn preserves_unknown_fields(&self) -> bool {
        self.preserve_unknown_fields == Some(true)
    }

    /// Returns the schema of each item, if there is one for all.
    pub fn item(&self) -> Option<&Schema> {
        match &self.items {
            Some(Items::Each(schema)) => Some(schema),
            Some(Items::Positional(_)) | None => None,
        }
    }

    /// Returns the schema of values beside the declared ones.
    pub fn additional_schema(&self) -> Option<&Schema> {
        match &self.additional {
            Some(Additional::Schema(schema)) => Some(schema),
            Some(Additional::Allowed(_)) | None => None,
        }
    }

    /// Returns the schema of the value under `key`, declared or additional.
    pub fn property(&self, key: &str) -> Option<&Schema> {
        self.properties.get(key).or_else(|| self.additional_schema())
    }

    /// Calls `visit` for this schema and every one inside, combinations included.
    pub fn visit<'a>(&'a self, visit: &mut dyn FnMut(&'a Schema)) {
        visit(self);
        for property in self.properties.values() {
            property.visit(visit);
        }
        if let Some(additional) = self.additional_schema() {
            additional.visit(visit);
        }
        match &self.items {
            Some(Items::Each(item)) => item.visit(visit),
            Some(Items::Positional(items)) => items.iter().for_each(|item| item.visit(visit)),
            None => {}
        }
        if let Some(combined) = &self.combined {
            let lists = [&combined.all_of, &combined.any_of, &combined.one_of];
            lists.into_iter().flatten().chain(combined.not.as_deref()).for_each(|s| s.visit(visit));
        }
        if let Some(other) = &self.unsupported {
            let maps = other.pattern_properties.values().chain(other.definitions.values());
            maps.for_each(|schema| schema.visit(visit));
            let dependencies = other.dependencies.iter().flat_map(BTreeMap::values);
            dependencies.for_each(|schema| schema.visit(visit));
        }
    }

    /// Tells whether this schema or one inside fulfils a condition.
    pub fn any(&self, condition: impl Fn(&Schema) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |schema| found = found || condition(schema));
        found
    }
}

struct Reader<'a> {
    fields: &'a Map<String, Value>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn text(&self, key: &str) -> Option<&'a str> {
        self.fields.get(key)?.as_str()
    }

    fn boxed(&self, key: &str) -> Option<Box<str>> {
        self.text(key).filter(|text| !text.is_empty()).map(Into::into)
    }

    fn flag(&self, key: &str) -> bool {
        self.fields.get(key).and_then(Value::as_bool).unwrap_or_default()
    }

    fn float(&self, key: &str) -> Option<f64> {
        self.fields.get(key)?.as_f64()
    }

    fn int(&self, key: &str) -> Option<i64> {
        let number = self.fields.get(key)?;
        #[allow(clippy::cast_possible_truncation, reason = "whole floats were checked")]
        number.as_i64().or_else(|| number.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64))
    }

    fn texts(&self, key: &str) -> Vec<Box<str>> {
        let list = self.fields.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect()
    }

    fn nested(&self, json: &Value) -> Schema {
        Schema::parse_at(json, self.depth + 1)
    }

    fn schema(&self, key: &str) -> Option<Box<Schema>> {
        let json = self.fields.get(key).filter(|json| json.is_object())?;
        Some(Box::new(self.nested(json)))
    }

    fn list(&self, key: &str) -> Vec<Schema> {
        let list = self.fields.get(key).and_then(Value::as_array);
        list.into_iter().flatten().map(|json| self.nested(json)).collect()
    }

    fn schemas(&self, key: &str) -> BTreeMap<Box<str>, Schema> {
        let map = self.fields.get(key).and_then(Value::as_object);
        let entries = map.into_iter().flatten();
        entries.map(|(name, json)| (name.as_str().into(), self.nested(json))).collect()
    }

    fn additional(&self) -> Option<Additional> {
        match self.fields.get("additionalProperties")? {
            Value::Bool(allowed) => Some(Additional::Allowed(*allowed)),
            json @ Value::Object(_) => Some(Additional::Schema(Box::new(self.nested(json)))),
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        }
    }

    fn items(&self) -> Option<Items> {
        match self.fields.get("items")? {
            Value::Array(list) => {
                Some(Items::Positional(list.iter().map(|json| self.nested(json)).collect()))
            }
            json @ Value::Object(_) => Some(Items::Each(Box::new(self.nested(json)))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }

    fn limits(&self) -> Option<Box<Limits>> {
        let limits = Limits {
            maximum: self.float("maximum"),
            exclusive_maximum: self.flag("exclusiveMaximum"),
            minimum: self.float("minimum"),
            exclusive_minimum: self.flag("exclusiveMinimum"),
            multiple_of: self.float("multipleOf"),
            max_length: self.int("maxLength"),
            min_length: self.int("minLength"),
            pattern: self.boxed("pattern"),
            max_items: self.int("maxItems"),
            min_items: self.int("minItems"),
            unique_items: self.flag("uniqueItems"),
            max_properties: self.int("maxProperties"),
            min_properties: self.int("minProperties"),
            allowed: self.fields.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
        };
        (limits != Limits::default()).then(|| Box::new(limits))
    }

    fn combined(&self) -> Option<Box<Combined>> {
        let combined = Combined {
            all_of: self.list("allOf"),
            any_of: self.list("anyOf"),
            one_of: self.list("oneOf"),
            not: self.schema("not"),
        };
        (combined != Combined::default()).then(|| Box::new(combined))
    }

    fn rules(&self) -> Vec<Rule> {
        let list = self.fields.get("x-kubernetes-validations").and_then(Value::as_array);
        list.into_iter().flatten().filter(|rule| rule.is_object()).map(Rule::parse).collect()
    }

    fn unsupported(&self) -> Option<Box<Unsupported>> {
        let some_text = |key| self.text(key).is_some_and(|text| !text.is_empty());
        let is_set = |key| self.fields.get(key).is_some_and(|value| !value.is_null());
        let unsupported = Unsupported {
            id: some_text("id"),
            schema: some_text("$schema"),
            reference: self.text("$ref").map(Into::into),
            additional_items: is_set("additionalItems"),
            pattern_properties: self.schemas("patternProperties"),
            definitions: self.schemas("definitions"),
            dependencies: is_set("dependencies").then(|| self.schemas("dependencies")),
        };
        (unsupported != Unsupported::default()).then(|| Box::new(unsupported))
    }
}
