//! Rules for pods and for what runs pods.

use flux_gostd::{Duration, Time};
use serde_json::Value;

use crate::fields::{Fields, ReadError};
use crate::{Verdict, generic};

/// How long a pod may wait for a node before that counts as a failure.
const SCHEDULE_WINDOW: Duration = Duration::from_secs(15);
/// The value of `progressDeadlineSeconds` that stands for no deadline.
const NO_DEADLINE: i64 = i32::MAX as i64;

/// Demands that `have` has reached `want`.
struct Goal {
    reason: &'static str,
    label: &'static str,
    have: i64,
    want: i64,
}

/// Returns the verdict for the first goal that is not reached.
fn first_missed(goals: impl IntoIterator<Item = Goal>) -> Option<Verdict> {
    let missed = goals.into_iter().find(|goal| goal.have < goal.want)?;
    let Goal { reason, label, have, want } = missed;
    Some(Verdict::in_progress(reason, format!("{label}: {have}/{want}")))
}

fn goal(reason: &'static str, label: &'static str, have: i64, want: i64) -> Goal {
    Goal { reason, label, have, want }
}

fn surplus(have: i64, want: i64) -> Option<Verdict> {
    let extra = have.saturating_sub(want);
    (extra > 0).then(|| Verdict::in_progress("ExtraPods", format!("Pending termination: {extra}")))
}

/// Replicas by name in the status.
fn status_number(fields: Fields<'_>, name: &str) -> i64 {
    fields.number(&["status", name], 0)
}

/// A Deployment needs all replicas updated, available and ready, and its conditions to say so.
pub(crate) fn deployment(fields: Fields<'_>) -> Result<Verdict, ReadError> {
    let deadline = fields.number(&["spec", "progressDeadlineSeconds"], NO_DEADLINE);
    let mut progressed = deadline == NO_DEADLINE;
    let mut available = false;
    for condition in fields.conditions()? {
        if condition.kind == "Progressing" && condition.reason == "ProgressDeadlineExceeded" {
            let mut verdict = Verdict::failed(condition.reason, condition.message);
            verdict.message = "Progress deadline exceeded".to_owned();
            return Ok(verdict);
        }
        progressed |=
            condition.is("Progressing", "True") && condition.reason == "NewReplicaSetAvailable";
        available |= condition.is("Available", "True");
    }
    let wanted = fields.number(&["spec", "replicas"], 1);
    let replicas = status_number(fields, "replicas");
    let updated = status_number(fields, "updatedReplicas");
    let first = [
        goal("LessReplicas", "Replicas", replicas, wanted),
        goal("LessUpdated", "Updated", updated, wanted),
    ];
    let then = [
        goal("LessAvailable", "Available", status_number(fields, "availableReplicas"), updated),
        goal("LessReady", "Ready", status_number(fields, "readyReplicas"), wanted),
    ];
    let missed =
        first_missed(first).or_else(|| surplus(replicas, wanted)).or_else(|| first_missed(then));
    Ok(missed.unwrap_or_else(|| {
        if !progressed {
            Verdict::in_progress("ReplicaSetNotAvailable", "ReplicaSet not Available")
        } else if !available {
            Verdict::in_progress("DeploymentNotAvailable", "Deployment not Available")
        } else {
            Verdict::current(format!("Deployment is available. Replicas: {replicas}"))
        }
    }))
}

/// A ReplicaSet needs all replicas labelled, available and ready.
pub(crate) fn replica_set(fields: Fields<'_>) -> Result<Verdict, ReadError> {
    if fields.conditions()?.iter().any(|condition| condition.is("ReplicaFailure", "True")) {
        let message = "Replica Failure condition. Check Pods";
        return Ok(Verdict::in_progress("ReplicaFailure", message));
    }
    let wanted = fields.number(&["spec", "replicas"], 1);
    let replicas = status_number(fields, "replicas");
    let goals = [
        goal("LessLabelled", "Labelled", status_number(fields, "fullyLabeledReplicas"), wanted),
        goal("LessAvailable", "Available", status_number(fields, "availableReplicas"), wanted),
        goal("LessReady", "Ready", status_number(fields, "readyReplicas"), wanted),
    ];
    let missed = first_missed(goals).or_else(|| surplus(replicas, wanted));
    Ok(missed.unwrap_or_else(|| {
        Verdict::current(format!("ReplicaSet is available. Replicas: {replicas}"))
    }))
}

