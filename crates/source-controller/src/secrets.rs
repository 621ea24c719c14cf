//! Credentials, certificates and proxies out of Secrets.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flux_cluster::{Cluster, Error, Target};
use flux_git::{Credentials, GitError, Remote, Tls};
use flux_manifest::GroupVersionKind;

#[cfg(test)]
mod tests;

/// A proxy's address is no longer than this.
const MAX_PROXY_URL: usize = 2_048;

/// What a Secret holds, decoded.
pub(crate) type Data = BTreeMap<String, Vec<u8>>;

/// Reads a Secret.
pub(crate) async fn read(cluster: &Cluster, namespace: &str, name: &str) -> Result<Data, Error> {
    let kind = GroupVersionKind::new("", "v1", "Secret");
    let secret = cluster.get(&Target::new(kind, namespace, name)).await?;
    let mut data = Data::new();
    let entries = secret.pointer("/data").and_then(|data| data.as_object());
    for (key, value) in entries.into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| Error::Malformed(format!("data.{key}: {error}")))?;
        data.insert(key.clone(), bytes);
    }
    Ok(data)
}

fn text(data: &Data, key: &str) -> Option<String> {
    data.get(key).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// Why a Secret gives no access.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccessError {
    /// A password without a user.
    #[error("invalid '{0}' auth option: 'password' requires 'username' to be set")]
    NoUser(String),
    /// Something that SSH cannot do without.
    #[error("invalid 'ssh' auth option: '{0}' is required")]
    Missing(&'static str),
    /// The repository's address is none.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Adds what a Secret says to what the address of a repository says.
///
/// # Upstream
/// A user and a password of the address fill in what the Secret does not have.
pub(crate) fn remote(url: &str, data: &Data) -> Result<Remote, AccessError> {
    let remote = Remote::parse(url)?;
    if remote.is_ssh() {
        let is_there = |key: &str| data.get(key).is_some_and(|value| !value.is_empty());
        let missing = ["identity", "known_hosts"].into_iter().find(|key| !is_there(key));
        return missing.map_or(Ok(remote), |key| Err(AccessError::Missing(key)));
    }
    let (url_user, url_password) = match remote.credentials() {
        Credentials::Basic { username, password } => (username.clone(), password.clone()),
        Credentials::None | Credentials::Bearer(_) => (String::new(), String::new()),
    };
    let scheme = url.split("://").next().unwrap_or_default().to_owned();
    let or = |own: Option<String>, other: String| own.filter(|t| !t.is_empty()).unwrap_or(other);
    if let Some(token) = text(data, "bearerToken") {
        if !url_user.is_empty() || !url_password.is_empty() {
            return Err(GitError::AmbiguousCredentials.into());
        }
        return Ok(remote.with_credentials(Credentials::Bearer(token)).with_tls(tls(data)));
    }
    let username = or(text(data, "username"), url_user);
    let password = or(text(data, "password"), url_password);
    if username.is_empty() && !password.is_empty() {
        return Err(AccessError::NoUser(scheme));
    }
    let credentials = match username.is_empty() {
        true => Credentials::None,
        false => Credentials::Basic { username, password },
    };
    Ok(remote.with_credentials(credentials).with_tls(tls(data)))
}

/// Reads certificates.
pub(crate) fn tls(data: &Data) -> Tls {
    let filled = |key: &str| data.get(key).filter(|bytes| !bytes.is_empty()).cloned();
    Tls {
        authorities: filled("ca.crt").or_else(|| filled("caFile")),
        certificate: filled("tls.crt"),
        key: filled("tls.key"),
    }
}

/// Reads certificates that must make sense.
///
/// # Errors
/// There are none, or only half of a pair.
pub(crate) fn certificates(data: &Data, secret: &str) -> Result<flux_oci::Tls, String> {
    let Tls { authorities, certificate, key } = tls(data);
    let legacy = |key: &str| data.get(key).filter(|bytes| !bytes.is_empty()).cloned();
    let certificate = certificate.or_else(|| legacy("certFile"));
    let key = key.or_else(|| legacy("keyFile"));
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => {
            return Err(format!("secret '{secret}': found 'tls.crt' but not 'tls.key'"));
        }
        (None, Some(_)) => {
            return Err(format!("secret '{secret}': found 'tls.key' but not 'tls.crt'"));
        }
    };
    if identity.is_none() && authorities.is_none() {
        return Err(format!(
            "secret '{secret}' must contain either 'ca.crt' or both 'tls.crt' and 'tls.key'"
        ));
    }
    Ok(flux_oci::Tls { authorities, identity, trust_anybody: false })
}

/// Reads a Secret with the address of a proxy.
///
/// # Errors
/// It is not there, or holds no address.
pub(crate) async fn read_proxy(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<String, String> {
    let full = format!("{namespace}/{name}");
    match read(cluster, namespace, name).await {
        Ok(data) => proxy(&data, &full),
        Err(error) if error.is_not_found() => Err(format!("secret '{full}' not found")),
        Err(error) => Err(format!("failed to get secret '{full}': {error}")),
    }
}

/// Reads the address of a proxy, with its credentials in it.
pub(crate) fn proxy(data: &Data, secret: &str) -> Result<String, String> {
    let address = text(data, "address")
        .ok_or_else(|| format!("secret '{secret}': key 'address' not found"))?;
    if address.is_empty() {
        return Err(format!("secret '{secret}': proxy address is empty"));
    }
    if address.len() > MAX_PROXY_URL {
        return Err(format!(
            "secret '{secret}': proxy URL exceeds maximum length of {MAX_PROXY_URL} characters"
        ));
    }
    let scheme = address.split("://").next().filter(|_| address.contains("://"));
    let scheme = scheme.unwrap_or_default();
    if !matches!(scheme, "http" | "https" | "socks5") {
        return Err(format!(
            "secret '{secret}': proxy URL must use one of the supported schemes \
             (http, https, socks5), got '{scheme}'"
        ));
    }
    let mut url = reqwest::Url::parse(&address).map_err(|error| {
        format!("secret '{secret}': failed to parse proxy address '{address}': {error}")
    })?;
    let user = text(data, "username");
    let password = text(data, "password").filter(|_| user.is_some());
    if let Some(user) = user {
        let is_set =
            url.set_username(&user).is_ok() && url.set_password(password.as_deref()).is_ok();
        if !is_set {
            return Err(format!("secret '{secret}': proxy address cannot carry credentials"));
        }
    }
    Ok(url.to_string())
}
