//! Rules on values.

use std::collections::HashMap;

use flux_cel::{ErrorKind, EvalError, Evaluation, Program, Value as CelValue, Variables};
use serde_json::Value;

use super::{Compiled, Node};
use crate::field::{FieldError, FieldErrorKind, Path};
use crate::schema::Rule;
use crate::validate::Correlation;

/// What one run of a rule may cost.
pub(crate) const CALL_LIMIT: u64 = 1_000_000;
/// What all rules on one object may cost.
const BUDGET: u64 = 10_000_000;
/// The longest message that an expression may make, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;
const EXHAUSTED: &str =
    "validation failed due to running out of cost budget, no further validation rules will be run";

/// What rules found wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuleFindings {
    /// What is wrong.
    pub errors: Vec<FieldError>,
    /// What is wrong and was wrong before.
    pub excused: Vec<FieldError>,
}

/// A value and what it was before.
#[derive(Clone, Copy)]
pub(super) struct Pair<'v> {
    pub(super) value: &'v Value,
    pub(super) old: Option<&'v Value>,
}

/// How much of the surroundings of a value changed.
#[derive(Clone, Copy, Default)]
pub(super) struct Ratchet<'a> {
    pub(super) current: Option<&'a Correlation<'a>>,
    pub(super) parent: Option<&'a Correlation<'a>>,
}

impl Ratchet<'_> {
    fn excuses(&self) -> bool {
        self.current.or(self.parent).is_some_and(Correlation::is_unchanged)
    }
}

/// One run over an object, until the budget is spent.
pub(super) struct Run {
    budget: u64,
    stopped: bool,
    findings: RuleFindings,
}

impl Default for Run {
    fn default() -> Self {
        Self { budget: BUDGET, stopped: false, findings: RuleFindings::default() }
    }
}

impl Run {
    pub(super) fn into_findings(self) -> RuleFindings {
        self.findings
    }

    pub(super) fn node(&mut self, node: &Node, path: &Path<'_>, pair: Pair<'_>, at: Ratchet<'_>) {
        if pair.value.is_null() || self.stopped {
            return;
        }
        self.rules(node, path, pair, at);
        for part in &node.all_of {
            self.node(part, path, pair, Ratchet { current: None, parent: at.parent });
        }
        match pair.value {
            Value::Array(items) => self.items(node, path, (items, pair.old), at),
            Value::Object(map) => {
                let old = |key: &str| pair.old.and_then(|old| old.get(key));
                if let Some(values) = &node.values {
                    for (key, value) in map {
                        let pair = Pair { value, old: old(key) };
                        self.member(values, &path.key(key), pair, (key, at));
                    }
                }
                for (key, field) in &node.fields {
                    let Some(value) = map.get(&**key) else { continue };
                    let pair = Pair { value, old: old(key) };
                    self.member(field, &path.child(key), pair, (key, at));
                }
            }
            _ => {}
        }
    }

