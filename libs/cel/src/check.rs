//! The type checker: finds the type of every node and the overloads that calls may take.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::ast::{Call, Comprehension, Expr, ExprId, ExprKind, List, Literal, MapEntry, Select};
use crate::env::{Callable, Env};
use crate::parser::{Parsed, operator};
use crate::plan::{qualified_name, type_named};
use crate::source::{Issue, Issues};
use crate::types::{Overload, Style, Type};

mod literals;
mod unify;

use unify::Unifier;

/// What the checker found out.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    types: HashMap<ExprId, Type>,
    overloads: HashMap<ExprId, Vec<&'static str>>,
    namespaced: HashSet<ExprId>,
}

impl Checked {
    /// Returns the type of a node; `dyn` where none is known.
    pub(crate) fn type_of(&self, id: ExprId) -> &Type {
        self.types.get(&id).unwrap_or(&Type::Dyn)
    }

    /// Returns the overloads that a call may take.
    pub(crate) fn overloads(&self, id: ExprId) -> &[&'static str] {
        self.overloads.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the overload of a call if there is just one.
    pub(crate) fn overload(&self, id: ExprId) -> Option<&'static str> {
        match self.overloads(id) {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Tells whether the call `a.b(…)` is one of the function `a.b`.
    pub(crate) fn is_namespaced(&self, id: ExprId) -> bool {
        self.namespaced.contains(&id)
    }
}

/// Checks a parsed expression.
pub(crate) fn check(env: &Env, parsed: &Parsed) -> Result<Checked, Issues> {
    let mut checker = Checker {
        env,
        parsed,
        unifier: Unifier::new(),
        scopes: Vec::new(),
        checked: Checked::default(),
        issues: Vec::new(),
    };
    checker.node(&parsed.root);
    if checker.unifier.is_exhausted() {
        let message = "expression is too complex to be checked".to_owned();
        checker.issues.push(Issue { offset: None, message });
    }
    let Checker { mut unifier, mut checked, issues, .. } = checker;
    if !issues.is_empty() {
        return Err(Issues::new(&parsed.source, issues));
    }
    for found in checked.types.values_mut() {
        *found = unifier.resolve(found);
    }
    let mut issues = Vec::new();
    literals::check(&parsed.root, &checked, env.base().literals, &mut |id, message| {
        issues.push(Issue { offset: parsed.places.get(id), message });
    });
    if issues.is_empty() { Ok(checked) } else { Err(Issues::new(&parsed.source, issues)) }
}

struct Checker<'e> {
    env: &'e Env,
    parsed: &'e Parsed,
    unifier: Unifier,
    /// Variables of loops, the innermost last.
    scopes: Vec<BTreeMap<Arc<str>, Type>>,
    checked: Checked,
    issues: Vec<Issue>,
}

impl Checker<'_> {
    fn report(&mut self, id: ExprId, message: String) {
        self.issues.push(Issue { offset: self.parsed.places.get(id), message });
    }

    fn undeclared(&mut self, id: ExprId, name: &str) -> Type {
        self.report(id, format!("undeclared reference to '{name}' (in container '')"));
        Type::Error
    }

    fn mismatch(&mut self, id: ExprId, expected: &Type, found: &Type) {
        self.report(id, format!("expected type '{expected}' but found '{found}'"));
    }

    fn node(&mut self, expr: &Expr) -> Type {
        let found = match &expr.kind {
            ExprKind::Broken => Type::Error,
            ExprKind::Literal(literal) => literal_type(literal),
            ExprKind::Ident(name) => self.ident(expr.id, name),
            ExprKind::Select(select) => self.select(expr, select),
            ExprKind::Call(call) => self.call(expr.id, call),
            ExprKind::List(list) => self.list(list),
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Struct(literal) => self.undeclared(expr.id, &literal.name),
            ExprKind::Comprehension(fold) => self.comprehension(fold),
        };
        self.checked.types.insert(expr.id, found.clone());
        found
    }

    fn lookup(&self, name: &str) -> Option<Type> {
        let plain = name.strip_prefix('.');
        if plain.is_none() {
            let local = self.scopes.iter().rev().find_map(|scope| scope.get(name));
            if let Some(local) = local {
                return Some(local.clone());
            }
        }
        let plain = plain.unwrap_or(name);
        let declared = self.env.variable(plain).cloned();
        declared.or_else(|| type_named(plain).map(Type::type_of))
    }

