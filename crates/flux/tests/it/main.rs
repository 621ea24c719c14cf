//! The executable as a process: started, killed, started again.
#![allow(clippy::unwrap_used, missing_docs)]

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
