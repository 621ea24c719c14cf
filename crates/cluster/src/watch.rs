//! Watches that several subscribers share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::Duration;

use flux_manifest::{GroupVersionKind, Object};
use http_body_util::BodyExt;
use kube::client::Body;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::cluster::{Call, Cluster, JSON, METADATA_LIST, as_kind};
use crate::{Error, List, Result, path};

/// Namespace and name of an object of a known kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Key {
    /// Names an object.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned() }
    }

    /// Names the object itself.
    pub fn of(object: &Object) -> Self {
        Self::new(object.namespace(), object.name())
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// How much of each object is watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Contents {
    /// Everything but managed fields and the last applied configuration.
    #[default]
    Full,
    /// Metadata only; always so for Secrets and ConfigMaps.
    Metadata,
}

/// What is watched. Equal topics share one watch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Topic {
    /// The kind.
    pub kind: GroupVersionKind,
    /// Which objects of the kind.
    pub list: List,
    /// How much of each.
    pub contents: Contents,
}

impl Topic {
    /// Watches all objects of a kind in full.
    pub fn all(kind: GroupVersionKind) -> Self {
        Self { kind, list: List::all(), contents: Contents::Full }
    }

    /// Watches metadata only.
    #[must_use]
    pub fn metadata(self) -> Self {
        Self { contents: Contents::Metadata, ..self }
    }

    /// Watches some objects only.
    #[must_use]
    pub fn only(self, list: List) -> Self {
        Self { list, ..self }
    }
}

/// What a watch saw.
#[derive(Clone, Debug)]
pub enum Change {
    /// An object is there, or changed.
    Applied {
        /// As it was; `None` if it was not known.
        old: Option<Arc<Object>>,
        /// As it is.
        new: Arc<Object>,
    },
    /// An object is gone. This is its last known state.
    Deleted(Arc<Object>),
    /// Everything that was there at the beginning has been told.
    Synced,
    /// The watch broke and will be taken up again; repeated for every failed attempt.
    Interrupted(Arc<Error>),
}

type Objects = BTreeMap<Key, Arc<Object>>;

#[derive(Debug)]
struct Shared {
    objects: RwLock<Objects>,
    subscribers: Mutex<Vec<Subscriber>>,
    synced: watch::Sender<bool>,
    task: Mutex<Option<tokio::task::AbortHandle>>,
}

/// Who hears of changes, and of which.
#[derive(Debug)]
struct Subscriber {
    /// All of them without it.
    keys: Option<BTreeSet<Key>>,
    sender: mpsc::UnboundedSender<Change>,
}

