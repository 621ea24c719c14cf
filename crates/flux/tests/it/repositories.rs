//! Whole public repositories, applied as people apply them, against what the original built.
//!
//! The recordings are no part of this project: they are found by `FLUX_CONFORMANCE`, or beside the
//! checkout; without them these tests say so and pass.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flux_cluster::{Change, Cluster, Key, Patch, Target, Topic, Write};
use flux_manifest::{GroupVersionKind, Object};
use flux_tree::{Symlinks, UnpackLimits, unpack_to_disk};
use serde_json::{Value, json};

use super::{Process, connect, install_provider};

/// How long a repository may take until everything is live.
const LONGEST: Duration = Duration::from_secs(240);

fn recordings() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let root = std::env::var_os("FLUX_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let found = root.join("repos");
    if found.is_dir() {
        return Some(found);
    }
    eprintln!("recorded repositories are not there: {} is missing", found.display());
    None
}

/// A repository as it was recorded.
struct Recorded {
    kustomizations: Vec<Value>,
    directory: PathBuf,
}

impl Recorded {
    fn unpack(recordings: &Path, name: &str, to: &Path) -> Self {
        let directory = to.join(name);
        unpack(&recordings.join(format!("{name}.tar.gz")), &directory);
        let text = std::fs::read(recordings.join(format!("{name}.json"))).unwrap();
        let mut value: Value = serde_json::from_slice(&text).unwrap();
        let kustomizations = serde_json::from_value(value["kustomizations"].take()).unwrap();
        Self { kustomizations, directory }
    }

    /// What was built, by namespace and name: the digest of the text and the inventory.
    fn built(&self, cluster: &str) -> BTreeMap<Key, (String, BTreeSet<String>)> {
        let of_cluster = self.kustomizations.iter().filter(|it| {
            it["cluster"] == cluster
                && it["variant"] == "as-found"
                && it["result"]["status"] == "ok"
        });
        let built = of_cluster.map(|it| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let objects = it["result"]["objects"].as_array().unwrap();
            let ids = objects.iter().map(|it| id_in_cluster(it["id"].as_str().unwrap())).collect();
            let digest = format!("sha256:{}", text(&it["result"]["sha256"]));
            (Key::new(&text(&it["namespace"]), &text(&it["name"])), (digest, ids))
        });
        built.collect()
    }

    /// What somebody put into the cluster before, so that values can be substituted.
    fn given(&self) -> Vec<Object> {
        let lists = self.kustomizations.iter().filter_map(|it| it["cluster_objects"].as_array());
        let secrets = lists.flatten().filter(|it| it["kind"] == "Secret");
        let with_namespace = secrets.flat_map(|it| {
            let name = &it["metadata"]["namespace"];
            [
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
                it.clone(),
            ]
        });
        with_namespace.map(|it| it.try_into().unwrap()).collect()
    }

    /// The kinds of all objects, with the versions that are used of each.
    fn kinds(&self) -> BTreeMap<(String, String), BTreeSet<String>> {
        let mut kinds = BTreeMap::<_, BTreeSet<String>>::new();
        let results = self.kustomizations.iter().map(|it| &it["result"]["objects"]);
        for object in results.filter_map(Value::as_array).flatten() {
            let id: Vec<&str> = object["id"].as_str().unwrap().rsplitn(3, '_').collect();
            let version = object["version"].as_str().unwrap().to_owned();
            kinds.entry((id[1].to_owned(), id[0].to_owned())).or_default().insert(version);
        }
        kinds
    }
}

fn unpack(archive: &Path, to: &Path) {
    let file = File::open(archive).unwrap();
    unpack_to_disk(file, to, Symlinks::Skip, UnpackLimits::default()).unwrap();
}

