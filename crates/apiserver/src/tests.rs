//! The vertical: requests against a server without a socket.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::{Controllers, Options, Server};

struct World {
    server: Server,
}

impl World {
    fn new() -> Self {
        let options =
            Options { seed: Some(1), controllers: Controllers::NONE, ..Options::default() };
        Self { server: Server::start(options).unwrap() }
    }

    async fn send(&self, method: &str, url: &str, body: Option<Value>) -> (u16, Value) {
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", kind)
            .header("user-agent", "test/1")
            .header("authorization", format!("Bearer {}", self.server.admin_token()))
            .body(Full::new(body.map(|b| Bytes::from(b.to_string())).unwrap_or_default()))
            .unwrap();
        let response = self.server.service().respond(request).await;
        let code = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (code, serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

const MAPS: &str = "/api/v1/namespaces/a/configmaps";

#[tokio::test]
async fn a_config_map_lives_from_create_to_delete() {
    let world = World::new();
    world.send("POST", "/api/v1/namespaces", Some(json!({"metadata": {"name": "a"}}))).await;
    let map = json!({"metadata": {"name": "m"}, "data": {"k": "v"}});
    let (code, created) = world.send("POST", MAPS, Some(map.clone())).await;
    assert_eq!((code, &created["data"]["k"]), (201, &json!("v")));
    assert_eq!(world.send("POST", MAPS, Some(map)).await.0, 409);
    let one = format!("{MAPS}/m");
    let (_, patched) = world.send("PATCH", &one, Some(json!({"data": {"k": "w"}}))).await;
    assert_eq!(patched["data"]["k"], "w");
    let (_, list) = world.send("GET", MAPS, None).await;
    assert_eq!(list["items"][0]["data"]["k"], "w");
    assert_eq!(world.send("DELETE", &one, None).await.0, 200);
    assert_eq!(world.send("GET", &one, None).await.0, 404);
}

#[tokio::test]
async fn a_watch_shows_what_is_there_and_what_changes() {
    let world = World::new();
    world.send("POST", "/api/v1/namespaces", Some(json!({"metadata": {"name": "a"}}))).await;
    world.send("POST", MAPS, Some(json!({"metadata": {"name": "m"}}))).await;
    let request = http::Request::builder()
        .uri(format!("{MAPS}?watch=true"))
        .header("authorization", format!("Bearer {}", world.server.admin_token()))
        .body(Full::<Bytes>::default())
        .unwrap();
    let mut body = world.server.service().respond(request).await.into_body();
    world.send("DELETE", &format!("{MAPS}/m"), None).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        let event: Value = serde_json::from_slice(&frame).unwrap();
        seen.push(event["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, ["ADDED", "DELETED"]);
}

#[tokio::test]
async fn a_body_of_more_than_three_mebibytes_is_refused() {
    let world = World::new();
    let big = json!({"metadata": {"name": "a"}, "data": {"k": "v".repeat(4 << 20)}});
    assert_eq!(world.send("POST", "/api/v1/namespaces", Some(big)).await.0, 413);
}

const ALPINE: &str =
    r#"{"containers": [{"name": "c", "image": "alpine:3"}], "restartPolicy": "Never"}"#;

async fn with_namespace() -> World {
    let world = World::new();
    world.send("POST", "/api/v1/namespaces", Some(json!({"metadata": {"name": "a"}}))).await;
    world
}

#[tokio::test]
async fn whoever_takes_the_last_finalizer_away_gets_the_version_before_the_removal() {
    let world = with_namespace().await;
    let map = json!({"metadata": {"name": "m", "finalizers": ["x.io/a"]}});
    world.send("POST", MAPS, Some(map)).await;
    let one = format!("{MAPS}/m");
    let (_, marked) = world.send("DELETE", &one, None).await;
    let (_, last) =
        world.send("PATCH", &one, Some(json!({"metadata": {"finalizers": null}}))).await;
    assert_eq!(last["metadata"]["resourceVersion"], marked["metadata"]["resourceVersion"]);
    assert_eq!(world.send("GET", &one, None).await.0, 404);
}

#[tokio::test]
async fn a_job_is_deleted_without_its_pods_unless_somebody_says_so() {
    let world = with_namespace().await;
    let spec: Value = serde_json::from_str(ALPINE).unwrap();
    let jobs = "/apis/batch/v1/namespaces/a/jobs";
    let job = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}});
    world.send("POST", jobs, Some(job.clone())).await;
    let (_, marked) = world.send("DELETE", &format!("{jobs}/j"), None).await;
    assert_eq!(marked["metadata"]["finalizers"], json!(["orphan"]));
    let (code, taken) = world.send("POST", jobs, Some(job)).await;
    assert_eq!(code, 409);
    assert!(taken["message"].as_str().unwrap().starts_with("object is being deleted: "));
}

#[tokio::test]
async fn the_status_of_a_deployment_has_to_add_up() {
    let world = with_namespace().await;
    let deployments = "/apis/apps/v1/namespaces/a/deployments";
    let body = json!({"metadata": {"name": "d"}, "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}}});
    assert_eq!(world.send("POST", deployments, Some(body)).await.0, 201);
    let status = json!({"status": {"replicas": 1, "readyReplicas": 5}});
    let path = format!("{deployments}/d/status");
    let (code, refused) = world.send("PATCH", &path, Some(status)).await;
    assert_eq!(code, 422);
    assert_eq!(
        refused["message"],
        "Deployment.apps \"d\" is invalid: status.readyReplicas: Invalid value: 5: cannot be \
         greater than status.replicas"
    );
    let note = json!({"metadata": {"annotations": {"x": "y"}}});
    let (_, noted) = world.send("PATCH", &format!("{deployments}/d"), Some(note)).await;
    assert_eq!(noted["metadata"]["generation"], 2);
}

#[tokio::test]
async fn others_can_check_tokens_of_service_accounts() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let world = with_namespace().await;
    let accounts = "/api/v1/namespaces/a/serviceaccounts";
    world.send("POST", accounts, Some(json!({"metadata": {"name": "sa"}}))).await;
    let path = format!("{accounts}/sa/token");
    let (_, answer) = world.send("POST", &path, Some(json!({"spec": {}}))).await;
    let token = answer["status"]["token"].as_str().unwrap();
    let (_, document) = world.send("GET", "/.well-known/openid-configuration", None).await;
    assert!(document["jwks_uri"].as_str().unwrap().ends_with("/openid/v1/jwks"));
    let (_, keys) = world.send("GET", "/openid/v1/jwks", None).await;
    let key = &keys["keys"][0];
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let point =
        [&[4], &*bytes(key["x"].as_str().unwrap()), &bytes(key["y"].as_str().unwrap())].concat();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    public.verify(signed.as_bytes(), &bytes(signature)).unwrap();
    let header: Value = serde_json::from_slice(&bytes(signed.split('.').next().unwrap())).unwrap();
    assert_eq!(header["kid"], key["kid"]);
}

#[tokio::test]
async fn a_client_certificate_is_a_user_with_groups() {
    let world = World::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "system:masters");
    params.distinguished_name.push(rcgen::DnType::CommonName, "alice");
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let mut request = http::Request::post("/apis/authentication.k8s.io/v1/selfsubjectreviews")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from("{}")))
        .unwrap();
    request.extensions_mut().insert(crate::ClientCertificate(der.into()));
    let response = world.server.service().respond(request).await;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let review: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(
        review["status"]["userInfo"],
        json!({"username": "alice", "groups": ["system:masters", "system:authenticated"]})
    );
}
