//! From the syntax tree to what runs: names resolved to slots and functions, constants folded.

use std::collections::BTreeMap;
use std::sync::Arc;

use flux_gostd::Regexp;

use crate::ast::{Call, Comprehension, Expr, ExprId, ExprKind, Literal};
use crate::check::Checked;
use crate::env::Base;
use crate::error::EvalError;
use crate::functions::{self, Run};
use crate::parser::{ACCUMULATOR, operator};
use crate::types::Type;
use crate::value::{Key, List, Text, Value};

/// A program that can run.
pub(crate) struct Plan {
    pub(crate) root: Node,
    /// The variables that it reads, by slot.
    pub(crate) variables: Vec<Arc<str>>,
    /// How many slots it needs, those of loops included.
    pub(crate) slots: usize,
}

/// One step of a program.
pub(crate) enum Node {
    Constant(Value<'static>),
    /// A variable of the caller.
    Variable(usize),
    /// A variable of a loop.
    Local(usize),
    /// The collected value of a loop, given up since the step replaces it.
    Taken(usize),
    Select(Box<Select>),
    Index(Box<Index>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Conditional(Box<[Node; 3]>),
    NotStrictlyFalse(Box<Node>),
    OptionalOr(Box<[Node; 2]>),
    OptionalOrValue(Box<[Node; 2]>),
    /// Whether a value is in a constant list, which costs nothing.
    Member(Box<[Node; 2]>),
    Call(Box<CallNode>),
    Pattern(Box<PatternNode>),
    /// A call of what no library defines.
    Unknown(Arc<str>, Vec<Node>),
    List(Box<ListNode>),
    Map(Vec<EntryNode>),
    Fold(Box<FoldNode>),
}

/// `operand.field`
pub(crate) struct Select {
    pub(crate) operand: Node,
    pub(crate) field: Arc<str>,
    pub(crate) kind: Access,
    /// Whether the operand is a variable or a field of one, so that all is one name in messages.
    pub(crate) named: bool,
}

/// `operand[index]`
pub(crate) struct Index {
    pub(crate) operand: Node,
    pub(crate) index: Node,
    pub(crate) kind: Access,
}

/// What an access comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The value, or an error if there is none.
    Value,
    /// An optional value.
    Optional,
    /// Whether there is a value.
    Test,
}

/// A call of a function.
pub(crate) struct CallNode {
    pub(crate) name: &'static str,
    pub(crate) runs: Vec<Run>,
    pub(crate) names_types: bool,
    /// The overload if the checker found just one.
    pub(crate) overload: Option<&'static str>,
    pub(crate) args: Vec<Node>,
}

/// A call of a function over a constant pattern.
pub(crate) struct PatternNode {
    pub(crate) usage: PatternUse,
    pub(crate) text: Node,
    pub(crate) pattern: Regexp,
    /// How many matches are wanted.
    pub(crate) limit: Option<Node>,
    /// The pattern as a value, for what costs by it.
    pub(crate) source: Value<'static>,
}

/// What a pattern is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatternUse {
    /// `matches`
    Test,
    /// `find`
    First,
    /// `findAll`
    All,
}

impl PatternUse {
    fn of(function: &str) -> Option<Self> {
        Some(match function {
            "matches" => Self::Test,
            "find" => Self::First,
            "findAll" => Self::All,
            _ => return None,
        })
    }
}

/// `[a, ?b]`
pub(crate) struct ListNode {
    pub(crate) items: Vec<(Node, Presence)>,
}

/// `key: value`
pub(crate) struct EntryNode {
    pub(crate) key: Node,
    pub(crate) value: Node,
    pub(crate) presence: Presence,
}

/// Whether an element or entry is left out if its optional value is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Always,
    IfThere,
}

/// A loop.
pub(crate) struct FoldNode {
    pub(crate) range: Node,
    pub(crate) variable: usize,
    pub(crate) second: Option<usize>,
    pub(crate) accumulator: usize,
    pub(crate) init: Node,
    pub(crate) condition: Node,
    pub(crate) step: Node,
    pub(crate) result: Node,
}

/// Makes a plan; the error is a text in cel-go's words.
pub(crate) fn plan(base: &Base, checked: Option<&Checked>, root: &Expr) -> Result<Plan, String> {
    let mut planner =
        Planner { base, checked, variables: BTreeMap::new(), locals: Vec::new(), slots: 0 };
    let root = planner.node(root)?;
    let Planner { variables, slots, .. } = planner;
    let mut by_slot: Vec<_> = variables.into_iter().map(|(name, slot)| (slot, name)).collect();
    by_slot.sort();
    // Variables keep their own numbering; slots are those of loops.
    Ok(Plan { root, variables: by_slot.into_iter().map(|(_, name)| name).collect(), slots })
}

