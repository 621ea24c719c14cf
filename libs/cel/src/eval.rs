//! Runs a plan.

use std::collections::BTreeMap;

use crate::cost;
use crate::error::EvalError;
use crate::functions::{find_all, name_overload};
use crate::plan::{
    Access, CallNode, EntryNode, FoldNode, Index, ListNode, Node, PatternNode, PatternUse, Plan,
    Presence, Select, run_all,
};
use crate::program::Variables;
use crate::value::{self, Key, Outcome, Value};

/// The state of one run.
pub(crate) struct Machine<'r, 'v> {
    plan: &'r Plan,
    variables: &'r dyn Variables<'v>,
    /// Variables of loops; an error may be collected like a value.
    locals: Vec<Outcome<'v>>,
    /// How many more steps the run may take.
    steps: u64,
    /// What it has cost so far.
    cost: u64,
    /// What it may cost; costs are only counted if there is a limit.
    limit: Option<u64>,
}

impl<'r, 'v> Machine<'r, 'v> {
    pub(crate) fn new(plan: &'r Plan, variables: &'r dyn Variables<'v>, steps: u64) -> Self {
        let locals = vec![Ok(Value::Null); plan.slots];
        Self { plan, variables, locals, steps, cost: 0, limit: None }
    }

    /// Counts costs, and ends the run if they exceed the limit.
    pub(crate) fn limit_cost(&mut self, limit: u64) {
        self.limit = Some(limit);
    }

    /// Returns what the run has cost.
    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    fn charge(&mut self, cost: u64) -> Result<(), EvalError> {
        let Some(limit) = self.limit else { return Ok(()) };
        self.cost = self.cost.saturating_add(cost);
        if self.cost > limit { Err(EvalError::budget()) } else { Ok(()) }
    }

