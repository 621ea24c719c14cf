//! Whether what must be ready first is.

use flux_api::names::condition::READY;
use flux_api::{Kustomization, KustomizationSpec, Resource, conditions};

use crate::expression::{self, ReadyError};
use crate::observe::{Dependency, source_key};
use crate::options::{Options, gate};

/// Why a Kustomization must wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    /// The dependency is not ready yet.
    Yet(String),
    /// What was asked for can never come true.
    Never(String),
}

/// Checks one dependency of a Kustomization whose source is at `revision`.
pub(crate) fn check(
    own: &Kustomization,
    dependency: &Dependency,
    revision: &str,
    options: &Options,
) -> Result<(), NotReady> {
    let Dependency { reference, key, found } = dependency;
    let yet = |message: String| Err(NotReady::Yet(message));
    let object = match found {
        Ok(object) => object,
        Err(error) => return yet(format!("dependency '{key}' not found: {error}")),
    };
    if let Some(expression) = reference.ready_expr.as_deref().filter(|it| !it.is_empty()) {
        match expression::is_ready(expression, own, object) {
            Ok(true) => {}
            Ok(false) => {
                return yet(format!("dependency '{key}' is not ready according to readyExpr eval"));
            }
            Err(ReadyError::Invalid(error)) => {
                let name = &reference.name;
                let message = format!("failed to evaluate dependency {name}: {error}");
                return Err(NotReady::Never(message));
            }
            Err(ReadyError::Failed(error)) => return yet(error),
        }
        if !options.gates.is_on(gate::ADDITIVE_CHECK) {
            return Ok(());
        }
    }
    let Ok(found) = Resource::<KustomizationSpec>::from_object(object) else {
        return yet(format!("dependency '{key}' is not ready"));
    };
    let is_observed = found.metadata.generation == found.status.observed_generation;
    if !is_observed || !conditions::is_true(&found.status.conditions, READY) {
        return yet(format!("dependency '{key}' is not ready"));
    }
    let shares_source = found.spec.source_ref.kind == own.spec.source_ref.kind
        && source_key(&found) == source_key(own);
    if shares_source && found.status.last_applied_revision.as_deref() != Some(revision) {
        return yet(format!("dependency '{key}' revision is not up to date"));
    }
    Ok(())
}
