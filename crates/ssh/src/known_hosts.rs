//! Which key belongs to which server: the format of OpenSSH's `known_hosts`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};
use sha1::{Digest as _, Sha1};

#[cfg(test)]
mod tests;

/// Keys that are known, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownHosts {
    entries: Vec<Entry>,
    revoked: Vec<PublicKey>,
}

#[derive(Clone, Debug)]
struct Entry {
    hosts: Hosts,
    key: PublicKey,
    is_authority: bool,
}

#[derive(Clone, Debug)]
enum Hosts {
    /// Patterns, some of them for what is not meant.
    Named(Vec<Pattern>),
    /// A salted hash of one name.
    Hashed { salt: Vec<u8>, hash: Vec<u8> },
}

#[derive(Clone, Debug)]
struct Pattern {
    is_exception: bool,
    host: String,
    port: u16,
}

/// Why a server is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Distrust {
    /// Nothing is known about it.
    #[error("knownhosts: key is unknown")]
    Unknown,
    /// It has another key than it should.
    #[error("knownhosts: key mismatch")]
    Mismatch,
    /// Its key was given up.
    #[error("knownhosts: key is revoked")]
    Revoked,
    /// Its certificate is not for it, or not valid.
    #[error("ssh: certificate signed by unrecognized authority or not valid")]
    Certificate,
}

impl KnownHosts {
    /// Reads the text; one wrong line spoils all of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut known = Self::default();
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            known.add(line).map_err(|why| format!("knownhosts: {why}"))?;
        }
        Ok(known)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty()).peekable();
        let marker = words.next_if(|word| word.starts_with('@'));
        let hosts = words.next().unwrap_or_default();
        words.next().ok_or("knownhosts: missing host pattern")?;
        let blob = words.next().ok_or("knownhosts: missing key type pattern")?;
        let blob = STANDARD.decode(blob).map_err(|error| error.to_string())?;
        let key = PublicKey::from_bytes(&blob).map_err(|error| error.to_string())?;
        if marker == Some("@revoked") {
            self.revoked.push(key);
            return Ok(());
        }
        let is_authority = marker == Some("@cert-authority");
        self.entries.push(Entry { hosts: Hosts::parse(hosts)?, key, is_authority });
        Ok(())
    }

    /// Returns the kinds of all keys, each once.
    pub(crate) fn algorithms(&self) -> Vec<Algorithm> {
        let mut found: Vec<Algorithm> = Vec::new();
        for entry in self.entries.iter().filter(|entry| !entry.is_authority) {
            let algorithm = entry.key.algorithm();
            if !found.contains(&algorithm) {
                found.push(algorithm);
            }
        }
        found
    }

    /// Reports whether certificates of servers can be checked.
    pub(crate) fn has_authorities(&self) -> bool {
        self.entries.iter().any(|entry| entry.is_authority)
    }

    /// Checks the key of a server. Of several keys of one kind the first one counts.
    pub(crate) fn check(&self, host: &str, port: u16, key: &PublicKey) -> Result<(), Distrust> {
        if self.is_revoked(key) {
            return Err(Distrust::Revoked);
        }
        let entries = self.entries.iter().filter(|entry| !entry.is_authority);
        let mut known = entries.filter(|entry| entry.hosts.means(host, port)).peekable();
        if known.peek().is_none() {
            return Err(Distrust::Unknown);
        }
        let first = known.find(|entry| entry.key.algorithm() == key.algorithm());
        match first {
            Some(entry) if entry.key.key_data() == key.key_data() => Ok(()),
            _ => Err(Distrust::Mismatch),
        }
    }

    /// Checks the certificate of a server at a moment, given in seconds since 1970.
    pub(crate) fn check_certificate(
        &self,
        host: &str,
        port: u16,
        certificate: &Certificate,
        now: u64,
    ) -> Result<(), Distrust> {
        if self.revoked.iter().any(|key| key.key_data() == certificate.signature_key()) {
            return Err(Distrust::Revoked);
        }
        let authorities: Vec<_> = self
            .entries
            .iter()
            .filter(|entry| entry.is_authority && entry.hosts.means(host, port))
            .map(|entry| entry.key.fingerprint(HashAlg::Sha256))
            .collect();
        let principals = certificate.valid_principals();
        let is_for_host = principals.is_empty() || principals.iter().any(|name| name == host);
        let is_valid = certificate.cert_type().is_host()
            && is_for_host
            && certificate.validate_at(now, &authorities).is_ok();
        if is_valid { Ok(()) } else { Err(Distrust::Certificate) }
    }

    fn is_revoked(&self, key: &PublicKey) -> bool {
        self.revoked.iter().any(|revoked| revoked.key_data() == key.key_data())
    }
}

impl Hosts {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(hashed) = text.strip_prefix('|') {
            let parts: Vec<_> = hashed.split('|').collect();
            let &["1", salt, hash] = parts.as_slice() else {
                return Err(format!("knownhosts: got {} components, want 3", parts.len()));
            };
            let decode = |text| STANDARD.decode(text).map_err(|error| error.to_string());
            return Ok(Self::Hashed { salt: decode(salt)?, hash: decode(hash)? });
        }
        let patterns = text.split(',').filter(|pattern| !pattern.is_empty()).map(Pattern::parse);
        patterns.collect::<Result<_, _>>().map(Self::Named)
    }

    fn means(&self, host: &str, port: u16) -> bool {
        match self {
            Self::Named(patterns) => {
                let hits = || patterns.iter().filter(|pattern| pattern.means(host, port));
                hits().next().is_some() && hits().all(|pattern| !pattern.is_exception)
            }
            Self::Hashed { salt, hash } => {
                let name = if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") };
                hmac_sha1(salt, name.as_bytes()) == *hash
            }
        }
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let (text, is_exception) = match text.strip_prefix('!') {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        if text.is_empty() {
            return Err("knownhosts: negation without following hostname".to_owned());
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or("missing ']' in address")?;
                let port = rest.strip_prefix(':').ok_or("missing port in address")?;
                (host, port.parse().map_err(|_| "invalid port in address")?)
            }
            None => match text.rsplit_once(':') {
                // More than one colon is an IPv6 address.
                Some((host, port)) if !host.contains(':') => {
                    (host, port.parse().map_err(|_| "invalid port in address")?)
                }
                _ => (text, 22),
            },
        };
        Ok(Self { is_exception, host: host.to_owned(), port })
    }

    fn means(&self, host: &str, port: u16) -> bool {
        self.port == port && wildcard(self.host.as_bytes(), host.as_bytes())
    }
}

/// Matches `*` and `?`, going back to the last star only.
fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                t += 1;
            }
            Some(byte) if text.get(t) == Some(byte) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// Computes the keyed hash that hides the names of hosts.
fn hmac_sha1(key: &[u8], message: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut padded = if key.len() > BLOCK { Sha1::digest(key).to_vec() } else { key.to_vec() };
    padded.resize(BLOCK, 0);
    let with = |byte: u8| padded.iter().map(|k| k ^ byte).collect::<Vec<_>>();
    let inner = Sha1::new().chain_update(with(0x36)).chain_update(message).finalize();
    Sha1::new().chain_update(with(0x5c)).chain_update(inner).finalize().to_vec()
}
