//! Makes a syntax tree of an expression, macros expanded.

use std::sync::Arc;

use crate::ast::{
    Call, Expr, ExprId, ExprKind, List, Literal, MapEntry, Places, Select, StructLiteral,
};
use crate::lexer::{self, Kind, Token};
use crate::source::{Issue, Issues, Offset, Source};

mod escape;
mod logic;
mod macros;
mod syntax;

pub(crate) use macros::{ACCUMULATOR, MAP_INSERT, MacroSet};

use logic::Logic;
use syntax::Wanted;

/// How many characters an expression may have.
const SIZE_LIMIT: usize = 100_000;
/// How deep expressions may nest, and how deep the tree may be.
const DEPTH_LIMIT: u16 = 250;

/// Names of the operators as functions.
pub(crate) mod operator {
    pub(crate) const CONDITIONAL: &str = "_?_:_";
    pub(crate) const AND: &str = "_&&_";
    pub(crate) const OR: &str = "_||_";
    pub(crate) const NOT: &str = "!_";
    pub(crate) const NEGATE: &str = "-_";
    pub(crate) const ADD: &str = "_+_";
    pub(crate) const EQUALS: &str = "_==_";
    pub(crate) const NOT_EQUALS: &str = "_!=_";
    pub(crate) const INDEX: &str = "_[_]";
    pub(crate) const OPTIONAL_INDEX: &str = "_[?_]";
    pub(crate) const OPTIONAL_SELECT: &str = "_?._";
    pub(crate) const IN: &str = "@in";
    pub(crate) const NOT_STRICTLY_FALSE: &str = "@not_strictly_false";
}

/// What the language allows beyond its core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax {
    pub(crate) macros: MacroSet,
    /// `a.?b`, `a[?b]`, `[?a]`
    pub(crate) optionals: bool,
}

/// A parsed expression.
#[derive(Clone, Debug)]
pub(crate) struct Parsed {
    pub(crate) root: Expr,
    pub(crate) places: Places,
    pub(crate) source: Source,
}

/// Parses an expression.
pub(crate) fn parse(text: &str, syntax: Syntax) -> Result<Parsed, Issues> {
    let source = Source::new(text);
    let size = text.chars().count();
    if size > SIZE_LIMIT {
        let message =
            format!("expression code point size exceeds limit: size: {size}, limit {SIZE_LIMIT}");
        return Err(Issues::new(&source, vec![Issue { offset: None, message }]));
    }
    let lexed = lexer::tokenize(text);
    let mut parser = Parser {
        tokens: &lexed.tokens,
        at: 0,
        nesting: 0,
        syntax,
        places: Places::default(),
        issues: lexed.issues,
    };
    let result = parser.start();
    let Parser { at, places, mut issues, .. } = parser;
    match result {
        Ok(root) if issues.is_empty() => Ok(Parsed { root, places, source }),
        Ok(_) => Err(Issues::new(&source, issues)),
        Err(Stop::Syntax(wanted)) => {
            issues.extend(syntax::diagnose(&lexed.tokens, at, wanted));
            Err(Issues::new(&source, issues))
        }
        Err(Stop::TooDeep(message)) => {
            issues.push(Issue { offset: None, message });
            Err(Issues::new(&source, issues))
        }
    }
}

/// Why parsing cannot go on.
enum Stop {
    /// The tokens do not follow the grammar; `syntax` finds the words for it.
    Syntax(Wanted),
    /// The expression nests too deep.
    TooDeep(String),
}

type Result<T, E = Stop> = std::result::Result<T, E>;

struct Parser<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
    nesting: u16,
    syntax: Syntax,
    places: Places,
    issues: Vec<Issue>,
}

