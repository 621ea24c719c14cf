//! source-controller, played again on real Git servers.

use flux_api::GitRepository;
use serde_json::{Value, json};

use crate::git::{File, Repository, Server};
use crate::worlds::source::{World, is_ready};

/// Where the recordings say that the Git server is.
const SERVER: &str = "http://sources.test";

/// Tells whether there is a player for a recorded run.
pub fn is_playable(name: &str) -> bool {
    name.starts_with("git-")
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
    let player = Player { recorded, server };
    let mut failures = Vec::new();
    let mut events = Vec::new();
    for (number, step) in array(&recorded["steps"]).iter().enumerate() {
        for action in array(&step["do"]) {
            player.act(&world, action).await;
        }
        for condition in array(&step["wait"]) {
            player.wait(&world, condition).await;
        }
        let found = player.compare_status(&world, step).await;
        failures.extend(found.into_iter().map(|failure| format!("step {number}: {failure}")));
        failures.extend(player.compare_notifications(&mut world, step).await);
        for event in array(&step["events"]["GitRepository/app"]) {
            let (kind, reason) = (text(&event["type"]), text(&event["reason"]));
            let line = format!("{kind} {reason}: {}", text(&event["message"]));
            events.push(player.here(&line));
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
}

impl Player<'_> {
    /// Replaces the recorded address of the Git server by the one here.
    fn here(&self, text: &str) -> String {
        text.replace(SERVER, &format!("http://{}", self.server.address()))
    }

    fn there(&self, value: &Value) -> Value {
        let text = value.to_string();
        let text = text.replace(&format!("http://{}", self.server.address()), SERVER);
        serde_json::from_str(&text).unwrap()
    }

    fn repository(&self, name: &str) -> Repository {
        let namespace = text(&self.recorded["namespace"]);
        self.server.repository(&format!("git/{namespace}/{name}")).unwrap()
    }

    async fn act(&self, world: &World, action: &Value) {
        match text(&action["op"]) {
            "git" => self.push(action),
            "apply" => {
                for object in array(&action["objects"]) {
                    let object = self.here(&object.to_string());
                    world.apply(&serde_json::from_str(&object).unwrap()).await;
                }
            }
            "request" => {
                world.annotate(name(&action["object"]), &action["annotations"]).await;
            }
            "wait" => self.wait(world, &action["for"]).await,
            "clear-storage" => {
                std::fs::remove_dir_all(world.storage().join(text(&action["path"]))).unwrap();
            }
            "list-storage" => {
                // Upstream leaves lock files behind.
                let files = array(&action["files"]).iter().map(text);
                let files: Vec<_> = files.filter(|file| !file.ends_with(".lock")).collect();
                assert_eq!(world.stored("app"), files);
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

    async fn wait(&self, world: &World, condition: &Value) {
        let is_as_wanted = |repository: &GitRepository| {
            let artifact = repository.status.artifact.as_ref();
            let revision = artifact.map(|artifact| artifact.revision.as_str());
            let handled = repository.status.last_handled_reconcile_at.as_deref();
            let observed = json!(repository.status.observed_generation);
            let fields = &condition["fields"]["status.observedGeneration"];
            let is = |wanted: &Value, got: Option<&str>| wanted.is_null() || wanted.as_str() == got;
            condition["ready"].as_str().is_none_or(|status| is_ready(repository, status))
                && is(&condition["handled"], handled)
                && is(&condition["revision"], revision)
                && (fields.is_null() || *fields == observed)
        };
        world.wait(name(&condition["object"]), is_as_wanted).await;
    }

    /// Compares the last status of the step.
    async fn compare_status(&self, world: &World, step: &Value) -> Vec<String> {
        let mut failures = Vec::new();
        for (object, states) in step["status"].as_object().unwrap() {
            let states = array(states);
            let got = world.get(name(&json!(object))).await;
            let got = self.there(&serde_json::to_value(&got.status).unwrap());
            let mut recorded =
                states.iter().rev().map(|state| &state["conditions"]).filter(|c| c.is_array());
            let got_conditions = without_times(&got["conditions"]);
            // A failure that repeats goes back and forth between states.
            let is_known = step["loop"] == true && recorded.clone().any(|c| *c == got_conditions);
            if let Some(want) = recorded.next().filter(|want| **want != got_conditions && !is_known)
            {
                failures
                    .push(format!("{object} conditions\nwant {want:#}\ngot {got_conditions:#}"));
            }
            for state in states {
                let Some(fields) = state["status"].as_object() else { continue };
                for field in fields.keys() {
                    // A later state may have changed it again.
                    let want = states.iter().rev().find_map(|state| state["status"].get(field));
                    let (want, got) = (want.unwrap_or(&Value::Null), without_times(&got[field]));
                    if *want != got {
                        failures.push(format!("{object} {field}\nwant {want:#}\ngot {got:#}"));
                    }
                }
            }
        }
        failures
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
