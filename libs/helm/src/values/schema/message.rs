//! The words in which jsonschema v6 tells faults.

use boon::{CompileError, ErrorKind, ValidationError};
use serde_json::{Number, Value};

/// Tells why a schema is none.
pub(super) fn of_schema(error: &CompileError) -> String {
    error.to_string()
}

/// Tells why values do not fit, a line for each fault.
pub(super) fn of_values(error: &ValidationError<'_, '_>) -> String {
    let mut out = String::new();
    // The first line names the schema; Helm leaves it out.
    for cause in &error.causes {
        display(cause, 1, &mut out);
    }
    out.push('\n');
    out
}

fn display(error: &ValidationError<'_, '_>, indent: usize, out: &mut String) {
    let is_reference = matches!(error.kind, ErrorKind::Reference { .. });
    let mut inner = indent;
    if !(is_reference && error.causes.len() == 1) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&"  ".repeat(indent - 1));
        out.push_str("- at ");
        out.push_str(&quote(&error.instance_location.to_string()));
        out.push_str(": ");
        out.push_str(&kind(&error.kind));
        inner += 1;
    }
    for cause in &error.causes {
        display(cause, inner, out);
    }
}

/// Single quotes around what Go's double quotes would hold.
fn quote(text: &str) -> String {
    let quoted = flux_gostd::quote::quote(text);
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let inner = inner.unwrap_or(&quoted).replace("\\\"", "\"").replace('\'', "\\'");
    format!("'{inner}'")
}

fn all_quoted<T: AsRef<str>>(texts: &[T]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| quote(text.as_ref())).collect();
    quoted.join(", ")
}

/// A scalar as messages show it.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Array(_) | Value::Object(_) => "value".to_owned(),
        Value::Number(number) => plain(number),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

fn plain(number: &Number) -> String {
    let float = if number.is_f64() { number.as_f64() } else { None };
    float.and_then(flux_gostd::number::json_f64).unwrap_or_else(|| number.to_string())
}

/// A number with commas between thousands, as Go's printer for English has it.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number as Go's printer shows a float: at most as many digits as it needs.
fn shown(number: &Number) -> String {
    match number.as_f64() {
        Some(float) => english(float),
        None => number.to_string(),
    }
}

fn english(float: f64) -> String {
    let text = flux_gostd::number::format_f64(float, flux_gostd::number::Layout::Fixed);
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |text| ("-", text));
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(a, b)| (a, Some(b)));
    let whole = whole.parse::<usize>().map_or_else(|_| whole.to_owned(), grouped);
    match fraction {
        Some(fraction) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{whole}"),
    }
}

fn compared(name: &str, got: usize, want: usize) -> String {
    format!("{name}: got {}, want {}", grouped(got), grouped(want))
}