    fn member(
        &mut self,
        node: &Node,
        path: &Path<'_>,
        pair: Pair<'_>,
        (key, at): (&str, Ratchet<'_>),
    ) {
        let Some(current) = at.current else { return self.node(node, path, pair, at) };
        if at.parent.is_none() && matches!(key, "apiVersion" | "kind") {
            return self.node(node, path, pair, Ratchet::default());
        }
        let own = current.key(key);
        self.node(node, path, pair, Ratchet { current: own.as_ref(), parent: Some(current) });
    }

    fn items(
        &mut self,
        node: &Node,
        path: &Path<'_>,
        (items, old): (&[Value], Option<&Value>),
        at: Ratchet<'_>,
    ) {
        let Some(item) = &node.items else { return };
        let old = KeyedItems::new(&node.keys, old);
        for (index, value) in items.iter().enumerate() {
            let pair = Pair { value, old: old.get(value) };
            let path = path.index(index);
            let Some(current) = at.current else {
                self.node(item, &path, pair, at);
                continue;
            };
            let own = current.index(index);
            let at = Ratchet { current: own.as_ref(), parent: Some(current) };
            self.node(item, &path, pair, at);
        }
    }

    fn rules(&mut self, node: &Node, path: &Path<'_>, pair: Pair<'_>, at: Ratchet<'_>) {
        let type_name = match node.is_root {
            true => "object",
            false => &node.type_name,
        };
        let place = Place { path, type_name, pair, at };
        if let Some(failure) = node.failure {
            self.fail(&place, format!("rule compiler initialization error: {failure}"));
            return;
        }
        let Some(view) = node.view.as_deref().filter(|_| !node.rules.is_empty()) else { return };
        if self.budget == 0 {
            self.fail(&place, EXHAUSTED.to_owned());
            self.stopped = true;
            return;
        }
        let values = Values {
            own: CelValue::from_json(pair.value, Some(view)),
            old: pair
                .old
                .filter(|old| !old.is_null())
                .map(|old| CelValue::from_json(old, Some(view))),
        };
        for rule in &node.rules {
            self.rule(rule, &values, &place);
            if self.stopped {
                return;
            }
        }
    }

    fn rule(&mut self, compiled: &Compiled, values: &Values<'_>, place: &Place<'_>) {
        let program = match &compiled.program {
            None => return,
            Some(Err(error)) => {
                return self.fail(place, format!("rule compile error: {error}"));
            }
            Some(Ok(program)) => program,
        };
        let is_optional = compiled.rule.optional_old_self == Some(true);
        if values.old.is_none() && !is_optional && compiled.uses_old_self() {
            return;
        }
        let text = rule_text(&compiled.rule);
        let variables = Scope { values, is_optional };
        let Evaluation { outcome, cost } = program.evaluate_within(&variables, CALL_LIMIT);
        if cost > self.budget {
            self.fail(place, EXHAUSTED.to_owned());
            self.stopped = true;
            return;
        }
        self.budget -= cost;
        match outcome {
            Ok(value) if value.as_bool() == Some(true) => {}
            Ok(_) => self.broken(compiled, values, place),
            Err(error) => self.erred(&error, text, place),
        }
    }

    fn erred(&mut self, error: &EvalError, rule: &str, place: &Place<'_>) {
        let detail = match error.kind() {
            ErrorKind::Budget => {
                self.stopped = true;
                format!(
                    "'{error}': no further validation rules will be run due to call cost exceeds \
                     limit for rule: {rule}"
                )
            }
            _ if error.to_string().starts_with("no such overload") => format!(
                "'{error}': call arguments did not match a supported operator, function or macro \
                 signature for rule: {rule}"
            ),
            _ => format!("{error} evaluating rule: {rule}"),
        };
        self.fail(place, detail);
    }

    /// Reports that a rule does not hold.
    fn broken(&mut self, compiled: &Compiled, values: &Values<'_>, place: &Place<'_>) {
        let excused = !compiled.uses_old_self() && place.at.excuses();
        let field = match &compiled.field {
            Some(own) => place.path.child(own).to_string(),
            None => place.path.to_string(),
        };
        let detail = match &compiled.message {
            Some(Ok(program)) => {
                let variables = Scope { values, is_optional: false };
                self.message(program, &compiled.rule.message_expression, &variables)
            }
            _ => Ok(None),
        };
        let error = match detail {
            Err(detail) => {
                self.stopped = true;
                FieldError::invalid(field, &Value::from(place.type_name), detail)
            }
            Ok(own) => {
                let detail = own.unwrap_or_else(|| message_of(&compiled.rule));
                error_for(&compiled.rule, field, shown(place), detail)
            }
        };
        match excused {
            true => self.findings.excused.push(error),
            false => self.findings.errors.push(error),
        }
    }

    /// Makes a message; `None` if the expression makes none, an error if no rule may run any more.
    fn message(
        &mut self,
        program: &Program,
        expression: &str,
        variables: &Scope<'_, '_>,
    ) -> Result<Option<String>, String> {
        let Evaluation { outcome, cost } = program.evaluate_within(variables, CALL_LIMIT);
        if cost > self.budget {
            return Err("messageExpression evaluation failed due to running out of cost budget, \
                        no further validation rules will be run"
                .to_owned());
        }
        if matches!(&outcome, Err(error) if error.kind() == ErrorKind::Budget) {
            return Err(format!(
                "no further validation rules will be run due to call cost exceeds limit for \
                 messageExpression: {}",
                crate::field::quote(expression)
            ));
        }
        self.budget -= cost;
        let text = outcome.ok().and_then(|value| value.as_str().map(|text| text.trim().to_owned()));
        let is_fit = |text: &String| {
            !text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n')
        };
        Ok(text.filter(is_fit))
    }

    fn fail(&mut self, place: &Place<'_>, detail: String) {
        let error = FieldError::invalid(place.path, &Value::from(place.type_name), detail);
        self.findings.errors.push(error);
    }
}

/// Where rules run.
struct Place<'a> {
    path: &'a Path<'a>,
    type_name: &'a str,
    pair: Pair<'a>,
    at: Ratchet<'a>,
}