/// A definition that takes anything, for a kind that somebody else's software would bring.
fn definition(group: &str, kind: &str, plural: &str, versions: &BTreeSet<String>) -> Object {
    // What a test creates with its status has no other way to get one.
    let subresources = if kind == "CephCluster" { json!({}) } else { json!({"status": {}}) };
    let version = |(number, name): (usize, &String)| {
        json!({
            "name": name, "served": true, "storage": number == 0, "subresources": subresources,
            "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true,
            }},
        })
    };
    let versions: Vec<Value> = versions.iter().enumerate().map(version).collect();
    let scope = if is_cluster_wide(group, kind) { "Cluster" } else { "Namespaced" };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{plural}.{group}"),
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
            "versions": versions,
        },
    })
    .try_into()
    .unwrap()
}

fn is_cluster_wide(group: &str, kind: &str) -> bool {
    kind.starts_with("Cluster")
        || ["GatewayClass", "TalosUpgrade", "KubernetesUpgrade", "MiroirNodeGroup"].contains(&kind)
        || group == "cilium.io" && kind != "CiliumNetworkPolicy"
        || kind.ends_with("SnapshotClass")
        || group == "admissionregistration.k8s.io"
}

/// The id that an object has in a cluster: kustomize puts a namespace even on objects whose kind
/// has none, if it does not know the kind.
fn id_in_cluster(id: &str) -> String {
    let parts: Vec<&str> = id.rsplitn(3, '_').collect();
    match is_cluster_wide(parts[1], parts[0]) {
        true => id[id.find('_').unwrap()..].to_owned(),
        false => id.to_owned(),
    }
}

fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) if !lower.ends_with("ay") => format!("{stem}ies"),
        _ if lower.ends_with(['s', 'x']) => format!("{lower}es"),
        _ if kind == "NetworkAttachmentDefinition" => "network-attachment-definitions".to_owned(),
        _ => format!("{lower}s"),
    }
}

/// Stands for all controllers that are not part of this installation: whatever they look after is
/// ready.
async fn look_after(cluster: &Cluster, kind: GroupVersionKind, is_ours: impl Fn(&Object) -> bool) {
    let mut watch = cluster.watch(Topic::all(kind));
    loop {
        let Change::Applied { new, .. } = watch.next().await else { continue };
        if !is_ours(&new) {
            continue;
        }
        let status = &new.as_value()["status"];
        let is_ready = |it: &Value| it["type"] == "Ready" && it["status"] == "True";
        if status["conditions"].as_array().is_some_and(|it| it.iter().any(is_ready)) {
            continue;
        }
        let generation = new.as_value()["metadata"]["generation"].clone();
        let condition = json!({
            "type": "Ready", "status": "True", "reason": "Succeeded", "message": "looked after",
            "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation,
        });
        let status = json!({"observedGeneration": generation, "conditions": [condition]});
        let patch = Patch::Merge(json!({"status": status}));
        // It may have gone since.
        let _ = cluster.patch(&Target::of(&new), &patch, &Write::by("test").to("status")).await;
    }
}

/// An installation in which every kind of a repository is known and looked after.
struct World {
    folder: tempfile::TempDir,
    recorded: Recorded,
}

impl World {
    fn new(recordings: &Path, name: &str) -> Self {
        install_provider();
        let folder = tempfile::tempdir().unwrap();
        let recorded = Recorded::unpack(recordings, name, folder.path());
        Self { folder, recorded }
    }

    fn process(&self, arguments: &[&str]) -> Process {
        let data = self.folder.path().join("data").display().to_string();
        Process::start(self.folder.path(), &[&["--data-dir", &data], arguments].concat())
    }

