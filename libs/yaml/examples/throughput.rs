//! Measures how fast YAML documents are read and written.
//!
//! `cargo run --release -p flux-yaml --example throughput [FILE]`; without a file, on manifests
//! of its own making.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use flux_yaml::{Emit, Resolver, emit, from_str, parse, to_string};

const ROUNDS: usize = 15;

fn main() {
    let text = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file).unwrap(),
        None => manifests(1000),
    };
    let roots = parse(text.as_bytes()).unwrap();
    let documents: Vec<&str> = text.split("\n---\n").collect();
    let values: Vec<_> = documents.iter().map(|document| from_str(document).unwrap()).collect();

    report("trees read", text.len(), || parse(text.as_bytes()).unwrap().len());
    report("trees to values", text.len(), || {
        roots.iter().map(|root| root.to_value(Resolver::Core).is_ok()).filter(|ok| *ok).count()
    });
    report("values read", text.len(), || {
        documents.iter().map(|document| from_str(document).is_ok()).filter(|ok| *ok).count()
    });
    let write_trees = || roots.iter().map(|root| emit(root, Emit::Compact).len()).sum::<usize>();
    report("trees written", write_trees(), write_trees);
    let write_values = || values.iter().map(|value| to_string(value).len()).sum::<usize>();
    report("values written", write_values(), write_values);
}

fn report(what: &str, bytes: usize, run: impl Fn() -> usize) {
    let round = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    let best = (0..ROUNDS).map(round).min().unwrap_or(Duration::MAX);
    println!("{what:16} {:7.1} MB/s", bytes as f64 / 1e6 / best.as_secs_f64());
}

fn manifests(count: usize) -> String {
    let manifest = |index: usize| {
        format!(
            r#"# The application number {index}.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{index}
  namespace: team-{index}
  labels:
    app.kubernetes.io/name: app
    app.kubernetes.io/version: "1.{index}"
spec:
  replicas: 3 # as many as there are zones
  selector:
    matchLabels: {{app.kubernetes.io/name: app}}
  template:
    spec:
      containers:
        - name: app
          image: ghcr.io/example/app:1.{index}.0
          args: ["--port=9898", "--level=info"]
          env:
            - name: GREETING
              value: |
                Hello,
                world {index}
          resources:
            requests:
              cpu: 100m
              memory: 64Mi
          livenessProbe:
            httpGet:
              path: /healthz
              port: 9898
            initialDelaySeconds: 5
"#
        )
    };
    (0..count).map(manifest).collect::<Vec<_>>().join("---\n")
}
