//! From a reference to a commit and its files.

use std::path::PathBuf;
use std::sync::Arc;

use flux_tree::Tree;
use gix::ObjectId;

use crate::commit::{self, Parsed};
use crate::fetch::{Destination, History, fetch};
use crate::reference::{Wanted, branch_ref, check_name, find, tag_ref};
use crate::refs::{Advertised, RemoteRef};
use crate::remote::Connection;
use crate::store::Objects;
use crate::{
    Cancel, Commit, Credentials, GitError, GitTree, Hash, Reference, Remote, Tag, TransportError,
};

mod submodules;
mod versions;

/// What to check out, and where to keep it.
#[derive(Clone, Debug)]
pub struct CheckoutOptions {
    /// Which commit.
    pub reference: Reference,
    /// The revision that is known already: nothing is fetched if the server still has that.
    pub last_observed: Option<String>,
    /// Whether the repositories that are submodules of it come along.
    pub submodules: Submodules,
    /// A directory for temporary files; each checkout makes its own directory in it.
    pub scratch: PathBuf,
}

/// What becomes of submodules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Submodules {
    /// They are empty directories.
    #[default]
    Leave,
    /// They are fetched, and their submodules too.
    Fetch,
}

/// What a server had.
pub enum Checked {
    /// The revision that was known already.
    Unchanged {
        /// Its commit.
        hash: Hash,
        /// The revision.
        revision: String,
    },
    /// A commit and its files.
    Fetched(Box<Checkout>),
    /// A repository without any commit, where a branch was asked for.
    Empty,
}

/// A commit and its files.
pub struct Checkout {
    /// The commit.
    pub commit: Commit,
    /// The revision, such as `main@sha1:4ec4…`.
    pub revision: String,
    /// The files.
    pub tree: Arc<dyn Tree>,
}

/// Fetches the commit that a reference names, in as few requests as possible.
///
/// One request tells whether anything changed; a second one brings the commit, without history
/// unless the commit is not the tip of a branch.
///
/// # Errors
/// The texts are shown to users as they are.
pub fn checkout(
    remote: &Remote,
    options: &CheckoutOptions,
    cancel: &Cancel,
) -> Result<Checked, GitError> {
    check_credentials(&remote.credentials)?;
    let wanted = options.reference.wanted();
    if let Wanted::Name(name) = wanted {
        check_name(name)?;
    }
    let range = versions::parse(wanted)?;
    let mut connection = remote.connect(cancel)?;
    let mut advertised = match Advertised::read(&mut connection, cancel) {
        Ok(advertised) => advertised,
        Err(cause) => return unlisted(remote, options, wanted, cause),
    };
    let mut session = Session { remote, options, cancel, connection: &mut connection };
    match wanted {
        Wanted::Branch(name) => session.reference(&mut advertised, &branch_ref(name)),
        Wanted::Tag(name) => session.reference(&mut advertised, &tag_ref(name)),
        Wanted::Name(name) => session.name(&mut advertised, name),
        Wanted::Commit(hash) => session.commit(&mut advertised, hash),
        Wanted::Range(text) => match range {
            Some(range) => session.range(&mut advertised, text, &range),
            None => Err(GitError::NoMatch(text.to_owned())),
        },
    }
}

fn check_credentials(credentials: &Credentials) -> Result<(), GitError> {
    match credentials {
        Credentials::Bearer(token) if token.is_empty() => Err(GitError::AmbiguousCredentials),
        _ => Ok(()),
    }
}

/// Says that the references could not be read, in the words of the step that upstream was at.
fn unlisted(
    remote: &Remote,
    options: &CheckoutOptions,
    wanted: Wanted<'_>,
    cause: TransportError,
) -> Result<Checked, GitError> {
    let url = remote.shown();
    let has_fast_path = matches!(wanted, Wanted::Branch(_) | Wanted::Tag(_));
    if matches!(wanted, Wanted::Name(_)) || (has_fast_path && options.last_observed.is_some()) {
        return Err(GitError::List { url, cause });
    }
    match (cause, wanted) {
        (TransportError::Empty, Wanted::Branch(_)) => Ok(Checked::Empty),
        (TransportError::Empty, _) => Err(GitError::EmptyRepository { url }),
        (TransportError::Absent, _) => Err(GitError::NoRepository { url }),
        (cause, _) => Err(GitError::Clone { url, cause }),
    }
}

/// One conversation with a server.
struct Session<'a> {
    remote: &'a Remote,
    options: &'a CheckoutOptions,
    cancel: &'a Cancel,
    connection: &'a mut Connection,
}

/// A commit to fetch, and how it was found.
struct Target<'a> {
    found: &'a RemoteRef,
    /// The full name under which it is known.
    reference: &'a str,
}

