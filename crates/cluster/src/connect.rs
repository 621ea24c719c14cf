//! From a kubeconfig, a pod's environment or a service to a connection.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::error::chain;

/// Where the API server is and who asks: kubectl's settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// A kubeconfig file, or several as `$KUBECONFIG` lists them; `$KUBECONFIG`, the home
    /// directory or the pod's environment without it.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig.
    pub context: Option<String>,
    /// What the server sees as the program's name.
    pub user_agent: String,
    /// What replaces parts of the kubeconfig.
    pub overrides: Overrides,
}

/// What replaces parts of a kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// A cluster of the kubeconfig.
    pub cluster: Option<String>,
    /// A user of the kubeconfig.
    pub user: Option<String>,
    /// Address of the API server.
    pub server: Option<String>,
    /// Bearer token.
    pub token: Option<String>,
    /// File with the certificate authorities to trust.
    pub certificate_authority: Option<PathBuf>,
    /// File with the certificate to show.
    pub client_certificate: Option<PathBuf>,
    /// File with the key of the certificate to show.
    pub client_key: Option<PathBuf>,
    /// Whether any certificate of the server is good enough.
    pub insecure_skip_tls_verify: bool,
    /// The name that the server's certificate must have.
    pub tls_server_name: Option<String>,
    /// Whether answers come uncompressed.
    pub disable_compression: bool,
    /// For whom to speak.
    pub impersonate: Option<Impersonation>,
}

/// For whom requests speak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impersonation {
    /// The user.
    pub user: String,
    /// Groups of the user.
    pub groups: Vec<String>,
    /// The user's uid.
    pub uid: Option<String>,
    /// What else is known of the user.
    pub extra: BTreeMap<String, Vec<String>>,
}

/// The contexts of a kubeconfig.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contexts {
    /// Their names in the order of the file.
    pub names: Vec<String>,
    /// The namespace of the context that is used; `None` if it has none.
    pub namespace: Option<String>,
}

impl Contexts {
    /// Reads the contexts of a kubeconfig.
    ///
    /// # Errors
    /// A kubeconfig that is missing or wrong.
    pub fn read(connection: &Connection) -> Result<Self, ConnectError> {
        let file = match &connection.kubeconfig {
            Some(paths) => read_files(paths)?,
            None => Kubeconfig::read().map_err(|error| ConnectError::Config(chain(&error)))?,
        };
        let current = connection.context.as_ref().or(file.current_context.as_ref());
        let of = file.contexts.iter().find(|it| Some(&it.name) == current);
        let namespace = of.and_then(|it| it.context.as_ref()?.namespace.clone());
        let names = file.contexts.iter().map(|it| it.name.clone()).collect();
        Ok(Self { names, namespace: namespace.filter(|it| !it.is_empty()) })
    }
}

/// Reads one file, or merges several of which some may be missing.
fn read_files(paths: &Path) -> Result<Kubeconfig, ConnectError> {
    let wrong = |error: &dyn std::error::Error| ConnectError::Config(chain(error));
    let all: Vec<PathBuf> =
        std::env::split_paths(paths).filter(|it| !it.as_os_str().is_empty()).collect();
    if let [only] = all.as_slice() {
        return Kubeconfig::read_from(only).map_err(|e| wrong(&e));
    }
    let mut merged = Kubeconfig::default();
    for path in all.iter().filter(|path| path.exists()) {
        let next = Kubeconfig::read_from(path).map_err(|e| wrong(&e))?;
        merged = merged.merge(next).map_err(|e| wrong(&e))?;
    }
    Ok(merged)
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
    let mut config = settings(connection).await?;
    connection.overrides.write(&mut config)?;
    if !connection.user_agent.is_empty() {
        let agent = http::HeaderValue::from_str(&connection.user_agent).map_err(|e| wrong(&e))?;
        config.headers.push((http::header::USER_AGENT, agent));
    }
    kube::Client::try_from(config).map_err(|e| ConnectError::Client(chain(&e)))
}

async fn settings(connection: &Connection) -> Result<kube::Config, ConnectError> {
    let wrong = |error: &dyn std::error::Error| ConnectError::Config(chain(error));
    let overrides = &connection.overrides;
    let options = KubeConfigOptions {
        context: connection.context.clone(),
        cluster: overrides.cluster.clone(),
        user: overrides.user.clone(),
    };
    let chosen = options.context.is_some() || options.cluster.is_some() || options.user.is_some();
    let read = match &connection.kubeconfig {
        Some(paths) => {
            let file = read_files(paths)?;
            kube::Config::from_custom_kubeconfig(file, &options).await.map_err(|e| wrong(&e))
        }
        None if chosen => kube::Config::from_kubeconfig(&options).await.map_err(|e| wrong(&e)),
        None => kube::Config::infer().await.map_err(|e| wrong(&e)),
    };
    match (read, &overrides.server) {
        (Ok(config), _) => Ok(config),
        // An address alone is enough.
        (Err(_), Some(server)) if connection.kubeconfig.is_none() && !chosen => {
            Ok(kube::Config::new(server.parse().map_err(|e| wrong(&e))?))
        }
        (Err(error), _) => Err(error),
    }
}

impl Overrides {
    /// Replaces what is set.
    fn write(&self, config: &mut kube::Config) -> Result<(), ConnectError> {
        let wrong = |error: &dyn std::error::Error| ConnectError::Config(chain(error));
        let shown = |path: &Path| path.to_string_lossy().into_owned();
        if let Some(server) = &self.server {
            config.cluster_url = server.parse().map_err(|e| wrong(&e))?;
        }
        if let Some(file) = &self.certificate_authority {
            config.root_cert_file = Some(file.clone());
        }
        if self.insecure_skip_tls_verify {
            config.accept_invalid_certs = true;
        }
        if self.tls_server_name.is_some() {
            config.tls_server_name.clone_from(&self.tls_server_name);
        }
        config.disable_compression |= self.disable_compression;
        let who = &mut config.auth_info;
        if let Some(token) = &self.token {
            who.token = Some(token.clone().into());
            who.token_file = None;
        }
        if let Some(file) = &self.client_certificate {
            (who.client_certificate, who.client_certificate_data) = (Some(shown(file)), None);
        }
        if let Some(file) = &self.client_key {
            (who.client_key, who.client_key_data) = (Some(shown(file)), None);
        }
        if let Some(other) = &self.impersonate {
            who.impersonate = Some(other.user.clone());
            who.impersonate_groups = Some(other.groups.clone()).filter(|it| !it.is_empty());
            who.impersonate_uid.clone_from(&other.uid);
            let extra = other.extra.clone().into_iter().collect();
            who.impersonate_user_extra = Some(extra).filter(|_| !other.extra.is_empty());
        }
        Ok(())
    }
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
