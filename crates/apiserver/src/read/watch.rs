//! Watches: what is there, then what changes.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{self, StreamExt};

use super::list::Filter;
use super::shown_bytes;
use crate::body::Body;
use crate::registry::ResourceInfo;
use crate::request::{ListOptions, Request};
use crate::respond::{Answer, Content};
use crate::server::Core;
use crate::status::Status;
use crate::store::{self, Event, EventKind, Stored};

/// How many events are read from the history at once.
const BATCH: usize = 256;

/// Answers with a stream of events.
pub(crate) async fn watch(
    core: Arc<Core>,
    request: &Request,
    info: Arc<ResourceInfo>,
) -> Result<Answer, Status> {
    let options = ListOptions::from_query(&request.query)?;
    let filter = Filter::parse(&info, &options)?;
    let prefix = store::prefix(request.target.object_namespace());
    let changes = core.store.subscribe(&info.storage).ok_or_else(Status::no_such_resource)?;
    let (first, revision) = match options.resource_version.as_str() {
        "" | "0" => {
            let page = core.store.page(&info.storage, &prefix);
            let wanted = page.items.iter().filter(|stored| filter.matches(&info, stored));
            let first: Vec<Bytes> =
                wanted.map(|stored| frame("ADDED", &shown_bytes(&info, stored))).collect();
            (first, page.revision)
        }
        text => (Vec::new(), text.parse().unwrap_or(0)),
    };
    let stopping = core.stopping.subscribe();
    let state = Following { core, info, filter, prefix, revision, changes, stopping };
    let later = stream::unfold(state, |mut state| async move {
        state.next().await.map(|batch| (stream::iter(batch), state))
    });
    let events = stream::iter(first).chain(later.flatten());
    Ok(Answer::of(200, Content::Stream("application/json", Body::stream(events))))
}

struct Following {
    core: Arc<Core>,
    info: Arc<ResourceInfo>,
    filter: Filter,
    prefix: String,
    revision: u64,
    changes: tokio::sync::watch::Receiver<u64>,
    stopping: tokio::sync::watch::Receiver<bool>,
}

impl Following {
    /// Waits for events that are wanted.
    async fn next(&mut self) -> Option<Vec<Bytes>> {
        loop {
            self.changes.borrow_and_update();
            let events =
                self.core.store.events_after(&self.info.storage, self.revision, BATCH).ok()?;
            if let Some(last) = events.last() {
                self.revision = last.object.revision;
                let frames: Vec<Bytes> =
                    events.iter().filter_map(|event| self.frame(event)).collect();
                if !frames.is_empty() {
                    return Some(frames);
                }
            } else {
                tokio::select! {
                    changed = self.changes.changed() => changed.ok()?,
                    _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                }
            }
        }
    }

    fn frame(&self, event: &Event) -> Option<Bytes> {
        if !event.object.key.starts_with(&self.prefix) {
            return None;
        }
        let matches = |stored: &Stored| self.filter.matches(&self.info, stored);
        let before = event.previous.as_ref().is_some_and(|stored| matches(stored));
        let after = event.kind != EventKind::Deleted && matches(&event.object);
        let name = match (before, after) {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            (false, false) => return None,
        };
        Some(frame(name, &shown_bytes(&self.info, &event.object)))
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
