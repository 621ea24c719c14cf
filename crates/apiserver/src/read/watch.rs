//! Watches: what is there, then what changes.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use http::header::ACCEPT;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Filter, only_accepted, partial, shown, shown_bytes, version};
use crate::body::Body;
use crate::registry::ResourceInfo;
use crate::request::{Accept, Encoding, ListOptions, Request, Shape};
use crate::respond::{Answer, Content, to_json};
use crate::server::Core;
use crate::status::Status;
use crate::store::{self, Event, EventKind, Stored};
use crate::table;

/// How many events are read from the history at once.
const BATCH: usize = 256;
/// How often a watch is told how far it is.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How long a watch lives that does not say for how long it wants to, at least.
const LIFETIME: u64 = 1800;

/// Answers with a stream of events.
pub(crate) async fn watch(
    core: Arc<Core>,
    request: &Request,
    info: Arc<ResourceInfo>,
) -> Result<Answer, Status> {
    let accept = Accept::negotiate(request.header(ACCEPT));
    let accept = accept.filter(|accept| accept.encoding == Encoding::Json).ok_or_else(|| {
        only_accepted(
            "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
        )
    })?;
    let options = ListOptions::from_query(&request.query)?;
    let mut filter = Filter::parse(&info, &options)?;
    if !request.target.name.is_empty() {
        filter = filter.with_name(&request.target.name);
    }
    let wanted = version::parse_single(&options.resource_version)?;
    let view = match &accept.shape {
        Shape::Whole => View::Whole,
        Shape::Partial { version, .. } => View::Partial(version.clone()),
        Shape::Table(version) => View::Table(table::Options::of(request, version)?),
    };
    let prefix = store::prefix(request.target.object_namespace());
    let changes = core.store.subscribe(&info.storage).ok_or_else(Status::no_such_resource)?;
    let stopping = core.stopping.subscribe();
    let lifetime = match options.timeout_seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
        None | Some(0) => LIFETIME + core.random.below(LIFETIME),
        Some(seconds) => seconds,
    };
    let end = Instant::now() + Duration::from_secs(lifetime.min(1 << 31));
    let bookmark = options.bookmarks.then(|| Instant::now() + BOOKMARK_EVERY);
    let mut state = Following {
        core,
        info,
        filter,
        view,
        prefix,
        revision: wanted,
        changes,
        stopping,
        end,
        bookmark,
        state: State::Running,
    };
    let first = state.begin(&options, wanted);
    let events = stream::iter(first).chain(
        stream::unfold(state, |mut state| async move {
            state.next().await.map(|batch| (stream::iter(batch), state))
        })
        .flatten(),
    );
    Ok(Answer::of(200, Content::Stream("application/json", Body::stream(events))))
}

/// In which form objects are shown.
enum View {
    Whole,
    Partial(String),
    Table(table::Options),
}

#[derive(PartialEq)]
enum State {
    Running,
    /// The current state is to be sent once this revision is reached.
    WaitingFor(u64),
    Ended,
}

struct Following {
    core: Arc<Core>,
    info: Arc<ResourceInfo>,
    filter: Filter,
    view: View,
    prefix: String,
    revision: u64,
    changes: tokio::sync::watch::Receiver<u64>,
    stopping: tokio::sync::watch::Receiver<bool>,
    end: Instant,
    bookmark: Option<Instant>,
    state: State,
}

impl Following {
    /// Returns what a watch begins with.
    fn begin(&mut self, options: &ListOptions, wanted: u64) -> Vec<Bytes> {
        match options.send_initial_events {
            Some(true) if wanted > self.core.store.revision() => {
                self.state = State::WaitingFor(wanted);
                Vec::new()
            }
            Some(true) => self.initial_events(options.bookmarks),
            Some(false) if wanted == 0 => {
                self.revision = self.core.store.revision();
                Vec::new()
            }
            None if wanted == 0 => self.current_state(),
            Some(false) | None => Vec::new(),
        }
    }

    fn current_state(&mut self) -> Vec<Bytes> {
        let page = self.core.store.page(&self.info.storage, &self.prefix);
        self.revision = page.revision;
        let mut frames = Vec::new();
        for stored in &page.items {
            if self.filter.matches(&self.info, stored) {
                frames.push(self.show("ADDED", stored));
            }
        }
        frames
    }

    fn initial_events(&mut self, bookmarks: bool) -> Vec<Bytes> {
        let mut frames = self.current_state();
        if bookmarks {
            frames.push(self.bookmark_frame(true));
        }
        frames
    }

