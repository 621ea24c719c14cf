//! Who asks a registry, and how.

use std::sync::Arc;

use flux_api::OciRepository;
use flux_oci::{Client, Credentials, Fixed, Keychain, Options};
use flux_runtime::Event;

use super::OciSource;
use crate::pass::Failure;
use crate::pull_secrets::{self, Pulls};
use crate::secrets;

/// A client, or why there is none, and what is told in the cluster only.
pub(super) struct Access {
    pub(super) client: Result<Client, Failure>,
    pub(super) traces: Vec<Event>,
}

impl OciSource {
    /// Prepares the client of an object.
    pub(super) async fn access(&self, object: &OciRepository) -> Access {
        let mut traces = Vec::new();
        let client = self.client(object, &mut traces).await;
        Access { client, traces }
    }

    async fn client(
        &self,
        object: &OciRepository,
        traces: &mut Vec<Event>,
    ) -> Result<Client, Failure> {
        let namespace = &object.metadata.namespace;
        let cluster = &self.means.ctx.cluster;
        let pulls = Pulls {
            cluster,
            namespace,
            secret: object.spec.secret_ref.as_ref().map(|reference| reference.name.as_str()),
            service_account: object.spec.service_account_name.as_deref(),
        };
        let found = pull_secrets::find(&pulls, traces)
            .await
            .map_err(|why| Failure::authentication(format!("failed to get credential: {why}")))?;
        let proxy = self.proxy(object).await?;
        let keychain: Arc<dyn Keychain> = match found {
            Some(config) => Arc::new(config),
            None => Arc::new(Fixed(self.provider_credentials(object)?)),
        };
        let tls = self.tls(object).await?;
        let options = Options { keychain, tls, proxy, ..Options::default() };
        Client::new(options).map_err(|error| {
            let message =
                format!("failed to generate transport for '{}': {error}", object.spec.url);
            Failure::authentication(message)
        })
    }

    /// Logs in at the cloud that the object names.
    fn provider_credentials(&self, object: &OciRepository) -> Result<Credentials, Failure> {
        let spec = &object.spec;
        let provider = spec.provider.as_deref().unwrap_or_default();
        if matches!(provider, "" | "generic") {
            return Ok(Credentials::Anonymous);
        }
        if spec.service_account_name.is_some() && !self.object_level_identity {
            let message = "to use spec.serviceAccountName for provider authentication please \
                           enable the ObjectLevelWorkloadIdentity feature gate in the controller";
            let failure = Failure::fetch(flux_api::names::reason::FEATURE_GATE_DISABLED, message);
            return Err(failure.stalled().unmarked());
        }
        Err(Failure::authentication(format!(
            "failed to get credential from '{provider}': logins of clouds are not supported yet"
        )))
    }

    async fn tls(&self, object: &OciRepository) -> Result<flux_oci::Tls, Failure> {
        let spec = &object.spec;
        let Some(reference) = &spec.cert_secret_ref else {
            return Ok(flux_oci::Tls { trust_anybody: spec.insecure, ..Default::default() });
        };
        let namespace = &object.metadata.namespace;
        let failed = |why: String| {
            let message = format!("failed to generate transport for '{}': {why}", spec.url);
            Failure::authentication(message)
        };
        let full = format!("{namespace}/{}", reference.name);
        let data = secrets::read(&self.means.ctx.cluster, namespace, &reference.name).await;
        let data = data.map_err(|error| match error.is_not_found() {
            true => failed(format!("secret '{full}' not found")),
            false => failed(format!("failed to get secret '{full}': {error}")),
        })?;
        secrets::certificates(&data, &full).map_err(failed)
    }

    async fn proxy(&self, object: &OciRepository) -> Result<Option<String>, Failure> {
        let Some(reference) = &object.spec.proxy_secret_ref else { return Ok(None) };
        let namespace = &object.metadata.namespace;
        let read = secrets::read_proxy(&self.means.ctx.cluster, namespace, &reference.name).await;
        read.map(Some)
            .map_err(|why| Failure::authentication(format!("failed to get proxy address: {why}")))
    }
}
