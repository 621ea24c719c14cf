//! Two tenants of one cluster attack each other in every field that takes a reference.
//!
//! The operator has locked the controller down as Flux's documentation says; each tenant has a
//! namespace, an account with all rights in it, and may write whatever Kustomization it likes there.

use std::time::Duration;

use flux_api::{Kustomization, KustomizationSpec, conditions};
use flux_cluster::{Deletion, Patch, Target, Write};
use flux_manifest::{GroupVersionKind, Object};
use flux_testkit::worlds::apply::{NAMESPACE, World, map, options};
use serde_json::{Value, json};

const R1: &str = "main@sha1:1111111111111111111111111111111111111111";
const R2: &str = "main@sha1:2222222222222222222222222222222222222222";
/// The attacker is the tenant of [`NAMESPACE`]; this is the other one's.
const VICTIM: &str = "victim";

async fn create(world: &World, object: Value) {
    let object = Object::try_from(object).unwrap();
    world.cluster.apply(&object, &Write::by("operator").forced()).await.unwrap();
}

/// Makes two tenants, each with an account `tenant`.
async fn tenants(change: impl FnOnce(&mut flux_kustomize_controller::Options)) -> World {
    let mut options = options();
    options.no_cross_namespace_refs = true;
    options.no_remote_bases = true;
    options.default_service_account = "tenant".to_owned();
    change(&mut options);
    let world = World::start(NAMESPACE, options).await;
    create(&world, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": VICTIM}}))
        .await;
    for namespace in [NAMESPACE, VICTIM] {
        create(
            &world,
            json!({
                "apiVersion": "v1", "kind": "ServiceAccount",
                "metadata": {"name": "tenant", "namespace": namespace},
            }),
        )
        .await;
        create(
            &world,
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "tenant", "namespace": namespace},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                    "name": "cluster-admin"},
                "subjects": [{"kind": "ServiceAccount", "name": "tenant", "namespace": namespace}],
            }),
        )
        .await;
    }
    create(
        &world,
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "treasure", "namespace": VICTIM,
                "labels": {"reconcile.fluxcd.io/watch": "Enabled"}},
            "data": {"key": "gold"},
        }),
    )
    .await;
    create(
        &world,
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "keys", "namespace": VICTIM},
            "stringData": {"value": "apiVersion: v1", "key": "gold"},
        }),
    )
    .await;
    world
}

fn treasure() -> Target {
    Target::new(GroupVersionKind::new("", "v1", "ConfigMap"), VICTIM, "treasure")
}

/// What the victim has is as it was, and nothing was added to it.
async fn is_unharmed(world: &World) {
    let live = world.cluster.get(&treasure()).await.unwrap();
    assert_eq!(live.pointer("/data/key"), Some(&json!("gold")));
    let kind = GroupVersionKind::new("", "v1", "ConfigMap");
    let list = flux_cluster::List::namespace(VICTIM);
    assert_eq!(world.cluster.list(&kind, &list).await.unwrap().len(), 1);
}

fn treasure_of_mine() -> String {
    map("treasure", "lead").replace("name: treasure", "name: treasure\n  namespace: victim")
}

/// Lets the attacker apply a spec; returns reason and message of the refusal.
async fn refused(world: &World, files: &[(&str, &str)], spec: Value) -> (String, String) {
    world.push(R1, files).await;
    world.apply("attack", spec).await;
    let failed = |it: &Kustomization| conditions::is_false(&it.status.conditions, "Ready");
    let found = world.until("attack", failed).await;
    let ready = conditions::get(&found.status.conditions, "Ready").unwrap();
    is_unharmed(world).await;
    remove(world).await;
    (ready.reason.clone(), ready.message.clone())
}

#[tokio::test(start_paused = true)]
async fn a_source_of_somebody_else_is_refused() {
    let world = tenants(|_| {}).await;
    let source = json!({"kind": "GitRepository", "name": "app", "namespace": VICTIM});
    let (reason, message) =
        refused(&world, &[("a.yaml", &map("a", "1"))], json!({"sourceRef": source})).await;
    assert_eq!(reason, "AccessDenied");
    assert_eq!(
        message,
        "can't access 'GitRepository/victim/app', cross-namespace references have been blocked"
    );
}