/// Words that are not names of variables.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The operators below `&&` with their names as functions and how strongly they bind.
fn binary(kind: Kind) -> Option<(&'static str, u8)> {
    Some(match kind {
        Kind::Less => ("_<_", 1),
        Kind::LessEqual => ("_<=_", 1),
        Kind::Greater => ("_>_", 1),
        Kind::GreaterEqual => ("_>=_", 1),
        Kind::Equal => (operator::EQUALS, 1),
        Kind::NotEqual => (operator::NOT_EQUALS, 1),
        Kind::In => (operator::IN, 1),
        Kind::Plus => (operator::ADD, 2),
        Kind::Minus => ("_-_", 2),
        Kind::Star => ("_*_", 3),
        Kind::Slash => ("_/_", 3),
        Kind::Percent => ("_%_", 3),
        _ => return None,
    })
}

impl<'t, 's> Parser<'t, 's> {
    fn start(&mut self) -> Result<Expr> {
        let root = self.expr()?;
        self.expect(Kind::End)?;
        Ok(root)
    }

    fn peek(&self) -> Kind {
        self.tokens.get(self.at).map_or(Kind::End, |token| token.kind)
    }

    fn peek_second(&self) -> Kind {
        self.tokens.get(self.at + 1).map_or(Kind::End, |token| token.kind)
    }

    fn advance(&mut self) -> Result<&'t Token<'s>> {
        let token = self.tokens.get(self.at).ok_or(Stop::Syntax(Wanted::Operand))?;
        self.at += 1;
        Ok(token)
    }

    fn expect(&mut self, kind: Kind) -> Result<&'t Token<'s>> {
        if self.peek() == kind { self.advance() } else { Err(Stop::Syntax(Wanted::Token(kind))) }
    }

    /// Takes the comma between elements, after which there may be the end instead.
    fn separator(&mut self, close: Kind) -> Result<()> {
        if self.peek() != Kind::Comma {
            return Err(Stop::Syntax(Wanted::Separator(close)));
        }
        self.advance()?;
        if self.peek() == Kind::End {
            return Err(Stop::Syntax(Wanted::Token(close)));
        }
        Ok(())
    }

    fn accept(&mut self, kind: Kind) -> Result<Option<&'t Token<'s>>> {
        if self.peek() == kind { self.advance().map(Some) } else { Ok(None) }
    }

    fn node(&mut self, offset: Offset, kind: ExprKind) -> Result<Expr> {
        let id = self.places.next(Some(offset));
        self.check_depth(Expr::new(id, kind))
    }

    fn check_depth(&self, expr: Expr) -> Result<Expr> {
        if expr.depth > DEPTH_LIMIT + 2 {
            return Err(Stop::TooDeep("max recursion depth exceeded".to_owned()));
        }
        Ok(expr)
    }

    /// Reports a problem and returns a node in place of what should stand there.
    fn broken(&mut self, offset: Offset, message: impl Into<String>) -> Result<Expr> {
        self.issues.push(Issue { offset: Some(offset), message: message.into() });
        self.node(offset, ExprKind::Broken)
    }

    fn expr(&mut self) -> Result<Expr> {
        self.nesting += 1;
        if self.nesting > DEPTH_LIMIT {
            let message = format!("expression recursion limit exceeded: {DEPTH_LIMIT}");
            return Err(Stop::TooDeep(message));
        }
        let condition = self.disjunction()?;
        let result = match self.accept(Kind::Question)? {
            None => Ok(condition),
            Some(question) => {
                let id = self.places.next(Some(question.offset));
                let if_true = self.disjunction()?;
                self.expect(Kind::Colon)?;
                let if_false = self.expr()?;
                self.call(id, operator::CONDITIONAL, None, vec![condition, if_true, if_false])
            }
        };
        self.nesting -= 1;
        result
    }

    fn disjunction(&mut self) -> Result<Expr> {
        let mut any = Logic::new(operator::OR);
        loop {
            let mut all = Logic::new(operator::AND);
            loop {
                all.add_term(self.relation()?);
                let Some(token) = self.accept(Kind::And)? else { break };
                all.add_operator(self.places.next(Some(token.offset)));
            }
            let conjunction = self.check_depth(all.build())?;
            any.add_term(conjunction);
            let Some(token) = self.accept(Kind::Or)? else { break };
            any.add_operator(self.places.next(Some(token.offset)));
        }
        self.check_depth(any.build())
    }

