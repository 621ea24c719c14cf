//! Where a repository is and how to get in.

use gix_transport::client::blocking_io::http::Transport;

use crate::http::Http;
use crate::{Cancel, GitError};

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
        if !matches!(parsed.scheme, gix::url::Scheme::Http | gix::url::Scheme::Https) {
            let scheme = parsed.scheme.as_str();
            return Err(GitError::Url(format!("unsupported protocol scheme {scheme:?}")));
        }
        let user = parsed.user().map(str::to_owned);
        let password = parsed.password().map(str::to_owned);
        parsed.set_user(None);
        parsed.set_password(None);
        let credentials = match (user, password) {
            (None, None) => Credentials::None,
            (username, password) => Credentials::Basic {
                username: username.unwrap_or_default(),
                password: password.unwrap_or_default(),
            },
        };
        Ok(Self { url: parsed, credentials, tls: Tls::default(), proxy: None })
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

    /// Returns the credentials.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Returns the address without credentials.
    pub fn shown(&self) -> String {
        self.url.to_bstring().to_string()
    }

    pub(crate) fn connect(&self, cancel: &Cancel) -> Result<Connection, GitError> {
        let http = Http::new(self, cancel)?;
        let failure = http.failure();
        // Version 1 is asked for by asking for nothing: references come with the first answer.
        let version = gix_transport::Protocol::V1;
        let transport = Transport::new_http(http, self.url.clone(), version, false);
        Ok(Connection { transport, failure })
    }
}

/// A connection and the place where it notes what went wrong.
pub(crate) struct Connection {
    pub(crate) transport: Transport<Http>,
    pub(crate) failure: crate::http::Failure,
}
