//! Objects as bytes, one revision counter over all of them, and the recent past of each collection.
//!
//! Reads never wait for the rules of a write: writers hold [`Store::writer`] while they decide and
//! take the lock of the objects only to put the result in place.

mod disk;
mod history;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;

use disk::Disk;
pub use disk::DiskError;
use history::History;
pub use history::{Event, EventKind, Expired};

/// Names one set of objects: all versions of a kind share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Collection {
    /// API group, empty for the core group.
    pub group: Arc<str>,
    /// Plural resource name.
    pub plural: Arc<str>,
}

impl Collection {
    /// Makes the name of a collection.
    pub fn new(group: &str, plural: &str) -> Self {
        Self { group: group.into(), plural: plural.into() }
    }
}

/// Returns the key of an object: `NAMESPACE/NAME`, or `NAME` for cluster-scoped ones. Keys sort
/// as the original's lists do.
pub fn key(namespace: &str, name: &str) -> String {
    match namespace {
        "" => name.to_owned(),
        _ => format!("{namespace}/{name}"),
    }
}

/// Returns what the keys of a namespace begin with, empty for all namespaces.
pub fn prefix(namespace: &str) -> String {
    match namespace {
        "" => String::new(),
        _ => format!("{namespace}/"),
    }
}

/// One version of one object.
#[derive(Debug)]
pub struct Stored {
    /// See [`key`].
    pub key: Box<str>,
    /// The revision of the write that made it, printed as resourceVersion.
    pub revision: u64,
    /// Compact JSON in the storage version, resourceVersion included.
    pub bytes: Bytes,
    /// The [`crate::registry::ResourceInfo::shape`] with which it was written.
    pub shape: u64,
    /// Labels, for selectors.
    labels: Box<[(Box<str>, Box<str>)]>,
    /// Where `apiVersion` and `kind` are in the bytes, each with the comma behind it.
    type_spans: [(u32, u32); 2],
}

impl Stored {
    fn new(key: &str, revision: u64, shape: u64, object: &Value) -> Self {
        let labels = object.pointer("/metadata/labels").and_then(Value::as_object);
        let labels = labels.into_iter().flatten();
        let labels = labels.filter_map(|(k, v)| Some((k.as_str().into(), v.as_str()?.into())));
        let (bytes, type_spans) = encode(object);
        Self {
            key: key.into(),
            revision,
            bytes: Bytes::from(bytes.into_boxed_slice()),
            shape,
            labels: labels.collect(),
            type_spans,
        }
    }

    /// Appends the JSON without `apiVersion` and `kind`, as lists of built-in kinds show objects.
    pub fn write_untyped(&self, out: &mut Vec<u8>) {
        let mut at = 0;
        for (start, end) in self.type_spans {
            let (start, end) = (start as usize, end as usize);
            out.extend_from_slice(self.bytes.get(at..start).unwrap_or_default());
            at = end;
        }
        let rest = self.bytes.get(at..).unwrap_or_default();
        if rest == b"}" && out.last() == Some(&b',') {
            out.pop();
        }
        out.extend_from_slice(rest);
    }

    /// Reads the bytes.
    pub fn to_value(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }

    /// Returns the value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.iter().find(|(k, _)| &**k == key).map(|(_, v)| &**v)
    }

    /// Returns namespace (empty if there is none) and name.
    pub fn namespace_and_name(&self) -> (&str, &str) {
        self.key.split_once('/').unwrap_or(("", &self.key))
    }
}

/// Writes compact JSON and notes where the type stands.
fn encode(object: &Value) -> (Vec<u8>, [(u32, u32); 2]) {
    let mut out = Vec::new();
    let mut spans = [(0, 0); 2];
    let Value::Object(map) = object else {
        return (serde_json::to_vec(object).unwrap_or_default(), spans);
    };
    out.push(b'{');
    let position = |out: &Vec<u8>| u32::try_from(out.len()).unwrap_or(0);
    for (key, value) in map {
        let start = position(&out);
        // Writing to memory cannot fail, and values that were read have text keys.
        let _ = serde_json::to_writer(&mut out, key);
        out.push(b':');
        let _ = serde_json::to_writer(&mut out, value);
        out.push(b',');
        match key.as_str() {
            "apiVersion" => spans[0] = (start, position(&out)),
            "kind" => spans[1] = (start, position(&out)),
            _ => {}
        }
    }
    if let Some(last @ b',') = out.last_mut() {
        *last = b'}';
        let end = position(&out);
        for span in &mut spans {
            span.1 = span.1.min(end.saturating_sub(1));
        }
    } else {
        out.push(b'}');
    }
    (out, spans)
}

struct Bucket {
    objects: BTreeMap<Box<str>, Arc<Stored>>,
    history: History,
    changed: watch::Sender<u64>,
}

