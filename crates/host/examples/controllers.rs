//! How fast Kustomizations become Ready, and what they cost: `controllers [NUMBER…]`.
//!
//! Server and kustomize-controller run in this process; the server simulates the workloads. Each
//! Kustomization waits for a Deployment, a ServiceAccount, a Service and an Ingress.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flux_api::{Kustomization, conditions};
use flux_apiserver::Controllers;
use flux_cluster::{Change, Deletion, Subscription, Topic};
use flux_testkit::faults::{Call, Fate, Faults};
use flux_testkit::worlds::apply::{NAMESPACE, World, map, options};
use serde_json::json;

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
const R2: &str = "main@sha1:2222222222222222222222222222222222222222";

fn objects(name: &str, tag: u32) -> String {
    format!(
        r#"
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 80}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{serviceAccountName: {name}, containers: [{{name: web, image: "web:{tag}"}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}}}
spec: {{defaultBackend: {{service: {{name: {name}, port: {{number: 80}}}}}}}}
"#
    )
}

/// A world whose controller's requests are counted by verb.
struct Bench {
    world: World,
    requests: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

fn verb(call: &Call) -> &'static str {
    match (call.method.as_str(), call.is_write()) {
        _ if call.is_watch() => "watch",
        ("GET", _) => "get",
        ("PATCH", false) => "dry-run",
        _ if call.path.contains("/events") => "event",
        _ if call.path.ends_with("/status") => "status",
        ("PATCH", _) => "patch",
        ("DELETE", _) => "delete",
        _ => "create",
    }
}

impl Bench {
    async fn new() -> Self {
        let world = World::inhabited(NAMESPACE, options(), Controllers::ALL).await;
        let requests = Arc::new(Mutex::new(BTreeMap::new()));
        let seen = Arc::clone(&requests);
        world.start_controller_behind(&Faults::planned(move |call| {
            *seen.lock().unwrap().entry(verb(call)).or_default() += 1;
            Fate::Pass
        }));
        Self { world, requests }
    }

    fn watch(&self) -> Subscription {
        self.world.cluster.watch(Topic::all(Kustomization::gvk()))
    }

    async fn push(&self, revision: &str, files: &[(String, String)]) {
        let files: Vec<(&str, &str)> =
            files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        self.world.push(revision, &files).await;
    }

    fn taken(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Waits until so many Kustomizations are as wanted.
async fn all(watch: &mut Subscription, number: usize, wanted: impl Fn(&Kustomization) -> bool) {
    let mut good = BTreeSet::new();
    while good.len() < number {
        if let Change::Applied { new, .. } = watch.next().await {
            let it = Kustomization::from_object(&new).unwrap();
            match wanted(&it) {
                true => good.insert(it.metadata.name.clone()),
                false => good.remove(&it.metadata.name),
            };
        }
    }
}

fn is_at(revision: &str) -> impl Fn(&Kustomization) -> bool {
    let revision = revision.to_owned();
    move |it| {
        conditions::is_true(&it.status.conditions, "Ready")
            && it.status.last_applied_revision.as_deref() == Some(&revision)
    }
}

/// Seconds of processor time and resident bytes of this process.
fn usage() -> (f64, f64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat
        .rsplit_once(") ")
        .map(|(_, rest)| rest.split_whitespace().map(|it| it.parse().unwrap_or(0.0)).collect())
        .unwrap_or_default();
    let field = |n: usize| fields.get(n).copied().unwrap_or_default();
    ((field(11) + field(12)) / 100.0, field(21) * 4096.0)
}

fn told(what: &str, begun: Instant, cpu: f64, number: usize, requests: &BTreeMap<&str, usize>) {
    let total: usize = requests.iter().filter(|(verb, _)| **verb != "watch").map(|(_, n)| n).sum();
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let each = |n: f64| n / number as f64;
    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
    let total = total as f64;
    println!(
        "  {what}: {:.2} s, {:.4} CPU-s and {:.1} requests each {requests:?}",
        begun.elapsed().as_secs_f64(),
        each(usage().0 - cpu),
        each(total),
    );
}

async fn many(number: usize) {
    println!("{number} Kustomizations");
    let bench = Bench::new().await;
    let names: Vec<String> = (0..number).map(|n| format!("app-{n:04}")).collect();
    let files = |tag: u32| -> Vec<(String, String)> {
        names.iter().map(|it| (format!("{it}/all.yaml"), objects(it, tag))).collect()
    };
    bench.push(R1, &files(1)).await;
    let mut watch = bench.watch();
    bench.taken();
    let (begun, cpu) = (Instant::now(), usage().0);
    for name in &names {
        bench.world.apply(name, json!({"path": name, "wait": true, "interval": "1h"})).await;
    }
    all(&mut watch, number, is_at(R1)).await;
    told("created until Ready", begun, cpu, number, &bench.taken());

    let (begun, cpu) = (Instant::now(), usage().0);
    bench.push(R2, &files(2)).await;
    all(&mut watch, number, is_at(R2)).await;
    told("new revision until Ready", begun, cpu, number, &bench.taken());

    tokio::time::sleep(Duration::from_secs(2)).await;
    bench.taken();
    let (begun, cpu) = (Instant::now(), usage().0);
    for name in &names {
        bench.world.request(name, "bench").await;
    }
    let handled =
        |it: &Kustomization| it.status.last_handled_reconcile_at.as_deref() == Some("bench");
    all(&mut watch, number, handled).await;
    told("forced without change", begun, cpu, number, &bench.taken());

    tokio::time::sleep(Duration::from_secs(2)).await;
    bench.taken();
    let (cpu, _) = usage();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (after, memory) = usage();
    println!(
        "  idle: {:.2} % CPU, {:.0} MiB resident (server, its objects and controller), {:?}",
        (after - cpu) / 5.0 * 100.0,
        memory / f64::from(1 << 20),
        bench.taken(),
    );

    let (begun, cpu) = (Instant::now(), usage().0);
    for name in &names {
        let target = World::kustomization(name);
        bench.world.cluster.delete(&target, &Deletion::default()).await.unwrap();
    }
    let mut left: BTreeSet<String> = names.iter().cloned().collect();
    while !left.is_empty() {
        if let Change::Deleted(object) = watch.next().await {
            left.remove(object.name());
        }
    }
    told("deleted until gone", begun, cpu, number, &bench.taken());
}

async fn chain(length: usize) {
    let bench = Bench::new().await;
    let names: Vec<String> = (0..length).map(|n| format!("link-{n:02}")).collect();
    let files: Vec<(String, String)> =
        names.iter().map(|it| (format!("{it}/all.yaml"), map(it, "1"))).collect();
    bench.push(R1, &files).await;
    let mut watch = bench.watch();
    let (begun, cpu) = (Instant::now(), usage().0);
    for (n, name) in names.iter().enumerate().rev() {
        let before = n.checked_sub(1).map(|n| json!([{"name": names[n]}]));
        let spec = json!({"path": name, "wait": true, "dependsOn": before.unwrap_or(json!([]))});
        bench.world.apply(name, spec).await;
    }
    all(&mut watch, length, is_at(R1)).await;
    println!("chain of {length}");
    told("created until Ready", begun, cpu, length, &bench.taken());
}

#[tokio::main]
async fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|it| it.parse().ok()).collect();
    let numbers = if numbers.is_empty() { vec![100, 500, 1000] } else { numbers };
    chain(20).await;
    for number in numbers {
        many(number).await;
    }
}
