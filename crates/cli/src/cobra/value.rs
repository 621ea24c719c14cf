//! Values of flags as Go reads them, with Go's words for those that it does not.

use std::time::Duration;

fn invalid(function: &str, text: &str) -> String {
    format!("strconv.{function}: parsing {}: invalid syntax", flux_gostd::quote::quote(text))
}

/// Reads `true`, `T`, `1` and the like.
pub(super) fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(invalid("ParseBool", text)),
    }
}

/// Reads a duration such as `1m30s`.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed: flux_gostd::duration::Duration =
        text.parse().map_err(|error| format!("{error}"))?;
    Ok(parsed.to_std().unwrap_or_default())
}

/// Reads a whole number.
pub(super) fn parse_int(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| invalid("ParseInt", text))
}

/// Reads a number.
pub(super) fn parse_float(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| invalid("ParseFloat", text))
}

/// Splits comma-separated values; quotes keep commas together.
pub(super) fn split_csv(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let (mut fields, mut rest) = (Vec::new(), text);
    loop {
        let (field, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => bare_field(rest)?,
        };
        fields.push(field);
        match tail {
            Some(tail) => rest = tail,
            None => return Ok(fields),
        }
    }
}

fn bare_field(text: &str) -> Result<(String, Option<&str>), String> {
    let (field, tail) = match text.split_once(',') {
        Some((field, tail)) => (field, Some(tail)),
        None => (text, None),
    };
    if let Some(at) = field.find('"') {
        return Err(format!(
            "parse error on line 1, column {}: bare \" in non-quoted-field",
            at + 1
        ));
    }
    Ok((field.to_owned(), tail))
}

fn quoted_field(text: &str) -> Result<(String, Option<&str>), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            let text = "parse error on line 1, column 1: extraneous or missing \" in quoted-field";
            return Err(text.to_owned());
        };
        field.push_str(before);
        if let Some(after) = after.strip_prefix('"') {
            field.push('"');
            rest = after;
        } else if after.is_empty() {
            return Ok((field, None));
        } else if let Some(tail) = after.strip_prefix(',') {
            return Ok((field, Some(tail)));
        } else {
            let text = "parse error on line 1, column 1: extraneous or missing \" in quoted-field";
            return Err(text.to_owned());
        }
    }
}

/// Splits `a=b,c=d`; a single pair may hold commas in its value.
pub(super) fn split_map(text: &str) -> Result<Vec<String>, String> {
    let pairs = match text.matches('=').count() {
        0 => return Err(format!("{text} must be formatted as key=value")),
        1 => vec![text.trim_matches('"').to_owned()],
        _ => split_csv(text)?,
    };
    match pairs.iter().find(|pair| !pair.contains('=')) {
        Some(pair) => Err(format!("{pair} must be formatted as key=value")),
        None => Ok(pairs),
    }
}