    pub(crate) fn run(&mut self) -> Outcome<'v> {
        let plan = self.plan;
        self.node(&plan.root)
    }

    fn node(&mut self, node: &Node) -> Outcome<'v> {
        self.steps = self.steps.checked_sub(1).ok_or_else(EvalError::budget)?;
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Variable(slot) => {
                self.charge(1)?;
                self.variable(*slot)
            }
            Node::Local(slot) => {
                self.charge(1)?;
                self.locals.get(*slot).cloned().unwrap_or(Ok(Value::Null))
            }
            Node::Taken(slot) => {
                self.charge(1)?;
                self.take(*slot)
            }
            Node::Select(select) => self.select(select),
            Node::Index(index) => self.index(index),
            Node::And(terms) => self.logic(terms, false),
            Node::Or(terms) => self.logic(terms, true),
            Node::Conditional(branches) => self.conditional(branches),
            Node::NotStrictlyFalse(inner) => match self.node(inner) {
                Err(error) if error.is_fatal() => Err(error),
                outcome => {
                    self.charge(1)?;
                    Ok(Value::Bool(!matches!(outcome, Ok(Value::Bool(false)))))
                }
            },
            Node::Member(pair) => self.member(pair),
            Node::OptionalOr(pair) => self.optional_or(pair),
            Node::OptionalOrValue(pair) => self.optional_or_value(pair),
            Node::Call(call) => self.call(call),
            Node::Pattern(pattern) => self.pattern(pattern),
            Node::Unknown(name, args) => {
                for arg in args {
                    self.node(arg)?;
                }
                Err(EvalError::no_such_function(name))
            }
            Node::List(list) => self.list(list),
            Node::Map(entries) => self.map(entries),
            Node::Fold(fold) => self.fold(fold),
        }
    }

    fn take(&mut self, slot: usize) -> Outcome<'v> {
        match self.locals.get_mut(slot) {
            Some(local) => std::mem::replace(local, Ok(Value::Null)),
            None => Ok(Value::Null),
        }
    }

    fn variable(&self, slot: usize) -> Outcome<'v> {
        let name = self.plan.variables.get(slot).map_or("", |name| name);
        match self.variables.get(name) {
            Some(value) => value,
            None => Err(EvalError::no_such_attribute(name)),
        }
    }

    #[inline(never)]
    fn select(&mut self, select: &Select) -> Outcome<'v> {
        let field = &*select.field;
        let operand = self
            .node(&select.operand)
            .map_err(|error| if select.named { error.with_field(field) } else { error })?;
        let (operand, kind) = match (operand, select.kind) {
            (Value::Optional(None), Access::Test) => return Ok(Value::Bool(false)),
            (Value::Optional(None), _) => return Ok(Value::NONE),
            (Value::Optional(Some(inner)), Access::Value) => ((*inner).clone(), Access::Optional),
            (Value::Optional(Some(inner)), kind) => ((*inner).clone(), kind),
            (operand, kind) => (operand, kind),
        };
        let found = match &operand {
            Value::Map(map) => map.get_str(field),
            Value::List(_) => {
                let message = "unsupported index type 'string' in list";
                return Err(EvalError::new(message));
            }
            _ => None,
        };
        settle(found, kind, || EvalError::no_such_key(field))
    }

    #[inline(never)]
    fn index(&mut self, index: &Index) -> Outcome<'v> {
        let operand = self.node(&index.operand)?;
        let key = self.node(&index.index)?;
        self.charge(access_cost(&index.operand, index.kind))?;
        let (operand, kind) = match (operand, index.kind) {
            (Value::Optional(None), _) => return Ok(Value::NONE),
            (Value::Optional(Some(inner)), _) => ((*inner).clone(), Access::Optional),
            (operand, kind) => (operand, kind),
        };
        match &operand {
            Value::List(list) => {
                let position = list_position(&key)?;
                let found = usize::try_from(position).ok().and_then(|at| list.get(at));
                settle(found, kind, || EvalError::new(format!("index out of bounds: {position}")))
            }
            Value::Map(map) => {
                if Key::of(&key).is_none() {
                    return Err(EvalError::no_such_overload());
                }
                settle(map.get(&key), kind, || EvalError::no_such_key(shown_key(&key)))
            }
            _ => settle(None, kind, || EvalError::no_such_key(shown_key(&key))),
        }
    }

    /// Runs `&&` or `||`; the side that decides wins over an error on the other.
    #[inline(never)]
    fn logic(&mut self, terms: &[Node; 2], decides: bool) -> Outcome<'v> {
        let mut problem = None;
        for term in terms {
            match self.node(term) {
                Ok(Value::Bool(value)) if value == decides => return Ok(Value::Bool(decides)),
                Ok(Value::Bool(_)) => {}
                Ok(_) => {
                    problem.get_or_insert_with(EvalError::no_such_overload);
                }
                Err(error) if error.is_fatal() => return Err(error),
                Err(error) => {
                    problem.get_or_insert(error);
                }
            }
        }
        problem.map_or(Ok(Value::Bool(!decides)), Err)
    }

    #[inline(never)]
    fn conditional(&mut self, branches: &[Node; 3]) -> Outcome<'v> {
        let [condition, if_true, if_false] = branches;
        match self.node(condition)? {
            Value::Bool(true) => self.node(if_true),
            Value::Bool(false) => self.node(if_false),
            _ => Err(EvalError::no_such_overload()),
        }
    }

    /// Returns the first optional value that is there; a value that is none is there.
    #[inline(never)]
    fn optional_or(&mut self, pair: &[Node; 2]) -> Outcome<'v> {
        match self.node(&pair[0])? {
            Value::Optional(None) => self.node(&pair[1]),
            found => Ok(found),
        }
    }

    #[inline(never)]
    fn optional_or_value(&mut self, pair: &[Node; 2]) -> Outcome<'v> {
        match self.node(&pair[0])? {
            Value::Optional(Some(found)) => Ok((*found).clone()),
            Value::Optional(None) => self.node(&pair[1]),
            found => Ok(found),
        }
    }

    #[inline(never)]
    fn call(&mut self, call: &CallNode) -> Outcome<'v> {
        let mut args = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            args.push(self.node(arg)?);
        }
        if let ("_+_", [Value::List(_), Value::List(_)]) = (call.name, args.as_slice()) {
            self.charge(1)?;
            return append(args);
        }
        let outcome = run_all(&call.runs, &args).map_err(|error| {
            if call.names_types { name_overload(error, call.name, &args) } else { error }
        });
        if self.limit.is_some() {
            let result = outcome.as_ref().ok();
            self.charge(match call.name {
                "_==_" | "_!=_" => cost::equality_cost(call.name, &args),
                name => cost::call_cost(name, call.overload, &args, result),
            })?;
        }
        outcome
    }

    #[inline(never)]
    fn pattern(&mut self, node: &PatternNode) -> Outcome<'v> {
        let text = self.node(&node.text)?;
        if self.limit.is_some() {
            self.charge(cost::pattern_cost(&text, &node.source))?;
        }
        let limit = node.limit.as_ref().map(|limit| self.node(limit)).transpose()?;
        let Value::String(text) = &text else { return Err(EvalError::no_such_overload()) };
        match (node.usage, limit) {
            (PatternUse::Test, None) => Ok(Value::Bool(node.pattern.is_match(text))),
            (PatternUse::First, None) => {
                let found = node.pattern.find_str(text).unwrap_or_default();
                Ok(Value::string(found))
            }
            (PatternUse::All, None) => Ok(find_all(&node.pattern, text, -1)),
            (PatternUse::All, Some(Value::Int(limit))) => Ok(find_all(&node.pattern, text, limit)),
            _ => Err(EvalError::no_such_overload()),
        }
    }

    #[inline(never)]
    fn list(&mut self, list: &ListNode) -> Outcome<'v> {
        let mut items = Vec::with_capacity(list.items.len());
        for (node, presence) in &list.items {
            let value = self.node(node)?;
            match (presence, value) {
                (Presence::Always, value) => items.push(value),
                (Presence::IfThere, Value::Optional(Some(inner))) => items.push((*inner).clone()),
                (Presence::IfThere, Value::Optional(None)) => {}
                (Presence::IfThere, value) => {
                    return Err(not_optional("list element", &value));
                }
            }
        }
        self.charge(cost::LIST)?;
        Ok(Value::list(items))
    }

    /// Looks for a value in a constant list.
    #[inline(never)]
    fn member(&mut self, pair: &[Node; 2]) -> Outcome<'v> {
        let wanted = self.node(&pair[0])?;
        let Value::List(list) = self.node(&pair[1])? else {
            return Err(EvalError::no_such_overload());
        };
        let found = list.iter().flatten().any(|item| value::equal(&item, &wanted));
        Ok(Value::Bool(found))
    }

    #[inline(never)]
    fn map(&mut self, nodes: &[EntryNode]) -> Outcome<'v> {
        let mut entries = BTreeMap::new();
        for EntryNode { key, value, presence } in nodes {
            let key = self.node(key)?;
            let key = Key::of(&key).ok_or_else(|| {
                EvalError::new(format!("unsupported key type: {}", key.type_of().name()))
            })?;
            let value = match (presence, self.node(value)?) {
                (Presence::Always, value) => value,
                (Presence::IfThere, Value::Optional(Some(inner))) => (*inner).clone(),
                (Presence::IfThere, Value::Optional(None)) => continue,
                (Presence::IfThere, value) => {
                    let shown = match &key {
                        Key::String(text) => format!("'{text}'"),
                        other => crate::functions::show(&other.to_value()),
                    };
                    return Err(not_optional(&format!("entry {shown}"), &value));
                }
            };
            entries.insert(key, value);
        }
        self.charge(cost::MAP)?;
        Ok(Value::map(entries))
    }

    #[inline(never)]
    fn fold(&mut self, fold: &FoldNode) -> Outcome<'v> {
        let range = self.node(&fold.range)?;
        let init = self.node(&fold.init);
        self.set(fold.accumulator, init);
        match &range {
            Value::List(list) => {
                for index in 0..list.len() {
                    let Some(item) = list.get(index) else { break };
                    let position = || Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
                    let pair = (Ok(position()), item);
                    if !self.turn(fold, pair, Side::Second)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, value) in map.iter() {
                    if !self.turn(fold, (Ok(key), value), Side::First)? {
                        break;
                    }
                }
            }
            other => {
                let found = go_type(other);
                let message = format!("got '{found}', expected iterable type");
                return Err(EvalError::new(message));
            }
        }
        let result = self.node(&fold.result);
        self.set(fold.accumulator, Ok(Value::Null));
        result
    }

    /// Runs a loop once; `false` if it ends before.
    fn turn(
        &mut self,
        fold: &FoldNode,
        pair: (Outcome<'v>, Outcome<'v>),
        single: Side,
    ) -> Result<bool, EvalError> {
        match fold.second {
            Some(second) => {
                self.set(fold.variable, pair.0);
                self.set(second, pair.1);
            }
            None => {
                let value = if single == Side::First { pair.0 } else { pair.1 };
                self.set(fold.variable, value);
            }
        }
        match self.node(&fold.condition)? {
            Value::Bool(true) => {}
            _ => return Ok(false),
        }
        let step = self.node(&fold.step);
        if let Err(error) = &step
            && error.is_fatal()
        {
            return Err(error.clone());
        }
        self.set(fold.accumulator, step);
        Ok(true)
    }

    fn set(&mut self, slot: usize, value: Outcome<'v>) {
        if let Some(local) = self.locals.get_mut(slot) {
            *local = value;
        }
    }
}