    /// Waits for events that are wanted.
    async fn next(&mut self) -> Option<Vec<Bytes>> {
        loop {
            match self.state {
                State::Ended => return None,
                State::WaitingFor(revision) if self.core.store.revision() >= revision => {
                    self.state = State::Running;
                    let bookmarks = self.bookmark.is_some();
                    return Some(self.initial_events(bookmarks));
                }
                State::WaitingFor(_) | State::Running => {}
            }
            self.changes.borrow_and_update();
            if self.state == State::Running {
                let found = self.core.store.events_after(&self.info.storage, self.revision, BATCH);
                let events = match found {
                    Ok(events) => events,
                    Err(expired) => return Some(vec![self.expired(expired.oldest)]),
                };
                if let Some(last) = events.last() {
                    self.revision = last.object.revision;
                    let frames: Vec<Bytes> =
                        events.iter().filter_map(|event| self.event(event)).collect();
                    if !frames.is_empty() {
                        return Some(frames);
                    }
                    continue;
                }
            }
            if let Some(frames) = self.wait().await? {
                return Some(frames);
            }
        }
    }

    /// Waits for a change, the next bookmark or the end.
    async fn wait(&mut self) -> Option<Option<Vec<Bytes>>> {
        let next_bookmark = self.bookmark.unwrap_or(self.end);
        let waiting = matches!(self.state, State::WaitingFor(_));
        let mut all = self.core.store.subscribe_all();
        let is_bookmark = tokio::select! {
            changed = self.changes.changed(), if !waiting => changed.is_ok().then_some(false)?,
            changed = all.changed(), if waiting => changed.is_ok().then_some(false)?,
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
            () = tokio::time::sleep_until(self.end) => return None,
            () = tokio::time::sleep_until(next_bookmark), if self.bookmark.is_some() => true,
        };
        if !is_bookmark {
            return Some(None);
        }
        self.bookmark = Some(next_bookmark + BOOKMARK_EVERY);
        // Read before the collection is looked at: nothing may slip in between.
        let now = self.core.store.revision();
        if *self.changes.borrow() <= self.revision {
            self.revision = self.revision.max(now);
        }
        Some(Some(vec![self.bookmark_frame(false)]))
    }

    fn expired(&mut self, oldest: u64) -> Bytes {
        self.state = State::Ended;
        let message = format!("too old resource version: {} ({oldest})", self.revision);
        frame("ERROR", &to_json(&Status::expired(message).to_value()))
    }

    fn bookmark_frame(&mut self, initial_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": self.revision.to_string()});
        if let (true, Some(map)) = (initial_end, metadata.as_object_mut()) {
            map.insert("annotations".into(), json!({"k8s.io/initial-events-end": "true"}));
        }
        let object = match &self.view {
            View::Whole => json!({
                "kind": self.info.kind,
                "apiVersion": self.info.api_version(),
                "metadata": metadata,
            }),
            View::Partial(version) => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": format!("meta.k8s.io/{version}"),
                "metadata": metadata,
            }),
            View::Table(options) => table::bookmark(&metadata, options),
        };
        frame("BOOKMARK", &to_json(&object))
    }

    fn event(&mut self, event: &Event) -> Option<Bytes> {
        if !event.object.key.starts_with(&self.prefix) {
            return None;
        }
        let matches = |stored: &Stored| self.filter.matches(&self.info, stored);
        let before = event.previous.as_ref().is_some_and(|stored| matches(stored));
        let after = event.kind != EventKind::Deleted && matches(&event.object);
        match (before, after) {
            (false, true) => Some(self.show("ADDED", &event.object)),
            (true, true) => Some(self.show("MODIFIED", &event.object)),
            (true, false) if event.kind == EventKind::Deleted => {
                Some(self.show("DELETED", &event.object))
            }
            (true, false) => {
                // Whoever leaves is shown as he was when he still matched.
                let mut last = shown(&self.info, event.previous.as_ref()?);
                let version = event.object.revision.to_string();
                crate::meta::of(&mut last).insert("resourceVersion".into(), version.into());
                Some(self.show_value("DELETED", &last))
            }
            (false, false) => None,
        }
    }

    fn show(&mut self, name: &str, stored: &Stored) -> Bytes {
        match &self.view {
            View::Whole => frame(name, &shown_bytes(&self.info, stored)),
            View::Partial(_) | View::Table(_) => {
                let object = shown(&self.info, stored);
                self.show_value(name, &object)
            }
        }
    }

    fn show_value(&mut self, name: &str, object: &Value) -> Bytes {
        let value = match &mut self.view {
            View::Whole => return frame(name, &to_json(object)),
            View::Partial(version) => partial::object(object, version),
            View::Table(options) => {
                let table = table::of_object(&self.info, object, self.core.now(), options);
                options.columns = table::Columns::Sent;
                table
            }
        };
        frame(name, &to_json(&value))
    }
}

fn frame(name: &str, object: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(object.len() + 40);
    out.put_slice(b"{\"type\":\"");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\",\"object\":");
    out.put_slice(object);
    out.put_slice(b"}\n");
    out.freeze()
}
