//! Metrics under the names of controller-runtime and Flux.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flux_api::ObjectReference;
use flux_cluster::Cluster;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::{Next, Queue, Workers};

mod process;

use process::Figures;

type Labels = Vec<(&'static str, String)>;

/// What is counted and measured in this process, cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    registry: Registry,
    reconcile_total: Family<Labels, Counter>,
    reconcile_errors: Family<Labels, Counter>,
    terminal_errors: Family<Labels, Counter>,
    reconcile_panics: Family<Labels, Counter>,
    reconcile_time: Family<Labels, Histogram, fn() -> Histogram>,
    active_workers: Family<Labels, Gauge>,
    max_concurrent: Family<Labels, Gauge>,
    queue_time: Family<Labels, Histogram, fn() -> Histogram>,
    work_time: Family<Labels, Histogram, fn() -> Histogram>,
    flux_duration: Family<Labels, Histogram, fn() -> Histogram>,
    leader: Family<Labels, Gauge>,
    /// What is looked at when somebody asks.
    queues: Mutex<BTreeMap<&'static str, Queue>>,
    clusters: Mutex<Vec<Cluster>>,
}

const RECONCILE_BUCKETS: [f64; 34] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9,
    1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0,
];

fn reconcile_time() -> Histogram {
    Histogram::new(RECONCILE_BUCKETS.into_iter().chain([20.0, 25.0, 30.0, 40.0, 50.0, 60.0]))
}

/// From 10 ns on, each ten times the one before.
fn queue_time() -> Histogram {
    Histogram::new((0..12).map(|step| 1e-8 * 10_f64.powi(step)))
}

/// Ten buckets from 10 ms to half an hour, each the same factor above the one before.
fn flux_duration() -> Histogram {
    let factor = (1800.0_f64 / 0.01).powf(1.0 / 9.0);
    Histogram::new((0..10).map(|step| 0.01 * factor.powi(step)))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let histogram = |make: fn() -> Histogram| Family::new_with_constructor(make);
        let mut shared = Shared {
            registry: Registry::default(),
            reconcile_total: Family::default(),
            reconcile_errors: Family::default(),
            terminal_errors: Family::default(),
            reconcile_panics: Family::default(),
            reconcile_time: histogram(reconcile_time),
            active_workers: Family::default(),
            max_concurrent: Family::default(),
            queue_time: histogram(queue_time),
            work_time: histogram(queue_time),
            flux_duration: histogram(flux_duration),
            leader: Family::default(),
            queues: Mutex::default(),
            clusters: Mutex::default(),
        };
        shared.register(&mut registry);
        shared.registry = registry;
        Self { shared: Arc::new(shared) }
    }
}

impl Shared {
    /// Counters are registered without `_total`, which the text format adds.
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "controller_runtime_reconcile",
            "Total number of reconciliations per controller",
            self.reconcile_total.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Total number of reconciliation errors per controller",
            self.reconcile_errors.clone(),
        );
        registry.register(
            "controller_runtime_terminal_reconcile_errors",
            "Total number of terminal reconciliation errors per controller",
            self.terminal_errors.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_panics",
            "Total number of reconciliation panics per controller",
            self.reconcile_panics.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "Length of time per reconciliation per controller",
            self.reconcile_time.clone(),
        );
        registry.register(
            "controller_runtime_active_workers",
            "Number of currently used workers per controller",
            self.active_workers.clone(),
        );
        registry.register(
            "controller_runtime_max_concurrent_reconciles",
            "Maximum number of concurrent reconciles per controller",
            self.max_concurrent.clone(),
        );
        registry.register(
            "workqueue_queue_duration_seconds",
            "How long in seconds an item stays in workqueue before being requested",
            self.queue_time.clone(),
        );
        registry.register(
            "workqueue_work_duration_seconds",
            "How long in seconds processing an item from workqueue takes.",
            self.work_time.clone(),
        );
        registry.register(
            "gotk_reconcile_duration_seconds",
            "The duration in seconds of a GitOps Toolkit resource reconciliation.",
            self.flux_duration.clone(),
        );
        registry.register(
            "leader_election_master_status",
            "Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, \
             1 indicates master. 'name' is the string used to identify the lease. Please make sure \
             to group by name.",
            self.leader.clone(),
        );
    }
}

