//! The everyday life of a Kustomization.

use flux_cluster::{Patch, Write};
use serde_json::json;

use flux_testkit::worlds::apply::{World, map};

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
const R2: &str = "main@sha1:2222222222222222222222222222222222222222";

#[tokio::test(start_paused = true)]
async fn files_become_objects_and_the_status_says_so() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1")), ("b.yaml", &map("b", "1"))]).await;
    world.apply("app", json!({})).await;
    let app = world.ready("app", R1).await;
    let live = world.cluster.get(&World::config_map("a")).await.unwrap();
    assert_eq!(live.label("kustomize.toolkit.fluxcd.io/name"), Some("app"));
    let inventory = serde_json::to_value(app.status.inventory).unwrap();
    assert_eq!(
        inventory,
        json!({"entries": [{"id": "apps_a__ConfigMap", "v": "v1"}, {"id": "apps_b__ConfigMap", "v": "v1"}]})
    );
    let told = world.notifications().await;
    assert_eq!(told[0], "Info Progressing: ConfigMap/apps/a created\nConfigMap/apps/b created");
    assert!(told[1].starts_with("Info ReconciliationSucceeded: Reconciliation finished in "));
    assert_eq!(told.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_in_the_source_is_pruned() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1")), ("b.yaml", &map("b", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    world.push(R2, &[("a.yaml", &map("a", "2"))]).await;
    world.ready("app", R2).await;
    world.gone(&World::config_map("b")).await;
    let live = world.cluster.get(&World::config_map("a")).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("2")));
}

#[tokio::test(start_paused = true)]
async fn changes_by_hand_are_undone_when_asked() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    let patch = Patch::Merge(json!({"data": {"key": "manual"}}));
    let target = World::config_map("a");
    world.cluster.patch(&target, &patch, &Write::by("kubectl-edit")).await.unwrap();
    world.request("app", "now").await;
    let handled = |it: &flux_api::Kustomization| {
        it.status.last_handled_reconcile_at.as_deref() == Some("now")
    };
    world.until("app", handled).await;
    let live = world.cluster.get(&target).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("1")));
}

#[tokio::test(start_paused = true)]
async fn a_dependent_starts_when_its_dependency_becomes_ready() {
    let world = World::new().await;
    world.push(R1, &[("base/a.yaml", &map("a", "1")), ("app/b.yaml", &map("b", "1"))]).await;
    world.apply("app", json!({"path": "app", "dependsOn": [{"name": "base"}]})).await;
    let message = world.fails("app", "DependencyNotReady").await;
    assert_eq!(
        message,
        "dependency 'apps/base' not found: kustomizations.kustomize.toolkit.fluxcd.io \"base\" not found"
    );
    let begun = tokio::time::Instant::now();
    world.apply("base", json!({"path": "base"})).await;
    world.ready("app", R1).await;
    assert!(begun.elapsed().as_secs() < 2, "it waited {:?} for a timer", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn deletion_takes_the_objects_along() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    world.delete(&World::kustomization("app")).await;
    world.gone(&World::kustomization("app")).await;
    world.gone(&World::config_map("a")).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_path_is_reported_and_recovers() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({"path": "none"})).await;
    let message = world.fails("app", "ArtifactFailed").await;
    assert!(message.starts_with("kustomization path not found: stat /t/kustomization-"));
    assert!(message.ends_with("/none: no such file or directory"), "{message}");
    world.push(R2, &[("none/a.yaml", &map("a", "1"))]).await;
    world.ready("app", R2).await;
}

#[tokio::test(start_paused = true)]
async fn a_killed_controller_goes_on_where_it_was() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    world.kill_controller();
    world.push(R2, &[("b.yaml", &map("b", "1"))]).await;
    world.start_controller();
    world.ready("app", R2).await;
    world.gone(&World::config_map("a")).await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_kubeconfig_is_named() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({"kubeConfig": {"secretRef": {"name": "far"}}})).await;
    assert_eq!(
        world.fails("app", "ReconciliationFailed").await,
        "unable to read KubeConfig secret 'apps/far' error: secrets \"far\" not found"
    );
}
