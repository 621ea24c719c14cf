//! The parser: RE2 syntax in, `regex_syntax`'s intermediate form out, without recursion.

use regex_syntax::hir::{Capture, Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

use super::{Problem, RegexpError, class};

/// How deep groups may nest.
const DEPTH_LIMIT: usize = 64;
/// The largest count in `{n,m}`, also for the product of nested ones.
const REPEAT_LIMIT: u32 = 1000;
/// How many repetitions of all kinds a pattern may multiply out to.
const SIZE_LIMIT: u64 = 4_000_000;

/// A parsed pattern.
pub(super) struct Parsed {
    pub(super) hir: Hir,
    /// Names by group number, group 0 included.
    pub(super) names: Vec<Option<String>>,
}

#[derive(Clone, Copy)]
struct Flags {
    fold_case: bool,
    multi_line: bool,
    dot_newline: bool,
    swap_greed: bool,
}

/// An operand on the stack, with the largest product of nested repeat counts and a size in it.
struct Operand {
    hir: Hir,
    repeats: u64,
    size: u64,
}

/// An open group: what came before it in this branch, and its finished branches.
struct Group {
    capture: Option<u32>,
    flags: Flags,
    branches: Vec<Operand>,
    sequence: Vec<Operand>,
}

struct Parser<'p> {
    pattern: &'p str,
    rest: &'p str,
    flags: Flags,
    groups: Vec<Group>,
    current: Group,
    names: Vec<Option<String>>,
}

/// Parses a pattern.
pub(super) fn parse(pattern: &str) -> Result<Parsed, RegexpError> {
    let flags =
        Flags { fold_case: false, multi_line: false, dot_newline: false, swap_greed: false };
    let mut parser = Parser {
        pattern,
        rest: pattern,
        flags,
        groups: Vec::new(),
        current: Group::new(None, flags),
        names: vec![None],
    };
    parser.run()?;
    if !parser.groups.is_empty() {
        return Err(fail(Problem::MissingParen, pattern));
    }
    let Parser { current, names, .. } = parser;
    Ok(Parsed { hir: current.close().hir, names })
}

fn fail(problem: Problem, part: &str) -> RegexpError {
    RegexpError { problem, part: part.to_owned() }
}

/// Returns the part of `whole` before `rest`, which is its end.
fn consumed<'a>(whole: &'a str, rest: &str) -> &'a str {
    &whole[..whole.len() - rest.len()]
}

impl Group {
    fn new(capture: Option<u32>, flags: Flags) -> Self {
        Self { capture, flags, branches: Vec::new(), sequence: Vec::new() }
    }

    fn end_branch(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        let repeats = sequence.iter().map(|part| part.repeats).max().unwrap_or(1);
        let size = sequence.iter().map(|part| part.size).sum();
        let hir = Hir::concat(sequence.into_iter().map(|part| part.hir).collect());
        self.branches.push(Operand { hir, repeats, size });
    }

    fn close(mut self) -> Operand {
        self.end_branch();
        let repeats = self.branches.iter().map(|part| part.repeats).max().unwrap_or(1);
        let size = self.branches.iter().map(|part| part.size).sum();
        let hir = Hir::alternation(self.branches.into_iter().map(|part| part.hir).collect());
        let hir = match self.capture {
            Some(index) => Hir::capture(Capture { index, name: None, sub: Box::new(hir) }),
            None => hir,
        };
        Operand { hir, repeats, size }
    }
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<(), RegexpError> {
        let mut last_repeat: Option<&str> = None;
        while let Some(c) = self.rest.chars().next() {
            let before = self.rest;
            let after = &before[c.len_utf8()..];
            self.rest = after;
            let mut repeat = None;
            match c {
                '(' if after.starts_with('?') => self.perl_group(before)?,
                '(' => self.open_capture(None)?,
                '|' => self.current.end_branch(),
                ')' => self.close_group()?,
                '^' => {
                    self.push_look(if self.flags.multi_line { Look::StartLF } else { Look::Start })
                }
                '$' => self.push_look(if self.flags.multi_line { Look::EndLF } else { Look::End }),
                '.' => self.push_dot(),
                '[' => self.bracket_class(before)?,
                '*' | '+' | '?' => {
                    let min = u32::from(c == '+');
                    let max = (c == '?').then_some(1);
                    self.repeat(before, min..=max.unwrap_or(u32::MAX), last_repeat)?;
                    repeat = Some(before);
                }
                '{' => match braces(after) {
                    None => self.push_char('{'),
                    Some((min, max, after)) => {
                        self.rest = after;
                        let range = counts(min, max)
                            .ok_or_else(|| fail(Problem::RepeatSize, consumed(before, after)))?;
                        self.repeat(before, range, last_repeat)?;
                        repeat = Some(before);
                    }
                },
                '\\' => self.escape(before)?,
                c => self.push_char(c),
            }
            last_repeat = repeat;
        }
        Ok(())
    }

