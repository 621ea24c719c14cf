//! What can go wrong, in the words that users of Flux know.

use flux_tree::TreeError;

/// Why the other side did not give what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The server wants credentials, or other ones.
    #[error("authentication required: {0}")]
    AuthenticationRequired(String),
    /// The credentials do not suffice.
    #[error("authorization failed: {0}")]
    AuthorizationFailed(String),
    /// Nothing is at the address, or nothing that may be seen.
    #[error("repository not found: {0}")]
    RepositoryNotFound(String),
    /// Nothing is at the address; the server does not say more.
    #[error("repository not found")]
    Absent,
    /// An HTTP status that Git servers do not use.
    #[error("unexpected client error: unexpected requesting {url:?} status code: {status}")]
    UnexpectedStatus {
        /// The address, without credentials.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server could not be reached, or the connection broke.
    #[error("{0}")]
    Connection(String),
    /// The repository has no commit yet.
    #[error("remote repository is empty")]
    Empty,
    /// The reference is not among those of the server.
    #[error("couldn't find remote ref {0:?}")]
    RefNotFound(String),
    /// The answer is not what Git servers say.
    #[error("{0}")]
    Protocol(String),
    /// The deadline has passed.
    #[error("context deadline exceeded")]
    Timeout,
    /// Another thread ended the operation.
    #[error("context canceled")]
    Cancelled,
}

/// Why a revision could not be had.
///
/// # Upstream
/// The texts are those of `fluxcd/pkg/git` and go-git; they are shown in conditions and events.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The address is none.
    #[error("cannot parse url: {0}")]
    Url(String),
    /// Both ways of authentication are given.
    #[error("basic auth and bearer token cannot be set at the same time")]
    AmbiguousCredentials,
    /// The certificates, the proxy or the key cannot be used.
    #[error("unable to construct auth method with options: {0}")]
    Credentials(String),
    /// The references could not be listed.
    #[error("unable to list remote for '{url}': {cause}")]
    List {
        /// The address, without credentials.
        url: String,
        /// What went wrong.
        cause: TransportError,
    },
    /// The commit could not be fetched.
    #[error("unable to clone '{url}': {cause}")]
    Clone {
        /// The address, without credentials.
        url: String,
        /// What went wrong.
        cause: TransportError,
    },
    /// The repository has no commit yet, where a tag or commit was asked for.
    #[error("unable to clone: remote repository is empty: git repository: '{url}'")]
    EmptyRepository {
        /// The address, without credentials.
        url: String,
    },
    /// The server has no such repository.
    #[error("unable to clone: repository not found: git repository: '{url}'")]
    NoRepository {
        /// The address, without credentials.
        url: String,
    },
    /// The range is none.
    #[error("semver parse error: {0}")]
    Range(String),
    /// No tag is in the range.
    #[error("no match found for semver: {0}")]
    NoMatch(String),
    /// A reference cannot have such a name.
    #[error("ref {0} is invalid; Git refs cannot begin or end with a slash '/'")]
    InvalidRef(String),
    /// The server has no such reference.
    #[error("unable to resolve ref '{0}' to a specific commit")]
    UnresolvedRef(String),
    /// The commit is not in the history of what was fetched.
    #[error("unable to resolve commit object for '{0}': object not found")]
    CommitNotFound(String),
    /// What was fetched cannot be read.
    #[error("unable to read object '{id}': {reason}")]
    Object {
        /// The object.
        id: String,
        /// Why not.
        reason: String,
    },
    /// The temporary directory cannot be written.
    #[error("unable to store objects: {0}")]
    Storage(String),
    /// A submodule could not be fetched.
    #[error("{0}")]
    Submodule(String),
    /// A tree could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}
