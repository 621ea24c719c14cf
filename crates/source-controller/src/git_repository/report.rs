//! From the outcome of a pass to conditions, events and the next run.

use std::collections::BTreeMap;
use std::time::Duration;

use flux_api::conditions::{self, Finding, Summary, Writer};
use flux_api::names::{condition, event, group, reason};
use flux_api::{
    Condition, ConditionStatus, GitRepository, GitRepositoryStatus, ResourceStatus as _, Time,
};
use flux_runtime::{Event, Severity};

use super::decide::differ;
use super::observe::{Observed, Presence};
use super::outcome::{Class, Failure, Mark, Outcome, Stage, Stored, Verified};

/// What Ready sums up, the most telling first.
const SUMMARY: Summary<'static> = Summary {
    types: &[
        condition::STORAGE_OPERATION_FAILED,
        condition::FETCH_FAILED,
        condition::INCLUDE_UNAVAILABLE,
        condition::ARTIFACT_OUTDATED,
        condition::ARTIFACT_IN_STORAGE,
        condition::SOURCE_VERIFIED,
        condition::STALLED,
        condition::RECONCILING,
    ],
    negative: &[
        condition::STORAGE_OPERATION_FAILED,
        condition::FETCH_FAILED,
        condition::INCLUDE_UNAVAILABLE,
        condition::ARTIFACT_OUTDATED,
        condition::STALLED,
        condition::RECONCILING,
    ],
};

/// The conditions that tell of a failure.
const FAILURES: &[&str] =
    &[condition::FETCH_FAILED, condition::INCLUDE_UNAVAILABLE, condition::STORAGE_OPERATION_FAILED];

/// What stands in the status while the work goes on.
pub(super) struct Begun {
    pub(super) status: GitRepositoryStatus,
    /// Whether a person should see it before the work is done.
    pub(super) is_worth_telling: bool,
}

/// What a pass leaves behind.
pub(super) struct Report {
    pub(super) status: GitRepositoryStatus,
    pub(super) events: Vec<Event>,
    pub(super) next: Plan,
}

/// When the object is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// When it changes.
    Await,
    /// After the interval of its spec, more or less.
    Interval(Duration),
    /// After the pause for dependencies.
    Dependency,
    /// Again, after a growing pause. The text says what failed.
    Retry(String),
}

/// Says that work begins, and what is known to be wrong before it.
pub(super) fn begin(seen: &Observed, now: Time) -> Begun {
    let object = &seen.object;
    let mut status = object.status.clone();
    if object.is_deleting() || object.spec.suspend {
        return Begun { status, is_worth_telling: false };
    }
    let generation = object.metadata.generation;
    let mut progress = Progress { writer: Writer::new(&mut status.conditions, generation, now) };
    progress.say("reconciliation in progress");
    let is_new = generation != object.status.observed_generation;
    if is_new {
        let observed = object.status.observed_generation;
        progress.say(&format!("processing object: new generation {observed} -> {generation}"));
    }
    progress.writer.remove(condition::STORAGE_OPERATION_FAILED);
    let is_missing = !matches!(seen.artifact, Presence::Stored);
    if is_missing {
        progress.writer.remove(condition::ARTIFACT_IN_STORAGE);
        progress.drift(match seen.artifact {
            Presence::Gone | Presence::Corrupt(_) => "building artifact: disappeared from storage",
            Presence::None | Presence::Stored => "building artifact",
        });
        status.artifact = None;
    }
    let mut progress = Progress { writer: Writer::new(&mut status.conditions, generation, now) };
    if conditions::is_false(&object.status.conditions, condition::SOURCE_VERIFIED) {
        progress.writer.remove(condition::SOURCE_VERIFIED);
    }
    let mut has_other_includes = false;
    if let (Ok(_), Ok(includes)) = (&seen.access, &seen.includes) {
        progress.writer.remove(condition::INCLUDE_UNAVAILABLE);
        progress.writer.remove(condition::ARTIFACT_OUTDATED);
        has_other_includes = differ(includes, &object.status.included_artifacts);
        if has_other_includes {
            progress
                .drift("building artifact: included artifacts differ from last observed includes");
        }
    }
    let requested = object.requested_at();
    let is_requested =
        requested.is_some() && requested != object.status.last_handled_reconcile_at();
    let is_worth_telling = is_new || is_requested || is_missing || has_other_includes;
    Begun { status, is_worth_telling }
}

/// Writes how far the work is.
struct Progress<'a> {
    writer: Writer<'a>,
}

