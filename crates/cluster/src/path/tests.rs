use super::{resource, with_query};
use crate::ApiResource;

fn roles() -> ApiResource {
    ApiResource {
        group: "rbac.authorization.k8s.io".into(),
        version: "v1".into(),
        kind: "Role".into(),
        plural: "roles".into(),
        namespaced: true,
        ..ApiResource::default()
    }
}

#[test]
fn names_are_escaped_in_paths() {
    assert_eq!(
        resource(&roles(), "a/../b", &["system:x%", "status"]),
        "/apis/rbac.authorization.k8s.io/v1/namespaces/a%2F..%2Fb/roles/system:x%25/status"
    );
}

#[test]
fn empty_parameters_are_left_out() {
    let path = with_query("/api".into(), &[("a", ""), ("labelSelector", "x=y,z"), ("b", "1")]);
    assert_eq!(path, "/api?labelSelector=x%3Dy%2Cz&b=1");
}
