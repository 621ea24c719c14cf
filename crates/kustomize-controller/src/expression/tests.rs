use flux_api::{CustomHealthCheck, Kustomization};
use flux_health::Status;
use flux_manifest::Object;
use serde_json::{Value, json};

use super::{ReadyError, compile, is_ready};

fn check(kind: Option<&str>) -> CustomHealthCheck {
    CustomHealthCheck {
        api_version: "example.com/v1".into(),
        kind: kind.map(str::to_owned),
        current: "status.phase == 'Ready'".into(),
        failed: Some("status.phase == 'Broken'".into()),
        in_progress: None,
    }
}

fn status_of(kind: &str, status: Value) -> Option<Status> {
    let value = json!({"apiVersion": "example.com/v2", "kind": kind,
        "metadata": {"name": "a", "generation": 2}, "status": status});
    let object = Object::try_from(value).unwrap();
    compile(&[check(Some("Widget"))]).unwrap().judge(&object).map(|it| it.status)
}

#[test]
fn expressions_judge_objects_of_their_kind_in_any_version() {
    assert_eq!(status_of("Widget", json!({"phase": "Ready"})), Some(Status::Current));
    assert_eq!(status_of("Widget", json!({"phase": "Broken"})), Some(Status::Failed));
    assert_eq!(status_of("Widget", json!({"phase": "Soon"})), Some(Status::InProgress));
    assert_eq!(status_of("Gadget", json!({"phase": "Ready"})), None);
}

#[test]
fn an_older_generation_is_in_progress_and_a_missing_field_unknown() {
    let old = json!({"phase": "Ready", "observedGeneration": 1});
    assert_eq!(status_of("Widget", old), Some(Status::InProgress));
    assert_eq!(status_of("Widget", json!({})), Some(Status::Unknown));
}

#[test]
fn wrong_and_doubled_checks_are_refused() {
    let mut wrong = check(Some("Widget"));
    wrong.current = "status.phase ==".into();
    let error = compile(&[wrong]).unwrap_err();
    let lead = "failed to create custom status evaluator for healthchecks[0]: failed to parse \
                the expression Current: failed to parse the CEL expression 'status.phase ==': ";
    assert!(error.starts_with(lead), "{error}");
    assert_eq!(
        compile(&[check(Some("W")), check(Some("W"))]).unwrap_err(),
        "duplicate custom health check for GroupKind W.example.com at healthchecks[1]"
    );
}

#[test]
fn a_dependency_can_be_judged_by_an_expression() {
    let own: Kustomization = serde_json::from_value(json!({
        "metadata": {"name": "app", "labels": {"v": "1"}},
        "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "Bucket", "name": "b"}},
    }))
    .unwrap();
    let value = json!({"apiVersion": "x/v1", "kind": "K", "metadata": {"labels": {"v": "1"}}});
    let dependency = Object::try_from(value).unwrap();
    let same = "dep.metadata.labels['v'] == self.metadata.labels['v']";
    assert_eq!(is_ready(same, &own, &dependency), Ok(true));
    assert_eq!(
        is_ready("dep.status.ready", &own, &dependency),
        Err(ReadyError::Invalid(
            "CEL expression output type mismatch: expected bool, got dyn".into()
        ))
    );
    assert!(matches!(is_ready("dep.x == 1", &own, &dependency), Err(ReadyError::Failed(_))));
}