struct Planner<'b> {
    base: &'b Base,
    checked: Option<&'b Checked>,
    variables: BTreeMap<Arc<str>, usize>,
    /// Names of loop variables with their slots, the innermost last.
    locals: Vec<(Arc<str>, usize)>,
    slots: usize,
}

type Result<T, E = String> = std::result::Result<T, E>;

impl Planner<'_> {
    fn node(&mut self, expr: &Expr) -> Result<Node> {
        match &expr.kind {
            ExprKind::Broken => Err("unsupported expr".to_owned()),
            ExprKind::Literal(literal) => Ok(Node::Constant(constant(literal))),
            ExprKind::Ident(name) => Ok(self.ident(name)),
            ExprKind::Select(select) => self.select(select),
            ExprKind::Call(call) => self.call(expr.id, call),
            ExprKind::List(list) => self.list(list),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Struct(literal) => Err(format!("unknown type: {}", literal.name)),
            ExprKind::Comprehension(fold) => self.fold(fold),
        }
    }

    fn ident(&mut self, name: &Arc<str>) -> Node {
        if let Some((_, slot)) = self.locals.iter().rev().find(|(local, _)| local == name) {
            return Node::Local(*slot);
        }
        let plain = name.strip_prefix('.').unwrap_or(name);
        if let Some(one) = type_named(plain) {
            return Node::Constant(Value::Type(one));
        }
        let next = self.variables.len();
        Node::Variable(*self.variables.entry(Arc::from(plain)).or_insert(next))
    }

    fn select(&mut self, select: &crate::ast::Select) -> Result<Node> {
        if let Some(one) = self.qualified_type(select) {
            return Ok(Node::Constant(Value::Type(one)));
        }
        let operand = self.node(&select.operand)?;
        let kind = if select.test_only { Access::Test } else { Access::Value };
        Ok(field_of(operand, select.field.clone(), kind))
    }

    /// Returns the type if this spells the full name of one.
    fn qualified_type(&self, select: &crate::ast::Select) -> Option<Type> {
        if select.test_only || !matches!(&*select.field, "Timestamp" | "Duration") {
            return None;
        }
        type_named(&format!("{}.{}", qualified_name(&select.operand)?, select.field))
    }

    fn call(&mut self, id: ExprId, call: &Call) -> Result<Node> {
        let (function, target) = self.resolve(call);
        let operands = target.into_iter().chain(&call.args);
        let args: Vec<Node> = operands.map(|arg| self.node(arg)).collect::<Result<_>>()?;
        match &*function {
            operator::AND => pair(args).map(Node::And),
            operator::OR => pair(args).map(Node::Or),
            operator::CONDITIONAL => three(args).map(Node::Conditional),
            operator::NOT_STRICTLY_FALSE => {
                one(args).map(|arg| Node::NotStrictlyFalse(Box::new(arg)))
            }
            "@in" if matches!(args.as_slice(), [_, Node::Constant(Value::List(list))] if is_plain(list)) => {
                Ok(Node::Member(pair(args)?))
            }
            operator::INDEX => self.index(args, Access::Value),
            operator::OPTIONAL_INDEX | operator::OPTIONAL_SELECT => {
                self.index(args, Access::Optional)
            }
            "or" if args.len() == 2 => pair(args).map(Node::OptionalOr),
            "orValue" if args.len() == 2 => pair(args).map(Node::OptionalOrValue),
            _ => self.function(id, &function, args),
        }
    }

    /// Finds out whether `a.b(…)` is a method or the function `a.b`.
    fn resolve<'e>(&self, call: &'e Call) -> (Arc<str>, Option<&'e Expr>) {
        let Some(target) = &call.target else {
            let plain = call.function.strip_prefix('.').unwrap_or(&call.function);
            return (Arc::from(plain), None);
        };
        let Some(prefix) = qualified_name(target) else {
            return (call.function.clone(), Some(target));
        };
        let full = format!("{prefix}.{}", call.function);
        if self.base.functions.contains_key(full.as_str()) {
            return (Arc::from(full), None);
        }
        (call.function.clone(), Some(target))
    }

    fn index(&mut self, args: Vec<Node>, kind: Access) -> Result<Node> {
        let [operand, index] = *pair(args)?;
        Ok(match index {
            Node::Constant(Value::String(field)) => field_of(operand, Arc::from(&*field), kind),
            index => Node::Index(Box::new(Index { operand, index, kind })),
        })
    }

    fn function(&mut self, id: ExprId, name: &Arc<str>, args: Vec<Node>) -> Result<Node> {
        let Some(callable) = self.base.functions.get(&**name) else {
            if args.is_empty() {
                return Err(format!("no such overload: {name}()"));
            }
            return Ok(Node::Unknown(name.clone(), args));
        };
        if let [Node::Constant(value)] = args.as_slice()
            && is_conversion(callable.name)
        {
            let result = run_all(&callable.runs, std::slice::from_ref(value));
            let named =
                |error| functions::name_overload(error, callable.name, std::slice::from_ref(value));
            return result.map(Node::Constant).map_err(|error| named(error).to_string());
        }
        let args = match PatternUse::of(callable.name) {
            Some(usage) => match pattern(usage, args)? {
                Ok(node) => return Ok(node),
                Err(args) => args,
            },
            None => args,
        };
        Ok(Node::Call(Box::new(CallNode {
            name: callable.name,
            runs: callable.runs.clone(),
            names_types: callable.names_types,
            overload: self.checked.and_then(|checked| checked.overload(id)),
            args,
        })))
    }

    fn list(&mut self, list: &crate::ast::List) -> Result<Node> {
        let pairs = list.elements.iter().zip(&list.optional);
        let items: Vec<_> = pairs
            .map(|(element, optional)| Ok((self.node(element)?, presence(*optional))))
            .collect::<Result<_>>()?;
        let constants = items.iter().map(|(node, presence)| match (node, presence) {
            (Node::Constant(value), Presence::Always) => Some(value.clone()),
            _ => None,
        });
        match constants.collect::<Option<Vec<_>>>() {
            Some(values) => Ok(Node::Constant(Value::list(values))),
            None => Ok(Node::List(Box::new(ListNode { items }))),
        }
    }

    fn map(&mut self, entries: &[crate::ast::MapEntry]) -> Result<Node> {
        let nodes = entries.iter().map(|entry| {
            let (key, value) = (self.node(&entry.key)?, self.node(&entry.value)?);
            Ok(EntryNode { key, value, presence: presence(entry.optional) })
        });
        let nodes: Vec<_> = nodes.collect::<Result<_>>()?;
        let constants = nodes.iter().map(|node| match (&node.key, &node.value, node.presence) {
            (Node::Constant(key), Node::Constant(value), Presence::Always) => {
                Some((Key::of(key)?, value.clone()))
            }
            _ => None,
        });
        match constants.collect::<Option<BTreeMap<_, _>>>() {
            Some(entries) => Ok(Node::Constant(Value::map(entries))),
            None => Ok(Node::Map(nodes)),
        }
    }

    fn fold(&mut self, fold: &Comprehension) -> Result<Node> {
        let init = self.node(&fold.init)?;
        let range = self.node(&fold.range)?;
        let depth = self.locals.len();
        let accumulator = self.local(&fold.accumulator);
        let variable = self.local(&fold.variable);
        let second = fold.second_variable.as_ref().map(|name| self.local(name));
        let condition = self.node(&fold.condition)?;
        let mut step = self.node(&fold.step)?;
        if &*fold.accumulator == ACCUMULATOR {
            take_accumulator(&mut step, accumulator);
        }
        self.locals.truncate(depth);
        self.locals.push((fold.accumulator.clone(), accumulator));
        let result = self.node(&fold.result)?;
        self.locals.truncate(depth);
        let parts =
            FoldNode { range, variable, second, accumulator, init, condition, step, result };
        Ok(Node::Fold(Box::new(parts)))
    }

    fn local(&mut self, name: &Arc<str>) -> usize {
        let slot = self.slots;
        self.slots += 1;
        self.locals.push((name.clone(), slot));
        slot
    }
}

