//! From the outcome of a pass to conditions, events and the next run.

use std::collections::BTreeMap;
use std::time::Duration;

use flux_api::conditions::{self, Finding, Summary, Writer};
use flux_api::names::{condition, event, group, reason};
use flux_api::{Condition, ConditionStatus, Definition, Resource, ResourceStatus as _, Time};
use flux_artifact::Store;
use flux_runtime::{Event, Severity};

use super::outcome::{Class, Failed, Failure, Mark, Outcome, Progress, Verified, trace};
use super::{Presence, Rules, Seen, Source, SourceStatus as _};

type Status<S> = <<S as Source>::Spec as Definition>::Status;

/// What stands in the status while the work goes on.
pub(super) struct Begun<S: Source> {
    pub(super) status: Status<S>,
    /// Whether a person should see it before the work is done.
    pub(super) is_worth_telling: bool,
}

/// What a pass leaves behind.
pub(super) struct Report<S: Source> {
    pub(super) status: Status<S>,
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
    /// Again, after a growing pause. The text says what failed.
    Retry(String),
}

/// Says that work begins, and what is known to be wrong before it.
pub(super) fn begin<S: Source>(seen: &Seen<S::Spec>, store: &Store, now: Time) -> Begun<S> {
    let object = &seen.object;
    let mut status = object.status.clone();
    if object.is_deleting() || S::settings(&object.spec).is_suspended {
        return Begun { status, is_worth_telling: false };
    }
    let generation = object.metadata.generation;
    let observed = object.status.observed_generation().unwrap_or_default();
    let is_missing = !matches!(seen.artifact, Presence::Stored);
    if is_missing {
        *status.artifact_mut() = None;
        *status.url_mut() = None;
    } else if let Some(artifact) = status.artifact_mut() {
        store.refresh_url(artifact);
        let latest = store.link_url(artifact, S::RULES.latest);
        status.url_mut().as_mut().into_iter().for_each(|url| url.clone_from(&latest));
    }
    let mut writer = Writer::new(status.conditions_mut(), generation, now);
    say(&mut writer, "reconciliation in progress");
    let is_new = generation != observed;
    if is_new {
        let message = format!("processing object: new generation {observed} -> {generation}");
        say(&mut writer, &message);
    }
    if S::RULES.forgets_storage_failures {
        writer.remove(condition::STORAGE_OPERATION_FAILED);
    }
    if is_missing {
        writer.remove(condition::ARTIFACT_IN_STORAGE);
        drift(
            &mut writer,
            match seen.artifact {
                Presence::Gone | Presence::Corrupt(_) => {
                    "building artifact: disappeared from storage"
                }
                Presence::None | Presence::Stored => "building artifact",
            },
        );
    }
    if conditions::is_false(object.status.conditions(), condition::SOURCE_VERIFIED) {
        writer.remove(condition::SOURCE_VERIFIED);
    }
    let requested = object.requested_at();
    let is_requested =
        requested.is_some() && requested != object.status.last_handled_reconcile_at();
    Begun { status, is_worth_telling: is_new || is_requested || is_missing }
}

/// Says that work is going on; Ready stays what it was, if that was known.
fn say(writer: &mut Writer<'_>, message: &str) {
    writer.reconciling(reason::PROGRESSING, message);
    let ready = writer.get(condition::READY).map(|ready| ready.status);
    if matches!(ready, None | Some(ConditionStatus::Unknown)) {
        writer.set(condition::READY, Finding::unknown(reason::PROGRESSING, message));
    }
}

/// Says that what is stored is not what is wanted.
fn drift(writer: &mut Writer<'_>, message: &str) {
    writer.reconciling(reason::PROGRESSING, message);
    writer.set(condition::READY, Finding::unknown(reason::PROGRESSING, message));
}

/// Turns the outcome of a pass into what it leaves behind.
pub(super) fn report<S: Source>(
    seen: &Seen<S::Spec>,
    begun: Status<S>,
    outcome: &Outcome<S::Note>,
    now: Time,
) -> Report<S> {
    let object = &seen.object;
    let generation = object.metadata.generation;
    let mut status = begun;
    record::<S>(object, &mut status, outcome);
    if let Some(revision) = outcome.progress().and_then(|it| it.source_revision.as_deref()) {
        status.set_source_revision(revision);
    }
    let has_stored = seen.stored().is_some();
    let mut writer = Writer::new(status.conditions_mut(), generation, now);
    mark(&mut writer, outcome, has_stored);
    let ending = ending(outcome);
    conclude(&mut writer, &ending, S::RULES);
    let has_conditions = !status.conditions().is_empty();
    if !matches!(ending, Ending::Unfinished) && has_conditions {
        status.observe_generation(generation);
    }
    if let (Some(requested), false) = (object.requested_at(), is_interrupted(outcome)) {
        status.handle_reconcile_at(requested);
    }
    let events = events::<S>(object, &status, outcome);
    let next = next::<S>(object, &status, outcome);
    Report { status, events, next }
}

