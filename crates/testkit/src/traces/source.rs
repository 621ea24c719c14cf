//! source-controller, played again on real servers.

use std::cell::RefCell;

use serde_json::{Value, json};

use crate::files;
use crate::git::{File, Repository, Server};
use crate::registry::{self, Artifact};
use crate::worlds::source::{World, is_settled};

/// Where the recordings say that all servers are.
const SERVER: &str = "sources.test";

/// Tells whether there is a player for a recorded run.
pub fn is_playable(name: &str) -> bool {
    // Charts that have to be packaged cannot be had yet.
    !name.starts_with("helm-chart-from-git")
}

/// Plays a recorded run and returns what differed; `None` where there is no `git`.
pub fn play(scenario: &Value) -> Option<Vec<String>> {
    let server = Server::start().unwrap()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    Some(runtime.block_on(replay(scenario, &server)))
}

/// Plays one recording and returns what differs.
async fn replay(recorded: &Value, server: &Server) -> Vec<String> {
    let mut world = World::start(text(&recorded["namespace"])).await;
    let registry = registry::Server::start(None).unwrap();
    let files = files::Server::start(None).unwrap();
    let player = Player { files, recorded, server, registry, digests: RefCell::default() };
    let mut failures = Vec::new();
    let mut events = Vec::new();
    for (number, step) in array(&recorded["steps"]).iter().enumerate() {
        for action in array(&step["do"]) {
            player.act(&world, (step, action)).await;
        }
        for condition in array(&step["wait"]) {
            player.wait(&world, condition).await;
        }
        let found = player.compare_status(&world, step).await;
        failures.extend(found.into_iter().map(|failure| format!("step {number}: {failure}")));
        failures.extend(player.compare_notifications(&mut world, step).await);
        for (object, recorded) in step["events"].as_object().into_iter().flatten() {
            let is_watched = object.ends_with("/app");
            for event in array(recorded).iter().filter(|_| is_watched) {
                let (kind, reason) = (text(&event["type"]), text(&event["reason"]));
                let line = format!("{kind} {reason}: {}", text(&event["message"]));
                events.push(player.here(&line));
            }
        }
    }
    events.sort();
    events.dedup();
    let got = world.events("app", &events).await;
    if got != events {
        failures.push(format!("events\nwant {events:#?}\ngot {got:#?}"));
    }
    failures
}

struct Player<'a> {
    recorded: &'a Value,
    server: &'a Server,
    registry: registry::Server,
    files: files::Server,
    /// What names recorded bytes, and what names those here.
    digests: RefCell<Vec<(String, String)>>,
}

