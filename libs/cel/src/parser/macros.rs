//! Macros: calls that stand for loops and tests.

use std::sync::Arc;

use super::operator;
use crate::ast::{
    Call, Comprehension, Expr, ExprId, ExprKind, List, Literal, MapEntry, Places, Select,
};
use crate::source::{Issue, Offset};

/// The name of the variable in which a loop collects its result; no source can spell it.
pub(crate) const ACCUMULATOR: &str = "@result";
/// A name that loops may not use either, for the sake of older expressions.
const OLD_ACCUMULATOR: &str = "__result__";
/// The variable of loops that only bind a name.
const UNUSED: &str = "#unused";
/// The name to which `sortBy` binds its list.
const SORTED: &str = "@__sortBy_input__";
/// The function that adds an entry to the map that a loop collects.
pub(crate) const MAP_INSERT: &str = "cel.@mapInsert";

/// Which macros there are beyond the standard ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MacroSet {
    /// `cel.bind`
    pub(crate) bindings: bool,
    /// `optMap`, `optFlatMap`
    pub(crate) optionals: bool,
    /// `all`, `exists` and so on over keys and values; `transformList`, `transformMap`.
    pub(crate) two_variables: bool,
    /// `sortBy`
    pub(crate) sorting: bool,
}

/// How many nodes an expression may have before a macro that copies its target is refused.
const COPY_LIMIT: usize = 100_000;

type Expansion = Result<Expr, Issue>;

/// Makes a call, or what a macro makes of it.
pub(super) fn expand(places: &mut Places, set: MacroSet, id: ExprId, call: Call) -> Expansion {
    let offset = places.get(id);
    let mut maker = Maker { places, offset };
    let function = call.function.clone();
    match (&*function, call.target, call.args.len()) {
        ("has", None, 1) => maker.has(call.args),
        ("all", Some(target), 2) => maker.quantifier(Quantifier::All, target, call.args),
        ("exists", Some(target), 2) => maker.quantifier(Quantifier::Exists, target, call.args),
        ("exists_one", Some(target), 2) => {
            maker.quantifier(Quantifier::ExistsOne, target, call.args)
        }
        ("map", Some(target), 2 | 3) => maker.map(target, call.args),
        ("filter", Some(target), 2) => maker.filter(target, call.args),
        ("all", Some(target), 3) if set.two_variables => {
            maker.quantifier(Quantifier::All, target, call.args)
        }
        ("exists", Some(target), 3) if set.two_variables => {
            maker.quantifier(Quantifier::Exists, target, call.args)
        }
        ("exists_one" | "existsOne", Some(target), 3) if set.two_variables => {
            maker.quantifier(Quantifier::ExistsOne, target, call.args)
        }
        ("transformList", Some(target), 3 | 4) if set.two_variables => {
            maker.transform(Transform::List, target, call.args)
        }
        ("transformMap", Some(target), 3 | 4) if set.two_variables => {
            maker.transform(Transform::Map, target, call.args)
        }
        ("transformMapEntry", Some(target), 3 | 4) if set.two_variables => {
            maker.transform(Transform::MapEntry, target, call.args)
        }
        ("optMap" | "optFlatMap", Some(target), 2) if set.optionals => {
            maker.optional_map(&function, target, call.args)
        }
        ("sortBy", Some(target), 2) if set.sorting => maker.sort_by(target, call.args),
        ("bind", Some(target), 3)
            if set.bindings && target.as_simple_name().is_some_and(|name| &**name == "cel") =>
        {
            maker.bind(call.args)
        }
        (_, target, _) => {
            let call = Call { function, target, args: call.args };
            Ok(Expr::new(id, ExprKind::Call(Box::new(call))))
        }
    }
}

#[derive(Clone, Copy)]
enum Quantifier {
    All,
    Exists,
    ExistsOne,
}

#[derive(Clone, Copy)]
enum Transform {
    List,
    Map,
    MapEntry,
}

/// The parts of a loop beside its range and variables.
struct Loop {
    init: Expr,
    condition: Expr,
    step: Expr,
    result: Expr,
}

