//! What one OCIRepository goes through.

use flux_testkit::certificates::{Authority, ClientCertificates};
use flux_testkit::registry::{Access, Artifact, Fault, Server};
use flux_testkit::worlds::source::{World, condition};
use flux_tree::{MemoryTree, Tree as _, ignore::Matcher};
use serde_json::{Value, json};

const KIND: &str = "OCIRepository";

fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes().to_vec()));
    let tree = MemoryTree::from_files(files).unwrap();
    flux_tree::pack(&tree, &Matcher::default(), Vec::new()).unwrap()
}

/// A world and a registry with one artifact, `app:v1`.
async fn world() -> (World, Server) {
    let server = Server::start(None).unwrap();
    server.put_artifact("app", &Artifact::flux(layer(&[("a.yaml", "one")])), &["v1"]);
    (World::start("ns").await, server)
}

fn spec(server: &Server, more: Value) -> Value {
    let url = format!("oci://{}/app", server.host());
    let mut spec = json!({ "interval": "10m", "url": url, "ref": { "tag": "v1" } });
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    spec
}

#[tokio::test]
async fn an_unchanged_tag_costs_one_head_request() {
    let (world, server) = world().await;
    world.source(KIND, "app", spec(&server, json!({}))).await;
    let ready = world.until_ready(KIND, "app", "True").await;
    assert_eq!(&*world.files(&ready).read("a.yaml").unwrap(), b"one");
    server.take_requests();
    world.request(KIND, "app", "1").await;
    world.until((KIND, "app"), |app| app["status"]["lastHandledReconcileAt"] == "1").await;
    assert_eq!(server.take_requests(), ["HEAD /v2/app/manifests/v1"]);
}

#[tokio::test]
async fn deleting_removes_archives_and_links() {
    let (world, server) = world().await;
    world.source(KIND, "app", spec(&server, json!({}))).await;
    world.until_ready(KIND, "app", "True").await;
    let listed = world.listed("ocirepository/ns/app");
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(listed[0], "latest.tar.gz");
    world.cluster.delete(&world.target_of(KIND, "app"), &Default::default()).await.unwrap();
    world.until_gone(KIND, "app").await;
    assert!(world.listed("ocirepository/ns/app").is_empty());
}

#[tokio::test]
async fn pull_secrets_come_from_the_object_and_from_its_service_account() {
    let (world, server) = world().await;
    server.set_access(Access::Token {
        username: "user".to_owned(),
        password: "secret".to_owned(),
        refresh: String::new(),
    });
    let config =
        json!({ "auths": { server.host(): { "username": "user", "password": "secret" } } });
    world.source(KIND, "open", spec(&server, json!({}))).await;
    let open = world.until_ready(KIND, "open", "False").await;
    let why = condition(&open, "FetchFailed");
    assert!(
        why.starts_with("OCIArtifactPullFailed: failed to determine artifact digest: "),
        "{why}"
    );
    assert!(why.contains("UNAUTHORIZED"), "{why}");

    let more = json!({ "secretRef": { "name": "pull" } });
    world.source(KIND, "secret", spec(&server, more)).await;
    let missing = world.until_ready(KIND, "secret", "False").await;
    assert_eq!(
        condition(&missing, "FetchFailed"),
        "AuthenticationFailed: failed to get credential: failed to get secret 'ns/pull': \
         secrets \"pull\" not found"
    );
    world.secret("pull", &[(".dockerconfigjson", &config.to_string())]).await;
    world.request(KIND, "secret", "1").await;
    world.until_ready(KIND, "secret", "True").await;

    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "ServiceAccount",
            "metadata": { "name": "puller", "namespace": "ns" },
            "imagePullSecrets": [{ "name": "pull" }],
        }))
        .await;
    world.source(KIND, "account", spec(&server, json!({ "serviceAccountName": "puller" }))).await;
    world.until_ready(KIND, "account", "True").await;
}

