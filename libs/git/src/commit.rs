//! Commits and tags, as far as Flux tells about them.

use crate::store::Objects;
use crate::{GitError, Hash};

#[cfg(test)]
mod tests;

/// As many characters of a subject are shown.
const MAX_SUBJECT: usize = 50;

/// Who did something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// When, in seconds since 1970.
    pub seconds: i64,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its hash.
    pub hash: Hash,
    /// The full name of the reference through which it was found; empty if by its hash alone.
    pub reference: String,
    /// Who wrote the change.
    pub author: Identity,
    /// Who made the commit.
    pub committer: Identity,
    /// The whole message.
    pub message: String,
    /// The armored signature, if there is one.
    pub signature: String,
    /// The object without its signature: what the signature signs.
    pub encoded: Vec<u8>,
    /// The tag through which it was found.
    pub tag: Option<Tag>,
}

/// A tag that points to a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag {
    /// The hash of the tag object; `None` for a tag that is a mere name.
    pub hash: Option<Hash>,
    /// The short name.
    pub name: String,
    /// Who made it.
    pub tagger: Identity,
    /// The message.
    pub message: String,
    /// The armored signature, if there is one.
    pub signature: String,
    /// The object without its signature: what the signature signs.
    pub encoded: Vec<u8>,
}

impl Commit {
    /// Returns the first line of the message, cut off after fifty characters.
    pub fn subject(&self) -> String {
        let line = self.message.split('\n').next().unwrap_or_default();
        match line.char_indices().nth(MAX_SUBJECT) {
            Some((end, _)) => format!("{}...", line.get(..end).unwrap_or(line)),
            None => line.to_owned(),
        }
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.hash {
            Some(hash) => write!(f, "{}@{hash}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A commit together with its tree.
pub(crate) struct Parsed {
    pub(crate) commit: Commit,
    pub(crate) tree: gix::ObjectId,
}

/// Reads a commit that was found through the reference `reference`.
pub(crate) fn read(objects: &Objects, id: &gix::oid, reference: &str) -> Result<Parsed, GitError> {
    let raw = objects.read(id, gix::objs::Kind::Commit)?;
    let object = Object::parse(&raw);
    let tree = object.header("tree").and_then(|tree| gix::ObjectId::from_hex(tree).ok());
    let tree = tree.ok_or_else(|| GitError::Object {
        id: id.to_string(),
        reason: "it names no tree".to_owned(),
    })?;
    let commit = Commit {
        hash: Hash::new(id),
        reference: reference.to_owned(),
        author: object.identity("author"),
        committer: object.identity("committer"),
        message: text(object.message),
        signature: object.unfolded("gpgsig"),
        encoded: object.without(&["gpgsig", "gpgsig-sha256"]),
        tag: None,
    };
    Ok(Parsed { commit, tree })
}

/// Reads the tag object `id`, known as `name`.
pub(crate) fn read_tag(objects: &Objects, id: &gix::oid, name: &str) -> Result<Tag, GitError> {
    let raw = objects.read(id, gix::objs::Kind::Tag)?;
    let object = Object::parse(&raw);
    let signed = signature_start(object.message);
    let (message, signature) = object.message.split_at(signed.unwrap_or(object.message.len()));
    let encoded = raw.get(..raw.len() - signature.len()).unwrap_or(&raw).to_vec();
    Ok(Tag {
        hash: Some(Hash::new(id)),
        name: name.to_owned(),
        tagger: object.identity("tagger"),
        message: text(message),
        signature: text(signature),
        encoded,
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Finds the line at which the signature of a tag begins.
fn signature_start(message: &[u8]) -> Option<usize> {
    let begins = [
        &b"-----BEGIN PGP SIGNATURE-----"[..],
        b"-----BEGIN PGP MESSAGE-----",
        b"-----BEGIN SSH SIGNATURE-----",
        b"-----BEGIN SIGNED MESSAGE-----",
    ];
    let mut at = 0;
    let mut last = None;
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        if begins.iter().any(|begin| line.starts_with(begin)) {
            last = Some(at);
        }
        at += line.len();
    }
    last
}

/// The two halves of a commit or tag object.
struct Object<'a> {
    /// The headers, each with its continuation lines and line breaks.
    headers: Vec<&'a [u8]>,
    message: &'a [u8],
    /// What follows the headers, the empty line in between included.
    rest: &'a [u8],
}

impl<'a> Object<'a> {
    fn parse(raw: &'a [u8]) -> Self {
        let mut headers: Vec<&[u8]> = Vec::new();
        let mut start = 0;
        let mut at = 0;
        for line in raw.split_inclusive(|&byte| byte == b'\n') {
            let is_continuation = line.first() == Some(&b' ');
            if !is_continuation && at > start {
                headers.extend(raw.get(start..at));
                start = at;
            }
            if line == b"\n" {
                break;
            }
            at += line.len();
        }
        if at > start {
            headers.extend(raw.get(start..at));
        }
        let rest = raw.get(at..).unwrap_or_default();
        Self { headers, message: rest.get(1..).unwrap_or_default(), rest }
    }

    fn field(&self, name: &str) -> Option<&'a [u8]> {
        let value = |header: &&'a [u8]| {
            let rest = header.strip_prefix(name.as_bytes())?.strip_prefix(b" ")?;
            Some(rest.strip_suffix(b"\n").unwrap_or(rest))
        };
        self.headers.iter().find_map(value)
    }

    fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.field(name)
    }

    /// Returns a value of several lines without the blank that each further one begins with.
    fn unfolded(&self, name: &str) -> String {
        let folded = text(self.field(name).unwrap_or_default());
        let plain = folded.replace("\n ", "\n");
        if plain.is_empty() { plain } else { plain + "\n" }
    }

    fn identity(&self, name: &str) -> Identity {
        let line = text(self.field(name).unwrap_or_default());
        let Some((name, rest)) = line.split_once('<') else { return Identity::default() };
        let (email, time) = rest.split_once('>').unwrap_or((rest, ""));
        let seconds = time.split_whitespace().next().and_then(|text| text.parse().ok());
        Identity {
            name: name.trim_end().to_owned(),
            email: email.to_owned(),
            seconds: seconds.unwrap_or_default(),
        }
    }

    /// Returns the bytes without the headers of these names.
    fn without(&self, names: &[&str]) -> Vec<u8> {
        let is_kept = |header: &&&[u8]| {
            let name = header.split(|&byte| byte == b' ').next().unwrap_or_default();
            !names.iter().any(|dropped| dropped.as_bytes() == name)
        };
        let kept: Vec<&[u8]> = self.headers.iter().filter(is_kept).copied().collect();
        [kept.concat().as_slice(), self.rest].concat()
    }
}
