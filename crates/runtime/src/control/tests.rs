use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flux_cluster::Key;

use super::{Next, Reconcile, Slot, Workers, run};
use crate::{Backoff, Metrics, Queue, Shutdown};

/// Notes what happens; objects behave as their names say.
#[derive(Default)]
struct Recorder {
    log: Mutex<Vec<String>>,
    passes: AtomicUsize,
}

impl Recorder {
    fn note(&self, text: String) {
        self.log.lock().unwrap().push(text);
    }
}

impl Reconcile for Recorder {
    async fn reconcile(&self, key: &Key, slot: &Slot) -> Next {
        let pass = self.passes.fetch_add(1, Ordering::Relaxed);
        self.note(format!("{} begins", key.name));
        match key.name.as_str() {
            "waits" => slot.wait(tokio::time::sleep(Duration::from_secs(60))).await,
            "until-newer" => drop(slot.wait(slot.superseded()).await),
            "panics" if pass == 0 => panic!("on purpose"),
            _ => {}
        }
        self.note(format!("{} ends", key.name));
        Next::Await
    }
}

async fn play(keys: &[&str], then: impl AsyncFnOnce(&Queue)) -> Vec<String> {
    let queue = Queue::new(Backoff::default());
    let (recorder, shutdown) = (Arc::new(Recorder::default()), Shutdown::new());
    for key in keys {
        queue.add(Key::new("ns", key));
    }
    let workers = Workers { controller: "thing", group: "g", kind: "Thing", concurrency: 1 };
    let ends = (Metrics::default(), shutdown.clone());
    let task = tokio::spawn(run(workers, queue.clone(), Arc::clone(&recorder), ends));
    then(&queue).await;
    shutdown.begin();
    task.await.unwrap();
    let log = recorder.log.lock().unwrap();
    log.clone()
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_waits_lets_others_work() {
    let log = play(&["waits", "other"], async |_| {
        tokio::time::sleep(Duration::from_secs(61)).await;
    });
    assert_eq!(log.await, ["waits begins", "other begins", "other ends", "waits ends"]);
}

#[tokio::test(start_paused = true)]
async fn a_pass_learns_that_its_object_was_queued_again() {
    let log = play(&["until-newer"], async |queue| {
        tokio::time::sleep(Duration::from_secs(1)).await;
        queue.add(Key::new("ns", "until-newer"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        queue.add(Key::new("ns", "until-newer"));
        tokio::time::sleep(Duration::from_secs(1)).await;
    });
    let log = log.await;
    assert_eq!(log[..3], ["until-newer begins", "until-newer ends", "until-newer begins"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_that_is_retried() {
    let log = play(&["panics"], async |_| tokio::time::sleep(Duration::from_secs(2)).await);
    assert_eq!(log.await, ["panics begins", "panics begins", "panics ends"]);
}
