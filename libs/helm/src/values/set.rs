//! Values out of `name=value` lines: `--set`, `--set-string`, `--set-literal`, `--set-json`,
//! `--set-file`.

use flux_gostd::quote::{quote, quote_rune};
use serde_json::Value;

use super::{Values, with_floats};

/// The largest index of a list.
const MAX_INDEX: i64 = 65_536;
/// How deep names may be nested.
const MAX_DEPTH: usize = 30;

/// Why a line cannot be followed; the texts are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetError(String);

/// How the values of a line are read.
enum Mode<'f> {
    /// Booleans, nulls and whole numbers are recognized.
    Typed,
    /// Everything is text.
    Text,
    /// Values are JSON.
    Json,
    /// Values name files.
    File(&'f mut dyn FnMut(&str) -> Result<String, String>),
}

/// Sets what a line says: `a.b=1,c[0]=x,d={1,2}`.
///
/// # Errors
/// The line is malformed, or does not fit what is there; what stands before has been set then.
pub fn set(line: &str, values: &mut Values) -> Result<(), SetError> {
    run(line, values, Mode::Typed)
}

/// As [`set`], with all values texts.
///
/// # Errors
/// As [`set`].
pub fn set_string(line: &str, values: &mut Values) -> Result<(), SetError> {
    run(line, values, Mode::Text)
}

/// As [`set`], with values in JSON.
///
/// # Errors
/// As [`set`].
pub fn set_json(line: &str, values: &mut Values) -> Result<(), SetError> {
    run(line, values, Mode::Json)
}

