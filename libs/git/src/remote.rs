//! Where a repository is and how to get in.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use gix::url::Scheme;
use gix_transport::Protocol;
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::blocking_io::http::Transport as HttpTransport;

use crate::http::Http;
use crate::shell::{self, Account, Shell};
use crate::{Cancel, GitError, TransportError};

#[cfg(test)]
mod tests;

/// How to prove who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Not at all.
    #[default]
    None,
    /// A user name and a password.
    Basic {
        /// The user.
        username: String,
        /// The password, which may be empty.
        password: String,
    },
    /// A token.
    Bearer(String),
}

impl std::fmt::Debug for Credentials {
    /// Names the kind only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Basic { .. } => "Basic",
            Self::Bearer(_) => "Bearer",
        })
    }
}

/// Certificates in PEM.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Authorities that are trusted besides those of the system.
    pub authorities: Option<Vec<u8>>,
    /// The certificate of this side, with its chain.
    pub certificate: Option<Vec<u8>>,
    /// The key of that certificate.
    pub key: Option<Vec<u8>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// A repository on a server.
#[derive(Clone)]
pub struct Remote {
    pub(crate) url: gix::Url,
    pub(crate) credentials: Credentials,
    pub(crate) tls: Tls,
    pub(crate) proxy: Option<String>,
    pub(crate) shell: Option<Arc<dyn Shell>>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("url", &self.shown()).finish_non_exhaustive()
    }
}

impl Remote {
    /// Parses an `http`, `https` or `ssh` address. Its user and password become credentials.
    ///
    /// # Errors
    /// The text is no address, or has another scheme.
    pub fn parse(url: &str) -> Result<Self, GitError> {
        let mut parsed =
            gix::Url::try_from(url).map_err(|error| GitError::Url(error.to_string()))?;
        if !matches!(parsed.scheme, Scheme::Http | Scheme::Https | Scheme::Ssh) {
            let scheme = parsed.scheme.as_str();
            return Err(GitError::Url(format!("unsupported protocol scheme {scheme:?}")));
        }
        let user = parsed.user().map(str::to_owned);
        let password = parsed.password().map(str::to_owned);
        parsed.set_password(None);
        if parsed.scheme != Scheme::Ssh {
            // The user of an ssh address is part of it, and no secret.
            parsed.set_user(None);
        }
        let credentials = match (user, password) {
            (None, None) => Credentials::None,
            (username, password) => Credentials::Basic {
                username: username.unwrap_or_default(),
                password: password.unwrap_or_default(),
            },
        };
        Ok(Self { url: parsed, credentials, tls: Tls::default(), proxy: None, shell: None })
    }

    /// Reports whether the address asks for SSH, which needs [`Remote::with_shell`].
    pub fn is_ssh(&self) -> bool {
        self.url.scheme == Scheme::Ssh
    }

    /// Replaces the credentials of the address.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// Sets certificates.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Goes through the proxy at this address (`http`, `https`, `socks5`) instead of the one that
    /// the environment names.
    #[must_use]
    pub fn with_proxy(mut self, proxy: impl Into<String>) -> Self {
        self.proxy = Some(proxy.into());
        self
    }

    /// Runs Git's programs on the server through this shell, for `ssh` addresses.
    #[must_use]
    pub fn with_shell(mut self, shell: Arc<dyn Shell>) -> Self {
        self.shell = Some(shell);
        self
    }

    /// Returns the credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Returns the address without credentials.
    pub fn shown(&self) -> String {
        self.url.to_bstring().to_string()
    }

    pub(crate) fn connect(&self, cancel: &Cancel) -> Result<Connection, GitError> {
        if self.is_ssh() {
            return self.connect_shell(cancel);
        }
        let http = Http::new(self, cancel)?;
        let failure = http.failure();
        // Version 1 is asked for by asking for nothing: references come with the first answer.
        let transport = HttpTransport::new_http(http, self.url.clone(), Protocol::V1, false);
        Ok(Connection { transport: Box::new(transport), failure })
    }

    fn connect_shell(&self, cancel: &Cancel) -> Result<Connection, GitError> {
        let none = || GitError::Credentials("no SSH identity is given".to_owned());
        let shell = self.shell.as_ref().ok_or_else(none)?;
        let account = Account {
            host: self.url.host().unwrap_or_default().to_owned(),
            port: self.url.port.unwrap_or(22),
            user: self.url.user().unwrap_or("git").to_owned(),
        };
        let failure = Failure::default();
        let transport = shell::connect(&**shell, &account, &self.url, &failure, cancel);
        Ok(Connection { transport, failure })
    }
}

/// A connection and the place where it notes what went wrong.
pub(crate) struct Connection {
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) failure: Failure,
}

/// The first thing that went wrong on a connection.
#[derive(Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<TransportError>>>);

impl Failure {
    /// Notes the first failure and returns it as the error of a reader.
    pub(crate) fn note(&self, error: TransportError) -> io::Error {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = error.to_string();
        slot.get_or_insert(error);
        io::Error::other(text)
    }

    /// Takes what was noted.
    pub(crate) fn take(&self) -> Option<TransportError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
