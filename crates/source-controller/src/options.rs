//! Settings: the flags and environment of upstream's binary.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgMatches, Command};
use flux_artifact::{Algorithm, ParseDigestError, Store, StoreError, StoreOptions};
use flux_runtime::flags::{self, Shared};
use flux_runtime::{Gate, Gates, UnknownGate};
use tokio::net::TcpListener;

use crate::Overrides;

#[cfg(test)]
mod tests;

/// Everything that the controller is told from outside.
pub struct Options {
    /// Settings that all controllers have.
    pub shared: Shared,
    /// Where artifacts go.
    pub store: Arc<Store>,
    /// Where the file server listens; `None` if somebody else serves the store.
    pub listener: Option<TcpListener>,
    /// Repositories that are served from this machine.
    pub overrides: Overrides,
    /// Where temporary files go.
    pub scratch: PathBuf,
    /// Which algorithms SSH may use.
    pub ssh: SshAlgorithms,
    /// Which features are on.
    pub gates: Gates,
    /// How large what Helm needs may be.
    pub helm: HelmLimits,
}

/// How large what Helm needs may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelmLimits {
    /// The index of a repository.
    pub index: u64,
    /// A chart.
    pub chart: u64,
    /// A file of a chart.
    pub chart_file: u64,
}

impl Default for HelmLimits {
    fn default() -> Self {
        Self { index: 52_428_800, chart: 10_485_760, chart_file: 5_242_880 }
    }
}

impl HelmLimits {
    /// Reads what [`command`] has added.
    pub fn from_matches(matches: &ArgMatches) -> Self {
        let defaults = Self::default();
        let size = |name: &str, default: u64| {
            let given = matches.get_one::<usize>(name).copied();
            given.and_then(|size| u64::try_from(size).ok()).unwrap_or(default)
        };
        Self {
            index: size("helm-index-max-size", defaults.index),
            chart: size("helm-chart-max-size", defaults.chart),
            chart_file: size("helm-chart-file-max-size", defaults.chart_file),
        }
    }
}

/// Objects may name the service account that they log in to clouds as.
pub(crate) const OBJECT_LEVEL_WORKLOAD_IDENTITY: Gate =
    Gate { name: "ObjectLevelWorkloadIdentity", default: false };

/// All features that can be switched.
const GATES: &[Gate] =
    &[OBJECT_LEVEL_WORKLOAD_IDENTITY, Gate { name: "CacheSecretsAndConfigMaps", default: false }];

/// Reads the gates of the controller from the text of their flag.
///
/// # Errors
/// A name that no gate has, or a value that is no boolean.
pub fn gates(text: &str) -> Result<Gates, UnknownGate> {
    Gates::parse(GATES, text)
}

/// Which algorithms SSH may use; empty lists leave the choice to what is usual.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshAlgorithms {
    /// Ways to exchange keys, the best first.
    pub kex: Vec<String>,
    /// Kinds of server keys, the best first.
    pub host_keys: Vec<String>,
}

impl SshAlgorithms {
    /// Reads what [`command`] has added.
    pub fn from_matches(matches: &ArgMatches) -> Self {
        let texts = |name: &str| {
            let given = matches.get_many::<String>(name);
            given.map(|given| given.cloned().collect()).unwrap_or_default()
        };
        Self { kex: texts("ssh-kex-algos"), host_keys: texts("ssh-hostkey-algos") }
    }
}

/// Why flags are wrong.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A flag that all controllers have.
    #[error(transparent)]
    Shared(#[from] flags::InvalidFlag),
    /// The algorithm is not known.
    #[error("unable to parse artifact digest algorithm: {0}")]
    Digest(ParseDigestError),
    /// The directory of the store is not there.
    #[error("unable to initialise storage: {0}")]
    Store(#[from] StoreError),
}

/// What the flags say about the store and its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageSettings {
    /// The directory.
    pub path: PathBuf,
    /// Where the file server listens.
    pub address: String,
    /// Where others reach it.
    pub advertised: String,
    /// How long superseded artifacts stay.
    pub retention_ttl: Duration,
    /// How many artifacts stay.
    pub retention_records: usize,
    /// How digests are computed.
    pub algorithm: Algorithm,
}

