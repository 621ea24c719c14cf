//! Builds the nodes of a template out of its tokens.

use std::sync::Arc;

use flux_gostd::quote::{quote, unquote};

use crate::lex::{Kind, Token, tokens};
use crate::node::{Branch, Command, Node, Number, Pipe, Term, Tree, Word};
use crate::number;

/// How deep actions and parentheses may nest.
const MAX_NESTING: usize = 1_000;

/// Parses a file; the templates that it defines come first, its own last.
pub(crate) fn parse(
    file: &str,
    text: &str,
    is_function: &dyn Fn(&str) -> bool,
) -> Result<Vec<Tree>, String> {
    let mut parser = Parser {
        file,
        text: text.into(),
        tokens: tokens(text),
        at: 0,
        is_function,
        variables: vec!["$".to_owned()],
        loops: 0,
        nesting: 0,
        action_line: 0,
        trees: Vec::new(),
    };
    parser.file()?;
    Ok(parser.trees)
}

/// What ended a list of nodes.
enum Ending {
    End,
    Else,
}

impl Ending {
    fn shown(&self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

enum Item {
    Node(Node),
    Ending(Ending),
}

struct Parser<'a> {
    file: &'a str,
    text: Arc<str>,
    tokens: Vec<Token>,
    at: usize,
    is_function: &'a dyn Fn(&str) -> bool,
    variables: Vec<String>,
    loops: usize,
    nesting: usize,
    action_line: usize,
    trees: Vec<Tree>,
}

type Parsed<T> = Result<T, String>;

impl Parser<'_> {
    fn token(&self, at: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[at.min(last)]
    }

    fn peek(&self) -> Token {
        self.token(self.at).clone()
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn skip_space(&mut self) {
        while self.token(self.at).kind == Kind::Space {
            self.at += 1;
        }
    }

    fn peek_word(&mut self) -> Token {
        self.skip_space();
        self.peek()
    }

    fn next_word(&mut self) -> Token {
        self.skip_space();
        self.next()
    }

    fn error<T>(&self, message: impl std::fmt::Display) -> Parsed<T> {
        let line = self.token(self.at.saturating_sub(1)).line;
        Err(format!("template: {}:{line}: {message}", self.file))
    }

    fn unexpected<T>(&self, token: &Token, context: &str) -> Parsed<T> {
        let line = token.line;
        if token.kind != Kind::Error {
            return Err(format!(
                "template: {}:{line}: unexpected {} in {context}",
                self.file,
                token.shown()
            ));
        }
        let mut extra = String::new();
        if self.action_line != 0 && self.action_line != line {
            extra = format!(" in action started at {}:{}", self.file, self.action_line);
            if token.text.ends_with(" action") {
                extra = extra.replacen(" in action", "", 1);
            }
        }
        Err(format!("template: {}:{line}: {}{extra}", self.file, token.text))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting == MAX_NESTING {
            return self.error("max expression depth exceeded");
        }
        self.nesting += 1;
        let result = read(self);
        self.nesting -= 1;
        result
    }

    fn file(&mut self) -> Parsed<()> {
        let mut root = Vec::new();
        while self.peek().kind != Kind::Eof {
            let before = self.at;
            if self.peek().kind == Kind::LeftDelim {
                self.next();
                if self.next_word().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.at = before;
            }
            match self.item()? {
                Item::Node(node) => root.push(node),
                Item::Ending(ending) => {
                    return self.error(format!("unexpected {}", ending.shown()));
                }
            }
        }
        self.add(self.file.to_owned(), root)
    }

    fn add(&mut self, name: String, root: Vec<Node>) -> Parsed<()> {
        let tree = Tree { name, file: self.file.to_owned(), text: self.text.clone(), root };
        match self.trees.iter().position(|known| known.name == tree.name) {
            None => self.trees.push(tree),
            Some(known) if self.trees[known].is_empty() => self.trees[known] = tree,
            Some(_) if tree.is_empty() => {}
            Some(_) => {
                let name = quote(&tree.name);
                return self.error(format!("template: multiple definition of template {name}"));
            }
        }
        Ok(())
    }

    /// Reads the body of a template of its own: it sees no variables but `$`.
    fn body(&mut self, name: String, context: &str) -> Parsed<()> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let loops = std::mem::take(&mut self.loops);
        let (root, ending) = self.list()?;
        if matches!(ending, Ending::Else) {
            return self.error(format!("unexpected {} in {context}", ending.shown()));
        }
        self.add(name, root)?;
        self.variables = variables;
        self.loops = loops;
        Ok(())
    }

