//! A simulated day: both controllers and the API server on a clock that stands still.
//!
//! A seed decides what people do, how long each request takes, which requests fail, and when the
//! process dies. After every write that the server has carried out, what must always hold is
//! checked; in the evening the weather clears, and the cluster must be what the directory says.
//! `FLUX_SEEDS` says how many days are simulated, `FLUX_SEED` picks one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flux_apiserver::ApiService;
use flux_cluster::{Deletion, List, Patch, Target, Write};
use flux_manifest::GroupVersionKind;
use flux_testkit::faults::{Call, Denial, Fate, Faults};
use flux_testkit::worlds::whole::{Whole, files_of};
use serde_json::{Value, json};
use tokio::time::Instant;

const NAMESPACE: &str = "apps";
/// The Kustomizations, each with a folder of its name; the second depends on the first.
const OWNERS: [&str; 2] = ["base", "app"];
/// What a person touches may differ for as long.
const GRACE: Duration = Duration::from_secs(20 * 60);

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(0x9e37_79b9_7f4a_7c15);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len() as u64) as usize]
    }
}

/// The objects of a folder: subject to value.
type Content = BTreeMap<String, String>;

/// What has been published so far, and what people did.
#[derive(Default)]
struct Memory {
    /// Revisions in their order, with the content of each folder; `None` if it does not build.
    revisions: Vec<(String, BTreeMap<String, Option<Content>>)>,
    touched: BTreeMap<String, Instant>,
    broken: Vec<String>,
    checks: u64,
}

/// Checks after each write what must hold.
#[derive(Clone)]
struct Witness {
    service: ApiService,
    token: String,
    storage: PathBuf,
    memory: Arc<Mutex<Memory>>,
}

impl Witness {
    async fn read(&self, path: &str) -> Value {
        let request = http::Request::get(path)
            .header("authorization", format!("Bearer {}", self.token))
            .body(http_body_util::Full::<bytes::Bytes>::default())
            .unwrap();
        let response = self.service.clone().respond(request).await;
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap();
        serde_json::from_slice(&body.to_bytes()).unwrap()
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        self.read(path).await["items"].as_array().cloned().unwrap_or_default()
    }

    async fn see(self, call: Call, code: u16) {
        if !call.is_write() || code >= 300 || call.path.contains("/events") {
            return;
        }
        let sources = "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/gitrepositories";
        if call.path.starts_with(sources) {
            self.remember(&self.read(&format!("{sources}/fleet")).await);
        }
        let kustomizations = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/apps/kustomizations";
        let kustomizations = self.list(kustomizations).await;
        let owned = "?labelSelector=kustomize.toolkit.fluxcd.io/name";
        let mut live = self.list(&format!("/api/v1/namespaces/apps/configmaps{owned}")).await;
        let roles = format!("/apis/rbac.authorization.k8s.io/v1/clusterroles{owned}");
        live.extend(self.list(&roles).await);
        let mut memory = self.memory.lock().unwrap();
        memory.checks += 1;
        for it in &kustomizations {
            let found = [
                observed_generation_is_no_lie(it),
                inventory_covers_what_is_owned(it, &live),
                ready_means_applied(it, &call, &live, &memory),
                nothing_wanted_is_pruned(it, &call, &memory),
            ];
            memory.broken.extend(found.into_iter().flatten().map(|it| format!("{call}: {it}")));
        }
    }

    /// Keeps what a published revision holds.
    fn remember(&self, source: &Value) {
        let artifact = &source["status"]["artifact"];
        let Some(revision) = artifact["revision"].as_str() else { return };
        let mut memory = self.memory.lock().unwrap();
        if memory.revisions.iter().any(|(known, _)| known == revision) {
            // It may come back after others.
            if memory.revisions.last().is_some_and(|(last, _)| last != revision) {
                let known = memory.revisions.iter().find(|(known, _)| known == revision).cloned();
                memory.revisions.extend(known);
            }
            return;
        }
        let tree = files_of(&self.storage.join(artifact["path"].as_str().unwrap()));
        let folders = OWNERS.map(|owner| (owner.to_owned(), content(&tree, owner)));
        memory.revisions.push((revision.to_owned(), folders.into()));
    }
}

