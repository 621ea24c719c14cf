use std::time::Duration;

use flux_cluster::Key;

use super::{Backoff, Priority, Queue, Taken};

fn key(name: &str) -> Key {
    Key::new("ns", name)
}

fn drain(queue: &Queue) -> Vec<String> {
    std::iter::from_fn(|| queue.take().map(|it| it.key.name)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_object_is_queued_once_and_events_come_first() {
    let queue = Queue::new(Backoff::default());
    queue.add_with(key("a"), Priority::Routine);
    queue.add_with(key("b"), Priority::Routine);
    queue.add(key("c"));
    queue.add(key("b"));
    queue.add(key("c"));
    assert_eq!(drain(&queue), ["c", "b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_added_while_it_runs_comes_again_and_knows_it() {
    let queue = Queue::new(Backoff::default());
    queue.add(key("a"));
    let Taken { key: a, superseded, .. } = queue.take().unwrap();
    assert_eq!(*superseded.borrow(), None);
    queue.add_from(key("a"), "Bucket/ns/b");
    assert_eq!(superseded.borrow().as_deref(), Some("Bucket/ns/b"));
    assert!(queue.is_empty());
    queue.done(&a);
    assert_eq!(drain(&queue), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn the_earlier_of_two_plans_counts() {
    let queue = Queue::new(Backoff::default());
    let start = tokio::time::Instant::now();
    queue.add_after(key("a"), Duration::from_secs(60));
    queue.add_after(key("a"), Duration::from_secs(5));
    queue.add_after(key("a"), Duration::from_secs(600));
    queue.filled().await;
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!(drain(&queue), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn pauses_double_until_the_object_is_forgotten() {
    let queue = Queue::new(Backoff::default());
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let start = tokio::time::Instant::now();
        queue.add_rate_limited(key("a"));
        queue.filled().await;
        pauses.push(start.elapsed().as_millis());
        let a = queue.take().unwrap().key;
        queue.done(&a);
    }
    assert_eq!(pauses, [750, 1500, 3000]);
    assert_eq!(Backoff::default().pause(40), Duration::from_secs(900));
    queue.forget(&key("a"));
    assert_eq!(Backoff::default().pause(0), Duration::from_millis(750));
}