    fn definition(&mut self) -> Parsed<()> {
        let token = self.next_word();
        let name = self.template_name(&token, "define clause")?;
        self.expect(Kind::RightDelim, "define clause")?;
        self.body(name, "define clause")
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Parsed<String> {
        match token.kind {
            Kind::Quoted | Kind::RawQuoted => self.unquoted(token),
            _ => self.unexpected(token, context),
        }
    }

    fn unquoted(&self, token: &Token) -> Parsed<String> {
        unquote(&token.text).or_else(|error| self.error(error))
    }

    fn list(&mut self) -> Parsed<(Vec<Node>, Ending)> {
        let mut nodes = Vec::new();
        while self.peek_word().kind != Kind::Eof {
            match self.item()? {
                Item::Node(node) => nodes.push(node),
                Item::Ending(ending) => return Ok((nodes, ending)),
            }
        }
        self.next();
        self.error("unexpected EOF")
    }

    fn item(&mut self) -> Parsed<Item> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => Ok(Item::Node(Node::Text(token.text))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let item = self.nested(Self::action);
                self.action_line = 0;
                item
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Parsed<Item> {
        let token = self.next_word();
        Ok(Item::Node(match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => {
                self.jump("{{break}}")?;
                Node::Break
            }
            Kind::Continue => {
                self.jump("{{continue}}")?;
                Node::Continue
            }
            Kind::Else => {
                if !matches!(self.peek_word().kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Ending(Ending::Else));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Kind::If => Node::If(self.control("if")?),
            Kind::Range => Node::Range(self.control("range")?),
            Kind::With => Node::With(self.control("with")?),
            Kind::Template => self.template()?,
            _ => {
                self.at -= 1;
                Node::Action { pos: token.pos, pipe: self.pipeline("command", Kind::RightDelim)? }
            }
        }))
    }

    fn jump(&mut self, word: &str) -> Parsed<()> {
        let token = self.next_word();
        if token.kind != Kind::RightDelim {
            return self.unexpected(&token, word);
        }
        if self.loops == 0 { self.error(format!("{word} outside {{{{range}}}}")) } else { Ok(()) }
    }

    fn block(&mut self) -> Parsed<Node> {
        let token = self.next_word();
        let name = self.template_name(&token, "block clause")?;
        let pipe = Some(self.pipeline("block clause", Kind::RightDelim)?);
        self.body(name.clone(), "block clause")?;
        Ok(Node::Template { pos: token.pos, name, pipe })
    }

    fn template(&mut self) -> Parsed<Node> {
        let token = self.next_word();
        let name = self.template_name(&token, "template clause")?;
        let mut pipe = None;
        if self.next_word().kind != Kind::RightDelim {
            self.at -= 1;
            pipe = Some(self.pipeline("template clause", Kind::RightDelim)?);
        }
        Ok(Node::Template { pos: token.pos, name, pipe })
    }

    fn control(&mut self, keyword: &str) -> Parsed<Branch> {
        let variables = self.variables.len();
        let pipe = self.pipeline(keyword, Kind::RightDelim)?;
        let in_loop = usize::from(keyword == "range");
        self.loops += in_loop;
        let (list, ending) = self.list()?;
        self.loops -= in_loop;
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else => Some(self.otherwise(keyword)?),
        };
        self.variables.truncate(variables);
        Ok(Branch { pos: pipe.pos, pipe, list, otherwise })
    }

    fn otherwise(&mut self, keyword: &str) -> Parsed<Vec<Node>> {
        match (keyword, self.peek().kind) {
            ("if", Kind::If) => {
                self.next();
                Ok(vec![Node::If(self.nested(|parser| parser.control("if"))?)])
            }
            ("with", Kind::With) => {
                self.next();
                Ok(vec![Node::With(self.nested(|parser| parser.control("with"))?)])
            }
            _ => match self.list()? {
                (list, Ending::End) => Ok(list),
                (_, ending) => self.error(format!("expected end; found {}", ending.shown())),
            },
        }
    }

    fn pipeline(&mut self, context: &str, end: Kind) -> Parsed<Pipe> {
        let pos = self.peek_word().pos;
        let mut pipe = Pipe { pos, assigns: false, variables: vec![], commands: vec![] };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_word();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawQuoted
                | Kind::Quoted
                | Kind::Variable
                | Kind::LeftParen => {
                    self.at -= 1;
                    pipe.commands.push(self.command()?);
                }
                _ => return self.unexpected(&token, context),
            }
        }
        self.check(&pipe, context)?;
        Ok(pipe)
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Parsed<()> {
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            let first = command.words.first().map(|word| &word.term);
            if let Some(
                Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::Str { .. },
            ) = first
            {
                let stage = index + 1;
                return self.error(format!("non executable command in pipeline stage {stage}"));
            }
        }
        Ok(())
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Parsed<()> {
        loop {
            let before = self.at;
            let variable = self.peek_word();
            if variable.kind != Kind::Variable {
                return Ok(());
            }
            self.next();
            let next = self.next_word();
            let comma = next.kind == Kind::Char && next.text == ",";
            if !comma && !matches!(next.kind, Kind::Assign | Kind::Declare) {
                self.at = before;
                return Ok(());
            }
            pipe.variables.push(variable.text.clone());
            self.variables.push(variable.text);
            if !comma {
                pipe.assigns = next.kind == Kind::Assign;
                return Ok(());
            }
            if context != "range" || pipe.variables.len() >= 2 {
                return self.error(format!("too many declarations in {context}"));
            }
            let follows = self.peek_word().kind;
            if !matches!(follows, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                return self.error("range can only initialize variables");
            }
        }
    }