#[tokio::test]
async fn certificates_come_from_a_secret_and_insecure_does_without() {
    let authority = Authority::new().unwrap();
    let tls = authority.server(ClientCertificates::Required).unwrap();
    let server = Server::start(Some(tls)).unwrap();
    server.put_artifact("app", &Artifact::flux(layer(&[("a.yaml", "one")])), &["v1"]);
    let world = World::start("ns").await;
    let mine = authority.sign(&["client"]).unwrap();
    let (certificate, key) = (mine.certificate.as_str(), mine.key.as_str());
    world.secret("half", &[("tls.crt", certificate)]).await;
    world
        .secret("tls", &[("ca.crt", authority.pem()), ("tls.crt", certificate), ("tls.key", key)])
        .await;
    let with = |name: &str| spec(&server, json!({ "certSecretRef": { "name": name } }));
    world.source(KIND, "half", with("half")).await;
    let half = world.until_ready(KIND, "half", "False").await;
    let why = condition(&half, "Ready");
    assert!(why.starts_with("AuthenticationFailed: failed to generate transport for"), "{why}");
    world.source(KIND, "app", with("tls")).await;
    world.until_ready(KIND, "app", "True").await;

    let open = Server::start(Some(authority.server(ClientCertificates::Ignored).unwrap())).unwrap();
    open.put_artifact("app", &Artifact::flux(layer(&[("a.yaml", "one")])), &["v1"]);
    world.source(KIND, "strict", spec(&open, json!({}))).await;
    world.until_ready(KIND, "strict", "False").await;
    world.source(KIND, "careless", spec(&open, json!({ "insecure": true }))).await;
    world.until_ready(KIND, "careless", "True").await;
}

#[tokio::test]
async fn a_proxy_is_asked_for_what_it_alone_can_reach() {
    let (world, server) = world().await;
    world.secret("proxy", &[("address", &format!("http://{}", server.host()))]).await;
    let mut spec = spec(&server, json!({ "proxySecretRef": { "name": "proxy" } }));
    spec["url"] = json!("oci://far.local/app");
    spec["insecure"] = json!(true);
    world.source(KIND, "app", spec).await;
    world.until_ready(KIND, "app", "True").await;
}

#[tokio::test]
async fn a_registry_that_lies_or_cuts_is_told_and_recovered_from() {
    let (world, server) = world().await;
    server.fail("GET", "blobs", Fault::Lie, 1);
    world.source(KIND, "app", spec(&server, json!({}))).await;
    let lied = world.until_ready(KIND, "app", "False").await;
    let why = condition(&lied, "Ready");
    assert!(why.starts_with("OCIArtifactLayerOperationFailed: "), "{why}");
    assert!(why.contains("does not match requested digest"), "{why}");
    assert!(world.listed("ocirepository/ns/app").is_empty());
    server.fail("GET", "blobs", Fault::CutAfter(10), 1);
    world.request(KIND, "app", "1").await;
    world.until_ready(KIND, "app", "True").await;
}

#[tokio::test]
async fn what_is_no_archive_is_told() {
    let (world, server) = world().await;
    server.put_artifact("app", &Artifact::flux(b"text".to_vec()), &["text"]);
    let mut empty = Artifact::flux(Vec::new());
    empty.layers.clear();
    server.put_artifact("app", &empty, &["empty"]);
    world.source(KIND, "text", spec(&server, json!({ "ref": { "tag": "text" } }))).await;
    let text = world.until_ready(KIND, "text", "False").await;
    let why = condition(&text, "Ready");
    assert!(
        why.starts_with(
            "OCIArtifactLayerOperationFailed: failed to extract layer contents from artifact: \
             requires gzip-compressed body"
        ),
        "{why}"
    );
    world.source(KIND, "empty", spec(&server, json!({ "ref": { "tag": "empty" } }))).await;
    let empty = world.until_ready(KIND, "empty", "False").await;
    let why = "OCIArtifactLayerOperationFailed: no layers found in artifact";
    assert_eq!(condition(&empty, "Ready"), why);
}

#[tokio::test]
async fn an_address_with_a_tag_stalls() {
    let (world, server) = world().await;
    let mut spec = spec(&server, json!({}));
    spec["url"] = json!("oci://r.io/app:v1");
    world.source(KIND, "app", spec).await;
    let stalled = world.until_ready(KIND, "app", "False").await;
    assert_eq!(
        condition(&stalled, "Stalled"),
        "URLInvalid: URL validation failed for 'oci://r.io/app:v1': \
         URL must not contain a tag; remove ':v1'"
    );
    assert_eq!(stalled["status"]["observedGeneration"], 1);
}

#[tokio::test]
async fn signatures_that_nobody_checks_are_not_taken_for_granted() {
    let (world, server) = world().await;
    let more = json!({ "verify": { "provider": "cosign" } });
    world.source(KIND, "app", spec(&server, more)).await;
    let unverified = world.until_ready(KIND, "app", "False").await;
    assert!(condition(&unverified, "Ready").starts_with("VerificationError: "));
    assert!(unverified["status"]["artifact"].is_null());
}