impl Progress<'_> {
    /// Says that work is going on; Ready stays what it was, if that was known.
    fn say(&mut self, message: &str) {
        self.writer.reconciling(reason::PROGRESSING, message);
        let ready = self.writer.get(condition::READY).map(|ready| ready.status);
        if matches!(ready, None | Some(ConditionStatus::Unknown)) {
            self.writer.set(condition::READY, Finding::unknown(reason::PROGRESSING, message));
        }
    }

    /// Says that what is stored is not what is wanted.
    fn drift(&mut self, message: &str) {
        self.writer.reconciling(reason::PROGRESSING, message);
        self.writer.set(condition::READY, Finding::unknown(reason::PROGRESSING, message));
    }
}

/// Turns the outcome of a pass into what it leaves behind.
pub(super) fn report(
    seen: &Observed,
    begun: GitRepositoryStatus,
    outcome: &Outcome,
    now: Time,
) -> Report {
    let object = &seen.object;
    let generation = object.metadata.generation;
    let mut status = begun;
    record(object, &mut status, outcome);
    let mut writer = Writer::new(&mut status.conditions, generation, now);
    mark(&mut writer, outcome, object);
    let ended = ending(outcome);
    conclude(&mut writer, &ended);
    let has_conditions = !status.conditions.is_empty();
    if ended.is_observed() && has_conditions {
        status.observe_generation(generation);
    }
    if let Some(requested) = object.requested_at() {
        status.handle_reconcile_at(requested);
    }
    let events = events(object, &status, outcome);
    let next = next(object, &status, outcome);
    Report { status, events, next }
}

/// Writes what was stored and seen into the status.
fn record(object: &GitRepository, status: &mut GitRepositoryStatus, outcome: &Outcome) {
    match outcome {
        Outcome::Stored(stored) => {
            let spec = &object.spec;
            status.artifact = Some(stored.artifact.clone());
            status.included_artifacts.clone_from(&stored.includes);
            status.observed_ignore.clone_from(&spec.ignore);
            status.observed_recurse_submodules = spec.recurse_submodules;
            status.observed_include.clone_from(&spec.include);
            status.observed_sparse_checkout.clone_from(&spec.sparse_checkout);
            record_mode(status, stored.verified.as_ref(), object);
        }
        Outcome::UpToDate { verified, .. } => record_mode(status, verified.as_ref(), object),
        Outcome::Finalized { .. } => status.artifact = None,
        Outcome::Suspended
        | Outcome::NotFinalized(_)
        | Outcome::Failed { .. }
        | Outcome::Unchanged { .. } => {}
    }
}

fn record_mode(
    status: &mut GitRepositoryStatus,
    verified: Option<&Verified>,
    object: &GitRepository,
) {
    match (verified, &object.spec.verify) {
        (Some(verified), _) => status.source_verification_mode = Some(verified.mode.clone()),
        (None, None) => status.source_verification_mode = None,
        (None, Some(_)) => {}
    }
}

/// Sets the conditions that the outcome is about.
fn mark(writer: &mut Writer<'_>, outcome: &Outcome, object: &GitRepository) {
    match outcome {
        Outcome::Suspended | Outcome::Finalized { .. } | Outcome::NotFinalized(_) => {}
        Outcome::Failed { failure, stage } => mark_failure(writer, failure, stage, object),
        Outcome::Unchanged { revision } => {
            writer.remove(condition::FETCH_FAILED);
            in_storage(writer, revision);
        }
        Outcome::UpToDate { revision, verified } => {
            writer.remove(condition::FETCH_FAILED);
            writer.remove(condition::ARTIFACT_OUTDATED);
            mark_verified(writer, verified.as_ref(), object);
            in_storage(writer, revision);
        }
        Outcome::Stored(stored) => {
            writer.remove(condition::FETCH_FAILED);
            writer.remove(condition::STORAGE_OPERATION_FAILED);
            writer.remove(condition::ARTIFACT_OUTDATED);
            mark_verified(writer, stored.verified.as_ref(), object);
            in_storage(writer, &stored.artifact.revision);
        }
    }
}

fn in_storage(writer: &mut Writer<'_>, revision: &str) {
    let message = format!("stored artifact for revision '{revision}'");
    writer.set(condition::ARTIFACT_IN_STORAGE, Finding::yes(reason::SUCCEEDED, message));
}

fn mark_verified(writer: &mut Writer<'_>, verified: Option<&Verified>, object: &GitRepository) {
    match (verified, &object.spec.verify) {
        (Some(verified), _) => writer.set(
            condition::SOURCE_VERIFIED,
            Finding::yes(reason::SUCCEEDED, verified.message.clone()),
        ),
        (None, None) => writer.remove(condition::SOURCE_VERIFIED),
        (None, Some(_)) => {}
    }
}

