//! An OCI registry in memory: tokens, passwords, client certificates, referrers, faults on demand.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::http::{Running, start};

mod answer;
mod artifact;

pub use artifact::Artifact;

/// Who is let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Who sends this user and password.
    Basic(String, String),
    /// Who got a token, for a user and a password, or a refresh token.
    Token {
        /// The user.
        username: String,
        /// The password.
        password: String,
        /// What is exchanged for tokens, too.
        refresh: String,
    },
    /// Who got a token, which everybody gets for reading.
    AnonymousToken,
}

/// What one kind of request gets instead of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, with a `Retry-After` header if the second is given.
    Status(u16, Option<u64>),
    /// The answer, cut after so many bytes.
    CutAfter(usize),
    /// Other bytes than those asked for.
    Lie,
    /// Nothing.
    Silence,
    /// The request is heard in part: so many bytes of an upload count, then the status.
    LoseUpload(usize),
}

struct Plan {
    method: &'static str,
    part: String,
    fault: Fault,
    left: usize,
}

/// A manifest that is stored.
#[derive(Clone)]
struct Manifest {
    media_type: String,
    bytes: Bytes,
}

#[derive(Default)]
struct Repository {
    blobs: BTreeMap<String, Bytes>,
    manifests: BTreeMap<String, Manifest>,
    tags: BTreeMap<String, String>,
}

#[derive(Default)]
struct State {
    repositories: BTreeMap<String, Repository>,
    uploads: HashMap<String, Vec<u8>>,
    access: Access,
    tokens: BTreeMap<String, String>,
    faults: Vec<Plan>,
    requests: Vec<String>,
    page: usize,
    has_no_referrers: bool,
    counter: u64,
    /// Where tokens are given.
    realm: String,
}

/// A running registry, which ends with this value.
pub struct Server {
    running: Running,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts an empty registry.
    ///
    /// # Errors
    /// There is no free port.
    pub fn start(tls: Option<Arc<rustls::ServerConfig>>) -> anyhow::Result<Self> {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let state = Arc::new(Mutex::new(State::default()));
        let served = Arc::clone(&state);
        let running = start(tls, move |request| {
            let mut state = served.lock().unwrap_or_else(PoisonError::into_inner);
            std::future::ready(state.respond(&request))
        })?;
        let server = Self { running, state };
        server.lock().realm = format!("{scheme}://{}/token", server.host());
        Ok(server)
    }

    /// Returns host and port.
    pub fn host(&self) -> String {
        self.running.address().to_string()
    }

    /// From now on lets in only these, and forgets all tokens.
    pub fn set_access(&self, access: Access) {
        let mut state = self.lock();
        state.access = access;
        state.tokens.clear();
    }

    /// From now on sends those who need a token here.
    pub fn set_realm(&self, address: &str) {
        address.clone_into(&mut self.lock().realm);
    }

    /// From now on lists so many tags on a page.
    pub fn set_page(&self, page: usize) {
        self.lock().page = page;
    }

    /// From now on does not know the list of referrers.
    pub fn forget_referrers(&self) {
        self.lock().has_no_referrers = true;
    }

    /// The next `times` requests of a method, whose path contains `part`, get a fault.
    pub fn fail(&self, method: &'static str, part: &str, fault: Fault, times: usize) {
        self.lock().faults.push(Plan { method, part: part.to_owned(), fault, left: times });
    }

    /// Forgets the faults that are left.
    pub fn recover(&self) {
        self.lock().faults.clear();
    }

    /// Returns and forgets the requests so far, such as `GET /v2/app/tags/list`.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().requests)
    }

    /// Returns the digest that a tag stands for.
    pub fn tagged(&self, repository: &str, tag: &str) -> Option<String> {
        self.lock().repositories.get(repository)?.tags.get(tag).cloned()
    }

    /// Stores a blob and returns its digest.
    pub fn put_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        let digest = digest(&bytes);
        let mut state = self.lock();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository.blobs.insert(digest.clone(), bytes);
        digest
    }

    /// Stores a manifest under tags and returns its digest.
    pub fn put_manifest(
        &self,
        repository: &str,
        media_type: &str,
        (bytes, tags): (impl Into<Bytes>, &[&str]),
    ) -> String {
        let bytes = bytes.into();
        let digest = digest(&bytes);
        let mut state = self.lock();
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        let manifest = Manifest { media_type: media_type.to_owned(), bytes };
        repository.manifests.insert(digest.clone(), manifest);
        for tag in tags {
            repository.tags.insert((*tag).to_owned(), digest.clone());
        }
        digest
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Computes a digest as registries write it.
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}
