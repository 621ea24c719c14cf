use flux_manifest::Object;
use serde_json::{Value, json};

use super::has_drifted;
use crate::IgnoreRules;

fn object(metadata: Value, spec: Value) -> Object {
    let mut metadata = metadata;
    metadata["name"] = json!("a");
    metadata["resourceVersion"] = json!("1");
    let value = json!({"apiVersion": "v1", "kind": "K", "metadata": metadata, "spec": spec});
    Object::try_from(value).unwrap()
}

fn drifted(live: &Object, dry_run: &Object) -> bool {
    has_drifted(Some(live), dry_run, &IgnoreRules::default())
}

#[test]
fn labels_annotations_and_the_body_count_and_other_metadata_does_not() {
    let live = object(json!({"labels": {}, "finalizers": ["x"]}), json!({"a": 1}));
    assert!(!drifted(&live, &object(json!({}), json!({"a": 1}))));
    assert!(drifted(&live, &object(json!({"labels": {"a": "b"}}), json!({"a": 1}))));
    assert!(drifted(&live, &object(json!({"annotations": {"a": "b"}}), json!({"a": 1}))));
    assert!(drifted(&live, &object(json!({}), json!({"a": 2}))));
}

#[test]
fn a_new_object_has_drifted() {
    assert!(has_drifted(None, &object(json!({}), json!({})), &IgnoreRules::default()));
}

#[test]
fn ignored_fields_do_not_count_and_may_be_missing() {
    let paths = ["/spec/a".to_owned(), "/spec/x/y".to_owned()];
    let rules = IgnoreRules::new([(None, &paths[..])]).unwrap();
    let (live, dry_run) = (object(json!({}), json!({"a": 1})), object(json!({}), json!({})));
    assert!(!has_drifted(Some(&live), &dry_run, &rules));
    assert!(has_drifted(Some(&live), &object(json!({}), json!({"b": 1})), &rules));
}

#[test]
fn metrics_that_an_old_server_doubles_are_no_drift() {
    let metric = json!({"type": "Resource", "resource": {"name": "cpu"}});
    let autoscaler = |metrics: Value| {
        let metadata = json!({"name": "a", "resourceVersion": "1"});
        let kind = "HorizontalPodAutoscaler";
        let value = json!({"apiVersion": "autoscaling/v2", "kind": kind, "metadata": metadata,
            "spec": {"metrics": metrics}});
        Object::try_from(value).unwrap()
    };
    let doubled = autoscaler(json!([metric, metric, {"type": ""}]));
    assert!(!drifted(&autoscaler(json!([metric])), &doubled));
}
