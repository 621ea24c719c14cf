//! What one repository goes through.

use flux_api::conditions;
use flux_testkit::git::{Access, Fault, Server};
use flux_tree::{Symlinks, Tree as _, UnpackLimits};
use serde_json::{Value, json};

use flux_testkit::worlds::source::{World, is_ready};

/// A world and a Git server with one repository, `app`, of one commit.
async fn world() -> Option<(World, Server)> {
    let server = Server::start().unwrap()?;
    server.repository("app").unwrap().commit("main", [("a.yaml", "one")]).unwrap();
    Some((World::start("ns").await, server))
}

fn spec(server: &Server) -> Value {
    json!({ "interval": "10m", "url": server.url("app"), "ref": { "branch": "main" } })
}

fn with(mut spec: Value, field: &str, value: Value) -> Value {
    spec[field] = value;
    spec
}

#[tokio::test]
async fn an_artifact_holds_the_files_of_the_commit() {
    let Some((mut world, server)) = world().await else { return };
    world.repository("app", spec(&server)).await;
    let ready = world.wait("app", |app| is_ready(app, "True")).await;
    let artifact = ready.status.artifact.unwrap();
    let file = std::fs::File::open(world.store.local_path(&artifact).unwrap()).unwrap();
    let tree = flux_tree::unpack(file, Symlinks::Refuse, UnpackLimits::default()).unwrap();
    assert_eq!(&*tree.read("a.yaml").unwrap(), b"one");
    let told = world.notification().await;
    assert_eq!(
        (told.reason.as_str(), told.severity),
        ("NewArtifact", flux_runtime::Severity::Info)
    );
    assert_eq!(told.metadata["source.toolkit.fluxcd.io/revision"], artifact.revision);
    assert_eq!(told.reporting_controller, "source-controller");
}

#[tokio::test]
async fn deleting_a_repository_removes_its_artifacts() {
    let Some((world, server)) = world().await else { return };
    world.repository("app", spec(&server)).await;
    world.wait("app", |app| is_ready(app, "True")).await;
    assert_eq!(world.stored("app").len(), 1);
    world.cluster.delete(&world.target("app"), &Default::default()).await.unwrap();
    world.wait_gone("app").await;
    assert!(world.stored("app").is_empty());
}

#[tokio::test]
async fn a_server_that_fails_is_told_and_its_return_too() {
    let Some((mut world, server)) = world().await else { return };
    world.repository("app", spec(&server)).await;
    world.wait("app", |app| is_ready(app, "True")).await;
    world.notification().await;
    server.set_fault(Fault::Status(503, "later".to_owned()));
    world.annotate("app", &json!({ "reconcile.fluxcd.io/requestedAt": "1" })).await;
    let failed = world.wait("app", |app| is_ready(app, "False")).await;
    let ready = conditions::get(&failed.status.conditions, "Ready").unwrap();
    assert_eq!(ready.reason, "GitOperationFailed");
    assert!(ready.message.ends_with("status code: 503"), "{}", ready.message);
    assert!(failed.status.artifact.is_some());
    server.set_fault(Fault::None);
    world.annotate("app", &json!({ "reconcile.fluxcd.io/requestedAt": "2" })).await;
    world.wait("app", |app| is_ready(app, "True")).await;
    let mut reasons = Vec::new();
    while reasons.last().is_none_or(|last| last != "Succeeded") {
        reasons.push(world.notification().await.reason);
    }
    assert_eq!(reasons.first().map(String::as_str), Some("GitOperationFailed"));
}