/// Which of a pair a loop over one variable takes.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    First,
    Second,
}

/// Concatenates two lists; the first is extended in place if nothing else holds it.
fn append(args: Vec<Value<'_>>) -> Outcome<'_> {
    let mut args = args.into_iter();
    match (args.next(), args.next()) {
        (Some(Value::List(left)), Some(Value::List(right))) => {
            crate::functions::concat(left, &right)
        }
        _ => Err(EvalError::no_such_overload()),
    }
}

/// Returns what it costs to look at a part of what a node returns; a presence test is free.
fn access_cost(operand: &Node, kind: Access) -> u64 {
    let chained = matches!(
        operand,
        Node::Variable(_)
            | Node::Local(_)
            | Node::Select(_)
            | Node::Index(_)
            | Node::Conditional(_)
    );
    let own = if chained { 1 } else { 2 };
    if kind == Access::Test { own - 1 } else { own }
}

fn not_optional(what: &str, value: &Value<'_>) -> EvalError {
    let shown = crate::functions::show(value);
    EvalError::new(format!("cannot initialize optional {what} from non-optional value {shown}"))
}

fn settle<'v>(
    found: Option<Outcome<'v>>,
    kind: Access,
    missing: impl FnOnce() -> EvalError,
) -> Outcome<'v> {
    match (kind, found) {
        (Access::Test, found) => Ok(Value::Bool(found.is_some())),
        (Access::Value, Some(value)) => value,
        (Access::Value, None) => Err(missing()),
        (Access::Optional, Some(value)) => Ok(Value::some(value?)),
        (Access::Optional, None) => Ok(Value::NONE),
    }
}

