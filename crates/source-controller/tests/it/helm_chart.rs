//! What one HelmChart goes through.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_testkit::files::Server;
use flux_testkit::registry;
use flux_testkit::worlds::source::{World, condition};
use flux_tree::{MemoryTree, ignore::Matcher, pack};
use serde_json::{Value, json};

const KIND: &str = "HelmChart";

fn archive(name: &str, version: &str) -> Vec<u8> {
    let text = format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    let files = [(format!("{name}/Chart.yaml"), text.into_bytes())];
    pack(&MemoryTree::from_files(files).unwrap(), &Matcher::default(), Vec::new()).unwrap()
}

fn offer(server: &Server, versions: &[&str]) {
    let mut index = "apiVersion: v1\nentries:\n  app:\n".to_owned();
    for version in versions {
        index += &format!("  - {{name: app, version: {version}, urls: [app-{version}.tgz]}}\n");
        server.put(&format!("/charts/app-{version}.tgz"), archive("app", version));
    }
    server.put("/charts/index.yaml", index);
}

async fn world(versions: &[&str]) -> (World, Server) {
    let (world, server) = (World::start("ns").await, Server::start(None).unwrap());
    offer(&server, versions);
    let spec = json!({ "interval": "10m", "url": server.url("/charts") });
    world.source("HelmRepository", "charts", spec).await;
    (world, server)
}

fn spec(version: &str) -> Value {
    json!({
        "interval": "10m", "chart": "app", "version": version,
        "sourceRef": { "kind": "HelmRepository", "name": "charts" },
    })
}

#[tokio::test]
async fn a_chart_follows_the_index_and_is_downloaded_once() {
    let (world, server) = world(&["1.0.0", "1.1.0", "2.0.0"]).await;
    // The repository may well come later than its chart.
    world.source(KIND, "app", spec("1.x")).await;
    let ready = world.until_ready(KIND, "app", "True").await;
    assert_eq!(ready["status"]["artifact"]["revision"], "1.1.0");
    assert_eq!(ready["status"]["observedChartName"], "app");
    server.take_requests();
    world.request(KIND, "app", "1").await;
    world.until((KIND, "app"), |app| app["status"]["lastHandledReconcileAt"] == "1").await;
    assert!(server.take_requests().is_empty());
    offer(&server, &["1.0.0", "1.2.0"]);
    world.request("HelmRepository", "charts", "1").await;
    let is_new = |app: &Value| app["status"]["artifact"]["revision"] == "1.2.0";
    world.until((KIND, "app"), is_new).await;
}

#[tokio::test]
async fn passwords_go_to_the_repository_only_unless_they_are_to_be_passed_on() {
    let (world, server) = world(&["1.0.0"]).await;
    let elsewhere = Server::start(None).unwrap();
    elsewhere.put("/app-1.0.0.tgz", archive("app", "1.0.0"));
    let url = elsewhere.url("/app-1.0.0.tgz");
    let index = format!(
        "apiVersion: v1\nentries:\n  app:\n  - {{name: app, version: 1.0.0, urls: [{url}]}}\n"
    );
    server.put("/charts/index.yaml", index);
    let header = format!("Basic {}", STANDARD.encode("user:secret"));
    server.set_authorization(Some(header.clone()));
    world.secret("auth", &[("username", "user"), ("password", "secret")]).await;
    for (name, passes) in [("keeps", false), ("passes", true)] {
        let repository = json!({
            "interval": "10m", "url": server.url("/charts"), "passCredentials": passes,
            "secretRef": { "name": "auth" },
        });
        world.source("HelmRepository", name, repository).await;
        let mut chart = spec("1.0.0");
        chart["sourceRef"]["name"] = json!(name);
        world.source(KIND, name, chart).await;
        world.until_ready(KIND, name, "True").await;
        let seen = elsewhere.take_requests();
        let wanted = if passes { header.as_str() } else { "" };
        assert!(seen.iter().all(|request| request.authorization == wanted), "{seen:?}");
    }
}

#[tokio::test]
async fn a_chart_of_a_registry_is_pulled_by_range() {
    let world = World::start("ns").await;
    let server = registry::Server::start(None).unwrap();
    for (version, tag) in [("1.0.0", "1.0.0"), ("1.1.0+b", "1.1.0_b"), ("2.0.0", "2.0.0")] {
        let chart = registry::Artifact::chart(archive("app", version));
        server.put_artifact("charts/app", &chart, &[tag]);
    }
    server.set_access(registry::Access::Basic("user".to_owned(), "secret".to_owned()));
    let auths = json!({ "auths": { server.host(): { "username": "user", "password": "secret" } } });
    world.secret("pull", &[(".dockerconfigjson", &auths.to_string())]).await;
    let repository = json!({
        "type": "oci", "url": format!("oci://{}/charts", server.host()), "insecure": true,
        "secretRef": { "name": "pull" },
    });
    world.source("HelmRepository", "charts", repository).await;
    world.source(KIND, "app", spec("1.x")).await;
    let ready = world.until_ready(KIND, "app", "True").await;
    assert_eq!(ready["status"]["artifact"]["revision"], "1.1.0+b");

    world.secret("other", &[(".dockerconfigjson", "{\"auths\":{\"r.io\":{}}}")]).await;
    let repository = json!({
        "type": "oci", "url": format!("oci://{}/charts", server.host()), "insecure": true,
        "secretRef": { "name": "other" },
    });
    world.source("HelmRepository", "other", repository).await;
    let mut chart = spec("1.x");
    chart["sourceRef"]["name"] = json!("other");
    world.source(KIND, "other", chart).await;
    let denied = world.until_ready(KIND, "other", "False").await;
    let why = condition(&denied, "FetchFailed");
    assert!(why.starts_with("Unknown: unknown build error: no auth config for"), "{why}");
}

#[tokio::test]
async fn what_is_no_chart_is_told_and_recovered_from() {
    let (world, server) = world(&["1.0.0"]).await;
    server.put("/charts/app-1.0.0.tgz", "no archive");
    world.source(KIND, "app", spec("1.0.0")).await;
    let failed = world.until_ready(KIND, "app", "False").await;
    let is_told = |app: &Value| condition(app, "Ready").starts_with("ChartPullError: ");
    world.until((KIND, "app"), is_told).await;
    assert!(failed["status"]["artifact"].is_null());
    server.put("/charts/app-1.0.0.tgz", archive("app", "1.0.0"));
    world.request(KIND, "app", "1").await;
    world.until_ready(KIND, "app", "True").await;
}

#[tokio::test]
async fn what_cannot_be_done_yet_is_said() {
    let (world, _server) = world(&["1.0.0"]).await;
    world.until_ready("HelmRepository", "charts", "True").await;
    let mut values = spec("1.0.0");
    values["valuesFiles"] = json!(["prod.yaml"]);
    world.source(KIND, "values", values).await;
    let failed = world.until_ready(KIND, "values", "False").await;
    assert!(condition(&failed, "BuildFailed").starts_with("ChartPackageError: "));
    let mut verified = spec("1.0.0");
    verified["verify"] = json!({ "provider": "cosign" });
    world.source(KIND, "verified", verified).await;
    let failed = world.until_ready(KIND, "verified", "False").await;
    assert!(condition(&failed, "SourceVerified").starts_with("VerificationError: "));
}
