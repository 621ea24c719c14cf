//! Waiting for objects to become what they should be, or to go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use flux_cluster::{Change as Seen, Contents, Key, List, Subscription, Target, Topic};
use flux_health::{Status, Verdict};
use flux_manifest::{GroupVersionKind, Object, ObjectId};
use flux_plan::Change;
use futures::StreamExt;
use futures::future::select_all;
use tokio::time::Instant;

use crate::Engine;
use crate::prune::target;

/// Judges one live object.
pub type Judge<'a> = dyn Fn(&Object) -> Verdict + Send + Sync + 'a;

/// Whether one failed object ends the wait for all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailFast {
    /// It does.
    #[default]
    Yes,
    /// The others get their time.
    No,
}

/// How long is waited, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitOptions {
    /// How long.
    pub timeout: Duration,
    /// Whether one failed object ends the wait.
    pub fail_fast: FailFast,
    /// Jobs that vanish by themselves once they are done.
    pub jobs_with_ttl: BTreeSet<ObjectId>,
}

/// An object that is waited for.
#[derive(Clone, Debug)]
pub struct Awaited {
    target: Target,
    is_owned: bool,
    version: String,
    verdict: Option<Verdict>,
}

impl Awaited {
    /// Waits for an object that nobody has looked at yet.
    pub fn named(kind: GroupVersionKind, namespace: &str, name: &str) -> Self {
        let target = Target::new(kind, namespace, name);
        Self { target, is_owned: false, version: String::new(), verdict: None }
    }

    /// Waits for an object that was just applied.
    pub(crate) fn of(change: &Change, live: Option<&Object>, judge: &Judge<'_>) -> Self {
        Self {
            target: target(&change.id, &change.version),
            is_owned: true,
            version: live.map(Object::resource_version).unwrap_or_default().to_owned(),
            verdict: live.map(judge),
        }
    }

    /// Returns what identifies the object.
    pub fn id(&self) -> ObjectId {
        let Target { kind, namespace, name } = &self.target;
        ObjectId {
            namespace: namespace.clone(),
            name: name.clone(),
            group: kind.group.clone(),
            kind: kind.kind.clone(),
        }
    }

    /// Tells whether the object was current when it was last looked at.
    pub fn is_current(&self) -> bool {
        self.status() == Status::Current
    }

    fn status(&self) -> Status {
        self.verdict.as_ref().map_or(Status::Unknown, |verdict| verdict.status)
    }

    /// Returns the topic whose changes tell that the object may have changed.
    fn topic(&self) -> Topic {
        let list = match self.is_owned {
            true => List::all().labelled(OWNED),
            false if self.target.namespace.is_empty() => List::all(),
            false => List::namespace(&self.target.namespace),
        };
        Topic { kind: self.target.kind.clone(), list, contents: Contents::Metadata }
    }
}

/// Chooses what some Kustomization has applied, so that all of them share one watch per kind.
const OWNED: &str = "kustomize.toolkit.fluxcd.io/name";

/// Why objects are not healthy, in upstream's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unhealthy {
    /// Some cannot become healthy.
    #[error("failed early due to stalled resources: [{}]", .0.join(", "))]
    Stalled(Vec<String>),
    /// The time was up.
    #[error("timeout waiting for: [{}]", .0.join(", "))]
    Timeout(Vec<String>),
}

/// Which objects were still there when the time was up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject} termination timeout: context deadline exceeded")]
pub struct TerminationError {
    subject: String,
}

/// How often is looked where no watch tells.
const BLIND_INTERVAL: Duration = Duration::from_secs(5);
/// How many objects are read at once.
const READS: usize = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    Current,
    Gone,
}

impl Engine {
    /// Waits until all objects are current.
    ///
    /// # Errors
    /// Objects that failed or did not become current in time.
    pub async fn wait_healthy(
        &self,
        set: Vec<Awaited>,
        options: &WaitOptions,
        judge: &Judge<'_>,
    ) -> Result<(), Unhealthy> {
        let wait = Wait { engine: self, set, options, judge, goal: Goal::Current };
        wait.run().await
    }