/// Lets `acc + […]` and its like give up the collected value instead of copying it.
fn take_accumulator(step: &mut Node, accumulator: usize) {
    match step {
        Node::Call(call) if matches!(call.name, "_+_" | "cel.@mapInsert") => {
            if let Some(first) = call.args.first_mut()
                && matches!(first, Node::Local(slot) if *slot == accumulator)
            {
                *first = Node::Taken(accumulator);
            }
        }
        Node::Conditional(branches) => take_accumulator(&mut branches[1], accumulator),
        _ => {}
    }
}

/// Compiles the pattern of a call if it is constant; the arguments come back otherwise.
fn pattern(usage: PatternUse, args: Vec<Node>) -> Result<std::result::Result<Node, Vec<Node>>> {
    let constant = match args.get(1) {
        Some(Node::Constant(source @ Value::String(text))) => Some((source.clone(), text.clone())),
        _ => None,
    };
    let Some((source, text)) = constant else { return Ok(Err(args)) };
    let pattern = Regexp::new(&text).map_err(|error| error.to_string())?;
    let mut args = args.into_iter();
    let Some(text) = args.next() else { return Ok(Err(Vec::new())) };
    let limit = args.nth(1);
    let node = PatternNode { usage, text, pattern, limit, source };
    Ok(Ok(Node::Pattern(Box::new(node))))
}

