//! User expressions: custom health checks and readiness of dependencies.

use flux_api::{CustomHealthCheck, Kustomization};
use flux_health::Verdict;
use flux_manifest::Object;

/// Custom health checks that are ready for use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checks;

/// Why a dependency's expression gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReadyError {
    /// The expression is wrong.
    Invalid(String),
    /// The expression failed on these objects.
    #[allow(dead_code, reason = "no expression can be evaluated yet")]
    Failed(String),
}

/// Prepares custom health checks; an error is for the user.
pub(crate) fn compile(checks: &[CustomHealthCheck]) -> Result<Checks, String> {
    match checks.first() {
        None => Ok(Checks),
        Some(_) => Err("expressions are not supported yet".to_owned()),
    }
}

impl Checks {
    /// Judges an object if a check is about it.
    pub(crate) fn judge(&self, _object: &Object) -> Option<Verdict> {
        None
    }
}

/// Evaluates the expression of a dependency.
pub(crate) fn is_ready(
    _expression: &str,
    _own: &Kustomization,
    _dependency: &Object,
) -> Result<bool, ReadyError> {
    Err(ReadyError::Invalid("expressions are not supported yet".to_owned()))
}
