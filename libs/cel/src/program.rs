//! Expressions that are ready to run.

use serde_json::Value as Json;

use crate::cost::CostRange;
use crate::error::EvalError;
use crate::eval::Machine;
use crate::plan::Plan;
use crate::types::Type;
use crate::value::Value;

/// How many steps a run may take where the caller sets no budget.
const DEFAULT_STEPS: u64 = 10_000_000;

/// An expression that is ready to run, any number of times and from any thread.
pub struct Program {
    plan: Plan,
    output_type: Type,
    cost: CostRange,
}

/// What running an expression came to.
#[derive(Clone, Debug)]
pub struct Evaluation<'v> {
    /// The value, or why there is none.
    pub outcome: Result<Value<'v>, EvalError>,
    /// What it cost.
    pub cost: u64,
}

/// Gives an expression the values of its variables.
pub trait Variables<'v> {
    /// Returns a variable; `None` if there is none of that name.
    fn get(&self, name: &str) -> Option<Result<Value<'v>, EvalError>>;
}

/// The fields of an object are variables.
impl<'v> Variables<'v> for &'v serde_json::Map<String, Json> {
    fn get(&self, name: &str) -> Option<Result<Value<'v>, EvalError>> {
        let map: &'v serde_json::Map<String, Json> = self;
        map.get(name).map(|json| Value::from_json(json, None))
    }
}

/// Named values are variables.
impl<'v, const N: usize> Variables<'v> for [(&str, Value<'v>); N] {
    fn get(&self, name: &str) -> Option<Result<Value<'v>, EvalError>> {
        self.iter().find(|(own, _)| *own == name).map(|(_, value)| Ok(value.clone()))
    }
}

impl Program {
    pub(crate) fn new(plan: Plan, output_type: Type, cost: CostRange) -> Self {
        Self { plan, output_type, cost }
    }

    /// Returns the type of the result; `dyn` for an unchecked expression.
    pub fn output_type(&self) -> &Type {
        &self.output_type
    }

    /// Returns what running the expression costs, by the sizes that schemas allow.
    ///
    /// Nothing is known of an unchecked expression.
    pub fn estimated_cost(&self) -> CostRange {
        self.cost
    }

    /// Tells whether the expression reads a variable.
    pub fn reads(&self, variable: &str) -> bool {
        self.plan.variables.iter().any(|own| **own == *variable)
    }

    /// Runs the expression and counts what it costs, as the API server does; past `limit` it ends
    /// with an error of the kind [`ErrorKind::Budget`](crate::ErrorKind::Budget).
    pub fn evaluate_within<'v>(&self, variables: &dyn Variables<'v>, limit: u64) -> Evaluation<'v> {
        let mut machine = Machine::new(&self.plan, variables, DEFAULT_STEPS);
        machine.limit_cost(limit);
        let outcome = machine.run();
        Evaluation { outcome, cost: machine.cost() }
    }

    /// Runs the expression.
    ///
    /// # Errors
    /// In cel-go's words; also if it takes more steps than any honest expression does.
    pub fn evaluate<'v>(&self, variables: &dyn Variables<'v>) -> Result<Value<'v>, EvalError> {
        Machine::new(&self.plan, variables, DEFAULT_STEPS).run()
    }
}
