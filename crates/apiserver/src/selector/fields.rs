//! `metadata.name=a,status.phase!=b` against values of fields.

/// Requirements on fields, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldSelector {
    requirements: Vec<(String, Operator, String)>,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    /// `=` and `==`
    Equals,
    /// `!=`
    NotEquals,
}

impl FieldSelector {
    /// Reads a selector.
    ///
    /// # Errors
    /// The original's text.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for part in split_unescaped(text) {
            if part.is_empty() {
                continue;
            }
            let Some((field, operator, value)) = split_term(part) else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            requirements.push((field.to_owned(), operator, unescape(value)?));
        }
        Ok(Self { requirements })
    }

    /// Tells whether everything matches.
    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Adds the requirement of a value.
    pub(crate) fn require(&mut self, field: &str, value: &str) {
        self.requirements.push((field.to_owned(), Operator::Equals, value.to_owned()));
    }

    /// Goes over the requirements.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Operator, &str)> {
        self.requirements.iter().map(|(field, operator, value)| (&**field, *operator, &**value))
    }

    /// Returns the value that a field must have, if there is exactly one.
    pub(crate) fn exact(&self, field: &str) -> Option<&str> {
        self.iter()
            .find(|(name, operator, _)| *name == field && *operator == Operator::Equals)
            .map(|(_, _, value)| value)
    }
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn split_term(term: &str) -> Option<(&str, Operator, &str)> {
    let signs = [("!=", Operator::NotEquals), ("==", Operator::Equals), ("=", Operator::Equals)];
    (0..term.len()).filter(|at| term.is_char_boundary(*at)).find_map(|at| {
        let (field, rest) = term.split_at(at);
        let found = signs.iter().find(|(sign, _)| rest.starts_with(sign));
        found.map(|(sign, operator)| (field, *operator, rest.get(sign.len()..).unwrap_or_default()))
    })
}

fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => out.push(c),
                _ => return Err(format!("invalid field selector value: {value}")),
            },
            ',' | '=' => {
                return Err(format!(
                    "invalid field selector: unescaped character in value: {value}"
                ));
            }
            c => out.push(c),
        }
    }
    Ok(out)
}
