//! What is wrong with literals although their types are right: mixed lists, formats that do not fit
//! their arguments, durations that cannot be read.

use crate::ast::{Call, Comprehension, Expr, ExprId, ExprKind, List, Literal, MapEntry};
use crate::check::Checked;
use crate::env::LiteralRules;
use crate::functions::format::{self, Clause};
use crate::functions::{compile, is_duration, is_timestamp};
use crate::types::Type;

/// Checks all literals of an expression and reports each problem with its place.
pub(super) fn check(
    root: &Expr,
    checked: &Checked,
    rules: LiteralRules,
    report: &mut dyn FnMut(ExprId, String),
) {
    Walk { checked, rules, report }.node(root, Place::Anywhere);
}

struct Walk<'w> {
    checked: &'w Checked,
    rules: LiteralRules,
    report: &'w mut dyn FnMut(ExprId, String),
}

/// Whether lists may mix types here.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Anywhere,
    /// Somewhere below a call of `format`.
    InFormat,
}

impl Walk<'_> {
    fn node(&mut self, expr: &Expr, place: Place) {
        match &expr.kind {
            ExprKind::Broken | ExprKind::Literal(_) | ExprKind::Ident(_) => {}
            ExprKind::Select(select) => self.node(&select.operand, place),
            ExprKind::Call(call) => self.call(expr.id, call, place),
            ExprKind::List(list) => {
                if place == Place::Anywhere {
                    self.same_items(list);
                }
                list.elements.iter().for_each(|element| self.node(element, place));
            }
            ExprKind::Map(entries) => {
                if place == Place::Anywhere {
                    self.same_entries(entries);
                }
                for entry in entries {
                    self.node(&entry.key, place);
                    self.node(&entry.value, place);
                }
            }
            ExprKind::Struct(literal) => {
                literal.values.iter().for_each(|value| self.node(value, place));
            }
            ExprKind::Comprehension(fold) => {
                let Comprehension { range, init, condition, step, result, .. } = &**fold;
                for part in [range, init, condition, step, result] {
                    self.node(part, place);
                }
            }
        }
    }

    fn element_type(&self, expr: &Expr, optional: bool) -> Type {
        let found = self.checked.type_of(expr.id);
        let inner = if optional { found.optional_inner() } else { None };
        inner.unwrap_or(found).clone()
    }

    fn mismatch(&mut self, id: ExprId, expected: &Type, found: &Type) {
        (self.report)(id, format!("expected type '{expected}' but found '{found}'"));
    }

    fn same_items(&mut self, list: &List) {
        let mut first = None;
        for (element, optional) in list.elements.iter().zip(&list.optional) {
            let found = self.element_type(element, *optional);
            match &first {
                None => first = Some(found),
                Some(first) if *first == found => {}
                Some(first) => return self.mismatch(element.id, &first.clone(), &found),
            }
        }
    }

    fn same_entries(&mut self, entries: &[MapEntry]) {
        let mut first: Option<(Type, Type)> = None;
        for entry in entries {
            let key = self.element_type(&entry.key, false);
            let value = self.element_type(&entry.value, entry.optional);
            let Some((first_key, first_value)) = &first else {
                first = Some((key, value));
                continue;
            };
            let (first_key, first_value) = (first_key.clone(), first_value.clone());
            if first_key != key {
                self.mismatch(entry.key.id, &first_key, &key);
            }
            if first_value != value {
                self.mismatch(entry.value.id, &first_value, &value);
            }
        }
    }

    fn call(&mut self, id: ExprId, call: &Call, place: Place) {
        self.literal_argument(call);
        let inner = match &*call.function {
            "format" => {
                self.format(id, call);
                Place::InFormat
            }
            _ => place,
        };
        call.target.iter().chain(&call.args).for_each(|arg| self.node(arg, inner));
    }

    fn literal_argument(&mut self, call: &Call) {
        if self.rules == LiteralRules::Mixing {
            return;
        }
        let Some(Expr { id, kind: ExprKind::Literal(literal), .. }) = call.args.first() else {
            return;
        };
        let good = match (&*call.function, literal) {
            ("duration", Literal::String(text)) => is_duration(text),
            ("timestamp", Literal::String(text)) => is_timestamp(text),
            ("matches", Literal::String(text)) => compile(text).is_ok(),
            ("duration", Literal::Int(_)) => false,
            _ => true,
        };
        if !good {
            (self.report)(*id, format!("invalid {} argument", call.function));
        }
    }

    /// Checks a constant format against a list of arguments.
    fn format(&mut self, id: ExprId, call: &Call) {
        let Some(ExprKind::Literal(Literal::String(text))) = call.target.as_ref().map(|t| &t.kind)
        else {
            return;
        };
        let [Expr { kind: ExprKind::List(list), .. }] = call.args.as_slice() else { return };
        let args = &list.elements;
        let mut used = 0;
        let mut rest = &**text;
        while let Some(next) = format::next_clause(rest) {
            used += 1;
            let problem = match (next, args.get(used - 1)) {
                (Err(problem), _) if problem.is_empty() => {
                    Some((id, "unexpected end of string".to_owned()))
                }
                (_, None) => Some((id, format!("index {} out of range", used - 1))),
                (Err(problem), _) => {
                    Some((id, format!("could not parse formatting clause: {problem}")))
                }
                (Ok((clause, after)), Some(arg)) => {
                    rest = after;
                    self.refused(clause, arg)
                        .map(|(id, problem)| (id, format!("error during formatting: {problem}")))
                }
            };
            if let Some((id, problem)) = problem {
                return (self.report)(id, problem);
            }
        }
        if args.len() > used {
            let message = format!(
                "too many arguments supplied to string.format (expected {used}, got {})",
                args.len()
            );
            (self.report)(id, message);
        }
    }

    /// Returns the argument, or the part of it, that a clause cannot print.
    fn refused(&self, clause: Clause, arg: &Expr) -> Option<(ExprId, String)> {
        let found = self.checked.type_of(arg.id);
        let dialect = self.rules.dialect();
        if !clause.accepts(found, dialect) {
            return Some((arg.id, clause.refusal(found.name(), dialect)));
        }
        if !matches!(clause, Clause::Text) {
            return None;
        }
        match &arg.kind {
            ExprKind::List(list) => {
                list.elements.iter().find_map(|element| self.refused(clause, element))
            }
            ExprKind::Map(entries) => entries
                .iter()
                .flat_map(|entry| [&entry.key, &entry.value])
                .find_map(|part| self.refused(clause, part)),
            _ => None,
        }
    }
}
