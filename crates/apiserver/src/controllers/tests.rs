//! The controllers against a whole server in memory, with a paused clock.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::clock::TokioClock;
use crate::{Options, Server};

struct World {
    server: Server,
}

impl World {
    fn new() -> Self {
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = std::sync::Arc::new(TokioClock::starting_at(start));
        let options = Options { seed: Some(1), clock, ..Options::default() };
        Self { server: Server::start(options).unwrap() }
    }

    async fn send(&self, method: &str, url: &str, body: Value) -> Value {
        let kind = match method {
            "PATCH" => "application/merge-patch+json",
            _ => "application/json",
        };
        let bytes = if body.is_null() { String::new() } else { body.to_string() };
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", kind)
            .header("user-agent", "test/1")
            .header("authorization", format!("Bearer {}", self.server.admin_token()))
            .body(Full::new(Bytes::from(bytes)))
            .unwrap();
        let response = self.server.service().respond(request).await;
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    async fn get(&self, url: &str) -> Value {
        self.send("GET", url, Value::Null).await
    }

    /// Lets everything happen that happens within a time.
    async fn pass(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    async fn names(&self, url: &str) -> Vec<String> {
        let list = self.get(url).await;
        let items = list["items"].as_array().unwrap_or_else(|| panic!("{url}: {list}"));
        items.iter().map(|one| crate::meta::name(one).to_owned()).collect()
    }
}

const NAMESPACE: &str = "/api/v1/namespaces/default";
const APPS: &str = "/apis/apps/v1/namespaces/default";

fn workload(kind: &str, name: &str, behaviour: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": name, "annotations": {"simulator.flux-rs.dev/behaviour": behaviour}},
        "spec": {"replicas": 2, "progressDeadlineSeconds": 20, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "c", "image": "i:1"}]}}}})
}

#[tokio::test(start_paused = true)]
async fn a_namespace_has_an_account_and_goes_with_all_that_is_in_it() {
    let world = World::new();
    world.send("POST", "/api/v1/namespaces", json!({"metadata": {"name": "a"}})).await;
    world.pass(0.1).await;
    assert_eq!(world.names("/api/v1/namespaces/a/serviceaccounts").await, ["default"]);
    assert_eq!(world.names("/api/v1/namespaces/a/configmaps").await, ["kube-root-ca.crt"]);
    let held = json!({"metadata": {"name": "held", "finalizers": ["a.io/f"]}});
    world.send("POST", "/api/v1/namespaces/a/configmaps", held).await;
    world.send("DELETE", "/api/v1/namespaces/a", Value::Null).await;
    world.pass(0.1).await;
    let namespace = world.get("/api/v1/namespaces/a").await;
    assert_eq!(namespace["status"]["phase"], "Terminating");
    let remaining = crate::crd::condition(&namespace, "NamespaceFinalizersRemaining").unwrap();
    assert_eq!(
        remaining["message"],
        "Some content in the namespace has finalizers remaining: a.io/f in 1 resource instances"
    );
    let free = json!({"metadata": {"finalizers": null}});
    world.send("PATCH", "/api/v1/namespaces/a/configmaps/held", free).await;
    world.pass(0.1).await;
    assert_eq!(world.get("/api/v1/namespaces/a").await["code"], 404);
}