    fn ident(&mut self, id: ExprId, name: &str) -> Type {
        match self.lookup(name) {
            Some(found) => found,
            None => self.undeclared(id, name),
        }
    }

    fn select(&mut self, expr: &Expr, select: &Select) -> Type {
        if let Some(name) = qualified_name(expr)
            && let Some(found) = self.lookup(&name)
        {
            return found;
        }
        let operand = self.node(&select.operand);
        let found = self.field(expr.id, &operand, &select.field, Presence::Expected);
        if select.test_only { Type::Bool } else { found }
    }

    /// Finds the type of a field of a value of type `operand`.
    fn field(&mut self, id: ExprId, operand: &Type, field: &str, presence: Presence) -> Type {
        let operand = self.unifier.substitute(operand);
        let inner = operand.optional_inner();
        let optional = inner.is_some() || presence == Presence::Optional;
        let target = inner.unwrap_or(&operand);
        let found = match target {
            Type::Map(pair) => pair.1.clone(),
            Type::Object(object) => match object.fields.get(field) {
                Some(found) => found.clone(),
                None => {
                    self.report(id, format!("undefined field '{field}'"));
                    Type::Error
                }
            },
            Type::Param(_) => {
                self.unifier.assign(&Type::Dyn, target);
                Type::Dyn
            }
            Type::Dyn | Type::Error => Type::Dyn,
            other => {
                self.report(id, format!("type '{other}' does not support field selection"));
                Type::Dyn
            }
        };
        if optional { Type::optional(found) } else { found }
    }

    fn call(&mut self, id: ExprId, call: &Call) -> Type {
        let env = self.env;
        let functions = &env.base().functions;
        if &*call.function == operator::OPTIONAL_SELECT {
            return self.optional_select(id, call);
        }
        let args: Vec<_> = call.args.iter().map(|arg| self.node(arg)).collect();
        let Some(target) = &call.target else {
            let name = call.function.strip_prefix('.').unwrap_or(&call.function);
            return match functions.get(name) {
                Some(function) if matches!(function.name, operator::AND | operator::OR) => {
                    self.logic(id, function, &args, call)
                }
                Some(function) => self.resolve(id, function, Style::Function, args),
                None => self.undeclared(id, &call.function),
            };
        };
        if let Some(prefix) = qualified_name(target) {
            let full = format!("{prefix}.{}", call.function);
            if let Some(function) = functions.get(full.as_str()) {
                self.checked.namespaced.insert(id);
                return self.resolve(id, function, Style::Function, args);
            }
        }
        let target = self.node(target);
        match functions.get(&*call.function) {
            Some(function) => {
                let all = std::iter::once(target).chain(args).collect();
                self.resolve(id, function, Style::Method, all)
            }
            None => self.undeclared(id, &call.function),
        }
    }

    fn optional_select(&mut self, id: ExprId, call: &Call) -> Type {
        let [operand, field] = call.args.as_slice() else { return Type::Error };
        let ExprKind::Literal(Literal::String(field)) = &field.kind else { return Type::Error };
        let operand = self.node(operand);
        self.checked.overloads.insert(id, vec!["select_optional_field"]);
        self.field(id, &operand, field, Presence::Optional)
    }

    /// Finds the overloads that take arguments of these types, and what they return.
    fn resolve(&mut self, id: ExprId, function: &Callable, style: Style, args: Vec<Type>) -> Type {
        let mut found: Option<Type> = None;
        let mut overloads = Vec::new();
        for overload in function.overloads.iter().filter(|overload| overload.style == style) {
            let Overload { params, result, .. } = &self.unifier.instantiate(overload);
            if !self.unifier.assign_all(&args, params) {
                continue;
            }
            overloads.push(overload.id);
            let result = self.unifier.substitute(result);
            found = Some(match found {
                None => result,
                Some(so_far) if so_far.is_dyn() || so_far == result => so_far,
                Some(_) => Type::Dyn,
            });
        }
        let Some(found) = found else {
            let args: Vec<_> = args.iter().map(|arg| self.unifier.resolve(arg)).collect();
            let signature = signature(&args, style);
            let name = function.name;
            let message =
                format!("found no matching overload for '{name}' applied to '{signature}'");
            self.report(id, message);
            return Type::Error;
        };
        self.checked.overloads.insert(id, overloads);
        found
    }