/// A StatefulSet needs all replicas ready and of the current revision, or of the updated one above
/// its partition.
pub(crate) fn stateful_set(fields: Fields<'_>) -> Verdict {
    if fields.text(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
        return Verdict::current("StatefulSet is using the ondelete update strategy");
    }
    let wanted = fields.number(&["spec", "replicas"], 1);
    let replicas = status_number(fields, "replicas");
    let updated = status_number(fields, "updatedReplicas");
    let goals = [
        goal("LessReplicas", "Replicas", replicas, wanted),
        goal("LessReady", "Ready", status_number(fields, "readyReplicas"), wanted),
    ];
    if let Some(verdict) = first_missed(goals).or_else(|| surplus(replicas, wanted)) {
        return verdict;
    }
    let partition = fields.number(&["spec", "updateStrategy", "rollingUpdate", "partition"], -1);
    if partition != -1 {
        let above = wanted.saturating_sub(partition);
        let done = || Verdict::current(format!("Partition rollout complete. updated: {updated}"));
        return first_missed([goal("PartitionRollout", "updated", updated, above)])
            .unwrap_or_else(done);
    }
    let current = status_number(fields, "currentReplicas");
    if let Some(verdict) = first_missed([goal("LessCurrent", "current", current, wanted)]) {
        return verdict;
    }
    let revision = |name| fields.text(&["status", name]).unwrap_or_default();
    if revision("currentRevision") != revision("updateRevision") {
        let message = "Waiting for updated revision to match current";
        return Verdict::in_progress("RevisionMismatch", message);
    }
    Verdict::current(format!("All replicas scheduled as expected. Replicas: {replicas}"))
}

/// A DaemonSet needs its pods on all nodes that it wants, updated, available and ready.
pub(crate) fn daemon_set(fields: Fields<'_>) -> Result<Verdict, ReadError> {
    if let Some(verdict) = generic::from_missing_generation(fields)? {
        return Ok(verdict);
    }
    let wanted = fields.number(&["status", "desiredNumberScheduled"], -1);
    if wanted == -1 {
        let message = "Missing .status.desiredNumberScheduled";
        return Ok(Verdict::in_progress("NoDesiredNumber", message));
    }
    let goals = [
        goal("LessCurrent", "Current", status_number(fields, "currentNumberScheduled"), wanted),
        goal("LessUpdated", "Updated", status_number(fields, "updatedNumberScheduled"), wanted),
        goal("LessAvailable", "Available", status_number(fields, "numberAvailable"), wanted),
        goal("LessReady", "Ready", status_number(fields, "numberReady"), wanted),
    ];
    Ok(first_missed(goals).unwrap_or_else(|| {
        Verdict::current(format!("All replicas scheduled as expected. Replicas: {wanted}"))
    }))
}

/// A Pod needs to be ready or over, however it ended.
pub(crate) fn pod(fields: Fields<'_>, now: &Time) -> Result<Verdict, ReadError> {
    let conditions = fields.conditions()?;
    match fields.text(&["status", "phase"]).unwrap_or_default() {
        "Succeeded" => Ok(Verdict::current("Pod has completed successfully")),
        "Failed" => Ok(Verdict::current("Pod has completed, but not successfully")),
        "Running" if conditions.iter().any(|condition| condition.is("Ready", "True")) => {
            Ok(Verdict::current("Pod is Ready"))
        }
        "Running" => {
            let crashing = crashing_containers(fields)?;
            if crashing.is_empty() {
                let message = "Pod is running but is not Ready";
                return Ok(Verdict::in_progress("PodRunningNotReady", message));
            }
            let message = format!("Containers in CrashLoop state: {}", crashing.join(","));
            Ok(Verdict::failed("ContainerCrashLooping", message))
        }
        "Pending" => {
            let scheduled =
                conditions.iter().find(|condition| condition.is("PodScheduled", "False"));
            if scheduled.is_none_or(|condition| condition.reason != "Unschedulable") {
                return Ok(Verdict::in_progress("PodPending", "Pod is in the Pending phase"));
            }
            if is_young(fields, now) {
                return Ok(Verdict::in_progress("PodNotScheduled", "Pod has not been scheduled"));
            }
            Ok(Verdict::failed("PodUnschedulable", "Pod could not be scheduled"))
        }
        "" => Ok(Verdict::in_progress("PodNotObserved", "Pod phase not available")),
        phase => Err(ReadError(format!("unknown phase {phase}"))),
    }
}

fn is_young(fields: Fields<'_>, now: &Time) -> bool {
    let created = fields.text(&["metadata", "creationTimestamp"]);
    let created = created.and_then(|text| Time::parse_rfc3339(text).ok());
    created.is_some_and(|created| now.since(&created) < SCHEDULE_WINDOW)
}

fn crashing_containers(fields: Fields<'_>) -> Result<Vec<&str>, ReadError> {
    let statuses = fields.strict_list(&["status", "containerStatuses"])?.unwrap_or_default();
    let crashing = statuses.iter().filter_map(|status| {
        let reason = status.pointer("/state/waiting/reason").and_then(Value::as_str);
        let name = status.get("name").and_then(Value::as_str)?;
        (reason == Some("CrashLoopBackOff")).then_some(name)
    });
    Ok(crashing.collect())
}
