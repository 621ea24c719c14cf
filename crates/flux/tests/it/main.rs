//! The executable as a process: started, killed, started again.
#![allow(clippy::unwrap_used, missing_docs)]

mod repositories;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use flux_cluster::{Cluster, Connection, List, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::json;

/// A running `flux dev`, killed at the end of a test whatever happens.
struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Process {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let kubeconfig = folder.join("kubeconfig");
        let mut child = Command::new(env!("CARGO_BIN_EXE_flux"))
            .arg("dev")
            .args(arguments)
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Waits for a line that begins with a text.
    fn line(&mut self, beginning: &str) -> String {
        let found =
            self.lines.by_ref().map(Result::unwrap).find(|line| line.starts_with(beginning));
        found.expect(beginning)
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn install_provider() {
    // Another test of this process may have done it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

async fn connect(folder: &Path) -> Cluster {
    let kubeconfig = Some(folder.join("kubeconfig"));
    Cluster::connect(&Connection { kubeconfig, ..Connection::default() }).await.unwrap()
}

fn config_map(name: &str) -> Object {
    let metadata = json!({"name": name, "namespace": "default"});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}).try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let arguments = ["--components", "none", "--data-dir", data_dir.to_str().unwrap()];
    let mut written: Vec<String> = Vec::new();
    for round in 0..3 {
        let mut process = Process::start(folder.path(), &arguments);
        process.line("server:");
        let cluster = connect(folder.path()).await;
        let kind = GroupVersionKind::new("", "v1", "ConfigMap");
        let mut found: Vec<String> = cluster
            .list(&kind, &List::namespace("default"))
            .await
            .unwrap()
            .iter()
            .map(|it| it.name().to_owned())
            .filter(|name| name.starts_with("round"))
            .collect();
        found.sort();
        assert_eq!(found, written);
        for number in 0..20 {
            let name = format!("round{round}-{number:02}");
            cluster.create(&config_map(&name), &Write::by("test")).await.unwrap();
            written.push(name);
        }
        process.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_ends_with_the_verdict_and_its_reasons() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::create_dir(&source).unwrap();
    let run = |expected: i32| {
        let output = Command::new(env!("CARGO_BIN_EXE_flux"))
            .args(["dev", "--once", "--timeout", "60s", "--kubeconfig"])
            .arg(folder.path().join("kubeconfig"))
            .arg(&source)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{text}");
        text
    };
    std::fs::write(source.join("a.yaml"), config_map("a").as_value().to_string()).unwrap();
    let text = run(0);
    assert!(text.contains("ConfigMap/default/a created"), "{text}");
    let unknown = r#"{"apiVersion": "x.test/v1", "kind": "Nothing", "metadata": {"name": "b"}}"#;
    std::fs::write(source.join("b.yaml"), unknown).unwrap();
    let text = run(1);
    assert!(text.contains(r#"no matches for kind "Nothing" in version "x.test/v1""#), "{text}");
}

/// Two Kustomizations, the second of which waits for the first and its Deployment.
fn write_dependent_kustomizations(source: &Path) {
    let kustomization = |name: &str, more: serde_json::Value| {
        let mut spec = json!({
            "interval": "1h", "prune": true, "wait": true, "path": format!("./{name}"),
            "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
            "metadata": {"name": name, "namespace": "flux-system"}, "spec": spec,
        })
    };
    let write = |path: &str, object: serde_json::Value| {
        std::fs::create_dir_all(source.join(path).parent().unwrap()).unwrap();
        std::fs::write(source.join(path), object.to_string()).unwrap();
    };
    write("clusters/base.yaml", kustomization("base", json!({})));
    write("clusters/apps.yaml", kustomization("apps", json!({"dependsOn": [{"name": "base"}]})));
    write(
        "base/namespace.yaml",
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}}),
    );
    let labels = json!({"app": "web"});
    let container = json!({"name": "web", "image": "registry.test/web:1"});
    write(
        "base/web.yaml",
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "apps"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }),
    );
    for name in ["one", "two", "three"] {
        let metadata = json!({"name": name, "namespace": "apps"});
        let object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
        write(&format!("apps/{name}.yaml"), object);
    }
}

/// What must not depend on how often the process was killed: everything but times and versions.
async fn end_state(cluster: &Cluster) -> serde_json::Value {
    let mut state = Vec::new();
    for kind in [
        GroupVersionKind::new("", "v1", "Namespace"),
        GroupVersionKind::new("", "v1", "ConfigMap"),
        GroupVersionKind::new("apps", "v1", "Deployment"),
        GroupVersionKind::new("source.toolkit.fluxcd.io", "v1", "GitRepository"),
        GroupVersionKind::new("kustomize.toolkit.fluxcd.io", "v1", "Kustomization"),
    ] {
        for object in cluster.list(&kind, &List::all()).await.unwrap() {
            let value = object.as_value();
            if object.name() == "kube-root-ca.crt" {
                continue;
            }
            let ready = value["status"]["conditions"].as_array().and_then(|conditions| {
                conditions.iter().find(|it| it["type"] == "Ready").map(|it| it["status"].clone())
            });
            state.push(json!({
                "kind": object.kind(),
                "name": object.name(),
                "namespace": object.namespace(),
                "labels": value["metadata"]["labels"],
                "finalizers": value["metadata"]["finalizers"],
                "generation": value["metadata"]["generation"],
                "spec": value["spec"],
                "data": value["data"],
                "inventory": value["status"]["inventory"],
                "revision": value["status"]["lastAppliedRevision"],
                "artifact": value["status"]["artifact"]["revision"],
                "ready": ready,
            }));
        }
    }
    json!(state)
}

/// Runs `flux dev`, killed after each of the given numbers of lines, then until all is Ready.
async fn end_state_after_kills(folder: &Path, source: &Path, kills: &[usize]) -> serde_json::Value {
    let data_dir = folder.join("data").display().to_string();
    let source = source.display().to_string();
    let arguments = ["--data-dir", &data_dir, "--path", "clusters", &source];
    for lines in kills {
        let mut process = Process::start(folder, &arguments);
        for _ in 0..*lines {
            if process.lines.next().is_none() {
                break;
            }
        }
        process.kill();
    }
    let mut last =
        Process::start(folder, &[&["--once", "--timeout", "60s"], &arguments[..]].concat());
    let text: Vec<String> = last.lines.by_ref().map(Result::unwrap).collect();
    assert!(last.child.wait().unwrap().success(), "{kills:?}: {}", text.join("\n"));
    let mut server = Process::start(folder, &["--components", "none", "--data-dir", &data_dir]);
    server.line("server:");
    end_state(&connect(folder).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_that_is_killed_at_any_moment_ends_as_an_undisturbed_one() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    write_dependent_kustomizations(&source);
    let run = async |name: &str, kills: &[usize]| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        end_state_after_kills(&folder, &source, kills).await
    };
    let undisturbed = run("undisturbed", &[]).await;
    assert!(undisturbed.to_string().contains(r#""name":"three""#), "{undisturbed:#}");
    for lines in 0..9 {
        let killed = run(&format!("killed-{lines}"), &[lines]).await;
        assert_eq!(killed, undisturbed, "killed after {lines} lines");
    }
    let often = run("killed-often", &[1, 2, 3, 5, 8]).await;
    assert_eq!(often, undisturbed, "killed five times");
}