#[tokio::test(start_paused = true)]
async fn dependents_follow_their_owner_unless_they_are_orphaned() {
    let world = World::new();
    let maps = format!("{NAMESPACE}/configmaps");
    let mut uids = Vec::new();
    for name in ["one", "two", "three"] {
        let owner = world.send("POST", &maps, json!({"metadata": {"name": name}})).await;
        let uid = crate::meta::uid(&owner).to_owned();
        let child = json!({"metadata": {"name": format!("{name}-child"), "ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid, "blockOwnerDeletion": true}]}});
        world.send("POST", &maps, child).await;
        uids.push(uid);
    }
    world.pass(0.1).await;
    world.send("DELETE", &format!("{maps}/one"), Value::Null).await;
    world.send("DELETE", &format!("{maps}/two"), json!({"propagationPolicy": "Orphan"})).await;
    world
        .send("DELETE", &format!("{maps}/three"), json!({"propagationPolicy": "Foreground"}))
        .await;
    world.pass(0.1).await;
    assert_eq!(world.names(&maps).await, ["kube-root-ca.crt", "two-child"]);
    let orphan = world.get(&format!("{maps}/two-child")).await;
    assert_eq!(orphan["metadata"].get("ownerReferences"), None);
    let lost = json!({"metadata": {"name": "lost", "ownerReferences": [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": "one", "uid": uids[0]}]}});
    world.send("POST", &maps, lost).await;
    world.pass(0.1).await;
    assert_eq!(world.names(&maps).await, ["kube-root-ca.crt", "two-child"]);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_becomes_available_and_rolls() {
    let world = World::new();
    let url = format!("{APPS}/deployments");
    world.send("POST", &url, workload("Deployment", "d", "")).await;
    world.pass(0.5).await;
    let deployment = world.get(&format!("{url}/d")).await;
    assert_eq!(deployment["status"]["availableReplicas"], 2, "{deployment}");
    let progressing = crate::crd::condition(&deployment, "Progressing").unwrap();
    assert_eq!(progressing["reason"], "NewReplicaSetAvailable");
    assert_eq!(world.names(&format!("{APPS}/replicasets")).await.len(), 1);
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}}});
    world.send("PATCH", &format!("{url}/d"), image).await;
    world.pass(0.5).await;
    let deployment = world.get(&format!("{url}/d")).await;
    assert_eq!(deployment["status"]["updatedReplicas"], 2, "{deployment}");
    assert_eq!(deployment["status"]["replicas"], 2);
    assert_eq!(deployment["status"]["observedGeneration"], deployment["metadata"]["generation"]);
    assert_eq!(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "2");
    let pods = world.get(&format!("{NAMESPACE}/pods")).await;
    assert_eq!(pods["items"].as_array().unwrap().len(), 2);
    assert_eq!(pods["items"][0]["spec"]["containers"][0]["image"], "i:2");
    world.send("DELETE", &format!("{url}/d"), Value::Null).await;
    world.pass(0.5).await;
    assert_eq!(world.names(&format!("{NAMESPACE}/pods")).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn pods_behave_as_their_workload_is_told() {
    let world = World::new();
    let url = format!("{APPS}/deployments");
    for (name, behaviour) in [
        ("never", "never-ready"),
        ("late", "ready-after=5s"),
        ("early", "fail-after=3s"),
        ("crash", "crash-loop"),
    ] {
        world.send("POST", &url, workload("Deployment", name, behaviour)).await;
    }
    let available = async |name: &str| {
        let deployment = world.get(&format!("{url}/{name}")).await;
        deployment["status"]["availableReplicas"].as_u64().unwrap_or(0)
    };
    world.pass(1.0).await;
    assert_eq!(
        [available("never").await, available("late").await, available("early").await],
        [0, 0, 2]
    );
    assert_eq!(available("crash").await, 0);
    world.pass(5.0).await;
    assert_eq!(
        [available("never").await, available("late").await, available("early").await],
        [0, 2, 0]
    );
    world.pass(30.0).await;
    let deployment = world.get(&format!("{url}/never")).await;
    let progressing = crate::crd::condition(&deployment, "Progressing").unwrap();
    assert_eq!(progressing["reason"], "ProgressDeadlineExceeded", "{deployment}");
}

#[tokio::test(start_paused = true)]
async fn stateful_sets_daemon_sets_and_jobs_come_to_an_end() {
    let world = World::new();
    let mut set = workload("StatefulSet", "s", "");
    set["spec"]["serviceName"] = "s".into();
    set["spec"].as_object_mut().unwrap().remove("progressDeadlineSeconds");
    set["spec"]["volumeClaimTemplates"] = json!([{"metadata": {"name": "v"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]);
    world.send("POST", &format!("{APPS}/statefulsets"), set).await;
    let mut set = workload("DaemonSet", "ds", "");
    for key in ["replicas", "progressDeadlineSeconds"] {
        set["spec"].as_object_mut().unwrap().remove(key);
    }
    world.send("POST", &format!("{APPS}/daemonsets"), set).await;
    let jobs = "/apis/batch/v1/namespaces/default/jobs";
    for (name, behaviour) in [("good", ""), ("bad", "crash-loop")] {
        let job = json!({"metadata": {"name": name, "annotations": {"simulator.flux-rs.dev/behaviour": behaviour}},
            "spec": {"backoffLimit": 1, "template": {"spec": {"restartPolicy": "Never",
                "containers": [{"name": "c", "image": "i"}]}}}});
        world.send("POST", jobs, job).await;
    }
    world.pass(1.0).await;
    let set = world.get(&format!("{APPS}/statefulsets/s")).await;
    assert_eq!(set["status"]["readyReplicas"], 2, "{set}");
    assert_eq!(set["status"]["currentRevision"], set["status"]["updateRevision"]);
    let claims = world.get(&format!("{NAMESPACE}/persistentvolumeclaims")).await;
    assert_eq!(claims["items"][0]["status"]["phase"], "Bound");
    assert_eq!(
        world.names(&format!("{NAMESPACE}/persistentvolumeclaims")).await,
        ["v-s-0", "v-s-1"]
    );
    let set = world.get(&format!("{APPS}/daemonsets/ds")).await;
    assert_eq!(set["status"]["numberReady"], 1, "{set}");
    let good = world.get(&format!("{jobs}/good")).await;
    assert!(crate::crd::is_true(&good, "Complete"), "{good}");
    let bad = world.get(&format!("{jobs}/bad")).await;
    assert_eq!(
        crate::crd::condition(&bad, "Failed").unwrap()["reason"],
        "BackoffLimitExceeded",
        "{bad}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_definition_is_established_and_goes_after_its_objects() {
    let world = World::new();
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let definition = json!({"metadata": {"name": "things.a.io"}, "spec": {
        "group": "a.io", "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [{"name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": {"type": "object"}}}]}});
    world.send("POST", definitions, definition).await;
    world.pass(0.1).await;
    let things = "/apis/a.io/v1/namespaces/default/things";
    let thing = json!({"apiVersion": "a.io/v1", "kind": "Thing", "metadata": {"name": "t", "finalizers": ["a.io/f"]}});
    assert_eq!(world.send("POST", things, thing).await["kind"], "Thing");
    world.send("DELETE", &format!("{definitions}/things.a.io"), Value::Null).await;
    world.pass(0.1).await;
    let definition = world.get(&format!("{definitions}/things.a.io")).await;
    assert!(crate::crd::is_true(&definition, "Terminating"), "{definition}");
    let patch = json!({"metadata": {"finalizers": null}});
    let patched = world.send("PATCH", &format!("{things}/t"), patch).await;
    assert_eq!(patched["kind"], "Thing", "{patched}");
    world.pass(0.1).await;
    assert_eq!(world.get(&format!("{definitions}/things.a.io")).await["code"], 404);
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_counted_and_kept() {
    let world = World::new();
    let maps = format!("{NAMESPACE}/configmaps");
    world.pass(0.1).await;
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {
        "count/configmaps": "2", "pods": "1", "limits.cpu": "1"}}});
    world.send("POST", &format!("{NAMESPACE}/resourcequotas"), quota).await;
    world.pass(0.1).await;
    let counted = world.get(&format!("{NAMESPACE}/resourcequotas/q")).await;
    assert_eq!(
        counted["status"]["used"],
        json!({"count/configmaps": "1", "pods": "0", "limits.cpu": "0"})
    );
    let map = |name: &str| json!({"metadata": {"name": name}});
    let second = world.send("POST", &maps, map("second")).await;
    assert_eq!(second["kind"], "ConfigMap", "{second}");
    let third = world.send("POST", &maps, map("third")).await;
    assert_eq!(
        third["message"],
        "configmaps \"third\" is forbidden: exceeded quota: q, requested: count/configmaps=1, \
         used: count/configmaps=2, limited: count/configmaps=2"
    );
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [
        {"name": "c", "image": "i"}]}});
    let refused = world.send("POST", &format!("{NAMESPACE}/pods"), pod).await;
    assert_eq!(
        refused["message"],
        "pods \"p\" is forbidden: failed quota: q: must specify limits.cpu for: c"
    );
    world.send("DELETE", &format!("{maps}/second"), Value::Null).await;
    world.pass(0.1).await;
    assert_eq!(world.send("POST", &maps, map("third")).await["kind"], "ConfigMap");
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_nobody_counted_refuses() {
    let options =
        Options { seed: Some(1), controllers: crate::Controllers::NONE, ..Options::default() };
    let world = World { server: Server::start(options).unwrap() };
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": {"configmaps": "2"}}});
    world.send("POST", &format!("{NAMESPACE}/resourcequotas"), quota).await;
    let map = json!({"metadata": {"name": "m"}});
    let refused = world.send("POST", &format!("{NAMESPACE}/configmaps"), map).await;
    assert_eq!(
        refused["message"],
        "configmaps \"m\" is forbidden: status unknown for quota: q, resources: configmaps"
    );
}