/// As [`set`], with values that are names of files, whose texts `read` returns.
///
/// # Errors
/// As [`set`], and what `read` reports.
pub fn set_file(
    line: &str,
    values: &mut Values,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<(), SetError> {
    run(line, values, Mode::File(read))
}

/// Sets one value, everything behind the first `=`, as it is.
///
/// # Errors
/// As [`set`].
pub fn set_literal(line: &str, values: &mut Values) -> Result<(), SetError> {
    let mut parser = Parser { rest: line, mode: Mode::Text, is_literal: true };
    parser.all(values)
}

fn run(line: &str, values: &mut Values, mode: Mode<'_>) -> Result<(), SetError> {
    Parser { rest: line, mode, is_literal: false }.all(values)
}

/// Why parsing ends.
enum Stop {
    /// The line is at its end.
    End,
    Error(SetError),
}

fn fail<T>(text: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Error(SetError(text.into())))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn conversion(value: &Value, wanted: &str) -> Stop {
    let name = type_name(value);
    let text = format!("interface conversion: interface {{}} is {name}, not {wanted}");
    Stop::Error(SetError(format!("unable to parse key: {text}")))
}

fn put(values: &mut Values, key: &str, value: Value) {
    if !key.is_empty() {
        values.insert(key.to_owned(), value);
    }
}

struct Parser<'l, 'f> {
    rest: &'l str,
    mode: Mode<'f>,
    is_literal: bool,
}

impl Parser<'_, '_> {
    fn all(&mut self, values: &mut Values) -> Result<(), SetError> {
        loop {
            match self.key(values, 0) {
                Ok(()) => {}
                Err(Stop::End) => return Ok(()),
                Err(Stop::Error(error)) => return Err(error),
            }
        }
    }

    fn take(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.get(c.len_utf8()..).unwrap_or_default();
        Some(c)
    }

    /// Reads up to one of the characters, which is returned unless the line ends first.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.take() {
            if stops.contains(&c) {
                return (text, Some(c));
            }
            if c == '\\' && !self.is_literal {
                match self.take() {
                    Some(next) => text.push(next),
                    None => return (text, None),
                }
                continue;
            }
            text.push(c);
        }
        (text, None)
    }

    fn key(&mut self, values: &mut Values, depth: usize) -> Result<(), Stop> {
        let stops: &[char] = if self.is_literal { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, stop) = self.until(stops);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => fail(format!("key {} has no value", quote(&key))),
            Some('[') => self.list(values, &key, depth),
            Some('=') => self.assign(values, &key),
            Some(',') => {
                put(values, &key, "".into());
                fail(format!("key {} has no value (cannot end with ,)", quote(&key)))
            }
            Some(_) => self.nested(values, &key, depth + 1),
        }
    }

    fn nested(&mut self, values: &mut Values, key: &str, depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return fail(format!(
                "value name nested level is greater than maximum supported nested level of {MAX_DEPTH}"
            ));
        }
        let mut inner = match values.get(key) {
            None => Values::new(),
            Some(Value::Object(inner)) => inner.clone(),
            Some(other) => return Err(conversion(other, "map[string]interface {}")),
        };
        let result = self.key(&mut inner, depth);
        if result.is_ok() && inner.is_empty() {
            return fail(format!("key map {} has no value", quote(key)));
        }
        if !inner.is_empty() {
            put(values, key, Value::Object(inner));
        }
        result
    }

    fn list(&mut self, values: &mut Values, key: &str, depth: usize) -> Result<(), Stop> {
        let index = self.index()?;
        let mut list = match values.get(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items.clone(),
            Some(other) => return Err(conversion(other, "[]interface {}")),
        };
        let result = self.item(&mut list, index, depth);
        put(values, key, Value::Array(list));
        result
    }

    fn index(&mut self) -> Result<i64, Stop> {
        let (text, stop) = self.until(&[']']);
        if stop.is_none() {
            return fail("error parsing index: EOF");
        }
        let number = text.strip_prefix('+').unwrap_or(&text).parse::<i64>();
        number.or_else(|error| {
            let problem = match error.kind() {
                std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                    "value out of range"
                }
                _ => "invalid syntax",
            };
            fail(format!("error parsing index: strconv.Atoi: parsing {}: {problem}", quote(&text)))
        })
    }

    /// Reads what stands behind an index, and puts it into the list.
    fn item(&mut self, list: &mut Vec<Value>, index: i64, depth: usize) -> Result<(), Stop> {
        if index < 0 {
            return fail(format!("negative {index} index not allowed"));
        }
        let (key, stop) = self.until(&['[', '.', '=']);
        if !key.is_empty() {
            let shown: Vec<_> = key.chars().map(quote_rune).collect();
            return fail(format!("unexpected data at end of array index: [{}]", shown.join(" ")));
        }
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let value = match stop {
            None => return Err(Stop::End),
            Some('=') => self.value()?,
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.get(at) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::Array(items)) => items.clone(),
                    Some(other) => return Err(conversion(other, "[]interface {}")),
                };
                self.item(&mut inner, next, depth)?;
                Value::Array(inner)
            }
            Some(_) => {
                let mut inner = match list.get(at) {
                    Some(Value::Object(inner)) => inner.clone(),
                    _ => Values::new(),
                };
                self.key(&mut inner, depth)?;
                Value::Object(inner)
            }
        };
        if index > MAX_INDEX {
            return fail(format!(
                "index of {index} is greater than maximum supported index of {MAX_INDEX}"
            ));
        }
        if list.len() <= at {
            list.resize(at + 1, Value::Null);
        }
        if let Some(item) = list.get_mut(at) {
            *item = value;
        }
        Ok(())
    }

    /// Reads the value of an item; the end of the line is an empty text.
    fn value(&mut self) -> Result<Value, Stop> {
        if self.is_literal {
            return Ok(std::mem::take(&mut self.rest).into());
        }
        if let Mode::Json = self.mode {
            return self.json();
        }
        if self.rest.is_empty() {
            return Ok("".into());
        }
        match self.braces()? {
            Some(list) => Ok(list),
            None => {
                let (text, _) = self.until(&[',']);
                self.convert(&text)
            }
        }
    }

    fn assign(&mut self, values: &mut Values, key: &str) -> Result<(), Stop> {
        if self.rest.is_empty() && !self.is_literal && !matches!(self.mode, Mode::Json) {
            put(values, key, "".into());
            return Err(Stop::End);
        }
        let value = self.value()?;
        put(values, key, value);
        Ok(())
    }

    /// Reads `{a,b}`; nothing if there is no brace.
    fn braces(&mut self) -> Result<Option<Value>, Stop> {
        let Some(rest) = self.rest.strip_prefix('{') else { return Ok(None) };
        self.rest = rest;
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            match stop {
                None => return fail("list must terminate with '}'"),
                Some('}') => {
                    self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
                    items.push(self.convert(&text)?);
                    return Ok(Some(Value::Array(items)));
                }
                Some(_) => items.push(self.convert(&text)?),
            }
        }
    }

    fn convert(&mut self, text: &str) -> Result<Value, Stop> {
        match &mut self.mode {
            Mode::Typed | Mode::Json => Ok(typed(text)),
            Mode::Text => Ok(text.into()),
            Mode::File(read) => match read(text) {
                Ok(content) => Ok(content.into()),
                Err(error) => fail(error),
            },
        }
    }

    /// Skips blanks up to a comma; true if nothing else stands before it.
    fn is_empty_value(&mut self) -> bool {
        loop {
            let mut ahead = self.rest.chars();
            match ahead.next() {
                None => return true,
                Some(',') => {
                    self.rest = ahead.as_str();
                    return true;
                }
                Some(c) if c.is_whitespace() => self.rest = ahead.as_str(),
                Some(_) => return false,
            }
        }
    }

    fn json(&mut self) -> Result<Value, Stop> {
        if self.is_empty_value() {
            return Ok(Value::Null);
        }
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
        match stream.next() {
            Some(Ok(value)) => {
                let end = stream.byte_offset();
                self.rest = self.rest.get(end..).unwrap_or_default();
                self.is_empty_value();
                Ok(with_floats(value))
            }
            Some(Err(error)) if error.is_eof() => fail("unexpected EOF"),
            _ => {
                let at = stream.byte_offset();
                let found = self.rest.get(at..).and_then(|rest| rest.chars().next());
                let shown = quote_rune(found.unwrap_or_default());
                fail(format!("invalid character {shown} looking for beginning of value"))
            }
        }
    }
}

/// The value that a text stands for: a boolean, null, a whole number, or itself.
fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") {
        return true.into();
    }
    if text.eq_ignore_ascii_case("false") {
        return false.into();
    }
    if text.eq_ignore_ascii_case("null") {
        return Value::Null;
    }
    if text == "0" {
        return 0_i64.into();
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(number) if is_number && !text.starts_with('0') => number.into(),
        _ => text.into(),
    }
}