    /// Waits until all objects are gone.
    ///
    /// # Errors
    /// The first that is still there when the time is up.
    pub async fn wait_gone(
        &self,
        objects: &[(ObjectId, String)],
        timeout: Duration,
    ) -> Result<(), TerminationError> {
        let named = |(id, version): &(ObjectId, String)| Awaited {
            target: target(id, version),
            is_owned: true,
            version: String::new(),
            verdict: None,
        };
        let set: Vec<Awaited> = objects.iter().map(named).collect();
        let jobs_with_ttl = BTreeSet::new();
        let options = WaitOptions { timeout, fail_fast: FailFast::No, jobs_with_ttl };
        let judge = |_: &Object| Verdict::unknown("");
        let wait = Wait { engine: self, set, options: &options, judge: &judge, goal: Goal::Gone };
        match wait.run().await {
            Ok(()) => Ok(()),
            Err(Unhealthy::Stalled(left) | Unhealthy::Timeout(left)) => {
                Err(TerminationError { subject: left.into_iter().next().unwrap_or_default() })
            }
        }
    }
}

struct Wait<'a> {
    engine: &'a Engine,
    set: Vec<Awaited>,
    options: &'a WaitOptions,
    judge: &'a Judge<'a>,
    goal: Goal,
}

impl Wait<'_> {
    async fn run(mut self) -> Result<(), Unhealthy> {
        let deadline = Instant::now() + self.options.timeout;
        let unseen: Vec<usize> = self.positions(|it| it.verdict.is_none());
        if tokio::time::timeout_at(deadline, self.read(&unseen)).await.is_err() {
            return self.timed_out();
        }
        let mut watches: Vec<Subscription> = Vec::new();
        let mut is_blind = false;
        loop {
            if let Some(outcome) = self.outcome() {
                return outcome;
            }
            if watches.is_empty() {
                watches = self.watch();
            }
            let blind = is_blind || self.set.iter().any(|it| self.needs_time(it));
            let look_again = if blind { BLIND_INTERVAL } else { Duration::from_secs(3600) };
            tokio::select! {
                seen = next(&mut watches) => {
                    let mut stale = BTreeSet::new();
                    is_blind |= self.note(seen, &mut stale);
                    // Whatever else has come meanwhile is read together with it.
                    for (at, watch) in watches.iter_mut().enumerate() {
                        while let Some(change) = watch.now() {
                            is_blind |= self.note((at, change), &mut stale);
                        }
                    }
                    let stale: Vec<usize> = stale.into_iter().collect();
                    self.read(&stale).await;
                }
                () = tokio::time::sleep(look_again) => {
                    let pending = self.positions(|it| it.status() != Status::Current);
                    self.read(&pending).await;
                }
                () = tokio::time::sleep_until(deadline) => return self.timed_out(),
            }
        }
    }

    fn positions(&self, wanted: impl Fn(&Awaited) -> bool) -> Vec<usize> {
        let found = self.set.iter().enumerate().filter(|(_, it)| wanted(it));
        found.map(|(at, _)| at).collect()
    }

    /// An object that could not be read, or a Pod whose state ages, changes without an event.
    fn needs_time(&self, it: &Awaited) -> bool {
        it.status() == Status::Unknown
            || (it.target.kind.kind == "Pod" && it.status() == Status::InProgress)
    }

    /// Watches the kinds of everything that is not there yet.
    fn watch(&self) -> Vec<Subscription> {
        let mut topics: BTreeMap<Topic, BTreeSet<Key>> = BTreeMap::new();
        for it in self.set.iter().filter(|it| !self.is_done(it)) {
            let key = Key::new(&it.target.namespace, &it.target.name);
            topics.entry(it.topic()).or_default().insert(key);
        }
        let watcher = &self.engine.watcher;
        topics.into_iter().map(|(topic, keys)| watcher.watch_some(topic, keys)).collect()
    }

    /// Notes which objects must be read again; tells whether the watch is no help for now.
    fn note(&self, (_, seen): (usize, Seen), stale: &mut BTreeSet<usize>) -> bool {
        let (object, version) = match &seen {
            Seen::Applied { new, .. } => (new, new.resource_version()),
            Seen::Deleted(object) => (object, ""),
            Seen::Synced => return false,
            Seen::Interrupted(_) => return true,
        };
        let (key, kind) = (Key::of(object), object.gvk());
        let concerned = self.set.iter().enumerate().filter(|(_, it)| {
            let Target { kind: of, namespace, name } = &it.target;
            *of == kind
                && *name == key.name
                && *namespace == key.namespace
                && (version.is_empty() || it.version != version)
        });
        stale.extend(concerned.map(|(at, _)| at));
        false
    }

    async fn read(&mut self, positions: &[usize]) {
        let cluster = &self.engine.cluster;
        let targets: Vec<(usize, Target)> = positions
            .iter()
            .filter_map(|at| Some((*at, self.set.get(*at)?.target.clone())))
            .collect();
        let read = |(at, target): (usize, Target)| async move { (at, cluster.find(&target).await) };
        let found: Vec<_> =
            futures::stream::iter(targets).map(read).buffered(READS).collect().await;
        for (at, result) in found {
            let Some(it) = self.set.get_mut(at) else { continue };
            let (version, verdict) = match result {
                Ok(Some(object)) => (object.resource_version().to_owned(), (self.judge)(&object)),
                Ok(None) => (String::new(), Verdict::not_found()),
                Err(error) => (String::new(), Verdict::unknown(error.to_string())),
            };
            it.version = version;
            it.verdict = Some(verdict);
        }
    }

    fn is_done(&self, it: &Awaited) -> bool {
        match (self.goal, it.status()) {
            (Goal::Current, Status::Current) | (Goal::Gone, Status::NotFound) => true,
            (Goal::Current, Status::NotFound) => self.vanishes(it),
            _ => false,
        }
    }

    /// Tells whether an object goes by itself once it is done.
    fn vanishes(&self, it: &Awaited) -> bool {
        !self.options.jobs_with_ttl.is_empty() && self.options.jobs_with_ttl.contains(&it.id())
    }

    /// Returns how the wait ends, if nothing can change that any more.
    fn outcome(&self) -> Option<Result<(), Unhealthy>> {
        if self.set.iter().all(|it| self.is_done(it)) {
            return Some(Ok(()));
        }
        if self.goal == Goal::Gone {
            return None;
        }
        let failed = |it: &&Awaited| it.status() == Status::Failed;
        let any = self.set.iter().any(|it| failed(&it));
        let all = self.set.iter().all(|it| self.is_done(it) || failed(&it));
        let ends = all || (any && self.options.fail_fast == FailFast::Yes);
        ends.then(|| {
            Err(Unhealthy::Stalled(self.set.iter().filter(failed).map(describe).collect()))
        })
    }

    fn timed_out(&self) -> Result<(), Unhealthy> {
        let left = self.set.iter().filter(|it| !self.is_done(it));
        Err(Unhealthy::Timeout(match self.goal {
            Goal::Current => left.map(describe).collect(),
            Goal::Gone => left.map(|it| it.id().subject()).collect(),
        }))
    }
}

fn describe(it: &Awaited) -> String {
    let subject = it.id().subject();
    match &it.verdict {
        None => format!("can't determine status for {subject}"),
        Some(Verdict { status: Status::Unknown, message, .. }) => {
            format!("{subject} status: '{}': {message}", Status::Unknown)
        }
        Some(verdict) => format!("{subject} status: '{}'", verdict.status),
    }
}

/// Waits for the next change of any watch.
async fn next(watches: &mut [Subscription]) -> (usize, Seen) {
    if watches.is_empty() {
        return std::future::pending().await;
    }
    let (seen, at, _) = select_all(watches.iter_mut().map(|w| Box::pin(w.next()))).await;
    (at, seen)
}
