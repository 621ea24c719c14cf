//! Judges whether Kubernetes objects have reached the state that their specs ask for.
//!
//! In: one live object and the time. Out: a [`Verdict`] with the reason that a person would want to
//! read. Never: I/O, clocks, retries. Waiting for health is the caller's loop, not this crate's.
//!
//! Start at [`judge`]. Rules for all kinds are in `generic`, those of built-in kinds in `workload`
//! and `kinds`, those that users write in [`HealthExpressions`]; [`judge_by_kstatus`] is the upstream library without Flux's own rule for Jobs.

mod expression;
mod fields;
mod generic;
mod kinds;
mod verdict;
mod workload;

pub use expression::{HealthExpressionError, HealthExpressions};
pub use verdict::{Condition, ConditionType, Status, Verdict};

use flux_gostd::Time;
use serde_json::Value;

use fields::{Fields, ReadError};

/// Judges one live object as Flux does: kstatus, but a Job is current only once it is done.
///
/// An object whose fields cannot be read has the status [`Status::Unknown`].
pub fn judge(object: &Value, now: &Time) -> Verdict {
    let fields = Fields::new(object);
    if fields.group() == "batch" && fields.kind() == "Job" {
        return settle(kinds::flux_job(fields));
    }
    judge_by_kstatus(object, now)
}

/// Judges one live object by the rules of the kstatus library alone.
pub fn judge_by_kstatus(object: &Value, now: &Time) -> Verdict {
    settle(compute(Fields::new(object), now))
}

fn settle(result: Result<Verdict, ReadError>) -> Verdict {
    result.unwrap_or_else(|error| Verdict::unknown(error.to_string()))
}

fn compute(fields: Fields<'_>, now: &Time) -> Result<Verdict, ReadError> {
    if let Some(verdict) = generic::from_metadata_and_conditions(fields)? {
        return Ok(verdict);
    }
    match (fields.group(), fields.kind()) {
        ("", "Service") => Ok(kinds::service(fields)),
        ("", "Pod") => workload::pod(fields, now),
        ("", "Secret" | "ConfigMap") | ("batch", "CronJob") => {
            Ok(Verdict::current("Resource is always ready"))
        }
        ("", "PersistentVolumeClaim") => Ok(kinds::volume_claim(fields)),
        ("apps", "StatefulSet") => Ok(workload::stateful_set(fields)),
        ("apps" | "extensions", "DaemonSet") => workload::daemon_set(fields),
        ("apps" | "extensions", "Deployment") => workload::deployment(fields),
        ("apps" | "extensions", "ReplicaSet") => workload::replica_set(fields),
        ("policy", "PodDisruptionBudget") => {
            Ok(Verdict::current("AllowedDisruptions has been computed."))
        }
        ("batch", "Job") => kinds::stock_job(fields),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => kinds::definition(fields),
        _ => generic::from_ready_condition(fields),
    }
}

#[cfg(test)]
mod tests;
