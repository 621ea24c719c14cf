//! Cuts a template into tokens.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Eof,
    Text,
    LeftDelim,
    RightDelim,
    Space,
    Assign,
    Declare,
    Pipe,
    Char,
    LeftParen,
    RightParen,
    Quoted,
    RawQuoted,
    CharConstant,
    Number,
    Complex,
    Bool,
    Identifier,
    Variable,
    Field,
    Dot,
    Nil,
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

/// A token with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) pos: usize,
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Token {
    /// The token as parse errors print it.
    pub(crate) fn shown(&self) -> String {
        match self.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Error => self.text.clone(),
            Kind::Dot | Kind::Nil => format!("<{}>", self.text),
            kind if keyword(&self.text) == Some(kind) => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let short: String = self.text.chars().take(10).collect();
                format!("{}...", flux_gostd::quote::quote(&short))
            }
            _ => flux_gostd::quote::quote(&self.text),
        }
    }
}

fn keyword(word: &str) -> Option<Kind> {
    Some(match word {
        "nil" => Kind::Nil,
        "block" => Kind::Block,
        "break" => Kind::Break,
        "continue" => Kind::Continue,
        "define" => Kind::Define,
        "else" => Kind::Else,
        "end" => Kind::End,
        "if" => Kind::If,
        "range" => Kind::Range,
        "template" => Kind::Template,
        "with" => Kind::With,
        _ => return None,
    })
}