#[tokio::test]
async fn credentials_come_from_a_secret() {
    let Some((world, server)) = world().await else { return };
    server.set_access(Access::basic("user", "secret"));
    let spec = with(spec(&server), "secretRef", json!({ "name": "auth" }));
    world.repository("app", spec).await;
    let failed = world.wait("app", |app| is_ready(app, "False")).await;
    let ready = conditions::get(&failed.status.conditions, "Ready").unwrap();
    assert_eq!(ready.reason, "AuthenticationFailed");
    assert_eq!(
        ready.message,
        "failed to get secret 'ns/auth': failed to get secret 'ns/auth': \
         secrets \"auth\" not found"
    );
    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "auth", "namespace": "ns" },
            "data": { "username": "dXNlcg==", "password": "c2VjcmV0" },
        }))
        .await;
    world.annotate("app", &json!({ "reconcile.fluxcd.io/requestedAt": "1" })).await;
    world.wait("app", |app| is_ready(app, "True")).await;
}

#[tokio::test]
async fn a_waiting_include_starts_when_its_source_is_there() {
    let Some((world, server)) = world().await else { return };
    server.repository("lib").unwrap().commit("main", [("dir/x.yaml", "lib")]).unwrap();
    let include = json!([{ "repository": { "name": "lib" }, "fromPath": "dir", "toPath": "v/l" }]);
    world.repository("app", with(spec(&server), "include", include)).await;
    world
        .wait("app", |app| conditions::is_true(&app.status.conditions, "IncludeUnavailable"))
        .await;
    let lib = json!({ "interval": "10m", "url": server.url("lib"), "ref": { "branch": "main" } });
    world.repository("lib", lib).await;
    let ready = world.wait("app", |app| is_ready(app, "True")).await;
    let artifact = ready.status.artifact.unwrap();
    let file = std::fs::File::open(world.store.local_path(&artifact).unwrap()).unwrap();
    let tree = flux_tree::unpack(file, Symlinks::Refuse, UnpackLimits::default()).unwrap();
    assert_eq!(&*tree.read("v/l/x.yaml").unwrap(), b"lib");
    assert_eq!(ready.status.included_artifacts.len(), 1);
}

#[tokio::test]
async fn an_include_does_not_cover_what_is_there() {
    let Some((world, server)) = world().await else { return };
    let app = server.repository("app").unwrap();
    app.commit("main", [("lib/own.yaml", "own")]).unwrap();
    server.repository("lib").unwrap().commit("main", [("x.yaml", "lib")]).unwrap();
    let lib = json!({ "interval": "10m", "url": server.url("lib"), "ref": { "branch": "main" } });
    world.repository("lib", lib).await;
    world.wait("lib", |lib| is_ready(lib, "True")).await;
    let include = json!([{ "repository": { "name": "lib" } }]);
    world.repository("app", with(spec(&server), "include", include)).await;
    let failed = world.wait("app", |app| is_ready(app, "False")).await;
    let ready = conditions::get(&failed.status.conditions, "Ready").unwrap();
    assert_eq!(ready.reason, "CopyFailure");
}

#[tokio::test]
async fn a_sparse_checkout_needs_its_directories() {
    let Some((world, server)) = world().await else { return };
    let app = server.repository("app").unwrap();
    app.commit("main", [("in/x", "1"), ("out/y", "2")]).unwrap();
    let sparse = |dirs: Value| with(spec(&server), "sparseCheckout", dirs);
    world.repository("app", sparse(json!(["./in"]))).await;
    let ready = world.wait("app", |app| is_ready(app, "True")).await;
    let artifact = ready.status.artifact.unwrap();
    let file = std::fs::File::open(world.store.local_path(&artifact).unwrap()).unwrap();
    let tree = flux_tree::unpack(file, Symlinks::Refuse, UnpackLimits::default()).unwrap();
    assert!(tree.is_file("in/x") && !tree.is_file("out/y"));
    world.repository("app", sparse(json!(["in", "none"]))).await;
    let failed = world.wait("app", |app| is_ready(app, "False")).await;
    let ready = conditions::get(&failed.status.conditions, "Ready").unwrap();
    assert!(
        ready.message.starts_with(
            "failed to sparse checkout directories : sparse checkout dir 'none' does not exist"
        ),
        "{}",
        ready.message
    );
}

