//! Flags that all controllers have, with upstream's names, defaults and environment.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use flux_cluster::List;

use crate::log::{Encoding, Verbosity};
use crate::{Backoff, LeaseOptions, lease_name};

/// Settings that all controllers have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Where metrics are served.
    pub metrics_addr: String,
    /// Where probes are served.
    pub health_addr: String,
    /// Where notifications are posted; empty for nowhere.
    pub events_addr: String,
    /// How many passes run at once.
    pub concurrent: usize,
    /// The pause before an object is looked at again whose dependency is not ready.
    pub requeue_dependency: Duration,
    /// How much is logged.
    pub log_level: Verbosity,
    /// How log lines look.
    pub log_encoding: Encoding,
    /// Leader election; `None` if every replica works.
    pub leader_election: Option<Election>,
    /// The pauses after failures.
    pub backoff: Backoff,
    /// Whether all namespaces are watched or only the controller's own.
    pub watch_all_namespaces: bool,
    /// Only objects with these labels; empty for all.
    pub watch_label_selector: String,
    /// ConfigMaps and Secrets with these labels start reconciliations when they change.
    pub watch_configs_label_selector: String,
    /// By how much intervals vary.
    pub interval_jitter_percentage: u8,
    /// Feature gates, as given.
    pub feature_gates: String,
    /// The namespace that the controller runs in.
    pub runtime_namespace: String,
}

/// Timings of leader election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Election {
    /// How long a lease lasts that is not renewed.
    pub lease_duration: Duration,
    /// How long the holder tries to renew.
    pub renew_deadline: Duration,
    /// The pause between attempts.
    pub retry_period: Duration,
    /// Whether the lease is given back at the end.
    pub release_on_cancel: bool,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            metrics_addr: ":8080".to_owned(),
            health_addr: ":9440".to_owned(),
            events_addr: String::new(),
            concurrent: 4,
            requeue_dependency: Duration::from_secs(30),
            log_level: Verbosity::Info,
            log_encoding: Encoding::Json,
            leader_election: None,
            backoff: Backoff::default(),
            watch_all_namespaces: true,
            watch_label_selector: String::new(),
            watch_configs_label_selector: "reconcile.fluxcd.io/watch=Enabled".to_owned(),
            interval_jitter_percentage: 5,
            feature_gates: String::new(),
            runtime_namespace: "flux-system".to_owned(),
        }
    }
}

impl Shared {
    /// Returns the objects that the controller watches.
    pub fn watched(&self) -> List {
        List {
            namespace: (!self.watch_all_namespaces).then(|| self.runtime_namespace.clone()),
            labels: self.watch_label_selector.clone(),
            fields: String::new(),
        }
    }

    /// Returns the lease that replicas of a controller contend for; `None` if all of them work.
    pub fn lease(&self, controller: &str, identity: &str) -> Option<LeaseOptions> {
        let election = self.leader_election?;
        Some(LeaseOptions {
            name: lease_name(controller, &self.watch_label_selector),
            namespace: self.runtime_namespace.clone(),
            identity: identity.to_owned(),
            duration: election.lease_duration,
            renew_deadline: election.renew_deadline,
            retry_period: election.retry_period,
            release_on_cancel: election.release_on_cancel,
        })
    }
}

/// Makes a flag that takes a text, or that many texts if it is repeated.
pub fn text(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).default_value(default).help(help).allow_hyphen_values(true)
}

/// Makes a flag that is on, or off with `=false`, as Go's flags are.
pub fn switch(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name)
        .long(name)
        .help(help)
        .num_args(0..=1)
        .require_equals(true)
        .default_value(default)
        .default_missing_value("true")
        .value_parser(parse_switch)
}

/// Makes a flag that takes a duration in Go's notation.
pub fn span(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).default_value(default).help(help).value_parser(parse_span)
}

/// Makes a flag that takes a number.
pub fn number(name: &'static str, default: &'static str, help: &'static str) -> Arg {
    let parser = clap::value_parser!(usize);
    Arg::new(name).long(name).default_value(default).help(help).value_parser(parser)
}

/// Makes a flag that can be repeated.
pub fn texts(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).action(ArgAction::Append).value_delimiter(',').help(help)
}

