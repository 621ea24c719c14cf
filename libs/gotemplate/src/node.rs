//! A parsed template, and its nodes as errors print them.

use std::fmt::{self, Display, Formatter};

/// A template: its name, the file it stands in, its nodes.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) name: String,
    /// Name of the file, which for a `define` differs from the template's.
    pub(crate) file: String,
    pub(crate) text: std::sync::Arc<str>,
    pub(crate) root: Vec<Node>,
}

impl Tree {
    /// A template without nodes.
    pub(crate) fn empty(name: &str) -> Self {
        Self { name: name.to_owned(), file: name.to_owned(), text: "".into(), root: Vec::new() }
    }

    /// Holds for nothing but space and definitions: such a template replaces no other.
    pub(crate) fn is_empty(&self) -> bool {
        self.root.iter().all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
    }
}

/// A piece of a template.
#[derive(Debug)]
pub(crate) enum Node {
    Text(String),
    Action { pos: usize, pipe: Pipe },
    If(Branch),
    With(Branch),
    Range(Branch),
    Template { pos: usize, name: String, pipe: Option<Pipe> },
    Break,
    Continue,
}

/// The parts that `if`, `with` and `range` share.
#[derive(Debug)]
pub(crate) struct Branch {
    pub(crate) pos: usize,
    pub(crate) pipe: Pipe,
    pub(crate) list: Vec<Node>,
    pub(crate) otherwise: Option<Vec<Node>>,
}

/// Commands, each given the value of the one before.
#[derive(Debug)]
pub(crate) struct Pipe {
    pub(crate) pos: usize,
    pub(crate) assigns: bool,
    pub(crate) variables: Vec<String>,
    pub(crate) commands: Vec<Command>,
}

/// A function, method or value with its arguments.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) pos: usize,
    /// Never empty: the parser refuses that.
    pub(crate) words: Vec<Word>,
}

/// An operand with its place.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) pos: usize,
    pub(crate) term: Term,
}

/// What an operand is.
#[derive(Debug)]
pub(crate) enum Term {
    Identifier(String),
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Str {
        quoted: String,
        text: String,
    },
    /// Fields of dot.
    Field(Vec<String>),
    /// A variable and fields of it.
    Variable(String, Vec<String>),
    Pipe(Box<Pipe>),
    /// Fields of a parenthesised pipeline or a function.
    Chain(Box<Word>, Vec<String>),
}

/// A numeric constant with all the types it can stand for.
#[derive(Debug, Default)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
    pub(crate) complex: Option<(f64, f64)>,
}

fn fields(f: &mut Formatter<'_>, names: &[String]) -> fmt::Result {
    names.iter().try_for_each(|name| write!(f, ".{name}"))
}

impl Display for Word {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.term {
            Term::Identifier(name) => f.write_str(name),
            Term::Dot => f.write_str("."),
            Term::Nil => f.write_str("nil"),
            Term::Bool(value) => write!(f, "{value}"),
            Term::Number(number) => f.write_str(&number.text),
            Term::Str { quoted, .. } => f.write_str(quoted),
            Term::Field(names) => fields(f, names),
            Term::Variable(name, names) => {
                f.write_str(name)?;
                fields(f, names)
            }
            Term::Pipe(pipe) => write!(f, "{pipe}"),
            Term::Chain(word, names) => {
                argument(f, word)?;
                fields(f, names)
            }
        }
    }
}

fn argument(f: &mut Formatter<'_>, word: &Word) -> fmt::Result {
    match word.term {
        Term::Pipe(_) => write!(f, "({word})"),
        _ => write!(f, "{word}"),
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, word) in self.words.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            argument(f, word)?;
        }
        Ok(())
    }
}

impl Display for Pipe {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.variables.join(", "))?;
        }
        for (index, command) in self.commands.iter().enumerate() {
            if index > 0 {
                f.write_str(" | ")?;
            }
            write!(f, "{command}")?;
        }
        Ok(())
    }
}

fn branch(f: &mut Formatter<'_>, keyword: &str, branch: &Branch) -> fmt::Result {
    write!(f, "{{{{{keyword} {}}}}}", branch.pipe)?;
    branch.list.iter().try_for_each(|node| write!(f, "{node}"))?;
    if let Some(otherwise) = &branch.otherwise {
        f.write_str("{{else}}")?;
        otherwise.iter().try_for_each(|node| write!(f, "{node}"))?;
    }
    f.write_str("{{end}}")
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Action { pipe, .. } => write!(f, "{{{{{pipe}}}}}"),
            Self::If(parts) => branch(f, "if", parts),
            Self::With(parts) => branch(f, "with", parts),
            Self::Range(parts) => branch(f, "range", parts),
            Self::Template { name, pipe, .. } => {
                write!(f, "{{{{template {}", flux_gostd::quote::quote(name))?;
                if let Some(pipe) = pipe {
                    write!(f, " {pipe}")?;
                }
                f.write_str("}}")
            }
            Self::Break => f.write_str("{{break}}"),
            Self::Continue => f.write_str("{{continue}}"),
        }
    }
}
