//! Why objects could not be applied or deleted, in upstream's words.

use flux_manifest::Object;
use flux_plan::ChangeSet;

use crate::Unhealthy;

/// Why the work on one object, and with it on its stage, stopped.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The server would refuse the object.
    #[error("{}", refused(.subject, .namespace, .source))]
    DryRun {
        /// The object.
        subject: String,
        /// Its namespace.
        namespace: String,
        /// What the server said.
        source: flux_cluster::Error,
    },
    /// The server refused the object.
    #[error("{subject} apply failed: {source}")]
    Apply {
        /// The object.
        subject: String,
        /// What the server said.
        source: flux_cluster::Error,
    },
    /// Fields of other managers could not be taken over.
    #[error("{subject} metadata.managedFields cleanup failed: {source}")]
    Cleanup {
        /// The object.
        subject: String,
        /// What the server said.
        source: flux_cluster::Error,
    },
    /// Managed fields could not be moved to another API version.
    #[error(
        "{subject} failed to migrate API version: failed to migrate managed fields API version \
         to {version}: {source}"
    )]
    Migrate {
        /// The object.
        subject: String,
        /// The API version.
        version: String,
        /// What the server said.
        source: flux_cluster::Error,
    },
    /// An object with an immutable change could not be deleted.
    #[error("{subject} immutable field detected, failed to delete object: {source}")]
    Delete {
        /// The object.
        subject: String,
        /// What the server said.
        source: flux_cluster::Error,
    },
    /// Nobody could tell when an object with an immutable change was gone.
    #[error(
        "{subject} immutable field detected, failed to wait for object to be deleted: {source}"
    )]
    Linger {
        /// The object.
        subject: String,
        /// What the server said.
        source: flux_cluster::Error,
    },
    /// The objects of a stage did not become ready.
    #[error(transparent)]
    Unhealthy(#[from] Unhealthy),
}

/// Puts the server's refusal into the words that users of Flux know.
fn refused(subject: &str, namespace: &str, error: &flux_cluster::Error) -> String {
    if error.is_not_found() {
        return match namespace {
            "" => format!("{subject} namespace not specified: {error}"),
            _ => format!("{subject} not found: {error}"),
        };
    }
    let reason = match error.reason() {
        _ if error.is_field_manager_conflict() => "FieldManagerConflict",
        reason => reason,
    };
    match reason {
        "" => format!("{subject} dry-run failed: {error}"),
        reason => format!("{subject} dry-run failed ({reason}): {error}"),
    }
}

impl Failure {
    /// Returns group and version of a kind that the server does not serve, if that is the reason.
    pub fn missing_api_version(&self) -> Option<&str> {
        match self {
            Self::DryRun { source: flux_cluster::Error::NoMatch { api_version, .. }, .. } => {
                Some(api_version)
            }
            _ => None,
        }
    }

    pub(crate) fn dry_run(object: &Object, source: flux_cluster::Error) -> Self {
        let namespace = object.namespace().to_owned();
        Self::DryRun { subject: object.id().subject(), namespace, source }
    }
}

/// Why not everything was applied, and what was before.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{failure}")]
pub struct ApplyError {
    /// What the earlier stages did.
    pub done: ChangeSet,
    /// What stopped the work.
    pub failure: Failure,
}

/// Why not everything was deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("delete failed, errors: {text}")]
pub struct PruneError {
    pub(crate) text: String,
}
