//! Walks the nodes of a template and writes its text.

use flux_gostd::quote::quote;

use crate::format::{print, verb_v};
use crate::node::{Branch, Command, Node, Pipe, Term, Tree, Word};
use crate::templates::{Error, MissingKey, Templates};
use crate::value::Value;

/// An execution under way: functions get it to execute other templates within the same limits.
#[derive(Debug)]
pub struct Executor<'t> {
    pub(crate) templates: &'t Templates,
    depth: usize,
    written: usize,
    steps: u64,
    /// How many lists of nodes and pipelines are under way, one in another.
    nesting: usize,
}

/// How many lists and pipelines may be under way for each template that may be.
const NESTING_PER_TEMPLATE: usize = 40;

impl<'t> Executor<'t> {
    pub(crate) fn new(templates: &'t Templates) -> Self {
        Self { templates, depth: 0, written: 0, steps: 0, nesting: 0 }
    }

    /// The templates being executed.
    pub fn templates(&self) -> &'t Templates {
        self.templates
    }

    /// Executes a template of the set.
    ///
    /// # Errors
    /// There is no such template, or it fails, or uses up more than it may.
    pub fn execute(&mut self, name: &str, dot: &Value) -> Result<String, Error> {
        let tree = self.templates.find(name)?;
        let mut out = String::new();
        State::new(self, &tree, &mut out, Operand::plain(dot.clone())).run()?;
        Ok(out)
    }

    /// Executes a template of another set, within what is left of this execution's limits.
    ///
    /// # Errors
    /// As for [`Executor::execute`].
    pub fn execute_in(
        &mut self,
        templates: &Templates,
        name: &str,
        dot: &Value,
    ) -> Result<String, Error> {
        let Self { depth, written, steps, nesting, .. } = *self;
        let mut inner = Executor { templates, depth, written, steps, nesting };
        let result = inner.execute(name, dot);
        (self.written, self.steps) = (inner.written, inner.steps);
        result
    }
}

/// A value, and whether Go would hold it in a variable of type `interface {}`: a nil in one is a
/// value without fields, a nil outside is no value at all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Operand {
    pub(crate) value: Value,
    pub(crate) interface: bool,
}

impl Operand {
    pub(crate) fn plain(value: Value) -> Self {
        Self { value, interface: false }
    }

    pub(crate) fn boxed(value: Value) -> Self {
        Self { value, interface: true }
    }

    pub(crate) fn is_invalid(&self) -> bool {
        !self.interface && matches!(self.value, Value::Nil)
    }

    pub(crate) fn type_name(&self) -> String {
        if self.interface { "interface {}".to_owned() } else { self.value.type_name() }
    }
}