    /// Parses comparisons and arithmetic, all of which group to the left.
    fn relation(&mut self) -> Result<Expr> {
        let mut operands = vec![self.unary()?];
        let mut pending: Vec<(ExprId, &'static str, u8)> = Vec::new();
        loop {
            let next = binary(self.peek());
            let strength = next.map_or(0, |(_, strength)| strength);
            while let Some((id, name, _)) = pending.pop_if(|(_, _, own)| *own >= strength) {
                let (Some(right), Some(left)) = (operands.pop(), operands.pop()) else { break };
                operands.push(self.call(id, name, None, vec![left, right])?);
            }
            let Some((name, strength)) = next else { break };
            let token = self.advance()?;
            pending.push((self.places.next(Some(token.offset)), name, strength));
            operands.push(self.unary()?);
        }
        operands.pop().ok_or(Stop::Syntax(Wanted::Operand))
    }

    fn unary(&mut self) -> Result<Expr> {
        let kind = self.peek();
        if !matches!(kind, Kind::Not | Kind::Minus) || self.is_negative_number() {
            return self.member();
        }
        let first = self.advance()?;
        let mut count = 1_u32;
        while self.peek() == kind && !self.is_negative_number() {
            self.advance()?;
            count += 1;
        }
        // An inner minus before a number belongs to the number only if nothing else can take it.
        let operand = self.member()?;
        if count.is_multiple_of(2) {
            return Ok(operand);
        }
        let name = if kind == Kind::Not { operator::NOT } else { operator::NEGATE };
        let id = self.places.next(Some(first.offset));
        self.call(id, name, None, vec![operand])
    }

    fn is_negative_number(&self) -> bool {
        self.peek() == Kind::Minus && matches!(self.peek_second(), Kind::Int | Kind::Float)
    }

    fn member(&mut self) -> Result<Expr> {
        let mut operand = self.primary()?;
        loop {
            operand = match self.peek() {
                Kind::Dot => self.select(operand)?,
                Kind::OpenBracket => self.index(operand)?,
                _ => return Ok(operand),
            };
        }
    }

    /// Parses `.field`, `.?field` or `.method(…)` after `operand`.
    fn select(&mut self, operand: Expr) -> Result<Expr> {
        let dot = self.advance()?;
        let optional = self.accept(Kind::Question)?.is_some();
        let name = self.advance()?;
        if name.kind == Kind::EscapedIdent {
            return self.broken(name.offset, "unsupported syntax: '`'");
        }
        if name.kind != Kind::Ident {
            self.at -= 1;
            return Err(Stop::Syntax(Wanted::Field));
        }
        let field: Arc<str> = Arc::from(name.text);
        if optional {
            if !self.syntax.optionals {
                return self.broken(dot.offset, "unsupported syntax '.?'");
            }
            let field = self.node(name.offset, ExprKind::Literal(Literal::String(field)))?;
            let id = self.places.next(Some(dot.offset));
            return self.call(id, operator::OPTIONAL_SELECT, None, vec![operand, field]);
        }
        if self.peek() != Kind::OpenParen {
            let select = Select { operand, field, test_only: false };
            return self.node(dot.offset, ExprKind::Select(Box::new(select)));
        }
        let open = self.advance()?;
        let id = self.places.next(Some(open.offset));
        let args = self.arguments()?;
        self.call(id, name.text, Some(operand), args)
    }

    fn index(&mut self, operand: Expr) -> Result<Expr> {
        let open = self.advance()?;
        let id = self.places.next(Some(open.offset));
        let optional = self.accept(Kind::Question)?.is_some();
        let index = self.expr()?;
        self.expect(Kind::CloseBracket)?;
        if optional && !self.syntax.optionals {
            return self.broken(open.offset, "unsupported syntax '[?'");
        }
        let name = if optional { operator::OPTIONAL_INDEX } else { operator::INDEX };
        self.call(id, name, None, vec![operand, index])
    }

    /// Parses arguments up to the closing parenthesis.
    fn arguments(&mut self) -> Result<Vec<Expr>> {
        let mut args = Vec::new();
        if self.accept(Kind::CloseParen)?.is_some() {
            return Ok(args);
        }
        if !syntax::begins_operand(self.peek()) {
            return Err(Stop::Syntax(Wanted::Argument));
        }
        loop {
            args.push(self.expr()?);
            if self.accept(Kind::Comma)?.is_none() {
                self.expect(Kind::CloseParen)?;
                return Ok(args);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr> {
        match self.peek() {
            Kind::Dot | Kind::Ident => self.name(),
            Kind::OpenParen => {
                self.advance()?;
                let inner = self.expr()?;
                self.expect(Kind::CloseParen)?;
                Ok(inner)
            }
            Kind::OpenBracket => self.list(),
            Kind::OpenBrace => self.map(),
            _ => self.literal(),
        }
    }

    /// Parses a variable, a call of a function, or a message.
    fn name(&mut self) -> Result<Expr> {
        let dot = self.accept(Kind::Dot)?;
        let prefix = if dot.is_some() { "." } else { "" };
        let name = self.expect(Kind::Ident)?;
        let begin = dot.map_or(name.offset, |dot| dot.offset);
        if let Some(literal) = self.message(prefix, name.text)? {
            return Ok(literal);
        }
        let reserved = RESERVED.contains(&name.text);
        let message = || format!("reserved identifier: {}", name.text);
        let full = format!("{prefix}{}", name.text);
        if self.peek() == Kind::OpenParen {
            let open = self.advance()?;
            let id = self.places.next(Some(open.offset));
            let args = self.arguments()?;
            if reserved {
                return self.broken(begin, message());
            }
            return self.call(id, &full, None, args);
        }
        if reserved {
            return self.broken(begin, message());
        }
        self.node(name.offset, ExprKind::Ident(Arc::from(full)))
    }

    /// Parses `a.b.Name{…}` if that is what follows the first name.
    fn message(&mut self, prefix: &str, first: &str) -> Result<Option<Expr>> {
        let mut ahead = self.at;
        let kind = |at: usize| self.tokens.get(at).map_or(Kind::End, |token| token.kind);
        while kind(ahead) == Kind::Dot && kind(ahead + 1) == Kind::Ident {
            ahead += 2;
        }
        if kind(ahead) != Kind::OpenBrace {
            return Ok(None);
        }
        let mut name = format!("{prefix}{first}");
        while self.peek() == Kind::Dot {
            self.advance()?;
            name.push('.');
            name.push_str(self.advance()?.text);
        }
        let open = self.expect(Kind::OpenBrace)?;
        let id = self.places.next(Some(open.offset));
        let values = self.fields()?;
        let literal = StructLiteral { name: Arc::from(name), values };
        let expr = Expr::new(id, ExprKind::Struct(Box::new(literal)));
        self.check_depth(expr).map(Some)
    }

    fn fields(&mut self) -> Result<Vec<Expr>> {
        let mut values = Vec::new();
        loop {
            if self.peek() == Kind::Comma && self.peek_second() == Kind::CloseBrace {
                self.advance()?;
            }
            if self.accept(Kind::CloseBrace)?.is_some() {
                return Ok(values);
            }
            if !values.is_empty() {
                self.separator(Kind::CloseBrace)?;
            }
            let question = self.accept(Kind::Question)?;
            if !matches!(self.peek(), Kind::Ident | Kind::EscapedIdent) {
                return Err(Stop::Syntax(Wanted::Token(Kind::Ident)));
            }
            let name = self.advance()?;
            self.expect(Kind::Colon)?;
            let value = self.expr()?;
            if name.kind == Kind::EscapedIdent {
                self.broken(name.offset, "unsupported syntax: '`'")?;
            }
            self.check_optional(question)?;
            values.push(value);
        }
    }

    fn check_optional(&mut self, question: Option<&Token<'_>>) -> Result<()> {
        if let Some(question) = question.filter(|_| !self.syntax.optionals) {
            self.broken(question.offset, "unsupported syntax '?'")?;
        }
        Ok(())
    }

    fn list(&mut self) -> Result<Expr> {
        let open = self.advance()?;
        let id = self.places.next(Some(open.offset));
        let (mut elements, mut optional) = (Vec::new(), Vec::new());
        loop {
            if self.peek() == Kind::Comma && self.peek_second() == Kind::CloseBracket {
                self.advance()?;
            }
            if self.accept(Kind::CloseBracket)?.is_some() {
                break;
            }
            if !elements.is_empty() {
                self.separator(Kind::CloseBracket)?;
            }
            let question = self.accept(Kind::Question)?;
            elements.push(self.expr()?);
            self.check_optional(question)?;
            optional.push(question.is_some());
        }
        let list = List { elements, optional };
        self.check_depth(Expr::new(id, ExprKind::List(Box::new(list))))
    }

    fn map(&mut self) -> Result<Expr> {
        let open = self.advance()?;
        let id = self.places.next(Some(open.offset));
        let mut entries = Vec::new();
        loop {
            if self.peek() == Kind::Comma && self.peek_second() == Kind::CloseBrace {
                self.advance()?;
            }
            if self.accept(Kind::CloseBrace)?.is_some() {
                break;
            }
            if !entries.is_empty() {
                self.separator(Kind::CloseBrace)?;
            }
            let question = self.accept(Kind::Question)?;
            let key = self.expr()?;
            self.expect(Kind::Colon)?;
            let value = self.expr()?;
            self.check_optional(question)?;
            entries.push(MapEntry { key, value, optional: question.is_some() });
        }
        self.check_depth(Expr::new(id, ExprKind::Map(entries)))
    }

    fn literal(&mut self) -> Result<Expr> {
        let negative = self.is_negative_number();
        let sign = if negative { Some(self.advance()?) } else { None };
        let token = self.advance()?;
        let offset = sign.map_or(token.offset, |sign| sign.offset);
        let text = token.text;
        let literal = match token.kind {
            Kind::Int => escape::int(text, negative).map(Literal::Int).ok_or("invalid int literal"),
            Kind::Uint => escape::uint(text).map(Literal::Uint).ok_or("invalid uint literal"),
            Kind::Float => {
                escape::double(text, negative).map(Literal::Double).ok_or("invalid double literal")
            }
            Kind::String => escape::string(text).map(|text| Literal::String(Arc::from(text))),
            Kind::Bytes => escape::bytes(text).map(|bytes| Literal::Bytes(Arc::from(bytes))),
            Kind::True => Ok(Literal::Bool(true)),
            Kind::False => Ok(Literal::Bool(false)),
            Kind::Null => Ok(Literal::Null),
            _ => {
                self.at -= 1;
                return Err(Stop::Syntax(Wanted::Operand));
            }
        };
        match literal {
            Ok(literal) => self.node(offset, ExprKind::Literal(literal)),
            Err(message) => self.broken(offset, message),
        }
    }

    /// Makes a call, or what a macro of that name makes of it.
    fn call(
        &mut self,
        id: ExprId,
        name: &str,
        target: Option<Expr>,
        args: Vec<Expr>,
    ) -> Result<Expr> {
        let call = Call { function: Arc::from(name), target, args };
        let expanded = macros::expand(&mut self.places, self.syntax.macros, id, call);
        match expanded {
            Ok(expr) => self.check_depth(expr),
            Err(issue) => {
                let offset = issue.offset.unwrap_or(Offset(0));
                self.broken(offset, issue.message)
            }
        }
    }
}

#[cfg(test)]
mod tests;