/// Reads an index of a list.
fn list_position(key: &Value<'_>) -> Result<i64, EvalError> {
    match key {
        Value::Int(index) => Ok(*index),
        Value::Uint(index) => Ok(i64::try_from(*index).unwrap_or(i64::MAX)),
        Value::Double(index) if index.fract() == 0.0 && index.abs() < 9e18 => Ok(*index as i64),
        Value::Double(index) => {
            let shown = crate::functions::double_text(*index);
            Err(EvalError::new(format!("unsupported index value {shown} in list")))
        }
        other => {
            let found = other.type_of();
            Err(EvalError::new(format!("unsupported index type '{}' in list", found.name())))
        }
    }
}

fn shown_key(key: &Value<'_>) -> String {
    crate::functions::show(key)
}

/// Returns the name of the Go type that cel-go prints.
fn go_type(value: &Value<'_>) -> &'static str {
    match value {
        Value::Null => "types.Null",
        Value::Bool(_) => "types.Bool",
        Value::Int(_) => "types.Int",
        Value::Uint(_) => "types.Uint",
        Value::Double(_) => "types.Double",
        Value::String(_) => "types.String",
        Value::Bytes(_) => "types.Bytes",
        Value::Timestamp(_) => "types.Timestamp",
        Value::Duration(_) => "types.Duration",
        Value::Type(_) => "*types.Type",
        Value::Optional(_) => "*types.Optional",
        Value::List(_) | Value::Map(_) | Value::Opaque(_) => "ref.Val",
    }
}
