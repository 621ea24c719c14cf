//! What is wrong in a source is told, does no harm, and is over with the next good revision.

use flux_cluster::{Patch, Write};
use flux_testkit::faults::{Denial, Fate, Faults};
use flux_testkit::worlds::apply::{World, map};
use serde_json::json;

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
const R2: &str = "main@sha1:2222222222222222222222222222222222222222";
const R3: &str = "main@sha1:3333333333333333333333333333333333333333";

/// What a bad revision holds, and what it must lead to.
struct Bad<'a> {
    files: &'a [(&'a str, &'a str)],
    reason: &'a str,
    /// How the message begins and ends; what is between differs from run to run.
    message: (&'a str, &'a str),
}

/// Lets a bad revision follow a good one, and a good one follow it.
async fn check(bad: Bad<'_>) {
    let world = World::new().await;
    let (a1, a3, gone) = (map("a", "1"), map("a", "3"), map("gone", "1"));
    world.push(R1, &[("a.yaml", &a1), ("gone.yaml", &gone)]).await;
    world.apply("app", json!({"retryInterval": "20s"})).await;
    let good = world.ready("app", R1).await;

    // The bad revision changes `a` and lacks `gone`: nothing of it may come true.
    let changed = map("a", "2");
    let mut files = vec![("a.yaml", changed.as_str())];
    files.extend(bad.files);
    world.notifications().await;
    world.push(R2, &files).await;
    let message = world.fails("app", bad.reason).await;
    let (begins, ends) = bad.message;
    assert!(message.starts_with(begins) && message.ends_with(ends), "{message:?}");
    let told = world.notifications().await;
    assert!(told.contains(&format!("Error {}: {message}", bad.reason)), "{told:?}");
    let after = world.get("app").await;
    assert_eq!(after.status.inventory, good.status.inventory);
    assert_eq!(after.status.last_applied_revision.as_deref(), Some(R1));
    assert_eq!(after.status.last_attempted_revision.as_deref(), Some(R2));
    let live = world.cluster.get(&World::config_map("a")).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("1")), "half applied");
    assert!(world.cluster.find(&World::config_map("gone")).await.unwrap().is_some(), "lost");
    assert!(world.cluster.find(&World::config_map("new")).await.unwrap().is_none());

    world.push(R3, &[("a.yaml", &a3)]).await;
    world.ready("app", R3).await;
    let live = world.cluster.get(&World::config_map("a")).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("3")));
    world.gone(&World::config_map("gone")).await;
}

