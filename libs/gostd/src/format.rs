//! Go's `fmt.Sprintf` over the values that templates and documents hold.
//!
//! Floating point numbers have no hexadecimal or binary form and no `#` form here, and `%#v` prints
//! as `%v` does.

use crate::quote::{quote, quote_ascii, quote_rune};

mod numbers;

/// The largest width and precision, as in Go.
const LIMIT: usize = 1_000_000;

/// The most bytes that one call prints.
const MOST: usize = 64 << 20;

/// A value as Go's `fmt` sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `nil`
    Nil,
    /// `bool`
    Bool(bool),
    /// A signed whole number.
    Int(i64, IntKind),
    /// A `float64`.
    Float(f64),
    /// A `string`.
    Text(String),
    /// An `[]interface {}`.
    List(Vec<Value>),
    /// A `map[string]interface {}`, in the order of its keys.
    Map(Vec<(String, Value)>),
}

/// Which of Go's types a whole number has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntKind {
    /// `int`
    Int,
    /// `int64`
    Int64,
}

impl Value {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_, IntKind::Int) => "int",
            Self::Int(_, IntKind::Int64) => "int64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(_) => "[]interface {}",
            Self::Map(_) => "map[string]interface {}",
        }
    }

    /// How many times a width applies.
    fn size(&self) -> usize {
        match self {
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Map(entries) => entries.iter().map(|(_, value)| 1 + value.size()).sum(),
            _ => 1,
        }
    }
}

/// The part of a verb before its letter.
#[derive(Clone, Copy, Default)]
struct Flags {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// Prints `arguments` by `format` as `fmt.Sprintf` does, mistakes included: `%!d(string=x)`,
/// `%!s(MISSING)`, `%!(EXTRA int=1)`. Widths make a short format print much: past 64 MiB there is no
/// result.
pub fn sprintf(format: &str, arguments: &[Value]) -> Option<String> {
    let mut printer = Printer { out: String::new(), arguments, next: 0, reordered: false };
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        printer.out.push_str(before);
        rest = printer.verb(after)?;
        if printer.out.len() > MOST {
            return None;
        }
    }
    printer.out.push_str(rest);
    printer.extra();
    Some(printer.out)
}

struct Printer<'a> {
    out: String,
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
}

impl<'a> Printer<'a> {
    /// Reads and prints one verb and returns what follows it, unless that prints too much.
    fn verb<'f>(&mut self, text: &'f str) -> Option<&'f str> {
        let (mut flags, mut rest) = (Flags::default(), text);
        while let Some(c) = rest.chars().next().filter(|c| "+-# 0".contains(*c)) {
            match c {
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                '#' => flags.sharp = true,
                ' ' => flags.space = true,
                _ => flags.zero = true,
            }
            rest = &rest[1..];
        }
        let mut bad_index = false;
        rest = self.index(rest, &mut bad_index);
        rest = self.width(rest, &mut flags);
        if let Some(tail) = rest.strip_prefix('.') {
            rest = self.index(tail, &mut bad_index);
            rest = self.precision(rest, &mut flags);
        }
        rest = self.index(rest, &mut bad_index);
        let Some(verb) = rest.chars().next() else {
            self.out.push_str("%!(NOVERB)");
            return Some("");
        };
        rest = &rest[verb.len_utf8()..];
        if flags.minus {
            flags.zero = false;
        }
        match self.arguments.get(self.next) {
            _ if verb == '%' => self.out.push('%'),
            _ if bad_index => self.out.push_str(&format!("%!{verb}(BADINDEX)")),
            None => self.out.push_str(&format!("%!{verb}(MISSING)")),
            Some(value) => {
                self.next += 1;
                let each = flags.width.unwrap_or(0) + flags.precision.unwrap_or(0);
                if each.saturating_mul(value.size()) > MOST {
                    return None;
                }
                let text = print(value, verb, flags);
                self.out.push_str(&text);
            }
        }
        Some(rest)
    }

    /// Reads `[n]`, which says which argument comes next.
    fn index<'f>(&mut self, text: &'f str, bad: &mut bool) -> &'f str {
        let Some(inner) = text.strip_prefix('[') else { return text };
        self.reordered = true;
        let Some((digits, rest)) = inner.split_once(']') else {
            *bad = true;
            return inner;
        };
        match digits.parse::<usize>() {
            Ok(number) if number >= 1 && number <= self.arguments.len() => self.next = number - 1,
            _ => *bad = true,
        }
        rest
    }

    fn width<'f>(&mut self, text: &'f str, flags: &mut Flags) -> &'f str {
        let Some(rest) = text.strip_prefix('*') else {
            let (number, rest) = number(text);
            flags.width = number;
            return rest;
        };
        match self.star() {
            Some(width) => {
                flags.minus |= width < 0;
                flags.width = usize::try_from(width.unsigned_abs()).ok();
            }
            None => self.out.push_str("%!(BADWIDTH)"),
        }
        rest
    }

    fn precision<'f>(&mut self, text: &'f str, flags: &mut Flags) -> &'f str {
        let Some(rest) = text.strip_prefix('*') else {
            let (number, rest) = number(text);
            flags.precision = Some(number.unwrap_or(0));
            return rest;
        };
        match self.star() {
            Some(precision) => flags.precision = usize::try_from(precision).ok(),
            None => self.out.push_str("%!(BADPREC)"),
        }
        rest
    }

    /// Takes an argument for a width or precision.
    fn star(&mut self) -> Option<i64> {
        let value = self.arguments.get(self.next);
        self.next = self.next.saturating_add(usize::from(value.is_some()));
        match value {
            Some(Value::Int(value, _)) if value.unsigned_abs() <= LIMIT as u64 => Some(*value),
            _ => None,
        }
    }

    fn extra(&mut self) {
        let Some(extra) = self.arguments.get(self.next..).filter(|extra| !extra.is_empty()) else {
            return;
        };
        if self.reordered {
            return;
        }
        let shown: Vec<_> = extra
            .iter()
            .map(|value| match value {
                Value::Nil => "<nil>".to_owned(),
                value => format!("{}={}", value.type_name(), plain(value, Flags::default())),
            })
            .collect();
        self.out.push_str(&format!("%!(EXTRA {})", shown.join(", ")));
    }
}

