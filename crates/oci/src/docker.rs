//! Pull secrets: `.dockerconfigjson` and its older form, with Kubernetes' rules of matching.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use futures::future::BoxFuture;
use serde::Deserialize;

use crate::{Credentials, Keychain, KeychainError, Repository};

#[cfg(test)]
mod tests;

/// The key of a Secret that holds a configuration.
pub const CONFIG_JSON: &str = ".dockerconfigjson";

/// The key of a Secret that holds the older form.
pub const CONFIG: &str = ".dockercfg";

#[derive(Deserialize)]
struct ConfigJson {
    #[serde(default)]
    auths: BTreeMap<String, Entry>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
struct Entry {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    auth: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

/// Credentials by registry and path.
///
/// # Guarantees
/// The most specific pattern that matches wins: paths before hosts, exact hosts before wildcards.
#[derive(Clone, Debug, Default)]
pub struct Config {
    entries: Vec<(Pattern, Credentials)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    host: String,
    path: String,
}

impl Config {
    /// Reads `.dockerconfigjson`.
    ///
    /// # Errors
    /// The text is no configuration.
    pub fn parse(text: &[u8]) -> Result<Self, KeychainError> {
        let config: ConfigJson = serde_json::from_slice(text)
            .map_err(|error| KeychainError(format!("invalid docker config: {error}")))?;
        Self::from_entries(config.auths)
    }

    /// Reads `.dockercfg`, the older form.
    ///
    /// # Errors
    /// The text is no configuration.
    pub fn parse_legacy(text: &[u8]) -> Result<Self, KeychainError> {
        let auths: BTreeMap<String, Entry> = serde_json::from_slice(text)
            .map_err(|error| KeychainError(format!("invalid docker config: {error}")))?;
        Self::from_entries(auths)
    }

    fn from_entries(auths: BTreeMap<String, Entry>) -> Result<Self, KeychainError> {
        let mut config = Self::default();
        for (address, entry) in auths {
            let credentials = credentials(&address, entry)?;
            config.entries.push((pattern(&address), credentials));
        }
        config.sort();
        Ok(config)
    }

    fn sort(&mut self) {
        // Stable, so that of equals the one that was added first wins.
        self.entries.sort_by(|(a, _), (b, _)| {
            let rank = |it: &Pattern| {
                (it.host.contains(['*', '?', '[']), std::cmp::Reverse(it.path.len()))
            };
            rank(a).cmp(&rank(b)).then_with(|| b.host.cmp(&a.host))
        });
    }

    /// Adds another configuration, whose entries come after equal ones of this.
    pub fn merge(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.sort();
    }

    /// Reports whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the credentials of a repository.
    pub fn find(&self, repository: &Repository) -> Option<Credentials> {
        let (host, path) = (repository.registry().host(), repository.path());
        let matching = self.entries.iter().find(|(pattern, _)| pattern.matches(host, path));
        matching.map(|(_, credentials)| credentials.clone())
    }

    /// Returns the credentials of a registry that is named exactly.
    pub fn find_exact(&self, host: &str) -> Option<Credentials> {
        let is = |(pattern, _): &&(Pattern, Credentials)| {
            pattern.path.is_empty() && pattern.host == canonical(host)
        };
        self.entries.iter().find(is).map(|(_, credentials)| credentials.clone())
    }
}

impl Keychain for Config {
    fn resolve<'a>(
        &'a self,
        repository: &'a Repository,
    ) -> BoxFuture<'a, Result<Credentials, KeychainError>> {
        Box::pin(std::future::ready(Ok(self.find(repository).unwrap_or_default())))
    }
}

fn credentials(address: &str, entry: Entry) -> Result<Credentials, KeychainError> {
    if !entry.registrytoken.is_empty() {
        return Ok(Credentials::Bearer(entry.registrytoken));
    }
    let Entry { mut username, mut password, auth, identitytoken, .. } = entry;
    if !auth.is_empty() {
        let bad = || KeychainError(format!("invalid docker config: auth of {address}"));
        let bytes = STANDARD.decode(&auth).or_else(|_| STANDARD_NO_PAD.decode(&auth));
        let text = String::from_utf8(bytes.map_err(|_| bad())?).map_err(|_| bad())?;
        let (user, secret) = text.split_once(':').ok_or_else(bad)?;
        user.clone_into(&mut username);
        secret.trim_end_matches('\0').clone_into(&mut password);
    }
    if !identitytoken.is_empty() {
        return Ok(Credentials::Identity(identitytoken));
    }
    Ok(match (username.as_str(), password.is_empty()) {
        ("", true) => Credentials::Anonymous,
        ("<token>", _) => Credentials::Identity(password),
        _ => Credentials::Basic { username, password },
    })
}

/// Docker Hub has several names.
fn canonical(host: &str) -> String {
    match host {
        "docker.io" | "registry-1.docker.io" => "index.docker.io".to_owned(),
        other => other.to_owned(),
    }
}

fn pattern(address: &str) -> Pattern {
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let path = path.trim_end_matches('/');
    // Addresses of the API itself stand for the whole registry.
    let path = if matches!(path, "v1" | "v2") { "" } else { path };
    Pattern { host: canonical(host), path: path.to_owned() }
}

impl Pattern {
    /// A host matches part by part, a path as a prefix.
    fn matches(&self, host: &str, path: &str) -> bool {
        let (wanted, wanted_port) = split_port(&self.host);
        let (given, given_port) = split_port(host);
        let (wanted, given): (Vec<_>, Vec<_>) =
            (wanted.split('.').collect(), given.split('.').collect());
        let same_host = wanted_port == given_port
            && wanted.len() == given.len()
            && wanted.iter().zip(&given).all(|(pattern, part)| glob(pattern, part));
        same_host && path.starts_with(&self.path)
    }
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

/// Matches one part of a host with `*`, `?` and `[…]`.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    matches_from(&pattern, &text)
}

fn matches_from(pattern: &[char], text: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else { return text.is_empty() };
    match first {
        '*' => (0..=text.len()).any(|n| matches_from(rest, text.get(n..).unwrap_or_default())),
        '?' => text.split_first().is_some_and(|(_, tail)| matches_from(rest, tail)),
        '[' => {
            let Some(end) = rest.iter().position(|c| *c == ']') else { return false };
            let (set, after) = rest.split_at(end);
            let Some((c, tail)) = text.split_first() else { return false };
            is_in(set, *c) && matches_from(after.get(1..).unwrap_or_default(), tail)
        }
        c => text.split_first().is_some_and(|(t, tail)| t == c && matches_from(rest, tail)),
    }
}

/// Reports whether a set such as `a-f0` or `^x` has a letter.
fn is_in(set: &[char], c: char) -> bool {
    let (is_negated, mut set) = match set.split_first() {
        Some(('^', rest)) => (true, rest),
        _ => (false, set),
    };
    let mut found = false;
    while let Some((first, rest)) = set.split_first() {
        if let ['-', last, tail @ ..] = rest {
            found |= (*first..=*last).contains(&c);
            set = tail;
        } else {
            found |= *first == c;
            set = rest;
        }
    }
    found != is_negated
}
