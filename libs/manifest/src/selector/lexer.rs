//! The words and signs of a label selector.

use std::fmt;

/// A word or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A key, value or word operator.
    Word(&'a str),
    /// `!`
    Not,
    /// `=`
    Equals,
    /// `==`
    DoubleEquals,
    /// `!=`
    NotEquals,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// A run of signs that means nothing.
    Unknown(&'a str),
    /// The end of the text.
    End,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word(text) | Self::Unknown(text) => text,
            Self::Not => "!",
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::Open => "(",
            Self::Close => ")",
            Self::Comma => ",",
            Self::End => "",
        })
    }
}

/// Splits a text into its words and signs.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let signs = rest.chars().take_while(|c| is_sign(*c)).map(char::len_utf8).sum::<usize>();
        let length = if is_sign(first) {
            sign_length(&rest[..signs])
        } else {
            rest.find(|c: char| is_sign(c) || c.is_whitespace()).unwrap_or(rest.len())
        };
        let (word, tail) = rest.split_at(length);
        found.push(token(word));
        rest = tail.trim_start();
    }
    found
}

fn is_sign(c: char) -> bool {
    matches!(c, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

/// Returns the length of the longest sign at the start of a run of signs.
fn sign_length(signs: &str) -> usize {
    (1..=signs.len().min(2))
        .rev()
        .find(|n| !matches!(token(&signs[..*n]), Token::Unknown(_)))
        .unwrap_or(1)
}

fn token(word: &str) -> Token<'_> {
    match word {
        "!" => Token::Not,
        "=" => Token::Equals,
        "==" => Token::DoubleEquals,
        "!=" => Token::NotEquals,
        ">" => Token::Greater,
        "<" => Token::Less,
        "(" => Token::Open,
        ")" => Token::Close,
        "," => Token::Comma,
        other if other.starts_with(is_sign) => Token::Unknown(other),
        other => Token::Word(other),
    }
}