/// Returns the value as errors print it; objects and lists are not printed.
fn shown(place: &Place<'_>) -> Option<String> {
    match place.type_name {
        "object" | "array" => None,
        _ => Some(crate::field::value_text(place.pair.value)),
    }
}

fn error_for(rule: &Rule, field: String, value: Option<String>, detail: String) -> FieldError {
    let error = |kind, value, detail| FieldError { kind, field, value, detail };
    match rule.reason.as_deref() {
        Some("FieldValueForbidden") => error(FieldErrorKind::Forbidden, None, detail),
        Some("FieldValueRequired") => error(FieldErrorKind::Required, None, detail),
        Some("FieldValueDuplicate") => error(FieldErrorKind::Duplicate, value, String::new()),
        _ => error(FieldErrorKind::Invalid, value, detail),
    }
}

fn rule_text(rule: &Rule) -> &str {
    match rule.message.as_str() {
        "" => rule.rule.trim(),
        message => message.trim(),
    }
}

fn message_of(rule: &Rule) -> String {
    match rule.message.as_str() {
        "" => format!("failed rule: {}", rule.rule.trim()),
        message => message.trim().to_owned(),
    }
}

/// The values that rules see.
struct Values<'v> {
    own: Result<CelValue<'v>, EvalError>,
    old: Option<Result<CelValue<'v>, EvalError>>,
}

/// The variables of a rule.
struct Scope<'s, 'v> {
    values: &'s Values<'v>,
    /// Whether `oldSelf` is an optional value.
    is_optional: bool,
}

impl<'v> Variables<'v> for Scope<'_, 'v> {
    fn get(&self, name: &str) -> Option<Result<CelValue<'v>, EvalError>> {
        match (name, &self.values.old, self.is_optional) {
            ("self", ..) => Some(self.values.own.clone()),
            ("oldSelf", Some(old), false) => Some(old.clone()),
            ("oldSelf", Some(Ok(old)), true) => Some(Ok(CelValue::some(old.clone()))),
            ("oldSelf", Some(Err(error)), true) => Some(Err(error.clone())),
            ("oldSelf", None, true) => Some(Ok(CelValue::Optional(None))),
            _ => None,
        }
    }
}

/// The items of an old list by their keys.
struct KeyedItems<'v> {
    keys: &'v [Box<str>],
    items: HashMap<String, &'v Value>,
}

impl<'v> KeyedItems<'v> {
    fn new(keys: &'v [Box<str>], old: Option<&'v Value>) -> Self {
        let mut items = HashMap::new();
        if let Some(old) = old.and_then(Value::as_array).filter(|_| !keys.is_empty()) {
            for item in old {
                if let Some(key) = key_of(keys, item) {
                    items.entry(key).or_insert(item);
                }
            }
        }
        Self { keys, items }
    }

    fn get(&self, item: &Value) -> Option<&'v Value> {
        self.items.get(&key_of(self.keys, item)?).copied()
    }
}

fn key_of(keys: &[Box<str>], item: &Value) -> Option<String> {
    let item = item.as_object()?;
    let mut text = String::new();
    for key in keys {
        text.push_str(&item.get(&**key).unwrap_or(&Value::Null).to_string());
        text.push('\n');
    }
    Some(text)
}
