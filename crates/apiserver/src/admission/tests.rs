//! Policies and webhooks in front of a server without a socket.

use std::convert::Infallible;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

use crate::pki::Pki;
use crate::{Controllers, Options, Server};

const MAPS: &str = "/api/v1/namespaces/a/configmaps";
const GROUP: &str = "/apis/admissionregistration.k8s.io/v1";

struct World {
    server: Server,
}

impl World {
    async fn new() -> Self {
        let options =
            Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
        let world = Self { server: Server::start(options).unwrap() };
        world.post("/api/v1/namespaces", json!({"metadata": {"name": "a"}})).await;
        world
    }

    async fn send(&self, method: &str, url: &str, body: Value) -> (u16, Vec<String>, Value) {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", "application/json")
            .header("user-agent", "test/1")
            .header("authorization", format!("Bearer {}", self.server.admin_token()))
            .body(Full::new(Bytes::from(body.to_string())))
            .unwrap();
        let response = self.server.service().respond(request).await;
        let code = response.status().as_u16();
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings.map(|text| text.to_str().unwrap().to_owned()).collect();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, warnings, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn post(&self, url: &str, body: Value) -> (u16, Vec<String>, Value) {
        self.send("POST", url, body).await
    }

    /// Binds a policy about ConfigMaps that consists of `spec`.
    async fn bind(&self, spec: Value, action: &str) {
        let mut policy = json!({"metadata": {"name": "p"}, "spec": {"matchConstraints": {
            "resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
                "operations": ["CREATE", "DELETE"], "resources": ["configmaps"]}]}}});
        for (key, value) in spec.as_object().unwrap() {
            policy["spec"][key] = value.clone();
        }
        let (code, _, answer) =
            self.post(&format!("{GROUP}/validatingadmissionpolicies"), policy).await;
        assert_eq!(code, 201, "{answer}");
        let binding = json!({"metadata": {"name": "b"},
            "spec": {"policyName": "p", "validationActions": [action]}});
        let (code, _, answer) =
            self.post(&format!("{GROUP}/validatingadmissionpolicybindings"), binding).await;
        assert_eq!(code, 201, "{answer}");
    }
}

fn map(name: &str, data: Value) -> Value {
    json!({"metadata": {"name": name}, "data": data})
}

#[tokio::test]
async fn a_policy_refuses_with_the_message_that_its_expression_makes() {
    let world = World::new().await;
    let spec = json!({
        "variables": [{"name": "size", "expression": "size(object.data)"}],
        "validations": [{"expression": "variables.size < 2",
            "messageExpression": "'too many keys: ' + string(variables.size)"}],
        "matchConditions": [{"name": "creates", "expression": "request.operation == 'CREATE'"}],
    });
    world.bind(spec, "Deny").await;
    let (code, _, refused) = world.post(MAPS, map("x", json!({"a": "1", "b": "2"}))).await;
    assert_eq!(code, 422);
    assert_eq!(
        refused["message"],
        "configmaps \"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied \
         request: too many keys: 2"
    );
    assert_eq!(world.post(MAPS, map("y", json!({"a": "1"}))).await.0, 201);
    assert_eq!(world.send("DELETE", &format!("{MAPS}/y"), json!({})).await.0, 200);
}

#[tokio::test]
async fn a_policy_that_warns_lets_through_and_one_that_fails_does_not() {
    let world = World::new().await;
    let spec = json!({"validations": [{"expression": "object.data.a == 'b'"}]});
    world.bind(spec.clone(), "Warn").await;
    let (code, warnings, _) = world.post(MAPS, map("x", json!({"a": "1"}))).await;
    assert_eq!(code, 201);
    assert_eq!(
        warnings,
        ["299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed \
          expression: object.data.a == 'b'\""]
    );
    let world = World::new().await;
    world.bind(spec, "Deny").await;
    let (code, _, refused) = world.post(MAPS, map("x", json!({"z": "1"}))).await;
    assert_eq!(code, 422);
    assert!(
        refused["message"].as_str().unwrap().ends_with("resulted in error: no such key: a"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_wrong_expression_is_told_when_the_policy_is_made() {
    let world = World::new().await;
    let policy = json!({"metadata": {"name": "p"}, "spec": {
        "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"],
            "operations": ["CREATE"], "resources": ["configmaps"]}]},
        "validations": [{"expression": "1 + 1"}, {"expression": "object.data."}]}});
    let (code, _, refused) =
        world.post(&format!("{GROUP}/validatingadmissionpolicies"), policy).await;
    assert_eq!(code, 422);
    let causes = refused["details"]["causes"].as_array().unwrap();
    let fields: Vec<&str> = causes.iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["spec.validations[0].expression", "spec.validations[1].expression"]);
    assert_eq!(causes[0]["message"], "Invalid value: \"1 + 1\": must evaluate to bool");
}

