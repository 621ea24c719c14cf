//! Files of Helm repositories over HTTP.

use std::time::Duration;

use reqwest::{Client, Url};

/// A redirect is followed so often.
const MAX_REDIRECTS: usize = 10;

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GetError {
    #[error("failed to fetch {url} : {status}")]
    Status { url: String, status: String },
    #[error("{0}")]
    Connection(String),
    #[error("size of '{url}' exceeds '{limit}' bytes limit")]
    TooLarge { url: String, limit: u64 },
}

/// Who asks, and how.
#[derive(Clone, Default)]
pub(crate) struct Way {
    pub(crate) tls: flux_oci::Tls,
    /// User and password, both of them or none.
    pub(crate) credentials: Option<(String, String)>,
    /// Whether other hosts get them as well.
    pub(crate) passes_credentials: bool,
    pub(crate) timeout: Duration,
}

/// Gets files of one repository.
pub(crate) struct Getter {
    http: Client,
    way: Way,
    base: Url,
}

/// Reads the address of a repository.
///
/// # Errors
/// It is none, or none that files are had from over HTTP.
pub(crate) fn parse(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url).map_err(|error| format!("parse {url:?}: {error}"))?;
    match parsed.scheme() {
        "http" | "https" => Ok(parsed),
        "oci" => Err(format!("{url:?} is an address of a repository of type oci")),
        other => Err(format!("scheme {other:?} not supported")),
    }
}

impl Getter {
    /// Makes a getter for a repository.
    ///
    /// # Errors
    /// Certificates cannot be used.
    pub(crate) fn new(base: Url, way: Way) -> Result<Self, String> {
        let failed = |error: reqwest::Error| {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(inner) = source {
                text = format!("{text}: {inner}");
                source = inner.source();
            }
            text
        };
        let mut builder = Client::builder()
            .user_agent("Helm/4.2")
            .timeout(way.timeout)
            .redirect(reqwest::redirect::Policy::limited(MAX_REDIRECTS));
        if let Some(pem) = &way.tls.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(pem).map_err(failed)?;
            builder = authorities.into_iter().fold(builder, |b, ca| b.add_root_certificate(ca));
        }
        if let Some((certificate, key)) = &way.tls.identity {
            let pem = [certificate.as_slice(), b"\n", key].concat();
            builder = builder.identity(reqwest::Identity::from_pem(&pem).map_err(failed)?);
        }
        Ok(Self { http: builder.build().map_err(failed)?, way, base })
    }

    /// Returns the address of a file of the repository, whose query stays.
    pub(crate) fn address(&self, file: &str) -> Url {
        let mut url = self.base.clone();
        let joined = format!("{}/{file}", self.base.path().trim_end_matches('/'));
        url.set_path(&joined);
        url
    }

    /// Returns the address of what an index names, which may be elsewhere.
    ///
    /// # Errors
    /// It is no address.
    pub(crate) fn resolve(&self, name: &str) -> Result<Url, String> {
        let bad =
            |error: &dyn std::fmt::Display| format!("invalid chart URL format: {name}: {error}");
        if name.contains("://") {
            return Url::parse(name).map_err(|error| bad(&error));
        }
        let mut base = self.base.clone();
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        let mut url = base.join(name).map_err(|error| bad(&error))?;
        if url.query().is_none() {
            url.set_query(self.base.query());
        }
        Ok(url)
    }

    /// Gets a file that is no larger than `limit`.
    pub(crate) async fn get(&self, url: &Url, limit: u64) -> Result<Vec<u8>, GetError> {
        let broken = |error: reqwest::Error| GetError::Connection(connection(url, &error));
        let mut request = self.http.get(url.clone());
        if let Some((user, password)) = self.way.credentials.as_ref().filter(|_| self.trusts(url)) {
            request = request.basic_auth(user, Some(password));
        }
        let mut response = request.send().await.map_err(broken)?;
        let shown = url.to_string();
        if response.status() != reqwest::StatusCode::OK {
            let status = response.status();
            let reason = status.canonical_reason().unwrap_or_default();
            let status = format!("{} {reason}", status.as_u16());
            return Err(GetError::Status { url: shown, status });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > limit {
                return Err(GetError::TooLarge { url: shown, limit });
            }
        }
        Ok(bytes)
    }

    /// Whether an address may see the password.
    fn trusts(&self, url: &Url) -> bool {
        let of = |url: &Url| {
            let port = url.port_or_known_default();
            (url.scheme().to_owned(), url.host_str().map(str::to_owned), port)
        };
        self.way.passes_credentials || of(url) == of(&self.base)
    }
}

/// Words a connection that failed as Go does.
fn connection(url: &Url, error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut text = error.to_string();
    if error.is_timeout() {
        text = "context deadline exceeded".to_owned();
        source = None;
    }
    while let Some(inner) = source {
        let io = inner.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
            let address = url.host_str().unwrap_or_default();
            let port = url.port_or_known_default().unwrap_or_default();
            text = format!("dial tcp {address}:{port}: connect: connection refused");
            break;
        }
        text = inner.to_string();
        source = inner.source();
    }
    format!("Get \"{url}\": {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn getter(base: &str, passes_credentials: bool) -> Getter {
        let way = Way { passes_credentials, timeout: Duration::from_secs(1), ..Way::default() };
        Getter::new(parse(base).unwrap(), way).unwrap()
    }

    #[test]
    fn addresses_are_joined_and_queries_stay() {
        let getter = getter("https://h.io/charts/?key=1", false);
        assert_eq!(getter.address("index.yaml").as_str(), "https://h.io/charts/index.yaml?key=1");
        let resolve = |name: &str| getter.resolve(name).unwrap().to_string();
        assert_eq!(resolve("a-1.tgz"), "https://h.io/charts/a-1.tgz?key=1");
        assert_eq!(resolve("/b/a-1.tgz"), "https://h.io/b/a-1.tgz?key=1");
        assert_eq!(resolve("https://other.io/a-1.tgz"), "https://other.io/a-1.tgz");
    }

    #[test]
    fn passwords_stay_with_their_host_unless_they_are_to_be_passed_on() {
        let trusts = |passes, url: &str| {
            getter("https://h.io/charts", passes).trusts(&Url::parse(url).unwrap())
        };
        assert!(trusts(false, "https://h.io:443/other"));
        assert!(!trusts(false, "http://h.io/charts") && !trusts(false, "https://x.io/charts"));
        assert!(trusts(true, "https://x.io/charts"));
    }

    #[test]
    fn only_http_is_spoken() {
        assert!(parse("oci://h.io/charts").unwrap_err().contains("type oci"));
        assert!(parse("ftp://h.io/charts").unwrap_err().contains("not supported"));
    }
}