/// The variables of a loop.
struct Variables {
    first: Arc<str>,
    second: Option<Arc<str>>,
}

/// Makes nodes that all stand at the place of the macro.
struct Maker<'p> {
    places: &'p mut Places,
    offset: Option<Offset>,
}

impl Maker<'_> {
    fn node(&mut self, kind: ExprKind) -> Expr {
        let id = self.places.next(self.offset);
        Expr::new(id, kind)
    }

    fn literal(&mut self, literal: Literal) -> Expr {
        self.node(ExprKind::Literal(literal))
    }

    fn ident(&mut self, name: &str) -> Expr {
        self.node(ExprKind::Ident(Arc::from(name)))
    }

    fn accumulator(&mut self) -> Expr {
        self.ident(ACCUMULATOR)
    }

    fn list(&mut self, elements: Vec<Expr>) -> Expr {
        let optional = vec![false; elements.len()];
        self.node(ExprKind::List(Box::new(List { elements, optional })))
    }

    fn call(&mut self, function: &str, args: Vec<Expr>) -> Expr {
        let call = Call { function: Arc::from(function), target: None, args };
        self.node(ExprKind::Call(Box::new(call)))
    }

    fn method(&mut self, function: &str, target: Expr) -> Expr {
        let call = Call { function: Arc::from(function), target: Some(target), args: Vec::new() };
        self.node(ExprKind::Call(Box::new(call)))
    }

    fn issue(&self, at: &Expr, message: &str) -> Issue {
        Issue { offset: self.places.get(at.id), message: message.to_owned() }
    }

    fn comprehension(&mut self, range: Expr, variables: Variables, parts: Loop) -> Expr {
        let Loop { init, condition, step, result } = parts;
        self.node(ExprKind::Comprehension(Box::new(Comprehension {
            range,
            variable: variables.first,
            second_variable: variables.second,
            accumulator: Arc::from(ACCUMULATOR),
            init,
            condition,
            step,
            result,
        })))
    }

    /// Gives a name to a value within an expression: a loop that never runs.
    fn binding(&mut self, name: Arc<str>, value: Expr, result: Expr) -> Expr {
        let range = self.list(Vec::new());
        let condition = self.literal(Literal::Bool(false));
        let step = self.ident(&name);
        self.node(ExprKind::Comprehension(Box::new(Comprehension {
            range,
            variable: Arc::from(UNUSED),
            second_variable: None,
            accumulator: name,
            init: value,
            condition,
            step,
            result,
        })))
    }

    /// Takes the variable names off the arguments.
    fn variables(
        &self,
        args: &mut Vec<Expr>,
        count: usize,
        problem: &str,
    ) -> Result<Variables, Issue> {
        let names: Vec<Expr> = args.drain(..count.min(args.len())).collect();
        let mut taken: Vec<Arc<str>> = Vec::new();
        for name in &names {
            let ExprKind::Ident(text) = &name.kind else {
                return Err(self.issue(name, problem));
            };
            if taken.contains(text) {
                return Err(self.issue(name, &format!("duplicate variable name: {text}")));
            }
            if matches!(&**text, ACCUMULATOR | OLD_ACCUMULATOR) {
                let message = "iteration variable overwrites accumulator variable";
                return Err(self.issue(name, message));
            }
            taken.push(text.clone());
        }
        let mut taken = taken.into_iter();
        let first = taken.next().unwrap_or_else(|| Arc::from(UNUSED));
        Ok(Variables { first, second: taken.next() })
    }

    fn has(&mut self, args: Vec<Expr>) -> Expansion {
        let Some(arg) = args.into_iter().next() else {
            return Ok(self.node(ExprKind::Broken));
        };
        let problem = self.issue(&arg, "invalid argument to has() macro");
        match arg.kind {
            ExprKind::Select(select) => {
                let Select { operand, field, .. } = *select;
                let test = Select { operand, field, test_only: true };
                Ok(self.node(ExprKind::Select(Box::new(test))))
            }
            _ => Err(problem),
        }
    }

    fn quantifier(&mut self, kind: Quantifier, range: Expr, mut args: Vec<Expr>) -> Expansion {
        let count = args.len() - 1;
        let variables = self.variables(&mut args, count, "argument must be a simple name")?;
        let predicate = args.pop().unwrap_or_else(|| self.node(ExprKind::Broken));
        let parts = match kind {
            Quantifier::All => {
                let init = self.literal(Literal::Bool(true));
                let so_far = self.accumulator();
                let condition = self.call(operator::NOT_STRICTLY_FALSE, vec![so_far]);
                let so_far = self.accumulator();
                let step = self.call(operator::AND, vec![so_far, predicate]);
                Loop { init, condition, step, result: self.accumulator() }
            }
            Quantifier::Exists => {
                let init = self.literal(Literal::Bool(false));
                let so_far = self.accumulator();
                let not = self.call(operator::NOT, vec![so_far]);
                let condition = self.call(operator::NOT_STRICTLY_FALSE, vec![not]);
                let so_far = self.accumulator();
                let step = self.call(operator::OR, vec![so_far, predicate]);
                Loop { init, condition, step, result: self.accumulator() }
            }
            Quantifier::ExistsOne => {
                let init = self.literal(Literal::Int(0));
                let condition = self.literal(Literal::Bool(true));
                let (so_far, one) = (self.accumulator(), self.literal(Literal::Int(1)));
                let more = self.call(operator::ADD, vec![so_far, one]);
                let same = self.accumulator();
                let step = self.call(operator::CONDITIONAL, vec![predicate, more, same]);
                let (found, one) = (self.accumulator(), self.literal(Literal::Int(1)));
                let result = self.call(operator::EQUALS, vec![found, one]);
                Loop { init, condition, step, result }
            }
        };
        Ok(self.comprehension(range, variables, parts))
    }

    fn map(&mut self, range: Expr, mut args: Vec<Expr>) -> Expansion {
        let variables = self.variables(&mut args, 1, "argument is not an identifier")?;
        let value = args.pop().unwrap_or_else(|| self.node(ExprKind::Broken));
        let added = self.list(vec![value]);
        let init = self.list(Vec::new());
        let so_far = self.accumulator();
        let step = self.call(operator::ADD, vec![so_far, added]);
        Ok(self.collect(range, variables, Collected { init, step, filter: args.pop() }))
    }

    fn filter(&mut self, range: Expr, mut args: Vec<Expr>) -> Expansion {
        let variable = args.first().cloned();
        let variables = self.variables(&mut args, 1, "argument is not an identifier")?;
        let added = self.list(variable.into_iter().collect());
        let init = self.list(Vec::new());
        let so_far = self.accumulator();
        let step = self.call(operator::ADD, vec![so_far, added]);
        Ok(self.collect(range, variables, Collected { init, step, filter: args.pop() }))
    }

    fn transform(&mut self, kind: Transform, range: Expr, mut args: Vec<Expr>) -> Expansion {
        let variables = self.variables(&mut args, 2, "argument must be a simple name")?;
        let value = args.pop().unwrap_or_else(|| self.node(ExprKind::Broken));
        let so_far = self.accumulator();
        let (init, step) = match kind {
            Transform::List => {
                let added = self.list(vec![value]);
                let step = self.call(operator::ADD, vec![so_far, added]);
                (self.list(Vec::new()), step)
            }
            Transform::Map => {
                let key = self.ident(&variables.first);
                let step = self.call(MAP_INSERT, vec![so_far, key, value]);
                (self.node(ExprKind::Map(Vec::<MapEntry>::new())), step)
            }
            Transform::MapEntry => {
                let step = self.call(MAP_INSERT, vec![so_far, value]);
                (self.node(ExprKind::Map(Vec::<MapEntry>::new())), step)
            }
        };
        Ok(self.collect(range, variables, Collected { init, step, filter: args.pop() }))
    }

    /// Makes a loop that collects, under a condition if there is one.
    fn collect(&mut self, range: Expr, variables: Variables, parts: Collected) -> Expr {
        let Collected { init, mut step, filter } = parts;
        if let Some(filter) = filter {
            let same = self.accumulator();
            step = self.call(operator::CONDITIONAL, vec![filter, step, same]);
        }
        let condition = self.literal(Literal::Bool(true));
        let result = self.accumulator();
        self.comprehension(range, variables, Loop { init, condition, step, result })
    }

    fn optional_map(&mut self, function: &str, target: Expr, args: Vec<Expr>) -> Expansion {
        let mut args = args.into_iter();
        let (Some(name), Some(result)) = (args.next(), args.next()) else {
            return Ok(self.node(ExprKind::Broken));
        };
        let ExprKind::Ident(variable) = &name.kind else {
            let message = format!("{function}() variable name must be a simple identifier");
            return Err(self.issue(&name, &message));
        };
        if self.places.len() > COPY_LIMIT {
            return Err(self.issue(&name, "expression is too large"));
        }
        let copy = self.copy(&target);
        let value = self.method("value", copy);
        let mut bound = self.binding(variable.clone(), value, result);
        if function == "optMap" {
            bound = self.call("optional.of", vec![bound]);
        }
        let there = self.method("hasValue", target);
        let none = self.call("optional.none", Vec::new());
        Ok(self.call(operator::CONDITIONAL, vec![there, bound, none]))
    }

    /// Binds the list, sorts it by what its elements are mapped to.
    fn sort_by(&mut self, target: Expr, args: Vec<Expr>) -> Expansion {
        if matches!(target.kind, ExprKind::Literal(_) | ExprKind::Map(_) | ExprKind::Struct(_)) {
            let message = "sortBy can only be applied to a list, identifier, comprehension, call \
                           or select expression";
            return Err(self.issue(&target, message));
        }
        let input = self.ident(SORTED);
        let keys = self.map(input, args)?;
        let list = self.ident(SORTED);
        let function = Arc::from("@sortByAssociatedKeys");
        let call = Call { function, target: Some(list), args: vec![keys] };
        let sorted = self.node(ExprKind::Call(Box::new(call)));
        Ok(self.binding(Arc::from(SORTED), target, sorted))
    }

    fn bind(&mut self, args: Vec<Expr>) -> Expansion {
        let mut args = args.into_iter();
        let (Some(name), Some(value), Some(result)) = (args.next(), args.next(), args.next())
        else {
            return Ok(self.node(ExprKind::Broken));
        };
        match &name.kind {
            ExprKind::Ident(variable) => Ok(self.binding(variable.clone(), value, result)),
            _ => Err(self.issue(&name, "cel.bind() variable names must be simple identifiers")),
        }
    }

    /// Copies a tree with new ids at the old places.
    fn copy(&mut self, expr: &Expr) -> Expr {
        let mut copy = expr.clone();
        self.renumber(&mut copy);
        copy
    }

    fn renumber(&mut self, expr: &mut Expr) {
        expr.id = self.places.next(self.places.get(expr.id));
        match &mut expr.kind {
            ExprKind::Broken | ExprKind::Literal(_) | ExprKind::Ident(_) => {}
            ExprKind::Select(select) => self.renumber(&mut select.operand),
            ExprKind::Call(call) => {
                call.target.iter_mut().chain(&mut call.args).for_each(|e| self.renumber(e));
            }
            ExprKind::List(list) => list.elements.iter_mut().for_each(|e| self.renumber(e)),
            ExprKind::Map(entries) => {
                for entry in entries {
                    self.renumber(&mut entry.key);
                    self.renumber(&mut entry.value);
                }
            }
            ExprKind::Struct(literal) => {
                literal.values.iter_mut().for_each(|value| self.renumber(value));
            }
            ExprKind::Comprehension(fold) => {
                let Comprehension { range, init, condition, step, result, .. } = &mut **fold;
                for part in [range, init, condition, step, result] {
                    self.renumber(part);
                }
            }
        }
    }
}

/// The parts of a loop that collects.
struct Collected {
    init: Expr,
    step: Expr,
    filter: Option<Expr>,
}
