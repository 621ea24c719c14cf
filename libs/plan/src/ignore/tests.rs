use flux_manifest::Object;
use serde_json::{Value, json};

use super::{IgnoreRules, respect_ignored};

fn object(spec: Value, managed: Value) -> Object {
    let metadata = json!({"name": "web", "managedFields": managed});
    let value =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec});
    Object::try_from(value).unwrap()
}

fn rules(paths: &[&str]) -> IgnoreRules {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    IgnoreRules::new([(None, paths.as_slice())]).unwrap()
}

fn applied_by(manager: &str, fields: Value) -> Value {
    json!([{"manager": manager, "operation": "Apply", "fieldsV1": fields}])
}

fn check(managed: Value, want: Value) {
    let desired = object(json!({"replicas": 1, "paused": true}), json!([]));
    let live = object(json!({"replicas": 5}), managed);
    let rules = rules(&["/spec/replicas"]);
    let got = respect_ignored(&desired, &live, &desired, (&rules, "kustomize-controller"));
    assert_eq!(got.pointer("/spec"), Some(&want));
}

#[test]
fn an_ignored_field_that_we_own_keeps_its_live_value() {
    check(json!([]), json!({"replicas": 5, "paused": true}));
    let ours = applied_by("kustomize-controller", json!({"f:spec": {"f:replicas": {}}}));
    check(ours, json!({"replicas": 5, "paused": true}));
}

#[test]
fn an_ignored_field_that_another_has_applied_is_left_out() {
    check(applied_by("hpa", json!({"f:spec": {"f:replicas": {}}})), json!({"paused": true}));
}

#[test]
fn an_item_of_a_list_is_found_by_its_key() {
    let fields = json!({"f:spec": {"f:c": {"k:{\"name\":\"b\"}": {"f:image": {}}}}});
    let live = object(
        json!({"c": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}),
        applied_by("other", fields),
    );
    let desired =
        object(json!({"c": [{"name": "a", "image": "1"}, {"name": "b", "image": "9"}]}), json!([]));
    let rules = rules(&["/spec/c/1/image"]);
    let got = respect_ignored(&desired, &live, &desired, (&rules, "kustomize-controller"));
    assert_eq!(got.pointer("/spec/c/1"), Some(&json!({"name": "b"})));
}

#[test]
fn of_rules_for_all_objects_the_last_one_counts() {
    let (first, second) = (["/a".to_owned()], ["/b".to_owned()]);
    let rules = IgnoreRules::new([(None, &first[..]), (None, &second[..])]).unwrap();
    assert_eq!(rules.paths(&object(json!({}), json!([]))), ["/b"]);
}