impl Bucket {
    fn new(revision: u64) -> Self {
        Self {
            objects: BTreeMap::new(),
            history: History::starting_at(revision),
            changed: watch::Sender::new(revision),
        }
    }
}

struct State {
    revision: u64,
    compacted: u64,
    buckets: HashMap<Collection, Bucket>,
}

/// All objects of a server.
pub struct Store {
    state: RwLock<State>,
    writing: Mutex<()>,
    changed: watch::Sender<u64>,
    /// Where every write goes before it is acknowledged, if anywhere.
    disk: Option<Disk>,
    /// Set once a write did not get to the disk: from then on nothing may be acknowledged.
    failed: AtomicBool,
}

impl Default for Store {
    fn default() -> Self {
        let state = State { revision: 1, compacted: 0, buckets: HashMap::new() };
        let changed = watch::Sender::new(state.revision);
        Self {
            state: RwLock::new(state),
            writing: Mutex::new(()),
            changed,
            disk: None,
            failed: AtomicBool::new(false),
        }
    }
}

/// A part of a list.
#[derive(Debug)]
pub struct Page {
    /// The objects in the order of their keys.
    pub items: Vec<Arc<Stored>>,
    /// The revision at which they are seen.
    pub revision: u64,
}

impl Store {
    /// Opens the store of a directory with everything that was acknowledged before.
    ///
    /// # Errors
    /// The file is damaged, in use, or cannot be written.
    pub fn open_at(data_dir: &Path) -> Result<Self, DiskError> {
        let disk = Disk::open(data_dir)?;
        let (found, revision) = disk.load()?;
        let store = Self { disk: Some(disk), ..Self::default() };
        let mut state = store.state.write().unwrap_or_else(PoisonError::into_inner);
        state.revision = revision.max(1);
        state.compacted = state.revision;
        let revision = state.revision;
        for it in found {
            let bucket =
                state.buckets.entry(it.collection).or_insert_with(|| Bucket::new(revision));
            let stored = Stored::new(&it.key, it.revision, it.shape, &it.object);
            bucket.objects.insert(stored.key.clone(), Arc::new(stored));
        }
        drop(state);
        store.changed.send_replace(revision);
        Ok(store)
    }

    /// Tells whether a write did not get to the disk; then nothing may be acknowledged any more.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Writes to the disk, if there is one.
    fn persist(&self, write: impl FnOnce(&Disk) -> Result<(), DiskError>) {
        let Some(disk) = &self.disk else { return };
        if let Err(error) = write(disk) {
            tracing::error!(%error, "write not stored");
            self.failed.store(true, Ordering::Release);
        }
    }

    /// Returns the revision of the last write.
    pub fn revision(&self) -> u64 {
        self.read().revision
    }

    /// Returns the revision up to which old states are forgotten.
    pub fn compacted(&self) -> u64 {
        self.read().compacted
    }

    /// Forgets old states up to a revision: lists of them are refused from now on.
    pub fn compact(&self, revision: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.compacted = state.compacted.max(revision.min(state.revision));
    }