    fn push(&mut self, hir: Hir) {
        self.current.sequence.push(Operand { hir, repeats: 1, size: 1 });
    }

    fn push_look(&mut self, look: Look) {
        self.push(Hir::look(look));
    }

    fn push_char(&mut self, c: char) {
        let mut buffer = [0; 4];
        if self.flags.fold_case {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            class.case_fold_simple();
            if class.ranges().len() > 1 || class.iter().any(|r| r.start() != r.end()) {
                return self.push_class(class);
            }
        }
        self.push(Hir::literal(c.encode_utf8(&mut buffer).as_bytes()));
    }

    fn push_class(&mut self, class: ClassUnicode) {
        self.push(Hir::class(Class::Unicode(class)));
    }

    fn push_dot(&mut self) {
        let mut class = class::from_ranges(&[(0, 0x10_FFFF)]);
        if !self.flags.dot_newline {
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
        }
        self.push_class(class);
    }

    fn open_capture(&mut self, name: Option<String>) -> Result<(), RegexpError> {
        let index = u32::try_from(self.names.len()).map_err(|_| self.too_large())?;
        self.names.push(name);
        self.open(Some(index))
    }

    fn open(&mut self, capture: Option<u32>) -> Result<(), RegexpError> {
        if self.groups.len() >= DEPTH_LIMIT {
            return Err(fail(Problem::NestingDepth, self.pattern));
        }
        let group = Group::new(capture, self.flags);
        self.groups.push(std::mem::replace(&mut self.current, group));
        Ok(())
    }

    fn too_large(&self) -> RegexpError {
        fail(Problem::Large, self.pattern)
    }

    fn close_group(&mut self) -> Result<(), RegexpError> {
        let Some(outer) = self.groups.pop() else {
            return Err(fail(Problem::UnexpectedParen, self.pattern));
        };
        let inner = std::mem::replace(&mut self.current, outer);
        self.flags = inner.flags;
        self.current.sequence.push(inner.close());
        Ok(())
    }

    /// Applies a repetition to the last operand.
    fn repeat(
        &mut self,
        before: &'p str,
        counts: std::ops::RangeInclusive<u32>,
        last_repeat: Option<&'p str>,
    ) -> Result<(), RegexpError> {
        let mut greedy = !self.flags.swap_greed;
        if let Some(rest) = self.rest.strip_prefix('?') {
            self.rest = rest;
            greedy = !greedy;
        }
        if let Some(last) = last_repeat {
            return Err(fail(Problem::RepeatOp, consumed(last, self.rest)));
        }
        let operator = consumed(before, self.rest);
        let Some(operand) = self.current.sequence.pop() else {
            return Err(fail(Problem::MissingRepeatArgument, operator));
        };
        let (min, max) = counts.into_inner();
        let max = (max != u32::MAX).then_some(max);
        let counted = u64::from(max.unwrap_or(min));
        // A count of zero removes the operand with whatever it repeats.
        let repeats = if max == Some(0) { 1 } else { operand.repeats * counted.max(1) };
        if repeats > u64::from(REPEAT_LIMIT) {
            return Err(fail(Problem::RepeatSize, operator));
        }
        let size = operand.size * counted.max(1);
        if size > SIZE_LIMIT {
            return Err(self.too_large());
        }
        let sub = Box::new(operand.hir);
        let hir = Hir::repetition(Repetition { min, max, greedy, sub });
        self.current.sequence.push(Operand { hir, repeats, size });
        Ok(())
    }