fn parse_switch(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

fn parse_span(text: &str) -> Result<Duration, String> {
    let span = text.parse::<flux_api::Duration>().map_err(|e| e.to_string())?;
    Ok(span.get())
}

/// Adds the flags that all controllers have to a command.
///
/// `concurrent` and `requeue_dependency` are the defaults that differ between controllers.
pub fn add(
    command: Command,
    concurrent: &'static str,
    requeue_dependency: &'static str,
) -> Command {
    command
        .arg(
            text("metrics-addr", ":8080", "The address the metric endpoint binds to.")
                .env("METRICS_ADDR"),
        )
        .arg(
            text("health-addr", ":9440", "The address the health endpoint binds to.")
                .env("HEALTH_ADDR"),
        )
        .arg(text("events-addr", "", "The address of the events receiver.").env("EVENTS_ADDR"))
        .arg(number("concurrent", concurrent, "The number of concurrent reconciles."))
        .arg(span(
            "requeue-dependency",
            requeue_dependency,
            "The interval at which failing dependencies are reevaluated.",
        ))
        .arg(text("log-level", "info", "Set logging level: trace, debug, info, error."))
        .arg(text("log-encoding", "json", "Log encoding format: json or console."))
        .arg(switch(
            "enable-leader-election",
            "false",
            "Enable leader election: only one replica works at a time.",
        ))
        .arg(switch(
            "leader-election-release-on-cancel",
            "true",
            "Defines if the leader should step down voluntarily on shutdown.",
        ))
        .arg(span("leader-election-lease-duration", "35s", "How long a lease lasts unrenewed."))
        .arg(span("leader-election-renew-deadline", "30s", "How long renewing is tried."))
        .arg(span("leader-election-retry-period", "5s", "The pause between attempts."))
        .arg(span("min-retry-delay", "750ms", "The pause after a first failure."))
        .arg(span("max-retry-delay", "15m", "The longest pause after failures."))
        .arg(switch("watch-all-namespaces", "true", "Watch resources in all namespaces."))
        .arg(text("watch-label-selector", "", "Watch for resources with matching labels only."))
        .arg(text(
            "watch-configs-label-selector",
            "reconcile.fluxcd.io/watch=Enabled",
            "Watch for ConfigMaps and Secrets with matching labels.",
        ))
        .arg(
            Arg::new("interval-jitter-percentage")
                .long("interval-jitter-percentage")
                .default_value("5")
                .value_parser(clap::value_parser!(u8).range(0..100))
                .help("Percentage of jitter to apply to interval durations."),
        )
        .arg(text("feature-gates", "", "Pairs of features to switch, such as A=true,B=false."))
        // Accepted because upstream has them: the server's own fairness decides here.
        .arg(text("kube-api-qps", "50", "Accepted for compatibility.").hide(true))
        .arg(text("kube-api-burst", "300", "Accepted for compatibility.").hide(true))
        .arg(text("token-cache-max-size", "100", "The most tokens that are kept.").hide(true))
        .arg(span("token-cache-max-duration", "1h", "The longest that a token is kept.").hide(true))
        .arg(text("kubeconfig", "", "Path of a kubeconfig, outside of a cluster."))
        .arg(
            text("runtime-namespace", "flux-system", "The namespace the controller runs in.")
                .env("RUNTIME_NAMESPACE")
                .hide(true),
        )
}

fn string(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

fn duration(matches: &ArgMatches, name: &str) -> Duration {
    matches.get_one::<Duration>(name).copied().unwrap_or_default()
}

fn is_on(matches: &ArgMatches, name: &str) -> bool {
    matches.get_one::<bool>(name).copied().unwrap_or_default()
}

/// Why flags are wrong that the parser took.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid argument \"{value}\" for \"--{flag}\" flag")]
pub struct InvalidFlag {
    flag: &'static str,
    value: String,
}

impl Shared {
    /// Reads what [`add`] has added.
    ///
    /// # Errors
    /// A log level or encoding that does not exist.
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, InvalidFlag> {
        let wrong = |flag, value: &str| InvalidFlag { flag, value: value.to_owned() };
        let log_level = match string(matches, "log-level").as_str() {
            "trace" => Verbosity::Trace,
            "debug" => Verbosity::Debug,
            "info" => Verbosity::Info,
            "error" => Verbosity::Error,
            other => return Err(wrong("log-level", other)),
        };
        let log_encoding = match string(matches, "log-encoding").as_str() {
            "json" => Encoding::Json,
            "console" => Encoding::Console,
            other => return Err(wrong("log-encoding", other)),
        };
        let election = Election {
            lease_duration: duration(matches, "leader-election-lease-duration"),
            renew_deadline: duration(matches, "leader-election-renew-deadline"),
            retry_period: duration(matches, "leader-election-retry-period"),
            release_on_cancel: is_on(matches, "leader-election-release-on-cancel"),
        };
        Ok(Self {
            metrics_addr: string(matches, "metrics-addr"),
            health_addr: string(matches, "health-addr"),
            events_addr: string(matches, "events-addr"),
            concurrent: matches.get_one::<usize>("concurrent").copied().unwrap_or(1),
            requeue_dependency: duration(matches, "requeue-dependency"),
            log_level,
            log_encoding,
            leader_election: is_on(matches, "enable-leader-election").then_some(election),
            backoff: Backoff {
                first: duration(matches, "min-retry-delay"),
                longest: duration(matches, "max-retry-delay"),
            },
            watch_all_namespaces: is_on(matches, "watch-all-namespaces"),
            watch_label_selector: string(matches, "watch-label-selector"),
            watch_configs_label_selector: string(matches, "watch-configs-label-selector"),
            interval_jitter_percentage: matches
                .get_one::<u8>("interval-jitter-percentage")
                .copied()
                .unwrap_or_default(),
            feature_gates: string(matches, "feature-gates"),
            runtime_namespace: string(matches, "runtime-namespace"),
        })
    }
}

#[cfg(test)]
mod tests;
