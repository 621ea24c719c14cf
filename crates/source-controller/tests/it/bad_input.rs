//! Git servers that do not do what they should.

use flux_api::{GitRepository, conditions};
use flux_testkit::git::{Fault, Server};
use flux_testkit::worlds::source::{World, is_ready};
use serde_json::json;

/// Lets a server fail after a good revision, with a further commit behind it.
async fn check(fault: Fault, reason: &str, message: &str) {
    let Some(server) = Server::start().unwrap() else { return };
    let app = server.repository("app").unwrap();
    app.commit("main", [("a.yaml", "one")]).unwrap();
    let mut world = World::start("ns").await;
    let spec = json!({
        "interval": "10m", "timeout": "2s", "url": server.url("app"), "ref": {"branch": "main"},
    });
    world.repository("app", spec).await;
    let good = world.wait("app", |it| is_ready(it, "True")).await.status.artifact.unwrap();
    world.notification().await;

    app.commit("main", [("a.yaml", &*"two".repeat(5000))]).unwrap();
    server.set_fault(fault);
    world.annotate("app", &json!({"reconcile.fluxcd.io/requestedAt": "1"})).await;
    let failed = world.wait("app", |it| is_ready(it, "False")).await;
    let ready = conditions::get(&failed.status.conditions, "Ready").unwrap();
    assert_eq!(ready.reason, reason);
    let shown = ready.message.replace(&server.url("app"), "URL");
    assert!(shown.starts_with(message), "{shown:?}");
    assert!(conditions::is_true(&failed.status.conditions, "FetchFailed"));
    // What was there is still there, and served.
    assert_eq!(failed.status.artifact.as_ref(), Some(&good));
    world.store.verify(&good).unwrap();
    assert_eq!(world.stored("app").len(), 1, "half stored: {:?}", world.stored("app"));
    let told = world.notification().await;
    assert_eq!((told.reason.as_str(), told.message.as_str()), (reason, ready.message.as_str()));

    server.set_fault(Fault::None);
    let recovered = |it: &GitRepository| {
        is_ready(it, "True")
            && it.status.artifact.as_ref().is_some_and(|it| it.digest != good.digest)
    };
    // Nobody asks: it tries again by itself.
    let again = world.wait("app", recovered).await;
    assert!(conditions::get(&again.status.conditions, "FetchFailed").is_none());
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let message = "failed to checkout and determine revision: unable to list remote for 'URL': \
                   Get \"URL/info/refs?service=git-upload-pack\": context deadline exceeded";
    check(Fault::Silence, "GitOperationFailed", message).await;
}

#[tokio::test]
async fn a_server_that_dies_halfway_leaves_nothing_behind() {
    let message = "failed to checkout and determine revision: unable to clone 'URL': ";
    check(Fault::CutAfter(150), "GitOperationFailed", message).await;
}

#[tokio::test]
async fn a_server_that_sends_garbage_is_told() {
    let message = "failed to checkout and determine revision: unable to list remote for 'URL': ";
    check(Fault::Garbage, "GitOperationFailed", message).await;
}
