//! Writing core/v1 Events, equal ones as one object with a count.

use std::collections::BTreeMap;
use std::time::Duration;

use flux_cluster::{Cluster, Patch, Target, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Notification, Severity};
use crate::Clock;

/// How many objects are remembered for counting.
const REMEMBERED: usize = 4096;
/// How many names are tried.
const NAMES: u32 = 8;
/// Events of one object: so many at once, then one in each span.
const BURST: u32 = 25;
const REFILL: Duration = Duration::from_secs(300);

/// Writes event objects.
pub(super) struct Recorder {
    cluster: Cluster,
    clock: Clock,
    seen: BTreeMap<String, Seen>,
    allowances: BTreeMap<String, (u32, Instant)>,
    last_name: i128,
}

struct Seen {
    namespace: String,
    name: String,
    count: u32,
}

impl Recorder {
    pub(super) fn new(cluster: Cluster, clock: Clock) -> Self {
        let (seen, allowances) = (BTreeMap::new(), BTreeMap::new());
        Self { cluster, clock, seen, allowances, last_name: 0 }
    }

    /// Writes one event; a failure is logged, as nobody waits for the outcome.
    pub(super) async fn record(&mut self, event: &Notification) {
        let about = &event.involved_object;
        let object = format!(
            "{}/{}/{}/{}/{}",
            event.reporting_controller, about.kind, about.namespace, about.name, about.uid
        );
        if !self.is_allowed(&object) {
            return;
        }
        let key = format!("{object}/{:?}/{}/{}", event.severity, event.reason, event.message);
        let result = match self.seen.get_mut(&key) {
            Some(seen) => {
                seen.count += 1;
                count_up(&self.cluster, seen, event).await
            }
            None => self.create(&key, event).await,
        };
        match result {
            Ok(()) => {}
            // Events live for an hour; one that is gone is written anew.
            Err(error) if error.is_not_found() && self.seen.remove(&key).is_some() => {
                if let Err(error) = self.create(&key, event).await {
                    tracing::debug!(%error, "unable to write event");
                }
            }
            Err(error) => {
                self.seen.remove(&key);
                tracing::debug!(%error, "unable to write event");
            }
        }
    }

    /// Keeps an object that fails over and over from filling the store with events.
    fn is_allowed(&mut self, object: &str) -> bool {
        if self.allowances.len() >= REMEMBERED {
            self.allowances.clear();
        }
        let now = Instant::now();
        let (left, since) = self.allowances.entry(object.to_owned()).or_insert((BURST, now));
        while *left < BURST && now.duration_since(*since) >= REFILL {
            *left += 1;
            *since += REFILL;
        }
        if *left == BURST {
            *since = now;
        }
        let allowed = *left > 0;
        *left = left.saturating_sub(1);
        allowed
    }

    async fn create(&mut self, key: &str, event: &Notification) -> flux_cluster::Result<()> {
        if self.seen.len() >= REMEMBERED {
            self.seen.clear();
        }
        let about = &event.involved_object;
        let namespace = if about.namespace.is_empty() { "default" } else { &about.namespace };
        let mut value = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": { "namespace": namespace },
            "involvedObject": about,
            "reason": event.reason,
            "message": event.message,
            "source": { "component": event.reporting_controller },
            "firstTimestamp": event.timestamp,
            "lastTimestamp": event.timestamp,
            "count": 1,
            "type": event_type(event.severity),
            "eventTime": null,
            "reportingComponent": event.reporting_controller,
            "reportingInstance": "",
        });
        if !event.metadata.is_empty() {
            value["metadata"]["annotations"] = json!(event.metadata);
        }
        let name = self.create_named(&about.name, value).await?;
        let seen = Seen { namespace: namespace.to_owned(), name, count: 1 };
        self.seen.insert(key.to_owned(), seen);
        Ok(())
    }

    /// Creates an event under a name that nobody has taken, and returns the name.
    async fn create_named(&mut self, base: &str, mut value: Value) -> flux_cluster::Result<String> {
        let malformed =
            |e: flux_manifest::InvalidObject| flux_cluster::Error::Malformed(e.to_string());
        let manager = value["reportingComponent"].as_str().unwrap_or_default().to_owned();
        let mut attempts = 0;
        loop {
            // Names must differ even when the clock stands still.
            self.last_name = self.clock.precise().as_nanosecond().max(self.last_name + 1);
            let name = format!("{base}.{:x}", self.last_name);
            value["metadata"]["name"] = json!(name);
            let object = Object::try_from(value.clone()).map_err(malformed)?;
            match self.cluster.create(&object, &Write::by(&manager)).await {
                Ok(_) => return Ok(name),
                Err(error) if error.is_already_exists() && attempts < NAMES => attempts += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

async fn count_up(
    cluster: &Cluster,
    seen: &Seen,
    event: &Notification,
) -> flux_cluster::Result<()> {
    let kind = GroupVersionKind::new("", "v1", "Event");
    let target = Target::new(kind, &seen.namespace, &seen.name);
    let patch = json!({ "count": seen.count, "lastTimestamp": event.timestamp });
    let write = Write::by(&event.reporting_controller);
    cluster.patch(&target, &Patch::Strategic(patch), &write).await.map(drop)
}

fn event_type(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "Warning",
        Severity::Info | Severity::Trace => "Normal",
    }
}