impl Session<'_> {
    fn reference(&mut self, advertised: &mut Advertised, full: &str) -> Result<Checked, GitError> {
        let Some(found) = find(&advertised.refs, full).cloned() else {
            return Err(self.clone_failed(TransportError::RefNotFound(full.to_owned())));
        };
        self.target(advertised, &Target { found: &found, reference: full })
    }

    fn name(&mut self, advertised: &mut Advertised, name: &str) -> Result<Checked, GitError> {
        let found = find(&advertised.refs, name).cloned();
        let found = found.ok_or_else(|| GitError::UnresolvedRef(name.to_owned()))?;
        self.target(advertised, &Target { found: &found, reference: name })
    }

    /// Fetches the commit of a reference, unless it is known.
    fn target(
        &mut self,
        advertised: &mut Advertised,
        target: &Target<'_>,
    ) -> Result<Checked, GitError> {
        let hash = target.found.commit();
        if let Some(unchanged) = self.unchanged(target.reference, hash) {
            return Ok(unchanged);
        }
        let objects = Arc::new(Objects::create(&self.options.scratch)?);
        let want = object_id(&target.found.target)?;
        self.fetch(advertised, vec![want], History::None, &objects)?;
        let mut parsed = commit::read(&objects, &object_id(hash)?, target.reference)?;
        parsed.commit.tag = tag(&objects, target)?;
        self.checked(objects, parsed)
    }

    fn commit(&mut self, advertised: &mut Advertised, hash: &str) -> Result<Checked, GitError> {
        let reference = self.options.reference.clone();
        let known_as = if !reference.name.is_empty() {
            reference.name.clone()
        } else if reference.branch.is_empty() {
            String::new()
        } else {
            branch_ref(&reference.branch)
        };
        let tips = self.commit_tips(advertised, &reference)?;
        let missing = || GitError::CommitNotFound(hash.to_owned());
        let id = ObjectId::from_hex(hash.as_bytes()).map_err(|_| missing())?;
        if let Some(unchanged) = self.unchanged(&known_as, &Hash::new(&id)) {
            return Ok(unchanged);
        }
        let objects = Arc::new(Objects::create(&self.options.scratch)?);
        let history = if tips.contains(&id) { History::None } else { History::Full };
        let wants = if history == History::None { vec![id] } else { tips };
        self.fetch(advertised, wants, history, &objects)?;
        if objects.find(&id)?.is_none() {
            return Err(missing());
        }
        let parsed = commit::read(&objects, &id, &known_as)?;
        self.checked(objects, parsed)
    }

    /// Returns the commits in whose history a wanted commit may be.
    fn commit_tips(
        &self,
        advertised: &Advertised,
        reference: &Reference,
    ) -> Result<Vec<ObjectId>, GitError> {
        let tips: Vec<&RemoteRef> = if !reference.branch.is_empty() {
            let full = branch_ref(&reference.branch);
            let found = find(&advertised.refs, &full);
            vec![found.ok_or_else(|| self.clone_failed(TransportError::RefNotFound(full)))?]
        } else {
            let is_candidate = |found: &&RemoteRef| {
                found.name.starts_with("refs/heads/") || found.name == reference.name
            };
            advertised.refs.iter().filter(is_candidate).collect()
        };
        let mut ids: Vec<_> =
            tips.into_iter().map(|tip| object_id(tip.commit())).collect::<Result<_, _>>()?;
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    fn unchanged(&self, reference: &str, hash: &Hash) -> Option<Checked> {
        let revision = self.options.reference.revision(reference, hash);
        let last = crate::transform_legacy(self.options.last_observed.as_deref()?);
        (last == revision).then(|| Checked::Unchanged { hash: hash.clone(), revision })
    }

    fn fetch(
        &mut self,
        advertised: &mut Advertised,
        wants: Vec<ObjectId>,
        history: History,
        objects: &Objects,
    ) -> Result<(), GitError> {
        let into = Destination { objects, cancel: self.cancel };
        fetch(self.connection, advertised, wants, history, into)
            .map_err(|cause| self.clone_failed(cause))
    }

    fn clone_failed(&self, cause: TransportError) -> GitError {
        GitError::Clone { url: self.remote.shown(), cause }
    }

    fn checked(&self, objects: Arc<Objects>, parsed: Parsed) -> Result<Checked, GitError> {
        let Parsed { commit, tree } = parsed;
        let revision = self.options.reference.revision(&commit.reference, &commit.hash);
        let tree = GitTree::new(objects, tree);
        let tree: Arc<dyn Tree> = match self.options.submodules {
            Submodules::Leave => Arc::new(tree),
            Submodules::Fetch => self.with_submodules(tree, 0)?,
        };
        Ok(Checked::Fetched(Box::new(Checkout { commit, revision, tree })))
    }
}

fn object_id(hash: &Hash) -> Result<ObjectId, GitError> {
    ObjectId::from_hex(hash.as_str().as_bytes())
        .map_err(|_| GitError::CommitNotFound(hash.to_string()))
}

/// Returns the tag that a commit was reached through, if it was one.
fn tag(objects: &Objects, target: &Target<'_>) -> Result<Option<Tag>, GitError> {
    let full = target.reference.strip_suffix("^{}").unwrap_or(target.reference);
    let Some(name) = full.strip_prefix("refs/tags/") else { return Ok(None) };
    if target.found.peeled.is_none() {
        return Ok(Some(Tag { name: name.to_owned(), ..Tag::default() }));
    }
    commit::read_tag(objects, &object_id(&target.found.target)?, name).map(Some)
}
