use serde_json::json;

use super::definition::*;

#[test]
fn versions_are_ordered_by_how_far_they_have_come() {
    let mut versions = ["v1alpha1", "v2", "foo", "v1", "v1beta2", "v11", "v1beta1"];
    versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
    assert_eq!(versions, ["v11", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "foo"]);
}

#[test]
fn a_condition_keeps_its_time_while_its_status_stays() {
    let mut object = json!({"status": {"conditions": null}});
    set_condition(&mut object, ["A", "False", "R", "m"], "t1");
    set_condition(&mut object, ["A", "False", "Q", "n"], "t2");
    assert_eq!(object["status"]["conditions"][0]["lastTransitionTime"], "t1");
    set_condition(&mut object, ["A", "True", "Q", "n"], "t3");
    assert_eq!(object["status"]["conditions"][0]["lastTransitionTime"], "t3");
    assert!(is_true(&object, "A"));
}
