//! Values against the JSON schemas of charts, with Helm's texts.

mod message;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use super::Values;
use crate::Chart;

/// Why values are not what schemas ask for; the text is Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
pub struct SchemaError(String);

/// Holds the coalesced values of a chart against its schema, and those of its subcharts.
///
/// References to other documents are not followed: those by `urn:` allow everything, as in Helm;
/// those over the network are an error.
///
/// # Errors
/// All faults, chart by chart.
pub fn validate(chart: &Chart, values: &Values) -> Result<(), SchemaError> {
    let mut faults = String::new();
    collect(chart, values, &mut faults);
    if faults.is_empty() { Ok(()) } else { Err(SchemaError(faults)) }
}

fn collect(chart: &Chart, values: &Values, faults: &mut String) {
    if let Some(schema) = &chart.schema
        && let Err(fault) = single(&schema.data, values)
    {
        faults.push_str(&format!("{}:\n{fault}", chart.name()));
    }
    for subchart in &chart.dependencies {
        match values.get(subchart.name()) {
            None | Some(Value::Null) => {}
            Some(Value::Object(section)) => collect(subchart, section, faults),
            Some(other) => {
                let found = match other {
                    Value::Bool(_) => "bool",
                    Value::Number(number) if number.is_f64() => "float64",
                    Value::Number(_) => "int64",
                    Value::String(_) => "string",
                    _ => "[]interface {}",
                };
                faults.push_str(&format!(
                    "{}:\ninvalid type for values: expected object (map), got {found}\n",
                    subchart.name()
                ));
            }
        }
    }
}

/// The name under which the schema is known to itself.
const SCHEMA_URL: &str = "file:///values.schema.json";

struct Loader;

impl boon::UrlLoader for Loader {
    fn load(&self, url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        if url.starts_with("urn:") {
            return Ok(Value::Bool(true));
        }
        Err(format!("{url} is not read").into())
    }
}

fn compile(schema: &[u8]) -> Result<(Schemas, SchemaIndex), String> {
    let document: Value = serde_json::from_slice(schema).map_err(|error| error.to_string())?;
    let mut compiler = Compiler::new();
    compiler.use_loader(Box::new(Loader));
    compiler.add_resource(SCHEMA_URL, document).map_err(|error| error.to_string())?;
    let mut schemas = Schemas::new();
    let index =
        compiler.compile(SCHEMA_URL, &mut schemas).map_err(|error| message::of_schema(&error))?;
    Ok((schemas, index))
}

fn single(schema: &[u8], values: &Values) -> Result<(), String> {
    let (schemas, index) = compile(schema)?;
    let values = Value::Object(values.clone());
    schemas.validate(&values, index).map_err(|error| message::of_values(&error))
}
