//! Nothing waits for a timer, and nobody who has nothing to do asks for anything.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flux_api::{Kustomization, conditions};
use flux_cluster::{Deletion, Patch, Write};
use flux_testkit::faults::{Call, Fate, Faults};
use flux_testkit::worlds::apply::{NAMESPACE, World, map, options};
use serde_json::json;
use tokio::time::Instant;

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
const R2: &str = "main@sha1:2222222222222222222222222222222222222222";

const CRD: &str = r#"{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.x.test"},
    "spec": {"group": "x.test", "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced", "versions": [{"name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": {"type": "object",
                "x-kubernetes-preserve-unknown-fields": true}}}]}}"#;

/// A world whose controller's requests are counted.
async fn counted(drift_correction: bool) -> (World, Arc<Mutex<Vec<Call>>>) {
    let mut options = options();
    options.drift_correction = drift_correction;
    let world = World::idle(NAMESPACE, options).await;
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    world.start_controller_behind(&Faults::planned(move |call| {
        seen.lock().unwrap().push(call.clone());
        Fate::Pass
    }));
    (world, calls)
}

fn taken(calls: &Mutex<Vec<Call>>) -> Vec<String> {
    let all = std::mem::take(&mut *calls.lock().unwrap());
    all.iter().filter(|call| !call.is_watch()).map(Call::to_string).collect()
}