impl Metrics {
    /// Writes everything in the text format that Prometheus reads.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode_registry(&mut text, &self.shared.registry);
        self.write_queues(&mut text);
        self.write_requests(&mut text);
        Figures::read().write(&mut text);
        let _ = encode_eof(&mut text);
        text
    }

    /// Counts the requests of a connection, and of all that speak for others through it.
    pub fn watch_cluster(&self, cluster: &Cluster) {
        let mut clusters = self.shared.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        clusters.push(cluster.clone());
    }

    pub(crate) fn watch_queue(&self, workers: &Workers, queue: &Queue) {
        let mut queues = self.shared.queues.lock().unwrap_or_else(PoisonError::into_inner);
        queues.insert(workers.controller, queue.clone());
    }

    #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn write_queues(&self, text: &mut String) {
        type Figure = fn(&Queue) -> f64;
        let figures: [(&str, &str, &str, Figure); 5] = [
            ("workqueue_depth", "gauge", "Current depth of workqueue", |it| it.len() as f64),
            ("workqueue_adds", "counter", "Total number of adds handled by workqueue", |it| {
                it.totals().0 as f64
            }),
            (
                "workqueue_retries",
                "counter",
                "Total number of retries handled by workqueue",
                |it| it.totals().1 as f64,
            ),
            (
                "workqueue_unfinished_work_seconds",
                "gauge",
                "How many seconds of work has been done that is in progress",
                |it| it.ages().iter().map(Duration::as_secs_f64).sum(),
            ),
            (
                "workqueue_longest_running_processor_seconds",
                "gauge",
                "How many seconds has the longest running processor for workqueue been running.",
                |it| it.ages().iter().max().map_or(0.0, Duration::as_secs_f64),
            ),
        ];
        let queues = self.shared.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, kind, help, figure) in figures {
            let suffix = if kind == "counter" { "_total" } else { "" };
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (queue, it) in queues.iter() {
                let labels = format!("name=\"{queue}\",controller=\"{queue}\"");
                let _ = writeln!(text, "{name}{suffix}{{{labels}}} {:?}", figure(it));
            }
        }
    }

    fn write_requests(&self, text: &mut String) {
        let clusters = self.shared.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        let mut total: BTreeMap<(String, u16), u64> = BTreeMap::new();
        for (key, count) in clusters.iter().flat_map(Cluster::requests) {
            *total.entry(key).or_default() += count;
        }
        let name = "rest_client_requests";
        let help = "Number of HTTP requests, partitioned by status code, method, and host.";
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
        for ((method, code), count) in total {
            // No answer at all is an error without a code, as in the original.
            let code = if code == 0 { "<error>".to_owned() } else { code.to_string() };
            let labels = format!("code=\"{code}\",host=\"kubernetes\",method=\"{method}\"");
            let _ = writeln!(text, "{name}_total{{{labels}}} {count}");
        }
    }

    /// Notes how long a reconciliation of a Flux object took.
    pub fn observe_reconcile(&self, about: &ObjectReference, took: Duration) {
        let family = &self.shared.flux_duration;
        family.get_or_create(&object_labels(about)).observe(took.as_secs_f64());
    }

    /// Forgets an object that is gone.
    pub fn forget(&self, about: &ObjectReference) {
        self.shared.flux_duration.remove(&object_labels(about));
    }

    /// Notes whether this process holds a lease.
    pub fn set_leader(&self, lease: &str, leads: Leads) {
        let labels = vec![("name", lease.to_owned())];
        self.shared.leader.get_or_create(&labels).set(match leads {
            Leads::Yes => 1,
            Leads::No => 0,
        });
    }

    pub(crate) fn set_max_concurrent(&self, workers: &Workers) {
        let most = i64::try_from(workers.concurrency).unwrap_or(i64::MAX);
        self.shared.max_concurrent.get_or_create(&controller(workers)).set(most);
    }

    pub(crate) fn begin_pass(&self, workers: &Workers) {
        self.shared.active_workers.get_or_create(&controller(workers)).inc();
    }

    pub(crate) fn end_pass(&self, workers: &Workers, next: &Next, took: Duration) {
        let labels = controller(workers);
        let result = match next {
            Next::Await => "success",
            Next::Now => "requeue",
            Next::After(_) => "requeue_after",
            Next::Retry(error) => {
                self.shared.reconcile_errors.get_or_create(&labels).inc();
                if error.starts_with("panic: ") {
                    self.shared.reconcile_panics.get_or_create(&labels).inc();
                }
                "error"
            }
            Next::GiveUp(_) => {
                self.shared.reconcile_errors.get_or_create(&labels).inc();
                self.shared.terminal_errors.get_or_create(&labels).inc();
                "error"
            }
        };
        self.shared.active_workers.get_or_create(&labels).dec();
        self.shared.reconcile_time.get_or_create(&labels).observe(took.as_secs_f64());
        let work = &self.shared.work_time;
        work.get_or_create(&queue_labels(workers)).observe(took.as_secs_f64());
        let labels = vec![("controller", workers.controller.to_owned()), ("result", result.into())];
        self.shared.reconcile_total.get_or_create(&labels).inc();
    }

    pub(crate) fn observe_wait(&self, workers: &Workers, waited: Duration) {
        let family = &self.shared.queue_time;
        family.get_or_create(&queue_labels(workers)).observe(waited.as_secs_f64());
    }
}

fn queue_labels(workers: &Workers) -> Labels {
    let name = || workers.controller.to_owned();
    vec![("name", name()), ("controller", name())]
}

/// Whether this process holds a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// It does.
    Yes,
    /// It does not.
    No,
}

fn controller(workers: &Workers) -> Labels {
    vec![("controller", workers.controller.to_owned())]
}

fn object_labels(about: &ObjectReference) -> Labels {
    vec![
        ("kind", about.kind.clone()),
        ("name", about.name.clone()),
        ("namespace", about.namespace.clone()),
    ]
}

#[cfg(test)]
mod tests;
