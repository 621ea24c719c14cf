//! How Flux names the versions of a Git repository.

#[cfg(test)]
mod tests;

/// The hash of a commit or a tag, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hash(String);

impl Hash {
    pub(crate) fn new(id: &gix::oid) -> Self {
        Self(id.to_string())
    }

    /// Returns the digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the hash with its algorithm in front, such as `sha1:4ec4…`.
    pub fn digest(&self) -> String {
        digest_of(&self.0)
    }
}

impl std::fmt::Display for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns `hash` with its algorithm in front.
///
/// # Upstream
/// Only hashes of forty digits have an algorithm with a name.
pub fn digest_of(hash: &str) -> String {
    match hash.len() {
        0 => String::new(),
        40 => format!("sha1:{hash}"),
        _ => format!("<unknown>:{hash}"),
    }
}

/// Returns the revision `main/4ec4…`, as Flux wrote it before 2.0, the way it is written now.
pub fn transform_legacy(revision: &str) -> String {
    if revision.is_empty() || revision.contains(':') {
        return revision.to_owned();
    }
    let is_hash = |text: &str| text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match revision.rsplit_once('/') {
        Some(("HEAD", hash)) if is_hash(hash) => digest_of(hash),
        Some((name, hash)) if is_hash(hash) => format!("{name}@{}", digest_of(hash)),
        None if is_hash(revision) => digest_of(revision),
        _ => revision.to_owned(),
    }
}