fn is_interrupted<N>(outcome: &Outcome<N>) -> bool {
    matches!(outcome, Outcome::Interrupted)
}

/// Writes what was stored and seen into the status.
fn record<S: Source>(
    object: &Resource<S::Spec>,
    status: &mut Status<S>,
    outcome: &Outcome<S::Note>,
) {
    match outcome {
        Outcome::Published(published) => {
            *status.artifact_mut() = Some(published.artifact.clone());
            S::record(object, status, &published.note);
        }
        Outcome::Finalized { .. } => *status.artifact_mut() = None,
        Outcome::Suspended
        | Outcome::Interrupted
        | Outcome::NotFinalized(_)
        | Outcome::Failed(_)
        | Outcome::UpToDate(_) => {}
    }
}

/// Sets the conditions that the outcome is about.
fn mark<N>(writer: &mut Writer<'_>, outcome: &Outcome<N>, has_stored: bool) {
    match outcome {
        Outcome::Suspended
        | Outcome::Interrupted
        | Outcome::Finalized { .. }
        | Outcome::NotFinalized(_) => {}
        Outcome::Failed(failed) => mark_failure(writer, failed, has_stored),
        Outcome::UpToDate(same) => {
            mark_well(writer, &same.progress);
            if let Some((reason, message)) = &same.stored {
                writer.set(condition::ARTIFACT_IN_STORAGE, Finding::yes(reason, message));
            }
        }
        Outcome::Published(published) => {
            mark_well(writer, &published.progress);
            writer.remove(condition::STORAGE_OPERATION_FAILED);
            let (reason, message) = &published.stored;
            writer.set(condition::ARTIFACT_IN_STORAGE, Finding::yes(reason, message));
        }
    }
}

fn mark_well(writer: &mut Writer<'_>, progress: &Progress) {
    for problem in [condition::FETCH_FAILED, condition::BUILD_FAILED, condition::ARTIFACT_OUTDATED]
    {
        writer.remove(problem);
    }
    mark_verified(writer, &progress.verified);
}

fn mark_verified(writer: &mut Writer<'_>, verified: &Verified) {
    match verified {
        Verified::Unchanged => {}
        Verified::Unwanted => writer.remove(condition::SOURCE_VERIFIED),
    }
}

fn mark_failure(writer: &mut Writer<'_>, failed: &Failed, has_stored: bool) {
    let Failed { failure, progress } = failed;
    if progress.is_fetched {
        writer.remove(condition::FETCH_FAILED);
        writer.remove(condition::BUILD_FAILED);
    }
    mark_verified(writer, &progress.verified);
    if let Some(found) = &progress.drift {
        drift(writer, &format!("building artifact: {}", found.message));
        if has_stored {
            let finding = Finding::yes(found.reason, &found.message);
            writer.set(condition::ARTIFACT_OUTDATED, finding);
        }
    }
    let (reason, message) = match &failure.shown {
        Some((reason, message)) => (*reason, message.as_str()),
        None => (failure.reason, failure.message.as_str()),
    };
    match failure.mark {
        Mark::Problem(kind) => {
            // Fetching and building cannot both be what failed last.
            match kind {
                condition::BUILD_FAILED => writer.remove(condition::FETCH_FAILED),
                condition::FETCH_FAILED => writer.remove(condition::BUILD_FAILED),
                _ => {}
            }
            writer.set(kind, Finding::yes(reason, message));
        }
        Mark::Unverified => writer.set(condition::SOURCE_VERIFIED, Finding::no(reason, message)),
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

fn ending<N>(outcome: &Outcome<N>) -> Ending<'_> {
    match outcome {
        Outcome::UpToDate(_) | Outcome::Published(_) => Ending::Done,
        Outcome::Failed(failed) if failed.failure.class == Class::Stall => {
            Ending::Stuck(&failed.failure)
        }
        Outcome::Failed(_) | Outcome::NotFinalized(_) | Outcome::Interrupted => Ending::Unfinished,
        Outcome::Suspended | Outcome::Finalized { .. } => Ending::Idle,
    }
}

/// Sums everything up in Ready.
fn conclude(writer: &mut Writer<'_>, ending: &Ending<'_>, rules: Rules) {
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
                let finding = Finding::yes(reason::PROGRESSING_WITH_RETRY, message);
                writer.set(condition::RECONCILING, finding);
            }
        }
    }
    let unverified = writer
        .get(condition::SOURCE_VERIFIED)
        .filter(|verified| verified.status == ConditionStatus::False);
    let finding = match unverified {
        Some(verified) => Some(Finding::no(&verified.reason, verified.message.clone())),
        None => {
            let types: Vec<_> =
                rules.types.iter().copied().filter(|kind| *kind != condition::READY).collect();
            let good = [condition::ARTIFACT_IN_STORAGE, condition::SOURCE_VERIFIED];
            let negative: Vec<_> =
                types.iter().copied().filter(|kind| !good.contains(kind)).collect();
            let present: Vec<_> =
                types.iter().filter_map(|kind| writer.get(kind).cloned()).collect();
            conditions::summary(&present, Summary { types: &types, negative: &negative })
        }
    };
    if let Some(finding) = finding {
        writer.set(condition::READY, finding);
    }
}

