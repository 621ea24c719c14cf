use std::collections::BTreeMap;

use flux_manifest::Object;
use serde_json::{Value, json};

use super::{Owner, cleanup, migrate_api_version, set_metadata};

fn object(metadata: Value) -> Object {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}).try_into().unwrap()
}

fn owner(name: &str) -> Owner {
    let group = "kustomize.toolkit.fluxcd.io".to_owned();
    Owner { group, name: name.to_owned(), namespace: "apps".to_owned() }
}

#[test]
fn an_owner_knows_what_it_has_marked() {
    let mut marked = object(json!({"name": "a", "labels": null}));
    owner("x").mark(&mut marked);
    assert!(owner("x").owns(&marked));
    assert!(!owner("y").owns(&marked));
}

#[test]
fn common_labels_win_even_over_the_owners() {
    let mut marked = object(json!({"name": "a"}));
    owner("x").mark(&mut marked);
    set_metadata(&mut marked, &owner("y").labels(), &BTreeMap::new());
    assert!(!owner("x").owns(&marked));
}

#[test]
fn what_kubectl_left_is_removed() {
    let key = "kubectl.kubernetes.io/last-applied-configuration";
    let live =
        object(json!({"annotations": {key: "{}"}, "labels": {"fluxcd.io/sync-gc-mark": ""}}));
    let paths: Vec<_> = cleanup(&live).iter().map(|op| op["path"].clone()).collect();
    let kubectl = "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration";
    assert_eq!(paths, [kubectl, "/metadata/labels/fluxcd.io~1sync-gc-mark"]);
    assert!(cleanup(&object(json!({}))).is_empty());
}

#[test]
fn managed_fields_move_to_a_new_version_once() {
    let live = object(json!({"managedFields": [{"manager": "a", "apiVersion": "x/v1"}]}));
    let patch = migrate_api_version(&live, "x/v2").unwrap();
    assert_eq!(patch[0]["value"][0]["apiVersion"], "x/v2");
    assert_eq!(migrate_api_version(&live, "x/v1"), None);
}