fn writes(calls: &Mutex<Vec<Call>>) -> Vec<String> {
    let all = std::mem::take(&mut *calls.lock().unwrap());
    all.iter().filter(|call| call.is_write()).map(Call::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_definition_that_appears_ends_the_wait_for_its_kind() {
    let world = World::new().await;
    let widget = "apiVersion: x.test/v1\nkind: Widget\nmetadata: {name: w}\n";
    world.push(R1, &[("w.yaml", widget)]).await;
    world.apply("app", json!({})).await;
    let message = world.fails("app", "ReconciliationFailed").await;
    assert!(message.contains("no matches for kind \"Widget\""), "{message}");
    let begun = Instant::now();
    let crd: serde_json::Value = serde_json::from_str(CRD).unwrap();
    world.cluster.create(&crd.try_into().unwrap(), &Write::by("test")).await.unwrap();
    world.ready("app", R1).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "it waited {:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_has_not_changed_costs_no_write() {
    let (world, calls) = counted(false).await;
    let maps = ["a", "b"].map(|name| map(name, "1"));
    world.push(R1, &[("a.yaml", &maps[0]), ("b.yaml", &maps[1])]).await;
    world.apply("app", json!({"wait": true})).await;
    world.ready("app", R1).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    calls.lock().unwrap().clear();
    // Two intervals.
    world.notifications().await;
    tokio::time::sleep(Duration::from_secs(1230)).await;
    assert_eq!(world.notifications().await.len(), 2, "each pass is told");
    let requests = taken(&calls);
    // Each object is read and dry-run once a pass, and nothing else is asked.
    assert_eq!(requests.len(), 8, "{requests:#?}");
    calls.lock().unwrap().clear();
    // Somebody who asks for a pass must see that it was done.
    world.request("app", "now").await;
    let handled =
        |it: &Kustomization| it.status.last_handled_reconcile_at.as_deref() == Some("now");
    world.until("app", handled).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let written = writes(&calls);
    assert_eq!(written.len(), 2, "one status, one event: {written:#?}");
}

#[tokio::test(start_paused = true)]
async fn where_a_watch_tells_that_nothing_drifted_nothing_is_asked() {
    let (world, calls) = counted(true).await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    calls.lock().unwrap().clear();
    tokio::time::sleep(Duration::from_secs(1230)).await;
    assert_eq!(taken(&calls), Vec::<String>::new());
    // A new revision is no routine.
    world.push(R2, &[("a.yaml", &map("a", "2"))]).await;
    world.ready("app", R2).await;
}

async fn drifts_back(world: &World, value: &str) -> Duration {
    let begun = Instant::now();
    loop {
        let live = world.cluster.find(&World::config_map("a")).await.unwrap();
        if live.is_some_and(|it| it.pointer("/data/key") == Some(&json!(value))) {
            return begun.elapsed();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(begun.elapsed() < Duration::from_secs(60), "never repaired");
    }
}

#[tokio::test(start_paused = true)]
async fn drift_is_repaired_within_a_second_where_that_is_asked_for() {
    let world = World::new().await;
    world.push(R1, &[("a.yaml", &map("a", "1")), ("b.yaml", &map("b", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    let target = World::config_map("a");
    let by_hand = Patch::Merge(json!({"data": {"key": "by hand"}}));
    let write = Write::by("kubectl-edit");
    // Not asked for: it stays until the next interval.
    world.cluster.patch(&target, &by_hand, &write).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let live = world.cluster.get(&target).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("by hand")));

    let asked = Patch::Merge(json!({"metadata": {"annotations": {
        "kustomize.toolkit.fluxcd.io/driftCorrection": "Enabled"}}}));
    let kustomization = World::kustomization("app");
    world.cluster.patch(&kustomization, &asked, &Write::by("test")).await.unwrap();
    world.request("app", "1").await;
    drifts_back(&world, "1").await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    world.cluster.patch(&target, &by_hand, &write).await.unwrap();
    assert!(drifts_back(&world, "1").await < Duration::from_secs(1));
    world.cluster.delete(&target, &Deletion::default()).await.unwrap();
    assert!(drifts_back(&world, "1").await < Duration::from_secs(1));
    // Whoever takes the labels off hides nothing.
    let bare = Patch::Merge(json!({"metadata": {"labels": null}, "data": {"key": "hidden"}}));
    world.cluster.patch(&target, &bare, &write).await.unwrap();
    assert!(drifts_back(&world, "1").await < Duration::from_secs(1));
    // A suspended one repairs nothing.
    let suspended = Patch::Merge(json!({"spec": {"suspend": true}}));
    world.cluster.patch(&kustomization, &suspended, &Write::by("test")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.cluster.patch(&target, &by_hand, &write).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let live = world.cluster.get(&target).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("by hand")));
}

#[tokio::test(start_paused = true)]
async fn a_fight_for_a_field_slows_down() {
    let (world, calls) = counted(true).await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    calls.lock().unwrap().clear();
    let by_hand = Patch::Merge(json!({"data": {"key": "mine"}}));
    let end = Instant::now() + Duration::from_secs(300);
    while Instant::now() < end {
        let write = Write::by("another-controller");
        world.cluster.patch(&World::config_map("a"), &by_hand, &write).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let repairs = writes(&calls);
    let repairs = repairs.iter().filter(|it| it.contains("/configmaps/a")).count();
    assert!((5..80).contains(&repairs), "{repairs} repairs in five minutes");
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_settles_keeps_nobody_from_working() {
    let world = World::with(|options| options.shared.concurrent = 1).await;
    // Nobody establishes this definition: its name is taken by the first one.
    let second =
        CRD.replace("widgets.x.test", "gadgets.x.test").replace("\"widgets\"", "\"gadgets\"");
    let crd: serde_json::Value = serde_json::from_str(CRD).unwrap();
    world.cluster.create(&crd.try_into().unwrap(), &Write::by("test")).await.unwrap();
    let (a, b) = (map("a", "1"), map("b", "1"));
    world.push(R1, &[("slow/crd.yaml", &second), ("slow/a.yaml", &a), ("fast/b.yaml", &b)]).await;
    world.apply("slow", json!({"path": "slow"})).await;
    world.until("slow", |it| conditions::get(&it.status.conditions, "Reconciling").is_some()).await;
    let begun = Instant::now();
    world.apply("fast", json!({"path": "fast"})).await;
    world.ready("fast", R1).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it waited {:?}", begun.elapsed());
    world.fails("slow", "ReconciliationFailed").await;
}

#[tokio::test(start_paused = true)]
async fn a_new_revision_ends_the_wait_for_the_old_one_where_that_is_asked_for() {
    let gates = flux_runtime::Gates::parse(
        flux_kustomize_controller::GATES,
        "CancelHealthCheckOnNewRevision=true",
    );
    let world = World::with(|options| options.gates = gates.unwrap()).await;
    let job = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: never}\nspec:\n  template:\n    \
               spec:\n      restartPolicy: Never\n      containers: [{name: x, image: x}]\n";
    world.push(R1, &[("a.yaml", &map("a", "1")), ("job.yaml", job)]).await;
    world.apply("app", json!({"wait": true, "timeout": "5m"})).await;
    world.until("app", |it| conditions::get(&it.status.conditions, "Healthy").is_some()).await;
    let begun = Instant::now();
    world.push(R2, &[("a.yaml", &map("a", "2"))]).await;
    world.ready("app", R2).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "it waited {:?}", begun.elapsed());
    let told = world.notifications().await;
    let canceled = "Info HealthCheckCanceled: Health checks canceled due to new reconciliation \
                    triggered by GitRepository/apps/app";
    assert!(told.iter().any(|it| it == canceled), "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_first_pass_leaves_alone_what_others_wrote() {
    let (world, calls) = counted(false).await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    let last = "kubectl.kubernetes.io/last-applied-configuration";
    let object = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "app", "namespace": NAMESPACE, "annotations": {last: "{}"}},
        "spec": {"interval": "10m", "prune": true, "path": "./", "targetNamespace": NAMESPACE,
            "sourceRef": {"kind": "GitRepository", "name": "app"}},
    });
    let write = Write::by("kubectl-client-side-apply");
    world.cluster.create(&object.try_into().unwrap(), &write).await.unwrap();
    world.ready("app", R1).await;
    let live = world.cluster.get(&World::kustomization("app")).await.unwrap();
    assert_eq!(live.annotation(last), Some("{}"));
    let all = writes(&calls);
    let own: Vec<_> = all.iter().filter(|it| it.contains("/kustomizations/app?")).collect();
    assert_eq!(own.len(), 1, "the finalizer and nothing else: {own:#?}");
}