fn positions(got: &[usize]) -> String {
    got.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

fn properties(prefix: &str, names: &[&str]) -> String {
    format!("{prefix} {}", all_quoted(names))
}

fn kind(kind: &ErrorKind<'_, '_>) -> String {
    match kind {
        ErrorKind::Group | ErrorKind::Reference { .. } | ErrorKind::Schema { .. } => {
            "validation failed".to_owned()
        }
        ErrorKind::ContentSchema => "'contentSchema' failed".to_owned(),
        ErrorKind::PropertyName { prop } => format!("invalid propertyName {}", quote(prop)),
        ErrorKind::RefCycle { url, kw_loc1, kw_loc2 } => {
            let url = flux_gostd::quote::quote(url);
            format!("both {kw_loc1} and {kw_loc2} resolve to {url} causing reference cycle")
        }
        ErrorKind::FalseSchema => "false schema".to_owned(),
        ErrorKind::Type { got, want } => {
            let want: Vec<_> = want.iter().map(|kind| kind.to_string()).collect();
            format!("got {got}, want {}", want.join(" or "))
        }
        ErrorKind::Enum { want } => {
            if want.iter().any(|value| value.is_array() || value.is_object()) {
                return "'enum' failed".to_owned();
            }
            let shown: Vec<_> = want.iter().map(scalar).collect();
            match shown.as_slice() {
                [one] => format!("value must be {one}"),
                several => format!("value must be one of {}", several.join(", ")),
            }
        }
        ErrorKind::Const { want } if want.is_array() || want.is_object() => {
            "'const' failed".to_owned()
        }
        ErrorKind::Const { want } => format!("value must be {}", scalar(want)),
        ErrorKind::Format { got, want, err } => {
            format!("{} is not valid {want}: {err}", scalar(got))
        }
        ErrorKind::MinProperties { got, want } => compared("minProperties", *got, *want),
        ErrorKind::MaxProperties { got, want } => compared("maxProperties", *got, *want),
        ErrorKind::MinItems { got, want } => compared("minItems", *got, *want),
        ErrorKind::MaxItems { got, want } => compared("maxItems", *got, *want),
        ErrorKind::MinLength { got, want } => compared("minLength", *got, *want),
        ErrorKind::MaxLength { got, want } => compared("maxLength", *got, *want),
        ErrorKind::AdditionalProperties { got } => {
            format!("additional properties {} not allowed", all_quoted(got))
        }
        ErrorKind::Required { want } => match want.as_slice() {
            [one] => format!("missing property {}", quote(one)),
            several => properties("missing properties", several),
        },
        ErrorKind::Dependency { prop, missing }
        | ErrorKind::DependentRequired { prop, missing } => {
            format!("{} required, if {} exists", properties("properties", missing), quote(prop))
        }
        other => of_numbers_and_items(other),
    }
}

fn of_numbers_and_items(kind: &ErrorKind<'_, '_>) -> String {
    let bound = |name: &str, got: &Number, want: &Number| {
        format!("{name}: got {}, want {}", shown(got), shown(want))
    };
    match kind {
        ErrorKind::Minimum { got, want } => bound("minimum", got, want),
        ErrorKind::Maximum { got, want } => bound("maximum", got, want),
        ErrorKind::ExclusiveMinimum { got, want } => bound("exclusiveMinimum", got, want),
        ErrorKind::ExclusiveMaximum { got, want } => bound("exclusiveMaximum", got, want),
        ErrorKind::MultipleOf { got, want } => bound("multipleOf", got, want),
        ErrorKind::Contains => "no items match contains schema".to_owned(),
        ErrorKind::MinContains { got, want } if got.is_empty() => {
            format!("min {want} items required to match contains schema, but none matched")
        }
        ErrorKind::MinContains { got, want } => format!(
            "min {want} items required to match contains schema, but matched {} items at {}",
            got.len(),
            positions(got)
        ),
        ErrorKind::MaxContains { got, want } => format!(
            "max {want} items required to match contains schema, but matched {} items at {}",
            got.len(),
            positions(got)
        ),
        ErrorKind::UniqueItems { got: [one, other] } => {
            format!("items at {one} and {other} are equal")
        }
        ErrorKind::AdditionalItems { got } => {
            format!("last {got} additionalItem(s) not allowed")
        }
        ErrorKind::Pattern { got, want } => {
            format!("{} does not match pattern {}", quote(got), quote(want))
        }
        ErrorKind::ContentEncoding { want, err } => {
            format!("value is not {} encoded: {err}", quote(want))
        }
        ErrorKind::ContentMediaType { want, err, .. } => {
            format!("value is not of mediatype {}: {err}", quote(want))
        }
        ErrorKind::Not => "'not' failed".to_owned(),
        ErrorKind::AllOf => "'allOf' failed".to_owned(),
        ErrorKind::AnyOf => "'anyOf' failed".to_owned(),
        ErrorKind::OneOf(None) => "'oneOf' failed, none matched".to_owned(),
        ErrorKind::OneOf(Some((one, other))) => {
            format!("'oneOf' failed, subschemas {one}, {other} matched")
        }
        other => other.to_string(),
    }
}
