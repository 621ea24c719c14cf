//! Reads JSON with the order of its names and the exact size of its numbers.

use flux_gostd::number::parse_f64;

use crate::{Branch, Item, Value};

/// Deepest nesting.
const DEPTH: usize = 500;

/// Reads the object that a text begins with; what follows it does not count.
///
/// # Errors
/// In Go's words where it has words for the mistake.
pub(super) fn object(text: &str) -> Result<Branch, String> {
    let mut reader = Reader { rest: text.trim_start_matches(is_space), depth: 0 };
    const ONLY: &str = "SOPS only supports JSON files with a top-level object (starting with '{'),";
    match reader.rest.chars().next() {
        None => Err("EOF".to_owned()),
        Some('{') => {
            reader.skip(1);
            reader.branch()
        }
        Some(delimiter @ ('[' | ']' | '}')) => Err(format!(
            "{ONLY} not arrays or other types. Got delimiter {delimiter} instead. To encrypt this \
             file, wrap it in an object, e.g., {{\"data\": [...]}}"
        )),
        Some(_) => {
            let value = reader.value()?;
            let shown = match &value {
                Value::Text(text) => flux_gostd::quote::quote_bytes(text),
                Value::Null => "<nil>".to_owned(),
                other => String::from_utf8_lossy(&super::super::simple_text(other)).into_owned(),
            };
            let name = value.type_name();
            Err(format!("{ONLY} not other JSON types. Got {shown} of type {name} instead"))
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Returns the next character that is no space.
    fn peek(&mut self) -> Result<char, String> {
        self.rest = self.rest.trim_start_matches(is_space);
        self.rest.chars().next().ok_or_else(|| "unexpected EOF".to_owned())
    }

    fn invalid(found: char, at: &str) -> String {
        let shown = match found {
            '\'' => r"'\''".to_owned(),
            '"' => "'\"'".to_owned(),
            other => flux_gostd::quote::quote_rune(other),
        };
        format!("invalid character {shown} {at}")
    }

    fn descend(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("exceeded max depth".to_owned());
        }
        Ok(())
    }

    /// Reads entries up to the end of an object.
    fn branch(&mut self) -> Result<Branch, String> {
        self.descend()?;
        let mut branch = Vec::new();
        if self.peek()? == '}' {
            self.skip(1);
            self.depth -= 1;
            return Ok(branch);
        }
        loop {
            match self.peek()? {
                '"' => {}
                other => {
                    return Err(Self::invalid(other, "looking for beginning of object key string"));
                }
            }
            let name = self.string()?;
            match self.peek()? {
                ':' => self.skip(1),
                other => return Err(Self::invalid(other, "after object key")),
            }
            let value = self.value()?;
            branch.push(Item::new(name, value));
            match self.peek()? {
                ',' => self.skip(1),
                '}' => {
                    self.skip(1);
                    self.depth -= 1;
                    return Ok(branch);
                }
                other => return Err(Self::invalid(other, "after object key:value pair")),
            }
        }
    }

    /// Reads items up to the end of an array.
    fn list(&mut self) -> Result<Vec<Value>, String> {
        self.descend()?;
        let mut items = Vec::new();
        if self.peek()? == ']' {
            self.skip(1);
            self.depth -= 1;
            return Ok(items);
        }
        loop {
            items.push(self.value()?);
            match self.peek()? {
                ',' => self.skip(1),
                ']' => {
                    self.skip(1);
                    self.depth -= 1;
                    return Ok(items);
                }
                other => return Err(Self::invalid(other, "after array element")),
            }
        }
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.peek()? {
            '{' => {
                self.skip(1);
                self.branch().map(Value::Map)
            }
            '[' => {
                self.skip(1);
                self.list().map(Value::List)
            }
            '"' => self.string().map(Value::text),
            't' => self.word("true", Value::Bool(true)),
            'f' => self.word("false", Value::Bool(false)),
            'n' => self.word("null", Value::Null),
            '-' | '0'..='9' => self.number(),
            other => Err(Self::invalid(other, "looking for beginning of value")),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, String> {
        let Some(rest) = self.rest.strip_prefix(word) else {
            return Err(format!("invalid literal, expected {word}"));
        };
        self.rest = rest;
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, String> {
        let is_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let end = self.rest.find(|c| !is_number(c)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        if !is_json_number(text) {
            return Err(format!("invalid number literal {}", flux_gostd::quote::quote(text)));
        }
        self.rest = rest;
        if let Ok(int) = text.parse() {
            return Ok(Value::Int(int));
        }
        match parse_f64(text).filter(|float| float.is_finite()) {
            Some(float) => Ok(Value::Float(float)),
            None => Err(format!("strconv.ParseFloat: parsing \"{text}\": value out of range")),
        }
    }

    fn string(&mut self) -> Result<String, String> {
        self.skip(1);
        let mut out = String::new();
        loop {
            let end = self.rest.find(|c: char| c == '"' || c == '\\' || c < ' ');
            let (text, rest) = self.rest.split_at(end.ok_or("unexpected EOF")?);
            out.push_str(text);
            self.rest = rest;
            match rest.chars().next() {
                Some('"') => {
                    self.skip(1);
                    return Ok(out);
                }
                Some('\\') => {
                    self.skip(1);
                    out.push(self.escape()?);
                }
                Some(other) => return Err(Self::invalid(other, "in string literal")),
                None => return Err("unexpected EOF".to_owned()),
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let c = self.rest.chars().next().ok_or("unexpected EOF")?;
        self.skip(c.len_utf8());
        Ok(match c {
            '"' | '\\' | '/' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.unit()?;
                let pair = self.rest.strip_prefix("\\u").and_then(hex_unit);
                let both = pair
                    .and_then(|low| char::decode_utf16([high, low]).next().and_then(Result::ok));
                match char::from_u32(u32::from(high)) {
                    Some(c) => c,
                    // Half of a pair alone is no character.
                    None => match both {
                        Some(c) => {
                            self.skip("\\u0000".len());
                            c
                        }
                        None => char::REPLACEMENT_CHARACTER,
                    },
                }
            }
            other => return Err(Self::invalid(other, "in string escape code")),
        })
    }

    fn unit(&mut self) -> Result<u16, String> {
        let unit =
            hex_unit(self.rest).ok_or("invalid character in \\u hexadecimal character escape")?;
        self.skip(4);
        Ok(unit)
    }
}

/// Reads the four digits that a text begins with.
fn hex_unit(text: &str) -> Option<u16> {
    let digits = text.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex { u16::from_str_radix(digits, 16).ok() } else { None }
}

fn is_json_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}
