//! A running server: what is shared by all requests, and how to reach it.

use std::sync::Arc;

use crate::authn::Authenticator;
use crate::clock::Timestamp;
use crate::options::Options;
use crate::random::Random;
use crate::registry::{Registry, ResourceInfo};
use crate::service::ApiService;
use crate::store::Store;

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The system gave no randomness.
    #[error("no randomness from the system")]
    Randomness,
}

/// What all requests share.
pub(crate) struct Core {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) random: Random,
    pub(crate) authenticator: Authenticator,
}

impl Core {
    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
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
        let store = Store::default();
        for info in &resources {
            store.open(&info.storage);
        }
        let registry = Registry::new(resources);
        let core = Arc::new(Core { options, store, registry, random, authenticator });
        Ok(Self { core })
    }

    /// Returns the service that answers requests, without a socket.
    pub fn service(&self) -> ApiService {
        ApiService::new(self.core.clone())
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
