//! Kustomizations that wait for a kind which the server does not serve yet.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flux_cluster::{Change, Cluster, Key, Topic};
use flux_manifest::GroupVersionKind;
use flux_runtime::Queue;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A definition is served a moment after it says so.
const MOMENT: Duration = Duration::from_secs(1);

/// Who waits for which API group.
#[derive(Debug, Default)]
pub(crate) struct Missing {
    groups: Mutex<BTreeMap<Key, String>>,
    changed: Notify,
}

impl Missing {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, String>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a Kustomization needs a kind of a group, `group/version`.
    pub(crate) fn note(&self, key: Key, api_version: &str) {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        self.lock().insert(key, group.to_owned());
        self.changed.notify_one();
    }

    /// Forgets what a Kustomization was waiting for.
    pub(crate) fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    fn waiting_for(&self, group: &str) -> Vec<Key> {
        self.lock().iter().filter(|(_, of)| *of == group).map(|(key, _)| key.clone()).collect()
    }

    /// Queues whoever waits for the group of a definition that appears or changes; never ends.
    ///
    /// Definitions are watched from the first time that somebody waits for one.
    pub(crate) async fn follow(&self, cluster: Cluster, queue: Queue) {
        while self.lock().is_empty() {
            self.changed.notified().await;
        }
        let kind = GroupVersionKind::new("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
        let mut watch = cluster.watch(Topic::all(kind).metadata());
        let mut later: Option<(Instant, String)> = None;
        loop {
            let due = later.as_ref().map(|(due, _)| *due);
            let again = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            let group = tokio::select! {
                change = watch.next() => match change {
                    Change::Applied { new, .. } => {
                        let group = new.name().split_once('.').map_or("", |(_, group)| group);
                        later = Some((Instant::now() + MOMENT, group.to_owned()));
                        group.to_owned()
                    }
                    Change::Deleted(_) | Change::Synced => continue,
                    Change::Interrupted(error) => {
                        tracing::warn!(%error, "watch of definitions interrupted");
                        continue;
                    }
                },
                () = again => later.take().map(|(_, group)| group).unwrap_or_default(),
            };
            let cause = format!("CustomResourceDefinition of {group}");
            for key in self.waiting_for(&group) {
                queue.add_from(key, &cause);
            }
        }
    }
}