#[tokio::test(start_paused = true)]
async fn objects_in_another_namespace_are_refused() {
    let world = tenants(|_| {}).await;
    for (file, spec) in [
        (treasure_of_mine(), json!({"targetNamespace": null})),
        (map("treasure", "lead"), json!({"targetNamespace": VICTIM})),
    ] {
        let (reason, message) = refused(&world, &[("t.yaml", &file)], spec).await;
        assert_eq!(reason, "ReconciliationFailed", "{message}");
        assert!(message.contains("dry-run failed (Forbidden)"), "{message}");
        assert!(message.contains("system:serviceaccount:apps:tenant"), "{message}");
    }
}

/// Takes the attacker's Kustomization away, whatever it waits for.
async fn remove(world: &World) {
    let target = World::kustomization("attack");
    world.delete(&target).await;
    let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    // It may be gone already.
    world.cluster.patch(&target, &patch, &Write::by("test")).await.ok();
    world.gone(&target).await;
}

#[tokio::test(start_paused = true)]
async fn another_account_is_one_of_the_same_namespace() {
    let world = tenants(|_| {}).await;
    let spec = json!({"serviceAccountName": "system:serviceaccount:victim:tenant"});
    let (reason, message) = refused(&world, &[("a.yaml", &map("a", "1"))], spec).await;
    assert_eq!(reason, "ReconciliationFailed");
    assert!(message.contains("Forbidden"), "{message}");
    let spec = json!({"serviceAccountName": "nobody"});
    let (_, message) = refused(&world, &[("a.yaml", &map("a", "1"))], spec).await;
    assert!(message.contains("system:serviceaccount:apps:nobody"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn variables_and_kubeconfigs_come_from_the_own_namespace() {
    let world = tenants(|_| {}).await;
    for (kind, name) in [("ConfigMap", "treasure"), ("Secret", "keys")] {
        let from = json!({"substituteFrom": [{"kind": kind, "name": name}]});
        let (reason, message) =
            refused(&world, &[("a.yaml", &map("a", "${key}"))], json!({"postBuild": from})).await;
        assert_eq!(reason, "BuildFailed");
        assert!(message.contains(&format!("substitute from '{kind}/{name}' error")), "{message}");
    }
    for reference in
        [json!({"secretRef": {"name": "keys"}}), json!({"configMapRef": {"name": "treasure"}})]
    {
        let spec = json!({"kubeConfig": reference});
        let (reason, message) = refused(&world, &[("a.yaml", &map("a", "1"))], spec).await;
        assert_eq!(reason, "ReconciliationFailed");
        assert!(message.contains("not found"), "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_health_of_somebody_else_is_not_told() {
    let world = tenants(|_| {}).await;
    let checks = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "treasure",
        "namespace": VICTIM}]);
    let (reason, message) = refused(
        &world,
        &[("a.yaml", &map("a", "1"))],
        json!({"healthChecks": checks, "timeout": "30s"}),
    )
    .await;
    assert_eq!(reason, "HealthCheckFailed");
    assert!(message.contains("forbidden"), "{message}");
    assert!(!message.contains("gold"));
}

#[tokio::test(start_paused = true)]
async fn what_is_read_for_one_tenant_is_not_shown_to_another() {
    let world = tenants(|_| {}).await;
    // The victim's controller work warms whatever there is to warm.
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({"wait": true})).await;
    world.ready("app", R1).await;
    let checks = json!([{"apiVersion": "v1", "kind": "Secret", "name": "keys",
        "namespace": VICTIM}]);
    let spec = json!({"healthChecks": checks, "timeout": "30s"});
    let (_, message) = refused(&world, &[("a.yaml", &map("a", "1"))], spec).await;
    assert!(message.contains("forbidden"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn paths_and_bases_stay_inside_the_source() {
    let world = tenants(|_| {}).await;
    let (reason, message) =
        refused(&world, &[("a.yaml", &map("a", "1"))], json!({"path": "../../../etc"})).await;
    assert_eq!(reason, "ArtifactFailed");
    assert!(message.contains("kustomization path not found"), "{message}");
    for base in ["https://example.com/base.yaml", "github.com/example/base?ref=main"] {
        let file = format!("resources: [\"{base}\"]\n");
        let (reason, message) =
            refused(&world, &[("kustomization.yaml", &file)], json!({"path": "./"})).await;
        assert_eq!(reason, "BuildFailed", "{message}");
    }
    for file in ["/etc/passwd", "../../../../../../etc/passwd"] {
        let generator = format!("configMapGenerator: [{{name: x, files: [\"{file}\"]}}]\n");
        let (reason, message) =
            refused(&world, &[("kustomization.yaml", &generator)], json!({"path": "./"})).await;
        assert_eq!(reason, "BuildFailed", "{message}");
        assert!(!message.contains("root:"), "{message}");
    }
    let components = json!({"path": "./", "components": ["https://example.com/c"]});
    let (reason, _) = refused(&world, &[("a.yaml", &map("a", "1"))], components).await;
    assert_eq!(reason, "BuildFailed");
}

#[tokio::test(start_paused = true)]
async fn an_inventory_that_lies_deletes_nothing() {
    let world = tenants(|_| {}).await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("attack", json!({})).await;
    world.ready("attack", R1).await;
    // The victim's object even carries the attacker's labels.
    let labels = Patch::Merge(json!({"metadata": {"labels": {
        "kustomize.toolkit.fluxcd.io/name": "attack",
        "kustomize.toolkit.fluxcd.io/namespace": NAMESPACE}}}));
    world.cluster.patch(&treasure(), &labels, &Write::by("test")).await.unwrap();
    let lie = Patch::Merge(json!({"status": {"inventory": {"entries": [
        {"id": "apps_a__ConfigMap", "v": "v1"}, {"id": "victim_treasure__ConfigMap", "v": "v1"}]}}}));
    let status = Write::by("attacker").to("status");
    let target = World::kustomization("attack");
    world.cluster.patch(&target, &lie, &status).await.unwrap();
    world.push(R2, &[("a.yaml", &map("a", "2"))]).await;
    let message = world.fails("attack", "PruneFailed").await;
    assert!(message.contains("forbidden"), "{message}");
    is_unharmed(&world).await;
    world.cluster.delete(&target, &Deletion::default()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    is_unharmed(&world).await;
}

#[tokio::test(start_paused = true)]
async fn an_object_of_another_owner_is_not_pruned() {
    let world = tenants(|_| {}).await;
    // Both Kustomizations are in one namespace here: rights do not tell them apart.
    world.push(R1, &[("one/a.yaml", &map("a", "1")), ("two/b.yaml", &map("b", "1"))]).await;
    world.apply("one", json!({"path": "one"})).await;
    world.apply("two", json!({"path": "two"})).await;
    world.ready("one", R1).await;
    world.ready("two", R1).await;
    let lie = Patch::Merge(json!({"status": {"inventory": {"entries": [
        {"id": "apps_a__ConfigMap", "v": "v1"}, {"id": "apps_b__ConfigMap", "v": "v1"}]}}}));
    let status = Write::by("attacker").to("status");
    world.cluster.patch(&World::kustomization("one"), &lie, &status).await.unwrap();
    world.push(R2, &[("one/a.yaml", &map("a", "2")), ("two/b.yaml", &map("b", "1"))]).await;
    world.ready("one", R2).await;
    assert!(world.cluster.find(&World::config_map("b")).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_dependency_of_somebody_else_tells_no_more_than_whether_it_is_ready() {
    let world = tenants(|_| {}).await;
    let depends = json!([{"name": "secret-plan", "namespace": VICTIM,
        "readyExpr": "dep.spec.path == self.spec.path"}]);
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("attack", json!({"dependsOn": depends})).await;
    let message = world.fails("attack", "DependencyNotReady").await;
    assert_eq!(
        message,
        "dependency 'victim/secret-plan' not found: \
         kustomizations.kustomize.toolkit.fluxcd.io \"secret-plan\" not found"
    );
    assert!(world.cluster.find(&World::config_map("a")).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn drift_is_corrected_with_the_rights_of_the_owner() {
    let world = tenants(|options| options.drift_correction = true).await;
    world.push(R1, &[("a.yaml", &map("a", "1"))]).await;
    world.apply("app", json!({})).await;
    world.ready("app", R1).await;
    // Labels that point to the other tenant's Kustomization start nothing harmful there.
    let labels = Patch::Merge(json!({"metadata": {"labels": {
        "kustomize.toolkit.fluxcd.io/name": "app",
        "kustomize.toolkit.fluxcd.io/namespace": NAMESPACE}}, "data": {"key": "gold"}}));
    world.cluster.patch(&treasure(), &labels, &Write::by("test")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    is_unharmed(&world).await;
    let found = world.cluster.fetch::<KustomizationSpec>(NAMESPACE, "app").await.unwrap();
    assert_eq!(found.status.inventory.unwrap().entries.len(), 1);
}
