use serde_json::json;

use super::*;

fn empty(group: &str, version: &str, kind: &str) -> Value {
    let all = crate::builtin::resources();
    let is_it = |one: &&ResourceInfo| {
        (one.group.as_str(), one.version.as_str(), one.kind.as_str()) == (group, version, kind)
    };
    all.iter().find(is_it).unwrap().typing().empty.clone()
}

#[test]
fn an_empty_object_has_the_fields_that_go_always_writes() {
    assert_eq!(
        empty("", "v1", "ConfigMap"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})
    );
    assert_eq!(
        empty("apps", "v1", "Deployment"),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {},
            "spec": {
                "selector": null, "strategy": {},
                "template": {"metadata": {}, "spec": {"containers": null}},
            },
            "status": {},
        })
    );
}