    /// Defines what is not known, and creates objects that Helm charts would bring.
    async fn define(&self, further: &[Object]) {
        let mut process = self.process(&["--components", "none"]);
        process.line("server:");
        let cluster = connect(self.folder.path()).await;
        let known = cluster.api_resources().await.unwrap();
        let kind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let mut watch = cluster.watch(Topic::all(kind));
        let mut missing = BTreeSet::new();
        let (definitions, objects): (Vec<_>, Vec<_>) =
            further.iter().cloned().partition(|it| it.kind() == "CustomResourceDefinition");
        for definition in definitions {
            missing.insert(definition.name().to_owned());
            cluster.create(&definition, &Write::by("test")).await.unwrap();
        }
        for ((group, kind), versions) in self.recorded.kinds() {
            let is_known = known.iter().any(|it| it.group == group && it.kind == kind);
            if !is_known && !group.ends_with(".toolkit.fluxcd.io") {
                let definition = definition(&group, &kind, &plural(&kind), &versions);
                missing.insert(definition.name().to_owned());
                cluster.create(&definition, &Write::by("test")).await.unwrap();
            }
        }
        while !missing.is_empty() {
            let Change::Applied { new, .. } = watch.next().await else { continue };
            let conditions = new.as_value()["status"]["conditions"].as_array();
            let is_established = |it: &Value| it["type"] == "Established" && it["status"] == "True";
            if conditions.is_some_and(|it| it.iter().any(is_established)) {
                missing.remove(new.name());
            }
        }
        for object in &objects {
            cluster.create(object, &Write::by("test")).await.unwrap();
        }
        process.kill();
    }

    fn looked_after(&self, cluster: &Cluster) -> Vec<tokio::task::JoinHandle<()>> {
        let ours = ["Kustomization", "GitRepository", "Alert", "Provider", "Receiver"];
        let kinds = self.recorded.kinds().into_iter();
        kinds
            .filter(|((group, kind), _)| group.contains('.') && !ours.contains(&kind.as_str()))
            .filter(|((group, _), _)| !group.ends_with("authorization.k8s.io"))
            .map(|((group, kind), versions)| {
                let is_flux = group.ends_with(".toolkit.fluxcd.io");
                let version = versions.iter().next_back().unwrap().clone();
                let version = if is_flux { current(&kind) } else { &version };
                let kind = GroupVersionKind::new(&group, version, &kind);
                let cluster = cluster.clone();
                tokio::spawn(async move { look_after(&cluster, kind, |_| true).await })
            })
            .collect()
    }

