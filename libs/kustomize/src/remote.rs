//! Bases and files on the network.

use crate::error::{BuildError, Cause, Result};

/// Brings bases and files from the network.
pub trait Fetcher: Send + Sync {
    /// Returns the files of a repository, at the commit that `spec` asks for.
    ///
    /// # Errors
    /// What is to be reported in place of the original's clone error.
    fn repository(&self, spec: &RepoSpec) -> Result<Box<dyn flux_tree::Tree>, BuildError>;

    /// Returns the content at a URL.
    ///
    /// # Errors
    /// As [`Fetcher::repository`]; `None` where the server answered with another status than success.
    fn file(&self, url: &str) -> Result<Vec<u8>, FileError>;
}

/// Why a file could not be brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// The server answered with a status that means failure, such as `404 (Not Found)`.
    Status(u16, String),
    /// There was no answer.
    Failed(BuildError),
}

/// Refuses everything that is on the network.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRemote;

impl NoRemote {
    fn refusal(what: &str) -> BuildError {
        let text = format!("remote bases are not allowed: '{what}'");
        BuildError::with_cause(text, Cause::RemoteRefused)
    }
}

impl Fetcher for NoRemote {
    fn repository(&self, spec: &RepoSpec) -> Result<Box<dyn flux_tree::Tree>, BuildError> {
        Err(Self::refusal(&spec.raw))
    }

    fn file(&self, url: &str) -> Result<Vec<u8>, FileError> {
        Err(FileError::Failed(Self::refusal(url)))
    }
}

/// A repository, a directory in it and a revision, read from a URL such as
/// `https://github.com/org/repo//path?ref=v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoSpec {
    /// The URL as it was written.
    pub raw: String,
    /// Scheme, user and host.
    pub host: String,
    /// The path of the repository.
    pub repository: String,
    /// The directory in it; empty for its root.
    pub path: String,
    /// The branch, tag or commit; empty for the default branch.
    pub reference: String,
    /// How many seconds the clone may take.
    pub timeout_seconds: u64,
    /// Whether submodules are wanted.
    pub submodules: bool,
}

const SCHEMES: [&str; 4] = ["ssh://", "https://", "http://", "file://"];
const DEFAULT_TIMEOUT: u64 = 27;

impl RepoSpec {
    /// Reads a URL; nothing if it names no repository.
    pub fn parse(url: &str) -> Option<Self> {
        if url.starts_with('/') {
            return None;
        }
        let (location, query) = url.split_once('?').unwrap_or((url, ""));
        let (host, rest) = split_host(location)?;
        let (repository, path) = split_path(&host, rest)?;
        let query = Query::parse(query);
        Some(Self {
            raw: url.to_owned(),
            host,
            repository,
            path,
            reference: query.reference,
            timeout_seconds: query.timeout_seconds,
            submodules: query.submodules,
        })
    }

    /// Returns the URL to clone from.
    pub fn clone_spec(&self) -> String {
        format!("{}{}", self.host, self.repository)
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    if head.eq_ignore_ascii_case(prefix) { text.get(prefix.len()..) } else { None }
}

fn split_host(location: &str) -> Option<(String, &str)> {
    let location = strip_prefix_ignoring_case(location, "git::").unwrap_or(location);
    let found = SCHEMES
        .iter()
        .find_map(|scheme| Some((*scheme, strip_prefix_ignoring_case(location, scheme)?)));
    let (scheme, rest) = found.unwrap_or(("", location));
    let (user, rest) = split_user(rest);
    let is_github = ["github.com/", "github.com:"]
        .iter()
        .any(|host| strip_prefix_ignoring_case(rest, host).is_some());
    let is_scp = scheme.is_empty() && (!user.is_empty() || is_github);
    if scheme.is_empty() && !is_scp {
        return None;
    }
    if scheme == "file://" {
        // A user before a path is part of the path.
        let at = location.len() - rest.len() - user.len();
        return Some((scheme.to_owned(), location.get(at..)?));
    }
    let slash = rest.find('/');
    let colon = rest.find(':').filter(|_| is_scp);
    let separator = match (slash, colon) {
        (None, colon) => colon,
        (Some(slash), Some(colon)) if colon > 0 && colon < slash => Some(colon),
        (slash, _) => slash,
    };
    let (host, rest) = match separator {
        Some(at) => rest.split_at_checked(at + 1)?,
        None => (rest, ""),
    };
    let host = match is_github {
        true if scheme == "ssh://" || !user.is_empty() => format!("{user}github.com:"),
        true => "https://github.com/".to_owned(),
        false if host.is_empty() => return None,
        false => format!("{scheme}{user}{host}"),
    };
    Some((host, rest))
}

/// Splits `user@` off.
fn split_user(text: &str) -> (&str, &str) {
    let Some((user, _)) = text.split_once('@') else { return ("", text) };
    let is_name = user.starts_with(|c: char| c.is_ascii_alphabetic())
        && user.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_name { text.split_at(user.len() + 1) } else { ("", text) }
}

fn split_path(host: &str, rest: &str) -> Option<(String, String)> {
    let (repository, path) = if let Some((root, sub)) = rest.split_once("_git/") {
        let (name, path) = sub.split_once('/').unwrap_or((sub, ""));
        (format!("{root}_git/{name}"), path)
    } else if let Some((repository, path)) = rest.split_once("//") {
        (repository.to_owned(), path)
    } else if let Some((repository, path)) = rest.split_once(".git") {
        (format!("{repository}.git"), path)
    } else if host.starts_with("file://") {
        (rest.to_owned(), "")
    } else {
        let (owner, behind) = rest.split_once('/')?;
        let (name, path) = behind.split_once('/').unwrap_or((behind, ""));
        (format!("{owner}/{name}"), path)
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let leaves = crate::origin::join("", path).split('/').next() == Some("..");
    if repository.is_empty() || leaves { None } else { Some((repository, path.to_owned())) }
}

struct Query {
    reference: String,
    timeout_seconds: u64,
    submodules: bool,
}

impl Query {
    fn parse(query: &str) -> Self {
        let value = |key: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let mut found = pairs.filter(|(name, value)| *name == key && !value.is_empty());
            found.next().map(|(_, value)| value)
        };
        let timeout = value("timeout").and_then(|text| {
            let digits = text.strip_suffix('s').unwrap_or(text);
            match (text.strip_suffix('m'), digits.parse::<u64>()) {
                (Some(minutes), _) => minutes.parse::<u64>().ok()?.checked_mul(60),
                (None, seconds) => seconds.ok(),
            }
        });
        Self {
            reference: value("ref").or(value("version")).unwrap_or_default().to_owned(),
            timeout_seconds: timeout.filter(|seconds| *seconds > 0).unwrap_or(DEFAULT_TIMEOUT),
            submodules: !matches!(
                value("submodules"),
                Some("false" | "0" | "f" | "F" | "FALSE" | "False")
            ),
        }
    }
}
