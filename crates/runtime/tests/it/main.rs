//! Leases on the embedded API server, metrics and probes over HTTP.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::time::Duration;

use flux_cluster::{Cluster, Target};
use flux_manifest::GroupVersionKind;
use flux_runtime::{
    Clock, Leadership, LeaseOptions, Metrics, Random, Readiness, Shutdown, lease_name,
    serve_metrics, serve_probes,
};
use flux_testkit::faults::{Fate, Faults};
use flux_testkit::worlds::apply::{NAMESPACE, World, map, options};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

fn lease(identity: &str, release: bool) -> LeaseOptions {
    LeaseOptions {
        name: lease_name("kustomize-controller", ""),
        namespace: NAMESPACE.to_owned(),
        identity: identity.to_owned(),
        duration: Duration::from_secs(35),
        renew_deadline: Duration::from_secs(30),
        retry_period: Duration::from_secs(5),
        release_on_cancel: release,
    }
}

async fn acquire(
    cluster: &Cluster,
    options: LeaseOptions,
    shutdown: &Shutdown,
) -> Option<Leadership> {
    let seams = (Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap()), Random::seeded(7));
    Leadership::acquire(cluster.clone(), options, seams, shutdown).await
}

async fn holder(world: &World) -> Value {
    let kind = GroupVersionKind::new("coordination.k8s.io", "v1", "Lease");
    let target = Target::new(kind, NAMESPACE, "kustomize-controller-leader-election");
    world.cluster.get(&target).await.unwrap().pointer("/spec").cloned().unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_replica_leads_and_another_follows_when_it_gives_the_lease_back() {
    let world = World::idle(NAMESPACE, options()).await;
    let (first, second) = (Shutdown::new(), Shutdown::new());
    let leader = acquire(&world.cluster, lease("a", true), &first).await.unwrap();
    let spec = holder(&world).await;
    assert_eq!(spec["holderIdentity"], "a");
    assert_eq!(spec["leaseDurationSeconds"], 35);
    // As long as it is renewed nobody else gets it.
    let waits =
        timeout(Duration::from_secs(600), acquire(&world.cluster, lease("b", true), &second));
    assert!(waits.await.is_err(), "two replicas lead");
    assert_eq!(holder(&world).await["holderIdentity"], "a");
    first.begin();
    leader.released().await;
    assert_eq!(holder(&world).await["holderIdentity"], "");
    let begun = Instant::now();
    acquire(&world.cluster, lease("b", true), &second).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    let spec = holder(&world).await;
    assert_eq!((&spec["holderIdentity"], &spec["leaseTransitions"]), (&json!("b"), &json!(1)));
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_stops_before_another_one_begins() {
    let world = World::idle(NAMESPACE, options()).await;
    let cut = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_cut = std::sync::Arc::clone(&cut);
    let faults =
        Faults::planned(move |_| match is_cut.load(std::sync::atomic::Ordering::Relaxed) {
            true => Fate::Refuse,
            false => Fate::Pass,
        });
    let server = world.server();
    let far = Cluster::from_service(faults.before(server.service()), server.admin_token());
    let (first, second) = (Shutdown::new(), Shutdown::new());
    let leader = acquire(&far, lease("a", true), &first).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    cut.store(true, std::sync::atomic::Ordering::Relaxed);
    let begun = Instant::now();
    let lost = async {
        leader.lost().await;
        begun.elapsed()
    };
    let taken = async {
        acquire(&world.cluster, lease("b", true), &second).await.unwrap();
        begun.elapsed()
    };
    let (lost, taken) = tokio::join!(lost, taken);
    assert!(lost < taken, "lost after {lost:?}, taken after {taken:?}");
    assert!(taken < Duration::from_secs(60), "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_dies_is_followed_when_its_lease_has_run_out() {
    let world = World::idle(NAMESPACE, options()).await;
    let dead = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let is_dead = std::sync::Arc::clone(&dead);
    let faults =
        Faults::planned(move |_| match is_dead.load(std::sync::atomic::Ordering::Relaxed) {
            true => Fate::DieBefore,
            false => Fate::Pass,
        });
    let server = world.server();
    let mortal = Cluster::from_service(faults.before(server.service()), server.admin_token());
    let (first, second) = (Shutdown::new(), Shutdown::new());
    let _leader = acquire(&mortal, lease("a", true), &first).await.unwrap();
    dead.store(true, std::sync::atomic::Ordering::Relaxed);
    let begun = Instant::now();
    acquire(&world.cluster, lease("b", true), &second).await.unwrap();
    let taken = begun.elapsed();
    assert!((35..60).contains(&taken.as_secs()), "{taken:?}");
    assert_eq!(holder(&world).await["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_shuts_down_gets_no_lease() {
    let world = World::idle(NAMESPACE, options()).await;
    let shutdown = Shutdown::new();
    shutdown.begin();
    assert!(acquire(&world.cluster, lease("a", true), &shutdown).await.is_none());
}

#[test]
fn shards_contend_for_leases_of_their_own() {
    let names = ["", "shard=a", "shard=b"].map(|it| lease_name("source-controller", it));
    assert_eq!(names[0], "source-controller-leader-election");
    assert!(names[1].starts_with("source-controller-leader-election-") && names[1] != names[2]);
}

/// Asks over HTTP, as the kubelet and Prometheus do.
async fn get(address: std::net::SocketAddr, path: &str) -> (u16, String, String) {
    let answer = reqwest::get(format!("http://{address}{path}")).await.unwrap();
    let (code, headers) = (answer.status().as_u16(), answer.headers().clone());
    let kind = headers["content-type"].to_str().unwrap().to_owned();
    (code, kind, answer.text().await.unwrap())
}

#[tokio::test]
async fn probes_say_whether_the_process_lives_and_whether_it_can_work() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (readiness, shutdown) = (Readiness::default(), Shutdown::new());
    let address = serve_probes("127.0.0.1:0", readiness.clone(), shutdown.clone()).await;
    let address = address.unwrap().unwrap();
    assert_eq!(get(address, "/healthz").await.0, 200);
    assert_eq!(get(address, "/readyz").await.0, 500);
    readiness.reach();
    assert_eq!(get(address, "/readyz").await.2, "ok");
    assert_eq!(get(address, "/other").await.0, 404);
    assert!(serve_probes("0", readiness, shutdown).await.unwrap().is_none());
}

/// Waits until something holds, looking again whenever others have worked.
async fn eventually(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.unwrap();
}

/// What Flux's own dashboards, and the alerts of its documentation, ask for.
const ASKED_FOR: [&str; 22] = [
    "go_info{",
    "go_memstats_alloc_bytes ",
    "go_threads ",
    "process_cpu_seconds_total ",
    "process_resident_memory_bytes ",
    "process_start_time_seconds ",
    "rest_client_requests_total{code=\"200\",host=\"kubernetes\",method=\"PATCH\"} ",
    "workqueue_depth{name=\"kustomization\",controller=\"kustomization\"} ",
    "workqueue_adds_total{name=\"kustomization\",controller=\"kustomization\"} ",
    "workqueue_retries_total{name=\"kustomization\",controller=\"kustomization\"} ",
    "workqueue_longest_running_processor_seconds{name=\"kustomization\",controller=\"kustomization\"} ",
    "workqueue_unfinished_work_seconds{name=\"kustomization\",controller=\"kustomization\"} ",
    "workqueue_queue_duration_seconds_bucket{le=",
    "workqueue_work_duration_seconds_count{",
    "controller_runtime_reconcile_total{controller=\"kustomization\",result=\"requeue_after\"} ",
    "controller_runtime_reconcile_time_seconds_bucket{le=",
    "controller_runtime_active_workers{controller=\"kustomization\"} ",
    "controller_runtime_max_concurrent_reconciles{controller=\"kustomization\"} 4",
    "gotk_reconcile_duration_seconds_sum{kind=\"Kustomization\",name=\"app\",namespace=\"apps\"} ",
    "gotk_reconcile_duration_seconds_count{kind=\"Kustomization\",name=\"app\",namespace=\"apps\"} 1",
    "gotk_reconcile_duration_seconds_bucket{le=\"+Inf\",kind=\"Kustomization\",name=\"app\",namespace=\"apps\"} ",
    "# EOF",
];

#[tokio::test]
async fn a_scrape_has_what_dashboards_ask_for() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let revision = "main@sha1:1111111111111111111111111111111111111111";
    let world = World::new().await;
    world.push(revision, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", revision).await;
    // The status is written before the pass is counted.
    eventually(|| world.metrics().to_text().contains("result=\"requeue_after\"")).await;
    let address = serve_metrics("127.0.0.1:0", world.metrics(), Shutdown::new()).await;
    let (code, kind, text) = get(address.unwrap().unwrap(), "/metrics").await;
    assert_eq!(code, 200);
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    for name in ASKED_FOR {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name} is not in\n{text}");
    }
    // Each family is announced once, and belongs together.
    let announced: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE ")).collect();
    let mut unique = announced.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(announced.len(), unique.len(), "{announced:#?}");
    // A Kustomization that is gone leaves no series.
    world.delete(&World::kustomization("app")).await;
    world.gone(&World::kustomization("app")).await;
    let gone = || !world.metrics().to_text().contains("name=\"app\"");
    eventually(gone).await;
    assert_eq!(Metrics::default().to_text().matches("# EOF").count(), 1);
}
