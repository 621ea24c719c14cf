//! A Git server on loopback: `git http-backend` behind HTTP, with faults on demand.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use tempfile::TempDir;

mod backend;
mod repository;
mod serve;

pub use repository::{File, Repository};

/// What the server does instead of answering properly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing special.
    #[default]
    None,
    /// Answers every request with this status and text.
    Status(u16, String),
    /// Answers with a web page.
    Garbage,
    /// Cuts the connection after so many bytes of the answer to a POST.
    CutAfter(usize),
    /// Accepts requests and never answers.
    Silence,
}

/// Who may read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// Who sends exactly this `Authorization` header.
    Header(String),
}

impl Access {
    /// Lets in whoever knows this user and password.
    pub fn basic(user: &str, password: &str) -> Self {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        Self::Header(format!("Basic {}", engine.encode(format!("{user}:{password}"))))
    }

    /// Lets in whoever has this token.
    pub fn bearer(token: &str) -> Self {
        Self::Header(format!("Bearer {token}"))
    }
}

/// What tests change while the server runs.
#[derive(Default)]
struct Switches {
    fault: Fault,
    access: Access,
    requests: Vec<String>,
}

/// A running server, which ends with this value.
pub struct Server {
    root: TempDir,
    address: SocketAddr,
    switches: Arc<Mutex<Switches>>,
    /// Dropped to end the thread.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Server {
    /// Starts a server without repositories; `None`, with a remark, where there is no `git`.
    ///
    /// # Errors
    /// There is no temporary directory or no free port.
    pub fn start() -> anyhow::Result<Option<Self>> {
        if !backend::is_installed() {
            eprintln!("skipped: this test needs the git program");
            return Ok(None);
        }
        let root = tempfile::tempdir().context("temporary directory")?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").context("port on loopback")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let switches = Arc::new(Mutex::new(Switches::default()));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = serve::Served { root: root.path().into(), switches: Arc::clone(&switches) };
        std::thread::Builder::new()
            .name("git-server".to_owned())
            .spawn(move || serve::run(listener, served, stopped))
            .context("thread")?;
        Ok(Some(Self { root, address, switches, _stop: stop }))
    }

    /// Returns the address of the repository `name`, which need not exist.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.address)
    }

    /// Returns the port on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the repository `name`, creating it empty if it does not exist.
    ///
    /// # Errors
    /// `git` failed.
    pub fn repository(&self, name: &str) -> anyhow::Result<Repository> {
        Repository::at(self.directory(name))
    }

    /// Returns where the repository `name` is on disk.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.root.path().join(format!("{name}.git"))
    }

    /// From now on answers this way.
    pub fn set_fault(&self, fault: Fault) {
        self.switches().fault = fault;
    }

    /// From now on lets only these in.
    pub fn set_access(&self, access: Access) {
        self.switches().access = access;
    }

    /// Returns and forgets the requests so far, such as `GET /app.git/info/refs`.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.switches().requests)
    }

    fn switches(&self) -> std::sync::MutexGuard<'_, Switches> {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