fn field_of(operand: Node, field: Arc<str>, kind: Access) -> Node {
    let named = match &operand {
        Node::Variable(_) => true,
        Node::Select(select) => select.named,
        _ => false,
    };
    Node::Select(Box::new(Select { operand, field, kind, named }))
}

/// Tells whether a list holds nothing but scalars.
fn is_plain(list: &List<'_>) -> bool {
    list.iter().all(|item| {
        matches!(
            item,
            Ok(Value::Bool(_)
                | Value::Int(_)
                | Value::Uint(_)
                | Value::Double(_)
                | Value::String(_))
        )
    })
}

fn presence(optional: bool) -> Presence {
    if optional { Presence::IfThere } else { Presence::Always }
}

fn arity() -> String {
    "no such overload".to_owned()
}

fn one(args: Vec<Node>) -> Result<Node> {
    let [arg]: [Node; 1] = args.try_into().map_err(|_| arity())?;
    Ok(arg)
}

fn pair(args: Vec<Node>) -> Result<Box<[Node; 2]>> {
    let pair: [Node; 2] = args.try_into().map_err(|_| arity())?;
    Ok(Box::new(pair))
}

fn three(args: Vec<Node>) -> Result<Box<[Node; 3]>> {
    let three: [Node; 3] = args.try_into().map_err(|_| arity())?;
    Ok(Box::new(three))
}

/// Functions whose calls on constants are run once, when the program is made.
fn is_conversion(name: &str) -> bool {
    matches!(
        name,
        "bool"
            | "bytes"
            | "double"
            | "duration"
            | "dyn"
            | "int"
            | "string"
            | "timestamp"
            | "type"
            | "uint"
    )
}

/// Returns the type that an identifier names.
pub(crate) fn type_named(name: &str) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "google.protobuf.Duration" => Type::Duration,
        "int" => Type::Int,
        "list" => Type::list(Type::Dyn),
        "map" => Type::map(Type::Dyn, Type::Dyn),
        "null_type" => Type::Null,
        "string" => Type::String,
        "google.protobuf.Timestamp" => Type::Timestamp,
        "type" => Type::type_of(Type::Dyn),
        "uint" => Type::Uint,
        "optional_type" => Type::optional(Type::Dyn),
        _ => return None,
    })
}

/// Returns `a.b.c` if the expression is that.
pub(crate) fn qualified_name(expr: &Expr) -> Option<String> {
    match &expr.kind {
        ExprKind::Ident(name) => Some(name.strip_prefix('.').unwrap_or(name).to_owned()),
        ExprKind::Select(select) if !select.test_only => {
            Some(format!("{}.{}", qualified_name(&select.operand)?, select.field))
        }
        _ => None,
    }
}

/// Runs the implementations until one takes the arguments.
pub(crate) fn run_all<'v>(
    runs: &[Run],
    args: &[Value<'v>],
) -> std::result::Result<Value<'v>, EvalError> {
    let mut refused = EvalError::no_such_overload();
    for run in runs {
        match run(args) {
            Err(error) if error.kind() == crate::error::ErrorKind::NoSuchOverload => {
                refused = error;
            }
            settled => return settled,
        }
    }
    Err(refused)
}

fn constant(literal: &Literal) -> Value<'static> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Uint(value) => Value::Uint(*value),
        Literal::Double(value) => Value::Double(*value),
        Literal::String(text) => Value::String(Text::Shared(text.clone())),
        Literal::Bytes(bytes) => Value::Bytes(bytes.clone()),
    }
}