impl Subscriber {
    /// Tells a change if it is of interest; returns whether anybody listens.
    fn hear(&self, key: Option<&Key>, change: &Change) -> bool {
        let is_wanted = match (&self.keys, key) {
            (Some(keys), Some(key)) => keys.contains(key),
            _ => true,
        };
        match is_wanted {
            true => self.sender.send(change.clone()).is_ok(),
            false => !self.sender.is_closed(),
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// The running watches of a connection, held by their subscribers.
#[derive(Debug, Default)]
pub(crate) struct Watches {
    running: Mutex<BTreeMap<Topic, Weak<Shared>>>,
}

/// A share of a watch. The watch ends with its last subscription or store.
#[derive(Debug)]
pub struct Subscription {
    changes: mpsc::UnboundedReceiver<Change>,
    shared: Arc<Shared>,
}

impl Subscription {
    /// Waits for the next change. First comes what is there already, then [`Change::Synced`].
    pub async fn next(&mut self) -> Change {
        match self.changes.recv().await {
            Some(change) => change,
            // The sender lives in `shared`, which this subscription holds.
            None => std::future::pending().await,
        }
    }

    /// Returns the next change if it has come already.
    pub fn now(&mut self) -> Option<Change> {
        self.changes.try_recv().ok()
    }

    /// Returns a view of what the watch knows.
    pub fn store(&self) -> Store {
        Store { shared: Arc::clone(&self.shared) }
    }
}

/// A view of the objects that a watch knows, cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    shared: Arc<Shared>,
}

impl Store {
    /// Returns an object.
    pub fn get(&self, key: &Key) -> Option<Arc<Object>> {
        self.shared.read().get(key).cloned()
    }

    /// Returns all objects in the order of their keys.
    pub fn list(&self) -> Vec<Arc<Object>> {
        self.shared.read().values().cloned().collect()
    }

    /// Waits until everything that was there at the beginning is known.
    pub async fn synced(&self) {
        let mut synced = self.shared.synced.subscribe();
        // The sender lives in `shared`, so waiting ends with the value only.
        let _ = synced.wait_for(|synced| *synced).await;
    }

    /// Tells whether everything that was there at the beginning is known.
    pub fn is_synced(&self) -> bool {
        *self.shared.synced.borrow()
    }
}

impl Cluster {
    /// Takes a share of the watch on a topic, starting it if nobody has one.
    ///
    /// Must be called inside a tokio runtime. A connection that speaks for somebody else gets
    /// a watch of its own.
    pub fn watch(&self, topic: Topic) -> Subscription {
        self.take_share(topic, None)
    }

    /// Takes a share of the watch on a topic that brings changes of these objects only.
    pub fn watch_some(&self, topic: Topic, keys: BTreeSet<Key>) -> Subscription {
        self.take_share(topic, Some(keys))
    }

    fn take_share(&self, topic: Topic, keys: Option<BTreeSet<Key>>) -> Subscription {
        let topic = match topic.kind.kind.as_str() {
            "Secret" | "ConfigMap" if topic.kind.group.is_empty() => topic.metadata(),
            _ => topic,
        };
        if self.identity().is_some() {
            return self.start_watch(topic).subscribe(keys);
        }
        let mut running =
            self.shared.watches.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = running.get(&topic).and_then(Weak::upgrade) {
            return shared.subscribe(keys);
        }
        running.retain(|_, shared| shared.strong_count() > 0);
        let shared = self.start_watch(topic.clone());
        running.insert(topic, Arc::downgrade(&shared));
        shared.subscribe(keys)
    }

    fn start_watch(&self, topic: Topic) -> Arc<Shared> {
        let shared = Arc::new(Shared {
            objects: RwLock::default(),
            subscribers: Mutex::default(),
            synced: watch::Sender::new(false),
            task: Mutex::default(),
        });
        let run = run(self.clone(), topic, Arc::downgrade(&shared));
        let task = tokio::spawn(run).abort_handle();
        *shared.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
        shared
    }
}

impl Shared {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Objects> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(self: Arc<Self>, keys: Option<BTreeSet<Key>>) -> Subscription {
        let (sender, changes) = mpsc::unbounded_channel();
        {
            // Held while the present is told, so that no change falls in between.
            let objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
            let tell = |object: &Arc<Object>| {
                let _ = sender.send(Change::Applied { old: None, new: Arc::clone(object) });
            };
            match &keys {
                None => objects.values().for_each(tell),
                Some(keys) => keys.iter().filter_map(|key| objects.get(key)).for_each(tell),
            }
            if *self.synced.borrow() {
                let _ = sender.send(Change::Synced);
            }
            let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
            subscribers.push(Subscriber { keys, sender });
        }
        Subscription { changes, shared: self }
    }

    fn tell(&self, change: &Change) {
        let mut subscribers = self.subscribers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match change {
            Change::Applied { new, .. } => Some(Key::of(new)),
            Change::Deleted(object) => Some(Key::of(object)),
            Change::Synced | Change::Interrupted(_) => None,
        };
        subscribers.retain(|subscriber| subscriber.hear(key.as_ref(), change));
    }

    fn apply(&self, object: Object) {
        let (key, new) = (Key::of(&object), Arc::new(slim(object)));
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        let old = objects.insert(key, Arc::clone(&new));
        if old.as_ref().is_some_and(|old| old.resource_version() == new.resource_version()) {
            return;
        }
        self.tell(&Change::Applied { old, new });
    }

    fn delete(&self, object: Object) {
        let key = Key::of(&object);
        let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
        objects.remove(&key);
        self.tell(&Change::Deleted(Arc::new(slim(object))));
    }

    fn replace(&self, listed: Vec<Object>) {
        let keys: BTreeSet<Key> = listed.iter().map(Key::of).collect();
        let gone: Vec<Arc<Object>> = {
            let mut objects = self.objects.write().unwrap_or_else(PoisonError::into_inner);
            let gone = objects.iter().filter(|(key, _)| !keys.contains(*key));
            let gone: Vec<Arc<Object>> = gone.map(|(_, object)| Arc::clone(object)).collect();
            objects.retain(|key, _| keys.contains(key));
            gone
        };
        for object in gone {
            self.tell(&Change::Deleted(object));
        }
        for object in listed {
            self.apply(object);
        }
        if !self.synced.send_replace(true) {
            self.tell(&Change::Synced);
        }
    }
}

/// Drops what nobody here reads and what takes most of the room.
fn slim(mut object: Object) -> Object {
    object.edit_metadata(|metadata| {
        metadata.remove("managedFields");
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    });
    object
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The server ends a watch after this time, so that the load moves between servers.
const WATCH_SECONDS: &str = "290";

async fn run(cluster: Cluster, topic: Topic, shared: Weak<Shared>) {
    let mut pause = FIRST_PAUSE;
    let mut version: Option<String> = None;
    loop {
        let outcome = match &version {
            None => list(&cluster, &topic, &shared).await.map(Some),
            Some(from) => follow(&cluster, &topic, from, &shared).await.map(Some),
        };
        match outcome {
            Ok(next) => {
                version = next;
                pause = FIRST_PAUSE;
            }
            Err(error) => {
                if error.is_expired() {
                    version = None;
                }
                let Some(shared) = shared.upgrade() else { return };
                shared.tell(&Change::Interrupted(Arc::new(error)));
                drop(shared);
                tokio::time::sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
        }
    }
}

fn accept(topic: &Topic) -> &'static str {
    match topic.contents {
        Contents::Full => JSON,
        Contents::Metadata => METADATA_LIST,
    }
}

async fn list(cluster: &Cluster, topic: &Topic, shared: &Weak<Shared>) -> Result<String> {
    let (objects, version) = cluster.list_as(&topic.kind, &topic.list, accept(topic)).await?;
    if let Some(shared) = shared.upgrade() {
        shared.replace(objects);
    }
    Ok(version)
}

/// Follows changes until the server ends the watch; returns the version reached.
async fn follow(
    cluster: &Cluster,
    topic: &Topic,
    from: &str,
    shared: &Weak<Shared>,
) -> Result<String> {
    let resource = cluster.resolve(&topic.kind).await?;
    let namespace = topic.list.namespace.as_deref().unwrap_or_default();
    let path = path::with_query(
        path::resource(&resource, namespace, &[]),
        &[
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", from),
            ("labelSelector", &topic.list.labels),
            ("fieldSelector", &topic.list.fields),
            ("timeoutSeconds", WATCH_SECONDS),
        ],
    );
    let call = Call { accept: accept(topic), ..Call::get(path) };
    let mut lines = Lines::new(cluster.stream(call).await?);
    let mut version = from.to_owned();
    while let Some(line) = lines.next().await? {
        let event: Event = serde_json::from_slice(&line).map_err(malformed)?;
        let Some(shared) = shared.upgrade() else { return Ok(version) };
        match event.kind {
            EventKind::Error => {
                return Err(Error::from_answer(500, event.object.to_string().as_bytes()));
            }
            EventKind::Added | EventKind::Modified | EventKind::Deleted | EventKind::Bookmark => {}
        }
        let object = as_kind(event.object, &topic.kind)?;
        object.resource_version().clone_into(&mut version);
        match event.kind {
            EventKind::Added | EventKind::Modified => shared.apply(object),
            EventKind::Deleted => shared.delete(object),
            EventKind::Bookmark | EventKind::Error => {}
        }
    }
    Ok(version)
}

fn malformed(error: serde_json::Error) -> Error {
    Error::Malformed(error.to_string())
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: EventKind,
    object: Value,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum EventKind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
}

/// The lines of an endless body.
pub(crate) struct Lines {
    body: Body,
    buffer: Vec<u8>,
}

/// The longest line that is read; the server's own limit for an object is far below.
const LONGEST_LINE: usize = 64 << 20;

impl Lines {
    pub(crate) fn new(body: Body) -> Self {
        Self { body, buffer: Vec::new() }
    }

    /// Returns the next full line; `None` once the connection ended, in good order or not.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                let tail = self.buffer.split_off(searched + at + 1);
                let line = std::mem::replace(&mut self.buffer, tail);
                if line.trim_ascii().is_empty() {
                    searched = 0;
                    continue;
                }
                return Ok(Some(line));
            }
            searched = self.buffer.len();
            if searched > LONGEST_LINE {
                return Err(Error::Malformed("a line of the watch is too long".to_owned()));
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Some(bytes) = frame.data_ref() {
                        self.buffer.extend_from_slice(bytes);
                    }
                }
                Some(Err(_)) | None => return Ok(None),
            }
        }
    }
}
