//! Names of registries, repositories and what is in them, by go-containerregistry's rules.

use std::fmt;
use std::net::IpAddr;

use crate::Digest;

#[cfg(test)]
mod tests;

/// Where names without a registry belong.
const DEFAULT_REGISTRY: &str = "index.docker.io";

/// Another name of the default registry.
const DOCKER_HUB: &str = "docker.io";

/// A repository's name is no longer than this.
const MAX_REPOSITORY: usize = 255;

/// A tag is no longer than this.
const MAX_TAG: usize = 128;

/// Why a text names nothing in a registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not parse reference: {0}")]
pub struct InvalidReference(String);

/// Whether a registry may be spoken to without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Insecure {
    /// Only if its name says that it is near: loopback, private addresses, `.local`.
    #[default]
    Refused,
    /// It may.
    Allowed,
}

/// A registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Registry {
    host: String,
    insecure: Insecure,
}

impl Registry {
    /// Returns host and port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Reports whether plain HTTP is tried where TLS fails.
    pub fn may_be_plain(&self) -> bool {
        self.insecure == Insecure::Allowed || is_near(&self.host)
    }
}

/// Reports whether a host is this one or in a private network.
fn is_near(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    if name == "localhost" || name.ends_with(".local") {
        return true;
    }
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_loopback(),
        Ok(IpAddr::V6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

/// A repository of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Repository {
    registry: Registry,
    path: String,
}

impl Repository {
    /// Reads `host/path`; a first part without dot and port belongs to the path.
    ///
    /// # Errors
    /// Letters that no name has, or a name that is too short or too long.
    pub fn parse(text: &str, insecure: Insecure) -> Result<Self, InvalidReference> {
        let bad = |why: String| InvalidReference(why);
        if text.is_empty() {
            return Err(bad("a repository name must be specified".to_owned()));
        }
        let is_host = |part: &str| part.contains('.') || part.contains(':') || part == "localhost";
        let (host, path) = match text.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest),
            _ => ("", text),
        };
        let is_valid = |b: u8| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.' | b'/')
        };
        let path_only = path.split(':').next().unwrap_or_default();
        if path_only.len() < 2 || path_only.len() > MAX_REPOSITORY {
            return Err(bad(format!(
                "repository must be between 2 and {MAX_REPOSITORY} characters in length: {path}"
            )));
        }
        if !path.bytes().all(is_valid) {
            return Err(bad(format!(
                "repository can only contain the characters \
                 `abcdefghijklmnopqrstuvwxyz0123456789_-./`: {path}"
            )));
        }
        let host = match host {
            "" | DOCKER_HUB => DEFAULT_REGISTRY,
            given => given,
        };
        let is_valid_host = host.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']' | b'_')
        });
        if !is_valid_host || reqwest::Url::parse(&format!("https://{host}/")).is_err() {
            return Err(bad(format!("registries must be valid RFC 3986 URI authorities: {host}")));
        }
        let path = if host == DEFAULT_REGISTRY && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        };
        Ok(Self { registry: Registry { host: host.to_owned(), insecure }, path })
    }

    /// Returns the registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns the name inside the registry.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Names what a tag stands for.
    ///
    /// # Errors
    /// Letters that no tag has, or too many.
    pub fn tag(&self, tag: &str) -> Result<Reference, InvalidReference> {
        let is_valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        if tag.is_empty() || tag.len() > MAX_TAG {
            let why = format!("tag must be between 1 and {MAX_TAG} characters in length: {tag}");
            return Err(InvalidReference(why));
        }
        if !tag.bytes().all(is_valid) {
            return Err(InvalidReference(format!(
                "tag can only contain the characters `abcdefghijklmnopqrstuvwxyz0123456789_-.\
                 ABCDEFGHIJKLMNOPQRSTUVWXYZ`: {tag}"
            )));
        }
        Ok(Reference { repository: self.clone(), version: Version::Tag(tag.to_owned()) })
    }

    /// Names exactly these bytes.
    pub fn at(&self, digest: Digest) -> Reference {
        Reference { repository: self.clone(), version: Version::Digest(digest) }
    }

    /// Names exactly these bytes, given as text.
    ///
    /// # Errors
    /// The text is no digest.
    pub fn digest(&self, text: &str) -> Result<Reference, InvalidReference> {
        let digest = text
            .parse()
            .map_err(|()| InvalidReference(format!("unsupported digest algorithm: {text}")))?;
        Ok(self.at(digest))
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry.host, self.path)
    }
}

/// What in a repository is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// What a tag stands for now.
    Tag(String),
    /// Exactly these bytes.
    Digest(Digest),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// A manifest in a repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reference {
    repository: Repository,
    version: Version,
}

impl Reference {
    /// Reads `host/path:tag` or `host/path@digest`; without either, the tag is `latest`.
    ///
    /// # Errors
    /// See [`Repository::parse`].
    pub fn parse(text: &str, insecure: Insecure) -> Result<Self, InvalidReference> {
        if let Some((name, digest)) = text.split_once('@') {
            // A tag beside a digest says nothing.
            let name = split_tag(name).0;
            return Repository::parse(name, insecure)?.digest(digest);
        }
        let (name, tag) = split_tag(text);
        Repository::parse(name, insecure)?.tag(tag.unwrap_or("latest"))
    }

    /// Returns the repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Returns tag or digest.
    pub fn version(&self) -> &Version {
        &self.version
    }
}

fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Version::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Version::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}
