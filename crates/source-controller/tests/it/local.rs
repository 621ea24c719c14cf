//! Repositories served from directories.

use flux_git::local::{Directory, Mode};
use flux_source_controller::Override;
use serde_json::json;

use flux_testkit::worlds::source::{World, is_ready};

#[tokio::test]
async fn an_edit_becomes_a_new_artifact_without_anybody_asking() {
    let world = World::start("ns").await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.yaml"), "one").unwrap();
    let url = "https://example.com/org/app";
    let directory = Directory::open(dir.path()).unwrap();
    world.overrides.insert(url, Override { directory, mode: Mode::Worktree });
    world.repository("app", json!({ "interval": "10m", "url": format!("{url}.git") })).await;
    let first = world.wait("app", |app| is_ready(app, "True")).await;
    let first = first.status.artifact.unwrap().revision;
    assert!(first.starts_with("worktree@sha256:"), "{first}");
    std::fs::write(dir.path().join("a.yaml"), "two").unwrap();
    world.overrides.content_changed();
    let second = world
        .wait("app", |app| {
            let revision = app.status.artifact.as_ref().map(|artifact| &artifact.revision);
            revision.is_some_and(|revision| *revision != first) && is_ready(app, "True")
        })
        .await;
    assert_eq!(second.status.observed_generation, 1);
}
