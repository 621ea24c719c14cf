//! The store as a sequence of events that begins with everything that is there.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use crate::server::Core;
use crate::store::{Collection, EventKind, Stored};

/// How many events are read at once.
const BATCH: usize = 256;

/// What happened to an object.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// The object as it is stored now; the last state if it is gone.
    pub(super) object: Arc<Stored>,
    /// Whether it is gone.
    pub(super) gone: bool,
}

impl Change {
    /// Reads the object.
    pub(super) fn value(&self) -> Value {
        self.object.to_value()
    }
}

/// Follows one collection.
pub(super) struct Follower {
    core: Arc<Core>,
    collection: Collection,
    revision: u64,
    changed: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    ready: VecDeque<Change>,
    /// What was reported, to find what went away while events were forgotten.
    known: HashMap<Box<str>, Arc<Stored>>,
}

impl Follower {
    /// Begins with all objects of a collection; `None` if there is no such collection.
    pub(super) fn new(core: &Arc<Core>, collection: &Collection) -> Option<Self> {
        let mut follower = Self {
            core: core.clone(),
            collection: collection.clone(),
            revision: 0,
            changed: core.store.subscribe(collection)?,
            stopping: core.stopping.subscribe(),
            ready: VecDeque::new(),
            known: HashMap::new(),
        };
        follower.list();
        Some(follower)
    }

    /// Waits for the next change; `None` when the server stops or the collection is closed.
    pub(super) async fn next(&mut self) -> Option<Change> {
        loop {
            if let Some(change) = self.ready.pop_front() {
                return Some(change);
            }
            self.changed.mark_unchanged();
            self.read();
            if !self.ready.is_empty() {
                continue;
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                stopped = self.stopping.wait_for(|stopping| *stopping) => {
                    _ = stopped;
                    return None;
                }
            }
        }
    }

    fn read(&mut self) {
        match self.core.store.events_after(&self.collection, self.revision, BATCH) {
            Ok(events) => {
                for event in events {
                    self.revision = event.object.revision;
                    let gone = event.kind == EventKind::Deleted;
                    self.report(event.object.clone(), gone);
                }
            }
            Err(_) => self.list(),
        }
    }

    /// Reports everything that is there, and what is no longer.
    fn list(&mut self) {
        let page = self.core.store.page(&self.collection, "");
        self.revision = page.revision;
        let mut before = std::mem::take(&mut self.known);
        for object in page.items {
            before.remove(&object.key);
            self.report(object, false);
        }
        for (_, object) in before {
            self.report(object, true);
        }
    }

    fn report(&mut self, object: Arc<Stored>, gone: bool) {
        if gone {
            self.known.remove(&object.key);
        } else {
            self.known.insert(object.key.clone(), object.clone());
        }
        self.ready.push_back(Change { object, gone });
    }
}