/// Reads a folder of files, each one object; `None` if one of them is no good.
fn content(tree: &dyn flux_tree::Tree, folder: &str) -> Option<Content> {
    let mut content = Content::new();
    for entry in tree.list(folder).unwrap_or_default() {
        let text = tree.read(&format!("{folder}/{}", entry.name)).unwrap();
        let value: Value = serde_json::from_slice(&text).ok()?;
        if value["kind"] == "Nothing" {
            return None;
        }
        content.insert(subject(&value), payload(&value));
    }
    Some(content)
}

fn subject(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let kind = match object["kind"].as_str() {
        Some(kind) => kind,
        // Items of lists do not say.
        None if object.get("rules").is_some() => "ClusterRole",
        None => "ConfigMap",
    };
    format!("{kind}/{}", text("/metadata/name"))
}

fn payload(object: &Value) -> String {
    object["data"].to_string() + &object["rules"].to_string()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn owned<'a>(owner: &str, live: &'a [Value]) -> Vec<&'a Value> {
    let label = "/metadata/labels/kustomize.toolkit.fluxcd.io~1name";
    live.iter().filter(|it| text(it, label) == owner).collect()
}

fn inventory(kustomization: &Value) -> BTreeSet<String> {
    let entries = kustomization.pointer("/status/inventory/entries").and_then(Value::as_array);
    let ids = entries.into_iter().flatten().map(|it| text(it, "/id"));
    let subject = |id: &str| {
        let parts: Vec<&str> = id.split('_').collect();
        format!("{}/{}", parts[3], parts[1])
    };
    ids.map(subject).collect()
}

fn observed_generation_is_no_lie(it: &Value) -> Option<String> {
    let generation = it.pointer("/metadata/generation").and_then(Value::as_i64)?;
    let status = it.pointer("/status/observedGeneration").and_then(Value::as_i64);
    let conditions = it.pointer("/status/conditions").and_then(Value::as_array);
    let conditions = conditions.into_iter().flatten();
    let all = conditions.filter_map(|it| it["observedGeneration"].as_i64()).chain(status);
    let worst = all.max().unwrap_or_default();
    (worst > generation).then(|| format!("{} of {generation} is observed as {worst}", name(it)))
}

fn name(it: &Value) -> &str {
    text(it, "/metadata/name")
}

fn inventory_covers_what_is_owned(it: &Value, live: &[Value]) -> Option<String> {
    let listed = inventory(it);
    let lost: Vec<String> =
        owned(name(it), live).into_iter().map(subject).filter(|it| !listed.contains(it)).collect();
    (!lost.is_empty()).then(|| format!("{} owns {lost:?} and does not list it", name(it)))
}

/// A status that has just been written and says Ready tells the truth about every object.
fn ready_means_applied(it: &Value, call: &Call, live: &[Value], memory: &Memory) -> Option<String> {
    let conditions = it.pointer("/status/conditions").and_then(Value::as_array)?;
    let is_ready = conditions.iter().any(|it| it["type"] == "Ready" && it["status"] == "True");
    let is_own = call.path.ends_with(&format!("/kustomizations/{}/status", name(it)));
    let revision = text(it, "/status/lastAppliedRevision");
    let observed = it.pointer("/status/observedGeneration") == it.pointer("/metadata/generation");
    if !is_ready || !is_own || !observed || it.pointer("/spec/suspend") == Some(&json!(true)) {
        return None;
    }
    let (_, folders) = memory.revisions.iter().rev().find(|(known, _)| known == revision)?;
    let Some(wanted) = &folders[name(it)] else {
        return Some(format!("{} is Ready with {revision}, which does not build", name(it)));
    };
    let found: Content =
        owned(name(it), live).iter().map(|it| (subject(it), payload(it))).collect();
    let is_touched =
        |name: &String| memory.touched.get(name).is_some_and(|since| since.elapsed() < GRACE);
    let wrong: Vec<&String> = wanted
        .iter()
        .filter(|(subject, value)| found.get(*subject) != Some(value) && !is_touched(subject))
        .map(|(subject, _)| subject)
        .collect();
    (!wrong.is_empty()).then(|| format!("{} is Ready with {revision}, but {wrong:?}", name(it)))
}

