//! Splits an expression into tokens.

use crate::source::{Issue, Offset};

/// The kinds of tokens, in the order in which cel-go's grammar numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Equal,
    NotEqual,
    In,
    Less,
    LessEqual,
    GreaterEqual,
    Greater,
    And,
    Or,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    OpenParen,
    CloseParen,
    Dot,
    Comma,
    Minus,
    Not,
    Question,
    Colon,
    Plus,
    Star,
    Slash,
    Percent,
    True,
    False,
    Null,
    Float,
    Int,
    Uint,
    String,
    Bytes,
    Ident,
    EscapedIdent,
    End,
}

impl Kind {
    /// Returns the name that the parser generator prints.
    pub(crate) const fn display(self) -> &'static str {
        match self {
            Self::Equal => "'=='",
            Self::NotEqual => "'!='",
            Self::In => "'in'",
            Self::Less => "'<'",
            Self::LessEqual => "'<='",
            Self::GreaterEqual => "'>='",
            Self::Greater => "'>'",
            Self::And => "'&&'",
            Self::Or => "'||'",
            Self::OpenBracket => "'['",
            Self::CloseBracket => "']'",
            Self::OpenBrace => "'{'",
            Self::CloseBrace => "'}'",
            Self::OpenParen => "'('",
            Self::CloseParen => "')'",
            Self::Dot => "'.'",
            Self::Comma => "','",
            Self::Minus => "'-'",
            Self::Not => "'!'",
            Self::Question => "'?'",
            Self::Colon => "':'",
            Self::Plus => "'+'",
            Self::Star => "'*'",
            Self::Slash => "'/'",
            Self::Percent => "'%'",
            Self::True => "'true'",
            Self::False => "'false'",
            Self::Null => "'null'",
            Self::Float => "NUM_FLOAT",
            Self::Int => "NUM_INT",
            Self::Uint => "NUM_UINT",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Ident => "IDENTIFIER",
            Self::EscapedIdent => "ESC_IDENTIFIER",
            Self::End => "<EOF>",
        }
    }
}

/// A piece of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token<'s> {
    pub(crate) kind: Kind,
    /// The text as written; `<EOF>` at the end.
    pub(crate) text: &'s str,
    pub(crate) offset: Offset,
}

/// The tokens of a source, the last being [`Kind::End`], and what could not be read.
pub(crate) struct Tokens<'s> {
    pub(crate) tokens: Vec<Token<'s>>,
    pub(crate) issues: Vec<Issue>,
}

