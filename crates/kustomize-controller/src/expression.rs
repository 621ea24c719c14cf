//! User expressions: custom health checks and readiness of dependencies.

use std::collections::BTreeMap;

use flux_api::{CustomHealthCheck, Kustomization};
use flux_cel::{Expression, ExpressionError, Type, Value};
use flux_health::{Status, Verdict};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::Map;

/// Custom health checks that are ready for use, by group and kind; the kind is empty where all
/// kinds of the group are meant.
#[derive(Default)]
pub(crate) struct Checks {
    by_kind: BTreeMap<(String, String), Check>,
}

impl std::fmt::Debug for Checks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.by_kind.keys()).finish()
    }
}

/// The expressions of one check, in the order in which they are asked.
struct Check {
    expressions: Vec<(Status, Expression)>,
}

/// Why a dependency's expression gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadyError {
    /// The expression is wrong.
    Invalid(String),
    /// The expression failed on these objects.
    Failed(String),
}

/// Prepares custom health checks; an error is for the user.
pub(crate) fn compile(checks: &[CustomHealthCheck]) -> Result<Checks, String> {
    let mut by_kind = BTreeMap::new();
    for (n, check) in checks.iter().enumerate() {
        let kind = check.kind.as_deref().unwrap_or_default();
        let gvk = GroupVersionKind::from_api_version(&check.api_version, kind);
        let prepared = prepare(check).map_err(|error| {
            format!("failed to create custom status evaluator for healthchecks[{n}]: {error}")
        });
        let key = (gvk.group, gvk.kind);
        if by_kind.contains_key(&key) {
            let (group, kind) = key;
            let shown = if group.is_empty() { kind } else { format!("{kind}.{group}") };
            return Err(format!(
                "duplicate custom health check for GroupKind {shown} at healthchecks[{n}]"
            ));
        }
        by_kind.insert(key, prepared?);
    }
    Ok(Checks { by_kind })
}

fn prepare(check: &CustomHealthCheck) -> Result<Check, String> {
    if check.current.is_empty() {
        return Err("expression Current not specified".to_owned());
    }
    let parse = |name: &str, text: &str| {
        Expression::parse(text).map_err(|e| format!("failed to parse the expression {name}: {e}"))
    };
    let optional = |name: &str, text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty());
        text.map(|text| parse(name, text)).transpose()
    };
    // Errors come in this order, evaluation in the reverse one.
    let current = parse("Current", &check.current)?;
    let failed = optional("Failed", &check.failed)?;
    let in_progress = optional("InProgress", &check.in_progress)?;
    let expressions = [
        in_progress.map(|it| (Status::InProgress, it)),
        failed.map(|it| (Status::Failed, it)),
        Some((Status::Current, current)),
    ];
    Ok(Check { expressions: expressions.into_iter().flatten().collect() })
}

impl Checks {
    /// Judges an object if a check is about it.
    pub(crate) fn judge(&self, object: &Object) -> Option<Verdict> {
        let gvk = object.gvk();
        let own = self.by_kind.get(&(gvk.group.clone(), gvk.kind));
        let check = own.or_else(|| self.by_kind.get(&(gvk.group, String::new())))?;
        Some(check.judge(object).unwrap_or_else(|error| Verdict::unknown(error.to_string())))
    }
}

impl Check {
    fn judge(&self, object: &Object) -> Result<Verdict, ExpressionError> {
        let number = |pointer| object.pointer(pointer).and_then(serde_json::Value::as_i64);
        let observed = number("/status/observedGeneration");
        let generation = number("/metadata/generation");
        if observed.zip(generation).is_some_and(|(observed, generation)| observed != generation) {
            return Ok(verdict(Status::InProgress));
        }
        let nothing = Map::new();
        let fields = object.as_value().as_object().unwrap_or(&nothing);
        for (status, expression) in &self.expressions {
            if expression.evaluate_bool(&fields)? {
                return Ok(verdict(*status));
            }
        }
        Ok(verdict(Status::InProgress))
    }
}

fn verdict(status: Status) -> Verdict {
    Verdict { status, message: String::new(), condition: None }
}

/// Evaluates the expression of a dependency on the object that depends and the one depended on.
pub(crate) fn is_ready(
    expression: &str,
    own: &Kustomization,
    dependency: &Object,
) -> Result<bool, ReadyError> {
    let compiled = Expression::compile(expression, &["self", "dep"], Some(Type::Bool))
        .map_err(|error| ReadyError::Invalid(error.to_string()))?;
    let own = serde_json::to_value(own).map_err(|e| ReadyError::Failed(e.to_string()))?;
    let value =
        |json| Value::from_json(json, None).map_err(|error| ReadyError::Failed(error.to_string()));
    let variables = [("self", value(&own)?), ("dep", value(dependency.as_value())?)];
    compiled.evaluate_bool(&variables).map_err(|error| ReadyError::Failed(error.to_string()))
}

#[cfg(test)]
mod tests;
