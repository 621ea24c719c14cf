//! The process dies just before or just after any of its writes, and starts again on what it left.
//!
//! Whatever the write was, the end is the same as that of a run that nothing disturbed, object by
//! object.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flux_api::conditions;
use flux_apiserver::Controllers;
use flux_cluster::List;
use flux_testkit::faults::{Call, Fate, Faults};
use flux_testkit::worlds::apply::{NAMESPACE, World, map, options};
use flux_testkit::worlds::{differences, snapshot};
use futures::future::BoxFuture;
use serde_json::{Value, json};

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
const R2: &str = "main@sha1:2222222222222222222222222222222222222222";

/// Something that is done to a world.
type Deed = for<'a> fn(&'a World) -> BoxFuture<'a, ()>;

/// What is there before, and what happens.
#[derive(Clone, Copy)]
struct Flow {
    /// Done with a controller that nothing disturbs.
    before: Option<Deed>,
    /// Done while no controller runs; the one that starts then is disturbed.
    then: Deed,
}

/// Waits until nothing is left to do: everything is Ready, or gone.
async fn settled(world: &World) {
    let kind = World::kustomization("").kind;
    for _ in 0..4_000 {
        let all = world.cluster.list(&kind, &List::all()).await.unwrap();
        let is_settled = |it: &flux_manifest::Object| {
            let it = flux_api::Kustomization::from_object(it).unwrap();
            let revision = world.latest();
            !it.is_deleting()
                && conditions::is_true(&it.status.conditions, "Ready")
                && it.status.observed_generation == it.metadata.generation
                && it.status.last_applied_revision == revision
        };
        if all.iter().all(is_settled) {
            // Whatever is still under way, such as a routine pass, ends well within this.
            tokio::time::sleep(Duration::from_secs(5)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let all = world.cluster.list(&kind, &List::all()).await.unwrap();
    let states: Vec<_> = all.iter().map(|it| it.pointer("/status").cloned()).collect();
    panic!("it never settled: {states:#?}");
}

async fn prepared(flow: Flow) -> World {
    let world = World::inhabited(NAMESPACE, options(), Controllers::ALL).await;
    if let Some(before) = flow.before {
        world.start_controller();
        before(&world).await;
        settled(&world).await;
        world.kill_controller();
    }
    (flow.then)(&world).await;
    world
}

/// Runs a flow to its end; returns the end and every write on the way.
async fn undisturbed(flow: Flow) -> (BTreeMap<String, Value>, Vec<String>) {
    let world = prepared(flow).await;
    let writes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&writes);
    world.start_controller_behind(&Faults::planned(move |call: &Call| {
        if call.is_write() {
            seen.lock().unwrap().push(call.to_string());
        }
        Fate::Pass
    }));
    settled(&world).await;
    let writes = writes.lock().unwrap().clone();
    (snapshot(&world.cluster).await, writes)
}

/// Runs a flow whose process dies at a write, and then starts again.
async fn disturbed(flow: Flow, at: usize, fate: Fate) -> BTreeMap<String, Value> {
    let world = prepared(flow).await;
    let count = AtomicUsize::new(0);
    let faults = Faults::planned(move |call: &Call| {
        match call.is_write() && count.fetch_add(1, Ordering::Relaxed) == at {
            true => fate,
            false => Fate::Pass,
        }
    });
    world.start_controller_behind(&faults);
    tokio::select! {
        () = faults.death() => {}
        () = settled(&world) => {}
    }
    world.kill_controller();
    world.start_controller();
    settled(&world).await;
    snapshot(&world.cluster).await
}

fn world_of_its_own<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}

/// Cuts every write of a flow, before and after; returns how many points that were.
fn check(flow: Flow) -> usize {
    let (wanted, writes) = world_of_its_own(undisturbed(flow));
    let mut bad = Vec::new();
    for (at, write) in writes.iter().enumerate() {
        for fate in [Fate::DieBefore, Fate::DieAfter] {
            let found = world_of_its_own(disturbed(flow, at, fate));
            let found = differences(&found, &wanted);
            if !found.is_empty() {
                bad.push(format!("{fate:?} of write {at}, {write}:\n  {}", found.join("\n  ")));
            }
        }
    }
    let points = writes.len() * 2;
    assert!(bad.is_empty(), "{} of {points} points:\n{}", bad.len(), bad.join("\n"));
    println!("{points} points");
    points
}

const CRD: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.x.test}
spec:
  group: x.test
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"#;
const WIDGET: &str = "apiVersion: x.test/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 1}\n";
const DEPLOYMENT: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
"#;

async fn push(world: &World, revision: &str, files: &[(&str, &str)]) {
    world.push(revision, files).await;
}

fn install(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let (a, b) = (map("a", "1"), map("b", "1"));
        let files = [
            ("a.yaml", a.as_str()),
            ("b.yaml", &b),
            ("crd.yaml", CRD),
            ("web.yaml", DEPLOYMENT),
            ("widget.yaml", WIDGET),
        ];
        push(world, R1, &files).await;
        world.apply("app", json!({"wait": true})).await;
    })
}

fn upgrade(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let (a, b, c) = (map("a", "2"), map("b", "1"), map("c", "1"));
        let web = DEPLOYMENT.replace("web:1", "web:2");
        let files = [
            ("a.yaml", a.as_str()),
            ("b.yaml", &b),
            ("c.yaml", &c),
            ("crd.yaml", CRD),
            ("web.yaml", &web),
            ("widget.yaml", WIDGET),
        ];
        push(world, R2, &files).await;
    })
}

fn three(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let maps = ["a", "b", "c"].map(|name| map(name, "1"));
        push(world, R1, &[("a.yaml", &maps[0]), ("b.yaml", &maps[1]), ("c.yaml", &maps[2])]).await;
        world.apply("app", json!({})).await;
    })
}

