use serde_json::json;

use super::*;

fn set(fields: serde_json::Value) -> Set {
    Set::from_fields(&fields).unwrap()
}

#[test]
fn the_fields_v1_form_is_read_and_written() {
    let fields = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:ports": {
                ".": {},
                "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}},
            },
            "f:finalizers": {"v:\"a\"": {}, "v:1.5": {}, "v:true": {}, "i:2": {}},
        },
    });
    let set = set(fields.clone());
    assert_eq!(set.to_fields(), fields);
    assert_eq!(
        set.to_string(),
        ".metadata.labels\n.metadata.labels.app\n.spec.ports\n.spec.finalizers[=1.5]\n\
         .spec.finalizers[=\"a\"]\n.spec.finalizers[=true]\n.spec.finalizers[2]\n\
         .spec.ports[port=80,protocol=\"TCP\"]\n.spec.ports[port=80,protocol=\"TCP\"].name"
    );
}

#[test]
fn large_whole_numbers_in_keys_print_with_an_exponent_and_are_stored_plainly() {
    let fields = json!({"f:a": {"k:{\"n\":1234567}": {"f:x": {}}}});
    let set = set(fields.clone());
    assert_eq!(set.to_string(), ".a[n=1.234567e+06].x");
    assert_eq!(set.to_fields(), fields);
}

#[test]
fn unknown_kinds_of_elements_are_dropped_and_malformed_ones_refused() {
    assert_eq!(set(json!({"x:new": {}, "f:a": {}})), set(json!({"f:a": {}})));
    for (key, error) in [
        ("a", "key must be 2 characters long:"),
        ("zzz", "missing colon: zzz"),
        ("i:x", "unreadable path element `i:x`"),
        ("k:[]", "unreadable path element `k:[]`"),
        ("v:", "unreadable path element `v:`"),
    ] {
        assert_eq!(Set::from_fields(&json!({key: {}})).unwrap_err().to_string(), error);
    }
}

#[test]
fn sets_are_combined_path_by_path() {
    let left = set(json!({"f:a": {".": {}, "f:b": {}, "f:c": {}}, "f:d": {}}));
    let right = set(json!({"f:a": {".": {}, "f:c": {}, "f:e": {}}, "f:d": {"f:x": {}}}));
    let union = json!({
        "f:a": {".": {}, "f:b": {}, "f:c": {}, "f:e": {}}, "f:d": {".": {}, "f:x": {}},
    });
    assert_eq!(left.union(&right), set(union));
    assert_eq!(left.intersection(&right), set(json!({"f:a": {".": {}, "f:c": {}}})));
    assert_eq!(left.difference(&right), set(json!({"f:a": {"f:b": {}}, "f:d": {}})));
    assert_eq!(left.recursive_difference(&right), set(json!({"f:d": {}})));
    assert_eq!(left.leaves(), set(json!({"f:a": {"f:b": {}, "f:c": {}}, "f:d": {}})));
    assert_eq!(left.len(), 4);
}

#[test]
fn subsets_are_recognized() {
    let small = set(json!({"f:a": {"f:b": {}}, "f:z": {}}));
    let large = set(json!({"f:a": {".": {}, "f:b": {}}, "f:c": {}, "f:z": {}}));
    assert!(small.is_subset(&large));
    assert!(!large.is_subset(&small));
    assert!(!set(json!({"f:a": {}})).is_subset(&small));
    assert!(Set::EMPTY.is_subset(&small));
}

#[test]
fn a_path_is_found_only_if_it_is_a_member_itself() {
    let mut set = Set::EMPTY;
    let path = Path::fields(&["spec", "replicas"]);
    set.insert(&path.0);
    assert!(set.contains(&path.0));
    assert!(!set.contains(&path.0[..1]));
    assert!(!set.contains(&[]));
    set.insert(&[]);
    assert_eq!(set.len(), 1);
}
