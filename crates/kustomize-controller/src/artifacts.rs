//! Where the files of a source come from.

use std::sync::Arc;

use flux_api::Artifact;
use flux_tree::Tree;
use futures::future::BoxFuture;

/// The files of an artifact.
pub type Fetched = Arc<dyn Tree>;

/// Why the files of an artifact could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The store does not have it.
    #[error("file not found")]
    NotFound,
    /// Anything else, in words for the user.
    #[error("{0}")]
    Failed(String),
}

/// Gets the files of artifacts.
///
/// # Guarantees
/// What is returned has the digest that the artifact promises.
pub trait Artifacts: Send + Sync + 'static {
    /// Gets the files of an artifact.
    fn fetch<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Fetched, FetchError>>;
}

impl Artifacts for flux_artifact::Fetcher {
    fn fetch<'a>(&'a self, artifact: &'a Artifact) -> BoxFuture<'a, Result<Fetched, FetchError>> {
        Box::pin(async move {
            match flux_artifact::Fetcher::fetch(self, artifact).await {
                Ok(tree) => Ok(Arc::new(tree) as Fetched),
                Err(flux_artifact::FetchError::NotFound) => Err(FetchError::NotFound),
                Err(error) => Err(FetchError::Failed(error.to_string())),
            }
        })
    }
}