    /// Makes sure that a collection exists; its history begins now.
    pub fn open(&self, collection: &Collection) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let revision = state.revision;
        state.buckets.entry(collection.clone()).or_insert_with(|| Bucket::new(revision));
    }

    /// Forgets a collection, ends its watches.
    pub fn close(&self, collection: &Collection) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.buckets.remove(collection);
    }

    /// Returns one object.
    pub fn get(&self, collection: &Collection, key: &str) -> Option<Arc<Stored>> {
        self.read().buckets.get(collection)?.objects.get(key).cloned()
    }

    /// Returns all objects whose key begins with `prefix`.
    pub fn list(&self, collection: &Collection, prefix: &str) -> Vec<Arc<Stored>> {
        self.read().buckets.get(collection).map(|b| range(&b.objects, prefix)).unwrap_or_default()
    }

    /// Returns the objects whose key begins with `prefix` as they are now, and the revision.
    pub fn page(&self, collection: &Collection, prefix: &str) -> Page {
        let state = self.read();
        let items =
            state.buckets.get(collection).map(|b| range(&b.objects, prefix)).unwrap_or_default();
        Page { items, revision: state.revision }
    }

    /// Returns the objects as they were at a revision.
    ///
    /// # Errors
    /// The revision is older than what is remembered.
    pub fn page_at(
        &self,
        collection: &Collection,
        prefix: &str,
        revision: u64,
    ) -> Result<Page, Expired> {
        let state = self.read();
        if revision < state.compacted {
            return Err(Expired { oldest: state.compacted });
        }
        let Some(bucket) = state.buckets.get(collection) else {
            return Ok(Page { items: Vec::new(), revision });
        };
        let undone = bucket.history.undo_to(revision, prefix)?;
        let mut objects: BTreeMap<Box<str>, Arc<Stored>> = BTreeMap::new();
        for stored in range(&bucket.objects, prefix) {
            objects.insert(stored.key.clone(), stored);
        }
        for (key, before) in undone {
            match before {
                Some(stored) => objects.insert(key, stored),
                None => objects.remove(&key),
            };
        }
        Ok(Page { items: objects.into_values().collect(), revision })
    }

    /// Returns the revision of the last change of a collection.
    pub fn last_change(&self, collection: &Collection) -> u64 {
        self.read().buckets.get(collection).map_or(0, |bucket| *bucket.changed.borrow())
    }

    /// Returns up to `limit` events after a revision.
    ///
    /// # Errors
    /// The events right after the revision are no longer remembered.
    pub fn events_after(
        &self,
        collection: &Collection,
        revision: u64,
        limit: usize,
    ) -> Result<Vec<Arc<Event>>, Expired> {
        match self.read().buckets.get(collection) {
            Some(bucket) => bucket.history.after(revision, limit),
            None => Ok(Vec::new()),
        }
    }

    /// Subscribes to the revision of the last change of a collection; ends when it is closed.
    pub fn subscribe(&self, collection: &Collection) -> Option<watch::Receiver<u64>> {
        Some(self.read().buckets.get(collection)?.changed.subscribe())
    }

    /// Subscribes to the revision of the last write of all.
    pub fn subscribe_all(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Returns the collections that there are, in the order of their names.
    pub fn collections(&self) -> Vec<Collection> {
        let mut names: Vec<Collection> = self.read().buckets.keys().cloned().collect();
        names.sort();
        names
    }

    /// Waits for the other writers and lets the caller write.
    pub fn writer(&self) -> Writer<'_> {
        let guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        Writer { store: self, _guard: guard }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn range(objects: &BTreeMap<Box<str>, Arc<Stored>>, prefix: &str) -> Vec<Arc<Stored>> {
    if prefix.is_empty() {
        return objects.values().cloned().collect();
    }
    let from = (Bound::Included(prefix), Bound::Unbounded);
    let found = objects.range::<str, _>(from).take_while(|(key, _)| key.starts_with(prefix));
    found.map(|(_, stored)| stored.clone()).collect()
}

/// The right to write: nothing changes in the store while it is held, but for its own writes.
pub struct Writer<'a> {
    store: &'a Store,
    _guard: MutexGuard<'a, ()>,
}

/// Where a write goes.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The collection.
    pub collection: &'a Collection,
    /// See [`key`].
    pub key: &'a str,
    /// See [`Stored::shape`].
    pub shape: u64,
}

impl Writer<'_> {
    /// Returns the store, for reads.
    pub fn store(&self) -> &Store {
        self.store
    }

    /// Stores an object under the next revision, which becomes its resourceVersion.
    pub fn put(&mut self, target: Target<'_>, object: &mut Value) -> Arc<Stored> {
        let revision = self.store.revision() + 1;
        set_resource_version(object, revision);
        let stored = Arc::new(Stored::new(target.key, revision, target.shape, object));
        self.store.persist(|disk| disk.put(target.collection, &stored));
        self.commit(target, |bucket| {
            let previous = bucket.objects.insert(target.key.into(), stored.clone());
            let kind = if previous.is_some() { EventKind::Modified } else { EventKind::Created };
            Event { kind, object: stored.clone(), previous }
        });
        stored
    }

    /// Removes an object. What watches see of it is the stored state with the next revision as
    /// resourceVersion, which is returned; nothing happens if there is no such object.
    pub fn delete(&mut self, target: Target<'_>) -> Option<Arc<Stored>> {
        let known = self.store.get(target.collection, target.key)?;
        let revision = self.store.revision() + 1;
        let mut last = known.to_value();
        set_resource_version(&mut last, revision);
        let stored = Arc::new(Stored::new(target.key, revision, known.shape, &last));
        self.store.persist(|disk| disk.delete(target.collection, target.key, revision));
        self.commit(target, |bucket| {
            let previous = bucket.objects.remove(target.key);
            Event { kind: EventKind::Deleted, object: stored.clone(), previous }
        });
        Some(stored)
    }

    fn commit(&mut self, target: Target<'_>, change: impl FnOnce(&mut Bucket) -> Event) {
        let mut state = self.store.state.write().unwrap_or_else(PoisonError::into_inner);
        let before = state.revision;
        state.revision += 1;
        let revision = state.revision;
        let bucket =
            state.buckets.entry(target.collection.clone()).or_insert_with(|| Bucket::new(before));
        let event = change(bucket);
        bucket.history.push(event);
        bucket.changed.send_replace(revision);
        drop(state);
        self.store.changed.send_replace(revision);
    }
}

fn set_resource_version(object: &mut Value, revision: u64) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("resourceVersion".into(), revision.to_string().into());
    }
}
