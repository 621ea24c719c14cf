//! Jobs: Pods until enough of them ended well or too many did not.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Cluster, JOBS, Later, NewPod, Outcome, PODS, is_active, is_ready, set_condition, set_count,
};
use crate::crd::is_true;
use crate::meta;

/// Does the next step of a Job.
pub(super) async fn run(cluster: &Cluster, job: &Value, age: Duration) -> Outcome {
    if meta::is_deleting(job) {
        return Ok(Later::Never);
    }
    if is_true(job, "Complete") || is_true(job, "Failed") {
        return expire(cluster, job).await;
    }
    if job["spec"]["suspend"] == true {
        return suspend(cluster, job).await;
    }
    let mut tally = Tally::count(cluster, job);
    let over = tally.verdict(job, age);
    if over.is_none() {
        for _ in tally.active..tally.wanted(job) {
            let pod = NewPod {
                owner: job,
                owner_version: "batch/v1",
                owner_kind: "Job",
                template: &job["spec"]["template"],
                name: String::new(),
                labels: Vec::new(),
            };
            cluster.create(PODS, &pod.object()).await?;
        }
        tally = Tally::count(cluster, job);
    }
    let mut status = json!({
        "conditions": job["status"]["conditions"],
        "uncountedTerminatedPods": {},
        "terminating": 0,
        "ready": tally.ready,
        "startTime": match &job["status"]["startTime"] {
            Value::Null => cluster.now().into(),
            time => time.clone(),
        },
    });
    set_count(&mut status, "active", if over.is_some() { 0 } else { tally.active });
    set_count(&mut status, "succeeded", tally.succeeded);
    set_count(&mut status, "failed", tally.failed);
    match over {
        Some(Verdict::Complete) => {
            status["completionTime"] = cluster.now().into();
            let message = "Reached expected number of succeeded pods";
            for kind in ["SuccessCriteriaMet", "Complete"] {
                let parts = [kind, "True", "CompletionsReached", message];
                set_condition(cluster, &mut status, parts);
            }
        }
        Some(Verdict::Failed(reason, message)) => {
            for kind in ["FailureTarget", "Failed"] {
                set_condition(cluster, &mut status, [kind, "True", reason, message]);
            }
        }
        None => {}
    }
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        let since = condition["lastTransitionTime"].clone();
        meta::map(condition).entry("lastProbeTime").or_insert(since);
    }
    if over.is_some() {
        for pod in cluster.controlled(PODS, job).iter().filter(|pod| is_active(pod)) {
            cluster.delete(PODS, pod).await?;
        }
    }
    cluster.write_status(JOBS, job, status).await?;
    let deadline = job["spec"]["activeDeadlineSeconds"].as_u64().map(Duration::from_secs);
    Ok(deadline.filter(|span| over.is_none() && *span > age).map_or(Later::Never, Later::At))
}

struct Tally {
    active: usize,
    ready: usize,
    succeeded: usize,
    failed: usize,
    crashing: usize,
}

#[derive(Clone, Copy)]
enum Verdict {
    Complete,
    Failed(&'static str, &'static str),
}

impl Tally {
    fn count(cluster: &Cluster, job: &Value) -> Self {
        let pods = cluster.controlled(PODS, job);
        let phase = |wanted: &str| {
            pods.iter().filter(|pod| meta::text(pod, "/status/phase") == wanted).count()
        };
        Self {
            active: pods.iter().filter(|pod| is_active(pod)).count(),
            ready: pods.iter().filter(|pod| is_ready(pod)).count(),
            succeeded: phase("Succeeded"),
            failed: phase("Failed"),
            crashing: pods.iter().filter(|pod| restarts(pod) > 0).count(),
        }
    }

    fn wanted(&self, job: &Value) -> usize {
        let number =
            |key: &str| job["spec"][key].as_u64().and_then(|number| usize::try_from(number).ok());
        let parallel = number("parallelism").unwrap_or(1);
        match number("completions") {
            Some(completions) => parallel.min(completions.saturating_sub(self.succeeded)),
            None if self.succeeded > 0 => 0,
            None => parallel,
        }
    }

    fn verdict(&self, job: &Value, age: Duration) -> Option<Verdict> {
        let deadline = job["spec"]["activeDeadlineSeconds"].as_u64().map(Duration::from_secs);
        if deadline.is_some_and(|span| age >= span) {
            let message = "Job was active longer than specified deadline";
            return Some(Verdict::Failed("DeadlineExceeded", message));
        }
        let limit = job["spec"]["backoffLimit"].as_u64().unwrap_or(6);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.failed > limit || self.crashing > 0 {
            let message = "Job has reached the specified backoff limit";
            return Some(Verdict::Failed("BackoffLimitExceeded", message));
        }
        (self.wanted(job) == 0 && self.active == 0).then_some(Verdict::Complete)
    }
}

fn restarts(pod: &Value) -> u64 {
    let statuses = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    statuses.filter_map(|one| one["restartCount"].as_u64()).sum()
}

async fn suspend(cluster: &Cluster, job: &Value) -> Outcome {
    for pod in cluster.controlled(PODS, job).iter().filter(|pod| is_active(pod)) {
        cluster.delete(PODS, pod).await?;
    }
    let mut status = json!({
        "conditions": job["status"]["conditions"],
        "uncountedTerminatedPods": {}, "terminating": 0, "ready": 0,
    });
    set_condition(cluster, &mut status, ["Suspended", "True", "JobSuspended", "Job suspended"]);
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        let since = condition["lastTransitionTime"].clone();
        meta::map(condition).entry("lastProbeTime").or_insert(since);
    }
    cluster.write_status(JOBS, job, status).await?;
    Ok(Later::Never)
}

/// Deletes a finished Job when its time is up.
async fn expire(cluster: &Cluster, job: &Value) -> Outcome {
    let Some(span) = job["spec"]["ttlSecondsAfterFinished"].as_i64() else {
        return Ok(Later::Never);
    };
    let finished = ["Complete", "Failed"]
        .iter()
        .filter_map(|kind| crate::crd::condition(job, kind))
        .find_map(|one| meta::text(one, "/lastTransitionTime").parse::<jiff::Timestamp>().ok());
    let passed = finished.map_or(0, |time| cluster.core().now().duration_since(time).as_secs());
    if passed >= span {
        cluster.delete(JOBS, job).await?;
        return Ok(Later::Never);
    }
    Ok(Later::In(Duration::from_secs((span - passed).unsigned_abs())))
}