/// Reads all tokens.
pub(crate) fn tokenize(text: &str) -> Tokens<'_> {
    let mut lexer = Lexer { rest: text, offset: 0 };
    let (mut tokens, mut issues) = (Vec::new(), Vec::new());
    loop {
        lexer.skip_blank();
        let offset = Offset(lexer.offset);
        if lexer.rest.is_empty() {
            tokens.push(Token { kind: Kind::End, text: "<EOF>", offset });
            return Tokens { tokens, issues };
        }
        match next(lexer.rest) {
            Ok((kind, len)) => {
                let text = lexer.advance(len);
                tokens.push(Token { kind, text, offset });
            }
            Err(len) => {
                let text = escape(lexer.advance(len));
                let message = format!("Syntax error: token recognition error at: '{text}'");
                issues.push(Issue { offset: Some(offset), message });
            }
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

struct Lexer<'s> {
    rest: &'s str,
    offset: u32,
}

impl<'s> Lexer<'s> {
    fn advance(&mut self, len: usize) -> &'s str {
        let (text, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        self.offset = self.offset.saturating_add(chars);
        text
    }

    fn skip_blank(&mut self) {
        loop {
            let blank = self.rest.len()
                - self.rest.trim_start_matches(['\t', ' ', '\r', '\n', '\x0c']).len();
            self.advance(blank);
            if !self.rest.starts_with("//") {
                return;
            }
            let line = self.rest.find('\n').unwrap_or(self.rest.len());
            self.advance(line);
        }
    }
}

/// Finds the kind and length of the next token, or how much of the text is none.
fn next(text: &str) -> Result<(Kind, usize), usize> {
    let bytes = text.as_bytes();
    let (first, second) = (bytes.first().copied(), bytes.get(1).copied());
    let broken = || text.chars().next().map_or(1, char::len_utf8);
    match first.ok_or(1_usize)? {
        b'"' | b'\'' => string(text, Prefix::default()).map(|len| (Kind::String, len)),
        b'0'..=b'9' => Ok(number(bytes)),
        b'.' if second.is_some_and(|b| b.is_ascii_digit()) => Ok(number(bytes)),
        b'_' | b'a'..=b'z' | b'A'..=b'Z' => word(text),
        b'`' => escaped_word(text),
        first => symbol(first, second).ok_or_else(|| {
            // A lone half of a two-letter operator takes the next character with it.
            let half = matches!(first, b'=' | b'&' | b'|');
            let following = text.chars().nth(1).map_or(0, char::len_utf8);
            if half { 1 + following } else { broken() }
        }),
    }
}

fn symbol(first: u8, second: Option<u8>) -> Option<(Kind, usize)> {
    let two = match (first, second) {
        (b'=', Some(b'=')) => Some(Kind::Equal),
        (b'!', Some(b'=')) => Some(Kind::NotEqual),
        (b'<', Some(b'=')) => Some(Kind::LessEqual),
        (b'>', Some(b'=')) => Some(Kind::GreaterEqual),
        (b'&', Some(b'&')) => Some(Kind::And),
        (b'|', Some(b'|')) => Some(Kind::Or),
        _ => None,
    };
    if let Some(kind) = two {
        return Some((kind, 2));
    }
    let one = match first {
        b'<' => Kind::Less,
        b'>' => Kind::Greater,
        b'[' => Kind::OpenBracket,
        b']' => Kind::CloseBracket,
        b'{' => Kind::OpenBrace,
        b'}' => Kind::CloseBrace,
        b'(' => Kind::OpenParen,
        b')' => Kind::CloseParen,
        b'.' => Kind::Dot,
        b',' => Kind::Comma,
        b'-' => Kind::Minus,
        b'!' => Kind::Not,
        b'?' => Kind::Question,
        b':' => Kind::Colon,
        b'+' => Kind::Plus,
        b'*' => Kind::Star,
        b'/' => Kind::Slash,
        b'%' => Kind::Percent,
        _ => return None,
    };
    Some((one, 1))
}

fn run(bytes: &[u8], good: impl Fn(&u8) -> bool) -> usize {
    bytes.iter().take_while(|b| good(b)).count()
}

/// Reads the longest number, as the generated lexer does.
fn number(bytes: &[u8]) -> (Kind, usize) {
    let is_unsigned = |at: usize| matches!(bytes.get(at), Some(b'u' | b'U'));
    if bytes.starts_with(b"0x") {
        let digits = run(&bytes[2..], u8::is_ascii_hexdigit);
        if digits > 0 {
            let end = 2 + digits;
            return if is_unsigned(end) { (Kind::Uint, end + 1) } else { (Kind::Int, end) };
        }
    }
    let whole = run(bytes, u8::is_ascii_digit);
    let mut end = whole;
    let mut kind = Kind::Int;
    if bytes.get(end) == Some(&b'.') {
        let fraction = run(bytes.get(end + 1..).unwrap_or_default(), u8::is_ascii_digit);
        if fraction > 0 {
            (kind, end) = (Kind::Float, end + 1 + fraction);
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let digits = run(bytes.get(end + 1 + sign..).unwrap_or_default(), u8::is_ascii_digit);
        if digits > 0 {
            return (Kind::Float, end + 1 + sign + digits);
        }
    }
    if kind == Kind::Int && is_unsigned(end) {
        return (Kind::Uint, end + 1);
    }
    (kind, end)
}

/// The letters before a string.
#[derive(Clone, Copy, Default)]
struct Prefix {
    len: usize,
    raw: bool,
}

/// Reads an identifier, a keyword, or a string with letters before it.
fn word(text: &str) -> Result<(Kind, usize), usize> {
    let len = run(text.as_bytes(), |b| b.is_ascii_alphanumeric() || *b == b'_');
    let word = &text[..len];
    if text[len..].starts_with(['"', '\'']) {
        let (kind, raw) = match word {
            "r" | "R" => (Kind::String, true),
            "b" | "B" => (Kind::Bytes, false),
            "br" | "bR" | "Br" | "BR" => (Kind::Bytes, true),
            _ => return Ok((Kind::Ident, len)),
        };
        return string(text, Prefix { len, raw }).map_or_else(
            // Without an end the letters are an identifier, and the string fails by itself.
            |_| Ok((Kind::Ident, len)),
            |end| Ok((kind, end)),
        );
    }
    let kind = match word {
        "in" => Kind::In,
        "true" => Kind::True,
        "false" => Kind::False,
        "null" => Kind::Null,
        _ => Kind::Ident,
    };
    Ok((kind, len))
}

fn escaped_word(text: &str) -> Result<(Kind, usize), usize> {
    let good = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'/' | b' ');
    let len = run(&text.as_bytes()[1..], good);
    let end = 1 + len;
    match text[end..].chars().next() {
        Some('`') if len > 0 => Ok((Kind::EscapedIdent, end + 1)),
        next => Err(end + next.map_or(0, char::len_utf8)),
    }
}

/// Finds the end of a string, or how much of the text fails to be one.
fn string(text: &str, prefix: Prefix) -> Result<usize, usize> {
    let body = &text[prefix.len..];
    let quote = &body[..1];
    let triple = quote.repeat(3);
    let single = quoted(body, quote, prefix.raw);
    if body.starts_with(&triple)
        && let Ok(len) = quoted(body, &triple, prefix.raw)
    {
        return Ok(prefix.len + len);
    }
    single.map(|len| prefix.len + len).map_err(|len| prefix.len + len)
}

fn quoted(body: &str, quote: &str, raw: bool) -> Result<usize, usize> {
    let mut at = quote.len();
    loop {
        let rest = &body[at..];
        if rest.starts_with(quote) {
            return Ok(at + quote.len());
        }
        let c = rest.chars().next().ok_or(at)?;
        if quote.len() == 1 && matches!(c, '\n' | '\r') {
            return Err(at + 1);
        }
        at += match c {
            '\\' if !raw => 1 + escape_len(&rest[1..]).map_err(|len| at + 1 + len)?,
            c => c.len_utf8(),
        };
    }
}

/// Returns the length of what follows a backslash, or how much of it fails.
fn escape_len(text: &str) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let hex = |count: usize| {
        let digits = run(&bytes[1..], u8::is_ascii_hexdigit).min(count);
        let next = text.get(1 + digits..).and_then(|rest| rest.chars().next());
        if digits == count {
            Ok(1 + count)
        } else {
            Err(1 + digits + next.map_or(0, char::len_utf8))
        }
    };
    match bytes.first() {
        Some(
            b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`',
        ) => Ok(1),
        Some(b'x' | b'X') => hex(2),
        Some(b'u') => hex(4),
        Some(b'U') => hex(8),
        Some(b'0'..=b'3') => {
            let digits = run(&bytes[1..], |b| matches!(b, b'0'..=b'7')).min(2);
            let next = text.get(1 + digits..).and_then(|rest| rest.chars().next());
            if digits == 2 { Ok(3) } else { Err(1 + digits + next.map_or(0, char::len_utf8)) }
        }
        _ => Err(text.chars().next().map_or(0, char::len_utf8)),
    }
}