    fn logic(&mut self, id: ExprId, function: &Callable, args: &[Type], call: &Call) -> Type {
        let mut good = true;
        for (arg, expr) in args.iter().zip(&call.args) {
            if !self.unifier.assign(arg, &Type::Bool) {
                self.mismatch(expr.id, &Type::Bool, arg);
                good = false;
            }
        }
        self.checked.overloads.insert(id, function.overloads.iter().map(|one| one.id).collect());
        if good { Type::Bool } else { Type::Error }
    }

    fn list(&mut self, list: &List) -> Type {
        let mut joined = None;
        for (element, optional) in list.elements.iter().zip(&list.optional) {
            let found = self.node(element);
            let found = if *optional { self.unwrapped(element.id, found) } else { found };
            joined = Some(self.join(joined, found));
        }
        Type::list(joined.unwrap_or_else(|| self.unifier.fresh()))
    }

    /// Takes the optional off the type of an optional element or entry.
    fn unwrapped(&mut self, id: ExprId, found: Type) -> Type {
        if let Some(inner) = found.optional_inner() {
            return inner.clone();
        }
        if !found.is_dyn() {
            self.mismatch(id, &Type::optional(found.clone()), &found);
        }
        found
    }

    /// Returns the most general type of two elements; `literals` complains if they do not agree.
    fn join(&mut self, previous: Option<Type>, current: Type) -> Type {
        let Some(previous) = previous else { return current };
        if self.unifier.assign(&previous, &current) {
            return unify::most_general(previous, current);
        }
        Type::Dyn
    }

    fn map(&mut self, entries: &[MapEntry]) -> Type {
        let (mut keys, mut values) = (None, None);
        for entry in entries {
            let key = self.node(&entry.key);
            keys = Some(self.join(keys, key));
            let value = self.node(&entry.value);
            let value = if entry.optional { self.unwrapped(entry.value.id, value) } else { value };
            values = Some(self.join(values, value));
        }
        let key = keys.unwrap_or_else(|| self.unifier.fresh());
        Type::map(key, values.unwrap_or_else(|| self.unifier.fresh()))
    }

    fn comprehension(&mut self, fold: &Comprehension) -> Type {
        let range = self.node(&fold.range);
        let accumulated = self.node(&fold.init);
        let range = self.unifier.substitute(&range);
        let (first, second) = self.loop_types(fold, &range);
        self.scopes.push(BTreeMap::from([(fold.accumulator.clone(), accumulated.clone())]));
        let mut variables = BTreeMap::from([(fold.variable.clone(), first)]);
        variables.extend(fold.second_variable.clone().map(|name| (name, second)));
        self.scopes.push(variables);
        let condition = self.node(&fold.condition);
        self.expect(&fold.condition, &Type::Bool, &condition);
        let step = self.node(&fold.step);
        self.expect(&fold.step, &accumulated, &step);
        self.scopes.pop();
        let result = self.node(&fold.result);
        self.scopes.pop();
        self.unifier.substitute(&result)
    }

    /// Returns the types of the variables of a loop.
    fn loop_types(&mut self, fold: &Comprehension, range: &Type) -> (Type, Type) {
        match range {
            Type::List(item) if fold.second_variable.is_some() => (Type::Int, (**item).clone()),
            Type::List(item) => ((**item).clone(), Type::Dyn),
            Type::Map(pair) => (pair.0.clone(), pair.1.clone()),
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.unifier.assign(&Type::Dyn, range);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                let message = format!(
                    "expression of type '{other}' cannot be range of a comprehension (must be \
                     list, map, or dynamic)"
                );
                self.report(fold.range.id, message);
                (Type::Error, Type::Error)
            }
        }
    }

    fn expect(&mut self, expr: &Expr, expected: &Type, found: &Type) {
        if !self.unifier.assign(expected, found) {
            self.mismatch(expr.id, expected, found);
        }
    }
}

/// Whether a field may be missing.
#[derive(Clone, Copy, PartialEq)]
enum Presence {
    Expected,
    Optional,
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}

/// Prints the types of arguments: `(int, string)`, or `list(int).(int)` for a method.
fn signature(args: &[Type], style: Style) -> String {
    let (target, args) = match (style, args) {
        (Style::Method, [target, args @ ..]) => (format!("{target}."), args),
        (_, args) => (String::new(), args),
    };
    let args: Vec<_> = args.iter().map(Type::to_string).collect();
    format!("{target}({})", args.join(", "))
}

#[cfg(test)]
mod tests;