/// Reads a number; one that is too large is none.
fn number(text: &str) -> (Option<usize>, &str) {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(len);
    (digits.parse().ok().filter(|number| *number <= LIMIT), rest)
}

fn print(value: &Value, verb: char, flags: Flags) -> String {
    match verb {
        'T' => pad(value.type_name().to_owned(), flags),
        'v' => match value {
            Value::Nil => pad("<nil>".to_owned(), flags),
            value => plain(value, Flags { plus: false, ..flags }),
        },
        verb => by_verb(value, verb, flags),
    }
}

/// Prints as `%v` does.
fn plain(value: &Value, flags: Flags) -> String {
    match value {
        Value::Nil => pad("<nil>".to_owned(), flags),
        Value::Bool(value) => pad(value.to_string(), flags),
        Value::Int(number, _) => numbers::integer(*number, 10, flags),
        Value::Float(number) => numbers::float(*number, 'v', flags),
        Value::Text(text) => pad(truncate(text, flags), flags),
        Value::List(_) | Value::Map(_) => compound(value, 'v', flags),
    }
}

fn by_verb(value: &Value, verb: char, flags: Flags) -> String {
    match (value, verb) {
        (Value::Bool(value), 't') => pad(value.to_string(), flags),
        (Value::Int(number, _), 'd') => numbers::integer(*number, 10, flags),
        (Value::Int(number, _), 'b') => numbers::integer(*number, 2, flags),
        (Value::Int(number, _), 'o' | 'O') => {
            numbers::integer(*number, 8, Flags { sharp: flags.sharp || verb == 'O', ..flags })
        }
        (Value::Int(number, _), 'x') => numbers::integer(*number, 16, flags),
        (Value::Int(number, _), 'X') => numbers::integer(*number, 16, flags).to_uppercase(),
        (Value::Int(number, _), 'c') => pad(character(*number).to_string(), flags),
        (Value::Int(number, _), 'q') => pad(quoted_rune(character(*number), flags), flags),
        (Value::Int(number, _), 'U') => pad(format!("U+{number:04X}"), flags),
        (Value::Float(number), 'e' | 'E' | 'f' | 'F' | 'g' | 'G') => {
            numbers::float(*number, verb, flags)
        }
        (Value::Text(text), 's') => pad(truncate(text, flags), flags),
        (Value::Text(text), 'q') => {
            let text = truncate(text, flags);
            let raw =
                flags.sharp && !text.contains(['`', '\r']) && !text.contains(char::is_control);
            let quoted = if raw {
                format!("`{text}`")
            } else if flags.plus {
                quote_ascii(&text)
            } else {
                quote(&text)
            };
            pad(quoted, flags)
        }
        (Value::Text(text), 'x' | 'X') => {
            let hex = hexadecimal(text, flags);
            pad(if verb == 'X' { hex.to_uppercase() } else { hex }, flags)
        }
        (Value::List(_) | Value::Map(_), _) => compound(value, verb, flags),
        (Value::Nil, verb) => format!("%!{verb}(<nil>)"),
        (value, verb) => {
            format!("%!{verb}({}={})", value.type_name(), plain(value, flags))
        }
    }
}

/// Prints a value inside a list or map, where no value is `<nil>` under every verb.
fn within(value: &Value, verb: char, flags: Flags) -> String {
    match value {
        Value::Nil => "<nil>".to_owned(),
        value => print(value, verb, flags),
    }
}

fn compound(value: &Value, verb: char, flags: Flags) -> String {
    match value {
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| within(item, verb, flags)).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Map(entries) => {
            let key = |key: &str| print(&Value::Text(key.to_owned()), verb, flags);
            let entries: Vec<_> = entries
                .iter()
                .map(|(name, value)| format!("{}:{}", key(name), within(value, verb, flags)))
                .collect();
            format!("map[{}]", entries.join(" "))
        }
        value => print(value, verb, flags),
    }
}

fn character(number: i64) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Prints the bytes: `%x`, spaced out by `% x`, with `0x` by `%#x`.
fn hexadecimal(text: &str, flags: Flags) -> String {
    let bytes = text.bytes().take(flags.precision.unwrap_or(usize::MAX));
    let bytes: Vec<_> = bytes.map(|byte| format!("{byte:02x}")).collect();
    if bytes.is_empty() {
        return String::new();
    }
    let prefix = if flags.sharp { "0x" } else { "" };
    let between = if flags.space { format!(" {prefix}") } else { String::new() };
    format!("{prefix}{}", bytes.join(&between))
}

fn quoted_rune(character: char, flags: Flags) -> String {
    if !flags.plus || character.is_ascii() {
        return quote_rune(character);
    }
    format!("'{}'", quote_ascii(&character.to_string()).trim_matches('"'))
}

fn truncate(text: &str, flags: Flags) -> String {
    match flags.precision {
        Some(most) => text.chars().take(most).collect(),
        None => text.to_owned(),
    }
}

/// Fills up to the width, with zeros where the flag asks for them.
fn pad(text: String, flags: Flags) -> String {
    let missing = flags.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    if flags.minus {
        return text + &" ".repeat(missing);
    }
    let fill = if flags.zero { "0" } else { " " };
    fill.repeat(missing) + &text
}

#[cfg(test)]
mod tests;
