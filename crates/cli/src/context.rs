//! What a command works with: environment, flags, streams, and the API server once it asks.

use flux_cluster::{Cluster, List, Target};
use flux_manifest::Object;

use crate::frame::Global;
use crate::kind::Kind;
use crate::{CliError, Environment, Io};

/// What a command works with.
pub(crate) struct Context<'a> {
    /// The environment of the process.
    pub(crate) environment: &'a Environment,
    /// The global flags.
    pub(crate) global: Global,
    /// The streams.
    pub(crate) io: &'a mut Io,
    /// The API server, given by the caller or connected on first use.
    pub(crate) cluster: Option<Cluster>,
}

impl Context<'_> {
    /// Returns the API server; connects to it the first time.
    ///
    /// # Errors
    /// No usable kubeconfig.
    pub(crate) async fn cluster(&mut self) -> Result<Cluster, CliError> {
        if let Some(cluster) = &self.cluster {
            return Ok(cluster.clone());
        }
        let cluster = Cluster::connect(&self.global.connection)
            .await
            .map_err(|error| CliError::Cluster(error.to_string()))?;
        self.cluster = Some(cluster.clone());
        Ok(cluster)
    }

    /// Returns one object of the working namespace, `None` if it is not there.
    pub(crate) async fn find(
        &mut self,
        kind: &Kind,
        name: &str,
    ) -> Result<Option<Object>, CliError> {
        let target = self.target(kind, name);
        let found = self.cluster().await?.find(&target).await;
        found.map_err(|error| CliError::Cluster(error.to_string()))
    }

    /// Returns one object of the working namespace.
    ///
    /// # Errors
    /// The sentence that upstream prints for an object that is not there.
    pub(crate) async fn get(&mut self, kind: &Kind, name: &str) -> Result<Object, CliError> {
        let found = self.find(kind, name).await?;
        found.ok_or_else(|| CliError::Failed(not_found(kind, name, &self.global.namespace)))
    }

    /// Returns the objects of a kind.
    pub(crate) async fn list(&mut self, kind: &Kind, list: &List) -> Result<Vec<Object>, CliError> {
        let listed = self.cluster().await?.list(&kind.gvk(), list).await;
        listed.map_err(|error| CliError::Cluster(error.to_string()))
    }

    /// Names an object of the working namespace.
    pub(crate) fn target(&self, kind: &Kind, name: &str) -> Target {
        Target::new(kind.gvk(), &self.global.namespace, name)
    }
}

/// Says that an object is not there.
pub(crate) fn not_found(kind: &Kind, name: &str, namespace: &str) -> String {
    format!("{} object '{name}' not found in \"{namespace}\" namespace", kind.kind)
}