fn mark_failure(writer: &mut Writer<'_>, failure: &Failure, stage: &Stage, object: &GitRepository) {
    if *stage != Stage::Before {
        writer.remove(condition::FETCH_FAILED);
    }
    if let Stage::Accepted(revision) = stage
        && object.status.artifact.as_ref().is_some_and(|a| a.revision != *revision)
    {
        let message = format!("new upstream revision '{revision}'");
        writer.set(condition::ARTIFACT_OUTDATED, Finding::yes(reason::NEW_REVISION, message));
    }
    match failure.mark {
        Mark::Problem(kind) => {
            writer.set(kind, Finding::yes(failure.reason, failure.message.clone()));
        }
        Mark::Unverified => writer
            .set(condition::SOURCE_VERIFIED, Finding::no(failure.reason, failure.message.clone())),
        Mark::Nothing => {}
    }
}

/// How a pass ends, as far as Reconciling and Stalled are concerned.
enum Ending<'a> {
    /// Nothing is left to do.
    Done,
    /// Something is left to do.
    Unfinished,
    /// Nothing can be done.
    Stuck(&'a Failure),
    /// Nothing was to be done.
    Idle,
}

impl Ending<'_> {
    /// Whether the status speaks of the generation.
    fn is_observed(&self) -> bool {
        !matches!(self, Self::Unfinished)
    }
}

fn ending(outcome: &Outcome) -> Ending<'_> {
    match outcome {
        Outcome::Unchanged { .. } | Outcome::UpToDate { .. } | Outcome::Stored(_) => Ending::Done,
        Outcome::Failed { failure, .. } if failure.class == Class::Stall => Ending::Stuck(failure),
        Outcome::Failed { .. } | Outcome::NotFinalized(_) => Ending::Unfinished,
        Outcome::Suspended | Outcome::Finalized { .. } => Ending::Idle,
    }
}

/// Sums everything up in Ready.
fn conclude(writer: &mut Writer<'_>, ending: &Ending<'_>) {
    match ending {
        Ending::Done => {
            writer.remove(condition::RECONCILING);
            writer.remove(condition::STALLED);
        }
        Ending::Stuck(failure) => writer.stalled(failure.reason, failure.message.clone()),
        Ending::Unfinished | Ending::Idle => {
            if matches!(ending, Ending::Unfinished) {
                writer.remove(condition::STALLED);
            }
            let progress = writer.get(condition::RECONCILING).map(|c| c.message.clone());
            if let Some(message) = progress {
                writer.set(
                    condition::RECONCILING,
                    Finding::yes(reason::PROGRESSING_WITH_RETRY, message),
                );
            }
        }
    }
    let unverified = writer
        .get(condition::SOURCE_VERIFIED)
        .filter(|verified| verified.status == ConditionStatus::False);
    let finding = match unverified {
        Some(verified) => Some(Finding::no(&verified.reason, verified.message.clone())),
        None => conditions::summary(&all(writer), SUMMARY),
    };
    if let Some(finding) = finding {
        writer.set(condition::READY, finding);
    }
}

/// Returns what a writer holds, as far as Ready depends on it.
fn all(writer: &Writer<'_>) -> Vec<Condition> {
    SUMMARY.types.iter().filter_map(|kind| writer.get(kind).cloned()).collect()
}

fn events(object: &GitRepository, status: &GitRepositoryStatus, outcome: &Outcome) -> Vec<Event> {
    match outcome {
        Outcome::Suspended => Vec::new(),
        Outcome::Finalized { had_any: false } => Vec::new(),
        Outcome::Finalized { had_any: true } => vec![plain(
            Severity::Trace,
            reason::GARBAGE_COLLECTION_SUCCEEDED,
            "garbage collected artifacts for deleted resource".to_owned(),
        )],
        Outcome::NotFinalized(why) => {
            vec![plain(Severity::Error, reason::GARBAGE_COLLECTION_FAILED, deletion_failed(why))]
        }
        Outcome::Failed { failure, .. } => {
            let severity = match failure.class {
                Class::Retry | Class::Stall => Severity::Error,
                Class::Wait => Severity::Trace,
            };
            vec![plain(severity, failure.reason, failure.message.clone())]
        }
        Outcome::Unchanged { revision } => unchanged(object, status, revision),
        Outcome::UpToDate { revision, verified } => {
            let mut events = proof(verified.as_ref());
            let message = format!("artifact up-to-date with remote revision: '{revision}'");
            events.push(plain(Severity::Trace, reason::ARTIFACT_UP_TO_DATE, message));
            events.extend(recovered(object, status, revision));
            events
        }
        Outcome::Stored(stored) => {
            let mut events = proof(stored.verified.as_ref());
            events.extend(news(object, status, stored));
            events
        }
    }
}

