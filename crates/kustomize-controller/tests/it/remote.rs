//! Other clusters, reached by what Secrets and ConfigMaps say. The other cluster is the same server
//! behind a socket, so this world's clock runs.

use flux_cluster::{Patch, Write};
use flux_kustomize_controller::GATES;
use flux_manifest::Object;
use flux_runtime::Gates;
use flux_testkit::worlds::apply::{NAMESPACE, World, map};
use serde_json::{Value, json};

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
/// The audience of the embedded server's own tokens.
const AUDIENCE: &str = "https://kubernetes.default.svc.cluster.local";

/// A world whose server also listens, and its address.
async fn world(gates: &str) -> (World, String) {
    // Another test of this process may have done it.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let gates = Gates::parse(GATES, gates).unwrap();
    let world = World::with(|options| options.gates = gates).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let server = world.server().clone();
    tokio::spawn(async move { server.serve_tls(listener, std::future::pending()).await });
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    (world, address)
}

async fn create(world: &World, object: Value) {
    let object = Object::try_from(object).unwrap();
    world.cluster.apply(&object, &Write::by("test").forced()).await.unwrap();
}

async fn describe(world: &World, data: Value) {
    create(
        world,
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "far", "namespace": NAMESPACE}, "data": data,
        }),
    )
    .await;
}

/// Lets the Kustomization try again; returns why it fails.
async fn fails(world: &World, token: &str) -> String {
    world.request("app", token).await;
    let handled = |it: &flux_api::Kustomization| {
        it.status.last_handled_reconcile_at.as_deref() == Some(token)
    };
    world.until("app", handled).await;
    world.fails("app", "ReconciliationFailed").await
}

#[tokio::test]
async fn a_token_of_an_account_reaches_another_cluster() {
    let (world, address) = world("ObjectLevelWorkloadIdentity=true").await;
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "robot", "namespace": NAMESPACE}});
    create(&world, account).await;
    describe(
        &world,
        json!({"provider": "generic", "address": address, "audiences": AUDIENCE,
        "ca.crt": world.server().ca_pem(), "serviceAccountName": "robot"}),
    )
    .await;
    world.apply("app", json!({"kubeConfig": {"configMapRef": {"name": "far"}}})).await;
    let message = world.fails("app", "ReconciliationFailed").await;
    assert!(message.contains("User \"system:serviceaccount:apps:robot\" cannot"), "{message}");
    create(
        &world,
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "robot", "namespace": NAMESPACE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": NAMESPACE}],
        }),
    )
    .await;
    world.request("app", "again").await;
    world.ready("app", R1).await;
}

#[tokio::test]
async fn a_description_that_leads_nowhere_is_told() {
    let (world, address) = world("").await;
    describe(&world, json!({"address": address})).await;
    world.apply("app", json!({"kubeConfig": {"configMapRef": {"name": "far"}}})).await;
    let message = world.fails("app", "ReconciliationFailed").await;
    assert_eq!(message, "missing provider in ConfigMap 'apps/far'");
    describe(&world, json!({"provider": "other"})).await;
    assert_eq!(fails(&world, "1").await, "unsupported provider 'other' in ConfigMap 'apps/far'");
    describe(&world, json!({"provider": "generic", "serviceAccountName": "robot"})).await;
    let message = fails(&world, "2").await;
    assert!(message.contains("enable the ObjectLevelWorkloadIdentity feature gate"), "{message}");
    // Clouds are somebody else's work; without them that is said.
    describe(&world, json!({"provider": "aws", "cluster": "arn:aws:eks:x"})).await;
    assert_eq!(fails(&world, "3").await, "provider 'aws' is not available in this build");
}

#[tokio::test]
async fn a_kubeconfig_reaches_another_cluster_and_its_account_is_used_there() {
    let (world, address) = world("").await;
    use base64::Engine as _;
    let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": address,
            "certificate-authority-data": encode(world.server().ca_pem())}}],
        "users": [{"name": "u", "user": {"token": world.server().admin_token()}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    create(&world, json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "far", "namespace": NAMESPACE},
        "stringData": {"value": kubeconfig.to_string()},
    }))
    .await;
    let reference = json!({"secretRef": {"name": "far"}});
    world.apply("app", json!({"kubeConfig": reference, "serviceAccountName": "robot"})).await;
    let message = world.fails("app", "ReconciliationFailed").await;
    assert!(message.contains("User \"system:serviceaccount:apps:robot\" cannot"), "{message}");
    let own = Patch::Merge(json!({"spec": {"serviceAccountName": null}}));
    world.cluster.patch(&World::kustomization("app"), &own, &Write::by("test")).await.unwrap();
    world.ready("app", R1).await;
    // Deletion goes the same way.
    world.delete(&World::kustomization("app")).await;
    world.gone(&World::kustomization("app")).await;
    world.gone(&World::config_map("a")).await;
}
