//! The words for what does not follow the grammar: those of cel-go's generated parser for the first
//! place that is wrong.

use crate::lexer::{Kind, Token};
use crate::source::Issue;

/// What should stand where something else does.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// The beginning of an expression.
    Operand,
    /// An argument, or the end of the arguments.
    Argument,
    /// A name after a dot.
    Field,
    /// A comma or this end.
    Separator(Kind),
    /// This token.
    Token(Kind),
}

/// The tokens with which an expression may begin, as they are listed.
const OPERANDS: [Kind; 15] = [
    Kind::OpenBracket,
    Kind::OpenBrace,
    Kind::OpenParen,
    Kind::Dot,
    Kind::Minus,
    Kind::Not,
    Kind::True,
    Kind::False,
    Kind::Null,
    Kind::Float,
    Kind::Int,
    Kind::Uint,
    Kind::String,
    Kind::Bytes,
    Kind::Ident,
];

/// Tells whether an expression may begin with a token.
pub(super) fn begins_operand(kind: Kind) -> bool {
    OPERANDS.contains(&kind)
}

/// Says what is wrong at a token.
pub(super) fn diagnose(tokens: &[Token<'_>], at: usize, wanted: Wanted) -> Vec<Issue> {
    let Some(token) = tokens.get(at).or_else(|| tokens.last()) else { return Vec::new() };
    let next = tokens.get(at + 1).map(|token| token.kind);
    let found = escape(token.text);
    let message = match wanted {
        Wanted::Field => no_field(tokens, at, token),
        Wanted::Operand | Wanted::Argument => {
            let expected = expected(wanted);
            let more = matches!(wanted, Wanted::Argument) && next == Some(Kind::CloseParen);
            // A token too many is one after which everything is as expected.
            let extra = token.kind != Kind::End && (more || next.is_some_and(begins_operand));
            let problem = if extra { "extraneous" } else { "mismatched" };
            format!("{problem} input '{found}' expecting {expected}")
        }
        Wanted::Separator(close) => {
            let ends = next == Some(close) || next == Some(Kind::Comma);
            let extra = token.kind != Kind::End && ends;
            let problem = if extra { "extraneous" } else { "mismatched" };
            format!("{problem} input '{found}' expecting {{{}, ','}}", close.display())
        }
        Wanted::Token(kind) => {
            let wanted = kind.display();
            if token.kind != Kind::End && next == Some(kind) {
                format!("extraneous input '{found}' expecting {wanted}")
            } else if closes(kind) && may_follow(token.kind)
                || kind == Kind::Colon && begins_operand(token.kind)
            {
                format!("missing {wanted} at '{found}'")
            } else {
                format!("mismatched input '{found}' expecting {wanted}")
            }
        }
    };
    vec![Issue { offset: Some(token.offset), message: format!("Syntax error: {message}") }]
}

fn no_field(tokens: &[Token<'_>], at: usize, token: &Token<'_>) -> String {
    if matches!(token.kind, Kind::True | Kind::False | Kind::Null) {
        return format!("mismatched input '{}' expecting IDENTIFIER", token.text);
    }
    let dot = (0..at).rev().find(|index| tokens.get(*index).is_some_and(|t| t.kind == Kind::Dot));
    let end = if token.kind == Kind::End { at } else { at + 1 };
    let input = tokens.get(dot.unwrap_or(at)..end).unwrap_or_default();
    let input: String = input.iter().map(|token| token.text).collect();
    format!("no viable alternative at input '{}'", escape(&input))
}

fn expected(wanted: Wanted) -> String {
    let mut names: Vec<_> = OPERANDS.iter().map(|kind| kind.display()).collect();
    if matches!(wanted, Wanted::Argument) {
        names.insert(3, Kind::CloseParen.display());
    }
    format!("{{{}}}", names.join(", "))
}

fn closes(kind: Kind) -> bool {
    matches!(kind, Kind::CloseParen | Kind::CloseBracket | Kind::CloseBrace)
}

/// Tells whether a token may follow a closing one.
fn may_follow(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::End
            | Kind::CloseParen
            | Kind::CloseBracket
            | Kind::CloseBrace
            | Kind::Comma
            | Kind::Colon
            | Kind::Question
    )
}

fn escape(text: &str) -> String {
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}
