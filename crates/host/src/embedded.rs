//! An API server in this process, and a client that needs no socket to reach it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use flux_apiserver::{Controllers, Options, Server, TokenUser, authn};
use flux_cluster::Cluster;
use flux_runtime::Shutdown;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{HostError, kubeconfig};

/// How the API server is started.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// Address and port to listen on; port 0 takes any that is free.
    pub listen: String,
    /// Where objects and keys are kept; in memory without it.
    pub data_dir: Option<PathBuf>,
    /// Further users, in kube-apiserver's format: token, name, uid, groups.
    pub token_auth_file: Option<PathBuf>,
    /// Which of the cluster's own controllers run.
    pub controllers: Controllers,
    /// How often old states are forgotten.
    pub compaction_interval: Duration,
}

impl Default for EmbeddedOptions {
    /// Any free port of this machine, state in memory, all of the cluster's controllers.
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            data_dir: None,
            token_auth_file: None,
            controllers: Controllers::ALL,
            compaction_interval: Options::default().compaction_interval,
        }
    }
}

/// An API server in this process.
pub struct Embedded {
    server: Server,
    cluster: Cluster,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Embedded {
    /// Starts the server and listens for others than this process.
    ///
    /// # Errors
    /// The data directory, the address or the file of users cannot be used.
    pub async fn start(options: &EmbeddedOptions, shutdown: Shutdown) -> Result<Self, HostError> {
        let token_users = match &options.token_auth_file {
            Some(file) => token_users(file)?,
            None => Vec::new(),
        };
        let server = Server::start(Options {
            token_users,
            data_dir: options.data_dir.clone(),
            controllers: options.controllers,
            compaction_interval: options.compaction_interval,
            ..Options::default()
        })?;
        let fail = |source| HostError::Listen { address: options.listen.clone(), source };
        let listener = TcpListener::bind(&options.listen).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let cluster = Cluster::from_service(server.service(), server.admin_token());
        let serving = tokio::spawn({
            let server = server.clone();
            async move {
                let ended = server.serve_tls(listener, async move { shutdown.begun().await }).await;
                if let Err(error) = ended {
                    tracing::error!(%error, "API server does not listen");
                }
            }
        });
        Ok(Self { server, cluster, address, serving })
    }

    /// Returns a client for this process, as the administrator.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Returns where others reach the server.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Returns the text of a kubeconfig for the administrator.
    pub fn kubeconfig(&self) -> String {
        kubeconfig::text(&self.url(), self.server.ca_pem(), self.server.admin_token())
    }

    /// Waits until the server has stopped listening, after the shutdown that it was given.
    pub async fn stopped(self) {
        // A panic of the task has been reported by the runtime; there is nothing left to stop.
        let _ = self.serving.await;
    }
}

fn token_users(file: &Path) -> Result<Vec<TokenUser>, HostError> {
    let fail = |source| HostError::File { action: "read", path: file.to_owned(), source };
    let text = std::fs::read_to_string(file).map_err(fail)?;
    authn::parse_token_file(&text)
        .map_err(|error| HostError::Tokens { path: file.to_owned(), message: error.to_string() })
}
