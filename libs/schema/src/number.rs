//! Numbers as Go sees them: JSON numbers are int64 when they fit and float64 otherwise.

use serde_json::{Number, Value};

/// A JSON number after decoding in Go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum GoNumber {
    Int(i64),
    Float(f64),
}

impl GoNumber {
    pub(crate) fn of(number: &Number) -> Self {
        match number.as_i64() {
            Some(int) => Self::Int(int),
            None => Self::Float(number.as_f64().unwrap_or(f64::INFINITY)),
        }
    }

    pub(crate) fn as_f64(self) -> f64 {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "the original converts the same way")]
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

/// Prints a number as Go's `%v` does.
pub(crate) fn plain(number: &Number) -> String {
    match GoNumber::of(number) {
        GoNumber::Int(int) => int.to_string(),
        GoNumber::Float(float) => float_text(float),
    }
}

/// Prints a float as Go's `%v` does: shortest digits, an exponent below 1e-4 and from 1e21 on.
pub(crate) fn float_text(float: f64) -> String {
    if float.is_nan() {
        return "NaN".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let magnitude = float.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        return with_go_exponent(&format!("{float:e}"));
    }
    format!("{float}")
}

/// Prints a value as JSON with numbers as Go's `encoding/json` writes them.
pub fn json_text(value: &Value) -> String {
    let mut text = String::new();
    write_json(value, &mut text);
    text
}

fn write_json(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => text.push_str(&json_number(number)),
        Value::Null | Value::Bool(_) | Value::String(_) => {
            text.push_str(&html_escaped(&value.to_string()));
        }
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                write_json(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            for (at, (key, field)) in fields.iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                text.push_str(&html_escaped(&Value::from(key.as_str()).to_string()));
                text.push(':');
                write_json(field, text);
            }
            text.push('}');
        }
    }
}

/// Go's encoder escapes what HTML might misread.
fn html_escaped(text: &str) -> String {
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return text.to_owned();
    }
    text.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

fn json_number(number: &Number) -> String {
    match GoNumber::of(number) {
        GoNumber::Int(int) => int.to_string(),
        GoNumber::Float(float) => {
            let magnitude = float.abs();
            if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
                // encoding/json shortens e-09 to e-9.
                with_go_exponent(&format!("{float:e}")).replace("e-0", "e-")
            } else {
                format!("{float}")
            }
        }
    }
}

/// `1e-7` is `1e-07` in Go, `1e21` is `1e+21`.
fn with_go_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text.to_owned() };
    match exponent.strip_prefix('-') {
        Some(exponent) => format!("{digits}e-{exponent:0>2}"),
        None => format!("{digits}e+{exponent:0>2}"),
    }
}

/// Tells whether a float counts as an integer in JSON, as go-openapi judges it.
pub(crate) fn is_json_integer(float: f64) -> bool {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    if !float.is_finite() || float.abs() > LARGEST {
        return false;
    }
    let whole = float.trunc();
    float == whole || {
        let difference = (float - whole).abs();
        difference / (float.abs() + whole.abs()) < 1e-9
    }
}
