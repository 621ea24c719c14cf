//! Label selectors, as the Kubernetes API reads and prints them.
//!
//! The grammar is that of `labels.Parse`: comma-separated requirements such as `a`, `!a`,
//! `a=b`, `a==b`, `a!=b`, `a in (b,c)`, `a notin (b,c)`, `a>1`, `a<1`.

mod lexer;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

use self::lexer::{Token, tokens};

/// A conjunction of requirements on labels; the empty one selects everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

/// One requirement on one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Requirement {
    key: String,
    operator: Operator,
    /// Sorted, without duplicates.
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// Why a text or value is no label selector, in the API machinery's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseSelectorError {
    message: String,
}

impl ParseSelectorError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    fn requirement(message: impl fmt::Display) -> Self {
        Self::new(format!("unable to parse requirement: {message}"))
    }
}

impl LabelSelector {
    /// Reads a selector from its text form.
    ///
    /// # Errors
    /// The message of `labels.Parse`.
    pub fn parse(text: &str) -> Result<Self, ParseSelectorError> {
        Parser { tokens: tokens(text), position: 0 }.selector()
    }

    /// Reads the `matchLabels` and `matchExpressions` of a `metav1.LabelSelector`.
    ///
    /// # Errors
    /// An unknown operator, or values that do not fit it.
    pub fn from_value(value: &Value) -> Result<Self, ParseSelectorError> {
        let mut requirements = Vec::new();
        for (key, value) in
            value.get("matchLabels").and_then(Value::as_object).into_iter().flatten()
        {
            let value = value.as_str().unwrap_or_default().to_owned();
            requirements.push(Requirement::new(key.clone(), Operator::Equals, vec![value])?);
        }
        let expressions = value.get("matchExpressions").and_then(Value::as_array);
        for expression in expressions.into_iter().flatten() {
            requirements.push(Requirement::from_expression(expression)?);
        }
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { requirements })
    }

    /// Tells whether nothing is required.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Tells whether labels, looked up by `label`, meet every requirement.
    pub fn matches<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|it| it.matches(label(&it.key)))
    }

    /// Tells whether a JSON map of labels meets every requirement.
    pub fn matches_map(&self, labels: Option<&Value>) -> bool {
        self.matches(|key| labels?.get(key)?.as_str())
    }
}

impl Requirement {
    fn new(
        key: String,
        operator: Operator,
        mut values: Vec<String>,
    ) -> Result<Self, ParseSelectorError> {
        check_key(&key)?;
        values.sort();
        values.dedup();
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => {
                return Err(ParseSelectorError::new(
                    "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
                ));
            }
            Operator::GreaterThan | Operator::LessThan
                if values.iter().any(|value| value.parse::<i64>().is_err()) =>
            {
                return Err(ParseSelectorError::new(format!(
                    "values[0]: Invalid value: \"{}\": for 'Gt', 'Lt' operators, the value must be an integer",
                    values.join("")
                )));
            }
            _ => {}
        }
        for (index, value) in values.iter().enumerate() {
            check_value(&key, index, value)?;
        }
        Ok(Self { key, operator, values })
    }

    fn from_expression(expression: &Value) -> Result<Self, ParseSelectorError> {
        let text = |key: &str| expression.get(key).and_then(Value::as_str).unwrap_or_default();
        let operator = match text("operator") {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            other => {
                return Err(ParseSelectorError::new(format!(
                    "\"{other}\" is not a valid label selector operator"
                )));
            }
        };
        let values = expression.get("values").and_then(Value::as_array);
        let values =
            values.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Self::new(text("key").to_owned(), operator, values)
    }

    fn matches(&self, value: Option<&str>) -> bool {
        let among = |value: &str| self.values.iter().any(|it| it == value);
        let compare = |greater: bool| {
            let (Some(Ok(have)), Some(Ok(want))) =
                (value.map(str::parse::<i64>), self.values.first().map(|it| it.parse::<i64>()))
            else {
                return false;
            };
            if greater { have > want } else { have < want }
        };
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => value.is_some_and(among),
            Operator::NotIn | Operator::NotEquals => !value.is_some_and(among),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::GreaterThan => compare(true),
            Operator::LessThan => compare(false),
        }
    }
}

