//! From a kubeconfig, a pod's environment or a service to a connection.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::error::chain;

/// Where the API server is and who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// A kubeconfig file; `$KUBECONFIG`, the home directory or the pod's environment without it.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig.
    pub context: Option<String>,
    /// What the server sees as the program's name.
    pub user_agent: String,
}

/// What a kubeconfig may do that its user does not vouch for. By default, neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// It may name programs to run for credentials.
    pub programs: bool,
    /// It may switch off the check of the server's certificate.
    pub unchecked_certificates: bool,
}

/// A cluster that is reached by a token.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenAccess {
    /// The address of the API server.
    pub address: String,
    /// The authority of its certificate, in PEM; empty for those of the system.
    pub authority: String,
    /// The token.
    pub token: String,
}

impl std::fmt::Debug for TokenAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenAccess").field("address", &self.address).finish_non_exhaustive()
    }
}

/// How long one request to somebody else's cluster may take.
const REMOTE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig is missing or wrong.
    #[error("failed to load kubeconfig: {0}")]
    Config(String),
    /// The settings are fine to read but not to connect with.
    #[error("failed to build kube client: {0}")]
    Client(String),
}

/// Reads the settings and prepares a client; nothing is sent.
pub(crate) async fn client(connection: &Connection) -> Result<kube::Client, ConnectError> {
    let wrong = |error: &dyn std::error::Error| ConnectError::Config(chain(error));
    let options =
        KubeConfigOptions { context: connection.context.clone(), ..KubeConfigOptions::default() };
    let mut config = match (&connection.kubeconfig, &connection.context) {
        (Some(path), _) => {
            let file = Kubeconfig::read_from(path).map_err(|e| wrong(&e))?;
            kube::Config::from_custom_kubeconfig(file, &options).await.map_err(|e| wrong(&e))?
        }
        (None, Some(_)) => kube::Config::from_kubeconfig(&options).await.map_err(|e| wrong(&e))?,
        (None, None) => kube::Config::infer().await.map_err(|e| wrong(&e))?,
    };
    if !connection.user_agent.is_empty() {
        let agent = http::HeaderValue::from_str(&connection.user_agent).map_err(|e| wrong(&e))?;
        config.headers.push((http::header::USER_AGENT, agent));
    }
    kube::Client::try_from(config).map_err(|e| ConnectError::Client(chain(&e)))
}

/// Prepares a client from the text of a kubeconfig that its user does not vouch for.
pub(crate) async fn client_from_text(
    text: &str,
    trust: Trust,
) -> Result<kube::Client, ConnectError> {
    let wrong = |error: &dyn std::error::Error| ConnectError::Config(chain(error));
    let file = confined(Kubeconfig::from_yaml(text).map_err(|e| wrong(&e))?, trust);
    let options = KubeConfigOptions::default();
    let mut config =
        kube::Config::from_custom_kubeconfig(file, &options).await.map_err(|e| wrong(&e))?;
    config.connect_timeout = Some(REMOTE_TIMEOUT);
    kube::Client::try_from(config).map_err(|e| ConnectError::Client(chain(&e)))
}

/// Prepares a client that shows a token.
pub(crate) async fn client_with_token(access: &TokenAccess) -> Result<kube::Client, ConnectError> {
    let mut cluster = serde_json::json!({ "server": access.address });
    if !access.authority.is_empty() {
        cluster["certificate-authority-data"] = STANDARD.encode(&access.authority).into();
    }
    let file = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "remote",
        "clusters": [{ "name": "remote", "cluster": cluster }],
        "users": [{ "name": "remote", "user": { "token": access.token } }],
        "contexts": [{ "name": "remote", "context": { "cluster": "remote", "user": "remote" } }],
    });
    client_from_text(&file.to_string(), Trust::default()).await
}

/// Takes everything out of a kubeconfig that reaches beyond its own text: paths of files, programs
/// to run, somebody else to speak for, checks to leave out.
fn confined(mut file: Kubeconfig, trust: Trust) -> Kubeconfig {
    for cluster in file.clusters.iter_mut().filter_map(|it| it.cluster.as_mut()) {
        cluster.certificate_authority = None;
        if !trust.unchecked_certificates {
            cluster.insecure_skip_tls_verify = None;
        }
    }
    for user in file.auth_infos.iter_mut().filter_map(|it| it.auth_info.as_mut()) {
        user.token_file = None;
        user.client_certificate = None;
        user.client_key = None;
        user.impersonate = None;
        user.impersonate_uid = None;
        user.impersonate_groups = None;
        user.impersonate_user_extra = None;
        user.auth_provider = None;
        if !trust.programs {
            user.exec = None;
        }
    }
    file
}

#[cfg(test)]
mod tests;
