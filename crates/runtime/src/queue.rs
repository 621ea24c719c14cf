//! Which object comes next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flux_cluster::Key;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// The pauses before repeated attempts: the first, doubled with each failure, up to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(750), longest: Duration::from_secs(15 * 60) }
    }
}

impl Backoff {
    /// Returns the pause after so many failures.
    pub fn pause(&self, failures: u32) -> Duration {
        let factor = 2_u32.checked_pow(failures).unwrap_or(u32::MAX);
        self.first.checked_mul(factor).unwrap_or(self.longest).min(self.longest)
    }
}

/// Whether an object waits behind others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Something changed.
    Event,
    /// It is only its turn again, or the controller has just started.
    Routine,
}

/// The objects that are to be reconciled, each at most once, cheap to clone.
///
/// An object that is added while it is being reconciled comes again afterwards.
#[derive(Clone, Debug)]
pub struct Queue {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
    backoff: Backoff,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Key>,
    routine: VecDeque<Key>,
    waiting: BTreeMap<Key, Instant>,
    running: BTreeMap<Key, (watch::Sender<Option<String>>, Instant)>,
    /// Since when objects could have been reconciled.
    since: BTreeMap<Key, Instant>,
    again: BTreeSet<Key>,
    failures: BTreeMap<Key, u32>,
    added: u64,
    retried: u64,
}

/// An object that is to be reconciled now.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) key: Key,
    /// Tells when, and because of what, the object is added again meanwhile.
    pub(crate) superseded: watch::Receiver<Option<String>>,
    /// How long it has waited for a worker.
    pub(crate) waited: Duration,
}

impl Queue {
    /// Makes an empty queue.
    pub fn new(backoff: Backoff) -> Self {
        let shared = Shared { state: Mutex::default(), changed: Notify::new(), backoff };
        Self { shared: Arc::new(shared) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an object to be reconciled now because something changed.
    pub fn add(&self, key: Key) {
        self.add_with(key, Priority::Event);
    }

    /// Adds an object to be reconciled now because of another one, `Kind/namespace/name`.
    pub fn add_from(&self, key: Key, cause: &str) {
        self.lock().add(key, Priority::Event, cause);
        self.shared.changed.notify_one();
    }

    /// Adds an object to be reconciled now.
    pub fn add_with(&self, key: Key, priority: Priority) {
        self.lock().add(key, priority, "");
        self.shared.changed.notify_one();
    }

    /// Adds an object to be reconciled after a pause, or earlier if that was planned.
    pub fn add_after(&self, key: Key, pause: Duration) {
        self.lock().wait(key, Instant::now() + pause);
        self.shared.changed.notify_one();
    }

    /// Adds an object after a pause that grows with each call until [`Queue::forget`].
    pub fn add_rate_limited(&self, key: Key) {
        let pause = {
            let mut state = self.lock();
            state.retried += 1;
            let failures = state.failures.entry(key.clone()).or_default();
            let pause = self.shared.backoff.pause(*failures);
            *failures = failures.saturating_add(1);
            pause
        };
        self.add_after(key, pause);
    }

    /// Forgets the failures of an object.
    pub fn forget(&self, key: &Key) {
        self.lock().failures.remove(key);
    }

    /// Tells whether an object is being reconciled.
    pub fn is_running(&self, key: &Key) -> bool {
        self.lock().running.contains_key(key)
    }

    /// Returns how many objects could be reconciled now.
    pub fn len(&self) -> usize {
        let state = self.lock();
        state.events.len() + state.routine.len()
    }

    /// Tells whether no object could be reconciled now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how often objects were added, and how often after a failure.
    pub(crate) fn totals(&self) -> (u64, u64) {
        let state = self.lock();
        (state.added, state.retried)
    }

    /// Returns for how long each pass under way has been running.
    pub(crate) fn ages(&self) -> Vec<Duration> {
        self.lock().running.values().map(|(_, begun)| begun.elapsed()).collect()
    }

    /// Waits until there is an object for [`Queue::take`].
    pub(crate) async fn filled(&self) {
        loop {
            let changed = self.shared.changed.notified();
            let due = {
                let mut state = self.lock();
                state.wake(Instant::now());
                if !state.events.is_empty() || !state.routine.is_empty() {
                    return;
                }
                state.waiting.values().min().copied()
            };
            match due {
                None => changed.await,
                Some(due) => {
                    tokio::select! {
                        () = changed => {}
                        () = tokio::time::sleep_until(due) => {}
                    }
                }
            }
        }
    }

    /// Takes the next object.
    pub(crate) fn take(&self) -> Option<Taken> {
        let mut state = self.lock();
        let key = state.events.pop_front().or_else(|| state.routine.pop_front())?;
        let (sender, receiver) = watch::channel(None);
        state.running.insert(key.clone(), (sender, Instant::now()));
        let waited = state.since.remove(&key).map_or(Duration::ZERO, |since| since.elapsed());
        Some(Taken { key, superseded: receiver, waited })
    }

    /// Gives an object back; if it was added meanwhile it comes again.
    pub(crate) fn done(&self, key: &Key) {
        {
            let mut state = self.lock();
            state.running.remove(key);
            if state.again.remove(key) {
                state.add(key.clone(), Priority::Event, "");
            }
        }
        self.shared.changed.notify_one();
    }
}

impl State {
    fn add(&mut self, key: Key, priority: Priority, cause: &str) {
        self.added += 1;
        self.waiting.remove(&key);
        if let Some((running, _)) = self.running.get(&key) {
            running.send_replace(Some(cause.to_owned()));
            self.again.insert(key);
            return;
        }
        if self.events.contains(&key) {
            return;
        }
        self.since.entry(key.clone()).or_insert_with(Instant::now);
        match priority {
            Priority::Event => {
                self.routine.retain(|other| *other != key);
                self.events.push_back(key);
            }
            Priority::Routine if self.routine.contains(&key) => {}
            Priority::Routine => self.routine.push_back(key),
        }
    }

    fn wait(&mut self, key: Key, due: Instant) {
        if self.events.contains(&key) || self.routine.contains(&key) || self.again.contains(&key) {
            return;
        }
        let planned = self.waiting.entry(key).or_insert(due);
        *planned = due.min(*planned);
    }

    fn wake(&mut self, now: Instant) {
        let due: Vec<Key> =
            self.waiting.iter().filter(|(_, at)| **at <= now).map(|(key, _)| key.clone()).collect();
        for key in due {
            self.add(key, Priority::Routine, "");
        }
    }
}

#[cfg(test)]
mod tests;