/// Prints the canonical form, requirements sorted by key as `labels.Parse` leaves them.
impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, requirement) in self.requirements.iter().enumerate() {
            let comma = if n == 0 { "" } else { "," };
            write!(f, "{comma}{requirement}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

struct Parser<'a> {
    tokens: Vec<Token<'a>>,
    position: usize,
}

impl<'a> Parser<'a> {
    fn selector(mut self) -> Result<LabelSelector, ParseSelectorError> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::End => break,
                Token::Word(_) | Token::Not => requirements.push(self.requirement()?),
                other => {
                    return Err(ParseSelectorError::new(format!(
                        "found '{other}', expected: !, identifier, or 'end of string'"
                    )));
                }
            }
            match self.next() {
                Token::End => break,
                Token::Comma => {
                    if !matches!(self.peek(), Token::Word(_) | Token::Not) {
                        let found = self.peek();
                        return Err(ParseSelectorError::new(format!(
                            "found '{found}', expected: identifier after ','"
                        )));
                    }
                }
                other => {
                    return Err(ParseSelectorError::new(format!(
                        "found '{other}', expected: ',' or 'end of string'"
                    )));
                }
            }
        }
        requirements.sort_by(|a: &Requirement, b| a.key.cmp(&b.key));
        Ok(LabelSelector { requirements })
    }

    fn requirement(&mut self) -> Result<Requirement, ParseSelectorError> {
        let negated = self.peek() == Token::Not;
        if negated {
            self.next();
        }
        let key = match self.next() {
            Token::Word(word) => word.to_owned(),
            other => {
                return Err(ParseSelectorError::requirement(format!(
                    "found '{other}', expected: identifier"
                )));
            }
        };
        if negated {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new())
                .map_err(ParseSelectorError::requirement);
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Requirement::new(key, Operator::Exists, Vec::new())
                .map_err(ParseSelectorError::requirement);
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(key, operator, values).map_err(ParseSelectorError::requirement)
    }

    fn operator(&mut self) -> Result<Operator, ParseSelectorError> {
        match self.next() {
            Token::Word("in") => Ok(Operator::In),
            Token::Word("notin") => Ok(Operator::NotIn),
            Token::Equals => Ok(Operator::Equals),
            Token::DoubleEquals => Ok(Operator::DoubleEquals),
            Token::NotEquals => Ok(Operator::NotEquals),
            Token::Greater => Ok(Operator::GreaterThan),
            Token::Less => Ok(Operator::LessThan),
            other => Err(ParseSelectorError::requirement(format!(
                "found '{other}', expected: in, notin, =, ==, !=, gt, lt"
            ))),
        }
    }

    fn exact_value(&mut self) -> Result<String, ParseSelectorError> {
        match self.peek() {
            Token::End | Token::Comma => Ok(String::new()),
            Token::Word(word) => {
                let value = word.to_owned();
                self.next();
                Ok(value)
            }
            other => Err(ParseSelectorError::requirement(format!(
                "found '{other}', expected: identifier"
            ))),
        }
    }

    /// Reads `(a, b)`; an empty item is the empty value.
    fn values(&mut self) -> Result<Vec<String>, ParseSelectorError> {
        let open = self.next();
        if open != Token::Open {
            return Err(ParseSelectorError::requirement(format!("found '{open}' expected: '('")));
        }
        let mut values = Vec::new();
        let mut filled = false;
        loop {
            match self.next() {
                Token::Word(word) if !filled => {
                    values.push(word.to_owned());
                    filled = true;
                }
                Token::Comma => {
                    if !filled {
                        values.push(String::new());
                    }
                    filled = false;
                    if self.peek() == Token::Close {
                        values.push(String::new());
                        filled = true;
                    }
                }
                Token::Close => return Ok(values),
                other => {
                    return Err(ParseSelectorError::requirement(format!(
                        "found '{other}', expected: ',', ')' or identifier"
                    )));
                }
            }
        }
    }

    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.position).copied().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.position += 1;
        token
    }
}

/// Checks a label key: an optional DNS subdomain, a slash, a name of at most 63 characters.
fn check_key(key: &str) -> Result<(), ParseSelectorError> {
    const FORM: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                        alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation \
                        is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let mut wrong = Vec::new();
    match key.split_once('/') {
        Some((_, rest)) if rest.contains('/') => wrong.push(format!(
            "a valid label key {FORM} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )),
        Some(("", _)) => wrong.push("prefix part must be non-empty".to_owned()),
        _ => {
            let name = key.rsplit_once('/').map_or(key, |(_, name)| name);
            if name.is_empty() {
                wrong.push("name part must be non-empty".to_owned());
            } else if name.len() > 63 {
                wrong.push("name part must be no more than 63 bytes".to_owned());
            }
            if !is_name(name) {
                wrong.push(format!("name part {FORM}"));
            }
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let wrong = wrong.join("; ");
    Err(ParseSelectorError::new(format!("<nil>: Invalid value: \"{key}\": {wrong}")))
}

fn check_value(key: &str, index: usize, value: &str) -> Result<(), ParseSelectorError> {
    if value.len() > 63 {
        return Err(ParseSelectorError::new(format!(
            "values[{index}][{key}]: Invalid value: \"{value}\": must be no more than 63 bytes"
        )));
    }
    if value.is_empty() || is_name(value) {
        return Ok(());
    }
    Err(ParseSelectorError::new(format!(
        "values[{index}][{key}]: Invalid value: \"{value}\": a valid label must be an empty string or consist of \
         alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character \
         (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
         '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
    )))
}

fn is_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    text.bytes().all(inner) && edge(text.as_bytes().first()) && edge(text.as_bytes().last())
}
