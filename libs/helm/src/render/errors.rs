//! Errors of templates as Helm rewords them.

use flux_gotemplate::Error;

use crate::functions::{MESSAGE_END, MESSAGE_START};

/// Where a template is malformed and why.
pub(super) fn of_parsing(file: &str, text: &str) -> String {
    let tokens: Vec<&str> = text.split(": ").collect();
    match tokens.as_slice() {
        [_, location, .., problem] => format!("parse error at ({location}): {problem}"),
        [_, problem] => format!("parse error at ({problem}): {problem}"),
        _ => format!("parse error in ({file}): {text}"),
    }
}

/// Where a template failed and why: what the chart itself says, or the calls that led to it.
pub(super) fn of_execution(error: &Error) -> String {
    let text = error.to_string();
    let Error::Execute { causes, .. } = error else { return text };
    let mut tokens = text.splitn(3, ": ");
    let (Some(_), Some(location), Some(rest)) = (tokens.next(), tokens.next(), tokens.next())
    else {
        return text;
    };
    if let Some(message) = own_message(rest) {
        return format!("execution error at ({location}): {message}");
    }
    let mut calls: Vec<Call<'_>> = Vec::new();
    for text in std::iter::once(text.as_str()).chain(causes.iter().map(|cause| &**cause)) {
        let Some(call) = Call::parse(text) else { return error.to_string() };
        if calls.last() != Some(&call) {
            calls.push(call);
        }
    }
    let shown: String = calls.iter().map(Call::text).collect();
    shown.trim().to_owned()
}

/// What stands between the first start mark and the last end mark.
fn own_message(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(MESSAGE_START)?;
    rest.rsplit_once(MESSAGE_END).map(|(message, _)| message)
}

/// One call on the way to an error.
#[derive(PartialEq, Eq)]
struct Call<'t> {
    location: &'t str,
    function: String,
    message: &'t str,
}

impl<'t> Call<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let rest = text.strip_prefix("template: ")?;
        if rest.starts_with("no template ") {
            return Some(Self { location: "", function: String::new(), message: text });
        }
        let simple = || {
            let (location, message) = rest.rsplit_once(": ")?;
            Some(Self { location, function: String::new(), message: cut(message) })
        };
        match rest.split_once(": executing ") {
            Some((location, after)) => Self::executing(location, after).or_else(simple),
            None => simple(),
        }
    }

    fn executing(location: &'t str, after: &'t str) -> Option<Self> {
        let (name, rest) = after.strip_prefix('"')?.split_once('"')?;
        let (place, message) = rest.strip_prefix(" at <")?.split_once(">: ")?;
        let function = format!("executing \"{name}\" at <{place}>:");
        Some(Self { location, function, message: cut(message) })
    }

    fn text(&self) -> String {
        let mut out = String::new();
        if !self.location.is_empty() {
            out.push_str(&format!("{}\n  ", self.location));
        }
        if !self.function.is_empty() {
            out.push_str(&format!("{}\n    ", self.function));
        }
        if !self.message.is_empty() {
            out.push_str(&format!("{}\n", self.message));
        }
        out
    }
}

/// The message without that of the template called.
fn cut(message: &str) -> &str {
    message.split_once(" template:").map_or(message, |(message, _)| message)
}