    fn command(&mut self) -> Parsed<Command> {
        let mut command = Command { pos: self.peek_word().pos, words: Vec::new() };
        loop {
            self.skip_space();
            if let Some(word) = self.operand()? {
                command.words.push(word);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.at -= 1,
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if command.words.is_empty() {
            return self.error("empty command");
        }
        Ok(command)
    }

    fn operand(&mut self) -> Parsed<Option<Word>> {
        let Some(word) = self.term()? else { return Ok(None) };
        if self.peek().kind != Kind::Field {
            return Ok(Some(word));
        }
        let pos = self.peek().pos;
        let mut names = Vec::new();
        while self.peek().kind == Kind::Field {
            names.push(self.next().text.split_off(1));
        }
        let term = match word.term {
            Term::Field(mut first) => {
                first.append(&mut names);
                Term::Field(first)
            }
            Term::Variable(name, mut first) => {
                first.append(&mut names);
                Term::Variable(name, first)
            }
            Term::Bool(_) | Term::Str { .. } | Term::Number(_) | Term::Nil | Term::Dot => {
                return self.error(format!("unexpected . after term {}", quote(&word.to_string())));
            }
            _ => Term::Chain(Box::new(word), names),
        };
        Ok(Some(Word { pos, term }))
    }

    fn term(&mut self) -> Parsed<Option<Word>> {
        let token = self.next_word();
        let pos = token.pos;
        let term = match token.kind {
            Kind::Identifier => {
                if !(self.is_function)(&token.text) {
                    let name = quote(&token.text);
                    return self.error(format!("function {name} not defined"));
                }
                Term::Identifier(token.text)
            }
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                if !self.variables.contains(&token.text) {
                    return self.error(format!("undefined variable {}", quote(&token.text)));
                }
                Term::Variable(token.text, Vec::new())
            }
            Kind::Field => Term::Field(vec![token.text.split_at(1).1.to_owned()]),
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                match number::read(&token.text, token.kind) {
                    Ok(number) => Term::Number(number),
                    Err(error) => return self.error(error),
                }
            }
            Kind::LeftParen => {
                let context = "parenthesized pipeline";
                let read = |parser: &mut Self| parser.pipeline(context, Kind::RightParen);
                Term::Pipe(Box::new(self.nested(read)?))
            }
            Kind::Quoted | Kind::RawQuoted => {
                Term::Str { text: self.unquoted(&token)?, quoted: token.text }
            }
            _ => {
                self.at -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Word { pos, term }))
    }
}

impl Number {
    /// The constant that a character stands for.
    pub(crate) fn of_char(text: &str, c: char) -> Self {
        let code = u32::from(c);
        Self {
            text: text.to_owned(),
            int: Some(code.into()),
            uint: Some(code.into()),
            float: Some(code.into()),
            complex: None,
        }
    }
}
