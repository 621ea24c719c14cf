//! Which of several replicas works.

use std::time::Duration;

use flux_cluster::{Cluster, Error, Target, Write};
use flux_manifest::{GroupVersionKind, Object};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::{Clock, Random, Shutdown};

/// A lease and its timings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseOptions {
    /// Name of the Lease object, see [`lease_name`].
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Who we are; unique among the replicas.
    pub identity: String,
    /// How long a lease lasts that is not renewed.
    pub duration: Duration,
    /// How long the holder tries to renew before it gives up.
    pub renew_deadline: Duration,
    /// The pause between attempts.
    pub retry_period: Duration,
    /// Whether the lease is given back at the end.
    pub release_on_cancel: bool,
}

/// Names the lease of a controller; shards with a label selector have one each.
pub fn lease_name(controller: &str, label_selector: &str) -> String {
    let name = format!("{controller}-leader-election");
    if label_selector.is_empty() {
        return name;
    }
    let digest = hex::encode(Sha256::digest(label_selector.as_bytes()));
    format!("{name}-{}", digest.get(..8).unwrap_or(&digest))
}

/// A lease that we hold, renewed in the background.
#[derive(Debug)]
pub struct Leadership {
    lost: Shutdown,
    task: tokio::task::JoinHandle<()>,
}

impl Leadership {
    /// Waits until the lease is held; `None` if the shutdown comes first.
    pub async fn acquire(
        cluster: Cluster,
        options: LeaseOptions,
        (clock, random): (Clock, Random),
        shutdown: &Shutdown,
    ) -> Option<Self> {
        let mut candidate = Candidate { cluster, options, clock, seen: None };
        loop {
            match shutdown.or(candidate.try_hold()).await? {
                Ok(true) => break,
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "error retrieving resource lock"),
            }
            let period = candidate.options.retry_period;
            let jitter =
                Duration::from_millis(random.next() % 1200) * period.as_secs() as u32 / 1000;
            shutdown.or(tokio::time::sleep(period + jitter)).await?;
        }
        tracing::info!(lease = candidate.options.name, "successfully acquired lease");
        let (lost, end) = (Shutdown::new(), shutdown.clone());
        let task = tokio::spawn(candidate.keep(lost.clone(), end));
        Some(Self { lost, task })
    }

    /// Waits until the lease is lost.
    pub async fn lost(&self) {
        self.lost.begun().await;
    }

    /// Waits until the lease is given back, after the shutdown.
    pub async fn released(self) {
        // The task has no way to fail that matters at the end.
        let _ = self.task.await;
    }
}

struct Candidate {
    cluster: Cluster,
    options: LeaseOptions,
    clock: Clock,
    /// The last record of somebody else, and when we first saw it.
    seen: Option<(Value, Instant)>,
}

impl Candidate {
    fn target(&self) -> Target {
        let kind = GroupVersionKind::new("coordination.k8s.io", "v1", "Lease");
        Target::new(kind, &self.options.namespace, &self.options.name)
    }

    /// Takes or renews the lease if nobody else holds it.
    async fn try_hold(&mut self) -> Result<bool, Error> {
        let now = self.now();
        let Some(lease) = self.cluster.find(&self.target()).await? else {
            let record = self.record(&now, &now, 0);
            return written(
                self.cluster.create(&self.lease(record, None)?, &Write::default()).await,
            );
        };
        let spec = lease.pointer("/spec").cloned().unwrap_or_default();
        let text = |key: &str| spec.get(key).and_then(Value::as_str).unwrap_or_default();
        let holder = text("holderIdentity");
        let ours = holder == self.options.identity;
        if !ours && !holder.is_empty() && !self.has_expired(&spec) {
            return Ok(false);
        }
        let transitions = spec.get("leaseTransitions").and_then(Value::as_i64).unwrap_or(0);
        let record = if ours {
            self.record(text("acquireTime"), &now, transitions)
        } else {
            self.record(&now, &now, transitions + 1)
        };
        let lease = self.lease(record, Some(lease.resource_version()))?;
        written(self.cluster.update(&lease, &Write::default()).await)
    }

    /// Clocks of replicas differ: what counts is how long we have seen the same record.
    fn has_expired(&mut self, spec: &Value) -> bool {
        let seconds = spec.get("leaseDurationSeconds").and_then(Value::as_u64);
        let lasts = seconds.map_or(self.options.duration, Duration::from_secs);
        match &self.seen {
            Some((record, since)) if record == spec => since.elapsed() >= lasts,
            _ => {
                self.seen = Some((spec.clone(), Instant::now()));
                false
            }
        }
    }

    async fn keep(mut self, lost: Shutdown, end: Shutdown) {
        let mut renewed = Instant::now();
        while !end.has_begun() {
            if end.or(tokio::time::sleep(self.options.retry_period)).await.is_none() {
                break;
            }
            let left = self.options.renew_deadline.saturating_sub(renewed.elapsed());
            match tokio::time::timeout(left, self.try_hold()).await {
                Ok(Ok(true)) => renewed = Instant::now(),
                Ok(Ok(false)) => {
                    lost.begin();
                    return;
                }
                Ok(Err(error)) => tracing::error!(%error, "failed to renew lease"),
                Err(_) => {}
            }
            if renewed.elapsed() >= self.options.renew_deadline {
                lost.begin();
                return;
            }
        }
        if self.options.release_on_cancel
            && let Err(error) = self.release().await
        {
            tracing::error!(%error, "failed to release lease");
        }
    }

    async fn release(&mut self) -> Result<(), Error> {
        let Some(lease) = self.cluster.find(&self.target()).await? else { return Ok(()) };
        let holder = lease.pointer("/spec/holderIdentity").and_then(Value::as_str);
        if holder != Some(&self.options.identity) {
            return Ok(());
        }
        let now = self.now();
        let transitions = lease.pointer("/spec/leaseTransitions").and_then(Value::as_i64);
        let record = json!({
            "holderIdentity": "",
            "leaseDurationSeconds": 1,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": transitions.unwrap_or(0),
        });
        let lease = self.lease(record, Some(lease.resource_version()))?;
        written(self.cluster.update(&lease, &Write::default()).await).map(drop)
    }

    fn now(&self) -> String {
        self.clock.precise().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    }

    fn record(&self, acquired: &str, renewed: &str, transitions: i64) -> Value {
        json!({
            "holderIdentity": self.options.identity,
            "leaseDurationSeconds": self.options.duration.as_secs(),
            "acquireTime": acquired,
            "renewTime": renewed,
            "leaseTransitions": transitions,
        })
    }

    fn lease(&self, spec: Value, version: Option<&str>) -> Result<Object, Error> {
        let mut lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": { "name": self.options.name, "namespace": self.options.namespace },
            "spec": spec,
        });
        if let Some(version) = version {
            lease["metadata"]["resourceVersion"] = json!(version);
        }
        Object::try_from(lease).map_err(|e| Error::Malformed(e.to_string()))
    }
}

/// Somebody faster is no error: we simply do not hold the lease.
fn written(result: Result<Object, Error>) -> Result<bool, Error> {
    match result {
        Ok(_) => Ok(true),
        Err(error) if error.is_conflict() || error.is_already_exists() => Ok(false),
        Err(error) => Err(error),
    }
}