fn plain(severity: Severity, reason: &str, message: String) -> Event {
    Event { severity, reason: reason.to_owned(), message, metadata: BTreeMap::new() }
}

fn deletion_failed(why: &str) -> String {
    format!("garbage collection for deleted resource failed: {why}")
}

fn proof(verified: Option<&Verified>) -> Vec<Event> {
    let event =
        |verified: &Verified| plain(Severity::Trace, reason::SUCCEEDED, verified.message.clone());
    verified.map(event).into_iter().collect()
}

/// An unchanged source is of interest in the cluster only, unless it failed before.
fn unchanged(object: &GitRepository, status: &GitRepositoryStatus, revision: &str) -> Vec<Event> {
    let mut events: Vec<_> = recovered(object, status, revision).into_iter().collect();
    let reference = object.spec.reference.as_ref();
    let has_no_fast_path = reference.is_some_and(|reference| {
        let is_set = |field: &Option<String>| field.as_ref().is_some_and(|text| !text.is_empty());
        let is_by_name = is_set(&reference.name) || is_set(&reference.tag);
        is_set(&reference.commit) || (is_set(&reference.semver) && !is_by_name)
    });
    events.push(if has_no_fast_path {
        let message = format!("artifact up-to-date with remote revision: '{revision}'");
        plain(Severity::Trace, reason::ARTIFACT_UP_TO_DATE, message)
    } else {
        let message =
            format!("no changes since last reconciliation: observed revision '{revision}'");
        plain(Severity::Trace, reason::GIT_OPERATION_SUCCEEDED, message)
    });
    events
}

/// Tells that a source that failed is well again, although nothing new came.
fn recovered(
    object: &GitRepository,
    status: &GitRepositoryStatus,
    revision: &str,
) -> Option<Event> {
    let failed = |conditions: &[Condition]| {
        FAILURES.iter().any(|kind| conditions::is_true(conditions, kind))
    };
    let is_well_again = failed(&object.status.conditions) && !failed(&status.conditions);
    is_well_again.then(|| {
        let message = format!("stored artifact for commit '{revision}'");
        Event { metadata: facts(status), ..plain(Severity::Info, reason::SUCCEEDED, message) }
    })
}

/// Tells that there is a new artifact, if its bytes are new.
fn news(object: &GitRepository, status: &GitRepositoryStatus, stored: &Stored) -> Option<Event> {
    let old = object.status.artifact.as_ref().map(|artifact| artifact.digest.as_str());
    if old == Some(stored.artifact.digest.as_str()) {
        return recovered(object, status, &stored.subject);
    }
    let message = format!("stored artifact for commit '{}'", stored.subject);
    let event = plain(Severity::Info, reason::NEW_ARTIFACT, message);
    Some(Event { metadata: facts(status), ..event })
}

fn facts(status: &GitRepositoryStatus) -> BTreeMap<String, String> {
    let Some(artifact) = &status.artifact else { return BTreeMap::new() };
    let key = |name: &str| format!("{}/{name}", group::SOURCE);
    BTreeMap::from([
        (key(event::REVISION), artifact.revision.clone()),
        (key(event::DIGEST), artifact.digest.clone()),
    ])
}

fn next(object: &GitRepository, status: &GitRepositoryStatus, outcome: &Outcome) -> Plan {
    match outcome {
        Outcome::Suspended | Outcome::Finalized { .. } => Plan::Await,
        Outcome::NotFinalized(why) => Plan::Retry(deletion_failed(why)),
        Outcome::Failed { failure, .. } => match failure.class {
            Class::Retry => Plan::Retry(failure.message.clone()),
            Class::Stall => Plan::Await,
            Class::Wait => Plan::Dependency,
        },
        Outcome::Unchanged { .. } | Outcome::UpToDate { .. } | Outcome::Stored(_) => {
            // Should never differ; a source that is not ready must not sleep for an hour.
            match conditions::get(&status.conditions, condition::READY) {
                Some(ready) if ready.status != ConditionStatus::True => {
                    Plan::Retry(ready.message.clone())
                }
                _ => Plan::Interval(object.spec.interval.get()),
            }
        }
    }
}