/// A webhook on a port of its own: its URL and what signed its certificate.
async fn webhook(answer: fn(&Value) -> Value) -> (String, String) {
    let pki = Pki::open(None).unwrap();
    let serving = pki.serving(&[]).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(serving.chain, serving.key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/check", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(socket).await else { continue };
            let service = hyper::service::service_fn(
                move |request: http::Request<hyper::body::Incoming>| async move {
                    let bytes = request.into_body().collect().await.unwrap().to_bytes();
                    let review: Value = serde_json::from_slice(&bytes).unwrap();
                    let mut response = answer(&review["request"]);
                    response["uid"] = review["request"]["uid"].clone();
                    let body = json!({"apiVersion": "admission.k8s.io/v1",
                        "kind": "AdmissionReview", "response": response});
                    let body = Full::new(Bytes::from(body.to_string()));
                    Ok::<_, Infallible>(http::Response::new(body))
                },
            );
            let builder = hyper::server::conn::http1::Builder::new();
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        }
    });
    (url, pki.ca_pem().to_owned())
}

fn configuration((url, authority): &(String, String), policy: &str) -> Value {
    json!({"metadata": {"name": "w"}, "webhooks": [{
        "name": "w.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None",
        "failurePolicy": policy,
        "clientConfig": {"url": url, "caBundle": STANDARD.encode(authority)},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
            "resources": ["configmaps"]}]}]})
}

#[tokio::test]
async fn a_webhook_changes_what_is_stored_and_owns_none_of_it() {
    let world = World::new().await;
    let made = webhook(|_| {
        let patch = json!([{"op": "add", "path": "/data/added", "value": "yes"}]);
        json!({"allowed": true, "patchType": "JSONPatch", "warnings": ["changed"],
            "patch": STANDARD.encode(patch.to_string())})
    })
    .await;
    let url = format!("{GROUP}/mutatingwebhookconfigurations");
    assert_eq!(world.post(&url, configuration(&made, "Fail")).await.0, 201);
    let (code, warnings, created) = world.post(MAPS, map("x", json!({"a": "1"}))).await;
    assert_eq!((code, &created["data"]), (201, &json!({"a": "1", "added": "yes"})));
    assert_eq!(warnings, ["299 - \"changed\""]);
    let owned = &created["metadata"]["managedFields"][0]["fieldsV1"]["f:data"];
    assert_eq!(*owned, json!({".": {}, "f:a": {}}));
}

#[tokio::test]
async fn a_webhook_refuses_in_its_own_words() {
    let world = World::new().await;
    let made = webhook(|request| match request["object"]["data"]["a"].as_str() {
        Some("bad") => json!({"allowed": false, "status": {"code": 403, "message": "no a=bad"}}),
        _ => json!({"allowed": true}),
    })
    .await;
    let url = format!("{GROUP}/validatingwebhookconfigurations");
    assert_eq!(world.post(&url, configuration(&made, "Fail")).await.0, 201);
    assert_eq!(world.post(MAPS, map("x", json!({"a": "1"}))).await.0, 201);
    let (code, _, refused) = world.post(MAPS, map("y", json!({"a": "bad"}))).await;
    assert_eq!(code, 403);
    let said = "admission webhook \"w.example.com\" denied the request: no a=bad";
    assert_eq!(refused["message"], said);
}

#[tokio::test]
async fn a_webhook_that_is_not_there_fails_or_is_ignored() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("https://{}/check", listener.local_addr().unwrap());
    drop(listener);
    let made = (gone, Pki::open(None).unwrap().ca_pem().to_owned());
    let url = format!("{GROUP}/validatingwebhookconfigurations");
    let world = World::new().await;
    world.post(&url, configuration(&made, "Ignore")).await;
    assert_eq!(world.post(MAPS, map("x", json!({}))).await.0, 201);
    let world = World::new().await;
    world.post(&url, configuration(&made, "Fail")).await;
    let (code, _, refused) = world.post(MAPS, map("x", json!({}))).await;
    assert_eq!(code, 500);
    let start = "Internal error occurred: failed calling webhook \"w.example.com\": failed to \
                 call webhook: Post ";
    assert!(refused["message"].as_str().unwrap().starts_with(start), "{refused}");
}
