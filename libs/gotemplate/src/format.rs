//! Values as Go's `fmt` prints them.

mod number;
mod verb;

use crate::value::Value;
use verb::Printer;

/// Prints as `fmt.Sprint`: a space between operands of which neither is a string.
pub fn print(values: &[Value]) -> String {
    let mut printer = Printer::default();
    let mut previous_is_text = true;
    for (index, value) in values.iter().enumerate() {
        let is_text = matches!(value, Value::Str(_) | Value::Raw(_));
        if index > 0 && !is_text && !previous_is_text {
            printer.out.push(' ');
        }
        printer.value(value, 'v', 0);
        previous_is_text = is_text;
    }
    printer.out
}

/// Prints as `fmt.Sprintln`: a space between all operands, a newline at the end.
pub fn println(values: &[Value]) -> String {
    let mut printer = Printer::default();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printer.out.push(' ');
        }
        printer.value(value, 'v', 0);
    }
    printer.out.push('\n');
    printer.out
}

/// Prints one value as `%v` does.
pub(crate) fn verb_v(value: &Value) -> String {
    printf("%v", std::slice::from_ref(value))
}

/// The largest width or precision that `fmt` obeys.
const MAX_WIDTH: usize = 1_000_000;

/// Prints as `fmt.Sprintf`.
pub fn printf(format: &str, values: &[Value]) -> String {
    let mut run = Run { rest: format, values, next: 0, reordered: false, good_index: true };
    let mut printer = Printer::default();
    while let Some(at) = run.rest.find('%') {
        let (before, rest) = run.rest.split_at(at);
        printer.out.push_str(before);
        run.rest = rest.get(1..).unwrap_or_default();
        run.directive(&mut printer);
    }
    printer.out.push_str(run.rest);
    run.extra(&mut printer);
    printer.out
}

struct Run<'a> {
    rest: &'a str,
    values: &'a [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
}

impl Run<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn digits(&mut self) -> Option<usize> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        digits.parse().ok().filter(|number| *number <= MAX_WIDTH)
    }

    /// Reads `[n]`, which chooses the next operand; true if it was there.
    fn index(&mut self) -> bool {
        let Some(inner) = self.rest.strip_prefix('[') else { return false };
        self.reordered = true;
        let Some((number, rest)) = inner.split_once(']') else {
            self.good_index = false;
            self.rest = inner;
            return false;
        };
        self.rest = rest;
        match number.parse::<usize>() {
            Ok(number) if (1..=self.values.len()).contains(&number) => self.next = number - 1,
            _ => self.good_index = false,
        }
        true
    }

    /// Takes an operand for `*`.
    fn star(&mut self) -> Option<i64> {
        let number = match self.values.get(self.next) {
            Some(Value::Int(number) | Value::Int64(number)) => Some(*number),
            _ => None,
        };
        self.next = (self.next + 1).min(self.values.len());
        number.filter(|number| usize::try_from(number.abs()).is_ok_and(|n| n <= MAX_WIDTH))
    }

    fn flags(&mut self, printer: &mut Printer) {
        let flags = &mut printer.flags;
        loop {
            match self.peek() {
                Some('#') => flags.sharp = true,
                Some('0') => flags.zero = true,
                Some('+') => flags.plus = true,
                Some('-') => flags.minus = true,
                Some(' ') => flags.space = true,
                _ => return,
            }
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
    }

    fn directive(&mut self, printer: &mut Printer) {
        printer.flags = verb::Flags::default();
        self.good_index = true;
        self.flags(printer);
        let mut after_index = self.index();
        if self.take('*') {
            match self.star() {
                Some(width) => {
                    printer.flags.minus |= width < 0;
                    printer.flags.width = usize::try_from(width.abs()).ok();
                }
                None => printer.out.push_str("%!(BADWIDTH)"),
            }
            after_index = false;
        } else {
            printer.flags.width = self.digits();
            if after_index && printer.flags.width.is_some() {
                self.good_index = false;
            }
        }
        if self.take('.') {
            if after_index {
                self.good_index = false;
            }
            after_index = self.index();
            if self.take('*') {
                match self.star() {
                    Some(precision) => printer.flags.precision = usize::try_from(precision).ok(),
                    None => printer.out.push_str("%!(BADPREC)"),
                }
                after_index = false;
            } else {
                printer.flags.precision = Some(self.digits().unwrap_or_default());
            }
        }
        if !after_index {
            self.index();
        }
        let Some(verb) = self.peek() else {
            printer.out.push_str("%!(NOVERB)");
            return;
        };
        self.rest = self.rest.get(verb.len_utf8()..).unwrap_or_default();
        if verb == 'v' {
            printer.flags.plus = false;
        }
        if verb == '%' {
            printer.out.push('%');
        } else if !self.good_index {
            printer.out.push_str(&format!("%!{verb}(BADINDEX)"));
        } else if let Some(value) = self.values.get(self.next) {
            self.next += 1;
            printer.value(value, verb, 0);
        } else {
            printer.out.push_str(&format!("%!{verb}(MISSING)"));
        }
    }

    fn extra(&self, printer: &mut Printer) {
        let extra = self.values.get(self.next..).unwrap_or_default();
        if self.reordered || extra.is_empty() {
            return;
        }
        printer.flags = verb::Flags::default();
        printer.out.push_str("%!(EXTRA ");
        for (index, value) in extra.iter().enumerate() {
            if index > 0 {
                printer.out.push_str(", ");
            }
            printer.out.push_str(&value.type_name());
            if !matches!(value, Value::Nil) {
                printer.out.push('=');
                printer.value(value, 'v', 0);
            }
        }
        printer.out.push(')');
    }
}