#[tokio::test(start_paused = true)]
async fn malformed_yaml_is_named_by_file_and_line() {
    check(Bad {
        files: &[("bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n\tkey: a\n")],
        reason: "BuildFailed",
        message: (
            "failed to decode Kubernetes YAML from /t/kustomization-",
            "/bad.yaml: MalformedYAMLError: yaml: line 5: found character that cannot start any token",
        ),
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn yaml_that_is_no_object_is_named() {
    check(Bad {
        files: &[("bad.yaml", "apiVersion: v1\nmetadata: {name: x}\n")],
        reason: "BuildFailed",
        message: ("failed to decode Kubernetes YAML from /t/kustomization-", ""),
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_kind_stops_its_stage() {
    let unknown = "apiVersion: x.test/v1\nkind: Nothing\nmetadata:\n  name: b\n";
    check(Bad {
        files: &[("bad.yaml", unknown), ("new.yaml", &map("new", "1"))],
        reason: "ReconciliationFailed",
        message: (
            "Nothing/apps/b dry-run failed: no matches for kind \"Nothing\" in version \"x.test/v1\"",
            "\n",
        ),
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_not_valid_stops_its_stage() {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  \
                   clusterIP: None\n  selector: {app: web}\n  ports:\n    - port: 800000\n";
    check(Bad {
        files: &[("bad.yaml", service), ("new.yaml", &map("new", "1"))],
        reason: "ReconciliationFailed",
        message: (
            "Service/apps/web dry-run failed (Invalid): Service \"web\" is invalid: \
             [spec.ports[0].port: Invalid value: 800000: must be between 1 and 65535, inclusive, ",
            "]\n",
        ),
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_of_a_kustomization_is_named() {
    check(Bad {
        files: &[("kustomization.yaml", "resources: [a.yaml, lost.yaml]\n")],
        reason: "BuildFailed",
        message: ("kustomize build failed: accumulating resources: ", "no such file or directory"),
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_webhook_that_refuses_stops_the_stage_until_it_does_not() {
    let world = World::new().await;
    world.kill_controller();
    let denied = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let asked = std::sync::Arc::clone(&denied);
    world.start_controller_behind(&Faults::planned(move |call| {
        let refused = call.path.ends_with("/configmaps/b")
            && call.method == http::Method::PATCH
            && asked.load(std::sync::atomic::Ordering::Relaxed);
        match refused {
            true => Fate::Deny(Denial {
                code: 403,
                reason: "Forbidden",
                message: "admission webhook \"policy.test\" denied the request: no",
            }),
            false => Fate::Pass,
        }
    }));
    world.push(R1, &[("a.yaml", &map("a", "1")), ("b.yaml", &map("b", "1"))]).await;
    world.apply("app", json!({"retryInterval": "20s"})).await;
    assert_eq!(
        world.fails("app", "ReconciliationFailed").await,
        "ConfigMap/apps/b dry-run failed (Forbidden): \
         admission webhook \"policy.test\" denied the request: no\n"
    );
    assert!(world.cluster.find(&World::config_map("a")).await.unwrap().is_none());
    denied.store(false, std::sync::atomic::Ordering::Relaxed);
    world.ready("app", R1).await;
}

const FIXED: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fixed\n\
                     immutable: true\ndata:\n  key: ";

#[tokio::test(start_paused = true)]
async fn an_immutable_field_stops_the_stage_without_force() {
    let world = World::new().await;
    let fixed = |value: u8| format!("{FIXED}\"{value}\"\n");
    world.push(R1, &[("a.yaml", &map("a", "1")), ("fixed.yaml", &fixed(1))]).await;
    world.apply("app", json!({"retryInterval": "20s"})).await;
    let first = world.ready("app", R1).await;
    let before = world.cluster.get(&World::config_map("fixed")).await.unwrap();
    world.push(R2, &[("a.yaml", &map("a", "2")), ("fixed.yaml", &fixed(2))]).await;
    assert_eq!(
        world.fails("app", "ReconciliationFailed").await,
        "ConfigMap/apps/fixed dry-run failed (Invalid): ConfigMap \"fixed\" is invalid: \
         data: Forbidden: field is immutable when `immutable` is set\n"
    );
    let live = world.cluster.get(&World::config_map("fixed")).await.unwrap();
    assert_eq!(live.resource_version(), before.resource_version());
    let live = world.cluster.get(&World::config_map("a")).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("1")), "half applied");
    assert_eq!(world.get("app").await.status.inventory, first.status.inventory);

    // Force turns the same revision into a success; only what cannot be changed is replaced.
    let a = World::config_map("a");
    let uid = |it: &flux_manifest::Object| it.pointer("/metadata/uid").cloned().unwrap();
    let kept = uid(&world.cluster.get(&a).await.unwrap());
    world.apply("app", json!({"retryInterval": "20s", "force": true})).await;
    world.ready("app", R2).await;
    let live = world.cluster.get(&World::config_map("fixed")).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("2")));
    assert_ne!(uid(&live), uid(&before));
    assert_eq!(uid(&world.cluster.get(&a).await.unwrap()), kept);
}

#[tokio::test(start_paused = true)]
async fn an_object_may_ask_for_force_by_itself() {
    let world = World::new().await;
    let fixed = |value: u8| {
        format!("{FIXED}\"{value}\"\n").replace(
            "  name: fixed\n",
            "  name: fixed\n  annotations: {kustomize.toolkit.fluxcd.io/force: Enabled}\n",
        )
    };
    world.push(R1, &[("fixed.yaml", &fixed(1))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    world.push(R2, &[("fixed.yaml", &fixed(2))]).await;
    world.ready("app", R2).await;
    let live = world.cluster.get(&World::config_map("fixed")).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("2")));
}

#[tokio::test(start_paused = true)]
async fn a_cycle_of_dependencies_waits_until_it_is_broken() {
    let world = World::new().await;
    world.push(R1, &[("x/a.yaml", &map("a", "1")), ("y/b.yaml", &map("b", "1"))]).await;
    world.apply("x", json!({"path": "x", "dependsOn": [{"name": "y"}]})).await;
    world.apply("y", json!({"path": "y", "dependsOn": [{"name": "x"}]})).await;
    let not_ready = |name: &str| format!("dependency 'apps/{name}' is not ready");
    let says = |message: String| {
        move |it: &flux_api::Kustomization| {
            let ready = flux_api::conditions::get(&it.status.conditions, "Ready");
            ready.is_some_and(|it| it.reason == "DependencyNotReady" && it.message == message)
        }
    };
    world.until("x", says(not_ready("y"))).await;
    world.until("y", says(not_ready("x"))).await;
    for name in ["a", "b"] {
        assert!(world.cluster.find(&World::config_map(name)).await.unwrap().is_none());
    }
    // Neither may spin: they look again every half minute at most.
    world.notifications().await;
    tokio::time::sleep(std::time::Duration::from_secs(120)).await;
    let told = world.notifications().await;
    assert!((4..=12).contains(&told.len()), "{told:#?}");
    let patch = Patch::Merge(json!({"spec": {"dependsOn": null}}));
    let write = Write::by("test");
    world.cluster.patch(&World::kustomization("y"), &patch, &write).await.unwrap();
    world.ready("y", R1).await;
    world.ready("x", R1).await;
}

#[tokio::test(start_paused = true)]
async fn an_artifact_that_is_gone_is_waited_for() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.forget(R1);
    world.apply("app", json!({})).await;
    assert_eq!(
        world.fails("app", "ArtifactFailed").await,
        "Source is not ready, artifact not found, retrying in 30s"
    );
    world.store(R1, &[("a.yaml", &map("a", "1"))]);
    world.ready("app", R1).await;
}
