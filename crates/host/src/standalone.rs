//! Controllers against a real cluster, with the flags of upstream's binaries.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::sync::Arc;

use clap::{ArgMatches, Command};
use flux_artifact::{FetchOptions, Fetcher, Store};
use flux_cluster::{Cluster, Connection};
use flux_kustomize_controller as kustomize;
use flux_runtime::flags::Shared;
use flux_runtime::{
    Clock, Context, Delivery, Events, EventsOptions, Leadership, Leads, Metrics, Random, Readiness,
    Shutdown, log, serve_metrics, serve_probes,
};
use flux_source_controller as source;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::{Component, HostError};

/// Why controllers do not start, or that their flags asked for help.
#[derive(Debug, thiserror::Error)]
pub enum StandaloneError {
    /// The flags are wrong, or ask for help; the text says which.
    #[error("{0}")]
    Flags(#[from] clap::Error),
    /// A part does not start.
    #[error(transparent)]
    Host(#[from] HostError),
    /// Another replica works now.
    #[error("leader election lost")]
    LeaderElectionLost,
}

/// Runs controllers until `stop`, or until another replica has taken over.
///
/// `arguments` are those behind the name of the controller. Several controllers share one client,
/// one watch per kind, one metrics endpoint and one artifact store.
///
/// # Errors
/// See [`StandaloneError`].
pub async fn run_standalone(
    components: &BTreeSet<Component>,
    arguments: Vec<OsString>,
    stop: impl Future<Output = ()>,
) -> Result<(), StandaloneError> {
    let matches = command(components).no_binary_name(true).try_get_matches_from(arguments)?;
    let shared = Shared::from_matches(&matches).map_err(|error| failed("flux", &error))?;
    log::start(shared.log_encoding, shared.log_level);
    let shutdown = Shutdown::new();
    let process = Process::start(&matches, &shared, shutdown.clone()).await?;
    let mut tasks = process.controllers(components, &matches).await?;
    tokio::pin!(stop);
    let outcome = tokio::select! {
        () = &mut stop => Ok(()),
        lost = tasks.join_next() => match lost {
            Some(Ok(Ended::LeaderElectionLost)) => Err(StandaloneError::LeaderElectionLost),
            _ => Ok(()),
        },
    };
    shutdown.begin();
    while tasks.join_next().await.is_some() {}
    outcome
}

/// Returns the command line of one controller, or one with the flags of all.
fn command(components: &BTreeSet<Component>) -> Command {
    let commands = components.iter().map(|component| match component {
        Component::SourceController => source::command(),
        Component::KustomizeController => kustomize::Options::command(),
    });
    let merge = |merged: Command, other: Command| {
        let known: BTreeSet<_> = merged.get_arguments().map(|arg| arg.get_id().clone()).collect();
        let further = other.get_arguments().filter(|arg| !known.contains(arg.get_id()));
        merged.args(further.cloned())
    };
    commands.reduce(merge).unwrap_or_else(|| Command::new("controllers"))
}

fn failed(component: &'static str, error: &dyn std::error::Error) -> HostError {
    HostError::Controller { component, message: error.to_string() }
}

/// Why a controller ended.
enum Ended {
    Asked,
    LeaderElectionLost,
}

/// What the controllers of one process share.
struct Process {
    context: Context,
    shared: Shared,
    readiness: Readiness,
}

impl Process {
    async fn start(
        matches: &ArgMatches,
        shared: &Shared,
        shutdown: Shutdown,
    ) -> Result<Self, HostError> {
        let kubeconfig = matches.get_one::<String>("kubeconfig").filter(|path| !path.is_empty());
        let connection = Connection {
            kubeconfig: kubeconfig.map(Into::into),
            context: None,
            user_agent: concat!("flux/v", env!("CARGO_PKG_VERSION")).to_owned(),
            ..Connection::default()
        };
        let cluster =
            Cluster::connect(&connection).await.map_err(|error| failed("flux", &error))?;
        let delivery = match shared.events_addr.as_str() {
            "" => Delivery::None,
            address => Delivery::Http(address.to_owned()),
        };
        let (clock, metrics, readiness) =
            (Clock::system(), Metrics::default(), Readiness::default());
        let events = Events::start(EventsOptions {
            cluster: cluster.clone(),
            clock,
            controller: "flux",
            instance: instance(),
            delivery,
        });
        metrics.watch_cluster(&cluster);
        let serve = |error: flux_runtime::ServeError| failed("flux", &error);
        serve_metrics(&shared.metrics_addr, metrics.clone(), shutdown.clone())
            .await
            .map_err(serve)?;
        serve_probes(&shared.health_addr, readiness.clone(), shutdown.clone())
            .await
            .map_err(serve)?;
        let context =
            Context { cluster, clock, random: Random::system(), events, metrics, shutdown };
        Ok(Self { context, shared: shared.clone(), readiness })
    }

    /// Starts the controllers; each works as soon as it holds its lease, if there is one.
    async fn controllers(
        self,
        components: &BTreeSet<Component>,
        matches: &ArgMatches,
    ) -> Result<JoinSet<Ended>, HostError> {
        let mut tasks = JoinSet::new();
        let mut store = None;
        let is_alone = components.len() == 1;
        for component in components {
            let context = Context {
                events: self.context.events.named(component.name()),
                ..self.context.clone()
            };
            match component {
                Component::SourceController => {
                    let options = self.source(matches, &mut store, (&mut tasks, is_alone)).await?;
                    let run = source::run(context, options);
                    tasks.spawn(lead(*component, self.shared.clone(), self.context.clone(), run));
                }
                Component::KustomizeController => {
                    let (options, fetcher) = kustomization(matches, store.clone())?;
                    let run = kustomize::run(context, options, Arc::new(fetcher));
                    tasks.spawn(lead(*component, self.shared.clone(), self.context.clone(), run));
                }
            }
        }
        self.readiness.reach();
        Ok(tasks)
    }

    /// Reads the feature gates of source-controller; beside other controllers, theirs may be named
    /// as well.
    fn gates(&self, is_alone: bool) -> Result<flux_runtime::Gates, flux_runtime::UnknownGate> {
        let text = &self.shared.feature_gates;
        if is_alone {
            return source::gates(text);
        }
        let own: Vec<_> = text.split(',').filter(|pair| source::gates(pair).is_ok()).collect();
        source::gates(&own.join(","))
    }

    /// Opens the store and serves it at once: a replica that does not lead serves what it has.
    async fn source(
        &self,
        matches: &ArgMatches,
        shared_store: &mut Option<Arc<Store>>,
        (tasks, is_alone): (&mut JoinSet<Ended>, bool),
    ) -> Result<source::Options, HostError> {
        let name = Component::SourceController.name();
        let settings =
            source::StorageSettings::from_matches(matches).map_err(|error| failed(name, &error))?;
        let store = settings.open().map_err(|error| failed(name, &error))?;
        let address = match settings.address.strip_prefix(':') {
            Some(port) => format!("0.0.0.0:{port}"),
            None => settings.address.clone(),
        };
        let listen = |source| HostError::Listen { address: address.clone(), source };
        let listener = TcpListener::bind(&address).await.map_err(listen)?;
        let (served, shutdown) = (Arc::clone(&store), self.context.shutdown.clone());
        tasks.spawn(async move {
            flux_artifact::serve(listener, served, async { shutdown.begun().await }).await;
            Ended::Asked
        });
        *shared_store = Some(Arc::clone(&store));
        Ok(source::Options {
            shared: self.shared.clone(),
            store,
            listener: None,
            overrides: source::Overrides::default(),
            scratch: std::env::temp_dir(),
            ssh: source::SshAlgorithms::from_matches(matches),
            helm: source::HelmLimits::from_matches(matches),
            gates: self.gates(is_alone).map_err(|error| failed(name, &error))?,
        })
    }
}

/// Reads the options of kustomize-controller and prepares where its artifacts come from.
fn kustomization(
    matches: &ArgMatches,
    store: Option<Arc<Store>>,
) -> Result<(kustomize::Options, Fetcher), HostError> {
    let name = Component::KustomizeController.name();
    let scratch = std::env::temp_dir().display().to_string();
    let options = kustomize::Options::from_matches(matches, &scratch)
        .map_err(|error| failed(name, &error))?;
    let fetch = FetchOptions {
        retries: options.http_retry,
        host: std::env::var("SOURCE_CONTROLLER_LOCALHOST").ok().filter(|host| !host.is_empty()),
        ..FetchOptions::default()
    };
    let mut fetcher = Fetcher::new(fetch).map_err(|error| failed(name, &error))?;
    if let Some(store) = store {
        fetcher = fetcher.with_store(store);
    }
    Ok((options, fetcher))
}

/// Runs a controller while its lease is held.
async fn lead(
    component: Component,
    shared: Shared,
    context: Context,
    run: impl Future<Output = ()>,
) -> Ended {
    let Some(lease) = shared.lease(component.name(), &instance()) else {
        run.await;
        return Ended::Asked;
    };
    let seams = (context.clock, context.random.clone());
    let (name, metrics) = (lease.name.clone(), &context.metrics);
    metrics.set_leader(&name, Leads::No);
    let acquired =
        Leadership::acquire(context.cluster.clone(), lease, seams, &context.shutdown).await;
    let Some(leadership) = acquired else { return Ended::Asked };
    metrics.set_leader(&name, Leads::Yes);
    tokio::select! {
        () = run => {}
        () = leadership.lost() => {
            metrics.set_leader(&name, Leads::No);
            return Ended::LeaderElectionLost;
        }
    }
    leadership.released().await;
    Ended::Asked
}

/// Names this replica: the host, which is the pod's name in a cluster.
fn instance() -> String {
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "localhost".to_owned());
    format!("{host}_{}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_of_upstream_are_taken_for_one_controller_and_for_all() {
        let all: BTreeSet<_> = Component::ALL.into_iter().collect();
        let arguments = [
            "--events-addr=http://notification-controller.flux-system.svc.cluster.local./",
            "--watch-all-namespaces=true",
            "--log-level=info",
            "--log-encoding=json",
            "--enable-leader-election",
        ];
        for component in Component::ALL {
            let command = command(&BTreeSet::from([component])).no_binary_name(true);
            command.try_get_matches_from(arguments).unwrap();
        }
        let matches = command(&all)
            .no_binary_name(true)
            .try_get_matches_from(["--storage-path=/data", "--no-remote-bases=true"])
            .unwrap();
        assert!(source::StorageSettings::from_matches(&matches).is_ok());
        assert!(kustomize::Options::from_matches(&matches, "").unwrap().no_remote_bases);
    }
}
