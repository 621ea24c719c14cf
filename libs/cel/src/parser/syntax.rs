//! The words for what does not follow the grammar.

use crate::lexer::{Kind, Token};
use crate::source::Issue;

/// Says what is wrong with tokens that do not follow the grammar.
pub(super) fn diagnose(tokens: &[Token<'_>]) -> Vec<Issue> {
    let last = tokens.last();
    let offset = last.map(|token| token.offset);
    let kind = last.map_or(Kind::End, |token| token.kind);
    vec![Issue { offset, message: format!("Syntax error: mismatched input {}", kind.display()) }]
}
