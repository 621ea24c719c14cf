//! The recent events of a collection, bounded in number and bytes.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Stored;

/// How many events a collection remembers at most.
const MAX_EVENTS: usize = 10_000;
/// How many bytes of objects the events of a collection may hold at most.
const MAX_BYTES: usize = 24 << 20;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was not there before.
    Created,
    /// It was there before.
    Modified,
    /// It is gone.
    Deleted,
}

/// One write.
#[derive(Debug)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The new state; for deletions the last one, with the deletion's revision.
    pub object: Arc<Stored>,
    /// The state before.
    pub previous: Option<Arc<Stored>>,
}

/// A revision is older than what is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("revisions before {oldest} are forgotten")]
pub struct Expired {
    /// The oldest revision that is still known.
    pub oldest: u64,
}

pub(super) struct History {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
    /// The revision at which the collection began.
    start: u64,
    /// The revision of the last event that was dropped.
    trimmed: Option<u64>,
}

impl History {
    pub(super) fn starting_at(revision: u64) -> Self {
        Self { events: VecDeque::new(), bytes: 0, start: revision, trimmed: None }
    }

    pub(super) fn push(&mut self, event: Event) {
        self.bytes += event.object.bytes.len();
        self.events.push_back(Arc::new(event));
        while self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES && self.events.len() > 1 {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.object.bytes.len();
            self.trimmed = Some(oldest.object.revision);
        }
    }

    pub(super) fn after(&self, revision: u64, limit: usize) -> Result<Vec<Arc<Event>>, Expired> {
        let oldest = self.trimmed.unwrap_or(self.start);
        if revision < oldest {
            return Err(Expired { oldest });
        }
        let from = self.events.partition_point(|event| event.object.revision <= revision);
        Ok(self.events.range(from..).take(limit).cloned().collect())
    }

    /// Returns what the objects that changed since were at a revision.
    pub(super) fn undo_to(
        &self,
        revision: u64,
        prefix: &str,
    ) -> Result<HashMap<Box<str>, Option<Arc<Stored>>>, Expired> {
        // A collection that is younger than the revision was empty then.
        if let Some(oldest) = self.trimmed.filter(|trimmed| revision < *trimmed) {
            return Err(Expired { oldest });
        }
        let mut before = HashMap::new();
        for event in self.events.iter().rev() {
            if event.object.revision <= revision {
                break;
            }
            if event.object.key.starts_with(prefix) {
                before.insert(event.object.key.clone(), event.previous.clone());
            }
        }
        Ok(before)
    }
}
