//! What everybody is told: conditions, events, the next run. One total match on the outcome.

use std::time::Duration;

use flux_api::conditions::{self, Finding, Writer};
use flux_api::names::condition::{HEALTHY, READY, RECONCILING, STALLED};
use flux_api::names::reason;
use flux_api::{Artifact, Kustomization, Time};
use flux_runtime::{Event, Next, Severity};

use crate::events::{Revisions, event, finished};
use crate::history::{self, Finished};
use crate::options::gate;

/// The condition types that this controller owns.
pub(crate) const OWNED: &[&str] = &[HEALTHY, READY, RECONCILING, STALLED];

const TERMINAL: &str = "Reconciliation failed terminally due to configuration error";

/// What came of a pass.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// Nothing was done, as asked.
    Suspended,
    /// A CEL expression is wrong.
    InvalidExpression { message: String, revision: String },
    /// The object asks for what the operator has not switched on.
    GateDisabled,
    /// The source must not be used.
    AccessDenied(String),
    /// The source is not there.
    SourceMissing(String),
    /// The source could not be read.
    SourceUnreadable(String),
    /// The source has no artifact.
    ArtifactMissing,
    /// The store does not have the artifact.
    ArtifactGone,
    /// Something else must be ready first.
    DependencyNotReady { message: String, artifact: Artifact },
    /// It could not be built, applied, pruned, or is not healthy.
    Failed(Failure),
    /// The wait for health was given up for something newer.
    Canceled { trigger: String, revisions: Revisions },
    /// It is applied, and healthy if that was asked for.
    Applied { revisions: Revisions, finished: Finished },
    /// The object may go.
    Finalized,
    /// What was applied could not be deleted.
    NotPruned(String),
}

/// Why a revision is not applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) reason: &'static str,
    /// What stands in the condition.
    pub(crate) message: String,
    /// What stands in the event, if something else.
    pub(crate) told: Option<String>,
    pub(crate) revisions: Revisions,
    /// The build that failed later on.
    pub(crate) finished: Option<Finished>,
}

/// How far a pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Fetching,
    Building,
    Detecting,
    Checking,
}

/// The moment and the settings that a report depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Time,
    /// How long the pass took.
    pub(crate) took: Duration,
    /// The pause before a missing dependency is looked for again.
    pub(crate) requeue: Duration,
    /// The interval of the object, made a little longer or shorter.
    pub(crate) interval: Duration,
}

/// What follows from an outcome besides the status.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Report {
    pub(crate) events: Vec<Event>,
    pub(crate) next: Next,
}

/// Returns the limit for the health of a Kustomization: never below half a minute.
pub(crate) fn timeout(kustomization: &Kustomization) -> flux_api::Duration {
    const FLOOR: Duration = Duration::from_secs(30);
    let spec = &kustomization.spec;
    let default = || spec.interval.get().saturating_sub(FLOOR);
    spec.timeout.map_or_else(default, flux_api::Duration::get).max(FLOOR).into()
}

/// Returns when a failed pass is repeated.
fn retry(kustomization: &Kustomization) -> Duration {
    kustomization.spec.retry_interval.unwrap_or(kustomization.spec.interval).get()
}

fn writer(object: &mut Kustomization, now: Time) -> Writer<'_> {
    Writer::new(&mut object.status.conditions, object.metadata.generation, now)
}

/// Says how far a pass is.
pub(crate) fn progress(object: &mut Kustomization, step: Step, revision: &str, now: Time) {
    let timeout = timeout(object);
    let what = match step {
        Step::Fetching => "Fetching manifests",
        Step::Building => "Building manifests",
        Step::Detecting => "Detecting drift",
        Step::Checking => "Running health checks",
    };
    let message = format!("{what} for revision {revision} with a timeout of {timeout}");
    let mut to = writer(object, now);
    if step == Step::Checking {
        to.set(HEALTHY, Finding::unknown(reason::PROGRESSING, message.clone()));
    } else {
        to.set(READY, Finding::unknown(reason::PROGRESSING, "Reconciliation in progress"));
    }
    to.reconciling(reason::PROGRESSING, message);
}

/// Says what came of waiting for health; `None` if nothing was waited for.
pub(crate) fn health(object: &mut Kustomization, outcome: Option<Result<&str, &str>>, now: Time) {
    let mut to = writer(object, now);
    match outcome {
        None => to.remove(HEALTHY),
        Some(Ok(message)) => to.set(HEALTHY, Finding::yes(reason::SUCCEEDED, message)),
        Some(Err(message)) => to.set(HEALTHY, Finding::no(reason::HEALTH_CHECK_FAILED, message)),
    }
}

/// Writes an outcome into the status, and says what else follows from it.
pub(crate) fn report(object: &mut Kustomization, outcome: &Outcome, at: Moment) -> Report {
    let mut report = conclude(object, outcome, at);
    finalize_status(object, at.now);
    let is_ready = conditions::is_true(&object.status.conditions, READY);
    if is_ready && !object.spec.suspend {
        report.events.push(finished(object, at.took.into()));
    }
    report
}

