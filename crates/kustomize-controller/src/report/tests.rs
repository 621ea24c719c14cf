use std::collections::BTreeMap;
use std::time::Duration;

use expect_test::{Expect, expect};
use flux_api::{Kustomization, conditions};
use flux_runtime::Severity;
use serde_json::json;

use super::{Failure, Moment, Outcome, Step, health, progress, report, timeout};
use crate::events::Revisions;
use crate::history::Finished;

fn kustomization() -> Kustomization {
    serde_json::from_value(json!({
        "metadata": {"name": "app", "namespace": "ns", "generation": 3,
            "annotations": {"reconcile.fluxcd.io/requestedAt": "now"}},
        "spec": {"interval": "10m", "retryInterval": "2m", "prune": true,
            "sourceRef": {"kind": "GitRepository", "name": "repo"}},
        "status": {"observedGeneration": -1},
    }))
    .unwrap()
}

fn now() -> flux_api::Time {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn moment() -> Moment {
    Moment {
        now: now(),
        took: Duration::from_millis(1500),
        requeue: Duration::from_secs(30),
        interval: Duration::from_secs(601),
    }
}

fn revisions() -> Revisions {
    Revisions { revision: "main@sha1:1".into(), origin: String::new() }
}

fn finished() -> Finished {
    let took = Duration::from_secs(1);
    Finished { digest: "sha256:d".into(), took, revisions: BTreeMap::new() }
}

fn shown(object: &Kustomization) -> String {
    let status = &object.status;
    let mut lines = vec![format!(
        "observed={} handled={}",
        status.observed_generation,
        status.last_handled_reconcile_at.as_deref().unwrap_or("-")
    )];
    lines.extend(
        status
            .conditions
            .iter()
            .map(|it| format!("{}={} {} {:?}", it.kind, it.status.as_str(), it.reason, it.message)),
    );
    lines.extend(
        status
            .history
            .iter()
            .map(|it| format!("history {} {}", it.digest, it.last_reconciled_status)),
    );
    lines.join("\n")
}

/// Reports an outcome of a pass that had begun to work if `started`.
fn check(started: Option<Step>, outcome: Outcome, want: Expect) {
    let mut object = kustomization();
    if let Some(step) = started {
        progress(&mut object, Step::Fetching, "main@sha1:1", now());
        progress(&mut object, step, "main@sha1:1", now());
    }
    let report = report(&mut object, &outcome, moment());
    let mut text = shown(&object);
    for event in report.events {
        let severity = match event.severity {
            Severity::Info => "info",
            Severity::Error => "error",
            Severity::Trace => "trace",
        };
        let keys: Vec<String> = event.metadata.iter().map(|(k, v)| format!("{k}={v}")).collect();
        text.push_str(&format!(
            "\n{severity} {} {:?} [{}]",
            event.reason,
            event.message,
            keys.join(" ")
        ));
    }
    text.push_str(&format!("\n{:?}", report.next));
    want.assert_eq(&text);
}

#[test]
fn success_is_ready_for_this_generation_and_told() {
    check(
        Some(Step::Detecting),
        Outcome::Applied { revisions: revisions(), finished: finished() },
        expect![[r#"
            observed=3 handled=now
            Ready=True ReconciliationSucceeded "Applied revision: main@sha1:1"
            history sha256:d ReconciliationSucceeded
            info ReconciliationSucceeded "Reconciliation finished in 1.5s, next run in 10m0s" [kustomize.toolkit.fluxcd.io/commit_status=update kustomize.toolkit.fluxcd.io/revision=main@sha1:1]
            After(601s)"#]],
    );
}

#[test]
fn a_failure_is_retried_and_keeps_the_observed_generation() {
    let failure = Failure {
        reason: "ReconciliationFailed",
        message: "refused\n".into(),
        told: None,
        revisions: revisions(),
        finished: Some(finished()),
    };
    check(
        Some(Step::Detecting),
        Outcome::Failed(failure),
        expect![[r#"
            observed=-1 handled=now
            Reconciling=True ProgressingWithRetry "Detecting drift for revision main@sha1:1 with a timeout of 9m30s"
            Ready=False ReconciliationFailed "refused\n"
            history sha256:d ReconciliationFailed
            error ReconciliationFailed "refused\n" [kustomize.toolkit.fluxcd.io/revision=main@sha1:1]
            After(120s)"#]],
    );
}

#[test]
fn a_missing_artifact_is_retried_without_an_event() {
    check(
        None,
        Outcome::ArtifactMissing,
        expect![[r#"
            observed=-1 handled=now
            Ready=False ArtifactFailed "Source artifact not found, retrying in 30s"
            After(30s)"#]],
    );
    check(
        Some(Step::Fetching),
        Outcome::ArtifactGone,
        expect![[r#"
            observed=-1 handled=now
            Reconciling=True ProgressingWithRetry "Fetching manifests for revision main@sha1:1 with a timeout of 9m30s"
            Ready=False ArtifactFailed "Source is not ready, artifact not found, retrying in 30s"
            After(30s)"#]],
    );
}

#[test]
fn a_missing_source_is_looked_for_at_the_retry_interval() {
    check(
        None,
        Outcome::SourceMissing("GitRepository.source.toolkit.fluxcd.io \"repo\" not found".into()),
        expect![[r#"
            observed=-1 handled=now
            Ready=False ArtifactFailed "GitRepository.source.toolkit.fluxcd.io \"repo\" not found"
            After(120s)"#]],
    );
}

#[test]
fn a_wrong_expression_stalls_and_counts_as_observed() {
    check(
        None,
        Outcome::InvalidExpression { message: "bad".into(), revision: String::new() },
        expect![[r#"
            observed=3 handled=now
            Stalled=True InvalidCELExpression "Reconciliation failed terminally due to configuration error: bad"
            Ready=False InvalidCELExpression "Reconciliation failed terminally due to configuration error: bad"
            error InvalidCELExpression "Reconciliation failed terminally due to configuration error: bad" []
            GiveUp("Reconciliation failed terminally due to configuration error: bad")"#]],
    );
}

#[test]
fn denied_access_stalls_and_does_not_count_as_observed() {
    check(
        None,
        Outcome::AccessDenied("no".into()),
        expect![[r#"
            observed=-1 handled=now
            Stalled=True AccessDenied "no"
            Ready=False AccessDenied "no"
            error AccessDenied "no" []
            GiveUp("no")"#]],
    );
}

#[test]
fn a_canceled_wait_comes_again_at_once() {
    check(
        Some(Step::Checking),
        Outcome::Canceled { trigger: "GitRepository/ns/repo".into(), revisions: revisions() },
        expect![[r#"
            observed=-1 handled=now
            Reconciling=True ProgressingWithRetry "Running health checks for revision main@sha1:1 with a timeout of 9m30s"
            Ready=False HealthCheckCanceled "New reconciliation triggered by GitRepository/ns/repo"
            Healthy=Unknown Progressing "Running health checks for revision main@sha1:1 with a timeout of 9m30s"
            info HealthCheckCanceled "Health checks canceled due to new reconciliation triggered by GitRepository/ns/repo" [kustomize.toolkit.fluxcd.io/revision=main@sha1:1]
            Now"#]],
    );
}

#[test]
fn suspension_only_notes_the_request() {
    check(
        None,
        Outcome::Suspended,
        expect![[r#"
        observed=-1 handled=now
        Await"#]],
    );
}

#[test]
fn health_is_a_condition_of_its_own() {
    let mut object = kustomization();
    health(&mut object, Some(Err("timeout waiting for: [x]")), now());
    assert!(conditions::is_false(&object.status.conditions, "Healthy"));
    health(&mut object, None, now());
    assert_eq!(object.status.conditions, []);
}

#[test]
fn the_timeout_never_falls_below_half_a_minute() {
    let mut object = kustomization();
    assert_eq!(timeout(&object).to_string(), "9m30s");
    object.spec.timeout = Some(flux_api::Duration::from_secs(6));
    assert_eq!(timeout(&object).to_string(), "30s");
    object.spec.timeout = None;
    object.spec.interval = flux_api::Duration::from_secs(45);
    assert_eq!(timeout(&object).to_string(), "30s");
}
