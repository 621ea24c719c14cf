//! Logs in and starts programs.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use flux_git::{Account, Cancel, Process, Shell, TransportError};
use russh::client::{self, AuthResult, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use tokio::net::TcpStream;
use tokio::runtime;

use crate::known_hosts::{Distrust, KnownHosts};
use crate::{session, socks};

/// No attempt to reach a server takes longer than this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// What a client is made of.
#[derive(Clone, Default)]
pub struct Options {
    /// The private key, in PEM or in OpenSSH's format.
    pub identity: Vec<u8>,
    /// The password of the private key; empty if it has none.
    pub password: String,
    /// The keys of servers.
    pub known_hosts: Vec<u8>,
    /// Ways to exchange keys, the best first; empty for the usual ones.
    pub kex_algorithms: Vec<String>,
    /// Kinds of server keys, the best first; empty for those of the known hosts.
    pub host_key_algorithms: Vec<String>,
    /// Address of a SOCKS5 proxy.
    pub proxy: Option<String>,
}

/// Why there is no client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The private key needs a password.
    #[error("ssh: this private key is passphrase protected")]
    PasswordNeeded,
    /// The private key cannot be read.
    #[error("ssh: no key found")]
    NoKey,
    /// The known hosts cannot be read.
    #[error("{0}")]
    KnownHosts(String),
    /// An algorithm is not known.
    #[error("ssh: unsupported algorithm {0:?}")]
    Algorithm(String),
    /// The proxy speaks something else than SOCKS5.
    #[error("proxy address '{0}' is not supported for SSH")]
    Proxy(String),
}

/// Logs in with one key to servers that are known.
pub struct Client {
    runtime: runtime::Handle,
    key: Arc<PrivateKey>,
    known_hosts: Arc<KnownHosts>,
    config: Arc<client::Config>,
    proxy: Option<socks::Proxy>,
}

impl Client {
    /// Reads the key and the known hosts. Connections are driven by `runtime`; the threads that use
    /// them must not be its own.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn new(options: &Options, runtime: runtime::Handle) -> Result<Self, ClientError> {
        let key = Arc::new(private_key(&options.identity, &options.password)?);
        let text = String::from_utf8_lossy(&options.known_hosts);
        let known_hosts = KnownHosts::parse(&text).map_err(ClientError::KnownHosts)?;
        let config = Arc::new(config(options, &known_hosts)?);
        let proxy = options.proxy.as_deref().map(socks::Proxy::parse).transpose();
        let proxy = proxy.map_err(ClientError::Proxy)?;
        Ok(Self { runtime, key, known_hosts: Arc::new(known_hosts), config, proxy })
    }

    async fn connect(&self, account: &Account) -> Result<Handle<Handler>, TransportError> {
        let stream = self.stream(account).await?;
        let handler = Handler {
            host: account.host.clone(),
            port: account.port,
            known_hosts: Arc::clone(&self.known_hosts),
        };
        let config = Arc::clone(&self.config);
        let connected = client::connect_stream(config, stream, handler).await;
        let mut handle = connected.map_err(|error| handshake(&error.to_string()))?;
        self.authenticate(&mut handle, &account.user).await?;
        Ok(handle)
    }

    async fn stream(&self, account: &Account) -> Result<TcpStream, TransportError> {
        let (host, port) = (account.host.as_str(), account.port);
        if let Some(proxy) = &self.proxy {
            let through = proxy.connect(host, port).await;
            return through.map_err(|error| {
                TransportError::Connection(format!("socks connect tcp {host}:{port}: {error}"))
            });
        }
        TcpStream::connect((host, port)).await.map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::ConnectionRefused => "connect: connection refused".to_owned(),
                _ => error.to_string(),
            };
            TransportError::Connection(format!("dial tcp {host}:{port}: {why}"))
        })
    }

    async fn authenticate(
        &self,
        handle: &mut Handle<Handler>,
        user: &str,
    ) -> Result<(), TransportError> {
        let failed = |error: russh::Error| handshake(&error.to_string());
        let mut hashes = vec![None];
        if self.key.algorithm().is_rsa() {
            let known = handle.best_supported_rsa_hash().await.map_err(failed)?;
            hashes = match known {
                Some(best) => vec![best],
                // A server that does not say may still be a modern one.
                None => vec![Some(HashAlg::Sha512), Some(HashAlg::Sha256), None],
            };
        }
        for hash in hashes {
            let key = PrivateKeyWithHashAlg::new(Arc::clone(&self.key), hash);
            let result = handle.authenticate_publickey(user, key).await.map_err(failed)?;
            if matches!(result, AuthResult::Success) {
                return Ok(());
            }
        }
        Err(handshake(
            "ssh: unable to authenticate, attempted methods [none publickey], no supported \
             methods remain",
        ))
    }

    /// Waits for something, but not longer than `cancel` allows.
    fn wait<T>(
        &self,
        cancel: &Cancel,
        work: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let left = cancel.remaining()?.min(CONNECT_TIMEOUT);
        self.runtime.block_on(async {
            tokio::time::timeout(left, work).await.unwrap_or(Err(TransportError::Timeout))
        })
    }
}

