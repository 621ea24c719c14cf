//! Why an installation does not start.

use std::path::PathBuf;

use flux_apiserver::StartError;

/// Why an installation does not start, or ends before it is asked to.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The API server cannot use its data directory, or there is no randomness.
    #[error("cannot start the API server: {0}")]
    Start(#[from] StartError),
    /// The address is taken, or is none of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// `read`, `write` or `watch`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of further users is malformed.
    #[error("{}: {message}", path.display())]
    Tokens {
        /// Which file.
        path: PathBuf,
        /// What is wrong, with its line.
        message: String,
    },
    /// The API server refused what an installation consists of.
    #[error("cannot install {what}: {source}")]
    Install {
        /// Which object.
        what: String,
        /// The server's answer.
        source: flux_cluster::Error,
    },
    /// Definitions were stored but are not served.
    #[error("the API server does not serve: {}", names.join(", "))]
    NotEstablished {
        /// Names of the definitions.
        names: Vec<String>,
    },
    /// The directory to apply cannot be used.
    #[error("cannot use {} as a source: {message}", path.display())]
    Source {
        /// Which directory.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A controller does not start.
    #[error("cannot start {component}: {message}")]
    Controller {
        /// Which one.
        component: &'static str,
        /// Why.
        message: String,
    },
}
