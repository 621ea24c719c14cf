//! Patches and applies against a server without a socket.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::{Controllers, Options, Server};

const MAPS: &str = "/api/v1/namespaces/a/configmaps";
const APPLY: &str = "application/apply-patch+yaml";
const JSON_PATCH: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

struct World {
    server: Server,
}

impl World {
    async fn new() -> Self {
        let options =
            Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
        let world = Self { server: Server::start(options).unwrap() };
        let namespace = json!({"metadata": {"name": "a"}});
        world.send("POST", "/api/v1/namespaces", "application/json", namespace).await;
        world
    }

    async fn send(&self, method: &str, url: &str, kind: &str, body: Value) -> (u16, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", kind)
            .header("user-agent", "test/1")
            .header("authorization", format!("Bearer {}", self.server.admin_token()))
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let response = self.server.service().respond(request).await;
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn apply(&self, manager: &str, data: Value) -> (u16, Value) {
        let body = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data,
        });
        self.send("PATCH", &format!("{MAPS}/m?fieldManager={manager}"), APPLY, body).await
    }

    async fn patch(&self, kind: &str, body: Value) -> (u16, Value) {
        self.send("PATCH", &format!("{MAPS}/m"), kind, body).await
    }
}

/// Returns who owns what, one line for each manager.
fn owners(object: &Value) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let line = |entry: &Value| {
        let (manager, operation) = (&entry["manager"], &entry["operation"]);
        format!("{manager} {operation} {}", entry["fieldsV1"]).replace('"', "")
    };
    entries.map(line).collect()
}

#[tokio::test]
async fn an_apply_creates_and_a_second_one_without_change_writes_nothing() {
    let world = World::new().await;
    let (code, created) = world.apply("m1", json!({"k": "v"})).await;
    assert_eq!((code, owners(&created)), (201, vec!["m1 Apply {f:data:{f:k:{}}}".to_owned()]));
    let (code, same) = world.apply("m1", json!({"k": "v"})).await;
    assert_eq!((code, &same), (200, &created));
}

#[tokio::test]
async fn a_conflict_names_field_and_manager() {
    let world = World::new().await;
    world.apply("m1", json!({"k": "v"})).await;
    let (code, status) = world.apply("m2", json!({"k": "w"})).await;
    assert_eq!(code, 409);
    assert_eq!(
        status["details"]["causes"],
        json!([{"field": ".data.k", "message": "conflict with \"m1\"", "reason": "FieldManagerConflict"}])
    );
    let (code, forced) = world.apply("m2&force=true", json!({"k": "w"})).await;
    assert_eq!((code, &forced["data"]), (200, &json!({"k": "w"})));
}

#[tokio::test]
async fn every_kind_of_patch_books_what_it_changes() {
    let world = World::new().await;
    world.apply("m1", json!({"k": "v", "j": "v"})).await;
    let operations = json!([{"op": "replace", "path": "/data/k", "value": "1"}]);
    let (code, patched) = world.patch(JSON_PATCH, operations).await;
    assert_eq!(
        (code, owners(&patched)),
        (
            200,
            vec![
                "m1 Apply {f:data:{f:j:{}}}".to_owned(),
                "test Update {f:data:{f:k:{}}}".to_owned()
            ]
        )
    );
    world.patch(MERGE, json!({"data": {"j": "1"}})).await;
    let (_, patched) = world.patch(STRATEGIC, json!({"data": {"k": null, "n": "1"}})).await;
    assert_eq!(patched["data"], json!({"j": "1", "n": "1"}));
    assert_eq!(owners(&patched), ["test Update {f:data:{f:j:{},f:n:{}}}"]);
}

#[tokio::test]
async fn patches_that_do_not_apply_are_refused_as_the_original_refuses_them() {
    let world = World::new().await;
    world.apply("m1", json!({"k": "v"})).await;
    let refused = async |kind: &str, body: Value| {
        let (code, status) = world.patch(kind, body).await;
        (code, status["message"].as_str().unwrap_or_default().to_owned())
    };
    let hidden = "the server rejected our request due to an error in our request";
    assert_eq!(
        refused(JSON_PATCH, json!([{"op": "remove", "path": "/data/z"}])).await,
        (422, hidden.to_owned())
    );
    assert_eq!(refused(MERGE, json!(null)).await, (400, "Invalid JSON Patch".to_owned()));
    assert_eq!(
        refused(MERGE, json!([])).await,
        (
            400,
            "error decoding patch: json: cannot unmarshal array into Go value of type \
             map[string]interface {}"
                .to_owned()
        )
    );
    assert_eq!(
        refused(STRATEGIC, json!({"data": {"$patch": "foo"}})).await,
        (500, "unknown patch type: foo in map: map[$patch:foo]".to_owned())
    );
    assert_eq!(refused("application/foo", json!({})).await.0, 415);
}

#[tokio::test]
async fn an_apply_without_manager_is_refused() {
    let world = World::new().await;
    let (code, status) = world.apply("", json!({})).await;
    assert_eq!(code, 422);
    assert_eq!(
        status["message"],
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"
    );
}

#[tokio::test]
async fn a_scale_shows_and_sets_the_replicas_and_owns_them() {
    let world = World::new().await;
    let one = "/apis/apps/v1/namespaces/a/deployments/d";
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    });
    world.send("PATCH", &format!("{one}?fieldManager=m1"), APPLY, deployment).await;
    let scale = json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"},
        "spec": {"replicas": 6},
    });
    let url = format!("{one}/scale?fieldManager=m2");
    assert_eq!(world.send("PATCH", &url, APPLY, scale.clone()).await.0, 409);
    let url = format!("{one}/scale?fieldManager=scaler");
    let (code, written) = world.send("PUT", &url, "application/json", scale).await;
    assert_eq!((code, &written["spec"]), (200, &json!({"replicas": 6})));
    assert_eq!(written["status"]["selector"], "a=b");
    let (_, read) = world.send("GET", one, "", Value::Null).await;
    let owners = owners(&read);
    assert_eq!(owners.last().map(String::as_str), Some("scaler Update {f:spec:{f:replicas:{}}}"));
    assert!(!owners[0].contains("f:replicas"), "{owners:?}");
    let patch = json!({"spec": {"replicas": 1}});
    let (_, patched) = world.send("PATCH", &format!("{one}/scale"), MERGE, patch).await;
    assert_eq!(patched["spec"], json!({"replicas": 1}));
}
