use serde_json::json;

use super::*;

#[test]
fn empty_and_null_metadata_goes_as_with_typed_objects() {
    let mut object = json!({"metadata": {"name": "a", "labels": {}, "annotations": null,
        "selfLink": "/x", "finalizers": [], "creationTimestamp": null}});
    normalize(&mut object);
    assert_eq!(object, json!({"metadata": {"name": "a"}}));
}

#[test]
fn null_labels_become_empty_texts_and_a_reset_of_managed_fields_stays() {
    let mut object = json!({"metadata": {"labels": {"a": null}, "managedFields": []}});
    normalize(&mut object);
    assert_eq!(object, json!({"metadata": {"labels": {"a": ""}, "managedFields": []}}));
}

#[test]
fn owner_references_that_occur_twice_are_dropped_and_named() {
    let owner = json!({"uid": "u", "name": "o"});
    let mut object = json!({"metadata": {"ownerReferences": [owner, owner]}});
    assert_eq!(dedup_owner_references(&mut object), ["u"]);
    assert_eq!(object["metadata"]["ownerReferences"], json!([owner]));
}