impl Player<'_> {
    /// Returns the recorded addresses and those here, the most special first.
    fn addresses(&self) -> Vec<(String, String)> {
        let (git, registry) = (self.server.address().to_string(), self.registry.host());
        let mut all = vec![
            (format!("http://{SERVER}/git/"), format!("http://{git}/git/")),
            (format!("http://{SERVER}/helm/"), self.files.url("/helm/")),
            (format!("http://{SERVER}/v2/"), format!("http://{registry}/v2/")),
            (format!("{SERVER}/"), format!("{registry}/")),
        ];
        all.extend(self.digests.borrow().iter().cloned());
        all
    }

    /// Replaces the recorded addresses by those here.
    fn here(&self, text: &str) -> String {
        let replace = |text: String, (there, here): (String, String)| text.replace(&there, &here);
        self.addresses().into_iter().fold(text.to_owned(), replace)
    }

    fn there(&self, value: &Value) -> Value {
        let replace = |text: String, (there, here): (String, String)| text.replace(&here, &there);
        let text = self.addresses().into_iter().fold(value.to_string(), replace);
        serde_json::from_str(&text).unwrap()
    }

    fn repository(&self, name: &str) -> Repository {
        let namespace = text(&self.recorded["namespace"]);
        self.server.repository(&format!("git/{namespace}/{name}")).unwrap()
    }

    async fn act(&self, world: &World, (step, action): (&Value, &Value)) {
        match text(&action["op"]) {
            "git" => self.push(action),
            "apply" => {
                for object in array(&action["objects"]) {
                    let object = self.here(&object.to_string());
                    world.apply(&serde_json::from_str(&object).unwrap()).await;
                }
            }
            "request" => {
                let (kind, name) = (kind(&action["object"]), name(&action["object"]));
                world.annotate_object(kind, name, &action["annotations"]).await;
            }
            "oci" => self.put_artifact(action),
            "helm-repository" => self.put_index(step, action),
            "delete" => {
                let target = world.target_of(kind(&action["object"]), name(&action["object"]));
                world.cluster.delete(&target, &Default::default()).await.unwrap();
            }
            "wait" => self.wait(world, &action["for"]).await,
            "clear-storage" => {
                std::fs::remove_dir_all(world.storage().join(text(&action["path"]))).unwrap();
            }
            "list-storage" => {
                // Upstream leaves lock files behind.
                let files = array(&action["files"]).iter().map(text);
                let files: Vec<_> = files.filter(|file| !file.ends_with(".lock")).collect();
                assert_eq!(world.listed(text(&action["path"])), files);
            }
            // Nothing here depends on how much time passes.
            "sleep" => {}
            other => panic!("unknown action {other}"),
        }
    }

    fn push(&self, action: &Value) {
        let repository = self.repository(text(&action["repo"]));
        let files = self.recorded["files"][text(&action["files"])].as_object().unwrap();
        let files = files.iter().map(|(path, content)| {
            let file = match content {
                Value::String(text) => File::from(text.as_str()),
                other if other["mode"] == "100755" => {
                    File::Executable(text(&other["text"]).to_owned())
                }
                other => File::Link(text(&other["text"]).to_owned()),
            };
            (path, file)
        });
        let branch = action["branch"].as_str().unwrap_or("main");
        let hash = repository.commit(branch, files).unwrap();
        assert!(text(&action["revision"]).ends_with(&hash), "{action} became {hash}");
        for tag in array(&action["tags"]) {
            repository.tag(text(tag), &hash).unwrap();
        }
    }

    /// Stores an artifact in the registry.
    ///
    /// Compression is not the recorder's, so digests differ: whatever names recorded bytes is
    /// replaced by what names those here.
    fn put_artifact(&self, action: &Value) {
        let chart = &action["chart"];
        let files = if chart.is_null() { &action["files"] } else { &chart["files"] };
        let layer = self.packed(files, chart["name"].as_str());
        let mut digests = self.digests.borrow_mut();
        let own = registry::digest(&layer);
        let artifact = if chart.is_null() {
            Artifact::flux(layer)
        } else {
            digests.extend(self.copied().map(|recorded| (recorded, own)));
            Artifact::chart(layer)
        };
        let annotations = action["annotations"].as_object().into_iter().flatten();
        let artifact = annotations.fold(
            artifact.annotated("org.opencontainers.image.created", "2026-01-01T00:00:00Z"),
            |artifact, (key, value)| artifact.annotated(key, text(value)),
        );
        let repository = format!("{}/{}", text(&self.recorded["namespace"]), text(&action["repo"]));
        let tags: Vec<_> = array(&action["tags"]).iter().map(text).collect();
        let digest = self.registry.put_artifact(&repository, &artifact, &tags);
        digests.push((text(&action["digest"]).to_owned(), digest));
    }

    /// Packs recorded files, those of a chart below its name.
    fn packed(&self, files: &Value, chart: Option<&str>) -> Vec<u8> {
        let files = self.recorded["files"][text(files)].as_object().unwrap();
        let prefix = chart.map(|name| format!("{name}/")).unwrap_or_default();
        let files = files.iter().map(|(path, content)| {
            (format!("{prefix}{path}"), content.as_str().unwrap().as_bytes().to_vec())
        });
        let tree = flux_tree::MemoryTree::from_files(files).unwrap();
        flux_tree::pack(&tree, &flux_tree::ignore::Matcher::default(), Vec::new()).unwrap()
    }

    /// Serves the index of a Helm repository and its charts.
    ///
    /// What the recorder served is known from what was made of it; its own bytes are not.
    fn put_index(&self, step: &Value, action: &Value) {
        let repo = format!("/helm/{}/{}", text(&self.recorded["namespace"]), text(&action["repo"]));
        let place = format!("{repo}/index.yaml");
        let made = step["artifacts"].as_object().into_iter().flatten();
        let made = made.map(|(_, made)| made).find(|made| made["text"].is_string());
        let status = action["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let index = match (action["index"].as_str(), made) {
            (Some(index), _) => index.to_owned(),
            (None, Some(made)) => format!("{}\n", text(&made["text"])),
            (None, None) => String::new(),
        };
        let hash = |digest: &str| digest.rsplit(':').next().unwrap_or_default().to_owned();
        if let Some(made) = made {
            let recorded = hash(text(&made["revision"]));
            let own = hash(&registry::digest(index.as_bytes()));
            self.digests.borrow_mut().push((recorded, own));
        }
        self.files.put_status(&place, status.unwrap_or(200), index.clone());
        let index: Value = serde_json::from_str(&index).unwrap_or_default();
        for chart in array(&action["charts"]) {
            let (name, version) = (text(&chart["name"]), text(&chart["version"]));
            let archive = self.packed(&chart["files"], Some(name));
            let mut entries = array(&index["entries"][name]).iter();
            if let Some(entry) = entries.find(|entry| entry["version"] == version) {
                let recorded = text(&entry["digest"]).to_owned();
                self.digests.borrow_mut().push((recorded, hash(&registry::digest(&archive))));
            }
            self.files.put(&format!("{repo}/{name}-{version}.tgz"), archive);
        }
    }

    /// Returns the recorded digest of a layer that is stored as it is.
    fn copied(&self) -> Option<String> {
        let mut steps = array(&self.recorded["steps"]).iter();
        let digest = steps.find_map(|step| {
            let made = ["OCIRepository/app", "HelmChart/app"].map(|name| &step["artifacts"][name]);
            made.into_iter().find_map(|made| made["digest"].as_str())
        });
        digest.map(str::to_owned)
    }

    async fn wait(&self, world: &World, condition: &Value) {
        let (kind, name) = (kind(&condition["object"]), name(&condition["object"]));
        if condition["gone"] == true {
            return world.until_gone(kind, name).await;
        }
        let is_as_wanted = |object: &Value| {
            let object = self.there(object);
            let status = &object["status"];
            let fields = &condition["fields"]["status.observedGeneration"];
            let is = |wanted: &Value, got: &Value| wanted.is_null() || wanted == got;
            condition["ready"].as_str().is_none_or(|status| is_settled(&object, status))
                && is(&condition["handled"], &status["lastHandledReconcileAt"])
                && is(&condition["revision"], &status["artifact"]["revision"])
                && is(fields, &status["observedGeneration"])
        };
        world.until((kind, name), is_as_wanted).await;
    }

    /// Compares the last status of the step, which may take a moment to come.
    async fn compare_status(&self, world: &World, step: &Value) -> Vec<String> {
        let mut failures = Vec::new();
        for (object, states) in step["status"].as_object().unwrap() {
            let states = array(states);
            if states.last().is_some_and(|state| state["deleted"] == true) {
                continue;
            }
            let place = object.split_once('/').unwrap();
            let compare = |got: &Value| self.differences((object, step), (states, got));
            let got = world.eventually(place, |got| compare(got).is_empty()).await;
            failures.extend(compare(&got));
        }
        failures
    }

    fn differences(
        &self,
        (object, step): (&str, &Value),
        (states, got): (&[Value], &Value),
    ) -> Vec<String> {
        let mut failures = Vec::new();
        let got = self.there(&got["status"]);
        let mut recorded =
            states.iter().rev().map(|state| &state["conditions"]).filter(|c| c.is_array());
        let got_conditions = without_times(&got["conditions"]);
        // A failure that repeats goes back and forth between states.
        let is_known = step["loop"] == true && recorded.clone().any(|c| *c == got_conditions);
        if let Some(want) = recorded.next().filter(|want| **want != got_conditions && !is_known) {
            failures.push(format!("{object} conditions\nwant {want:#}\ngot {got_conditions:#}"));
        }
        for state in states {
            let Some(fields) = state["status"].as_object() else { continue };
            for field in fields.keys() {
                // A later state may have changed it again.
                let want = states.iter().rev().find_map(|state| state["status"].get(field));
                let (want, got) = (want.unwrap_or(&Value::Null), without_times(&got[field]));
                let (want, got) = self.without_sizes(want, got);
                if want != got {
                    failures.push(format!("{object} {field}\nwant {want:#}\ngot {got:#}"));
                }
            }
        }
        failures
    }

    /// Removes the sizes of archives that the original did not pack itself.
    fn without_sizes(&self, want: &Value, mut got: Value) -> (Value, Value) {
        let mut want = want.clone();
        let digests = self.digests.borrow();
        let is_foreign = |value: &Value| {
            let digest = text(&value["digest"]).rsplit(':').next().unwrap_or_default();
            !digest.is_empty() && digests.iter().any(|(recorded, _)| recorded.ends_with(digest))
        };
        if is_foreign(&want) && is_foreign(&got) {
            want["size"] = Value::Null;
            got["size"] = Value::Null;
        }
        (want, got)
    }

    async fn compare_notifications(&self, world: &mut World, step: &Value) -> Vec<String> {
        let recorded = step["notifications"].as_object().unwrap();
        let mut want: Vec<_> = recorded.values().flat_map(array).map(shown).collect();
        let mut got = Vec::new();
        for _ in 0..want.len() {
            let notification = serde_json::to_value(world.notification().await).unwrap();
            got.push(shown(&self.there(&notification)));
        }
        want.sort();
        got.sort();
        if step["loop"] == true {
            // How often a failure repeats depends on time.
            got.dedup();
            want.dedup();
        }
        if want == got {
            return Vec::new();
        }
        vec![format!("notifications\nwant {want:#?}\ngot {got:#?}")]
    }
}

fn shown(notification: &Value) -> String {
    let part = |key: &str| text(&notification[key]).to_owned();
    let name = text(&notification["involvedObject"]["name"]).to_owned();
    let metadata = &notification["metadata"];
    format!("{name} {} {}: {} {metadata}", part("severity"), part("reason"), part("message"))
}

/// Removes what differs between two runs.
fn without_times(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_times).collect(),
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(key, _)| *key != "lastTransitionTime");
            let kept = kept.map(|(key, value)| match key.as_str() {
                "lastUpdateTime" => (key.clone(), json!("<time>")),
                _ => (key.clone(), without_times(value)),
            });
            kept.collect()
        }
        other => other.clone(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns the name in `Kind/name`.
fn name(object: &Value) -> &str {
    text(object).rsplit('/').next().unwrap_or_default()
}

/// Returns the kind in `Kind/name`.
fn kind(object: &Value) -> &str {
    text(object).split('/').next().unwrap_or_default()
}
