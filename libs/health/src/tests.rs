use flux_gostd::Time;
use serde_json::{Value, json};

use super::*;

fn now() -> Time {
    Time::parse_rfc3339("2026-01-01T00:00:20Z").unwrap()
}

fn check(object: Value, expected: &str) {
    let Verdict { status, message, condition } = judge(&object, &now());
    let reason = condition.map(|condition| condition.reason).unwrap_or_default();
    assert_eq!(format!("{status} {reason}: {message}"), expected);
}

fn deployment(status: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 2}, "status": status})
}

#[test]
fn a_deployment_is_current_when_all_replicas_are() {
    let numbers = |ready: i64| {
        json!({
            "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": ready,
            "conditions": [{"type": "Available", "status": "True"}],
        })
    };
    check(deployment(json!({})), "InProgress LessReplicas: Replicas: 0/2");
    check(deployment(numbers(1)), "InProgress LessReady: Ready: 1/2");
    check(deployment(numbers(2)), "Current : Deployment is available. Replicas: 2");
}

#[test]
fn a_pod_without_a_node_fails_after_fifteen_seconds() {
    let pod = |created: &str| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"creationTimestamp": created},
            "status": {"phase": "Pending", "conditions": [
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"},
            ]},
        })
    };
    check(pod("2026-01-01T00:00:06Z"), "InProgress PodNotScheduled: Pod has not been scheduled");
    check(pod("2026-01-01T00:00:05Z"), "Failed PodUnschedulable: Pod could not be scheduled");
}

#[test]
fn a_job_is_current_only_once_it_is_done() {
    let job =
        json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"startTime": "x", "active": 1}});
    assert_eq!(judge_by_kstatus(&job, &now()).status, Status::Current);
    check(job, "InProgress JobInProgress: Job in progress. success:0, active: 1, failed: 0");
}

#[test]
fn fields_of_the_wrong_type_are_told_in_the_words_of_apimachinery() {
    let with = |metadata: Value, status: Value| json!({"apiVersion": "example.com/v1", "kind": "Foo", "metadata": metadata, "status": status});
    let unknown = |object, message: &str| check(object, &format!("Unknown : {message}"));
    unknown(with(json!({}), json!("x")), "cannot restore struct from: string");
    unknown(with(json!({}), json!({"conditions": [1]})), "cannot restore struct from: int64");
    unknown(with(json!({}), json!({"conditions": {}})), "cannot restore slice from map");
    unknown(
        with(json!({}), json!({"conditions": [{"status": 1}]})),
        "cannot convert int64 to v1.ConditionStatus",
    );
    unknown(
        with(json!([1]), json!({})),
        "looking up metadata.deletionTimestamp from resource: .metadata.deletionTimestamp accessor \
         error: [1] is of the type []interface {}, expected map[string]interface{}",
    );
    unknown(
        with(json!({"generation": 1.5}), json!({})),
        "looking up metadata.generation from resource: .metadata.generation accessor error: 1.5 is \
         of the type float64, expected int64",
    );
}

#[test]
fn a_ready_condition_speaks_for_kinds_without_a_rule() {
    let with = |status: &str| {
        json!({
            "apiVersion": "example.com/v1", "kind": "Foo",
            "status": {"conditions": [
                {"type": "Ready", "status": status, "reason": "R", "message": "m"},
            ]},
        })
    };
    check(with("True"), "Current : Resource is Ready");
    check(with("False"), "InProgress R: m");
    check(with("other"), "Current : Resource is current");
}