    /// Reads what begins with `(?`: a named group, flags, or a group with flags.
    fn perl_group(&mut self, before: &'p str) -> Result<(), RegexpError> {
        let named = before.strip_prefix("(?P<").or_else(|| before.strip_prefix("(?<"));
        if let Some(inner) = named.filter(|inner| !inner.is_empty()) {
            let Some((name, rest)) = inner.split_once('>') else {
                return Err(fail(Problem::NamedCapture, before));
            };
            let good = |b: u8| b == b'_' || b.is_ascii_alphanumeric();
            if name.is_empty() || !name.bytes().all(good) {
                return Err(fail(Problem::NamedCapture, consumed(before, rest)));
            }
            self.rest = rest;
            return self.open_capture(Some(name.to_owned()));
        }
        let (mut flags, mut on, mut seen) = (self.flags, true, false);
        let mut chars = before[2..].chars();
        while let Some(c) = chars.next() {
            match c {
                'i' => flags.fold_case = on,
                'm' => flags.multi_line = on,
                's' => flags.dot_newline = on,
                'U' => flags.swap_greed = on,
                '-' if on => on = false,
                ':' | ')' if on || seen => {
                    self.rest = chars.as_str();
                    if c == ':' {
                        self.open(None)?;
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => return Err(fail(Problem::PerlOp, consumed(before, chars.as_str()))),
            }
            seen = c != '-';
        }
        Err(fail(Problem::PerlOp, before))
    }

    /// Reads what begins with a backslash, outside a class.
    fn escape(&mut self, before: &'p str) -> Result<(), RegexpError> {
        let mut tail = before[1..].chars();
        let next = tail.next();
        let look = match next {
            Some('A') => Some(Look::Start),
            Some('z') => Some(Look::End),
            Some('b') => Some(Look::WordAscii),
            Some('B') => Some(Look::WordAsciiNegate),
            Some('C') => return Err(fail(Problem::Escape, "\\C")),
            Some('Q') => {
                let (literal, rest) = before[2..].split_once("\\E").unwrap_or((&before[2..], ""));
                literal.chars().for_each(|c| self.push_char(c));
                self.rest = rest;
                return Ok(());
            }
            _ => None,
        };
        if let Some(look) = look {
            self.rest = tail.as_str();
            self.push_look(look);
            return Ok(());
        }
        if let Some((class, rest)) = self.named_class(before)? {
            self.rest = rest;
            self.push_class(class);
            return Ok(());
        }
        let (code, rest) = escaped_code(before)?;
        self.rest = rest;
        match char::from_u32(code) {
            Some(c) => self.push_char(c),
            None => self.push(Hir::fail()),
        }
        Ok(())
    }

    fn folded(&self, mut class: ClassUnicode) -> ClassUnicode {
        if self.flags.fold_case {
            class.case_fold_simple();
        }
        class
    }

    /// Reads `\d`, `\pL`, `\p{Greek}` and their like; `None` if `text` begins otherwise.
    fn named_class(&self, text: &'p str) -> Result<Option<(ClassUnicode, &'p str)>, RegexpError> {
        let Some(tail) = text.strip_prefix('\\') else { return Ok(None) };
        let mut chars = tail.chars();
        let Some(kind) = chars.next() else { return Ok(None) };
        if let Some(class) = class::perl(kind) {
            let mut class = self.folded(class);
            if kind.is_ascii_uppercase() {
                class.negate();
            }
            return Ok(Some((class, chars.as_str())));
        }
        if !matches!(kind, 'p' | 'P') {
            return Ok(None);
        }
        let Some(first) = chars.next() else {
            return Err(fail(Problem::CharRange, text));
        };
        let after = chars.as_str();
        let (name, rest) = if first == '{' {
            after.split_once('}').ok_or_else(|| fail(Problem::CharRange, text))?
        } else {
            (consumed(&tail[1..], after), after)
        };
        let (name, negated) = match name.strip_prefix('^') {
            Some(name) => (name, kind == 'p'),
            None => (name, kind == 'P'),
        };
        let class =
            class::unicode(name).ok_or_else(|| fail(Problem::CharRange, consumed(text, rest)))?;
        let mut class = self.folded(class);
        if negated {
            class.negate();
        }
        Ok(Some((class, rest)))
    }

    /// Reads `[…]`.
    fn bracket_class(&mut self, before: &'p str) -> Result<(), RegexpError> {
        let mut text = &before[1..];
        let negated = text.starts_with('^');
        if negated {
            text = &text[1..];
        }
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while first || !text.starts_with(']') {
            first = false;
            let (part, rest) = self.class_part(text, before)?;
            class.union(&part);
            text = rest;
        }
        self.rest = &text[1..];
        if negated {
            class.negate();
        }
        self.push_class(class);
        Ok(())
    }

    /// Reads one element of a class.
    fn class_part(
        &self,
        text: &'p str,
        whole: &'p str,
    ) -> Result<(ClassUnicode, &'p str), RegexpError> {
        if let Some((name, rest)) = text.strip_prefix("[:").and_then(|text| text.split_once(":]")) {
            let (plain, negated) = match name.strip_prefix('^') {
                Some(plain) => (plain, true),
                None => (name, false),
            };
            let class = class::posix(plain)
                .ok_or_else(|| fail(Problem::CharRange, consumed(text, rest)))?;
            let mut class = self.folded(class);
            if negated {
                class.negate();
            }
            return Ok((class, rest));
        }
        if let Some(named) = self.named_class(text)? {
            return Ok(named);
        }
        let (low, mut rest) = class_code(text, whole)?;
        let mut high = low;
        if let Some(tail) = rest.strip_prefix('-')
            && !tail.is_empty()
            && !tail.starts_with(']')
        {
            (high, rest) = class_code(tail, whole)?;
            if high < low {
                return Err(fail(Problem::CharRange, consumed(text, rest)));
            }
        }
        Ok((self.folded(class::from_ranges(&[(low, high)])), rest))
    }
}

fn class_code<'p>(text: &'p str, whole: &str) -> Result<(u32, &'p str), RegexpError> {
    match text.chars().next() {
        None => Err(fail(Problem::MissingBracket, whole)),
        Some('\\') => escaped_code(text),
        Some(c) => Ok((c as u32, &text[c.len_utf8()..])),
    }
}

/// Reads an escaped character; the result need not be a character, as surrogates may be named.
fn escaped_code(text: &str) -> Result<(u32, &str), RegexpError> {
    let mut chars = text.chars();
    chars.next();
    let Some(c) = chars.next() else {
        return Err(fail(Problem::TrailingBackslash, ""));
    };
    let rest = chars.as_str();
    let code = match c {
        '1'..='7' if !rest.starts_with(|c| matches!(c, '0'..='7')) => {
            return Err(fail(Problem::Escape, consumed(text, rest)));
        }
        '0'..='7' => {
            let more = rest.bytes().take(2).take_while(|b| matches!(b, b'0'..=b'7')).count();
            let (digits, rest) = text[1..].split_at(1 + more);
            return Ok((u32::from_str_radix(digits, 8).unwrap_or(0), rest));
        }
        'x' => return hex_code(text, rest),
        'a' => 7,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c as u32,
        _ => return Err(fail(Problem::Escape, consumed(text, rest))),
    };
    Ok((code, rest))
}

/// Reads what follows `\x`: two digits, or any number of them in braces.
fn hex_code<'p>(text: &'p str, rest: &'p str) -> Result<(u32, &'p str), RegexpError> {
    let mut chars = rest.chars();
    let bad =
        |chars: &std::str::Chars<'_>| Err(fail(Problem::Escape, consumed(text, chars.as_str())));
    let first = chars.next();
    if first != Some('{') {
        let second = first.and_then(|_| chars.next());
        let digit = |c: Option<char>| c.and_then(|c| c.to_digit(16));
        return match (digit(first), digit(second)) {
            (Some(high), Some(low)) => Ok((high * 16 + low, chars.as_str())),
            _ => bad(&chars),
        };
    }
    let (mut code, mut digits) = (0, 0);
    while let Some(c) = chars.next() {
        match c.to_digit(16) {
            Some(digit) if code * 16 + digit <= 0x10_FFFF => {
                code = code * 16 + digit;
                digits += 1;
            }
            None if c == '}' && digits > 0 => return Ok((code, chars.as_str())),
            _ => break,
        }
    }
    bad(&chars)
}

/// Reads `n}`, `n,}` or `n,m}`; `None` if the brace before it is a literal.
fn braces(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (min, rest) = count(text)?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, Some(min), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, None, rest));
    }
    let (max, rest) = count(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

/// Reads a number without leading zeros; huge ones become the largest.
fn count(text: &str) -> Option<(u32, &str)> {
    let len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(len);
    if digits.is_empty() || (len > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}

/// Checks the bounds of a counted repetition.
fn counts(min: u32, max: Option<u32>) -> Option<std::ops::RangeInclusive<u32>> {
    let good = min <= REPEAT_LIMIT && max.is_none_or(|max| max <= REPEAT_LIMIT && min <= max);
    good.then(|| min..=max.unwrap_or(u32::MAX))
}