impl StorageSettings {
    /// Reads what [`command`] has added.
    ///
    /// # Errors
    /// The algorithm is not known.
    pub fn from_matches(matches: &ArgMatches) -> Result<Self, OptionsError> {
        let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
        let address = text("storage-addr");
        let hostname = std::env::var("HOSTNAME").ok();
        let advertised = match text("storage-adv-addr") {
            given if given.is_empty() => advertised(&address, hostname.as_deref()),
            given => given,
        };
        let algorithm = text("artifact-digest-algo").parse().map_err(OptionsError::Digest)?;
        let ttl = matches.get_one::<Duration>("artifact-retention-ttl").copied();
        let records = matches.get_one::<usize>("artifact-retention-records").copied();
        Ok(Self {
            path: text("storage-path").into(),
            address,
            advertised,
            retention_ttl: ttl.unwrap_or(Duration::from_secs(60)),
            retention_records: records.unwrap_or(2),
            algorithm,
        })
    }

    /// Opens the store.
    ///
    /// # Errors
    /// The directory is not there.
    pub fn open(&self) -> Result<Arc<Store>, OptionsError> {
        let options = StoreOptions {
            path: self.path.clone(),
            advertised: self.advertised.clone(),
            retention_ttl: self.retention_ttl,
            retention_records: self.retention_records,
            algorithm: self.algorithm,
        };
        Ok(Arc::new(Store::open(options)?))
    }
}

/// Returns the address that others use if none is given: the one that is listened on, with the
/// name of this host for all of its addresses.
fn advertised(address: &str, hostname: Option<&str>) -> String {
    let (host, port) = address.rsplit_once(':').unwrap_or((address, ""));
    let host = match host {
        "" => "localhost",
        "0.0.0.0" => hostname.unwrap_or("localhost"),
        given => given,
    };
    if port.is_empty() { host.to_owned() } else { format!("{host}:{port}") }
}

/// Returns the command line of upstream's binary.
pub fn command() -> Command {
    let command = Command::new("source-controller").about("Fetches sources and stores artifacts");
    flags::add(command, "2", "30s")
        .arg(flags::text("storage-path", "/data", "The local storage path.").env("STORAGE_PATH"))
        .arg(
            flags::text("storage-addr", ":9090", "The address the static file server binds to.")
                .env("STORAGE_ADDRESS"),
        )
        .arg(
            flags::text(
                "storage-adv-addr",
                "",
                "The advertised address of the static file server.",
            )
            .env("STORAGE_ADV_ADDR"),
        )
        .arg(flags::span(
            "artifact-retention-ttl",
            "1m",
            "How long superseded artifacts are kept before they are garbage collected.",
        ))
        .arg(flags::number(
            "artifact-retention-records",
            "2",
            "The number of artifacts that are kept after garbage collection.",
        ))
        .arg(flags::text(
            "artifact-digest-algo",
            "sha256",
            "The algorithm of artifact digests: sha1, sha256, sha384, sha512, blake3.",
        ))
        .arg(flags::texts("ssh-kex-algos", "The key exchange algorithms used for SSH, in order."))
        .arg(flags::texts("ssh-hostkey-algos", "The host key algorithms used for SSH, in order."))
        .arg(flags::text("default-service-account", "", "Default service account for identities."))
        .arg(flags::number("helm-index-max-size", "52428800", "The largest index, in bytes."))
        .arg(flags::number("helm-chart-max-size", "10485760", "The largest chart, in bytes."))
        .arg(flags::number("helm-chart-file-max-size", "5242880", "The largest file of a chart."))
        .arg(flags::number("helm-cache-max-size", "0", "The number of cached indexes, 0 for none."))
        .arg(flags::text("helm-cache-ttl", "15m", "How long an index stays in the cache."))
        .arg(flags::text("helm-cache-purge-interval", "1m", "How often the cache is purged."))
}
