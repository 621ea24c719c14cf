//! Schemas and rules as the API server prints them inside errors: its internal types as JSON.

use serde_json::Value;

use crate::number::json_text;
use crate::schema::Rule;

/// What stands for a keyword that is not there, and how one that is there is printed.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Flag,
    Plain,
    Schema,
    Schemas,
    Named,
    SchemaOrList,
    SchemaOrBool,
    SchemaOrNames,
    Docs,
    Rules,
}

const KEYWORDS: [(&str, &str, Form); 44] = [
    ("ID", "id", Form::Text),
    ("Schema", "$schema", Form::Text),
    ("Ref", "$ref", Form::Plain),
    ("Description", "description", Form::Text),
    ("Type", "type", Form::Text),
    ("Nullable", "nullable", Form::Flag),
    ("Format", "format", Form::Text),
    ("Title", "title", Form::Text),
    ("Default", "default", Form::Plain),
    ("Maximum", "maximum", Form::Plain),
    ("ExclusiveMaximum", "exclusiveMaximum", Form::Flag),
    ("Minimum", "minimum", Form::Plain),
    ("ExclusiveMinimum", "exclusiveMinimum", Form::Flag),
    ("MaxLength", "maxLength", Form::Plain),
    ("MinLength", "minLength", Form::Plain),
    ("Pattern", "pattern", Form::Text),
    ("MaxItems", "maxItems", Form::Plain),
    ("MinItems", "minItems", Form::Plain),
    ("UniqueItems", "uniqueItems", Form::Flag),
    ("MultipleOf", "multipleOf", Form::Plain),
    ("Enum", "enum", Form::Plain),
    ("MaxProperties", "maxProperties", Form::Plain),
    ("MinProperties", "minProperties", Form::Plain),
    ("Required", "required", Form::Plain),
    ("Items", "items", Form::SchemaOrList),
    ("AllOf", "allOf", Form::Schemas),
    ("OneOf", "oneOf", Form::Schemas),
    ("AnyOf", "anyOf", Form::Schemas),
    ("Not", "not", Form::Schema),
    ("Properties", "properties", Form::Named),
    ("AdditionalProperties", "additionalProperties", Form::SchemaOrBool),
    ("PatternProperties", "patternProperties", Form::Named),
    ("Dependencies", "dependencies", Form::SchemaOrNames),
    ("AdditionalItems", "additionalItems", Form::SchemaOrBool),
    ("Definitions", "definitions", Form::Named),
    ("ExternalDocs", "externalDocs", Form::Docs),
    ("Example", "example", Form::Plain),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", Form::Plain),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", Form::Flag),
    ("XIntOrString", "x-kubernetes-int-or-string", Form::Flag),
    ("XListMapKeys", "x-kubernetes-list-map-keys", Form::Plain),
    ("XListType", "x-kubernetes-list-type", Form::Plain),
    ("XMapType", "x-kubernetes-map-type", Form::Plain),
    ("XValidations", "x-kubernetes-validations", Form::Rules),
];

/// Prints a schema, null if there is none.
pub fn schema_text(json: &Value) -> String {
    if !json.is_object() {
        return "null".to_owned();
    }
    let fields = KEYWORDS.iter().map(|(name, key, form)| {
        let value = json.get(*key).filter(|value| !value.is_null());
        format!("\"{name}\":{}", keyword(*form, value))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// Returns the internal names of the keywords that a schema has, with their JSON names, in order.
pub(super) fn keywords(json: &Value) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => true,
    };
    KEYWORDS
        .iter()
        .filter(move |(_, key, _)| json.get(*key).is_some_and(is_set))
        .map(|(name, key, _)| (*name, *key))
}

fn keyword(form: Form, value: Option<&Value>) -> String {
    let Some(value) = value else {
        return match form {
            Form::Text => "\"\"".to_owned(),
            Form::Flag => "false".to_owned(),
            _ => "null".to_owned(),
        };
    };
    match form {
        Form::Text | Form::Flag | Form::Plain => json_text(value),
        Form::Schema => schema_text(value),
        Form::Schemas => list(value, schema_text),
        Form::Named => named(value, schema_text),
        Form::SchemaOrList => match value {
            Value::Array(_) => {
                format!("{{\"Schema\":null,\"JSONSchemas\":{}}}", list(value, schema_text))
            }
            one => format!("{{\"Schema\":{},\"JSONSchemas\":null}}", schema_text(one)),
        },
        Form::SchemaOrBool => match value {
            Value::Bool(allows) => format!("{{\"Allows\":{allows},\"Schema\":null}}"),
            one => format!("{{\"Allows\":true,\"Schema\":{}}}", schema_text(one)),
        },
        Form::SchemaOrNames => named(value, |one| match one {
            Value::Array(_) => format!("{{\"Schema\":null,\"Property\":{}}}", json_text(one)),
            one => format!("{{\"Schema\":{},\"Property\":null}}", schema_text(one)),
        }),
        Form::Docs => {
            let text = |key: &str| json_text(value.get(key).unwrap_or(&Value::from("")));
            format!("{{\"Description\":{},\"URL\":{}}}", text("description"), text("url"))
        }
        Form::Rules => list(value, |rule| rule_text(&Rule::parse(rule))),
    }
}

fn list(value: &Value, print: impl Fn(&Value) -> String) -> String {
    let items = value.as_array().into_iter().flatten().map(print);
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn named(value: &Value, print: impl Fn(&Value) -> String) -> String {
    let mut entries: Vec<_> = value.as_object().into_iter().flatten().collect();
    entries.sort_by_key(|(name, _)| *name);
    let entries = entries.into_iter().map(|(name, value)| {
        format!("{}:{}", json_text(&Value::from(name.as_str())), print(value))
    });
    format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
}

/// Prints a rule.
pub(super) fn rule_text(rule: &Rule) -> String {
    let text = |text: &str| json_text(&Value::from(text));
    let reason = rule.reason.as_deref().map_or_else(|| "null".to_owned(), text);
    let optional = rule.optional_old_self.map_or_else(|| "null".to_owned(), |is| is.to_string());
    format!(
        "{{\"Rule\":{},\"Message\":{},\"MessageExpression\":{},\"Reason\":{reason},\
         \"FieldPath\":{},\"OptionalOldSelf\":{optional}}}",
        text(&rule.rule),
        text(&rule.message),
        text(&rule.message_expression),
        text(&rule.field_path),
    )
}