fn only_one(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move { push(world, R2, &[("a.yaml", &map("a", "2"))]).await })
}

fn delete(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move { world.delete(&World::kustomization("app")).await })
}

fn three_that_are_waited_for(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        three(world).await;
        world.apply("app", json!({"deletionPolicy": "WaitForTermination"})).await;
    })
}

fn chain(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let maps = ["x", "y", "z"].map(|name| map(name, "1"));
        let files = [("x/x.yaml", &*maps[0]), ("y/y.yaml", &maps[1]), ("z/z.yaml", &maps[2])];
        push(world, R1, &files).await;
        world.apply("z", json!({"path": "z", "dependsOn": [{"name": "y"}]})).await;
        world.apply("y", json!({"path": "y", "dependsOn": [{"name": "x"}]})).await;
        world.apply("x", json!({"path": "x", "wait": true})).await;
    })
}

fn chain_again(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let maps = ["x", "y", "z"].map(|name| map(name, "2"));
        let files = [("x/x.yaml", &*maps[0]), ("y/y.yaml", &maps[1]), ("z/z.yaml", &maps[2])];
        push(world, R2, &files).await;
    })
}

fn fixed(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        push(world, R1, &[("a.yaml", &format!("{}immutable: true\n", map("a", "1")))]).await;
        world.apply("app", json!({"force": true})).await;
    })
}

fn fixed_otherwise(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        push(world, R2, &[("a.yaml", &format!("{}immutable: true\n", map("a", "2")))]).await;
    })
}

/// Somebody has applied the objects with kubectl before.
fn made_by_hand(world: &World) -> BoxFuture<'_, ()> {
    Box::pin(async move {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "a", "namespace": NAMESPACE, "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}"}},
            "data": {"key": "0", "own": "0"},
        });
        let write = flux_cluster::Write::by("kubectl-client-side-apply");
        world.cluster.create(&object.try_into().unwrap(), &write).await.unwrap();
        three(world).await;
    })
}

#[test]
fn an_install_survives_a_crash_at_every_write() {
    assert!(check(Flow { before: None, then: install }) >= 20);
}

#[test]
fn an_upgrade_survives_a_crash_at_every_write() {
    assert!(check(Flow { before: Some(install), then: upgrade }) >= 12);
}

#[test]
fn pruning_survives_a_crash_at_every_write() {
    assert!(check(Flow { before: Some(three), then: only_one }) >= 10);
}

#[test]
fn a_deletion_survives_a_crash_at_every_write() {
    assert!(check(Flow { before: Some(three), then: delete }) >= 8);
    assert!(check(Flow { before: Some(three_that_are_waited_for), then: delete }) >= 8);
}

#[test]
fn a_chain_of_dependencies_survives_a_crash_at_every_write() {
    assert!(check(Flow { before: None, then: chain }) >= 24);
    assert!(check(Flow { before: Some(chain), then: chain_again }) >= 18);
}

#[test]
fn recreation_and_takeover_survive_a_crash_at_every_write() {
    assert!(check(Flow { before: Some(fixed), then: fixed_otherwise }) >= 8);
    assert!(check(Flow { before: None, then: made_by_hand }) >= 12);
}

/// A small generator of numbers that a seed decides.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Loses, delays, repeats and refuses one request in eight, and in the end nothing is different.
#[test]
fn requests_that_fail_linger_or_come_twice_change_nothing_in_the_end() {
    let flows = [
        Flow { before: None, then: install },
        Flow { before: Some(install), then: upgrade },
        Flow { before: Some(three), then: only_one },
        Flow { before: Some(three), then: delete },
        Flow { before: Some(chain), then: chain_again },
    ];
    let seeds: u64 = std::env::var("FLUX_SEEDS").ok().and_then(|it| it.parse().ok()).unwrap_or(4);
    for (n, flow) in flows.into_iter().enumerate() {
        let (wanted, _) = world_of_its_own(undisturbed(flow));
        for seed in 0..seeds {
            let found = world_of_its_own(unreliable(flow, seed * 31 + n as u64));
            let found = differences(&without_history(found), &without_history(wanted.clone()));
            assert!(found.is_empty(), "flow {n}, seed {seed}:\n{}", found.join("\n"));
        }
    }
}

/// Failures on the way stay in the history, which is no difference in the end.
fn without_history(mut snapshot: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    for object in snapshot.values_mut() {
        if let Some(Value::Object(status)) = object.get_mut("status") {
            status.remove("history");
        }
    }
    snapshot
}

async fn unreliable(flow: Flow, seed: u64) -> BTreeMap<String, Value> {
    let world = prepared(flow).await;
    let mut dice = Dice(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let until = tokio::time::Instant::now() + Duration::from_secs(120);
    let faults = Faults::planned(move |call: &Call| {
        if tokio::time::Instant::now() > until || dice.roll(8) != 0 {
            return Fate::Pass;
        }
        let denial = |code, reason| {
            Fate::Deny(flux_testkit::faults::Denial { code, reason, message: "not now" })
        };
        match dice.roll(6) {
            0 => Fate::Refuse,
            1 => Fate::CutOff,
            2 => Fate::Delay(Duration::from_millis(dice.roll(3000))),
            3 if !call.is_watch() => Fate::Twice,
            4 => denial(500, "InternalError"),
            _ => denial(429, "TooManyRequests"),
        }
    });
    world.start_controller_behind(&faults);
    tokio::time::sleep(Duration::from_secs(120)).await;
    // A failure is retried after the interval, which is ten minutes.
    tokio::time::sleep(Duration::from_secs(1260)).await;
    settled(&world).await;
    snapshot(&world.cluster).await
}
