//! One value by one verb.

use flux_gostd::quote::{quote, quote_ascii, quote_rune};

use super::number::{digits, float};
use crate::value::{Element, Value};

/// How deep lists and maps are printed; what lies deeper is a map that holds itself.
const MAX_DEPTH: usize = 100;

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) plus: bool,
    pub(crate) minus: bool,
    pub(crate) sharp: bool,
    pub(crate) space: bool,
    pub(crate) zero: bool,
    pub(crate) width: Option<usize>,
    pub(crate) precision: Option<usize>,
}

/// Collects what is printed.
#[derive(Debug, Default)]
pub(crate) struct Printer {
    pub(crate) out: String,
    pub(crate) flags: Flags,
}

impl Printer {
    /// Prints a value that lies `depth` lists and maps deep.
    pub(crate) fn value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > MAX_DEPTH {
            self.out.push_str("...");
            return;
        }
        match (verb, value) {
            ('T', value) => self.padded(&value.type_name()),
            ('p', value) => self.bad(value, verb),
            ('v', Value::Nil) if self.flags.sharp && depth > 0 => {
                self.out.push_str("interface {}(nil)");
            }
            ('v', Value::Nil) => self.padded("<nil>"),
            (_, Value::Nil) if depth > 0 => self.out.push_str("<nil>"),
            (_, Value::Nil) => self.bad(value, verb),
            (_, Value::Bool(flag)) if matches!(verb, 'v' | 't') => self.padded(&flag.to_string()),
            (_, Value::Float(number)) => self.float(*number, verb, value),
            (_, Value::Complex(real, imaginary)) => self.complex(*real, *imaginary, verb, value),
            (_, Value::Str(text)) => self.text(text, verb, value),
            (_, Value::Raw(bytes)) => {
                let text = String::from_utf8_lossy(bytes);
                self.text(&text, verb, value);
            }
            ('s' | 'q' | 'x' | 'X', Value::Bytes(bytes)) => {
                let text = String::from_utf8_lossy(bytes);
                self.text(&text, verb, value);
            }
            (_, Value::Bytes(bytes)) => {
                let bytes: Vec<_> = bytes.iter().copied().map(Value::Byte).collect();
                let items = bytes.iter().map(|item| (None, item)).collect();
                self.collection(items, verb, depth, (value, Element::Any));
            }
            (_, Value::List(list)) => {
                let items = list.items.iter().map(|item| (None, item)).collect();
                self.collection(items, verb, depth, (value, list.element));
            }
            (_, Value::Map(map)) => {
                let entries = map.entries.borrow();
                let items = entries.iter().map(|(key, item)| (Some(key.as_str()), item)).collect();
                self.collection(items, verb, depth, (value, map.element));
            }
            (_, Value::Object(object)) => {
                let text = object.formatted();
                self.text(&text, verb, value);
            }
            (_, value) => match value.integer() {
                Some(number) => self.integer(number, verb, value),
                None => self.bad(value, verb),
            },
        }
    }

    fn collection(
        &mut self,
        items: Vec<(Option<&str>, &Value)>,
        verb: char,
        depth: usize,
        of: (&Value, Element),
    ) {
        let go_syntax = verb == 'v' && self.flags.sharp;
        let is_map = matches!(of.0, Value::Map(_));
        if go_syntax {
            self.out.push_str(&of.0.type_name());
        }
        self.out.push_str(match (go_syntax, is_map) {
            (true, _) => "{",
            (false, true) => "map[",
            (false, false) => "[",
        });
        for (index, (key, item)) in items.into_iter().enumerate() {
            if index > 0 {
                self.out.push_str(if go_syntax { ", " } else { " " });
            }
            if let Some(key) = key {
                self.value(&Value::from(key), verb, depth + 1);
                self.out.push(':');
            }
            self.value(item, verb, depth + 1);
        }
        self.out.push(if go_syntax { '}' } else { ']' });
    }

    /// Prints what Go prints for a verb that does not fit the value.
    fn bad(&mut self, value: &Value, verb: char) {
        let flags = std::mem::take(&mut self.flags);
        self.out.push_str("%!");
        self.out.push(verb);
        self.out.push('(');
        if matches!(value, Value::Nil) {
            self.out.push_str("<nil>");
        } else {
            self.out.push_str(&value.type_name());
            self.out.push('=');
            if !matches!(value, Value::Func(_)) {
                self.value(value, 'v', 0);
            }
        }
        self.out.push(')');
        self.flags = flags;
    }

    fn padded(&mut self, text: &str) {
        let length = text.chars().count();
        let pad = self.flags.width.unwrap_or_default().saturating_sub(length);
        let (left, right) = if self.flags.minus { (0, pad) } else { (pad, 0) };
        let fill = if self.flags.zero && !self.flags.minus { '0' } else { ' ' };
        self.out.extend(std::iter::repeat_n(fill, left));
        self.out.push_str(text);
        self.out.extend(std::iter::repeat_n(' ', right));
    }

    /// Pads a number: zeros go between its sign and its digits.
    fn signed(&mut self, sign: &str, number: &str) {
        let width = self.flags.width.unwrap_or_default();
        if self.flags.zero && !self.flags.minus {
            let zeros = width.saturating_sub(sign.len() + number.len());
            self.out.push_str(sign);
            self.out.extend(std::iter::repeat_n('0', zeros));
            self.out.push_str(number);
        } else {
            self.padded(&format!("{sign}{number}"));
        }
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.flags.plus, self.flags.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            (false, false, false) => "",
        }
    }

    fn integer(&mut self, number: i128, verb: char, value: &Value) {
        let (base, prefix) = match verb {
            'v' | 'd' => (10, ""),
            'b' => (2, if self.flags.sharp { "0b" } else { "" }),
            'o' => (8, if self.flags.sharp { "0" } else { "" }),
            'O' => (8, "0o"),
            'x' => (16, if self.flags.sharp { "0x" } else { "" }),
            'X' => (16, if self.flags.sharp { "0X" } else { "" }),
            'c' | 'q' | 'U' => return self.rune(number, verb),
            _ => return self.bad(value, verb),
        };
        let mut text = digits(number.unsigned_abs(), base);
        if verb == 'X' {
            text.make_ascii_uppercase();
        }
        if let Some(precision) = self.flags.precision {
            let zeros = precision.saturating_sub(text.len());
            text.insert_str(0, &"0".repeat(zeros));
            self.flags.zero = false;
        }
        let sign = format!("{}{prefix}", self.sign(number < 0));
        self.signed(&sign, &text);
    }

    fn rune(&mut self, number: i128, verb: char) {
        let c = u32::try_from(number).ok().and_then(char::from_u32);
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        match verb {
            'c' => self.padded(&c.to_string()),
            'q' => self.padded(&quote_rune(c)),
            _ => {
                let mut text = format!("U+{number:04X}");
                if self.flags.sharp {
                    text.push_str(&format!(" '{c}'"));
                }
                self.padded(&text);
            }
        }
    }

    fn float_text(&self, number: f64, verb: char) -> Option<String> {
        let precision = self.flags.precision;
        Some(match verb {
            'v' | 'g' => float(number, 'g', precision),
            'G' => float(number, 'g', precision).to_uppercase(),
            'e' => float(number, 'e', Some(precision.unwrap_or(6))),
            'E' => float(number, 'e', Some(precision.unwrap_or(6))).to_uppercase(),
            'f' | 'F' => float(number, 'f', Some(precision.unwrap_or(6))),
            _ => return None,
        })
    }

    fn float(&mut self, number: f64, verb: char, value: &Value) {
        let Some(text) = self.float_text(number, verb) else { return self.bad(value, verb) };
        if !number.is_finite() {
            self.flags.zero = false;
        }
        match text.strip_prefix('-') {
            Some(digits) => self.signed("-", digits),
            None => {
                let sign = self.sign(false);
                self.signed(sign, text.trim_start_matches('+'));
            }
        }
    }

    fn complex(&mut self, real: f64, imaginary: f64, verb: char, value: &Value) {
        let parts = (self.float_text(real, verb), self.float_text(imaginary, verb));
        let (Some(real), Some(imaginary)) = parts else { return self.bad(value, verb) };
        let sign = if imaginary.starts_with(['-', '+']) { "" } else { "+" };
        self.padded(&format!("({real}{sign}{imaginary}i)"));
    }

    fn text(&mut self, text: &str, verb: char, value: &Value) {
        let cut: String = match self.flags.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        };
        match verb {
            'v' if self.flags.sharp => self.padded(&quote(&cut)),
            'v' | 's' => self.padded(&cut),
            'q' if self.flags.sharp && !cut.contains('`') && !cut.contains(char::is_control) => {
                self.padded(&format!("`{cut}`"));
            }
            'q' if self.flags.plus => self.padded(&quote_ascii(&cut)),
            'q' => self.padded(&quote(&cut)),
            'x' | 'X' => {
                let text = self.hexadecimal(text, verb);
                self.padded(&text);
            }
            _ => self.bad(value, verb),
        }
    }

    fn hexadecimal(&self, text: &str, verb: char) -> String {
        let take = self.flags.precision.unwrap_or(text.len());
        let prefix = match (self.flags.sharp, verb) {
            (false, _) => "",
            (true, 'X') => "0X",
            (true, _) => "0x",
        };
        let mut out = String::new();
        for (index, byte) in text.bytes().take(take).enumerate() {
            if index > 0 && self.flags.space {
                out.push(' ');
            }
            if index == 0 || self.flags.space {
                out.push_str(prefix);
            }
            out.push_str(&match verb {
                'X' => format!("{byte:02X}"),
                _ => format!("{byte:02x}"),
            });
        }
        out
    }
}
