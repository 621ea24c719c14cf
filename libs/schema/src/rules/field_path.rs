//! The `fieldPath` of a rule, and other short paths: `.spec.replicas`, `.labels['a.b/c']`.

use std::fmt::Write as _;

use crate::schema::{Additional, Schema};

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Found<'s> {
    /// The path as errors print it.
    pub(crate) text: String,
    pub(crate) schema: &'s Schema,
}

/// Follows a path from a schema.
///
/// The error is the text that the API server prints.
pub(crate) fn resolve<'s>(path: &str, schema: &'s Schema) -> Result<Found<'s>, String> {
    follow(path, schema, true)
}

/// Follows the path of a selectable field, which goes through objects only, and tells the type of the
/// value with the path as it is compared with others.
///
/// # Errors
/// The text that the API server prints.
pub fn selectable_field<'s>(
    path: &str,
    schema: &'s Schema,
) -> Result<(String, &'s Schema), String> {
    follow(path, schema, false).map(|found| (found.text, found.schema))
}

fn follow<'s>(path: &str, schema: &'s Schema, brackets: bool) -> Result<Found<'s>, String> {
    const EARLY_END: &str = "unexpected end of JSON path";
    let mut found = Found { text: String::new(), schema };
    let mut rest = path;
    while let Some(token) = next(&mut rest) {
        match token {
            "." => {
                let name = next(&mut rest).ok_or(EARLY_END)?;
                found.go_to(name)?;
            }
            "[" if !brackets => return Err("array notation is not allowed".to_owned()),
            "[" => {
                let token = next(&mut rest).ok_or(EARLY_END)?;
                let quoted = token
                    .strip_prefix('\'')
                    .and_then(|token| token.strip_suffix('\''))
                    .ok_or_else(|| format!("expected single quoted string but got {token}"))?;
                let name = unescape(quoted)?;
                found.go_to(&name)?;
                match next(&mut rest).ok_or(EARLY_END)? {
                    "]" => {}
                    other => return Err(format!("expected ] but got {other}")),
                }
            }
            other => return Err(format!("expected [ or . but got: {other}")),
        }
    }
    Ok(found)
}

impl Found<'_> {
    fn go_to(&mut self, name: &str) -> Result<(), String> {
        const NOWHERE: &str = "does not refer to a valid field";
        if !self.schema.properties.is_empty() {
            let dot = if self.text.is_empty() { "" } else { "." };
            let _infallible = write!(self.text, "{dot}{name}");
            self.schema = self.schema.properties.get(name).ok_or(NOWHERE)?;
            return Ok(());
        }
        match &self.schema.additional {
            Some(Additional::Schema(schema)) => {
                let _infallible = write!(self.text, "[{name}]");
                self.schema = schema;
                Ok(())
            }
            Some(Additional::Allowed(_)) | None => Err(NOWHERE.to_owned()),
        }
    }
}

/// Takes the next piece off a path: a delimiter, a quoted text, or what is before the next delimiter.
fn next<'p>(rest: &mut &'p str) -> Option<&'p str> {
    if rest.is_empty() {
        return None;
    }
    let delimiters = ['.', '[', ']'];
    let end = match rest.chars().next() {
        Some('\'') => quoted_end(rest),
        Some(first) if delimiters.contains(&first) => 1,
        _ => rest.find(delimiters).unwrap_or(rest.len()),
    };
    let (token, after) = rest.split_at(end);
    *rest = after;
    Some(token)
}

fn quoted_end(text: &str) -> usize {
    let mut before = '\'';
    for (at, c) in text.char_indices().skip(1) {
        if c == '\'' && before != '\\' {
            return at + 1;
        }
        before = c;
    }
    text.len()
}

fn unescape(quoted: &str) -> Result<String, String> {
    let mut out = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('a') => out.push('\u{7}'),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('v') => out.push('\u{b}'),
            Some(same @ ('\'' | '\\')) => out.push(same),
            Some(other) => {
                return Err(format!("invalid string literal: invalid escape char \\{other}"));
            }
            None => out.push('\\'),
        }
    }
    Ok(out)
}
