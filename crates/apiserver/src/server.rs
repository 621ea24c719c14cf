//! A running server: what is shared by all requests, and how to reach it.

use std::future::Future;
use std::sync::Arc;

use crate::admission::Policies;
use crate::authn::{AccountTokens, Authenticator, ISSUER, User};
use crate::authz::{self, Authorizer};
use crate::bootstrap;
use crate::clock::Timestamp;
use crate::compaction;
use crate::listener::{self, ServeError};
use crate::openapi::Documents;
use crate::options::Options;
use crate::pki::{Pki, PkiError};
use crate::random::Random;
use crate::registry::{Registry, ResourceInfo, View};
use crate::service::ApiService;
use crate::store::{DiskError, Store};

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gave no randomness.
    #[error("no randomness from the system")]
    Randomness,
    /// The key for service account tokens cannot be used.
    #[error("unusable key for service account tokens")]
    AccountKey,
    /// The objects of the data directory are not to be had.
    #[error("cannot use the stored objects: {0}")]
    Disk(#[from] DiskError),
    /// The keys or certificates are not to be had.
    #[error("no certificate authority")]
    Pki(#[from] PkiError),
}

/// What all requests share.
pub(crate) struct Core {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) random: Random,
    pub(crate) authenticator: Authenticator,
    pub(crate) account_tokens: AccountTokens,
    pub(crate) authorizer: Authorizer,
    pub(crate) policies: Policies,
    pub(crate) pki: Pki,
    pub(crate) documents: Documents,
    /// Becomes true when watches have to end.
    pub(crate) stopping: tokio::sync::watch::Sender<bool>,
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// Returns whose a service account's token is, if it is for this server.
    pub(crate) fn account_of(&self, token: &str) -> Option<User> {
        self.review_account(token, &[]).map(|(user, _)| user)
    }

    fn review_account(&self, token: &str, audiences: &[String]) -> Option<(User, Vec<String>)> {
        let own = [ISSUER.to_owned()];
        let audiences = if audiences.is_empty() { own.as_slice() } else { audiences };
        let view = View::new(&self.store);
        let identity = self.account_tokens.check(token, self.now(), view, audiences)?;
        Some((identity.user, identity.audiences))
    }

    /// Returns whose any token is, and for whom of `audiences` it is meant.
    pub(crate) fn review_token(
        &self,
        token: &str,
        audiences: &[String],
    ) -> Option<(User, Vec<String>)> {
        if let Some(user) = self.authenticator.static_user(token) {
            let audiences =
                if audiences.is_empty() { vec![ISSUER.to_owned()] } else { audiences.to_vec() };
            return Some(((*user).clone(), audiences));
        }
        self.review_account(token, audiences)
    }

    pub(crate) fn admin_token(&self) -> &str {
        self.authenticator.admin_token()
    }
}

/// An API server.
#[derive(Clone)]
pub struct Server {
    core: Arc<Core>,
}

impl Server {
    /// Starts a server with all built-in kinds. Needs a tokio runtime if controllers are on.
    ///
    /// # Errors
    /// The data directory cannot be used, or the system gives no randomness.
    pub fn start(options: Options) -> Result<Self, StartError> {
        Self::with_resources(options, crate::builtin::resources())
    }

    /// Starts a server with the given kinds.
    ///
    /// # Errors
    /// See [`Server::start`].
    pub fn with_resources(
        options: Options,
        resources: Vec<ResourceInfo>,
    ) -> Result<Self, StartError> {
        let seed = match options.seed {
            Some(seed) => seed,
            None => system_seed()?,
        };
        let random = Random::from_seed(seed);
        let authenticator = Authenticator::new(&options.token_users, &random);
        let store = match &options.data_dir {
            Some(data_dir) => Store::open_at(data_dir)?,
            None => Store::default(),
        };
        for info in &resources {
            store.open(&info.storage);
        }
        let registry = Registry::new(resources);
        let pki = Pki::open(options.data_dir.as_deref())?;
        let stopping = tokio::sync::watch::Sender::new(false);
        let account_tokens =
            AccountTokens::new(pki.account_key_der()).ok_or(StartError::AccountKey)?;
        let authorizer = Authorizer::new(options.controllers.role_aggregation);
        let core = Arc::new(Core {
            options,
            store,
            registry,
            random,
            authenticator,
            account_tokens,
            authorizer,
            policies: Policies::default(),
            pki,
            documents: Documents::default(),
            stopping,
        });
        bootstrap::install(&core);
        authz::install_bootstrap_policy(&core);
        crate::crd::register_stored(&core);
        crate::controllers::start(&core);
        compaction::start(&core);
        Ok(Self { core })
    }

    /// Returns the service that answers requests, without a socket.
    pub fn service(&self) -> ApiService {
        ApiService::new(self.core.clone())
    }

    /// Answers requests on a socket, encrypted, until `shutdown`; then open requests get a moment
    /// to end and watches are ended.
    ///
    /// # Errors
    /// No serving certificate could be made.
    pub async fn serve_tls(
        &self,
        listener: tokio::net::TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServeError> {
        let config = listener::tls_config(&self.core.pki, &self.core.options.host_names)?;
        listener::serve(listener, config, self.service(), shutdown).await;
        Ok(())
    }

    /// Returns the certificate of the authority that signs the server's, for kubeconfigs.
    pub fn ca_pem(&self) -> &str {
        self.core.pki.ca_pem()
    }

    /// Returns the bearer token of the bootstrap administrator (group `system:masters`).
    pub fn admin_token(&self) -> &str {
        self.core.authenticator.admin_token()
    }
}

fn system_seed() -> Result<u64, StartError> {
    let mut bytes = [0; 8];
    let random = aws_lc_rs::rand::SystemRandom::new();
    aws_lc_rs::rand::SecureRandom::fill(&random, &mut bytes).map_err(|_| StartError::Randomness)?;
    Ok(u64::from_le_bytes(bytes))
}