#[tokio::test]
async fn a_tampered_artifact_is_replaced() {
    let Some((mut world, server)) = world().await else { return };
    world.repository("app", spec(&server)).await;
    let first = world.wait("app", |app| is_ready(app, "True")).await;
    world.notification().await;
    let artifact = first.status.artifact.unwrap();
    std::fs::write(world.store.local_path(&artifact).unwrap(), "tampered").unwrap();
    world.annotate("app", &json!({ "reconcile.fluxcd.io/requestedAt": "1" })).await;
    let handled = |app: &flux_api::GitRepository| {
        app.status.last_handled_reconcile_at.as_deref() == Some("1") && is_ready(app, "True")
    };
    let second = world.wait("app", handled).await;
    assert_eq!(world.notification().await.reason, "ArtifactVerificationFailed");
    let again = second.status.artifact.unwrap();
    assert_eq!(again.digest, artifact.digest);
    world.store.verify(&again).unwrap();
}

/// A commit of the empty tree, signed with the key of the fixtures.
fn signed_commit() -> (String, String) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../libs/git/tests/fixtures/signatures");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let payload = read("payload.txt");
    let (head, message) = payload.split_once("\n\n").unwrap();
    let signature = read("ed25519.sshsig").trim_end().replace('\n', "\n ");
    let commit = format!("{head}\ngpgsig {signature}\n\n{message}");
    (commit, read("ed25519.sshpub"))
}

#[tokio::test]
async fn only_a_signed_commit_becomes_an_artifact_where_that_is_demanded() {
    let Some((world, server)) = world().await else { return };
    let (commit, key) = signed_commit();
    use base64::Engine as _;
    let key = base64::engine::general_purpose::STANDARD.encode(key);
    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": "keys", "namespace": "ns" },
            "data": { "me.sshpub": key },
        }))
        .await;
    let verify = json!({ "mode": "HEAD", "secretRef": { "name": "keys" } });
    world.repository("app", with(spec(&server), "verify", verify.clone())).await;
    let unsigned = world.wait("app", |app| is_ready(app, "False")).await;
    let ready = conditions::get(&unsigned.status.conditions, "Ready").unwrap();
    assert_eq!(ready.reason, "InvalidCommitSignature");
    assert!(ready.message.ends_with("unsupported signature type: empty"), "{}", ready.message);
    assert!(unsigned.status.artifact.is_none());

    let app = server.repository("app").unwrap();
    app.git(&["hash-object", "-w", "-t", "tree", "/dev/null"], "").unwrap();
    let hash = app.write_object("commit", &commit).unwrap();
    app.set_ref("refs/heads/signed", &hash).unwrap();
    let branch = json!({ "branch": "signed" });
    let signed = with(with(spec(&server), "verify", verify.clone()), "ref", branch.clone());
    world.repository("app", signed).await;
    let ready = world.wait("app", |app| is_ready(app, "True")).await;
    let verified = conditions::get(&ready.status.conditions, "SourceVerified").unwrap();
    let want = format!(
        "verified signature of\n\t- commit '{hash}' with key \
         'SHA256:YPBelKbh3Y+ywoG9vASK9IX1v1fEtVrfJtP3YmcWGeM'"
    );
    assert_eq!(verified.message, want);
    assert_eq!(ready.status.source_verification_mode.as_deref(), Some("HEAD"));

    let verify = json!({ "mode": "Tag", "secretRef": { "name": "keys" } });
    let by_tag = with(with(spec(&server), "verify", verify), "ref", branch);
    world.repository("app", by_tag).await;
    let stalled =
        world.wait("app", |app| conditions::is_true(&app.status.conditions, "Stalled")).await;
    let ready = conditions::get(&stalled.status.conditions, "Ready").unwrap();
    assert_eq!(ready.reason, "InvalidVerificationMode");
}