/// What is deleted is absent from some revision that is no older than the one applied last.
fn nothing_wanted_is_pruned(it: &Value, call: &Call, memory: &Memory) -> Option<String> {
    if call.method != http::Method::DELETE {
        return None;
    }
    let target = call.path.rsplit('/').next().unwrap_or_default();
    let kind = if call.path.contains("/configmaps/") { "ConfigMap" } else { "ClusterRole" };
    let (subject, owner) = (format!("{kind}/{target}"), name(it));
    if !target.starts_with(owner) {
        return None;
    }
    let applied = text(it, "/status/lastAppliedRevision");
    let from = memory.revisions.iter().position(|(known, _)| known == applied).unwrap_or_default();
    let lacks = |folders: &BTreeMap<String, Option<Content>>| {
        folders[owner].as_ref().is_some_and(|content| !content.contains_key(&subject))
    };
    let may_go = memory.revisions.iter().skip(from).any(|(_, folders)| lacks(folders));
    (!may_go).then(|| format!("{subject} is in every revision since {applied}"))
}

/// One day and the people in it.
struct Day {
    world: Whole,
    dice: Dice,
    memory: Arc<Mutex<Memory>>,
    /// How many of hundred requests meet a fault.
    weather: Arc<Mutex<u64>>,
    /// After so many writes the process dies.
    fuse: Arc<Mutex<Option<u64>>>,
    values: u64,
}

impl Day {
    async fn dawn(seed: u64) -> Self {
        let world = Whole::new(NAMESPACE).await;
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bf0_3635);
        let (memory, weather, fuse) = Default::default();
        let mut day = Self { world, dice, memory, weather, fuse, values: 0 };
        for owner in OWNERS {
            std::fs::create_dir(day.world.directory().join(owner)).unwrap();
            day.edit(owner);
        }
        day.world.create_source(NAMESPACE, "fleet", "30m").await;
        for owner in OWNERS {
            let depends_on = if owner == "app" { json!([{"name": "base"}]) } else { json!([]) };
            day.world
                .create(json!({
                    "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                    "metadata": {"name": owner, "namespace": NAMESPACE},
                    "spec": {"interval": "1h", "retryInterval": "5m", "prune": true,
                        "path": owner, "wait": true, "dependsOn": depends_on,
                        "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
                }))
                .await;
        }
        day
    }

    /// Starts the process; every request takes its time, and some meet a fault.
    fn start(&mut self) -> Faults {
        let (weather, fuse) = (Arc::clone(&self.weather), Arc::clone(&self.fuse));
        let seed = self.dice.roll(u64::from(u32::MAX));
        let mut dice = Dice(seed);
        let faults = Faults::planned(move |call: &Call| {
            if call.is_write() {
                let mut fuse = fuse.lock().unwrap();
                if *fuse == Some(0) {
                    *fuse = None;
                    return if dice.roll(2) == 0 { Fate::DieBefore } else { Fate::DieAfter };
                }
                *fuse = fuse.map(|left| left - 1);
            }
            if dice.roll(100) < *weather.lock().unwrap() {
                return fault(&mut dice, call);
            }
            match call.is_watch() {
                true => Fate::Pass,
                false => Fate::Delay(Duration::from_millis(dice.roll(20))),
            }
        });
        let witness = Witness {
            service: self.world.server().service(),
            token: self.world.server().admin_token().to_owned(),
            storage: self.world.storage(),
            memory: Arc::clone(&self.memory),
        };
        faults.witness(move |call, code| Box::pin(witness.clone().see(call, code)));
        self.world.start(&faults, seed);
        faults
    }