/// Cuts `text` into tokens; the last one is `Eof` or `Error`.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer =
        Lexer { text, start: 0, pos: 0, line: 1, start_line: 1, parens: 0, out: vec![] };
    if lexer.run().is_some() {
        lexer.start = text.len();
        lexer.emit(Kind::Eof);
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    start: usize,
    pos: usize,
    line: usize,
    start_line: usize,
    parens: usize,
    out: Vec<Token>,
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The character as `%#U` prints it.
fn unicode(c: Option<char>) -> String {
    match c {
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
        Some(c) if flux_gostd::quote::is_print(c) => format!("U+{:04X} '{c}'", u32::from(c)),
        Some(c) => format!("U+{:04X}", u32::from(c)),
    }
}

/// `None` ends the run after an error token.
type Step = Option<()>;

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    fn accept(&mut self, set: &str) -> bool {
        let found = self.peek().is_some_and(|c| set.contains(c));
        if found {
            self.next();
        }
        found
    }

    fn accept_run(&mut self, set: &str) {
        while self.accept(set) {}
    }

    fn current(&self) -> &'a str {
        self.text.get(self.start..self.pos).unwrap_or_default()
    }

    fn ignore(&mut self) {
        self.line += self.current().matches('\n').count();
        self.start = self.pos;
        self.start_line = self.line;
    }

    fn emit(&mut self, kind: Kind) {
        let text = self.current().to_owned();
        self.out.push(Token { kind, pos: self.start, line: self.start_line, text });
        self.ignore();
    }

    fn fail(&mut self, text: impl Into<String>) -> Step {
        let text = text.into();
        self.out.push(Token { kind: Kind::Error, pos: self.start, line: self.start_line, text });
        None
    }

    fn run(&mut self) -> Step {
        while self.pos < self.text.len() {
            let Some(found) = self.rest().find("{{") else {
                self.pos = self.text.len();
                self.emit(Kind::Text);
                return Some(());
            };
            self.literal(found);
            let trims = self.rest().get(2..).is_some_and(left_trims);
            let after = if trims { 4 } else { 2 };
            if self.rest().get(after..).is_some_and(|rest| rest.starts_with("/*")) {
                self.pos += after;
                self.ignore();
                self.comment()?;
                continue;
            }
            self.pos += 2;
            self.emit(Kind::LeftDelim);
            if trims {
                self.pos += 2;
                self.ignore();
            }
            self.parens = 0;
            while self.inside()? {}
        }
        Some(())
    }

    /// Emits the text before a delimiter `length` bytes away, without what its marker trims.
    fn literal(&mut self, length: usize) {
        let text = self.rest().get(..length).unwrap_or_default();
        let trims = self.rest().get(length + 2..).is_some_and(left_trims);
        let kept = if trims { text.trim_end_matches(is_space) } else { text };
        self.pos += kept.len();
        if !kept.is_empty() {
            self.emit(Kind::Text);
        }
        self.pos = self.start + (text.len() - kept.len());
        self.ignore();
    }

    fn comment(&mut self) -> Step {
        let Some(end) = self.rest().find("*/") else {
            return self.fail("unclosed comment");
        };
        self.pos += end + 2;
        let Some(length) = self.right_delim() else {
            return self.fail("comment ends before closing delimiter");
        };
        self.pos += length;
        self.trim_after(length);
        self.ignore();
        Some(())
    }

    /// The length of the closing delimiter here, with its trim marker.
    fn right_delim(&self) -> Option<usize> {
        let rest = self.rest();
        let mut chars = rest.chars();
        if chars.next().is_some_and(is_space) && chars.as_str().starts_with("-}}") {
            return Some(4);
        }
        rest.starts_with("}}").then_some(2)
    }

    /// Skips the space after a closing delimiter of that length, if its marker trims.
    fn trim_after(&mut self, delim: usize) {
        if delim == 4 {
            self.pos += self.rest().len() - self.rest().trim_start_matches(is_space).len();
        }
    }

    /// Reads one token inside an action; false after the closing delimiter.
    fn inside(&mut self) -> Option<bool> {
        if let Some(length) = self.right_delim() {
            if self.parens > 0 {
                self.fail("unclosed left paren")?;
            }
            self.pos += length - 2;
            self.ignore();
            self.pos += 2;
            self.emit(Kind::RightDelim);
            self.trim_after(length);
            self.ignore();
            return Some(false);
        }
        let Some(c) = self.next() else {
            self.fail("unclosed action")?;
            return None;
        };
        match c {
            c if is_space(c) => self.space(),
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    self.fail("expected :=")?;
                }
                self.emit(Kind::Declare);
            }
            '|' => self.emit(Kind::Pipe),
            '"' => self.quoted('"', Kind::Quoted, "unterminated quoted string")?,
            '\'' => self.quoted('\'', Kind::CharConstant, "unterminated character constant")?,
            '`' => match self.rest().find('`') {
                Some(end) => {
                    self.pos += end + 1;
                    self.emit(Kind::RawQuoted);
                }
                None => self.fail("unterminated raw quoted string")?,
            },
            '$' => self.name(Kind::Variable, Kind::Variable)?,
            '.' if !self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                self.name(Kind::Field, Kind::Dot)?;
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.pos = self.start;
                self.number()?;
            }
            c if is_word(c) => self.word()?,
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen);
            }
            ')' => {
                if self.parens == 0 {
                    self.fail("unexpected right paren")?;
                }
                self.parens -= 1;
                self.emit(Kind::RightParen);
            }
            ' '..='~' => self.emit(Kind::Char),
            c => {
                self.fail(format!("unrecognized character in action: {}", unicode(Some(c))))?;
            }
        }
        Some(true)
    }

    fn space(&mut self) {
        while self.right_delim().is_none() && self.peek().is_some_and(is_space) {
            self.next();
        }
        self.emit(Kind::Space);
    }

    fn quoted(&mut self, quote: char, kind: Kind, unterminated: &str) -> Step {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return self.fail(unterminated);
                    }
                }
                None | Some('\n') => return self.fail(unterminated),
                Some(c) if c == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Some(())
    }

    fn at_terminator(&self) -> bool {
        let ends = |c: char| is_space(c) || matches!(c, '.' | ',' | '|' | ':' | ')' | '(');
        self.peek().is_none_or(ends) || self.rest().starts_with("}}")
    }

    /// Reads what follows `.` or `$`; `alone` is the kind of the sign by itself.
    fn name(&mut self, kind: Kind, alone: Kind) -> Step {
        if self.at_terminator() {
            self.emit(alone);
            return Some(());
        }
        self.letters()?;
        self.emit(kind);
        Some(())
    }

    fn letters(&mut self) -> Step {
        while self.peek().is_some_and(is_word) {
            self.next();
        }
        if self.at_terminator() {
            return Some(());
        }
        let bad = self.peek();
        self.fail(format!("bad character {}", unicode(bad)))
    }

    fn word(&mut self) -> Step {
        self.letters()?;
        let kind = match self.current() {
            "true" | "false" => Kind::Bool,
            word => keyword(word).unwrap_or(Kind::Identifier),
        };
        self.emit(kind);
        Some(())
    }

    fn number(&mut self) -> Step {
        let mut kind = Kind::Number;
        let mut good = self.scan_number();
        if good && matches!(self.peek(), Some('+' | '-')) {
            kind = Kind::Complex;
            good = self.scan_number() && self.current().ends_with('i');
        }
        if good {
            self.emit(kind);
            return Some(());
        }
        let text = flux_gostd::quote::quote(self.current());
        self.fail(format!("bad number syntax: {text}"))
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEX: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEX;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if (digits == DECIMAL && self.accept("eE")) || (digits == HEX && self.accept("pP")) {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_word) {
            self.next();
            return false;
        }
        true
    }
}

fn left_trims(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('-') && chars.next().is_some_and(is_space)
}