fn conclude(object: &mut Kustomization, outcome: &Outcome, at: Moment) -> Report {
    let requeue = flux_api::Duration::new(at.requeue);
    let none = Revisions::default();
    match outcome {
        Outcome::Suspended | Outcome::Finalized => quiet(Next::Await),
        Outcome::NotPruned(error) => quiet(Next::Retry(error.clone())),
        Outcome::InvalidExpression { message, revision } => {
            let message = format!("{TERMINAL}: {message}");
            let revisions = Revisions { revision: revision.clone(), origin: String::new() };
            let report = stall(object, reason::INVALID_CEL_EXPRESSION, &message, at.now);
            object.status.observed_generation = object.metadata.generation;
            report.told(event(object, Severity::Error, &revisions, message))
        }
        Outcome::GateDisabled => {
            let message = format!(
                "to use spec.decryption.serviceAccountName for decryption authentication please \
                 enable the {} feature gate in the controller",
                gate::WORKLOAD_IDENTITY.name
            );
            stall(object, reason::FEATURE_GATE_DISABLED, &message, at.now);
            quiet(Next::Await).told(event(object, Severity::Error, &none, message))
        }
        Outcome::AccessDenied(message) => {
            let report = stall(object, reason::ACCESS_DENIED, message, at.now);
            report.told(event(object, Severity::Error, &none, message))
        }
        Outcome::SourceMissing(message) => {
            not_ready(object, reason::ARTIFACT_FAILED, message, at.now);
            quiet(Next::After(retry(object)))
        }
        Outcome::SourceUnreadable(message) => {
            not_ready(object, reason::ARTIFACT_FAILED, message, at.now);
            quiet(Next::Retry(message.clone()))
        }
        Outcome::ArtifactMissing => {
            let message = format!("Source artifact not found, retrying in {requeue}");
            not_ready(object, reason::ARTIFACT_FAILED, &message, at.now);
            quiet(Next::After(at.requeue))
        }
        Outcome::ArtifactGone => {
            let message = format!("Source is not ready, artifact not found, retrying in {requeue}");
            not_ready(object, reason::ARTIFACT_FAILED, &message, at.now);
            quiet(Next::After(at.requeue))
        }
        Outcome::DependencyNotReady { message, artifact } => {
            not_ready(object, reason::DEPENDENCY_NOT_READY, message, at.now);
            let told = format!("Dependencies do not meet ready condition, retrying in {requeue}");
            let told = event(object, Severity::Info, &revisions(artifact), told);
            quiet(Next::After(at.requeue)).told(told)
        }
        Outcome::Canceled { trigger, revisions } => {
            let message = format!("New reconciliation triggered by {trigger}");
            not_ready(object, reason::HEALTH_CHECK_CANCELED, &message, at.now);
            let told =
                format!("Health checks canceled due to new reconciliation triggered by {trigger}");
            quiet(Next::Now).told(event(object, Severity::Info, revisions, told))
        }
        Outcome::Failed(failure) => failed(object, failure, at),
        Outcome::Applied { revisions, finished } => {
            applied(object, revisions, finished.clone(), at.now);
            quiet(Next::After(at.interval))
        }
    }
}

/// Returns the revisions of an artifact.
pub(crate) fn revisions(artifact: &Artifact) -> Revisions {
    let origin = artifact.metadata.get(flux_api::names::ORIGIN_REVISION);
    Revisions { revision: artifact.revision.clone(), origin: origin.cloned().unwrap_or_default() }
}

fn quiet(next: Next) -> Report {
    Report { events: Vec::new(), next }
}

impl Report {
    fn told(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}

fn not_ready(object: &mut Kustomization, reason: &str, message: &str, now: Time) {
    writer(object, now).set(READY, Finding::no(reason, message));
}

fn stall(object: &mut Kustomization, reason: &str, message: &str, now: Time) -> Report {
    let mut to = writer(object, now);
    to.set(READY, Finding::no(reason, message));
    to.stalled(reason, message);
    quiet(Next::GiveUp(message.to_owned()))
}

fn failed(object: &mut Kustomization, failure: &Failure, at: Moment) -> Report {
    let Failure { reason, message, told, revisions, finished } = failure;
    if let Some(finished) = finished {
        history::note(&mut object.status.history, finished.clone(), reason, at.now);
    }
    not_ready(object, reason, message, at.now);
    let told = event(object, Severity::Error, revisions, told.as_ref().unwrap_or(message));
    quiet(Next::After(retry(object))).told(told)
}

fn applied(object: &mut Kustomization, revisions: &Revisions, finished: Finished, now: Time) {
    let Revisions { revision, origin } = revisions;
    let message = format!("Applied revision: {revision}");
    writer(object, now).set(READY, Finding::yes(reason::RECONCILIATION_SUCCEEDED, message));
    let status = &mut object.status;
    status.last_applied_revision = Some(revision.clone());
    status.last_applied_origin_revision = Some(origin.clone()).filter(|it| !it.is_empty());
    history::note(&mut status.history, finished, reason::RECONCILIATION_SUCCEEDED, now);
}

/// What every pass ends with, whatever came of it.
fn finalize_status(object: &mut Kustomization, now: Time) {
    if let Some(requested) = object.requested_at() {
        object.status.last_handled_reconcile_at = Some(requested.to_owned());
    }
    if conditions::is_true(&object.status.conditions, READY) {
        writer(object, now).remove(RECONCILING);
        object.status.observed_generation = object.metadata.generation;
    }
    let reconciling = conditions::get(&object.status.conditions, RECONCILING);
    let reconciling = reconciling.map(|it| Finding {
        status: it.status,
        reason: reason::PROGRESSING_WITH_RETRY.to_owned(),
        message: it.message.clone(),
    });
    if let Some(finding) = reconciling
        && conditions::is_false(&object.status.conditions, READY)
    {
        writer(object, now).set(RECONCILING, finding);
    }
}

#[cfg(test)]
mod tests;