    fn file(&self, owner: &str, name: &str) -> PathBuf {
        self.world.directory().join(owner).join(format!("{name}.yaml"))
    }

    fn edit(&mut self, owner: &str) {
        self.values += 1;
        let number = self.dice.roll(5);
        let value = match number {
            0 => json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                "metadata": {"name": format!("{owner}-0")},
                "rules": [{"apiGroups": [""], "resources": ["pods"],
                    "verbs": [format!("v{}", self.values)]}],
            }),
            _ => json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": format!("{owner}-{number}"), "namespace": NAMESPACE},
                "data": {"key": format!("v{}", self.values)},
            }),
        };
        // It appears as a whole, as a commit does.
        let file = self.file(owner, &number.to_string());
        let next = self.world.storage().join("next");
        std::fs::write(&next, value.to_string()).unwrap();
        std::fs::rename(next, file).unwrap();
        self.world.edited();
    }

    async fn act(&mut self) {
        let owner = self.dice.pick(&OWNERS);
        match self.dice.roll(14) {
            0..=3 => self.edit(owner),
            4 | 5 => {
                let number = self.dice.roll(5).to_string();
                let file = self.file(owner, &number);
                // The last one stays: a folder is never empty.
                let left = std::fs::read_dir(self.world.directory().join(owner)).unwrap().count();
                if left > 1 && std::fs::remove_file(file).is_ok() {
                    self.world.edited();
                }
            }
            6 => {
                let bad = json!({"apiVersion": "x.test/v1", "kind": "Nothing",
                    "metadata": {"name": "bad", "namespace": NAMESPACE}});
                std::fs::write(self.file(owner, "bad"), bad.to_string()).unwrap();
                self.world.edited();
            }
            7 => self.repair(owner),
            8 => self.touch(owner, Touch::Change).await,
            9 => self.touch(owner, Touch::Delete).await,
            10 => self.suspend(owner, true).await,
            11 => self.suspend(owner, false).await,
            12 => *self.weather.lock().unwrap() = [0, 0, 5, 30][self.dice.roll(4) as usize],
            _ => *self.fuse.lock().unwrap() = Some(self.dice.roll(12)),
        }
    }

    fn repair(&self, owner: &str) {
        if std::fs::remove_file(self.file(owner, "bad")).is_ok() {
            self.world.edited();
        }
    }

    async fn touch(&mut self, owner: &str, touch: Touch) {
        let number = self.dice.roll(4) + 1;
        let target = config_map(&format!("{owner}-{number}"));
        self.memory
            .lock()
            .unwrap()
            .touched
            .insert(format!("ConfigMap/{}", target.name), Instant::now());
        let cluster = &self.world.cluster;
        // It may not be there.
        let _ = match touch {
            Touch::Change => {
                let patch = Patch::Merge(json!({"data": {"key": "by hand", "other": "x"}}));
                cluster.patch(&target, &patch, &Write::by("kubectl-edit")).await.map(drop)
            }
            Touch::Delete => cluster.delete(&target, &Deletion::default()).await,
        };
    }

    async fn suspend(&self, owner: &str, suspend: bool) {
        let patch = Patch::Merge(json!({"spec": {"suspend": suspend}}));
        self.world.cluster.patch(&kustomization(owner), &patch, &Write::by("flux")).await.unwrap();
    }

    /// Lets a day pass; returns after the evening, when all must be well.
    async fn pass(&mut self) {
        let mut faults = self.start();
        let evening = Instant::now() + Duration::from_secs(24 * 3600);
        while Instant::now() < evening {
            let pause = Duration::from_millis(self.dice.roll(1_500_000));
            tokio::select! {
                () = tokio::time::sleep(pause) => self.act().await,
                () = faults.death() => {
                    self.world.kill();
                    tokio::time::sleep(Duration::from_secs(self.dice.roll(120))).await;
                    faults = self.start();
                }
            }
        }
        *self.weather.lock().unwrap() = 0;
        *self.fuse.lock().unwrap() = None;
        if faults.is_dead() {
            self.world.kill();
            self.start();
        }
        for owner in OWNERS {
            self.suspend(owner, false).await;
            self.repair(owner);
        }
        self.world.edited();
        tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    }

    /// Compares the cluster with the directory.
    async fn differences(&self) -> Vec<String> {
        let tree = flux_tree::DiskTree::open(&self.world.directory()).unwrap();
        let mut live = Vec::new();
        for kind in [
            GroupVersionKind::new("", "v1", "ConfigMap"),
            GroupVersionKind::new("rbac.authorization.k8s.io", "v1", "ClusterRole"),
        ] {
            live.extend(self.world.cluster.list(&kind, &List::all()).await.unwrap());
        }
        let live: Vec<Value> = live.iter().map(|it| it.as_value().clone()).collect();
        let mut differences = Vec::new();
        for owner in OWNERS {
            let wanted = content(&tree, owner).unwrap();
            let found: Content =
                owned(owner, &live).iter().map(|it| (subject(it), payload(it))).collect();
            let object = self.world.cluster.get(&kustomization(owner)).await.unwrap();
            let listed = inventory(object.as_value());
            let names: BTreeSet<String> = wanted.keys().cloned().collect();
            if found != wanted || listed != names {
                let status = &object.as_value()["status"];
                differences.push(format!(
                    "{owner}\nfound  {found:?}\nwanted {wanted:?}\nlisted {listed:?}\n{status:#}"
                ));
            }
        }
        differences
    }
}

