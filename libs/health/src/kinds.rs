//! Rules for built-in kinds other than workloads that keep running.

use crate::Verdict;
use crate::fields::{Fields, ReadError};

/// A Service of type LoadBalancer needs a cluster address; its external one is not looked at.
pub(crate) fn service(fields: Fields<'_>) -> Verdict {
    let balanced = fields.text(&["spec", "type"]) == Some("LoadBalancer");
    let address = fields.text(&["spec", "clusterIP"]).unwrap_or_default();
    if balanced && address.is_empty() {
        return Verdict::in_progress(
            "NoIPAssigned",
            "ClusterIP not set. Service type: LoadBalancer",
        );
    }
    Verdict::current("Service is ready")
}

/// A PersistentVolumeClaim needs to be bound.
pub(crate) fn volume_claim(fields: Fields<'_>) -> Verdict {
    match fields.text(&["status", "phase"]).unwrap_or("unknown") {
        "Bound" => Verdict::current("PVC is Bound"),
        phase => Verdict::in_progress("NotBound", format!("PVC is not Bound. phase: {phase}")),
    }
}

/// A CustomResourceDefinition needs to be established; refused names are a failure.
pub(crate) fn definition(fields: Fields<'_>) -> Result<Verdict, ReadError> {
    for condition in fields.conditions()? {
        let refused = condition.is("NamesAccepted", "False")
            || (condition.is("Established", "False") && condition.reason != "Installing");
        if refused {
            return Ok(Verdict::failed(condition.reason, condition.message));
        }
        if condition.is("Established", "True") {
            return Ok(Verdict::current("CRD is established"));
        }
    }
    Ok(Verdict::in_progress("Installing", "Install in progress"))
}

/// What a Job counts.
struct Counts {
    parallelism: i64,
    completions: i64,
    active: i64,
    succeeded: i64,
    failed: i64,
    started: bool,
}

impl Counts {
    fn of(fields: Fields<'_>) -> Self {
        let parallelism = fields.number(&["spec", "parallelism"], 1);
        let start = fields.text(&["status", "startTime"]);
        Self {
            parallelism,
            completions: fields.number(&["spec", "completions"], parallelism),
            active: fields.number(&["status", "active"], 0),
            succeeded: fields.number(&["status", "succeeded"], 0),
            failed: fields.number(&["status", "failed"], 0),
            started: start.is_some_and(|text| !text.is_empty()),
        }
    }

    fn in_progress_message(&self) -> String {
        let Self { succeeded, active, failed, .. } = self;
        format!("Job in progress. success:{succeeded}, active: {active}, failed: {failed}")
    }

    /// Judges a Job that says that it is over.
    fn finished(&self, fields: Fields<'_>) -> Result<Option<Verdict>, ReadError> {
        let Self { completions, succeeded, failed, .. } = self;
        for condition in fields.conditions()? {
            if condition.is("Complete", "True") {
                let message = format!("Job Completed. succeeded: {succeeded}/{completions}");
                return Ok(Some(Verdict::current(message)));
            }
            if condition.is("Failed", "True") {
                let message = format!("Job Failed. failed: {failed}/{completions}");
                return Ok(Some(Verdict::failed("JobFailed", message)));
            }
        }
        Ok(None)
    }
}

/// kstatus: a Job is current as soon as it has started.
pub(crate) fn stock_job(fields: Fields<'_>) -> Result<Verdict, ReadError> {
    let counts = Counts::of(fields);
    if let Some(verdict) = counts.finished(fields)? {
        return Ok(verdict);
    }
    if !counts.started {
        return Ok(Verdict::in_progress("JobNotStarted", "Job not started"));
    }
    Ok(Verdict::current(counts.in_progress_message()))
}

/// Flux: a Job is current once it has completed, or while it is suspended; deletion and
/// generation are not looked at.
pub(crate) fn flux_job(fields: Fields<'_>) -> Result<Verdict, ReadError> {
    if fields.flag(&["spec", "suspend"]) {
        return Ok(Verdict::current("Job is suspended"));
    }
    let counts = Counts::of(fields);
    if let Some(verdict) = counts.finished(fields)? {
        return Ok(verdict);
    }
    if !counts.started {
        let message = format!("Job not started. active: 0/{}", counts.parallelism);
        return Ok(Verdict::in_progress("JobNotStarted", message));
    }
    Ok(Verdict::in_progress("JobInProgress", counts.in_progress_message()))
}
