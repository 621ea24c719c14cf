//! Whole installations on this machine: a directory becomes live objects.
#![allow(clippy::unwrap_used, missing_docs)]

mod day;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use flux_cluster::{Change, Cluster, List, Target, Topic};
use flux_host::{Component, Dev, DevOptions, EmbeddedOptions, Revision, Source, standing};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::Value;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn options(directory: &Path, data_dir: Option<&Path>) -> DevOptions {
    DevOptions {
        embedded: EmbeddedOptions {
            data_dir: data_dir.map(Path::to_owned),
            ..EmbeddedOptions::default()
        },
        components: Component::ALL.into_iter().collect(),
        source: Some(Source {
            directory: directory.join("source"),
            path: "./".to_owned(),
            revision: Revision::Worktree,
            overrides: Vec::new(),
        }),
        kubeconfig: directory.join("kubeconfig"),
    }
}

fn write(directory: &Path, file: &str, text: &str) {
    let path = directory.join("source").join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn config_map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\ndata: {{key: {value}}}\n"
    )
}

/// Waits until an object is as wanted; `None` stands for one that is not there.
async fn until(cluster: &Cluster, name: &str, wanted: impl Fn(Option<&Object>) -> bool) {
    let kind = GroupVersionKind::new("", "v1", "ConfigMap");
    let list = List { fields: format!("metadata.name={name}"), ..List::namespace("default") };
    let mut changes = cluster.watch(Topic::all(kind.clone()).only(list));
    let seen = async {
        loop {
            let found = cluster.find(&Target::new(kind.clone(), "default", name)).await.unwrap();
            if wanted(found.as_ref()) {
                return;
            }
            while !matches!(changes.next().await, Change::Applied { .. } | Change::Deleted(_)) {}
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap();
}

fn has(value: &str) -> impl Fn(Option<&Object>) -> bool {
    move |object| {
        object.and_then(|it| it.pointer("/data/key")).and_then(Value::as_str) == Some(value)
    }
}

/// Waits until sources and Kustomizations are settled; tells the messages of those that failed.
async fn settled(cluster: &Cluster, at_least: usize) -> Vec<String> {
    let kinds = [
        GroupVersionKind::new("source.toolkit.fluxcd.io", "v1", "GitRepository"),
        GroupVersionKind::new("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    ];
    let mut watches = kinds.map(|kind| cluster.watch(Topic::all(kind)));
    let seen = async {
        loop {
            let objects: Vec<Object> = watches
                .iter()
                .flat_map(|watch| watch.store().list())
                .map(|object| (*object).clone())
                .collect();
            let found = standing(&objects);
            if objects.len() >= at_least && found.is_settled() {
                return found.failed.into_iter().map(|it| it.message).collect();
            }
            let [first, second] = &mut watches;
            tokio::select! {
                _ = first.next() => {}
                _ = second.next() => {}
            }
        }
    };
    tokio::time::timeout(PATIENCE, seen).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_becomes_an_object_follows_its_edits_and_is_pruned() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "one.yaml", &config_map("one", "a"));
    write(root.path(), "two.yaml", &config_map("two", "a"));
    let dev = Dev::start(options(root.path(), None)).await.unwrap();
    until(dev.cluster(), "one", has("a")).await;
    write(root.path(), "one.yaml", &config_map("one", "b"));
    until(dev.cluster(), "one", has("b")).await;
    std::fs::remove_file(root.path().join("source/two.yaml")).unwrap();
    until(dev.cluster(), "two", |object| object.is_none()).await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_file_is_named_and_nothing_of_the_directory_is_applied() {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "good.yaml", &config_map("good", "a"));
    write(root.path(), "bad.yaml", "a: b: c\n");
    let dev = Dev::start(options(root.path(), None)).await.unwrap();
    let failed = settled(dev.cluster(), 2).await;
    assert!(failed.concat().contains("bad.yaml"), "{failed:?}");
    until(dev.cluster(), "good", |object| object.is_none()).await;
    write(root.path(), "bad.yaml", &config_map("bad", "a"));
    until(dev.cluster(), "good", has("a")).await;
    dev.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kubeconfig_names_the_server_and_the_server_alone_needs_no_directory() {
    let root = tempfile::tempdir().unwrap();
    let dev = Dev::start(DevOptions {
        components: BTreeSet::new(),
        source: None,
        ..options(root.path(), None)
    })
    .await
    .unwrap();
    let text = std::fs::read_to_string(root.path().join("kubeconfig")).unwrap();
    assert!(text.contains(&format!("server: {}\n", dev.url())), "{text}");
    let kind = GroupVersionKind::new("", "v1", "Namespace");
    let default = dev.cluster().find(&Target::new(kind, "", "default")).await.unwrap();
    assert!(default.is_some());
    dev.stop().await;
}