/// The node that an error would name.
#[derive(Clone, Copy)]
pub(crate) enum At<'s> {
    Node(&'s Node, usize),
    Pipe(&'s Pipe),
    Command(&'s Command),
    Word(&'s Word),
}

enum Flow {
    Next,
    Break,
    Continue,
}

pub(crate) struct State<'s, 't> {
    pub(crate) executor: &'s mut Executor<'t>,
    tree: &'s Tree,
    out: &'s mut String,
    at: Option<At<'s>>,
    variables: Vec<(&'s str, Operand)>,
}

pub(crate) type Evaluated = Result<Operand, Error>;

impl<'s, 't> State<'s, 't> {
    fn new(
        executor: &'s mut Executor<'t>,
        tree: &'s Tree,
        out: &'s mut String,
        dot: Operand,
    ) -> Self {
        Self { executor, tree, out, at: None, variables: vec![("$", dot)] }
    }

    fn run(&mut self) -> Result<(), Error> {
        let limit = self.executor.templates.limits.depth;
        if self.executor.depth >= limit {
            return self.fail(format!("exceeded maximum template depth ({limit})"));
        }
        let dot = self.variables.first().map(|(_, dot)| dot.clone()).unwrap_or_default();
        self.executor.depth += 1;
        let result = self.walk(&dot, &self.tree.root);
        self.executor.depth -= 1;
        result.map(|_| ())
    }

    pub(crate) fn at(&mut self, at: At<'s>) {
        self.at = Some(at);
    }

    /// Fails at the node last visited.
    pub(crate) fn fail<T>(&self, message: impl std::fmt::Display) -> Result<T, Error> {
        Err(Error::Execute { text: self.fail_text(message), causes: Vec::new() })
    }

    pub(crate) fn fail_text(&self, message: impl std::fmt::Display) -> String {
        let message = shortened(message.to_string());
        let name = &self.tree.name;
        let Some(at) = self.at else {
            return format!("template: {name}: {message}");
        };
        let (pos, context) = match at {
            At::Node(node, pos) => (pos, node.to_string()),
            At::Pipe(pipe) => (pipe.pos, pipe.to_string()),
            At::Command(command) => (command.pos, command.to_string()),
            At::Word(word) => (word.pos, word.to_string()),
        };
        let before = self.tree.text.get(..pos).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rfind('\n').map_or(pos, |newline| pos - newline - 1);
        let file = &self.tree.file;
        let name = quote(name);
        format!("template: {file}:{line}:{column}: executing {name} at <{context}>: {message}")
    }

    fn write(&mut self, text: &str) -> Result<(), Error> {
        let limit = self.executor.templates.limits.output;
        self.executor.written = self.executor.written.saturating_add(text.len());
        if self.executor.written > limit {
            return self.fail(format!("output exceeds {limit} bytes"));
        }
        self.out.push_str(text);
        Ok(())
    }

    /// Goes one level deeper, unless the stack might not suffice.
    fn enter(&mut self) -> Result<(), Error> {
        let limit = self.executor.templates.limits.depth.saturating_mul(NESTING_PER_TEMPLATE);
        if self.executor.nesting >= limit {
            return self.fail(format!("exceeded maximum nesting ({limit})"));
        }
        self.executor.nesting += 1;
        Ok(())
    }

    fn walk(&mut self, dot: &Operand, nodes: &'s [Node]) -> Result<Flow, Error> {
        self.enter()?;
        let flow = self.walk_list(dot, nodes);
        self.executor.nesting -= 1;
        flow
    }

    fn walk_list(&mut self, dot: &Operand, nodes: &'s [Node]) -> Result<Flow, Error> {
        for node in nodes {
            match self.step(dot, node)? {
                Flow::Next => {}
                flow => return Ok(flow),
            }
        }
        Ok(Flow::Next)
    }

    fn step(&mut self, dot: &Operand, node: &'s Node) -> Result<Flow, Error> {
        self.executor.steps += 1;
        if self.executor.steps > self.executor.templates.limits.steps {
            return self.fail("template runs too long");
        }
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Action { pos, pipe } => {
                self.at(At::Node(node, *pos));
                let value = self.pipeline(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.at(At::Node(node, *pos));
                    self.show(node, &value)?;
                }
            }
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::If(branch) | Node::With(branch) => {
                self.at(At::Node(node, branch.pos));
                let mark = self.variables.len();
                let flow = self.choose(dot, branch, matches!(node, Node::With(_)));
                self.variables.truncate(mark);
                return flow;
            }
            Node::Range(branch) => {
                self.at(At::Node(node, branch.pos));
                let mark = self.variables.len();
                let flow = self.range(dot, branch);
                self.variables.truncate(mark);
                return flow;
            }
            Node::Template { pos, name, pipe } => {
                self.at(At::Node(node, *pos));
                let Ok(tree) = self.executor.templates.find(name) else {
                    return self.fail(format!("template {} not defined", quote(name)));
                };
                let limit = self.executor.templates.limits.depth;
                if self.executor.depth >= limit {
                    return self.fail(format!("exceeded maximum template depth ({limit})"));
                }
                let dot = match pipe {
                    Some(pipe) => self.pipeline(dot, pipe)?,
                    None => Operand::default(),
                };
                State::new(self.executor, &tree, self.out, dot).run()?;
            }
        }
        Ok(Flow::Next)
    }

    fn show(&mut self, node: &Node, operand: &Operand) -> Result<(), Error> {
        match &operand.value {
            Value::Nil => self.write("<no value>"),
            Value::Func(_) => {
                self.fail(format!("can't print {node} of type {}", operand.type_name()))
            }
            Value::Str(text) => self.write(text),
            Value::Object(object) => self.write(&object.text()),
            value => {
                let text = print(std::slice::from_ref(value));
                self.write(&text)
            }
        }
    }

    fn choose(&mut self, dot: &Operand, branch: &'s Branch, rebinds: bool) -> Result<Flow, Error> {
        let value = self.pipeline(dot, &branch.pipe)?;
        if value.value.is_true() {
            return self.walk(if rebinds { &value } else { dot }, &branch.list);
        }
        self.otherwise(dot, branch)
    }

    fn otherwise(&mut self, dot: &Operand, branch: &'s Branch) -> Result<Flow, Error> {
        match &branch.otherwise {
            Some(nodes) => self.walk(dot, nodes),
            None => Ok(Flow::Next),
        }
    }

    fn range(&mut self, dot: &Operand, branch: &'s Branch) -> Result<Flow, Error> {
        let over = self.pipeline(dot, &branch.pipe)?.value;
        let mut empty = true;
        match &over {
            Value::Nil => {}
            Value::List(list) => {
                let boxed = list.element.is_any();
                for (index, item) in list.items.iter().enumerate() {
                    empty = false;
                    let index = Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    let item = Operand { value: item.clone(), interface: boxed };
                    if matches!(self.iterate(branch, Operand::plain(index), item)?, Flow::Break) {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                let boxed = map.element.is_any();
                let entries = map.entries.borrow().clone();
                for (key, value) in entries {
                    empty = false;
                    let item = Operand { value, interface: boxed };
                    if matches!(
                        self.iterate(branch, Operand::plain(key.into()), item)?,
                        Flow::Break
                    ) {
                        break;
                    }
                }
            }
            Value::Bytes(_) | Value::Object(_) if !matches!(&over, Value::Object(object) if object.entries().is_none()) => {
                for (index, item) in walked(&over) {
                    empty = false;
                    let (index, item) = (Operand::plain(index), Operand::plain(item));
                    if matches!(self.iterate(branch, index, item)?, Flow::Break) {
                        break;
                    }
                }
            }
            number if number.integer().is_some() => {
                let end = number.integer().unwrap_or_default();
                if branch.pipe.variables.len() > 1 {
                    let shown = verb_v(number);
                    let rest = "to iterate over more than one variable";
                    return self.fail(format!("can't use {shown} {rest}"));
                }
                let mut next = 0;
                while next < end {
                    empty = false;
                    let item = Operand::plain(like(number, next));
                    if matches!(self.iterate(branch, Operand::default(), item)?, Flow::Break) {
                        break;
                    }
                    next += 1;
                }
            }
            other => return self.fail(format!("range can't iterate over {}", verb_v(other))),
        }
        if empty { self.otherwise(dot, branch) } else { Ok(Flow::Next) }
    }

    fn iterate(
        &mut self,
        branch: &'s Branch,
        index: Operand,
        item: Operand,
    ) -> Result<Flow, Error> {
        let mark = self.variables.len();
        let names = &branch.pipe.variables;
        if branch.pipe.assigns {
            match names.as_slice() {
                [name] => self.assign(name, &item)?,
                [first, second, ..] => {
                    self.assign(first, &index)?;
                    self.assign(second, &item)?;
                }
                [] => {}
            }
        } else {
            let mut top = self.variables.iter_mut().rev();
            if let (false, Some(last)) = (names.is_empty(), top.next()) {
                last.1 = item.clone();
            }
            if let (true, Some(before)) = (names.len() > 1, top.next()) {
                before.1 = index;
            }
        }
        let flow = self.walk(&item, &branch.list);
        self.variables.truncate(mark);
        flow
    }

    fn assign(&mut self, name: &str, value: &Operand) -> Result<(), Error> {
        match self.variables.iter_mut().rev().find(|(known, _)| *known == name) {
            Some(variable) => {
                variable.1 = value.clone();
                Ok(())
            }
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    pub(crate) fn pipeline(&mut self, dot: &Operand, pipe: &'s Pipe) -> Evaluated {
        self.enter()?;
        let value = self.commands(dot, pipe);
        self.executor.nesting -= 1;
        value
    }

    fn commands(&mut self, dot: &Operand, pipe: &'s Pipe) -> Evaluated {
        self.at(At::Pipe(pipe));
        let mut last = None;
        for command in &pipe.commands {
            let mut value = self.command(dot, command, last.take())?;
            value.interface = false;
            last = Some(value);
        }
        let value = last.unwrap_or_default();
        for name in &pipe.variables {
            if pipe.assigns {
                self.assign(name, &value)?;
            } else {
                self.variables.push((name, value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Operand, command: &'s Command, last: Option<Operand>) -> Evaluated {
        let Some((first, arguments)) = command.words.split_first() else {
            return self.fail("empty command");
        };
        match &first.term {
            Term::Field(_) | Term::Chain(..) => self.fields(dot, first, arguments, last),
            Term::Variable(_, names) if !names.is_empty() => {
                self.fields(dot, first, arguments, last)
            }
            Term::Identifier(name) => {
                self.at(At::Word(first));
                self.call_function(dot, name, (At::Command(command), arguments, last))
            }
            Term::Pipe(pipe) => {
                self.not_a_function(first, arguments, last.as_ref())?;
                self.pipeline(dot, pipe)
            }
            _ => {
                self.at(At::Word(first));
                self.not_a_function(first, arguments, last.as_ref())?;
                self.constant(dot, first)
            }
        }
    }

    fn not_a_function(
        &self,
        word: &Word,
        arguments: &[Word],
        last: Option<&Operand>,
    ) -> Result<(), Error> {
        if arguments.is_empty() && last.is_none() {
            return Ok(());
        }
        self.fail(format!("can't give argument to non-function {word}"))
    }

    /// Evaluates what is neither a call nor a field.
    fn constant(&mut self, dot: &Operand, word: &'s Word) -> Evaluated {
        Ok(match &word.term {
            Term::Dot => dot.clone(),
            Term::Bool(value) => Operand::plain(Value::Bool(*value)),
            Term::Str { text, .. } => Operand::plain(Value::from(text.as_str())),
            Term::Variable(name, _) => self.variable(name)?,
            Term::Number(number) => {
                let hexadecimal =
                    number.text.contains(['x', 'X']) && !number.text.contains(['p', 'P']);
                let fraction = number.text.contains(['.', 'e', 'E', 'p', 'P'])
                    && !hexadecimal
                    && !number.text.starts_with('\'');
                Operand::plain(match (number.complex, number.float, number.int) {
                    (Some((real, imaginary)), _, _) => Value::Complex(real, imaginary),
                    (None, Some(float), _) if fraction => Value::Float(float),
                    (None, _, Some(int)) => Value::Int(int),
                    _ => return self.fail(format!("{} overflows int", number.text)),
                })
            }
            Term::Nil => return self.fail("nil is not a command"),
            _ => {
                let shown = quote(&word.to_string());
                return self.fail(format!("can't evaluate command {shown}"));
            }
        })
    }

    fn variable(&self, name: &str) -> Evaluated {
        match self.variables.iter().rev().find(|(known, _)| *known == name) {
            Some((_, value)) => Ok(value.clone()),
            None => self.fail(format!("undefined variable: {name}")),
        }
    }

    /// Evaluates a word that has fields; the last one may be a method with arguments.
    pub(crate) fn fields(
        &mut self,
        dot: &Operand,
        word: &'s Word,
        arguments: &'s [Word],
        last: Option<Operand>,
    ) -> Evaluated {
        self.at(At::Word(word));
        let (mut receiver, names) = match &word.term {
            Term::Field(names) => (dot.clone(), names),
            Term::Variable(name, names) => (self.variable(name)?, names),
            Term::Chain(inner, names) => {
                if matches!(inner.term, Term::Nil) {
                    return self.fail(format!("indirection through explicit nil in {word}"));
                }
                (self.any(dot, inner)?, names)
            }
            _ => return self.constant(dot, word),
        };
        let Some((end, names)) = names.split_last() else { return Ok(receiver) };
        for name in names {
            receiver = self.field(dot, &receiver, name, (At::Word(word), &[], None))?;
        }
        self.field(dot, &receiver, end, (At::Word(word), arguments, last))
    }

    /// Evaluates a word in a place that takes any value.
    pub(crate) fn any(&mut self, dot: &Operand, word: &'s Word) -> Evaluated {
        self.at(At::Word(word));
        match &word.term {
            Term::Pipe(pipe) => self.pipeline(dot, pipe),
            Term::Identifier(name) => self.call_function(dot, name, (At::Word(word), &[], None)),
            Term::Nil => Ok(Operand::default()),
            Term::Field(_) | Term::Chain(..) | Term::Variable(..) => {
                self.fields(dot, word, &[], None)
            }
            _ => self.constant(dot, word),
        }
    }

    pub(crate) fn missing(&self, key: &str, element: crate::Element) -> Evaluated {
        match self.executor.templates.missing {
            MissingKey::Invalid => Ok(Operand::default()),
            MissingKey::Zero if element.is_any() => Ok(Operand::boxed(Value::Nil)),
            MissingKey::Zero => Ok(Operand::plain(element.zero())),
            MissingKey::Error => self.fail(format!("map has no entry for key {}", quote(key))),
        }
    }
}

/// The longest message of an error; every template on the way to it adds to it.
const MAX_MESSAGE: usize = 64 << 10;

/// Leaves the middle of a long message out.
fn shortened(message: String) -> String {
    if message.len() <= MAX_MESSAGE {
        return message;
    }
    let boundary = |mut at: usize| {
        while !message.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    let (head, _) = message.split_at(boundary(MAX_MESSAGE / 2));
    let (_, tail) = message.split_at(boundary(message.len() - MAX_MESSAGE / 4));
    format!("{head} … {tail}")
}

/// What `range` walks in bytes and objects.
fn walked(over: &Value) -> Vec<(Value, Value)> {
    match over {
        Value::Object(object) => object.entries().unwrap_or_default(),
        Value::Bytes(bytes) => {
            let indexed = bytes.iter().zip(0_i64..);
            indexed.map(|(byte, index)| (Value::Int(index), Value::Byte(*byte))).collect()
        }
        _ => Vec::new(),
    }
}

/// A number of the type of another.
fn like(kind: &Value, number: i128) -> Value {
    let int = i64::try_from(number).unwrap_or(i64::MAX);
    match kind {
        Value::Int64(_) => Value::Int64(int),
        Value::Uint(_) => Value::Uint(u64::try_from(number).unwrap_or(u64::MAX)),
        Value::Byte(_) => Value::Byte(u8::try_from(number).unwrap_or(u8::MAX)),
        _ => Value::Int(int),
    }
}
