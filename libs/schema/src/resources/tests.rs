use super::*;
use crate::openapi;

#[test]
fn every_line_of_the_table_is_understood() {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(all().len(), lines);
    for resource in all() {
        assert!(!resource.verbs.is_empty(), "{}", resource.plural);
        assert!(openapi::name_of(&resource.kind).is_some(), "{:?}", resource.kind);
    }
}

#[test]
fn subresources_carry_their_own_kind() {
    let pods = find("", "v1", "pods").unwrap();
    let eviction = pods.subresources.iter().find(|sub| sub.name == "eviction").unwrap();
    assert_eq!(eviction.kind, GroupVersionKind::new("policy", "v1", "Eviction"));
    let status = pods.subresources.iter().find(|sub| sub.name == "status").unwrap();
    assert_eq!(status.kind, pods.kind);
    assert_eq!(status.verbs, ["get", "patch", "update"]);
}

#[test]
fn versions_of_one_storage_name_the_stored_kind() {
    let hpa = find("autoscaling", "v1", "horizontalpodautoscalers").unwrap();
    assert_eq!(hpa.stored_as.version, "v2");
    let events = find("events.k8s.io", "v1", "events").unwrap();
    assert_eq!(events.stored_as, GroupVersionKind::new("", "v1", "Event"));
}