    /// Has Kustomizations whose sources are other repositories look ready.
    fn stood_in_for(&self, cluster: &Cluster) -> Option<tokio::task::JoinHandle<()>> {
        let is_foreign = |it: &&Value| it["result"]["status"] == "not-built";
        let foreign = self.recorded.kustomizations.iter().filter(is_foreign);
        let names: BTreeSet<String> =
            foreign.filter_map(|it| it["name"].as_str().map(ToOwned::to_owned)).collect();
        let kind = GroupVersionKind::new("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
        let cluster = cluster.clone();
        (!names.is_empty()).then(|| {
            tokio::spawn(async move {
                let is_foreign = |it: &Object| names.contains(it.name());
                look_after(&cluster, kind, is_foreign).await;
            })
        })
    }

    /// Applies the repository until every Kustomization shows what `is_done` asks for, or time is
    /// up; returns all of them.
    async fn apply(
        &self,
        arguments: &[&str],
        is_done: impl Fn(&BTreeMap<Key, Value>) -> bool,
    ) -> BTreeMap<Key, Value> {
        let mut process = self.process(arguments);
        process.lines.next().unwrap().unwrap();
        let cluster = connect(self.folder.path()).await;
        let mut tasks = self.looked_after(&cluster);
        tasks.extend(self.stood_in_for(&cluster));
        let operator = cluster.clone();
        tasks.push(tokio::spawn(async move { let_alerts_name_any_kind(&operator).await }));
        let kind = GroupVersionKind::new("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
        let mut watch = cluster.watch(Topic::all(kind));
        let mut seen = BTreeMap::new();
        let all_done = async {
            while !is_done(&seen) {
                if let Change::Applied { new, .. } = watch.next().await {
                    seen.insert(Key::of(&new), new.as_value().clone());
                }
            }
        };
        // What is missing is seen better in what the caller compares.
        let _ = tokio::time::timeout(LONGEST, all_done).await;
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        seen
    }
}

/// Does what Flux Operator does to the definition of alerts, which then may name its own kinds, and
/// has whatever was refused before that tried again.
async fn let_alerts_name_any_kind(cluster: &Cluster) {
    let kind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let alerts = Target::new(kind, "", "alerts.notification.toolkit.fluxcd.io");
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/eventSources\
                /items/properties/kind/enum";
    let patch = Patch::Json(json!([{"op": "remove", "path": path}]));
    cluster.patch(&alerts, &patch, &Write::by("test")).await.unwrap();
    let kind = GroupVersionKind::new("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
    let mut watch = cluster.watch(Topic::all(kind));
    loop {
        let Change::Applied { new, .. } = watch.next().await else { continue };
        let (status, _, message) = ready(new.as_value());
        if status == "False" && message.contains("Unsupported value: \"FluxInstance\"") {
            let version = new.resource_version();
            let request = json!({"reconcile.fluxcd.io/requestedAt": version});
            let patch = Patch::Merge(json!({"metadata": {"annotations": request}}));
            let _ = cluster.patch(&Target::of(&new), &patch, &Write::by("test")).await;
        }
    }
}

fn current(kind: &str) -> &'static str {
    match kind {
        "HelmRelease" => "v2",
        _ => "v1",
    }
}

fn digest(kustomization: &Value) -> String {
    kustomization["status"]["history"][0]["digest"].as_str().unwrap_or_default().to_owned()
}

fn inventory(kustomization: &Value) -> BTreeSet<String> {
    let entries = kustomization["status"]["inventory"]["entries"].as_array();
    entries.into_iter().flatten().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

fn ready(kustomization: &Value) -> (String, String, String) {
    let conditions = kustomization["status"]["conditions"].as_array();
    let found = conditions.into_iter().flatten().find(|it| it["type"] == "Ready");
    let text = |field: &str| found.and_then(|it| it[field].as_str()).unwrap_or_default().to_owned();
    (text("status"), text("reason"), text("message"))
}

/// Every recorded Kustomization is live, with the very digest and inventory of the original.
fn compare(seen: &BTreeMap<Key, Value>, expected: &BTreeMap<Key, (String, BTreeSet<String>)>) {
    let nothing = json!({});
    let differing: Vec<String> = expected
        .iter()
        .filter_map(|(key, (expected_digest, ids))| {
            let found = seen.get(key).unwrap_or(&nothing);
            let is_same = digest(found) == *expected_digest && inventory(found) == *ids;
            let (status, reason, message) = ready(found);
            let missing: Vec<_> = ids.difference(&inventory(found)).cloned().collect();
            (!is_same || status != "True").then(|| {
                format!(
                    "{}/{}: {status} {reason}: {message} (missing: {missing:?})",
                    key.namespace, key.name
                )
            })
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {}:\n{}",
        differing.len(),
        expected.len(),
        differing.join("\n")
    );
}

fn all_live(
    expected: &BTreeMap<Key, (String, BTreeSet<String>)>,
) -> impl Fn(&BTreeMap<Key, Value>) -> bool {
    let expected = expected.clone();
    move |seen| {
        expected.iter().all(|(key, (expected_digest, _))| {
            seen.get(key).is_some_and(|it| ready(it).0 == "True" && digest(it) == *expected_digest)
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_cluster_of_79_kustomizations_goes_live() {
    let Some(recordings) = recordings() else { return };
    let world = World::new(&recordings, "onedr0p-home-ops");
    let versions = BTreeSet::from(["v1".to_owned()]);
    let namespace =
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rook-ceph"}});
    let ceph = json!({
        "apiVersion": "ceph.rook.io/v1", "kind": "CephCluster",
        "metadata": {"name": "rook-ceph", "namespace": "rook-ceph"},
        "status": {"ceph": {"health": "HEALTH_OK"}},
    });
    let mut brought = vec![
        definition("ceph.rook.io", "CephCluster", "cephclusters", &versions),
        namespace.try_into().unwrap(),
        ceph.try_into().unwrap(),
    ];
    brought.extend(world.recorded.given());
    world.define(&brought).await;
    let expected = world.recorded.built("main");
    assert_eq!(expected.len(), 79);
    let directory = world.recorded.directory.display().to_string();
    let arguments = ["--path", "kubernetes/flux/cluster", &directory];
    // Their autoscalers go down to no replicas at all, which a cluster refuses by default.
    let is_scaled_to_zero = |(_, ids): &(String, BTreeSet<String>)| {
        ids.iter().any(|id| id.ends_with("_autoscaling_HorizontalPodAutoscaler"))
    };
    let (refused, live): (BTreeMap<_, _>, BTreeMap<_, _>) =
        expected.into_iter().partition(|(_, it)| is_scaled_to_zero(it));
    let (is_live, refused_keys) = (all_live(&live), refused.keys().cloned().collect::<Vec<_>>());
    let is_done = move |seen: &BTreeMap<Key, Value>| {
        let failed = |key| seen.get(key).is_some_and(|it| ready(it).0 == "False");
        is_live(seen) && refused_keys.iter().all(failed)
    };
    let seen = world.apply(&arguments, is_done).await;
    compare(&seen, &live);
    assert_eq!((live.len(), refused.len()), (64, 15));
    for (key, (expected_digest, _)) in &refused {
        let (_, reason, message) = ready(&seen[key]);
        assert_eq!(reason, "ReconciliationFailed", "{key:?}");
        let text = "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1";
        assert!(message.contains(text), "{key:?}: {message}");
        assert_eq!(digest(&seen[key]), *expected_digest, "{key:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_does_not_know_is_reported_as_the_original_does() {
    let Some(recordings) = recordings() else { return };
    let world = World::new(&recordings, "onedr0p-home-ops");
    let directory = world.recorded.directory.display().to_string();
    let key = Key::new("flux-system", "cluster-apps");
    let is_done =
        |seen: &BTreeMap<Key, Value>| seen.get(&key).is_some_and(|it| ready(it).0 == "False");
    let seen = world.apply(&["--path", "kubernetes/flux/cluster", &directory], is_done).await;
    let (_, reason, message) = ready(&seen[&key]);
    assert_eq!(reason, "ReconciliationFailed");
    assert!(message.contains("dry-run failed: no matches for kind \"ExternalSecret\" in version \"external-secrets.io/v1\""), "{message}");
}

/// The repository asks for versions of sources and releases that Flux serves no longer.
#[tokio::test(flavor = "multi_thread")]
async fn tenants_wait_for_policies_whose_source_has_a_version_of_the_past() {
    let Some(recordings) = recordings() else { return };
    let world = World::new(&recordings, "fluxcd-flux2-multi-tenancy");
    let directory = world.recorded.directory.display().to_string();
    let key = |name| Key::new("flux-system", name);
    let is_done = |seen: &BTreeMap<Key, Value>| {
        ["kyverno", "kyverno-policies", "tenants"]
            .iter()
            .all(|name| seen.get(&key(name)).is_some_and(|it| ready(it).0 == "False"))
    };
    let seen = world.apply(&["--path", "clusters/production", &directory], is_done).await;
    let (_, reason, message) = ready(&seen[&key("kyverno")]);
    assert_eq!(reason, "ReconciliationFailed");
    let text = "OCIRepository/flux-system/kyverno-controller dry-run failed: no matches for kind \
                \"OCIRepository\" in version \"source.toolkit.fluxcd.io/v1beta2\"";
    assert!(message.contains(text), "{message}");
    let (_, reason, message) = ready(&seen[&key("tenants")]);
    assert_eq!(
        (reason.as_str(), message.as_str()),
        ("DependencyNotReady", "dependency 'flux-system/kyverno-policies' is not ready")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_of_today_go_live_under_their_own_accounts() {
    let Some(recordings) = recordings() else { return };
    for cluster in ["production", "staging"] {
        let world = World::new(&recordings, "fluxcd-flux2-multi-tenancy");
        let tenant = world.folder.path().join("dev-team");
        unpack(&recordings.join("fluxcd-flux2-multi-tenancy.dev-team.tar.gz"), &tenant);
        for directory in [&tenant, &world.recorded.directory] {
            take_present_versions(directory);
        }
        world.define(&[]).await;
        let expected = world.recorded.built(cluster);
        let directory = world.recorded.directory.display().to_string();
        let path = format!("clusters/{cluster}");
        let served = format!("https://github.com/fluxcd/flux2-multi-tenancy={}", tenant.display());
        let keys: Vec<Key> = expected.keys().cloned().collect();
        let is_done = move |seen: &BTreeMap<Key, Value>| {
            keys.iter().all(|key| seen.get(key).is_some_and(|it| ready(it).0 == "True"))
        };
        let arguments = ["--path", &path, "--override", &served, &directory];
        let seen = world.apply(&arguments, is_done).await;
        for (key, (_, ids)) in &expected {
            let found = seen.get(key).unwrap_or(&Value::Null);
            let all: Vec<_> = seen.iter().map(|(key, it)| (key, ready(it))).collect();
            assert_eq!(ready(found).0, "True", "{cluster} {key:?}: {all:?}");
            assert_eq!(inventory(found), *ids, "{cluster} {key:?}");
        }
    }
}

/// Writes the versions that are served today into the manifests of a directory.
fn take_present_versions(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            take_present_versions(&path);
        } else if path.extension().is_some_and(|it| it == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text
                .replace("source.toolkit.fluxcd.io/v1beta1", "source.toolkit.fluxcd.io/v1")
                .replace("source.toolkit.fluxcd.io/v1beta2", "source.toolkit.fluxcd.io/v1")
                .replace("helm.toolkit.fluxcd.io/v2beta1", "helm.toolkit.fluxcd.io/v2");
            std::fs::write(&path, text).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_with_eight_ways_to_deploy_it_goes_live() {
    let Some(recordings) = recordings() else { return };
    let world = World::new(&recordings, "stefanprodan-podinfo");
    let expected = world.recorded.built("podinfo");
    assert_eq!(expected.len(), 8);
    let installation = world.folder.path().join("installation");
    std::fs::create_dir(&installation).unwrap();
    let mut objects = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}}),
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
            "metadata": {"name": "podinfo", "namespace": "apps"},
            "spec": {"interval": "1h", "url": "https://git.test/podinfo"},
        }),
    ];
    objects.extend(world.recorded.kustomizations.iter().map(|it| it["object"].clone()));
    for (number, object) in objects.iter().enumerate() {
        let path = installation.join(format!("{number}.yaml"));
        std::fs::write(path, object.to_string()).unwrap();
    }
    let served = format!("https://git.test/podinfo={}", world.recorded.directory.display());
    let installation = installation.display().to_string();
    let arguments = ["--override", &served, &installation];
    // A base without a namespace is nothing that Flux could apply.
    let (whole, bases): (BTreeMap<_, _>, BTreeMap<_, _>) =
        expected.into_iter().partition(|(key, _)| key.name.contains("overlays"));
    let is_whole = all_live(&whole);
    let base_keys: Vec<Key> = bases.keys().cloned().collect();
    let is_done = move |seen: &BTreeMap<Key, Value>| {
        let failed = |key| seen.get(key).is_some_and(|it| ready(it).0 == "False");
        is_whole(seen) && base_keys.iter().all(failed)
    };
    let seen = world.apply(&arguments, is_done).await;
    compare(&seen, &whole);
    assert_eq!((whole.len(), bases.len()), (3, 5));
    for (key, (expected_digest, _)) in &bases {
        let (_, reason, message) = ready(&seen[key]);
        assert_eq!(reason, "ReconciliationFailed", "{key:?}");
        assert!(message.contains("namespace not specified"), "{key:?}: {message}");
        assert_eq!(digest(&seen[key]), *expected_digest, "{key:?}");
    }
}
