use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::registry::{PlainStrategy, Scope};

fn empty(api_version: &str, kind: &str) -> Value {
    let info = ResourceInfo::new(api_version, kind, Scope::Namespaced, Arc::new(PlainStrategy));
    info.typing().empty.clone()
}

#[test]
fn an_empty_object_has_the_fields_that_go_always_writes() {
    assert_eq!(
        empty("v1", "ConfigMap"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}})
    );
    assert_eq!(
        empty("apps/v1", "Deployment"),
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {},
            "spec": {
                "selector": null, "strategy": {},
                "template": {"metadata": {}, "spec": {"containers": null}},
            },
            "status": {},
        })
    );
    assert_eq!(
        empty("a.example/v1", "Unknown"),
        json!({"apiVersion": "a.example/v1", "kind": "Unknown"})
    );
}