fn events<S: Source>(
    object: &Resource<S::Spec>,
    status: &Status<S>,
    outcome: &Outcome<S::Note>,
) -> Vec<Event> {
    match outcome {
        Outcome::Suspended | Outcome::Interrupted | Outcome::Finalized { had_any: false } => {
            Vec::new()
        }
        Outcome::Finalized { had_any: true } => vec![trace(
            reason::GARBAGE_COLLECTION_SUCCEEDED,
            "garbage collected artifacts for deleted resource".to_owned(),
        )],
        Outcome::NotFinalized(why) => {
            vec![plain(Severity::Error, reason::GARBAGE_COLLECTION_FAILED, deletion_failed(why))]
        }
        Outcome::Failed(failed) => {
            let Failed { failure, progress } = &**failed;
            let mut events = progress.traces.clone();
            let severity = match failure.class {
                Class::Retry | Class::Stall => Severity::Error,
                Class::Quiet => Severity::Trace,
            };
            events.push(plain(severity, failure.reason, failure.message.clone()));
            events
        }
        Outcome::UpToDate(same) => {
            let mut events = same.progress.traces.clone();
            events.push(trace(reason::ARTIFACT_UP_TO_DATE, same.trace.clone()));
            events.extend(recovered::<S>(object, status, &same.note));
            events
        }
        Outcome::Published(published) => {
            let mut events = published.progress.traces.clone();
            let old = object.status.artifact().map(|artifact| artifact.digest.as_str());
            if old == Some(published.artifact.digest.as_str()) {
                events.extend(recovered::<S>(object, status, &published.note));
            } else {
                let news = S::news(object, status, &published.note);
                let event = plain(Severity::Info, &news.reason, news.message);
                events.push(Event { metadata: facts::<S>(status), ..event });
            }
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

/// Tells that a source that failed is well again, although nothing new came.
fn recovered<S: Source>(
    object: &Resource<S::Spec>,
    status: &Status<S>,
    note: &S::Note,
) -> Option<Event> {
    let failed = |conditions: &[Condition]| {
        S::RULES.failures.iter().any(|kind| conditions::is_true(conditions, kind))
    };
    let is_well_again = failed(object.status.conditions()) && !failed(status.conditions());
    is_well_again.then(|| {
        let news = S::news(object, status, note);
        let event = plain(Severity::Info, &news.recovery, news.message);
        Event { metadata: facts::<S>(status), ..event }
    })
}

fn facts<S: Source>(status: &Status<S>) -> BTreeMap<String, String> {
    let Some(artifact) = status.artifact() else { return BTreeMap::new() };
    let key = |name: &str| format!("{}/{name}", group::SOURCE);
    BTreeMap::from([
        (key(event::REVISION), artifact.revision.clone()),
        (key(event::DIGEST), artifact.digest.clone()),
    ])
}

fn next<S: Source>(
    object: &Resource<S::Spec>,
    status: &Status<S>,
    outcome: &Outcome<S::Note>,
) -> Plan {
    match outcome {
        Outcome::Suspended | Outcome::Interrupted | Outcome::Finalized { .. } => Plan::Await,
        Outcome::NotFinalized(why) => Plan::Retry(deletion_failed(why)),
        Outcome::Failed(failed) => match failed.failure.class {
            Class::Retry | Class::Quiet => Plan::Retry(failed.failure.message.clone()),
            Class::Stall => Plan::Await,
        },
        Outcome::UpToDate(_) | Outcome::Published(_) => {
            // Should never differ; a source that is not ready must not sleep for an hour.
            match conditions::get(status.conditions(), condition::READY) {
                Some(ready) if ready.status != ConditionStatus::True => {
                    Plan::Retry(ready.message.clone())
                }
                _ => Plan::Interval(S::settings(&object.spec).interval),
            }
        }
    }
}
