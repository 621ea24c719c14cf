//! What one HelmRepository goes through.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_testkit::certificates::{Authority, ClientCertificates};
use flux_testkit::files::Server;
use flux_testkit::worlds::source::{World, condition};
use serde_json::{Value, json};

const KIND: &str = "HelmRepository";

const INDEX: &str = "apiVersion: v1
entries:
  app:
  - {name: app, version: 1.0.0, urls: [app-1.0.0.tgz]}
";

async fn world() -> (World, Server) {
    let server = Server::start(None).unwrap();
    server.put("/charts/index.yaml", INDEX);
    (World::start("ns").await, server)
}

fn spec(server: &Server, more: Value) -> Value {
    let mut spec = json!({ "interval": "10m", "url": server.url("/charts") });
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    spec
}

#[tokio::test]
async fn passwords_come_from_a_secret() {
    let (world, server) = world().await;
    let header = format!("Basic {}", STANDARD.encode("user:secret"));
    server.set_authorization(Some(header));
    world.source(KIND, "open", spec(&server, json!({}))).await;
    let open = world.until_ready(KIND, "open", "False").await;
    assert!(condition(&open, "Ready").ends_with("401 Unauthorized"), "{open:#}");
    world.secret("half", &[("username", "user")]).await;
    world.source(KIND, "half", spec(&server, json!({ "secretRef": { "name": "half" } }))).await;
    let half = world.until_ready(KIND, "half", "False").await;
    assert!(condition(&half, "Ready").starts_with("AuthenticationFailed: "));
    world.secret("auth", &[("username", "user"), ("password", "secret")]).await;
    world.source(KIND, "app", spec(&server, json!({ "secretRef": { "name": "auth" } }))).await;
    world.until_ready(KIND, "app", "True").await;
}

#[tokio::test]
async fn certificates_come_from_a_secret_of_their_own_or_from_the_old_place() {
    let authority = Authority::new().unwrap();
    let tls = authority.server(ClientCertificates::Required).unwrap();
    let server = Server::start(Some(tls)).unwrap();
    server.put("/charts/index.yaml", INDEX);
    let world = World::start("ns").await;
    let mine = authority.sign(&["client"]).unwrap();
    let data =
        [("ca.crt", authority.pem()), ("tls.crt", &mine.certificate), ("tls.key", &mine.key)];
    world.secret("tls", &data).await;
    for field in ["certSecretRef", "secretRef"] {
        let name = field.to_lowercase();
        world.source(KIND, &name, spec(&server, json!({ field: { "name": "tls" } }))).await;
        world.until_ready(KIND, &name, "True").await;
    }
}

#[tokio::test]
async fn an_address_of_another_type_stalls_and_a_repository_of_type_oci_is_left_alone() {
    let (world, server) = world().await;
    world.source(KIND, "wrong", json!({ "interval": "10m", "url": "oci://r.io/charts" })).await;
    let wrong = world.until_ready(KIND, "wrong", "False").await;
    assert!(condition(&wrong, "Stalled").starts_with("URLInvalid: invalid Helm repository URL: "));

    world.source(KIND, "app", spec(&server, json!({}))).await;
    world.until_ready(KIND, "app", "True").await;
    assert!(!world.listed("helmrepository/ns/app").is_empty());
    let static_one = json!({ "type": "oci", "url": "oci://r.io/charts" });
    world.source(KIND, "app", spec(&server, static_one)).await;
    let cleared = |app: &Value| {
        app["status"].as_object().is_none_or(serde_json::Map::is_empty)
            && app["metadata"]["finalizers"].is_null()
    };
    world.until((KIND, "app"), cleared).await;
    assert!(world.listed("helmrepository/ns/app").is_empty());
}

#[tokio::test]
async fn an_index_that_is_too_large_is_refused() {
    let (world, server) = world().await;
    server.put("/charts/index.yaml", vec![b'#'; 53_000_000]);
    world.source(KIND, "app", spec(&server, json!({}))).await;
    let refused = world.until_ready(KIND, "app", "False").await;
    assert!(condition(&refused, "Ready").ends_with("exceeds '52428800' bytes limit"));
    server.put("/charts/index.yaml", INDEX);
    world.request(KIND, "app", "1").await;
    world.until_ready(KIND, "app", "True").await;
}
