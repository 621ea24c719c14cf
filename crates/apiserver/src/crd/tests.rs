use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use super::definition::*;
use crate::registry::ScalePaths;
use crate::{Controllers, Options, Server};

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

/// A server without a socket, with one definition.
struct World {
    server: Server,
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const THINGS: &str = "/apis/example.com/v1/things";

impl World {
    async fn with(spec: Value) -> Self {
        let options =
            Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
        let world = Self { server: Server::start(options).unwrap() };
        let schema = json!({"type": "object", "properties": {"spec": spec}});
        let definition = json!({
            "metadata": {"name": "things.example.com"},
            "spec": {
                "group": "example.com", "scope": "Cluster",
                "names": {"plural": "things", "kind": "Thing"},
                "versions": [{"name": "v1", "served": true, "storage": true,
                    "schema": {"openAPIV3Schema": schema}}],
            },
        });
        assert_eq!(world.send("POST", DEFINITIONS, definition).await.0, 201);
        for _ in 0..1000 {
            if world.send("GET", THINGS, Value::Null).await.0 == 200 {
                return world;
            }
            tokio::task::yield_now().await;
        }
        panic!("the definition is not established");
    }

    async fn send(&self, method: &str, url: &str, body: Value) -> (u16, Value) {
        let kind = match method {
            "PATCH" => "application/json-patch+json",
            _ => "application/json",
        };
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", kind)
            .header("authorization", format!("Bearer {}", self.server.admin_token()))
            .body(Full::new(body))
            .unwrap();
        let response = self.server.service().respond(request).await;
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

fn thing(kind: &str, spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "t"}, "spec": spec})
}

#[tokio::test]
async fn resources_inside_a_custom_resource_have_sound_metadata() {
    let embedded = json!({"type": "object", "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true});
    let world = World::with(json!({"type": "object", "properties": {"e": embedded}})).await;
    let spec = json!({"e": {"apiVersion": "v1", "metadata": {"name": "A/b", "odd": 1}, "x": 2}});
    let (code, refused) = world.send("POST", THINGS, thing("Thing", spec)).await;
    assert_eq!(code, 422);
    assert_eq!(
        refused["message"],
        "Thing.example.com \"t\" is invalid: [spec.e.kind: Required value, spec.e.metadata.name: \
         Invalid value: \"A/b\": may not contain '/']"
    );
    let spec = json!({"e": {"apiVersion": "v1", "kind": "K", "metadata": {"odd": 1}, "x": 2}});
    let (code, stored) = world.send("POST", THINGS, thing("Thing", spec)).await;
    assert_eq!(code, 201);
    let kept = json!({"apiVersion": "v1", "kind": "K", "metadata": {}, "x": 2});
    assert_eq!(stored["spec"]["e"], kept);
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused_as_what_it_is() {
    let world = World::with(json!({"type": "object"})).await;
    let (code, refused) = world.send("POST", THINGS, thing("Other", json!({}))).await;
    assert_eq!(code, 422);
    let message =
        "Other.example.com \"t\" is invalid: kind: Invalid value: \"Other\": must be Thing";
    assert_eq!(refused["message"], message);
    let (code, refused) = world.send("POST", THINGS, json!([])).await;
    assert_eq!(code, 400);
    assert!(refused["message"].as_str().unwrap().ends_with("(5b5d)"));
}

#[tokio::test]
async fn a_default_of_a_later_schema_is_read_at_once_and_stored_by_the_next_write() {
    let world = World::with(json!({"type": "object"})).await;
    let (_, created) = world.send("POST", THINGS, thing("Thing", json!({}))).await;
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties";
    let add =
        json!([{"op": "add", "path": path, "value": {"b": {"type": "string", "default": "x"}}}]);
    let definition = format!("{DEFINITIONS}/things.example.com");
    assert_eq!(world.send("PATCH", &definition, add).await.0, 200);
    let one = format!("{THINGS}/t");
    let (_, read) = world.send("GET", &one, Value::Null).await;
    assert_eq!(read["spec"]["b"], "x");
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    assert_eq!(version(&read), version(&created));
    let (_, written) = world.send("PATCH", &one, json!([])).await;
    assert_ne!(version(&written), version(&created));
    let (_, again) = world.send("PATCH", &one, json!([])).await;
    assert_eq!(version(&again), version(&written));
}

#[test]
fn numbers_of_a_scale_are_whole_and_small() {
    use super::replicas::{Part, checked_scale};
    let paths = ScalePaths {
        spec_replicas: ".spec.n".to_owned(),
        status_replicas: ".status.n".to_owned(),
        selector: Some(".status.s".to_owned()),
    };
    let texts = |object: &Value| {
        let errors = checked_scale(Some(&paths), object, Part::Whole);
        errors.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(texts(&json!({"spec": {"n": 3}})), [""; 0]);
    assert_eq!(
        texts(&json!({"spec": {"n": -1}, "status": {"n": "x", "s": [1, {"a": true}]}})),
        [
            ".spec.n: Invalid value: -1: should be a non-negative integer",
            ".status.n: Invalid value: 0: .status.n accessor error: x is of the type string, \
             expected int64",
            ".status.s: Invalid value: \"\": .status.s accessor error: [1 map[a:true]] is of the \
             type []interface {}, expected string",
        ]
    );
    assert_eq!(
        texts(&json!({"spec": 1})),
        [".spec.n: Invalid value: 0: .spec.n accessor error: 1 is of the type int64, expected \
             map[string]interface{}"]
    );
}
