//! What is wrong with the status of a workload.

use serde_json::Value;

use super::super::value::{Check, int, is_set, items, text};
use crate::status::FieldErrors;

/// The counts in the status of a kind.
pub(super) struct Counts {
    /// May not be negative.
    pub(super) numbers: &'static [&'static str],
    /// May not be greater than `replicas`.
    pub(super) parts: &'static [&'static str],
    /// What the number of available Pods may not exceed, as the refusal calls it.
    pub(super) ready: Option<&'static str>,
}

pub(super) const DEPLOYMENT: Counts = Counts {
    numbers: &[
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
    ],
    parts: &["updatedReplicas", "readyReplicas", "availableReplicas"],
    ready: Some("readyReplicas"),
};

pub(super) const REPLICA_SET: Counts = Counts {
    numbers: &[
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration",
        "terminatingReplicas",
    ],
    parts: &["fullyLabeledReplicas", "readyReplicas", "availableReplicas"],
    ready: Some("readyReplicas"),
};

pub(super) const STATEFUL_SET: Counts = Counts {
    numbers: &[
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount",
    ],
    parts: &["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"],
    ready: Some("status.readyReplicas"),
};

pub(super) const DAEMON_SET: Counts = Counts {
    numbers: &[
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ],
    parts: &[],
    ready: None,
};

pub(super) const JOB: Counts = Counts {
    numbers: &["active", "succeeded", "failed", "ready", "terminating"],
    parts: &[],
    ready: None,
};

/// Checks the counts of a new status against each other and against the old ones.
pub(super) fn check(counts: &Counts, object: &Value, old: &Value) -> FieldErrors {
    let mut check = Check::new();
    let (status, before) = (&object["status"], &old["status"]);
    for key in counts.numbers {
        check.not_negative(status, "status", key);
    }
    let number = |key: &str| int(status, key).unwrap_or(0);
    for key in counts.parts {
        if number(key) > number("replicas") {
            let why = "cannot be greater than status.replicas";
            check.invalid(format!("status.{key}"), number(key), why);
        }
    }
    if let Some(name) = counts.ready
        && number("availableReplicas") > number("readyReplicas")
    {
        let why = format!("cannot be greater than {name}");
        check.invalid("status.availableReplicas", number("availableReplicas"), &why);
    }
    let collisions = |status: &Value| int(status, "collisionCount");
    if collisions(before).is_some_and(|before| collisions(status).is_none_or(|now| now < before)) {
        check.invalid("status.collisionCount", number("collisionCount"), "cannot be decremented");
    }
    check.done()
}

/// Checks what a Job's status says about its end.
pub(super) fn check_job(object: &Value, old: &Value) -> FieldErrors {
    let mut all = check(&JOB, object, old);
    let mut check = Check::new();
    let (status, before) = (&object["status"], &old["status"]);
    let holds = |status: &Value, kind: &str| {
        let conditions = items(status, "conditions").iter();
        conditions.clone().any(|one| text(one, "type") == kind && text(one, "status") == "True")
    };
    if holds(status, "Complete") && holds(status, "Failed") {
        let why = "cannot set Complete=True and Failed=true conditions";
        check.invalid("status.conditions", status["conditions"].clone(), why);
    }
    for kind in ["Complete", "Failed"] {
        if holds(before, kind) && !holds(status, kind) {
            let why = format!("cannot disable the terminal {kind}=True condition");
            check.invalid("status.conditions", status["conditions"].clone(), &why);
        }
    }
    if is_set(status, "completionTime") && !holds(status, "Complete") {
        let why = "completionTime cannot be set when there is no Complete=True condition";
        check.invalid("status.completionTime", status["completionTime"].clone(), why);
    }
    all.extend(check.done());
    all
}
