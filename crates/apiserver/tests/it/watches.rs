//! Watches under load: many at once, and one whose reader is slow.

use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::world::World;

const MAPS: &str = "/api/v1/namespaces/a/configmaps";

/// Reads events until there are `count`.
async fn events(body: &mut flux_apiserver::Body, count: usize) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while found.len() < count {
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        for line in frame.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Value = serde_json::from_slice(line).unwrap();
            let text = |pointer: &str| event.pointer(pointer).unwrap().as_str().unwrap().to_owned();
            let what = match event["type"].as_str() {
                Some("ERROR") => text("/object/reason"),
                _ => text("/object/metadata/name"),
            };
            found.push((text("/type"), what));
        }
    }
    found
}

async fn create(world: &World, name: &str) {
    let map = json!({"metadata": {"name": name}});
    assert_eq!(world.json("POST", MAPS, map).await.0, 201);
}

#[tokio::test]
async fn a_thousand_watchers_of_one_resource_see_the_same() {
    let world = World::new().await;
    let mut watches = Vec::new();
    for _ in 0..1000 {
        let url = format!("{MAPS}?watch=true");
        watches.push(world.send("GET", &url, "", "").await.into_body());
    }
    for name in ["x", "y"] {
        create(&world, name).await;
    }
    assert_eq!(world.json("DELETE", &format!("{MAPS}/x"), Value::Null).await.0, 200);
    let expected = [("ADDED", "x"), ("ADDED", "y"), ("DELETED", "x")];
    let expected = expected.map(|(kind, name)| (kind.to_owned(), name.to_owned()));
    for watch in &mut watches {
        assert_eq!(events(watch, 3).await, expected);
    }
}

#[tokio::test]
async fn a_slow_reader_is_told_that_he_is_too_late_and_others_are_not_disturbed() {
    let world = World::new().await;
    create(&world, "first").await;
    let url = format!("{MAPS}?watch=true");
    let mut slow = world.send("GET", &url, "", "").await.into_body();
    let mut quick = world.send("GET", &url, "", "").await.into_body();
    assert_eq!(events(&mut quick, 1).await.len(), 1);
    // More than the server remembers of one resource.
    let patch =
        |number: usize| json!({"data": {"pad": "x".repeat(100_000), "n": number.to_string()}});
    for number in 0..300 {
        let url = format!("{MAPS}/first");
        let body = patch(number).to_string();
        let answer = world.send("PATCH", &url, "application/merge-patch+json", body).await;
        assert_eq!(answer.status(), 200);
        let seen = events(&mut quick, 1).await;
        assert_eq!(seen, [("MODIFIED".to_owned(), "first".to_owned())]);
    }
    let late = events(&mut slow, 2).await;
    assert_eq!(late[0], ("ADDED".to_owned(), "first".to_owned()));
    assert_eq!(late[1], ("ERROR".to_owned(), "Expired".to_owned()));
    assert!(slow.frame().await.is_none(), "the watch goes on");
}
