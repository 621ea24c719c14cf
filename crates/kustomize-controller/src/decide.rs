//! What a pass does. Every early exit is here.

use flux_api::names::FINALIZER;
use flux_api::{Artifact, DeletionPolicy, InventoryEntry, Kustomization, SourceKind};

use crate::dependency::{self, NotReady};
use crate::expression;
use crate::observe::{Observed, Source, source_key};
use crate::options::{Options, gate};
use crate::report::Outcome;

/// What a pass does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// Nothing but telling.
    Settle(Outcome),
    /// Puts the finalizer on, then decides again.
    AddFinalizer,
    /// Deletes what was applied, if anything, and takes the finalizer off.
    Finalize(Vec<InventoryEntry>),
    /// Builds and applies.
    Apply(Box<Artifact>),
}

/// Tells whether the source can make a difference to the decision.
pub(crate) fn needs_source(kustomization: &Kustomization, options: &Options) -> bool {
    before_source(kustomization, options).is_none()
}

/// Chooses what a pass does.
pub(crate) fn decide(seen: &Observed, options: &Options) -> Decision {
    if let Some(decision) = before_source(&seen.kustomization, options) {
        return decision;
    }
    let artifact = match &seen.source {
        Source::Found(Some(artifact)) => artifact,
        Source::Found(None) => return Decision::Settle(Outcome::ArtifactMissing),
        Source::Missing(error) => return Decision::Settle(Outcome::SourceMissing(error.clone())),
        Source::Unreadable(error) => {
            return Decision::Settle(Outcome::SourceUnreadable(error.clone()));
        }
        // Read whenever it makes a difference.
        Source::NotRead => return Decision::Settle(Outcome::ArtifactMissing),
    };
    for it in &seen.dependencies {
        let revision = artifact.revision.clone();
        match dependency::check(&seen.kustomization, it, &artifact.revision, options) {
            Ok(()) => {}
            Err(NotReady::Yet(message)) => {
                return Decision::Settle(Outcome::DependencyNotReady {
                    message,
                    artifact: artifact.clone(),
                });
            }
            Err(NotReady::Never(message)) => {
                let message = format!("terminal error: {message}");
                return Decision::Settle(Outcome::InvalidExpression { message, revision });
            }
        }
    }
    Decision::Apply(Box::new(artifact.clone()))
}

/// The decisions that the object alone is enough for.
fn before_source(kustomization: &Kustomization, options: &Options) -> Option<Decision> {
    if kustomization.is_deleting() {
        return Some(Decision::Finalize(delete_set(kustomization)));
    }
    if !kustomization.metadata.finalizers.iter().any(|it| it == FINALIZER) {
        return Some(Decision::AddFinalizer);
    }
    if kustomization.spec.suspend {
        return Some(Decision::Settle(Outcome::Suspended));
    }
    if let Err(message) = expression::compile(&kustomization.spec.health_check_exprs) {
        let revision = String::new();
        return Some(Decision::Settle(Outcome::InvalidExpression { message, revision }));
    }
    let decryption = kustomization.spec.decryption.as_ref();
    let by_account = decryption.and_then(|it| it.service_account_name.as_ref());
    if by_account.is_some_and(|it| !it.is_empty()) && !options.gates.is_on(gate::WORKLOAD_IDENTITY)
    {
        return Some(Decision::Settle(Outcome::GateDisabled));
    }
    denied(kustomization, options).map(|message| Decision::Settle(Outcome::AccessDenied(message)))
}

/// Says why the source must not be used, if so.
fn denied(kustomization: &Kustomization, options: &Options) -> Option<String> {
    let (kind, key) = (kustomization.spec.source_ref.kind, source_key(kustomization));
    let source = format!("{}/{key}", kind.as_str());
    if options.no_cross_namespace_refs && key.namespace != kustomization.metadata.namespace {
        return Some(format!(
            "can't access '{source}', cross-namespace references have been blocked"
        ));
    }
    if kind == SourceKind::ExternalArtifact && !options.gates.is_on(gate::EXTERNAL_ARTIFACT) {
        let gate = gate::EXTERNAL_ARTIFACT.name;
        return Some(format!("can't access '{source}', {gate} feature gate is disabled"));
    }
    None
}

/// Returns what is deleted together with a Kustomization.
fn delete_set(kustomization: &Kustomization) -> Vec<InventoryEntry> {
    let policy = kustomization.spec.deletion_policy.unwrap_or_default();
    let wanted = match policy {
        DeletionPolicy::MirrorPrune => kustomization.spec.prune,
        DeletionPolicy::Delete | DeletionPolicy::WaitForTermination => true,
        DeletionPolicy::Orphan => false,
    };
    if kustomization.spec.suspend || !wanted {
        return Vec::new();
    }
    kustomization.status.inventory.as_ref().map(|it| it.entries.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