enum Touch {
    Change,
    Delete,
}

fn config_map(name: &str) -> Target {
    Target::new(GroupVersionKind::new("", "v1", "ConfigMap"), NAMESPACE, name)
}

fn kustomization(name: &str) -> Target {
    let kind = GroupVersionKind::new("kustomize.toolkit.fluxcd.io", "v1", "Kustomization");
    Target::new(kind, NAMESPACE, name)
}

fn fault(dice: &mut Dice, call: &Call) -> Fate {
    let denial = |code, reason| Fate::Deny(Denial { code, reason, message: "not now" });
    match dice.roll(6) {
        0 => Fate::Refuse,
        1 => Fate::CutOff,
        2 => Fate::Delay(Duration::from_millis(dice.roll(5000))),
        3 if !call.is_watch() => Fate::Twice,
        4 => denial(500, "InternalError"),
        _ => denial(429, "TooManyRequests"),
    }
}

/// Simulates a day; returns what was broken, and how often was looked.
fn simulate(seed: u64) -> (Vec<String>, u64) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut day = Day::dawn(seed).await;
        day.pass().await;
        let mut found = day.differences().await;
        let memory = day.memory.lock().unwrap();
        found.extend(memory.broken.iter().take(5).cloned());
        (found, memory.checks)
    })
}

#[test]
fn a_day_with_people_faults_and_crashes_ends_well_and_nothing_is_ever_lost() {
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let seeds: Vec<u64> = match number("FLUX_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("FLUX_SEEDS").unwrap_or(6)).collect(),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(seed) =
                    seeds.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                {
                    let result = simulate(*seed);
                    results.lock().unwrap().push((*seed, result));
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    assert_eq!(results.len(), seeds.len(), "a day did not end");
    let checks: u64 = results.iter().map(|(_, (_, checks))| checks).sum();
    let bad: Vec<String> = results
        .iter()
        .filter(|(_, (found, _))| !found.is_empty())
        .map(|(seed, (found, _))| format!("seed {seed}:\n{}", found.join("\n")))
        .collect();
    println!("{} days, {checks} writes looked at", seeds.len());
    assert!(bad.is_empty(), "{} of {} days:\n{}", bad.len(), seeds.len(), bad.join("\n"));
}