impl Shell for Client {
    fn start(
        &self,
        account: &Account,
        command: &str,
        cancel: &Cancel,
    ) -> Result<Process, TransportError> {
        let started = async {
            let handle = self.connect(account).await?;
            session::start(handle, command).await
        };
        let channel = self.wait(cancel, started)?;
        Ok(channel.into_process(self.runtime.clone(), cancel.clone()))
    }
}

fn handshake(why: &str) -> TransportError {
    TransportError::Connection(format!("ssh: handshake failed: {why}"))
}

pub(crate) fn private_key(identity: &[u8], password: &str) -> Result<PrivateKey, ClientError> {
    let text = String::from_utf8_lossy(identity);
    let password = Some(password).filter(|password| !password.is_empty());
    match russh::keys::decode_secret_key(&text, password) {
        Ok(key) if key.is_encrypted() => Err(ClientError::PasswordNeeded),
        Ok(key) => Ok(key),
        Err(russh::keys::Error::KeyIsEncrypted) => Err(ClientError::PasswordNeeded),
        Err(_) if password.is_none() && looks_encrypted(&text) => Err(ClientError::PasswordNeeded),
        Err(_) => Err(ClientError::NoKey),
    }
}

/// Reports whether a PEM text says that its content is encrypted.
fn looks_encrypted(text: &str) -> bool {
    text.contains("ENCRYPTED")
}

fn config(options: &Options, known: &KnownHosts) -> Result<client::Config, ClientError> {
    let mut config = client::Config { nodelay: true, ..Default::default() };
    if !options.kex_algorithms.is_empty() {
        let named = options.kex_algorithms.iter().map(|name| {
            let known = russh::kex::Name::try_from(name.as_str());
            known.map_err(|()| ClientError::Algorithm(name.clone()))
        });
        let mut kex = named.collect::<Result<Vec<_>, _>>()?;
        kex.push(russh::kex::EXTENSION_SUPPORT_AS_CLIENT);
        kex.push(russh::kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT);
        config.preferred.kex = Cow::Owned(kex);
    }
    let keys = if options.host_key_algorithms.is_empty() {
        known.algorithms().into_iter().flat_map(with_modern_hashes).collect()
    } else {
        let named = options.host_key_algorithms.iter().map(|name| {
            name.parse::<Algorithm>().map_err(|_| ClientError::Algorithm(name.clone()))
        });
        named.collect::<Result<Vec<_>, _>>()?
    };
    if !keys.is_empty() {
        config.preferred.key = Cow::Owned(keys);
    }
    if known.has_authorities() {
        config.preferred.host_key_certificates = config.preferred.key.clone();
    }
    Ok(config)
}

/// An RSA key is first of all wanted to sign with a hash that is still good.
fn with_modern_hashes(algorithm: Algorithm) -> Vec<Algorithm> {
    match algorithm {
        Algorithm::Rsa { .. } => [Some(HashAlg::Sha512), Some(HashAlg::Sha256), None]
            .map(|hash| Algorithm::Rsa { hash })
            .to_vec(),
        other => vec![other],
    }
}

/// Decides whether a server is the one that it should be.
pub(crate) struct Handler {
    host: String,
    port: u16,
    known_hosts: Arc<KnownHosts>,
}

/// Why a connection failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandlerError {
    #[error(transparent)]
    Distrust(#[from] Distrust),
    #[error(transparent)]
    Protocol(#[from] russh::Error),
}

impl client::Handler for Handler {
    type Error = HandlerError;

    async fn check_server_key(
        &mut self,
        presented: &PublicKeyOrCertificate,
    ) -> Result<bool, HandlerError> {
        match presented {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.known_hosts.check(&self.host, self.port, key)?;
            }
            PublicKeyOrCertificate::Certificate(certificate) => {
                let now = std::time::SystemTime::now();
                let now = now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
                self.known_hosts.check_certificate(&self.host, self.port, certificate, now)?;
            }
        }
        Ok(true)
    }
}
