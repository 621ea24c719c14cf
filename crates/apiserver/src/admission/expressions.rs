//! The expressions of policies and of match conditions.

use std::collections::BTreeMap;
use std::sync::Arc;

use flux_cel::{
    CompileError, Env, EvalError, Key, Map, Program, Type, Value as CelValue, Variables,
};
use serde_json::Value;

/// What all expressions of one policy together may cost.
pub(super) const BUDGET: u64 = 10_000_000;

/// Returns what expressions of admission can name.
pub(crate) fn environment(has_params: bool) -> Env {
    let names = ["object", "oldObject", "request", "namespaceObject", "variables"];
    let env = names.iter().fold(Env::kubernetes(), |env, name| env.with_variable(name, Type::Dyn));
    if has_params { env.with_variable("params", Type::Dyn) } else { env }
}

/// Returns what is wrong with an expression that is to have a value of one of `types`.
pub(crate) fn compile_error(env: &Env, text: &str, types: &[Type]) -> Option<String> {
    compile(env, text, types).err()
}

pub(super) fn compile(env: &Env, text: &str, types: &[Type]) -> Result<Program, String> {
    let program = env.compile(text).map_err(|error| match error {
        CompileError::Issues(issues) => format!("compilation failed: {issues}"),
        CompileError::Program(why) => format!("instantiation failed: {why}"),
    })?;
    if types.is_empty() || types.contains(program.output_type()) {
        return Ok(program);
    }
    let names: Vec<String> = types.iter().map(Type::full_name).collect();
    Err(match names.as_slice() {
        [one] => format!("must evaluate to {one}"),
        several => format!("must evaluate to one of {}", several.join(" ")),
    })
}

/// The values that expressions are about.
pub(super) struct Values<'v> {
    pub(super) object: &'v Value,
    pub(super) old_object: &'v Value,
    pub(super) request: &'v Value,
    pub(super) params: &'v Value,
    pub(super) namespace: &'v Value,
    /// What was composed so far.
    pub(super) variables: BTreeMap<Key, CelValue<'v>>,
    /// Variables without a value, with the reason.
    pub(super) failed: BTreeMap<String, String>,
}

impl<'v> Variables<'v> for Values<'v> {
    fn get(&self, name: &str) -> Option<Result<CelValue<'v>, EvalError>> {
        let json = match name {
            "object" => self.object,
            "oldObject" => self.old_object,
            "request" => self.request,
            "params" => self.params,
            "namespaceObject" => self.namespace,
            "variables" => {
                let map = Map::Owned(Arc::new(self.variables.clone()));
                return Some(Ok(CelValue::Map(map)));
            }
            _ => return None,
        };
        Some(CelValue::from_json(json, None))
    }
}

impl<'v> Values<'v> {
    /// Runs an expression within what is left of the budget.
    pub(super) fn run(&self, program: &Program, budget: &mut u64) -> Result<CelValue<'v>, String> {
        let evaluation = program.evaluate_within(self, *budget);
        *budget = budget.saturating_sub(evaluation.cost);
        evaluation.outcome.map_err(|error| {
            let text = error.to_string();
            let key = text.strip_prefix("no such key: ");
            match key.and_then(|key| Some((key, self.failed.get(key)?))) {
                Some((name, why)) => {
                    format!("composited variable \"{name}\" fails to evaluate: {why}")
                }
                None => text,
            }
        })
    }

    /// Computes a variable for the expressions that follow.
    pub(super) fn compose(
        &mut self,
        name: &str,
        program: &Result<Program, String>,
        budget: &mut u64,
    ) {
        let value = match program {
            Ok(program) => self.run(program, budget),
            Err(why) => Err(why.clone()),
        };
        match value {
            Ok(value) => {
                if let Some(key) = Key::of(&CelValue::string(name)) {
                    self.variables.insert(key, value);
                }
            }
            Err(why) => {
                self.failed.insert(name.to_owned(), why);
            }
        }
    }
}

/// A condition of a policy or webhook.
pub(super) struct Condition {
    pub(super) name: String,
    pub(super) program: Result<Program, String>,
}

impl Condition {
    pub(super) fn list(env: &Env, value: &Value) -> Vec<Self> {
        let list = value.get("matchConditions").and_then(Value::as_array);
        let list = list.into_iter().flatten().map(|one| Self {
            name: crate::meta::text(one, "/name").to_owned(),
            program: compile(env, crate::meta::text(one, "/expression"), &[Type::Bool]),
        });
        list.collect()
    }

    /// Tells whether all conditions hold; one that does not outweighs one that fails.
    ///
    /// # Errors
    /// What failed.
    pub(super) fn all_hold(
        conditions: &[Self],
        values: &Values<'_>,
        budget: &mut u64,
    ) -> Result<bool, String> {
        let mut failures = Vec::new();
        for one in conditions {
            let outcome = match &one.program {
                Ok(program) => values.run(program, budget),
                Err(why) => Err(why.clone()),
            };
            match outcome.map(|value| value.as_bool()) {
                Ok(Some(true)) => {}
                Ok(_) => return Ok(false),
                Err(why) => failures.push(format!("match condition \"{}\": {why}", one.name)),
            }
        }
        match failures.as_slice() {
            [] => Ok(true),
            [one] => Err(one.clone()),
            several => Err(format!("[{}]", several.join(", "))),
        }
    }
}
